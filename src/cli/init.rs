//! The arguments of `init`.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use clap::Args;

use crate::init::{Asked, NodeName, Peer};
use crate::model::{Asn, Prefix, ServiceName};

/// What is known already, and where the file goes.
#[derive(Debug, Clone, Args)]
pub struct Init {
    /// The node's name, instead of the host's
    #[arg(long, value_name = "NAME")]
    pub name: Option<NodeName>,
    /// The node's AS number, instead of that of BIRD's sessions
    #[arg(long, value_name = "ASN")]
    pub asn: Option<Asn>,
    /// The router id, instead of BIRD's
    #[arg(long, value_name = "ADDRESS")]
    pub router_id: Option<Ipv4Addr>,
    /// The name of the service
    #[arg(long, value_name = "NAME")]
    pub service: Option<ServiceName>,
    /// A prefix to announce, instead of those found; may be given several times
    #[arg(long = "prefix", value_name = "PREFIX")]
    pub prefixes: Vec<Prefix>,
    /// A neighbour, instead of those that BIRD has, as in 192.0.2.1@64600; may be given several times
    #[arg(long = "neighbor", value_name = "ADDRESS@ASN")]
    pub neighbors: Vec<Peer>,
    /// What the check asks, as in example.com/SOA, instead of something that is answered now
    #[arg(long, value_name = "NAME/TYPE")]
    pub check: Option<Asked>,
    /// BIRD's control socket, instead of the usual one
    #[arg(long, value_name = "SOCKET")]
    pub socket: Option<PathBuf>,
    /// Where the file goes, instead of the configuration's own path; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

pub(super) const EXIT_CODES: &str = "\
Changes nothing but the file that it writes, and never overwrites one. As root it sees more: which program listens \
where, and BIRD's own file. Asks BIRD over a connection that may only read.

Exits with 0 when the file can be used as it is; with 1 when something is left to do, which it lists; with 2 when \
the file is there already; with 4 when it cannot be written.";
