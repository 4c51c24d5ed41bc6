//! What a line says, before it has a form.

use std::fmt::{self, Write};

use jiff::Timestamp;
use serde_json::Value;

/// Bytes of a message or a value, at most; the rest is cut off. With the fields that our lines have, an entry then
/// fits into one datagram whatever characters the values are made of.
const MOST: usize = 1024;

/// What stands where something is cut off.
const CUT: char = '…';

/// What somebody has to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Something.
    Error,
    /// Perhaps something.
    Warn,
    /// Nothing.
    Info,
    /// Nothing; only those who look for something want it.
    Debug,
}

impl Level {
    /// As text and JSON show it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
        }
    }
}

/// One line.
#[derive(Debug)]
pub(super) struct Line {
    /// When it happened.
    pub(super) time: Timestamp,
    /// How much it matters.
    pub(super) level: Level,
    /// What happened, without data.
    pub(super) message: String,
    /// The data, none of it named `time`, `level` or `message`: a number, a truth value or text, which may come from the
    /// network as it is.
    pub(super) fields: Vec<(&'static str, Value)>,
}

/// The text of a value, cut to the longest that a line takes.
pub(super) fn cut(value: fmt::Arguments<'_>) -> String {
    let mut text = Cut(String::new());
    // Its only error says that the rest is not wanted.
    let _ = text.write_fmt(value);
    text.0
}

struct Cut(String);

impl Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MOST.saturating_sub(self.0.len());
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        self.0.push_str(&text[..text.floor_char_boundary(room)]);
        self.0.push(CUT);
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut(format_args!("{:?}", "x")), "\"x\"");
        let exact = "x".repeat(MOST);
        assert_eq!(cut(format_args!("{exact}")), exact);
        let long = "ä".repeat(MOST);
        let shown = cut(format_args!("a{long}{long}"));
        assert_eq!(shown, format!("a{}{CUT}", "ä".repeat(MOST / 2 - 1)));
    }

    #[test]
    fn what_follows_a_cut_is_not_even_formatted() {
        struct Endless;
        impl fmt::Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    f.write_str("again ")?;
                }
            }
        }
        assert!(cut(format_args!("{Endless}")).len() <= MOST + CUT.len_utf8());
    }
}
