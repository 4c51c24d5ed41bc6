//! Statements and blocks from tokens.

use super::token::{Kind, Lexeme, lexemes};
use super::{File, Statement, Token};

/// How deep blocks may be nested; what people write has four levels.
const DEEPEST: usize = 32;

/// Reads a whole file.
pub(super) fn read(text: &str) -> File<'_> {
    let mut reader = Reader::default();
    for Lexeme {
        kind, is_closed, ..
    } in lexemes(text)
    {
        reader.is_complete &= is_closed;
        if let Kind::Token(token) = kind {
            reader.take(token);
        }
    }
    reader.end()
}

/// The blocks that are open, outermost first.
struct Reader<'t> {
    outer: Vec<Level<'t>>,
    inner: Level<'t>,
    is_complete: bool,
}

/// One level of nesting.
#[derive(Default)]
struct Level<'t> {
    done: Vec<Statement<'t>>,
    /// The statement that is being read.
    tokens: Vec<Token<'t>>,
    /// Round and square brackets that are open in it. Braces within them, as in `192.0.2.0/24{25,32}`, are
    /// no block.
    brackets: usize,
    /// Braces that are open in it and are no block.
    braces: usize,
}

impl Default for Reader<'_> {
    fn default() -> Self {
        Self {
            outer: Vec::new(),
            inner: Level::default(),
            is_complete: true,
        }
    }
}

impl<'t> Reader<'t> {
    fn take(&mut self, token: Token<'t>) {
        let within = self.inner.brackets > 0 || self.inner.braces > 0;
        match token {
            Token::Sign(";") if self.inner.braces == 0 => self.inner.end_statement(),
            Token::Sign("{") if !within && self.outer.len() < DEEPEST => {
                self.outer.push(std::mem::take(&mut self.inner));
            }
            Token::Sign("}") if self.inner.braces == 0 => self.end_block(),
            _ => {
                // A block so deep is kept as text, which is not the whole truth any more.
                self.is_complete &= within || !token.is("{");
                self.inner.push(token);
            }
        }
    }

    fn end_block(&mut self) {
        self.inner.end_statement();
        let Some(outer) = self.outer.pop() else {
            self.is_complete = false;
            return;
        };
        let block = std::mem::replace(&mut self.inner, outer);
        self.inner.done.push(Statement {
            tokens: std::mem::take(&mut self.inner.tokens),
            block: Some(block.done),
        });
        self.inner.brackets = 0;
    }

    fn end(mut self) -> File<'t> {
        self.is_complete &= self.outer.is_empty();
        while !self.outer.is_empty() {
            self.end_block();
        }
        self.is_complete &= self.inner.tokens.is_empty();
        self.inner.end_statement();
        File {
            statements: self.inner.done,
            is_complete: self.is_complete,
        }
    }
}

impl<'t> Level<'t> {
    fn push(&mut self, token: Token<'t>) {
        match token {
            Token::Sign("(" | "[") => self.brackets += 1,
            Token::Sign(")" | "]") => self.brackets = self.brackets.saturating_sub(1),
            Token::Sign("{") => self.braces += 1,
            Token::Sign("}") => self.braces = self.braces.saturating_sub(1),
            _ => {}
        }
        self.tokens.push(token);
    }

    /// A semicolon ends every bracket: without that, one missing `)` would eat the rest of the file.
    fn end_statement(&mut self) {
        self.brackets = 0;
        self.braces = 0;
        if !self.tokens.is_empty() {
            self.done.push(Statement {
                tokens: std::mem::take(&mut self.tokens),
                block: None,
            });
        }
    }
}
