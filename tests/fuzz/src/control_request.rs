//! What comes over the control socket and from the disk as JSON: requests, responses, orders in force, the history.
//!
//! - What is read, written and read again is the same, and is one line where lines are told apart.
//! - A request that passed its check may be shown, and so may the order that follows from it.
//! - A response makes tables, monitoring's line and metrics that no text in it can break out of.

use anycastctl::control::{Request, Response};
use anycastctl::history::{Entry, Found, History, Origin, Selection, Since};
use anycastctl::overrides::{self, Action, Whom};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{chance, documents, shown};

/// Tries the input as each of them.
pub fn holds(input: &[u8]) {
    if let Some(request) = read::<Request>(input) {
        asked(&request);
    }
    if let Some(response) = read::<Response>(input) {
        answered(&response, chance(input));
    }
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    orders(text);
    lines(text);
}

fn read<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(input: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(input).ok()?;
    // An event of another release may have a field twice, and then has it once.
    let once = written_and_read(&value);
    assert_eq!(written_and_read(&once), once);
    Some(value)
}

fn written_and_read<T: DeserializeOwned + Serialize>(value: &T) -> T {
    let text = serde_json::to_vec(value).expect("what was read can be written");
    assert!(!text.contains(&b'\n'), "a message is one line");
    serde_json::from_slice(&text).expect("what was written can be read")
}

fn asked(request: &Request) {
    match request {
        Request::Order(request) if request.check().is_ok() => {
            shown::line(&request.to_string());
            follow(request);
        }
        Request::History(selection) => {
            assert!(selection.limit() <= anycastctl::history::MAX_ENTRIES);
        }
        Request::Order(_) | Request::Status | Request::Metrics | Request::Reload => {}
    }
}

fn follow(request: &overrides::Request) {
    if let Whom::Services(names) = &request.whom {
        assert!(!names.is_empty());
    }
    let now = Timestamp::constant(1_795_380_446, 0);
    let Ok(Some(order)) = request.follow(None, "alice", now) else {
        assert!(
            !matches!(request.action, Action::Give { .. }),
            "nothing stands in the way of an order"
        );
        return;
    };
    assert!(!order.has_ended(now));
    documents::order(&order);
    let other = overrides::Request {
        action: Action::Undrain,
        ..request.clone()
    };
    if let Err(refused) = other.follow(Some(&order), "bob", now) {
        shown::line(&refused);
    }
}

fn answered(response: &Response, chance: u64) {
    match response {
        Response::Status(snapshot) => documents::snapshot(snapshot, chance),
        Response::History(history) => documents::history(history),
        Response::Order(_)
        | Response::Denied(_)
        | Response::Invalid(_)
        | Response::Metrics(_)
        | Response::Reloaded(_)
        | Response::ReloadRefused(_)
        | Response::Error(_) => {}
    }
}

/// The file of the orders in force.
fn orders(text: &str) {
    if let Ok(orders) = overrides::from_text(text) {
        let written = overrides::to_text(&orders).expect("what was read can be written");
        assert_eq!(
            overrides::from_text(&written).expect("what was written can be read"),
            orders
        );
        orders.values().for_each(documents::order);
    }
}

/// The files of the history.
fn lines(text: &str) {
    let entries = text
        .split('\n')
        .filter_map(|line| Entry::parse(line.as_bytes()));
    let entries: Vec<_> = entries.take(100).collect();
    for entry in &entries {
        let once: Entry = written_and_read(entry);
        assert_eq!(
            (written_and_read(&once), once.at()),
            (once.clone(), entry.at())
        );
    }
    let selection = Selection {
        since: None,
        service: None,
        limit: 50,
    };
    let found = Found {
        entries,
        more: false,
        unreadable: 0,
    };
    let history = History::new(Timestamp::UNIX_EPOCH, Origin::Files, &selection, found, &[]);
    assert!(history.entries.len() <= 50 && history.entries.is_sorted_by_key(Entry::at));
    documents::history(&history);
    let first = text.lines().next().unwrap_or_default();
    if let Ok(since) = first.parse::<Since>() {
        assert!(
            !matches!(since, Since::Ago(_))
                || since.moment(Timestamp::UNIX_EPOCH) < Timestamp::UNIX_EPOCH
        );
    }
}
