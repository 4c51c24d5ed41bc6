//! What should be announced, with the reason in words: health, host, orders and damping in, one decision out.
//!
//! The first line that applies decides:
//!
//! ```text
//! the daemon stops                          withdrawn
//! the host lacks an address                 withdrawn, also if pinned: queries would only vanish
//! order `withdraw`                          withdrawn
//! order `pin`                               announced
//! a check failed that withdraws             withdrawn
//! order `drain`, or a check failed          drained    \  but while damping holds it, what is
//!   that drains                                         > withdrawn stays so; and nothing comes
//! every check passes                        announced  /   back before every check is decided
//! otherwise                                 what it is
//! ```

mod group;
mod reason;

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::OnFailure;
use crate::health::Health;
use crate::model::Prefix;
use crate::overrides::{Kind, Override};
pub use group::combined;
use reason::{beyond, no_earlier, passed, words};

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
    pub reason: Cow<'a, str>,
    /// What its failure does.
    pub on_failure: OnFailure,
    /// Whether its server is known to be on another host.
    pub off_host: bool,
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

/// Damping keeps a family withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// Until when.
    pub until: Timestamp,
    /// How often it went down lately.
    pub cycles: u32,
}

/// All that a decision about one family of a service depends on.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The signal on which the daemon stops, once a stop withdraws everything.
    pub stopping: Option<&'a str>,
    /// The operator's order in force.
    pub order: Option<&'a Override>,
    /// Whether the host has the addresses.
    pub addresses: Addresses,
    /// The checks that decide on this family.
    pub checks: &'a [CheckView<'a>],
    /// The hold in force.
    pub hold: Option<Hold>,
    /// What was decided before, or what BIRD has while nothing was; `None` if that is unknown too.
    pub current: Option<Announcement>,
    /// Whether it can be drained.
    pub has_twin: bool,
}

/// A decision about one family of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What should be; `None` to leave alone whatever is.
    pub desired: Option<Announcement>,
    /// Why, in words.
    pub reason: String,
    /// What decided.
    pub because: Because,
}

/// What decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// The end of the daemon.
    Stop,
    /// An address that the host lacks.
    MissingAddress,
    /// An operator.
    Order,
    /// The failure of the check at this position of [`Inputs::checks`].
    FailedCheck(usize),
    /// The hold in force.
    Damping,
    /// Nothing yet.
    Undecided,
    /// All checks pass.
    Passed,
}

impl Decision {
    /// Whether something failed so that nothing may be announced. Nobody wanted this.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        let failed = matches!(
            self.because,
            Because::MissingAddress | Because::FailedCheck(_)
        );
        failed && self.desired == Some(Announcement::Withdrawn)
    }
}

/// Decides.
#[must_use]
pub fn decide(inputs: &Inputs<'_>) -> Decision {
    if let Some(signal) = inputs.stopping {
        let reason = format!("the daemon stops on {signal}");
        return decision(Announcement::Withdrawn, Because::Stop, reason);
    }
    if let Some(decision) = missing_address(inputs) {
        return decision;
    }
    match inputs.order {
        Some(order) if order.kind == Kind::Withdraw => {
            let reason = format!("withdrawn {}", words(order));
            decision(Announcement::Withdrawn, Because::Order, reason)
        }
        Some(order) if order.kind == Kind::Pin => pinned(order, inputs),
        Some(_) | None => unforced(inputs),
    }
}

/// Whether the host or a check would have this family withdrawn, whatever an operator ordered.
#[must_use]
pub fn is_out(checks: &[CheckView<'_>], addresses: Addresses) -> bool {
    matches!(addresses, Addresses::Missing(_)) || failed(checks, OnFailure::Withdraw).is_some()
}

fn missing_address(inputs: &Inputs<'_>) -> Option<Decision> {
    let Addresses::Missing(prefix) = inputs.addresses else {
        return None;
    };
    let pin = inputs.order.filter(|order| order.kind == Kind::Pin);
    let although = pin.map_or_else(String::new, |pin| {
        format!(", so it is withdrawn although pinned {}", words(pin))
    });
    let hold = no_earlier(inputs.hold);
    let reason = format!("this host has no address within {prefix}{although}{hold}");
    let (to, because) = (Announcement::Withdrawn, Because::MissingAddress);
    Some(decision(to, because, reason))
}

fn pinned(order: &Override, inputs: &Inputs<'_>) -> Decision {
    let without = unforced(inputs);
    let words = words(order);
    let reason = if without.because == Because::Passed {
        format!("pinned {words}; the checks would announce it too")
    } else {
        format!("PINNED {words}: announced although {}", without.reason)
    };
    decision(Announcement::Announced, Because::Order, reason)
}

/// Without an order that stands above the checks: a drain alone counts.
fn unforced(inputs: &Inputs<'_>) -> Decision {
    if let Some((position, check)) = failed(inputs.checks, OnFailure::Withdraw) {
        let reason = format!(
            "{}: {}{}",
            check.name,
            check.reason,
            no_earlier(inputs.hold)
        );
        return decision(
            Announcement::Withdrawn,
            Because::FailedCheck(position),
            reason,
        );
    }
    let wanted = drained(inputs).unwrap_or_else(|| {
        let reason = passed(inputs.checks.len());
        decision(Announcement::Announced, Because::Passed, reason)
    });
    let is_up = inputs
        .current
        .is_some_and(|current| current > Announcement::Withdrawn);
    if let Some(waiting) = undecided(inputs) {
        return match wanted.desired {
            Some(Announcement::Drained) if is_up => wanted,
            _ => hold(waiting),
        };
    }
    match inputs.hold {
        Some(hold) if !is_up => {
            let reason = reason::held(hold, &wanted);
            decision(Announcement::Withdrawn, Because::Damping, reason)
        }
        Some(_) | None => wanted,
    }
}

/// Why it should not be announced like others, if something says so.
fn drained(inputs: &Inputs<'_>) -> Option<Decision> {
    let order = inputs.order.filter(|order| order.kind == Kind::Drain);
    let (mut reason, because) = if let Some(order) = order {
        (format!("drained {}", words(order)), Because::Order)
    } else {
        let (position, check) = failed(inputs.checks, OnFailure::Drain)?;
        let evidence = format!("{}: {}", check.name, check.reason);
        let reason = beyond(inputs.checks).map_or_else(
            || evidence.clone(),
            |beyond| format!("{beyond}: {evidence}"),
        );
        (reason, Because::FailedCheck(position))
    };
    if inputs.has_twin {
        return Some(decision(Announcement::Drained, because, reason));
    }
    reason += "; announced all the same, because there is no drained protocol for it";
    Some(decision(Announcement::Announced, because, reason))
}

fn failed<'a>(checks: &'a [CheckView<'a>], does: OnFailure) -> Option<(usize, &'a CheckView<'a>)> {
    checks
        .iter()
        .enumerate()
        .find(|(_, check)| check.on_failure == does && check.health == Health::Unhealthy)
}

/// What is not known yet, if there is something.
fn undecided(inputs: &Inputs<'_>) -> Option<String> {
    if inputs.addresses == Addresses::Unknown {
        return Some("the addresses of this host cannot be read".to_owned());
    }
    let checks = inputs.checks;
    let decided = checks
        .iter()
        .filter(|check| check.health != Health::Unknown)
        .count();
    (decided < checks.len()).then(|| {
        format!(
            "waiting for verdicts: {decided} of {} checks decided",
            checks.len()
        )
    })
}

fn decision(desired: Announcement, because: Because, reason: String) -> Decision {
    Decision {
        desired: Some(desired),
        reason,
        because,
    }
}

fn hold(reason: String) -> Decision {
    Decision {
        desired: None,
        reason,
        because: Because::Undecided,
    }
}

#[cfg(test)]
mod tests;
