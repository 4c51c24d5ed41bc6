//! `show status`.

use super::LocalTime;
use crate::bird::reply::Reply;

/// What BIRD says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonStatus {
    /// As in `2.0.12`; snapshots and forks may say anything.
    pub version: String,
    /// BIRD's clock at the time of the reply.
    pub now: Option<LocalTime>,
    /// When it started.
    pub started: Option<LocalTime>,
    /// When it last read its configuration.
    pub reconfigured: Option<LocalTime>,
    /// Whether the final line was `Daemon is up and running`.
    pub running: bool,
}

/// Reads the reply to `show status`; `None` if it is something else.
#[must_use]
pub fn daemon_status(reply: &Reply) -> Option<DaemonStatus> {
    let value = |label: &str| {
        reply
            .lines
            .iter()
            .find_map(|line| line.text.strip_prefix(label))
    };
    let now = value("Current server time is ").and_then(|text| LocalTime::parse(text, None));
    let time = |label| value(label).and_then(|text| LocalTime::parse(text, now));
    Some(DaemonStatus {
        version: value("BIRD ")?.to_owned(),
        now,
        started: time("Last reboot on "),
        reconfigured: time("Last reconfiguration on "),
        running: reply.last().text == "Daemon is up and running",
    })
}
