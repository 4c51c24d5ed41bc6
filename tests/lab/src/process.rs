//! A process of the lab: in a host's namespaces, in a process group of its own, with its log in a file.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::PoisonError;
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::host::SharedChild;
use crate::{Context, Error, Host, PATIENCE, Result, stays, wait_until};

/// A running program. Dropping it kills it and all that it forked.
pub struct Process {
    name: String,
    id: u32,
    child: SharedChild,
    log: PathBuf,
}

impl Process {
    /// Starts `command` in `host`; what it prints is appended to `<name>.log`.
    pub(crate) fn start(host: &Host, name: &str, command: &mut Command) -> Result<Self> {
        let log = host.directory().join(format!("{name}.log"));
        let output = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .context(log.display())?;
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        Self::start_with_output(host, name, command)
    }

    /// Like [`Process::start`], with the output wherever the command already points it.
    pub(crate) fn start_with_output(
        host: &Host,
        name: &str,
        command: &mut Command,
    ) -> Result<Self> {
        let child = host.start_child(command.process_group(0)).context(name)?;
        let id = child.lock().unwrap_or_else(PoisonError::into_inner).id();
        let log = host.directory().join(format!("{name}.log"));
        Ok(Self {
            name: name.to_owned(),
            id,
            child,
            log,
        })
    }

    /// The process id, as this machine counts them.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The file its output goes to.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Sends a signal to the process and all that it forked.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        killpg(self.group(), signal).context(format!("{signal} to {}", self.name))
    }

    /// Sends a signal to the process, as `kill` does, and not to what it forked.
    pub fn signal_first(&self, signal: Signal) -> Result<()> {
        kill(self.group(), signal).context(format!("{signal} to {}", self.name))
    }

    /// Stops it and all that it forked in their tracks: sockets stay open, nobody answers.
    pub fn freeze(&self) -> Result<()> {
        self.signal(Signal::SIGSTOP)
    }

    /// Lets it run again.
    pub fn thaw(&self) -> Result<()> {
        self.signal(Signal::SIGCONT)
    }

    /// Kills it and all that it forked, and waits until they are gone.
    pub fn kill(&self) -> Result<ExitStatus> {
        self.signal(Signal::SIGKILL)?;
        self.wait()
    }

    /// Asks it to end (SIGTERM) and waits until it and all that it forked are gone.
    pub fn terminate(&self) -> Result<ExitStatus> {
        self.signal(Signal::SIGTERM)?;
        self.wait()
    }

    /// Whether it has not ended yet.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.try_wait(), Ok(None))
    }

    /// Waits for a condition of its own making; in vain as soon as it has ended. An error ends with its
    /// log.
    pub(crate) fn until<T>(&self, what: &str, mut look: impl FnMut() -> Result<T>) -> Result<T> {
        let waited = wait_until(what, PATIENCE, || match look() {
            Err(error) if self.is_running() => Err(error),
            seen => Ok(seen),
        });
        waited.and_then(|seen| seen).map_err(|error| {
            let log = std::fs::read(&self.log).unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            Error::new(format!("{what}: {error}\n--- {}\n{log}", self.name))
        })
    }

    /// Waits until it has ended by itself.
    pub fn wait(&self) -> Result<ExitStatus> {
        let status = wait_until(&format!("the end of {}", self.name), PATIENCE, || {
            self.try_wait()?.ok_or_else(|| Error::new("it runs"))
        })?;
        wait_until(
            &format!("the end of {}'s children", self.name),
            PATIENCE,
            || {
                if group_is_gone(self.id) {
                    Ok(())
                } else {
                    Err("some run")
                }
            },
        )?;
        Ok(status)
    }

    fn try_wait(&self) -> Result<Option<ExitStatus>> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.try_wait().context(&self.name)
    }

    fn group(&self) -> Pid {
        Pid::from_raw(self.id.cast_signed())
    }

    /// How many descriptors it has open.
    pub fn descriptors(&self) -> Result<usize> {
        let directory = Path::new("/proc").join(self.id.to_string()).join("fd");
        Ok(std::fs::read_dir(directory).context("descriptors")?.count())
    }

    /// How many threads it has.
    pub fn threads(&self) -> Result<usize> {
        let directory = Path::new("/proc").join(self.id.to_string()).join("task");
        Ok(std::fs::read_dir(directory).context("threads")?.count())
    }

    /// How many descriptors it may have open from now on; those that it has stay open.
    pub fn limit_descriptors(&self, limit: usize) -> Result<()> {
        let status = Command::new("prlimit")
            .arg(format!("--pid={}", self.id))
            .arg(format!("--nofile={limit}:"))
            .status()
            .context("prlimit")?;
        if status.success() {
            Ok(())
        } else {
            Err(Error::new(format!("prlimit: {status}")))
        }
    }

    /// Leaves it no room for any other descriptor than those that it has open for good: those it opens for a moment are
    /// not counted.
    pub fn exhaust_descriptors(&self) -> Result<()> {
        let directory = Path::new("/proc").join(self.id.to_string()).join("fd");
        let mut least = usize::MAX;
        stays("descriptors", Duration::from_secs(1), || {
            least = least.min(first_free(&directory)?);
            Ok::<(), Error>(())
        })?;
        self.limit_descriptors(least)
    }

    /// Resident memory in bytes and processor time since its start, from `/proc`.
    pub fn usage(&self) -> Result<(u64, Duration)> {
        let directory = Path::new("/proc").join(self.id.to_string());
        let status = std::fs::read_to_string(directory.join("status")).context("memory")?;
        let stat = std::fs::read_to_string(directory.join("stat")).context("processor time")?;
        let resident = status
            .lines()
            .find_map(|line| {
                line.strip_prefix("VmRSS:")?
                    .trim()
                    .strip_suffix(" kB")?
                    .parse::<u64>()
                    .ok()
            })
            .ok_or_else(|| Error::new("no VmRSS"))?;
        // Fields 14 and 15 of proc_pid_stat(5), in ticks of 10 ms; the name before them may hold blanks.
        let ticks: u64 = stat
            .rsplit(") ")
            .next()
            .map(|rest| {
                rest.split(' ')
                    .skip(11)
                    .take(2)
                    .filter_map(|field| field.parse::<u64>().ok())
                    .sum()
            })
            .unwrap_or_default();
        Ok((resident * 1024, Duration::from_millis(ticks * 10)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let ended = !self.is_running() && group_is_gone(self.id);
        if !ended {
            let _already_gone = self.kill();
        }
    }
}

/// The lowest number that is not in use.
fn first_free(directory: &Path) -> Result<usize> {
    let entries = std::fs::read_dir(directory).context("descriptors")?;
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse::<usize>().ok();
    let used: Vec<_> = entries.flatten().filter_map(number).collect();
    let mut free = (0..).filter(|number| !used.contains(number));
    free.next().ok_or_else(|| Error::new("none is free"))
}

/// Whether no process of this group is left, zombies aside.
fn group_is_gone(group: u32) -> bool {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return true;
    };
    let group = group.to_string();
    !entries.flatten().any(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // After the name in parentheses: state, parent, group.
        let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let alive = !matches!(fields.next(), Some("Z" | "X") | None);
        alive && fields.nth(1) == Some(&group)
    })
}
