//! A few probes in quick succession, after something has said "look now".
//!
//! ```text
//! t/ms      0         1         2
//! event ->  sent  ->  sent  ->  sent
//! verdict   refused   refused   refused -> unhealthy, where `fall` is 3
//! ```
//!
//! An event proves nothing: the first probe that passes ends the burst, so that a false alarm costs one. A probe that
//! stays unanswered holds up nothing either: a process that is being killed takes in datagrams that it will never read,
//! and only those that come after it has gone are refused.

use std::time::{Duration, Instant};

use crate::health::Verdict;

/// Between two probes of a burst, where the first has been refused. Three of them fit into 10 ms with all else that a
/// withdrawal takes, timers that are a millisecond late included.
pub(super) const SPACING: Duration = Duration::from_millis(1);

/// The same where the first is unanswered. A refusal of this host takes some 0.2 ms: what takes longer has been swallowed,
/// or is on its way through a server that lives. A process that is being killed closes its TCP connections up to 12 ms
/// before its UDP sockets (named and Unbound, measured on a busy host); ten probes in flight, the usual limit, last for
/// 20 ms.
pub(super) const PATIENCE: Duration = Duration::from_millis(2);

/// Between the beginnings of two bursts: something that calls all the time costs twenty probes a second, as long as
/// they pass. So short that a second event makes good within a tenth of a second for a first that came too early.
pub(super) const GAP: Duration = Duration::from_millis(50);

/// Beyond `fall`, so many probes may be lost in a burst: twice as many, and these.
const EXTRA: u32 = 4;

/// When the probes of a burst are sent, for one target.
#[derive(Debug)]
pub(super) struct Burst {
    fall: u32,
    /// How long one may take: then the first probes have come to their verdicts.
    longest: Duration,
    on: Option<Ongoing>,
    /// When the last one began.
    began: Option<Instant>,
    /// When the next one begins.
    due: Option<Instant>,
}

#[derive(Debug)]
struct Ongoing {
    began: Instant,
    /// The number of its first probe.
    first: u64,
    sent: u32,
    /// The newest: its number, when it was sent, and whether it came back.
    newest: (u64, Instant, bool),
    failed: u32,
}

impl Burst {
    /// So many failures decide, and a probe may take `timeout`.
    pub(super) fn new(fall: u32, timeout: Duration) -> Self {
        Self {
            fall,
            longest: timeout,
            on: None,
            began: None,
            due: None,
        }
    }

    /// Something says "look now". While a burst is on, or too soon after one, the next waits for its time; so does any
    /// number of events together.
    pub(super) fn on_event(&mut self, now: Instant) {
        let earliest = self.began.map_or(now, |began| now.max(began + GAP));
        self.due.get_or_insert(earliest);
    }

    /// When to send the next probe, perhaps in the past; `None` without a burst.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let next = |on: &Ongoing| {
            let (_, at, is_back) = on.newest;
            at + if is_back { SPACING } else { PATIENCE }
        };
        self.on.as_ref().map(next).or(self.due)
    }

    /// A probe is being sent, for whatever reason.
    pub(super) fn on_send(&mut self, now: Instant, number: u64) {
        if self.on.is_none() && self.due.is_some_and(|due| due <= now) {
            (self.due, self.began) = (None, Some(now));
            self.on = Some(Ongoing {
                began: now,
                first: number,
                sent: 0,
                newest: (number, now, false),
                failed: 0,
            });
        }
        if let Some(on) = &mut self.on {
            on.sent = on.sent.saturating_add(1);
            on.newest = (number, now, false);
        }
        self.end_if_over(now);
    }

    /// A probe has come to its verdict.
    pub(super) fn on_verdict(&mut self, now: Instant, number: u64, verdict: Verdict) {
        if let Some(on) = self.on.as_mut().filter(|on| on.newest.0 == number) {
            on.newest.2 = true;
        }
        let own = self.on.as_mut().filter(|on| number >= on.first);
        match (own, verdict) {
            (Some(_), Verdict::Pass) => self.on = None,
            (Some(on), Verdict::Fail) => on.failed = on.failed.saturating_add(1),
            (Some(_), Verdict::Unknown) | (None, _) => {}
        }
        self.end_if_over(now);
    }

    /// There is no hurry any more.
    pub(super) fn call_off(&mut self) {
        (self.on, self.due) = (None, None);
    }

    /// A burst ends by its failures, and in any case after so many probes or so long a time: what it did not show, the
    /// usual probes will.
    fn end_if_over(&mut self, now: Instant) {
        let most = self.fall.saturating_mul(2).saturating_add(EXTRA);
        let is_over = |on: &mut Ongoing| {
            on.failed >= self.fall
                || on.sent >= most
                || now.saturating_duration_since(on.began) >= self.longest
        };
        self.on.take_if(|on| is_over(on));
    }
}
