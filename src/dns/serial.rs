//! Serials of zones: their order (RFC 1982), and the time that is written in some of them.

use std::cmp::Ordering;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// How a serial says when its zone was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As the number reads: `Date` where it is one from 1990 to 2099, else `Unix` from 2000 until now. From 2033 on, a Unix
    /// time may read as a date.
    Auto,
    /// `YYYYMMDDnn`. It is known to the day, so that its age counts from the end of that day (UTC).
    Date,
    /// Seconds since 1970.
    Unix,
}

impl Encoding {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Date => "date",
            Self::Unix => "unix",
        }
    }

    /// How old a serial is at least; nothing for one ahead of now, `None` where it tells no time: it may be a mere
    /// counter.
    #[must_use]
    pub fn age(self, serial: u32, now: Timestamp) -> Option<SignedDuration> {
        let changed = match self {
            Self::Date => end_of_day(serial)?,
            Self::Unix => moment(serial)?,
            Self::Auto => {
                let recent = |time: &Timestamp| is_recent(*time, now);
                end_of_day(serial).or_else(|| moment(serial).filter(recent))?
            }
        };
        Some(now.duration_since(changed).max(SignedDuration::ZERO))
    }
}

/// The end of the day that `YYYYMMDDnn` names.
fn end_of_day(serial: u32) -> Option<Timestamp> {
    let day = serial / 100;
    let (year, month, day) = (day / 10_000, day / 100 % 100, day % 100);
    if !(1990..2100).contains(&year) {
        return None;
    }
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let date = Date::new(i16::try_from(year).ok()?, month, day).ok()?;
    let next = date.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(next.timestamp())
}

fn moment(serial: u32) -> Option<Timestamp> {
    Timestamp::from_second(i64::from(serial)).ok()
}

/// From 2000 to tomorrow: anything else counts something.
fn is_recent(time: Timestamp, now: Timestamp) -> bool {
    const YEAR_2000: i64 = 946_684_800;
    const DAY: i64 = 86_400;
    (YEAR_2000..now.as_second().saturating_add(DAY)).contains(&time.as_second())
}

/// How far `own` is behind `primary`: zero where it is the same or ahead, `None` where the two cannot be compared
/// (RFC 1982, 3.2).
#[must_use]
pub(super) fn behind(own: u32, primary: u32) -> Option<u32> {
    let distance = primary.wrapping_sub(own);
    match distance.cmp(&(1 << 31)) {
        Ordering::Less => Some(distance),
        Ordering::Equal => None,
        Ordering::Greater => Some(0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: &str = "2026-11-23T12:00:00Z";

    fn hours(encoding: Encoding, serial: u32) -> Option<i64> {
        let age = encoding.age(serial, NOW.parse().unwrap());
        age.map(|age| age.as_hours())
    }

    #[test]
    fn serials_that_tell_a_time_have_an_age() {
        for (serial, auto, date, unix) in [
            (2_026_112_301, Some(0), Some(0), Some(0)),
            (2_026_112_299, Some(12), Some(12), Some(0)),
            (2_026_112_501, Some(0), Some(0), Some(0)),
            (1_795_435_200 - 7200, Some(2), None, Some(2)),
            (2_026_133_201, None, None, Some(0)),
            (42, None, None, Some(498_731)),
        ] {
            let ages = [Encoding::Auto, Encoding::Date, Encoding::Unix].map(|e| hours(e, serial));
            assert_eq!(ages, [auto, date, unix], "{serial}");
        }
    }

    #[test]
    fn serials_go_round() {
        for (own, primary, distance) in [
            (7, 7, Some(0)),
            (7, 10, Some(3)),
            (10, 7, Some(0)),
            (u32::MAX, 2, Some(3)),
            (0, 1 << 31, None),
        ] {
            assert_eq!(behind(own, primary), distance, "{own} {primary}");
        }
    }

    proptest! {
        #[test]
        fn one_of_two_is_not_behind(one in any::<u32>(), other in any::<u32>()) {
            match (behind(one, other), behind(other, one)) {
                (Some(one), Some(other)) => prop_assert!(one == 0 || other == 0),
                (None, None) => prop_assert_eq!(one.wrapping_sub(other), 1 << 31),
                mixed => prop_assert!(false, "{mixed:?}"),
            }
        }

        #[test]
        fn any_serial_has_an_age_or_none(serial in any::<u32>(), now in 0i64..8_000_000_000) {
            let now = Timestamp::from_second(now).unwrap();
            for encoding in [Encoding::Auto, Encoding::Date, Encoding::Unix] {
                prop_assert!(encoding.age(serial, now).is_none_or(|age| !age.is_negative()));
            }
        }
    }
}
