//! What the four routers get, and what BIRD says about its own.

use std::fs;
use std::process::Command;

use super::*;
use crate::model::BirdVersion;
use crate::render::tests::birds::{TARGETS, birds};
use crate::render::tests::{MULTIHOP, V6_ONLY, parsed};

const DATA_CENTRE: &str = include_str!("../../../tests/examples/datacentre.yaml");
/// What else a neighbour may be.
const INTERNAL: &str = include_str!("tests/internal.yaml");

const ALL: [(&str, &str); 7] = [
    (DATA_CENTRE, "tor1"),
    (DATA_CENTRE, "tor2"),
    (MULTIHOP, "upstream"),
    (V6_ONLY, "tor1"),
    (INTERNAL, "rr1"),
    (INTERNAL, "upstream"),
    (INTERNAL, "far"),
];

fn rendered(text: &str, name: &str, software: Router) -> String {
    router(&parsed(text), &name.parse().unwrap(), software).unwrap()
}

macro_rules! golden {
    ($($name:ident: $text:expr, $neighbor:expr, $router:expr;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(rendered($text, $neighbor, $router));
        })*
    };
}

golden! {
    frr_in_a_data_centre: DATA_CENTRE, "tor2", Router::Frr;
    bird_in_a_data_centre: DATA_CENTRE, "tor2", Router::Bird;
    junos_in_a_data_centre: DATA_CENTRE, "tor2", Router::Junos;
    eos_in_a_data_centre: DATA_CENTRE, "tor2", Router::Eos;
    frr_two_hops_away: MULTIHOP, "upstream", Router::Frr;
    bird_two_hops_away: MULTIHOP, "upstream", Router::Bird;
    junos_two_hops_away: MULTIHOP, "upstream", Router::Junos;
    eos_two_hops_away: MULTIHOP, "upstream", Router::Eos;
    frr_in_our_own_as: INTERNAL, "rr1", Router::Frr;
    bird_in_our_own_as: INTERNAL, "rr1", Router::Bird;
    junos_in_our_own_as: INTERNAL, "rr1", Router::Junos;
    eos_in_our_own_as: INTERNAL, "rr1", Router::Eos;
    frr_with_a_role: INTERNAL, "upstream", Router::Frr;
    frr_far_away_with_bfd: INTERNAL, "far", Router::Frr;
    bird_far_away_with_bfd: INTERNAL, "far", Router::Bird;
    bird_with_a_role: INTERNAL, "upstream", Router::Bird;
}

/// What `bird -p` says about the fragment within a router's file, with what the fragment asks for.
fn refusal(program: &std::path::Path, fragment: &str) -> Option<String> {
    let once = fragment
        .lines()
        .filter_map(|line| line.strip_prefix("#   "));
    let once: Vec<&str> = once.collect();
    let text = format!("router id 10.0.0.1;\n{}\n{fragment}", once.join("\n"));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bird.conf");
    fs::write(&path, &text).unwrap();
    let run = Command::new(program)
        .args(["-p", "-c"])
        .arg(&path)
        .output()
        .unwrap();
    let said = [run.stdout, run.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (!run.status.success() || !said.is_empty()).then(|| format!("{said}\n{text}"))
}

#[test]
fn every_bird_takes_its_fragments_without_a_warning() {
    for bird in birds() {
        let release = bird.version.unwrap();
        for target in TARGETS.into_iter().filter(|target| release >= *target) {
            for (text, name) in ALL {
                let mut config = parsed(text);
                config.bird.version = target;
                let neighbor = config
                    .neighbors
                    .iter()
                    .find(|other| other.name.as_str() == name);
                // Roles came with 2.0.11; the configuration is refused before.
                if neighbor.unwrap().role.is_some() && target < BirdVersion::new(2, 0, 11) {
                    continue;
                }
                let fragment = router(&config, &name.parse().unwrap(), Router::Bird).unwrap();
                if let Some(said) = refusal(&bird.path, &fragment) {
                    let mut warnings = said.lines().take_while(|line| !line.is_empty());
                    // Which release the router has, nobody here knows.
                    let expected = |line: &str| {
                        line.rsplit_once(": ").is_some_and(|(_, text)| {
                            text == "Missing authentication option, assuming MD5"
                        })
                    };
                    assert!(warnings.all(expected), "{bird:?} {target}: {said}");
                }
            }
        }
    }
}

/// Each would end something in one of the four languages.
const HOSTILE: [&str; 10] = [
    "a\"; passive on; description \"b",
    "*/ system { }",
    "x ! y # z ; { } ' \\",
    "Zürich\u{2028}1",
    "${jndi}`reboot`$(reboot)?",
    "{{ node }}{% raw %}",
    "ns1.ams.example.net",
    "   ",
    "..",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];

#[test]
fn a_nodes_name_breaks_out_of_nothing() {
    let mut plain = parsed(DATA_CENTRE);
    plain.bird.version = BirdVersion::OLDEST;
    let name = plain.neighbors[0].name.clone();
    for hostile in HOSTILE {
        let mut config = plain.clone();
        hostile.clone_into(&mut config.node.name);
        for software in Router::ALL {
            let shape = |text: &str| {
                let structural = |c: &char| !(c.is_ascii_alphanumeric() || " ._-:+@".contains(*c));
                text.chars().filter(structural).collect::<String>()
            };
            let text = router(&config, &name, software).unwrap();
            let expected = router(&plain, &name, software).unwrap();
            assert_eq!(shape(&text), shape(&expected), "{hostile}: {text}");
            assert_eq!(text.lines().count(), expected.lines().count());
        }
        for bird in birds() {
            let fragment = router(&config, &name, Router::Bird).unwrap();
            let said = refusal(&bird.path, &fragment).unwrap_or_default();
            assert!(
                !said.contains("syntax error") && !said.contains("too long"),
                "{said}"
            );
        }
    }
}

#[test]
fn fragments_for_one_router_share_no_name() {
    let mut seen = std::collections::BTreeSet::new();
    for node in [
        "ams-1",
        "ams_1",
        "ams.1",
        "Ams-1",
        "AMS-1",
        &"x".repeat(63),
        &"x".repeat(64),
    ] {
        let mut config = parsed(DATA_CENTRE);
        node.clone_into(&mut config.node.name);
        for neighbor in &config.neighbors {
            let label = names::label(&config, neighbor);
            assert!(label.len() <= 46, "{label}");
            assert!(seen.insert(label.clone()), "{label}");
        }
    }
    assert!(seen.contains("ams-1-tor1"));
}

#[test]
fn the_text_is_the_same_every_time_and_plain() {
    for (text, name) in ALL {
        for software in Router::ALL {
            let first = rendered(text, name, software);
            assert_eq!(first, rendered(text, name, software));
            assert!(first.is_ascii() && first.ends_with('\n') && !first.contains("\n\n\n"));
            assert!(!first.contains("secrets/"), "{first}");
            assert!(first.lines().all(|line| line == line.trim_end()), "{first}");
        }
    }
}

#[test]
fn a_session_that_gets_nothing_may_announce_nothing() {
    for software in Router::ALL {
        let text = rendered(V6_ONLY, "tor1", software);
        assert!(!text.contains("192.0.2") && text.contains("2001:db8:53::53/128"));
    }
    let bird = rendered(V6_ONLY, "tor1", Router::Bird);
    assert!(bird.contains("_v4_import {\n  reject;\n}"), "{bird}");
}

#[test]
fn an_unknown_neighbour_is_told_the_nearest_first() {
    let config = parsed(DATA_CENTRE);
    let error = router(&config, &"tor22".parse().unwrap(), Router::Frr).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the configuration has no neighbour `tor22`: there are `tor2`, `tor1`"
    );
}
