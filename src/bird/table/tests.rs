//! Real replies of three releases, captured from a lab whose truth is known.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::bird::reply::{Decoder, Event, Reply};

fn fixture(name: &str) -> Reply {
    let path = format!(
        "{}/tests/fixtures/bird/{name}.txt",
        env!("CARGO_MANIFEST_DIR")
    );
    decode(&std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}")))
}

fn decode(bytes: &[u8]) -> Reply {
    let mut decoder = Decoder::default();
    decoder.push(bytes).unwrap();
    match decoder.next_event() {
        Some(Event::Reply(reply)) => reply,
        other => panic!("wanted a reply, got {other:?}"),
    }
}

const RELEASES: [&str; 3] = ["2.0.12", "2.17.5", "3.1.7"];

#[test]
fn status_tells_version_and_ages() {
    for release in RELEASES {
        let status = daemon_status(&fixture(&format!("{release}.status"))).unwrap();
        assert_eq!((status.version.as_str(), status.running), (release, true));
        let age = status.started.unwrap().age(status.now.unwrap());
        assert!(
            (Duration::from_secs(17)..Duration::from_secs(20)).contains(&age),
            "{release}: {age:?}"
        );
        assert!(status.reconfigured.is_some());
    }
    assert_eq!(daemon_status(&decode(b"9001 syntax error\n")), None);
}

#[test]
fn protocols_have_their_true_states() {
    use ProtocolState::{Down, Start, Up};
    let truth = [
        ("up_md5", Up, "Established", None, false),
        ("lim_block", Up, "Established", None, true),
        (
            "lim_disable",
            Down,
            "",
            Some("Automatic shutdown: Route limit exceeded"),
            true,
        ),
        ("badpw", Start, "Connect", None, false),
        (
            "badas",
            Start,
            "Idle",
            Some("BGP Error: Bad peer AS"),
            false,
        ),
        ("admin_msg", Down, "", None, false),
        (
            "refused",
            Start,
            "Active",
            Some("Socket: Connection refused"),
            false,
        ),
        (
            "noarp",
            Start,
            "Connect",
            Some("Socket: No route to host"),
            false,
        ),
        ("passive1", Start, "Passive", None, false),
        (
            "anycast_upstream_transit_frankfurt_1",
            Up,
            "Established",
            None,
            false,
        ),
        ("edge-fra.1:v4", Up, "Established", None, false),
    ];
    for release in RELEASES {
        let protocols = protocols(&fixture(release), None);
        for (name, state, session, error, limit) in truth {
            let found = protocols
                .iter()
                .find(|p| p.name == name)
                .unwrap_or_else(|| panic!("{release} {name}"));
            assert_eq!(
                (
                    found.state,
                    found.session.as_str(),
                    found.last_error.as_deref()
                ),
                (state, session, error),
                "{release} {name}"
            );
            assert_eq!(found.limit_hit, limit, "{release} {name}");
        }
    }
}

#[test]
fn rows_without_details_and_with_long_times_read_alike() {
    let now = LocalTime::parse("2026-11-22 21:10:40", None);
    let protocols = protocols(&fixture("2.0.12-isolongms.brief"), now);
    let up = protocols
        .iter()
        .find(|protocol| protocol.name == "up_md5")
        .unwrap();
    assert_eq!(
        (up.state, up.session.as_str()),
        (ProtocolState::Up, "Established")
    );
    assert!(up.since.unwrap().age(now.unwrap()) < Duration::from_mins(1));
    let device = &protocols[0];
    assert_eq!(
        (device.name.as_str(), device.kind.as_str(), device.state),
        ("device1", "Device", ProtocolState::Up)
    );
}

#[test]
fn bfd_sessions_are_found_by_address() {
    for release in RELEASES {
        let sessions = bfd_sessions(&fixture(&format!("{release}.bfd")));
        let of = |address: &str| {
            let address: std::net::IpAddr = address.parse().unwrap();
            sessions
                .iter()
                .find(|s| s.address == address)
                .map(|s| s.state.as_str())
        };
        assert_eq!(
            (of("10.99.0.10"), of("10.99.0.202")),
            (Some("Up"), Some("Down")),
            "{release}"
        );
    }
    assert!(bfd_sessions(&decode(b"9001 There is no BFD protocol running\n")).is_empty());
}

#[test]
fn exported_routes_name_their_protocol() {
    for release in RELEASES {
        let names = exporting_protocols(&fixture(&format!("{release}.export")));
        assert_eq!(
            names.iter().filter(|name| *name == "anycast4").count(),
            2,
            "{release}"
        );
    }
    assert!(exporting_protocols(&decode(b"0000 \n")).is_empty());
    assert!(exporting_protocols(&decode(b"8001 Network not found\n")).is_empty());
}

#[test]
fn exported_prefixes_are_read_from_every_table() {
    for release in RELEASES {
        let reply = fixture(&format!("{release}.export"));
        let mut prefixes: Vec<String> = exported_prefixes(&reply)
            .iter()
            .map(ToString::to_string)
            .collect();
        prefixes.sort();
        let truth = ["192.0.2.0/24", "198.51.100.0/24", "2001:db8:53::/48"];
        assert_eq!(prefixes, truth, "{release}");
    }
    assert!(exported_prefixes(&decode(b"0000 \n")).is_empty());
}

#[test]
fn a_reconfiguration_is_in_place_in_progress_or_unconfirmed() {
    let state = |text: &[u8]| reconfiguration(&decode(text));
    let idle = Reconfiguration {
        in_progress: false,
        undo: None,
    };
    assert_eq!(state(b"0003-Daemon is up and running\n0000 \n"), idle);
    assert!(state(b"0004-Reconfiguration in progress\n0000 \n").in_progress);
    let undo = Some("undo in 1.999 s".to_owned());
    let waiting = state(
        b"0003-Daemon is up and running\n0022-Configuration unconfirmed, undo in 1.999 s\n0000 \n",
    );
    assert_eq!(waiting, Reconfiguration { undo, ..idle });
}

#[test]
fn the_file_that_bird_reads_is_in_its_words() {
    let reply =
        decode(b"0002-Reading configuration from /etc/bird/bird.conf\n0020 Configuration OK\n");
    assert_eq!(
        configuration_file(&reply),
        Some(std::path::PathBuf::from("/etc/bird/bird.conf"))
    );
    assert_eq!(configuration_file(&decode(b"9001 syntax error\n")), None);
}

proptest! {
    #[test]
    fn no_reply_makes_the_parsers_panic(text in "(1002-|1006-|1007-|1020-| )?[ -~\u{e9}\\[\\]]{0,80}") {
        let mut decoder = Decoder::default();
        let stream = format!("1002-a Static master4 up 12:00:00  \n{text}\n0000 \n");
        if decoder.push(stream.as_bytes()).is_ok()
            && let Some(Event::Reply(reply)) = decoder.next_event()
        {
            let _ = (daemon_status(&reply), protocols(&reply, None), bfd_sessions(&reply), exporting_protocols(&reply));
        }
    }
}
