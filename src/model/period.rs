//! Lengths of time as people write them: `300ms`, `1s`, `1m 30s`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Span, SpanRelativeTo};

/// Why a period was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPeriod {
    /// A number without a unit.
    #[error("`{0}` has no unit: write for example {0}s or {0}ms")]
    NoUnit(String),
    /// Nothing that reads as a duration.
    #[error(
        "`{0}` is not a length of time: write a number and a unit, as in 300ms, 10s, 1m 30s or 2h"
    )]
    Malformed(String),
    /// Zero or less.
    #[error("`{0}` is not more than zero")]
    NotPositive(String),
    /// Finer than a millisecond, the finest step that anything here keeps.
    #[error("`{0}` is finer than a millisecond")]
    TooFine(String),
    /// Longer than [`Period::MAX`].
    #[error("`{0}` is longer than a year")]
    TooLong(String),
}

/// A length of time of whole milliseconds, more than zero and at most a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(Duration);

impl Period {
    /// The longest period: 365 days. Adding it to a clock never overflows.
    pub const MAX: Self = Self(Duration::from_hours(8760));

    /// A period of that many milliseconds.
    ///
    /// # Panics
    /// At compile time, for zero: it is meant for defaults.
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        assert!(milliseconds > 0, "a period is more than zero");
        Self(Duration::from_millis(milliseconds))
    }

    /// The period for the clock.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// Whole milliseconds.
    #[must_use]
    pub fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

impl FromStr for Period {
    type Err = InvalidPeriod;

    fn from_str(text: &str) -> Result<Self, InvalidPeriod> {
        let owned = || text.to_owned();
        if text.parse::<f64>().is_ok() {
            return Err(InvalidPeriod::NoUnit(owned()));
        }
        let signed = signed(text).ok_or_else(|| InvalidPeriod::Malformed(owned()))?;
        if !signed.is_positive() {
            return Err(InvalidPeriod::NotPositive(owned()));
        }
        let duration = signed.unsigned_abs();
        if !duration.subsec_nanos().is_multiple_of(1_000_000) {
            return Err(InvalidPeriod::TooFine(owned()));
        }
        match Self(duration) {
            period if period > Self::MAX => Err(InvalidPeriod::TooLong(owned())),
            period => Ok(period),
        }
    }
}

/// A length of time. Days have 24 hours here, and weeks seven days; months and years are of many lengths.
fn signed(text: &str) -> Option<SignedDuration> {
    let exact = || text.parse().ok();
    let has_days = text.contains(['d', 'w']) && !text.contains(['P', 'p']);
    let days = || text.parse::<Span>().ok().filter(|_| has_days);
    let length = |span: Span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok();
    exact().or_else(|| days().and_then(length))
}

/// As short as it can be said exactly: `1s`, `1500ms`, `2m`, `1h`.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.millis();
        match [(3_600_000, "h"), (60_000, "m"), (1_000, "s")]
            .iter()
            .find(|(unit, _)| millis.is_multiple_of(*unit))
        {
            Some((unit, name)) => write!(f, "{}{name}", millis / unit),
            None => write!(f, "{millis}ms"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_read_and_print_with_their_unit() {
        for (text, millis, shown) in [
            ("300ms", 300, "300ms"),
            ("1s", 1000, "1s"),
            ("1500ms", 1500, "1500ms"),
            ("1m 30s", 90_000, "90s"),
            ("2h", 7_200_000, "2h"),
            ("2d", 172_800_000, "48h"),
            ("1w 12 hours", 648_000_000, "180h"),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!(
                (period.millis(), period.to_string().as_str()),
                (millis, shown),
                "{text}"
            );
        }
    }

    #[test]
    fn unitless_zero_negative_fine_and_endless_periods_are_refused() {
        for (bad, error) in [
            ("5", InvalidPeriod::NoUnit("5".into())),
            ("0.5", InvalidPeriod::NoUnit("0.5".into())),
            ("0", InvalidPeriod::NoUnit("0".into())),
            ("0s", InvalidPeriod::NotPositive("0s".into())),
            ("-1s", InvalidPeriod::NotPositive("-1s".into())),
            ("1us", InvalidPeriod::TooFine("1us".into())),
            ("9000h", InvalidPeriod::TooLong("9000h".into())),
            ("", InvalidPeriod::Malformed(String::new())),
            ("1 month", InvalidPeriod::Malformed("1 month".into())),
            ("1y 2d", InvalidPeriod::Malformed("1y 2d".into())),
            ("400d", InvalidPeriod::TooLong("400d".into())),
            ("fast", InvalidPeriod::Malformed("fast".into())),
        ] {
            assert_eq!(bad.parse::<Period>(), Err(error), "{bad}");
        }
    }
}
