//! What a check found, for people, for programs and for code hosts.

use serde::Serialize;

use super::super::Code;
use super::trial::Trial;
use crate::bird::binary::Message;
use crate::cli::Format;
use crate::config::{Diagnostics, Parsed, Record, Severity};
use crate::harmless;

/// Everything that a check found.
pub(super) struct Report {
    pub(super) findings: Diagnostics,
    /// The first line for people, where nothing is wrong.
    pub(super) summary: String,
    /// One for each BIRD; none where the configuration has errors, because there is nothing to render.
    pub(super) trials: Vec<Trial>,
    /// How to exit if the findings hold errors.
    pub(super) refused: Code,
}

/// The line that tells people how much was checked.
pub(super) fn summary(name: &str, parsed: &Parsed) -> String {
    let config = &parsed.config;
    let sessions = config
        .neighbors
        .iter()
        .map(|neighbor| neighbor.sessions.len());
    let findings = match parsed.warnings.len() {
        0 => "no findings".to_owned(),
        count => counted(count, "warning"),
    };
    let included = match parsed.warnings.included() {
        0 => String::new(),
        count => format!(" and {}", counted(count, "included file")),
    };
    let services = counted(config.services.len(), "service");
    format!(
        "{name}{included}: {findings}; {services}, {}",
        counted(sessions.sum(), "session")
    )
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

impl Report {
    pub(super) fn print(&self, format: Format) -> String {
        match format {
            Format::Human => self.text(),
            Format::Json => self.json(),
            Format::Github => self.annotations(),
        }
    }

    fn text(&self) -> String {
        let findings = self.findings.to_string();
        if self.findings.has_errors() {
            return findings;
        }
        let trials = self.trials.iter().map(Trial::text);
        format!("{findings}{}\n{}", self.summary, trials.collect::<String>())
    }

    fn json(&self) -> String {
        let document = Document {
            version: 1,
            findings: self.findings.records(),
            bird: self.trials.iter().filter_map(BirdDocument::new).collect(),
        };
        let text = serde_json::to_string(&document);
        let text = text.expect("plain structs of text and numbers always serialize");
        harmless::json(&text).into_owned() + "\n"
    }

    /// GitHub's workflow commands: shown at the line in the pull request.
    fn annotations(&self) -> String {
        let records = self.findings.records();
        let findings = records.iter().map(annotation);
        let trials = self.trials.iter().flat_map(Trial::annotations);
        findings.chain(trials).collect()
    }
}

fn annotation(record: &Record<'_>) -> String {
    let kind = match record.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let (file, title) = (property(record.file), property(record.path));
    let (line, column) = (record.line, record.column);
    let message = data(record.message);
    format!("::{kind} file={file},line={line},col={column},title={title}::{message}\n")
}

/// Text behind `::`, in which a percent sign or a line break would end or change the command
/// (docs.github.com, "Workflow commands for GitHub Actions").
fn data(text: &str) -> String {
    harmless::lines(text)
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Text between commas.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The document of `check --format json`, format version 1.
#[derive(Serialize)]
struct Document<'r> {
    version: u8,
    findings: Vec<Record<'r>>,
    bird: Vec<BirdDocument<'r>>,
}

#[derive(Serialize)]
struct BirdDocument<'r> {
    binary: String,
    version: &'r str,
    accepted: bool,
    older_than_target: bool,
    messages: &'r [Message],
}

impl<'r> BirdDocument<'r> {
    fn new(trial: &'r Trial) -> Option<Self> {
        match trial {
            Trial::NoBinary(_) => None,
            Trial::Done {
                binary,
                judgement,
                older,
            } => Some(Self {
                binary: binary.path.display().to_string(),
                version: &binary.version_text,
                accepted: judgement.accepted,
                older_than_target: older.is_some(),
                messages: &judgement.messages,
            }),
        }
    }
}

impl Trial {
    fn text(&self) -> String {
        match self {
            Self::NoBinary(wanted) => {
                format!("bird.conf: not tried, no `{wanted}` on this machine (set bird.binary)\n")
            }
            Self::Done {
                binary,
                judgement,
                older,
            } => {
                let verdict = if judgement.accepted {
                    "accepted"
                } else {
                    "refused"
                };
                let (version, path) = (&binary.version_text, binary.path.display());
                let mut text = format!("bird.conf: {verdict} by BIRD {version} ({path})\n");
                if let Some(warning) = older {
                    text = format!("{text}bird.conf: warning: {warning}\n");
                }
                judgement
                    .messages
                    .iter()
                    .fold(text, |text, message| text + &line(message))
            }
        }
    }

    fn annotations(&self) -> Vec<String> {
        match self {
            Self::NoBinary(wanted) => vec![format!(
                "::warning::{}\n",
                data(&format!(
                    "bird.conf was not tried: no `{wanted}` on this machine"
                ))
            )],
            Self::Done {
                binary,
                judgement,
                older,
            } => {
                let kind = if judgement.accepted {
                    "warning"
                } else {
                    "error"
                };
                let older = older
                    .iter()
                    .map(|text| format!("::warning::{}\n", data(text)));
                let said = judgement.messages.iter().map(|message| {
                    let text = format!("BIRD {}: {}", binary.version_text, line(message));
                    format!("::{kind}::{}\n", data(text.trim_end()))
                });
                older.chain(said).collect()
            }
        }
    }
}

fn line(message: &Message) -> String {
    let place = message
        .line
        .map(|line| format!(":{line}"))
        .unwrap_or_default();
    let rendered = message.rendered.as_ref();
    let excerpt = rendered.map(|rendered| format!("  | {rendered}\n"));
    format!(
        "bird.conf{place}: {}\n{}",
        message.text,
        excerpt.unwrap_or_default()
    )
}
