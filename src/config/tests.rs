//! The parser against good, bad and hostile files.

mod include;
mod semantics;

use proptest::prelude::*;

use super::*;

/// The smallest useful file.
pub(crate) const SMALLEST: &str = "\
version: 1
node: { name: ams1, asn: 64601, router_id: 10.99.0.2 }
services:
  resolver:
    prefixes: [192.0.2.53/32]
    checks:
      - dns: { name: example.com, type: SOA }
neighbors:
  tor1:
    asn: 64600
    sessions:
      - { local: 10.99.0.2, remote: 10.99.0.1 }
";

/// The same with every key, each with its default.
pub(crate) const COMPLETE: &str = "\
version: 1
node: { name: ams1, asn: 64601, router_id: 10.99.0.2 }
bird:
  version: 2.0.12
  socket: /run/bird/bird.ctl
  config: /etc/bird/bird.conf
  secrets: /etc/bird/bird.secrets.conf
  intent_dir: /run/anycastctl/intent
  binary: bird
  log: syslog
  poll_interval: 1s
bfd: { interval: 300ms, multiplier: 3 }
services:
  resolver:
    prefixes: [192.0.2.53/32]
    communities: []
    require_address: true
    interval: 1s
    fast_interval: 100ms
    timeout: 800ms
    fall: 3
    rise: 5
    window: { size: 10, failures: 6 }
    damping: { free: 2, hold: 60s, max_hold: 16m, half_life: 15m }
    checks:
      - name: dns-1
        on_failure: withdraw
        dns:
          server: ~
          port: 53
          name: example.com
          type: SOA
          class: IN
          transport: udp
          recursion_desired: true
          expect: { rcode: [NOERROR], min_answers: 1 }
neighbors:
  tor1:
    asn: 64600
    sessions: [{ local: 10.99.0.2, remote: 10.99.0.1 }]
    password_file: null
    bfd: true
    hold_time:
    multihop:
    limits: { import: { max: 10, action: restart }, export: { max: ~, action: block } }
    drain: { graceful_shutdown: true, prepend: 3 }
flap: { penalty: 1000, suppress: 3000, reuse: 750, half_life: 5m, max: 12000, action: report }
daemon:
  control: /run/anycastctl/control.sock
  operator_group:
  listen: 127.0.0.1:9553
  state_dir: /var/lib/anycastctl
  on_stop: withdraw
  stale_after: 30s
host:
  interface: anycast0
  dns_unit:
  open_files: 65536
  receive_interfaces: []
  receive_processors:
  queries_per_second: 1000
";

/// Everything that is wrong with a text, as it is printed.
pub(super) fn findings(text: &str) -> String {
    match Config::parse("config.yaml", text) {
        Ok(parsed) => parsed.warnings.to_string(),
        Err(diagnostics) => diagnostics.to_string(),
    }
}

/// The same without excerpts and file name.
pub(super) fn headers(text: &str) -> String {
    let findings = findings(text);
    let headers = findings
        .lines()
        .filter_map(|line| line.strip_prefix("config.yaml:"));
    headers.collect::<Vec<_>>().join("\n")
}

fn config(text: &str) -> Config {
    Config::parse("config.yaml", text).unwrap().config
}

#[test]
fn the_smallest_file_is_the_complete_one_with_defaults() {
    assert_eq!(findings(SMALLEST), "");
    assert_eq!(findings(COMPLETE), "");
    assert_eq!(config(SMALLEST), config(COMPLETE));
}

#[test]
fn a_terrible_file_shows_everything_at_once() {
    insta::assert_snapshot!(findings(include_str!("tests/terrible.yaml")));
}

#[test]
fn findings_for_programs_name_both_places() {
    let text = SMALLEST.replace("[192.0.2.53/32]", "[192.0.2.53/32, 192.0.2.53/32]");
    let diagnostics = Config::parse("config.yaml", &text).unwrap_err();
    let json = serde_json::to_string_pretty(&diagnostics.records()).unwrap();
    insta::assert_snapshot!(json);
}

#[test]
fn what_is_no_configuration_is_said_in_one_finding() {
    let deep = "[".repeat(100_000);
    let deeper = "a: {".repeat(1000);
    let laughs = (1..30).fold("x0: &x0 lol\n".to_owned(), |text, n| {
        let list = format!("*x{0}, *x{0}, *x{0}", n - 1);
        format!("{text}x{n}: &x{n} [{list}]\n")
    });
    let long = format!("version: {}", "x".repeat(10_000));
    let shown: Vec<String> = [
        "",
        " \n\n",
        "# only a comment\n",
        "---\n",
        "3",
        "- version: 1\n",
        "a: [",
        "a: b: c",
        "version: 1\n\tnode: {}\n",
        "version: 1\nnode:\n\tname: x\n",
        "\0",
        "version: \u{1}",
        "a: \"\\xZZ\"",
        "%YAML 9\n---\na: 1",
        &deep,
        &deeper,
        &laughs,
        &long,
        "version: 1\n---\nversion: 1\n",
        "a: &a [*a]",
        "a: *b",
        "? [a, b]\n: 1",
        "version: !!int 1",
        "? *a",
        "<<: 3",
        "{<<: [1]}",
        "a: 'b",
        "@",
        "\u{feff}",
    ]
    .iter()
    .map(|text| {
        let headers = headers(text);
        let first = headers.lines().next().unwrap_or("nothing");
        let start: String = text.chars().take(12).collect();
        format!("{start:?} => {first}")
    })
    .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn scalars_are_text_as_written() {
    let text = SMALLEST
        .replace(
            "[192.0.2.53/32]",
            "[192.0.2.53/32]\n    communities: [64500:53, '64500:54']\n    window: off",
        )
        .replace("name: ams1", "name: no")
        .replace("services:", "bird: { version: 2.10 }\nservices:");
    let config = config(&text);
    assert_eq!(config.services[0].communities.len(), 2);
    assert_eq!(config.services[0].thresholds.window, None);
    assert_eq!(config.node.name, "no");
    assert_eq!(config.bird.version, BirdVersion::new(2, 10, 0));
}

#[test]
fn line_endings_of_other_systems_change_nothing() {
    assert_eq!(config(&COMPLETE.replace('\n', "\r\n")), config(COMPLETE));
}

#[test]
fn values_cannot_talk_to_the_terminal() {
    for text in [
        "\"a\\e[2J\\nb\": 1",
        "version: \"\\e[2J\\n\\u202e\"",
        "version: \"\u{9b}2J\u{1b}[2J",
    ] {
        let findings = findings(text);
        let commands = |c: char| c.is_control() && c != '\n';
        assert!(!findings.contains(commands), "{findings:?}");
        assert_eq!(
            headers(text).lines().count(),
            findings.matches("config.yaml").count()
        );
    }
}

#[test]
fn values_that_swallow_a_password_are_not_quoted_with_it() {
    for text in [
        "|\n  neighbors:\n    password: hunter22\n",
        "version: |\n  1\n  password: hunter22\n",
        "version: \"1\n  password: hunter22\"\n",
        "node: { name: x, asn: \"passwd: hunter22\" }\n",
        "neighbors:\n  password: hunter22\n",
        "neighbors: { tor1: { password: [hunter22] } }\n",
        "\"a\n  password: hunter22\": 1\n\"a\n  password: hunter22\": 2\n",
        "services: { a: { checks: [{ dns: { name: a, type: TXT, expect: { answer: '^a password: hunter22' } } }] } }\n",
    ] {
        let findings = findings(text);
        assert!(!findings.contains("hunter22"), "{findings}");
        assert!(findings.contains("****"), "{findings}");
    }
}

#[test]
fn aliases_and_merge_keys_copy_what_they_name() {
    let second = "  tor2:
    <<: *tor
    hold_time: 9s
    sessions: [{ local: 10.99.1.2, remote: 10.99.1.1 }]
";
    let text = SMALLEST.replace("tor1:", "tor1: &tor") + second;
    let config = config(&text);
    assert_eq!(config.neighbors[1].asn, config.neighbors[0].asn);
    assert_eq!(config.neighbors[1].sessions.len(), 1);
    let own = text.replace(
        "sessions: [{ local: 10.99.1.2, remote: 10.99.1.1 }]",
        "asn: 0",
    );
    insta::assert_snapshot!(headers(&own));
}

#[test]
fn a_password_is_never_shown() {
    for text in [
        "neighbors: { tor1: { password: hunter2 } }",
        "neighbors: { tor1: { passwd: hunter2, asn: 0 } }",
        "neighbors:\n  tor1:\n    password: hunter2: x\n",
        "password: [hunter2",
        "password: hunter2\npassword: hunter2\n",
        "neighbors: { tor1: { sessions: [{ password: hunter2 }] } }",
    ] {
        let findings = findings(text);
        assert!(
            !findings.is_empty() && !findings.contains("hunter2"),
            "{findings}"
        );
    }
}

/// Valid files, cut and sewn together anew.
fn mutated() -> impl Strategy<Value = String> {
    let length = COMPLETE.len();
    let snippets = prop_oneof![
        Just(String::new()),
        Just("\n".into()),
        Just(": ".into()),
        Just("- ".into()),
        Just("[".into()),
        Just("}".into()),
        Just("\"".into()),
        Just("&a ".into()),
        Just("*a".into()),
        Just("<<: ".into()),
        Just("\t".into()),
        Just("é".into()),
        "\\PC{0,4}",
    ];
    let cut = (0..length, 0..30_usize, snippets);
    proptest::collection::vec(cut, 1..4).prop_map(|cuts| {
        cuts.into_iter()
            .fold(COMPLETE.to_owned(), |mut text, (at, removed, inserted)| {
                let start = text.floor_char_boundary(at);
                let end = text.floor_char_boundary(at + removed).max(start);
                text.replace_range(start..end, &inserted);
                text
            })
    })
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        findings(&text);
    }

    #[test]
    fn no_mutation_makes_the_parser_panic_or_refuse_in_silence(text in mutated()) {
        match Config::parse("config.yaml", &text) {
            Ok(parsed) => prop_assert!(!parsed.warnings.has_errors()),
            Err(findings) => prop_assert!(findings.has_errors(), "{text}"),
        }
        findings(&text);
    }
}
