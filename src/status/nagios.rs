//! The snapshot as the one line that monitoring plugins print (Monitoring Plugins Development Guidelines).
//!
//! Gravest first. `CRITICAL` is what loses queries or hides it: a service that should be announced and is not, one that
//! failed, a pin that keeps a failed one announced, a BIRD that does not answer. `WARNING` is what somebody ordered
//! or should look at.

use std::fmt;

use super::{Actual, Health, Service, Session, Snapshot};
use crate::harmless::is_harmful;
use crate::overrides::Kind;
use crate::policy::Announcement;

/// How bad it is. The number is the exit code of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 0
    Ok,
    /// 1
    Warning,
    /// 2
    Critical,
    /// 3: nothing could be found out.
    Unknown,
}

impl Level {
    /// The exit code of a plugin.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        })
    }
}

/// What a plugin says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The gravest of all.
    pub level: Level,
    /// Text and performance data, one line.
    pub line: String,
}

/// Looks at everything.
#[must_use]
pub fn nagios(snapshot: &Snapshot) -> Report {
    let mut findings: Vec<(Level, String)> = Vec::new();
    if let Some(error) = &snapshot.bird.error {
        findings.push((Level::Critical, format!("BIRD does not answer: {error}")));
    }
    let problems = snapshot
        .controller
        .iter()
        .flat_map(|controller| &controller.problems);
    findings.extend(problems.map(|problem| (Level::Warning, problem.clone())));
    findings.extend(snapshot.services.iter().flat_map(service));
    findings.extend(snapshot.sessions.iter().filter_map(session));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.0));
    let level = findings.first().map_or(Level::Ok, |finding| finding.0);
    let texts: Vec<_> = findings.into_iter().map(|finding| finding.1).collect();
    let text = if texts.is_empty() {
        good(snapshot)
    } else {
        texts.join("; ")
    };
    // A bar would begin the performance data, and a line break the long output.
    let text: String = text
        .chars()
        .map(|c| if is_harmful(c) || c == '|' { ' ' } else { c })
        .collect();
    Report {
        level,
        line: format!("ANYCAST {level} - {text} | {}", performance(snapshot)),
    }
}

fn service(service: &Service) -> Vec<(Level, String)> {
    let name = &service.name;
    let mut findings = Vec::new();
    let ordered = service.order.as_ref().map(|order| order.kind);
    if let Some(order) = &service.order {
        let failed = order.kind == Kind::Pin && service.health == Health::Unhealthy;
        let level = if failed {
            Level::Critical
        } else {
            Level::Warning
        };
        findings.push((level, format!("{name}: {} by {}", order.kind, order.by)));
    }
    for family in &service.families {
        let what = format!("{name} {}", family.family);
        let wanted = family.desired.unwrap_or(Announcement::Announced);
        if let Some(error) = &family.error {
            findings.push((Level::Critical, format!("{what}: {error}")));
        } else if family.actual != Actual::from(Some(wanted)) {
            let text = format!("{what} is {}, wanted {wanted}", family.actual);
            findings.push((Level::Critical, text));
        } else if wanted != Announcement::Announced && ordered.is_none() {
            let level = if wanted == Announcement::Withdrawn {
                Level::Critical
            } else {
                Level::Warning
            };
            findings.push((level, format!("{what} is {wanted}: {}", family.reason)));
        }
    }
    if findings.is_empty() && service.health == Health::Degraded {
        findings.push((Level::Warning, format!("{name} is degraded")));
    }
    if findings.is_empty() && !service.is_announced() {
        findings.push((
            Level::Critical,
            format!("{name} reaches no neighbor with every prefix"),
        ));
    }
    findings
}

fn session(session: &Session) -> Option<(Level, String)> {
    let name = &session.name;
    let text = if session.flaps.flapping {
        format!("{name} flaps")
    } else if !session.is_established() {
        let error = session
            .last_error
            .as_ref()
            .map_or_else(String::new, |error| format!(" ({error})"));
        format!("{name} is {}{error}", session.state)
    } else if session.limit_hit {
        format!("{name} has hit a route limit")
    } else {
        return None;
    };
    Some((Level::Warning, text))
}

fn good(snapshot: &Snapshot) -> String {
    let count = |count, one: &str| {
        if count == 1 {
            format!("1 {one}")
        } else {
            format!("{count} {one}s")
        }
    };
    format!(
        "{} announced, {} established",
        count(snapshot.services.len(), "service"),
        count(snapshot.sessions.len(), "session")
    )
}

fn performance(snapshot: &Snapshot) -> String {
    let (services, sessions) = (&snapshot.services, &snapshot.sessions);
    let announced = services
        .iter()
        .filter(|service| service.is_announced())
        .count();
    let established = sessions
        .iter()
        .filter(|session| session.is_established())
        .count();
    let flapping = sessions
        .iter()
        .filter(|session| session.flaps.flapping)
        .count();
    let orders = services
        .iter()
        .filter(|service| service.order.is_some())
        .count();
    format!(
        "announced={announced};;;0;{} established={established};;;0;{} flapping={flapping};;;0 overrides={orders};;;0",
        services.len(),
        sessions.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overrides::Override;
    use crate::status::table::example;

    fn good() -> Snapshot {
        let mut snapshot = example();
        let service = &mut snapshot.services[0];
        service.health = Health::Healthy;
        (service.desired, service.actual) = (Some(Announcement::Announced), Actual::Announced);
        let family = &mut service.families[0];
        (family.desired, family.actual) = (Some(Announcement::Announced), Actual::Announced);
        family.error = None;
        snapshot.sessions[0].state = "Established".to_owned();
        snapshot
    }

    #[test]
    fn all_is_well() {
        let report = nagios(&good());
        assert_eq!(
            report.line,
            "ANYCAST OK - 1 service announced, 1 session established | announced=1;;;0;1 established=1;;;0;1 flapping=0;;;0 overrides=0;;;0"
        );
        assert_eq!(report.level.code(), 0);
    }

    #[test]
    fn the_gravest_comes_first_and_decides() {
        let report = nagios(&example());
        assert_eq!(report.level, Level::Critical);
        assert!(
            report.line.starts_with("ANYCAST CRITICAL - resolver IPv4: BIRD did not answer `disable` within 5 s; bgp_tor1_v4 is Active (Received:"),
            "{}",
            report.line
        );
    }

    #[test]
    fn what_was_ordered_is_a_warning_unless_it_pins_what_failed() {
        let order = |kind| Override {
            kind,
            reason: None,
            by: "alice".to_owned(),
            since: "2026-11-22T20:50:00Z".parse().unwrap(),
            until: None,
        };
        let mut snapshot = good();
        snapshot.services[0].order = Some(order(Kind::Pin));
        assert_eq!(nagios(&snapshot).level, Level::Warning);
        snapshot.services[0].health = Health::Unhealthy;
        assert_eq!(nagios(&snapshot).level, Level::Critical);
    }

    #[test]
    fn a_session_that_is_down_is_a_warning() {
        let mut snapshot = good();
        snapshot.sessions[0].state = "Active".to_owned();
        assert_eq!(nagios(&snapshot).level, Level::Warning);
    }

    #[test]
    fn texts_of_others_begin_no_performance_data() {
        let mut snapshot = good();
        snapshot.bird.error = Some("a|b\nc".to_owned());
        let line = nagios(&snapshot).line;
        assert_eq!(line.matches('|').count(), 1, "{line}");
        assert!(!line.contains('\n'));
    }
}
