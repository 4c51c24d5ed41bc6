//! The passwords of all neighbours, for the commands that need them.

use super::Code;
use crate::config::{Parsed, Severity};
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
        if let Some(path) = passwords::readable_by_all(&source) {
            let path = path.display();
            let message = format!("every user of this host can read {path}: `chmod o-r` it");
            parsed.report_password(&name, Severity::Warning, message);
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
