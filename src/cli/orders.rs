//! The arguments of `drain`, `undrain`, `withdraw`, `pin` and `release`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::model::{Period, ServiceName};
use crate::overrides::Reason;

/// What gives an order.
#[derive(Debug, Clone, Args)]
pub struct Give {
    /// To whom, why and how.
    #[command(flatten)]
    pub common: End,
    /// For so long, for example 30m or 2h; it ends by itself, also over a reboot. By default it stays until it
    /// is released
    #[arg(long = "for", value_name = "DURATION")]
    pub period: Option<Period>,
}

/// What ends an order.
#[derive(Debug, Clone, Args)]
#[command(group(ArgGroup::new("whom").args(["services", "all"]).required(true)))]
pub struct End {
    /// The services
    #[arg(value_name = "SERVICE")]
    pub services: Vec<ServiceName>,
    /// All services of the node
    #[arg(long)]
    pub all: bool,
    /// Why, for the log, the status and the history: one line
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<Reason>,
    /// How long BIRD may take to confirm
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub wait: Period,
    /// Do not wait for BIRD
    #[arg(long, conflicts_with = "wait")]
    pub no_wait: bool,
    /// Print what came of it as JSON
    #[arg(long)]
    pub json: bool,
    /// The daemon's control socket, instead of the one in the configuration
    #[arg(long, value_name = "SOCKET")]
    pub control: Option<PathBuf>,
}

pub(super) const DRAIN: &str = "\
The routes stay, with the graceful-shutdown community (RFC 8326) and a longer path, as `drain` of each neighbour \
says: traffic moves to other nodes while this one still answers. No neighbour ever sees a gap: the drained \
routes are there before the normal ones go. Checks that fail withdraw all the same.

Exits with 0 when BIRD has it drained; with 1 when it has not, or a family has no drained twin; with 3 when BIRD \
refuses; with 4 when the daemon does not answer, the user may not give orders, or the order is not on the disk. \
Root, the daemon's own user and the members of `daemon.operator_group` may.";

pub(super) const UNDRAIN: &str = "\
Ends a drain and nothing else; `release` ends any order. A service that is not drained is left alone.

Exits with 0 when BIRD announces it again, or there was nothing to end; with 1 when another order is in force or \
its checks keep it out; with 3 when BIRD refuses; with 4 when the daemon does not answer, the user may not give \
orders, or the change is not on the disk.";

pub(super) const WITHDRAW: &str = "\
Nothing of it is announced, whatever its checks say, and also after a restart and a reboot. With --all, this \
node announces nothing: what no other node announces, nobody can reach any more.

Exits with 0 when BIRD has it withdrawn; with 1 when it has not; with 3 when BIRD refuses; with 4 when the daemon \
does not answer, the user may not give orders, or the order is not on the disk. Root, the daemon's own user and \
the members of `daemon.operator_group` may.";

pub(super) const PIN: &str = "\
DANGEROUS: it stays announced when its checks fail. If the DNS server is dead, this node goes on drawing \
questions that nobody answers. It is meant for checks that are wrong; give --for with it.

Exits with 0 when BIRD announces it; with 1 when it does not; with 3 when BIRD refuses; with 4 when the daemon \
does not answer, the user may not give orders, or the order is not on the disk. Root, the daemon's own user and \
the members of `daemon.operator_group` may.";

pub(super) const RELEASE: &str = "\
Ends whatever order is in force, and what damping holds back: from then on the checks decide, and nothing else.

Exits with 0 when BIRD announces it, or there was nothing to end; with 1 when its checks keep it out; with 3 when \
BIRD refuses; with 4 when the daemon does not answer, the user may not give orders, or the change is not on the \
disk.";
