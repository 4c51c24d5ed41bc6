//! What an operator ordered: it stands above what the checks say, until it ends.
//!
//! At most one order is in force for a service; a new one takes the place of the old one. It ends when an
//! operator ends it, or at its own time: that is a time of day, so that it outlives a reboot. A clock that is
//! set takes the end along: the wall clock is the truth.

mod file;
mod request;

use std::fmt;

pub use file::{FileError, Orders, from_text, to_text};
pub use request::{Action, InvalidReason, Outcome, Reason, Report, Request, Whom};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Announce as the last choice of neighbours, while the checks allow an announcement at all.
    Drain,
    /// Announce nothing.
    Withdraw,
    /// Announce in spite of failed checks and of damping.
    Pin,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Drain => "drain",
            Self::Withdraw => "withdraw",
            Self::Pin => "pin",
        })
    }
}

/// An order in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// What.
    pub kind: Kind,
    /// Why, in the operator's words.
    pub reason: Option<String>,
    /// Who: the name or number of a user of this host.
    pub by: String,
    /// Since when.
    pub since: Timestamp,
    /// When it ends by itself; `None`: never.
    pub until: Option<Timestamp>,
}

impl Override {
    /// Whether it is over.
    #[must_use]
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}
