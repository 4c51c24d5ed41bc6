//! Response codes.

use std::fmt;
use std::str::FromStr;

use super::InvalidDns;

/// A response code, extended ones included (RFC 6895, 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rcode(pub u16);

/// Mnemonics as in the IANA registry of DNS RCODEs.
const RCODES: [(u16, &str); 12] = [
    (0, "NOERROR"),
    (1, "FORMERR"),
    (2, "SERVFAIL"),
    (3, "NXDOMAIN"),
    (4, "NOTIMP"),
    (5, "REFUSED"),
    (6, "YXDOMAIN"),
    (7, "YXRRSET"),
    (8, "NXRRSET"),
    (9, "NOTAUTH"),
    (10, "NOTZONE"),
    (16, "BADVERS"),
];

impl Rcode {
    /// NOERROR.
    pub const NO_ERROR: Self = Self(0);

    /// NXDOMAIN.
    pub const NX_DOMAIN: Self = Self(3);

    /// The mnemonics that can be written, in the order of their codes.
    #[must_use]
    pub fn names() -> [&'static str; RCODES.len()] {
        RCODES.map(|(_, name)| name)
    }
}

impl FromStr for Rcode {
    type Err = InvalidDns;

    fn from_str(text: &str) -> Result<Self, InvalidDns> {
        RCODES
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(text))
            .map(|(code, _)| Self(*code))
            .ok_or_else(|| InvalidDns::Rcode(text.to_owned()))
    }
}

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match RCODES.iter().find(|(code, _)| *code == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "RCODE{}", self.0),
        }
    }
}
