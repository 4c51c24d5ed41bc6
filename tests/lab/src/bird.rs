//! BIRD: the daemon, and a client of its control socket.

mod control;
mod fake;
mod listener;
mod meddler;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

pub use control::ControlSocket;
pub use fake::{FakeBird, Mischief};
pub use meddler::{Meddler, Meddling};

use crate::{Error, Exception, Host, Process, Result, Signal};

/// The environment variable that names the program for the node.
const NODE_BINARY: &str = "LAB_BIRD";

/// A BIRD on a host, with its configuration in a file that anybody may change.
pub struct Bird<'lab> {
    host: &'lab Host,
    binary: OsString,
    configuration: PathBuf,
    socket: PathBuf,
    /// What it needs to stay alive.
    environment: Option<(&'static str, &'static str)>,
    process: Option<Process>,
}

impl<'lab> Bird<'lab> {
    /// The environment variable, and its value, that keeps BIRD alive where [`Exception::ClosedSessionKills`] is met:
    /// the one of `systemd/README.md`.
    pub const KEEPS_MEMORY: (&'static str, &'static str) = ("MALLOC_TRIM_THRESHOLD_", "1073741824");

    /// Starts BIRD on the node; `$LAB_BIRD` names another release's program.
    pub fn start_on_node(host: &'lab Host, configuration: &Path, socket: &Path) -> Result<Self> {
        Self::start(host, NODE_BINARY, configuration, socket)
    }

    /// Starts BIRD on a router; `$LAB_NEIGHBOR_BIRD` names another release's program.
    pub fn start_on_router(host: &'lab Host, configuration: &Path) -> Result<Self> {
        let socket = host.directory().join("bird.ctl");
        Self::start(host, "LAB_NEIGHBOR_BIRD", configuration, &socket)
    }

    /// The program that runs on the node.
    #[must_use]
    pub fn node_program() -> PathBuf {
        binary(NODE_BINARY).into()
    }

    /// The release of the node's BIRD, such as `2.0.12`.
    pub fn node_release() -> Result<String> {
        release_of(&binary(NODE_BINARY))
    }

    /// Starts the BIRD that the environment variable `release` names, or the system's.
    pub(crate) fn start(
        host: &'lab Host,
        release: &str,
        configuration: &Path,
        socket: &Path,
    ) -> Result<Self> {
        let binary = binary(release);
        let keeps_memory = Exception::ClosedSessionKills.is_of(&release_of(&binary)?);
        let mut bird = Self {
            host,
            binary,
            environment: keeps_memory.then_some(Self::KEEPS_MEMORY),
            configuration: configuration.to_owned(),
            socket: socket.to_owned(),
            process: None,
        };
        bird.restart()?;
        Ok(bird)
    }

    /// Starts it again after its end, and waits until it answers.
    pub fn restart(&mut self) -> Result<()> {
        let mut command = Command::new(&self.binary);
        command
            .arg("-f")
            .arg("-c")
            .arg(&self.configuration)
            .arg("-s")
            .arg(&self.socket);
        command.arg("-P").arg(self.socket.with_extension("pid"));
        command.envs(self.environment);
        let process = self.host.spawn("bird", &mut command)?;
        process.until("BIRD's control socket", || self.ask("show status"))?;
        self.process = Some(process);
        Ok(())
    }

    /// The running process.
    pub fn process(&self) -> Result<&Process> {
        self.process
            .as_ref()
            .ok_or_else(|| Error::new("BIRD does not run"))
    }

    /// Ends it with SIGKILL: nothing is said to anybody.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        let status = self.process()?.kill();
        self.process = None;
        status
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.process()?.signal(signal)
    }

    /// One command on a connection of its own, as somebody with `birdc` would.
    pub fn ask(&self, command: &str) -> Result<String> {
        ControlSocket::connect(&self.socket)?.ask(command)
    }

    /// The control socket's path.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The configuration file's path.
    #[must_use]
    pub fn configuration(&self) -> &Path {
        &self.configuration
    }

    /// `configure`, and an error unless BIRD took it: at once, in the background, or behind one that goes on.
    pub fn configure(&self) -> Result<String> {
        let reply = self.ask("configure")?;
        let codes = ["0003 ", "0004 ", "0005 "];
        let taken = codes.iter().any(|code| reply.contains(code));
        if taken {
            Ok(reply)
        } else {
            Err(Error::new(reply))
        }
    }

    /// Whether a protocol is up, by BIRD's own word: `Err` carries the row.
    pub fn is_up(&self, protocol: &str, wanted: bool) -> Result<()> {
        let table = self.ask(&format!("show protocols \"{protocol}\""))?;
        let row = table
            .lines()
            .find(|line| line.contains(protocol))
            .unwrap_or(&table);
        let state = row
            .split_whitespace()
            .nth(3)
            .ok_or_else(|| Error::new(row))?;
        if (state == "up") == wanted {
            Ok(())
        } else {
            Err(Error::new(row))
        }
    }

    /// Whether every BGP session is established; `Err` carries those that are not.
    pub fn all_established(&self) -> Result<()> {
        let table = self.ask("show protocols")?;
        let sessions: Vec<&str> = table
            .lines()
            .filter(|line| line.contains(" BGP "))
            .collect();
        let open: Vec<&str> = sessions
            .iter()
            .copied()
            .filter(|row| !row.contains("Established"))
            .collect();
        if !sessions.is_empty() && open.is_empty() {
            return Ok(());
        }
        Err(Error::new(if sessions.is_empty() {
            table
        } else {
            open.join("\n")
        }))
    }
}

/// What a program says of itself.
fn release_of(program: &OsStr) -> Result<String> {
    let output = Command::new(program).arg("--version").output()?;
    // BIRD says "BIRD version 2.0.12" on standard error, and some releases on standard output.
    let said = [output.stderr, output.stdout].concat();
    let said = String::from_utf8_lossy(&said);
    let release = said.split_whitespace().nth(2).map(str::to_owned);
    release.ok_or_else(|| Error::new(format!("bird --version: {said}")))
}

/// The program that an environment variable names, or the system's.
fn binary(variable: &str) -> OsString {
    let system = || crate::requirements::program("bird").unwrap_or_default();
    std::env::var_os(variable).unwrap_or_else(|| system().into_os_string())
}
