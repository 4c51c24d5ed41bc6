//! Verdicts in, change out: `fall`, `rise` and the window.
//!
//! ```text
//!                 rise passes in a row
//!        unknown ----------------------> healthy
//!           |                            |     ^
//!           | fall failures in a row,    |     | rise passes in a row
//!           | or the window is full of   v     |
//!           | them, or no verdict at    unhealthy
//!           +--- all for too long ------->
//! ```
//!
//! Time is an argument. An unknown verdict counts for nothing: it holds what was decided, until there
//! was no other for `stale_after`.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::config::Thresholds;

/// What one probe says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The server answered as expected.
    Pass,
    /// It did not, in time.
    Fail,
    /// Nothing is known about the server: the prober itself was broken, or somebody else did not tell what the answer has
    /// to be compared with.
    Unknown,
}

/// What many verdicts say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Not enough verdicts since the start.
    Unknown,
    /// The last decision was for the server.
    Healthy,
    /// The last decision was against it.
    Unhealthy,
}

/// Why a decision was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// So many passes in a row.
    Passes(u32),
    /// So many failures in a row.
    Failures(u32),
    /// So many failures among the last verdicts.
    Window {
        /// How many failed.
        failures: usize,
        /// Of how many.
        size: usize,
    },
    /// No verdict either way for so long.
    Stale(Duration),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passes(count) => write!(f, "{count} passed in a row"),
            Self::Failures(count) => write!(f, "{count} failed in a row"),
            Self::Window { failures, size } => write!(f, "{failures} of the last {size} failed"),
            Self::Stale(time) => write!(f, "no verdict for {} s", time.as_secs()),
        }
    }
}

/// A decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// What is decided.
    pub to: Health,
    /// Why.
    pub cause: Cause,
}

/// The health of one check at one server.
#[derive(Debug, Clone)]
pub struct Tracker {
    thresholds: Thresholds,
    stale_after: Duration,
    health: Health,
    passes: u32,
    failures: u32,
    /// The last verdicts, newest last; true for a failure.
    recent: VecDeque<bool>,
    /// When there last was a pass or a failure; at first, when tracking began.
    last_verdict: Instant,
    /// When there last was a failure, or a silence that counted as one.
    last_failure: Option<Instant>,
}

impl Tracker {
    /// Begins to track at `now`, with nothing known.
    #[must_use]
    pub fn new(thresholds: Thresholds, stale_after: Duration, now: Instant) -> Self {
        Self {
            thresholds,
            stale_after,
            health: Health::Unknown,
            passes: 0,
            failures: 0,
            recent: VecDeque::new(),
            last_verdict: now,
            last_failure: None,
        }
    }

    /// What is decided.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health
    }

    /// Whether the last verdict was a failure.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// Takes the verdict on a probe that was sent at `sent`.
    ///
    /// Probes overlap: when a server that hung goes on, it answers all that wait at once. A pass counts
    /// towards `rise` only if its probe was sent after the last failure was known, so that those passes
    /// are as far apart as probes are.
    pub fn on(&mut self, now: Instant, sent: Instant, verdict: Verdict) -> Option<Change> {
        match verdict {
            Verdict::Unknown => return self.on_time(now),
            Verdict::Pass => {
                self.failures = 0;
                if self.last_failure.is_none_or(|failure| sent >= failure) {
                    self.passes = self.passes.saturating_add(1);
                }
            }
            Verdict::Fail => {
                (self.passes, self.failures) = (0, self.failures.saturating_add(1));
                self.last_failure = Some(now);
            }
        }
        self.last_verdict = now;
        self.remember(verdict == Verdict::Fail);
        let (to, cause) = self.judge()?;
        self.change(to, cause)
    }

    /// Looks at the clock: to be called at [`Self::deadline`].
    pub fn on_time(&mut self, now: Instant) -> Option<Change> {
        let silence = now.saturating_duration_since(self.last_verdict);
        if silence < self.stale_after {
            return None;
        }
        let change = self.change(Health::Unhealthy, Cause::Stale(silence))?;
        // A check without a verdict for so long has failed: what passed before is no part of a recovery.
        (self.passes, self.last_failure) = (0, Some(now));
        Some(change)
    }

    /// The server is known to be there, though not whether it is as it should be: silence begins anew.
    pub fn hear(&mut self, now: Instant) {
        self.last_verdict = now;
    }

    /// Takes a time out of the silence in which nobody could have given a verdict.
    pub fn forgive(&mut self, stall: Duration) {
        self.last_verdict += stall;
    }

    /// Another time without any verdict is too long from now on.
    pub fn set_stale_after(&mut self, stale_after: Duration) {
        self.stale_after = stale_after;
    }

    /// When silence becomes a decision; `None` once it has.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        (self.health != Health::Unhealthy).then(|| self.last_verdict + self.stale_after)
    }

    fn judge(&self) -> Option<(Health, Cause)> {
        if self.passes >= self.thresholds.rise {
            return Some((Health::Healthy, Cause::Passes(self.passes)));
        }
        if self.failures >= self.thresholds.fall {
            return Some((Health::Unhealthy, Cause::Failures(self.failures)));
        }
        let window = self.thresholds.window?;
        let failures = self.recent.iter().filter(|failed| **failed).count();
        let size = self.recent.len();
        (failures >= window.failures as usize)
            .then_some((Health::Unhealthy, Cause::Window { failures, size }))
    }

    fn remember(&mut self, failed: bool) {
        let Some(window) = self.thresholds.window else {
            return;
        };
        if self.recent.len() >= window.size as usize {
            self.recent.pop_front();
        }
        self.recent.push_back(failed);
    }

    fn change(&mut self, to: Health, cause: Cause) -> Option<Change> {
        if self.health == to {
            return None;
        }
        self.health = to;
        if to == Health::Healthy {
            // Failures from before the recovery must not count against it a second time.
            self.recent.clear();
        }
        Some(Change { to, cause })
    }
}

#[cfg(test)]
mod tests;
