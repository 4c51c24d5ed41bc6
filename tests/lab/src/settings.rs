//! Our program's configuration file, for the lab: every path inside the node's directory.

use std::fmt::Write;
use std::path::PathBuf;

use crate::lab::{NEIGHBOR_ASN, PATIENT_MULTIPLIER};
use crate::{Bird, Context, Lab, NODE_ASN, Result};

/// Timing for tests that are not about timing.
const QUICK: [&str; 5] = [
    "interval: 200ms",
    "fast_interval: 50ms",
    "timeout: 400ms",
    "rise: 2",
    "fall: 3",
];

/// A service in the configuration.
#[derive(Debug, Clone)]
pub struct Service {
    name: String,
    prefixes: Vec<String>,
    options: Vec<String>,
    checks: Vec<String>,
}

impl Service {
    /// A service with these prefixes, quick timing, and one check: `example.com SOA` over UDP.
    #[must_use]
    pub fn new(name: &str, prefixes: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            prefixes: prefixes.iter().map(|&prefix| prefix.to_owned()).collect(),
            options: QUICK.map(str::to_owned).into(),
            checks: vec!["dns: { name: example.com, type: SOA }".to_owned()],
        }
    }

    /// Leaves all timing to the defaults.
    #[must_use]
    pub fn default_timing(mut self) -> Self {
        self.options.clear();
        self
    }

    /// Adds a line of the service's own, such as `rise: 2`; it replaces an earlier one of the same key.
    #[must_use]
    pub fn with(mut self, option: &str) -> Self {
        let key = option.split(':').next();
        self.options.retain(|other| other.split(':').next() != key);
        self.options.push(option.to_owned());
        self
    }

    /// Adds a check.
    #[must_use]
    pub fn check(mut self, check: &str) -> Self {
        self.checks.push(check.to_owned());
        self
    }

    /// Has this check only.
    #[must_use]
    pub fn only_check(mut self, check: &str) -> Self {
        self.checks.clear();
        self.check(check)
    }

    fn render(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "  {}:", self.name)?;
        let quoted: Vec<String> = self
            .prefixes
            .iter()
            .map(|prefix| format!("\"{prefix}\""))
            .collect();
        writeln!(text, "    prefixes: [{}]", quoted.join(", "))?;
        for option in &self.options {
            writeln!(text, "    {option}")?;
        }
        writeln!(text, "    checks:")?;
        self.checks
            .iter()
            .try_for_each(|check| writeln!(text, "      - {check}"))
    }
}

/// A node's whole configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    services: Vec<Service>,
    bfd: bool,
    daemon: Vec<String>,
    flap: Vec<String>,
    bird: Vec<String>,
    neighbor: Vec<String>,
    host: Vec<String>,
}

impl Settings {
    /// These services, announced to the lab's neighbour with MD5 and BFD.
    #[must_use]
    pub fn new(services: impl Into<Vec<Service>>) -> Self {
        Self {
            services: services.into(),
            bfd: true,
            daemon: Vec::new(),
            flap: Vec::new(),
            bird: Vec::new(),
            neighbor: vec!["hold_time: 10s".to_owned()],
            host: Vec::new(),
        }
    }

    /// Without BFD, so that a frozen BIRD keeps its sessions for the hold time.
    #[must_use]
    pub fn without_bfd(mut self) -> Self {
        self.bfd = false;
        self
    }

    /// Routes stay when the daemon stops.
    #[must_use]
    pub fn hold_on_stop(self) -> Self {
        self.daemon("on_stop: hold")
    }

    /// Adds a key of the daemon's, such as `stale_after: 5s`.
    #[must_use]
    pub fn daemon(mut self, option: &str) -> Self {
        self.daemon.push(format!(", {option}"));
        self
    }

    /// Adds a key that says when a session flaps, such as `action: hold`.
    #[must_use]
    pub fn flap(mut self, option: &str) -> Self {
        self.flap.push(option.to_owned());
        self
    }

    /// Adds a key of BIRD's, such as `poll_interval: 5s`.
    #[must_use]
    pub fn bird(mut self, option: &str) -> Self {
        self.bird.push(option.to_owned());
        self
    }

    /// Adds a key of the neighbour's, such as `hold_time: 3s`; it replaces an earlier one of the same name.
    #[must_use]
    pub fn neighbor(mut self, option: &str) -> Self {
        let key = option.split(':').next();
        self.neighbor.retain(|other| other.split(':').next() != key);
        self.neighbor.push(option.to_owned());
        self
    }

    /// Adds a key of the host's, such as `interface: anycast0`.
    #[must_use]
    pub fn host(mut self, option: &str) -> Self {
        self.host.push(option.to_owned());
        self
    }

    /// Whether the sessions use BFD.
    #[must_use]
    pub fn bfd(&self) -> bool {
        self.bfd
    }

    /// Writes the configuration file and the password file.
    pub fn install(&self, lab: &Lab) -> Result<PathBuf> {
        let path = lab.node().directory().join("config.yaml");
        let text = self.render(lab)?;
        std::fs::write(&path, text).context(path.display())?;
        Ok(path)
    }

    /// Every path inside the node's directory.
    fn render(&self, lab: &Lab) -> Result<String> {
        let directory = lab.node().directory().display();
        let (version, program) = (Bird::node_release()?, Bird::node_program());
        let bird = format!(
            "  version: \"{version}\"
  socket: {directory}/bird.ctl
  config: {directory}/bird.conf
  secrets: {directory}/bird.secrets.conf
  intent_dir: {directory}/intent
  log: {directory}/bird-own.log
  binary: {}
",
            program.display()
        );
        let daemon = format!("control: {directory}/control.sock, state_dir: {directory}/state");
        let password = lab.password_file()?.display().to_string();
        self.render_with(&bird, &daemon, &password)
    }

    /// The same for a machine, where every path is the default, and where a boot beside it is no failure to BFD.
    pub fn for_machine(&self) -> Result<String> {
        self.render_with(
            "  socket: /run/bird/bird.ctl\n",
            "state_dir: /var/lib/anycastctl",
            Self::MACHINE_PASSWORD,
        )
        .map(|text| format!("{text}bfd: {{ multiplier: {PATIENT_MULTIPLIER} }}\n"))
    }

    /// Where a machine has the password of its sessions.
    pub const MACHINE_PASSWORD: &str = "/etc/anycastctl/secrets/tor1";

    fn render_with(&self, paths: &str, daemon: &str, password: &str) -> Result<String> {
        let (bfd, more) = (self.bfd, self.daemon.concat());
        let bird = self.bird.join("\n  ");
        let neighbor = self.neighbor.join("\n    ");
        let host = self.host.join(", ");
        let flap = self.flap.join(", ");
        let mut text = format!(
            "version: 1
node: {{ name: lab1, asn: {NODE_ASN}, router_id: 10.99.0.2 }}
bird:
{paths}  {bird}
daemon: {{ {daemon}{more} }}
flap: {{ {flap} }}
host: {{ {host} }}
neighbors:
  tor1:
    asn: {NEIGHBOR_ASN}
    sessions:
      - {{ local: 10.99.0.2, remote: 10.99.0.1 }}
      - {{ local: \"fd99::2\", remote: \"fd99::1\" }}
    password_file: {password}
    bfd: {bfd}
    {neighbor}
services:
"
        );
        for service in &self.services {
            service.render(&mut text).context("configuration")?;
        }
        Ok(text)
    }
}
