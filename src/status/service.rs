//! One service: who ordered what, its families, checks, prefixes and protocols.

use std::io::{self, Write};

use jiff::Timestamp;

use super::age::{age, clock, until};
use super::table::{actual_cell, desired_cell};
use super::{Check, Export, FamilyStatus, Health, OnFailure, Service};
use crate::columns::{BAD, BOLD, Cell, GOOD, PLAIN, Page, Row, WARN, cell, plain};
use crate::health::Verdict;
use crate::overrides::{Kind, Override};

/// Writes what is known of a service, but the row of the overview.
pub(super) fn write_service<W: Write>(
    now: Timestamp,
    service: &Service,
    page: &mut Page<'_, W>,
) -> io::Result<()> {
    page.gap()?;
    page.line(0, &service.name, BOLD)?;
    if let Some(order) = &service.order {
        write_order(now, service, order, page)?;
    }
    let differ = |family: &FamilyStatus| {
        family.error.is_some()
            || family.desired != service.desired
            || family.actual != service.actual
            || family.reason != service.reason
    };
    if service.families.iter().any(differ) {
        let rows: Vec<_> = service
            .families
            .iter()
            .map(|family| family_row(now, family))
            .collect();
        page.columns(&rows)?;
    }
    let checks: Vec<_> = service
        .checks
        .iter()
        .map(|check| check_row(now, check))
        .collect();
    page.columns(&checks)?;
    let exports: Vec<_> = service.exported_to.iter().map(export_row).collect();
    page.columns(&exports)?;
    let protocols = service.protocols.iter();
    for protocol in protocols.filter(|protocol| protocol.protected == Some(false)) {
        let text = format!(
            "{}: bird.conf does not include its intent file: `birdc configure` undoes the state above for up to a second",
            protocol.name
        );
        page.line(2, &text, BAD)?;
    }
    Ok(())
}

fn write_order<W: Write>(
    now: Timestamp,
    service: &Service,
    order: &Override,
    page: &mut Page<'_, W>,
) -> io::Result<()> {
    let end = order.until.map_or_else(
        || format!("until `anycastctl release {}`", service.name),
        |end| format!("for {} more, until {}", until(now, end), clock(end)),
    );
    let reason = order
        .reason
        .as_ref()
        .map_or_else(String::new, |reason| format!(": {reason}"));
    let since = age(now, Some(order.since));
    let unhealthy = service.health == Health::Unhealthy;
    let (word, although, style) = match order.kind {
        Kind::Drain => ("DRAINED", "", WARN),
        Kind::Withdraw => ("WITHDRAWN", "", WARN),
        Kind::Pin if unhealthy => ("PINNED", " IN SPITE OF FAILED CHECKS", BAD),
        Kind::Pin => ("PINNED", ", announced whatever its checks say", BAD),
    };
    let text = format!(
        "{word} by {} {since} ago{although}, {end}{reason}",
        order.by
    );
    page.line(2, &text, style)
}

fn family_row(now: Timestamp, family: &FamilyStatus) -> Row {
    let what = family.error.as_deref().unwrap_or(&family.reason);
    let style = if family.error.is_some() { BAD } else { PLAIN };
    vec![
        plain(&format!("  {}", family.family)),
        desired_cell(family.desired),
        actual_cell(family.actual, family.desired),
        plain(&age(now, Some(family.since))),
        cell(what, style),
    ]
}

fn check_row(now: Timestamp, check: &Check) -> Row {
    let (word, style) = match check.verdict {
        Some(Verdict::Pass) => ("pass", GOOD),
        Some(Verdict::Fail) => ("fail", BAD),
        Some(Verdict::Unknown) => ("unknown", WARN),
        None => ("no verdict yet", WARN),
    };
    let latency = check
        .latency_ms
        .map_or_else(String::new, |latency| format!("{latency:.2} ms"));
    let at = check
        .at
        .map_or_else(String::new, |at| format!("{} ago", age(now, Some(at))));
    vec![
        plain(&format!("  {}", check.name)),
        plain(&check.server),
        cell(word, style),
        decided_cell(check),
        plain(&latency),
        plain(&at),
        plain(&check.detail),
    ]
}

/// What the verdicts together do to the service.
fn decided_cell(check: &Check) -> Cell {
    match (check.health, check.on_failure) {
        (Health::Unhealthy, OnFailure::Withdraw) => cell("withdraws", BAD),
        (Health::Unhealthy, OnFailure::Drain) => cell("drains", WARN),
        (Health::Unknown, _) => cell("undecided", WARN),
        (Health::Healthy | Health::Degraded, _) => cell("good", GOOD),
    }
}

fn export_row(export: &Export) -> Row {
    let (word, style) = match export.exported {
        Some(true) => ("exported to", GOOD),
        Some(false) => ("not exported to", WARN),
        None => ("perhaps exported to", WARN),
    };
    vec![
        plain(&format!("  {}", export.prefix)),
        cell(word, style),
        plain(&export.session),
    ]
}
