//! The flags of a reply's header.

use std::fmt;
use std::str::FromStr;

use hickory_proto::op::Metadata;

use super::InvalidDns;

/// The flags of a reply's header (RFC 1035, 4.1.1 and RFC 4035, 3.1.6 and 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the header has six of them, each on its own"
)]
pub struct Flags {
    /// AA, authoritative answer.
    pub authoritative: bool,
    /// TC, truncated.
    pub truncated: bool,
    /// RD, recursion desired, copied from the question.
    pub recursion_desired: bool,
    /// RA, recursion available.
    pub recursion_available: bool,
    /// AD, authentic data.
    pub authentic_data: bool,
    /// CD, checking disabled.
    pub checking_disabled: bool,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// AA
    Authoritative,
    /// TC
    Truncated,
    /// RD
    RecursionDesired,
    /// RA
    RecursionAvailable,
    /// AD
    AuthenticData,
    /// CD
    CheckingDisabled,
}

impl Flag {
    /// All of them, in the order in which `dig` writes them.
    pub const ALL: [Self; 6] = [
        Self::Authoritative,
        Self::Truncated,
        Self::RecursionDesired,
        Self::RecursionAvailable,
        Self::AuthenticData,
        Self::CheckingDisabled,
    ];

    /// As `dig` writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Authoritative => "aa",
            Self::Truncated => "tc",
            Self::RecursionDesired => "rd",
            Self::RecursionAvailable => "ra",
            Self::AuthenticData => "ad",
            Self::CheckingDisabled => "cd",
        }
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Flag {
    type Err = InvalidDns;

    fn from_str(text: &str) -> Result<Self, InvalidDns> {
        let mut all = Self::ALL.into_iter();
        all.find(|flag| flag.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| InvalidDns::Flag(text.to_owned()))
    }
}

impl Flags {
    /// Whether this one is set.
    #[must_use]
    pub fn has(self, flag: Flag) -> bool {
        match flag {
            Flag::Authoritative => self.authoritative,
            Flag::Truncated => self.truncated,
            Flag::RecursionDesired => self.recursion_desired,
            Flag::RecursionAvailable => self.recursion_available,
            Flag::AuthenticData => self.authentic_data,
            Flag::CheckingDisabled => self.checking_disabled,
        }
    }

    /// The names of those that are set, as `dig` writes them and in its order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let set = Flag::ALL.into_iter().filter(move |flag| self.has(*flag));
        set.map(Flag::name)
    }
}

impl From<&Metadata> for Flags {
    fn from(header: &Metadata) -> Self {
        Self {
            authoritative: header.authoritative,
            truncated: header.truncation,
            recursion_desired: header.recursion_desired,
            recursion_available: header.recursion_available,
            authentic_data: header.authentic_data,
            checking_disabled: header.checking_disabled,
        }
    }
}
