//! The history on disk: one JSON object a line, in two files of bounded size.
//!
//! `history.jsonl` is appended to until it is full, and then becomes `history.1.jsonl` in place of the one before.
//! Nobody waits for the disk: a thread of its own writes what fits into its queue, and what does not is counted.

mod read;
mod write;

use std::path::{Path, PathBuf};

pub use read::{Unreadable, read};
pub use write::{Writer, add};

/// The most that one file has, in bytes: some 15,000 events.
const SEGMENT: u64 = 4 << 20;

/// The file that is appended to, and the one before.
fn segments(directory: &Path) -> [PathBuf; 2] {
    ["history.jsonl", "history.1.jsonl"].map(|name| directory.join(name))
}
