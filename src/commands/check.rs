//! `anycastctl check`: the configuration, then what BIRD says about the file rendered from it.

mod report;
mod trial;

use std::path::{Path, PathBuf};

use self::report::Report;
use super::{Code, Failure, Output, refused_code, secrets};
use crate::bird::binary;
use crate::cli::{Format, Passwords};
use crate::config::{Parsed, Severity};
use crate::files;

/// What is checked, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// How findings are printed.
    pub format: Format,
    /// What stands for the passwords.
    pub passwords: Passwords,
    /// The programs that try the rendered file; the one of the configuration where empty.
    pub birds: Vec<PathBuf>,
}

/// Checks a configuration. Findings are the result, so they go to standard output.
pub fn check(path: &Path, options: &Options) -> Result<Output, Failure> {
    let report = match files::read_configuration(path)? {
        Ok(parsed) => judge(path, parsed, options)?,
        Err(refused) => Report {
            summary: String::new(),
            trials: Vec::new(),
            refused: refused_code(&refused),
            findings: refused.findings,
        },
    };
    Ok(Output {
        stdout: report.print(options.format),
        stderr: String::new(),
        code: report.code(),
    })
}

fn judge(path: &Path, mut parsed: Parsed, options: &Options) -> Result<Report, Failure> {
    let mut passwords = match options.passwords {
        Passwords::Real => secrets::read(&mut parsed, Severity::Warning).known,
        Passwords::Placeholder => Vec::new(),
    };
    // Where a password is not known, any will do: BIRD only parses it.
    for (name, placeholder) in secrets::placeholders(&parsed) {
        if passwords.iter().all(|(known, _)| *known != name) {
            passwords.push((name, placeholder));
        }
    }
    let trials = if parsed.warnings.has_errors() {
        Vec::new()
    } else {
        trial::all(&parsed.config, &passwords, &options.birds)?
    };
    if trials.iter().any(trial::Trial::is_done) {
        report_missing(&mut parsed);
    }
    Ok(Report {
        summary: report::summary(&path.display().to_string(), &parsed),
        findings: parsed.warnings,
        trials,
        refused: Code::Usage,
    })
}

/// Says which files BIRD will read on the node, and did not read here.
fn report_missing(parsed: &mut Parsed) {
    for file in binary::missing(&parsed.config) {
        let message = format!(
            "{} is not on this machine: bird.conf was tried without it, and what stands in it may still be refused on the node",
            file.display()
        );
        parsed.report_include(&file, message);
    }
}

impl Report {
    fn code(&self) -> Code {
        if self.findings.has_errors() {
            self.refused
        } else if self.trials.iter().any(trial::Trial::is_refused) {
            Code::Bird
        } else {
            Code::Success
        }
    }
}
