//! A BGP session as BIRD shows it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::model::Prefix;

/// The state of a session: those of RFC 4271, 8.2.2, and BIRD's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionState {
    /// Waits: for the end of a pause after an error, for the link, for its turn.
    Idle,
    /// A TCP connection is being made.
    Connect,
    /// Between two attempts, or the neighbour may call.
    Active,
    /// The own OPEN is sent.
    OpenSent,
    /// The neighbour's OPEN is accepted.
    OpenConfirm,
    /// Routes are exchanged.
    Established,
    /// The connection is being closed.
    Close,
    /// Only the neighbour may call.
    Passive,
    /// The protocol is down.
    Down,
}

impl SessionState {
    const ALL: [Self; 9] = [
        Self::Established,
        Self::Idle,
        Self::Active,
        Self::Connect,
        Self::OpenSent,
        Self::OpenConfirm,
        Self::Passive,
        Self::Close,
        Self::Down,
    ];

    /// BIRD's word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Idle => "Idle",
            Self::Connect => "Connect",
            Self::Active => "Active",
            Self::OpenSent => "OpenSent",
            Self::OpenConfirm => "OpenConfirm",
            Self::Established => "Established",
            Self::Close => "Close",
            Self::Passive => "Passive",
            Self::Down => "Down",
        }
    }

    /// The state of this name.
    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A BGP session. What BIRD did not say is `None`: it shows a session's details only while there is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bgp {
    /// Its state.
    pub state: Option<SessionState>,
    /// The neighbour.
    pub neighbor_address: Option<NeighborAddress>,
    /// Instead of an address: every neighbour in here gets a session of its own (`neighbor range`).
    pub neighbor_range: Option<Prefix>,
    /// The neighbour's TCP port where it is not 179.
    pub neighbor_port: Option<u16>,
    /// The neighbour's autonomous system.
    pub neighbor_as: Option<u32>,
    /// The own autonomous system.
    pub local_as: Option<u32>,
    /// The neighbour's BGP identifier.
    pub neighbor_id: Option<Ipv4Addr>,
    /// The own address of the connection.
    pub source_address: Option<IpAddr>,
    /// What kind of session it is, in BIRD's words: `internal multihop route-reflector AS4`.
    pub session: Option<String>,
    /// What this side offered.
    pub local_capabilities: Option<Capabilities>,
    /// What the neighbour offered.
    pub neighbor_capabilities: Option<Capabilities>,
    /// The neighbour is gone, and its routes are kept until it is back (RFC 4724).
    pub neighbor_graceful_restart: bool,
    /// Until the session is given up for want of messages.
    pub hold_timer: Option<Timer>,
    /// Until the next keepalive is sent.
    pub keepalive_timer: Option<Timer>,
    /// Until the session is given up because the neighbour takes nothing (RFC 9687); since 2.15.
    pub send_hold_timer: Option<Timer>,
    /// How long BIRD still waits after an error before it tries again.
    pub error_wait: Option<Timer>,
    /// Until the next attempt to connect.
    pub connect_delay: Option<Timer>,
    /// Until the routes of a neighbour in graceful restart are given up.
    pub restart_timer: Option<Timer>,
    /// Bytes that wait to be sent; BIRD 3 only.
    pub pending_bytes: Option<u64>,
    /// The packets of its connection that are signed with TCP-AO; since 2.17.
    pub tcp_ao: Option<Authentication>,
    /// What went wrong last. BIRD forgets it when the session is established, and replaces it with every attempt.
    pub last_error: Option<LastError>,
}

/// Where the neighbour is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeighborAddress {
    /// Its address.
    pub address: IpAddr,
    /// The interface, where the configuration names one or the address is link-local.
    pub interface: Option<String>,
    /// The configuration says that it is on this link; BIRD says so since 2.18.
    pub on_link: bool,
}

/// What one side of a session offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// What it offers, in BIRD's order.
    pub offered: Vec<Capability>,
    /// The address families, by BIRD's names: `ipv4`, `ipv6`.
    pub families: Vec<String>,
    /// How long the other side shall wait after a restart (RFC 4724).
    pub restart_time: Option<Duration>,
    /// How long it may keep stale routes (RFC 9494).
    pub stale_time: Option<Duration>,
    /// The role (RFC 9234).
    pub role: Option<String>,
    /// The name that it gives itself.
    pub hostname: Option<String>,
}

/// A capability that is offered without more words (RFC 5492).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Several address families (RFC 4760).
    Multiprotocol,
    /// Routes are sent again on demand (RFC 2918).
    RouteRefresh,
    /// IPv4 routes with IPv6 next hops (RFC 8950).
    ExtendedNextHop,
    /// Messages of up to 65,535 bytes (RFC 8654).
    ExtendedMessage,
    /// Routes are kept while it restarts (RFC 4724).
    GracefulRestart,
    /// Autonomous systems of 32 bits (RFC 6793).
    FourOctetAs,
    /// Several routes of a prefix (RFC 7911).
    AddPath,
    /// Routes are sent again, with marks of begin and end (RFC 7313).
    EnhancedRefresh,
    /// Routes are kept for longer (RFC 9494).
    LongLivedGracefulRestart,
}

impl Capability {
    /// The capability of this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "Multiprotocol" => Self::Multiprotocol,
            "Route refresh" => Self::RouteRefresh,
            "Extended next hop" => Self::ExtendedNextHop,
            "Extended message" => Self::ExtendedMessage,
            "Graceful restart" => Self::GracefulRestart,
            "4-octet AS numbers" => Self::FourOctetAs,
            "ADD-PATH" => Self::AddPath,
            "Enhanced refresh" => Self::EnhancedRefresh,
            "Long-lived graceful restart" => Self::LongLivedGracefulRestart,
            _ => return None,
        })
    }
}

/// What TCP-AO has counted (RFC 5925).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Authentication {
    /// Packets with a good signature.
    pub good_packets: Option<u64>,
    /// Packets with a bad one.
    pub bad_packets: Option<u64>,
}

/// A timer that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// What is left of it; zero if it is overdue.
    pub remaining: Duration,
    /// Its whole length, where BIRD says it.
    pub of: Option<Duration>,
}

/// The last error of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastError {
    /// Whose it is.
    pub class: ErrorClass,
    /// BIRD's words, without the class.
    pub text: String,
}

/// Where an error comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// BIRD itself noticed it: a link or BFD session that is down.
    Error,
    /// The system refused or closed the connection.
    Socket,
    /// The neighbour sent a NOTIFICATION.
    Received,
    /// We sent a NOTIFICATION.
    Sent,
    /// A limit shut the protocol down.
    AutomaticShutdown,
    /// A class that no known release uses: the text has it, too.
    Other,
}

impl ErrorClass {
    /// What BIRD writes before the text; empty for [`ErrorClass::Other`].
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "Error",
            Self::Socket => "Socket",
            Self::Received => "Received",
            Self::Sent => "BGP Error",
            Self::AutomaticShutdown => "Automatic shutdown",
            Self::Other => "",
        }
    }

    fn of(word: &str) -> Option<Self> {
        use ErrorClass::{AutomaticShutdown, Error, Received, Sent, Socket};
        let all = [Error, Socket, Received, Sent, AutomaticShutdown];
        all.into_iter().find(|class| class.word() == word)
    }
}

impl LastError {
    /// Reads `BGP Error: Bad peer AS`; `None` if there is no text.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (class, text) = match text.split_once(": ") {
            Some((class, rest)) => match ErrorClass::of(class) {
                Some(class) => (class, rest),
                None => (ErrorClass::Other, text),
            },
            None => (ErrorClass::Other, text),
        };
        let text = text.trim();
        (!text.is_empty()).then(|| Self {
            class,
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for LastError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.class.word() {
            "" => f.write_str(&self.text),
            class => write!(f, "{class}: {}", self.text),
        }
    }
}
