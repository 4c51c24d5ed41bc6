//! What a fault is: how it begins and ends, what has to hold meanwhile, and what others do there.

use std::time::Duration;

use lab::Result;

use crate::stage::{Setup, Stage};

/// Ends a fault. It owns what the fault needs while it lasts.
pub(crate) type End = Box<dyn FnOnce(&mut Stage<'_>) -> Result<()>>;

/// Something that goes wrong, and goes right again.
pub(crate) struct Fault {
    /// A few words, such as `server frozen`: the row in the table.
    pub(crate) name: &'static str,
    /// How it is done, for the documentation.
    pub(crate) how: &'static str,
    /// What the best-known programs of this kind were seen to do there, or that none was tried.
    pub(crate) peers: &'static str,
    /// What is special about the stage.
    pub(crate) setup: Setup,
    /// Whose fault it is.
    pub(crate) place: Place,
    /// What has to hold.
    pub(crate) meaning: Meaning,
    /// Begins it. What takes time before it strikes is done first, and then the stage is told.
    pub(crate) begin: fn(&mut Stage<'_>) -> Result<End>,
}

impl Fault {
    /// On the usual stage: with its name, how it is done, and what others do there.
    pub(crate) fn usual(
        place: Place,
        meaning: Meaning,
        [name, how, peers]: [&'static str; 3],
        begin: fn(&mut Stage<'_>) -> Result<End>,
    ) -> Self {
        Self {
            name,
            how,
            peers,
            setup: Setup::USUAL,
            place,
            meaning,
            begin,
        }
    }
}

/// Where a fault is. Two in the same place get in each other's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// The DNS server.
    Server,
    /// BIRD on the node, and the way to it.
    Bird,
    /// Our daemon.
    Controller,
    /// Its disks.
    Disk,
    /// The host: clock, processors.
    Host,
    /// The neighbour, and the way to it.
    Neighbor,
}

/// What a fault means to the announcement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meaning {
    /// The service fails: these prefixes are withdrawn while it lasts and no others, and come back after it.
    Service(&'static [&'static str]),
    /// The service is well, and something between its health and the neighbour is not.
    Way {
        /// What becomes of the routes of a healthy service.
        healthy: Healthy,
        /// When a decision that falls meanwhile reaches the neighbour.
        decision: Decision,
    },
}

impl Meaning {
    /// Something between a healthy service and the neighbour.
    pub(crate) fn way(healthy: Healthy, decision: Decision) -> Self {
        Self::Way { healthy, decision }
    }
}

/// What becomes of the routes of a healthy service during a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Healthy {
    /// They stay, and the neighbour is told nothing.
    Kept,
    /// They go, with the sessions, for as long as it lasts.
    Lost,
    /// They go with the sessions and come back while it lasts.
    Shaken,
    /// The neighbour cannot be asked.
    Unseen,
}

/// When a decision that falls during a fault reaches the neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// As if there were none.
    Meanwhile,
    /// A withdraw once nothing has been known for `stale_after`; an announcement after its end.
    WhenStale,
    /// As soon as it is over.
    Afterwards,
    /// As soon as it is over, which takes a restart of BIRD.
    AfterRestart,
}

impl Decision {
    /// Whether withdraws happen while the fault lasts.
    pub(crate) fn withdraws_meanwhile(self) -> bool {
        matches!(self, Self::Meanwhile | Self::WhenStale)
    }

    /// Whether a withdraw may have to wait.
    pub(crate) fn delays(self) -> bool {
        matches!(
            self,
            Self::WhenStale | Self::Afterwards | Self::AfterRestart
        )
    }
}

/// What the service is when a fault begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Announced; and during a fault that is not its own, its server dies.
    Announced,
    /// Withdrawn, for its server is dead; which comes back during the fault.
    Withdrawn,
}

impl Direction {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Announced, Self::Withdrawn];

    /// As in the name of a test.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Announced => "while announced",
            Self::Withdrawn => "while withdrawn",
        }
    }
}

/// How long a decision may take, from the moment from which nothing is in its way. Several times what the thresholds
/// here promise: these machines are shared, and what it took is in the table.
pub(crate) const BUDGET: Duration = Duration::from_secs(10);
