//! `anycastctl render --check FILE`: what is there, and what would be written.

use std::path::Path;
use std::time::Duration;

use similar::TextDiff;

use super::super::{Code, Failure, Output};
use crate::bird::file::redacted;
use crate::cli::Target;
use crate::files;

/// How long the shortest difference may be searched for; then a longer one does.
const PATIENCE: Duration = Duration::from_secs(5);

/// Compares a file with what would be written to it: a unified diff and exit code 1 if they differ.
pub(super) fn compare(path: &Path, wanted: &str, target: Target) -> Result<Output, Failure> {
    let there = files::read_installed(path)?;
    if there.as_deref() == Some(wanted.as_bytes()) {
        return Ok(Output::new(String::new(), Code::Success));
    }
    let shown = path.display();
    let what = if there.is_some() {
        "differs from what would be rendered"
    } else {
        "is missing"
    };
    let there = there.unwrap_or_default();
    Ok(Output {
        stdout: match target {
            Target::Secrets => String::new(),
            _ => diff(path, &String::from_utf8_lossy(&there), wanted),
        },
        stderr: match target {
            Target::Secrets => format!("{shown}: {what}; secrets are not shown"),
            _ => format!("{shown}: {what}"),
        },
        code: Code::NotAsWanted,
    })
}

fn diff(path: &Path, there: &str, wanted: &str) -> String {
    // The file may be somebody else's, and a difference is read in the logs of CI.
    let there = redacted(there);
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(there.as_str(), wanted);
    let mut unified = diff.unified_diff();
    unified.header(&path.display().to_string(), "rendered");
    unified.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_other_peoples_files_are_masked() {
        let file = "x\n  password \"hunter2\"; # the password was \"hunter1\"\ndefine PASSWORD=\"hunter3\";\nlog \"/a\" all;\n";
        let diff = diff(Path::new("f"), file, "x\n");
        assert!(!diff.contains("hunter"), "{diff}");
        assert!(
            diff.contains("-  password \"<hidden>\"; # the password"),
            "{diff}"
        );
        assert!(diff.contains("-log \"/a\" all;\n"), "{diff}");
        assert!(diff.starts_with("--- f\n+++ rendered\n@@ "), "{diff}");
    }
}
