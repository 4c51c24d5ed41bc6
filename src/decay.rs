//! A penalty that halves in equal times: the figure of merit of RFC 2439 (section 4.2), for services that come
//! and go and for sessions that flap.
//!
//! Pure: time arrives as an argument. A time before the last one counts as the last one.

use std::time::{Duration, Instant};

use crate::model::Period;

/// What a result is rounded up by, so that the penalty is below the limit then, and not on it.
const STEP: Duration = Duration::from_millis(1);

/// A number of at least zero that halves every `half_life`, while it is not paused.
#[derive(Debug, Clone, PartialEq)]
pub struct Penalty {
    half_life: Period,
    /// At `since`.
    value: f64,
    since: Instant,
    paused: bool,
}

impl Penalty {
    /// Nothing yet.
    #[must_use]
    pub fn new(half_life: Period, now: Instant) -> Self {
        Self {
            half_life,
            value: 0.0,
            since: now,
            paused: false,
        }
    }

    /// Adds to what is left, up to `max`, and returns what it is then. What is left stays if it is more than `max`.
    pub fn add(&mut self, now: Instant, amount: f64, max: f64) -> f64 {
        self.settle(now);
        self.value = (self.value + amount).min(max).max(self.value);
        self.value
    }

    /// What is left.
    #[must_use]
    pub fn at(&self, now: Instant) -> f64 {
        if self.paused {
            return self.value;
        }
        let elapsed = now.saturating_duration_since(self.since).as_secs_f64();
        self.value * (-elapsed / self.half_life.duration().as_secs_f64()).exp2()
    }

    /// How long until it is below `limit`: nothing if it is; `None` if it will never be, because it is paused or
    /// because nothing is below zero.
    #[must_use]
    pub fn until_below(&self, now: Instant, limit: f64) -> Option<Duration> {
        let value = self.at(now);
        if value < limit {
            return Some(Duration::ZERO);
        }
        if self.paused {
            return None;
        }
        let half_lives = (value / limit).log2();
        let seconds = half_lives * self.half_life.duration().as_secs_f64();
        Some(Duration::try_from_secs_f64(seconds).ok()? + STEP)
    }

    /// From here on it stays as it is.
    pub fn pause(&mut self, now: Instant) {
        self.settle(now);
        self.paused = true;
    }

    /// From here on it halves again.
    pub fn resume(&mut self, now: Instant) {
        self.settle(now);
        self.paused = false;
    }

    /// Brings `value` up to `now`.
    fn settle(&mut self, now: Instant) {
        self.value = self.at(now);
        self.since = self.since.max(now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: f64 = 12_000.0;
    const HALF_LIFE: Duration = Duration::from_mins(5);

    fn penalty() -> (Penalty, Instant) {
        let now = Instant::now();
        (Penalty::new(Period::from_millis(300_000), now), now)
    }

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[test]
    fn halves_every_half_life_and_adds_to_what_is_left() {
        let (mut penalty, now) = penalty();
        assert!(close(penalty.add(now, 1000.0, MAX), 1000.0));
        assert!(close(penalty.at(now + HALF_LIFE), 500.0));
        assert!(close(penalty.at(now + 2 * HALF_LIFE), 250.0));
        assert!(close(penalty.add(now + HALF_LIFE, 1000.0, MAX), 1500.0));
        assert!(close(penalty.at(now + 2 * HALF_LIFE), 750.0));
    }

    #[test]
    fn is_bounded() {
        let (mut penalty, now) = penalty();
        for _ in 0..50 {
            penalty.add(now, 1000.0, MAX);
        }
        assert!(close(penalty.at(now), MAX));
        assert!(close(penalty.add(now, 1000.0, 10.0), MAX));
    }

    #[test]
    fn keeps_its_value_while_paused() {
        let (mut penalty, now) = penalty();
        penalty.add(now, 1000.0, MAX);
        penalty.pause(now + HALF_LIFE);
        assert!(close(penalty.at(now + 9 * HALF_LIFE), 500.0));
        assert_eq!(penalty.until_below(now + HALF_LIFE, 100.0), None);
        penalty.resume(now + 9 * HALF_LIFE);
        assert!(close(penalty.at(now + 10 * HALF_LIFE), 250.0));
    }

    #[test]
    fn says_when_it_is_below() {
        let (mut penalty, now) = penalty();
        assert_eq!(penalty.until_below(now, 750.0), Some(Duration::ZERO));
        penalty.add(now, 3000.0, MAX);
        assert_eq!(penalty.until_below(now, 0.0), None);
        assert_eq!(penalty.until_below(now, 750.0), Some(2 * HALF_LIFE + STEP));
        assert_eq!(
            penalty.until_below(now, 3000.0),
            Some(STEP),
            "on the limit is not below it"
        );
    }

    proptest! {
        #[test]
        fn is_below_when_it_said(
            flaps in prop::collection::vec((0_u64..1_000_000, 1_u32..5000), 1..20),
            limit in 1_u32..10_000,
        ) {
            let (mut penalty, mut now) = penalty();
            for (later, amount) in flaps {
                now += Duration::from_millis(later);
                let value = penalty.add(now, f64::from(amount), MAX);
                prop_assert!((0.0..=MAX).contains(&value));
                let until = penalty.until_below(now, f64::from(limit)).unwrap();
                prop_assert!(penalty.at(now + until) < f64::from(limit));
                let before = until.saturating_sub(2 * STEP);
                prop_assert!(until.is_zero() || penalty.at(now + before) >= f64::from(limit));
            }
        }

        #[test]
        fn never_grows_by_itself_nor_with_a_clock_that_goes_back(times in prop::collection::vec(0_u64..10_000, 1..20)) {
            let (mut penalty, start) = penalty();
            let mut last = penalty.add(start, 1000.0, MAX);
            for time in times {
                let value = penalty.add(start + Duration::from_secs(time), 0.0, MAX);
                prop_assert!(value <= last);
                last = value;
            }
        }
    }
}
