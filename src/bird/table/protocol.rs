//! A protocol of BIRD's as `show protocols all` tells of it.

use std::net::Ipv4Addr;

use super::{Bgp, Channel, LastError, LocalTime, SessionState};

/// The state of a protocol as such, not of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProtocolState {
    /// Disabled, or shut down by a limit.
    Down,
    /// On its way up.
    Start,
    /// Working.
    Up,
    /// On its way down.
    Stop,
    /// On its way down: its routes are being removed.
    Flush,
    /// A word that no known release uses.
    Other,
}

impl ProtocolState {
    pub(super) fn of(word: &str) -> Self {
        match word {
            "down" => Self::Down,
            "start" => Self::Start,
            "up" => Self::Up,
            "stop" => Self::Stop,
            "flush" => Self::Flush,
            _ => Self::Other,
        }
    }
}

/// One protocol. What BIRD did not say is `None`, never zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protocol {
    /// Its name.
    pub name: String,
    /// BGP, Static, …
    pub kind: String,
    /// The table of its only channel; `None` for a protocol without one, or with several, and for every BGP.
    pub table: Option<String>,
    /// Its state.
    pub state: ProtocolState,
    /// When the state last changed; `None` in a time format that nobody can read.
    pub since: Option<LocalTime>,
    /// BIRD's words on the state, which depend on the kind: `Established`, `Running`, `master4 <=> t4`.
    pub info: String,
    /// What the configuration says of it.
    pub description: Option<String>,
    /// Why it was switched off or on: the words of whoever did it, here or at the neighbour (RFC 9003).
    pub message: Option<String>,
    /// Where it is not that of the daemon.
    pub router_id: Option<Ipv4Addr>,
    /// The VRF it is confined to.
    pub vrf: Option<String>,
    /// When it was created; BIRD 3 only.
    pub created: Option<LocalTime>,
    /// When it last restarted by itself; BIRD 3 only.
    pub restarted: Option<LocalTime>,
    /// Its session, for every protocol of the kind BGP.
    pub bgp: Option<Bgp>,
    /// Its channels, in BIRD's order.
    pub channels: Vec<Channel>,
    /// Lines that were not understood, without their indentation, and `<line overflow>` for each that was too long for
    /// BIRD to send.
    pub unknown: Vec<String>,
}

impl Protocol {
    /// The session's state; `None` for other kinds.
    #[must_use]
    pub fn session_state(&self) -> Option<SessionState> {
        self.bgp.as_ref()?.state
    }

    /// The session's state as BIRD calls it; empty for other kinds and for a session that is shut down.
    #[must_use]
    pub fn session_word(&self) -> &'static str {
        match self.session_state() {
            None | Some(SessionState::Down) => "",
            Some(state) => state.word(),
        }
    }

    /// What BIRD gives as the session's last error.
    #[must_use]
    pub fn last_error(&self) -> Option<&LastError> {
        self.bgp.as_ref()?.last_error.as_ref()
    }

    /// Whether BIRD marks a limit of any channel as hit.
    #[must_use]
    pub fn limit_hit(&self) -> bool {
        let mut limits = self.channels.iter().flat_map(Channel::limits);
        limits.any(|(_, limit)| limit.hit)
    }
}
