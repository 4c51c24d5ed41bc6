//! From when on, as people write it: `1h`, or `2026-11-22T20:00:00Z`.

use std::str::FromStr;

use jiff::Timestamp;

use crate::model::Period;

/// A moment, or how long ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So long ago.
    Ago(Period),
    /// Then.
    At(Timestamp),
}

/// Why it was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no moment: write how long ago, as in 90s, 1h or 2h 30m, or when, as in 2026-11-22T20:00:00Z"
)]
pub struct InvalidSince(String);

impl Since {
    /// The moment.
    #[must_use]
    pub fn moment(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(period) => now.checked_sub(period.duration()).unwrap_or(Timestamp::MIN),
            Self::At(at) => at,
        }
    }
}

impl FromStr for Since {
    type Err = InvalidSince;

    fn from_str(text: &str) -> Result<Self, InvalidSince> {
        let ago = text.parse().map(Self::Ago);
        ago.or_else(|_| text.parse().map(Self::At))
            .map_err(|_| InvalidSince(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_and_others_refused() {
        let now: Timestamp = "2026-11-22T21:00:00Z".parse().unwrap();
        for (text, moment) in [
            ("1h", "2026-11-22T20:00:00Z"),
            ("2h 30m", "2026-11-22T18:30:00Z"),
            ("2026-11-22T20:00:00Z", "2026-11-22T20:00:00Z"),
            ("2026-11-22T21:00:00+01:00", "2026-11-22T20:00:00Z"),
        ] {
            let since: Since = text.parse().unwrap();
            assert_eq!(since.moment(now), moment.parse().unwrap(), "{text}");
        }
        for bad in ["", "5", "-1h", "yesterday", "2026-11-22", "20:00"] {
            assert!(bad.parse::<Since>().is_err(), "{bad}");
        }
    }
}
