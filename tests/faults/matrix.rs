//! What came of every fault on every release, as files beside the build and as the page `tests/MATRIX.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use lab::{Bird, Context, Error, Result};
use serde::{Deserialize, Serialize};

use crate::fault::{Decision, Direction, Fault, Healthy, Meaning};
use crate::play::Times;

/// One fault, in one direction, on one release.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// Whether everything held.
    right: bool,
    /// In seconds, as [`Times`] has it.
    withdrawn: Option<f64>,
    announced: Option<f64>,
}

/// Where the files are: the build's own, so that they outlive a run on another release.
fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("faults")
}

/// Where the page is once all is played.
pub(crate) fn page() -> PathBuf {
    directory().join("MATRIX.md")
}

fn file(release: &str, fault: &Fault, direction: Direction) -> PathBuf {
    let name = format!("{} {}", fault.name, direction.name());
    let name: String = name
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .collect();
    directory().join(release).join(format!("{name}.json"))
}

/// Keeps what came of a fault; none if it was wrong.
pub(crate) fn record(fault: &Fault, direction: Direction, times: Option<Times>) -> Result<()> {
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
    let cell = Cell {
        right: times.is_some(),
        withdrawn: seconds(times.and_then(|times| times.withdrawn)),
        announced: seconds(times.and_then(|times| times.announced)),
    };
    let file = file(&Bird::node_release()?, fault, direction);
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory).context(directory.display())?;
    }
    let text = serde_json::to_string(&cell).map_err(|error| Error::new(error.to_string()))?;
    fs::write(&file, text).context(file.display())
}

fn read(release: &str, fault: &Fault, direction: Direction) -> Option<Cell> {
    let text = fs::read_to_string(file(release, fault, direction)).ok()?;
    serde_json::from_str(&text).ok()
}

/// The releases that anything was played on, oldest first.
fn releases() -> Vec<String> {
    let entries = fs::read_dir(directory()).into_iter().flatten().flatten();
    let names = entries
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok());
    let by_number: BTreeMap<Vec<u32>, String> = names
        .map(|name| {
            let numbers = name.split('.').filter_map(|number| number.parse().ok());
            (numbers.collect(), name)
        })
        .collect();
    by_number.into_values().collect()
}

/// Writes the page with all that was played so far.
pub(crate) fn write(faults: &[Fault]) -> Result<()> {
    let text = format!("{HEAD}{}{}", cells(faults), explanations(faults));
    fs::write(page(), text).context(page().display())
}

fn cells(faults: &[Fault]) -> String {
    let releases = releases();
    let mut text = format!("| fault | {} |\n", releases.join(" | "));
    let _infallible = writeln!(text, "|---|{}", "---|".repeat(releases.len()));
    for fault in faults {
        let cells = releases.iter().map(|release| cell(release, fault));
        let cells: Vec<String> = cells.collect();
        let _infallible = writeln!(text, "| {} | {} |", fault.name, cells.join(" | "));
    }
    text
}

fn explanations(faults: &[Fault]) -> String {
    let mut text = String::from(MIDDLE);
    for fault in faults {
        let (name, how, peers) = (fault.name, fault.how, fault.peers);
        let holds = holds(fault.meaning);
        let _infallible = writeln!(text, "| {name} | {how} | {holds} | {peers} |");
    }
    text
}

/// Whether the page that is kept says what is played: everything but the times, and nothing wrong.
pub(crate) fn is_kept(faults: &[Fault]) -> Result<()> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/MATRIX.md");
    let kept = fs::read_to_string(file).context(file)?;
    let stale = |what: &str| {
        let advice = "play all releases (tests/run --bird all) and copy the page that it names";
        Err(Error::new(format!("tests/MATRIX.md: {what}: {advice}")))
    };
    let Some(table) = kept
        .strip_prefix(HEAD)
        .and_then(|rest| rest.strip_suffix(explanations(faults).as_str()))
    else {
        return stale("other words than those of the tests");
    };
    let rows = table.lines().skip(2);
    let names = rows.map(|row| {
        row.split(" | ")
            .next()
            .unwrap_or_default()
            .trim_start_matches("| ")
    });
    if !names.eq(faults.iter().map(|fault| fault.name)) {
        return stale("other faults than those of the tests");
    }
    if table.contains(WRONG) || table.contains(MISSING) {
        return stale("not everything was right");
    }
    Ok(())
}

/// In a cell that failed, and in one that has nothing.
const WRONG: &str = "**wrong**";
const MISSING: &str = "not played";

/// Both directions of a fault in one cell.
fn cell(release: &str, fault: &Fault) -> String {
    let [announced, withdrawn] = Direction::ALL.map(|direction| read(release, fault, direction));
    let (Some(announced), Some(withdrawn)) = (announced, withdrawn) else {
        return MISSING.to_owned();
    };
    if !(announced.right && withdrawn.right) {
        return WRONG.to_owned();
    }
    let seconds =
        |time: Option<f64>| time.map_or_else(|| "-".to_owned(), |time| format!("{time:.1}"));
    let (gone, back) = (seconds(announced.withdrawn), seconds(withdrawn.announced));
    format!("{gone} / {back}")
}

/// What has to hold, in words.
fn holds(meaning: Meaning) -> String {
    let (healthy, decision) = match meaning {
        Meaning::Service(_) => return "withdrawn while it lasts".to_owned(),
        Meaning::Way { healthy, decision } => (healthy, decision),
    };
    let healthy = match healthy {
        Healthy::Kept => "a healthy service stays, without an update",
        Healthy::Lost => "routes go with the sessions",
        Healthy::Shaken => "routes go with the sessions, and come back",
        Healthy::Unseen => "routes as before in the end",
    };
    let decision = match decision {
        Decision::Meanwhile => "decisions as ever",
        Decision::WhenStale => {
            "a withdraw after `stale_after` (here 5 s) at the latest, announcements after it"
        }
        Decision::Afterwards | Decision::AfterRestart => "decisions at its end",
    };
    format!("{healthy}; {decision}")
}

const HEAD: &str = "\
# Faults and releases

Every fault that the tests play, on every release of BIRD they are played on, once while the service is announced and once
while it is withdrawn. What counts is what the neighbour's BIRD has in its table. `sudo tests/run --bird all` plays all of it
and writes this page; a wrong end state fails the run, and would stand here as **wrong**.

A cell has two times in seconds: until the neighbour had lost the routes / until it had them, each from the moment from which
nothing stood in the way: the fault, the death or return of the server during it, or its end where decisions wait for that. `-`:
the routes were gone with the session already. The thresholds are the defaults (`interval: 1s`, `timeout: 800ms`, `fall: 3`) but for
`rise: 3`, so that two seconds of each announcement are meant. The machine is shared, and several labs play side by side: one run each.

";

const MIDDLE: &str = "
## What is played, what has to hold, and what others do there

A fault of the service strikes alone. During any other, the server dies (while announced) or comes back (while withdrawn), and
the end state is that of the service. What others do was measured with anycast-healthchecker 0.9.10, birdwatcher, gecio/anycastd
0.1.12, exabgp's healthcheck 4.2.21 and anycast-sentinel, or is known from their sources where it says what and not how long.

| fault | how | what has to hold | others |
|---|---|---|---|
";
