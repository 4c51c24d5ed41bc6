//! The one description of the daemon's state that the control socket, `status` and `--json` share.
//!
//! Format version 1; fields may be added. All times are RFC 3339 in UTC.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config;
use crate::health::Verdict;
use crate::model::Family;
use crate::overrides::Override;
use crate::policy::Announcement;

mod age;
mod line;
mod nagios;
mod service;
mod session;
mod table;
mod why;

pub use age::clock;
pub use line::{Brief, SessionCount, line};
pub use nagios::{Level, Report, nagios};
#[cfg(test)]
pub(crate) use table::example;
pub use table::write_table;
pub use why::{Explanation, why, write_explanation};

/// The version of the document.
pub const VERSION: u32 = 1;

/// Everything the daemon knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// [`VERSION`].
    pub version: u32,
    /// When this was put together.
    pub at: Timestamp,
    /// This node.
    pub node: Node,
    /// The daemon itself; `null` in what is shown while it does not run.
    pub controller: Option<Controller>,
    /// The BIRD beside it.
    pub bird: Bird,
    /// Services in the order of the file.
    pub services: Vec<Service>,
    /// BGP sessions in the order of the file.
    pub sessions: Vec<Session>,
}

/// Who the node is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its AS number.
    pub asn: u32,
    /// Its BGP identifier.
    pub router_id: String,
}

impl From<&config::Node> for Node {
    fn from(node: &config::Node) -> Self {
        Self {
            name: node.name.clone(),
            asn: node.asn.get(),
            router_id: node.router_id.to_string(),
        }
    }
}

/// The daemon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Controller {
    /// Its release.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// When it read the configuration that is in force.
    pub config_loaded_at: Timestamp,
    /// Tells that configuration from others, as releases that are the same see it.
    #[serde(default)]
    pub config_fingerprint: String,
    /// Whether it read another one since, and did not take it; `problems` says why.
    #[serde(default)]
    pub reload_refused: bool,
    /// What is wrong with the daemon itself, and what to do: orders or history that cannot be written.
    pub problems: Vec<String>,
}

/// BIRD.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Bird {
    /// Whether it answered the last time it was asked.
    pub connected: bool,
    /// Its release.
    pub version: Option<String>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it last read its configuration.
    pub reconfigured_at: Option<Timestamp>,
    /// Why it is not connected.
    pub error: Option<String>,
}

/// The health of a service: what its checks say, whatever is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Every check passes.
    Healthy,
    /// A check failed lately, or one that only drains did for good, or one family is out.
    Degraded,
    /// Checks failed for good, or addresses are missing, so that no family would be announced.
    Unhealthy,
    /// Not enough verdicts yet.
    Unknown,
}

/// What BIRD announces. Ordered from what is worst for a service on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Actual {
    /// Nothing.
    Withdrawn,
    /// BIRD does not say.
    Unknown,
    /// Drained routes.
    Drained,
    /// Normal routes.
    Announced,
}

impl fmt::Display for Actual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Withdrawn => "withdrawn",
            Self::Unknown => "unknown",
            Self::Drained => "drained",
            Self::Announced => "announced",
        })
    }
}

impl From<Option<Announcement>> for Actual {
    fn from(announcement: Option<Announcement>) -> Self {
        match announcement {
            None => Self::Unknown,
            Some(Announcement::Withdrawn) => Self::Withdrawn,
            Some(Announcement::Drained) => Self::Drained,
            Some(Announcement::Announced) => Self::Announced,
        }
    }
}

/// A service. `desired`, `actual` and `reason` are those of the family that is announced least.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its health.
    pub health: Health,
    /// What should be; `null` while the daemon has not decided and leaves alone what is.
    pub desired: Option<Announcement>,
    /// What is.
    pub actual: Actual,
    /// Why that is desired.
    pub reason: String,
    /// Since when it is desired.
    pub since: Timestamp,
    /// The operator's order in force.
    #[serde(rename = "override")]
    pub order: Option<Override>,
    /// What holds back an announcement because the service came and went: that of the family held longest.
    pub damping: Damping,
    /// How many verdicts make a change.
    pub thresholds: Thresholds,
    /// Each family by itself.
    pub families: Vec<FamilyStatus>,
    /// Each check at each server.
    pub checks: Vec<Check>,
    /// The protocols in BIRD.
    pub protocols: Vec<Protocol>,
    /// Whether neighbours get the prefixes, as BIRD says.
    pub exported_to: Vec<Export>,
}

impl Session {
    /// Whether routes are exchanged.
    #[must_use]
    pub fn is_established(&self) -> bool {
        self.state == "Established"
    }
}

impl Service {
    /// Whether there is more to say of it than that it is announced and healthy.
    #[must_use]
    pub fn has_news(&self) -> bool {
        let open = |protocol: &Protocol| protocol.protected == Some(false);
        !self.is_announced()
            || self.health != Health::Healthy
            || self.order.is_some()
            || self.protocols.iter().any(open)
            || self
                .exported_to
                .iter()
                .any(|export| export.exported == Some(false))
    }

    /// Whether everything is announced, as it should be, and no prefix is known to reach nobody.
    #[must_use]
    pub fn is_announced(&self) -> bool {
        let exports = &self.exported_to;
        self.families.iter().all(FamilyStatus::is_announced)
            && exports.iter().all(|export| {
                exports
                    .iter()
                    .any(|other| other.prefix == export.prefix && other.exported != Some(false))
            })
    }
}

/// How many verdicts make a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    /// So many failures in a row, of any check.
    pub fall: u32,
    /// So many passes in a row, of every check.
    pub rise: u32,
}

impl From<config::Thresholds> for Thresholds {
    fn from(thresholds: config::Thresholds) -> Self {
        Self {
            fall: thresholds.fall,
            rise: thresholds.rise,
        }
    }
}

/// What holds back an announcement.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Damping {
    /// How many cycles count, after decay.
    pub penalty: f64,
    /// Before this it is not announced; `null` if nothing holds it back.
    pub hold_until: Option<Timestamp>,
}

/// One family of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FamilyStatus {
    /// Which.
    pub family: Family,
    /// What should be; `null` while nothing is decided.
    pub desired: Option<Announcement>,
    /// What is.
    pub actual: Actual,
    /// Why that is desired.
    pub reason: String,
    /// Since when it is desired.
    pub since: Timestamp,
    /// What holds back an announcement.
    pub damping: Damping,
    /// Why the desired state is not reached.
    pub error: Option<String>,
}

impl FamilyStatus {
    fn is_announced(&self) -> bool {
        let wanted = self
            .desired
            .is_none_or(|desired| desired == Announcement::Announced);
        wanted && self.actual == Actual::Announced && self.error.is_none()
    }
}

/// What the failure of a check does to its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// Takes it out.
    Withdraw,
    /// Makes it the last choice of neighbours.
    Drain,
}

/// One check at one server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Its name in the file, or `dns-1`.
    pub name: String,
    /// Address and port of the server.
    pub server: String,
    /// The last verdict; `null` before the first.
    pub verdict: Option<Verdict>,
    /// What the verdicts together say.
    pub health: Health,
    /// Why that is decided; empty while nothing is.
    pub reason: String,
    /// What its failure does to the service.
    pub on_failure: OnFailure,
    /// How long the answer took.
    pub latency_ms: Option<f64>,
    /// What came back.
    pub detail: String,
    /// When.
    pub at: Option<Timestamp>,
}

/// A static protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Protocol {
    /// Its name.
    pub name: String,
    /// Whether BIRD would enable it whenever it reads its configuration.
    pub enabled: bool,
    /// Whether its routes are in BIRD's table.
    pub up: bool,
    /// Whether BIRD's configuration includes its intent file, so that `birdc configure` changes nothing;
    /// `null` if the daemon may not read that configuration.
    pub protected: Option<bool>,
}

/// One prefix at one session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Export {
    /// The BGP protocol.
    pub session: String,
    /// The prefix.
    pub prefix: String,
    /// Whether BIRD exports it; `null` if BIRD did not say.
    pub exported: Option<bool>,
}

/// A BGP session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// The BGP protocol.
    pub name: String,
    /// The neighbour's address.
    pub neighbor: String,
    /// The neighbour's AS number.
    pub asn: u32,
    /// `Established`, `Active` …; `Down` if it is shut down, `Missing` if BIRD does not know it.
    pub state: String,
    /// Since when BIRD's protocol is in its state.
    pub since: Option<Timestamp>,
    /// State of BFD; `null` if BIRD has no such session.
    pub bfd: Option<String>,
    /// BIRD's last error.
    pub last_error: Option<String>,
    /// Whether a limit on routes is hit.
    pub limit_hit: bool,
    /// The message of whoever shut it down: the neighbour's (RFC 9003), or one given to BIRD here.
    pub message: Option<String>,
    /// What may be wrong where BIRD gives no error, as in `possibly a password mismatch`.
    pub hint: Option<String>,
    /// The limits on routes that BIRD knows.
    pub limits: Vec<Limit>,
    /// Routes; `null` while the session is down.
    pub routes: Option<Routes>,
    /// How often it was lost.
    pub flaps: Flaps,
}

/// A limit on the routes of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// `receive`, `import` or `export`.
    pub direction: String,
    /// At most so many.
    pub max: u64,
    /// `warn`, `block`, `restart` or `disable`.
    pub action: String,
    /// Whether it is hit.
    pub hit: bool,
}

/// Routes of a session, as BIRD counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routes {
    /// Taken from the neighbour.
    pub imported: u64,
    /// Given to the neighbour.
    pub exported: u64,
    /// Refused, where BIRD keeps them to count.
    pub filtered: Option<u64>,
}

/// How often a session was lost, since the daemon started.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Flaps {
    /// How often.
    pub count: u64,
    /// Penalty after RFC 2439, now.
    pub penalty: f64,
    /// Whether the session counts as flapping.
    pub flapping: bool,
    /// When it was lost last.
    pub last: Option<Timestamp>,
    /// Why, then.
    pub cause: Option<String>,
    /// When it no longer counts as flapping, if nothing more happens; `null` if it does not now.
    pub reuse_at: Option<Timestamp>,
    /// Whether it is kept disabled for that.
    pub held: bool,
    /// Whether BIRD's configuration includes the file that keeps it so, and `birdc configure` changes nothing; `null` if
    /// it is not held, or the daemon may not read that configuration.
    pub held_protected: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announced_to_nobody_is_not_announced() {
        let mut service = example().services.remove(0);
        (service.families[0].actual, service.families[0].desired) =
            (Actual::Announced, Some(Announcement::Announced));
        service.families[0].error = None;
        service.exported_to[0].exported = Some(true);
        assert!(service.is_announced());
        service.exported_to[0].exported = Some(false);
        assert!(!service.is_announced());
        // BIRD has not said yet.
        service.exported_to[0].exported = None;
        assert!(service.is_announced());
    }
}
