//! Withdraws everything, without a daemon and without a usable configuration.
//!
//! The files go first, so that a BIRD which reads its configuration or starts in between withdraws; then every
//! protocol that may announce is disabled and read back, again and again until BIRD confirms or time is up. Sessions
//! that were kept disabled are enabled: nobody else would.

mod bird;
mod files;

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

/// Of the document.
pub const VERSION: u32 = 1;

/// Where BIRD and the files are, and what is known of them besides.
#[derive(Debug, Clone)]
pub struct Target {
    /// BIRD's control socket.
    pub socket: PathBuf,
    /// Where the intent files are.
    pub intent_dir: PathBuf,
    /// The protocols that a usable configuration has announce: also those that are written by hand.
    pub protocols: Vec<String>,
}

/// What came of it, format version 1; fields may be added.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// When.
    pub at: Timestamp,
    /// What BIRD says.
    pub bird: Bird,
    /// Why BIRD has not confirmed; `null` if it has, or is away.
    pub error: Option<String>,
    /// Every protocol that is concerned, by name.
    pub protocols: Vec<Protocol>,
    /// What is wrong with the files: BIRD may announce again by itself.
    pub problems: Vec<String>,
}

/// What BIRD says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bird {
    /// All is as wanted.
    Confirmed,
    /// Nobody has its socket open.
    Away,
    /// It has not confirmed, for all that was tried.
    Unconfirmed,
    /// The system does not let us open its socket.
    Closed,
}

/// One protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Protocol {
    /// Its name in BIRD.
    pub name: String,
    /// What it was when BIRD was first asked.
    pub was: State,
    /// What it is, as far as BIRD has said.
    pub is: State,
}

/// What a protocol is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It announces.
    Up,
    /// It does not.
    Down,
    /// On its way from one to the other.
    Changing,
    /// A session that we keep disabled.
    Held,
    /// A session that is enabled, be it established or not.
    Enabled,
    /// A session that somebody else disabled.
    Disabled,
    /// BIRD has no such protocol.
    Missing,
    /// BIRD has not said.
    Unknown,
}

/// Does all that it can, and tries BIRD for so long. File operations that hang are left to themselves.
pub async fn pull(target: &Target, patience: Duration) -> Report {
    let found = files::retire(target).await;
    let mut work = bird::Work::new(target, &found.leftovers);
    let (bird, error) = work.converge(patience).await;
    let mut problems = found.problems;
    if matches!(bird, Bird::Confirmed | Bird::Away) {
        problems.extend(files::settle(found.leftovers).await);
    }
    Report {
        version: VERSION,
        at: Timestamp::now(),
        bird,
        error,
        protocols: work.protocols(),
        problems,
    }
}
