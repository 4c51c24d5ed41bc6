//! What a failure does, flaps, and what the daemon offers to operators.

use super::{SMALLEST, after, headers};
use crate::config::{Config, Draft, OnFailure};

/// The smallest file with more sections.
fn top(keys: &str) -> String {
    headers(&format!("{SMALLEST}{keys}\n"))
}

fn daemon(keys: &str) -> String {
    top(&format!("daemon: {{ {keys} }}"))
}

fn flap(keys: &str) -> String {
    top(&format!("flap: {{ {keys} }}"))
}

/// The smallest file with other checks.
fn checks(checks: &str) -> String {
    let own = "      - dns: { name: example.com, type: SOA }\n";
    SMALLEST.replace(own, checks)
}

/// A check of a server, with more keys.
fn asks(server: &str, more: &str) -> String {
    format!("      - {more}dns: {{ server: \"{server}\", name: example.com, type: SOA }}\n")
}

const DRAINS: &str = "on_failure: drain\n        ";
const WITHDRAWS: &str = "on_failure: withdraw\n        ";
const OWN: &str = "      - dns: { name: example.com, type: SOA }\n";
const SERIAL: &str = "serial: { primary: 192.0.2.1, max_behind: 100 }";
const SIGNATURES: &str = "signatures: { min_validity: 2d }";
const ELSEWHERE: &str = "203.0.113.1";

/// What the failure of each check does.
fn on_failure(config: &Config) -> Vec<OnFailure> {
    let all = config.services.iter().flat_map(|service| &service.checks);
    all.map(|check| check.on_failure).collect()
}

#[test]
fn only_what_is_of_this_node_withdraws_by_default() {
    let main = SMALLEST.to_owned()
        + "      - { local: \"2001:db8::2\", remote: \"2001:db8::1\" }
kernel: { preferred_source: { v4: 10.99.0.4, v6: \"2001:db8::4\" } }
";
    let main = main.replace("router_id: 10.99.0.2", "router_id: 10.99.0.3");
    for (server, expected) in [
        ("127.0.0.1", OnFailure::Withdraw),
        ("127.0.0.53", OnFailure::Withdraw),
        ("::1", OnFailure::Withdraw),
        ("192.0.2.53", OnFailure::Withdraw),
        ("10.99.0.2", OnFailure::Withdraw),
        ("10.99.0.3", OnFailure::Withdraw),
        ("10.99.0.4", OnFailure::Withdraw),
        ("2001:db8::2", OnFailure::Withdraw),
        ("2001:db8::4", OnFailure::Withdraw),
        ("198.51.100.7", OnFailure::Withdraw),
        ("10.99.1.2", OnFailure::Withdraw),
        // The other ends of sessions are not of this node.
        ("10.99.0.1", OnFailure::Drain),
        ("2001:db8::1", OnFailure::Drain),
        ("192.0.2.54", OnFailure::Drain),
        (ELSEWHERE, OnFailure::Drain),
    ] {
        let with = format!("{OWN}{}", asks(server, ""));
        let mut draft = Draft::new("config.yaml", &main.replace(OWN, &with));
        draft.add(
            "conf.d/1.yaml",
            "
services: { other: { prefixes: [198.51.100.0/24], checks: [{ dns: { server: 198.51.100.1, name: a, type: A } }] } }
neighbors: { tor2: { asn: 64600, sessions: [{ local: 10.99.1.2, remote: 10.99.1.1 }] } }
",
        );
        let parsed = draft.finish().unwrap();
        let other = OnFailure::Withdraw;
        let expected = [OnFailure::Withdraw, expected, other];
        assert_eq!(on_failure(&parsed.config), expected, "{server}");
        assert!(parsed.warnings.is_empty(), "{}", parsed.warnings);
    }
}

/// All nodes have the same zone: a signer that stalls, or a transfer under way, would take all of them out.
#[test]
fn what_is_expected_of_a_zone_drains_by_default() {
    let serial = "expect: { serial: { max_age: 1d } }";
    let primary = "expect: { serial: { primary: 127.0.0.1, max_behind: 100 } }";
    let signatures = "expect: { signatures: { min_validity: 2d } }";
    let soa = "name: example.com, type: SOA";
    let two = |second: &str, need: &str| {
        format!("questions: [{{ {soa} }}, {{ {soa}, {second} }}], need: {need}")
    };
    let group = |need: &str, expect: &str| {
        format!(
            "group: {{ need: {need}, of: [{{ dns: {{ {soa} }} }}, {{ dns: {{ {soa}, {expect} }} }}] }}"
        )
    };
    let dns = |keys: &str| format!("dns: {{ {keys} }}");
    for (check, expected) in [
        (dns(&format!("{soa}, {serial}")), OnFailure::Drain),
        (dns(&format!("{soa}, {primary}")), OnFailure::Drain),
        (dns(&format!("{soa}, {signatures}")), OnFailure::Drain),
        (dns(&two(signatures, "all")), OnFailure::Drain),
        (dns(&two(signatures, "any")), OnFailure::Withdraw),
        (
            dns(&format!("{}, {serial}", two("", "any"))),
            OnFailure::Drain,
        ),
        (group("all", serial), OnFailure::Drain),
        (group("any", serial), OnFailure::Withdraw),
        (
            dns(&format!("{soa}, expect: {{ max_latency: 1ms }}")),
            OnFailure::Withdraw,
        ),
    ] {
        let with = |more: &str| checks(&format!("{OWN}      - {more}{check}\n"));
        let config = Config::parse("f", &with("")).unwrap().config;
        let found = on_failure(&config);
        assert_eq!(found, [OnFailure::Withdraw, expected], "{check}");
        // Told where it is written against this.
        let findings = headers(&with(WITHDRAWS));
        let is_told = findings.contains("is the same on all nodes");
        assert_eq!(is_told, expected == OnFailure::Drain, "{check}: {findings}");
    }
}

/// A check whose expectation stands on its own line, with more keys.
fn expects(wanted: &str, more: &str) -> String {
    format!(
        "      - {more}dns:\n          name: example.com\n          type: SOA\n          expect:\n            {wanted}\n"
    )
}

/// Members decide on families, so that a group withdraws only where it takes one of this node in each of them.
#[test]
fn a_group_withdraws_by_default_where_every_family_has_enough_of_this_node() {
    let group = |need: &str, members: &[&str]| {
        let question = "name: example.com, type: SOA";
        let member = |keys: &&str| format!("{{ {keys}, {question} }} }}");
        let members: Vec<_> = members.iter().map(member).collect();
        let members = members.join(", ");
        checks(&format!(
            "{OWN}      - {WITHDRAWS}group: {{ need: {need}, of: [{members}] }}\n"
        ))
        .replace(
            "[192.0.2.53/32]",
            "[192.0.2.53/32, \"2001:db8:53::53/128\"]",
        ) + "      - { local: \"2001:db8::2\", remote: \"2001:db8::1\" }\n"
    };
    let v4 = "families: [v4], dns: { server: 127.0.0.1";
    let v6 = "families: [v6], dns: { server: \"::1\"";
    let far_v4 = "dns: { server: 203.0.113.1";
    let far_v6 = "dns: { server: \"2001:db8:9::1\"";
    for (need, members, expected) in [
        ("any", &[v4, v6][..], OnFailure::Withdraw),
        ("any", &[v4, v6, far_v6], OnFailure::Withdraw),
        ("any", &[v4, far_v6], OnFailure::Drain),
        ("any", &[v6, far_v4], OnFailure::Drain),
        ("any", &[v4], OnFailure::Withdraw),
        ("all", &[v4, v6, far_v4], OnFailure::Drain),
        (
            "{ at_least: 2 }",
            &[v4, v4, v6, v6, far_v6],
            OnFailure::Withdraw,
        ),
        ("{ at_least: 2 }", &[v4, v4, v6, far_v6], OnFailure::Drain),
    ] {
        let text = group(need, members);
        let silent = text.replace(WITHDRAWS, "");
        let config = Config::parse("f", &silent).unwrap().config;
        let found = on_failure(&config);
        assert_eq!(found, [OnFailure::Withdraw, expected], "{need} {members:?}");
        let warning = headers(&text);
        let is_told = warning.contains("is not of this node as far as the files tell");
        assert_eq!(is_told, expected == OnFailure::Drain, "{warning}");
    }
}

#[test]
fn what_is_said_counts() {
    let said = [
        OWN.replace("- ", &format!("- {DRAINS}")),
        asks(ELSEWHERE, WITHDRAWS),
    ]
    .concat();
    let config = Config::parse("f", &checks(&said)).unwrap().config;
    assert_eq!(on_failure(&config), [OnFailure::Drain, OnFailure::Withdraw]);
}

#[test]
fn failures_that_withdraw_too_much_or_nothing_are_told() {
    let by_hand = |names: &str, all: &str| {
        let bird = format!("    bird: {{ {names} }}\n    checks:");
        headers(&checks(&format!("{OWN}{all}")).replace("    checks:", &bird))
    };
    let both = |names: &str, all: &str| {
        let bird = format!("    bird: {{ {names} }}\n    checks:");
        let text = checks(&format!("{OWN}{all}")).replace("    checks:", &bird);
        headers(&text.replace("[192.0.2.53/32]", "[192.0.2.53/32, \"2001:db8::1/128\"]"))
    };
    // In a question and in a member of a group, the place is there.
    let asked = format!(
        "      - {WITHDRAWS}dns:\n          questions:\n            - {{ name: a, type: A }}\n            - name: b\n              type: SOA\n              expect:\n                {SERIAL}\n"
    );
    let member = format!(
        "      - {WITHDRAWS}group:\n          of:\n            - dns:\n                {{ name: a, type: SOA, expect: {{ {SIGNATURES} }} }}\n"
    );
    insta::assert_snapshot!(
        [
            headers(&checks(&asks(ELSEWHERE, WITHDRAWS))),
            headers(&checks(&asks(ELSEWHERE, ""))),
            headers(&checks(&OWN.replace("- ", &format!("- {DRAINS}")))),
            headers(&checks(&asks(ELSEWHERE, "on_failure: hold\n        "))),
            headers(&checks(&asks("elsewhere", ""))),
            by_hand("v4: my_static", &asks(ELSEWHERE, "")),
            by_hand("v4: my_static", &asks(ELSEWHERE, DRAINS)),
            by_hand("v4: my_static", &OWN.replace("- ", &format!("- {DRAINS}"))),
            by_hand("v4: my_static, v4_drain: my-drain", &asks(ELSEWHERE, "")),
            both("v4: my_static, v6: my_other", &asks(ELSEWHERE, "")),
            headers(&checks(&(OWN.to_owned() + &expects(SERIAL, WITHDRAWS)))),
            headers(&checks(&(OWN.to_owned() + &expects(SIGNATURES, WITHDRAWS)))),
            headers(&checks(&(OWN.to_owned() + &asked))),
            headers(&checks(&(OWN.to_owned() + &member))),
            headers(&checks(&expects(SERIAL, ""))),
            by_hand("v4: my_static", &expects(SIGNATURES, "")),
            by_hand("v4: my_static", &expects(SIGNATURES, DRAINS)),
        ]
        .join("\n")
    );
    let good = "v4: my_static, v4_drain: my_drain";
    assert_eq!(by_hand(good, &asks(ELSEWHERE, DRAINS)), "");
    assert_eq!(by_hand("v4: my_static", ""), "");
}

#[test]
fn what_could_not_be_read_may_be_an_address_of_this_node() {
    for (good, bad) in [
        ("192.0.2.53/32", "192.0.2.1/24"),
        ("prefixes", "prefixs"),
        ("local: 10.99.0.2", "local: 10.99.0"),
        ("router_id: 10.99.0.2", "router_id: 10.99.0"),
        (
            "services",
            "kernel: { preferred_source: { v4: 10.99.0 } }\nservices",
        ),
    ] {
        let text = checks(&asks("192.0.2.2", WITHDRAWS)).replace(good, bad);
        let findings = headers(&text);
        assert!(!findings.is_empty(), "{bad}");
        assert!(!findings.contains("on_failure"), "{findings}");
    }
}

#[test]
fn flaps() {
    insta::assert_snapshot!(
        [
            flap("penalty: 0, max: 1000001, reuse: -1"),
            flap("reuse: 3000"),
            flap("suppress: 700"),
            flap("suppress: 13000"),
            flap("max: 2999"),
            flap("penalty: 12001"),
            flap("half_life: 300, action: tell"),
            flap("supress: 2000"),
            flap("half_life: 1s"),
            top("flap: { half_life: 12s }\nbird: { poll_interval: 10s }"),
            top("flaps: { action: hold }"),
            flap("action: hold, suppress: 900"),
        ]
        .join("\n")
    );
    // A poll of ten seconds still sees enough flaps for the defaults.
    assert_eq!(
        top("flap: { suppress: 3000 }\nbird: { poll_interval: 10s }"),
        ""
    );
    assert_eq!(flap("suppress: 900"), "");
    assert_eq!(flap("suppress: 12000"), "");
    assert_eq!(flap(""), "");
}

#[test]
fn holding_the_only_session_of_a_service_warns() {
    let hold = "flap: { action: hold }\n";
    let one = headers(&format!("{SMALLEST}{hold}"));
    let second = "      - { local: 10.99.1.2, remote: 10.99.1.1 }\n";
    let sixth = "      - { local: \"2001:db8::2\", remote: \"2001:db8::1\" }\n";
    // A family without prefixes is not missed, and one with prefixes has sessions of its own.
    assert_eq!(headers(&format!("{SMALLEST}{second}{sixth}{hold}")), "");
    let dual = SMALLEST.replace("[192.0.2.53/32]", "[192.0.2.53/32, \"2001:db8:1::1/128\"]");
    let dual = headers(&format!("{dual}{second}{sixth}{hold}"));
    // Two sessions in the file, but only one with this service.
    let other = "  other: { prefixes: [192.0.2.54/32], checks: [{ dns: { name: a, type: A } }] }\nneighbors:\n";
    let tor2 = "  tor2: { asn: 64600, services: [resolver], sessions: [{ local: 10.99.1.2, remote: 10.99.1.1 }] }\n";
    let text = SMALLEST.replace("neighbors:\n", other);
    let partly = headers(&format!("{text}{tor2}{hold}"));
    insta::assert_snapshot!([one, dual, partly].join("\n"));
}

#[test]
fn daemons() {
    insta::assert_snapshot!(
        [
            daemon("listen: soon"),
            daemon("listen: 9553"),
            daemon("listen: \":9553\""),
            daemon("listen: 127.0.0.1"),
            daemon("listen: \"::1\""),
            daemon("listen: \"::1:9553\""),
            daemon("listen: localhost:9553"),
            daemon("listen: 127.0.0.1:0"),
            daemon("listen: 127.0.0.1:65536"),
            daemon("listen: \"[fe80::1]:9553\""),
            daemon("listen: 224.0.0.1:9553"),
            daemon("listen: \"[::ffff:127.0.0.1]:9553\""),
            daemon("listen: 0.0.0.0:9553"),
            daemon("listen: \"[2001:db8::2]:9553\""),
            daemon("listen: 192.0.2.53:9553"),
            daemon("listne: off"),
            daemon("state_dir: lib/anycastctl"),
            daemon("state_dir: /run/a, control: /run/a"),
            daemon("operator_group: DNS ops"),
            daemon("operator_groups: dnsops"),
            after("services:", "bird: { poll-interval: 1s }\nservices:"),
        ]
        .join("\n")
    );
    for good in ["off", "127.0.0.2:1", "\"[::1]:9553\"", "~"] {
        assert_eq!(daemon(&format!("listen: {good}")), "");
    }
}

#[test]
fn what_is_typed_is_what_comes_out() {
    let text = format!(
        "{SMALLEST}
daemon: {{ listen: \"[::1]:80\", operator_group: _dns-ops, state_dir: /srv/state }}
bird: {{ poll_interval: 250ms }}
flap: {{ penalty: 10, suppress: 20, reuse: 5, half_life: 1m, max: 40, action: report }}
"
    );
    let text = text.replace(
        "    checks:",
        "    damping: { free: 0, hold: 1s, max_hold: 1s }\n    checks:",
    );
    let config = Config::parse("f", &text).unwrap().config;
    let off = text
        .replace("damping: {", "damping: off # {")
        .replace("\"[::1]:80\"", "off");
    let off = Config::parse("f", &off).unwrap().config;
    assert_eq!((off.daemon.listen, off.services[0].damping), (None, None));
    insta::assert_debug_snapshot!((
        config.daemon,
        config.bird.poll_interval,
        config.flap,
        config.services[0].damping
    ));
}
