//! What fails is BIRD, or its configuration.

use std::path::Path;

use lab::{Context, ControlSocket, Error, Result};

use super::again_and_again;
use crate::fault::{Decision, End, Fault, Healthy, Meaning, Place};
use crate::stage::{Setup, Special, Stage};

/// In BIRD's table, and exported to nobody.
const LARGE_TABLE: Setup = Setup {
    bird: many_routes,
    special: &[Special::OtherRoutes, Special::Alone],
    ..Setup::USUAL
};

/// How many routes a full table had when that issue was seen.
const ROUTES: u32 = 400_000;

const NONE: &str = "not tried";

/// The table.
pub(super) fn faults() -> Vec<Fault> {
    use Decision::{Afterwards, Meanwhile};
    use Healthy::{Kept, Lost, Shaken};
    let fault = |name, how, peers, (healthy, decision), begin| {
        Fault::usual(
            Place::Bird,
            Meaning::way(healthy, decision),
            [name, how, peers],
            begin,
        )
    };
    vec![
        fault(
            "BIRD killed",
            "`kill -9`, started again later",
            "birdwatcher: an error once; its file is right, so BIRD's start picks it up",
            (Lost, Afterwards),
            killed,
        ),
        fault(
            "BIRD frozen",
            "SIGSTOP, SIGCONT; BFD takes the sessions down meanwhile",
            "anycast-healthchecker and birdwatcher: a withdraw that falls into it never happens",
            (Lost, Afterwards),
            frozen,
        ),
        fault(
            "BIRD restarted",
            "`kill -9`, started again at once",
            "birdwatcher with one function a service: cannot start again until all first checks are done",
            (Shaken, Meanwhile),
            restarted,
        ),
        fault(
            "`configure` by others",
            "at random moments, several times a second",
            "harmless to those that rewrite files; undoes every `disable` of those that only use the socket",
            (Kept, Meanwhile),
            |stage| Ok(configured(stage)),
        ),
        fault(
            "broken configuration",
            "nonsense in bird.conf, and `configure`",
            "anycast-healthchecker and birdwatcher: a withdraw that falls into it never happens, also not after the repair",
            (Kept, Meanwhile),
            broken,
        ),
        fault(
            "another configuration",
            "BIRD restarts with one that knows none of our protocols",
            NONE,
            (Lost, Afterwards),
            other_configuration,
        ),
        Fault {
            setup: LARGE_TABLE,
            ..fault(
                "400,000 routes",
                "in BIRD's table, taken out and put in again and again (2.0.7 tells the neighbour of each that it is withdrawn, which it never had)",
                "anycast-healthchecker and birdwatcher: each change is a `configure`, 0.4 s and a whole new feed to every session",
                (Kept, Meanwhile),
                |stage| Ok(many_routes_flap(stage)),
            )
        },
    ]
}

fn killed(stage: &mut Stage<'_>) -> Result<End> {
    stage.bird.kill()?;
    Ok(Box::new(|stage| stage.bird.restart()))
}

fn frozen(stage: &mut Stage<'_>) -> Result<End> {
    stage.bird.process()?.freeze()?;
    Ok(Box::new(|stage| stage.bird.process()?.thaw()))
}

fn restarted(stage: &mut Stage<'_>) -> Result<End> {
    stage.bird.kill()?;
    // Until the neighbour has noticed: it may see no difference otherwise.
    stage.wait("lost sessions", || {
        match stage.neighbor.bird().all_established() {
            Ok(()) => Err("still established"),
            Err(_lost) => Ok(()),
        }
    })?;
    stage.bird.restart()?;
    Ok(Box::new(|_| Ok(())))
}

fn configured(stage: &mut Stage<'_>) -> End {
    let socket = stage.bird.socket().to_owned();
    again_and_again(move || ControlSocket::connect(&socket)?.ask("configure").map(drop))
}

fn replace(file: &Path, text: &str) -> Result<String> {
    let before = std::fs::read_to_string(file).context(file.display())?;
    std::fs::write(file, text).context(file.display())?;
    Ok(before)
}

fn broken(stage: &mut Stage<'_>) -> Result<End> {
    let before = replace(stage.bird.configuration(), "protocol static oops {\n")?;
    if stage.bird.configure().is_ok() {
        return Err(Error::new("BIRD took a broken configuration"));
    }
    Ok(Box::new(move |stage| {
        replace(stage.bird.configuration(), &before)?;
        stage.bird.configure().map(drop)
    }))
}

/// The sessions with the neighbour and nothing else.
fn other_configuration(stage: &mut Stage<'_>) -> Result<End> {
    let text = std::fs::read_to_string(stage.bird.configuration())?;
    let sessions = text
        .split("\n\n")
        .filter(|block| !block.starts_with("protocol static"));
    let other = sessions.collect::<Vec<_>>().join("\n\n");
    stage.bird.kill()?;
    let before = replace(stage.bird.configuration(), &other)?;
    stage.bird.restart()?;
    Ok(Box::new(move |stage| {
        replace(stage.bird.configuration(), &before)?;
        stage.bird.configure().map(drop)
    }))
}

fn many_routes() -> String {
    use std::fmt::Write as _;
    let mut text = String::from("protocol static many { ipv4;\n");
    for number in 0..ROUTES {
        let [_, high, middle, low] = number.to_be_bytes();
        let net = 20 + high;
        let _infallible = writeln!(text, "route {net}.{middle}.{low}.0/32 blackhole;");
    }
    text.push_str("}\n");
    text
}

fn many_routes_flap(stage: &mut Stage<'_>) -> End {
    let socket = stage.bird.socket().to_owned();
    let mut commands = ["disable many", "enable many"].into_iter().cycle();
    again_and_again(move || {
        let command = commands.next().unwrap_or_default();
        ControlSocket::connect(&socket)?.ask(command).map(drop)
    })
}
