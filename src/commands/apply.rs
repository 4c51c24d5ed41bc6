//! `anycastctl apply`: the rendered files installed, and run by BIRD.

use std::io::Write as _;
use std::path::Path;

use super::{Code, Failure, Output, document, load, runtime, secrets};
use crate::apply::{self, Error, Options, Outcome};
use crate::config::{Config, Severity};
use crate::control::{self, Request, Response};
use crate::harmless;
use crate::reload::fingerprint;

/// Applies a configuration. Steps go to standard error as they happen, the result to standard output.
pub fn apply(path: &Path, options: Options, json: bool) -> Result<Output, Failure> {
    let mut parsed = load(path)?;
    let passwords = secrets::read(&mut parsed, Severity::Error);
    if let Some(code) = passwords.failed {
        return Err(Failure::new(code, &parsed.warnings));
    }
    for finding in parsed.warnings.to_string().lines() {
        say(finding);
    }
    let applied = runtime()?.block_on(apply::apply(
        &parsed.config,
        &passwords.known,
        options,
        &mut say,
    ));
    let report = applied.map_err(|error| Failure::new(code_of_error(&error), &error))?;
    if code_of(report.outcome) == Code::Success && !options.dry_run {
        runtime()?.block_on(tell_if_outdated(&parsed.config));
    }
    let stdout = if json {
        document(&report)?
    } else {
        report.to_string()
    };
    Ok(Output::new(stdout, code_of(report.outcome)))
}

/// BIRD runs this configuration; the daemon, if one does, perhaps not.
async fn tell_if_outdated(config: &Config) {
    let asked = control::ask(&config.daemon.control, Request::Status).await;
    let Ok(Response::Status(snapshot)) = asked else {
        return;
    };
    let running = snapshot.controller.map(|daemon| daemon.config_fingerprint);
    if running.is_some_and(|running| running != fingerprint(config)) {
        say(
            "the daemon still goes by another configuration: `anycastctl reload`, or `systemctl reload anycastctl`, \
             has it read its file anew",
        );
    }
}

fn say(line: &str) {
    // Nobody is left to tell if standard error is gone, and the change has to be finished all the same.
    let _ = writeln!(anstream::stderr(), "{}", harmless::lines(line));
}

fn code_of(outcome: Outcome) -> Code {
    match outcome {
        Outcome::Unchanged | Outcome::Checked | Outcome::Applied => Code::Success,
        Outcome::Refused | Outcome::RolledBack | Outcome::Damaged => Code::NotAsWanted,
    }
}

fn code_of_error(error: &Error) -> Code {
    match error {
        Error::Refused(_) => Code::Bird,
        Error::Foreign { .. } => Code::NotAsWanted,
        _ => Code::Environment,
    }
}
