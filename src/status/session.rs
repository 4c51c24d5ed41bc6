//! The BGP sessions.

use jiff::Timestamp;

use super::age::{age, clock};
use super::{Flaps, Session, Snapshot};
use crate::columns::{BAD, Cell, GOOD, Row, WARN, cell, heading, plain};

/// The column that only a daemon can fill.
const FLAPS: usize = 7;

/// A row a session, and the row of headings.
pub(super) fn session_rows(snapshot: &Snapshot) -> Vec<Row> {
    let mut rows = vec![heading([
        "SESSION", "NEIGHBOR", "AS", "STATE", "BFD", "FOR", "SENT", "FLAPS", "NOTE",
    ])];
    let sessions = snapshot.sessions.iter();
    let rest = sessions.map(|session| {
        let mut row = session_row(snapshot.at, session);
        // Nobody has watched them.
        if snapshot.controller.is_none() {
            row[FLAPS] = plain("-");
        }
        row
    });
    rows.extend(rest);
    rows
}

fn session_row(now: Timestamp, session: &Session) -> Row {
    let style = if session.is_established() { GOOD } else { BAD };
    let sent = session
        .routes
        .map_or_else(|| "-".to_owned(), |routes| routes.exported.to_string());
    vec![
        plain(&session.name),
        plain(&session.neighbor),
        plain(&session.asn.to_string()),
        cell(&session.state, style),
        bfd_cell(session.bfd.as_deref()),
        plain(&age(now, session.since)),
        plain(&sent),
        flaps_cell(&session.flaps),
        note_cell(now, session),
    ]
}

fn bfd_cell(state: Option<&str>) -> Cell {
    match state {
        None => plain("-"),
        Some("Up") => cell("Up", GOOD),
        Some(other) => cell(other, BAD),
    }
}

fn flaps_cell(flaps: &Flaps) -> Cell {
    let style = if flaps.flapping {
        BAD
    } else {
        crate::columns::PLAIN
    };
    cell(&flaps.count.to_string(), style)
}

/// What an operator should know of it, the gravest first.
fn note_cell(now: Timestamp, session: &Session) -> Cell {
    let flaps = &session.flaps;
    let mut notes = Vec::new();
    if flaps.flapping {
        let end = flaps
            .reuse_at
            .map_or_else(String::new, |end| format!(" until {}", clock(end)));
        let word = if flaps.held {
            "flaps, kept disabled"
        } else {
            "flaps"
        };
        notes.push(format!("{word}{end}"));
    }
    for limit in session.limits.iter().filter(|limit| limit.hit) {
        notes.push(format!(
            "{} limit of {} routes hit ({})",
            limit.direction, limit.max, limit.action
        ));
    }
    if session.limit_hit && session.limits.is_empty() {
        notes.push("route limit hit".to_owned());
    }
    notes.extend(session.last_error.clone());
    notes.extend(
        session
            .message
            .as_ref()
            .map(|message| format!("\"{message}\"")),
    );
    notes.extend(session.hint.clone());
    if let (Some(last), Some(cause), true) = (flaps.last, &flaps.cause, session.is_established()) {
        notes.push(format!("lost {} ago: {cause}", age(now, Some(last))));
    }
    let style = if flaps.flapping {
        BAD
    } else if session.is_established() {
        crate::columns::PLAIN
    } else {
        WARN
    };
    cell(&notes.join("; "), style)
}
