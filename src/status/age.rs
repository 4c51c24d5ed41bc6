//! Times for people.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How long ago, in one or two units: `3d 4h`, `5m 12s`, `0s`; `?` where nobody knows.
#[must_use]
pub(crate) fn age(now: Timestamp, then: Option<Timestamp>) -> String {
    then.map_or_else(
        || "?".to_owned(),
        |then| span(now.duration_since(then).as_secs()),
    )
}

/// How long until then, likewise.
#[must_use]
pub(crate) fn until(now: Timestamp, then: Timestamp) -> String {
    span(then.duration_since(now).as_secs())
}

/// A time of day with its date, to the second: `2026-11-22 21:00:03 UTC`.
#[must_use]
pub fn clock(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%d %H:%M:%S UTC")
        .to_string()
}

const UNITS: [(i64, &str, i64, &str); 3] = [
    (86_400, "d", 3600, "h"),
    (3600, "h", 60, "m"),
    (60, "m", 1, "s"),
];

fn span(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match UNITS.iter().find(|unit| seconds >= unit.0) {
        Some((large, large_name, small, small_name)) => format!(
            "{}{large_name} {}{small_name}",
            seconds / large,
            seconds % large / small
        ),
        None => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn ages_have_one_or_two_units() {
        let now = at("2026-11-22T21:00:00Z");
        for (then, shown) in [
            ("2026-11-22T21:00:00Z", "0s"),
            ("2026-11-22T20:59:01Z", "59s"),
            ("2026-11-22T20:54:48Z", "5m 12s"),
            ("2026-11-22T18:59:00Z", "2h 1m"),
            ("2026-11-19T16:00:00Z", "3d 5h"),
            ("2026-11-22T21:00:10Z", "0s"),
        ] {
            assert_eq!(age(now, Some(at(then))), shown);
        }
        assert_eq!(age(now, None), "?");
        assert_eq!(until(now, at("2026-11-22T21:01:05Z")), "1m 5s");
    }

    #[test]
    fn a_clock_shows_its_zone() {
        assert_eq!(
            clock(at("2026-11-22T21:00:03.5Z")),
            "2026-11-22 21:00:03 UTC"
        );
    }
}
