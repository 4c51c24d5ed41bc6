//! Health and host in, desired state out, with the reason in words.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::health::Health;
use crate::model::Prefix;

/// What is, or should be, announced of one family of a service. Ordered from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Announcement {
    /// Nothing.
    Withdrawn,
    /// Routes that neighbours like less than any other.
    Drained,
    /// Normal routes.
    Announced,
}

impl fmt::Display for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Withdrawn => "withdrawn",
            Self::Drained => "drained",
            Self::Announced => "announced",
        })
    }
}

/// One check at one server, as far as a decision needs it.
#[derive(Debug, Clone)]
pub struct CheckView<'a> {
    /// How an operator knows it: `dns-1 at 192.0.2.53`.
    pub name: &'a str,
    /// What is decided about it.
    pub health: Health,
    /// Why: `3 failed in a row: SERVFAIL, wanted NOERROR`.
    pub reason: &'a str,
}

/// Whether the host has the addresses of the prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// Each prefix has one, or none is required.
    Present,
    /// This one has none.
    Missing(Prefix),
    /// The host could not be asked.
    Unknown,
}

/// A decision about one family of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What should be; `None` to leave alone whatever is.
    pub desired: Option<Announcement>,
    /// Why.
    pub reason: String,
}

/// Decides. One failed check or missing address withdraws; announcing takes all of them.
#[must_use]
pub fn decide(checks: &[CheckView<'_>], addresses: Addresses) -> Decision {
    if let Addresses::Missing(prefix) = addresses {
        return decision(
            Announcement::Withdrawn,
            format!("this host has no address within {prefix}"),
        );
    }
    if let Some(check) = checks
        .iter()
        .find(|check| check.health == Health::Unhealthy)
    {
        return decision(
            Announcement::Withdrawn,
            format!("{}: {}", check.name, check.reason),
        );
    }
    let healthy = checks
        .iter()
        .filter(|check| check.health == Health::Healthy)
        .count();
    let waits = healthy < checks.len() || addresses == Addresses::Unknown;
    match (waits, addresses) {
        (false, _) => decision(Announcement::Announced, passed(checks.len())),
        (true, Addresses::Unknown) => hold("the addresses of this host cannot be read".to_owned()),
        (true, _) => hold(format!(
            "waiting for verdicts: {healthy} of {} checks decided",
            checks.len()
        )),
    }
}

fn passed(count: usize) -> String {
    match count {
        1 => "1 check passes".to_owned(),
        _ => format!("{count} checks pass"),
    }
}

fn decision(desired: Announcement, reason: String) -> Decision {
    Decision {
        desired: Some(desired),
        reason,
    }
}

fn hold(reason: String) -> Decision {
    Decision {
        desired: None,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(health: Health) -> CheckView<'static> {
        CheckView {
            name: "dns-1 at 192.0.2.53",
            health,
            reason: "3 failed in a row: refused",
        }
    }

    #[test]
    fn announcing_takes_all_and_withdrawing_takes_one() {
        use Health::{Healthy, Unhealthy, Unknown};
        for (states, desired) in [
            (vec![Healthy, Healthy], Some(Announcement::Announced)),
            (vec![Healthy, Unhealthy], Some(Announcement::Withdrawn)),
            (vec![Unknown, Unhealthy], Some(Announcement::Withdrawn)),
            (vec![Healthy, Unknown], None),
            (vec![Unknown], None),
        ] {
            let checks: Vec<_> = states.iter().copied().map(check).collect();
            assert_eq!(
                decide(&checks, Addresses::Present).desired,
                desired,
                "{states:?}"
            );
        }
    }

    #[test]
    fn a_missing_address_withdraws_and_an_unknown_one_holds() {
        let prefix = "192.0.2.53/32".parse().unwrap();
        let decision = decide(&[check(Health::Healthy)], Addresses::Missing(prefix));
        assert_eq!(decision.desired, Some(Announcement::Withdrawn));
        assert_eq!(
            decision.reason,
            "this host has no address within 192.0.2.53/32"
        );
        assert_eq!(
            decide(&[check(Health::Healthy)], Addresses::Unknown).desired,
            None
        );
        let dead = decide(&[check(Health::Unhealthy)], Addresses::Unknown);
        assert_eq!(dead.desired, Some(Announcement::Withdrawn));
    }

    #[test]
    fn reasons_name_the_check_and_its_evidence() {
        let reason = decide(&[check(Health::Unhealthy)], Addresses::Present).reason;
        assert_eq!(reason, "dns-1 at 192.0.2.53: 3 failed in a row: refused");
        assert_eq!(
            decide(&[check(Health::Healthy)], Addresses::Present).reason,
            "1 check passes"
        );
    }
}
