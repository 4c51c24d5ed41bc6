//! Who announces what is healthy: our program, and what one would take in its place.
//!
//! Each stands on the node of a lab, with a service for each address, and checks it with the same question:
//! `example.com SOA` over UDP.

mod anycast_healthchecker;
mod anycastctl;
mod exabgp;
mod tree;

use std::path::PathBuf;
use std::time::Duration;

use lab::{Bird, Controller, Lab, Process, Result};

pub(crate) use tree::Usage;

/// A program that announces and withdraws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// This one, with what says "look now", or by its timer alone.
    Anycastctl { events: bool },
    /// `ExaBGP`'s `healthcheck`, a process for each service, and a session of its own with the neighbour.
    Exabgp,
    /// `anycast-healthchecker`, which writes a list of prefixes and has the node's BIRD read it.
    AnycastHealthchecker,
}

/// How patient a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timing {
    /// As it comes.
    Defaults,
    /// As we come: see [`SAME`].
    Same,
}

/// The thresholds of [`Timing::Same`], which are the defaults of anycastctl.
pub(crate) const SAME: Thresholds = Thresholds {
    interval: Duration::from_secs(1),
    fast_interval: Duration::from_millis(100),
    timeout: Duration::from_millis(800),
    fall: 3,
    rise: 5,
};

/// When a service is up or down.
pub(crate) struct Thresholds {
    pub(crate) interval: Duration,
    /// Between two checks while the service may be about to change.
    pub(crate) fast_interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) fall: u8,
    pub(crate) rise: u8,
}

impl Tool {
    /// Those that one would take in place of ours.
    pub(crate) const PEERS: [Self; 2] = [Self::Exabgp, Self::AnycastHealthchecker];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Anycastctl { events: true } => "anycastctl",
            Self::Anycastctl { events: false } => "anycastctl, events: false",
            Self::Exabgp => "exabgp healthcheck",
            Self::AnycastHealthchecker => "anycast-healthchecker",
        }
    }

    /// Between two checks of a service that is well.
    pub(crate) fn interval(self, timing: Timing) -> Duration {
        match (self, timing) {
            (Self::Anycastctl { .. }, _) | (_, Timing::Same) => SAME.interval,
            (Self::Exabgp, Timing::Defaults) => exabgp::INTERVAL,
            (Self::AnycastHealthchecker, Timing::Defaults) => anycast_healthchecker::INTERVAL,
        }
    }

    /// Starts it on the node, and whatever it needs beside it.
    pub(crate) fn start<'lab>(
        self,
        lab: &'lab Lab,
        addresses: &[String],
        timing: Timing,
    ) -> Result<Announcer<'lab>> {
        match self {
            Self::Anycastctl { events } => anycastctl::start(lab, addresses, events),
            Self::Exabgp => exabgp::start(lab, addresses, timing),
            Self::AnycastHealthchecker => anycast_healthchecker::start(lab, addresses, timing),
        }
    }
}

/// A running one. Dropping it ends it.
pub(crate) struct Announcer<'lab> {
    program: Program<'lab>,
    _bird: Option<Bird<'lab>>,
}

enum Program<'lab> {
    Ours(Box<Controller<'lab>>),
    Theirs(Process),
}

impl Announcer<'_> {
    /// The file that goes with a decision to withdraw the only service; ours alone has one.
    pub(crate) fn intent(&self) -> Option<PathBuf> {
        match &self.program {
            Program::Ours(controller) => Some(controller.intent(anycastctl::PROTOCOL)),
            Program::Theirs(_) => None,
        }
    }

    /// What it and all its children have used so far.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let process = match &self.program {
            Program::Ours(controller) => controller.daemon()?,
            Program::Theirs(process) => process,
        };
        tree::usage(process.id())
    }
}

/// How every check asks this address that runs a command: a real question, and an exit code other than 0 where
/// nothing answers within a second, the least that `dig` can wait.
fn dig(address: &str) -> String {
    format!("/usr/bin/dig +short +time=1 +tries=1 @{address} example.com SOA")
}

/// The password of the lab's sessions.
fn password(lab: &Lab) -> Result<String> {
    let text = std::fs::read_to_string(lab.password_file()?)?;
    Ok(text.trim().to_owned())
}
