//! The snapshot as a table for people.

use std::io::{self, Write};

use jiff::Timestamp;

use super::{Actual, Check, Health, Service, Session, Snapshot};
use crate::health::Verdict;
use crate::policy::Announcement;

/// Writes the tables. Whether the terminal takes colours is the writer's business.
pub fn write_table(snapshot: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    write_heading(snapshot, out)?;
    writeln!(out)?;
    write_columns(out, service_rows(snapshot))?;
    for service in &snapshot.services {
        write_service(service, out)?;
    }
    writeln!(out)?;
    write_columns(out, session_rows(snapshot))
}

fn write_heading(snapshot: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    let (node, bird) = (&snapshot.node, &snapshot.bird);
    writeln!(
        out,
        "{BOLD}{}{BOLD:#}  AS{}  router id {}",
        clean(&node.name),
        node.asn,
        node.router_id
    )?;
    match &snapshot.controller {
        Some(controller) => writeln!(
            out,
            "anycastctl {}, pid {}, up {}",
            controller.version,
            controller.pid,
            age(snapshot.at, Some(controller.started_at))
        )?,
        None => writeln!(out, "{BAD}anycastctl is not running{BAD:#}")?,
    }
    match &bird.error {
        Some(error) => writeln!(out, "{BAD}BIRD does not answer: {}{BAD:#}", clean(error)),
        None => writeln!(
            out,
            "BIRD {}, up {}, configuration read {} ago",
            bird.version
                .as_deref()
                .map_or_else(|| "?".to_owned(), clean),
            age(snapshot.at, bird.started_at),
            age(snapshot.at, bird.reconfigured_at)
        ),
    }
}

fn service_rows(snapshot: &Snapshot) -> Vec<Row> {
    let mut rows = vec![heading([
        "SERVICE", "HEALTH", "DESIRED", "ACTUAL", "FOR", "REASON",
    ])];
    for service in &snapshot.services {
        rows.push(vec![
            plain(&service.name),
            health_cell(service.health),
            desired_cell(service.desired),
            actual_cell(service.actual, service.desired),
            plain(&age(snapshot.at, Some(service.since))),
            plain(&service.reason),
        ]);
    }
    rows
}

fn write_service(service: &Service, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{BOLD}{}{BOLD:#}", clean(&service.name))?;
    let differ = service.families.iter().any(|family| {
        family.error.is_some()
            || family.desired != service.desired
            || family.actual != service.actual
    });
    if differ {
        let rows = service.families.iter().map(|family| {
            let what = family.error.as_deref().unwrap_or(&family.reason);
            vec![
                plain(&format!("  {}", family.family)),
                desired_cell(family.desired),
                actual_cell(family.actual, family.desired),
                plain(what),
            ]
        });
        write_columns(out, rows.collect())?;
    }
    write_columns(out, service.checks.iter().map(check_row).collect())?;
    write_columns(out, service.exported_to.iter().map(export_row).collect())?;
    for protocol in service
        .protocols
        .iter()
        .filter(|protocol| protocol.protected == Some(false))
    {
        writeln!(
            out,
            "  {BAD}{}: bird.conf does not include its intent file: `birdc configure` undoes the state above for up to a second{BAD:#}",
            clean(&protocol.name)
        )?;
    }
    Ok(())
}

fn check_row(check: &Check) -> Row {
    let (word, style) = match check.verdict {
        Some(Verdict::Pass) => ("pass", GOOD),
        Some(Verdict::Fail) => ("fail", BAD),
        Some(Verdict::Unknown) => ("unknown", WARN),
        None => ("no verdict yet", WARN),
    };
    vec![
        plain(&format!("  {}", check.name)),
        plain(&check.server),
        Cell {
            text: word.to_owned(),
            style,
        },
        plain(
            &check
                .latency_ms
                .map_or_else(String::new, |latency| format!("{latency:.2} ms")),
        ),
        plain(&check.detail),
    ]
}

fn export_row(export: &super::Export) -> Row {
    let (word, style) = match export.exported {
        Some(true) => ("exported to", GOOD),
        Some(false) => ("not exported to", PLAIN),
        None => ("perhaps exported to", WARN),
    };
    vec![
        plain(&format!("  {}", export.prefix)),
        Cell {
            text: word.to_owned(),
            style,
        },
        plain(&export.session),
    ]
}

fn session_rows(snapshot: &Snapshot) -> Vec<Row> {
    let mut rows = vec![heading([
        "SESSION",
        "NEIGHBOR",
        "AS",
        "STATE",
        "BFD",
        "FOR",
        "LAST ERROR",
    ])];
    rows.extend(
        snapshot
            .sessions
            .iter()
            .map(|session| session_row(snapshot.at, session)),
    );
    rows
}

fn session_row(at: Timestamp, session: &Session) -> Row {
    let style = if session.state == "Established" {
        GOOD
    } else {
        BAD
    };
    let limit = if session.limit_hit {
        "route limit hit; "
    } else {
        ""
    };
    let error = session.last_error.as_deref().unwrap_or_default();
    vec![
        plain(&session.name),
        plain(&session.neighbor),
        plain(&session.asn.to_string()),
        Cell {
            text: clean(&session.state),
            style,
        },
        plain(session.bfd.as_deref().unwrap_or("-")),
        plain(&age(at, session.since)),
        plain(&format!("{limit}{error}")),
    ]
}

fn health_cell(health: Health) -> Cell {
    let (word, style) = match health {
        Health::Healthy => ("healthy", GOOD),
        Health::Degraded => ("degraded", WARN),
        Health::Unhealthy => ("unhealthy", BAD),
        Health::Unknown => ("unknown", WARN),
    };
    Cell {
        text: word.to_owned(),
        style,
    }
}

fn desired_cell(desired: Option<Announcement>) -> Cell {
    plain(&desired.map_or_else(|| "as it is".to_owned(), |desired| desired.to_string()))
}

fn actual_cell(actual: Actual, desired: Option<Announcement>) -> Cell {
    let (word, of) = match actual {
        Actual::Withdrawn => ("withdrawn", Some(Announcement::Withdrawn)),
        Actual::Drained => ("drained", Some(Announcement::Drained)),
        Actual::Announced => ("announced", Some(Announcement::Announced)),
        Actual::Unknown => ("unknown", None),
    };
    let style = match (desired, of) {
        (Some(desired), of) if of != Some(desired) => BAD,
        (_, Some(Announcement::Announced)) => GOOD,
        _ => WARN,
    };
    Cell {
        text: word.to_owned(),
        style,
    }
}

/// How long ago, in one or two units: `3d 4h`, `5m 12s`, `0s`.
fn age(now: Timestamp, then: Option<Timestamp>) -> String {
    let Some(then) = then else {
        return "?".to_owned();
    };
    let seconds = now.duration_since(then).as_secs().max(0);
    match [
        (86_400, "d", 3600, "h"),
        (3600, "h", 60, "m"),
        (60, "m", 1, "s"),
    ]
    .iter()
    .find(|unit| seconds >= unit.0)
    {
        Some((large, large_name, small, small_name)) => {
            format!(
                "{}{large_name} {}{small_name}",
                seconds / large,
                seconds % large / small
            )
        }
        None => format!("{seconds}s"),
    }
}

/// Without control characters: texts of neighbours and servers must not reach the terminal's own language.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

use anstyle::{AnsiColor, Style};

const PLAIN: Style = Style::new();
const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const WARN: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

struct Cell {
    text: String,
    style: Style,
}

type Row = Vec<Cell>;

fn plain(text: &str) -> Cell {
    Cell {
        text: clean(text),
        style: PLAIN,
    }
}

fn heading<const N: usize>(names: [&str; N]) -> Row {
    names
        .map(|name| Cell {
            text: name.to_owned(),
            style: BOLD,
        })
        .into()
}

/// Aligns all columns but the last, two spaces apart.
fn write_columns(out: &mut impl Write, rows: Vec<Row>) -> io::Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.text.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let last = row
            .iter()
            .rposition(|cell| !cell.text.is_empty())
            .unwrap_or_default();
        for (column, Cell { text, style }) in row.iter().take(last + 1).enumerate() {
            let padding = if column == last {
                0
            } else {
                widths[column] + 2 - text.chars().count()
            };
            write!(out, "{style}{text}{style:#}{:padding$}", "")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
pub(super) use tests::snapshot as example;

#[cfg(test)]
mod tests;
