//! The ways in which a probe ends without an answer, and what each says about the server.
//!
//! The line that matters runs between "the server did not answer" and "the prober could not ask": the one
//! withdraws a route, the other must not.

use std::time::Duration;

use crate::health::Verdict;

/// Why there is no answer. Its text is for operators.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nothing that answers the question came in time.
    #[error("no answer within {waited:?}{}", aside(*ignored))]
    Silent {
        /// The timeout.
        waited: Duration,
        /// Datagrams for another question.
        ignored: u32,
    },
    /// So many datagrams for another question that the prober stopped to read.
    #[error("{0} answers for another question and none for ours")]
    Flooded(u32),
    /// Nobody listens.
    #[error("connection refused")]
    Refused,
    /// The kernel or the network says that there is no way to the server.
    #[error("unreachable: {0}")]
    Unreachable(&'static str),
    /// The server gave up the connection.
    #[error("connection reset")]
    Reset,
    /// The server closed the connection before its answer was complete.
    #[error("connection closed after {received} bytes of the answer")]
    Closed {
        /// Bytes that did come, the two of the length included.
        received: usize,
    },
    /// On a connection, where nobody else can put it, an answer for another question.
    #[error("an answer for another question")]
    Foreign,
    /// Our question, but no message.
    #[error("malformed answer: its {0} makes no sense")]
    Malformed(&'static str),
    /// No handshake, or a certificate that is not accepted. The text is a whole sentence.
    #[error("{0}")]
    Tls(String),
    /// A certificate that becomes valid later, by the clock of this host. The text is a whole sentence.
    ///
    /// A node that booted with a clock in the past cannot tell a certificate that was put in place too early from its own
    /// clock, and the latter is the more frequent of the two: the server did its part, and nothing is known.
    #[error("{0}")]
    Early(String),
    /// An answer of HTTP that has no DNS message. The text is a whole sentence.
    #[error("{0}")]
    Http(String),
    /// What came over UDP was truncated, and this is what became of the same question over TCP.
    #[error("truncated, and then over TCP: {0}")]
    Fallback(Box<Self>),
    /// The prober could not ask.
    #[error("the prober {0}")]
    Prober(String),
    /// The prober slept through the deadline and the answer, if there was one, is lost.
    #[error("the prober itself was stalled for {0:?}")]
    Stalled(Duration),
}

fn aside(ignored: u32) -> String {
    match ignored {
        0 => String::new(),
        1 => "; 1 answer for another question ignored".to_owned(),
        many => format!("; {many} answers for another question ignored"),
    }
}

/// Who is to blame for a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Server,
    /// Perhaps nobody: the clock of this host may be behind.
    Unclear,
    Prober,
}

impl Failure {
    /// What the failure says about the server.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.fault() {
            Fault::Server => Verdict::Fail,
            Fault::Unclear | Fault::Prober => Verdict::Unknown,
        }
    }

    /// Whether nothing of the server was seen because of us: what lasts for too long then counts against it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.fault() == Fault::Prober
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Silent { .. }
            | Self::Flooded(_)
            | Self::Refused
            | Self::Unreachable(_)
            | Self::Reset
            | Self::Closed { .. }
            | Self::Foreign
            | Self::Malformed(_)
            | Self::Tls(_)
            | Self::Http(_) => Fault::Server,
            Self::Fallback(failure) => failure.fault(),
            Self::Early(_) => Fault::Unclear,
            Self::Prober(_) | Self::Stalled(_) => Fault::Prober,
        }
    }
}
