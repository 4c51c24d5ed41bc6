//! The snapshot as tables for people: what is announced, to whom, why, since when.

use std::io::{self, Write};

use jiff::Timestamp;

use super::age::{age, clock, until};
use super::service::write_service;
use super::session::session_rows;
use super::{Actual, Export, Health, Service, Snapshot};
use crate::columns::{BAD, BOLD, Cell, GOOD, PLAIN, Page, Row, WARN, cell, clean, heading, plain};
use crate::policy::Announcement;

/// So many services are shown with all that is known of them; of more, only those with something to tell.
const FEW: usize = 4;

/// Writes the tables, for lines of so many characters; `None`: however long they get. Whether the terminal takes
/// colours is the writer's business.
pub fn write_table(
    snapshot: &Snapshot,
    width: Option<usize>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut page = Page { out, width };
    write_heading(snapshot, &mut page)?;
    page.gap()?;
    page.columns(&service_rows(snapshot))?;
    let (shown, quiet): (Vec<_>, Vec<_>) = snapshot
        .services
        .iter()
        .partition(|service| snapshot.services.len() <= FEW || service.has_news());
    for service in &shown {
        write_service(snapshot.at, service, &mut page)?;
    }
    if !shown.is_empty() && !quiet.is_empty() {
        page.gap()?;
        let count = quiet.len();
        page.line(
            0,
            &format!("{count} more: nothing to tell; `anycastctl status SERVICE` shows one"),
            PLAIN,
        )?;
    }
    page.gap()?;
    page.columns(&session_rows(snapshot))
}

fn write_heading<W: Write>(snapshot: &Snapshot, page: &mut Page<'_, W>) -> io::Result<()> {
    let (node, bird) = (&snapshot.node, &snapshot.bird);
    // Without a configuration nobody knows it.
    let asn = match node.asn {
        0 => String::new(),
        asn => format!("AS{asn}  "),
    };
    writeln!(
        page.out,
        "{BOLD}{}{BOLD:#}  {}router id {}",
        clean(&node.name),
        asn,
        clean(&node.router_id)
    )?;
    if let Some(controller) = &snapshot.controller {
        let up = age(snapshot.at, Some(controller.started_at));
        let text = format!(
            "anycastctl {}, pid {}, up {up}",
            controller.version, controller.pid
        );
        page.line(0, &text, PLAIN)?;
    } else {
        let text = "anycastctl is not running: nobody checks and nobody withdraws. What follows is BIRD's own word.";
        page.line(0, text, BAD)?;
    }
    if let Some(error) = &bird.error {
        page.line(0, &format!("BIRD does not answer: {error}"), BAD)?;
    } else {
        let version = bird.version.as_deref().unwrap_or("?");
        let up = age(snapshot.at, bird.started_at);
        let read = age(snapshot.at, bird.reconfigured_at);
        let text = format!("BIRD {version}, up {up}, configuration read {read} ago");
        page.line(0, &text, PLAIN)?;
    }
    let problems = snapshot
        .controller
        .iter()
        .flat_map(|controller| &controller.problems);
    problems
        .into_iter()
        .try_for_each(|problem| page.line(0, problem, BAD))
}

fn service_rows(snapshot: &Snapshot) -> Vec<Row> {
    let mut rows = vec![heading([
        "SERVICE", "HEALTH", "DESIRED", "ACTUAL", "FOR", "EXPORTED", "REASON",
    ])];
    rows.extend(snapshot.services.iter().map(|service| {
        vec![
            cell(&service.name, BOLD),
            health_cell(service.health),
            desired_cell(service.desired),
            actual_cell(service.actual, service.desired),
            plain(&age(snapshot.at, Some(service.since))),
            exported_cell(&service.exported_to),
            plain(&reason(snapshot.at, service)),
        ]
    }));
    rows
}

/// With the time of the next chance, if it is held back.
fn reason(now: Timestamp, service: &Service) -> String {
    match service.damping.hold_until.filter(|hold| *hold > now) {
        Some(hold) => format!(
            "{} (held for {}, until {})",
            service.reason,
            until(now, hold),
            clock(hold)
        ),
        None => service.reason.clone(),
    }
}

fn health_cell(health: Health) -> Cell {
    match health {
        Health::Healthy => cell("healthy", GOOD),
        Health::Degraded => cell("degraded", WARN),
        Health::Unhealthy => cell("unhealthy", BAD),
        Health::Unknown => cell("unknown", WARN),
    }
}

/// What is wanted.
pub(super) fn desired_cell(desired: Option<Announcement>) -> Cell {
    plain(&desired.map_or_else(|| "as it is".to_owned(), |desired| desired.to_string()))
}

/// What is so, in the colour of whether that is wanted.
pub(super) fn actual_cell(actual: Actual, desired: Option<Announcement>) -> Cell {
    let style = match desired {
        Some(_) if actual != Actual::from(desired) => BAD,
        _ if actual == Actual::Announced => GOOD,
        _ => WARN,
    };
    cell(&actual.to_string(), style)
}

/// To how many of the sessions that should have them the prefixes go; with a mark while BIRD has not said.
fn exported_cell(exports: &[Export]) -> Cell {
    let count = |wanted| {
        exports
            .iter()
            .filter(|export| export.exported == wanted)
            .count()
    };
    let (out, unknown) = (count(Some(true)), count(None));
    let text = match unknown {
        0 => format!("{out}/{}", exports.len()),
        _ => format!("{out}+?/{}", exports.len()),
    };
    let style = if out == exports.len() { GOOD } else { WARN };
    cell(&text, style)
}

#[cfg(test)]
pub(crate) use tests::snapshot as example;

#[cfg(test)]
mod tests;
