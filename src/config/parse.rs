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
    /// Where each `password_file` stands.
    password_files: Vec<(NeighborName, Range<usize>)>,
}

impl Parsed {
    /// Adds a finding about what is in a neighbour's `password_file`, where the file is named.
    pub fn report_password_file(
        &mut self,
        neighbor: &NeighborName,
        severity: Severity,
        message: String,
    ) {
        let mut places = self.password_files.iter();
        let place = places.find(|(name, _)| name == neighbor);
        self.warnings.push(Finding {
            severity,
            place: place.map_or(0..0, |(_, place)| place.clone()),
            path: format!("neighbors.{neighbor}.password_file"),
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
        let password_files = file.map(|file| password_files(&tree, &file));
        let diagnostics = Diagnostics::new(source, report.into_findings());
        match config {
            Some(config) if !diagnostics.has_errors() => Ok(Parsed {
                config,
                warnings: diagnostics,
                password_files: password_files.unwrap_or_default(),
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

fn password_files(tree: &Tree, file: &spec::File) -> Vec<(NeighborName, Range<usize>)> {
    let entries = file.neighbors.value.iter().flat_map(|named| &named.0);
    let place = |(name, entry): &(String, spec::Field<spec::Neighbor>)| {
        let node = entry.value.as_ref()?.password_file.node?;
        Some((name.parse().ok()?, tree.place(node)))
    };
    entries.filter_map(place).collect()
}
