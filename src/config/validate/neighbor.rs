//! One BGP neighbour.

use std::net::IpAddr;
use std::path::PathBuf;

use super::Reported;
use super::node::section;
use crate::config::report::Report;
use crate::config::spec::{self, Field, Leaf, Text};
use crate::config::tree::NodeId;
use crate::config::{Drain, Limit, LimitAction, Limits, Neighbor, Session};
use crate::model::{Family, NeighborName, Period};

/// A neighbour that waits for its name.
pub(super) type Unnamed = Box<dyn FnOnce(NeighborName) -> Neighbor>;

pub(super) fn neighbor(report: &Report<'_>, at: NodeId, spec: &spec::Neighbor) -> Option<Unnamed> {
    let asn = report.required(at, "asn", &spec.asn, "the AS number of the neighbour");
    let sessions = sessions(report, at, spec);
    let password_file = password_file(report, &spec.password_file);
    let bfd = report.or(&spec.bfd, true);
    let hold_time = hold_time(report, &spec.hold_time);
    let multihop = report.optional(&spec.multihop);
    let limits = limits(report, &spec.limits);
    let drain = drain(report, &spec.drain);
    let (asn, sessions, password_file) = (asn?.0, sessions?, password_file.ok()?);
    let (bfd, hold_time, limits, drain) = (bfd?, hold_time.ok()?, limits?, drain?);
    let multihop = multihop.ok()?.and_then(spec::Number::get);
    Some(Box::new(move |name| Neighbor {
        name,
        asn,
        sessions,
        password_file,
        bfd,
        hold_time,
        multihop,
        limits,
        drain,
    }))
}

fn sessions(report: &Report<'_>, at: NodeId, spec: &spec::Neighbor) -> Option<Vec<Session>> {
    let example =
        "at least one pair of addresses, as in `- { local: 192.0.2.2, remote: 192.0.2.1 }`";
    let items = report.non_empty(at, "sessions", &spec.sessions, example)?;
    let sessions = items
        .iter()
        .map(|item| session(report, super::id(item), report.filled(item)?));
    sessions.collect::<Vec<_>>().into_iter().collect()
}

fn session(report: &Report<'_>, at: NodeId, spec: &spec::Session) -> Option<Session> {
    let local = report.required(at, "local", &spec.local, "our address of this session");
    let remote = report.required(at, "remote", &spec.remote, "the neighbour's address");
    for (place, address) in [&spec.local, &spec.remote]
        .into_iter()
        .filter_map(Field::placed)
    {
        unfit(report, place, address.0);
    }
    let (local, remote) = (local?.0, remote?.0);
    let (ours, theirs) = (Family::of(local), Family::of(remote));
    let place = super::id(&spec.remote);
    if ours != theirs {
        report.error(place, format!("{remote} is {theirs} and {local} is {ours}: both ends of a session are of one family"));
    }
    if local == remote {
        report.error(
            place,
            format!("{remote} is also `local`: no session runs from an address to itself"),
        );
    }
    Some(Session { local, remote })
}

fn unfit(report: &Report<'_>, place: NodeId, address: IpAddr) {
    let link_local = matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
    if link_local {
        report.error(place, format!("{address} is link-local, which takes an interface to be reached, and interfaces are not part of this version of the format: use global or unique local addresses"));
    }
    if address.is_loopback() {
        report.error(
            place,
            format!("{address} is this host itself: no neighbour can be there"),
        );
    }
}

fn password_file(report: &Report<'_>, field: &Leaf<PathBuf>) -> Result<Option<PathBuf>, Reported> {
    let path = report.optional(field)?.map(|path| path.0);
    match path {
        Some(path) if !path.is_absolute() => {
            report.error(
                super::id(field),
                format!(
                    "`{}` is relative, and to what depends on who reads it: write an absolute path",
                    path.display()
                ),
            );
            Err(Reported)
        }
        path => Ok(path),
    }
}

/// Hold times that BGP can say, in seconds (RFC 4271, 4.2): two octets, and 1 and 2 are forbidden.
const HOLD_TIMES: std::ops::RangeInclusive<u64> = 3..=65_535;

fn hold_time(report: &Report<'_>, field: &Leaf<Period>) -> Result<Option<Period>, Reported> {
    let period = report.optional(field)?.map(|period| period.0);
    let Some(wrong) = period.filter(|period| {
        let (seconds, rest) = (period.millis() / 1000, period.millis() % 1000);
        rest != 0 || !HOLD_TIMES.contains(&seconds)
    }) else {
        return Ok(period);
    };
    report.error(
        super::id(field),
        format!("{wrong} is not a hold time: write whole seconds from 3s to 65535s"),
    );
    Err(Reported)
}

/// Where `limits.import.max` is absent: a leaf takes in next to nothing.
const IMPORT_MAX: u32 = 10;

fn limits(report: &Report<'_>, field: &Field<spec::Limits>) -> Option<Limits> {
    let spec = section(report, field)?;
    let import = limit(report, &spec.import, Some(IMPORT_MAX), LimitAction::Restart);
    let export = limit(report, &spec.export, None, LimitAction::Block);
    let given = spec.export.value.as_ref();
    if let Some((place, Text(LimitAction::Restart))) = given.and_then(|limit| limit.action.placed())
    {
        report.error(place, "on export only `block` is safe: `restart` would take the session down, with every announcement of this node, because one route too many was to leave");
    }
    Some(Limits {
        import: import?,
        export: export?,
    })
}

fn limit(
    report: &Report<'_>,
    field: &Field<spec::Limit>,
    max: Option<u32>,
    action: LimitAction,
) -> Option<Limit> {
    let spec = section(report, field)?;
    let given = report.optional(&spec.max);
    let action = report.text_or(&spec.action, action);
    Some(Limit {
        max: given.ok()?.and_then(spec::Number::get).or(max),
        action: action?,
    })
}

fn drain(report: &Report<'_>, field: &Field<spec::Drain>) -> Option<Drain> {
    let spec = section(report, field)?;
    let graceful_shutdown = report.or(&spec.graceful_shutdown, true);
    let prepend = report.number_or(&spec.prepend, 3);
    let drain = Drain {
        graceful_shutdown: graceful_shutdown?,
        prepend: prepend?,
    };
    if !drain.graceful_shutdown && drain.prepend == 0 {
        report.warning(
            super::id(field),
            "draining changes nothing for this neighbour: it would go on sending traffic here",
        );
    }
    Some(drain)
}
