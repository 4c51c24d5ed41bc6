//! What an operator asks for and what comes of it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Kind, Override};
use crate::harmless::is_harmful;
use crate::model::{Period, ServiceName};

/// A request: what to do, and to which services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// To which.
    pub whom: Whom,
    /// What.
    pub action: Action,
    /// Why: at most 200 characters.
    pub reason: Option<String>,
}

/// The services that a request is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// All of the node.
    All,
    /// These: at least one.
    Services(Vec<String>),
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Give an order, in place of the one that is in force.
    Give {
        /// Which.
        kind: Kind,
        /// For so long, in milliseconds, more than zero and at most a year; `null`: until it is ended.
        for_ms: Option<u64>,
    },
    /// End a drain, and nothing else.
    Undrain,
    /// End whatever is in force, and forgive what damping holds back.
    Release,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Each service.
    pub services: Vec<Outcome>,
    /// Why what is in force now would not survive a restart of the daemon; `null` if it would.
    pub not_kept: Option<String>,
}

/// What came of a request for one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The service.
    pub service: String,
    /// What is in force now.
    #[serde(rename = "override")]
    pub order: Option<Override>,
    /// What this request ended.
    pub ended: Option<Override>,
    /// Why nothing was done.
    pub refused: Option<String>,
}

impl Request {
    /// Refuses what nobody could mean, so that every part of it may be shown.
    pub fn check(&self) -> Result<(), String> {
        if let Whom::Services(names) = &self.whom {
            if names.is_empty() {
                return Err("no service is named".to_owned());
            }
            for name in names {
                let parsed = name.parse::<ServiceName>();
                parsed.map_err(|error| format!("this is not the name of a service: {error}"))?;
            }
        }
        if let Some(reason) = &self.reason {
            let parsed = reason.parse::<Reason>();
            parsed.map_err(|error| error.to_string())?;
        }
        let longest = Period::MAX.millis();
        match self.action {
            Action::Give {
                for_ms: Some(period),
                ..
            } if period == 0 || period > longest => Err(format!(
                "{period} ms is no time to give an order for: at least 1 ms and at most a year"
            )),
            _ => Ok(()),
        }
    }

    /// What follows from it where `before` is in force: what is in force then, or why nothing is done.
    pub fn follow(
        &self,
        before: Option<&Override>,
        by: &str,
        now: Timestamp,
    ) -> Result<Option<Override>, String> {
        match (self.action, before) {
            (Action::Give { kind, for_ms }, _) => {
                let until = for_ms.map(|period| now.checked_add(Duration::from_millis(period)));
                let until = until.transpose();
                Ok(Some(Override {
                    kind,
                    reason: self.reason.clone(),
                    by: by.to_owned(),
                    since: now,
                    until: until.map_err(|error| format!("it would not end: {error}"))?,
                }))
            }
            (Action::Undrain, Some(order)) if order.kind != Kind::Drain => Err(format!(
                "not drained: a {} of {} is in force, which `anycastctl release` ends",
                order.kind, order.by
            )),
            (Action::Undrain | Action::Release, _) => Ok(None),
        }
    }
}

/// How many services a request shows by name.
const SHOWN: usize = 3;

/// As one would type it.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.action {
            Action::Give { kind, .. } => write!(f, "{kind}")?,
            Action::Undrain => f.write_str("undrain")?,
            Action::Release => f.write_str("release")?,
        }
        match &self.whom {
            Whom::All => f.write_str(" --all"),
            Whom::Services(names) => {
                for name in names.iter().take(SHOWN) {
                    write!(f, " {name}")?;
                }
                match names.len().saturating_sub(SHOWN) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
        }
    }
}

/// Why an order is given, in an operator's words: 1 to 200 characters without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

/// The longest reason, in characters.
const LONGEST_REASON: usize = 200;

/// Why a reason was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReason {
    /// Nothing there.
    #[error("a reason cannot be empty")]
    Empty,
    /// A page instead of a line.
    #[error("a reason has at most {LONGEST_REASON} characters, this one has {0}")]
    TooLong(usize),
    /// It would do things to the terminals that show it.
    #[error("a reason is one line without control characters and those that cannot be seen")]
    Control,
}

impl FromStr for Reason {
    type Err = InvalidReason;

    fn from_str(text: &str) -> Result<Self, InvalidReason> {
        match text.chars().count() {
            _ if text.trim().is_empty() => Err(InvalidReason::Empty),
            length if length > LONGEST_REASON => Err(InvalidReason::TooLong(length)),
            _ if text.contains(is_harmful) => Err(InvalidReason::Control),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T21:00:00Z".parse().unwrap()
    }

    fn request(action: Action) -> Request {
        Request {
            whom: Whom::Services(vec!["resolver".to_owned()]),
            action,
            reason: Some("maintenance".to_owned()),
        }
    }

    fn give(kind: Kind, for_ms: Option<u64>) -> Request {
        request(Action::Give { kind, for_ms })
    }

    fn given(kind: Kind) -> Override {
        let followed = give(kind, None).follow(None, "alice", now());
        followed.unwrap().unwrap()
    }

    #[test]
    fn an_order_has_its_giver_and_its_end() {
        let order =
            give(Kind::Drain, Some(1_800_000)).follow(Some(&given(Kind::Pin)), "bob", now());
        let order = order.unwrap().unwrap();
        assert_eq!((order.kind, order.by.as_str()), (Kind::Drain, "bob"));
        assert_eq!(order.until, Some("2026-11-22T21:30:00Z".parse().unwrap()));
        assert!(!order.has_ended(now()));
        assert!(order.has_ended("2026-11-22T21:30:00Z".parse().unwrap()));
        let endless = Timestamp::MAX;
        assert!(
            give(Kind::Drain, Some(1))
                .follow(None, "bob", endless)
                .is_err()
        );
    }

    #[test]
    fn undrain_ends_a_drain_only_and_release_everything() {
        for kind in [Kind::Drain, Kind::Withdraw, Kind::Pin] {
            let before = given(kind);
            let undrained = request(Action::Undrain).follow(Some(&before), "bob", now());
            match kind {
                Kind::Drain => assert_eq!(undrained, Ok(None)),
                Kind::Withdraw | Kind::Pin => {
                    let wanted = format!("a {kind} of alice is in force");
                    assert!(undrained.unwrap_err().contains(&wanted));
                }
            }
            let released = request(Action::Release).follow(Some(&before), "bob", now());
            assert_eq!(released, Ok(None));
        }
        assert_eq!(
            request(Action::Undrain).follow(None, "bob", now()),
            Ok(None)
        );
    }

    #[test]
    fn nonsense_is_refused() {
        let with = |reason: &str| Request {
            reason: Some(reason.to_owned()),
            ..give(Kind::Pin, None)
        };
        let named = |names: &[&str]| Request {
            whom: Whom::Services(names.iter().map(|&name| name.to_owned()).collect()),
            ..give(Kind::Pin, None)
        };
        for bad in [
            with(" "),
            with("a\u{1b}[2J"),
            with("a\nb"),
            with(&"é".repeat(201)),
            named(&[]),
            named(&["a", "b\n"]),
            give(Kind::Pin, Some(0)),
            give(Kind::Pin, Some(u64::MAX)),
            give(Kind::Pin, Some(Period::MAX.millis() + 1)),
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
        for good in [
            with(&"é".repeat(200)),
            named(&["a", "b"]),
            give(Kind::Pin, Some(1)),
            give(Kind::Pin, Some(Period::MAX.millis())),
            request(Action::Release),
        ] {
            assert_eq!(good.check(), Ok(()));
        }
    }

    #[test]
    fn a_reason_stays_as_it_was_given() {
        let reason: Reason = " disks of rack 7 ".parse().unwrap();
        assert_eq!(reason.to_string(), " disks of rack 7 ");
    }

    #[test]
    fn a_request_shows_as_it_is_typed() {
        assert_eq!(request(Action::Undrain).to_string(), "undrain resolver");
        let all = Request {
            whom: Whom::All,
            ..give(Kind::Withdraw, None)
        };
        assert_eq!(all.to_string(), "withdraw --all");
        let names = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        let many = Request {
            whom: Whom::Services(names),
            ..request(Action::Release)
        };
        assert_eq!(many.to_string(), "release a b c and 2 more");
    }
}
