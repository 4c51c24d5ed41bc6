//! What one would take in the place of this program, side by side with it: how long each announces a dead server, and
//! what each costs while all is well.
//!
//! `cargo bench --bench peers`, as root; `RUNS=5` for fewer runs a row. `tests/bench/run` installs the others and
//! says where they are. The same neighbour, the same DNS server and the same question for all of them.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the figures are what this program is for, and it takes minutes"
)]

mod announcer;
mod cost;
#[allow(dead_code, reason = "the other benchmarks use the rest")]
mod figures;
#[allow(dead_code, reason = "another benchmark looks at the decision")]
mod outage;

use announcer::{Timing, Tool};
use cost::{Cost, SERVICES};
use figures::{Figures, promise, runs, written};
use lab::{Result, Signal, Software};
use outage::Outages;

/// What was promised: so many times faster to withdraw, and so many times less of a processor.
const FASTER: f64 = 10.0;
const CHEAPER: f64 = 10.0;

const OURS: Tool = Tool::Anycastctl { events: true };

fn main() -> Result<()> {
    // `cargo test --all-targets` starts this program too, and must not take minutes.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let ours = Subject::measure(OURS, Timing::Same)?;
    let mut peers = Vec::new();
    for timing in [Timing::Same, Timing::Defaults] {
        for tool in Tool::PEERS {
            peers.push(Subject::measure(tool, timing)?);
        }
    }
    Figures::heading();
    for row in 0..ROWS {
        let all = std::iter::once(&ours).chain(&peers);
        all.for_each(|subject| subject.rows()[row].print());
    }
    for peer in &peers {
        peer.beside(&ours);
    }
    let same = peers.iter().filter(|peer| peer.timing == Timing::Same);
    let missed = same.filter(|peer| !ours.keeps_promises(peer)).count();
    if missed == 0 {
        Ok(())
    } else {
        Err(lab::Error::new("not what was promised"))
    }
}

/// A program with its thresholds, and all that was measured of it.
struct Subject {
    name: String,
    timing: Timing,
    killed: Figures,
    frozen: Figures,
    cost: Cost,
}

/// How many rows each has.
const ROWS: usize = 4;

impl Subject {
    fn measure(tool: Tool, timing: Timing) -> Result<Self> {
        let name = match (tool, timing) {
            (Tool::Anycastctl { .. }, _) => tool.name().to_owned(),
            (_, Timing::Defaults) => format!("{}, its defaults", tool.name()),
            (_, Timing::Same) => format!("{}, same thresholds", tool.name()),
        };
        Ok(Self {
            killed: outages(tool, timing, Signal::SIGKILL, &name)?,
            frozen: outages(tool, timing, Signal::SIGSTOP, &name)?,
            cost: cost::measure(tool, timing, &name)?,
            name,
            timing,
        })
    }

    fn rows(&self) -> [&Figures; ROWS] {
        let Cost {
            processor, memory, ..
        } = &self.cost;
        [&self.killed, &self.frozen, processor, memory]
    }

    /// Says how many times more of everything it takes than ours; and whether it could bear the checks.
    fn beside(&self, ours: &Self) {
        let times = |row: usize| written(ours.rows()[row].times_below(self.rows()[row]));
        println!(
            "- {}, times ours: `kill -9` {}, `kill -STOP` {}, processor {}, memory {}",
            self.name,
            times(0),
            times(1),
            times(2),
            times(3)
        );
        let announced = self.cost.announced;
        if announced < usize::from(SERVICES) {
            println!(
                "- {}: {announced} of {SERVICES} services were announced: this machine was too busy",
                self.name
            );
        }
    }

    /// Only `kill -9` is promised to be so many times faster: of a server that hangs, our own timeout of a second is part
    /// of what is measured, and peers at the same thresholds take three seconds and a bit.
    fn keeps_promises(&self, other: &Self) -> bool {
        let times = |what: &str, own: &Figures, other_row: &Figures, least: f64| {
            let what = format!("{}, times ours, {what}, at least {least}", other.name);
            promise(&what, own.times_below(other_row), |value| value >= least)
        };
        let faster = times("`kill -9`", &self.killed, &other.killed, FASTER);
        let (own, other_row) = (&self.cost.processor, &other.cost.processor);
        let cheaper = times("processor", own, other_row, CHEAPER);
        faster && cheaper
    }
}

fn outages(tool: Tool, timing: Timing, signal: Signal, name: &str) -> Result<Figures> {
    let few = match timing {
        Timing::Same => 2,
        Timing::Defaults => 5,
    };
    let outages = Outages {
        tool,
        timing,
        software: Software::Nsd,
        signal,
        runs: runs(50).div_ceil(few),
        labs: 10,
        alone: tool == OURS && signal == Signal::SIGKILL,
    };
    let taken = outages.measure(&format!("{}: {name}", outages.event()))?;
    Ok(taken.outage)
}
