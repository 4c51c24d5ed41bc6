//! Rendered files, looked at. What the host's tools make of them is tried in `tests/scenarios/host.rs`.

use super::*;
use crate::config::SMALLEST;

/// Two families, networks with an address and without, neighbours with BFD and without.
const WHOLE: &str = include_str!("tests/whole.yaml");

fn parsed(text: &str) -> Config {
    let parsed = Config::parse("config.yaml", text);
    parsed
        .unwrap_or_else(|findings| panic!("{findings}"))
        .config
}

fn rendered(text: &str, file: File) -> String {
    host(&parsed(text), file).unwrap().text
}

fn notes(text: &str, file: File) -> Vec<String> {
    host(&parsed(text), file).unwrap().notes
}

#[test]
fn networkd() {
    insta::assert_snapshot!(rendered(WHOLE, File::NetworkdNetdev));
    insta::assert_snapshot!(rendered(WHOLE, File::NetworkdNetwork));
}

#[test]
fn ifupdown() {
    insta::assert_snapshot!(rendered(WHOLE, File::Ifupdown));
}

#[test]
fn sysctl() {
    insta::assert_snapshot!(rendered(SMALLEST, File::Sysctl));
    assert_eq!(
        rendered(SMALLEST, File::Sysctl),
        rendered(WHOLE, File::Sysctl)
    );
}

#[test]
fn steering() {
    insta::assert_snapshot!(rendered(WHOLE, File::Steering));
}

#[test]
fn limits() {
    insta::assert_snapshot!(rendered(WHOLE, File::Limits));
}

#[test]
fn nftables() {
    insta::assert_snapshot!(rendered(WHOLE, File::Nftables));
    insta::assert_snapshot!(rendered(SMALLEST, File::Nftables));
}

#[test]
fn without_bfd_nobody_is_admitted_to_it() {
    let text = rendered(
        &SMALLEST.replace("asn: 64600", "asn: 64600\n    bfd: false"),
        File::Nftables,
    );
    let about: Vec<&str> = text.lines().filter(|line| line.contains("3784")).collect();
    assert!(
        matches!(about[..], [line] if line.ends_with("drop")),
        "{about:?}"
    );
}

#[test]
fn a_network_without_a_server_has_no_address_and_says_so() {
    for file in [File::NetworkdNetwork, File::Ifupdown] {
        let notes = notes(WHOLE, file);
        assert!(
            matches!(&notes[..], [note] if note.starts_with("services.silent: no address of 203.0.113.0/24 is known")),
            "{notes:?}"
        );
        assert!(rendered(WHOLE, file).contains("# 203.0.113.0/24: no address is known"));
    }
    assert!(notes(WHOLE, File::NetworkdNetdev).is_empty());
    assert!(notes(SMALLEST, File::NetworkdNetwork).is_empty());
}

#[test]
fn a_missing_key_is_named() {
    let error = |text: &str, file| host(&parsed(text), file).unwrap_err().to_string();
    let limits = error(SMALLEST, File::Limits);
    assert!(limits.contains("host.dns_unit: missing") && limits.contains("nsd.service"));
    assert!(error(SMALLEST, File::Steering).contains("host.receive_interfaces: missing"));
    let half = format!("{SMALLEST}host: {{ receive_interfaces: [eth0] }}\n");
    assert!(error(&half, File::Steering).contains("host.receive_processors: missing"));
}

#[test]
fn every_file_says_whose_it_is_and_where_it_goes() {
    for file in File::ALL {
        let text = rendered(WHOLE, file);
        let path = file.path().replace("DNS_UNIT", "nsd.service");
        assert!(text.starts_with("# Managed by anycastctl: local edits are overwritten.\n#\n"));
        assert!(
            text.contains(&format!("\n# Install as {path} and")),
            "{text}"
        );
        assert!(
            text.is_ascii() && text.ends_with('\n') && !text.ends_with("\n\n"),
            "{text}"
        );
        assert!(!text.contains("\n\n\n"), "{text}");
        assert_eq!(text, rendered(WHOLE, file));
    }
}
