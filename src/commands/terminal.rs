//! The terminal that standard output is, if it is one.

use std::io::IsTerminal as _;

/// Fewer characters a line than this would only break words.
const NARROWEST: usize = 40;

/// How many characters fit a line; `None` where the output is no terminal. `COLUMNS` overrules the terminal.
pub(super) fn width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let told = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    let asked = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    told.or_else(asked).map(|width| width.max(NARROWEST))
}

/// How many lines it shows; `None` where it is no terminal.
pub(super) fn height() -> Option<usize> {
    terminal_size::terminal_size().map(|(_, height)| usize::from(height.0))
}
