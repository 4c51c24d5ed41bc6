//! The readers of BIRD's tables (`bird::table`) and whoever makes something of them: the survey, the tracker of flaps.
//!
//! - Whatever a reply says, nothing but what it says is read: no text longer than the reply, no name twice as many
//!   times, prefixes without host bits, ages that are not negative.
//! - `show protocols` and its quick reader agree on names and states.
//! - What a neighbour wrote (its shutdown message, RFC 9003) reaches neither the terminal's own language nor the lines
//!   of the log, of monitoring or of metrics, wherever it stands.

use std::time::{Duration, Instant};

use anycastctl::bird::reply::{Decoder, Event, Reply};
use anycastctl::bird::table::{
    BfdSession, DaemonStatus, LocalTime, Protocol, bfd_sessions, configuration_file, daemon_status,
    exported_prefixes, exporting_protocols, protocol_states, protocols, reconfiguration,
};
use anycastctl::flap::hint::{Md5, hint};
use anycastctl::flap::{BirdWatch, Sighting, Tracker};
use anycastctl::init;
use anycastctl::model::{Period, Prefix};
use anycastctl::observed::{Known, Survey};
use anycastctl::status::{Flaps, Session};
use jiff::Timestamp;

use crate::{chance, documents, halves};

/// What BIRD says of itself, its protocols and its BFD sessions.
type Look = (DaemonStatus, Vec<Protocol>, Vec<BfdSession>);

/// Tries the input as what BIRD says at two looks.
pub fn holds(input: &[u8]) {
    let (first, second) = halves(input);
    let replies = [reply(first), reply(second)];
    let [first, second] = replies.each_ref().map(read);
    if let Some(first) = first {
        look_twice(first, second, chance(input));
    }
    if let Some(md5) = Md5::read(&String::from_utf8_lossy(input)) {
        assert_eq!(md5.since(md5), Md5::default());
    }
}

/// Any text as one reply: lines that could not stand in it become such that go on with the code before, and last lines
/// do not end it.
fn reply(text: &[u8]) -> Reply {
    let mut stream = b"2002-\n".to_vec();
    for line in text.split(|byte| *byte == b'\n') {
        match line.split_at_checked(4) {
            Some((code, [b' ' | b'-', text @ ..])) if code.iter().all(u8::is_ascii_digit) => {
                stream.extend_from_slice(code);
                stream.push(b'-');
                stream.extend_from_slice(text);
            }
            _ => {
                stream.push(b' ');
                stream.extend_from_slice(line.strip_prefix(b" ").unwrap_or(line));
            }
        }
        stream.push(b'\n');
    }
    stream.extend_from_slice(b"0000 \n");
    let mut decoder = Decoder::default();
    decoder.push(&stream).expect("every line is one of a reply");
    match decoder.next_event() {
        Some(Event::Reply(reply)) => reply,
        other => panic!("no reply but {other:?}"),
    }
}

/// The time of all looks, by our own clock.
fn moment() -> Timestamp {
    Timestamp::constant(1_795_380_446, 250_000_000)
}

/// Reads all that may stand in a reply. What a survey is made of, if BIRD says what it is.
fn read(reply: &Reply) -> Option<Look> {
    let length = reply.lines().map(|line| line.text.len()).sum();
    let daemon = daemon_status(reply).map(|daemon| DaemonStatus {
        now: daemon.now.map(|now| now.located(moment())),
        ..daemon
    });
    let now = daemon.as_ref().and_then(|daemon| daemon.now);
    let protocols = protocols(reply, now);
    agree(reply, &protocols);
    for protocol in &protocols {
        short(protocol, length);
        ages(protocol.since, now);
        ages(protocol.created, now);
        ages(protocol.restarted, now);
    }
    let bfd = bfd_sessions(reply, now);
    for session in &bfd {
        assert!(session.state.to_string().len() <= length);
        assert_ne!(session.timeout, Some(Duration::ZERO));
        ages(session.since, now);
    }
    let exporting = exporting_protocols(reply);
    assert!(exporting.iter().map(String::len).sum::<usize>() <= length);
    for prefix in exported_prefixes(reply) {
        assert_eq!(prefix.to_string().parse::<Prefix>(), Ok(prefix));
    }
    let undo = reconfiguration(reply).undo;
    assert!(undo.is_none_or(|undo| undo.len() <= length));
    let file = configuration_file(reply);
    assert!(file.is_none_or(|file| file.as_os_str().len() <= length));
    Some((daemon?, protocols, bfd))
}

/// Both readers of the rows see the same protocols, but for what stands behind the state.
fn agree(reply: &Reply, protocols: &[Protocol]) {
    let states = protocol_states(reply);
    for (position, protocol) in protocols.iter().enumerate() {
        let is_last = protocols[position + 1..]
            .iter()
            .all(|other| other.name != protocol.name);
        assert!(
            !is_last || states.get(&protocol.name) == Some(&protocol.state),
            "{protocol:?}"
        );
    }
    let is_read = |name: &String| protocols.iter().any(|protocol| protocol.name == *name);
    assert!(states.keys().all(is_read));
}

/// Nothing is made up: all texts together are not longer than the reply.
fn short(protocol: &Protocol, length: usize) {
    let texts = [
        &protocol.description,
        &protocol.message,
        &protocol.vrf,
        &protocol.table,
    ];
    let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
    let unknown: usize = protocol.unknown.iter().map(String::len).sum();
    let channels: usize = protocol
        .channels
        .iter()
        .map(|channel| channel.name.len())
        .sum();
    assert!(texts + unknown + channels <= length);
}

fn ages(time: Option<LocalTime>, now: Option<LocalTime>) {
    let Some((time, now)) = time.zip(now) else {
        return;
    };
    let (age, ahead) = (time.age(now), now.age(time));
    // One of the two lies in the past, and nobody lies before the other twice.
    if let (Some(age), Some(ahead)) = (age, ahead) {
        assert!(age.is_zero() || ahead.is_zero());
    }
    assert!(time.precision() > Duration::ZERO);
}

fn look_twice(first: Look, second: Option<Look>, chance: u64) {
    let start = Instant::now();
    let later = start + Duration::from_secs(1);
    let survey = |at, (daemon, protocols, bfd)| Survey::new((at, moment()), daemon, protocols, bfd);
    let first = survey(start, first);
    let second = second.map_or_else(|| first.clone(), |second| survey(later, second));
    let mut watch = BirdWatch::default();
    let quiet = watch.on(start, &first.daemon);
    assert!(!quiet.restarted && quiet.reconfigured.is_none());
    let happened = watch.on(later, &second.daemon);
    let mut events = Vec::new();
    let mut sessions = Vec::new();
    for protocol in first.protocols.iter().take(8) {
        let name = &protocol.name;
        let mut tracker = Tracker::new(name.clone(), flap(), start);
        assert!(
            tracker.on(start, sighting(&first, name), &quiet).is_empty(),
            "the first look says nothing"
        );
        events.extend(tracker.on(later, sighting(&second, name), &happened));
        assert!(tracker.count() <= 1 && tracker.penalty(later) <= 1000.0);
        sessions.push(shown(&second, name, &tracker));
    }
    documents::sessions(second.bird(), sessions, events, chance);
}

fn sighting(survey: &Survey, name: &str) -> Sighting {
    let protocol = survey.protocol(name);
    let remote = protocol.and_then(|protocol| protocol.bgp.as_ref()?.neighbor_address.as_ref());
    let bfd = remote.and_then(|remote| survey.bfd(remote.address));
    let sighting = Sighting::of(protocol, bfd, survey.daemon.now);
    let refused = Md5 {
        failure: 9,
        unexpected: 0,
        not_found: 0,
    };
    let hint = hint(&sighting, Some((refused, moment())));
    assert!(
        hint.is_none_or(|_| !sighting.is_established()),
        "nothing is wrong with what is established"
    );
    sighting
}

fn shown(survey: &Survey, name: &str, tracker: &Tracker) -> Session {
    let remote = [0, 0, 0, 0].into();
    let known = Known {
        name,
        remote,
        asn: 64_600,
    };
    let _ = survey.seen(name);
    if let Some(protocol) = survey.protocol(name) {
        let _ = init::session(protocol, false, None);
    }
    let flaps = Flaps {
        count: tracker.count(),
        cause: tracker.cause(),
        ..Flaps::default()
    };
    Session {
        flaps,
        ..survey.session(known)
    }
}

fn flap() -> anycastctl::config::Flap {
    anycastctl::config::Flap {
        penalty: 1000,
        suppress: 3000,
        reuse: 750,
        half_life: Period::from_millis(300_000),
        max: 12_000,
        action: anycastctl::config::FlapAction::Report,
    }
}
