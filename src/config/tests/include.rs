//! Configurations of more than one file: who stands where, and what is refused.

use proptest::prelude::*;

use super::{COMPLETE, SMALLEST, mutated};
use crate::config::{Config, Diagnostics, Draft, Parsed, Severity};

const SERVICE: &str = "\
version: 1
services:
  second:
    prefixes: [192.0.2.54/32]
    checks: [{ dns: { name: example.com, type: SOA } }]
";

const NEIGHBOR: &str = "\
neighbors:
  tor2:
    asn: 64600
    sessions: [{ local: 10.99.1.2, remote: 10.99.1.1 }]
";

fn parse(main: &str, included: &[&str]) -> Result<Parsed, Diagnostics> {
    let mut draft = Draft::new("config.yaml", main);
    for (number, text) in included.iter().enumerate() {
        draft.add(&format!("conf.d/{number}.yaml"), text);
    }
    draft.finish()
}

fn findings(main: &str, included: &[&str]) -> String {
    match parse(main, included) {
        Ok(parsed) => parsed.warnings.to_string(),
        Err(findings) => findings.to_string(),
    }
}

fn names(config: &Config) -> String {
    let services = config.services.iter().map(|service| service.name.as_str());
    let neighbors = config
        .neighbors
        .iter()
        .map(|neighbor| neighbor.name.as_str());
    services.chain(neighbors).collect::<Vec<_>>().join(" ")
}

/// The smallest file without its services and neighbours.
fn node_only() -> &'static str {
    SMALLEST.split_once("services:").unwrap().0
}

#[test]
fn files_are_joined_in_their_order() {
    let config = parse(
        SMALLEST,
        &[NEIGHBOR, "", "# nothing\n", "---\n", "{}", SERVICE],
    );
    assert_eq!(names(&config.unwrap().config), "resolver second tor1 tor2");
    for main in [
        node_only(),
        &format!("{}services:\nneighbors: ~\n", node_only()),
    ] {
        let config = parse(main, &[SERVICE, NEIGHBOR]).unwrap().config;
        assert_eq!(names(&config), "second tor2");
    }
}

#[test]
fn the_main_file_may_bring_nothing_but_somebody_must() {
    insta::assert_snapshot!(
        [
            findings(node_only(), &[]),
            findings(node_only(), &[SERVICE, ""]),
            findings(node_only(), &[NEIGHBOR, "services:\n"]),
        ]
        .join("\n")
    );
}

#[test]
fn a_name_in_two_files_shows_both() {
    let more = format!("\n{}", SMALLEST.split_once("services:").unwrap().1);
    let more = format!("services:{more}");
    insta::assert_snapshot!(findings(SMALLEST, &[SERVICE, &more, SERVICE]));
}

#[test]
fn findings_stand_in_their_own_files() {
    let bad_service = SERVICE
        .replace("second", "third")
        .replace("192.0.2.54/32", "192.0.2.53/32, 192.0.2.1/24")
        .replace("checks", "cheks");
    let bad_neighbor = NEIGHBOR.replace("64600", "64601\n    password: hunter2");
    let text = findings(SMALLEST, &[&bad_service, &bad_neighbor]);
    assert!(!text.contains("hunter2"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn programs_learn_the_file_of_both_places() {
    let second = SERVICE.replace("192.0.2.54", "192.0.2.53");
    let findings = parse(SMALLEST, &[&second]).unwrap_err();
    insta::assert_snapshot!(serde_json::to_string_pretty(&findings.records()).unwrap());
}

#[test]
fn later_findings_about_password_files_stand_where_these_are_named() {
    let neighbor = NEIGHBOR.replace("asn", "password_file: /etc/tor2\n    asn");
    let mut parsed = parse(SMALLEST, &[&neighbor]).unwrap();
    let name = parsed.config.neighbors[1].name.clone();
    parsed.report_password(&name, Severity::Error, "empty".to_owned());
    insta::assert_snapshot!(parsed.warnings);
}

#[test]
fn only_services_and_neighbors_may_be_included() {
    // With every key that a main file can have.
    let main = format!("include: [a.yaml]\n{COMPLETE}");
    let text = findings(SMALLEST, &[&main]);
    let foreign = text.matches("belongs into the main file").count();
    let keys = main
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_alphabetic()));
    assert_eq!(
        foreign,
        keys.count() - "version services neighbors".split(' ').count(),
        "{text}"
    );
    insta::assert_snapshot!(
        [
            findings(SMALLEST, &["bird: { binary: bird }\n"]),
            findings(SMALLEST, &["include: [b.yaml]\n"]),
            findings(SMALLEST, &["servics: {}\n"]),
            findings(SMALLEST, &["version: 2\n"]),
            findings(node_only(), &["- resolver\n", NEIGHBOR, NEIGHBOR]),
        ]
        .join("\n")
    );
}

#[test]
fn what_is_no_yaml_is_said_for_every_file_and_nothing_that_follows_from_it() {
    let text = findings(
        node_only(),
        &["services: [", SERVICE, "a: b: c", "x:\n\ty: 1\n"],
    );
    insta::assert_snapshot!(text);
    let anchors = findings(
        &SMALLEST.replace("resolver:", "resolver: &r"),
        &["services: { other: *r }"],
    );
    insta::assert_snapshot!(anchors);
}

#[test]
fn many_files_cannot_hold_more_than_one_tree_should() {
    let list = format!(
        "services:\n  a:\n    prefixes:\n{}",
        "    - 192.0.2.53/32\n".repeat(19_000)
    );
    let findings = parse(SMALLEST, &[list.as_str(); 8]).unwrap_err();
    let message = "more than 100000 values in all files, counting what aliases stand for";
    let records = findings.records();
    let mut refused = records.iter().filter(|record| record.message == message);
    assert_eq!(refused.next().unwrap().file, "conf.d/5.yaml");
}

#[test]
fn patterns_are_judged_where_they_stand() {
    let main = format!("include: [a.yaml, '*/b.yaml', '[c', '', conf.d/, [d], ~]\n{SMALLEST}");
    insta::assert_snapshot!(findings(&main, &[]));
    let draft = Draft::new("config.yaml", &main);
    assert_eq!(draft.includes().len(), 1);
    insta::assert_snapshot!(findings(
        &format!("include: conf.d/*.yaml\n{SMALLEST}"),
        &[]
    ));
}

#[test]
fn names_of_files_cannot_talk_to_the_terminal() {
    let mut draft = Draft::new("config.yaml", SMALLEST);
    draft.add("a\u{1b}[2J.yaml", SERVICE);
    draft.add("b\u{1b}[2J.yaml", SERVICE);
    let text = draft.finish().unwrap_err().to_string();
    assert!(
        text.contains("stands in two files") && !text.contains('\u{1b}'),
        "{text}"
    );
}

proptest! {
    #[test]
    fn no_included_text_makes_anything_panic(texts in proptest::collection::vec(any::<String>(), 0..4)) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        findings(SMALLEST, &texts);
    }

    #[test]
    fn no_mutation_is_refused_in_silence(main in mutated(), included in mutated()) {
        let included = included.replace("resolver", "other").replace("tor1", "tor2");
        match parse(&main, &[&included, SERVICE]) {
            Ok(parsed) => prop_assert!(!parsed.warnings.has_errors()),
            Err(findings) => prop_assert!(findings.has_errors(), "{main}\n{included}"),
        }
        findings(&main, &[&included, SERVICE]);
    }
}
