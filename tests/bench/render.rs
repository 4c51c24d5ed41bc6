//! What it costs to read and render a thousand services for a hundred neighbours: time and memory, printed.
//!
//! `cargo bench --bench render`; `RUNS=100` for more than thirty runs a line.

#![allow(
    clippy::print_stdout,
    reason = "the figures are what this program is for"
)]

#[allow(dead_code, reason = "the other benchmark uses the rest")]
mod figures;

use std::error::Error;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anycastctl::config::{Config, Draft};
use anycastctl::render;
use figures::{Figures, runs};

const SERVICES: usize = 1000;
const NEIGHBORS: usize = 100;
/// How many services a neighbour is given that does not get all.
const LISTED: usize = 500;
/// Neighbours in one included file: with so many lists, one file alone would hold too many values.
const TOGETHER: usize = 25;
/// What was promised, in milliseconds and megabytes.
const MOST_TIME: f64 = 250.0;
const MOST_MEMORY: f64 = 100.0;

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test --all-targets` starts this program too.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    Figures::heading();
    let mut kept = true;
    for (name, listed) in [("all of 1,000 services", 0), ("500 services each", LISTED)] {
        kept &= measure(name, &files(listed))?;
    }
    if kept {
        Ok(())
    } else {
        Err("more than was promised".into())
    }
}

/// The files of a configuration, the main one first.
fn files(listed: usize) -> Vec<String> {
    let mut main = "version: 1
node: { name: ams1, asn: 64601, router_id: 10.0.0.1 }
include: [conf.d/*.yaml]
services:\n"
        .to_owned();
    for number in 0..SERVICES {
        let (high, low) = (number / 250, number % 250);
        let _infallible = writeln!(
            main,
            "  service{number}:
    prefixes: [192.0.{high}.{low}/32, \"2001:db8:{number:x}::/48\"]
    communities: [\"64601:{number}\"]
    checks: [{{ dns: {{ server: 127.0.0.1, name: example.com, type: SOA }} }}]"
        );
    }
    let neighbors: Vec<String> = (0..NEIGHBORS)
        .map(|number| neighbor(number, listed))
        .collect();
    let included = neighbors.chunks(TOGETHER);
    let included = included.map(|some| format!("neighbors:\n{}", some.concat()));
    std::iter::once(main).chain(included).collect()
}

fn neighbor(number: usize, listed: usize) -> String {
    let names = (0..listed).map(|index| format!("service{}", (number * 7 + index) % SERVICES));
    let services = match listed {
        0 => String::new(),
        _ => format!("    services: [{}]\n", names.collect::<Vec<_>>().join(", ")),
    };
    format!(
        "  neighbor{number}:
    asn: {}
{services}    sessions:
      - {{ local: 10.1.{number}.2, remote: 10.1.{number}.1 }}
      - {{ local: \"fd00:{number}::2\", remote: \"fd00:{number}::1\" }}\n",
        64700 + number
    )
}

fn parse(files: &[String]) -> Result<Config, Box<dyn Error>> {
    let mut draft = Draft::new("config.yaml", &files[0]);
    for (number, text) in files.iter().enumerate().skip(1) {
        draft.add(&format!("conf.d/{number}.yaml"), text);
    }
    Ok(draft
        .finish()
        .map_err(|findings| findings.to_string())?
        .config)
}

/// Prints the figures; whether they are what was promised.
fn measure(name: &str, files: &[String]) -> Result<bool, Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    write(directory.path(), files)?;
    let mut process = Figures::new(&format!("{name}: whole process"));
    let mut memory = Figures::of(&format!("{name}: peak memory"), "MB");
    for _ in 0..runs(30) {
        let start = Instant::now();
        memory.push(run(directory.path())?);
        process.add(start.elapsed());
    }
    let mut reading = Figures::new(&format!("{name}: read, validate"));
    let mut rendering = Figures::new(&format!("{name}: render"));
    let mut size = 0;
    for _ in 0..runs(30) {
        let start = Instant::now();
        let config = parse(files)?;
        reading.add(start.elapsed());
        let start = Instant::now();
        size = render::bird(&config)?.len();
        rendering.add(start.elapsed());
    }
    for row in [&reading, &rendering, &process, &memory] {
        row.print();
    }
    println!("- {name}: bird.conf has {size} bytes");
    // Both are looked at, whatever one of them says.
    Ok(rendering.promise(100, MOST_TIME) & memory.promise(100, MOST_MEMORY))
}

fn write(directory: &Path, files: &[String]) -> std::io::Result<()> {
    std::fs::create_dir(directory.join("conf.d"))?;
    for (number, text) in files.iter().enumerate() {
        let name = match number {
            0 => "config.yaml".to_owned(),
            _ => format!("conf.d/{number}.yaml"),
        };
        std::fs::write(directory.join(name), text)?;
    }
    Ok(())
}

/// Renders in a process of its own; its peak resident memory in megabytes. The pipe is too small for the output,
/// so that the process waits at its end until it was looked at.
fn run(directory: &Path) -> Result<f64, Box<dyn Error>> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_anycastctl"))
        .arg("-c")
        .arg(directory.join("config.yaml"))
        .arg("render")
        .stdout(Stdio::piped())
        .spawn()?;
    let mut output = child.stdout.take().ok_or("no pipe")?;
    let mut text = vec![0; 1];
    output.read_exact(&mut text)?;
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    output.read_to_end(&mut text)?;
    if !child.wait()?.success() {
        return Err("render failed".into());
    }
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    let kilobytes: f64 = number.ok_or("no VmHWM")?.parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}
