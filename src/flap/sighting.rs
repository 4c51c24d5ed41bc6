//! What BIRD shows of one session at one look, and what the next look says of it.

use std::time::Duration;

use super::cause::explains;
use super::{Moment, is_up};
use crate::bird::table::{
    BfdSession, BfdState, Channel, ErrorClass, LastError, LimitAction, LimitKind, LocalTime,
    Protocol, ProtocolState, RouteChanges, SessionState,
};

/// One session at one look.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sighting {
    /// The session's state; `None`: BIRD does not know the protocol.
    pub state: Option<SessionState>,
    /// When the protocol's state began: `up` with Established, `start` for all that is on the way there.
    pub since: Moment,
    /// What each channel has counted since it started.
    pub counters: Vec<ChannelCounters>,
    /// What BIRD gives as last error. It is none while the session is established.
    pub last_error: Option<LastError>,
    /// The words of whoever shut it down.
    pub message: Option<String>,
    /// The limit that is hit and ends the session: `import limit 3`.
    pub limit: Option<String>,
    /// The neighbour is gone, and its routes are kept until it is back (RFC 4724).
    pub neighbor_restarts: bool,
    /// The BFD session with the neighbour; `None`: there is none.
    pub bfd: Option<BfdSighting>,
}

/// One BFD session at one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BfdSighting {
    /// Its state.
    pub state: BfdState,
    /// When that began.
    pub since: Moment,
}

/// What a channel has counted since it started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelCounters {
    /// The channel.
    pub channel: String,
    /// Updates and withdrawals that were imported, and those that were exported.
    pub counts: [Option<u64>; 4],
}

impl ChannelCounters {
    fn of(channel: &Channel) -> Option<Self> {
        let changes: RouteChanges = channel.changes?;
        Some(Self {
            channel: channel.name.clone(),
            counts: [
                changes.import_updates.received,
                changes.import_withdraws.received,
                changes.export_updates.received,
                changes.export_withdraws.received,
            ],
        })
    }

    fn ran_backwards(&self, later: &Self) -> bool {
        let mut counts = self.counts.iter().zip(later.counts);
        self.channel == later.channel
            && counts
                .any(|(earlier, later)| matches!((earlier, later), (Some(e), Some(l)) if l < *e))
    }
}

impl Sighting {
    /// What BIRD showed of a session when its clock was at `now`.
    #[must_use]
    pub fn of(
        protocol: Option<&Protocol>,
        bfd: Option<&BfdSession>,
        now: Option<LocalTime>,
    ) -> Self {
        let bfd = bfd.map(|bfd| BfdSighting {
            state: bfd.state.clone(),
            since: Moment::of(bfd.since, now),
        });
        let Some(protocol) = protocol else {
            return Self {
                bfd,
                ..Self::default()
            };
        };
        let state = match (protocol.state, protocol.session_state()) {
            (ProtocolState::Down, _) | (_, None) => SessionState::Down,
            (_, Some(state)) => state,
        };
        let channels = protocol.channels.iter();
        Self {
            state: Some(state),
            since: Moment::of(protocol.since, now),
            counters: channels.clone().filter_map(ChannelCounters::of).collect(),
            last_error: protocol.last_error().cloned(),
            message: protocol.message.clone(),
            limit: channels.flat_map(Channel::limits).find_map(fatal_limit),
            neighbor_restarts: protocol
                .bgp
                .as_ref()
                .is_some_and(|bgp| bgp.neighbor_graceful_restart),
            bfd,
        }
    }

    /// Whether routes are exchanged.
    #[must_use]
    pub fn is_established(&self) -> bool {
        self.state == Some(SessionState::Established)
    }

    /// The state's name.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.state.map_or("Missing", SessionState::word)
    }

    /// How it is known that this established session is gone, given what was seen `elapsed` later.
    pub(super) fn lost(&self, later: &Self, elapsed: Duration) -> Option<String> {
        if !self.is_established() {
            return None;
        }
        if !later.is_established() {
            return Some(format!("Established, then {}", later.word()));
        }
        match later.since.began_after(self.since, elapsed) {
            Some(true) => Some(format!(
                "Established, and again since {}",
                seconds(later.since)
            )),
            Some(false) => None,
            None => self
                .counters_ran_backwards(later)
                .then(|| "Established, and its counters began anew".to_owned()),
        }
    }

    fn counters_ran_backwards(&self, later: &Self) -> bool {
        let mut counters = self.counters.iter();
        counters.any(|counter| later.counters.iter().any(|new| counter.ran_backwards(new)))
    }

    /// The same for the BFD session. One that disappears was no longer wanted, and `AdminDown` is on purpose.
    pub(super) fn bfd_lost(&self, later: &Self, elapsed: Duration) -> Option<String> {
        let earlier = self.bfd.as_ref().filter(|bfd| is_up(Some(bfd)))?;
        let later = later.bfd.as_ref()?;
        match &later.state {
            BfdState::Up => (later.since.began_after(earlier.since, elapsed) == Some(true))
                .then(|| format!("BFD Up, and again since {}", seconds(later.since))),
            BfdState::AdminDown => None,
            state @ (BfdState::Down | BfdState::Init | BfdState::Other(_)) => {
                Some(format!("BFD Up, then {state}"))
            }
        }
    }

    /// Whether the state of the BFD session began with the configuration that BIRD read so long ago.
    pub(super) fn bfd_began_with(&self, reconfigured: Option<Duration>) -> bool {
        let bfd = self.bfd.as_ref();
        bfd.zip(reconfigured)
            .is_some_and(|(bfd, ago)| bfd.since.is_not_before(ago))
    }

    /// Why the loss that this sighting shows is no flap. `reconfigured`: how long ago BIRD read its
    /// configuration, if that was since the session was last seen.
    pub(super) fn on_purpose(&self, reconfigured: Option<Duration>) -> Option<&'static str> {
        if self.state.is_none() {
            return Some("BIRD's configuration no longer has it");
        }
        if self.last_error.as_ref().is_some_and(explains) {
            return None;
        }
        if reconfigured.is_some_and(|ago| self.since.is_not_before(ago)) {
            return Some("reconfiguration");
        }
        match (self.state, &self.last_error) {
            (Some(SessionState::Established), _) | (_, Some(_)) => None,
            (Some(SessionState::Down), None) => Some("shut down here"),
            (_, None) => Some("restarted or shut down here"),
        }
    }

    /// BIRD's last error in its own words.
    pub(super) fn error_text(&self) -> Option<String> {
        self.last_error.as_ref().map(ToString::to_string)
    }

    /// Whether a limit shut the protocol down.
    pub(super) fn is_limited(&self) -> bool {
        let error = self.last_error.as_ref();
        error.is_some_and(|error| error.class == ErrorClass::AutomaticShutdown)
    }
}

/// A limit whose action ends the session, if it is hit.
fn fatal_limit((kind, limit): (LimitKind, &crate::bird::table::Limit)) -> Option<String> {
    let ends = matches!(
        limit.action,
        Some(LimitAction::Restart | LimitAction::Disable)
    );
    let max = limit.max.map_or_else(String::new, |max| format!(" {max}"));
    (limit.hit && ends).then(|| format!("{} limit{max}", kind.word()))
}

fn seconds(moment: Moment) -> String {
    moment.age().map_or_else(
        || "then".to_owned(),
        |age| format!("{:.1} s", age.as_secs_f64()),
    )
}
