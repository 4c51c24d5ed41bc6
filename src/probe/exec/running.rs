//! A program that runs, and its end: by itself, or by force with all that it has started.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::end;
use super::turn::{Stage, Turn};
use crate::probe::threads::THREADS;

/// So many bytes are kept of what a program writes, for its first line; more are read and forgotten.
const KEPT: usize = 4096;

/// How long what was written at last may take to arrive. Somebody else may hold the other end for ever.
const DRAIN: Duration = Duration::from_millis(10);

/// What a program has written, the beginning of it.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) output: Vec<u8>,
    pub(super) errors: Vec<u8>,
}

/// A program that runs. Dropped before its end, all of it is killed.
pub(super) struct Running {
    parts: Option<Parts>,
}

struct Parts {
    child: Child,
    /// It leads a group of this number.
    group: Option<Pid>,
    /// In its environment, and in that of all that it starts.
    mark: String,
    turn: Turn,
}

impl Running {
    /// Starts it. Waits for the disk.
    pub(super) fn start(mut command: Command, mark: String, turn: Turn) -> io::Result<Self> {
        let child = command.spawn()?;
        turn.comes_to(Stage::Runs);
        let number = child.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self {
            parts: Some(Parts {
                child,
                group: number.map(Pid::from_raw),
                mark,
                turn,
            }),
        })
    }

    /// Waits for its end. What it leaves in its group is killed.
    pub(super) async fn end(mut self) -> io::Result<(ExitStatus, Said)> {
        let Some(parts) = &mut self.parts else {
            return Err(io::Error::other("it has ended before"));
        };
        let mut output = parts.child.stdout.take();
        let mut errors = parts.child.stderr.take();
        let mut said = Said::default();
        // Whoever writes to a full pipe waits.
        let status = tokio::select! {
            status = parts.child.wait() => status?,
            never = read_on(&mut output, &mut errors, &mut said) => match never {},
        };
        // Its number is another's at the earliest when all others were used.
        parts.kill_group();
        self.parts = None;
        let _open_for_ever = timeout(DRAIN, read(&mut output, &mut errors, &mut said)).await;
        Ok((status, said))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(parts) = self.parts.take() else {
            return;
        };
        parts.kill_group();
        // Without a runtime, this process ends.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(parts.bury());
        }
    }
}

impl Parts {
    fn kill_group(&self) {
        if let Some(group) = self.group {
            // None left is what is wanted.
            let _none = killpg(group, Signal::SIGKILL);
        }
    }

    /// Kills what has left the group, and waits until the program is gone: another one may start only then.
    async fn bury(mut self) {
        self.turn.comes_to(Stage::Dies);
        let mark = self.mark;
        let hunt = THREADS.run(move || end::kill_marked(&mark));
        let death = async {
            let _dead = self.child.wait().await;
            self.turn.comes_to(Stage::Gone);
        };
        let _done = tokio::join!(hunt, death);
        drop(self.turn);
    }
}

async fn read_on(
    output: &mut Option<ChildStdout>,
    errors: &mut Option<ChildStderr>,
    said: &mut Said,
) -> Infallible {
    read(output, errors, said).await;
    pending().await
}

async fn read(output: &mut Option<ChildStdout>, errors: &mut Option<ChildStderr>, said: &mut Said) {
    tokio::join!(
        read_all(output, &mut said.output),
        read_all(errors, &mut said.errors)
    );
}

/// Reads to the end, and keeps the beginning.
async fn read_all(from: &mut Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(from) = from else { return };
    let mut buffer = [0; 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let room = KEPT.saturating_sub(kept.len());
        kept.extend_from_slice(&buffer[..length.min(room)]);
    }
}
