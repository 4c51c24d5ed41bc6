//! BIRD's times: local, without a zone, in a format that its configuration chooses.

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};

/// A point in the local time of BIRD's host. Two of one reply tell an age without any time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime(DateTime);

impl LocalTime {
    /// Reads `2026-11-22 20:48:49[.258]` (iso long), `20:48:49[.258]` (iso short, the time of day before
    /// `now`) and `2026-11-22` (iso short of more than 20 hours ago). Other formats are `None`.
    #[must_use]
    pub fn parse(text: &str, now: Option<Self>) -> Option<Self> {
        let text = text.trim();
        match (text.contains('-'), text.contains(':')) {
            (true, true) => text.parse().ok().map(Self),
            (true, false) => text
                .parse()
                .ok()
                .map(|date: Date| Self(date.to_datetime(Time::midnight()))),
            (false, true) => now?.latest(text.parse().ok()?),
            (false, false) => None,
        }
    }

    /// The last moment with this time of day, up to now.
    fn latest(self, time: Time) -> Option<Self> {
        // A second of grace: BIRD computes both times anew, and they jitter.
        let limit = self
            .0
            .checked_add(jiff::SignedDuration::from_secs(1))
            .ok()?;
        let today = self.0.date().to_datetime(time);
        if today <= limit {
            Some(Self(today))
        } else {
            today.yesterday().ok().map(Self)
        }
    }

    /// How long this was before `now`; zero if it was not.
    #[must_use]
    pub fn age(self, now: Self) -> Duration {
        Duration::try_from(now.0.duration_since(self.0)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_come_from_every_iso_form() {
        let now = LocalTime::parse("2026-11-22 00:30:00.500", None).unwrap();
        for (text, seconds) in [
            ("2026-11-22 00:29:59.500", 1),
            ("2026-11-21 00:30:00", 86_400),
            ("00:29:00.500", 60),
            ("23:30:00.500", 3600),
            ("2026-11-21", 88_200),
        ] {
            let age = LocalTime::parse(text, Some(now)).map(|time| time.age(now).as_secs());
            assert_eq!(age, Some(seconds), "{text}");
        }
        assert_eq!(
            LocalTime::parse("00:30:00.900", Some(now))
                .unwrap()
                .age(now),
            Duration::ZERO
        );
    }

    #[test]
    fn other_formats_are_unknown_and_not_wrong() {
        let now = LocalTime::parse("2026-11-22 00:30:00", None);
        for text in ["", "1795380529", "22.11.2026 20:48:49", "yesterday"] {
            assert_eq!(LocalTime::parse(text, now), None, "{text}");
        }
        assert_eq!(LocalTime::parse("20:48:49", None), None);
    }
}
