//! The configuration: YAML in, a [`Config`] that holds no nonsense out, or every finding at once.
//!
//! ```text
//! texts -> tree (positions) -> spec (as typed) -> validate -> Config | findings
//! ```
//!
//! Nothing here reads a file: callers hand in the texts. The format is version 1; its keys are those of
//! the fields below, and README.md shows them with their defaults.

mod check;
mod connection;
pub mod defaults;
mod diagnostic;
mod dns;
mod draft;
mod flap;
mod host;
mod local;
mod neighbor;
mod parse;
mod pattern;
mod reader;
mod remote;
mod report;
mod schema;
mod service;
mod source;
mod spec;
mod targets;
mod tls;
mod tree;
mod validate;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::SMALLEST;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

pub use check::{Check, CheckKind, Families, Group, Member, Need, OnFailure, Parts, Quorum};
pub use connection::{Channel, Connection, InvalidUrlPath, Origin, UrlPath};
pub use diagnostic::{Diagnostics, Finding, Record, Related, Severity};
pub use dns::DnsCheck;
pub use draft::{Draft, Include};
pub use flap::{Flap, FlapAction};
pub use host::Host;
pub use local::{
    Argument, ExecCheck, ExitCodes, FileCheck, LONGEST_ARGUMENT, ProcessCheck, RESERVED, Variable,
};
pub use neighbor::{
    Drain, GracefulRestart, Import, Limit, LimitAction, Limits, LocalRole, Neighbor,
    PasswordSource, Role, Session,
};
pub use parse::Parsed;
pub use pattern::{InvalidPattern, Pattern};
pub use remote::{HttpCheck, InvalidStatusCodes, InvalidUrl, StatusCodes, TcpCheck, Url};
pub use schema::{included_schema, schema};
pub use service::{ByHand, Damping, Discard, Route, Service, Thresholds, Timing, Twins, Window};
pub use source::{Position, Source, Sources};
pub use targets::{Subject, Target};
pub use tls::{Tls, Trust};

use crate::model::{Asn, BirdVersion, Family, GroupName, Period, Prefix};

/// A whole configuration, validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// This node.
    pub node: Node,
    /// The BIRD beside us.
    pub bird: Bird,
    /// Timers of all BFD sessions.
    pub bfd: Bfd,
    /// What BIRD writes into the kernel's routing table.
    pub kernel: Kernel,
    /// The services, in the order of the files. No prefix stands in two of them.
    pub services: Vec<Service>,
    /// The BGP neighbours, in the order of the files. No address stands in two of them.
    pub neighbors: Vec<Neighbor>,
    /// When a session counts as flapping.
    pub flap: Flap,
    /// The daemon's own behaviour.
    pub daemon: Daemon,
    /// What the host files need to know of the host.
    pub host: Host,
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
    /// Files that BIRD reads after everything else, absolute.
    pub include: Vec<PathBuf>,
    /// Between two questions about its state; 100 ms to 10 s.
    pub poll_interval: Period,
}

/// A prefix that is to go out over a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Whose prefix it is: a position in [`Config::services`].
    pub service: usize,
    /// The prefix.
    pub prefix: Prefix,
    /// The BGP protocol.
    pub session: String,
}

impl Config {
    /// The static protocols of every service and family: that which announces in full, and its drained twin.
    pub fn protocols(&self) -> impl Iterator<Item = [String; 2]> {
        self.services.iter().flat_map(|service| {
            let families = service.families();
            families.map(|family| service.protocols(family))
        })
    }

    /// Every prefix at every session of its family with a neighbour that is to get it: by service, family,
    /// prefix and session, each in the order of the file.
    #[must_use]
    pub fn announcements(&self) -> Vec<Announcement> {
        let mut announcements = Vec::new();
        for (service, spec) in self.services.iter().enumerate() {
            let neighbors = self.neighbors.iter();
            let neighbors = neighbors.filter(|neighbor| neighbor.gets(&spec.name));
            let sessions: Vec<_> = neighbors.flat_map(Neighbor::named_sessions).collect();
            for family in spec.families() {
                for prefix in spec.prefixes_of(family) {
                    let own = sessions.iter();
                    let own = own.filter(|(_, session)| session.family() == family);
                    announcements.extend(own.map(|(session, _)| Announcement {
                        service,
                        prefix,
                        session: session.clone(),
                    }));
                }
            }
        }
        announcements
    }

    /// Whether a neighbour is in our own AS.
    #[must_use]
    pub fn is_internal(&self, neighbor: &Neighbor) -> bool {
        neighbor.asn == self.node.asn
    }
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

/// What BIRD writes into the kernel's routing table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel {
    /// Which routes.
    pub export: KernelExport,
    /// At most so many next hops for one route (ECMP), 2 to 255; `None`: one.
    pub ecmp: Option<u8>,
    /// The source address of packets that this host sends by exported IPv4 routes.
    pub preferred_source_v4: Option<Ipv4Addr>,
    /// The same for IPv6.
    pub preferred_source_v6: Option<Ipv6Addr>,
}

impl Kernel {
    /// The source address of one family.
    #[must_use]
    pub fn preferred_source(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.preferred_source_v4.map(IpAddr::V4),
            Family::V6 => self.preferred_source_v6.map(IpAddr::V6),
        }
    }
}

/// Which routes BIRD writes into the kernel's routing table. The anycast routes are never among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelExport {
    /// Those that were imported from neighbours.
    Bgp,
    /// None.
    None,
}

/// The daemon's own behaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daemon {
    /// Our control socket.
    pub control: PathBuf,
    /// Whose members may give orders over the control socket, besides root and the daemon's own user.
    pub operator_group: Option<GroupName>,
    /// Where metrics and health are served over HTTP, never at port 0; `None`: nowhere.
    pub listen: Option<SocketAddr>,
    /// Directory of what outlives a reboot, absolute: orders of operators, and the history.
    pub state_dir: PathBuf,
    /// What SIGTERM and SIGINT do to announcements.
    pub on_stop: OnStop,
    /// How long a check may go without a verdict before its service counts as unhealthy.
    pub stale_after: Period,
}

/// What a stop does to announcements. Sessions that are held for flapping are enabled in either case: nobody else
/// would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnStop {
    /// Takes every service out.
    Withdraw,
    /// Leaves everything as it is.
    Hold,
}
