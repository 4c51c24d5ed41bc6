//! One fault, in one direction, on a stage of its own.

use std::time::Duration;

use lab::{Error, Result, Updates};

use crate::fault::{BUDGET, Decision, Direction, Fault, Healthy, Meaning};
use crate::stage::Stage;

/// How long a fault lasts before anything else happens, and how long nothing more may happen after all: several polls
/// and probes of the daemon.
const A_WHILE: Duration = Duration::from_millis(2500);

/// The first two outages of a service are followed by no hold. No more happen here.
const DAMPING: &str = "damping: { free: 2, hold: 60s }";

/// How long things took; each from the moment from which nothing was in its way.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Times {
    /// Until the neighbour had lost the routes.
    pub(crate) withdrawn: Option<Duration>,
    /// Until it had all of them.
    pub(crate) announced: Option<Duration>,
}

/// Plays it. An error says what was wrong at the neighbour, with everybody's logs.
pub(crate) fn play(fault: &Fault, direction: Direction) -> Result<Times> {
    let lab = fault.setup.lab()?;
    let mut stage = Stage::announced(&lab, fault.setup, DAMPING)?;
    let played = match (fault.meaning, direction) {
        (Meaning::Service(lost), Direction::Announced) => fails(&mut stage, fault, lost),
        (Meaning::Service(lost), Direction::Withdrawn) => stays_failed(&mut stage, fault, lost),
        (Meaning::Way { healthy, decision }, Direction::Announced) => {
            dies_meanwhile(&mut stage, fault, healthy, decision)
        }
        (Meaning::Way { healthy, decision }, Direction::Withdrawn) => {
            returns_meanwhile(&mut stage, fault, healthy, decision)
        }
    };
    let played = played.and_then(|times| within_budget(fault.meaning, times).map(|()| times));
    played.map_err(|error| lab.explain(&error))
}

/// When sessions come back is up to BIRD.
fn within_budget(meaning: Meaning, times: Times) -> Result<()> {
    if matches!(meaning, Meaning::Way { healthy, .. } if healthy != Healthy::Kept) {
        return Ok(());
    }
    for (what, time) in [
        ("withdrawn", times.withdrawn),
        ("announced", times.announced),
    ] {
        if let Some(time) = time.filter(|time| *time > BUDGET) {
            return Err(Error::new(format!(
                "{what} after {time:?}, later than {BUDGET:?}"
            )));
        }
    }
    Ok(())
}

/// The neighbour loses these, once, and has them again after the end.
fn fails(stage: &mut Stage<'_>, fault: &Fault, lost: &[&str]) -> Result<Times> {
    let before = stage.neighbor.updates()?;
    let left = stage.prefixes() - lost.len();
    stage.strikes();
    let end = (fault.begin)(stage)?;
    stage.wait("the withdraw", || stage.neighbor.lacks(lost))?;
    let withdrawn = Some(stage.since());
    stage.stays(left, A_WHILE)?;
    stage.strikes();
    end(stage)?;
    stage.has_all()?;
    let announced = Some(stage.since());
    let number = lost.len() as u64;
    was_told(stage, before, number, number)?;
    Ok(Times {
        withdrawn,
        announced,
    })
}

/// A server that comes back with the fault is announced after its end, and not before.
fn stays_failed(stage: &mut Stage<'_>, fault: &Fault, lost: &[&str]) -> Result<Times> {
    stage.server_dies()?;
    stage.has_none()?;
    let end = {
        stage.server_returns()?;
        (fault.begin)(stage)?
    };
    let left = stage.prefixes() - lost.len();
    stage.wait("what is well", || stage.number_is(left))?;
    stage.stays(left, A_WHILE)?;
    stage.strikes();
    end(stage)?;
    stage.has_all()?;
    Ok(Times {
        announced: Some(stage.since()),
        ..Times::default()
    })
}

/// The fault alone does what it does to a healthy service; then the server dies.
fn dies_meanwhile(
    stage: &mut Stage<'_>,
    fault: &Fault,
    healthy: Healthy,
    decision: Decision,
) -> Result<Times> {
    let before = stage.neighbor.updates()?;
    let all = stage.prefixes();
    let end = (fault.begin)(stage)?;
    match healthy {
        Healthy::Kept => {
            stage.stays(all, A_WHILE)?;
            was_told(stage, before, 0, 0)?;
        }
        Healthy::Lost => {
            stage.has_none()?;
            stage.stays(0, A_WHILE)?;
        }
        Healthy::Shaken => {
            stage.has_none()?;
            stage.settles(all, A_WHILE)?;
        }
        Healthy::Unseen => std::thread::sleep(A_WHILE),
    }
    let before = stage.neighbor.updates();
    stage.server_dies()?;
    let withdrawn = ends(stage, end, decision.withdraws_meanwhile(), |stage| {
        stage.has_none()
    })?;
    stage.stays(0, A_WHILE)?;
    if healthy == Healthy::Kept && decision != Decision::AfterRestart {
        was_told(stage, before?, 0, all as u64)?;
    }
    stage.server_returns()?;
    stage.has_all()?;
    Ok(Times {
        withdrawn: Some(withdrawn).filter(|_| is_seen(healthy, decision)),
        announced: None,
    })
}

/// A route that went with its session does not go once more.
fn is_seen(healthy: Healthy, decision: Decision) -> bool {
    healthy != Healthy::Lost || decision != Decision::Afterwards
}

/// A server that comes back during the fault is announced then, or after its end; a dead one never is.
fn returns_meanwhile(
    stage: &mut Stage<'_>,
    fault: &Fault,
    healthy: Healthy,
    decision: Decision,
) -> Result<Times> {
    stage.server_dies()?;
    stage.has_none()?;
    let end = (fault.begin)(stage)?;
    if healthy != Healthy::Unseen {
        stage.stays(0, A_WHILE)?;
    }
    stage.server_returns()?;
    let announced = ends(stage, end, decision == Decision::Meanwhile, |stage| {
        stage.has_all()
    })?;
    match (healthy, decision) {
        (Healthy::Kept, Decision::Meanwhile | Decision::Afterwards) => {
            stage.stays(stage.prefixes(), A_WHILE)?;
        }
        _ => stage.settles(stage.prefixes(), A_WHILE)?,
    }
    Ok(Times {
        withdrawn: None,
        announced: Some(announced),
    })
}

/// Ends a fault before or after what has to follow, and says how long that took.
fn ends(
    stage: &mut Stage<'_>,
    end: crate::fault::End,
    meanwhile: bool,
    follows: impl Fn(&Stage<'_>) -> Result<()>,
) -> Result<Duration> {
    if meanwhile {
        follows(stage)?;
        let took = stage.since();
        end(stage)?;
        return Ok(took);
    }
    std::thread::sleep(A_WHILE);
    stage.strikes();
    end(stage)?;
    follows(stage)?;
    Ok(stage.since())
}

/// The neighbour was told exactly this, on sessions that lasted; what BIRD says of the routes of others is not counted.
fn was_told(stage: &Stage<'_>, before: Updates, announced: u64, withdrawn: u64) -> Result<()> {
    let told = stage.told_since(before)?;
    let wanted = Updates {
        announced,
        withdrawn,
    };
    let alike = told.announced == wanted.announced
        && (told.withdrawn == wanted.withdrawn || stage.withdraws_others());
    if alike {
        Ok(())
    } else {
        Err(Error::new(format!(
            "the neighbour was told {told}, not {wanted}"
        )))
    }
}
