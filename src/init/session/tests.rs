use super::*;
use crate::bird::file::File;
use crate::bird::reply::{Decoder, Event, Reply};
use crate::bird::table;

fn shown(file: &str) -> Vec<Protocol> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bird/corpus");
    let text = std::fs::read(path.join(file)).unwrap();
    table::protocols(&reply(&text), None)
}

fn reply(bytes: &[u8]) -> Reply {
    let mut decoder = Decoder::default();
    decoder.push(bytes).unwrap();
    match decoder.next_event() {
        Some(Event::Reply(reply)) => reply,
        other => panic!("{other:?}"),
    }
}

fn of<'p>(protocols: &'p [Protocol], name: &str) -> &'p Protocol {
    protocols
        .iter()
        .find(|protocol| protocol.name == name)
        .unwrap()
}

#[test]
fn a_session_that_is_up_tells_most_by_itself() {
    for file in [
        "2.0.12-settled.txt",
        "2.17.5-settled.txt",
        "3.1.7-settled.txt",
    ] {
        let protocols = shown(file);
        let session = session(of(&protocols, "up_md5"), true, None).unwrap();
        assert!(session.is_established, "{file}");
        assert!(session.local.is_some(), "{file}");
        assert!(session.remote.is_some() && session.asn.is_some() && session.local_asn.is_some());
        assert_eq!(
            (session.hold_time, session.bfd),
            (Some(240), Some(true)),
            "{file}"
        );
        assert_eq!(
            (session.hops, session.has_password),
            (Hops::Direct, None),
            "{file}"
        );
        assert!(
            protocols
                .iter()
                .any(|other| super::session(other, false, None).is_none())
        );
    }
}

#[test]
fn the_file_tells_what_bird_does_not_show() {
    let text = "template bgp t { local 10.0.0.9 as 64601; password \"hunter2\"; hold time 30; bfd; multihop 3; }
        protocol bgp up_md5 from t { neighbor 10.99.0.10 as 64600; hold time 9; ttl security on; passive; }
        protocol bgp lim_disable { source address 10.0.0.8; bfd off; multihop; hold time HOLD; ttl security off; }";
    let file = File::read(text);
    let written = file.protocols();
    let (protocols, find) = (shown("2.0.12-settled.txt"), |name: &str| {
        written.iter().find(|written| written.name == name)
    });
    let first = session(of(&protocols, "up_md5"), false, find("up_md5")).unwrap();
    assert_eq!(first.hops, Hops::Most(3));
    assert_eq!(
        (first.hold_time, first.bfd, first.has_password),
        (Some(9), Some(true), Some(true))
    );
    assert!(first.ttl_security && first.is_passive);
    assert!(!format!("{first:?}").contains("hunter2"));
    let second = session(of(&protocols, "lim_disable"), false, find("lim_disable")).unwrap();
    assert_eq!(second.local.unwrap().to_string(), "10.0.0.8");
    assert_eq!(
        (second.hops, second.hold_time),
        (Hops::Most(BIRDS_MULTIHOP), None)
    );
    assert_eq!(
        (second.bfd, second.has_password),
        (Some(false), Some(false))
    );
    assert!(!second.ttl_security && !second.is_passive && !second.is_established);
}
