//! What would make it different.

use super::Case;
use crate::overrides::Kind;
use crate::policy::Announcement;
use crate::status::OnFailure;
use crate::status::age::clock;

impl Case<'_> {
    pub(super) fn changes(&self) -> Vec<String> {
        let name = &self.service.name;
        let mut sentences = Vec::new();
        match &self.service.order {
            Some(order) => {
                if let Some(until) = order.until {
                    sentences.push(format!("The order ends by itself at {}.", clock(until)));
                }
                sentences.push(format!("`anycastctl release {name}` ends the order now."));
            }
            None => sentences.extend(self.next_decision()),
        }
        let drained = self.service.order.as_ref().map(|order| order.kind);
        if drained == Some(Kind::Drain) {
            sentences.extend(self.failures(OnFailure::Withdraw, "withdraw"));
        }
        sentences
    }

    fn next_decision(&self) -> Vec<String> {
        let name = &self.service.name;
        let rise = self.service.thresholds.rise;
        match self.service.desired {
            Some(Announcement::Announced) => {
                let effects = [
                    (OnFailure::Withdraw, "withdraw"),
                    (OnFailure::Drain, "drain"),
                ];
                let failures = effects.map(|(effect, verb)| self.failures(effect, verb));
                let mut sentences: Vec<_> = failures.into_iter().flatten().collect();
                sentences.push(format!(
                    "`anycastctl drain {name}` or `withdraw {name}` takes it out by hand."
                ));
                sentences
            }
            Some(Announcement::Drained | Announcement::Withdrawn) => vec![
                self.recovery(),
                format!("`anycastctl pin {name}` announces it in spite of everything."),
            ],
            None => vec![format!(
                "The first {rise} passes or {} failures decide.",
                self.service.thresholds.fall
            )],
        }
    }

    fn recovery(&self) -> String {
        let rise = self.service.thresholds.rise;
        let hold = self.service.damping.hold_until;
        let hold = hold.filter(|hold| *hold > self.snapshot.at);
        let hold = hold.map_or_else(String::new, |hold| {
            format!(", and not before {}", clock(hold))
        });
        format!("It is announced once every check has passed {rise} times in a row{hold}.")
    }

    /// What it takes for checks to do that; `None` if there is none that does.
    fn failures(&self, effect: OnFailure, verb: &str) -> Option<String> {
        let checks = self.service.checks.iter();
        let mut names: Vec<_> = checks
            .filter(|check| check.on_failure == effect)
            .map(|check| check.name.as_str())
            .collect();
        names.dedup();
        let times = self.service.thresholds.fall;
        let who = match names.as_slice() {
            [] => return None,
            [name] => (*name).to_owned(),
            names => format!("one of {}", names.join(", ")),
        };
        Some(if times == 1 {
            format!("1 failure of {who} {verb}s it.")
        } else {
            format!("{times} failures in a row of {who} {verb} it.")
        })
    }
}
