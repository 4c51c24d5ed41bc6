//! Tokens: words, strings and signs, with their places in the text.

use std::fmt;
use std::ops::Range;

/// The smallest part of a file that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Token<'t> {
    /// A keyword, name, number, address or prefix.
    Word(&'t str),
    /// A string, without its quotes.
    Text(&'t str),
    /// An operator or bracket.
    Sign(&'t str),
}

impl<'t> Token<'t> {
    /// The word, if this is one.
    #[must_use]
    pub fn word(&self) -> Option<&'t str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Text(_) | Self::Sign(_) => None,
        }
    }

    /// The string, if this is one.
    #[must_use]
    pub fn text(&self) -> Option<&'t str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Word(_) | Self::Sign(_) => None,
        }
    }

    pub(super) fn is(&self, sign: &str) -> bool {
        *self == Token::Sign(sign)
    }
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(text) | Self::Sign(text) => formatter.write_str(text),
            Self::Text(text) => write!(formatter, "\"{text}\""),
        }
    }
}

/// Whether there is a blank between the two when they are written on one line.
pub(super) fn is_apart(before: &Token<'_>, after: &Token<'_>) -> bool {
    let opens = before.is("(") || before.is("[") || before.is("!");
    let closes = [")", "]", ",", ";"].iter().any(|sign| after.is(sign));
    let calls = after.is("(") && before.word().is_some();
    let pair = before.is(",") && after.word().is_some_and(|w| w.parse::<u32>().is_ok());
    !(opens || closes || calls || pair)
}

/// What the text is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lexeme<'t> {
    pub(super) kind: Kind<'t>,
    /// Where it stands, with quotes and comment signs.
    pub(super) place: Range<usize>,
    /// Whether what it opens is closed.
    pub(super) is_closed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'t> {
    Token(Token<'t>),
    /// What is in the comment.
    Comment(&'t str),
}

/// Signs of two characters.
const PAIRS: [&str; 8] = ["&&", "||", "!=", "!~", "<=", ">=", "->", "++"];

/// Takes a text apart. Every character but blanks is in one lexeme.
pub(super) fn lexemes(text: &str) -> impl Iterator<Item = Lexeme<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let start = at + rest.len() - rest.trim_start().len();
        let (kind, length, is_closed) = first(&text[start..])?;
        at = start + length;
        Some(Lexeme {
            kind,
            place: start..at,
            is_closed,
        })
    })
}

/// The first lexeme of a text that begins with one, its length, and whether it is closed.
fn first(text: &str) -> Option<(Kind<'_>, usize, bool)> {
    let token = |token, length, is_closed| Some((Kind::Token(token), length, is_closed));
    match text.chars().next()? {
        '#' => {
            let length = text.find('\n').unwrap_or(text.len());
            Some((Kind::Comment(&text[1..length]), length, true))
        }
        '/' if text.starts_with("/*") => {
            let (inside, length, is_closed) = until(&text[2..], "*/", text.len() - 2);
            Some((Kind::Comment(inside), 2 + length, is_closed))
        }
        '"' => {
            let (inside, length, is_closed) = until(&text[1..], "\"", line_end(&text[1..]));
            token(Token::Text(inside), 1 + length, is_closed)
        }
        '\'' => {
            let (inside, length, is_closed) = until(&text[1..], "'", line_end(&text[1..]));
            token(Token::Word(inside), 1 + length, is_closed)
        }
        c if is_of_word(c) => {
            let length = text.find(|c| !is_of_word(c)).unwrap_or(text.len());
            token(Token::Word(&text[..length]), length, true)
        }
        c => {
            let pair = PAIRS.iter().any(|pair| text.starts_with(pair));
            let length = if pair { 2 } else { c.len_utf8() };
            token(Token::Sign(&text[..length]), length, true)
        }
    }
}

/// Names, numbers, addresses and prefixes; other scripts too, which BIRD would refuse.
fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || "_.:/%*".contains(c)
}

fn line_end(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// What stands before the end sign, or before `limit` if there is none; its length with the sign.
fn until<'t>(text: &'t str, end: &str, limit: usize) -> (&'t str, usize, bool) {
    match text[..limit].find(end) {
        Some(at) => (&text[..at], at + end.len(), true),
        None => (&text[..limit], limit, false),
    }
}
