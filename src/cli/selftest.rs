//! The arguments of `selftest`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::model::ServiceName;
use crate::selftest::fault::Fault;

/// What to play, and how to show it.
#[derive(Debug, Clone, Args)]
pub struct Selftest {
    /// Only this service; by default all of them
    pub service: Option<ServiceName>,
    /// Only this fault, by its name in `--list`; may be given several times
    #[arg(
        long = "fault",
        value_name = "NAME",
        value_enum,
        hide_possible_values = true
    )]
    pub faults: Vec<Fault>,
    /// Show the faults with what is expected of each, and play none
    #[arg(long)]
    pub list: bool,
    /// Play with this program instead of `bird.binary`
    #[arg(long, value_name = "PROGRAM")]
    pub bird: Option<PathBuf>,
    /// Print the results as JSON
    #[arg(long)]
    pub json: bool,
    /// What this process is.
    #[arg(long, value_enum, hide = true, conflicts_with_all = ["service", "faults", "list", "bird", "json"])]
    pub role: Option<Role>,
}

/// The other processes of a self-test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// The one that plays.
    Stage,
    /// The DNS server.
    Dns,
}

pub(super) const HELP: &str = "\
Needs root, `ip` (iproute2), `nsenter` (util-linux) and BIRD, and changes nothing of this host: BIRD, the daemon, a DNS \
server and the routers opposite run in namespaces of their own, with files in memory that nobody else sees. However it \
ends, nothing is left behind.

The thresholds, prefixes, sessions, BFD, hold times and communities are those of the configuration. Other than there are \
the checks, which are one question over UDP to the self-test's own DNS server, the password, the paths and the routers \
opposite, which run BIRD, too, and try again at once. Below the results stands what else. Damping is in force, and ended \
before each recovery, as it would hold for minutes.

What is expected follows from the thresholds: a server that hangs is withdrawn within `interval` + `timeout` + `fall` x \
`fast_interval`, one that answers badly or whose port is closed without the `timeout` (and mostly sooner, by `events`); \
what is well is announced within (`rise` + 1) x `interval` + `timeout`; each with a second for a busy machine. Sessions \
have 75 s to come back, as BIRD waits up to a minute after errors. The routers are looked at every few milliseconds.

Exits with 0 when every fault ended as expected; with 1 when one did not; with 2 when the configuration cannot be used; \
with 4 when the stage cannot be set up, as without root. A signal ends it at once, and makes that 128 and its number.";
