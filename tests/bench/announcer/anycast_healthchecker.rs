//! `anycast-healthchecker`: a thread for each service runs a command, and a list of prefixes that BIRD filters by is
//! rewritten and read again (`birdc configure`) at every change.
//!
//! Its BIRD is the one that ours has, with the lines of its documentation: routes of the addresses on the loopback
//! interface, and a filter for those in the list.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use lab::{Bird, Context, Error, Lab, NEIGHBOR_ASN, NODE_ASN, Result};

use super::{Announcer, Program, SAME, Timing, dig, password};

/// The default of `check_interval`. The others: `check_timeout = 2`, `check_rise = 2`, `check_fail = 2`.
pub(super) const INTERVAL: Duration = Duration::from_secs(10);

/// The environment variable that says where it is installed.
const PROGRAM: &str = "ANYCAST_HEALTHCHECKER";

/// What is in the list where no service is up: an empty one is an error to BIRD.
const DUMMY: &str = "10.189.200.255/32";

pub(super) fn start<'lab>(
    lab: &'lab Lab,
    addresses: &[String],
    timing: Timing,
) -> Result<Announcer<'lab>> {
    let program = std::env::var_os(PROGRAM).ok_or_else(|| {
        Error::new(format!(
            "${PROGRAM} does not name the program: tests/bench/run installs it"
        ))
    })?;
    let bird = start_bird(lab)?;
    let (daemon, services) = configuration(lab.node().directory(), addresses, timing)?;
    let mut command = Command::new(program);
    command.arg("-f").arg(daemon).arg("-d").arg(services);
    let process = lab.node().spawn("anycast-healthchecker", &mut command)?;
    Ok(Announcer {
        program: Program::Theirs(process),
        _bird: Some(bird),
    })
}

fn prefixes(directory: &Path) -> PathBuf {
    directory.join("anycast-prefixes.conf")
}

/// The node's BIRD, which reads the list of prefixes.
fn start_bird(lab: &Lab) -> Result<Bird<'_>> {
    let directory = lab.node().directory();
    let list = prefixes(directory);
    let empty = format!("define ACAST_PS_ADVERTISE =\n    [\n        {DUMMY}\n    ];\n");
    std::fs::write(&list, empty).context(list.display())?;
    let (list, password) = (list.display(), password(lab)?);
    let text = format!(
        "log stderr all;
router id 10.99.0.2;
include \"{list}\";
protocol device {{ scan time 10; }}
protocol direct direct1 {{ ipv4; interface \"lo\"; }}
protocol bgp tor1 {{
  local 10.99.0.2 as {NODE_ASN};
  neighbor 10.99.0.1 as {NEIGHBOR_ASN};
  password \"{password}\";
  connect delay time 1;
  ipv4 {{ import none; export where net ~ ACAST_PS_ADVERTISE; }};
}}
"
    );
    let configuration = directory.join("bird.conf");
    std::fs::write(&configuration, text).context(configuration.display())?;
    Bird::start_on_node(lab.node(), &configuration, &socket(directory))
}

fn socket(directory: &Path) -> PathBuf {
    directory.join("bird.ctl")
}

/// Its configuration file, and the directory with a file for all services. It runs as root here, and needs no `sudo`;
/// and by default it would log more than anybody reads.
fn configuration(
    directory: &Path,
    addresses: &[String],
    timing: Timing,
) -> Result<(PathBuf, PathBuf)> {
    let birdc = Bird::node_program().with_file_name("birdc");
    let (birdc, socket, list) = (birdc.display(), socket(directory), prefixes(directory));
    let (at, socket, list) = (directory.display(), socket.display(), list.display());
    let text = format!(
        "[daemon]
pidfile = {at}/anycast-healthchecker.pid
bird_conf = {list}
bird_reconfigure_cmd = {birdc} -s {socket} configure
dummy_ip_prefix = {DUMMY}
loglevel = info
"
    );
    let daemon = directory.join("anycast-healthchecker.conf");
    std::fs::write(&daemon, text).context(daemon.display())?;
    let services = directory.join("anycast-healthchecker.d");
    std::fs::create_dir_all(&services).context(services.display())?;
    std::fs::write(services.join("services.conf"), checks(addresses, timing)?)
        .context(services.display())?;
    Ok((daemon, services))
}

fn checks(addresses: &[String], timing: Timing) -> Result<String> {
    let same = match timing {
        Timing::Defaults => String::new(),
        Timing::Same => format!(
            "check_interval = {}\ncheck_timeout = {}\ncheck_fail = {}\ncheck_rise = {}\n",
            SAME.interval.as_secs_f64(),
            SAME.timeout.as_secs_f64(),
            SAME.fall,
            SAME.rise
        ),
    };
    let mut text = String::new();
    for (index, address) in addresses.iter().enumerate() {
        let (number, check) = (index + 1, dig(address));
        write!(
            text,
            "[service{number}]\ncheck_cmd = {check}\nip_prefix = {address}/32\ncheck_disabled = false\n{same}"
        )
        .context(address)?;
    }
    Ok(text)
}
