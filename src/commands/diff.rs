//! `anycastctl diff`: what is rendered against what is installed, as text and in terms of the network.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use secrecy::ExposeSecret;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::{Code, Failure, Output, load, secrets};
use crate::bird::file::redacted;
use crate::compare::{Comparison, Weight};
use crate::config::{Parsed, Severity};
use crate::{files, harmless, render};

/// For the shortest difference; a longer one does as well.
const SEARCH: Duration = Duration::from_secs(2);

/// Compares the installed file with the rendered one. Exits with 1 if anything differs.
pub fn diff(config: &Path, installed: Option<&Path>, json: bool) -> Result<Output, Failure> {
    let mut parsed = load(config)?;
    let path = installed.map_or_else(|| parsed.config.bird.config.clone(), Path::to_owned);
    let rendered =
        render::bird(&parsed.config).map_err(|error| Failure::new(Code::Environment, &error))?;
    let text = files::read_installed_text(&path)?;
    let comparison = match &text {
        Some(text) => Comparison::between(text, &rendered),
        None => Comparison::first(&rendered),
    };
    let (comparison, note) = if installed.is_some() {
        (comparison, None)
    } else {
        with_secrets(comparison, &mut parsed)
    };
    let hazard = comparison.hazard(parsed.config.bird.version);
    let report = Report {
        path: path.display().to_string(),
        text: redacted(&text.unwrap_or_default()),
        rendered: redacted(&rendered),
        comparison,
    };
    let stdout = if json { report.json() } else { report.text() };
    let mut talk = parsed.warnings.to_string() + &note.unwrap_or_default();
    if let Some(hazard) = hazard {
        talk = talk + &harmless::lines(&hazard) + "\n";
    }
    Ok(Output {
        stdout,
        stderr: talk,
        code: report.code(),
    })
}

/// With the secrets files compared, or with the reason why they were not.
fn with_secrets(comparison: Comparison, parsed: &mut Parsed) -> (Comparison, Option<String>) {
    let passwords = secrets::read(parsed, Severity::Warning);
    if passwords.failed.is_some() {
        let note = "the secrets were not compared: not every password can be read\n";
        return (comparison, Some(note.to_owned()));
    }
    let installed = files::read_installed_secrets(&parsed.config.bird.secrets);
    let rendered = render::secrets(&parsed.config, &passwords.known);
    match (installed, rendered) {
        (Ok(installed), Ok(rendered)) => {
            let (installed, rendered) = (installed.expose_secret(), rendered.expose_secret());
            (comparison.with_secrets(installed, rendered), None)
        }
        (Err(error), _) => (
            comparison,
            Some(format!("the secrets were not compared: {error}\n")),
        ),
        (_, Err(error)) => (
            comparison,
            Some(format!("the secrets were not compared: {error}\n")),
        ),
    }
}

/// What there is to tell. The texts are without passwords.
struct Report {
    path: String,
    text: String,
    rendered: String,
    comparison: Comparison,
}

/// The document of `diff --json`, format version 1.
#[derive(Serialize)]
struct Document<'r> {
    version: u8,
    installed_path: &'r str,
    unified: String,
    #[serde(flatten)]
    comparison: &'r Comparison,
}

impl Report {
    fn code(&self) -> Code {
        if self.comparison.differs {
            Code::NotAsWanted
        } else {
            Code::Success
        }
    }

    fn json(&self) -> String {
        let mut unified = String::new();
        for (_, line) in self.unified() {
            unified = unified + &line + "\n";
        }
        let document = Document {
            version: 1,
            installed_path: &self.path,
            unified,
            comparison: &self.comparison,
        };
        let text = serde_json::to_string(&document);
        harmless::json(&text.expect("plain structs of text always serialize")).into_owned() + "\n"
    }

    fn text(&self) -> String {
        if !self.comparison.differs {
            return format!("{}: as rendered, nothing would change\n", self.path);
        }
        let mut text = String::new();
        for (style, line) in self.unified() {
            text += &painted(style, &line);
        }
        if !text.is_empty() {
            text.push('\n');
        }
        for line in self.comparison.summary() {
            text += &painted(color(line.weight), &line.text);
        }
        text
    }

    /// The lines of the unified difference and their colours; none if only passwords differ.
    fn unified(&self) -> Vec<(Style, String)> {
        let diff = TextDiff::configure()
            .timeout(SEARCH)
            .diff_lines(&self.text, &self.rendered);
        let mut lines = Vec::new();
        for hunk in diff.unified_diff().iter_hunks() {
            lines.push((AnsiColor::Cyan.on_default(), hunk.header().to_string()));
            for change in hunk.iter_changes() {
                let (sign, style) = match change.tag() {
                    ChangeTag::Delete => ('-', AnsiColor::Red.on_default()),
                    ChangeTag::Insert => ('+', AnsiColor::Green.on_default()),
                    ChangeTag::Equal => (' ', Style::new()),
                };
                lines.push((
                    style,
                    format!("{sign}{}", change.value().trim_end_matches('\n')),
                ));
                if change.missing_newline() {
                    lines.push((Style::new(), "\\ No newline at end of file".to_owned()));
                }
            }
        }
        if !lines.is_empty() {
            let headers = [format!("--- {}", self.path), "+++ rendered".to_owned()];
            lines.splice(0..0, headers.map(|text| (Style::new().bold(), text)));
        }
        lines
    }
}

fn color(weight: Weight) -> Style {
    match weight {
        Weight::Loss => AnsiColor::Red.on_default().bold(),
        Weight::Gain => AnsiColor::Green.on_default(),
        Weight::Change => AnsiColor::Yellow.on_default(),
        Weight::Plain => Style::new(),
    }
}

/// A harmless line: an edited file must not reach the terminal's own language.
fn painted(style: Style, line: &str) -> String {
    let line = harmless::lines(line);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{style}{line}{style:#}");
    text
}
