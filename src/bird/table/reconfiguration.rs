//! What `configure` and its kin answer.

use std::path::PathBuf;

use crate::bird::reply::Reply;

/// Codes of `Reading configuration from FILE`, of a reconfiguration that goes on or waits for its turn,
/// and of one that waits to be confirmed.
const READING: u16 = 2;
const IN_PROGRESS: u16 = 4;
const QUEUED: u16 = 5;
const UNCONFIRMED: u16 = 22;

/// How far BIRD is with its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconfiguration {
    /// Protocols are still being stopped or started.
    pub in_progress: bool,
    /// It is not confirmed, and BIRD will go back: its words, as in `undo in 1.999 s`.
    pub undo: Option<String>,
}

/// Reads the reply to `configure`, `configure undo` or `configure status`.
#[must_use]
pub fn reconfiguration(reply: &Reply) -> Reconfiguration {
    let unconfirmed = reply.lines().find(|line| line.code == UNCONFIRMED);
    let undo = unconfirmed.map(|line| line.text.split(", ").last().unwrap_or_default().to_owned());
    Reconfiguration {
        in_progress: reply.has(IN_PROGRESS) || reply.has(QUEUED),
        undo,
    }
}

/// The file that BIRD reads when it is told to configure, as it was given to BIRD.
#[must_use]
pub fn configuration_file(reply: &Reply) -> Option<PathBuf> {
    let mut lines = reply.lines().filter(|line| line.code == READING);
    lines.find_map(|line| {
        let file = line.text.strip_prefix("Reading configuration from ")?;
        Some(PathBuf::from(file))
    })
}
