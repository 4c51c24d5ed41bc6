//! From text to a [`Config`].

use std::ops::Range;

use super::diagnostic::{Diagnostics, Finding, Severity};
use super::tree::Tree;
use super::{Config, Draft, spec};
use crate::model::NeighborName;

/// A configuration that was taken.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The configuration.
    pub config: Config,
    /// What is probably not meant as it stands; no errors, unless they were reported later.
    pub warnings: Diagnostics,
    /// Where the password of each neighbour is named.
    pub(super) passwords: Vec<Named>,
}

/// The key that says where a neighbour's password is.
#[derive(Debug, Clone)]
pub(super) struct Named {
    neighbor: NeighborName,
    place: Range<usize>,
    path: String,
}

impl Parsed {
    /// Adds a finding about a neighbour's password, where the configuration says where it is.
    pub fn report_password(
        &mut self,
        neighbor: &NeighborName,
        severity: Severity,
        message: String,
    ) {
        let mut named = self.passwords.iter();
        let Some(named) = named.find(|named| named.neighbor == *neighbor) else {
            return;
        };
        self.warnings.push(Finding {
            severity,
            place: named.place.clone(),
            path: named.path.clone(),
            message,
            related: None,
        });
    }
}

impl Config {
    /// Reads a configuration of one text. `file_name` is what findings show; nothing is opened, so what the
    /// text includes stays out. [`Draft`] is for more texts.
    pub fn parse(file_name: &str, text: &str) -> Result<Parsed, Diagnostics> {
        Draft::new(file_name, text).finish()
    }
}

/// Where each neighbour's password is named.
pub(super) fn passwords(tree: &Tree, file: &spec::File) -> Vec<Named> {
    let entries = file.neighbors.value.iter().flat_map(|named| &named.0);
    let named = |(name, entry): &(String, spec::Field<spec::Neighbor>)| {
        let neighbor = entry.value.as_ref()?;
        let keys = [
            neighbor.password_file.node,
            neighbor.password_credential.node,
            neighbor.password_env.node,
        ];
        let node = keys.into_iter().flatten().next()?;
        Some(Named {
            neighbor: name.parse().ok()?,
            place: tree.place(node),
            path: tree.path(node),
        })
    };
    entries.filter_map(named).collect()
}
