//! What came of a self-test: the one type that the table and `--json` show.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fault::{Act, Before, Cell, Expected, Fault};
use super::judge::{Judgement, Seen, seconds};

/// What came of it all, format version 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Of this format.
    pub version: u8,
    /// Whether every fault that was played ended as it should, and none was cut off.
    pub right: bool,
    /// The release of BIRD that played the node and the routers.
    pub bird: String,
    /// The services.
    pub services: Vec<String>,
    /// The neighbours whose tables were looked at.
    pub neighbors: Vec<String>,
    /// What was not as in the operator's configuration.
    pub notes: Vec<String>,
    /// The faults, as they were played.
    pub faults: Vec<Outcome>,
}

/// What came of one fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Which.
    pub fault: Fault,
    /// What the neighbours had before it.
    pub before: Before,
    /// What should come of it.
    pub expected: String,
    /// What the neighbours had, one after the other.
    pub saw: String,
    /// From the fault until they had nothing, in milliseconds; `null` where that was not to come.
    pub withdrawn_after_ms: Option<f64>,
    /// What was promised.
    pub withdrawn_within_ms: Option<f64>,
    /// From the end of the fault until they had everything, in milliseconds; `null` where that was not to come.
    pub announced_after_ms: Option<f64>,
    /// What was promised.
    pub announced_within_ms: Option<f64>,
    /// Whether all is as it should be.
    pub right: bool,
    /// What is not.
    pub reason: Option<String>,
    /// The last lines of the daemon's log, where something is wrong.
    pub log: Vec<String>,
}

/// What the stage tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// Everything stands: the neighbours have everything.
    Ready,
    /// A fault has been played.
    Played(Box<Outcome>),
    /// The end.
    Ended,
    /// It cannot go on.
    Failed(String),
}

impl Outcome {
    /// What came of a cell, given what was seen of its two acts and what is to be said about it.
    pub(crate) fn new(cell: &Cell, seen: &[Seen], judged: &[Judgement]) -> Self {
        let mut outcome = Self {
            fault: cell.fault,
            before: cell.before,
            expected: expected(cell),
            saw: saw(seen),
            withdrawn_after_ms: None,
            withdrawn_within_ms: None,
            announced_after_ms: None,
            announced_within_ms: None,
            right: judged.iter().all(|judged| judged.wrong.is_none()),
            reason: judged.iter().find_map(|judged| judged.wrong.clone()),
            log: Vec::new(),
        };
        let acts = [Some(&cell.during), cell.after.as_ref()];
        for (act, judged) in acts.into_iter().flatten().zip(judged) {
            let [after, within] = [judged.after, judged.within].map(|time| time.map(millis));
            match act.expected {
                Expected::Withdrawn => {
                    (outcome.withdrawn_after_ms, outcome.withdrawn_within_ms) = (after, within);
                }
                Expected::Announced => {
                    (outcome.announced_after_ms, outcome.announced_within_ms) = (after, within);
                }
                Expected::Kept | Expected::Out | Expected::Anything => {}
            }
        }
        outcome
    }

    /// The same, where it could not be played.
    pub(crate) fn unplayed(cell: &Cell, reason: String) -> Self {
        Self {
            reason: Some(reason),
            right: false,
            ..Self::new(cell, &[], &[])
        }
    }
}

fn millis(time: Duration) -> f64 {
    // To a tenth: no look is finer.
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

/// What should come of it, in words.
pub(crate) fn expected(cell: &Cell) -> String {
    let acts = [Some(&cell.during), cell.after.as_ref()];
    let words: Vec<String> = acts.into_iter().flatten().filter_map(wanted).collect();
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.dedup();
    words.join(", ")
}

fn wanted(act: &Act) -> Option<String> {
    let within = seconds(act.longest());
    match act.expected {
        Expected::Withdrawn => Some(format!("withdrawn within {within}")),
        Expected::Announced => Some(format!("announced within {within}")),
        Expected::Kept => Some("stays announced".to_owned()),
        Expected::Out => Some("stays withdrawn".to_owned()),
        Expected::Anything => None,
    }
}

fn saw(seen: &[Seen]) -> String {
    let mut words: Vec<&str> = seen.iter().flat_map(Seen::words).collect();
    words.dedup();
    words.join(", ")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::selftest::fault::Stakes;
    use crate::selftest::judge::{Presence, judge};
    use crate::selftest::promise::{Promise, Sessions};

    fn cell(fault: Fault) -> Cell {
        let second = Duration::from_secs(1);
        let promise = Promise {
            wrong: second,
            silent: second,
            lossy: Some(second),
            announced: second * 7,
        };
        let sessions = Sessions {
            silence: second,
            keeps_stale: false,
            poll: second,
        };
        let stakes = Stakes {
            promises: &[promise],
            sessions,
        };
        fault.cell(stakes).unwrap()
    }

    /// A server that was killed: withdrawn after 4 ms, and announced after so many.
    pub(crate) fn killed(announced: u64) -> Outcome {
        let cell = cell(Fault::ServerKilled);
        let mut gone = Seen::default();
        gone.add(Duration::ZERO, vec![Presence::All]);
        gone.add(Duration::from_millis(4), vec![Presence::None]);
        let mut back = Seen::default();
        back.add(Duration::ZERO, vec![Presence::None]);
        back.add(Duration::from_millis(announced), vec![Presence::All]);
        let names = ["resolver".to_owned()];
        let judged = [
            judge(&cell.during, &gone, &names),
            judge(cell.after.as_ref().unwrap(), &back, &names),
        ];
        Outcome::new(&cell, &[gone, back], &judged)
    }

    #[test]
    fn an_outcome_says_what_was_promised_and_what_was_seen() {
        let outcome = killed(5000);
        assert!(outcome.right);
        assert_eq!(outcome.saw, "announced, withdrawn, announced");
        assert_eq!(
            outcome.expected,
            "withdrawn within 1 s, announced within 7 s"
        );
        assert_eq!(outcome.withdrawn_after_ms, Some(4.0));
        assert_eq!(outcome.announced_within_ms, Some(7000.0));
        let late = killed(8000);
        assert!(!late.right);
        assert_eq!(
            late.reason.unwrap(),
            "resolver is announced 1 s later than promised"
        );
    }

    #[test]
    fn what_was_not_played_is_not_right() {
        let outcome = Outcome::unplayed(&cell(Fault::DaemonKilled), "why".to_owned());
        assert!(!outcome.right);
        assert_eq!(outcome.expected, "stays announced");
        let text = serde_json::to_string(&Event::Played(Box::new(outcome.clone()))).unwrap();
        let read: Event = serde_json::from_str(&text).unwrap();
        assert_eq!(read, Event::Played(Box::new(outcome)));
    }
}
