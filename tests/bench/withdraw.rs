//! How long the world still comes to a dead server: measured at a real neighbour, and printed.
//!
//! `cargo bench --bench withdraw`, as root; `RUNS=50` for more than twenty runs a line. Every run has a
//! fresh daemon, so that none remembers the outage before it, and begins at a random point between two
//! probes.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the figures are what this program is for, and it takes minutes"
)]

mod figures;

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use figures::Figures;
use lab::{
    Answer, Controller, DnsServer, Lab, Neighbor, PATIENCE, Result, Service, Settings, Signal,
    Software,
};

const V4: &str = "192.0.2.53";
const PREFIX: &str = "192.0.2.53/32";

fn main() -> Result<()> {
    // `cargo test --all-targets` starts this program too, and must not take minutes.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let defaults = || service().default_timing();
    let quick = defaults()
        .with("interval: 100ms")
        .with("fast_interval: 20ms");
    let killed = outages("kill -9, defaults", defaults(), Signal::SIGKILL)?;
    let killed_quick = outages("kill -9, interval 100ms, fast 20ms", quick, Signal::SIGKILL)?;
    let frozen = outages("SIGSTOP, defaults", defaults(), Signal::SIGSTOP)?;

    Figures::heading();
    let mut decided = Figures::new("intent removed -> route gone");
    for (outage, decision) in [killed, killed_quick, frozen] {
        outage.print();
        decided.extend(&decision);
    }
    decided.print();
    Ok(())
}

fn service() -> Service {
    Service::new("resolver", &[PREFIX])
}

/// How many runs a line.
fn runs() -> u32 {
    std::env::var("RUNS")
        .ok()
        .and_then(|runs| runs.parse().ok())
        .unwrap_or(20)
}

/// From a signal to the server until the route is gone, and from the decision until then.
fn outages(name: &str, service: Service, signal: Signal) -> Result<(Figures, Figures)> {
    let lab = Lab::new(&[V4])?;
    let settings = Settings::new([service]);
    let mut controller = Controller::install(&lab, env!("CARGO_BIN_EXE_anycastctl"), &settings)?;
    let _bird = controller.start_bird()?;
    let neighbor = lab.start_neighbor(true)?;
    neighbor.established()?;
    let mut server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4])?;
    let (mut outage, mut decision) = (Figures::new(name), Figures::new("decision"));
    for run in 1..=runs() {
        eprintln!("{name}: run {run}");
        server.restart(Answer::Normal)?;
        controller.start()?;
        let (from_signal, from_decision) = one(&lab, &controller, &neighbor, &server, signal)?;
        outage.add(from_signal);
        decision.add(from_decision);
        controller.stop(Signal::SIGKILL)?;
    }
    Ok((outage, decision))
}

/// One outage.
fn one(
    lab: &Lab,
    controller: &Controller<'_>,
    neighbor: &Neighbor<'_>,
    server: &DnsServer<'_>,
    signal: Signal,
) -> Result<(Duration, Duration)> {
    lab.wait_until("the route", || neighbor.has(&[PREFIX]))?;
    std::thread::sleep(Duration::from_secs_f64(rand::random_range(1.0..2.0)));
    let mut watch = neighbor.watch(PREFIX)?;
    let decision = removal(
        &controller
            .intent_directory()
            .join("anycast_resolver_v4.conf"),
    );
    let start = Instant::now();
    server.process()?.signal(signal)?;
    let gone = watch.gone().map_err(|error| lab.explain(&error))?;
    let decided = decision.join().ok().flatten().unwrap_or(gone);
    Ok((gone - start, gone.saturating_duration_since(decided)))
}

/// When a file was seen to be gone. The daemon removes it as the first thing after its decision.
fn removal(file: &Path) -> JoinHandle<Option<Instant>> {
    let file = PathBuf::from(file);
    std::thread::spawn(move || {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if !file.exists() {
                return Some(Instant::now());
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        None
    })
}
