//! `show bfd sessions`.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::LocalTime;
use super::protocols::{seconds, word};
use crate::bird::reply::Reply;

/// The code of every line of the reply.
const ROW: u16 = 1020;

/// One BFD session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BfdSession {
    /// The protocol that runs it.
    pub protocol: Option<String>,
    /// The neighbour.
    pub address: IpAddr,
    /// The interface; `None` for a multihop session.
    pub interface: Option<String>,
    /// Its state.
    pub state: BfdState,
    /// When the state last changed; `None` in a time format that nobody can read.
    pub since: Option<LocalTime>,
    /// Between two packets that are sent.
    pub interval: Option<Duration>,
    /// Without packets for so long the neighbour counts as lost; `None` before one was heard.
    pub timeout: Option<Duration>,
}

/// The state of a BFD session (RFC 5880, 4.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum BfdState {
    /// Both sides hear each other.
    Up,
    /// The neighbour is not heard.
    Down,
    /// The neighbour is heard and does not hear us yet.
    Init,
    /// Switched off.
    AdminDown,
    /// A word that no known release uses.
    Other(String),
}

impl BfdState {
    fn of(word: &str) -> Self {
        match word {
            "Up" => Self::Up,
            "Down" => Self::Down,
            "Init" => Self::Init,
            "AdminDown" => Self::AdminDown,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for BfdState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Up => "Up",
            Self::Down => "Down",
            Self::Init => "Init",
            Self::AdminDown => "AdminDown",
            Self::Other(word) => word,
        })
    }
}

/// Reads the reply to `show bfd sessions`. A neighbour without a row has no session. `now` is the daemon's clock.
#[must_use]
pub fn bfd_sessions(reply: &Reply, now: Option<LocalTime>) -> Vec<BfdSession> {
    let (mut sessions, mut protocol) = (Vec::new(), None);
    for line in reply.lines().filter(|line| line.code == ROW) {
        if let Some((name, _)) = heading(line.text) {
            protocol = Some(name);
        } else {
            sessions.extend(row(line.text, protocol, now));
        }
    }
    sessions
}

/// `bfd1:`, before the rows of each protocol; also `bfd1: is not up`.
fn heading(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once(':')?;
    (rest.is_empty() || rest == " is not up").then_some((name, rest))
}

/// `Address Interface State Since  Interval Timeout`. Columns are pushed by longer words, and `Since` may hold a space.
fn row(text: &str, protocol: Option<&str>, now: Option<LocalTime>) -> Option<BfdSession> {
    let (address, rest) = word(text)?;
    let (interface, rest) = word(rest)?;
    let (state, rest) = word(rest)?;
    let (rest, timeout) = rest.trim_end().rsplit_once(' ')?;
    let (since, interval) = rest.trim_end().rsplit_once(' ')?;
    // A link-local address may carry its scope: fe80::1%eth0.
    let (address, scope) = match address.split_once('%') {
        Some((address, scope)) => (address, Some(scope)),
        None => (address, None),
    };
    let interface = Some(interface).filter(|name| *name != "---").or(scope);
    Some(BfdSession {
        protocol: protocol.map(str::to_owned),
        address: address.parse().ok()?,
        interface: interface.map(str::to_owned),
        state: BfdState::of(state),
        since: LocalTime::parse(since, now),
        interval: seconds(interval),
        timeout: seconds(timeout).filter(|timeout| !timeout.is_zero()),
    })
}
