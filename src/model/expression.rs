//! Regular expressions that somebody wrote into the configuration.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use regex::bytes::{Regex, RegexBuilder};

/// The longest expression, in bytes.
const LONGEST: usize = 1024;

/// The most memory that an expression may take once it is compiled, in bytes.
const LARGEST: usize = 256 * 1024;

/// A regular expression over bytes: the `regex` crate's syntax, with classes of ASCII (`\d`, `\w`), and matched in
/// a time that grows with the text only.
///
/// Compiled once: copies share it.
#[derive(Debug, Clone)]
pub struct Expression(Arc<Regex>);

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidExpression {
    /// Too short or too long.
    #[error("a regular expression has 1 to {LONGEST} bytes, this one has {0}")]
    Length(usize),
    /// Against the syntax.
    #[error("`{0}` is not a regular expression: {1}")]
    Syntax(String, String),
    /// Too much memory.
    #[error("`{0}` takes too much memory: make its counts of repetitions smaller")]
    Large(String),
}

impl Expression {
    /// Whether it matches anywhere; `^` and `$` tie it to the ends.
    #[must_use]
    pub fn matches(&self, text: impl AsRef<[u8]>) -> bool {
        self.0.is_match(text.as_ref())
    }

    /// The text it was written as.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Expression {
    type Err = InvalidExpression;

    fn from_str(text: &str) -> Result<Self, InvalidExpression> {
        if text.is_empty() || text.len() > LONGEST {
            return Err(InvalidExpression::Length(text.len()));
        }
        RegexBuilder::new(text)
            .unicode(false)
            .size_limit(LARGEST)
            .build()
            .map(|regex| Self(Arc::new(regex)))
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => InvalidExpression::Large(text.to_owned()),
                other => InvalidExpression::Syntax(text.to_owned(), reason(&other)),
            })
    }
}

/// The last line of what the library says; above it stands the expression once more.
fn reason(error: &regex::Error) -> String {
    let said = error.to_string();
    let last = said.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

/// Two are the same when they are written the same.
impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Expression {}

/// Between slashes, so that a comma behind it is none of its own.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_matches_anywhere_unless_it_is_tied() {
        let within: Expression = r"192\.0\.2\.\d+".parse().unwrap();
        assert!(within.matches("10 192.0.2.53 x") && !within.matches("192.0.3.53"));
        let tied: Expression = "^AMS[0-9]$".parse().unwrap();
        assert!(tied.matches("AMS1") && !tied.matches("ams1") && !tied.matches("AMS12"));
        let folded: Expression = "(?i)^ams".parse().unwrap();
        assert!(folded.matches("AMS1") && folded.matches(b"aMs\xff"));
        assert_eq!(folded.to_string(), "/(?i)^ams/");
    }

    #[test]
    fn what_is_no_expression_says_why() {
        let long = "x".repeat(LONGEST + 1);
        let texts = ["", &long, "a(", "[z-a]", "a{9}{99}{999}", r"\p{Greek}"];
        let errors = texts.map(|text| text.parse::<Expression>().unwrap_err().to_string());
        insta::assert_snapshot!(errors.join("\n"));
    }
}
