//! `.github/SECURITY.md` promises nothing that no test holds: each row of its tables names tests, and they exist.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// The functions of all sources that are marked as tests.
fn tests() -> HashSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = HashSet::new();
    let mut folders = vec![root.join("src"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.extend(marked(&fs::read_to_string(path).expect("text")));
            }
        }
    }
    found
}

/// The names of functions behind `#[test]` and its kin.
fn marked(source: &str) -> Vec<String> {
    let mut is_marked = false;
    let mut names = Vec::new();
    for line in source.lines().map(str::trim) {
        let mark = line
            .strip_prefix("#[")
            .and_then(|mark| mark.split([']', '(']).next());
        is_marked |= matches!(mark, Some("test" | "tokio::test"));
        let function = line
            .strip_prefix("async ")
            .unwrap_or(line)
            .strip_prefix("fn ");
        let name = function.and_then(|rest| rest.split('(').next());
        if let Some(name) = name.filter(|_| std::mem::take(&mut is_marked)) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The rows of the tables that have a column for tests: what is claimed, and that column.
fn claims(page: &str) -> Vec<(&str, &str)> {
    let mut claims = Vec::new();
    let mut has_tests = false;
    for line in page.lines() {
        let Some(row) = line.strip_prefix('|') else {
            has_tests = false;
            continue;
        };
        let row = row.trim_end().trim_end_matches('|');
        let (rest, last) = row.rsplit_once('|').expect("two columns");
        if last.trim() == "tests" {
            has_tests = true;
        } else if has_tests && !last.contains("---") {
            claims.push((rest.trim(), last.trim()));
        }
    }
    claims
}

#[test]
fn every_claim_is_held_by_tests_that_exist() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/SECURITY.md");
    let page = fs::read_to_string(path).expect("the page");
    let (claims, tests) = (claims(&page), tests());
    assert!(claims.len() >= 30, "where are they? {claims:?}");
    let mut wrong = Vec::new();
    for (claim, named) in claims {
        let names: Vec<_> = named.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            wrong.push(format!("no test: {claim}"));
        }
        let unknown = names.iter().filter(|name| !tests.contains(**name));
        wrong.extend(unknown.map(|name| format!("`{name}` is no test: {claim}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
