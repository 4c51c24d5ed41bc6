//! `why`: the chain of reasons behind what is announced of a service, in plain sentences.

mod changes;
mod neighbors;

use std::net::SocketAddr;

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;

use super::age::{age, clock};
use super::{Actual, Check, FamilyStatus, Health, OnFailure, Service, Snapshot, VERSION};
use crate::columns::{BOLD, PLAIN, Page};
use crate::health::Verdict;
use crate::overrides::Override;

/// Why a service is as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// [`VERSION`].
    pub version: u32,
    /// The service.
    pub service: String,
    /// What is so, in one sentence.
    pub state: String,
    /// What led to it, from the decision to BIRD.
    pub because: Vec<String>,
    /// Which neighbours have it, and why others do not.
    pub neighbors: Vec<String>,
    /// What would make it different.
    pub changes: Vec<String>,
}

/// Explains a service of a snapshot.
#[must_use]
pub fn why(snapshot: &Snapshot, service: &Service) -> Explanation {
    let case = Case { snapshot, service };
    Explanation {
        version: VERSION,
        service: service.name.clone(),
        state: case.state(),
        because: case.because(),
        neighbors: case.neighbors(),
        changes: case.changes(),
    }
}

/// Writes an explanation for people, in lines of so many characters; `None`: however long they get.
pub fn write_explanation(
    explanation: &Explanation,
    width: Option<usize>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut page = Page { out, width };
    page.line(0, &explanation.state, BOLD)?;
    for (title, sentences) in [
        ("Because", &explanation.because),
        ("Who has it", &explanation.neighbors),
        ("What would change that", &explanation.changes),
    ] {
        if !sentences.is_empty() {
            page.gap()?;
            page.line(0, title, BOLD)?;
        }
        for sentence in sentences {
            page.line(2, sentence, PLAIN)?;
        }
    }
    Ok(())
}

struct Case<'a> {
    snapshot: &'a Snapshot,
    service: &'a Service,
}

impl Case<'_> {
    fn state(&self) -> String {
        let name = &self.service.name;
        let word = |family: &FamilyStatus| actual_word(family.actual);
        let Some(first) = self.service.families.first() else {
            return format!("{name} has no prefixes.");
        };
        if self
            .service
            .families
            .iter()
            .all(|family| family.actual == first.actual)
        {
            return format!("{name} is {}.", word(first));
        }
        let each = self.service.families.iter();
        let each: Vec<_> = each
            .map(|family| format!("{} on {}", word(family), family.family))
            .collect();
        format!("{name} is {}.", each.join(" and "))
    }

    fn because(&self) -> Vec<String> {
        let mut sentences: Vec<String> = self
            .service
            .order
            .iter()
            .map(|order| self.order(order))
            .collect();
        for (families, family) in self.alike() {
            sentences.push(self.decision(&families, family));
        }
        let checks = self.service.checks.iter();
        sentences.extend(checks.filter_map(|check| self.check(check)));
        for family in &self.service.families {
            sentences.extend(self.held(family));
            sentences.extend(self.bird(family));
        }
        sentences.extend(self.silence());
        sentences.extend(self.unprotected());
        sentences
    }

    /// Families of which the same is to be said, together.
    fn alike(&self) -> Vec<(String, &FamilyStatus)> {
        let mut groups: Vec<(String, &FamilyStatus)> = Vec::new();
        for family in &self.service.families {
            let same = |(_, other): &&mut (String, &FamilyStatus)| {
                (other.desired, &other.reason) == (family.desired, &family.reason)
            };
            match groups.iter_mut().find(same) {
                Some((names, _)) => {
                    let _ = write!(names, " and {}", family.family);
                }
                None => groups.push((family.family.to_string(), family)),
            }
        }
        groups
    }

    fn order(&self, order: &Override) -> String {
        let reason = order
            .reason
            .as_ref()
            .map_or_else(String::new, |reason| format!(" (\"{reason}\")"));
        let until = order.until.map_or_else(
            || "until somebody ends it".to_owned(),
            |until| format!("until {}", clock(until)),
        );
        format!(
            "{} ordered `{}` {} ago{reason}, {until}.",
            order.by,
            order.kind,
            age(self.snapshot.at, Some(order.since))
        )
    }

    fn decision(&self, families: &str, family: &FamilyStatus) -> String {
        let (is, stays) = if families.contains(" and ") {
            ("are", "stay as they were")
        } else {
            ("is", "stays as it was")
        };
        let since = age(self.snapshot.at, Some(family.since));
        match family.desired {
            Some(desired) => {
                format!(
                    "{families} {is} to be {desired} since {since}: {}.",
                    family.reason
                )
            }
            None => format!(
                "{families} {stays} found, nothing is decided: {}.",
                family.reason
            ),
        }
    }

    /// Something is said of checks that do not simply pass.
    fn check(&self, check: &Check) -> Option<String> {
        let word = match (check.health, check.verdict) {
            (Health::Healthy, Some(Verdict::Pass)) => return None,
            (Health::Unhealthy, Some(Verdict::Pass)) => "passes again, not often enough yet",
            (Health::Unhealthy, _) => "fails",
            (_, Some(Verdict::Fail)) => "failed lately, not often enough to matter",
            (_, Some(Verdict::Unknown)) => "could not be run",
            (_, Some(Verdict::Pass)) => "passes, not often enough yet",
            (_, None) => "has given no verdict yet",
        };
        let effect = match (check.health, check.on_failure) {
            (Health::Unhealthy, OnFailure::Drain) => "; its failure drains and never withdraws",
            _ => "",
        };
        let last = match (&check.detail, check.at) {
            (detail, Some(at)) if !detail.is_empty() => {
                format!(": {detail}, {} ago", age(self.snapshot.at, Some(at)))
            }
            _ => String::new(),
        };
        Some(format!(
            "Check {} {word}{last}{effect}.",
            located(&check.name, &check.server)
        ))
    }

    fn held(&self, family: &FamilyStatus) -> Option<String> {
        let until = family
            .damping
            .hold_until
            .filter(|until| *until > self.snapshot.at)?;
        Some(format!(
            "{} came and went too often (penalty {:.1}): it is announced no earlier than {}.",
            family.family,
            family.damping.penalty,
            clock(until)
        ))
    }

    fn bird(&self, family: &FamilyStatus) -> Option<String> {
        match (&family.error, family.desired) {
            (Some(error), _) => Some(format!(
                "BIRD is not there yet on {}: {error}.",
                family.family
            )),
            (None, Some(desired))
                if Actual::from(Some(desired)) != family.actual && self.is_connected() =>
            {
                Some(format!(
                    "BIRD has {} {}, and is being told otherwise.",
                    family.family,
                    actual_word(family.actual)
                ))
            }
            _ => None,
        }
    }

    fn is_connected(&self) -> bool {
        self.snapshot.bird.connected
    }

    fn silence(&self) -> Option<String> {
        let error = self.snapshot.bird.error.as_ref()?;
        Some(format!(
            "BIRD does not answer ({error}): what neighbours have is not known. When it answers, or starts, it gets what is decided here."
        ))
    }

    fn unprotected(&self) -> Option<String> {
        let protocols = self.service.protocols.iter();
        let names: Vec<_> = protocols
            .filter(|protocol| protocol.protected == Some(false))
            .map(|protocol| protocol.name.as_str())
            .collect();
        (!names.is_empty()).then(|| {
            format!(
                "bird.conf does not include the intent files of {}: whoever runs `birdc configure` undoes this for up to a second.",
                names.join(", ")
            )
        })
    }
}

fn actual_word(actual: Actual) -> String {
    match actual {
        Actual::Drained => format!("{actual}: announced as the last choice of neighbours"),
        Actual::Unknown => "in a state that BIRD does not tell".to_owned(),
        Actual::Withdrawn | Actual::Announced => actual.to_string(),
    }
}

/// A check and what it looks at: somebody at an address, or something on this host.
fn located(check: &str, subject: &str) -> String {
    if subject.parse::<SocketAddr>().is_ok() {
        format!("{check} at {subject}")
    } else {
        format!("{check} ({subject})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overrides::Kind;
    use crate::status::table::example;

    fn text(snapshot: &Snapshot) -> String {
        let mut out = anstream::StripStream::new(Vec::new());
        let explanation = why(snapshot, &snapshot.services[0]);
        write_explanation(&explanation, None, &mut out).unwrap();
        String::from_utf8(out.into_inner()).unwrap()
    }

    #[test]
    fn a_failed_service_that_is_still_announced_is_explained_to_the_end() {
        insta::assert_snapshot!(text(&example()));
    }

    #[test]
    fn an_order_comes_first_and_how_it_ends_last() {
        let mut snapshot = example();
        let service = &mut snapshot.services[0];
        service.order = Some(Override {
            kind: Kind::Pin,
            reason: Some("attack, absorb it".to_owned()),
            by: "alice".to_owned(),
            since: "2026-11-22T20:50:00Z".parse().unwrap(),
            until: Some("2026-11-22T21:30:00Z".parse().unwrap()),
        });
        insta::assert_snapshot!(text(&snapshot));
    }
}
