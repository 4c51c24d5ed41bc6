//! What may be wrong with a session that does not come up although BIRD names no error.
//!
//! A wrong password leaves no trace in BIRD: the kernel refuses the segments (RFC 2385), and the attempt to connect
//! goes unanswered. The kernel counts what it refuses, for all connections of a network namespace together, so
//! "possibly" is all that can be said of one session.

use jiff::Timestamp;

use super::{Sighting, is_up};
use crate::bird::table::{ErrorClass, SessionState};

/// What the kernel has refused because of TCP MD5 signatures since it started: three lines of `TcpExt` in
/// `/proc/net/netstat`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Md5 {
    /// The signature was wrong.
    pub failure: u64,
    /// There was one, and the connection has no password here.
    pub unexpected: u64,
    /// There was none, and the connection has a password here.
    pub not_found: u64,
}

/// Fewer segments are leftovers of an old connection; an attempt to connect is repeated thrice in 7 s.
const ATTEMPT: u64 = 3;

/// Seconds for which BIRD may wait between two attempts without a word.
const PAUSE: u64 = 15;

/// Errors of attempts to connect that show that something other than a password ended them.
const OTHERWISE: [&str; 3] = [
    "Connection refused",
    "No route to host",
    "Network is unreachable",
];

impl Md5 {
    /// Reads `/proc/net/netstat`, where each line of names is followed by one of numbers. `None` if it has none
    /// of these counters: the kernel is built without them.
    #[must_use]
    pub fn read(netstat: &str) -> Option<Self> {
        let mut lines = netstat
            .lines()
            .filter_map(|line| line.strip_prefix("TcpExt:"));
        let (names, numbers) = (lines.next()?, lines.next()?);
        let value = |wanted: &str| {
            let position = names.split_whitespace().position(|name| name == wanted)?;
            numbers.split_whitespace().nth(position)?.parse().ok()
        };
        Some(Self {
            failure: value("TCPMD5Failure")?,
            unexpected: value("TCPMD5Unexpected")?,
            not_found: value("TCPMD5NotFound")?,
        })
    }

    /// What was refused after `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            failure: self.failure.saturating_sub(earlier.failure),
            unexpected: self.unexpected.saturating_sub(earlier.unexpected),
            not_found: self.not_found.saturating_sub(earlier.not_found),
        }
    }

    /// What that may mean to a session; of several the one that says most.
    fn mismatch(self, since: Timestamp) -> Option<String> {
        let all = [
            (self.failure, "with a wrong MD5 signature"),
            (
                self.not_found,
                "without an MD5 signature, where a password is set here",
            ),
            (
                self.unexpected,
                "with an MD5 signature, where no password is set here",
            ),
        ];
        let (count, how) = all.into_iter().find(|(count, _)| *count >= ATTEMPT)?;
        Some(format!(
            "possibly a password mismatch: the kernel refused {count} TCP segments {how} since {since:.0}"
        ))
    }
}

/// What may be wrong with a session as it is seen now. `refused`: what the kernel refused while it was not up,
/// and since when.
#[must_use]
pub fn hint(sighting: &Sighting, refused: Option<(Md5, Timestamp)>) -> Option<String> {
    let state = sighting.state?;
    let is_waiting = sighting
        .since
        .age()
        .is_some_and(|age| age.as_secs() >= PAUSE);
    let has_no_error = sighting.last_error.is_none();
    match state {
        SessionState::Established | SessionState::Down | SessionState::Close => None,
        SessionState::Idle => (is_waiting && has_no_error).then(|| {
            "BIRD does not try to connect and names no error: is the neighbour's address on a link of this host?"
                .to_owned()
        }),
        _ if ended_otherwise(sighting) => None,
        _ => refused.and_then(|(refused, since)| refused.mismatch(since)).or_else(|| {
            (is_waiting && has_no_error && is_up(sighting.bfd.as_ref())).then(|| {
                "the neighbour answers BFD and not BGP: look at its BGP configuration, and at filters of the TCP port"
                    .to_owned()
            })
        }),
    }
}

fn ended_otherwise(sighting: &Sighting) -> bool {
    let error = sighting.last_error.as_ref();
    error.is_some_and(|error| {
        error.class == ErrorClass::Socket
            && OTHERWISE.iter().any(|text| error.text.starts_with(text))
    })
}
