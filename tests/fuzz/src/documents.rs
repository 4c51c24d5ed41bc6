//! The documents that people, monitoring and other programs get, whatever stands in them.
//!
//! - A document that is written and read again is the same.
//! - No text in it reaches a terminal's own language, ends a line of monitoring, or begins a metric of its own.

use std::sync::Arc;

use anycastctl::history::{
    Entry, Event, Found, History, Memory, Origin, Record, Selection, write_lines,
};
use anycastctl::metrics::{self, Confirmations, Format, Measurements};
use anycastctl::overrides::Override;
use anycastctl::status::{
    Bird, Brief, Node, Session, SessionCount, Snapshot, VERSION, line, nagios, why,
    write_explanation, write_table,
};
use jiff::Timestamp;

use crate::shown;

/// The styles of our own tables. Nothing else of a terminal's language may be in them.
const STYLES: [&str; 5] = [
    "\u{1b}[0m",
    "\u{1b}[1m",
    "\u{1b}[31m",
    "\u{1b}[32m",
    "\u{1b}[33m",
];

/// What was written, without our own styles.
fn plain(written: Vec<u8>) -> String {
    let mut text = String::from_utf8(written).expect("tables are UTF-8");
    for style in STYLES {
        text = text.replace(style, "");
    }
    text
}

/// Everything that is made of a snapshot. How wide the terminal is, is up to `chance`.
pub fn snapshot(snapshot: &Snapshot, chance: u64) {
    let width = (chance & 1 == 0).then_some(40 + usize::from(chance.to_le_bytes()[1]));
    let mut table = Vec::new();
    write_table(snapshot, width, &mut table).expect("memory takes everything");
    shown::lines(&plain(table));
    let report = nagios(snapshot);
    shown::line(&report.line);
    assert_eq!(report.line.matches('|').count(), 1, "{}", report.line);
    for service in snapshot.services.iter().take(4) {
        let explanation = why(snapshot, service);
        let mut text = Vec::new();
        write_explanation(&explanation, width, &mut text).expect("memory takes everything");
        shown::lines(&plain(text));
    }
    one_line(snapshot);
    // Takes as long as all the rest.
    if chance.is_multiple_of(8) {
        page(snapshot);
    }
}

fn one_line(snapshot: &Snapshot) {
    let services = snapshot.services.iter().map(|service| Brief {
        name: &service.name,
        actual: service.actual,
        reason: &service.reason,
        error: service
            .families
            .iter()
            .find_map(|family| family.error.as_deref()),
        order: service.order.as_ref(),
    });
    let services: Vec<_> = services.collect();
    let all = snapshot.sessions.len();
    let established = snapshot
        .sessions
        .iter()
        .filter(|session| session.is_established())
        .count();
    let problems = snapshot
        .controller
        .iter()
        .flat_map(|controller| &controller.problems);
    let count = SessionCount { established, all };
    let text = line(
        snapshot.bird.error.as_deref(),
        &services,
        count,
        problems.map(String::as_str),
    );
    shown::line(&text);
    assert!(text.chars().count() <= 320, "{text}");
}

/// Metrics: every line is a comment or a sample, and what is sample and what comment is not up to any text.
fn page(snapshot: &Snapshot) {
    let measurements = Measurements {
        probes: Vec::new(),
        families: Vec::new(),
        confirmations: Confirmations::default(),
    };
    let text = metrics::encode(snapshot.clone(), measurements);
    assert!(text.ends_with("# EOF\n"));
    let is_known = |line: &str| line.starts_with("# ") || line.starts_with("anycastctl_");
    assert!(text.split_terminator('\n').all(is_known), "{text}");
    assert_eq!(text.matches("\n# EOF\n").count(), 1);
    let old = Format::Text.of(text);
    assert!(old.split_terminator('\n').all(is_known), "{old}");
}

/// What happened, as the log, the files and `history` have it.
pub fn events(events: Vec<Event>) {
    let mut memory = Memory::default();
    for event in events {
        memory.add(Timestamp::UNIX_EPOCH, event);
    }
    for record in memory.records() {
        let line = serde_json::to_vec(&*record).expect("events are plain");
        assert!(line.len() <= anycastctl::history::MAX_LINE);
        assert!(!line.contains(&b'\n'));
        assert_eq!(
            Entry::parse(&line),
            Some(Entry::Known(Record::clone(&record)))
        );
    }
    history(&whole(&memory.records()));
}

fn whole(records: &[Arc<Record>]) -> History {
    let selection = Selection {
        since: None,
        service: None,
        limit: usize::MAX,
    };
    History::new(
        Timestamp::UNIX_EPOCH,
        Origin::Daemon,
        &selection,
        Found::default(),
        records,
    )
}

/// The history for people: a line for each entry.
pub fn history(history: &History) {
    let mut text = Vec::new();
    write_lines(history, None, &mut text).expect("memory takes everything");
    let text = plain(text);
    shown::lines(&text);
    assert_eq!(text.matches('\n').count(), history.entries.len());
}

/// An order, as it stands in lines of others.
pub fn order(order: &Override) {
    let brief = Brief {
        name: "resolver",
        actual: anycastctl::status::Actual::Announced,
        reason: "",
        error: None,
        order: Some(order),
    };
    shown::line(&line(
        None,
        &[brief],
        SessionCount::default(),
        std::iter::empty(),
    ));
}

/// Sessions in the document that shows them, and what happened to them.
pub fn sessions(bird: Bird, sessions: Vec<Session>, happened: Vec<Event>, chance: u64) {
    let document = Snapshot {
        version: VERSION,
        at: Timestamp::UNIX_EPOCH,
        node: Node {
            name: "ams1".to_owned(),
            asn: 64_601,
            router_id: "10.99.0.2".to_owned(),
        },
        controller: None,
        bird,
        services: Vec::new(),
        sessions,
    };
    if chance.is_multiple_of(4) {
        snapshot(&document, chance / 4);
    }
    events(happened);
}
