//! Each finding about what keys mean, provoked on its own.

mod orders;

use super::{SMALLEST, headers};
use crate::config::{Config, LimitAction, PasswordSource};

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
            service("damping: { hold: 20m }"),
            service("damping: { max_hold: 59s, half_lief: 1m }"),
            service("damping: { free: 1001, half_life: 15 }"),
            service("damping: never"),
            service("damping: off"),
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

/// The findings of a check that expects this of an answer.
fn expect(wanted: &str) -> String {
    dns(&format!("expect: {{ {wanted} }}"))
}

/// The findings of another question that expects this of its answer.
fn asked(question: &str, wanted: &str) -> String {
    let keys = format!("{question}, expect: {{ {wanted} }}");
    after("name: example.com, type: SOA", &keys)
}

/// The findings of a check with several questions.
fn questions(list: &str) -> String {
    after("name: example.com, type: SOA", list)
}

#[test]
fn expectations() {
    insta::assert_snapshot!(
        [
            expect("min_answers: 3, max_answers: 2"),
            expect("max_answers: 0"),
            expect("rcode: [NXDOMAIN], max_answers: 1, answer: x, ttl: { min: 1s }"),
            expect("flags: [aa, ra], flags_unset: [ra, do]"),
            expect("answer: \"a(\""),
            expect("nsid: \"\""),
            asked("name: id.server, type: TXT, class: CH", "answer: ^ams1$"),
            asked("name: id.server, type: TXT, class: CH", "answer: '^\"ams1\"$'"),
            asked("name: id.server, type: TXT, class: CH", "signatures: { min_validity: 2d }"),
            expect("ttl: {}"),
            expect("ttl: { min: 2m, max: 60s }"),
            expect("ttl: { min: 60 }"),
            expect("max_latency: 0ms"),
            expect("max_latency: 799ms"),
            expect("max_latency: 800ms"),
            expect("serial: {}"),
            expect("serial: { encoding: unix }"),
            expect("serial: { max_behind: 2, primary_port: 5353, max_age: 2d }"),
            expect("serial: { primary: 192.0.2.1 }"),
            expect("serial: { max_age: 1d, encoding: counter }"),
            asked("name: example.com, type: NS", "serial: { max_age: 1d }"),
            expect("signatures: {}"),
            dns("dnssec: false, nsid: false, expect: { signatures: { min_validity: 2d }, nsid: ^ams }"),
            dns("buffer_size: 100"),
        ]
        .join("\n")
    );
}

#[test]
fn several_questions() {
    let two = "questions: [{ name: a.example, type: A }, { name: b.example, type: AAAA }]";
    insta::assert_snapshot!(
        [
            questions(two),
            questions(&format!(
                "{two}, need: any, expect: {{ rcode: [NXDOMAIN] }}"
            )),
            questions(&format!("{two}, need: {{ at_least: 3 }}")),
            questions(&format!("{two}, need: most")),
            questions(&format!("{two}, expect: {{ serial: {{ max_age: 1d }} }}")),
            dns(two),
            dns("need: { at_least: 2 }"),
            questions("questions: []"),
            questions("questions: [{ name: a.example }, { type: IXFR }]"),
            questions("questions: [{ name: a.example, type: SOA, expect: { rcode: [] } }]"),
            questions(&format!(
                "questions: [{}]",
                "{ name: a.example, type: A },".repeat(17)
            )),
            questions("transport: tcp"),
        ]
        .join("\n")
    );
}

/// The findings of a check in the place of the only one.
fn check(check: &str) -> String {
    after("dns: { name: example.com, type: SOA }", check)
}

/// The same for a service without a single address.
fn network(check: &str) -> String {
    let text = SMALLEST.replace("[192.0.2.53/32]", "[192.0.2.0/24]");
    headers(&text.replace("dns: { name: example.com, type: SOA }", check))
}

#[test]
fn checks_over_the_network() {
    insta::assert_snapshot!(
        [
            check("tcp: {}"),
            check("tcp: { port: 0, server: dns.example.com }"),
            check("tcp: { port: 853, tls: ~ }"),
            check("tcp: { port: 853, server: 10.0.0.1 }\n        on_failure: withdraw"),
            check("http: {}"),
            check("http: { url: dns.example.com/health }"),
            check("http: { url: \"http://a:b@dns.example.com/\" }"),
            check("http: { url: \"http://dns.example.com/\", tls: {}, status: [] }"),
            check("http: { url: \"http://dns.example.com/\", status: [ok, 299-200], body: \"(\" }"),
            check("http: { url: \"http://10.0.0.1/\" }\n        on_failure: withdraw"),
            network("http: { url: \"http://dns.example.com/\" }"),
            network("http: { url: \"http://192.0.2.53/\" }"),
            network("tcp: { port: 853 }"),
        ]
        .join("\n")
    );
}

#[test]
fn checks_of_this_host() {
    insta::assert_snapshot!(
        [
            check("exec: { command: [] }"),
            check("exec: { environment: [A=b] }"),
            check("exec: { command: [check, ~] }"),
            check("exec: { command: /bin/true }"),
            check("exec: { command: [/bin/true], environment: [HOME, 1ST=x, ANYCASTCTL_PROBE=x] }"),
            check("exec: { command: [/bin/true], exit_codes: icinga }"),
            check("exec: { command: [/opt/checks/check_dns] }"),
            check("exec: { command: [/opt/checks/check_dns], exit_codes: plain }"),
            check("unit: nsd"),
            check("process: { pidfile: nsd.pid, name: a-name-that-is-too-long }"),
            check("process: { name: nsd }"),
            check("file: { path: maintenance }"),
            check("file: { present: true }"),
            check("file: { path: /run/maintenance }\n        unit: nsd.service"),
            check("file:"),
        ]
        .join("\n")
    );
}

#[test]
fn groups_and_families() {
    let check = |check: &str| {
        after(
            "- dns: { name: example.com, type: SOA }",
            &format!("- {check}"),
        )
    };
    let dns = "dns: { name: a.example, type: A }";
    let at = "dns: { server: 10.0.0.1, name: a.example, type: A }";
    insta::assert_snapshot!(
        [
            check("{ name: nothing }"),
            check(&format!("{{ {dns}, group: {{ of: [] }} }}")),
            check("{ group: { need: most, of: [] } }"),
            check("{ group: { need: { at_least: 0 }, of: [1] } }"),
            check(&format!("{{ group: {{ need: {{ at_least: 3 }}, of: [{{ {dns} }}, {{ {at} }}] }} }}")),
            check(&format!("{{ interval: 1s, families: [v4], group: {{ of: [{{ on_failure: drain, {dns} }}] }} }}")),
            check(&format!("{{ group: {{ of: [{{ group: {{ of: [{{ {dns} }}] }} }}] }} }}")),
            check(&format!("{{ name: same, group: {{ of: [{{ name: same, {dns} }}] }} }}")),
            check(&format!("{{ families: [v5], {dns} }}")),
            check(&format!("{{ families: [], {dns} }}")),
            check(&format!("{{ families: [v6], {dns} }}")),
            check(&format!("{{ interval: 100ms, timeout: 2s, {dns} }}")),
            check(&format!("{{ interval: 40s, {dns} }}")),
            check(&format!("{{ on_failure: withdraw, group: {{ need: any, of: [{{ {at} }}, {{ {dns} }}] }} }}")),
            check(&format!("{{ on_failure: withdraw, group: {{ of: [{{ {at} }}, {{ {dns} }}] }} }}")),
        ]
        .join("\n")
    );
}

/// A check that is about one family asks, and needs, only the addresses of that.
#[test]
fn a_family_that_a_check_leaves_alone_needs_no_address() {
    let mixed = |check: &str| {
        let text = SMALLEST.replace(
            "[192.0.2.53/32]",
            "[198.51.100.0/24, \"2001:db8:53::53/128\"]",
        );
        let text = format!("{text}      - {{ local: \"2001:db8::2\", remote: \"2001:db8::1\" }}\n");
        let v4 = "dns: { server: 198.51.100.1, name: a.example, type: A }\n      - ";
        let own = "dns: { name: example.com, type: SOA }";
        headers(&text.replace(own, &format!("{v4}{check}")))
    };
    let dns = "dns: { name: a.example, type: A }";
    let whom = "whom to ask? The service has no single IPv4 address";
    for kind in [
        dns,
        "tcp: { port: 853 }",
        "http: { url: \"http://a.example/\" }",
    ] {
        assert_eq!(mixed(&format!("{{ families: [v6], {kind} }}")), "");
        assert_eq!(
            mixed(&format!(
                "{{ group: {{ of: [{{ families: [v6], {kind} }}] }} }}"
            )),
            ""
        );
        for families in ["", "families: [v4], ", "families: [v4, v6], "] {
            let findings = mixed(&format!("{{ {families}{kind} }}"));
            assert!(findings.contains(whom), "{families}{kind}: {findings}");
        }
    }
}

#[test]
fn transports() {
    insta::assert_snapshot!(
        [
            dns("transport: doh"),
            dns("tls: { name: dns.example }"),
            dns("transport: tls, path: /dns-query, fallback_to_tcp: true"),
            dns("transport: https, path: dns-query"),
            dns("transport: https, path: \"/dns-query{?dns}\""),
            dns("transport: https, path: \"/a b\""),
            dns("transport: quic, tls: { ca_file: /ca.pem, pin_file: /pin.pem }"),
            dns("transport: quic, tls: { ca_file: ca.pem }"),
            dns("transport: tls, tls: { name: \"dns example\" }"),
            dns("server: 127.0.0.1, source: \"::1\""),
            dns("source: \"::1\""),
            dns("source: 127.0.0.1, interface: \"no/such\""),
        ]
        .join("\n")
    );
}

#[test]
fn ports_follow_transports() {
    for (more, port) in [
        ("port: 53", 53),
        ("transport: tcp", 53),
        ("transport: tls", 853),
        ("transport: quic", 853),
        ("transport: https", 443),
        ("transport: https, port: 8443", 8443),
    ] {
        let text = SMALLEST.replace("type: SOA", &format!("type: SOA, {more}"));
        let config = Config::parse("f", &text).unwrap().config;
        let targets = config.services[0].targets();
        let expected = format!("192.0.2.53:{port}");
        assert_eq!(targets[0].subject.to_string(), expected, "{more}");
    }
}

#[test]
fn neighbors() {
    insta::assert_snapshot!(
        [
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
            neighbor("limits: { import: { action: stop } }"),
            neighbor("limits: { receive: { action: warn } }"),
            neighbor("limits: { export: { max: 1 } }"),
            two_prefixes("limits: { export: { max: 1 } }"),
            session("192.0.2.53", "10.99.0.3"),
            neighbor("drain: { graceful_shutdown: false, prepend: 11 }"),
        ]
        .join("\n")
    );
}

/// The findings of a neighbour in our own AS with more keys.
fn internal(more: &str) -> String {
    after("    asn: 64600", &format!("    asn: 64601\n    {more}"))
}

#[test]
fn what_is_for_other_ases_only_is_refused_within_our_own() {
    insta::assert_snapshot!(
        [
            internal("local_pref: 200"),
            neighbor("local_pref: 200"),
            internal("role: peer"),
            internal("prepend: 1"),
            internal("prepend: 0"),
            internal("drain: { prepend: 2 }"),
            neighbor("require_role: true"),
            neighbor("role: upstream"),
        ]
        .join("\n")
    );
}

#[test]
fn neighbors_in_full() {
    let older = |more: &str| {
        let text = SMALLEST.replace("services:\n", "bird: { version: 2.0.7 }\nservices:\n");
        headers(&text.replace("    asn: 64600", &format!("    asn: 64600\n    {more}")))
    };
    insta::assert_snapshot!(
        [
            older("role: customer"),
            neighbor("role: customer"),
            neighbor("services: [resolvr]"),
            neighbor("services: []"),
            neighbor("services: [Resolver]"),
            neighbor("communities: [65535:0, 1:1, 1:1]"),
            neighbor("large_communities: [1:1:1, 1:1:1, 1:2]"),
            neighbor("password_file: /a\n    password_env: B"),
            neighbor("password_credential: ../a"),
            neighbor("password_env: A-B"),
            neighbor("bfd: false\n    graceful_restart: full"),
            neighbor("graceful_restart: true"),
            neighbor("import: everything"),
            neighbor("port: 0"),
            neighbor("prepend: 11"),
        ]
        .join("\n")
    );
}

#[test]
fn presets_and_defaults() {
    let neighbors = |text: &str| {
        let start = SMALLEST.find("neighbors:").unwrap();
        headers(&format!("{}{text}", &SMALLEST[..start]))
    };
    insta::assert_snapshot!(
        [
            neighbors("neighbors:\n  v: { preset: vultr, sessions: [{ local: 203.0.113.1 }] }\n"),
            neighbors("neighbors:\n  v: { preset: vulture, sessions: [{ local: 203.0.113.1 }] }\n"),
            neighbors("neighbors:\n  v: { preset: vultr, sessions: [{ local: 203.0.113.1 }, { local: 203.0.113.2 }] }\n"),
            neighbors("neighbors:\n  v: { preset: vultr_bare_metal, sessions: [{ local: 203.0.113.1 }, { local: '2001:db8::1' }] }\n"),
            neighbors("neighbor_defaults: { sessions: [], preset: vultr, asn: 64600, hold_time: 2s }\nneighbors:\n  a: { sessions: [{ local: 10.0.0.1, remote: 10.0.0.2 }] }\n  b: { sessions: [{ local: 10.0.1.1, remote: 10.0.1.2 }] }\n"),
        ]
        .join("\n")
    );
}

#[test]
fn a_neighbor_takes_from_its_preset_and_then_from_the_defaults() {
    let start = SMALLEST.find("neighbors:").unwrap();
    let text = format!(
        "{}neighbor_defaults:
  multihop: 9
  bfd: true
  password_file: /d
  hold_time: 30s
  limits: {{ import: {{ max: 7 }}, export: {{ max: 5 }} }}
  drain: {{ prepend: 1 }}
neighbors:
  v:
    preset: vultr
    hold_time:
    password_env: V
    limits: {{ import: {{ action: block }} }}
    sessions: [{{ local: 203.0.113.1 }}, {{ local: '2001:db8::1', remote: '2001:db8::2' }}]
",
        &SMALLEST[..start]
    );
    let config = Config::parse("f", &text).unwrap().config;
    let neighbor = &config.neighbors[0];
    assert_eq!(neighbor.asn.get(), 64515);
    assert_eq!((neighbor.multihop, neighbor.bfd), (Some(2), false));
    assert_eq!(
        neighbor.hold_time, None,
        "a key without a value is no default"
    );
    let source = PasswordSource::Environment("V".parse().unwrap());
    assert_eq!(neighbor.password, Some(source));
    let remotes: Vec<String> = neighbor
        .sessions
        .iter()
        .map(|session| session.remote.to_string())
        .collect();
    assert_eq!(remotes, ["169.254.169.254", "2001:db8::2"]);
    let limits = neighbor.limits;
    assert_eq!(
        (limits.import.max, limits.import.action),
        (Some(7), LimitAction::Block)
    );
    assert_eq!(limits.export.max, Some(5));
    assert_eq!(
        (neighbor.drain.prepend, neighbor.drain.graceful_shutdown),
        (1, true)
    );
}

#[test]
fn routes_kernel_and_protocols_by_hand() {
    let top = |keys: &str| after("services:", &format!("{keys}\nservices:"));
    let hand = |keys: &str| service(&format!("bird: {{ {keys} }}"));
    insta::assert_snapshot!(
        [
            service("route: drop"),
            service("route: { check_link: true }"),
            service("route: { interface: a-much-too-long-name }"),
            service("route: unreachable"),
            service("med: -1"),
            top("kernel: { export: all, ecmp: 1 }"),
            top("kernel: { preferred_source: { v4: '2001:db8::1', v6: 192.0.2.1 } }"),
            top("bird: { include: [local.conf, /etc/bird/bird.conf], config: /etc/bird/bird.conf }"),
            hand("v4: my_static, v4_drain: my_static"),
            hand("v6: my_static"),
            hand("v4_drain: my_drain"),
            hand("v4: my-static"),
            hand("v4: all"),
            headers(&format!("{SMALLEST}      - {{ local: 10.99.1.2, remote: 10.99.1.1, bird: anycast_resolver_v4 }}\n")),
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
            bird("intent_dir: /run/bird, socket: /run/bird"),
            bird("poll_interval: 99ms"),
            bird("poll_interval: 11s"),
            bird("poll_interval: 100ms"),
        ]
        .join("\n")
    );
}

#[test]
fn hosts() {
    let host = |keys: &str| headers(&format!("{SMALLEST}host: {{ {keys} }}\n"));
    insta::assert_snapshot!(
        [
            host("interface: eth0:1"),
            host("interface: all"),
            host("interface: abcdefghijklmnop"),
            host("dns_unit: nsd"),
            host("open_files: 12"),
            host("receive_interfaces: [eth0, eth1, eth0]"),
            host("interface: eth0, receive_interfaces: [eth0]"),
            host("receive_interfaces: [\"eth*\"]"),
            host("receive_processors: 3-0"),
            host("receive_processors: all"),
            host("queries_per_second: 0"),
            host("query_per_second: 5"),
        ]
        .join("\n")
    );
    assert_eq!(host("receive_processors: 0"), "");
}

#[test]
fn a_protocol_by_hand_is_not_called_as_one_that_is_rendered() {
    let dual = SMALLEST.replace("[192.0.2.53/32]", "[192.0.2.53/32, \"2001:db8::1/128\"]");
    let named = |v4: &str| {
        let bird = format!("    bird: {{ v4: {v4} }}\n    checks:");
        headers(&dual.replace("    checks:", &bird))
    };
    let refused = "services.resolver.bird.v4: anycast_resolver_v6 is what the protocol of service resolver is called";
    assert!(named("anycast_resolver_v6").contains(refused));
    assert!(!named("anycast_resolver_v4").contains("is called"));
    let refused =
        "services.resolver.bird.v4: bgp_tor1_v4 is what the protocol of neighbor tor1 is called";
    assert!(named("bgp_tor1_v4").contains(refused));
    assert!(!named("bgp_tor1_v6").contains("is called"));
    let session = |name: &str| {
        headers(&format!(
            "{SMALLEST}      - {{ local: 10.99.1.2, remote: 10.99.1.1, bird: {name} }}\n"
        ))
    };
    assert!(
        session("bgp_tor1_v4").contains("neighbors.tor1.sessions[1].bird: bgp_tor1_v4 is what")
    );
    assert!(!session("bgp_tor1_v4_2").contains("is called"));
}
