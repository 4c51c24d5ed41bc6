//! A neighbour and its sessions, validated.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::model::{
    Asn, Community, CredentialName, Family, LargeCommunity, NeighborName, Period, ProtocolName,
    ServiceName, VariableName,
};

/// A BGP neighbour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbor {
    /// The key in the file.
    pub name: NeighborName,
    /// Its AS number; our own makes it iBGP.
    pub asn: Asn,
    /// At least one; `local` and `remote` are of one family and differ.
    pub sessions: Vec<Session>,
    /// Where the MD5 password (RFC 2385) of all sessions is.
    pub password: Option<PasswordSource>,
    /// BFD on all sessions.
    pub bfd: bool,
    /// Hold time in whole seconds, at least 3 (RFC 4271, 4.2); keepalive is a third.
    pub hold_time: Option<Period>,
    /// TTL of a neighbour that is not directly connected, 1 to 255.
    pub multihop: Option<u8>,
    /// GTSM (RFC 5082).
    pub ttl_security: bool,
    /// What we are to the neighbour (RFC 9234); on eBGP only.
    pub role: Option<LocalRole>,
    /// Whether we wait for the neighbour to connect.
    pub passive: bool,
    /// The neighbour's TCP port; 179 where absent.
    pub port: Option<u16>,
    /// Graceful restart (RFC 4724).
    pub graceful_restart: GracefulRestart,
    /// What is taken from the neighbour.
    pub import: Import,
    /// Limits on the number of routes.
    pub limits: Limits,
    /// The only services that are announced to it; `None`: all.
    pub services: Option<BTreeSet<ServiceName>>,
    /// Added to every announcement.
    pub communities: Vec<Community>,
    /// Added to every announcement.
    pub large_communities: Vec<LargeCommunity>,
    /// Prepends our AS number so many times, 0 to 10; 0 on iBGP, where it would be a loop.
    pub prepend: u8,
    /// `LOCAL_PREF` of every announcement; on iBGP only.
    pub local_pref: Option<u32>,
    /// How a drained service looks to this neighbour.
    pub drain: Drain,
}

impl Neighbor {
    /// The sessions of one family.
    pub fn sessions_of(&self, family: Family) -> impl Iterator<Item = &Session> {
        let own = move |session: &&Session| session.family() == family;
        self.sessions.iter().filter(own)
    }

    /// The sessions with the names of their BGP protocols.
    pub fn named_sessions(&self) -> impl Iterator<Item = (String, &Session)> {
        self.sessions.iter().enumerate().map(|(position, session)| {
            let earlier = &self.sessions[..position];
            let index = earlier
                .iter()
                .filter(|other| other.family() == session.family())
                .count();
            let name = session.by_hand.as_ref().map_or_else(
                || self.name.protocol(session.family(), index),
                ToString::to_string,
            );
            (name, session)
        })
    }

    /// Whether a service is announced to this neighbour.
    #[must_use]
    pub fn gets(&self, service: &ServiceName) -> bool {
        let services = self.services.as_ref();
        services.is_none_or(|services| services.contains(service))
    }
}

/// Where a password is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordSource {
    /// A file whose only line it is.
    File(PathBuf),
    /// A systemd credential: a file in `$CREDENTIALS_DIRECTORY`.
    Credential(CredentialName),
    /// An environment variable.
    Environment(VariableName),
}

impl PasswordSource {
    /// The key that names it.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::File(_) => "password_file",
            Self::Credential(_) => "password_credential",
            Self::Environment(_) => "password_env",
        }
    }
}

/// The two ends of a session, of one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Our address.
    pub local: IpAddr,
    /// The neighbour's address.
    pub remote: IpAddr,
    /// The BGP protocol, if it is written by hand instead of rendered.
    pub by_hand: Option<ProtocolName>,
}

impl Session {
    /// The family of both addresses.
    #[must_use]
    pub fn family(&self) -> Family {
        Family::of(self.remote)
    }
}

/// Our role, and how much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalRole {
    /// Our role.
    pub role: Role,
    /// Whether a neighbour that does not say its own is refused.
    pub required: bool,
}

/// What we are to a neighbour (RFC 9234, section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It buys transit from us.
    Provider,
    /// We buy transit from it.
    Customer,
    /// Neither.
    Peer,
    /// A route server.
    RsServer,
    /// A client of a route server.
    RsClient,
}

/// Graceful restart (RFC 4724).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GracefulRestart {
    /// Keep the neighbour's routes while it restarts.
    Aware,
    /// Also ask it to keep ours: traffic to a dead node, unless BFD tells the neighbour.
    Full,
    /// Neither.
    None,
}

/// What is taken from a neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Import {
    /// Nothing.
    None,
    /// `0.0.0.0/0` or `::/0`.
    DefaultRoute,
}

/// Limits on routes of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Routes that the neighbour sends; `max` is set.
    pub receive: Option<Limit>,
    /// Routes taken from the neighbour; `max` is set.
    pub import: Limit,
    /// Routes given to the neighbour.
    pub export: Limit,
}

/// One limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// At most so many; `None` on export stands for four times our own prefixes of the family, a net
    /// against a filter that lets out too much.
    pub max: Option<u32>,
    /// What BIRD does at the limit.
    pub action: LimitAction,
}

/// What BIRD does at a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitAction {
    /// Logs it.
    Warn,
    /// Drops what is over the limit and keeps the session.
    Block,
    /// Restarts the session; BIRD 3 gives up after a few times and disables it (measured, 3.1.7 and 3.4.0).
    Restart,
    /// Ends the session until somebody enables it.
    Disable,
}

/// How a drained service looks to a neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drain {
    /// Adds `GRACEFUL_SHUTDOWN`, 65535:0, and sets `LOCAL_PREF` to 0 on iBGP (RFC 8326).
    pub graceful_shutdown: bool,
    /// Prepends our AS number so many times, 0 to 10; 0 on iBGP.
    pub prepend: u8,
}
