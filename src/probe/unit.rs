//! Whether systemd says that a unit is active.

use std::time::Duration;

use super::Outcome;
use super::finding::{Finding, timed};
use crate::model::UnitName;
use crate::systemd::{UnitState, Units};

/// A unit to ask for again and again.
#[derive(Debug)]
pub(super) struct Unit {
    name: UnitName,
    units: &'static Units,
}

impl Unit {
    pub(super) fn new(name: &UnitName) -> Self {
        Self {
            name: name.clone(),
            units: Units::system(),
        }
    }

    /// Asks once.
    pub(super) async fn run(&self, timeout: Duration) -> Outcome {
        let look = async {
            Ok(match self.units.state(self.name.as_str()).await {
                Ok(state) => judge(&self.name, &state),
                Err(error) => Finding::unknown(format!("the prober cannot ask systemd: {error}")),
            })
        };
        let silence = || Finding::unknown(format!("systemd has not answered within {timeout:?}"));
        timed(timeout, look, silence).await
    }
}

/// One that starts does not serve yet, and one that ends does not any more. One that is reloaded does all the time.
fn judge(name: &UnitName, state: &UnitState) -> Finding {
    let UnitState {
        active,
        sub,
        result,
        load,
    } = state;
    let is_active = matches!(active.as_str(), "active" | "reloading" | "refreshing");
    let mut words = format!("{name} is {active} ({sub})");
    if is_active {
        return Finding::pass(words);
    }
    if load == "not-found" {
        return Finding::fail(format!("systemd knows no unit {name}"));
    }
    if let Some(result) = result {
        words.push_str(", ");
        words.push_str(result);
    }
    Finding::fail(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Verdict;

    fn found(active: &str, sub: &str, result: Option<&str>) -> (Verdict, String) {
        let state = UnitState {
            active: active.to_owned(),
            sub: sub.to_owned(),
            result: result.map(str::to_owned),
            load: "loaded".to_owned(),
        };
        let finding = judge(&"nsd.service".parse().unwrap(), &state);
        (finding.verdict, finding.detail)
    }

    #[test]
    fn what_serves_is_up() {
        for (active, sub) in [
            ("active", "running"),
            ("active", "exited"),
            ("reloading", "reload"),
            ("refreshing", "refresh"),
        ] {
            let detail = format!("nsd.service is {active} ({sub})");
            assert_eq!(found(active, sub, None), (Verdict::Pass, detail));
        }
    }

    #[test]
    fn what_does_not_is_down_and_says_why() {
        for (active, sub, result, detail) in [
            ("inactive", "dead", None, "nsd.service is inactive (dead)"),
            (
                "failed",
                "failed",
                Some("signal"),
                "nsd.service is failed (failed), signal",
            ),
            ("failed", "failed", None, "nsd.service is failed (failed)"),
            (
                "activating",
                "auto-restart",
                Some("exit-code"),
                "nsd.service is activating (auto-restart), exit-code",
            ),
            (
                "deactivating",
                "stop-sigterm",
                None,
                "nsd.service is deactivating (stop-sigterm)",
            ),
            (
                "maintenance",
                "maintenance",
                None,
                "nsd.service is maintenance (maintenance)",
            ),
        ] {
            let down = (Verdict::Fail, detail.to_owned());
            assert_eq!(found(active, sub, result), down);
        }
    }

    #[test]
    fn a_unit_that_nobody_installed_is_named() {
        let state = UnitState {
            active: "inactive".to_owned(),
            sub: "dead".to_owned(),
            result: None,
            load: "not-found".to_owned(),
        };
        let finding = judge(&"nsd.service".parse().unwrap(), &state);
        assert_eq!(finding, Finding::fail("systemd knows no unit nsd.service"));
    }
}
