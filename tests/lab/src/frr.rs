//! FRR: a router of another family, without a trace of the system's own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Context, Error, Host, Process, Result};

/// Where Debian puts the daemons.
const DAEMONS: &str = "/usr/lib/frr";

/// The kernel's routes, BFD and BGP, in the order in which they need each other.
const NAMES: [&str; 3] = ["zebra", "bfdd", "bgpd"];

/// FRR leaves log buffers below /var/tmp when it is killed, and runs as root only if root is in the group
/// of its sockets: a daemon gets both, where nobody else sees them.
const PRIVATE: &str = "mount -t tmpfs lab /var/tmp && \
    sed 's/^frrvty:.*/&,root/' /etc/group >\"$0.group\" && mount --bind \"$0.group\" /etc/group && exec \"$@\"";

/// FRR on a host, with everything it writes in the host's directory.
pub struct Frr<'lab> {
    host: &'lab Host,
    directory: PathBuf,
    daemons: Vec<Process>,
}

impl<'lab> Frr<'lab> {
    /// Starts it without any configuration, and waits until its daemons answer.
    pub fn start(host: &'lab Host) -> Result<Self> {
        let directory = host.directory().join("frr");
        std::fs::create_dir_all(&directory).context(directory.display())?;
        std::fs::write(directory.join("vtysh.conf"), "").context("vtysh.conf")?;
        let mut frr = Self {
            host,
            directory,
            daemons: Vec::new(),
        };
        for name in NAMES {
            let daemon = frr.daemon(name)?;
            frr.daemons.push(daemon);
        }
        Ok(frr)
    }

    fn daemon(&self, name: &str) -> Result<Process> {
        let file = |suffix: &str| self.directory.join(format!("{name}.{suffix}"));
        std::fs::write(file("conf"), "").context(name)?;
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "sh", "-c", PRIVATE])
            .arg(self.directory.join(name));
        command.arg(Path::new(DAEMONS).join(name));
        command.args([
            "-u",
            "root",
            "-g",
            "root",
            "-A",
            "127.0.0.1",
            "-P",
            "0",
            "--log",
            "stdout",
        ]);
        command.arg("--vty_socket").arg(&self.directory);
        command.arg("-z").arg(self.directory.join("zserv.api"));
        command
            .arg("-i")
            .arg(file("pid"))
            .arg("-f")
            .arg(file("conf"));
        if name == "bfdd" {
            command.arg("--bfdctl").arg(file("control"));
        }
        let process = self.host.spawn(name, &mut command)?;
        process.until(name, || {
            let running = self.ask("show daemons")?;
            if running.split_whitespace().any(|running| running == name) {
                return Ok(());
            }
            Err(Error::new(running))
        })?;
        Ok(process)
    }

    /// A command for `vtysh`, and what it says.
    pub fn ask(&self, command: &str) -> Result<String> {
        self.vtysh(&["-c", command])
    }

    /// Merges a configuration into what runs, as an operator would; an error unless every line is taken.
    pub fn load(&self, configuration: &str) -> Result<()> {
        let path = self.directory.join("fragment.conf");
        std::fs::write(&path, configuration).context(path.display())?;
        self.vtysh(&["-f", &path.display().to_string()]).map(drop)
    }

    fn vtysh(&self, arguments: &[&str]) -> Result<String> {
        let directory = self.directory.display().to_string();
        let places = ["--vty_socket", &directory, "--config_dir", &directory];
        self.host.run("vtysh", &[&places, arguments].concat())
    }
}
