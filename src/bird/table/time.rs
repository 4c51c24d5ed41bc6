//! BIRD's times: in a format that its configuration chooses, and mostly without a zone.

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// A point in time as BIRD writes it. Two of one reply tell an age without any time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    clock: DateTime,
    zone: Zone,
    precision: Duration,
}

/// Whose clock a time is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    /// That of BIRD's host, wherever that is.
    Local,
    /// The same, this far from UTC.
    Offset(Offset),
    /// UTC: the time was given as seconds since 1970, and local time may be another.
    Epoch,
}

/// The precision of a time that has no time of day.
const DAY: Duration = Duration::from_hours(24);

/// Every zone is a multiple of this from UTC.
const ZONE_STEP: i64 = 15 * 60;

impl LocalTime {
    /// Reads every format of BIRD's own and the common ones of configurations, each with or without a fraction of
    /// the second:
    ///
    /// - `2026-11-22 20:48:49.258` (iso long), also with `T` between and `+0100` behind;
    /// - `20:48:49.258` (iso short): the last such time of day before `now`;
    /// - `2026-11-22`: what iso short makes of it after 20 hours;
    /// - `22.11.2026 20:48:49`, with or without the time of day;
    /// - `1795380529`: seconds since 1970.
    ///
    /// `None` for anything else: an unknown time is not a wrong one.
    #[must_use]
    pub fn parse(text: &str, now: Option<Self>) -> Option<Self> {
        let text = text.trim();
        if text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            return epoch(text).or_else(|| Self::day(text));
        }
        match text.split_once([' ', 'T']) {
            Some((day, time)) => {
                let day = date(day)?;
                let (time, offset) = split_offset(time)?;
                let (time, precision) = time_of_day(time)?;
                Some(Self {
                    clock: day.to_datetime(time),
                    zone: offset.map_or(Zone::Local, Zone::Offset),
                    precision,
                })
            }
            None if text.contains(':') => now?.latest(time_of_day(text)?),
            None => Self::day(text),
        }
    }

    fn day(text: &str) -> Option<Self> {
        Some(Self {
            clock: date(text)?.to_datetime(Time::midnight()),
            zone: Zone::Local,
            precision: DAY,
        })
    }

    /// The last moment with this time of day, up to now.
    fn latest(self, (time, precision): (Time, Duration)) -> Option<Self> {
        if self.zone == Zone::Epoch {
            return None;
        }
        // A second of grace: BIRD computes both times anew, and they jitter.
        let limit = self.clock.checked_add(SignedDuration::from_secs(1)).ok()?;
        let today = self.clock.date().to_datetime(time);
        let clock = if today <= limit {
            today
        } else {
            today.yesterday().ok()?
        };
        Some(Self {
            clock,
            precision,
            ..self
        })
    }

    /// The same, with the zone that follows from the true time `utc` of the moment. Ages then come out also where
    /// BIRD writes the one time as local time and the other as seconds since 1970.
    #[must_use]
    pub fn located(self, utc: Timestamp) -> Self {
        let ahead = self
            .clock
            .duration_since(Offset::UTC.to_datetime(utc))
            .as_secs();
        let steps = (ahead + ahead.signum() * ZONE_STEP / 2) / ZONE_STEP;
        let seconds = i32::try_from(steps * ZONE_STEP);
        let offset = seconds
            .ok()
            .and_then(|seconds| Offset::from_seconds(seconds).ok());
        match (self.zone, offset) {
            (Zone::Local, Some(offset)) => Self {
                zone: Zone::Offset(offset),
                ..self
            },
            _ => self,
        }
    }

    /// How long this was before `now`; zero if it was not. Exact to the [`precision`](Self::precision) of both.
    ///
    /// `None` if one of them is in local time, the other is not, and nobody knows how far they are apart.
    #[must_use]
    pub fn age(self, now: Self) -> Option<Duration> {
        let age = match (self.utc(), now.utc()) {
            (Some(then), Some(now)) => now.duration_since(then),
            _ if self.zone == Zone::Epoch || now.zone == Zone::Epoch => return None,
            _ => now.clock.duration_since(self.clock),
        };
        Some(Duration::try_from(age).unwrap_or_default())
    }

    /// The smallest difference that the format can show: a day for a date, a second without a fraction.
    #[must_use]
    pub fn precision(self) -> Duration {
        self.precision
    }

    fn utc(self) -> Option<DateTime> {
        match self.zone {
            Zone::Local => None,
            Zone::Epoch => Some(self.clock),
            Zone::Offset(offset) => {
                let ahead = SignedDuration::from_secs(offset.seconds().into());
                self.clock.checked_sub(ahead).ok()
            }
        }
    }
}

fn epoch(text: &str) -> Option<LocalTime> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let nanoseconds = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let precision = precision(fraction);
    let time = Timestamp::new(seconds.parse().ok()?, nanoseconds).ok()?;
    Some(LocalTime {
        clock: Offset::UTC.to_datetime(time),
        zone: Zone::Epoch,
        precision,
    })
}

/// `2026-11-22` or `22.11.2026`.
fn date(text: &str) -> Option<Date> {
    if text.contains('-') {
        return text.parse().ok();
    }
    let (day, rest) = text.split_once('.')?;
    let (month, year) = rest.split_once('.')?;
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// A time of day with its precision.
fn time_of_day(text: &str) -> Option<(Time, Duration)> {
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    Some((text.parse().ok()?, precision(fraction)))
}

/// Of a time with this fraction of a second.
fn precision(fraction: &str) -> Duration {
    let digits = u32::try_from(fraction.len()).unwrap_or(u32::MAX);
    let parts = 10_u32.checked_pow(digits);
    parts.map_or(Duration::from_nanos(1), |parts| {
        Duration::from_secs(1) / parts
    })
}

/// `20:48:49+0100` in two; `None` if what is behind the time is no offset.
fn split_offset(text: &str) -> Option<(&str, Option<Offset>)> {
    let Some(sign) = text.find(['+', '-']) else {
        return Some((text, None));
    };
    let (time, offset) = text.split_at(sign);
    let digits: i32 = offset
        .get(1..5)
        .filter(|_| offset.len() == 5)?
        .parse()
        .ok()?;
    let seconds = (digits / 100 * 60 + digits % 100) * 60;
    let east = if offset.starts_with('-') { -1 } else { 1 };
    Some((time, Some(Offset::from_seconds(east * seconds).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> LocalTime {
        LocalTime::parse(text, None).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn ages_come_from_every_form() {
        let now = at("2026-11-22 00:30:00.500");
        for (text, milliseconds, precision) in [
            ("2026-11-22 00:29:59.500", 1000, 1_000_000),
            ("2026-11-21 00:30:00", 86_400_500, 1_000_000_000),
            ("2026-11-21 00:30:00.499999", 86_400_000, 1000),
            ("00:29:00.500", 60_000, 1_000_000),
            ("23:30:00.500", 3_600_000, 1_000_000),
            ("23:30:00", 3_600_500, 1_000_000_000),
            ("2026-11-21", 88_200_500, 86_400_000_000_000),
            ("21.11.2026", 88_200_500, 86_400_000_000_000),
            ("21.11.2026 00:30:00", 86_400_500, 1_000_000_000),
            ("2026-11-22T00:29:59.500000+0000", 1000, 1000),
        ] {
            let time = LocalTime::parse(text, Some(now)).unwrap_or_else(|| panic!("{text}"));
            let age = time.age(now).unwrap();
            assert_eq!(age.as_millis(), milliseconds, "{text}");
            assert_eq!(time.precision().as_nanos(), precision, "{text}");
        }
        let ahead = LocalTime::parse("00:30:00.900", Some(now)).unwrap();
        assert_eq!(ahead.age(now), Some(Duration::ZERO));
    }

    #[test]
    fn seconds_since_1970_and_local_time_meet_where_the_zone_is_known() {
        let (then, now) = (at("1795380446"), at("1795380466"));
        assert_eq!(then.age(now), Some(Duration::from_secs(20)));
        let fine = at("1795380446.250");
        assert_eq!(fine.age(now), Some(Duration::from_millis(19_750)));
        assert_eq!(fine.precision(), Duration::from_millis(1));

        let local = at("2026-11-22 22:47:46.500");
        assert_eq!((then.age(local), local.age(now)), (None, None));
        let moment: Timestamp = "2026-11-22T20:47:45.9Z".parse().unwrap();
        let located = local.located(moment);
        assert_eq!(then.age(located), Some(Duration::from_millis(20_500)));
        let local_then = at("2026-11-22 22:47:26");
        assert_eq!(local_then.age(located), Some(Duration::from_millis(20_500)));
        let west = at("2026-11-22 11:17:46").located(moment);
        assert_eq!(then.age(west), Some(Duration::from_secs(20)));
    }

    #[test]
    fn written_offsets_count() {
        let (then, now) = (
            at("2026-11-22T20:47:26+0000"),
            at("2026-11-22T22:17:56+0130"),
        );
        assert_eq!(then.age(now), Some(Duration::from_secs(30)));
        let west = at("2026-11-22T15:47:26.5-0500");
        assert_eq!(west.age(now), Some(Duration::from_millis(29_500)));
        assert_eq!(at("1795380446").age(now), Some(Duration::from_secs(30)));
    }

    #[test]
    fn other_formats_are_unknown_and_not_wrong() {
        let now = LocalTime::parse("2026-11-22 00:30:00", None);
        for text in [
            "",
            ".",
            "yesterday",
            "99999999999999999999",
            "1.2.3.4",
            "32.1.2026",
            "2026-11-22 20:48:49 CET",
            "2026-11-22 20:48:49+1",
            "2026-11-22T20:48:49+\u{e9}00",
            "11/22/2026",
            "25:00:00",
        ] {
            assert_eq!(LocalTime::parse(text, now), None, "{text}");
        }
        assert_eq!(LocalTime::parse("20:48:49", None), None);
        let epoch = LocalTime::parse("1795380446", None);
        assert_eq!(LocalTime::parse("20:48:49", epoch), None);
    }
}
