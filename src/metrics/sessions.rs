//! BGP sessions.

use std::fmt;

use super::node::unix;
use super::page::{About, Labels, Page, Value, about, seconds};
use crate::status::{Limit, Routes, Session, Snapshot};

/// The states of RFC 4271, 8.2.2, with BIRD's own and those of the status document. The last stands for all others.
const STATES: [&str; 12] = [
    "established",
    "openconfirm",
    "opensent",
    "connect",
    "active",
    "idle",
    "passive",
    "close",
    "down",
    "missing",
    "unknown",
    "other",
];

const ESTABLISHED: &str = "established";

pub(super) fn write(page: &mut Page<'_>, snapshot: &Snapshot) -> fmt::Result {
    let sessions = &snapshot.sessions;
    write_states(page, sessions)?;
    write_flaps(page, sessions)?;
    write_limits(page, sessions)?;
    write_routes(page, sessions)
}

fn write_states(page: &mut Page<'_>, sessions: &[Session]) -> fmt::Result {
    let states: Vec<_> = sessions
        .iter()
        .map(|session| session.state.to_ascii_lowercase())
        .collect();
    let each = || {
        sessions
            .iter()
            .map(of)
            .zip(states.iter().map(String::as_str))
    };
    page.gauges(
        &about(
            "session_established",
            "Whether a BGP session is established.",
        ),
        each().map(|(labels, state)| (labels, i64::from(state == ESTABLISHED))),
    )?;
    page.states(
        &about(
            "session_state",
            "State of a BGP session; down if it is shut down, missing if BIRD does not know it, unknown if BIRD does not answer.",
        ),
        &STATES,
        each(),
    )?;
    page.gauges(
        &seconds(
            "session_since_timestamp",
            "Since when BIRD's protocol is in its state; absent while BIRD does not say.",
        ),
        known(sessions, |session| session.since.map(unix)),
    )?;
    page.gauges(
        &about(
            "session_bfd_up",
            "Whether BFD is up; absent where there is no such session.",
        ),
        known(sessions, |session| {
            let state = session.bfd.as_deref()?;
            Some(i64::from(state.eq_ignore_ascii_case("up")))
        }),
    )
}

fn write_flaps(page: &mut Page<'_>, sessions: &[Session]) -> fmt::Result {
    page.counters(
        &about(
            "session_flaps",
            "How often a session was lost, or lost and regained between two looks.",
        ),
        all(sessions, |session| session.flaps.count),
    )?;
    page.gauges(
        &about(
            "session_flap_penalty",
            "Penalty of a session after RFC 2439.",
        ),
        all(sessions, |session| session.flaps.penalty),
    )?;
    page.gauges(
        &about("session_flapping", "Whether a session counts as flapping."),
        all(sessions, |session| i64::from(session.flaps.flapping)),
    )?;
    page.gauges(
        &about(
            "session_held",
            "Whether a flapping session is kept disabled.",
        ),
        all(sessions, |session| i64::from(session.flaps.held)),
    )
}

fn write_limits(page: &mut Page<'_>, sessions: &[Session]) -> fmt::Result {
    page.gauges(
        &about(
            "session_limit_hit",
            "Whether any limit on the routes of a session is hit.",
        ),
        all(sessions, |session| i64::from(session.limit_hit)),
    )?;
    page.gauges(
        &about(
            "session_limit_routes",
            "A limit on the routes of a session, as BIRD has it.",
        ),
        limits(sessions).map(|(labels, limit)| (labels, limit.max)),
    )?;
    page.gauges(
        &about(
            "session_limit_reached",
            "Whether this limit on the routes of a session is hit.",
        ),
        limits(sessions).map(|(labels, limit)| (labels, i64::from(limit.hit))),
    )
}

/// One of the counts of routes, if it is known.
type Count = fn(Routes) -> Option<u64>;

fn write_routes(page: &mut Page<'_>, sessions: &[Session]) -> fmt::Result {
    let counts: [(About, Count); 3] = [
        (
            about(
                "session_routes_imported",
                "Routes taken from the neighbour; absent while the session is down.",
            ),
            |routes| Some(routes.imported),
        ),
        (
            about(
                "session_routes_exported",
                "Routes given to the neighbour; absent while the session is down.",
            ),
            |routes| Some(routes.exported),
        ),
        (
            about(
                "session_routes_filtered",
                "Routes that were refused; absent where BIRD does not keep them to count.",
            ),
            |routes| routes.filtered,
        ),
    ];
    counts.iter().try_for_each(|(about, count)| {
        page.gauges(about, known(sessions, |session| count(session.routes?)))
    })
}

fn of(session: &Session) -> Labels<'_, 2> {
    [
        ("session", Value(&session.name)),
        ("neighbor", Value(&session.neighbor)),
    ]
}

fn all<'a, V>(
    sessions: &'a [Session],
    value: impl Fn(&'a Session) -> V,
) -> impl Iterator<Item = (Labels<'a, 2>, V)> {
    sessions
        .iter()
        .map(move |session| (of(session), value(session)))
}

fn known<'a, V>(
    sessions: &'a [Session],
    value: impl Fn(&'a Session) -> Option<V>,
) -> impl Iterator<Item = (Labels<'a, 2>, V)> {
    all(sessions, value).filter_map(|(labels, value)| Some((labels, value?)))
}

fn limits(sessions: &[Session]) -> impl Iterator<Item = (Labels<'_, 3>, &Limit)> {
    sessions.iter().flat_map(|session| {
        session.limits.iter().map(|limit| {
            let [name, neighbor] = of(session);
            let labels = [name, neighbor, ("direction", Value(&limit.direction))];
            (labels, limit)
        })
    })
}
