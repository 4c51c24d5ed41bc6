//! How long an operator waits for `status`: the whole process, from its start to its end, and printed.
//!
//! `cargo bench --bench status`; `RUNS=500` for more than a hundred runs a line. The daemon runs beside no BIRD and
//! probes a closed port: what takes time here is reading the configuration, asking, and writing tables.

#![allow(
    clippy::print_stdout,
    reason = "the figures are what this program is for"
)]

#[allow(dead_code, reason = "the other benchmarks use the rest")]
mod figures;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use figures::{Figures, runs};

const BINARY: &str = env!("CARGO_BIN_EXE_anycastctl");

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    // `cargo test --all-targets` starts this program too, and must not take minutes.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    Figures::heading();
    for (services, sessions) in [(1, 2), (10, 4), (100, 10), (1000, 10)] {
        let directory = tempfile::tempdir()?;
        let config = configuration(directory.path(), services, sessions)?;
        let _daemon = Daemon::start(&config)?;
        for arguments in [&["status"][..], &["status", "--json"], &["why", "service1"]] {
            let s = if services == 1 { "" } else { "s" };
            let name = format!("`{}`, {services} service{s}", arguments.join(" "));
            measure(&name, &config, arguments)?.print();
        }
    }
    Ok(())
}

fn measure(name: &str, config: &Path, arguments: &[&str]) -> Result<Figures> {
    let mut figures = Figures::new(name);
    for _ in 0..runs(100) {
        let start = Instant::now();
        let output = command(config, arguments).output()?;
        figures.add(start.elapsed());
        if output.stdout.is_empty() {
            return Err(format!("{arguments:?}: {output:?}").into());
        }
    }
    Ok(figures)
}

fn command(config: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.arg("-c").arg(config).args(arguments);
    command
}

/// So many services with two prefixes and two checks each, told to so many sessions.
fn configuration(directory: &Path, services: usize, sessions: usize) -> Result<PathBuf> {
    let at = directory.display();
    let mut text = format!(
        "version: 1
node: {{ name: bench, asn: 64601, router_id: 10.99.0.2 }}
bird: {{ socket: {at}/bird.ctl, config: {at}/bird.conf, intent_dir: {at}/intent }}
daemon: {{ control: {at}/control.sock, state_dir: {at}/state, listen: \"off\" }}
neighbors:
"
    );
    for session in 1..=sessions / 2 {
        write!(
            text,
            "  tor{session}:
    asn: 64600
    sessions: [{{ local: 10.99.{session}.2, remote: 10.99.{session}.1 }}, {{ local: \"fd99:{session}::2\", remote: \"fd99:{session}::1\" }}]
"
        )?;
    }
    text.push_str("services:\n");
    for service in 1..=services {
        let (high, low) = (service / 250, service % 250);
        write!(
            text,
            "  service{service}:
    prefixes: [192.0.{high}.{low}/32, \"2001:db8:53::{service:x}/128\"]
    require_address: false
    checks:
      - dns: {{ server: 127.0.0.1, port: 9, name: example.com, type: SOA }}
      - dns: {{ server: 127.0.0.1, port: 9, name: example.net, type: SOA }}
"
        )?;
    }
    let config = directory.join("config.yaml");
    std::fs::write(&config, text)?;
    Ok(config)
}

/// A daemon that ends with its owner.
struct Daemon(Child);

impl Daemon {
    fn start(config: &Path) -> Result<Self> {
        const PATIENCE: Duration = Duration::from_secs(10);
        let mut run = command(config, &["run", "--log-level", "error"]);
        let daemon = Self(run.stderr(Stdio::null()).spawn()?);
        let deadline = Instant::now() + PATIENCE;
        while command(config, &["status", "--json"])
            .output()?
            .stdout
            .is_empty()
        {
            if Instant::now() > deadline {
                return Err("the daemon does not answer".into());
            }
        }
        Ok(daemon)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
