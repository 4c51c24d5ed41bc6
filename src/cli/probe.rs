//! The arguments of `probe`.

use std::net::IpAddr;

use clap::Args;

use crate::model::Period;

/// What to look at, and how to show it.
#[derive(Debug, Clone, Args)]
pub struct Probe {
    /// The service whose checks are run; or a question in the words of `dig`, with the address of a server, as in
    /// `@192.0.2.53 example.com SOA +tcp`
    #[arg(value_name = "SERVICE|WORD")]
    pub words: Vec<String>,
    /// Only the check, group or member of a group with this name
    #[arg(long, value_name = "NAME")]
    pub check: Option<String>,
    /// Show every section of every answer, EDNS, and each expectation with what was found
    #[arg(short, long)]
    pub all: bool,
    /// Print the reports as JSON
    #[arg(long)]
    pub json: bool,
    /// Do it again and again until interrupted, in place on a terminal: every second, or as in `--watch=5s`
    #[arg(
        short,
        long,
        value_name = "INTERVAL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "1s"
    )]
    pub watch: Option<Period>,
    /// What a question says that words cannot.
    #[command(flatten)]
    pub question: Question,
}

/// What a question says that words cannot.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of a question")]
pub struct Question {
    /// The server's port, instead of that of the transport
    #[arg(short, long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Where to ask from: an address of this host, an interface as in `%eth0`, or both as in `fe80::1%eth0`
    #[arg(short = 'b', long = "source", value_name = "ADDRESS[%IFACE]")]
    pub source: Option<String>,
    /// Ask for the name of this address
    #[arg(short = 'x', long = "reverse", value_name = "ADDRESS")]
    pub reverse: Option<IpAddr>,
    /// The name to ask for, where it could be taken for another word
    #[arg(short = 'q', long = "name", value_name = "NAME")]
    pub name: Option<String>,
    /// The type to ask for, where it could be taken for another word
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    pub record_type: Option<String>,
}

pub(super) const HELP: &str = "\
Asks by itself and needs no daemon; nothing is announced or withdrawn by it. A question needs no configuration either.

Of a question, the words stand in any order: the @ADDRESS of a server, also @ADDRESS#PORT and @ADDRESS%IFACE; a name \
(without one: the root), a type (A) and a class (IN or CH);
  +tcp, +tls, +https[=/PATH] or +quic: how it travels, else over UDP;
  +tls-hostname=NAME: whom the certificate has to be for, else the address;
  +tls-ca=FILE: who vouches for it, or +tls-pin=FILE: that it is this one;
  +norecurse, +cdflag, +adflag: the flags, of which RD alone is set else;
  +dnssec, +nsid, +bufsize=N: what is asked by way of EDNS, or +noedns: nothing;
  +time=N: seconds that an answer is waited for, else 5, also as in +time=300ms;
  +noignore: what is truncated over UDP is asked again over TCP;
  +short: only the data of the answer is shown.

Exits with 0 when every check passes, or the question is answered with NOERROR or NXDOMAIN; with 1 when not. With \
--watch, an interrupt ends it, and the last look decides; every other signal, and an interrupt without --watch, makes \
that 128 and its number. The programs of exec checks end with it.";
