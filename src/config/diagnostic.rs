//! Findings: what is wrong with a configuration, where, and how that looks to people and programs.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use super::source::{Position, Source};

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
    /// Bytes of the file.
    pub place: Range<usize>,
    /// The path of keys, as `services.resolver.prefixes[1]`; empty for the file as a whole.
    pub path: String,
    /// What is wrong, what follows from it, and what to do.
    pub message: String,
    /// The other place that it takes to understand the finding, with what to say there.
    pub related: Option<(Range<usize>, String)>,
}

/// The findings of one file, in the order of their places. [`Display`](fmt::Display) prints each with its
/// source line and a caret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    source: Source,
    findings: Vec<Finding>,
}

/// So many findings are printed with their excerpts; nobody reads more at once.
const MOST_SHOWN: usize = 100;

impl Diagnostics {
    /// Sorts findings by where they stand.
    #[must_use]
    pub fn new(source: Source, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| (finding.place.start, finding.severity));
        Self { source, findings }
    }

    /// The findings, in the order of their places.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
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
            .map(|finding| Record::new(&self.source, finding))
            .collect()
    }

    fn header(&self, finding: &Finding) -> String {
        let Position { line, column } = self.source.position(finding.place.start);
        let kind = match finding.severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
        };
        let path = match finding.path.as_str() {
            "" => String::new(),
            path => format!("{path}: "),
        };
        let name = self.source.name();
        let other = self.other_place(finding);
        let text = format!("{kind}{path}{}{other}", finding.message);
        format!("{name}:{line}:{column}: {}", printable(&text))
    }

    /// ` (first used at line 12)`, for those who see only the first line of a finding.
    fn other_place(&self, finding: &Finding) -> String {
        finding
            .related
            .as_ref()
            .map_or_else(String::new, |(place, label)| {
                let line = self.source.position(place.start).line;
                match label.strip_suffix("here") {
                    Some(label) => format!(" ({label}at line {line})"),
                    None => format!(" ({label}: line {line})"),
                }
            })
    }

    fn excerpt(&self, finding: &Finding) -> String {
        let related = finding.related.as_ref();
        let offsets = || {
            let other = related.map(|(place, _)| place.start);
            std::iter::once(finding.place.start).chain(other)
        };
        let lines = offsets().map(|offset| self.source.position(offset).line);
        let (first, last) = lines.fold((usize::MAX, 1), |(first, last), line| {
            (first.min(line), last.max(line))
        });
        let (start, text) = self.source.lines(first, last);
        let within = |place: &Range<usize>| {
            let place = self.source.first_line(place);
            place.start - start..place.end - start
        };
        let primary = AnnotationKind::Primary.span(within(&finding.place));
        let other =
            related.map(|(place, label)| AnnotationKind::Context.span(within(place)).label(label));
        draw(text, first, std::iter::once(primary).chain(other))
    }
}

/// A finding is one line, and no value in it may talk to the terminal.
fn printable(text: &str) -> String {
    let escaped = |c: char| match c {
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

fn draw<'a>(
    text: String,
    first_line: usize,
    annotations: impl Iterator<Item = Annotation<'a>>,
) -> String {
    let snippet = Snippet::source(text)
        .line_start(first_line)
        .annotations(annotations);
    let report = [Group::with_level(Level::ERROR).element(snippet)];
    Renderer::plain().render(&report)
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
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What to say there.
    pub message: &'a str,
}

impl<'a> Record<'a> {
    fn new(source: &'a Source, finding: &'a Finding) -> Self {
        let Position { line, column } = source.position(finding.place.start);
        Self {
            severity: finding.severity,
            file: source.name(),
            line,
            column,
            path: &finding.path,
            message: &finding.message,
            related: finding.related.as_ref().map(|(place, message)| {
                let Position { line, column } = source.position(place.start);
                Related {
                    line,
                    column,
                    message,
                }
            }),
        }
    }
}
