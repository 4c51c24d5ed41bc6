//! The configuration: YAML in, a [`Config`] that holds no nonsense out, or every finding at once.
//!
//! ```text
//! text -> tree (positions) -> spec (as typed) -> validate -> Config | findings
//! ```
//!
//! Nothing here reads a file: callers hand in the text. The format is version 1; its keys are those of
//! the fields below, and README.md shows them with their defaults.

mod targets;

pub use targets::Target;
mod diagnostic;
mod parse;
mod reader;
mod report;
mod source;
mod spec;
mod tree;
mod validate;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::SMALLEST;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

pub use diagnostic::{Diagnostics, Finding, Record, Related, Severity};
pub use parse::Parsed;
pub use source::{Position, Source};

use crate::dns::{Expectation, Question, Transport};
use crate::model::{
    Asn, BirdVersion, Community, Family, NeighborName, Period, Prefix, ServiceName,
};

/// A whole configuration, validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// This node.
    pub node: Node,
    /// The BIRD beside us.
    pub bird: Bird,
    /// Timers of all BFD sessions.
    pub bfd: Bfd,
    /// The services, in the order of the file. No prefix stands in two of them.
    pub services: Vec<Service>,
    /// The BGP neighbours, in the order of the file. No address stands in two of them.
    pub neighbors: Vec<Neighbor>,
    /// The daemon's own behaviour.
    pub daemon: Daemon,
}

/// Who this node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// A name for people, in status and logs.
    pub name: String,
    /// Our AS number.
    pub asn: Asn,
    /// BGP identifier, never guessed: BIRD dies without one on a host that has no IPv4 address.
    pub router_id: Ipv4Addr,
}

/// Where BIRD is and what it understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bird {
    /// The oldest release that the rendered file must load on, without even a warning.
    pub version: BirdVersion,
    /// BIRD's control socket.
    pub socket: PathBuf,
    /// Where the rendered configuration is installed.
    pub config: PathBuf,
    /// Where the rendered secrets are installed.
    pub secrets: PathBuf,
    /// Directory of the intent files.
    pub intent_dir: PathBuf,
    /// The program `bird`, a path or a name to look up.
    pub binary: PathBuf,
    /// Where BIRD logs to.
    pub log: BirdLog,
}

impl Bird {
    /// The intent file of a static protocol: while it says `disabled off;`, BIRD announces.
    #[must_use]
    pub fn intent_file(&self, protocol: &str) -> PathBuf {
        self.intent_dir.join(format!("{protocol}.conf"))
    }
}

/// BIRD's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BirdLog {
    /// `log syslog all;`
    Syslog,
    /// `log "/path" all;`
    File(PathBuf),
}

/// BFD timers (RFC 5880): a neighbour is down after `interval` x `multiplier` of silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bfd {
    /// Between packets, both ways; 10 ms to 10 s.
    pub interval: Period,
    /// Packets missed, 1 to 255.
    pub multiplier: u8,
}

/// A service: prefixes that are announced while its checks pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The key in the file.
    pub name: ServiceName,
    /// At least one, none twice, none in another service.
    pub prefixes: Vec<Prefix>,
    /// Added to every announcement.
    pub communities: Vec<Community>,
    /// Announce a family only while the host has an address within each of its prefixes.
    pub require_address: bool,
    /// When probes are sent and how long they may take.
    pub timing: Timing,
    /// How many verdicts make a change.
    pub thresholds: Thresholds,
    /// At least one; names unique within the service.
    pub checks: Vec<Check>,
}

impl Service {
    /// The prefixes of one family, in the order of the file.
    pub fn prefixes_of(&self, family: Family) -> impl Iterator<Item = Prefix> {
        self.prefixes
            .iter()
            .copied()
            .filter(move |prefix| prefix.family() == family)
    }

    /// The families in which this service has a prefix, IPv4 first.
    pub fn families(&self) -> impl Iterator<Item = Family> {
        Family::ALL
            .into_iter()
            .filter(|family| self.prefixes_of(*family).next().is_some())
    }
}

/// When probes are sent. `fast_interval <= interval`, and `timeout < daemon.stale_after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Between probes.
    pub interval: Period,
    /// Between probes while an announced service looks bad.
    pub fast_interval: Period,
    /// How long one probe may take. Probes overlap, so a hang costs one timeout and not `fall` of them.
    pub timeout: Period,
}

/// How many verdicts make a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Consecutive failures that make a service unhealthy; at least 1.
    pub fall: u32,
    /// Consecutive passes that make it healthy; at least 1.
    pub rise: u32,
    /// Or so many failures among the last verdicts: catches the server that fails two times in three.
    pub window: Option<Window>,
}

/// `failures` of the last `size` verdicts; `1 <= failures <= size <= 1000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many verdicts are remembered.
    pub size: u32,
    /// How many failures among them make a service unhealthy.
    pub failures: u32,
}

/// One check of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The name in the file, or `dns-1`, `dns-2` … in the order of the file.
    pub name: String,
    /// What is checked.
    pub kind: CheckKind,
}

/// The kinds of check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckKind {
    /// `dns: {…}`
    Dns(DnsCheck),
}

/// A DNS question, whom it goes to and what has to come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsCheck {
    /// The server's address; `None` asks each of the service's own host addresses, and each such probe
    /// then decides on its own family only. A named server decides on both families.
    pub server: Option<IpAddr>,
    /// The server's port.
    pub port: u16,
    /// UDP or TCP.
    pub transport: Transport,
    /// What is asked.
    pub question: Question,
    /// What has to come back.
    pub expect: Expectation,
}

/// A BGP neighbour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbor {
    /// The key in the file.
    pub name: NeighborName,
    /// Its AS number, never our own.
    pub asn: Asn,
    /// At least one; `local` and `remote` are of one family and differ.
    pub sessions: Vec<Session>,
    /// A file whose first line is the MD5 password (RFC 2385) of all sessions.
    pub password_file: Option<PathBuf>,
    /// BFD on all sessions.
    pub bfd: bool,
    /// Hold time in whole seconds, at least 3 (RFC 4271, 4.2); keepalive is a third.
    pub hold_time: Option<Period>,
    /// TTL of a neighbour that is not directly connected, 1 to 255.
    pub multihop: Option<u8>,
    /// Limits on the number of routes.
    pub limits: Limits,
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
            (self.name.protocol(session.family(), index), session)
        })
    }
}

/// The two ends of a session, of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Our address.
    pub local: IpAddr,
    /// The neighbour's address.
    pub remote: IpAddr,
}

impl Session {
    /// The family of both addresses.
    #[must_use]
    pub fn family(&self) -> Family {
        Family::of(self.remote)
    }
}

/// Limits on routes of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
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
    /// Drops what is over the limit and keeps the session.
    Block,
    /// Restarts the session.
    Restart,
}

/// How a drained service looks to a neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drain {
    /// Adds `GRACEFUL_SHUTDOWN`, 65535:0 (RFC 8326).
    pub graceful_shutdown: bool,
    /// Prepends our AS number so many times, 0 to 10.
    pub prepend: u8,
}

/// The daemon's own behaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daemon {
    /// Our control socket.
    pub control: PathBuf,
    /// What SIGTERM and SIGINT do to announcements.
    pub on_stop: OnStop,
    /// How long a check may go without a verdict before its service counts as unhealthy.
    pub stale_after: Period,
}

/// What a stop does to announcements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnStop {
    /// Takes every service out.
    Withdraw,
    /// Leaves everything as it is.
    Hold,
}
