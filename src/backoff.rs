//! How long to wait before something is tried again that nobody waits for.
//!
//! Twice as long after each failure, up to a longest time, and scattered, so that many who failed together do not come
//! back together.

use std::time::Duration;

/// How long to wait before the next attempt.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    /// From `first` to `longest`.
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            next: first,
        }
    }

    /// The wait before the next attempt, and longer every time; `random` is from 0 to 1. Between half of what is due
    /// and all of it.
    pub(crate) fn wait(&mut self, random: f64) -> Duration {
        let due = self.next;
        self.next = due.saturating_mul(2).min(self.longest);
        due.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
    }

    /// There is no hope for soon: the next wait is the longest.
    pub(crate) fn despair(&mut self) {
        self.next = self.longest;
    }

    /// It went well: what comes next begins anew.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff() -> Backoff {
        Backoff::new(Duration::from_millis(40), Duration::from_mins(1))
    }

    #[test]
    fn each_wait_is_twice_the_last_up_to_the_longest() {
        let mut backoff = backoff();
        let waits: Vec<_> = (0..4).map(|_| backoff.wait(1.0).as_millis()).collect();
        assert_eq!(waits, [40, 80, 160, 320]);
        let last = (0..1000).map(|_| backoff.wait(1.0)).last();
        assert_eq!(last, Some(Duration::from_mins(1)));
        backoff.reset();
        assert_eq!(backoff.wait(1.0).as_millis(), 40);
        backoff.despair();
        assert_eq!(backoff.wait(1.0), Duration::from_mins(1));
    }

    #[test]
    fn many_do_not_come_back_together() {
        assert_eq!(backoff().wait(0.0).as_millis(), 20);
        assert_eq!(backoff().wait(0.5).as_millis(), 30);
        assert_eq!(backoff().wait(f64::INFINITY).as_millis(), 40);
    }
}
