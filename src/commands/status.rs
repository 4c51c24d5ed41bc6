//! `anycastctl status`: what the daemon knows.

use std::path::{Path, PathBuf};

use super::{Code, Failure, Output, load, runtime};
use crate::control::{self, Request, Response};
use crate::model::ServiceName;
use crate::status::{Service, Snapshot, write_table};

/// Where the daemon listens unless its configuration says otherwise.
const DEFAULT_CONTROL: &str = "/run/anycastctl/control.sock";

/// Shows the status, of all services or of one.
pub fn status(
    config: &Path,
    control: Option<PathBuf>,
    service: Option<&ServiceName>,
    json: bool,
) -> Result<Output, Failure> {
    let (control, stderr) =
        control.map_or_else(|| control_of(config), |control| (control, String::new()));
    let mut snapshot = ask(&control).map_err(|failure| Failure {
        message: format!("{stderr}{}", failure.message),
        ..failure
    })?;
    if let Some(service) = service {
        restrict(&mut snapshot, service)?;
    }
    let wanted = snapshot.services.iter().all(Service::is_announced);
    Ok(Output {
        stdout: if json {
            document(&snapshot)?
        } else {
            table(&snapshot)?
        },
        stderr,
        code: if wanted {
            Code::Success
        } else {
            Code::NotAsWanted
        },
    })
}

/// The socket, and what to tell about it. A configuration that somebody just broke must not keep an
/// operator from the status.
fn control_of(config: &Path) -> (PathBuf, String) {
    match load(config) {
        Ok(parsed) => (parsed.config.daemon.control, String::new()),
        Err(failure) => {
            let error = failure.message.trim_end();
            let talk = format!(
                "{error}\nThe configuration cannot be used; asking the daemon at {DEFAULT_CONTROL}.\n"
            );
            (PathBuf::from(DEFAULT_CONTROL), talk)
        }
    }
}

fn ask(control: &Path) -> Result<Snapshot, Failure> {
    match runtime()?.block_on(control::ask(control, Request::Status)) {
        Ok(Response::Status(snapshot)) => Ok(*snapshot),
        Ok(Response::Error(error)) => Err(Failure::new(Code::Environment, &error)),
        Err(error) => Err(Failure::new(Code::Environment, &error)),
    }
}

fn document(snapshot: &Snapshot) -> Result<String, Failure> {
    let text = serde_json::to_string(snapshot);
    text.map(|text| text + "\n")
        .map_err(|error| Failure::new(Code::Environment, &error))
}

fn table(snapshot: &Snapshot) -> Result<String, Failure> {
    let mut text = Vec::new();
    write_table(snapshot, &mut text).map_err(|error| Failure::new(Code::Environment, &error))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn restrict(snapshot: &mut Snapshot, service: &ServiceName) -> Result<(), Failure> {
    let known: Vec<_> = snapshot
        .services
        .iter()
        .map(|service| service.name.clone())
        .collect();
    snapshot
        .services
        .retain(|candidate| candidate.name == service.as_str());
    if snapshot.services.is_empty() {
        let message = format!(
            "the daemon has no service `{service}`; it has: {}",
            known.join(", ")
        );
        return Err(Failure::new(Code::Usage, &message));
    }
    Ok(())
}
