//! What the daemon costs with 10, 100 and 1,000 services of two checks each at the default second: processor and
//! memory while all is well, how long it takes to announce them all, and to withdraw them all.
//!
//! `cargo bench --bench footprint`, as root; `SERVICES=10,1000` for other counts, `PERIOD=60` for longer than 8 s, of
//! which there are five;
//! `EVENTS=false` for what it costs without standing connections.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the figures are what this program is for, and it takes minutes"
)]

#[allow(dead_code, reason = "the other benchmarks use the rest")]
mod figures;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use figures::Figures;
use lab::{
    Controller, DnsServer, Error, Lab, Neighbor, Result, Service, Settings, Signal, Software,
    wait_until,
};

const BINARY: &str = env!("CARGO_BIN_EXE_anycastctl");

/// What was promised for so many services: per cent of a core, and megabytes.
const MOST_SERVICES: u32 = 1000;
const MOST_PROCESSOR: f64 = 3.0;
const MOST_MEMORY: f64 = 30.0;

/// The processor is looked at so often: others use it, too, and the median counts.
const PERIODS: usize = 5;

/// For a thousand of anything on a busy machine.
const LONG: Duration = Duration::from_mins(3);

fn main() -> Result<()> {
    // `cargo test --all-targets` starts this program too, and must not take minutes.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    Figures::heading();
    let mut binary = Figures::of("the program itself", "MB");
    binary.push(megabytes(std::fs::metadata(BINARY)?.len()));
    binary.print();
    let mut kept = true;
    for count in counts() {
        kept &= measure(count)?;
    }
    if kept {
        Ok(())
    } else {
        Err(Error::new("not what was promised"))
    }
}

fn counts() -> Vec<u32> {
    let counts = std::env::var("SERVICES").unwrap_or_else(|_| "10,100,1000".to_owned());
    let counts = counts.split(',').filter_map(|count| count.parse().ok());
    counts.collect()
}

fn period() -> Duration {
    let seconds = std::env::var("PERIOD").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(8))
}

/// The rows of so many services; whether they are what was promised. The server freezes in the end: nobody answers, and everything has to go.
fn measure(count: u32) -> Result<bool> {
    let lab = Lab::new(&[])?;
    add_addresses(&lab, count)?;
    let server = DnsServer::start(lab.node(), Software::Nsd, "dns", &["0.0.0.0"])?;
    let mut controller =
        Controller::install(&lab, BINARY, &Settings::new(services(count)).without_bfd())?;
    let _bird = controller.start_bird()?;
    let neighbor = lab.start_neighbor(false)?;
    neighbor.established()?;

    let start = Instant::now();
    controller.start()?;
    routes(&neighbor, count)?;
    let announced = start.elapsed();
    eprintln!("{count} services, process {}", controller.daemon()?.id());
    let (shares, resident) = usage(&controller)?;
    let descriptors = controller.daemon()?.descriptors()?;
    server.process()?.signal(Signal::SIGSTOP)?;
    let start = Instant::now();
    routes(&neighbor, 0).map_err(|error| lab.explain(&error))?;
    let gone = start.elapsed();
    let rows = |what: &str, unit, measured: &[f64]| {
        let mut row = Figures::of(&format!("{what}, {count} services of two checks"), unit);
        for measured in measured {
            row.push(*measured);
        }
        row.print();
        row
    };
    let row = |what: &str, unit, measured| rows(what, unit, &[measured]);
    let processor = rows("processor", "% of a core", &shares);
    let memory = row("memory", "MB", megabytes(resident));
    #[allow(clippy::cast_precision_loss, reason = "a number of descriptors")]
    row("descriptors", "open", descriptors as f64);
    row("from start to all announced", "s", announced.as_secs_f64());
    row("`kill -STOP` to all gone", "s", gone.as_secs_f64());
    // Both are looked at, whatever one of them says.
    let promised = count == MOST_SERVICES;
    Ok(!promised || processor.promise(50, MOST_PROCESSOR) & memory.promise(100, MOST_MEMORY))
}

/// Per cent of a core over each period, once all has settled, and memory after them.
fn usage(controller: &Controller<'_>) -> Result<(Vec<f64>, u64)> {
    std::thread::sleep(Duration::from_secs(3));
    let (mut resident, mut before) = controller.daemon()?.usage()?;
    let mut shares = Vec::new();
    for _ in 0..PERIODS {
        let start = Instant::now();
        std::thread::sleep(period());
        let after;
        (resident, after) = controller.daemon()?.usage()?;
        let spent = after.saturating_sub(before).as_secs_f64();
        shares.push(spent / start.elapsed().as_secs_f64() * 100.0);
        before = after;
    }
    Ok((shares, resident))
}

/// Waits until the neighbour has so many routes.
fn routes(neighbor: &Neighbor<'_>, wanted: u32) -> Result<()> {
    wait_until(&format!("{wanted} routes"), LONG, || {
        let table = neighbor.bird().ask("show route table master4 count")?;
        let count = table
            .split(" of ")
            .next()
            .and_then(|text| text.rsplit(['-', ' ']).next());
        match count.and_then(|count| count.parse::<u32>().ok()) {
            Some(count) if count == wanted => Ok(()),
            _ => Err(Error::new(table)),
        }
    })
}

/// All addresses on the node's loopback, in one go.
fn add_addresses(lab: &Lab, count: u32) -> Result<()> {
    let file = lab.directory().join("addresses");
    let line = |number| format!("addr add {}/32 dev lo\n", address(number));
    std::fs::write(&file, (1..=count).map(line).collect::<String>())?;
    let file = file.display().to_string();
    lab.node().run("ip", &["-batch", &file]).map(drop)
}

fn address(number: u32) -> Ipv4Addr {
    const FIRST: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 0);
    Ipv4Addr::from(u32::from(FIRST) + number)
}

/// Services with default timing, each with a prefix and two checks at its address.
fn services(count: u32) -> Vec<Service> {
    let events = std::env::var("EVENTS").unwrap_or_else(|_| "true".to_owned());
    let service = |number: u32| {
        let prefix = format!("{}/32", address(number));
        Service::new(&format!("service{number}"), &[&prefix])
            .default_timing()
            .with(&format!("events: {events}"))
            .check("dns: { name: www.example.com, type: A }")
    };
    (1..=count).map(service).collect()
}

#[allow(clippy::cast_precision_loss, reason = "a memory of petabytes")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
