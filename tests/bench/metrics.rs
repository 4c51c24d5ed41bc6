//! What a scrape costs: 100 services, each with two prefixes and two checks, and ten sessions.
//!
//! `cargo bench --bench metrics`, as root; `RUNS=1000` for more than 200 runs a line. The daemon has no BIRD, and
//! nobody answers its checks: it is as busy as it can be.

#![allow(
    clippy::print_stdout,
    reason = "the figures are what this program is for"
)]

#[allow(dead_code, reason = "the other benchmarks use the rest")]
mod figures;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anycastctl::metrics::{
    self, Confirmations, FamilyMeasurements, Format, Histogram, Measurements, ProbeMeasurements,
    Verdicts,
};
use anycastctl::status::{Limit, Routes, Snapshot};
use figures::{Figures, runs};
use lab::{Context, Controller, Error, Lab, Result, Service, Settings};

const SERVICES: u8 = 100;
const ADDRESS: &str = "127.0.0.1:9553";
const ACCEPT: &str = "application/openmetrics-text;version=1.0.0";

fn main() -> Result<()> {
    // `cargo test --all-targets` starts this program too.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let addresses: Vec<String> = (1..=SERVICES).flat_map(addresses).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let lab = Lab::new(&addresses)?;
    let services: Vec<_> = (1..=SERVICES).map(service).collect();
    let settings = Settings::new(services);
    let mut controller = Controller::install(&lab, env!("CARGO_BIN_EXE_anycastctl"), &settings)?;
    more_neighbors(&controller)?;
    controller.start()?;
    let status = lab.wait_until("every check has a verdict", || {
        let status = lab.node().enter(|| get("/status"))??;
        let snapshot: Snapshot = serde_json::from_str(&status).context("status")?;
        let mut checks = snapshot.services.iter().flat_map(|service| &service.checks);
        if checks.all(|check| check.verdict.is_some()) {
            return Ok(snapshot);
        }
        Err(Error::new("not yet"))
    })?;

    Figures::heading();
    encode_alone(status);
    for path in ["/metrics", "/status", "/healthz"] {
        let length = lab.node().enter(|| get(path))??.len();
        let mut figures = Figures::new(&format!("`GET {path}`, {length} bytes"));
        lab.node().enter(|| -> Result<()> {
            for _ in 0..runs(200) {
                let start = Instant::now();
                get(path)?;
                figures.add(start.elapsed());
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(())
        })??;
        figures.print();
    }
    Ok(())
}

fn addresses(number: u8) -> [String; 2] {
    [
        format!("192.0.2.{number}"),
        format!("2001:db8:53::{number:x}"),
    ]
}

fn service(number: u8) -> Service {
    let [v4, v6] = addresses(number);
    let prefixes = [format!("{v4}/32"), format!("{v6}/128")];
    Service::new(
        &format!("resolver{number}"),
        &prefixes.each_ref().map(String::as_str),
    )
    .default_timing()
    .check("dns: { name: example.com, type: SOA, transport: tcp }")
}

/// The lab's neighbour has two sessions: four more of its kind.
fn more_neighbors(controller: &Controller<'_>) -> Result<()> {
    let path = controller.configuration();
    let text = std::fs::read_to_string(path)?;
    let (before, rest) = text
        .split_once("  tor1:\n")
        .ok_or_else(|| Error::new("no neighbour"))?;
    let (neighbor, after) = rest
        .split_once("services:\n")
        .ok_or_else(|| Error::new("no services"))?;
    let neighbors: Vec<_> = (1..=5)
        .map(|number| {
            let neighbor = neighbor
                .replace("10.99.0.1 ", &format!("10.99.0.{number}0 "))
                .replace("fd99::1\"", &format!("fd99::{number}0\""));
            format!("  tor{number}:\n{neighbor}")
        })
        .collect();
    let neighbors = neighbors.concat();
    std::fs::write(path, format!("{before}{neighbors}services:\n{after}"))?;
    Ok(())
}

/// The body of a page; asked as Prometheus does, over a new connection.
fn get(path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(ADDRESS)?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: node\r\nAccept: {ACCEPT}\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
        _ => Err(Error::new(answer)),
    }
}

/// With everything known that BIRD could tell.
fn encode_alone(mut snapshot: Snapshot) {
    let at = snapshot.at;
    for session in &mut snapshot.sessions {
        (session.since, session.bfd) = (Some(at), Some("Up".to_owned()));
        session.routes = Some(Routes {
            imported: 1,
            exported: 200,
            filtered: Some(0),
        });
        session.limits = vec![Limit {
            direction: "import".to_owned(),
            max: 100,
            action: "disable".to_owned(),
            hit: false,
        }];
    }
    let mut exports = 0;
    for export in snapshot
        .services
        .iter_mut()
        .flat_map(|service| &mut service.exported_to)
    {
        export.exported = Some(true);
        exports += 1;
    }
    let measurements = measurements(&snapshot);
    let (mut open, mut text) = (
        Figures::new("encode"),
        Figures::new("encode, as text 0.0.4"),
    );
    let (mut length, mut lines) = (0, 0);
    for _ in 0..runs(200) {
        let (snapshot, measurements) = (snapshot.clone(), measurements.clone());
        let start = Instant::now();
        let written = metrics::encode(snapshot, measurements);
        open.add(start.elapsed());
        (length, lines) = (written.len(), written.lines().count());
        let written = Format::Text.of(written);
        text.add(start.elapsed());
        drop(written);
    }
    open.print();
    text.print();
    println!(
        "- metrics: {} probes, {exports} exports, {lines} lines, {length} bytes",
        measurements.probes.len()
    );
}

fn measurements(snapshot: &Snapshot) -> Measurements {
    let (mut probes, mut families) = (Vec::new(), Vec::new());
    for service in &snapshot.services {
        probes.extend(service.checks.iter().map(|check| {
            let mut latency = Histogram::latency();
            (1..=1000).for_each(|number| latency.observe(f64::from(number) / 10_000.0));
            ProbeMeasurements {
                service: service.name.clone(),
                check: check.name.clone(),
                server: check.server.clone(),
                verdicts: Verdicts {
                    pass: 123_456,
                    fail: 12,
                    unknown: 0,
                },
                latency,
            }
        }));
        families.extend(service.families.iter().map(|family| FamilyMeasurements {
            service: service.name.clone(),
            family: family.family,
            mismatch: Duration::from_millis(1234),
        }));
    }
    Measurements {
        probes,
        families,
        confirmations: Confirmations::default(),
    }
}
