use super::*;
use crate::health::Verdict;
use crate::history::{Found, Origin, Record, Selection};
use crate::model::Family;

fn time(text: &str) -> Timestamp {
    format!("2026-11-22T{text}Z").parse().unwrap()
}

fn family(event: impl FnOnce(String, Family) -> Event) -> Event {
    event("resolver".to_owned(), Family::V4)
}

fn evidence(detail: &str) -> Evidence {
    Evidence {
        check: "dns-1 at 192.0.2.53".to_owned(),
        verdict: Verdict::Fail,
        detail: detail.to_owned(),
        latency_ms: Some(0.414),
        at: time("21:00:03.1"),
    }
}

fn decided(from: Option<Announcement>, to: Announcement, reason: &str, detail: &str) -> Event {
    family(|service, family| Event::Decided {
        service,
        family,
        from,
        to,
        reason: reason.to_owned(),
        evidence: Some(evidence(detail)),
    })
}

fn ordered(until: Option<Timestamp>, reason: Option<&str>) -> Event {
    Event::Ordered {
        service: "resolver".to_owned(),
        order: Override {
            kind: Kind::Drain,
            reason: reason.map(str::to_owned),
            by: "alice".to_owned(),
            since: time("21:00:00"),
            until,
        },
    }
}

/// The outage of one night.
fn services() -> Vec<Event> {
    let failed = "dns-1 at 192.0.2.53: 3 failed in a row: SERVFAIL, wanted NOERROR";
    vec![
        Event::Started {
            version: "0.1.0".to_owned(),
            node: "ams1".to_owned(),
            services: 1,
        },
        decided(
            None,
            Announcement::Announced,
            "1 check passes",
            "NOERROR, SOA serial 1",
        ),
        family(|service, family| Event::Confirmed {
            service,
            family,
            state: Announcement::Announced,
            milliseconds: 1.26,
        }),
        decided(
            Some(Announcement::Announced),
            Announcement::Withdrawn,
            failed,
            "SERVFAIL, wanted NOERROR",
        ),
        family(|service, family| Event::Failed {
            service,
            family,
            error: "BIRD did not answer `disable` within 5 s".to_owned(),
        }),
        family(|service, family| Event::Changed {
            service,
            family,
            steps: "disable the protocol".to_owned(),
        }),
        ordered(Some(time("22:00:00")), Some("disk\u{1b}[31m change")),
        ordered(None, None),
        Event::OrderEnded {
            service: "resolver".to_owned(),
            kind: Kind::Drain,
            because: "its time is over".to_owned(),
        },
        Event::OrderRefused {
            by: "mallory".to_owned(),
            request: "withdraw resolver".to_owned(),
            because: "neither root nor in the group dns".to_owned(),
        },
        Event::Stopping {
            signal: "SIGTERM".to_owned(),
            on_stop: "withdraw".to_owned(),
        },
        Event::OrphanFound {
            protocol: "anycast_old_v4".to_owned(),
            because: "its intent file is there, and no configured service has it".to_owned(),
        },
        Event::OrphanEnded {
            protocol: "anycast_old_v4".to_owned(),
            milliseconds: 2.34,
        },
        Event::Braked {
            withdrawn: 2,
            bird: "confirmed".to_owned(),
        },
        Event::HistoryGap {
            missing: 12,
            since: time("21:00:03"),
            because: "No space left on device (os error 28)".to_owned(),
        },
    ]
}

fn network() -> Vec<Event> {
    let session = || "bgp_tor1_v4".to_owned();
    vec![
        Event::BirdAnswers {
            version: "2.0.12".to_owned(),
        },
        Event::Flapped {
            session: session(),
            witness: "BFD went down".to_owned(),
            cause: Some("BFD session down".to_owned()),
            penalty: 1000.4,
        },
        Event::SessionChanged {
            session: session(),
            from: "Idle".to_owned(),
            to: "Established".to_owned(),
            cause: None,
        },
        Event::Flapping {
            session: session(),
            flapping: true,
            penalty: 3000.0,
        },
        Event::Held {
            session: session(),
            held: true,
        },
        Event::Held {
            session: session(),
            held: false,
        },
        Event::Flapping {
            session: session(),
            flapping: false,
            penalty: 749.0,
        },
        Event::BirdReconfigured {
            reconfigured_at: Some(time("21:00:00")),
        },
        Event::BirdRestarted { started_at: None },
        Event::BirdLost {
            error: "there is no such socket".to_owned(),
        },
    ]
}

fn entries() -> Vec<Entry> {
    let unknown =
        r#"{"at":"2026-11-22T21:01:00Z","event":"rebooted","session":"bgp_tor1_v4","n":1}"#;
    let events = services().into_iter().chain(network()).enumerate();
    let known = events.map(|(number, event)| {
        let at = time(&format!("21:00:{number:02}.75"));
        Entry::Known(Record { at, event })
    });
    known.chain(Entry::parse(unknown.as_bytes())).collect()
}

#[test]
fn a_line_says_when_what_and_why() {
    let selection = Selection {
        since: None,
        service: None,
        limit: 100,
    };
    let found = Found {
        entries: entries(),
        ..Found::default()
    };
    let history = History::new(time("22:00:00"), Origin::Files, &selection, found, &[]);
    let mut out = anstream::StripStream::new(Vec::new());
    write_lines(&history, None, &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out.into_inner()).unwrap());
}

#[test]
fn every_event_survives_its_own_json() {
    for entry in entries() {
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(Entry::parse(text.as_bytes()), Some(entry), "{text}");
    }
}
