//! `anycastctl reload`: the daemon goes on with the configuration as it is in the file now.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::source::Source;
use super::{Code, Failure, Output, document, runtime};
use crate::columns::clean;
use crate::control::{self, Error, Request, Response};
use crate::reload::{Changes, Difference, Refusal, Report};

/// Asks the daemon to reload, and tells what that changed.
pub fn reload(config: &Path, control: Option<PathBuf>, json: bool) -> Result<Output, Failure> {
    let source = Source::find(config, control);
    match runtime()?.block_on(control::ask(&source.control, Request::Reload)) {
        Ok(Response::Reloaded(report)) => Ok(Output {
            stdout: if json {
                document(&report)?
            } else {
                lines(&report)
            },
            stderr: report.warnings,
            code: Code::Success,
        }),
        Ok(Response::ReloadRefused(refusal)) => Err(refused(&refusal)),
        Ok(_) => Err(source.failed(&Error::Mismatch)),
        Err(error) => Err(source.failed(&error)),
    }
}

fn refused(refusal: &Refusal) -> Failure {
    let findings = refusal.findings.trim_end();
    Failure {
        code: if refusal.unreadable {
            Code::Environment
        } else {
            Code::Usage
        },
        message: format!(
            "{findings}\nNothing was changed: the daemon goes on with the configuration that it has."
        ),
    }
}

fn lines(report: &Report) -> String {
    let Changes {
        services,
        neighbors,
        others,
    } = &report.changes;
    let mut text = format!("{} is in force\n", clean(&report.file));
    for (what, difference) in [("services", services), ("neighbors", neighbors)] {
        let _ = writeln!(text, "{what}: {}", all(difference));
    }
    if !others.is_empty() {
        let _ = writeln!(text, "also changed: {}", others.join(", "));
    }
    text
}

/// Every name that is not as it was.
fn all(difference: &Difference) -> String {
    let lists = [
        ("added", &difference.added),
        ("removed", &difference.removed),
        ("changed", &difference.changed),
    ];
    let told = lists.iter().filter(|(_, names)| !names.is_empty());
    let told = told.map(|(what, names)| format!("{what} {}", names.join(" ")));
    let unchanged = format!("{} unchanged", difference.unchanged.len());
    told.chain([unchanged]).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn every_change_has_its_name() {
        let services = Difference {
            added: names(&["web", "dot"]),
            removed: names(&["old"]),
            changed: Vec::new(),
            unchanged: names(&["resolver"]),
        };
        let report = Report {
            file: "config.yaml".to_owned(),
            warnings: String::new(),
            changes: Changes {
                services,
                neighbors: Difference::default(),
                others: names(&["flap"]),
            },
        };
        assert_eq!(
            lines(&report),
            "config.yaml is in force\nservices: added web dot; removed old; 1 unchanged\n\
             neighbors: 0 unchanged\nalso changed: flap\n"
        );
    }

    #[test]
    fn what_cannot_be_read_is_no_error_of_the_file() {
        let refusal = |unreadable| Refusal::plain("config.yaml:1:1: no".to_owned(), unreadable);
        assert_eq!(refused(&refusal(false)).code, Code::Usage);
        let failure = refused(&refusal(true));
        assert_eq!(failure.code, Code::Environment);
        assert!(
            failure
                .message
                .starts_with("config.yaml:1:1: no\nNothing was changed")
        );
    }
}
