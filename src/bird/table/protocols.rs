//! `show protocols`, with or without `all`.
//!
//! A row is `Name Proto Table State Since  Info`. The columns are not fixed (longer names push), and `Since` holds one
//! space in some formats, so the row ends its fifth column at two spaces. With `all`, a block of details follows each
//! row and ends with an empty line. Which lines belong together is said by order more than by indentation: a pipe
//! indents what belongs to its channel less than the channel's own lines.

mod channel;
mod detail;
mod session;

use std::collections::HashMap;

use self::detail::{Detail, words};
pub(super) use self::detail::{number, seconds, timer};
use super::channel::LimitKind;
use super::{Channel, LocalTime, Protocol, ProtocolState, SessionState};
use crate::bird::reply::{Line, Reply};

/// Codes of a row and of the details that follow it.
const ROW: u16 = 1002;
const DETAILS: u16 = 1006;

/// The code of what stands in the place of a line that is too long.
const OVERFLOW: u16 = 8000;

/// Reads the reply to `show protocols`, with or without `all`. `now` is the daemon's clock.
#[must_use]
pub fn protocols(reply: &Reply, now: Option<LocalTime>) -> Vec<Protocol> {
    let mut reader = Reader {
        protocols: Vec::with_capacity(reply.lines().filter(|line| line.code == ROW).count()),
        now,
        part: Part::Nothing,
    };
    reply.lines().for_each(|line| reader.line(line));
    reader.protocols
}

/// The state of every protocol by its name, from the rows alone.
#[must_use]
pub fn protocol_states(reply: &Reply) -> HashMap<String, ProtocolState> {
    let rows = reply.lines().filter(|line| line.code == ROW);
    let states = rows.filter_map(|line| {
        let mut words = words(line.text);
        let (name, state) = (words.next()?, words.nth(2)?);
        Some((name.to_owned(), ProtocolState::of(state)))
    });
    states.collect()
}

struct Reader {
    protocols: Vec<Protocol>,
    now: Option<LocalTime>,
    part: Part,
}

/// What the next line is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Nothing that is known: no row was read since the last block ended.
    Nothing,
    /// The last protocol.
    Protocol,
    /// Its session.
    Session,
    /// What one side of the session offers.
    Capabilities(Side),
    /// The session's authentication.
    Authentication,
    /// The protocol's last channel.
    Channel,
    /// A limit of that channel.
    Limit(LimitKind),
    /// What that channel counts, in so many columns.
    Changes(Columns),
}

/// A side of a session.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Local,
    Neighbor,
}

/// The columns of what a channel counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Columns {
    /// Of BIRD 2, and of pipes.
    Five,
    /// Of BIRD 3: those that a limit refused are counted alone.
    Seven,
}

impl Reader {
    fn line(&mut self, line: Line<'_>) {
        match line.code {
            ROW => {
                let row = row(line.text, self.now);
                // What follows a row that cannot be read must not be taken for the protocol before.
                self.part = row.as_ref().map_or(Part::Nothing, |_| Part::Protocol);
                self.protocols.extend(row);
            }
            DETAILS => self.detail(line.text),
            OVERFLOW => self.keep(line.text),
            _ => {}
        }
    }

    fn detail(&mut self, text: &str) {
        let detail = Detail::of(text);
        if detail.label.is_empty() && detail.value.is_empty() {
            self.part = Part::Nothing;
        } else if self.read(&detail).is_none() {
            self.keep(text);
        }
    }

    /// `None` if the line is not understood.
    fn read(&mut self, detail: &Detail<'_>) -> Option<()> {
        let part = self.part;
        let protocol = match part {
            Part::Nothing => return Some(()),
            _ => self.protocols.last_mut()?,
        };
        if let Some(next) = heading(protocol, detail) {
            self.part = next;
            return Some(());
        }
        self.part = match part {
            Part::Nothing | Part::Protocol => {
                about_protocol(protocol, detail, self.now)?;
                part
            }
            Part::Session | Part::Capabilities(_) | Part::Authentication => {
                session::read(protocol.bgp.get_or_insert_default(), part, detail)?
            }
            Part::Channel | Part::Limit(_) | Part::Changes(_) => {
                channel::read(protocol.channels.last_mut()?, part, detail)?
            }
        };
        Some(())
    }

    fn keep(&mut self, text: &str) {
        if self.part != Part::Nothing
            && let Some(protocol) = self.protocols.last_mut()
        {
            protocol.unknown.push(text.trim().to_owned());
        }
    }
}

/// What a line begins, if it begins something: a channel or the session.
fn heading(protocol: &mut Protocol, detail: &Detail<'_>) -> Option<Part> {
    /// How far a protocol's own lines are indented.
    const OWN: usize = 2;
    if detail.indent > OWN {
        return None;
    }
    if let ("", Some(name)) = (detail.value, detail.label.strip_prefix("Channel ")) {
        // One or two are usual, and they are big.
        protocol.channels.reserve_exact(1);
        protocol.channels.push(Channel {
            name: name.to_owned(),
            ..Channel::default()
        });
        return Some(Part::Channel);
    }
    if detail.label == "BGP state" {
        let state = SessionState::of(detail.value);
        if state.is_none() {
            protocol.unknown.push(detail.value.to_owned());
        }
        protocol.bgp.get_or_insert_default().state = state;
        return Some(Part::Session);
    }
    None
}

fn about_protocol(
    protocol: &mut Protocol,
    detail: &Detail<'_>,
    now: Option<LocalTime>,
) -> Option<()> {
    match detail.label {
        "Description" => protocol.description = Some(detail.value.to_owned()),
        "Message" => protocol.message = Some(detail.value.to_owned()),
        "Router ID" => protocol.router_id = Some(detail.value.parse().ok()?),
        "VRF" => protocol.vrf = Some(detail.value.to_owned()),
        "Created" => protocol.created = LocalTime::parse(detail.value, now),
        "Last autorestart" => protocol.restarted = LocalTime::parse(detail.value, now),
        _ => return None,
    }
    Some(())
}

fn row(text: &str, now: Option<LocalTime>) -> Option<Protocol> {
    let (name, rest) = word(text)?;
    let (kind, rest) = word(rest)?;
    let (table, rest) = word(rest)?;
    let (state, rest) = word(rest)?;
    let rest = rest.trim_start();
    let (since, info) = rest.split_once("  ").unwrap_or((rest, ""));
    let (state, info) = (ProtocolState::of(state), info.trim());
    Some(Protocol {
        name: name.to_owned(),
        kind: kind.to_owned(),
        table: (table != "---").then(|| table.to_owned()),
        state,
        since: LocalTime::parse(since, now),
        info: info.to_owned(),
        description: None,
        message: None,
        router_id: None,
        vrf: None,
        created: None,
        restarted: None,
        bgp: (kind == "BGP").then(|| session::of_row(state, info)),
        channels: Vec::new(),
        unknown: Vec::new(),
    })
}

/// The first word, and what is behind it.
pub(super) fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(' ');
    let end = text.find(' ').unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}
