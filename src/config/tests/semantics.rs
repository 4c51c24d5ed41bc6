//! Each finding about what keys mean, provoked on its own.

use super::{SMALLEST, headers};

/// The findings after a part of the smallest file was replaced.
fn after(replaced: &str, with: &str) -> String {
    assert!(SMALLEST.contains(replaced), "{replaced}");
    headers(&SMALLEST.replace(replaced, with))
}

/// The findings of a service with more keys.
fn service(more: &str) -> String {
    after("    checks:", &format!("    {more}\n    checks:"))
}

/// The findings of a neighbour with more keys.
fn neighbor(more: &str) -> String {
    after("    asn: 64600", &format!("    asn: 64600\n    {more}"))
}

/// The findings of another session.
fn session(local: &str, remote: &str) -> String {
    let more = format!("  - {{ local: \"{local}\", remote: \"{remote}\" }}\n");
    headers(&format!("{SMALLEST}    {more}"))
}

/// The findings of a neighbour with more keys where there are two prefixes.
fn two_prefixes(more: &str) -> String {
    let text = SMALLEST.replace("[192.0.2.53/32]", "[192.0.2.53/32, 192.0.2.54/32]");
    let keys = format!("    asn: 64600\n    {more}");
    headers(&text.replace("    asn: 64600", &keys))
}

fn prefixes(list: &str) -> String {
    after("[192.0.2.53/32]", list)
}

fn dns(more: &str) -> String {
    after("type: SOA", &format!("type: SOA, {more}"))
}

#[test]
fn services() {
    let long = format!("node: {{ name: {}, asn: 1", "x".repeat(65));
    insta::assert_snapshot!(
        [
            prefixes("[]"),
            prefixes("[192.0.2.0/24]"),
            prefixes("[0.0.0.0/0, \"::/0\"]"),
            prefixes("[127.0.0.53/32, fe80::1/128, 224.0.0.1/32, \"::1/128\"]"),
            prefixes("[192.0.2.53/32, 2001:db8::/48]"),
            prefixes("192.0.2.53/32"),
            prefixes("[192.0.2.53/32, ~]"),
            service("communities: [64500:53, 64500:53]"),
            service("fast_interval: 2s"),
            service("interval: 50ms"),
            service("interval: 50ms\n    timeout: 600ms"),
            service("timeout: 30s\n    interval: 10s"),
            service("interval: 40s"),
            service("window: { failures: 2 }"),
            service("window: { size: 5 }"),
            service("window: on"),
            service("fall: 0\n    rise: 1001"),
            service("fall: 8"),
            after(
                "      - dns",
                "      - name: dns-2\n        dns: { name: a.example, type: A }\n      - dns"
            ),
            after("node: { name: ams1, asn: 64601", &long),
            after(
                "    checks:\n      - dns: { name: example.com, type: SOA }\n",
                "    checks: []\n"
            ),
        ]
        .join("\n")
    );
}

#[test]
fn overlaps_between_services_warn_and_doubles_do_not_pass() {
    let other = |prefix: &str| {
        let service = format!(
            "  other:\n    prefixes: [{prefix}]\n    checks: [{{ dns: {{ server: 127.0.0.1, name: a.example, type: A }} }}]\nneighbors:\n"
        );
        after("neighbors:\n", &service)
    };
    insta::assert_snapshot!([other("192.0.2.0/24"), other("192.0.2.53/32")].join("\n"));
}

#[test]
fn checks() {
    insta::assert_snapshot!(
        [
            dns("expect: { rcode: [] }"),
            dns("expect: { rcode: [NXDOMAIN] }"),
            dns("expect: { rcode: [NXDOMAIN], min_answers: 2 }"),
            dns("expect: { rcode: [NXDOMAIN], min_answers: 0 }"),
            dns("server: localhost"),
            dns("server: \"::\", port: 70000"),
            dns("max_latency: 5ms"),
            after("type: SOA", "type: IXFR"),
        ]
        .join("\n")
    );
}

#[test]
fn neighbors() {
    insta::assert_snapshot!(
        [
            after("    asn: 64600", "    asn: 64601"),
            session("10.99.0.2", "10.99.0.1"),
            session("10.99.0.2", "2001:db8::1"),
            session("10.9.0.1", "10.9.0.1"),
            session("fe80::1", "fe80::2"),
            session("0.0.0.0", "255.255.255.255"),
            session("10.99.0.2", "::ffff:10.0.0.1"),
            neighbor("hold_time: 3500ms"),
            neighbor("hold_time: 65536s"),
            neighbor("hold_time: 3s"),
            neighbor("multihop: 0"),
            neighbor("password_file: secrets/tor1"),
            neighbor("password_file: [a]"),
            neighbor("limits: { export: { action: disable } }"),
            neighbor("limits: { export: { action: restart } }"),
            neighbor("limits: { import: { action: warn } }"),
            neighbor("limits: { export: { max: 1 } }"),
            two_prefixes("limits: { export: { max: 1 } }"),
            session("192.0.2.53", "10.99.0.3"),
            neighbor("drain: { graceful_shutdown: false, prepend: 11 }"),
        ]
        .join("\n")
    );
}

#[test]
fn paths_that_bird_would_misread_are_refused() {
    let bird = |keys: &str| after("services:", &format!("bird: {{ {keys} }}\nservices:"));
    let long = format!("socket: /{}", "x".repeat(107));
    let longer = format!("config: /{}", "x".repeat(1024));
    insta::assert_snapshot!(
        [
            bird("socket: run/bird.ctl"),
            bird(&long),
            bird(&longer),
            bird("intent_dir: '/run/a\"; log \"'"),
            bird("log: '/var/log/bird?.log'"),
            bird("secrets: /etc/b\u{e9}rd"),
            bird("log: \"/var/log/\\n\""),
            bird("config: /etc/bird.conf, secrets: /etc/bird.conf"),
            bird("version: 2.0.6"),
        ]
        .join("\n")
    );
}
