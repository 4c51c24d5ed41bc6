use super::*;

#[test]
fn nothing_differs_from_itself() {
    let text = rendered(DATA_CENTRE);
    let comparison = Comparison::between(&text, &text);
    assert!(!comparison.differs && comparison.is_judged());
    assert_eq!(comparison.to_string(), "");
    let with_secrets = comparison.with_secrets("define A = \"b\";", "define A = \"b\"; # x");
    assert!(!with_secrets.differs);
}

#[test]
fn comments_and_layout_are_a_difference_without_consequences() {
    let text = rendered(SMALLEST);
    let comparison = Comparison::between(&text.replace("  ", "\t"), &text);
    assert!(comparison.differs && comparison.withdrawn().is_empty());
    insta::assert_snapshot!(comparison, @"nothing that BIRD would act on: comments or layout");
}

#[test]
fn a_first_installation_starts_everything() {
    let comparison = Comparison::first(&rendered(SMALLEST));
    assert_eq!(comparison.installed, Installed::Missing);
    insta::assert_snapshot!(comparison);
}

#[test]
fn another_prefix() {
    let text = rendered(SMALLEST);
    let other = text.replace("192.0.2.53/32", "192.0.2.54/32");
    let comparison = Comparison::between(&text, &other);
    assert_eq!(comparison.withdrawn(), [("192.0.2.53/32", "bgp_tor1_v4")]);
    assert!(comparison.resets().is_empty());
    insta::assert_snapshot!(comparison);
}

#[test]
fn a_place_to_hold_a_session_down_resets_nothing() {
    let held = rendered(&format!("{SMALLEST}flap: {{ action: hold }}\n"));
    let comparison = Comparison::between(&rendered(SMALLEST), &held);
    assert!(comparison.withdrawn().is_empty() && comparison.resets().is_empty());
    insta::assert_snapshot!(comparison, @"stays up: bgp_tor1_v4 (10.99.0.1): held while it flaps by none -> /run/anycastctl/intent/bgp_tor1_v4.conf");
    // Whatever somebody else includes may change anything.
    let other = held.replace("bgp_tor1_v4.conf", "local.conf");
    assert_eq!(Comparison::between(&held, &other).resets().len(), 1);
}

/// The configuration loses a neighbour, a service and a session, and much else changes.
#[test]
fn another_data_centre() {
    let other = DATA_CENTRE
        .replace(
            "  auth:\n    prefixes: [\"198.51.100.0/24\"]",
            "  auth2:\n    prefixes: [\"198.51.100.0/24\"]",
        )
        .replace("[\"64601:53\", \"64601:100\"]", "[\"64601:53\"]")
        .replace("hold_time: 10s", "hold_time: 30s")
        .replace("      - { local: 10.99.2.2, remote: 10.99.2.1 }\n", "")
        .replace("max: 20, action: block", "max: 10, action: restart");
    insta::assert_snapshot!(Comparison::between(
        &rendered(DATA_CENTRE),
        &rendered(&other)
    ));
}

#[test]
fn a_renamed_neighbor_is_reset_and_keeps_its_announcements() {
    let other = SMALLEST.replace("tor1:", "tor9:");
    let comparison = Comparison::between(&rendered(SMALLEST), &rendered(&other));
    assert!(comparison.withdrawn().is_empty());
    insta::assert_snapshot!(comparison);
}

#[test]
fn another_intent_directory_is_another_switch() {
    let other = SMALLEST.replace("services:", "bird: { intent_dir: /run/other }\nservices:");
    let comparison = Comparison::between(&rendered(SMALLEST), &rendered(&other));
    assert!(comparison.withdrawn().is_empty());
    insta::assert_snapshot!(comparison);
}

#[test]
fn secrets_by_name() {
    let text = rendered(DATA_CENTRE);
    let comparison = Comparison::between(&text, &text).with_secrets(
        "define PASSWORD_TOR1 = \"hunter1\";\ndefine PASSWORD_OLD = \"x\";\n",
        "define PASSWORD_TOR1 = \"hunter2\";\ndefine PASSWORD_TOR2 = \"hunter3\";\n",
    );
    assert!(comparison.differs);
    let resets: Vec<_> = comparison
        .resets()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(resets, ["bgp_tor1_v4", "bgp_tor1_v6"]);
    let debugged = format!(
        "{comparison:?}{}",
        serde_json::to_string(&comparison).unwrap()
    );
    assert!(!debugged.contains("hunter"), "{debugged}");
    insta::assert_snapshot!(comparison);
}

#[test]
fn a_literal_password_is_never_told() {
    let text = rendered(DATA_CENTRE);
    let comparison = replaced(&text, "password PASSWORD_TOR1", "password \"hunter2\"");
    let told = format!("{comparison}{comparison:?}");
    assert!(!told.contains("hunter"), "{told}");
    assert_eq!(comparison.resets()[0].0, "bgp_tor1_v4");
}

#[test]
fn what_is_no_configuration_is_compared_as_text() {
    let text = rendered(SMALLEST);
    for foreign in [
        "",
        "hello",
        "protocol bgp x { local as 1;",
        "router id 1.1.1.1;\n",
    ] {
        let comparison = Comparison::between(foreign, &text);
        assert!(comparison.differs && !comparison.is_judged());
        assert!(comparison.withdrawn().is_empty() && comparison.resets().is_empty());
        assert!(
            comparison
                .to_string()
                .contains("only the text was compared")
        );
    }
}

/// A file that a person wrote, with most of what the reader has to cope with.
const HAND_WRITTEN: &str = r#"
log syslog all;
router id 10.99.0.2;
define OWN = [ 192.0.2.0/24{24,32}, 198.51.100.0/24+ ];
define ME = 64601;
function is_ours() -> bool { return net ~ OWN; }
template bgp tor { local 10.99.0.2 as ME; hold time 10; ipv4 { import none; export where proto ~ "my_*" && net ~ OWN; }; }
filter by_function { if is_ours() then accept; reject; }
filter by_hand {
  if ! (source = RTS_STATIC) then { reject; } else if net = 192.0.2.53/32 then {
    bgp_med = 10; bgp_local_pref = 200; bgp_large_community.add((ME,1,2)); bgp_path.prepend(ME);
    bgp_community.add((64601, 1)); bgp_community.add((64601,1)); bgp_origin = ORIGIN_IGP;
    accept;
  } else reject;
}
protocol static my_dns { ipv4; route 192.0.2.53/32 blackhole; route 10.0.0.0/8 unreachable; }
protocol static my_dns_low { ipv4 { preference 100; }; route 192.0.2.53/32 blackhole; }
protocol static elsewhere { ipv4 { table other; }; route 192.0.2.55/32 blackhole; }
protocol bgp one from tor { neighbor 10.99.0.1 as 64600; }
protocol bgp two { local as 64601; neighbor 10.99.1.1 as 64600; ipv4 { import none; export filter by_hand; }; }
protocol bgp three { local as 64601; neighbor 10.99.2.1 as 64600; ipv4 { import none; export filter by_function; }; }
protocol bgp four { local as 64601; neighbor 10.99.3.1 as 64600; ipv4 { import none; export filter { if net ~ [ 192.0.2.0/24 ] || proto = "my_dns_low" && false then reject; accept; }; }; }
protocol bgp five { disabled; local as 64601; neighbor 10.99.4.1 as 64600; ipv4 { import none; export all; }; }
protocol bgp six { local as 64601; neighbor 10.99.5.1 as 64600; ipv4 { import none; export filter not_here; }; }
"#;

#[test]
fn a_hand_written_file_is_read_as_far_as_it_goes() {
    assert!(File::read(HAND_WRITTEN).is_complete());
    insta::assert_snapshot!(Comparison::between(HAND_WRITTEN, &rendered(SMALLEST)));
}

#[test]
fn options_that_say_what_holds_anyway_are_no_difference() {
    let text = rendered(SMALLEST);
    for (from, to) in [
        ("bfd on;", "bfd;"),
        ("graceful restart aware;", ""),
        (
            "bfd on;",
            "bfd on; hold time 240; passive off; ttl security no; direct;",
        ),
        ("10.99.0.1 as", "10.99.0.1 port 179 as"),
    ] {
        let comparison = replaced(&text, from, to);
        assert!(comparison.sessions.is_empty(), "{from} {to} {comparison}");
    }
    let internal = text.replace("as 64600", "as 64601");
    assert!(
        replaced(&internal, "bfd on;", "bfd on; multihop 64;")
            .resets()
            .is_empty()
    );
    assert_eq!(
        replaced(&internal, "bfd on;", "bfd on; direct;")
            .resets()
            .len(),
        1
    );
}

/// The neighbour misses BFD that ends without a word, and does not look for one that it never had.
#[test]
fn bfd_resets_a_session_only_where_it_ends() {
    let text = rendered(SMALLEST);
    let without = text.replace("bfd on;", "bfd off;");
    let [ends, begins] =
        [(&text, &without), (&without, &text)].map(|(from, to)| Comparison::between(from, to));
    assert_eq!(ends.resets().len(), text.matches("  bfd on;").count());
    assert!(!ends.resets().is_empty(), "{ends}");
    assert!(begins.resets().is_empty(), "{begins}");
    assert!(!begins.sessions.is_empty(), "{begins}");
    let own = |options: &str| replaced(&text, "bfd on;", &format!("bfd {{ {options} }};"));
    let timers = own("interval 400 ms; multiplier 5;");
    assert!(timers.resets().is_empty(), "{timers}");
    let password = own("authentication simple; password \"other\";");
    assert_eq!(password.resets().len(), ends.resets().len(), "{password}");
}

#[test]
fn limits_say_what_bird_does_about_them() {
    let text = rendered(SMALLEST);
    let line = "import limit 10 action restart;";
    let told: Vec<_> = [
        "import limit 20 action restart;",
        "import limit 5 action restart;",
        "import limit 10 action block;",
        "import limit 5;",
        "import limit off;",
        "import limit 10 action restart; receive limit 7 action warn;",
    ]
    .into_iter()
    .map(|other| replaced(&text, line, other).to_string())
    .collect();
    insta::assert_snapshot!(told.concat());
}
