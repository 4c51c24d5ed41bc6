//! What the daemon costs while all is well: size, memory and processor with ten services.

use std::time::Duration;

use lab::{Controller, DnsServer, Lab, Result, Service, Settings, Software};

const SERVICES: u8 = 10;
const PERIOD: Duration = Duration::from_secs(10);
const BINARY: &str = env!("CARGO_BIN_EXE_anycastctl");

pub(crate) fn print() -> Result<()> {
    let addresses: Vec<String> = (1..=SERVICES)
        .flat_map(|number| {
            [
                format!("192.0.2.{number}"),
                format!("2001:db8:53::{number:x}"),
            ]
        })
        .collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let lab = Lab::new(&addresses)?;
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &addresses)?;
    let (prefixes, services) = services();
    let mut controller = Controller::install(&lab, BINARY, &Settings::new(services))?;
    let _bird = controller.start_bird()?;
    let neighbor = lab.start_neighbor(true)?;
    controller.start()?;
    let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
    lab.wait_until("all routes", || neighbor.has(&prefixes))?;

    let (_, before) = controller.daemon()?.usage()?;
    std::thread::sleep(PERIOD);
    let (resident, after) = controller.daemon()?.usage()?;
    let share = after.saturating_sub(before).as_secs_f64() / PERIOD.as_secs_f64() * 100.0;
    println!("binary: {}", megabytes(std::fs::metadata(BINARY)?.len()));
    println!("resident with {SERVICES} services: {}", megabytes(resident));
    println!("processor with {SERVICES} services: {share:.1} % of a core");
    Ok(())
}

/// All prefixes, and the services with default timing that have them.
fn services() -> (Vec<String>, Vec<Service>) {
    let mut all = Vec::new();
    let mut services = Vec::new();
    for number in 1..=SERVICES {
        let prefixes = [
            format!("192.0.2.{number}/32"),
            format!("2001:db8:53::{number:x}/128"),
        ];
        let name = format!("resolver{number}");
        let borrowed = prefixes.each_ref().map(String::as_str);
        services.push(Service::new(&name, &borrowed).default_timing());
        all.extend(prefixes);
    }
    (all, services)
}

fn megabytes(bytes: u64) -> String {
    let tenths = bytes / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}
