//! The commands: one file each, plain functions that return what to print and how to exit.

pub mod apply;
pub mod brake;
pub mod check;
pub mod diff;
pub mod documents;
mod draw;
pub mod history;
pub mod init;
pub mod metrics;
pub mod orders;
pub mod probe;
pub mod reload;
pub mod render;
pub mod run;
mod secrets;
pub mod selftest;
mod source;
pub mod status;
mod terminal;
pub mod why;

#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::apply::Options;
use crate::cli::{Cli, Command, Format};
use crate::config::Parsed;
use crate::files::{self, ReadError, Refused};
use crate::harmless;
use crate::overrides::{Action, Kind};
use crate::status::Level;

/// The exit codes of every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// 0: as wanted.
    Success,
    /// 1: a difference, an unhealthy or withdrawn service, a check that failed.
    NotAsWanted,
    /// 2: usage or configuration error.
    Usage,
    /// 3: BIRD refused.
    Bird,
    /// 4: no daemon, no socket, no binary, I/O.
    Environment,
    /// 128 and the number of the signal that ended it, as shells report it.
    Signal(Signal),
    /// What monitoring plugins exit with, which is a convention of its own.
    Monitoring(Level),
}

impl Code {
    /// The number.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::NotAsWanted => 1,
            Self::Usage => 2,
            Self::Bird => 3,
            Self::Environment => 4,
            Self::Signal(signal) => u8::try_from(128 + signal as i32).unwrap_or(u8::MAX),
            Self::Monitoring(level) => level.code(),
        }
    }
}

/// Why a command ended without a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How to exit.
    pub code: Code,
    /// For standard error.
    pub message: String,
}

impl Failure {
    fn new(code: Code, message: &impl Display) -> Self {
        Self {
            code,
            message: message.to_string(),
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let code = if error.is_unreadable() {
            Code::Environment
        } else {
            Code::Usage
        };
        Self::new(code, &error)
    }
}

/// What a command has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// For standard output: the result.
    pub stdout: String,
    /// For standard error: talk.
    pub stderr: String,
    /// How to exit.
    pub code: Code,
}

impl Output {
    /// A result and nothing else.
    fn new(stdout: String, code: Code) -> Self {
        Self {
            stdout,
            stderr: String::new(),
            code,
        }
    }
}

/// Runs a command, prints what it has to say and returns the exit code of the process.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let is_file = is_file(&cli.command);
    let output = dispatch(cli).unwrap_or_else(|failure| Output {
        stdout: String::new(),
        stderr: failure.message,
        code: failure.code,
    });
    // Nobody is left to tell if standard error is gone.
    let _ = write_line(&mut anstream::stderr(), &harmless::lines(&output.stderr));
    let text = if is_file {
        output.stdout.into()
    } else {
        harmless::styled(&output.stdout)
    };
    match anstream::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(anstream::stderr(), "cannot write the output: {error}");
            ExitCode::from(Code::Environment.number())
        }
        // A reader that has seen enough is no failure.
        _ => ExitCode::from(output.code.number()),
    }
}

/// Whether what is printed is a file for a program, which has to get every byte of it.
fn is_file(command: &Command) -> bool {
    matches!(
        command,
        Command::Render(_)
            | Command::Schema { .. }
            | Command::Completions { .. }
            | Command::Man { .. }
    )
}

fn write_line(out: &mut impl Write, text: &str) -> io::Result<()> {
    if text.is_empty() {
        Ok(())
    } else {
        writeln!(out, "{}", text.trim_end())
    }
}

fn dispatch(cli: Cli) -> Result<Output, Failure> {
    match cli.command {
        Command::Check {
            format,
            json,
            secrets,
            birds,
        } => {
            let options = check::Options {
                format: if json { Format::Json } else { format },
                passwords: secrets,
                birds,
            };
            check::check(&cli.config, &options)
        }
        Command::Init(options) => init::init(&cli.config, options),
        Command::Render(options) => render::render(&cli.config, &options),
        Command::Diff { installed, json } => diff::diff(&cli.config, installed.as_deref(), json),
        Command::Apply {
            confirm,
            allow_withdraw,
            replace,
            dry_run,
            json,
        } => {
            let options = Options {
                confirm: confirm.duration(),
                allow_withdraw,
                replace,
                dry_run,
            };
            apply::apply(&cli.config, options, json)
        }
        Command::Run(log) => run::run(&cli.config, log),
        Command::Reload { json, control } => reload::reload(&cli.config, control, json),
        Command::Brake(options) => brake::brake(&cli.config, options),
        Command::Status(options) => status::status(&cli.config, options),
        Command::Why {
            service,
            json,
            control,
        } => why::why(&cli.config, control, &service, json),
        Command::Drain(order) => orders::give(&cli.config, Kind::Drain, order),
        Command::Undrain(end) => orders::end(&cli.config, Action::Undrain, end),
        Command::Withdraw(order) => orders::give(&cli.config, Kind::Withdraw, order),
        Command::Pin(order) => orders::give(&cli.config, Kind::Pin, order),
        Command::Release(end) => orders::end(&cli.config, Action::Release, end),
        Command::History {
            service,
            since,
            limit,
            json,
            control,
        } => {
            let options = history::Options {
                service: service.as_ref(),
                since,
                limit: limit.map(usize::from),
                json,
                control,
            };
            history::history(&cli.config, options)
        }
        Command::Metrics {
            output,
            format,
            control,
        } => metrics::metrics(&cli.config, control, output.as_deref(), format),
        Command::Probe(options) => probe::probe(&cli.config, &options),
        Command::Selftest(options) => selftest::selftest(&cli.config, &options),
        Command::Schema { included } => Ok(documents::schema(included)),
        Command::Completions { shell } => Ok(documents::completions(shell)),
        Command::Man { page, directory } => match directory {
            Some(directory) => documents::write_manual(&directory),
            None => documents::man(page.as_deref()),
        },
    }
}

/// One JSON document on one line.
fn document(value: &impl serde::Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(value);
    text.map(|text| harmless::json(&text).into_owned() + "\n")
        .map_err(|error| Failure::new(Code::Environment, &error))
}

/// What a writer of text writes.
fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Result<String, Failure> {
    let mut text = Vec::new();
    write(&mut text).map_err(|error| Failure::new(Code::Environment, &error))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// A runtime of one thread: waiting is all that there is to do.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // Files are looked at every second: a hundred threads from a busy moment would take turns, and none would end.
        .thread_keep_alive(Duration::from_secs(1))
        .build()
        .map_err(|error| Failure::new(Code::Environment, &format!("cannot start: {error}")))
}

/// Reads and validates a configuration with what it includes.
pub fn load(path: &Path) -> Result<Parsed, Failure> {
    files::read_configuration(path)?
        .map_err(|refused| Failure::new(refused_code(&refused), &refused.findings))
}

/// How to exit when a configuration is refused.
fn refused_code(refused: &Refused) -> Code {
    if refused.unreadable {
        Code::Environment
    } else {
        Code::Usage
    }
}
