//! What `tests/README.md` says of releases and exceptions is what there is.

use std::path::Path;
use std::process::Command;

use lab::{Bird, Exception};

/// The first two cells of every row below a heading of `tests/README.md`, without the head of the table.
fn table(heading: &str) -> Vec<[String; 2]> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = std::fs::read_to_string(readme).expect("README.md");
    let section = text.split("\n## ").find(|text| text.starts_with(heading));
    let rows = section.expect("a section").lines();
    let rows = rows.filter_map(|line| line.strip_prefix("| "));
    let cells = rows.skip(1).map(|row| {
        let mut cells = row.split(" | ").map(|cell| cell.trim_end_matches(" |"));
        [cells.next(), cells.next()].map(|cell| cell.unwrap_or_default().to_owned())
    });
    cells.collect()
}

#[test]
fn every_exception_stands_in_the_table_with_its_releases() {
    let wanted = Exception::ALL.map(|exception| {
        let name = format!("`{exception:?}`");
        [name, exception.releases().to_owned()]
    });
    assert_eq!(table("Exceptions"), wanted);
}

#[test]
fn exceptions_are_of_the_releases_that_they_name() {
    for exception in Exception::ALL {
        let (last, first) = match exception.releases().split_once(' ') {
            Some(("before", first)) => ("2.0.7", first),
            // Read the other way round: it came with this one.
            Some(("from", first)) => (first, "3.3.9"),
            _ => ("3.0.0", "2.20.0"),
        };
        assert!(exception.is_of(last), "{exception:?} {last}");
        assert!(!exception.is_of(first), "{exception:?} {first}");
    }
}

/// A line of a unit in `systemd/README.md` is what keeps the laboratory's BIRD alive.
#[test]
fn what_keeps_bird_alive_is_what_users_are_told() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../systemd/README.md");
    let text = std::fs::read_to_string(readme).expect("systemd/README.md");
    let (name, value) = Bird::KEEPS_MEMORY;
    assert!(text.contains(&format!("\nEnvironment={name}={value}\n")));
}

#[test]
fn every_release_stands_in_the_table() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../birds");
    let listed = Command::new(&script).arg("--list").output();
    let listed = String::from_utf8(listed.expect("tests/birds").stdout).expect("text");
    let known: Vec<_> = listed.lines().map(str::to_owned).collect();
    let rows = table("Releases of BIRD").into_iter();
    assert_eq!(rows.map(|[release, _]| release).collect::<Vec<_>>(), known);
    let text = std::fs::read_to_string(script).expect("the script");
    for [release, suite] in table("Releases of BIRD") {
        assert!(
            text.contains(&format!("{release}={suite}:bird")),
            "{release}"
        );
    }
}

/// An unknown release is a mistake of whoever asks, and nothing is fetched.
#[test]
fn an_unknown_release_is_refused_with_those_that_are_known() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../birds");
    let refused = Command::new(script).args(["2.0.7", "9.9"]).output();
    let refused = refused.expect("tests/birds");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(
        said.contains("2.0.12") && refused.stdout.is_empty(),
        "{said}"
    );
}

#[test]
fn the_scripts_of_the_tests_have_no_finding() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let run = Command::new("shellcheck")
        .current_dir(root)
        .args([
            "--external-sources",
            "tests/run",
            "tests/birds",
            "tests/demo",
            ".ci/run",
        ])
        .output();
    let run = run.expect("shellcheck");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}");
}
