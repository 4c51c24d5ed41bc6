//! Nothing lost: every fault that we know of, at the neighbour, in both directions, and random sequences of them.
//!
//! `cargo test --test faults` plays all of it on the BIRD that `$LAB_BIRD` names; `-- frozen` those with that word in
//! their name, `-- --list` lists them. The page with the table is written beside the build. Needs root; see the crate `lab`.

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method is that of one stage, the end of a fault is for any"
)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a test program has to say"
)]

mod catalogue;
mod fault;
mod matrix;
mod model;
mod play;
mod random;
mod round;
mod soak;
mod stage;

use std::process::ExitCode;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use lab::Context as _;
use libtest_mimic::{Arguments, Failed, Trial};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use crate::fault::{Direction, Fault};
use crate::random::{Sequence, Until};
use crate::stage::Special;

/// Held for reading by whoever shares the machine, for writing by whoever needs all of it.
static MACHINE: RwLock<()> = RwLock::new(());

/// Faults that are played at a time, unless `--test-threads` says otherwise. They mostly wait: one takes less than a second of a
/// processor. Two at a time took ten minutes on two processors, and twelve took four.
const AT_A_TIME: usize = 12;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_A_TIME);
    if let Err(error) = own_mounts() {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    let faults = Arc::new(catalogue::faults());
    let trials = (0..faults.len()).flat_map(|number| {
        let faults = Arc::clone(&faults);
        Direction::ALL.map(move |direction| {
            let faults = Arc::clone(&faults);
            let name = format!("{}, {}", faults[number].name, direction.name());
            Trial::test(name, move || play(&faults[number], direction))
        })
    });
    let others = [page(&faults), random(&faults), soak(&faults)];
    let conclusion = libtest_mimic::run(&arguments, others.into_iter().chain(trials).collect());
    if !arguments.list {
        match matrix::write(&faults) {
            Ok(()) => println!("the table: {}", matrix::page().display()),
            Err(error) => eprintln!("no table: {error}"),
        }
    }
    conclusion.exit_code()
}

/// What is mounted here is seen by nobody else, and is gone with this process. Before there is any thread.
fn own_mounts() -> lab::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS).context("a mount namespace: run this as root")?;
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).context("private mounts")
}

/// The documentation tells of these faults.
fn page(faults: &Arc<Vec<Fault>>) -> Trial {
    let faults = Arc::clone(faults);
    let is_kept = move || matrix::is_kept(&faults).map_err(Failed::from);
    Trial::test("the page in the documentation", is_kept)
}

/// A few rounds, other ones every time; `$FAULTS_SEED` plays those of a failure again.
fn random(faults: &Arc<Vec<Fault>>) -> Trial {
    let faults = Arc::clone(faults);
    let sequence = Sequence {
        seed: number("FAULTS_SEED").unwrap_or_else(rand::random),
        services: 2,
        until: Until::Rounds(8),
        spares_daemon: false,
    };
    Trial::test(
        format!("random sequence from seed {}", sequence.seed),
        move || {
            let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
            sequence.play(&faults).map(drop).map_err(Failed::from)
        },
    )
}

/// As many minutes as `$FAULTS_MINUTES` says with fifty services; asked for by `--ignored`.
fn soak(faults: &Arc<Vec<Fault>>) -> Trial {
    let faults = Arc::clone(faults);
    let sequence = Sequence {
        seed: number("FAULTS_SEED").unwrap_or_else(rand::random),
        services: 50,
        until: Until::Time(Duration::from_secs(
            60 * number("FAULTS_MINUTES").unwrap_or(60),
        )),
        spares_daemon: true,
    };
    let name = format!("soak from seed {}", sequence.seed);
    let play = move || {
        let figures = sequence.play(&faults)?;
        println!("{figures}");
        figures.are_flat().map_err(Failed::from)
    };
    Trial::test(name, play).with_ignored_flag(true)
}

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn play(fault: &Fault, direction: Direction) -> Result<(), Failed> {
    let (_shared, _alone);
    if fault.setup.is(Special::Alone) {
        _alone = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
    } else {
        _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    }
    let played = play::play(fault, direction);
    matrix::record(fault, direction, played.as_ref().ok().copied())?;
    played.map(drop).map_err(Failed::from)
}
