//! What fails is the neighbour, or the link to it.

use std::time::Duration;

use lab::{Context, Error, Result};

use crate::fault::{Decision, End, Fault, Healthy, Meaning, Place};
use crate::stage::{Setup, Stage};

/// One more than the neighbour takes of each family.
const TOO_MANY: Setup = Setup {
    services: 2,
    ..Setup::USUAL
};

/// What is the same for all: none of them has anything to do with sessions.
const PEERS: &str = "none looks at sessions";

/// The node's end of the link.
const INTERFACE: &str = "tor1";

/// The table.
pub(super) fn faults() -> Vec<Fault> {
    let fault = |name, how, peers, (healthy, decision), begin| {
        Fault::usual(
            Place::Neighbor,
            Meaning::way(healthy, decision),
            [name, how, peers],
            begin,
        )
    };
    vec![
        fault(
            "neighbour frozen",
            "SIGSTOP, SIGCONT; it cannot be asked meanwhile",
            PEERS,
            (Healthy::Unseen, Decision::Afterwards),
            frozen,
        ),
        fault(
            "neighbour restarted",
            "`kill -9`, started again at once",
            PEERS,
            (Healthy::Shaken, Decision::Meanwhile),
            restarted,
        ),
        fault(
            "link flapping",
            "down and up three times, then down until the end",
            PEERS,
            (Healthy::Lost, Decision::Afterwards),
            link_flaps,
        ),
        Fault {
            setup: TOO_MANY,
            ..fault(
                "prefix limit hit",
                "the neighbour takes one prefix fewer and ends the sessions",
                PEERS,
                (Healthy::Lost, Decision::Afterwards),
                limited,
            )
        },
    ]
}

fn frozen(stage: &mut Stage<'_>) -> Result<End> {
    stage.neighbor.bird().process()?.freeze()?;
    Ok(Box::new(|stage| stage.neighbor.bird().process()?.thaw()))
}

fn restarted(stage: &mut Stage<'_>) -> Result<End> {
    stage.neighbor.bird_mut().kill()?;
    stage.neighbor.bird_mut().restart()?;
    Ok(Box::new(|_| Ok(())))
}

fn link_flaps(stage: &mut Stage<'_>) -> Result<End> {
    let node = stage.lab.node();
    for state in ["down", "up", "down", "up", "down"] {
        node.ip(&format!("link set {INTERFACE} {state}"))?;
        std::thread::sleep(Duration::from_millis(500));
    }
    Ok(Box::new(|stage| {
        let node = stage.lab.node();
        node.ip(&format!("link set {INTERFACE} up"))?;
        // It went with the link.
        node.ip(&format!("addr replace fd99::2/64 dev {INTERFACE} nodad"))
    }))
}

fn limited(stage: &mut Stage<'_>) -> Result<End> {
    const FREE: &str = "import all;";
    const LIMITED: &str = "import limit 1 action disable; import all;";
    let configure = |stage: &Stage<'_>, from: &str, to: &str| {
        let bird = stage.neighbor.bird();
        let file = bird.configuration();
        let text = std::fs::read_to_string(file).context(file.display())?;
        if !text.contains(from) {
            return Err(Error::new(format!("no `{from}` in the neighbour's {text}")));
        }
        std::fs::write(file, text.replace(from, to)).context(file.display())?;
        bird.configure().map(drop)
    };
    configure(stage, FREE, LIMITED)?;
    // What is there already counts from the next feed on.
    stage.neighbor.bird().ask("restart \"bgp_*\"")?;
    Ok(Box::new(move |stage| configure(stage, LIMITED, FREE)))
}
