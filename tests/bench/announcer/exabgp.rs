//! `ExaBGP`'s `healthcheck`, as its documentation has it: a process for each service, which `ExaBGP` runs and listens
//! to. `ExaBGP` announces to the neighbour itself: no BIRD stands between them, and nothing is slower for that.
//!
//! By default it never withdraws: a service that is down is announced with a MED of 1000, which is of no use where no
//! other node announces. What is measured has `withdraw-on-down`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use lab::{Context, Lab, NEIGHBOR_ASN, NODE_ASN, Result};

use super::{Announcer, Program, SAME, Timing, dig, password};

/// The default of `--interval`. The others: `--fast-interval 1`, `--timeout 5`, `--rise 3`, `--fall 3`.
pub(super) const INTERVAL: Duration = Duration::from_secs(5);

/// The whole second that is next to the timeout of [`SAME`]; parts of a second are no timeout to it.
const TIMEOUT: u8 = 1;

/// The Python that Debian's package is for.
const PYTHON: &str = "/usr/bin/python3";

pub(super) fn start<'lab>(
    lab: &'lab Lab,
    addresses: &[String],
    timing: Timing,
) -> Result<Announcer<'lab>> {
    let directory = lab.node().directory();
    let mut text = String::new();
    let mut names = Vec::new();
    for (index, address) in addresses.iter().enumerate() {
        let name = format!("service{}", index + 1);
        let options = healthcheck(directory, &name, address, timing)?;
        let options = options.display();
        writeln!(
            text,
            "process {name} {{ run {PYTHON} -m exabgp healthcheck --config {options}; encoder text; }}"
        )
        .context(&name)?;
        names.push(name);
    }
    text.push_str(&session(&password(lab)?, &names.join(", ")));
    let configuration = directory.join("exabgp.conf");
    std::fs::write(&configuration, text).context(configuration.display())?;
    let mut command = Command::new(PYTHON);
    command
        .args(["-m", "exabgp"])
        .arg(&configuration)
        // It would make itself a user of its own, and a pipe for a command line.
        .env("exabgp_daemon_user", "root")
        .env("exabgp_api_cli", "false");
    let process = lab.node().spawn("exabgp", &mut command)?;
    Ok(Announcer {
        program: Program::Theirs(process),
        _bird: None,
    })
}

/// The file with the options of one `healthcheck`. No syslog: there is none in a lab. The addresses are there already.
fn healthcheck(directory: &Path, name: &str, address: &str, timing: Timing) -> Result<PathBuf> {
    let mut text = format!(
        "command = {}\nip = {address}/32\nwithdraw-on-down\nno-ip-setup\nno-syslog\n",
        dig(address)
    );
    if timing == Timing::Same {
        let (interval, fast) = (
            SAME.interval.as_secs_f64(),
            SAME.fast_interval.as_secs_f64(),
        );
        let (rise, fall) = (SAME.rise, SAME.fall);
        let same = format!(
            "interval = {interval}\nfast-interval = {fast}\ntimeout = {TIMEOUT}\nrise = {rise}\nfall = {fall}\n"
        );
        text.push_str(&same);
    }
    let path = directory.join(format!("{name}.options"));
    std::fs::write(&path, text).context(path.display())?;
    Ok(path)
}

/// The session with the lab's neighbour.
fn session(password: &str, processes: &str) -> String {
    format!(
        "neighbor 10.99.0.1 {{
  router-id 10.99.0.2;
  local-address 10.99.0.2;
  local-as {NODE_ASN};
  peer-as {NEIGHBOR_ASN};
  md5-password \"{password}\";
  family {{ ipv4 unicast; }}
  api {{ processes [ {processes} ]; }}
}}
"
    )
}
