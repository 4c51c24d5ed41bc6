//! Every kind of change, and that everything rendered is understood.

mod changes;
mod understood;

use super::*;
use crate::config::{Config, SMALLEST};
use crate::render;

/// A file with two neighbours, IPv4 and IPv6, passwords and BFD.
const DATA_CENTRE: &str = include_str!("../render/tests/data_centre.yaml");

fn rendered(text: &str) -> String {
    let parsed = Config::parse("config.yaml", text);
    render::bird(
        &parsed
            .unwrap_or_else(|findings| panic!("{findings}"))
            .config,
    )
    .unwrap()
}

/// What replacing a part of the file changes.
fn replaced(text: &str, from: &str, to: &str) -> Comparison {
    assert!(text.contains(from), "{from}");
    Comparison::between(text, &text.replacen(from, to, 1))
}
