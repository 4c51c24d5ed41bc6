//! BIRD's configuration files, read leniently: enough to compare two of them, never a judgement of BIRD's.
//!
//! A file is a list of [`Statement`]s: tokens, and perhaps a block in braces. Blanks and comments do not
//! count. What is not understood stays as it is written, and nothing that can be written makes this fail:
//! a file whose braces or quotes do not match is read as far as it goes and is not
//! [complete](File::is_complete). After `conf/cf-lex.l` of BIRD: strings have no escapes and end with their
//! line at the latest, and a name may stand in apostrophes.

mod redact;
mod token;
mod tree;

#[cfg(test)]
mod tests;

use std::fmt;

pub use redact::redacted;
pub use token::Token;

/// A configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File<'t> {
    statements: Vec<Statement<'t>>,
    is_complete: bool,
}

/// What ends with a semicolon or with a block: `hold time 10;`, `protocol bgp x { … }`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement<'t> {
    /// What stands before the block or the semicolon.
    pub tokens: Vec<Token<'t>>,
    /// The statements of the block, if there is one.
    pub block: Option<Vec<Self>>,
}

/// A protocol with everything that a template gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protocol<'t> {
    /// `bgp`, `static`, `kernel` …
    pub kind: &'t str,
    /// Its name; BIRD makes one up where there is none, such as `static1`.
    pub name: &'t str,
    /// What it says, that of its template first.
    pub statements: Vec<Statement<'t>>,
}

impl<'t> File<'t> {
    /// Reads a file.
    #[must_use]
    pub fn read(text: &'t str) -> Self {
        tree::read(text)
    }

    /// Whether every brace, quote and comment that is opened is closed, and nothing is nested too deep.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// All of it.
    #[must_use]
    pub fn statements(&self) -> &[Statement<'t>] {
        &self.statements
    }

    /// The protocols, in the order of the file.
    #[must_use]
    pub fn protocols(&self) -> Vec<Protocol<'t>> {
        let statements = self.statements.iter();
        statements
            .filter_map(|statement| self.protocol(statement))
            .collect()
    }

    fn protocol(&self, statement: &Statement<'t>) -> Option<Protocol<'t>> {
        let block = statement.block.as_ref()?;
        let (kind, rest) = statement.after("protocol")?.split_first()?;
        let name = match rest.first().and_then(Token::word) {
            None | Some("from") => kind.word()?,
            Some(name) => name,
        };
        let from = rest.iter().position(|token| token.word() == Some("from"));
        let template = from.and_then(|at| self.template(rest.get(at + 1)?.word()?));
        let inherited = template.into_iter().flatten().cloned();
        Some(Protocol {
            kind: kind.word()?,
            name,
            statements: inherited.chain(block.iter().cloned()).collect(),
        })
    }

    fn template(&self, name: &str) -> Option<&[Statement<'t>]> {
        let mut templates = self.statements.iter().filter(|statement| {
            let rest = statement.after("template");
            rest.and_then(|rest| rest.get(1)?.word()) == Some(name)
        });
        templates.next()?.block.as_deref()
    }

    /// The statements of a named filter.
    #[must_use]
    pub fn filter(&self, name: &str) -> Option<&[Statement<'t>]> {
        let mut filters = self.statements.iter().filter(|statement| {
            let rest = statement.after("filter");
            rest.and_then(|rest| rest.first()?.word()) == Some(name)
        });
        filters.next()?.block.as_deref()
    }

    /// The names of all filters, in the order of the file.
    pub fn filters(&self) -> impl Iterator<Item = &'t str> {
        let rest = self.statements.iter().filter_map(|s| s.after("filter"));
        rest.filter_map(|rest| rest.first()?.word())
    }

    /// The functions without parameters, with their statements.
    pub fn functions(&self) -> impl Iterator<Item = (&'t str, &[Statement<'t>])> {
        self.statements.iter().filter_map(|statement| {
            let [Token::Word(name), Token::Sign("("), Token::Sign(")")] =
                statement.after("function")?
            else {
                return None;
            };
            Some((*name, statement.block.as_deref()?))
        })
    }

    /// The constants with what stands behind the equals sign.
    pub fn constants(&self) -> impl Iterator<Item = (&'t str, &[Token<'t>])> {
        self.statements.iter().filter_map(|statement| {
            let (name, rest) = statement.after("define")?.split_first()?;
            let (equals, value) = rest.split_first()?;
            (*equals == Token::Sign("=")).then_some((name.word()?, value))
        })
    }
}

impl<'t> Statement<'t> {
    /// What follows these words (one blank between them), if the statement begins with them.
    #[must_use]
    pub fn after(&self, words: &str) -> Option<&[Token<'t>]> {
        after(&self.tokens, words)
    }
}

/// What follows these words, if the tokens begin with them.
#[must_use]
pub fn after<'s, 't>(tokens: &'s [Token<'t>], words: &str) -> Option<&'s [Token<'t>]> {
    words.split(' ').try_fold(tokens, |rest, word| {
        let (first, rest) = rest.split_first()?;
        (first.word() == Some(word)).then_some(rest)
    })
}

/// Tokens as one would write them on one line.
#[must_use]
pub fn line(tokens: &[Token<'_>]) -> String {
    let mut text = String::new();
    let mut before: Option<&Token<'_>> = None;
    for token in tokens {
        if before.is_some_and(|before| token::is_apart(before, token)) {
            text.push(' ');
        }
        text.push_str(&token.to_string());
        before = Some(token);
    }
    text
}

impl fmt::Display for Statement<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&line(&self.tokens))?;
        let Some(block) = &self.block else {
            return formatter.write_str(";");
        };
        formatter.write_str(" {")?;
        for statement in block {
            write!(formatter, " {statement}")?;
        }
        formatter.write_str(" }")
    }
}
