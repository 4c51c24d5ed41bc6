//! How long the world still comes to a dead server: measured at a real neighbour, and printed.
//!
//! `cargo bench --bench withdraw`, as root; `RUNS=5` for fewer than fifty runs a row. Every run begins at a random
//! point between two probes.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the figures are what this program is for, and it takes minutes"
)]

#[allow(dead_code, reason = "another benchmark uses the rest")]
mod announcer;
#[allow(dead_code, reason = "another benchmark uses the rest")]
mod figures;
mod outage;

use announcer::{Timing, Tool};
use figures::{Figures, runs};
use lab::{Result, Signal, Software};
use outage::{Outages, Taken};

/// What was promised of an outage that the daemon is told of, in milliseconds.
const MEDIAN: f64 = 10.0;
const P99: f64 = 100.0;
/// The same of a server that hangs, from the first question that it leaves unanswered: the timeout, two fast intervals
/// and what comes then.
const HANGING: f64 = 1100.0;

fn main() -> Result<()> {
    // `cargo test --all-targets` starts this program too, and must not take minutes.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let mut decision = Figures::new("decision until the route is gone");
    let mut told = Vec::new();
    let mut untold = Vec::new();
    for software in Software::ALL {
        let taken = outages(software, Signal::SIGKILL, true)?;
        decision.extend(&taken.decision);
        told.push(taken.outage);
        untold.push(outages(software, Signal::SIGKILL, false)?.outage);
    }
    let hanging = outages(Software::Nsd, Signal::SIGSTOP, true)?;

    Figures::heading();
    told.iter().chain(&untold).for_each(Figures::print);
    hanging.outage.print();
    hanging.unanswered.print();
    decision.print();
    let mut kept = hanging.unanswered.promise(100, HANGING);
    for outage in &told {
        kept &= outage.promise(50, MEDIAN);
        kept &= outage.promise(99, P99);
    }
    if kept {
        Ok(())
    } else {
        Err(lab::Error::new("not what was promised"))
    }
}

fn outages(software: Software, signal: Signal, events: bool) -> Result<Taken> {
    let outages = Outages {
        tool: Tool::Anycastctl { events },
        timing: Timing::Defaults,
        software,
        signal,
        runs: runs(50),
        labs: 5,
        alone: events && signal == Signal::SIGKILL,
    };
    let how = if events { "" } else { ", `events: false`" };
    outages.measure(&format!("{}{how}", outages.event()))
}
