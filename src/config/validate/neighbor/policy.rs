//! What is announced to a neighbour, and how it looks.

use std::collections::BTreeSet;

use super::super::node::section;
use super::super::{Reported, community, id};
use crate::config::Drain;
use crate::config::report::Report;
use crate::config::spec::{self, Field, Number};
use crate::model::{Community, LargeCommunity, ServiceName};

pub(super) struct Policy {
    pub(super) services: Option<BTreeSet<ServiceName>>,
    pub(super) communities: Vec<Community>,
    pub(super) large_communities: Vec<LargeCommunity>,
    pub(super) prepend: u8,
    pub(super) local_pref: Option<u32>,
    pub(super) drain: Drain,
}

/// `internal`: whether the neighbour is in our own AS, if both numbers were understood.
pub(super) fn policy(
    report: &Report<'_>,
    internal: Option<bool>,
    spec: &spec::Neighbor,
) -> Option<Policy> {
    let services = services(report, spec);
    let communities = community::standard(report, &spec.communities);
    let large_communities = community::large(report, &spec.large_communities);
    let prepend = prepend(report, internal, &spec.prepend, 0);
    let local_pref = local_pref(report, internal, spec);
    let drain = drain(report, internal, &spec.drain);
    Some(Policy {
        services: services.ok()?,
        communities: communities?,
        large_communities: large_communities?,
        prepend: prepend?,
        local_pref: local_pref.ok()?,
        drain: drain?,
    })
}

fn services(
    report: &Report<'_>,
    spec: &spec::Neighbor,
) -> Result<Option<BTreeSet<ServiceName>>, Reported> {
    let names = report.texts(&spec.services).ok_or(Reported)?;
    if report.is_absent(&spec.services) {
        return Ok(None);
    }
    if names.is_empty() {
        let message = "this list is empty: nothing is announced to this neighbour";
        report.warning(id(&spec.services), message);
    }
    Ok(Some(names.into_iter().collect()))
}

/// Our own number in the path is a loop to every router of our AS: it would drop the route (RFC 4271, 9.1.2).
fn prepend(
    report: &Report<'_>,
    internal: Option<bool>,
    field: &Field<Number<0, 10>>,
    default: u8,
) -> Option<u8> {
    let prepend = report.number_or(field, default)?;
    if internal != Some(true) {
        return Some(prepend);
    }
    if let (Some((place, _)), true) = (field.placed(), prepend > 0) {
        report.error(place, "this neighbour is in our own AS: it would take our AS number in the path for a loop and drop the route. Use `local_pref`");
    }
    Some(0)
}

fn local_pref(
    report: &Report<'_>,
    internal: Option<bool>,
    spec: &spec::Neighbor,
) -> Result<Option<u32>, Reported> {
    if let (Some((place, _)), Some(false)) = (spec.local_pref.placed(), internal) {
        report.error(place, "this neighbour is in another AS, and LOCAL_PREF does not leave ours (RFC 4271, 5.1.5): use `prepend` or a community that it understands");
    }
    Ok(report.optional(&spec.local_pref)?.and_then(Number::get))
}

fn drain(report: &Report<'_>, internal: Option<bool>, field: &Field<spec::Drain>) -> Option<Drain> {
    let spec = section(report, field)?;
    let graceful_shutdown = report.or(&spec.graceful_shutdown, true);
    let prepend = prepend(report, internal, &spec.prepend, 3);
    let drain = Drain {
        graceful_shutdown: graceful_shutdown?,
        prepend: prepend?,
    };
    if !drain.graceful_shutdown && drain.prepend == 0 {
        report.warning(
            id(field),
            "draining changes nothing for this neighbour: it would go on sending traffic here",
        );
    }
    Some(drain)
}
