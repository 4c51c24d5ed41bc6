//! Why words make no question.

use super::word;
use crate::config::InvalidUrlPath;
use crate::dns::InvalidDns;
use crate::model::{InvalidHost, InvalidPeriod};

/// Why words make no question. Its text says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// Nobody to ask.
    #[error("no server to ask: name one, as in @192.0.2.53; resolv.conf is not looked at")]
    NoServer,
    /// Not an address behind `@`.
    #[error(
        "`@{0}` is not the address of a server, and names are not looked up: write for example @192.0.2.53, @2001:db8::53 or @192.0.2.53#5353"
    )]
    Server(String),
    /// Not a source.
    #[error(
        "`{0}` is not where a question can start: write for example 192.0.2.1, %eth0 or 192.0.2.1%eth0"
    )]
    Source(String),
    /// IPv4 to IPv6, or the other way round.
    #[error("there is no way from {0} to {1}: one is IPv4 and the other IPv6")]
    Families(std::net::IpAddr, std::net::IpAddr),
    /// Two words that say different things of the same.
    #[error("both `{first}` and `{second}` say {what}: take one of them away")]
    Twice {
        /// Of what.
        what: &'static str,
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// Not a word that begins with `+`.
    #[error("unknown word `+{word}`{}", word::advice(.word))]
    Unknown {
        /// The word.
        word: String,
    },
    /// A word without the value that it needs.
    #[error("`+{word}` needs a value: write for example +{word}={example}")]
    NoValue {
        /// The word.
        word: &'static str,
        /// A value that it could have.
        example: &'static str,
    },
    /// A word with a value that it cannot have.
    #[error("`+{0}` takes no value")]
    NeedlessValue(&'static str),
    /// A value of another kind.
    #[error("`+{word}` cannot be `{value}`: write for example +{word}={example}")]
    Value {
        /// The word.
        word: &'static str,
        /// Its value.
        value: String,
        /// A value that it could have.
        example: &'static str,
    },
    /// A second try would hide what the first one showed.
    #[error("a question is never sent twice: take `+{0}` away")]
    Again(String),
    /// Two words that exclude each other.
    #[error("`{0}` means nothing with `{1}`: take one of them away")]
    Together(&'static str, &'static str),
    /// Answered by a stream of messages.
    #[error("{0} asks for a transfer of the zone, not for a record: ask for SOA")]
    Transfer(String),
    /// Not a name, type or class.
    #[error(transparent)]
    Dns(#[from] InvalidDns),
    /// Not a length of time.
    #[error(transparent)]
    Period(#[from] InvalidPeriod),
    /// Not a path.
    #[error(transparent)]
    Path(#[from] InvalidUrlPath),
    /// Not an interface.
    #[error(transparent)]
    Interface(#[from] InvalidHost),
}
