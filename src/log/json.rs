//! For collectors: one flat object a line, `time`, `level` and `message` first, then the fields.

use std::fmt::Write as _;

use serde::Serializer as _;
use serde_json::Value;

use super::line::{Line, is_harmful};

/// With the newline.
pub(super) fn encode(line: &Line) -> Vec<u8> {
    let head = [
        ("time", format!("{:.6}", line.time)),
        ("level", line.level.name().to_owned()),
        ("message", line.message.clone()),
    ];
    let head = head.map(|(name, text)| (name, Value::from(text)));
    let members = head.iter().chain(&line.fields);
    let mut bytes = Vec::new();
    // Neither such members nor memory refuse to be written.
    let _ = serde_json::Serializer::new(&mut bytes)
        .collect_map(members.map(|(name, value)| (name, value)));
    let mut text = harmless(&String::from_utf8_lossy(&bytes));
    text.push('\n');
    text.into_bytes()
}

/// JSON itself escapes what stands before the space only. The others, which occur in strings only, also have
/// a form of four digits.
fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if is_harmful(c) {
            // Strings take everything.
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}
