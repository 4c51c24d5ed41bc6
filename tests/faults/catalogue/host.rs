//! What fails is the machine.

use std::process::Command;

use lab::{Context, Result};

use crate::fault::{Decision, End, Fault, Healthy, Meaning, Place};
use crate::stage::{Setup, Special, Stage};

const CLOCK: Setup = Setup {
    special: &[Special::Clock],
    ..Setup::USUAL
};

const ALONE: Setup = Setup {
    special: &[Special::Alone],
    ..Setup::USUAL
};

/// Busy loops for each processor.
const LOOPS: usize = 2;

/// The table.
pub(super) fn faults() -> Vec<Fault> {
    let fault = |name, how, peers, setup, begin| Fault {
        setup,
        ..Fault::usual(
            Place::Host,
            Meaning::way(Healthy::Kept, Decision::Meanwhile),
            [name, how, peers],
            begin,
        )
    };
    vec![
        fault(
            "clock forwards",
            "the controller's clock is stepped by 5 h, and back in the end",
            "gecio/anycastd: the age of a result does not count: one of 2020 is healthy",
            CLOCK,
            |stage| stepped(stage, "+5h"),
        ),
        fault(
            "clock backwards",
            "the same, the other way",
            "not tried",
            CLOCK,
            |stage| stepped(stage, "-5h"),
        ),
        fault(
            "processors busy",
            "two endless loops on each of them, as important as everything else",
            "not tried",
            ALONE,
            busy,
        ),
    ]
}

fn stepped(stage: &mut Stage<'_>, by: &str) -> Result<End> {
    let clock = stage.clock();
    std::fs::write(&clock, by).context("clock")?;
    Ok(Box::new(move |_| {
        std::fs::write(&clock, "+0").context("clock")
    }))
}

fn busy(stage: &mut Stage<'_>) -> Result<End> {
    let processors = std::thread::available_parallelism()?.get();
    let mut loops = Vec::new();
    for number in 0..LOOPS * processors {
        let mut command = Command::new("sh");
        command.args(["-c", "while :; do :; done"]);
        let name = format!("busy-{number}");
        loops.push(stage.lab.node().spawn(&name, &mut command)?);
    }
    Ok(Box::new(move |_| {
        drop(loops);
        Ok(())
    }))
}
