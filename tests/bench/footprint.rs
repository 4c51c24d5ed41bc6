//! What the daemon costs with 10, 100 and 1,000 services of two checks each at the default second: processor and
//! memory while all is well, how long it takes to announce them all, and to withdraw them all.
//!
//! `cargo bench --bench footprint`, as root; `SERVICES=10,1000` for other counts, `PERIOD=60` for longer than 20 s.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the figures are what this program is for, and it takes minutes"
)]

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use lab::{
    Controller, DnsServer, Error, Lab, Neighbor, Result, Service, Settings, Signal, Software,
    wait_until,
};

const BINARY: &str = env!("CARGO_BIN_EXE_anycastctl");

/// For a thousand of anything on a busy machine.
const LONG: Duration = Duration::from_secs(180);

fn main() -> Result<()> {
    // `cargo test --all-targets` starts this program too, and must not take minutes.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    println!("binary: {}", megabytes(std::fs::metadata(BINARY)?.len()));
    println!(
        "{:>8} {:>10} {:>10} {:>12} {:>14} {:>12}",
        "services", "processor", "resident", "descriptors", "all announced", "all gone"
    );
    for count in counts() {
        measure(count)?;
    }
    Ok(())
}

fn counts() -> Vec<u32> {
    let counts = std::env::var("SERVICES").unwrap_or_else(|_| "10,100,1000".to_owned());
    let counts = counts.split(',').filter_map(|count| count.parse().ok());
    counts.collect()
}

fn period() -> Duration {
    let seconds = std::env::var("PERIOD").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(20))
}

/// One line of the table. The server freezes in the end: nobody answers, and everything has to go.
fn measure(count: u32) -> Result<()> {
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
    let (share, resident) = usage(&controller)?;
    let descriptors = controller.daemon()?.descriptors()?;
    server.process()?.signal(Signal::SIGSTOP)?;
    let start = Instant::now();
    routes(&neighbor, 0).map_err(|error| lab.explain(&error))?;
    let gone = start.elapsed();
    println!(
        "{count:>8} {share:>8.2} % {:>10} {descriptors:>12} {:>12.2} s {:>10.2} s",
        megabytes(resident),
        announced.as_secs_f64(),
        gone.as_secs_f64()
    );
    Ok(())
}

/// Per cent of a core over the period, once all has settled, and memory after it.
fn usage(controller: &Controller<'_>) -> Result<(f64, u64)> {
    std::thread::sleep(Duration::from_secs(3));
    let (_, before) = controller.daemon()?.usage()?;
    let start = Instant::now();
    std::thread::sleep(period());
    let (resident, after) = controller.daemon()?.usage()?;
    let spent = after.saturating_sub(before).as_secs_f64();
    Ok((spent / start.elapsed().as_secs_f64() * 100.0, resident))
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
    let service = |number: u32| {
        let prefix = format!("{}/32", address(number));
        Service::new(&format!("service{number}"), &[&prefix])
            .default_timing()
            .check("dns: { name: www.example.com, type: A }")
    };
    (1..=count).map(service).collect()
}

fn megabytes(bytes: u64) -> String {
    let tenths = bytes / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}
