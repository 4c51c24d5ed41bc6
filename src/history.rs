//! What happened, with its evidence: the one list of events that the log, the history on disk and the counters
//! are made from.

mod document;
mod lines;
mod memory;
mod since;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::health::Verdict;
use crate::model::Family;
use crate::overrides::{Kind, Override};
use crate::policy::Announcement;

pub use document::{Entry, Found, History, MAX_ENTRIES, Origin, Selection, Unknown, VERSION};
pub use lines::write_lines;
pub use memory::{MAX_LINE, Memory};
pub use since::{InvalidSince, Since};

/// An event and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// So long, in milliseconds with three decimals: what is finer is noise.
#[must_use]
pub fn milliseconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}

/// Something that an operator may ask about later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The daemon began.
    Started {
        /// Its release.
        version: String,
        /// The node's name.
        node: String,
        /// So many services.
        services: usize,
    },
    /// The daemon has read its configuration anew, and goes on with it.
    Reloaded {
        /// Who asked for it.
        by: String,
        /// What it changed, in words.
        changes: String,
    },
    /// The daemon has read its configuration anew, and goes on with the one before.
    ReloadRefused {
        /// Who asked for it.
        by: String,
        /// Why.
        because: String,
    },
    /// The daemon was told to stop.
    Stopping {
        /// By which signal.
        signal: String,
        /// What that does to announcements: `withdraw` or `hold`, as the configuration says; `restart`: nothing, because
        /// systemd starts the daemon again.
        on_stop: String,
    },
    /// Everything was withdrawn without a daemon.
    Braked {
        /// So many protocols were announcing, or may have been.
        withdrawn: usize,
        /// Whether BIRD has confirmed: `confirmed`, or why not.
        bird: String,
    },
    /// Something else is desired of a family of a service than before.
    Decided {
        /// The service.
        service: String,
        /// The family.
        family: Family,
        /// What was desired; `null` at the first decision after a start.
        from: Option<Announcement>,
        /// What is desired now.
        to: Announcement,
        /// Why, in words.
        reason: String,
        /// The answer that decided.
        evidence: Option<Evidence>,
    },
    /// BIRD has confirmed what was desired.
    Confirmed {
        /// The service.
        service: String,
        /// The family.
        family: Family,
        /// What is so now.
        state: Announcement,
        /// From the decision on, in milliseconds.
        milliseconds: f64,
    },
    /// What is desired is not reached; it is tried on.
    Failed {
        /// The service.
        service: String,
        /// The family.
        family: Family,
        /// Why.
        error: String,
    },
    /// Somebody else changed what BIRD announces; it is put back.
    Changed {
        /// The service.
        service: String,
        /// The family.
        family: Family,
        /// What has to be done.
        steps: String,
    },
    /// An operator gave an order.
    Ordered {
        /// The service.
        service: String,
        /// The order.
        order: Override,
    },
    /// An order is no longer in force.
    OrderEnded {
        /// The service.
        service: String,
        /// What was ordered.
        kind: Kind,
        /// Why: `its time is over`, or who ended it.
        because: String,
    },
    /// Somebody who may not asked for an order.
    OrderRefused {
        /// Who.
        by: String,
        /// What was asked for.
        request: String,
        /// Why not.
        because: String,
    },
    /// A BGP or BFD session was lost, or lost and regained between two looks.
    Flapped {
        /// The BGP protocol.
        session: String,
        /// What was lost, and how that is known.
        witness: String,
        /// The last error that mattered; `null` if BIRD gave none.
        cause: Option<String>,
        /// The session's penalty after it.
        penalty: f64,
    },
    /// A session went down or came up in a way that is no flap: on purpose, or with BIRD itself.
    SessionChanged {
        /// The BGP protocol.
        session: String,
        /// What it was, as in `Established`.
        from: String,
        /// What it is.
        to: String,
        /// Why, as far as is known.
        cause: Option<String>,
    },
    /// A session counts as flapping from here on, or no longer does.
    Flapping {
        /// The BGP protocol.
        session: String,
        /// Whether it does.
        flapping: bool,
        /// Its penalty.
        penalty: f64,
    },
    /// A flapping session was disabled, or is no longer.
    Held {
        /// The BGP protocol.
        session: String,
        /// Whether it is.
        held: bool,
    },
    /// A file of ours in the intent directory that nobody configured looks after.
    OrphanFound {
        /// The protocol that BIRD does something with because of it.
        protocol: String,
        /// What it does, and what is done about it.
        because: String,
    },
    /// BIRD has confirmed that it no longer does.
    OrphanEnded {
        /// The protocol.
        protocol: String,
        /// Since it was found, in milliseconds.
        milliseconds: f64,
    },
    /// BIRD answers.
    BirdAnswers {
        /// Its release.
        version: String,
    },
    /// BIRD does not answer.
    BirdLost {
        /// Why.
        error: String,
    },
    /// BIRD was started anew.
    BirdRestarted {
        /// When.
        started_at: Option<Timestamp>,
    },
    /// BIRD has read its configuration.
    BirdReconfigured {
        /// When.
        reconfigured_at: Option<Timestamp>,
    },
    /// Events that are missing on disk: it was full, or too slow.
    HistoryGap {
        /// How many.
        missing: u64,
        /// Since when.
        since: Timestamp,
        /// Why.
        because: String,
    },
}

/// The answer that decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The check at its server: `dns-1 at 192.0.2.53`.
    pub check: String,
    /// What the probe said.
    pub verdict: Verdict,
    /// What came back.
    pub detail: String,
    /// How long the answer took, in milliseconds.
    pub latency_ms: Option<f64>,
    /// When.
    pub at: Timestamp,
}

impl Event {
    /// The service that it is about.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        match self {
            Self::Decided { service, .. }
            | Self::Confirmed { service, .. }
            | Self::Failed { service, .. }
            | Self::Changed { service, .. }
            | Self::Ordered { service, .. }
            | Self::OrderEnded { service, .. } => Some(service),
            Self::Started { .. }
            | Self::Reloaded { .. }
            | Self::ReloadRefused { .. }
            | Self::Stopping { .. }
            | Self::Braked { .. }
            | Self::OrderRefused { .. }
            | Self::Flapped { .. }
            | Self::SessionChanged { .. }
            | Self::Flapping { .. }
            | Self::Held { .. }
            | Self::OrphanFound { .. }
            | Self::OrphanEnded { .. }
            | Self::BirdAnswers { .. }
            | Self::BirdLost { .. }
            | Self::BirdRestarted { .. }
            | Self::BirdReconfigured { .. }
            | Self::HistoryGap { .. } => None,
        }
    }
}
