//! From text to a [`Config`].

use std::ops::Range;
use std::path::{Path, PathBuf};

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
    /// Where each file of `bird.include` is named.
    pub(super) includes: Vec<Included>,
}

/// The key that says where a neighbour's password is.
#[derive(Debug, Clone)]
pub(super) struct Named {
    neighbor: NeighborName,
    place: Range<usize>,
    path: String,
}

/// An item of `bird.include`.
#[derive(Debug, Clone)]
pub(super) struct Included {
    file: PathBuf,
    place: Range<usize>,
    path: String,
}

impl Parsed {
    /// Adds a warning about a file of `bird.include`, where the configuration names it.
    pub fn report_include(&mut self, file: &Path, message: String) {
        let mut included = self.includes.iter();
        let Some(included) = included.find(|included| included.file == file) else {
            return;
        };
        self.warnings.push(Finding {
            severity: Severity::Warning,
            place: included.place.clone(),
            path: included.path.clone(),
            message,
            related: None,
        });
    }

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

/// Where each file of `bird.include` is named.
pub(super) fn includes(tree: &Tree, file: &spec::File) -> Vec<Included> {
    let bird = file.bird.value.iter();
    let items = bird.flat_map(|bird| bird.include.value.iter().flatten());
    let included = items.filter_map(spec::Field::placed);
    included
        .map(|(node, file)| Included {
            file: file.0.clone(),
            place: tree.place(node),
            path: tree.path(node),
        })
        .collect()
}
