//! What may happen to a node: the faults, what the neighbour has before each, and what has to come of it.

mod script;

use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

pub(crate) use script::Stakes;

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The DNS server is killed (SIGKILL)
    ServerKilled,
    /// The DNS server is frozen (SIGSTOP): its port is open, and nothing comes back
    ServerFrozen,
    /// The DNS server answers later than `timeout`
    ServerSlow,
    /// The DNS server answers SERVFAIL
    ServerServfail,
    /// The DNS server answers REFUSED
    ServerRefused,
    /// The DNS server answers something else than it was asked
    ServerWrongData,
    /// The DNS server's answers are truncated, and nothing comes over TCP
    ServerTruncated,
    /// The DNS server answers one question in three
    ServerLossy,
    /// The service's addresses are taken off the host
    AddressRemoved,
    /// BIRD is killed and started again
    BirdRestarted,
    /// BIRD is killed and started again while the DNS server is dead
    BirdRestartedWithdrawn,
    /// BIRD is frozen, and goes on
    BirdFrozen,
    /// The DNS server dies while BIRD is frozen
    BirdFrozenServerDies,
    /// Others have BIRD `configure`, again and again
    Reconfigured,
    /// Others have BIRD `configure` while the DNS server is dead
    ReconfiguredWithdrawn,
    /// The daemon is killed and started again
    DaemonKilled,
    /// The DNS server dies while there is no daemon
    DaemonKilledServerDies,
    /// The daemon is frozen, and goes on
    DaemonFrozen,
    /// The DNS server dies while the daemon is frozen
    DaemonFrozenServerDies,
    /// Somebody deletes the intent files, and has BIRD `configure`
    IntentDeleted,
    /// While the DNS server is dead, somebody writes intent files that announce, and has BIRD `configure`
    IntentForged,
    /// The neighbour's BIRD is killed and started again
    NeighborRestarted,
    /// The neighbour's BIRD is frozen, and goes on
    NeighborFrozen,
    /// The link to the neighbour goes down, and comes up
    LinkDown,
}

/// What the neighbour has of a service before a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Before {
    /// All of its prefixes.
    Announced,
    /// None: its DNS server is dead.
    Withdrawn,
}

/// What has to come of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// In the end the neighbour has nothing, and no later than promised.
    Withdrawn,
    /// In the end the neighbour has everything, and no later than promised.
    Announced,
    /// The neighbour has everything all the time.
    Kept,
    /// The neighbour never has anything, also for so long after the sessions are up.
    Out,
    /// Nothing is asked: something is being prepared.
    Anything,
}

/// Something is done, and this has to come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// What.
    pub expected: Expected,
    /// Within so long, or for so long; one for each service.
    pub times: Vec<Duration>,
    /// How long it takes if all is well.
    pub usual: Duration,
}

/// A fault as it is played: it happens, and is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Which.
    pub fault: Fault,
    /// What the neighbour has before it.
    pub before: Before,
    /// While it lasts.
    pub during: Act,
    /// After its end; `None` where it has none of its own.
    pub after: Option<Act>,
}

impl Act {
    /// The longest of its times.
    pub(crate) fn longest(&self) -> Duration {
        self.times.iter().copied().max().unwrap_or_default()
    }
}

impl Fault {
    /// How `--fault` and the table call it.
    #[must_use]
    pub fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// What happens.
    #[must_use]
    pub fn words(self) -> String {
        let value = self.to_possible_value();
        let help = value.as_ref().and_then(|value| value.get_help());
        help.map_or_else(String::new, ToString::to_string)
    }
}
