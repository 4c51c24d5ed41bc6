//! DNS as a probe sees it: a question to send, an expectation, a verdict on what came back.
//!
//! Pure: messages are bytes in and out; sockets are the business of `probe`.
//!
//! ```text
//! Question -> Query -> bytes … bytes -> Reply ┐
//!                                    Failure ┴> judge -> Outcome
//! ```

mod failure;
mod query;
mod record;
mod reply;
mod verdict;

pub use failure::Failure;
pub use query::Query;
pub use reply::{Counts, Flags, Rejected, Reply};
pub use verdict::{Answer, Outcome, judge};

use std::fmt;
use std::str::FromStr;

pub use hickory_proto::rr::{DNSClass, RecordType};

/// How a question travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// One datagram, never repeated.
    Udp,
    /// A connection of its own, two-byte length (RFC 7766).
    Tcp,
    /// The same over TLS (RFC 7858).
    Tls,
    /// A POST over HTTP/2 (RFC 8484).
    Https,
    /// A stream of a QUIC connection (RFC 9250).
    Quic,
}

impl Transport {
    /// The port that servers listen on: 53 (RFC 1035, 4.2), 853 (RFC 7858, 3.1 and RFC 9250, 8.1) or 443.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 53,
            Self::Tls | Self::Quic => 853,
            Self::Https => 443,
        }
    }

    /// Whether a message says by its id which question it answers. Over HTTPS and QUIC the stream does, and the id is
    /// 0 (RFC 8484, 4.1 and RFC 9250, 4.2.1).
    #[must_use]
    pub fn has_id(self) -> bool {
        match self {
            Self::Udp | Self::Tcp | Self::Tls => true,
            Self::Https | Self::Quic => false,
        }
    }
}

/// `UDP`, `HTTPS`.
impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Https => "HTTPS",
            Self::Quic => "QUIC",
        })
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The name, perhaps with `{random}` labels.
    pub name: NameTemplate,
    /// The type.
    pub record_type: RecordType,
    /// The class.
    pub class: DNSClass,
    /// The RD flag.
    pub recursion_desired: bool,
}

/// What has to come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The response codes that are fine; at least one.
    pub rcodes: Vec<Rcode>,
    /// At least so many records in the answer section. Counts only where the response code is NOERROR.
    pub min_answers: u16,
}

/// Why a part of a question or expectation was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDns {
    /// Not a domain name.
    #[error("`{0}` is not a domain name: {1}")]
    Name(String, String),
    /// Not a type that can be asked for.
    #[error("`{0}` is not a record type: write for example SOA, A, AAAA, NS or TXT")]
    Type(String),
    /// Not a class.
    #[error("`{0}` is not a class: write IN or CH")]
    Class(String),
    /// Not a response code.
    #[error(
        "`{0}` is not a response code: write for example NOERROR, NXDOMAIN, SERVFAIL or REFUSED"
    )]
    Rcode(String),
}

/// Parses a record type by its mnemonic: `SOA`, `aaaa`.
pub fn record_type(text: &str) -> Result<RecordType, InvalidDns> {
    RecordType::from_str(&text.to_ascii_uppercase())
        .ok()
        .filter(|kind| {
            !matches!(
                kind,
                RecordType::ZERO | RecordType::OPT | RecordType::TSIG | RecordType::Unknown(_)
            )
        })
        .ok_or_else(|| InvalidDns::Type(text.to_owned()))
}

/// Parses a class by its mnemonic: `IN` or `CH`.
pub fn class(text: &str) -> Result<DNSClass, InvalidDns> {
    match text.to_ascii_uppercase().as_str() {
        "IN" => Ok(DNSClass::IN),
        "CH" => Ok(DNSClass::CH),
        _ => Err(InvalidDns::Class(text.to_owned())),
    }
}

/// A domain name in which `{random}` stands for a label that nobody asked for before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTemplate(String);

/// The placeholder.
const RANDOM: &str = "{random}";

impl NameTemplate {
    /// The name with every `{random}` replaced by `label`.
    #[must_use]
    pub fn with_random(&self, label: &str) -> String {
        self.0.replace(RANDOM, label)
    }
}

impl FromStr for NameTemplate {
    type Err = InvalidDns;

    fn from_str(text: &str) -> Result<Self, InvalidDns> {
        // As long as the random label that stands in for it on the wire.
        let sample = text.replace(RANDOM, "0123456789abcdef");
        hickory_proto::rr::Name::from_ascii(&sample)
            .map(|_| Self(text.to_owned()))
            .map_err(|error| InvalidDns::Name(text.to_owned(), error.to_string()))
    }
}

impl fmt::Display for NameTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

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
