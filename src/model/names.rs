//! Names of services and neighbours, and the names that BIRD's protocols get from them.

use super::Family;
use super::checked::checked_text;

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// The name is empty.
    #[error("a name cannot be empty")]
    Empty,
    /// The name is longer than 32 characters; BIRD's symbols end at 64 and ours carry a prefix and suffixes.
    #[error("a name has at most 32 characters, this one has {0}")]
    TooLong(usize),
    /// A character outside `[a-z0-9_]`, or a first character outside `[a-z]`.
    #[error(
        "a name begins with a lower-case letter and goes on with lower-case letters, digits and `_`: `{0}` cannot stand there"
    )]
    Character(char),
}

/// The longest name, in characters.
const MAX_LENGTH: usize = 32;

fn validate(text: &str) -> Result<(), InvalidName> {
    let first = text.chars().next().ok_or(InvalidName::Empty)?;
    if !first.is_ascii_lowercase() {
        return Err(InvalidName::Character(first));
    }
    if let Some(bad) = text
        .chars()
        .find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_'))
    {
        return Err(InvalidName::Character(bad));
    }
    match text.len() {
        length if length > MAX_LENGTH => Err(InvalidName::TooLong(length)),
        _ => Ok(()),
    }
}

checked_text! {
    /// A service: `^[a-z][a-z0-9_]{0,31}$`, so that every BIRD from 2.0.7 on takes the names made from it.
    ServiceName, InvalidName, validate
}
checked_text! {
    /// A BGP neighbour: `^[a-z][a-z0-9_]{0,31}$`.
    NeighborName, InvalidName, validate
}

impl ServiceName {
    /// The static protocol that announces this service: `anycast_<service>_v4`.
    #[must_use]
    pub fn protocol(&self, family: Family) -> String {
        format!("anycast_{self}_{}", family.suffix())
    }

    /// Its drained twin, whose routes neighbours like less: `anycast_<service>_v4_drain`.
    #[must_use]
    pub fn drain_protocol(&self, family: Family) -> String {
        format!("anycast_{self}_{}_drain", family.suffix())
    }

    /// Both of a family: the one that announces, then its drained twin.
    #[must_use]
    pub fn protocols(&self, family: Family) -> [String; 2] {
        [self.protocol(family), self.drain_protocol(family)]
    }
}

impl NeighborName {
    /// The BGP protocol of this neighbour's `index`th session (from 0) of a family: `bgp_<neighbor>_v4`,
    /// then `bgp_<neighbor>_v4_2`.
    #[must_use]
    pub fn protocol(&self, family: Family, index: usize) -> String {
        match index {
            0 => format!("bgp_{self}_{}", family.suffix()),
            _ => format!("bgp_{self}_{}_{}", family.suffix(), index + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_pattern() {
        for good in ["a", "resolver", "a1_b2", "z_", &"x".repeat(32)] {
            assert_eq!(
                good.parse::<ServiceName>().map(|n| n.to_string()),
                Ok(good.to_owned())
            );
        }
        for (bad, error) in [
            ("", InvalidName::Empty),
            ("1a", InvalidName::Character('1')),
            ("_a", InvalidName::Character('_')),
            ("Tor", InvalidName::Character('T')),
            ("a-b", InvalidName::Character('-')),
            ("a\"; b", InvalidName::Character('"')),
            ("é", InvalidName::Character('é')),
            (&"x".repeat(33), InvalidName::TooLong(33)),
        ] {
            assert_eq!(bad.parse::<NeighborName>(), Err(error), "{bad}");
        }
    }

    #[test]
    fn protocols_are_named_after_service_and_neighbor() {
        let service: ServiceName = "resolver".parse().unwrap();
        assert_eq!(service.protocol(Family::V4), "anycast_resolver_v4");
        assert_eq!(
            service.drain_protocol(Family::V6),
            "anycast_resolver_v6_drain"
        );
        let neighbor: NeighborName = "tor1".parse().unwrap();
        assert_eq!(neighbor.protocol(Family::V4, 0), "bgp_tor1_v4");
        assert_eq!(neighbor.protocol(Family::V6, 1), "bgp_tor1_v6_2");
    }
}
