//! What BIRD says, as parts of the status document.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use crate::bird::table::{
    BfdSession, BfdState, Channel, DaemonStatus, Limit, LimitKind, LocalTime, Protocol,
    ProtocolState, Routes,
};
use crate::reconcile::Seen;
use crate::status::{self, Bird, Flaps, Session};

/// BIRD's answers of one moment, to be searched by name and address.
#[derive(Debug, Clone)]
pub struct Survey {
    /// When BIRD had said what its clock shows: the ages of its answers are as of then.
    pub answered: Instant,
    /// The same by the wall clock.
    pub at: Timestamp,
    /// What it says of itself.
    pub daemon: DaemonStatus,
    /// Its protocols, in its order; those of which details were asked.
    pub protocols: Vec<Protocol>,
    /// The states of all, where details were not asked of each.
    states: Arc<HashMap<String, ProtocolState>>,
    bfd: Vec<BfdSession>,
    by_name: HashMap<String, usize>,
    by_address: HashMap<IpAddr, usize>,
}

/// A BGP session as we know it.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The BGP protocol.
    pub name: &'a str,
    /// The neighbour's address.
    pub remote: IpAddr,
    /// The neighbour's AS number.
    pub asn: u32,
}

impl Survey {
    /// Puts answers in order.
    #[must_use]
    pub fn new(
        (answered, at): (Instant, Timestamp),
        daemon: DaemonStatus,
        protocols: Vec<Protocol>,
        bfd: Vec<BfdSession>,
    ) -> Self {
        let names = protocols.iter().enumerate();
        let by_name = names.map(|(position, protocol)| (protocol.name.clone(), position));
        // A neighbour may have several sessions, and one that is up is as good as all: the last one counts.
        let (up, other): (Vec<_>, Vec<_>) = bfd
            .iter()
            .enumerate()
            .partition(|(_, bfd)| bfd.state == BfdState::Up);
        let by_address = other.into_iter().chain(up);
        Self {
            answered,
            at,
            by_name: by_name.collect(),
            by_address: by_address
                .map(|(position, bfd)| (bfd.address, position))
                .collect(),
            daemon,
            protocols,
            states: Arc::default(),
            bfd,
        }
    }

    /// The same with the states of protocols of which no details were asked.
    #[must_use]
    pub fn with_states(self, states: Arc<HashMap<String, ProtocolState>>) -> Self {
        Self { states, ..self }
    }

    /// Whether the states of all protocols are the very ones that the other has.
    #[must_use]
    pub fn shares_states(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.states, &other.states)
    }

    /// BIRD's local time as a time of ours: only its age is trusted, so no time zone matters.
    #[must_use]
    pub fn wall(&self, time: Option<LocalTime>) -> Option<Timestamp> {
        self.at.checked_sub(time?.age(self.daemon.now?)?).ok()
    }

    /// BIRD itself.
    #[must_use]
    pub fn bird(&self) -> Bird {
        Bird {
            connected: true,
            version: Some(self.daemon.version.clone()),
            started_at: self.wall(self.daemon.started),
            reconfigured_at: self.wall(self.daemon.reconfigured),
            error: None,
        }
    }

    /// A protocol by its name, if details of it were asked.
    #[must_use]
    pub fn protocol(&self, name: &str) -> Option<&Protocol> {
        self.protocols.get(*self.by_name.get(name)?)
    }

    /// The BFD session with a neighbour.
    #[must_use]
    pub fn bfd(&self, neighbor: IpAddr) -> Option<&BfdSession> {
        self.bfd.get(*self.by_address.get(&neighbor)?)
    }

    /// A protocol as far as announcements are concerned.
    #[must_use]
    pub fn seen(&self, name: &str) -> Seen {
        let detailed = || self.protocol(name).map(|protocol| protocol.state);
        match self.states.get(name).copied().or_else(detailed) {
            None => Seen::Missing,
            Some(ProtocolState::Up) => Seen::Up,
            Some(ProtocolState::Down) => Seen::Down,
            Some(
                ProtocolState::Start
                | ProtocolState::Stop
                | ProtocolState::Flush
                | ProtocolState::Other,
            ) => Seen::Changing,
        }
    }

    /// A session, without what only a daemon that watches it can know.
    #[must_use]
    pub fn session(&self, known: Known<'_>) -> Session {
        let Some(protocol) = self.protocol(known.name) else {
            return nameless(known, "Missing");
        };
        let word = match protocol.session_word() {
            "" => "Down",
            word => word,
        };
        let bfd = self.bfd(known.remote);
        Session {
            since: self.wall(protocol.since),
            bfd: bfd.map(|bfd| bfd.state.to_string()),
            last_error: protocol.last_error().map(ToString::to_string),
            limit_hit: protocol.limit_hit(),
            message: protocol.message.clone(),
            limits: limits(protocol),
            routes: routes(protocol),
            ..nameless(known, word)
        }
    }
}

/// A session of which BIRD says nothing.
#[must_use]
pub fn unknown(known: Known<'_>) -> Session {
    nameless(known, "Unknown")
}

fn nameless(known: Known<'_>, state: &str) -> Session {
    Session {
        name: known.name.to_owned(),
        neighbor: known.remote.to_string(),
        asn: known.asn,
        state: state.to_owned(),
        since: None,
        bfd: None,
        last_error: None,
        limit_hit: false,
        message: None,
        hint: None,
        limits: Vec::new(),
        routes: None,
        flaps: Flaps::default(),
    }
}

fn limits(protocol: &Protocol) -> Vec<status::Limit> {
    let limits = protocol.channels.iter().flat_map(Channel::limits);
    let limit = |(kind, limit): (LimitKind, &Limit)| {
        Some(status::Limit {
            direction: kind.word().to_owned(),
            max: limit.max?,
            action: limit.action?.word().to_owned(),
            hit: limit.hit,
        })
    };
    limits.filter_map(limit).collect()
}

/// Of all channels together. What BIRD does not count is not zero.
fn routes(protocol: &Protocol) -> Option<status::Routes> {
    let channels = protocol.channels.iter();
    let counted: Vec<Routes> = channels.filter_map(|channel| channel.routes).collect();
    let sum = |count: fn(&Routes) -> Option<u64>| {
        let counts: Vec<u64> = counted.iter().filter_map(count).collect();
        (!counts.is_empty()).then(|| counts.into_iter().fold(0, u64::saturating_add))
    };
    Some(status::Routes {
        imported: sum(|routes| routes.imported)?,
        exported: sum(|routes| routes.exported)?,
        filtered: sum(|routes| routes.filtered),
    })
}
