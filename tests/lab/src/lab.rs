//! The lab: a node, its neighbours and a directory, all private and all gone in the end.

use std::fmt::Display;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::{Context, Error, Host, Neighbor, PATIENCE, Result, requirements, stays, wait_until};

/// The node's AS number.
pub const NODE_ASN: u32 = 64601;

/// The AS number of every neighbour.
pub const NEIGHBOR_ASN: u32 = 64600;

/// Intervals of BFD that may be lost beside machines: 6 s. They boot and install packages, several at a time.
pub(crate) const PATIENT_MULTIPLIER: u8 = 20;

/// The MD5 password of every session.
pub(crate) const PASSWORD: &str = "lab-secret-1";

/// How much of each log a failure shows.
const LOG_TAIL: usize = 30;

/// A laboratory. Any number of them run side by side.
pub struct Lab {
    // Hosts before the directory: fields are dropped in this order, and processes write to it.
    node: Host,
    tor1: Host,
    directory: TempDir,
}

impl Lab {
    /// A node and one neighbour, linked, with the anycast addresses on the node's loopback.
    pub fn new(addresses: &[&str]) -> Result<Self> {
        requirements::check()?;
        let directory = tempfile::Builder::new().prefix("anycast-lab-").tempdir()?;
        let node = Host::new("node", &directory.path().join("node"))?;
        let tor1 = Host::new("tor1", &directory.path().join("tor1"))?;
        let lab = Self {
            node,
            tor1,
            directory,
        };
        link((&lab.node, "tor1"), (&lab.tor1, "node"), 0)?;
        for address in addresses {
            lab.add_address(address)?;
        }
        Ok(lab)
    }

    /// The host under test.
    #[must_use]
    pub fn node(&self) -> &Host {
        &self.node
    }

    /// The host opposite the node.
    #[must_use]
    pub fn opposite(&self) -> &Host {
        &self.tor1
    }

    /// The lab's directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Puts an anycast address on the node's loopback. Without `nodad` an IPv6 address is tentative for
    /// a moment even there, and a server that binds to it in that moment fails.
    pub fn add_address(&self, address: &str) -> Result<()> {
        let flags = if address.contains(':') { "nodad" } else { "" };
        let prefix = host_prefix(address);
        self.node.ip(&format!("addr add {prefix} dev lo {flags}"))
    }

    /// Takes an anycast address off the node's loopback.
    pub fn remove_address(&self, address: &str) -> Result<()> {
        self.node
            .ip(&format!("addr del {} dev lo", host_prefix(address)))
    }

    /// The file with the MD5 password of the sessions.
    pub fn password_file(&self) -> Result<std::path::PathBuf> {
        let path = self.node.directory().join("tor1.password");
        let mut file = std::fs::File::options()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .context(path.display())?;
        writeln!(file, "{PASSWORD}")?;
        Ok(path)
    }

    /// Starts the neighbour; `bfd` as the node has it.
    pub fn start_neighbor(&self, bfd: bool) -> Result<Neighbor<'_>> {
        self.start_neighbor_with(&neighbor_configuration(bfd, 3))
    }

    /// The same, with a BFD that does not take the boot of a machine for a failure.
    pub fn start_patient_neighbor(&self, bfd: bool) -> Result<Neighbor<'_>> {
        self.start_neighbor_with(&neighbor_configuration(bfd, PATIENT_MULTIPLIER))
    }

    /// Starts a neighbour with a configuration of one's own.
    pub fn start_neighbor_with(&self, configuration: &str) -> Result<Neighbor<'_>> {
        let path = self.tor1.directory().join("bird.conf");
        std::fs::write(&path, configuration).context(path.display())?;
        Neighbor::start(&self.tor1, &path)
    }

    /// [`wait_until`] with the lab's patience, and the logs of everybody when it was in vain.
    pub fn wait_until<T, E: Display>(
        &self,
        what: &str,
        look: impl FnMut() -> std::result::Result<T, E>,
    ) -> Result<T> {
        wait_until(what, PATIENCE, look).map_err(|error| self.explain(&error))
    }

    /// [`stays`], with the logs of everybody when it did not.
    pub fn stays<E: Display>(
        &self,
        what: &str,
        period: Duration,
        look: impl FnMut() -> std::result::Result<(), E>,
    ) -> Result<()> {
        stays(what, period, look).map_err(|error| self.explain(&error))
    }

    /// An error with the end of every log behind it.
    pub fn explain(&self, error: &Error) -> Error {
        explain(&[&self.node, &self.tor1], error)
    }
}

/// A link between two hosts, each with the name of its interface; `.2` is near and `.1` is far. Made from
/// outside, where process ids mean something. No duplicate address detection: addresses work at once.
pub(crate) fn link(near: (&Host, &str), far: (&Host, &str), subnet: usize) -> Result<()> {
    let [near_id, far_id] = [near, far].map(|(host, _)| host.holder().to_string());
    let status = Command::new(requirements::program("ip").unwrap_or_default())
        .args(["link", "add", near.1, "netns", &near_id, "type", "veth"])
        .args(["peer", "name", far.1, "netns", &far_id])
        .status()
        .context("ip link add")?;
    if !status.success() {
        return Err(Error::new(format!("ip link add: {status}")));
    }
    for ((host, interface), number) in [(near, 2), (far, 1)] {
        host.ip(&format!("link set {interface} up"))?;
        host.ip(&format!(
            "addr add 10.99.{subnet}.{number}/24 dev {interface}"
        ))?;
        host.ip(&format!(
            "addr add fd99:0:0:{subnet}::{number}/64 dev {interface} nodad"
        ))?;
    }
    Ok(())
}

/// An error with the end of every log of these hosts behind it.
pub(crate) fn explain(hosts: &[&Host], error: &Error) -> Error {
    let mut text = error.to_string();
    for host in hosts {
        let entries = std::fs::read_dir(host.directory())
            .into_iter()
            .flatten()
            .flatten();
        for path in entries.map(|entry| entry.path()) {
            if path.extension().is_some_and(|extension| extension == "log") {
                text.push_str(&log_tail(host.name(), &path));
            }
        }
    }
    Error::new(text)
}

/// The last lines of a log, under a heading.
fn log_tail(host: &str, path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    let log = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = log.lines().collect();
    let tail = lines[lines.len().saturating_sub(LOG_TAIL)..].join("\n");
    let name = path.file_name().unwrap_or_default().display();
    format!("\n--- {host}: {name}\n{tail}")
}

/// An address as a prefix of its full length.
fn host_prefix(address: &str) -> String {
    let length = if address.contains(':') { 128 } else { 32 };
    format!("{address}/{length}")
}

/// One session a family, which comes back within seconds after any loss.
fn neighbor_configuration(bfd: bool, multiplier: u8) -> String {
    let bfd = if bfd { "on" } else { "off" };
    let session = |family: &str, local: &str, remote: &str| {
        format!(
            "protocol bgp bgp_node_{family} {{
  local {local} as {NEIGHBOR_ASN};
  neighbor {remote} as {NODE_ASN};
  password \"{PASSWORD}\";
  bfd {bfd};
  hold time 10;
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
  ip{family} {{ import all; export none; }};
}}\n"
        )
    };
    format!(
        "log stderr all;
router id 10.99.0.1;
debug protocols {{ states, events }};
protocol device device1 {{ }}
protocol bfd bfd1 {{ interface \"*\" {{ interval 300 ms; multiplier {multiplier}; }}; }}
{}{}",
        session("v4", "10.99.0.1", "10.99.0.2"),
        session("v6", "fd99::1", "fd99::2")
    )
}
