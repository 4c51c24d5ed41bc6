use super::*;
use crate::health::Verdict;
use crate::model::Family;
use crate::status::{
    Bird, Check, Controller, Damping, FamilyStatus, Flaps, Node, OnFailure, Protocol, Session,
    Thresholds, VERSION,
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A node whose only service is out of order.
pub(crate) fn snapshot() -> Snapshot {
    let since = at("2026-11-22T20:58:00Z");
    Snapshot {
        version: VERSION,
        at: at("2026-11-22T21:00:00Z"),
        node: Node {
            name: "ams1".into(),
            asn: 64601,
            router_id: "10.99.0.2".into(),
        },
        controller: Some(Controller {
            version: "0.1.0".into(),
            pid: 812,
            started_at: since,
            config_loaded_at: since,
            config_fingerprint: String::new(),
            reload_refused: false,
            problems: vec![],
        }),
        bird: Bird {
            connected: true,
            version: Some("2.0.12".into()),
            started_at: Some(at("2026-11-20T20:00:00Z")),
            reconfigured_at: Some(since),
            error: None,
        },
        services: vec![service(since)],
        sessions: vec![Session {
            name: "bgp_tor1_v4".into(),
            neighbor: "10.99.0.1".into(),
            asn: 64600,
            state: "Active".into(),
            since: Some(since),
            bfd: None,
            last_error: Some("Received: \u{1b}[31mAdministrative shutdown".into()),
            limit_hit: false,
            message: None,
            hint: None,
            limits: vec![],
            routes: None,
            flaps: Flaps::default(),
        }],
    }
}

fn service(since: Timestamp) -> Service {
    Service {
        name: "resolver".into(),
        health: Health::Unhealthy,
        desired: Some(Announcement::Withdrawn),
        actual: Actual::Announced,
        reason: "dns-1 at 192.0.2.53: 3 failed in a row: SERVFAIL".into(),
        since,
        order: None,
        damping: Damping::default(),
        thresholds: Thresholds { fall: 3, rise: 5 },
        families: vec![FamilyStatus {
            family: Family::V4,
            desired: Some(Announcement::Withdrawn),
            actual: Actual::Announced,
            reason: "dns-1 at 192.0.2.53: 3 failed in a row: SERVFAIL".into(),
            since,
            damping: Damping::default(),
            error: Some("BIRD did not answer `disable` within 5 s".into()),
        }],
        checks: vec![Check {
            name: "dns-1".into(),
            server: "192.0.2.53:53".into(),
            verdict: Some(Verdict::Fail),
            health: Health::Unhealthy,
            reason: "3 failed in a row: SERVFAIL".into(),
            on_failure: OnFailure::Withdraw,
            latency_ms: Some(0.414),
            detail: "SERVFAIL, wanted NOERROR".into(),
            at: Some(since),
        }],
        protocols: vec![Protocol {
            name: "anycast_resolver_v4".into(),
            enabled: false,
            up: true,
            protected: Some(false),
        }],
        exported_to: vec![Export {
            session: "bgp_tor1_v4".into(),
            prefix: "192.0.2.53/32".into(),
            exported: Some(true),
        }],
    }
}

fn shown(snapshot: &Snapshot) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    write_table(snapshot, None, &mut out).unwrap();
    String::from_utf8(out.into_inner()).unwrap()
}

#[test]
fn the_table_says_what_is_wrong() {
    insta::assert_snapshot!(shown(&snapshot()));
}

#[test]
fn no_part_of_a_document_talks_to_the_terminal() {
    let mut snapshot = snapshot();
    snapshot.node.name = "a\u{1b}[2J".into();
    snapshot.node.router_id = "1\u{7f}.99.0.2\u{9b}2J".into();
    let mut out = Vec::new();
    snapshot.services.clear();
    write_table(&snapshot, None, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    for command in ["\u{1b}[2J", "\u{7f}", "\u{9b}"] {
        assert!(!text.contains(command), "{text:?}");
    }
}

#[test]
fn a_silent_bird_is_named_before_anything_else() {
    let mut snapshot = snapshot();
    snapshot.bird.error = Some("there is no such socket".into());
    assert!(
        shown(&snapshot)
            .lines()
            .nth(2)
            .unwrap()
            .starts_with("BIRD does not answer: there is no such socket")
    );
}

#[test]
fn the_document_survives_its_own_json() {
    let snapshot = snapshot();
    let text = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<Snapshot>(&text).unwrap(), snapshot);
    assert!(
        text.starts_with(r#"{"version":1,"at":"2026-11-22T21:00:00Z","node":{"name":"ams1""#),
        "{text}"
    );
}
