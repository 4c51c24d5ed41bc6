//! Runs a program and reads its exit code.
//!
//! One at a time: as long as the last one is not gone, no other begins. Programs are started on a thread of their own,
//! since the kernel reads them from a disk, which may take its time.

mod end;
mod judge;
mod running;
mod turn;

use std::process::Stdio;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::process::Command;

use super::Outcome;
use super::finding::{Finding, timed};
use super::threads::THREADS;
use crate::config::{Argument, ExecCheck};
use crate::dns::Failure;
use running::Running;
use turn::{Stage, Turns};

/// Where programs are looked for that a script names without a path.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A language whose texts and numbers are the same everywhere.
const LANG: &str = "C.UTF-8";

/// A program to run again and again.
#[derive(Debug)]
pub(super) struct Exec {
    check: ExecCheck,
    turns: Turns,
}

impl Exec {
    pub(super) fn new(check: &ExecCheck) -> Self {
        Self {
            check: check.clone(),
            turns: Turns::new(),
        }
    }

    /// Runs it once; when `timeout` is over, all of it is killed.
    pub(super) async fn run(&self, timeout: Duration) -> Outcome {
        let stage = AtomicU8::new(WAITS);
        timed(timeout, self.look(&stage), || {
            self.silence(stage.load(Ordering::Relaxed), timeout)
        })
        .await
    }

    /// Waits until nothing is left of the last run, which may have been given up.
    pub(super) async fn is_over(&self) {
        drop(self.turns.next().await);
    }

    async fn look(&self, stage: &AtomicU8) -> Result<Finding, Failure> {
        let closed = || Failure::Prober("broke down".to_owned());
        let turn = self.turns.next().await.ok_or_else(closed)?;
        stage.store(STARTS, Ordering::Relaxed);
        let (mark, command) = self.command();
        let start = THREADS.run(move || Running::start(command, mark, turn));
        let broke_down = |_| Failure::Prober("broke down while it started a program".to_owned());
        let running = start.await.map_err(broke_down)?;
        stage.store(RUNS, Ordering::Relaxed);
        let program = self.check.program();
        let cannot = |error| Failure::Prober(format!("cannot run {program}: {error}"));
        let (end, said) = running.map_err(cannot)?.end().await.map_err(cannot)?;
        Ok(judge::judge(self.check.exit_codes, end, &said))
    }

    /// The command, and the mark in its environment by which all that comes of it is found again.
    fn command(&self) -> (String, Command) {
        let mark = format!("ANYCASTCTL_PROBE={:032x}", rand::random::<u128>());
        let mut words = self.check.command.iter().map(Argument::as_str);
        let mut command = Command::new(words.next().unwrap_or_default());
        command
            .args(words)
            .env_clear()
            .envs([("PATH", PATH), ("LANG", LANG)])
            .envs(mark.split_once('='))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        for variable in &self.check.environment {
            command.env(variable.name.as_str(), variable.value.as_str());
        }
        (mark, command)
    }

    fn silence(&self, stage: u8, timeout: Duration) -> Finding {
        let program = self.check.program();
        match stage {
            WAITS => self.turn_of_another(),
            STARTS => Finding::unknown(format!(
                "the prober could not start {program} within {timeout:?}: is the disk slow?"
            )),
            _ => Finding::fail(format!("did not end within {timeout:?}, and was killed")),
        }
    }

    /// What it means that another one had its turn all the time. Only programs that do not end speak against the
    /// server; what keeps us from starting one, or from looking for what it has left, does not.
    fn turn_of_another(&self) -> Finding {
        let program = self.check.program();
        match self.turns.stage() {
            Stage::Starts => Finding::unknown(format!(
                "the prober still waits for the last start of {program}: is the disk slow?"
            )),
            Stage::Runs => Finding::fail("the last one still runs, so none was started"),
            Stage::Dies => {
                Finding::fail("the last one was killed and is not gone yet, so none was started")
            }
            Stage::Gone => Finding::unknown(format!(
                "the prober still looks for what the last {program} has left behind"
            )),
        }
    }
}

/// How far a run has come: its turn has not come yet,
const WAITS: u8 = 0;
/// the program is being started,
const STARTS: u8 = 1;
/// it runs.
const RUNS: u8 = 2;

#[cfg(test)]
mod tests;
