//! For collectors: one flat object a line, `time`, `level` and `message` first, then the fields.

use serde::Serializer as _;
use serde_json::Value;

use super::line::Line;
use crate::harmless;

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
    let mut text = harmless::json(&String::from_utf8_lossy(&bytes)).into_owned();
    text.push('\n');
    text.into_bytes()
}
