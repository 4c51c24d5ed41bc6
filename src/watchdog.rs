//! Whether the daemon does its work, for a service manager that ends one that does not (systemd's `WatchdogSec=`).
//!
//! Pure: time arrives as an argument, and nobody is told here.
//!
//! Only a completed cycle of work counts, looked at by the controller's own clock: a round of the poller has come
//! to its end, with an answer or an error, and has been reconciled, and no prober is overdue. So a controller that
//! stands still, a poller that does and a prober that does each end the feeding. Verdicts that say `unknown` count:
//! a daemon without descriptors still has to withdraw when `stale_after` runs out.
//!
//! # The longest gap
//!
//! A poller that works reports within `bird.poll_interval` (10 s at most), 0.5 s for the disk and 6 s for BIRD, whatever
//! BIRD does; then comes the next look at the clock, 1 s later at most. So a daemon that works is heard of every
//! 17.5 s, or 8.5 s at the default interval, also beside a frozen BIRD: below the unit's `WatchdogSec=20s`.

use std::time::{Duration, Instant};

/// Lateness that is nobody's fault: a busy processor, a queue that is being emptied.
const SLACK: Duration = Duration::from_secs(5);

/// When somebody who reports again and again was heard of last.
#[derive(Debug, Clone, Copy)]
pub struct Pulse {
    last: Instant,
    allowed: Duration,
}

impl Pulse {
    /// Who begins at `now` and then reports every `interval`, each time taking as much as `work` for it.
    #[must_use]
    pub fn new(interval: Duration, work: Duration, now: Instant) -> Self {
        Self {
            last: now,
            allowed: interval + work + SLACK,
        }
    }

    /// A report.
    pub fn on(&mut self, now: Instant) {
        self.last = now;
    }

    /// When silence becomes suspicious.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.last + self.allowed
    }

    /// Takes a time out of the silence in which nobody could have been heard.
    pub fn forgive(&mut self, stall: Duration) {
        self.last += stall;
    }

    /// Whether it has been silent for too long.
    #[must_use]
    pub fn is_overdue(&self, now: Instant) -> bool {
        now > self.deadline()
    }
}

/// The cycles of work since the watchdog was fed.
#[derive(Debug, Default)]
pub struct Watchdog {
    polled: bool,
}

impl Watchdog {
    /// Half a round of the poller has ended, and what it told has been reconciled.
    pub fn on_poll(&mut self) {
        self.polled = true;
    }

    /// The controller looks at its clock. True if a cycle is complete, and the next one begins: then the watchdog is
    /// to be fed. That is every second at most, far more often than it needs: one that is lost costs nothing.
    #[must_use]
    pub fn on_tick(&mut self, is_overdue: bool) -> bool {
        !is_overdue && std::mem::take(&mut self.polled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_cycle_needs_a_poll_and_no_prober_overdue() {
        let mut watchdog = Watchdog::default();
        assert!(!watchdog.on_tick(false), "no poll has ended yet");
        watchdog.on_poll();
        assert!(watchdog.on_tick(false));
        assert!(!watchdog.on_tick(false), "each poll counts once");
        watchdog.on_poll();
        assert!(!watchdog.on_tick(true), "a prober is stuck");
        assert!(watchdog.on_tick(false), "the poll counts still");
    }

    #[test]
    fn silence_is_counted_from_the_last_report() {
        let start = Instant::now();
        let mut pulse = Pulse::new(SECOND, 2 * SECOND, start);
        assert_eq!(pulse.deadline(), start + 3 * SECOND + SLACK);
        assert!(!pulse.is_overdue(pulse.deadline()));
        assert!(pulse.is_overdue(pulse.deadline() + Duration::from_nanos(1)));
        pulse.on(start + 60 * SECOND);
        assert!(!pulse.is_overdue(start + 60 * SECOND));
        assert!(pulse.is_overdue(start + 69 * SECOND));
    }

    #[test]
    fn nobody_is_overdue_for_a_time_in_which_everything_stood_still() {
        let start = Instant::now();
        let mut pulse = Pulse::new(SECOND, SECOND, start);
        let later = start + 100 * SECOND;
        assert!(pulse.is_overdue(later));
        pulse.forgive(99 * SECOND);
        assert!(!pulse.is_overdue(later));
        assert!(pulse.is_overdue(later + 10 * SECOND));
    }
}
