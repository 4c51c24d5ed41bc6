//! What fails is the way to BIRD: its control socket, and what comes back from there.

use std::os::unix::fs::PermissionsExt as _;

use lab::{Context, ControlSocket, Error, Meddling, Result};

use crate::fault::{Decision, End, Fault, Healthy, Meaning, Place};
use crate::stage::{Setup, Special, Stage};

const MEDDLER: Setup = Setup {
    special: &[Special::Meddler],
    ..Setup::USUAL
};

const UNPRIVILEGED: Setup = Setup {
    special: &[Special::Unprivileged],
    ..Setup::USUAL
};

const NONE: &str = "not tried";

/// The table.
pub(super) fn faults() -> Vec<Fault> {
    use Decision::{AfterRestart, Afterwards, Meanwhile};
    let fault = |name, how, peers, decision, begin| {
        Fault::usual(
            Place::Bird,
            Meaning::way(Healthy::Kept, decision),
            [name, how, peers],
            begin,
        )
    };
    vec![
        fault(
            "socket file removed",
            "and BIRD restarted later",
            NONE,
            AfterRestart,
            socket_removed,
        ),
        Fault {
            setup: UNPRIVILEGED,
            ..fault(
                "permissions gone",
                "the control socket of BIRD is closed to the daemon's user",
                NONE,
                Afterwards,
                permissions_gone,
            )
        },
        Fault {
            setup: MEDDLER,
            ..fault(
                "BIRD answers garbage",
                "to every command, which it does not get",
                NONE,
                Afterwards,
                |stage| meddled(stage, Meddling::Garbage),
            )
        },
        Fault {
            setup: MEDDLER,
            ..fault(
                "BIRD answers half a line",
                "and never its rest",
                "chirp: times out after 10 s and does not connect again",
                Afterwards,
                |stage| meddled(stage, Meddling::HalfALine),
            )
        },
        Fault {
            setup: MEDDLER,
            ..fault(
                "BIRD answers 30 MB",
                "to every command",
                NONE,
                Afterwards,
                |stage| meddled(stage, Meddling::Flood),
            )
        },
        fault(
            "200 other clients",
            "connected to BIRD's control socket",
            NONE,
            Meanwhile,
            crowded,
        ),
    ]
}

fn socket_removed(stage: &mut Stage<'_>) -> Result<End> {
    std::fs::remove_file(stage.bird.socket()).context("socket")?;
    Ok(Box::new(|stage| {
        stage.bird.kill()?;
        stage.bird.restart()
    }))
}

fn permissions_gone(stage: &mut Stage<'_>) -> Result<End> {
    let allow = |stage: &Stage<'_>, mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(stage.bird.socket(), permissions).context("socket")
    };
    allow(stage, 0o600)?;
    Ok(Box::new(move |stage| allow(stage, 0o666)))
}

fn meddled(stage: &mut Stage<'_>, meddling: Meddling) -> Result<End> {
    let behave = |stage: &Stage<'_>, meddling| {
        let meddler = stage.meddler.as_ref();
        let meddler = meddler.ok_or_else(|| Error::new("nobody stands before BIRD"))?;
        meddler.behave(meddling);
        Ok(())
    };
    behave(stage, meddling)?;
    Ok(Box::new(move |stage| behave(stage, Meddling::None)))
}

fn crowded(stage: &mut Stage<'_>) -> Result<End> {
    let clients: Result<Vec<_>> = (0..200)
        .map(|_| ControlSocket::connect(stage.bird.socket()))
        .collect();
    let clients = clients?;
    Ok(Box::new(move |_| {
        drop(clients);
        Ok(())
    }))
}
