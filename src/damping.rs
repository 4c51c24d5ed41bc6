//! How long a family of a service that comes and goes stays withdrawn: the first cycles are free, then each
//! withdrawal holds it twice as long as the one before.
//!
//! Neighbours damp prefixes too (RFC 2439), for an hour and out of our reach: a service that goes down every few
//! minutes has to be quiet by itself before they make it so. Only what comes back is delayed, never a withdrawal.
//!
//! Each withdrawal for a failure adds 1 to a penalty, and the next announcement waits after it
//!
//! ```text
//! penalty <= free        not at all
//! penalty  = free + 1    hold
//! penalty  = free + 2    2 * hold
//! penalty  = free + n    2^(n-1) * hold, at most max_hold
//! ```
//!
//! with what lies between two lines on the second one. The penalty halves every `half_life` *for which the family
//! is announced or drained*. RFC 2439 (4.2) has a half-life each for routes that are there and for those that are
//! not; here the latter never decay: with holds as long as the half-life, a service that dies whenever it is let
//! back would pay off each cycle in the hold for it, and holds would never grow up to `max_hold`. Being quiet
//! because nobody may speak is no sign of health.
//!
//! Pure: time arrives as an argument.

use std::time::{Duration, Instant};

use crate::config::Damping;
use crate::decay::Penalty;

/// What is left of old cycles counts as nothing up to here, also beside new ones: else the free cycles would never
/// be back, because a penalty that halves never is 0.
const REMNANT: f64 = 0.1;

/// What becomes of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Neighbours have a route: announced or drained.
    Up,
    /// Withdrawn, because something failed.
    Failed,
    /// Withdrawn for another reason: an operator, the end of the daemon.
    Down,
}

/// The damping of one family.
#[derive(Debug, Clone)]
pub struct Damper {
    settings: Damping,
    /// In cycles.
    penalty: Penalty,
    cycles: u32,
    is_up: bool,
    held_until: Option<Instant>,
}

impl Damper {
    /// A family that is down, with no past.
    #[must_use]
    pub fn new(settings: Damping, now: Instant) -> Self {
        let mut penalty = Penalty::new(settings.half_life, now);
        penalty.pause(now);
        Self {
            settings,
            penalty,
            cycles: 0,
            is_up: false,
            held_until: None,
        }
    }

    /// Takes what the family is now; the same again changes nothing. Returns until when it has to stay withdrawn,
    /// if a hold begins.
    pub fn on(&mut self, now: Instant, input: Input) -> Option<Instant> {
        let was_up = std::mem::replace(&mut self.is_up, input == Input::Up);
        match (was_up, input) {
            (true, Input::Up) | (false, Input::Failed | Input::Down) => None,
            (false, Input::Up) => {
                self.penalty.resume(now);
                None
            }
            (true, Input::Down) => {
                self.penalty.pause(now);
                None
            }
            (true, Input::Failed) => self.punish(now),
        }
    }

    /// Looks at the clock: to be called at [`Self::deadline`]. True if a hold has ended.
    pub fn on_time(&mut self, now: Instant) -> bool {
        let ended = self.deadline().is_some_and(|until| until <= now);
        if ended {
            self.held_until = None;
        }
        ended
    }

    /// Until when it has to stay withdrawn; `None` if it may be announced, or is.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.held_until.filter(|_| !self.is_up)
    }

    /// Its penalty in cycles.
    #[must_use]
    pub fn penalty(&self, now: Instant) -> f64 {
        self.penalty.at(now)
    }

    /// How often it went down lately: since there last was no penalty worth mentioning.
    #[must_use]
    pub fn cycles(&self) -> u32 {
        self.cycles
    }

    /// Forgets its past: no penalty and no hold. What it is stays.
    pub fn forgive(&mut self, now: Instant) {
        let is_up = self.is_up;
        *self = Self::new(self.settings, now);
        self.on(now, if is_up { Input::Up } else { Input::Down });
    }

    fn punish(&mut self, now: Instant) -> Option<Instant> {
        if self.penalty.at(now) <= REMNANT {
            self.cycles = 0;
        }
        self.cycles = self.cycles.saturating_add(1);
        let penalty = self.penalty.add(now, 1.0, most(self.settings));
        self.penalty.pause(now);
        self.held_until = hold(self.settings, penalty).map(|hold| now + hold);
        self.held_until
    }
}

/// How long to hold with this penalty.
fn hold(settings: Damping, penalty: f64) -> Option<Duration> {
    let mut over = penalty - f64::from(settings.free) - REMNANT;
    if over <= 0.0 {
        return None;
    }
    let (mut hold, max) = (settings.hold.duration(), settings.max_hold.duration());
    while over > 1.0 {
        (hold, over) = (hold * 2, over - 1.0);
    }
    Some(hold.min(max))
}

/// The penalty of the longest hold. It grows no further: else a bad day would be paid for in weeks.
fn most(settings: Damping) -> f64 {
    let mut penalty = f64::from(settings.free) + 1.0;
    let mut hold = settings.hold.duration();
    while hold < settings.max_hold.duration() {
        (hold, penalty) = (hold * 2, penalty + 1.0);
    }
    penalty
}

#[cfg(test)]
mod tests;
