//! `anycastctl status`: what the daemon knows, or what BIRD says where no daemon answers.

mod bird;

use std::path::Path;
use std::time::Duration;

use super::draw::Screen;
use super::source::Source;
use super::{Code, Failure, Output, document, runtime, terminal, written};
use crate::cli;
use crate::control::{self, Error, Request, Response};
use crate::harmless::{self, is_harmful};
use crate::history::{Selection, write_lines};
use crate::model::ServiceName;
use crate::status::{Level, Service, Snapshot, nagios, write_table};

/// So many of the last events are shown of one service.
const LAST: usize = 8;

/// Shows the status, of all services or of one.
pub fn status(config: &Path, mut options: cli::Status) -> Result<Output, Failure> {
    let source = Source::find(config, options.control.take());
    let view = View { source, options };
    match view.options.watch {
        Some(interval) => view.watch(interval.duration()),
        None if view.options.nagios => view.monitoring(),
        None => view.once(),
    }
}

struct View {
    source: Source,
    options: cli::Status,
}

impl View {
    fn once(&self) -> Result<Output, Failure> {
        let (snapshot, absence) = self.look()?;
        let announced = snapshot.services.iter().all(Service::is_announced);
        Ok(Output {
            stdout: self.text(&snapshot)?,
            code: match absence {
                Some(_) => Code::Environment,
                None if announced => Code::Success,
                None => Code::NotAsWanted,
            },
            stderr: self.source.talk.clone() + &absence.unwrap_or_default(),
        })
    }

    /// What is to be shown; and why it is not from the daemon, if it is not.
    fn look(&self) -> Result<(Snapshot, Option<String>), Failure> {
        let (mut snapshot, absence) = match self.source.status()? {
            Ok(snapshot) => (snapshot, None),
            Err(error @ Error::NoDaemon { .. }) => {
                let observed = bird::observe(self.source.config.as_ref());
                let observed = runtime()?.block_on(observed).map_err(|silence| {
                    let failure = self.source.failed(&error);
                    Failure {
                        message: format!("{}\n{silence}", failure.message),
                        ..failure
                    }
                })?;
                (observed, Some(error.to_string()))
            }
            Err(error) => return Err(self.source.failed(&error)),
        };
        if let Some(service) = &self.options.service {
            restrict(&mut snapshot, service)?;
        }
        Ok((snapshot, absence))
    }

    fn text(&self, snapshot: &Snapshot) -> Result<String, Failure> {
        if self.options.json {
            return document(snapshot);
        }
        let table = written(|out| write_table(snapshot, terminal::width(), out))?;
        match (&self.options.service, &snapshot.controller) {
            (Some(service), Some(_)) => Ok(table + &self.last_events(service)?),
            _ => Ok(table),
        }
    }

    /// What happened to a service lately. The status is worth showing without it.
    fn last_events(&self, service: &ServiceName) -> Result<String, Failure> {
        let request = Request::History(Selection {
            since: None,
            service: Some(service.to_string()),
            limit: LAST,
        });
        let answer = runtime()?.block_on(control::ask(&self.source.control, request));
        let Ok(Response::History(history)) = answer else {
            return Ok(String::new());
        };
        let lines = written(|out| write_lines(&history, terminal::width(), out))?;
        Ok(format!("\nLast events:\n{lines}"))
    }

    /// One line, whatever happens: a plugin without output is a riddle.
    fn monitoring(&self) -> Result<Output, Failure> {
        let seen = self.source.status()?;
        let seen = seen.map_err(|error| self.source.failed(&error));
        let seen = seen.and_then(|mut snapshot| {
            let service = self.options.service.as_ref();
            service.map_or(Ok(()), |service| restrict(&mut snapshot, service))?;
            Ok(snapshot)
        });
        let (level, line) = match seen {
            Ok(snapshot) => {
                let report = nagios(&snapshot);
                (report.level, report.line)
            }
            Err(failure) => {
                let level = match failure.code {
                    Code::Usage => Level::Unknown,
                    _ => Level::Critical,
                };
                let text = failure.message.replace(|c| is_harmful(c) || c == '|', " ");
                (level, format!("ANYCAST {level} - {text}"))
            }
        };
        Ok(Output::new(line + "\n", Code::Monitoring(level)))
    }

    /// Shows what is there now until something ends the process. A daemon that goes away is shown, too.
    fn watch(&self, interval: Duration) -> Result<Output, Failure> {
        let mut screen = Screen::new(true);
        loop {
            let text = match self.look() {
                Ok((snapshot, _)) => self.text(&snapshot)?,
                Err(failure) if failure.code == Code::Usage => return Err(failure),
                Err(failure) => harmless::lines(&failure.message).into_owned() + "\n",
            };
            if screen.show(&text)?.is_break() {
                return Ok(Output::new(String::new(), Code::Success));
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
