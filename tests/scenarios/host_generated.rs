//! Whatever the validator accepts, nft takes.

use std::cell::Cell;

use anycastctl::config::Config;
use anycastctl::render::host::{File, host};
use lab::{Context, Error, Lab, Result};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Few bits, so that prefixes lie within each other and beside each other.
fn prefix() -> impl Strategy<Value = String> {
    let v4 = (12_u32..=32, any::<u16>()).prop_map(|(length, bits)| {
        let address = 0xac10_0000 | u32::from(bits & 0x0303);
        let mask = u32::MAX << (32 - length);
        format!("{}/{length}", std::net::Ipv4Addr::from(address & mask))
    });
    let v6 = (32_u32..=128, any::<u8>()).prop_map(|(length, bits)| {
        let address = 0x2001_0db8 << 96 | u128::from(bits & 3) << 64 | u128::from(bits & 0x30);
        let mask = u128::MAX << (128 - length);
        format!("'{}/{length}'", std::net::Ipv6Addr::from(address & mask))
    });
    prop_oneof![v4, v6]
}

fn session() -> impl Strategy<Value = String> {
    let v4 = any::<u16>().prop_map(|net| {
        let [a, b] = net.to_be_bytes();
        format!("{{ local: 10.{a}.{b}.1, remote: 10.{a}.{b}.2 }}")
    });
    let v6 = any::<u16>()
        .prop_map(|net| format!("{{ local: 'fd01:{net:x}::1', remote: 'fd00:{net:x}::2' }}"));
    prop_oneof![v4, v6]
}

fn list<'i>(items: impl IntoIterator<Item = &'i String>) -> String {
    let items: Vec<&str> = items.into_iter().map(String::as_str).collect();
    items.join(", ")
}

fn file() -> impl Strategy<Value = String> {
    let prefixes = proptest::collection::btree_set(prefix(), 1..12);
    let neighbor = (proptest::collection::vec(session(), 1..5), any::<bool>());
    let neighbors = proptest::collection::vec(neighbor, 1..4);
    (prefixes, neighbors, 1_u32..=1_000_000).prop_map(|(prefixes, neighbors, rate)| {
        let neighbors = neighbors
            .iter()
            .enumerate()
            .map(|(number, (sessions, bfd))| {
                let sessions = list(sessions);
                format!("  n{number}: {{ asn: 64600, bfd: {bfd}, sessions: [{sessions}] }}\n")
            });
        format!(
            "version: 1
node: {{ name: n, asn: 64601, router_id: 10.0.0.1 }}
services:
  s:
    prefixes: [{}]
    checks: [{{ dns: {{ server: 127.0.0.1, name: a.example, type: A }} }}]
host: {{ queries_per_second: {rate} }}
neighbors:
{}",
            list(&prefixes),
            neighbors.collect::<String>()
        )
    })
}

/// Whether nft took the file; nothing where the configuration was refused, as doubles are.
fn is_taken(lab: &Lab, text: &str) -> Result<bool> {
    let Ok(parsed) = Config::parse("config.yaml", text) else {
        return Ok(false);
    };
    let rendered = host(&parsed.config, File::Nftables).context("render")?;
    let path = lab.node().directory().join("generated.nft");
    std::fs::write(&path, rendered.text).context("generated.nft")?;
    let load = ["-c", "-f", &path.display().to_string()];
    let taken = lab.node().run("nft", &load);
    taken.map_err(|error| Error::new(format!("{error}\n{text}")))?;
    Ok(true)
}

#[test]
fn what_is_accepted_is_taken_by_nft() -> Result<()> {
    let lab = Lab::new(&[])?;
    let taken = Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let tried = runner.run(&file(), |text| match is_taken(&lab, &text) {
        Ok(is_taken) => {
            taken.set(taken.get() + usize::from(is_taken));
            Ok(())
        }
        Err(error) => Err(TestCaseError::fail(error.to_string())),
    });
    tried.context("nft")?;
    let taken = taken.get();
    assert!(taken > 100, "only {taken} configurations were accepted");
    Ok(())
}
