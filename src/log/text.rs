//! For people, `grep` and logfmt: `2026-11-22T21:00:00.123456Z  INFO decided service=resolver to=announced`.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

use super::line::Line;
use crate::harmless::{self, is_harmful};

/// With the newline.
pub(super) fn encode(line: &Line) -> Vec<u8> {
    let (time, level) = (line.time, line.level.name());
    format!("{time:.6} {level:>5} {}\n", sentence(line)).into_bytes()
}

/// The message and the fields.
pub(super) fn sentence(line: &Line) -> String {
    let mut text = harmless::line(&line.message).into_owned();
    for (name, value) in &line.fields {
        // Strings take everything.
        let _ = write!(text, " {name}={}", shown(value));
    }
    text
}

/// Texts stand in quotation marks where it would not be clear else where they end.
fn shown(value: &Value) -> Cow<'_, str> {
    let Value::String(text) = value else {
        return value.to_string().into();
    };
    let is_special = |c: char| is_harmful(c) || c.is_whitespace() || "\"\\=".contains(c);
    if !text.is_empty() && !text.contains(is_special) {
        return text.into();
    }
    let quoted = text.replace('\\', r"\\").replace('"', "\\\"");
    format!("\"{}\"", harmless::line(&quoted)).into()
}
