//! How a DNS question travels to its server, validated.

use std::fmt;
use std::net::IpAddr;

use super::Tls;
use crate::dns::Transport;
use crate::model::InterfaceName;

/// How a question travels, and where it starts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Connection {
    /// What carries it.
    pub channel: Channel,
    /// Where it starts.
    pub origin: Origin,
}

/// What carries a question. Every probe has a connection of its own: its handshake is part of what is tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// A datagram.
    Udp {
        /// Whether a truncated answer is asked for again over TCP, as a resolver does.
        fallback_to_tcp: bool,
    },
    /// A TCP connection (RFC 7766).
    Tcp,
    /// DNS over TLS (RFC 7858).
    Tls(Tls),
    /// DNS over HTTPS (RFC 8484).
    Https {
        /// Whom the server has to be.
        tls: Tls,
        /// Where it is asked.
        path: UrlPath,
    },
    /// DNS over QUIC (RFC 9250).
    Quic(Tls),
}

impl Channel {
    /// The word for it.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match self {
            Self::Udp { .. } => Transport::Udp,
            Self::Tcp => Transport::Tcp,
            Self::Tls(_) => Transport::Tls,
            Self::Https { .. } => Transport::Https,
            Self::Quic(_) => Transport::Quic,
        }
    }
}

impl Default for Channel {
    fn default() -> Self {
        Self::Udp {
            fallback_to_tcp: false,
        }
    }
}

/// Where packets of a probe start, where it is not left to the routing table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The source address; of the family of the server.
    pub source: Option<IpAddr>,
    /// The interface.
    pub interface: Option<InterfaceName>,
}

/// The path of a URL, perhaps with a query: begins with `/`, and holds nothing that would have to be encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlPath(String);

/// Why a text is not the path of a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrlPath {
    /// No `/` in front.
    #[error("`{0}` does not begin with `/`: write for example /dns-query")]
    Relative(String),
    /// A character that has to be encoded (RFC 3986, 2).
    #[error("{0:?} cannot stand in a path: write it as %XX")]
    Character(char),
    /// A variable of a URI template (RFC 8484, 4.1).
    #[error("questions are sent with POST, so the template has no variable: leave `{0}` away")]
    Template(String),
}

impl UrlPath {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where most servers answer, and the template that RFC 8484 uses throughout.
    #[must_use]
    pub fn dns_query() -> Self {
        Self("/dns-query".to_owned())
    }
}

impl std::str::FromStr for UrlPath {
    type Err = InvalidUrlPath;

    fn from_str(text: &str) -> Result<Self, InvalidUrlPath> {
        if !text.starts_with('/') {
            return Err(InvalidUrlPath::Relative(text.to_owned()));
        }
        if let Some(variable) = text.find('{') {
            return Err(InvalidUrlPath::Template(text[variable..].to_owned()));
        }
        let bad = |c: &char| !c.is_ascii_graphic() || "\"#<>\\^`|}".contains(*c);
        match text.chars().find(bad) {
            Some(bad) => Err(InvalidUrlPath::Character(bad)),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for UrlPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
