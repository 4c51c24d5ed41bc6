//! Rendered files, looked at and loaded by every BIRD there is.

pub(crate) mod arbitrary;
pub(super) mod birds;
mod generated;
mod split;

use secrecy::ExposeSecret;

use super::*;
use crate::config::SMALLEST;

/// A data centre: two top-of-rack switches, IPv4 and IPv6, MD5, BFD, two services.
const DATA_CENTRE: &str = include_str!("tests/data_centre.yaml");
/// A hosting provider: one neighbour two hops away, no BFD.
pub(super) const MULTIHOP: &str = include_str!("tests/multihop.yaml");
/// Only IPv6, and a neighbour with an IPv4 session that gets nothing.
pub(super) const V6_ONLY: &str = include_str!("tests/v6_only.yaml");
/// Protocols that are written by hand, in a file of their own.
const BY_HAND: &str = include_str!("tests/by_hand.yaml");
/// All of them.
const GOLDEN: [(&str, &str); 11] = [
    ("smallest", SMALLEST),
    ("data_centre", DATA_CENTRE),
    ("multihop", MULTIHOP),
    ("v6_only", V6_ONLY),
    ("vultr", include_str!("tests/vultr.yaml")),
    (
        "vultr_bare_metal",
        include_str!("tests/vultr_bare_metal.yaml"),
    ),
    // The default route from two switches, with all that can be said about it.
    ("two_tors", include_str!("tests/two_tors.yaml")),
    // Two route reflectors, one of them some hops away.
    ("ibgp", include_str!("tests/ibgp.yaml")),
    ("many_services", include_str!("tests/many_services.yaml")),
    ("by_hand", BY_HAND),
    // Every other key, and numbers at their bounds.
    ("everything", include_str!("tests/everything.yaml")),
];

pub(super) fn parsed(text: &str) -> Config {
    let parsed = Config::parse("config.yaml", text);
    parsed
        .unwrap_or_else(|findings| panic!("{findings}"))
        .config
}

fn password(text: &str) -> Password {
    Password::new(text.to_owned()).unwrap()
}

/// A password for everybody.
fn passwords(config: &Config, text: &str) -> Vec<(NeighborName, Password)> {
    let names = config.neighbors.iter().map(|neighbor| &neighbor.name);
    names.map(|name| (name.clone(), password(text))).collect()
}

#[test]
fn golden_files() {
    for (name, text) in GOLDEN {
        insta::assert_snapshot!(name, bird(&parsed(text)).unwrap());
    }
}

/// BIRD 3 dies of a kernel protocol whose export filter changes, but not of another protocol.
#[test]
fn kernel_protocols_that_export_differently_have_different_names_in_bird_3() {
    let two_tors = GOLDEN.iter().find(|(name, _)| *name == "two_tors").unwrap();
    let text = two_tors.1.replace("version: 2.0.12", "version: 3.1.0");
    let kernel_of = |text: &str| {
        let rendered = bird(&parsed(text)).unwrap();
        let mut lines = rendered.lines();
        let line = lines.find(|line| line.starts_with("protocol kernel"));
        line.unwrap().to_owned()
    };
    let other = |from, to| kernel_of(&text.replace(from, to));
    let names = [
        kernel_of(&text),
        other("ecmp: 8", "ecmp: 9"),
        other("v4: 203.0.113.11", "v4: 203.0.113.12"),
        other("import: default_route", "import: none"),
    ];
    assert_eq!(
        names,
        [
            "protocol kernel kernel4_bgp_8_203_0_113_11 {",
            "protocol kernel kernel4_bgp_9_203_0_113_11 {",
            "protocol kernel kernel4_bgp_8_203_0_113_12 {",
            "protocol kernel kernel4 {",
        ]
    );
    assert_eq!(kernel_of(two_tors.1), "protocol kernel kernel4 {");
}

#[test]
fn secrets_are_defines_in_the_order_of_the_file() {
    let config = parsed(DATA_CENTRE);
    let text = secrets(&config, &passwords(&config, "p\\a'ss;#{{x}}")).unwrap();
    insta::assert_snapshot!(text.expose_secret());
    let text = secrets(&parsed(SMALLEST), &[]).unwrap();
    assert!(
        text.expose_secret()
            .lines()
            .all(|line| line.starts_with('#'))
    );
}

#[test]
fn a_missing_password_is_an_error_and_not_an_empty_one() {
    let error = secrets(&parsed(DATA_CENTRE), &[]).unwrap_err();
    assert!(matches!(error, Error::MissingPassword(name) if name.as_str() == "tor1"));
}

#[test]
fn the_text_knows_no_secret_and_ends_with_one_line_break() {
    for (_, text) in GOLDEN {
        let rendered = bird(&parsed(text)).unwrap();
        assert!(rendered.is_ascii() && rendered.ends_with('\n'));
        assert!(!rendered.contains("\n\n\n"), "{rendered}");
        assert_eq!(rendered, bird(&parsed(text)).unwrap());
    }
}
