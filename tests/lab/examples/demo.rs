//! The main job on the terminal: a DNS server dies, a real neighbour loses its route, and gets it back.
//!
//! `demo PROGRAM [--keep | --shell]`, as root; `tests/demo` builds and calls it. `--keep` leaves everything
//! running until Enter, `--shell` opens a shell on the node instead.

use std::io::{BufRead as _, Write as _};
use std::process::Command;
use std::time::{Duration, Instant};

use lab::{
    Answer, Bird, Controller, DnsServer, Error, Lab, Neighbor, Result, Service, Settings, Software,
};

const V4: &str = "192.0.2.53";
const V6: &str = "2001:db8:53::53";
const PREFIXES: [&str; 2] = ["192.0.2.53/32", "2001:db8:53::53/128"];

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let program = arguments
        .next()
        .ok_or_else(|| Error::new("usage: demo PROGRAM [--keep | --shell]"))?;
    let then = Then::parse(arguments.next().as_deref())?;

    chapter("A node with BIRD and NSD, and a neighbour, each in a network namespace of its own");
    let lab = Lab::new(&[V4, V6])?;
    let service = Service::new("resolver", &PREFIXES).default_timing();
    let mut controller = Controller::install(&lab, &program, &Settings::new([service]))?;
    say(&std::fs::read_to_string(controller.configuration())?);
    show(&controller, &["check"])?;
    let stage = Stage {
        bird: controller.start_bird()?,
        neighbor: lab.start_neighbor(true)?,
        lab: &lab,
    };
    stage.neighbor.established()?;
    let mut server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    note(
        "Both BGP sessions are established, with MD5 and BFD. NSD answers. No route is announced yet:",
    );
    stage.show_routes()?;

    play(&stage, &mut controller, &mut server)?;
    then.carry_out(&stage, &controller)?;

    chapter(
        "systemctl stop: everything is withdrawn (on_stop: withdraw), and BIRD has confirmed it",
    );
    controller.stop(lab::Signal::SIGTERM)?;
    stage.until("withdrawn", || stage.neighbor.lacks(&PREFIXES))?;
    stage.show_routes()
}

/// The acts.
fn play(
    stage: &Stage<'_>,
    controller: &mut Controller<'_>,
    server: &mut DnsServer<'_>,
) -> Result<()> {
    chapter("anycastctl run: it announces after five good answers, a second apart");
    controller.start()?;
    stage.until("announced", || stage.neighbor.has(&PREFIXES))?;
    stage.show_routes()?;
    stage.until("confirmed exports", || exported(controller))?;
    show(controller, &["status"])?;

    chapter("kill -9 of the DNS server");
    server.kill()?;
    stage.until("gone at the neighbour", || stage.neighbor.lacks(&PREFIXES))?;
    show(controller, &["status"])?;

    chapter("Somebody runs `birdc configure`. It would undo a `disable`; ours stays");
    say(&without_codes(&stage.bird.configure()?));
    stage.lab.stays("withdrawn", Duration::from_secs(2), || {
        stage.neighbor.lacks(&PREFIXES)
    })?;
    stage.show_routes()?;

    chapter("The DNS server is back");
    server.restart(Answer::Normal)?;
    stage.until("back at the neighbour", || stage.neighbor.has(&PREFIXES))?;

    chapter("kill -STOP: the server hangs, its port stays open");
    server.process()?.freeze()?;
    stage.until("gone at the neighbour", || stage.neighbor.lacks(&PREFIXES))?;
    server.process()?.thaw()?;
    stage.until("back at the neighbour", || stage.neighbor.has(&PREFIXES))?;

    chapter("kill -9 of the controller, and a new one: the neighbour notices nothing");
    let before = stage.neighbor.updates()?;
    controller.stop(lab::Signal::SIGKILL)?;
    controller.start()?;
    // Past its own five verdicts: from then on it decides, and does not only adopt what it found.
    let decided = Duration::from_secs(7);
    stage
        .lab
        .stays("announced", decided, || stage.neighbor.has(&PREFIXES))?;
    let after = stage.neighbor.updates()?;
    note(&format!(
        "updates at the neighbour before: {before}; after: {after}"
    ));
    show(controller, &["probe"])?;

    chapter("The operator drains it: one update a prefix with 65535:0, and never a gap");
    show(
        controller,
        &[
            "drain",
            "resolver",
            "--for",
            "30m",
            "--reason",
            "kernel update",
        ],
    )?;
    stage.until("drained at the neighbour", || stage.neighbor.has(&PREFIXES))?;
    let drained = stage.neighbor.updates()?;
    note(&format!(
        "updates at the neighbour before: {after}; after: {drained}"
    ));
    show(controller, &["why", "resolver"])?;
    show(controller, &["undrain", "resolver"])?;

    chapter("What happened, with the answer that decided");
    show(controller, &["history", "resolver"])
}

/// `Ok` once the daemon has BIRD's word that neighbours get everything.
fn exported(controller: &Controller<'_>) -> Result<()> {
    match controller.call(&["status"])? {
        outcome if outcome.code == Some(0) => Ok(()),
        outcome => Err(Error::new(format!(
            "{}{}",
            outcome.output, outcome.complaint
        ))),
    }
}

/// Everything that plays but the DNS server and the controller.
struct Stage<'lab> {
    lab: &'lab Lab,
    bird: Bird<'lab>,
    neighbor: Neighbor<'lab>,
}

impl Stage<'_> {
    /// Waits, and says how long it took.
    fn until(&self, what: &str, look: impl FnMut() -> Result<()>) -> Result<()> {
        let began = Instant::now();
        self.lab.wait_until(what, look)?;
        note(&format!(
            "{what} after {:.2} s",
            began.elapsed().as_secs_f64()
        ));
        Ok(())
    }

    fn show_routes(&self) -> Result<()> {
        say("tor1# birdc show route");
        self.neighbor
            .bird()
            .ask("show route")
            .map(|reply| say(&without_codes(&reply)))
    }
}

/// What happens after the last act.
enum Then {
    End,
    Keep,
    Shell,
}

impl Then {
    fn parse(argument: Option<&str>) -> Result<Self> {
        match argument {
            None => Ok(Self::End),
            Some("--keep") => Ok(Self::Keep),
            Some("--shell") => Ok(Self::Shell),
            Some(other) => Err(Error::new(format!(
                "unknown option {other}: use --keep or --shell"
            ))),
        }
    }

    fn carry_out(&self, stage: &Stage<'_>, controller: &Controller<'_>) -> Result<()> {
        match self {
            Self::End => return Ok(()),
            Self::Keep => {
                chapter("Everything keeps running until you press Enter");
                say(&hints(stage, controller));
                std::io::stdin().lock().read_line(&mut String::new())?;
            }
            Self::Shell => {
                chapter("A shell on the node; `exit` ends everything");
                say(&hints(stage, controller));
                shell(stage, controller)?;
            }
        }
        Ok(())
    }
}

fn hints(stage: &Stage<'_>, controller: &Controller<'_>) -> String {
    format!(
        "anycastctl status, why, history, drain …   (ANYCASTCTL_CONFIG={})\n\
         birdc -s {}            the node's BIRD\n\
         birdc -s {}            the neighbour's",
        controller.configuration().display(),
        stage.bird.socket().display(),
        stage.neighbor.bird().socket().display()
    )
}

fn shell(stage: &Stage<'_>, controller: &Controller<'_>) -> Result<()> {
    let mut command = Command::new("bash");
    command.env("ANYCASTCTL_CONFIG", controller.configuration());
    if let Some(directory) = controller.program().parent() {
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", directory.display()));
    }
    stage.lab.node().enter(|| command.status())??;
    Ok(())
}

fn show(controller: &Controller<'_>, arguments: &[&str]) -> Result<()> {
    say(&format!("node# anycastctl {}", arguments.join(" ")));
    let outcome = controller.call(arguments)?;
    say(&format!("{}{}", outcome.output, outcome.complaint));
    Ok(())
}

/// BIRD's reply as its own client shows it.
fn without_codes(reply: &str) -> String {
    let text = |line: &str| match line.as_bytes() {
        [b' ', ..] => line[1..].to_owned(),
        _ => line.get(5..).unwrap_or_default().to_owned(),
    };
    reply.lines().map(text).collect::<Vec<_>>().join("\n")
}

fn chapter(text: &str) {
    say(&format!("\n=== {text}\n"));
}

fn note(text: &str) {
    say(&format!("--- {text}"));
}

fn say(text: &str) {
    // Whoever closed the terminal has seen enough.
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}
