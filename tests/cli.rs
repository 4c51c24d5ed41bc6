//! Transcripts of the command line, those of README.md among them, run against the program; and every
//! configuration that this project shows.

use std::fs;
use std::path::{Path, PathBuf};

use anycastctl::config::Config;

#[test]
fn transcripts_are_true() {
    trycmd::TestCases::new()
        .case("tests/cli/*.trycmd")
        .case("README.md");
}

fn examples() -> Vec<(String, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
    let paths = fs::read_dir(directory)
        .expect("the examples")
        .map(|entry| entry.expect("an example").path());
    let yaml = paths.filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    yaml.map(|path: PathBuf| {
        (
            path.display().to_string(),
            fs::read_to_string(&path).expect("text"),
        )
    })
    .collect()
}

/// The blocks of README.md marked as YAML.
fn readme() -> Vec<(String, String)> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"))
        .expect("README.md");
    let blocks = text
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    blocks
        .enumerate()
        .map(|(number, block)| (format!("README.md block {number}"), block.to_owned()))
        .collect()
}

#[test]
fn every_configuration_that_is_shown_is_taken_without_a_warning() {
    let shown: Vec<_> = examples().into_iter().chain(readme()).collect();
    assert!(shown.len() >= 4, "where are they?");
    for (name, text) in shown {
        match Config::parse(&name, &text) {
            Ok(parsed) => assert!(parsed.warnings.is_empty(), "{}", parsed.warnings),
            Err(findings) => panic!("{findings}"),
        }
    }
}
