//! A machine: a booted Debian whose network is a host of the lab.
//!
//! It has an init, a journal and a package manager; the truth about it is read at the neighbour. What it writes
//! is in memory and private to it, so that machines run side by side and leave nothing behind.

mod root;

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::{Context, Error, Lab, Outcome, Result, wait_until};

/// How a machine is made, booted and cleaned up behind.
const GUARD: &str = include_str!("machine/boot.sh");

/// How much a machine may write in all: a full disk is soon full.
const DISK: &str = "256m";

/// How long a machine may take to boot, to reboot or to end.
const BOOT: Duration = Duration::from_secs(60);

/// The roots that machines start with, kept in a directory. Making one takes most of a minute.
pub struct Roots {
    cache: PathBuf,
}

/// What a machine starts with.
#[derive(Debug, Clone)]
pub struct Root(String);

impl Roots {
    /// The roots that are kept in this directory, or will be.
    #[must_use]
    pub fn kept_in(cache: impl Into<PathBuf>) -> Self {
        Self {
            cache: cache.into(),
        }
    }

    /// A fresh Debian 12 with `bird2` and `unbound`.
    pub fn debian(&self) -> Result<Root> {
        let root = root::debian(&self.cache)?;
        Ok(Root(root.display().to_string()))
    }

    /// The same, and this package was installed before the machine was booted.
    pub fn with_package(&self, package: &Path) -> Result<Root> {
        let root = root::debian(&self.cache)?;
        let layer = root::with_package(&self.cache, &root, package)?;
        Ok(Root(format!("{}:{}", layer.display(), root.display())))
    }
}

/// A booted Debian.
pub struct Machine<'lab> {
    lab: &'lab Lab,
    guard: Child,
    directory: PathBuf,
    journal: PathBuf,
}

impl<'lab> Machine<'lab> {
    /// Makes a machine whose network is the lab's node, lets `prepare` change its files, and boots it.
    pub fn boot(
        lab: &'lab Lab,
        root: &Root,
        prepare: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Self> {
        let directory = lab.node().directory().join("machine");
        std::fs::create_dir_all(&directory).context(directory.display())?;
        let mut machine = Self {
            lab,
            guard: start_guard(lab, root, &directory)?,
            journal: lab.node().directory().join("journal.log"),
            directory,
        };
        machine.until_made()?;
        prepare(&machine.files())?;
        let order = machine.guard.stdin.as_mut();
        let order = order.ok_or_else(|| Error::new("no guard"))?;
        writeln!(order, "boot").context("boot")?;
        machine.until_booted(0)?;
        Ok(machine)
    }

    /// The guard says so once the machine's files are there.
    fn until_made(&mut self) -> Result<()> {
        let mut said = String::new();
        if let Some(output) = self.guard.stdout.take() {
            BufReader::new(output).read_line(&mut said)?;
        }
        if said.trim() == "made" {
            return Ok(());
        }
        let status = self.guard.wait()?;
        Err(self
            .lab
            .explain(&Error::new(format!("no machine: {status}"))))
    }

    /// The machine's root, as somebody outside sees it: without what is mounted in it once it runs.
    fn files(&self) -> PathBuf {
        let guard = Path::new("/proc").join(self.guard.id().to_string());
        let directory = self.directory.strip_prefix("/");
        let directory = directory.unwrap_or(&self.directory);
        guard.join("root").join(directory).join("root")
    }

    /// Waits until it runs with another init than `before`, and has started what it starts.
    fn until_booted(&self, before: u32) -> Result<()> {
        let up = |said: &str| matches!(said.trim(), "running" | "degraded");
        wait_until("a booted machine", BOOT, || {
            if self.init()? == before {
                return Err(Error::new("the old one runs"));
            }
            let said = self.run("systemctl is-system-running")?;
            if up(&said.output) {
                return Ok(());
            }
            Err(Error::new(format!("{said:?}")))
        })
        .map_err(|error| self.explain(&error))
    }

    /// The process id of its init, as this machine counts them.
    pub fn init(&self) -> Result<u32> {
        init_below(self.guard.id(), false).ok_or_else(|| Error::new("no init"))
    }

    /// Runs a shell's command line in the machine, as root, to its end; a minute at most.
    pub fn run(&self, line: &str) -> Result<Outcome> {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.init()?.to_string(), "--all", "--"])
            .args(["timeout", "60", "sh", "-c", &format!("cd /\n{line}")])
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/root")
            .env("LANG", "C.UTF-8");
        let output = command.output().context(line)?;
        Ok(Outcome {
            code: output.status.code(),
            output: String::from_utf8_lossy(&output.stdout).into_owned(),
            complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// The same, and a bad exit is an error; returns standard output.
    pub fn succeed(&self, line: &str) -> Result<String> {
        let outcome = self.run(line)?;
        if outcome.code == Some(0) {
            return Ok(outcome.output);
        }
        Err(self.explain(&Error::new(format!("{line}: {outcome:?}"))))
    }

    /// A property of a unit, such as `MainPID`.
    pub fn property(&self, unit: &str, property: &str) -> Result<String> {
        let said = self.succeed(&format!("systemctl show --value -p {property} {unit}"))?;
        Ok(said.trim().to_owned())
    }

    /// Where a file of the running machine is found from outside.
    pub fn path(&self, path: &str) -> Result<PathBuf> {
        let init = Path::new("/proc").join(self.init()?.to_string());
        Ok(init.join("root").join(path.trim_start_matches('/')))
    }

    /// Writes a file of the running machine; directories that are missing are made.
    pub fn write(&self, path: &str, content: &str) -> Result<()> {
        let path = self.path(path)?;
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).context(directory.display())?;
        }
        std::fs::write(&path, content).context(path.display())
    }

    /// Copies a file into the running machine.
    pub fn copy(&self, from: &Path, to: &str) -> Result<()> {
        std::fs::copy(from, self.path(to)?).context(from.display())?;
        Ok(())
    }

    /// What a unit has said since the machine was booted, without times.
    pub fn journal(&self, unit: &str) -> Result<String> {
        self.succeed(&format!("journalctl --boot --output=cat --unit={unit}"))
    }

    /// Boots it again, in order, and waits until it is up.
    pub fn reboot(&self) -> Result<()> {
        let before = self.init()?;
        self.run("systemctl reboot")?;
        self.until_booted(before)
    }

    /// An error with the end of the machine's journal and of all the lab's logs behind it.
    pub fn explain(&self, error: &Error) -> Error {
        let said = self.run("journalctl --boot --no-pager --lines=100");
        let said = said.map_or_else(|error| error.to_string(), |said| said.output);
        let _no_room = std::fs::write(&self.journal, said);
        self.lab.explain(error)
    }
}

/// What it leaves is cleaned up by its guard once nobody holds the other end of its standard input.
impl Drop for Machine<'_> {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let ended = wait_until("the guard's end", BOOT, || match self.guard.try_wait() {
            Ok(None) => Err("it runs"),
            Ok(Some(_)) | Err(_) => Ok(()),
        });
        if ended.is_err() {
            let _already_gone = self.guard.kill();
            let _already_reaped = self.guard.wait();
        }
    }
}

/// Starts the guard in a process group of its own: whoever ends the test's, leaves the guard to clean up.
fn start_guard(lab: &Lab, root: &Root, directory: &Path) -> Result<Child> {
    let log = lab.node().directory().join("machine.log");
    let log = std::fs::File::create(&log).context(log.display())?;
    let network = format!("/proc/{}/ns/net", lab.node().holder());
    Command::new("unshare")
        .args(["--mount", "sh", "-c", GUARD, "boot.sh"])
        .arg(directory)
        .args([&network, &root.0, DISK])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .process_group(0)
        .spawn()
        .context("unshare")
}

/// The first process that `systemd-nspawn` has started, somewhere below this one.
fn init_below(process: u32, in_nspawn: bool) -> Option<u32> {
    let directory = Path::new("/proc").join(process.to_string());
    let name = std::fs::read_to_string(directory.join("comm")).ok()?;
    if in_nspawn && name.trim() == "systemd" {
        return Some(process);
    }
    let in_nspawn = name.trim() == "systemd-nspawn";
    let children = directory.join("task").join(process.to_string());
    let children = std::fs::read_to_string(children.join("children")).ok()?;
    children
        .split_whitespace()
        .filter_map(|child| init_below(child.parse().ok()?, in_nspawn))
        .next()
}
