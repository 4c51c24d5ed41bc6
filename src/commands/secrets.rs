//! The passwords of all neighbours, for the commands that need them.

use std::path::Path;

use super::Code;
use crate::config::{Parsed, Severity};
use crate::files::Exposure;
use crate::model::{NeighborName, Password};
use crate::passwords;

/// The passwords of all neighbours that have one.
pub(super) struct Secrets {
    pub(super) known: Vec<(NeighborName, Password)>,
    /// How to exit if all of them were needed.
    pub(super) failed: Option<Code>,
}

/// Reads the passwords of all neighbours. What is wrong with them is reported where the configuration names
/// them; `unreadable` says how much a password that is not there matters.
pub(super) fn read(parsed: &mut Parsed, unreadable: Severity) -> Secrets {
    let neighbors = parsed.config.neighbors.clone().into_iter();
    let mut secrets = Secrets {
        known: Vec::new(),
        failed: None,
    };
    for (name, source) in neighbors.filter_map(|neighbor| Some((neighbor.name, neighbor.password?)))
    {
        if let Some((path, exposure)) = passwords::exposure(&source) {
            parsed.report_password(&name, Severity::Warning, exposed(path, exposure));
        }
        match passwords::read(&source) {
            Ok(password) => secrets.known.push((name, password)),
            Err(error) => {
                let (severity, code) = if error.is_wrong() {
                    (Severity::Error, Code::Usage)
                } else {
                    (unreadable, Code::Environment)
                };
                parsed.report_password(&name, severity, error.to_string());
                secrets.failed.get_or_insert(code);
            }
        }
    }
    secrets
}

fn exposed(path: &Path, exposure: Exposure) -> String {
    let shown = path.display();
    match exposure {
        Exposure::Read => format!("every user of this host can read {shown}: `chmod o-r` it"),
        Exposure::Write => {
            format!(
                "every user of this host can change {shown}: `chmod o-rw` it, and change the password"
            )
        }
        Exposure::Replace => {
            let directory = path.parent().unwrap_or(path).display();
            format!(
                "every user of this host can put another file in the place of {shown}: `chmod o-w {directory}`"
            )
        }
    }
}

/// The same word for every neighbour with a password: BIRD parses any password alike, so a file can be tried
/// where the real ones may not be read, as in CI.
pub(super) fn placeholders(parsed: &Parsed) -> Vec<(NeighborName, Password)> {
    let neighbors = parsed.config.neighbors.iter();
    let protected = neighbors.filter(|neighbor| neighbor.password.is_some());
    let named = protected.filter_map(|neighbor| {
        let placeholder = Password::new("placeholder".to_owned()).ok()?;
        Some((neighbor.name.clone(), placeholder))
    });
    named.collect()
}
