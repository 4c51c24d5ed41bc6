//! What fails is our daemon, its files or its disks.

use std::path::Path;

use lab::{Context, Error, Result, Signal};

use crate::fault::{Decision, End, Fault, Healthy, Meaning, Place};
use crate::stage::{Setup, Special, Stage, mount};

const SMALL_DISKS: Setup = Setup {
    special: &[Special::SmallDisks],
    ..Setup::USUAL
};

const SOON_STALE: Setup = Setup {
    daemon: &["stale_after: 5s"],
    ..Setup::USUAL
};

const NONE: &str = "not tried";

/// No word of BIRD's.
const NONSENSE: &str = "disabled perhaps;\n";

/// The table.
pub(super) fn faults() -> Vec<Fault> {
    use Decision::{Afterwards, Meanwhile, WhenStale};
    let fault = |name, how, peers, decision, begin| {
        Fault::usual(
            Place::Controller,
            Meaning::way(Healthy::Kept, decision),
            [name, how, peers],
            begin,
        )
    };
    // What BIRD finds there is what it does as soon as it reads its configuration.
    let intent = |fault| Fault {
        place: Place::Bird,
        ..fault
    };
    let disk = |fault| Fault {
        setup: SMALL_DISKS,
        place: Place::Disk,
        ..fault
    };
    vec![
        fault(
            "controller killed",
            "`kill -9`, started again later (systemd does it at once)",
            "anycast-healthchecker, birdwatcher, gecio/anycastd: stay announced; the last never withdraws what it finds so. exabgp: withdrawn within 1 s",
            Afterwards,
            killed,
        ),
        fault(
            "controller frozen",
            "SIGSTOP, SIGCONT (systemd's watchdog ends it where it lasts)",
            "all of them stay announced, and none has a watchdog",
            Afterwards,
            frozen,
        ),
        Fault {
            setup: SOON_STALE,
            ..fault(
                "no descriptors",
                "the controller may open nothing more",
                "runityru/anycastd: leaks them until a false failure",
                WhenStale,
                without_descriptors,
            )
        },
        intent(disk(fault(
            "`/run` full",
            "the intent directory's file system has no room: what is announced meanwhile would not outlive a `configure`, and status tells",
            "anycast-healthchecker: exits, stays announced, and does so again after each restart. birdwatcher: stays announced",
            Meanwhile,
            |stage| full(&stage.controller.intent_directory(), "filler"),
        ))),
        disk(fault(
            "state directory read-only",
            "remounted",
            NONE,
            Meanwhile,
            read_only,
        )),
        disk(fault(
            "state directory full",
            "its file system has no room",
            "anycast-healthchecker: crashes where its log's disk is full",
            Meanwhile,
            |stage| full(&stage.controller.state_directory(), "filler"),
        )),
        intent(fault(
            "intent file deleted",
            "again and again, several times a second",
            NONE,
            Meanwhile,
            |stage| Ok(spoil(stage, None)),
        )),
        intent(fault(
            "intent file edited",
            "nonsense is written to it, several times a second",
            "birdwatcher: another function's file missing makes bird.conf unreadable",
            Meanwhile,
            |stage| Ok(spoil(stage, Some(NONSENSE))),
        )),
        intent(disk(fault(
            "edited, and `/run` full",
            "nonsense in the intent file and no room for another one; then `configure`",
            NONE,
            Meanwhile,
            spoil_and_fill,
        ))),
    ]
}

fn killed(stage: &mut Stage<'_>) -> Result<End> {
    stage.controller.stop(Signal::SIGKILL)?;
    Ok(Box::new(|stage| stage.start_controller()))
}

fn frozen(stage: &mut Stage<'_>) -> Result<End> {
    stage.controller.daemon()?.freeze()?;
    Ok(Box::new(|stage| stage.controller.daemon()?.thaw()))
}

fn without_descriptors(stage: &mut Stage<'_>) -> Result<End> {
    stage.controller.daemon()?.exhaust_descriptors()?;
    Ok(Box::new(|stage| {
        stage.controller.daemon()?.limit_descriptors(1024)
    }))
}

/// A file of this name takes all that is left, and is taken away in the end.
fn full(directory: &Path, name: &str) -> Result<End> {
    let filler = directory.join(name);
    let block = [0; 4096];
    let mut file = std::fs::File::create(&filler).context(filler.display())?;
    while std::io::Write::write_all(&mut file, &block).is_ok() {}
    Ok(Box::new(move |_| {
        std::fs::remove_file(&filler).context(filler.display())
    }))
}

/// It is put right where it stands, or is taken away, before BIRD takes its configuration again.
fn spoil_and_fill(stage: &mut Stage<'_>) -> Result<End> {
    let file = stage.controller.intent("anycast_service0_v4");
    std::fs::write(&file, NONSENSE).context(file.display())?;
    let end = full(&stage.controller.intent_directory(), "rest")?;
    stage.wait("a configuration that BIRD takes", || stage.bird.configure())?;
    Ok(end)
}

fn read_only(stage: &mut Stage<'_>) -> Result<End> {
    mount(&["-o", "remount,ro"], &stage.controller.state_directory())?;
    Ok(Box::new(|stage| {
        mount(&["-o", "remount,rw"], &stage.controller.state_directory())
    }))
}

/// Somebody takes the intent file away, or puts something into it, over and over.
fn spoil(stage: &mut Stage<'_>, text: Option<&'static str>) -> End {
    use std::io::ErrorKind::{NotFound, StorageFull};
    let file = stage.controller.intent("anycast_service0_v4");
    super::again_and_again(move || {
        let done = match text {
            Some(text) => std::fs::write(&file, text),
            None => std::fs::remove_file(&file),
        };
        match done {
            Ok(()) => Ok(()),
            Err(error) if matches!(error.kind(), NotFound | StorageFull) => Ok(()),
            Err(error) => Err(Error::from(error)),
        }
    })
}
