//! A new configuration while the daemon runs: taken whole or not at all.
//!
//! ```text
//! SIGHUP, control socket --> Reloader: one reload after the other
//!                              begins; reads the files, on a thread of its own
//!                              controller: refuses, or goes on with it in one turn (`inherit`)
//!                              answers whoever asked
//! ```

use std::convert::Infallible;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use super::Event;
use super::controller::Controller;
use crate::config::Parsed;
use crate::control::Response;
use crate::files::read_configuration;
use crate::history;
use crate::reload::{Changes, Refusal, Report, needs_restart, with_others};

/// How long the files may take. A client waits for 5 s.
const READ_DEADLINE: Duration = Duration::from_secs(3);

/// So many may wait for their reload; more wait at the control socket.
pub(super) const QUEUE: usize = 16;

/// What the controller calls a configuration that it has not taken, among its problems.
const PROBLEM: &str = "configuration";

/// Who a reload by signal is by.
const SIGNAL: &str = "SIGHUP";

/// Somebody asks for a reload.
pub(super) struct Request {
    /// Who, for the history.
    pub(super) by: String,
    /// Where the answer goes.
    pub(super) reply: oneshot::Sender<Response>,
}

/// What was read, for the controller.
pub(super) struct Reading {
    /// Who asked.
    pub(super) by: String,
    /// The main file.
    pub(super) file: String,
    /// What it says.
    pub(super) read: Result<Box<Parsed>, Refusal>,
    /// Where the answer goes.
    pub(super) reply: oneshot::Sender<Response>,
}

/// Reads the configuration anew whenever somebody wants that.
pub(super) struct Reloader {
    /// The main file, as it was given to the daemon.
    pub(super) file: PathBuf,
    /// The signal that asks for it.
    pub(super) hangup: Signal,
    /// Who else does.
    pub(super) requests: mpsc::Receiver<Request>,
    /// Where the controller is.
    pub(super) events: mpsc::Sender<Event>,
    /// The last look at the files. One that hangs is never joined by a second.
    pub(super) reading: Option<JoinHandle<Result<Box<Parsed>, Refusal>>>,
}

impl Reloader {
    /// Reloads for ever, one at a time.
    pub(super) async fn run(mut self) -> Infallible {
        loop {
            let (by, asked) = self.next().await;
            self.begins().await;
            let response = self.reload(by).await;
            if let Some(asked) = asked {
                // Whoever asked may be gone.
                let _ = asked.send(response);
            }
        }
    }

    /// Signals that come during a reload are one.
    async fn next(&mut self) -> (String, Option<oneshot::Sender<Response>>) {
        tokio::select! {
            Some(()) = self.hangup.recv() => (SIGNAL.to_owned(), None),
            Some(Request { by, reply }) = self.requests.recv() => (by, Some(reply)),
            else => pending().await,
        }
    }

    /// A reload begins.
    async fn begins(&self) {
        tracing::debug!(file = %self.file.display(), "reading the configuration");
        // Fails only while the daemon stops.
        let _ = self.events.send(Event::ReloadBegins).await;
    }

    async fn reload(&mut self, by: String) -> Response {
        let (reply, response) = oneshot::channel();
        let reading = Reading {
            by,
            file: self.file.display().to_string(),
            read: self.read().await,
            reply,
        };
        // Either fails only while the daemon stops.
        let _ = self.events.send(Event::Reload(reading)).await;
        response.await.unwrap_or_else(|_| stopping())
    }

    /// Off the runtime's thread: a file system that hangs must not keep probes waiting.
    async fn read(&mut self) -> Result<Box<Parsed>, Refusal> {
        let is_busy = |reading: &JoinHandle<_>| !reading.is_finished();
        if self.reading.as_ref().is_some_and(is_busy) {
            return Err(self.too_slow("the last attempt to read it still hangs"));
        }
        let file = self.file.clone();
        let reading = self.reading.insert(spawn_blocking(move || read(&file)));
        match timeout(READ_DEADLINE, reading).await {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => Err(self.too_slow(&error.to_string())),
            Err(_) => {
                let time = READ_DEADLINE.as_secs();
                Err(self.too_slow(&format!("it could not be read within {time} s")))
            }
        }
    }

    fn too_slow(&self, why: &str) -> Refusal {
        Refusal::plain(format!("{}: {why}", self.file.display()), true)
    }
}

fn read(file: &Path) -> Result<Box<Parsed>, Refusal> {
    match read_configuration(file) {
        Ok(Ok(parsed)) => Ok(Box::new(parsed)),
        Ok(Err(refused)) => {
            let findings = refused.findings;
            let first = findings.first_error().unwrap_or_default();
            Err(Refusal {
                because: with_others(&first, findings.errors()),
                findings: findings.to_string(),
                unreadable: refused.unreadable,
            })
        }
        Err(error) => Err(Refusal::plain(error.to_string(), error.is_unreadable())),
    }
}

fn stopping() -> Response {
    Response::Error("the daemon is stopping".to_owned())
}

impl Controller {
    /// Goes on with what was read, or with what it has.
    pub(super) fn on_reload(&mut self, reading: Reading, now: Instant) {
        let Reading {
            by,
            file,
            read,
            reply,
        } = reading;
        let response = if self.holds.is_over() {
            stopping()
        } else {
            let taken = read.and_then(|parsed| self.take_config(file, *parsed, now));
            let response = self.tell_reload(by, taken);
            self.tell_reloaded();
            response
        };
        // Whoever asked may be gone.
        let _ = reply.send(response);
    }

    fn take_config(
        &mut self,
        file: String,
        parsed: Parsed,
        now: Instant,
    ) -> Result<Report, Refusal> {
        if let Some(refusal) = needs_restart(&file, &self.config, &parsed.config) {
            return Err(refusal);
        }
        let report = Report {
            file,
            warnings: parsed.warnings.to_string(),
            changes: Changes::between(&self.config, &parsed.config),
        };
        for finding in parsed.warnings.findings() {
            tracing::warn!(
                key = finding.path,
                warning = finding.message,
                "doubtful configuration"
            );
        }
        self.adopt_config(Arc::new(parsed.config), now);
        Ok(report)
    }

    /// In log, status and history.
    fn tell_reload(&mut self, by: String, taken: Result<Report, Refusal>) -> Response {
        self.reload_refused = taken.is_err();
        match taken {
            Ok(report) => {
                self.on_problem(PROBLEM, None);
                self.record(history::Event::Reloaded {
                    by,
                    changes: report.changes.to_string(),
                });
                Response::Reloaded(Box::new(report))
            }
            Err(refusal) => {
                let problem = format!(
                    "the configuration was not taken, and the one before stays in force: {}. Mend it and \
                     say `anycastctl reload`",
                    refusal.because
                );
                self.problems.insert(PROBLEM, problem);
                self.record(history::Event::ReloadRefused {
                    by,
                    because: refusal.because.clone(),
                });
                Response::ReloadRefused(refusal)
            }
        }
    }
}
