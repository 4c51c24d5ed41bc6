//! The stage as the operator sees it: started, followed, and ended.

use std::fmt::Write as _;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use tokio::time::timeout;

use super::super::{Code, Failure, Output, document, runtime, terminal, written};
use super::environment;
use crate::selftest::fault::{Act, Cell};
use crate::selftest::inside::{self, Plan};
use crate::selftest::promise::RETURN;
use crate::selftest::report::{Event, Outcome, Report};
use crate::selftest::text;
use crate::signals::Signals;

/// How long the stage may take to end when it is told to.
const FAREWELL: Duration = Duration::from_secs(5);

/// Plays, and shows what came of it. A signal ends it.
pub(super) fn play(
    plan: &Plan,
    cells: &[Cell],
    mut report: Report,
    json: bool,
) -> Result<Output, Failure> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let mut signals = Signals::new().map_err(|error| environment(&error))?;
        say(&format!(
            "{} faults, about {}. Nothing of this host is touched.",
            cells.len(),
            text::rough(text::estimate(cells))
        ));
        let mut stage = inside::start().map_err(|error| refused(&error))?;
        let ended = tokio::select! {
            biased;
            signal = signals.any() => Err(interrupted(signal)),
            ended = follow(&mut stage, plan, cells, &mut report) => ended,
        };
        farewell(stage).await;
        let reason = ended?;
        report.right = reason.is_none() && report.faults.iter().all(|outcome| outcome.right);
        finish(&report, reason, json)
    })
}

fn refused(error: &std::io::Error) -> Failure {
    environment(&format!(
        "cannot make a process namespace: {error}. In a container that needs CAP_SYS_ADMIN: run the self-test on the host itself, or on another machine"
    ))
}

fn interrupted(signal: Signal) -> Failure {
    let message = format!("ended by {signal}; nothing is left behind");
    Failure::new(Code::Signal(signal), &message)
}

/// Tells the stage what to play and follows that to its end; returns why it ended early, if it did.
async fn follow(
    stage: &mut Child,
    plan: &Plan,
    cells: &[Cell],
    report: &mut Report,
) -> Result<Option<String>, Failure> {
    let plan = document(plan)?;
    let told = match &mut stage.stdin {
        Some(stdin) => stdin.write_all(plan.as_bytes()).await,
        None => Ok(()),
    };
    let Some(stdout) = stage.stdout.take() else {
        return Ok(Some("the stage says nothing".to_owned()));
    };
    let mut lines = BufReader::new(stdout).lines();
    let patience = patience(cells);
    loop {
        match next(&mut lines, patience).await {
            Ok(Event::Ready) => say("Everything is announced; the faults begin."),
            Ok(Event::Played(outcome)) => {
                say(&progress(&outcome, report.faults.len() + 1, cells.len()));
                report.faults.push(*outcome);
            }
            Ok(Event::Ended) => return Ok(None),
            Ok(Event::Failed(reason)) => return Ok(Some(reason)),
            Err(reason) => {
                let told = told
                    .err()
                    .map(|error| format!(" ({error})"))
                    .unwrap_or_default();
                return Ok(Some(format!("{reason}{told}")));
            }
        }
    }
}

async fn next(
    lines: &mut Lines<BufReader<ChildStdout>>,
    patience: Duration,
) -> Result<Event, String> {
    let line = timeout(patience, lines.next_line()).await;
    let line =
        line.map_err(|_| format!("the stage has said nothing for {} s", patience.as_secs()))?;
    let line = line.map_err(|error| error.to_string())?;
    let line = line.ok_or("the stage has ended before its time")?;
    serde_json::from_str(&line).map_err(|error| error.to_string())
}

/// Longer than any fault can take.
fn patience(cells: &[Cell]) -> Duration {
    let acts = cells
        .iter()
        .flat_map(|cell| [Some(&cell.during), cell.after.as_ref()]);
    let longest = acts.flatten().map(Act::longest).max();
    (longest.unwrap_or_default() + RETURN) * 6
}

fn progress(outcome: &Outcome, number: usize, all: usize) -> String {
    format!("{number}/{all} {}", text::line(outcome))
}

/// Talk, as it goes.
fn say(line: &str) {
    use std::io::Write as _;
    // Nobody is left to tell if standard error is gone.
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// The stage ends, and the kernel ends everything on it. Returns when that has happened.
async fn farewell(mut stage: Child) {
    drop(stage.stdin.take());
    if timeout(FAREWELL, stage.wait()).await.is_err() {
        // It cannot be helped if it does not even die.
        let _ = timeout(FAREWELL, stage.kill()).await;
    }
}

fn finish(report: &Report, reason: Option<String>, json: bool) -> Result<Output, Failure> {
    if report.faults.is_empty()
        && let Some(reason) = reason
    {
        return Err(environment(&reason));
    }
    let stdout = if json {
        document(report)?
    } else {
        written(|out| text::print(report, terminal::width(), out))?
    };
    let code = match &reason {
        Some(_) => Code::Environment,
        None if report.right => Code::Success,
        None => Code::NotAsWanted,
    };
    let mut stderr = String::new();
    if let Some(reason) = reason {
        // Writing to a string cannot fail.
        let _ = write!(stderr, "not all faults were played: {reason}");
    }
    Ok(Output {
        stdout,
        stderr,
        code,
    })
}
