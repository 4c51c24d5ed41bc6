//! The arguments of `brake`.

use std::path::PathBuf;

use clap::Args;

use crate::model::Period;

/// Where to brake, and how long to try.
#[derive(Debug, Clone, Args)]
pub struct Brake {
    /// BIRD's control socket, instead of the one in the configuration
    #[arg(long, value_name = "SOCKET")]
    pub socket: Option<PathBuf>,
    /// The directory of the intent files, instead of the one in the configuration
    #[arg(long, value_name = "DIR")]
    pub intent_dir: Option<PathBuf>,
    /// The daemon's control socket, instead of the one in the configuration
    #[arg(long, value_name = "SOCKET")]
    pub control: Option<PathBuf>,
    /// How long BIRD may take to confirm
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    pub wait: Period,
    /// Print what came of it as JSON
    #[arg(long)]
    pub json: bool,
}

pub(super) const HELP: &str = "\
For a node whose daemon has failed for good or cannot start: nobody watches the DNS server then, and BIRD goes on \
announcing. While a daemon runs nothing is touched: `withdraw --all` is the order for that. It needs no usable \
configuration, and takes the default paths where there is none. `systemctl start anycastctl` comes back: what is \
healthy is announced again, and orders of operators are in force as before.

The intent files go first, so that no `birdc configure` and no restart of BIRD brings a route back; then every \
protocol that has one, every `anycast_*` and every one of the configuration is disabled and read back. Sessions that \
were kept disabled because they flapped are enabled. May be run again at any time.

Exits with 0 when BIRD has confirmed, or does not run: it will start withdrawn; with 1 when a daemon runs; with 3 when \
BIRD has not confirmed in time: it withdraws when it next reads its configuration; with 4 when BIRD's socket may not \
be opened, a file cannot be removed, or nobody answers and the configuration, which says where BIRD is, cannot be \
used.";
