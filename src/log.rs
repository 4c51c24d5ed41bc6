//! The log of the daemon: one line a decision, as text, as JSON or in the journal's own protocol.
//!
//! ```text
//! tracing event -> Line -> bytes -> bounded queue -> worker thread -> standard error | journal
//! ```
//!
//! Nothing before the queue waits: a reader that is slow, hangs or is gone costs lines and never delays a
//! withdraw. What is lost is counted, and told where the log goes on.

mod detect;
mod event;
mod journal;
mod json;
mod line;
mod queue;
mod sink;
mod text;

#[cfg(test)]
mod tests;

use std::path::Path;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub use detect::detect;
pub use queue::Guard;

use line::Line;
use sink::Sink;

/// Where systemd-journald takes entries in its native protocol, see systemd-journald.service(8).
const JOURNAL: &str = "/run/systemd/journal/socket";

/// So many lines wait for a slow reader; more are dropped.
const LINES: usize = 4096;

/// How lines are written, and where to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Time, level, message and `field=value` to standard error.
    Text,
    /// One flat JSON object a line to standard error.
    Json,
    /// Entries with fields, to the journal of this host.
    Journal,
}

impl Format {
    fn encode(self, line: &Line) -> Vec<u8> {
        match self {
            Self::Text => text::encode(line),
            Self::Json => json::encode(line),
            Self::Journal => journal::encode(line),
        }
    }
}

/// Logs from this level on until the process ends. The guard, when dropped, waits up to a second for what is
/// not written yet.
///
/// A journal that cannot be reached gets its lines on standard error instead, and the first of them says so.
pub fn start(format: Format, level: LevelFilter) -> Guard {
    let (format, sink, error) = open(format, Path::new(JOURNAL));
    let (lines, guard) = queue::start(format, sink, LINES);
    // Libraries stay silent: what they would log is the network's text as it came.
    let own = Targets::new().with_target("anycastctl", level);
    tracing_subscriber::registry().with(lines).with(own).init();
    if let Some(error) = error {
        tracing::warn!(
            path = JOURNAL,
            %error,
            "the journal cannot be reached; logging to standard error"
        );
    }
    guard
}

/// Also returns why it is not the wanted format.
fn open(format: Format, journal: &Path) -> (Format, Sink, Option<std::io::Error>) {
    match format {
        Format::Text | Format::Json => (format, Sink::standard_error(), None),
        Format::Journal => match Sink::journal(journal) {
            Ok(sink) => (format, sink, None),
            Err(error) => (Format::Text, Sink::standard_error(), Some(error)),
        },
    }
}
