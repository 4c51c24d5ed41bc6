//! The outcomes as a table, and one as a line.

use std::io::{self, Write};
use std::time::Duration;

use super::fault::{Cell, Expected};
use super::report::{Outcome, Report, expected};
use crate::columns::{BAD, BOLD, GOOD, Page, Row, cell, heading, plain};

/// For a fault to be prepared, and for what it left behind.
const BETWEEN: Duration = Duration::from_millis(1500);

/// How long all of it takes, if all is well.
pub(crate) fn estimate(cells: &[Cell]) -> Duration {
    let acts = cells
        .iter()
        .flat_map(|cell| [Some(&cell.during), cell.after.as_ref()]);
    let acts: Duration = acts.flatten().map(|act| act.usual).sum();
    // What ends withdrawn has to be announced again before the next one.
    let left_over = cells.iter().filter(|cell| {
        let last = cell.after.as_ref().unwrap_or(&cell.during);
        last.expected == Expected::Withdrawn
    });
    let back = cells.iter().filter_map(|cell| {
        let after = cell.after.as_ref()?;
        (after.expected == Expected::Announced).then_some(after.usual)
    });
    let back = back.min().unwrap_or_default();
    let count = u32::try_from(cells.len()).unwrap_or(u32::MAX);
    let left_over = u32::try_from(left_over.count()).unwrap_or(u32::MAX);
    acts + BETWEEN * count + back * left_over
}

/// A length of time for people who wait for it.
pub(crate) fn rough(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..90 => format!("{} s", seconds.max(1)),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

/// One line about one fault, as it has been played.
pub(crate) fn line(outcome: &Outcome) -> String {
    let times = [
        outcome
            .withdrawn_after_ms
            .map(|after| format!("withdrawn after {}", shown(after))),
        outcome
            .announced_after_ms
            .map(|after| format!("announced after {}", shown(after))),
    ];
    let times: Vec<String> = times.into_iter().flatten().collect();
    let said = match (&outcome.reason, times.is_empty()) {
        (Some(reason), _) => format!("WRONG: {reason}"),
        (None, true) => outcome.expected.clone(),
        (None, false) => times.join(", "),
    };
    format!("{}: {said}", outcome.fault.name())
}

/// The table, and below it what is to be known about it.
pub(crate) fn print(report: &Report, width: Option<usize>, out: &mut impl Write) -> io::Result<()> {
    let mut page = Page { out, width };
    let mut rows = vec![heading([
        "FAULT",
        "WITHDRAWN, S",
        "ANNOUNCED, S",
        "RESULT, AND WHAT NEIGHBOURS SAW",
    ])];
    rows.extend(report.faults.iter().map(row));
    page.columns(&rows)?;
    for outcome in report
        .faults
        .iter()
        .filter(|outcome| !outcome.log.is_empty())
    {
        page.gap()?;
        page.line(
            0,
            &format!("The daemon's last words at {}:", outcome.fault.name()),
            BOLD,
        )?;
        for line in &outcome.log {
            page.line(2, line, crate::columns::PLAIN)?;
        }
    }
    page.gap()?;
    page.line(0, &summary(report), if report.right { GOOD } else { BAD })?;
    page.line(0, "Not as in your configuration:", crate::columns::PLAIN)?;
    for note in &report.notes {
        page.line(2, note, crate::columns::PLAIN)?;
    }
    Ok(())
}

fn row(outcome: &Outcome) -> Row {
    let saw = match outcome.saw.as_str() {
        "" => "nothing".to_owned(),
        one if !one.contains(", ") => format!("{one} all the time"),
        several => several.to_owned(),
    };
    let result = match &outcome.reason {
        None => cell(&format!("right: {saw}"), GOOD),
        Some(reason) => cell(&format!("WRONG: {reason}; {saw}"), BAD),
    };
    vec![
        plain(&outcome.fault.name()),
        plain(&taken(
            outcome.withdrawn_after_ms,
            outcome.withdrawn_within_ms,
        )),
        plain(&taken(
            outcome.announced_after_ms,
            outcome.announced_within_ms,
        )),
        result,
    ]
}

/// How long it took, of how long it may.
fn taken(after: Option<f64>, within: Option<f64>) -> String {
    let Some(within) = within.map(|within| within / 1000.0) else {
        return "-".to_owned();
    };
    match after.map(|after| after / 1000.0) {
        Some(after) if after < 10.0 => format!("{after:.3} of {within:.1}"),
        Some(after) => format!("{after:.1} of {within:.1}"),
        None => format!("never, of {within:.1}"),
    }
}

fn shown(millis: f64) -> String {
    format!("{:.3} s", millis / 1000.0)
}

fn summary(report: &Report) -> String {
    let wrong = report
        .faults
        .iter()
        .filter(|outcome| !outcome.right)
        .count();
    let all = report.faults.len();
    let result = match wrong {
        0 if report.right => format!("All {all} faults ended as they should"),
        0 => format!("{all} faults ended as they should, and the others were not played"),
        wrong => format!("{wrong} of {all} faults ended WRONG"),
    };
    format!(
        "{result}: {} with BIRD {}, as seen by {}.",
        report.services.join(", "),
        report.bird,
        report.neighbors.join(", ")
    )
}

/// The faults that would be played, and what is expected of each.
pub(crate) fn list(cells: &[Cell], width: Option<usize>, out: &mut impl Write) -> io::Result<()> {
    let mut page = Page { out, width };
    let mut rows = vec![heading(["FAULT", "EXPECTED", "WHAT HAPPENS"])];
    rows.extend(cells.iter().map(|cell| {
        vec![
            plain(&cell.fault.name()),
            plain(&expected(cell)),
            plain(&cell.fault.words()),
        ]
    }));
    page.columns(&rows)
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::killed;
    use super::*;

    fn printed(faults: Vec<Outcome>) -> String {
        let report = Report {
            version: 1,
            right: faults.iter().all(|outcome| outcome.right),
            bird: "2.0.12".to_owned(),
            services: vec!["resolver".to_owned()],
            neighbors: vec!["tor1".to_owned()],
            notes: vec!["passwords: others".to_owned()],
            faults,
        };
        let mut text = anstream::StripStream::new(Vec::new());
        print(&report, None, &mut text).unwrap();
        String::from_utf8(text.into_inner()).unwrap()
    }

    #[test]
    fn a_table_tells_right_from_wrong() {
        let mut late = killed(8000);
        late.log = vec!["a line".to_owned()];
        insta::assert_snapshot!(printed(vec![killed(5000), late]));
        assert!(printed(vec![killed(5000)]).contains("All 1 faults ended as they should: "));
    }

    #[test]
    fn a_line_has_the_times_or_the_reason() {
        assert_eq!(
            line(&killed(5000)),
            "server-killed: withdrawn after 0.004 s, announced after 5.000 s"
        );
        assert_eq!(
            line(&killed(8000)),
            "server-killed: WRONG: resolver is announced 1 s later than promised"
        );
    }
}
