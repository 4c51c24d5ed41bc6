//! Whether what the neighbours had is what they should have had.

use std::time::Duration;

use super::fault::{Act, Expected};

/// What the neighbours have of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Each of them all that it should.
    All,
    /// Something is missing somewhere.
    Some,
    /// Nobody anything.
    None,
}

/// What was seen from the moment at which something was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// When what they have changed, with what they had from then on, of each service. The first is what they had at first.
    pub(crate) changes: Vec<(Duration, Vec<Presence>)>,
    /// How long it was looked at.
    pub(crate) until: Duration,
    /// How many withdrawals the neighbours' BIRDs have counted meanwhile; `None` where a session was lost.
    pub(crate) withdrawals: Option<u64>,
}

/// What is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// When it came to be as it should; `None` if it never did, or nothing had to come.
    pub(crate) after: Option<Duration>,
    /// When it should have.
    pub(crate) within: Option<Duration>,
    /// What is wrong.
    pub(crate) wrong: Option<String>,
}

impl Seen {
    /// What they have now of all services together.
    pub(crate) fn last(&self) -> Option<Presence> {
        self.changes.last().and_then(|(_, each)| together(each))
    }

    /// Takes what they have at a moment.
    pub(crate) fn add(&mut self, at: Duration, each: Vec<Presence>) {
        self.until = at;
        if self.changes.last().is_none_or(|(_, last)| *last != each) {
            self.changes.push((at, each));
        }
    }

    /// Since when nothing has changed.
    pub(crate) fn quiet_since(&self) -> Duration {
        self.changes.last().map_or(Duration::ZERO, |(at, _)| *at)
    }

    /// What came after what, of all services together, in words. What is on its way is told only where it stays so.
    pub(crate) fn words(&self) -> Vec<&'static str> {
        let mut words = Vec::new();
        for (number, (_, each)) in self.changes.iter().enumerate() {
            let word = match together(each) {
                Some(Presence::All) => "announced",
                Some(Presence::None) => "withdrawn",
                Some(Presence::Some) | None if number + 1 < self.changes.len() => continue,
                Some(Presence::Some) | None => "partly announced",
            };
            if words.last() != Some(&word) {
                words.push(word);
            }
        }
        words
    }

    fn of(&self, service: usize) -> impl Iterator<Item = (Duration, Presence)> + '_ {
        let each = self.changes.iter();
        each.filter_map(move |(at, each)| Some((*at, *each.get(service)?)))
    }

    /// From when on a service was so until the end.
    fn so_from(&self, service: usize, wanted: Presence) -> Option<Duration> {
        let mut from = None;
        for (at, presence) in self.of(service) {
            if presence != wanted {
                from = None;
            } else if from.is_none() {
                from = Some(at);
            }
        }
        from
    }

    /// When a service was first something else than this.
    fn not_at(&self, service: usize, wanted: Presence) -> Option<Duration> {
        let mut other = self.of(service).filter(|(_, presence)| *presence != wanted);
        other.next().map(|(at, _)| at)
    }
}

/// Of all services together.
fn together(each: &[Presence]) -> Option<Presence> {
    let first = *each.first()?;
    let alike = each.iter().all(|presence| *presence == first);
    Some(if alike { first } else { Presence::Some })
}

/// Judges what was seen of the services with these names. Of several, the one that did worst is told.
pub(crate) fn judge(act: &Act, seen: &Seen, services: &[String]) -> Judgement {
    let each = services.iter().zip(&act.times).enumerate();
    let judged = each.map(|(service, (name, time))| one(act, seen, service, name, *time));
    let worst = judged.max_by(|one, other| badness(one).total_cmp(&badness(other)));
    worst.unwrap_or_else(|| Judgement {
        after: None,
        within: None,
        wrong: Some("nobody was looked at".to_owned()),
    })
}

/// How much of its time it took; more than any time if it is wrong for good.
fn badness(judged: &Judgement) -> f64 {
    match (judged.after, judged.within) {
        (Some(after), Some(within)) => after.as_secs_f64() / within.as_secs_f64().max(1e-9),
        _ if judged.wrong.is_some() => f64::INFINITY,
        _ => 0.0,
    }
}

fn one(act: &Act, seen: &Seen, service: usize, name: &str, time: Duration) -> Judgement {
    let wanted = match act.expected {
        Expected::Withdrawn | Expected::Out => Presence::None,
        Expected::Announced | Expected::Kept => Presence::All,
        Expected::Anything => {
            return Judgement {
                after: None,
                within: None,
                wrong: None,
            };
        }
    };
    if seen.of(service).next().is_none() {
        return Judgement {
            after: None,
            within: None,
            wrong: Some("no neighbour could be asked".to_owned()),
        };
    }
    match act.expected {
        Expected::Withdrawn | Expected::Announced => {
            let after = seen.so_from(service, wanted);
            Judgement {
                after,
                within: Some(time),
                wrong: late(after, time, seen.until, name, wanted),
            }
        }
        Expected::Kept | Expected::Out | Expected::Anything => {
            let lost = seen.not_at(service, wanted);
            Judgement {
                after: None,
                within: None,
                wrong: lost
                    .map(|at| strayed(name, wanted, at))
                    .or_else(|| gap(act, seen)),
            }
        }
    }
}

fn late(
    after: Option<Duration>,
    within: Duration,
    until: Duration,
    name: &str,
    wanted: Presence,
) -> Option<String> {
    let word = word(wanted);
    match after {
        None => Some(format!("{name} is not {word} after {}", seconds(until))),
        Some(after) if after > within => Some(format!(
            "{name} is {word} {} later than promised",
            seconds(after.saturating_sub(within))
        )),
        Some(_) => None,
    }
}

fn strayed(name: &str, wanted: Presence, at: Duration) -> String {
    let what = match wanted {
        Presence::None => "was announced",
        Presence::All | Presence::Some => "was lost",
    };
    format!("{name} {what} after {}", seconds(at))
}

/// A gap that was too short to be seen.
fn gap(act: &Act, seen: &Seen) -> Option<String> {
    let count = seen.withdrawals.filter(|count| *count > 0)?;
    (act.expected == Expected::Kept)
        .then(|| format!("the neighbours were told {count} withdrawals"))
}

fn word(presence: Presence) -> &'static str {
    match presence {
        Presence::All => "announced",
        Presence::Some => "partly announced",
        Presence::None => "withdrawn",
    }
}

/// A time for people: to a millisecond where it is short, without zeros at its end.
pub(crate) fn seconds(time: Duration) -> String {
    let text = format!("{:.3}", time.as_secs_f64());
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Presence = Presence::All;
    const NONE: Presence = Presence::None;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn act(expected: Expected, times: &[u64]) -> Act {
        Act {
            expected,
            times: times.iter().copied().map(millis).collect(),
            usual: Duration::ZERO,
        }
    }

    fn seen(changes: &[(u64, &[Presence])]) -> Seen {
        let mut seen = Seen::default();
        for (at, each) in changes {
            seen.add(millis(*at), each.to_vec());
        }
        seen.until = millis(5000);
        seen
    }

    fn judged(act: &Act, seen: &Seen) -> (Option<u64>, Option<String>) {
        let services = ["a".to_owned(), "b".to_owned()];
        let judgement = judge(act, seen, &services[..act.times.len()]);
        let after = judgement
            .after
            .and_then(|after| u64::try_from(after.as_millis()).ok());
        (after, judgement.wrong)
    }

    #[test]
    fn a_withdraw_is_measured_up_to_where_it_stays() {
        let act = act(Expected::Withdrawn, &[1000]);
        assert_eq!(
            judged(&act, &seen(&[(0, &[ALL]), (300, &[NONE])])),
            (Some(300), None)
        );
        let late = judged(
            &act,
            &seen(&[(0, &[ALL]), (300, &[NONE]), (900, &[ALL]), (1250, &[NONE])]),
        );
        assert_eq!(
            late,
            (
                Some(1250),
                Some("a is withdrawn 0.25 s later than promised".to_owned())
            )
        );
        let never = judged(
            &act,
            &seen(&[(0, &[ALL]), (300, &[NONE]), (900, &[Presence::Some])]),
        );
        assert_eq!(
            never,
            (None, Some("a is not withdrawn after 5 s".to_owned()))
        );
    }

    #[test]
    fn of_several_services_the_worst_is_told() {
        let act = act(Expected::Announced, &[1000, 4000]);
        let seen = seen(&[(0, &[NONE, NONE]), (900, &[ALL, NONE]), (2000, &[ALL, ALL])]);
        assert_eq!(judged(&act, &seen), (Some(900), None));
        assert_eq!(seen.words(), ["withdrawn", "announced"]);
        let seen = self::seen(&[(0, &[NONE, NONE]), (900, &[ALL, NONE])]);
        assert_eq!(
            judged(&act, &seen).1,
            Some("b is not announced after 5 s".to_owned())
        );
    }

    #[test]
    fn what_is_to_stay_must_not_blink() {
        let kept = act(Expected::Kept, &[1000]);
        let out = act(Expected::Out, &[1000]);
        let mut steady = seen(&[(0, &[ALL])]);
        assert_eq!(judged(&kept, &steady), (None, None));
        steady.withdrawals = Some(2);
        assert_eq!(
            judged(&kept, &steady).1,
            Some("the neighbours were told 2 withdrawals".to_owned())
        );
        let blink = seen(&[(0, &[ALL]), (400, &[NONE]), (401, &[ALL])]);
        assert_eq!(
            judged(&kept, &blink).1,
            Some("a was lost after 0.4 s".to_owned())
        );
        let shown = seen(&[(0, &[NONE]), (40, &[ALL]), (41, &[NONE])]);
        assert_eq!(
            judged(&out, &shown).1,
            Some("a was announced after 0.04 s".to_owned())
        );
        assert_eq!(judged(&act(Expected::Anything, &[1]), &shown), (None, None));
    }

    #[test]
    fn nothing_seen_is_never_right() {
        assert!(
            judged(&act(Expected::Withdrawn, &[1000]), &Seen::default())
                .1
                .is_some()
        );
        assert!(
            judged(&act(Expected::Kept, &[1000]), &Seen::default())
                .1
                .is_some()
        );
        assert!(
            judged(&act(Expected::Kept, &[]), &Seen::default())
                .1
                .is_some()
        );
    }
}
