//! Programs on the stage: started, frozen, killed. The end of the stage ends them all.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

/// How long a program that sets something up may take, and one that was killed to be gone.
const DEADLINE: Duration = Duration::from_secs(10);

/// This program, whatever became of its file.
pub(crate) const OURSELVES: &str = "/proc/self/exe";

/// A program that runs, with all that it has started.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    group: Pid,
}

impl Process {
    /// Starts it; what it says goes to the end of a file.
    pub(crate) fn start(command: &mut Command, log: &Path) -> io::Result<Self> {
        let log = File::options().create(true).append(true).open(log)?;
        command.stdout(log.try_clone()?).stderr(log);
        let child = command.process_group(0).spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let id = id.ok_or_else(|| io::Error::other("it has ended already"))?;
        Ok(Self {
            child,
            group: Pid::from_raw(id),
        })
    }

    /// Sends it a signal. One that has ended needs none.
    pub(crate) fn signal(&self, signal: Signal) {
        // It may end at any moment, and then is as dead as it can be.
        let _ = killpg(self.group, signal);
    }

    /// Kills it, and waits until it is gone.
    pub(crate) async fn kill(&mut self) -> io::Result<()> {
        self.signal(Signal::SIGKILL);
        let ended = timeout(DEADLINE, self.child.wait()).await;
        ended.map_err(io::Error::from)?.map(drop)
    }

    /// Whether it runs, or stands still.
    pub(crate) fn is_there(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// What it reads, if that is ours.
    pub(crate) fn stdin(&mut self) -> Option<&mut ChildStdin> {
        self.child.stdin.as_mut()
    }
}

/// Writes a line to what a program reads.
pub(crate) async fn tell(stdin: &mut ChildStdin, line: &str) -> io::Result<()> {
    let line = format!("{line}\n");
    let written = timeout(DEADLINE, async {
        stdin.write_all(line.as_bytes()).await?;
        stdin.flush().await
    });
    written.await.map_err(io::Error::from)?
}

/// Runs `ip` to its end, with arguments as one would type them.
pub(crate) async fn ip(program: &Path, arguments: &str) -> Result<(), String> {
    let mut command = Command::new(program);
    command
        .args(arguments.split_whitespace())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let failed = |error: &dyn std::fmt::Display| format!("ip {arguments}: {error}");
    let output = timeout(DEADLINE, command.output()).await;
    let output = output.map_err(|error| failed(&error))?;
    let output = output.map_err(|error| failed(&error))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(&String::from_utf8_lossy(&output.stderr).trim()))
}
