//! What has to come back.

use std::net::SocketAddr;

use super::{Encoding, Flag, Rcode};
use crate::model::{Expression, Period};

/// What has to come back. What is said of records counts only where the response code is NOERROR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The response codes that are fine; at least one.
    pub rcodes: Vec<Rcode>,
    /// At least so many records in the answer section, signatures not counted unless they were asked for.
    pub min_answers: u16,
    /// At most so many; at least `min_answers`.
    pub max_answers: Option<u16>,
    /// Flags that have to be set.
    pub flags: Vec<Flag>,
    /// Flags that must not be set; none of those that have to be.
    pub flags_unset: Vec<Flag>,
    /// Matches the data of one record of the asked type in the answer section, in presentation format.
    pub answer: Option<Expression>,
    /// Of every record of the asked type in the answer section.
    pub ttl: Option<TtlBounds>,
    /// Matches what the server calls itself (RFC 5001); NSID was asked for.
    pub nsid: Option<Expression>,
    /// An answer that comes later fails.
    pub max_latency: Option<Period>,
    /// Of the zone whose SOA record was asked for.
    pub serial: Option<SerialLimits>,
    /// Every set of records in the answer section has a signature that is valid for so long; they were asked for.
    pub signatures: Option<Period>,
}

/// NOERROR and an answer.
impl Default for Expectation {
    fn default() -> Self {
        Self {
            rcodes: vec![Rcode::NO_ERROR],
            min_answers: 1,
            max_answers: None,
            flags: vec![],
            flags_unset: vec![],
            answer: None,
            ttl: None,
            nsid: None,
            max_latency: None,
            serial: None,
            signatures: None,
        }
    }
}

/// How long records may be kept; at least one bound, and `min <= max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TtlBounds {
    /// At least so long.
    pub min: Option<Period>,
    /// At most so long.
    pub max: Option<Period>,
}

/// How fresh a zone is; at least one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SerialLimits {
    /// The zone was changed at most so long ago.
    pub max_age: Option<Period>,
    /// How the serial says when.
    pub encoding: Encoding,
    /// Who has the zone first.
    pub primary: Option<Primary>,
}

/// Where the zone comes from: asked the same over UDP at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Primary {
    /// Who is asked.
    pub server: SocketAddr,
    /// The serial is at most so much smaller than that of the primary (RFC 1982).
    pub max_behind: u32,
}

impl Expectation {
    /// Who has to be asked besides the server itself.
    #[must_use]
    pub fn primary(&self) -> Option<Primary> {
        self.serial.and_then(|serial| serial.primary)
    }
}
