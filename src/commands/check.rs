//! `anycastctl check`: the configuration, then what BIRD says about the file rendered from it.

use std::path::Path;

use serde::Serialize;

use super::{Code, Failure, Output, passwords};
use crate::bird::binary::{self, Binary, Judgement, Message};
use crate::config::{Config, Diagnostics, Parsed, Record, Severity};
use crate::files;
use crate::model::{NeighborName, Password};

/// Checks a configuration. Findings are the result, so they go to standard output.
pub fn check(path: &Path, json: bool) -> Result<Output, Failure> {
    let text = files::read_configuration(path)?;
    let name = path.display().to_string();
    let report = match Config::parse(&name, &text) {
        Ok(parsed) => judge(parsed, &name)?,
        Err(findings) => Report {
            summary: String::new(),
            trial: Trial::Spared,
            findings,
        },
    };
    Ok(Output {
        stdout: if json { report.json() } else { report.text() },
        stderr: String::new(),
        code: report.code(),
    })
}

/// Everything that a check found.
struct Report {
    findings: Diagnostics,
    /// The first line for people, where nothing is wrong.
    summary: String,
    trial: Trial,
}

/// What came of giving the rendered file to BIRD.
enum Trial {
    /// The configuration has errors: there is nothing to render.
    Spared,
    /// There is no such program.
    NoBinary(String),
    /// It was tried.
    Done {
        binary: Binary,
        judgement: Judgement,
        /// A warning if the program is older than the release that the file is rendered for.
        older: Option<String>,
    },
}

fn judge(mut parsed: Parsed, name: &str) -> Result<Report, Failure> {
    let mut passwords = passwords(&mut parsed, Severity::Warning).known;
    let trial = if parsed.warnings.has_errors() {
        Trial::Spared
    } else {
        add_placeholders(&parsed.config, &mut passwords);
        try_bird(&parsed.config, &passwords)?
    };
    Ok(Report {
        summary: summary(name, &parsed),
        findings: parsed.warnings,
        trial,
    })
}

/// BIRD parses any password alike: the file can be tried where the real one may not be read, as in CI.
fn add_placeholders(config: &Config, passwords: &mut Vec<(NeighborName, Password)>) {
    for neighbor in &config.neighbors {
        let known = passwords.iter().any(|(name, _)| *name == neighbor.name);
        if !known && let Ok(placeholder) = Password::new("placeholder".to_owned()) {
            passwords.push((neighbor.name.clone(), placeholder));
        }
    }
}

fn try_bird(config: &Config, passwords: &[(NeighborName, Password)]) -> Result<Trial, Failure> {
    let wanted = &config.bird.binary;
    let Some(path) = binary::find(wanted) else {
        return Ok(Trial::NoBinary(wanted.display().to_string()));
    };
    let failure = |error: binary::Error| Failure::new(Code::Environment, &error);
    let binary = Binary::ask(&path).map_err(failure)?;
    let judgement = binary.judge(config, passwords).map_err(failure)?;
    let target = config.bird.version;
    let is_older = binary.version.is_none_or(|version| version < target);
    let older = is_older.then(|| {
        let has = &binary.version_text;
        format!("this BIRD is {has}, older than `bird.version` {target}, which the file is rendered for: try it on the release that will load it")
    });
    Ok(Trial::Done {
        binary,
        judgement,
        older,
    })
}

fn summary(name: &str, parsed: &Parsed) -> String {
    let config = &parsed.config;
    let sessions = config
        .neighbors
        .iter()
        .map(|neighbor| neighbor.sessions.len());
    let findings = match parsed.warnings.len() {
        0 => "no findings".to_owned(),
        count => counted(count, "warning"),
    };
    let services = counted(config.services.len(), "service");
    format!(
        "{name}: {findings}; {services}, {}",
        counted(sessions.sum(), "session")
    )
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// The document of `check --json`, format version 1.
#[derive(Serialize)]
struct Document<'r> {
    version: u8,
    findings: Vec<Record<'r>>,
    bird: Option<BirdDocument<'r>>,
}

#[derive(Serialize)]
struct BirdDocument<'r> {
    binary: String,
    version: &'r str,
    accepted: bool,
    older_than_target: bool,
    messages: &'r [Message],
}

impl Report {
    fn code(&self) -> Code {
        match &self.trial {
            _ if self.findings.has_errors() => Code::Usage,
            Trial::Done { judgement, .. } if !judgement.accepted => Code::Bird,
            _ => Code::Success,
        }
    }

    fn json(&self) -> String {
        let bird = match &self.trial {
            Trial::Spared | Trial::NoBinary(_) => None,
            Trial::Done {
                binary,
                judgement,
                older,
            } => Some(BirdDocument {
                binary: binary.path.display().to_string(),
                version: &binary.version_text,
                accepted: judgement.accepted,
                older_than_target: older.is_some(),
                messages: &judgement.messages,
            }),
        };
        let findings = self.findings.records();
        let document = Document {
            version: 1,
            findings,
            bird,
        };
        let text = serde_json::to_string(&document);
        text.expect("plain structs of text and numbers always serialize") + "\n"
    }

    fn text(&self) -> String {
        let findings = self.findings.to_string();
        if self.findings.has_errors() {
            return findings;
        }
        format!("{findings}{}\n{}", self.summary, self.trial.text())
    }
}

impl Trial {
    fn text(&self) -> String {
        match self {
            Self::Spared => String::new(),
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
