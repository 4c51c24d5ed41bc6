//! When something began, as BIRD tells it.

use std::time::Duration;

use crate::bird::table::LocalTime;

/// By so much two replies may differ about the same moment: a second is what a format without a fraction loses,
/// and more than the jitter of BIRD's times (below 0.1 ms) and of our own scheduling.
const TOLERANCE: Duration = Duration::from_secs(1);

/// A format without a time of day says nothing about what happens within a day.
const DAY: Duration = Duration::from_hours(24);

/// When something began: BIRD's time of it, and how long ago that was at the time of the look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    since: Option<LocalTime>,
    age: Option<Duration>,
}

impl Moment {
    /// What began at `since`, seen when BIRD's clock was at `now`.
    #[must_use]
    pub fn of(since: Option<LocalTime>, now: Option<LocalTime>) -> Self {
        let age = since.zip(now).and_then(|(since, now)| {
            // Where clocks were put back, an hour seems to lie ahead: then nobody knows the age.
            let ahead = now.age(since)?;
            since.age(now).filter(|_| ahead <= TOLERANCE)
        });
        Self { since, age }
    }

    /// How long ago it began, when it was looked at.
    #[must_use]
    pub fn age(self) -> Option<Duration> {
        self.age
    }

    /// Whether this is another, later beginning than that which was seen `elapsed` ago, and came after that look.
    /// `None` if the format does not tell.
    #[must_use]
    pub fn began_after(self, earlier: Self, elapsed: Duration) -> Option<bool> {
        let later = self.is_later_than(earlier, elapsed)?;
        Some(later && self.age? <= elapsed + TOLERANCE)
    }

    /// Whether this is a later beginning than that which was seen `elapsed` ago. `None` if the format does not tell.
    ///
    /// It takes two witnesses. The age alone is an hour off where the clocks change, and BIRD's time alone moves
    /// when somebody sets the clock.
    #[must_use]
    pub fn is_later_than(self, earlier: Self, elapsed: Duration) -> Option<bool> {
        let (since, age) = (self.since?, self.age?);
        if since.precision() >= DAY {
            return None;
        }
        let is_younger = age + TOLERANCE < earlier.age? + elapsed;
        let has_moved = earlier.since?.age(since);
        Some(is_younger && has_moved.is_none_or(|moved| moved > TOLERANCE))
    }

    /// Whether it began when the other did or later.
    #[must_use]
    pub fn is_not_before(self, age: Duration) -> bool {
        self.age.is_some_and(|own| own <= age + TOLERANCE)
    }
}
