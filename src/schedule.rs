//! When the next probe of one target is sent.
//!
//! Pure: time arrives as an argument, and nothing is sent here.
//!
//! Probes overlap, so that a server that hangs costs one timeout and not `fall` of them. They are
//! `interval` apart, and `fast_interval` while the service is announced and the target looks bad:
//!
//! - the last completed probe failed, or
//! - a probe is unanswered, and for `fast_interval` nothing was sent and no probe passed.
//!
//! At the defaults, for a server that freezes:
//!
//! ```text
//! t/ms      0    100   200   …   800     900     1000
//! sent      1     2     3         9       10      11
//! verdict                       1 fail  2 fail  3 fail -> unhealthy
//! ```
//!
//! Only in the bad direction: a withdrawn service that recovers is not hurried. A server that answers
//! well but takes longer than `fast_interval` is asked twice an interval, not all the time: the pass of
//! one probe speaks for those sent before it.
//!
//! Something that happens on the host may say "look now" ([`Schedule::on_event`]): a `burst` of probes follows.

mod burst;

use std::time::Instant;

use crate::config::Timing;
use crate::health::Verdict;

use burst::Burst;

/// A probe in flight: given out when it is sent, handed back with its verdict.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a probe that is never handed back counts as in flight for ever"]
pub struct Ticket {
    number: u64,
    sent: Instant,
}

/// When to send, for one target.
#[derive(Debug)]
pub struct Schedule {
    timing: Timing,
    in_flight_limit: usize,
    in_flight: usize,
    announced: bool,
    /// The first probe is due.
    first: Instant,
    newest: Option<Sent>,
    last_verdict: Option<Verdict>,
    /// Whether the last verdict that says anything was a pass.
    is_well: bool,
    last_pass: Option<Instant>,
    burst: Burst,
}

#[derive(Debug)]
struct Sent {
    number: u64,
    at: Instant,
    answered: bool,
}

impl Schedule {
    /// A schedule that begins at `first`, for a service that is not announced, where `fall` failures in a row decide.
    /// At most `in_flight_limit` probes (at least one) are in flight at a time.
    #[must_use]
    pub fn new(timing: Timing, fall: u32, in_flight_limit: usize, first: Instant) -> Self {
        Self {
            timing,
            in_flight_limit: in_flight_limit.max(1),
            in_flight: 0,
            announced: false,
            first,
            newest: None,
            last_verdict: None,
            is_well: false,
            last_pass: None,
            burst: Burst::new(fall, timing.timeout.duration()),
        }
    }

    /// When to send the next probe, perhaps in the past; `None` until a probe in flight is handed back.
    ///
    /// Counted from the last probe that was really sent: whoever was late does not catch up by a burst.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        if self.in_flight >= self.in_flight_limit {
            return None;
        }
        let regular = self.regular();
        let burst = self.burst.deadline();
        Some(burst.map_or(regular, |at| at.min(regular)))
    }

    /// The times that it keeps.
    #[must_use]
    pub fn timing(&self) -> Timing {
        self.timing
    }

    /// Whether there is nothing to find out: the target is well as far as is known, no probe is under way, and nothing
    /// has happened.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        self.is_well && self.in_flight == 0 && self.burst.deadline().is_none()
    }

    /// When the next one would be due if nothing had happened.
    fn regular(&self) -> Instant {
        let Some(newest) = &self.newest else {
            return self.first;
        };
        let normal = newest.at + self.timing.interval.duration();
        let fast = self.fast_from(newest).filter(|_| self.announced);
        fast.map_or(normal, |from| {
            normal.min(from + self.timing.fast_interval.duration())
        })
    }

    /// Something says that the target may have changed. No event is lost, and many at once are one. Only while the
    /// service is announced: else there is nothing to hurry for.
    pub fn on_event(&mut self, now: Instant) {
        if self.announced {
            self.burst.on_event(now);
        }
    }

    /// Since when the target gives no good sign, if it looks bad.
    fn fast_from(&self, newest: &Sent) -> Option<Instant> {
        if self.last_verdict == Some(Verdict::Fail) {
            Some(newest.at)
        } else if newest.answered {
            None
        } else {
            Some(self.last_pass.map_or(newest.at, |at| at.max(newest.at)))
        }
    }

    /// A probe is being sent.
    pub fn on_send(&mut self, now: Instant) -> Ticket {
        let number = self.newest.as_ref().map_or(0, |sent| sent.number + 1);
        self.newest = Some(Sent {
            number,
            at: now,
            answered: false,
        });
        self.in_flight += 1;
        self.burst.on_send(now, number);
        Ticket { number, sent: now }
    }

    /// A probe has come to its verdict.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "handing the ticket over is what keeps it from being handed back twice"
    )]
    pub fn on_verdict(&mut self, now: Instant, ticket: Ticket, verdict: Verdict) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(newest) = self
            .newest
            .as_mut()
            .filter(|sent| sent.number == ticket.number)
        {
            newest.answered = true;
        }
        match verdict {
            Verdict::Pass => (self.is_well, self.last_pass) = (true, Some(now)),
            Verdict::Fail => self.is_well = false,
            Verdict::Unknown => {}
        }
        self.last_verdict = Some(verdict);
        let taken = now.saturating_duration_since(ticket.sent);
        self.burst.on_verdict(now, ticket.number, verdict, taken);
    }

    /// Whether the service is announced: only then there is a hurry.
    pub fn set_announced(&mut self, announced: bool) {
        self.announced = announced;
        if !announced {
            self.burst.call_off();
        }
    }
}

#[cfg(test)]
mod tests;
