//! The command line as types, and nothing else: `--help`, the man page and the completions come from here.

mod brake;
mod examples;
mod init;
mod log;
mod orders;
mod probe;
mod render;
mod selftest;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use brake::Brake;
pub use examples::{command, examples};
pub use init::Init;
pub use log::{Log, LogFormat, LogLevel};
pub use orders::{End, Give};
pub use probe::{Probe, Question};
pub use render::{Opposite, Render, Router, Target};
pub use selftest::{Role, Selftest};

use crate::history::Since;
use crate::model::{Period, ServiceName};

/// Keeps the BGP announcement of a DNS anycast node equal to the health of its DNS server.
///
/// Renders bird.conf from one YAML file, probes the DNS server, switches the anycast routes on and off over
/// BIRD's control socket, and tells what is announced, to whom and why.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// The configuration file
    #[arg(
        short,
        long,
        global = true,
        env = "ANYCASTCTL_CONFIG",
        value_name = "FILE",
        default_value = "/etc/anycastctl/config.yaml"
    )]
    pub config: PathBuf,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  as wanted
  1  not as wanted: a check failed, a service is not announced
  2  the command line or the configuration is wrong
  3  BIRD refused
  4  the environment: no daemon, no socket, no program, input or output failed";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first configuration from what is found on this host
    #[command(after_help = init::EXIT_CODES)]
    Init(Init),
    /// Check the configuration, and what it renders with `bird -p`
    #[command(after_help = CHECK_EXIT_CODES)]
    Check {
        /// How findings are printed
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
        /// Print findings as JSON: the same as `--format json`
        #[arg(long, conflicts_with = "format")]
        json: bool,
        /// What stands for the passwords when BIRD tries the file
        #[arg(long, value_enum, default_value_t = Passwords::Real)]
        secrets: Passwords,
        /// Try the file on this program instead of `bird.binary`; may be given several times
        #[arg(long = "bird", value_name = "PROGRAM")]
        birds: Vec<PathBuf>,
    },
    /// Print a file for BIRD or for the host, write it, or compare it with what is there
    #[command(after_help = RENDER_EXIT_CODES)]
    Render(Render),
    /// Show what the rendered bird.conf would change, and what the network would see
    #[command(after_help = DIFF_EXIT_CODES)]
    Diff {
        /// The installed file, instead of the one in the configuration; secrets are then not compared
        #[arg(long, value_name = "FILE")]
        installed: Option<PathBuf>,
        /// Print the comparison as JSON
        #[arg(long)]
        json: bool,
    },
    /// Install the rendered files, have BIRD take them, and go back unless all is well
    #[command(after_help = APPLY_EXIT_CODES)]
    Apply {
        /// How long sessions and announcements may take to be as they should
        #[arg(long, value_name = "DURATION", default_value = "60s")]
        confirm: Period,
        /// Drop prefixes that are announced now
        #[arg(long)]
        allow_withdraw: bool,
        /// Replace files that anycastctl has not written; a copy stays beside them
        #[arg(long)]
        replace: bool,
        /// Do everything up to BIRD's `configure check`, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Print what came of it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Run the daemon: probe, decide, announce and withdraw
    #[command(after_help = RUN_EXIT_CODES)]
    Run(Log),
    /// Have the daemon read its configuration anew; what stays the same keeps its state
    #[command(after_help = RELOAD_EXIT_CODES)]
    Reload {
        /// Print what changed as JSON
        #[arg(long)]
        json: bool,
        /// The daemon's control socket, instead of the one in the configuration
        #[arg(long, value_name = "SOCKET")]
        control: Option<PathBuf>,
    },
    /// Withdraw everything without the daemon, when that has failed or cannot start
    #[command(after_help = brake::HELP)]
    Brake(Brake),
    /// Show what is announced, to whom and why
    #[command(after_help = STATUS_EXIT_CODES)]
    Status(Status),
    /// Explain in plain sentences why a service is announced or not, and what would change that
    #[command(after_help = WHY_EXIT_CODES)]
    Why {
        /// The service
        service: ServiceName,
        /// Print the explanation as JSON
        #[arg(long)]
        json: bool,
        /// The daemon's control socket, instead of the one in the configuration
        #[arg(long, value_name = "SOCKET")]
        control: Option<PathBuf>,
    },
    /// Make a service the last choice of neighbours, without a gap
    #[command(after_help = orders::DRAIN)]
    Drain(Give),
    /// End a drain
    #[command(after_help = orders::UNDRAIN)]
    Undrain(End),
    /// Take a service out, whatever its checks say
    #[command(after_help = orders::WITHDRAW)]
    Withdraw(Give),
    /// Keep a service announced, whatever its checks say: dangerous
    #[command(after_help = orders::PIN)]
    Pin(Give),
    /// End a drain, a withdraw or a pin, and what damping holds back
    #[command(after_help = orders::RELEASE)]
    Release(End),
    /// Show what happened and why: decisions, flaps, orders, with their evidence
    #[command(after_help = HISTORY_EXIT_CODES)]
    History {
        /// Only what is about this service
        service: Option<ServiceName>,
        /// Only what happened since: how long ago, as in 1h, or when, as in 2026-11-22T20:00:00Z
        #[arg(long, value_name = "TIME")]
        since: Option<Since>,
        /// The newest so many, at most 10000, which is also the default
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
        limit: Option<u16>,
        /// Print the history as JSON, format version 1
        #[arg(long)]
        json: bool,
        /// The daemon's control socket, instead of the one in the configuration
        #[arg(long, value_name = "SOCKET")]
        control: Option<PathBuf>,
    },
    /// Print the daemon's metrics, or write them to a file for node_exporter
    #[command(after_help = METRICS_EXIT_CODES)]
    Metrics {
        /// Write to a file instead, whole or not at all; node_exporter's textfile collector reads names in .prom
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// How they are written
        #[arg(long, value_enum, default_value_t = MetricsFormat::Text)]
        format: MetricsFormat,
        /// The daemon's control socket, instead of the one in the configuration
        #[arg(long, value_name = "SOCKET")]
        control: Option<PathBuf>,
    },
    /// Run the checks once and show what came back, or ask a server as `dig` does
    #[command(after_help = probe::HELP)]
    Probe(Probe),
    /// Show what neighbours see when things fail, with your thresholds and apart from this host
    #[command(after_help = selftest::HELP)]
    Selftest(Selftest),
    /// Print the JSON Schema of the configuration file, for editors
    Schema {
        /// Print that of the files that it includes instead
        #[arg(long)]
        included: bool,
    },
    /// Print the completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a page of the manual, or write all of them
    Man {
        /// The page: the name of a command, or `config` for the format of the file. By default that of the program
        page: Option<String>,
        /// Write all pages into a directory instead, one file each, as in anycastctl.1; it is made if it is not there
        #[arg(long, value_name = "DIR", conflicts_with = "page")]
        directory: Option<PathBuf>,
    },
}

const CHECK_EXIT_CODES: &str = "\
Exits with 0 when nothing is wrong, warnings or not; with 2 when the configuration is refused; with 3 when BIRD \
refuses what is rendered; with 4 when a file cannot be read or a program cannot be run.";

const WHY_EXIT_CODES: &str = "\
Exits with 0 whatever the answer is; with 2 when there is no such service; with 4 when the daemon does not answer.";

const DIFF_EXIT_CODES: &str = "\
Exits with 0 when nothing differs, with 1 when something does, with 4 when the installed file cannot be read.";

const STATUS_EXIT_CODES: &str = "\
Exits with 0 when every service shown is announced, with 1 when one is not, with 4 when the daemon does not answer: \
what is shown then is BIRD's own word.";

/// What to show of the status, and how.
#[derive(Debug, Clone, Args)]
pub struct Status {
    /// Only this service, with its last decisions
    pub service: Option<ServiceName>,
    /// Print the status document, format version 1
    #[arg(long)]
    pub json: bool,
    /// Show it again and again until interrupted, in place on a terminal: every second, or as in `--watch=5s`
    #[arg(
        short,
        long,
        value_name = "INTERVAL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "1s"
    )]
    pub watch: Option<Period>,
    /// Print one line and exit as monitoring plugins do: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN
    #[arg(long, conflicts_with_all = ["json", "watch"])]
    pub nagios: bool,
    /// The daemon's control socket, instead of the one in the configuration
    #[arg(long, value_name = "SOCKET")]
    pub control: Option<PathBuf>,
}

const HISTORY_EXIT_CODES: &str = "\
Without a daemon, the files of the last one are read. Exits with 0, and with 4 when there are none either.";

const METRICS_EXIT_CODES: &str = "\
Exits with 0 when the daemon answers; with 4 when it does not, and the metrics then say `anycastctl_up 0`.";

/// How metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MetricsFormat {
    /// OpenMetrics 1.0
    Openmetrics,
    /// Prometheus' text format 0.0.4, which node_exporter reads
    Text,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// With the line of the file and a caret
    Human,
    /// One JSON document
    Json,
    /// Annotations that GitHub shows at the line
    Github,
}

/// What stands for the passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Passwords {
    /// Those that the configuration names, as far as they can be read
    Real,
    /// The same word for all; nothing is read
    Placeholder,
}

const RENDER_EXIT_CODES: &str = "\
With --check, exits with 0 when the file is as it would be written and with 1 when it differs or is missing.";

const APPLY_EXIT_CODES: &str = "\
Exits with 0 when BIRD runs the rendered files; with 1 when live prefixes would be dropped or the change was \
undone; with 3 when BIRD refuses the files; with 4 when BIRD does not answer or the disk says no.";

const RUN_EXIT_CODES: &str = "\
Ends on SIGTERM or SIGINT, as `daemon.on_stop` of the configuration says: withdraw everything, or leave it. While \
systemd restarts its unit everything is left, for the next start to adopt. Exits with 0 then; with 3 when BIRD did not confirm that everything is withdrawn.";

const RELOAD_EXIT_CODES: &str = "\
The daemon reads the file that it was started with, whole or not at all. Exits with 0 when it is in force; with 2 when \
it has errors or changes what needs a restart, and with 4 when it cannot be read or no daemon answers: the \
configuration before it then stays in force.";
