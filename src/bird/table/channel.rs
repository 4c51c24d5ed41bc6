//! A channel between a protocol and a table.

use std::net::IpAddr;

use super::Timer;

/// A channel. What BIRD did not say is `None`, never zero: it counts nothing while a channel is down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Channel {
    /// `ipv4`, `ipv6`, `main` …
    pub name: String,
    /// Its state; a pipe has none.
    pub state: Option<ChannelState>,
    /// How far its import is; BIRD 3, and pipes.
    pub import_state: Option<ChannelState>,
    /// How far its export is; BIRD 3, and pipes.
    pub export_state: Option<ChannelState>,
    /// Its table.
    pub table: Option<String>,
    /// The other table of a pipe.
    pub peer_table: Option<String>,
    /// The preference of its routes.
    pub preference: Option<u32>,
    /// The filter of what comes in.
    pub input_filter: Option<String>,
    /// The filter of what goes out.
    pub output_filter: Option<String>,
    /// BIRD itself recovers from a graceful restart: what the channel still lacks.
    pub recovery: Option<Recovery>,
    /// Of routes that the neighbour may send, before the filter.
    pub receive_limit: Option<Limit>,
    /// Of routes that may be imported, after the filter.
    pub import_limit: Option<Limit>,
    /// Of routes that may be exported.
    pub export_limit: Option<Limit>,
    /// How many routes it has.
    pub routes: Option<Routes>,
    /// How many changes it saw since it started.
    pub changes: Option<RouteChanges>,
    /// How the routes of a neighbour that restarts are kept.
    pub neighbor_restart: Option<NeighborRestart>,
    /// Until routes of a neighbour that restarts are given up (RFC 9494).
    pub stale_timer: Option<Timer>,
    /// The next hop that is told to the neighbour, and its link-local one.
    pub next_hops: Vec<IpAddr>,
    /// The tables that next hops are resolved in: of IPv4, of IPv6, and the base of a flow table.
    pub other_tables: Vec<String>,
    /// What waits to be sent; BIRD 3 only.
    pub pending: Option<Pending>,
}

impl Channel {
    /// The limits that are configured, with their kinds.
    pub fn limits(&self) -> impl Iterator<Item = (LimitKind, &Limit)> {
        use LimitKind::{Export, Import, Receive};
        let limits = [&self.receive_limit, &self.import_limit, &self.export_limit];
        let kinds = [Receive, Import, Export].into_iter().zip(limits);
        kinds.filter_map(|(kind, limit)| Some((kind, limit.as_ref()?)))
    }
}

/// The state of a channel, or of its import or export alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelState {
    /// Not used.
    Down,
    /// On its way up; in a graceful restart of the neighbour its routes are kept.
    Start,
    /// Working.
    Up,
    /// On its way down.
    Stop,
    /// Its routes are being removed.
    Flushing,
    /// About to start again.
    Restart,
    /// An import that waits until its routes are removed.
    Waiting,
    /// An import whose routes are removed.
    Cleared,
    /// An export that walks through the table for the first time.
    Feeding,
    /// An export that walks through a part of the table.
    Partial,
    /// An export that follows every change.
    Ready,
}

impl ChannelState {
    /// The state of this name. Pipes of BIRD 2 write theirs small.
    pub(super) fn of(word: &str) -> Option<Self> {
        let states = [
            ("UP", Self::Up),
            ("DOWN", Self::Down),
            ("READY", Self::Ready),
            ("START", Self::Start),
            ("STOP", Self::Stop),
            ("FLUSHING", Self::Flushing),
            ("FLUSH", Self::Flushing),
            ("RESTART", Self::Restart),
            ("WAITING", Self::Waiting),
            ("CLEARED", Self::Cleared),
            ("FEEDING", Self::Feeding),
            ("PARTIAL", Self::Partial),
        ];
        let found = states
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(word));
        found.map(|(_, state)| state)
    }
}

/// What a channel lacks before BIRD has recovered from its own graceful restart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovery {
    /// The neighbour has not sent all its routes yet.
    pub pending: bool,
    /// The channel is held until all others are ready.
    pub waiting: bool,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitKind {
    /// Routes before the filter.
    Receive,
    /// Routes after the filter.
    Import,
    /// Routes to the neighbour.
    Export,
}

impl LimitKind {
    /// BIRD's word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Import => "import",
            Self::Export => "export",
        }
    }
}

/// A limit on routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So many routes; `None` if BIRD shows a number that is none.
    pub max: Option<u64>,
    /// BIRD marks it as hit. BIRD 3 does not mark an export limit that only warns.
    pub hit: bool,
    /// What happens then.
    pub action: Option<LimitAction>,
}

/// What BIRD does when a limit is hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitAction {
    /// Writes to its log.
    Warn,
    /// Takes no more routes.
    Block,
    /// Restarts the protocol.
    Restart,
    /// Shuts the protocol down.
    Disable,
}

impl LimitAction {
    /// BIRD's word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Block => "block",
            Self::Restart => "restart",
            Self::Disable => "disable",
        }
    }

    /// The action of this name.
    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "warn" => Self::Warn,
            "block" => Self::Block,
            "restart" => Self::Restart,
            "disable" => Self::Disable,
            _ => return None,
        })
    }
}

/// How many routes a channel has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Routes {
    /// Accepted from the protocol.
    pub imported: Option<u64>,
    /// Kept although the filter refuses them; only with `import keep filtered`, or an import table.
    pub filtered: Option<u64>,
    /// Given to the protocol.
    pub exported: Option<u64>,
    /// The best of their prefixes.
    pub preferred: Option<u64>,
}

/// How many changes a channel saw since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RouteChanges {
    /// New routes and changed ones from the protocol.
    pub import_updates: Changes,
    /// Withdrawals from the protocol.
    pub import_withdraws: Changes,
    /// New routes and changed ones to the protocol.
    pub export_updates: Changes,
    /// Withdrawals to the protocol.
    pub export_withdraws: Changes,
}

/// What became of changes of one kind. A column that a release does not have, or does not count, is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// All of them.
    pub received: Option<u64>,
    /// Invalid.
    pub rejected: Option<u64>,
    /// Refused by the filter.
    pub filtered: Option<u64>,
    /// They changed nothing.
    pub ignored: Option<u64>,
    /// Over the receive limit; BIRD 3 only.
    pub receive_limit: Option<u64>,
    /// Over the import or export limit; BIRD 3 only.
    pub limit: Option<u64>,
    /// Taken.
    pub accepted: Option<u64>,
}

/// How the routes of a neighbour that restarts are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NeighborRestart {
    /// They are not.
    None,
    /// As RFC 4724 says.
    Regular,
    /// As RFC 9494 says.
    LongLived,
}

impl NeighborRestart {
    /// The kind of this name.
    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "None" => Self::None,
            "Regular" => Self::Regular,
            "Long-lived" => Self::LongLived,
            _ => return None,
        })
    }
}

/// What waits to be sent to a neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Sets of attributes.
    pub attribute_sets: u64,
    /// Prefixes with them.
    pub prefixes: u64,
}
