//! What was found on a host: plain values, which the edge fills and tests make up.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use crate::model::{BirdVersion, Prefix};

/// Everything that a first configuration can be made of. Whatever was not seen is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The host's name as the kernel has it, perhaps with its domain.
    pub hostname: String,
    /// Domains that the host belongs to, likeliest first.
    pub domains: Vec<String>,
    /// The addresses on all interfaces.
    pub addresses: Vec<Address>,
    /// Where packets go that no other route takes.
    pub gateways: Vec<Gateway>,
    /// The BIRD beside us.
    pub bird: Bird,
    /// Who listens on port 53.
    pub listeners: Vec<Listener>,
    /// What DNS servers of this host answered.
    pub answers: Vec<Answer>,
}

/// An address of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The interface.
    pub interface: String,
    /// Whether that is the loopback or a dummy interface, which leads nowhere.
    pub is_inner: bool,
    /// The address.
    pub address: IpAddr,
    /// The length of its network's prefix.
    pub length: u8,
}

/// A default route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// The interface.
    pub interface: String,
    /// The next hop.
    pub address: IpAddr,
    /// The kernel's metric; what BIRD writes has 32 unless its configuration says otherwise.
    pub metric: u32,
}

/// What is known about BIRD.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bird {
    /// Its control socket, whether it answers or not.
    pub socket: PathBuf,
    /// Its configuration file, whether it is there or not.
    pub config: PathBuf,
    /// What that file is.
    pub file: BirdFile,
    /// Whether that file leaves it to BIRD to choose a router id among the addresses of the host.
    pub chooses_router_id: bool,
    /// The release of the installed program.
    pub installed: Option<BirdVersion>,
    /// What the BIRD that runs says, or why it says nothing.
    pub running: Running,
}

/// What stands in BIRD's configuration file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum BirdFile {
    /// There is none.
    #[default]
    Absent,
    /// It could not be read, and why.
    Unreadable(String),
    /// It was rendered from a configuration of ours.
    Rendered,
    /// Somebody else wrote it.
    ByHand,
}

/// The BIRD that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Running {
    /// It does not answer, and why.
    Silent(String),
    /// It answers.
    Answers(Answers),
}

impl Default for Running {
    fn default() -> Self {
        Self::Silent("BIRD was not asked".to_owned())
    }
}

/// What BIRD answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// Its release as it says.
    pub version: String,
    /// Its router id.
    pub router_id: Option<Ipv4Addr>,
    /// Its BGP sessions.
    pub sessions: Vec<Session>,
    /// What it announces of that which has to do with this host's addresses.
    pub exports: Vec<Export>,
    /// Protocols that a rendered file would not have, as `kind name`.
    pub others: Vec<String>,
}

/// A BGP session of BIRD's. What neither BIRD nor its file shows is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// The protocol.
    pub name: String,
    /// The neighbour; `None` for a range of neighbours.
    pub remote: Option<IpAddr>,
    /// The neighbour's AS number.
    pub asn: Option<u32>,
    /// Our AS number.
    pub local_asn: Option<u32>,
    /// Our address.
    pub local: Option<IpAddr>,
    /// Whether routes are exchanged.
    pub is_established: bool,
    /// How many hops away the neighbour may be.
    pub hops: Hops,
    /// In seconds.
    pub hold_time: Option<u64>,
    /// Whether it has a BFD session.
    pub bfd: Option<bool>,
    /// The neighbour's TCP port where it is not 179.
    pub port: Option<u16>,
    /// What we are to the neighbour (RFC 9234), in BIRD's word.
    pub role: Option<String>,
    /// GTSM (RFC 5082).
    pub ttl_security: bool,
    /// The neighbour has to call.
    pub is_passive: bool,
    /// Whether it has a password.
    pub has_password: Option<bool>,
    /// Routes taken from the neighbour.
    pub imported: u64,
}

/// How far away a neighbour is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Hops {
    /// On a network of ours, or not known.
    #[default]
    Direct,
    /// So many hops at most.
    Most(u8),
    /// Not directly connected; BIRD does not show how far.
    Unknown,
}

/// A prefix that is announced now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The prefix.
    pub prefix: Prefix,
    /// The protocol that it comes from.
    pub protocol: String,
}

/// A socket on port 53.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its address; the unspecified one for all.
    pub address: IpAddr,
    /// The program behind it, where that may be seen.
    pub program: Option<String>,
    /// Zones that its configuration names, where that may be read.
    pub zones: Vec<String>,
}

/// What one server said to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Who was asked.
    pub server: IpAddr,
    /// The question.
    pub question: super::Question,
    /// Whether a check that asks this passes.
    pub has_passed: bool,
    /// The AA flag.
    pub is_authoritative: bool,
    /// The RA flag.
    pub is_recursive: bool,
    /// In one line: `NOERROR, 1 answer`.
    pub detail: String,
}
