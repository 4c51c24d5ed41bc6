//! Names and numbers of a Linux host: interfaces, systemd units, processors.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::checked::checked_text;

/// Why something of a host was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHost {
    /// Not a name that the kernel, `ip`, systemd and ifupdown all take.
    #[error(
        "`{0}` is not the name of an interface: write 1 to 15 letters, digits, `_`, `.` and `-` that begin with a letter, and neither `all` nor `default`"
    )]
    Interface(String),
    /// Not the name of a service unit.
    #[error(
        "`{0}` is not the name of a service unit: write it as `systemctl` shows it, for example nsd.service"
    )]
    Unit(String),
    /// Not a name that `groupadd` takes.
    #[error(
        "`{0}` is not the name of a group: write 1 to 32 lower-case letters, digits, `_` and `-` that begin with a letter or `_`"
    )]
    Group(String),
    /// Not a list of processors.
    #[error(
        "`{0}` is not a list of processors: write for example 0-3 or 0,2-5, each from 0 to 1023, as `lscpu` shows them"
    )]
    Processors(String),
}

checked_text! {
    /// The name of a network interface, at most 15 bytes (`IFNAMSIZ` less the final zero).
    ///
    /// A letter first, so that it is neither an option to `ip` nor a number to systemd, and no `:`, which the
    /// kernel refuses. `all` and `default` are directories beside the interfaces in `/proc/sys/net`.
    InterfaceName, InvalidHost, interface
}

impl InterfaceName {
    /// The name in the name of a systemd unit, as `systemd-escape` writes it.
    #[must_use]
    pub fn escaped(&self) -> String {
        self.0.replace('-', "\\x2d")
    }
}

/// The longest name of an interface, in bytes.
const LONGEST_INTERFACE: usize = 15;

fn interface(text: &str) -> Result<(), InvalidHost> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let good = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.len() <= LONGEST_INTERFACE
        && text.bytes().all(plain)
        && !["all", "default"].contains(&text);
    let checked = good.then_some(());
    checked.ok_or_else(|| InvalidHost::Interface(text.to_owned()))
}

checked_text! {
    /// The name of a systemd service, such as `nsd.service` or `knot@1.service`.
    UnitName, InvalidHost, unit
}

/// The longest name of a unit, in bytes (systemd's `UNIT_NAME_MAX` less the final zero).
const LONGEST_UNIT: usize = 255;

fn unit(text: &str) -> Result<(), InvalidHost> {
    // systemd also takes `\`, for escapes that the name of a DNS server has no need of.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:@-".contains(&byte);
    let stem = text.strip_suffix(".service").unwrap_or_default();
    let good = stem.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.len() <= LONGEST_UNIT
        && text.bytes().all(plain);
    let checked = good.then_some(());
    checked.ok_or_else(|| InvalidHost::Unit(text.to_owned()))
}

checked_text! {
    /// The name of a group of users, as Debian's `groupadd` takes it.
    GroupName, InvalidHost, group
}

/// The longest name of a group, in bytes (shadow's `GROUP_NAME_MAX_LENGTH`).
const LONGEST_GROUP: usize = 32;

fn group(text: &str) -> Result<(), InvalidHost> {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    let good = text.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && text.len() <= LONGEST_GROUP
        && text.bytes().all(plain);
    let checked = good.then_some(());
    checked.ok_or_else(|| InvalidHost::Group(text.to_owned()))
}

/// A set of processors, written as the kernel's lists are: `0-3,8`. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processors(Vec<RangeInclusive<usize>>);

/// The largest number of a processor; Debian's kernels are built for fewer than 8192, and machines have
/// fewer still.
const LARGEST_PROCESSOR: usize = 1023;

/// Bits in a group of a mask.
const GROUP: usize = 32;

impl Processors {
    /// The set as the kernel takes masks: groups of 32 bits in hexadecimal, the highest first.
    #[must_use]
    pub fn mask(&self) -> String {
        let highest = self.0.iter().map(|range| *range.end()).max();
        let mut groups = vec![0_u32; highest.unwrap_or_default() / GROUP + 1];
        for processor in self.0.iter().cloned().flatten() {
            groups[processor / GROUP] |= 1 << (processor % GROUP);
        }
        let digits = |(position, group): (usize, &u32)| match position {
            0 => format!("{group:x}"),
            _ => format!("{group:08x}"),
        };
        let groups: Vec<String> = groups.iter().rev().enumerate().map(digits).collect();
        groups.join(",")
    }
}

impl FromStr for Processors {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let ranges = text.split(',').map(|item| range(item.trim()));
        let ranges: Option<_> = ranges.collect();
        ranges
            .map(Self)
            .ok_or_else(|| InvalidHost::Processors(text.to_owned()))
    }
}

fn range(text: &str) -> Option<RangeInclusive<usize>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = number(first)?..=number(last)?;
    (!range.is_empty()).then_some(range)
}

fn number(text: &str) -> Option<usize> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| plain);
    number.filter(|number| *number <= LARGEST_PROCESSOR)
}

impl fmt::Display for Processors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let item = |range: &RangeInclusive<usize>| match (range.start(), range.end()) {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        };
        let items: Vec<String> = self.0.iter().map(item).collect();
        f.write_str(&items.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_have_names_that_everybody_takes() {
        for good in ["anycast0", "eth0.100", "br-lan", "a", "enp0s31f6_12345"] {
            assert_eq!(good.parse::<InterfaceName>().unwrap().as_str(), good);
        }
        let bad = [
            "", "-x", "0", ".", "a b", "eth0:1", "a/b", "all", "default", "a\nb", "é", "a%s",
        ];
        for bad in bad.into_iter().chain(["sixteen_letters_"]) {
            assert!(bad.parse::<InterfaceName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn interfaces_are_escaped_for_units() {
        let escaped = |name: &str| name.parse::<InterfaceName>().unwrap().escaped();
        assert_eq!(escaped("eth0.100"), "eth0.100");
        assert_eq!(escaped("br-lan-1"), "br\\x2dlan\\x2d1");
    }

    #[test]
    fn units_are_services() {
        for good in ["nsd.service", "knot@1.service", "pdns-recursor.service"] {
            assert_eq!(good.parse::<UnitName>().unwrap().as_str(), good);
        }
        let long = format!("{}.service", "x".repeat(248));
        let bad = [
            "",
            "nsd",
            ".service",
            "../nsd.service",
            "a b.service",
            "nsd.socket",
            "nsd.service/",
        ];
        for bad in bad.into_iter().chain([long.as_str()]) {
            assert!(bad.parse::<UnitName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn processors_make_a_mask() {
        for (list, mask) in [
            ("0", "1"),
            ("0-3", "f"),
            ("1,3", "a"),
            ("0-31", "ffffffff"),
            ("32", "1,00000000"),
            ("0-1, 30-33, 64", "1,00000003,c0000003"),
            ("3,0-5", "3f"),
        ] {
            assert_eq!(list.parse::<Processors>().unwrap().mask(), mask, "{list}");
        }
        let parsed: Processors = "0-1, 7".parse().unwrap();
        assert_eq!(parsed.to_string(), "0-1,7");
        for bad in [
            "", ",", "3-1", "-1", "0-", "+1", "1024", "a", "0 1", "1-2-3",
        ] {
            assert!(bad.parse::<Processors>().is_err(), "{bad}");
        }
    }
}
