//! Rendered files, looked at and loaded by every BIRD there is.

pub(super) mod birds;
pub(crate) mod generated;
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
/// All of them.
const GOLDEN: [&str; 4] = [SMALLEST, DATA_CENTRE, MULTIHOP, V6_ONLY];

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
fn smallest() {
    insta::assert_snapshot!(bird(&parsed(SMALLEST)).unwrap());
}

#[test]
fn data_centre() {
    insta::assert_snapshot!(bird(&parsed(DATA_CENTRE)).unwrap());
}

#[test]
fn multihop() {
    insta::assert_snapshot!(bird(&parsed(MULTIHOP)).unwrap());
}

#[test]
fn v6_only() {
    insta::assert_snapshot!(bird(&parsed(V6_ONLY)).unwrap());
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
    for text in GOLDEN {
        let rendered = bird(&parsed(text)).unwrap();
        assert!(rendered.is_ascii() && rendered.ends_with("}\n"));
        assert!(!rendered.contains("\n\n\n"), "{rendered}");
        assert_eq!(rendered, bird(&parsed(text)).unwrap());
    }
}
