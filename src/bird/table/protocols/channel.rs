//! The details of a channel.

use super::detail::{Detail, number, timer, words};
use super::{Columns, Part};
use crate::bird::table::channel::{
    Changes, Channel, ChannelState, Limit, LimitAction, LimitKind, NeighborRestart, Pending,
    Recovery, RouteChanges, Routes,
};

/// Takes a line in, and says what the next one is about; `None` if the line is not understood.
pub(super) fn read(channel: &mut Channel, part: Part, detail: &Detail<'_>) -> Option<Part> {
    match (part, detail.label) {
        (Part::Limit(kind), "Action") => {
            let limit = limit_of(channel, kind).as_mut()?;
            limit.action = Some(LimitAction::of(detail.value)?);
            Some(part)
        }
        (
            Part::Changes(columns),
            "Import updates" | "Import withdraws" | "Export updates" | "Export withdraws",
        ) => {
            let changes = channel.changes.get_or_insert_default();
            *row_of(changes, detail.label)? = cells(detail.value, columns)?;
            Some(part)
        }
        _ => own(channel, part, detail),
    }
}

fn own(channel: &mut Channel, part: Part, detail: &Detail<'_>) -> Option<Part> {
    let value = detail.value;
    match detail.label {
        "State" => channel.state = Some(ChannelState::of(value)?),
        "Import state" => channel.import_state = Some(ChannelState::of(value)?),
        "Export state" => channel.export_state = Some(ChannelState::of(value)?),
        "Table" => channel.table = Some(value.to_owned()),
        "Peer table" => channel.peer_table = Some(value.to_owned()),
        "Preference" => channel.preference = Some(number(value)?),
        "Input filter" | "Import filter" => channel.input_filter = Some(value.to_owned()),
        "Output filter" | "Export filter" => channel.output_filter = Some(value.to_owned()),
        "GR recovery" => channel.recovery = Some(recovery(value)?),
        "Routes" => channel.routes = Some(routes(value)?),
        "Route change stats" => {
            channel.changes = Some(RouteChanges::default());
            return Some(Part::Changes(columns(value)?));
        }
        "Neighbor GR" => channel.neighbor_restart = Some(NeighborRestart::of(value)?),
        "LL stale timer" => channel.stale_timer = Some(timer(value)?),
        "BGP Next hop" => {
            let next_hops: Result<_, _> = value.split(' ').map(str::parse).collect();
            channel.next_hops = next_hops.ok()?;
        }
        "IGP IPv4 table" | "IGP IPv6 table" | "Base table" => {
            channel.other_tables.push(value.to_owned());
        }
        // The export of an aggregator, which is no session's.
        "AltExp state" => {}
        "Receive limit" => return Some(limit(channel, LimitKind::Receive, value)),
        "Import limit" => return Some(limit(channel, LimitKind::Import, value)),
        "Export limit" => return Some(limit(channel, LimitKind::Export, value)),
        label => channel.pending = Some(pending(label)?),
    }
    Some(match part {
        Part::Limit(_) => Part::Channel,
        part => part,
    })
}

/// ` pending waiting`, or nothing for a channel that has recovered.
fn recovery(text: &str) -> Option<Recovery> {
    let mut recovery = Recovery::default();
    for word in words(text) {
        match word {
            "pending" => recovery.pending = true,
            "waiting" => recovery.waiting = true,
            _ => return None,
        }
    }
    Some(recovery)
}

fn limit(channel: &mut Channel, kind: LimitKind, value: &str) -> Part {
    let (max, hit) = match value.strip_suffix(" [HIT]") {
        Some(max) => (max, true),
        None => (value, false),
    };
    *limit_of(channel, kind) = Some(Limit {
        max: unsigned(max),
        hit,
        action: None,
    });
    Part::Limit(kind)
}

fn limit_of(channel: &mut Channel, kind: LimitKind) -> &mut Option<Limit> {
    match kind {
        LimitKind::Receive => &mut channel.receive_limit,
        LimitKind::Import => &mut channel.import_limit,
        LimitKind::Export => &mut channel.export_limit,
    }
}

/// BIRD prints limits of 2,147,483,648 and more as negative numbers.
fn unsigned(text: &str) -> Option<u64> {
    number(text).or_else(|| Some(text.parse::<i32>().ok()?.cast_unsigned().into()))
}

/// `5 imported, 4 filtered, 2 exported, 5 preferred`; the counts that are not there are unknown.
fn routes(text: &str) -> Option<Routes> {
    let mut routes = Routes::default();
    let mut words = words(text);
    while let Some(count) = words.next() {
        let slot = match words.next()?.trim_end_matches(',') {
            "imported" => &mut routes.imported,
            "filtered" => &mut routes.filtered,
            "exported" => &mut routes.exported,
            "preferred" => &mut routes.preferred,
            _ => return None,
        };
        *slot = number(count);
    }
    Some(routes)
}

/// The heading says which columns there are; `RX limit` is one.
fn columns(text: &str) -> Option<Columns> {
    let mut words = words(text);
    let first = ["received", "rejected", "filtered", "ignored"];
    if !first.iter().all(|column| words.next() == Some(column)) {
        return None;
    }
    match words.next()? {
        "accepted" => Some(Columns::Five),
        "RX" => words
            .eq(["limit", "limit", "accepted"])
            .then_some(Columns::Seven),
        _ => None,
    }
}

fn row_of<'a>(changes: &'a mut RouteChanges, label: &str) -> Option<&'a mut Changes> {
    Some(match label {
        "Import updates" => &mut changes.import_updates,
        "Import withdraws" => &mut changes.import_withdraws,
        "Export updates" => &mut changes.export_updates,
        "Export withdraws" => &mut changes.export_withdraws,
        _ => return None,
    })
}

/// `---` is a column that is not counted in this row.
fn cells(text: &str, columns: Columns) -> Option<Changes> {
    let mut words = words(text);
    let mut cell = || match words.next()? {
        "---" => Some(None),
        count => number(count).map(Some),
    };
    let (received, rejected, filtered, ignored) = (cell()?, cell()?, cell()?, cell()?);
    let (receive_limit, limit) = match columns {
        Columns::Five => (None, None),
        Columns::Seven => (cell()?, cell()?),
    };
    let accepted = cell()?;
    words.next().is_none().then_some(Changes {
        received,
        rejected,
        filtered,
        ignored,
        receive_limit,
        limit,
        accepted,
    })
}

/// `Pending 3 attribute sets with total 17 prefixes to send`
fn pending(text: &str) -> Option<Pending> {
    let (sets, prefixes) = text
        .strip_prefix("Pending ")?
        .strip_suffix(" prefixes to send")?
        .split_once(" attribute sets with total ")?;
    Some(Pending {
        attribute_sets: number(sets)?,
        prefixes: number(prefixes)?,
    })
}
