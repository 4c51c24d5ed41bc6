//! Any configuration that is accepted renders to something that BIRD accepts.

use std::fmt::Write;

use proptest::prelude::*;

use super::birds::birds;
use super::*;

/// A service or neighbour, keywords of BIRD included.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9_]{0,31}",
        "(static|bgp|v4|export|proto|ms|s|dns|filter|accept)"
    ]
}

fn prefix() -> impl Strategy<Value = String> {
    let v4 = (0_u8..32).prop_map(|host| format!("192.0.2.{host}/32"));
    let v6 = any::<u16>().prop_map(|net| format!("'2001:db8:{net:x}::/48'"));
    let network = (0_u8..255).prop_map(|net| format!("198.51.{net}.0/24"));
    prop_oneof![v4, v6, network]
}

fn service() -> impl Strategy<Value = String> {
    let prefixes = proptest::collection::hash_set(prefix(), 1..4);
    let communities = proptest::collection::hash_set(any::<(u16, u16)>(), 0..3);
    (name(), prefixes, communities).prop_map(|(name, prefixes, communities)| {
        let prefixes = prefixes.into_iter().collect::<Vec<_>>().join(", ");
        let communities = communities.iter().map(|(high, low)| format!("{high}:{low}"));
        let communities = communities.collect::<Vec<_>>().join(", ");
        format!("  {name}:\n    prefixes: [{prefixes}]\n    communities: [{communities}]\n    checks: [{{ dns: {{ server: 127.0.0.1, name: a.example, type: A }} }}]\n")
    })
}

fn session() -> impl Strategy<Value = String> {
    let v4 = any::<(u8, u8)>()
        .prop_map(|(a, b)| format!("{{ local: 10.{a}.{b}.1, remote: 10.{a}.{b}.2 }}"));
    let v6 = any::<u16>()
        .prop_map(|net| format!("{{ local: 'fd01:{net:x}::1', remote: 'fd00:{net:x}::2' }}"));
    prop_oneof![v4, v6]
}

fn neighbor() -> impl Strategy<Value = String> {
    let sessions = proptest::collection::vec(session(), 1..4);
    let options = proptest::sample::subsequence(
        vec![
            "password_file: /x",
            "bfd: false",
            "hold_time: 3s",
            "multihop: 255",
            "limits: { import: { max: 1, action: block }, export: { max: 4294967295 } }",
            "drain: { graceful_shutdown: false, prepend: 10 }",
        ],
        0..6,
    );
    (name(), 1_u32.., sessions, options).prop_map(|(name, asn, sessions, options)| {
        let mut text = format!(
            "  {name}:\n    asn: {asn}\n    sessions: [{}]\n",
            sessions.join(", ")
        );
        for option in options {
            writeln!(text, "    {option}").unwrap();
        }
        text
    })
}

pub(crate) fn file() -> impl Strategy<Value = String> {
    let services = proptest::collection::vec(service(), 1..4);
    let neighbors = proptest::collection::vec(neighbor(), 1..4);
    (1_u32.., services, neighbors).prop_map(|(asn, services, neighbors)| {
        format!("version: 1\nnode: {{ name: n, asn: {asn}, router_id: 10.0.0.1 }}\nbird: {{ version: 2.0.7 }}\nservices:\n{}neighbors:\n{}", services.concat(), neighbors.concat())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_accepted_loads(text in file(), password in "[ -!#-~é]{1,40}") {
        // Doubles are refused, as they should be.
        let Ok(parsed) = Config::parse("config.yaml", &text) else { return Ok(()) };
        let passwords = passwords(&parsed.config, &password);
        for bird in birds() {
            let judgement = bird.judge(&parsed.config, &passwords).unwrap();
            prop_assert!(judgement.accepted, "{text}\n{judgement:?}");
        }
    }
}
