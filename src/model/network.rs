//! Prefixes, autonomous system numbers and communities.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::str::FromStr;

use ipnet::{IpNet, Ipv6Net};
use serde::{Deserialize, Serialize};

/// Why a prefix, AS number or community was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNetwork {
    /// Not `address/length`.
    #[error(
        "`{0}` is not a prefix: write an address and a length, as in 192.0.2.0/24 or 2001:db8::/48"
    )]
    Prefix(String),
    /// Bits are set behind the length.
    #[error("{given}: did you mean {meant}?")]
    HostBits {
        /// What was written.
        given: String,
        /// The prefix without the host bits.
        meant: IpNet,
    },
    /// An IPv4 prefix in IPv6 clothes, which BIRD accepts and no neighbour expects.
    #[error("{given} is an IPv4 prefix mapped into IPv6: write {meant}")]
    Mapped {
        /// What was written.
        given: String,
        /// The IPv4 prefix it stands for.
        meant: String,
    },
    /// Not a number from 1 to 4294967295.
    #[error("`{0}` is not an AS number: write a number from 1 to 4294967295 (no dots, no `AS`)")]
    Asn(String),
    /// Not `a:b` with two 16-bit numbers.
    #[error(
        "`{0}` is not a standard community: write two numbers from 0 to 65535, as in \"64500:53\""
    )]
    Community(String),
    /// Not `a:b:c` with three 32-bit numbers.
    #[error(
        "`{0}` is not a large community: write three numbers from 0 to 4294967295, as in \"64500:1:53\""
    )]
    LargeCommunity(String),
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// IPv4.
    #[serde(rename = "ipv4")]
    V4,
    /// IPv6.
    #[serde(rename = "ipv6")]
    V6,
}

impl Family {
    /// Both, in the order in which everything is rendered and listed.
    pub const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// The family of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() {
            Self::V4
        } else {
            Self::V6
        }
    }

    /// `v4` or `v6`, as in names of protocols.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::V4 => "v4",
            Self::V6 => "v6",
        }
    }

    /// `ipv4` or `ipv6`, as in BIRD's channels.
    #[must_use]
    pub fn channel(self) -> &'static str {
        match self {
            Self::V4 => "ipv4",
            Self::V6 => "ipv6",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// A prefix without host bits, in canonical form, never v4-mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(IpNet);

impl Prefix {
    /// The family of the prefix.
    #[must_use]
    pub fn family(self) -> Family {
        Family::of(self.0.addr())
    }

    /// So many bits are fixed.
    #[must_use]
    pub fn length(self) -> u8 {
        self.0.prefix_len()
    }

    /// The one address of a host prefix (/32 or /128), `None` for a network.
    #[must_use]
    pub fn host(self) -> Option<IpAddr> {
        (self.0.prefix_len() == self.0.max_prefix_len()).then(|| self.0.addr())
    }

    /// Its first and its last address, and all between.
    #[must_use]
    pub fn range(self) -> RangeInclusive<IpAddr> {
        self.0.network()..=self.0.broadcast()
    }

    /// Whether an address lies within.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// Whether all of `other` lies within.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.0.contains(&other.0)
    }

    /// Whether the two prefixes share an address.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.covers(other) || other.covers(self)
    }
}

/// `::ffff:0:0/96` (RFC 4291, section 2.5.5.2), the length that IPv4 is mapped behind.
const MAPPED_LENGTH: u8 = 96;

fn mapped(net: Ipv6Net) -> Option<(Ipv4Addr, u8)> {
    let length = net.prefix_len().checked_sub(MAPPED_LENGTH)?;
    net.addr().to_ipv4_mapped().map(|address| (address, length))
}

impl FromStr for Prefix {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let net: IpNet = text
            .parse()
            .map_err(|_| InvalidNetwork::Prefix(text.to_owned()))?;
        if let IpNet::V6(v6) = net
            && let Some((address, length)) = mapped(v6)
        {
            let meant = format!("{address}/{length}");
            return Err(InvalidNetwork::Mapped {
                given: text.to_owned(),
                meant,
            });
        }
        if net.trunc() != net {
            return Err(InvalidNetwork::HostBits {
                given: text.to_owned(),
                meant: net.trunc(),
            });
        }
        Ok(Self(net))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An autonomous system number, 1 to 4294967295 (RFC 6793; 0 is reserved by RFC 7607).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asn(NonZeroU32);

impl Asn {
    /// The AS of that number; `None` for 0.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl FromStr for Asn {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        digits(text)
            .and_then(|digits| digits.parse().ok())
            .map(Self)
            .ok_or_else(|| InvalidNetwork::Asn(text.to_owned()))
    }
}

impl fmt::Display for Asn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A standard community (RFC 1997), `a:b` with two 16-bit numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Community {
    /// The first number, by convention an AS number.
    pub high: u16,
    /// The second number.
    pub low: u16,
}

impl Community {
    /// `GRACEFUL_SHUTDOWN` (RFC 8326, section 5).
    pub const GRACEFUL_SHUTDOWN: Self = Self {
        high: 65535,
        low: 0,
    };
}

impl FromStr for Community {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let number = |part: &str| digits(part).and_then(|digits| digits.parse().ok());
        text.split_once(':')
            .and_then(|(high, low)| {
                Some(Self {
                    high: number(high)?,
                    low: number(low)?,
                })
            })
            .ok_or_else(|| InvalidNetwork::Community(text.to_owned()))
    }
}

impl fmt::Display for Community {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.high, self.low)
    }
}

/// A large community (RFC 8092), `a:b:c` with three 32-bit numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LargeCommunity {
    /// The first number: the AS that gives the other two a meaning.
    pub global: u32,
    /// The second number.
    pub local1: u32,
    /// The third number.
    pub local2: u32,
}

impl FromStr for LargeCommunity {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let parts = text
            .split(':')
            .map(|part| digits(part).and_then(|digits| digits.parse().ok()));
        match parts.collect::<Vec<Option<u32>>>()[..] {
            [Some(global), Some(local1), Some(local2)] => Ok(Self {
                global,
                local1,
                local2,
            }),
            _ => Err(InvalidNetwork::LargeCommunity(text.to_owned())),
        }
    }
}

impl fmt::Display for LargeCommunity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.global, self.local1, self.local2)
    }
}

/// The text itself if it is plain decimal digits: `str::parse` would also take a leading `+`.
fn digits(text: &str) -> Option<&str> {
    text.bytes().all(|b| b.is_ascii_digit()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_canonical_and_know_their_family() {
        for (text, shown, family) in [
            ("192.0.2.0/24", "192.0.2.0/24", Family::V4),
            ("2001:DB8:0:0::/48", "2001:db8::/48", Family::V6),
            ("0.0.0.0/0", "0.0.0.0/0", Family::V4),
        ] {
            let prefix: Prefix = text.parse().unwrap();
            assert_eq!(
                (prefix.to_string().as_str(), prefix.family()),
                (shown, family)
            );
        }
    }

    #[test]
    fn the_range_of_a_prefix_is_what_it_contains() {
        for (prefix, first, last) in [
            ("192.0.2.53/32", "192.0.2.53", "192.0.2.53"),
            ("192.0.2.0/25", "192.0.2.0", "192.0.2.127"),
            ("2001:db8::/127", "2001:db8::", "2001:db8::1"),
            ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
        ] {
            let prefix: Prefix = prefix.parse().unwrap();
            let (first, last) = (first.parse().unwrap(), last.parse().unwrap());
            assert_eq!(prefix.range(), first..=last);
            assert!(prefix.contains(first) && prefix.contains(last));
        }
    }

    #[test]
    fn prefixes_with_host_bits_name_the_one_that_was_meant() {
        let error = "192.0.2.1/24".parse::<Prefix>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "192.0.2.1/24: did you mean 192.0.2.0/24?"
        );
        assert!("2001:db8::1/48".parse::<Prefix>().is_err());
    }

    #[test]
    fn mapped_and_malformed_prefixes_are_refused() {
        let error = "::ffff:192.0.2.0/120".parse::<Prefix>().unwrap_err();
        assert!(error.to_string().ends_with("write 192.0.2.0/24"), "{error}");
        for bad in [
            "",
            "192.0.2.0",
            "192.0.2/24",
            "192.0.2.0/33",
            "192.0.2.0/24 ",
            "fe80::%eth0/64",
            "x/1",
        ] {
            assert!(bad.parse::<Prefix>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_host_prefixes_have_a_host() {
        assert_eq!(
            "192.0.2.53/32".parse::<Prefix>().unwrap().host(),
            Some("192.0.2.53".parse().unwrap())
        );
        assert_eq!("2001:db8::/64".parse::<Prefix>().unwrap().host(), None);
    }

    #[test]
    fn as_numbers_are_plain_and_not_zero() {
        assert_eq!("4294967295".parse::<Asn>().map(Asn::get), Ok(u32::MAX));
        for bad in ["0", "", "-1", "+1", "AS1", "1.10", "4294967296"] {
            assert!(bad.parse::<Asn>().is_err(), "{bad}");
        }
    }

    #[test]
    fn communities_are_two_sixteen_bit_numbers() {
        assert_eq!(
            "65535:0".parse(),
            Ok(Community {
                high: 65535,
                low: 0
            })
        );
        for bad in [
            "", "1", "1:2:3", "65536:0", "0:65536", "-1:0", "+1:0", "a:b", "(1,2)",
        ] {
            assert!(bad.parse::<Community>().is_err(), "{bad}");
        }
    }

    #[test]
    fn large_communities_are_three_numbers() {
        let read: LargeCommunity = "4294967295:0:53".parse().unwrap();
        assert_eq!((read.global, read.local1, read.local2), (u32::MAX, 0, 53));
        assert_eq!(read.to_string(), "4294967295:0:53");
        for bad in ["", "1:2", "1:2:3:4", "4294967296:0:0", "+1:2:3", "a:b:c"] {
            assert!(bad.parse::<LargeCommunity>().is_err(), "{bad}");
        }
    }
}
