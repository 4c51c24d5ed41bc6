//! What neighbours of every kind hear of every kind of service.

use lab::{Error, Lab, NODE_ASN, Result};

use super::pair::{Pair, Peer};

const RESOLVER: &str = "192.0.2.53/32";
const RESOLVER6: &str = "2001:db8:53::53/128";
const AUTH: &str = "198.51.100.0/24";
const HAND: &str = "192.0.2.99/32";
const OFF: &str = "203.0.113.0/24";

/// Neighbours: 0 outside, with everything; 1 outside, with one service only; 2 inside, next door; 3 inside,
/// and it may be some hops away.
const CONFIGURATION: &str = r#"
services:
  resolver:
    prefixes: ["192.0.2.53/32", "2001:db8:53::53/128"]
    communities: ["64601:53"]
    large_communities: ["64601:1:53"]
    med: 77
    checks: [{ dns: { name: example.com, type: SOA } }]
  auth:
    prefixes: ["198.51.100.0/24"]
    route: { interface: lo }
    checks: [{ dns: { server: 127.0.0.1, name: example.com, type: SOA } }]
  hand:
    prefixes: ["192.0.2.99/32"]
    communities: ["64601:99"]
    med: 0
    bird: { v4: hand4, v4_drain: hand4_drained }
    checks: [{ dns: { name: example.com, type: SOA } }]
  never:
    prefixes: ["203.0.113.0/24"]
    checks: [{ dns: { server: 127.0.0.1, name: example.com, type: SOA } }]
neighbor_defaults: { bfd: false, hold_time: 9s }
neighbors:
  outside:
    asn: 64600
    password_file: /nonexistent
    communities: ["64600:80"]
    large_communities: ["64600:1:1", "64600:1:2"]
    prepend: 2
    drain: { graceful_shutdown: true, prepend: 3 }
    sessions: [{ local: 10.99.0.2, remote: 10.99.0.1 }, { local: "fd99:0::2", remote: "fd99:0::1" }]
  narrow:
    asn: 64700
    services: [auth]
    drain: { graceful_shutdown: false, prepend: 1 }
    sessions: [{ local: 10.99.1.2, remote: 10.99.1.1 }, { local: "fd99:1::2", remote: "fd99:1::1" }]
  inside:
    asn: 64601
    local_pref: 250
    sessions: [{ local: 10.99.2.2, remote: 10.99.2.1 }, { local: "fd99:2::2", remote: "fd99:2::1" }]
  reflector:
    asn: 64601
    multihop: 5
    drain: { graceful_shutdown: false }
    sessions: [{ local: 10.99.3.2, remote: 10.99.3.1 }, { local: "fd99:3::2", remote: "fd99:3::1" }]
"#;

/// Two protocols of ours, and two that are none: one has a prefix that no service has, one the prefix of a
/// service that is withdrawn.
const BY_HAND: &str = "
protocol static hand4 { disabled; ipv4; route 192.0.2.99/32 blackhole; }
protocol static hand4_drained { disabled; ipv4 { preference 150; }; route 192.0.2.99/32 blackhole; }
protocol static spare4 { ipv4; route 192.0.2.100/32 blackhole; }
protocol static rogue { ipv4; route 203.0.113.0/24 blackhole; }
";

fn pair(lab: &Lab) -> Result<Pair<'_>> {
    let protected = Peer {
        options: "password \"lab-secret-1\";",
        ..Peer::new(0, 64600)
    };
    let far = Peer {
        options: "multihop 5;",
        ..Peer::new(3, NODE_ASN)
    };
    let inside = Peer {
        options: "direct;",
        ..Peer::new(2, NODE_ASN)
    };
    let peers = [protected, Peer::new(1, 64700), inside, far];
    let pair = Pair::start(lab, CONFIGURATION, BY_HAND, &peers)?;
    pair.established()?;
    Ok(pair)
}

fn path(times: usize) -> String {
    vec![NODE_ASN.to_string(); times].join(" ")
}

#[test]
fn neighbours_hear_what_the_configuration_says() -> Result<()> {
    let lab = Lab::new(&[])?;
    let pair = pair(&lab)?;
    pair.enable("anycast_resolver_v?")?;
    pair.enable("anycast_auth_v4")?;
    pair.enable("hand4")?;

    let large = "(64600, 1, 1) (64600, 1, 2) (64601, 1, 53)";
    let outside = [("as_path", path(3)), ("med", "77".to_owned())];
    for (prefix, next_hop) in [(RESOLVER, "10.99.0.2"), (RESOLVER6, "fd99::2")] {
        let [(_, path), (_, med)] = &outside;
        pair.hears(
            0,
            prefix,
            &[("as_path", path.as_str()), ("med", med.as_str())],
        )?;
        let route = pair.heard(0, prefix)?;
        for part in ["(64600,80)", "(64601,53)", next_hop] {
            contains(&route, part)?;
        }
        for part in large.split(") (") {
            contains(&route, part.trim_matches(['(', ')']))?;
        }
    }
    pair.hears(
        0,
        AUTH,
        &[
            ("as_path", &path(3)),
            ("med", ""),
            ("community", "(64600,80)"),
        ],
    )?;
    pair.hears(0, HAND, &[("med", "0"), ("as_path", &path(3))])?;
    contains(&pair.heard(0, HAND)?, "(64601,99)")?;

    pair.hears(1, AUTH, &[("as_path", &path(1)), ("community", "")])?;

    for prefix in [RESOLVER, RESOLVER6] {
        pair.hears(
            2,
            prefix,
            &[("as_path", ""), ("local_pref", "250"), ("med", "77")],
        )?;
        pair.hears(
            3,
            prefix,
            &[("local_pref", "100"), ("community", "(64601,53)")],
        )?;
    }
    pair.hears(2, AUTH, &[("next_hop", "10.99.2.2"), ("med", "")])?;
    pair.hears(3, AUTH, &[("next_hop", "10.99.3.2")])?;
    pair.hears(3, HAND, &[("community", "(64601,99)"), ("med", "0")])?;

    for prefix in [RESOLVER, RESOLVER6, HAND] {
        pair.lacks(1, prefix)?;
    }
    for neighbor in 0..4 {
        pair.lacks(neighbor, OFF)?;
        pair.lacks(neighbor, "192.0.2.100/32")?;
    }
    Ok(())
}

#[test]
fn drained_services_look_worse_to_everybody() -> Result<()> {
    let lab = Lab::new(&[])?;
    let pair = pair(&lab)?;
    for protocol in ["anycast_resolver_v4", "anycast_auth_v4", "hand4"] {
        pair.enable(protocol)?;
    }
    pair.hears(0, HAND, &[("as_path", &path(3))])?;
    // Make before break: with both twins up, the better one counts.
    pair.enable("anycast_*_v4_drain")?;
    pair.enable("hand4_drained")?;
    pair.hears(0, RESOLVER, &[("as_path", &path(3))])?;
    pair.disable("anycast_resolver_v4")?;
    pair.disable("anycast_auth_v4")?;
    pair.disable("hand4")?;
    for prefix in [RESOLVER, HAND] {
        pair.hears(0, prefix, &[("as_path", &path(6))])?;
        contains(&pair.heard(0, prefix)?, "(65535,0)")?;
        pair.hears(2, prefix, &[("local_pref", "0"), ("as_path", "")])?;
        contains(&pair.heard(2, prefix)?, "(65535,0)")?;
        // This one asked for neither.
        pair.hears(3, prefix, &[("local_pref", "100")])?;
    }
    pair.hears(0, HAND, &[("med", "0")])?;
    pair.hears(1, AUTH, &[("as_path", &path(2)), ("community", "")])?;
    pair.disable("anycast_*")?;
    pair.disable("hand4_drained")?;
    lab.wait_until("nothing", || {
        (0..4).try_for_each(|neighbor| {
            [RESOLVER, AUTH, HAND]
                .iter()
                .try_for_each(|prefix| pair.lacks(neighbor, prefix))
        })
    })
}

#[test]
fn established_sessions_have_the_timers_that_were_meant() -> Result<()> {
    let lab = Lab::new(&[])?;
    let pair = pair(&lab)?;
    let details = pair.node.ask("show protocols all \"bgp_*\"")?;
    for (label, end) in [("Hold timer:", "/9"), ("Keepalive timer:", "/3")] {
        let lines = details
            .lines()
            .map(str::trim)
            .filter(|line| line.starts_with(label));
        let lines: Vec<_> = lines.collect();
        let all = lines.iter().all(|line| line.ends_with(end));
        if lines.len() != 8 || !all {
            return Err(Error::new(details));
        }
    }
    for (name, source) in [("outside_v4", "10.99.0.2"), ("reflector_v6", "fd99:3::2")] {
        let details = pair
            .node
            .ask(&format!("show protocols all \"bgp_{name}\""))?;
        contains(&details, &format!("Source address:   {source}"))?;
    }
    Ok(())
}

fn contains(text: &str, part: &str) -> Result<()> {
    if text.contains(part) {
        return Ok(());
    }
    Err(Error::new(format!("{part} is not in {text}")))
}
