//! One BGP neighbour.

mod limits;
mod password;
mod policy;

use std::net::IpAddr;

use super::Reported;
use crate::config::report::Report;
use crate::config::spec::{self, Field, Leaf, Text};
use crate::config::tree::NodeId;
use crate::config::{GracefulRestart, Import, LocalRole, Neighbor, Session};
use crate::model::{Asn, Family, NeighborName, Period};

/// A neighbour that waits for its name.
pub(super) type Unnamed = Box<dyn FnOnce(NeighborName) -> Neighbor>;

/// Validates a neighbour; `own` is our AS number, if it was understood.
pub(super) fn neighbor(
    report: &Report<'_>,
    own: Option<Asn>,
    at: NodeId,
    spec: &spec::Neighbor,
) -> Option<Unnamed> {
    let asn = report.required(at, "asn", &spec.asn, "the AS number of the neighbour");
    let internal = own.zip(asn).map(|(own, asn)| own == asn.0);
    let sessions = sessions(report, at, spec);
    let password = password::source(report, spec);
    let bfd = report.or(&spec.bfd, true);
    let hold_time = hold_time(report, &spec.hold_time);
    let multihop = report.optional(&spec.multihop);
    let ttl_security = report.or(&spec.ttl_security, false);
    let role = role(report, internal, spec);
    let passive = report.or(&spec.passive, false);
    let port = report.optional(&spec.port);
    let graceful_restart = graceful_restart(report, spec);
    let import = report.text_or(&spec.import, Import::None);
    let limits = limits::limits(report, &spec.limits);
    let policy = policy::policy(report, internal, spec);
    let (asn, sessions, password) = (asn?.0, sessions?, password.ok()?);
    let (bfd, hold_time, multihop) = (bfd?, hold_time.ok()?, multihop.ok()?);
    let (ttl_security, role) = (ttl_security?, role.ok()?);
    let (passive, port, graceful_restart) = (passive?, port.ok()?, graceful_restart?);
    let (import, limits, policy) = (import?, limits?, policy?);
    Some(Box::new(move |name| Neighbor {
        name,
        asn,
        sessions,
        password,
        bfd,
        hold_time,
        multihop: multihop.and_then(spec::Number::get),
        ttl_security,
        role,
        passive,
        port: port.and_then(spec::Number::get),
        graceful_restart,
        import,
        limits,
        services: policy.services,
        communities: policy.communities,
        large_communities: policy.large_communities,
        prepend: policy.prepend,
        local_pref: policy.local_pref,
        drain: policy.drain,
    }))
}

fn role(
    report: &Report<'_>,
    internal: Option<bool>,
    spec: &spec::Neighbor,
) -> Result<Option<LocalRole>, Reported> {
    if let (Some((place, _)), Some(true)) = (spec.role.placed(), internal) {
        report.error(place, "this neighbour is in our own AS, and roles are for those of others (RFC 9234): take `role` away");
    }
    if let (Some((place, true)), None) = (spec.require_role.placed(), spec.role.placed()) {
        report.error(place, "without `role` there is nothing that the neighbour's role could fit to: write what we are to it, as in `role: customer`");
    }
    let required = report.or(&spec.require_role, false).ok_or(Reported)?;
    let role = report.optional(&spec.role)?;
    Ok(role.map(|Text(role)| LocalRole { role, required }))
}

fn graceful_restart(report: &Report<'_>, spec: &spec::Neighbor) -> Option<GracefulRestart> {
    let without_bfd = spec.bfd.value == Some(false);
    if let Some((place, Text(GracefulRestart::Full))) = spec.graceful_restart.placed()
        && without_bfd
    {
        report.warning(place, "without BFD the neighbour goes on sending traffic to a dead node until the restart time is over (120 s by default): turn BFD on, or write `aware`");
    }
    report.text_or(&spec.graceful_restart, GracefulRestart::Aware)
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
    let by_hand = report.optional(&spec.bird).ok()?.map(|name| name.0);
    Some(Session {
        local,
        remote,
        by_hand,
    })
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
