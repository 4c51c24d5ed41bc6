//! From text to a [`Config`].

use std::ops::Range;

use serde::Deserialize;

use super::diagnostic::{Diagnostics, Finding, Severity};
use super::reader::Reader;
use super::report::Report;
use super::source::Source;
use super::tree::{self, NodeId, Problem, Tree};
use super::{Config, spec, validate};
use crate::model::NeighborName;

/// A configuration that was taken.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The configuration.
    pub config: Config,
    /// What is probably not meant as it stands; no errors, unless they were reported later.
    pub warnings: Diagnostics,
    /// Where the password of each neighbour is named.
    passwords: Vec<Named>,
}

/// The key that says where a neighbour's password is.
#[derive(Debug, Clone)]
struct Named {
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
    /// Reads a configuration. `file_name` is what findings show; nothing is opened.
    pub fn parse(file_name: &str, text: &str) -> Result<Parsed, Diagnostics> {
        let source = Source::new(file_name, text);
        let (tree, problems) = match tree::read(text) {
            Ok(read) => read,
            Err(problem) => return Err(Diagnostics::new(source, vec![finding(problem)])),
        };
        let report = Report::new(&tree, problems.into_iter().map(finding).collect());
        let file = read(&report);
        let config = file
            .as_ref()
            .and_then(|file| validate::validate(&report, file));
        let passwords = file.map(|file| passwords(&tree, &file.resolved()));
        let diagnostics = Diagnostics::new(source, report.into_findings());
        match config {
            Some(config) if !diagnostics.has_errors() => Ok(Parsed {
                config,
                warnings: diagnostics,
                passwords: passwords.unwrap_or_default(),
            }),
            _ => Err(diagnostics),
        }
    }
}

fn finding(problem: Problem) -> Finding {
    Finding {
        severity: Severity::Error,
        place: problem.place,
        path: problem.path,
        message: problem.message,
        related: problem.related,
    }
}

fn read(report: &Report<'_>) -> Option<spec::File> {
    let node = NodeId::ROOT;
    spec::File::deserialize(Reader { report, node })
        .map_err(|refused| report.error(node, refused))
        .ok()
}

fn passwords(tree: &Tree, file: &spec::File) -> Vec<Named> {
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
