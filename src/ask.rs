//! A question in the words of `dig`: `@192.0.2.53 example.com SOA +tcp`.
//!
//! The order of the words is free. What is not said is as `dig` has it: type A, class IN, RD, EDNS, 5 s; without a
//! name, the root and NS. Other than there, certificates are verified, a truncated answer is shown as it came, and
//! nothing is looked up: servers are addresses.

mod error;
mod place;
mod sheet;
mod word;

pub use error::Unclear;

use std::net::{IpAddr, SocketAddr};

use crate::config::DnsCheck;
use crate::model::Period;

/// What was typed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Typed<'a> {
    /// The words: `@server`, `+word`, names, types and classes.
    pub words: &'a [String],
    /// The name, where it could be taken for another word.
    pub name: Option<&'a str>,
    /// The type, likewise.
    pub record_type: Option<&'a str>,
    /// The address whose name is asked for.
    pub reverse: Option<IpAddr>,
    /// The server's port.
    pub port: Option<u16>,
    /// Where the question starts: an address, `%` and an interface, or both.
    pub source: Option<&'a str>,
}

/// What it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Who is asked.
    pub server: SocketAddr,
    /// What, and how. It has one question.
    pub check: DnsCheck,
    /// How long an answer is waited for.
    pub timeout: Period,
    /// Whether only the data of the answer is wanted.
    pub short: bool,
}

impl Typed<'_> {
    /// Whether there is a word that only a question has.
    #[must_use]
    pub fn is_question(&self) -> bool {
        let is_word = |word: &String| word.starts_with(['@', '+']);
        self.words.len() > 1
            || self.words.iter().any(is_word)
            || self.name.or(self.record_type).or(self.source).is_some()
            || self.reverse.is_some()
            || self.port.is_some()
    }

    /// Reads the words.
    pub fn read(self) -> Result<Ask, Unclear> {
        let has_server = self.words.iter().any(|word| word.starts_with('@'));
        if !has_server {
            return Err(Unclear::NoServer);
        }
        sheet::Sheet::of(self)?.ask()
    }
}

#[cfg(test)]
mod tests;
