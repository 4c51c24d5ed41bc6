//! `anycastctl status`: what the daemon knows.

mod draw;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Code, Failure, Output, load, runtime, terminal};
use crate::cli;
use crate::config::Config;
use crate::control::{self, Request, Response};
use crate::model::ServiceName;
use crate::status::{Level, Service, Snapshot, nagios, write_table};

/// Where the daemon listens unless its configuration says otherwise.
const DEFAULT_CONTROL: &str = "/run/anycastctl/control.sock";

/// Shows the status, of all services or of one.
pub fn status(config: &Path, options: cli::Status) -> Result<Output, Failure> {
    let view = View::new(config, options);
    match view.options.watch {
        Some(interval) => view.watch(interval.duration()),
        None if view.options.nagios => Ok(view.monitoring()),
        None => view.once(),
    }
}

/// Whom to ask, and what to tell about it.
pub(super) struct Source {
    /// The daemon's socket.
    pub(super) control: PathBuf,
    /// The configuration, if it can be used.
    pub(super) config: Option<Config>,
    /// What is wrong with it otherwise.
    pub(super) talk: String,
}

impl Source {
    /// A configuration that somebody just broke must not keep an operator from the status.
    pub(super) fn find(config: &Path, control: Option<PathBuf>) -> Self {
        match load(config) {
            Ok(parsed) => Self {
                control: control.unwrap_or_else(|| parsed.config.daemon.control.clone()),
                config: Some(parsed.config),
                talk: String::new(),
            },
            Err(_) if control.is_some() => Self {
                control: control.unwrap_or_default(),
                config: None,
                talk: String::new(),
            },
            Err(failure) => Self {
                control: PathBuf::from(DEFAULT_CONTROL),
                config: None,
                talk: format!(
                    "{}\nThe configuration cannot be used; asking the daemon at {DEFAULT_CONTROL}.\n",
                    failure.message.trim_end()
                ),
            },
        }
    }

    /// Asks the daemon.
    pub(super) fn snapshot(&self) -> Result<Snapshot, Failure> {
        let failed = |message: String| Failure {
            code: Code::Environment,
            message: format!("{}{message}", self.talk),
        };
        match runtime()?.block_on(control::ask(&self.control, Request::Status)) {
            Ok(Response::Status(snapshot)) => Ok(*snapshot),
            Ok(_) => Err(failed(control::Error::Mismatch.to_string())),
            Err(error) => Err(failed(error.to_string())),
        }
    }
}

struct View {
    source: Source,
    options: cli::Status,
}

impl View {
    fn new(config: &Path, mut options: cli::Status) -> Self {
        Self {
            source: Source::find(config, options.control.take()),
            options,
        }
    }

    fn once(&self) -> Result<Output, Failure> {
        let snapshot = self.snapshot()?;
        let wanted = snapshot.services.iter().all(Service::is_announced);
        Ok(Output {
            stdout: self.text(&snapshot)?,
            stderr: self.source.talk.clone(),
            code: if wanted {
                Code::Success
            } else {
                Code::NotAsWanted
            },
        })
    }

    fn snapshot(&self) -> Result<Snapshot, Failure> {
        let mut snapshot = self.source.snapshot()?;
        if let Some(service) = &self.options.service {
            restrict(&mut snapshot, service)?;
        }
        Ok(snapshot)
    }

    fn text(&self, snapshot: &Snapshot) -> Result<String, Failure> {
        if self.options.json {
            return super::document(snapshot);
        }
        let mut text = Vec::new();
        write_table(snapshot, terminal::width(), &mut text)
            .map_err(|error| Failure::new(Code::Environment, &error))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// One line, whatever happens: a plugin without output is a riddle.
    fn monitoring(&self) -> Output {
        let (level, line) = match self.snapshot() {
            Ok(snapshot) => {
                let report = nagios(&snapshot);
                (report.level, report.line)
            }
            Err(failure) => {
                let level = match failure.code {
                    Code::Usage => Level::Unknown,
                    _ => Level::Critical,
                };
                let text = failure.message.replace(['\n', '|'], " ");
                (level, format!("ANYCAST {level} - {text}"))
            }
        };
        Output::new(line + "\n", Code::Monitoring(level))
    }

    /// Shows what is there now until something ends the process. A daemon that goes away is shown, too.
    fn watch(&self, interval: Duration) -> Result<Output, Failure> {
        let mut out = anstream::stdout();
        let height = terminal::width().and_then(|_| terminal::height());
        loop {
            let text = match self.snapshot() {
                Ok(snapshot) => self.text(&snapshot)?,
                Err(failure) if failure.code == Code::Usage => return Err(failure),
                Err(failure) => failure.message + "\n",
            };
            match draw::draw(&mut out, &text, height) {
                // Whoever looked has gone.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    return Ok(Output::new(String::new(), Code::Success));
                }
                drawn => drawn.map_err(|error| Failure::new(Code::Environment, &error))?,
            }
            std::thread::sleep(interval);
        }
    }
}

/// Leaves one service, and the sessions that it concerns.
fn restrict(snapshot: &mut Snapshot, service: &ServiceName) -> Result<(), Failure> {
    let found = find(snapshot, service)?.clone();
    snapshot.sessions.retain(|session| {
        found
            .exported_to
            .iter()
            .any(|export| export.session == session.name)
    });
    snapshot.services = vec![found];
    Ok(())
}

/// A service of a snapshot; a usage error where there is none.
pub(super) fn find<'a>(snapshot: &'a Snapshot, name: &ServiceName) -> Result<&'a Service, Failure> {
    let mut services = snapshot.services.iter();
    services
        .find(|service| service.name == name.as_str())
        .ok_or_else(|| {
            let known: Vec<_> = snapshot
                .services
                .iter()
                .map(|service| service.name.as_str())
                .collect();
            let message = format!(
                "the daemon has no service `{name}`; it has: {}",
                known.join(", ")
            );
            Failure::new(Code::Usage, &message)
        })
}
