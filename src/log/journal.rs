//! For systemd-journald, in its native protocol (<https://systemd.io/JOURNAL_NATIVE_PROTOCOL>): one datagram an
//! entry, `NAME=value` a line.
//!
//! `journalctl` shows nothing but `MESSAGE` unless told otherwise, so it has everything; the message alone is
//! `ANYCASTCTL_EVENT`. Values are made printable as in text: `journalctl` would show `[blob data]` instead of a
//! control character, and the binary form that newlines need is then never needed.

use std::fmt::Write as _;

use serde_json::Value;

use super::line::{Level, Line};
use super::text;
use crate::harmless;

/// What the names of our fields start with, as the journal's own start with `_` and systemd's with what they are about.
const PREFIX: &str = "ANYCASTCTL_";

/// The longest name that the journal takes.
const LONGEST_NAME: usize = 64;

/// The time is the journal's own: it trusts nobody else's.
pub(super) fn encode(line: &Line) -> Vec<u8> {
    let mut entry = format!(
        "PRIORITY={}\nSYSLOG_IDENTIFIER=anycastctl\nMESSAGE={}\n{PREFIX}EVENT={}\n",
        priority(line.level),
        text::sentence(line),
        harmless::line(&line.message)
    );
    for (name, value) in &line.fields {
        let value = match value {
            Value::String(text) => harmless::line(text),
            other => other.to_string().into(),
        };
        // Strings take everything.
        let _ = writeln!(entry, "{}={value}", field(name));
    }
    entry.into_bytes()
}

/// As syslog counts them (RFC 5424, section 6.2.1).
fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug => 7,
    }
}

/// The journal drops fields whose names have anything but `A` to `Z`, digits and `_`.
fn field(name: &str) -> String {
    let upper = name.chars().map(|c| match c.to_ascii_uppercase() {
        c @ ('A'..='Z' | '0'..='9') => c,
        _ => '_',
    });
    PREFIX.chars().chain(upper).take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_such_as_the_journal_takes() {
        assert_eq!(field("service"), "ANYCASTCTL_SERVICE");
        assert_eq!(field("on_stop"), "ANYCASTCTL_ON_STOP");
        assert_eq!(field("http.status-ü"), "ANYCASTCTL_HTTP_STATUS__");
        assert_eq!(field(&"x".repeat(99)).len(), LONGEST_NAME);
    }
}
