//! Real replies of three releases, captured from a lab whose truth is known.

mod corpus;
mod layouts;
mod properties;

use super::*;
use crate::bird::reply::{Decoder, Event, Reply};

/// A reply of `tests/fixtures/bird/corpus`: `RELEASE-SCENARIO` is `show protocols all`, with `.brief`, `.bfd`, `.status`
/// and `.export` what these names say.
fn fixture(name: &str) -> Reply {
    decode(read(&format!("{name}.txt")).as_bytes())
}

fn read(name: &str) -> String {
    let path = format!(
        "{}/tests/fixtures/bird/corpus/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
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
fn exported_routes_name_their_protocol() {
    for release in RELEASES {
        let names = exporting_protocols(&fixture(&format!("{release}-settled.export")));
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
        let reply = fixture(&format!("{release}-settled.export"));
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
