//! `show protocols all` and `show bfd sessions`.
//!
//! A row is `Name Proto Table State Since  Info`. The columns are not fixed (longer names push), and
//! `Since` holds one space in some formats, so the row ends its fifth column at two spaces.

use std::net::IpAddr;

use super::LocalTime;
use crate::bird::reply::{Line, Reply};

/// The state of a protocol as such, not of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtocolState {
    /// Disabled, or shut down by a limit.
    Down,
    /// On its way up.
    Start,
    /// Working.
    Up,
    /// On its way down: `stop` or `flush`.
    Stop,
    /// A word that no known release uses.
    Other,
}

/// One protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protocol {
    /// Its name.
    pub name: String,
    /// BGP, Static, …
    pub kind: String,
    /// Its state.
    pub state: ProtocolState,
    /// When the state last changed; `None` where the time format is not an ISO one.
    pub since: Option<LocalTime>,
    /// For BGP the session's state (`Established`, `Active` …), empty for a session that is shut down.
    pub session: String,
    /// What BIRD gives as last error, with its class: `Received: Hold timer expired`.
    pub last_error: Option<String>,
    /// A limit on routes is hit.
    pub limit_hit: bool,
}

/// Codes of a row and of the details that follow it.
const ROW: u16 = 1002;
const DETAILS: u16 = 1006;

/// Reads the reply to `show protocols`, with or without `all`. `now` is the daemon's clock.
#[must_use]
pub fn protocols(reply: &Reply, now: Option<LocalTime>) -> Vec<Protocol> {
    let mut protocols: Vec<Protocol> = Vec::new();
    for line in &reply.lines {
        match line.code {
            ROW => protocols.extend(row(&line.text, now)),
            DETAILS => {
                if let Some(protocol) = protocols.last_mut() {
                    detail(protocol, &line.text);
                }
            }
            _ => {}
        }
    }
    protocols
}

fn row(text: &str, now: Option<LocalTime>) -> Option<Protocol> {
    let (name, rest) = word(text)?;
    let (kind, rest) = word(rest)?;
    let (_table, rest) = word(rest)?;
    let (state, rest) = word(rest)?;
    let rest = rest.trim_start();
    let (since, info) = rest.split_once("  ").unwrap_or((rest, ""));
    Some(Protocol {
        name: name.to_owned(),
        kind: kind.to_owned(),
        state: state_of(state),
        since: LocalTime::parse(since, now),
        session: if kind == "BGP" {
            session_of(info)
        } else {
            String::new()
        },
        last_error: None,
        limit_hit: false,
    })
}

fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text.find(' ').unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn state_of(word: &str) -> ProtocolState {
    match word {
        "down" => ProtocolState::Down,
        "start" => ProtocolState::Start,
        "up" => ProtocolState::Up,
        "stop" | "flush" => ProtocolState::Stop,
        _ => ProtocolState::Other,
    }
}

/// The states of RFC 4271, 8.2.2, and BIRD's own: a session that is shut down has only an error there.
const SESSION_STATES: [&str; 8] = [
    "Established",
    "OpenConfirm",
    "OpenSent",
    "Connect",
    "Active",
    "Idle",
    "Passive",
    "Close",
];

fn session_of(info: &str) -> String {
    let first = info.split_whitespace().next().unwrap_or_default();
    SESSION_STATES
        .into_iter()
        .find(|state| *state == first)
        .unwrap_or_default()
        .to_owned()
}

fn detail(protocol: &mut Protocol, text: &str) {
    protocol.limit_hit |= text.ends_with("[HIT]");
    if let Some(error) = text.trim_start().strip_prefix("Last error:") {
        protocol.last_error = Some(error.trim().to_owned());
    }
}

/// One BFD session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BfdSession {
    /// The neighbour.
    pub address: IpAddr,
    /// `Up`, `Down`, `Init` or `AdminDown` (RFC 5880, 4.1).
    pub state: String,
}

/// Reads the reply to `show bfd sessions`. A neighbour without a row has no session.
#[must_use]
pub fn bfd_sessions(reply: &Reply) -> Vec<BfdSession> {
    reply.lines.iter().filter_map(bfd_row).collect()
}

fn bfd_row(line: &Line) -> Option<BfdSession> {
    let mut words = line.text.split_whitespace();
    // The address may carry the scope of a link-local one: fe80::1%eth0.
    let address = words.next()?.split('%').next()?.parse().ok()?;
    let state = words.nth(1)?.to_owned();
    Some(BfdSession { address, state })
}
