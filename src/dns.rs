//! DNS as a probe sees it: questions to send, expectations, a verdict on what came back.
//!
//! Pure: messages are bytes in and out; sockets are the business of `probe`, and what time it is, is an argument.
//!
//! ```text
//! Question -> Query -> bytes … bytes -> Reply ┐
//!                                    Failure ┴> Exchange x Expectation -> Judged ┐
//!                                                         (one for each question) ┴> Tally -> Outcome
//! ```

mod aspect;
mod edns;
mod expectation;
mod failure;
mod flags;
mod query;
mod question;
mod rcode;
mod record;
mod reply;
mod serial;
mod signature;
mod tally;
mod verdict;
mod wire;
mod words;

pub use edns::{Edns, ExtendedError};
pub use expectation::{Expectation, Primary, SerialLimits, TtlBounds};
pub use failure::Failure;
pub use flags::{Flag, Flags};
pub use query::Query;
pub use question::{EdnsRequest, NameTemplate, Question, class, record_type};
pub use rcode::Rcode;
pub use record::Record;
pub use reply::{Counts, Rejected, Reply, Section};
pub use serial::Encoding;
pub use tally::{Asked, Outcome, Tally};
pub use verdict::{Answer, Exchange, Judged, Judgement, judge};

use std::fmt;

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
    /// Not a flag.
    #[error("`{0}` is not a flag of a reply: write aa, tc, rd, ra, ad or cd")]
    Flag(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transport_has_a_name_a_port_and_ids_unless_its_stream_says_whose_answer_it_is() {
        use Transport::{Https, Quic, Tcp, Tls, Udp};
        let all = [Udp, Tcp, Tls, Https, Quic].map(|transport| {
            let (port, ids) = (transport.port(), transport.has_id());
            format!("{transport} {port} {ids}")
        });
        let wanted = [
            "UDP 53 true",
            "TCP 53 true",
            "TLS 853 true",
            "HTTPS 443 false",
            "QUIC 853 false",
        ];
        assert_eq!(all, wanted);
    }
}
