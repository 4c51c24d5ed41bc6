//! Findings: what is wrong with a configuration, where, and how that looks to people and programs.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use super::source::{Position, Source, Sources};
use crate::harmless;

/// Whether a finding stops anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The configuration is refused.
    Error,
    /// It is taken, but is probably not what was meant.
    Warning,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether it stops anything.
    pub severity: Severity,
    /// Where it stands: a range of the offsets of [`Sources`], which tell the file too.
    pub place: Range<usize>,
    /// The path of keys, as `services.resolver.prefixes[1]`; empty for the file as a whole.
    pub path: String,
    /// What is wrong, what follows from it, and what to do.
    pub message: String,
    /// The other place that it takes to understand the finding, with what to say there.
    pub related: Option<(Range<usize>, String)>,
}

/// The findings of a configuration, in the order of its files and of their places. [`Display`](fmt::Display) prints each with its
/// source line and a caret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    sources: Sources,
    findings: Vec<Finding>,
}

/// So many findings are printed with their excerpts; nobody reads more at once.
const MOST_SHOWN: usize = 100;

impl Diagnostics {
    /// Sorts findings by where they stand.
    #[must_use]
    pub fn new(sources: Sources, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| (finding.place.start, finding.severity));
        // What stands in `neighbor_defaults` is looked at for every neighbour.
        findings.dedup();
        Self { sources, findings }
    }

    /// The findings, in the order of their places.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many files were included.
    #[must_use]
    pub fn included(&self) -> usize {
        self.sources.included()
    }

    /// How many findings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether any finding is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// How many of them are errors.
    #[must_use]
    pub fn errors(&self) -> usize {
        let is_error = |finding: &&Finding| finding.severity == Severity::Error;
        self.findings.iter().filter(is_error).count()
    }

    /// The first error in one line, with its position.
    #[must_use]
    pub fn first_error(&self) -> Option<String> {
        let mut findings = self.findings.iter();
        let error = findings.find(|finding| finding.severity == Severity::Error)?;
        Some(self.header(error))
    }

    /// Adds a finding that came up after parsing, for example about a file that the configuration names.
    pub fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
        self.findings
            .sort_by_key(|finding| (finding.place.start, finding.severity));
    }

    /// The findings as programs read them.
    #[must_use]
    pub fn records(&self) -> Vec<Record<'_>> {
        self.findings
            .iter()
            .map(|finding| Record::new(&self.sources, finding))
            .collect()
    }

    fn header(&self, finding: &Finding) -> String {
        let (name, Position { line, column }) = locate(&self.sources, &finding.place);
        let kind = match finding.severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
        };
        let path = match finding.path.as_str() {
            "" => String::new(),
            path => format!("{path}: "),
        };
        let other = self.other_place(finding);
        let text = format!("{kind}{path}{}{other}", finding.message);
        // No value in it may talk to the terminal, or end the line.
        harmless::line(&format!("{name}:{line}:{column}: {text}")).into_owned()
    }

    /// ` (first used at line 12)`, for those who see only the first line of a finding.
    fn other_place(&self, finding: &Finding) -> String {
        let Some((place, label)) = &finding.related else {
            return String::new();
        };
        let (own, _) = locate(&self.sources, &finding.place);
        let (name, Position { line, .. }) = locate(&self.sources, place);
        let line = if name == own {
            format!("line {line}")
        } else {
            format!("{name}:{line}")
        };
        match label.strip_suffix("here") {
            Some(label) => format!(" ({label}at {line})"),
            None => format!(" ({label}: {line})"),
        }
    }

    fn excerpt(&self, finding: &Finding) -> String {
        let source = |place: &Range<usize>| self.sources.at(place.start);
        let own = source(&finding.place);
        let primary = (&finding.place, None);
        let snippets = match &finding.related {
            None => vec![snippet(own, &[primary])],
            Some((place, label)) => {
                let related = (place, Some(label.as_str()));
                match source(place) {
                    other if std::ptr::eq(other, own) => vec![snippet(own, &[primary, related])],
                    other => {
                        let other = snippet(other, &[related]).path(harmless::line(other.name()));
                        vec![snippet(own, &[primary]), other]
                    }
                }
            }
        };
        let report = [Group::with_level(Level::ERROR).elements(snippets)];
        Renderer::plain().render(&report)
    }
}

/// The file and the position of a place.
fn locate<'s>(sources: &'s Sources, place: &Range<usize>) -> (&'s str, Position) {
    let source = sources.at(place.start);
    (source.name(), source.position(place.start))
}

/// The lines of one file from the first to the last place, with what to say at each; nothing is said at the
/// finding's own.
fn snippet<'a>(
    source: &Source,
    places: &[(&Range<usize>, Option<&'a str>)],
) -> Snippet<'a, Annotation<'a>> {
    let lines = places
        .iter()
        .map(|(place, _)| source.position(place.start).line);
    let (first, last) = lines.fold((usize::MAX, 1), |(first, last), line| {
        (first.min(line), last.max(line))
    });
    let (start, text) = source.lines(first, last);
    let annotations = places.iter().map(|(place, label)| {
        let place = source.first_line(place);
        let within = place.start - start..place.end - start;
        match label {
            None => AnnotationKind::Primary.span(within),
            Some(label) => AnnotationKind::Context.span(within).label(*label),
        }
    });
    Snippet::source(text)
        .line_start(first)
        .annotations(annotations)
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in self.findings.iter().take(MOST_SHOWN) {
            writeln!(f, "{}", self.header(finding))?;
            writeln!(f, "{}", self.excerpt(finding))?;
        }
        match self.findings.len().checked_sub(MOST_SHOWN) {
            Some(more @ 1..) => writeln!(f, "and {more} more"),
            _ => Ok(()),
        }
    }
}

/// A finding with its position spelt out, for `--json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record<'a> {
    /// Whether it stops anything.
    pub severity: Severity,
    /// The file.
    pub file: &'a str,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The path of keys; empty for the file as a whole.
    pub path: &'a str,
    /// What is wrong.
    pub message: &'a str,
    /// The other place that it takes to understand the finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub related: Option<Related<'a>>,
}

/// The second place of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related<'a> {
    /// The file, which may be another one.
    pub file: &'a str,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What to say there.
    pub message: &'a str,
}

impl<'a> Record<'a> {
    fn new(sources: &'a Sources, finding: &'a Finding) -> Self {
        let (file, Position { line, column }) = locate(sources, &finding.place);
        Self {
            severity: finding.severity,
            file,
            line,
            column,
            path: &finding.path,
            message: &finding.message,
            related: finding.related.as_ref().map(|(place, message)| {
                let (file, Position { line, column }) = locate(sources, place);
                Related {
                    file,
                    line,
                    column,
                    message,
                }
            }),
        }
    }
}
