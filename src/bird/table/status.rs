//! `show status`.

use std::net::Ipv4Addr;

use super::protocols::{number, timer};
use super::{LocalTime, Timer};
use crate::bird::reply::Reply;

/// What BIRD says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonStatus {
    /// As in `2.0.12`; snapshots and forks may say anything.
    pub version: String,
    /// Its router id.
    pub router_id: Option<Ipv4Addr>,
    /// The name of its host, or what the configuration says instead; 2.0.7 does not say it.
    pub hostname: Option<String>,
    /// BIRD's clock at the time of the reply.
    pub now: Option<LocalTime>,
    /// When it started.
    pub started: Option<LocalTime>,
    /// When it last read its configuration.
    pub reconfigured: Option<LocalTime>,
    /// It has restarted gracefully, and does not announce anything before its neighbours have sent their routes.
    pub recovery: Option<DaemonRecovery>,
    /// What it is doing.
    pub state: DaemonState,
}

/// How far BIRD is after its own graceful restart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DaemonRecovery {
    /// Channels that still lack routes.
    pub channels: Option<u32>,
    /// How long it waits for them at most.
    pub wait: Option<Timer>,
}

/// What BIRD says it is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DaemonState {
    /// Nothing but its work.
    Running,
    /// It puts a new configuration in place.
    Reconfiguring,
    /// It stops.
    ShuttingDown,
    /// Words that no known release uses.
    Other,
}

impl DaemonState {
    fn of(text: &str) -> Self {
        match text {
            "Daemon is up and running" => Self::Running,
            "Reconfiguration in progress" => Self::Reconfiguring,
            "Shutdown in progress" => Self::ShuttingDown,
            _ => Self::Other,
        }
    }
}

/// Reads the reply to `show status`; `None` if it is something else.
#[must_use]
pub fn daemon_status(reply: &Reply) -> Option<DaemonStatus> {
    let value = |label: &str| {
        let mut lines = reply.lines();
        lines.find_map(|line| line.text.trim_start().strip_prefix(label))
    };
    let now = value("Current server time is ").and_then(|text| LocalTime::parse(text, None));
    let time = |label| value(label).and_then(|text| LocalTime::parse(text, now));
    let recovering = value("Graceful restart recovery in progress");
    Some(DaemonStatus {
        version: value("BIRD ")?.to_owned(),
        router_id: value("Router ID is ").and_then(|text| text.parse().ok()),
        hostname: value("Hostname is ").map(str::to_owned),
        now,
        started: time("Last reboot on "),
        reconfigured: time("Last reconfiguration on "),
        recovery: recovering.map(|_| DaemonRecovery {
            channels: value("Waiting for ").and_then(|text| number(text.split(' ').next()?)),
            wait: value("Wait timer is ").and_then(timer),
        }),
        state: DaemonState::of(reply.last().text),
    })
}
