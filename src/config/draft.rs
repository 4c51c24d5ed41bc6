//! A configuration while its texts come in: the main file first, then what it includes.

use std::collections::HashMap;
use std::ops::Range;

use serde::Deserialize;

use super::diagnostic::{Diagnostics, Finding, Severity};
use super::pattern::Pattern;
use super::reader::Reader;
use super::report::Report;
use super::source::Sources;
use super::spec::{self, Field, Named};
use super::tree::{self, NodeId, Problem, Tree};
use super::{Parsed, parse, validate};

/// A configuration of which not every file has been read yet.
///
/// Nothing here opens a file: the caller does that for each of [`includes`](Self::includes), and hands in the
/// text with [`add`](Self::add) or says what stood in the way with [`report`](Self::report).
#[derive(Debug)]
pub struct Draft {
    sources: Sources,
    tree: Tree,
    /// What was typed in all files so far; `None` if the main one holds no keys.
    file: Option<spec::File>,
    findings: Vec<Finding>,
    /// Whether every file is here and is a map of keys. What follows from keys together cannot be said otherwise.
    whole: bool,
}

/// One item of `include`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// Which files.
    pub pattern: Pattern,
    place: Range<usize>,
    path: String,
}

impl Draft {
    /// Begins with the text of the main file. `name` is what findings show.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        let mut draft = Self {
            sources: Sources::new(name, text),
            tree: Tree::default(),
            file: None,
            findings: Vec::new(),
            whole: true,
        };
        match draft.read(text, 0) {
            Some(root) => draft.file = draft.typed(root),
            None if draft.whole => draft.refuse(Problem::at(
                0..0,
                "the file is empty: the smallest useful one has `version`, `node`, `services` and `neighbors`",
            )),
            None => {}
        }
        draft
    }

    /// The files that the main one includes, in its order. Bad items are left out: they are findings already.
    #[must_use]
    pub fn includes(&self) -> Vec<Include> {
        let items = self
            .file
            .iter()
            .flat_map(|file| file.include.value.iter().flatten());
        let items = items.filter_map(Field::placed);
        items
            .map(|(node, pattern)| Include {
                pattern: pattern.0.clone(),
                place: self.tree.place(node),
                path: self.tree.path(node),
            })
            .collect()
    }

    /// Adds a finding about a file that is included, where the main file names it. An error says that not all
    /// of the configuration is here.
    pub fn report(&mut self, include: &Include, severity: Severity, message: String) {
        self.whole &= severity != Severity::Error;
        self.findings.push(Finding {
            severity,
            place: include.place.clone(),
            path: include.path.clone(),
            message,
            related: None,
        });
    }

    /// Adds the text of an included file behind those before it.
    pub fn add(&mut self, name: &str, text: &str) {
        let start = self.sources.add(name, text);
        let Some(root) = self.read(text, start) else {
            return;
        };
        if self.tree.is_null(root) {
            return;
        }
        let Some(included) = self.typed::<spec::Included>(root) else {
            self.whole = false;
            return;
        };
        if let Some(mut file) = self.file.take() {
            self.with_report(|report| {
                join(report, &mut file.services, included.services);
                join(report, &mut file.neighbors, included.neighbors);
            });
            self.file = Some(file);
        }
    }

    /// Validates what came together.
    pub fn finish(mut self) -> Result<Parsed, Diagnostics> {
        let file = self.file.take().filter(|_| self.whole);
        let valid = file.and_then(|file| {
            let config = self.with_report(|report| validate::validate(report, &file))?;
            let passwords = parse::passwords(&self.tree, &file.resolved());
            Some((config, passwords, parse::includes(&self.tree, &file)))
        });
        let diagnostics = Diagnostics::new(self.sources, self.findings);
        match valid {
            Some((config, passwords, includes)) if !diagnostics.has_errors() => Ok(Parsed {
                config,
                warnings: diagnostics,
                passwords,
                includes,
            }),
            _ => Err(diagnostics),
        }
    }

    /// Reads a text into the tree; its root, unless it holds nothing or is no YAML.
    fn read(&mut self, text: &str, start: usize) -> Option<NodeId> {
        match tree::read(&mut self.tree, text, start) {
            Ok((root, problems)) => {
                self.findings.extend(problems.into_iter().map(finding));
                root
            }
            Err(problem) => {
                self.refuse(problem);
                None
            }
        }
    }

    fn refuse(&mut self, problem: Problem) {
        self.whole = false;
        self.findings.push(finding(problem));
    }

    /// The keys of a document.
    fn typed<T: for<'de> Deserialize<'de>>(&mut self, node: NodeId) -> Option<T> {
        self.with_report(|report| {
            T::deserialize(Reader { report, node })
                .map_err(|refused| report.error(node, refused))
                .ok()
        })
    }

    fn with_report<T>(&mut self, work: impl FnOnce(&Report<'_>) -> T) -> T {
        let report = Report::new(&self.tree, std::mem::take(&mut self.findings));
        let result = work(&report);
        self.findings = report.into_findings();
        result
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

/// Adds the names of an included file behind those that are there; one that is there already is refused.
fn join<T>(report: &Report<'_>, all: &mut Field<Named<T>>, more: Field<Named<T>>) {
    all.node = all.node.or(more.node);
    let Some(Named(more)) = more.value else {
        return;
    };
    let Named(all) = all.value.get_or_insert_with(|| Named(Vec::new()));
    let places = all.iter().map(|(name, entry)| (name.as_str(), entry.node));
    let known: HashMap<&str, Option<NodeId>> = places.collect();
    let is_known = |(name, _): &(String, Field<T>)| known.contains_key(name.as_str());
    let (doubles, new): (Vec<_>, Vec<_>) = more.into_iter().partition(is_known);
    for (name, entry) in doubles {
        let first = known.get(name.as_str()).copied().flatten();
        if let Some((node, first)) = entry.node.zip(first) {
            report.stands_twice(node, first);
        }
    }
    all.extend(new);
}
