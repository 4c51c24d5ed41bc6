//! The history for people: one line an event.

use std::io::{self, Write};

use anstyle::Style;
use jiff::Timestamp;

use super::{Entry, Event, Evidence, History, Unknown};
use crate::columns::{BAD, GOOD, PLAIN, Page, Row, WARN, cell, plain};
use crate::overrides::{Kind, Override};
use crate::policy::Announcement;

/// Writes the entries: when, what it is about, what changed, why; in lines of so many characters, or however long they
/// get. Whether the terminal takes colours is the writer's business.
pub fn write_lines(
    history: &History,
    width: Option<usize>,
    out: &mut impl Write,
) -> io::Result<()> {
    let rows: Vec<_> = history.entries.iter().map(row).collect();
    Page { out, width }.columns(&rows)
}

/// What a line says after its time.
struct Line {
    subject: String,
    what: String,
    style: Style,
    why: String,
}

fn row(entry: &Entry) -> Row {
    let line = match entry {
        Entry::Known(record) => of_event(&record.event),
        Entry::Unknown(unknown) => of_unknown(unknown),
    };
    vec![
        plain(&seconds(entry.at())),
        plain(&line.subject),
        cell(&line.what, line.style),
        plain(&line.why),
    ]
}

/// In UTC, without fractions.
fn seconds(at: Timestamp) -> String {
    format!("{at:.0}")
}

fn line(subject: &str, what: impl Into<String>, style: Style, why: impl Into<String>) -> Line {
    Line {
        subject: subject.to_owned(),
        what: what.into(),
        style,
        why: why.into(),
    }
}

#[allow(
    clippy::too_many_lines,
    reason = "a table: one arm an event, and the compiler tells of a missing one"
)]
fn of_event(event: &Event) -> Line {
    match event {
        Event::Started {
            version,
            node,
            services,
        } => {
            let why = format!("version {version} on {node}, services: {services}");
            line("anycastctl", "started", WARN, why)
        }
        Event::Reloaded { by, changes } => {
            let why = format!("by {by}: {changes}");
            line("anycastctl", "configuration loaded", WARN, why)
        }
        Event::ReloadRefused { by, because } => {
            let why = format!("by {by}: {because}");
            line("anycastctl", "configuration refused", BAD, why)
        }
        Event::Stopping { signal, on_stop } => {
            let why = match on_stop.as_str() {
                "restart" => format!("{signal}, restart: announcements stay"),
                on_stop => format!("{signal}, on_stop: {on_stop}"),
            };
            line("anycastctl", "stopping", WARN, why)
        }
        Event::Braked { withdrawn, bird } => {
            let why = format!("without a daemon; protocols: {withdrawn}, BIRD: {bird}");
            line("anycastctl", "withdrew everything", BAD, why)
        }
        Event::Decided {
            service,
            family,
            from,
            to,
            reason,
            evidence,
        } => {
            let from = from.map_or_else(|| "as it was".to_owned(), |from| from.to_string());
            let (what, why) = (format!("{from} -> {to}"), why(reason, evidence.as_ref()));
            line(&format!("{service} {family}"), what, style_of(*to), why)
        }
        Event::Confirmed {
            service,
            family,
            state,
            milliseconds,
        } => {
            let (what, why) = (
                format!("is {state}"),
                format!("confirmed by BIRD after {milliseconds:.1} ms"),
            );
            line(&format!("{service} {family}"), what, style_of(*state), why)
        }
        Event::Failed {
            service,
            family,
            error,
        } => line(
            &format!("{service} {family}"),
            "not done, trying on",
            BAD,
            error,
        ),
        Event::Changed {
            service,
            family,
            steps,
        } => {
            let why = format!("putting it back: {steps}");
            line(
                &format!("{service} {family}"),
                "changed by someone",
                WARN,
                why,
            )
        }
        Event::Ordered { service, order } => {
            let what = format!("{} ordered", order.kind);
            line(service, what, style_of_order(order.kind), terms(order))
        }
        Event::OrderEnded {
            service,
            kind,
            because,
        } => line(service, format!("{kind} ended"), WARN, because),
        Event::OrderRefused {
            by,
            request,
            because,
        } => line(by, "order refused", WARN, format!("{request}: {because}")),
        Event::Flapped {
            session,
            witness,
            cause,
            penalty,
        } => {
            let cause = cause.as_deref().unwrap_or("BIRD gives no cause");
            let why = format!("{cause} ({witness}; penalty {penalty:.0})");
            line(session, "lost", BAD, why)
        }
        Event::SessionChanged {
            session,
            from,
            to,
            cause,
        } => {
            let style = if to == "Established" { GOOD } else { WARN };
            let why = cause.as_deref().unwrap_or_default();
            line(session, format!("{from} -> {to}"), style, why)
        }
        Event::Flapping {
            session,
            flapping,
            penalty,
        } => {
            let (what, style) = if *flapping {
                ("flapping", BAD)
            } else {
                ("no longer flapping", GOOD)
            };
            line(session, what, style, format!("penalty {penalty:.0}"))
        }
        Event::Held { session, held } => {
            if *held {
                line(session, "kept disabled", BAD, "it flaps")
            } else {
                line(session, "enabled again", GOOD, "")
            }
        }
        Event::OrphanFound { protocol, because } => line(protocol, "left behind", WARN, because),
        Event::OrphanEnded {
            protocol,
            milliseconds,
        } => {
            let why = format!("confirmed by BIRD after {milliseconds:.1} ms");
            line(protocol, "no longer there", GOOD, why)
        }
        Event::BirdAnswers { version } => {
            line("BIRD", "answers", GOOD, format!("version {version}"))
        }
        Event::BirdLost { error } => line("BIRD", "does not answer", BAD, error),
        Event::BirdRestarted { started_at } => line("BIRD", "restarted", WARN, at(*started_at)),
        Event::BirdReconfigured { reconfigured_at } => {
            line("BIRD", "configuration read", PLAIN, at(*reconfigured_at))
        }
        Event::HistoryGap {
            missing,
            since,
            because,
        } => {
            let why = format!("{missing} not on disk since {}: {because}", seconds(*since));
            line("history", "events missing", BAD, why)
        }
    }
}

fn at(time: Option<Timestamp>) -> String {
    time.map_or_else(String::new, |time| format!("at {}", seconds(time)))
}

fn style_of(announcement: Announcement) -> Style {
    match announcement {
        Announcement::Withdrawn => BAD,
        Announcement::Drained => WARN,
        Announcement::Announced => GOOD,
    }
}

fn style_of_order(kind: Kind) -> Style {
    match kind {
        Kind::Drain => WARN,
        Kind::Withdraw | Kind::Pin => BAD,
    }
}

/// The reason, and of the evidence what the reason does not say already.
fn why(reason: &str, evidence: Option<&Evidence>) -> String {
    let Some(evidence) = evidence else {
        return reason.to_owned();
    };
    let Evidence { check, detail, .. } = evidence;
    let latency = evidence
        .latency_ms
        .map(|latency| format!("{latency:.2} ms"));
    match (reason.contains(check) && reason.contains(detail), latency) {
        (true, Some(latency)) => format!("{reason} ({latency})"),
        (true, None) => reason.to_owned(),
        (false, Some(latency)) => {
            format!("{reason} (last answer of {check}: {detail}, {latency})")
        }
        (false, None) => format!("{reason} (last answer of {check}: {detail})"),
    }
}

fn terms(order: &Override) -> String {
    let until = order
        .until
        .map(|until| format!(", until {}", seconds(until)));
    let reason = order.reason.as_ref().map(|reason| format!(": {reason}"));
    let [until, reason] = [until, reason].map(Option::unwrap_or_default);
    format!("by {}{until}{reason}", order.by)
}

fn of_unknown(unknown: &Unknown) -> Line {
    let text = |name: &str| unknown.fields.get(name).and_then(|value| value.as_str());
    let subject = text("service").or_else(|| text("session")).unwrap_or("?");
    let fields = serde_json::to_string(&unknown.fields).unwrap_or_default();
    line(subject, unknown.event.clone(), PLAIN, fields)
}

#[cfg(test)]
mod tests;
