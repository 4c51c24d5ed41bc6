//! BIRD's version numbers: they decide which syntax a rendered file may use.

use std::fmt;
use std::str::FromStr;

/// Why a version was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVersion {
    /// Not two or three numbers with dots.
    #[error("`{0}` is not a version of BIRD: write for example \"2.0.12\"")]
    Malformed(String),
    /// Older than the oldest release that anything here was tried on.
    #[error("BIRD {0} is older than 2.0.7, the oldest that is supported")]
    TooOld(BirdVersion),
}

/// A release of BIRD. Orders as releases do: 2.0.12 < 2.15 < 3.1.7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BirdVersion {
    /// 2 or 3, or what comes.
    pub major: u16,
    /// The second number.
    pub minor: u16,
    /// The third number, 0 where there is none.
    pub patch: u16,
}

impl BirdVersion {
    /// The oldest supported release: the one of Debian 11.
    pub const OLDEST: Self = Self::new(2, 0, 7);

    /// A version from its numbers.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// A release as BIRD says it; builds from a repository add more, as in `2.0.12-12-gabcdef`. `None` where it says
    /// something else, or is too old.
    #[must_use]
    pub fn told(text: &str) -> Option<Self> {
        let mut numbers = text.split(|c: char| !(c.is_ascii_digit() || c == '.'));
        numbers.next()?.parse().ok()
    }
}

impl FromStr for BirdVersion {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let malformed = || InvalidVersion::Malformed(text.to_owned());
        let numbers = text
            .split('.')
            // `str::parse` alone would take a leading `+`.
            .map(|part| match part.strip_prefix('+') {
                None => part.parse::<u16>().map_err(|_| malformed()),
                Some(_) => Err(malformed()),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let version = match numbers[..] {
            [major, minor] => Self::new(major, minor, 0),
            [major, minor, patch] => Self::new(major, minor, patch),
            _ => return Err(malformed()),
        };
        if version < Self::OLDEST {
            Err(InvalidVersion::TooOld(version))
        } else {
            Ok(version)
        }
    }
}

impl fmt::Display for BirdVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_order_as_releases_do() {
        let order = ["2.0.7", "2.0.12", "2.15", "2.17.5", "3.0", "3.1.7"];
        let parsed: Vec<BirdVersion> = order.iter().map(|text| text.parse().unwrap()).collect();
        assert!(parsed.is_sorted());
    }

    #[test]
    fn malformed_and_too_old_versions_are_refused() {
        for bad in [
            "", "2", "2.0.12.1", "two", "2.0.x", "+2.0.12", "1.6.8", "2.0.6",
        ] {
            assert!(bad.parse::<BirdVersion>().is_err(), "{bad}");
        }
    }

    #[test]
    fn builds_from_a_repository_are_of_the_release_that_they_name() {
        let told = BirdVersion::told("3.4.0-12-gabcdef");
        assert_eq!(told, Some(BirdVersion::new(3, 4, 0)));
        assert_eq!(BirdVersion::told("3.4"), told);
        for other in ["", "three", "-3.4", "1.6.8"] {
            assert_eq!(BirdVersion::told(other), None, "{other}");
        }
    }
}
