//! A few probes in quick succession, after something has said "look now".
//!
//! ```text
//! t/ms      0       1       2       2.2     2.4
//! event ->  sent    sent    sent -> sent -> sent
//! verdict                   refused refused refused -> unhealthy, where `fall` is 3
//! ```
//!
//! An event proves nothing: the first probe that passes ends the burst, so that a false alarm costs one, and seldom two. A
//! probe that stays unanswered holds up nothing either: a process that is being killed takes in datagrams that it will
//! never read, and only those that come after it has gone are refused.

use std::time::{Duration, Instant};

use crate::health::Verdict;

/// After a probe of a burst that stays unanswered: a refusal of this host takes some 0.2 ms, and after that or any other
/// verdict the next probe goes out at once. What takes longer has been swallowed, or is on its way through a server that
/// lives. A process that is being killed closes its TCP connections some 3 ms before its UDP sockets (NSD, measured on an
/// idle host), and up to 12 ms on a busy one.
pub(super) const PATIENCE: Duration = Duration::from_millis(1);

/// It also waits for this part of the burst so far: of ten probes in flight, the usual limit, the last goes out after
/// 17 ms.
const PART: u32 = 3;

/// And for so many times what an answer of this server usually takes: one that asks others first is not asked ten times
/// for nothing.
const USUAL: u32 = 2;

/// A new answer counts for this part of what is usual, as for TCP's round trips (RFC 6298, 2.3).
const NEW: u32 = 8;

/// Between the beginnings of two bursts: something that calls all the time costs twenty probes a second, as long as
/// they pass. So short that a second event makes good within a tenth of a second for a first that came too early.
pub(super) const GAP: Duration = Duration::from_millis(50);

/// Beyond `fall`, so many probes of a burst may be lost: with one that comes back, these fill the usual limit.
const LOST: u32 = 9;

/// When the probes of a burst are sent, for one target.
#[derive(Debug)]
pub(super) struct Burst {
    fall: u32,
    /// How long one may take: then the first probes have come to their verdicts.
    longest: Duration,
    /// How long a probe takes that passes; unknown before the first one.
    usual: Option<Duration>,
    /// In a box: there seldom is one, and may be thousands of targets.
    on: Option<Box<Ongoing>>,
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

impl Ongoing {
    /// When the next probe is due, where answers usually take so long.
    fn next(&self, usual: Duration) -> Instant {
        let (_, at, is_back) = self.newest;
        let so_far = at.saturating_duration_since(self.began);
        if is_back {
            at
        } else {
            at + PATIENCE.max(so_far / PART).max(usual * USUAL)
        }
    }
}

impl Burst {
    /// So many failures decide, and a probe may take `timeout`.
    pub(super) fn new(fall: u32, timeout: Duration) -> Self {
        Self {
            fall,
            longest: timeout,
            usual: None,
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
        let usual = self.usual.unwrap_or_default();
        let next = self.on.as_ref().map(|on| on.next(usual));
        next.or(self.due)
    }

    /// A probe is being sent, for whatever reason.
    pub(super) fn on_send(&mut self, now: Instant, number: u64) {
        if self.on.is_none() && self.due.is_some_and(|due| due <= now) {
            (self.due, self.began) = (None, Some(now));
            self.on = Some(Box::new(Ongoing {
                began: now,
                first: number,
                sent: 0,
                newest: (number, now, false),
                failed: 0,
            }));
        }
        if let Some(on) = &mut self.on {
            on.sent = on.sent.saturating_add(1);
            on.newest = (number, now, false);
        }
        self.end_if_over(now);
    }

    /// A probe has come to its verdict, and has `taken` so long.
    pub(super) fn on_verdict(
        &mut self,
        now: Instant,
        number: u64,
        verdict: Verdict,
        taken: Duration,
    ) {
        if verdict == Verdict::Pass {
            let usual = self.usual.unwrap_or(taken);
            self.usual = Some((usual * (NEW - 1) + taken) / NEW);
        }
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
        let most = self.fall.saturating_add(LOST);
        let is_over = |on: &mut Box<Ongoing>| {
            on.failed >= self.fall
                || on.sent >= most
                || now.saturating_duration_since(on.began) >= self.longest
        };
        self.on.take_if(|on| is_over(on));
    }
}
