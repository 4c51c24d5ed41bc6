//! What services, neighbours and the node mean to each other.

use std::net::IpAddr;
use std::path::Path;

use super::node::stale_after;
use crate::config::Severity;
use crate::config::report::Report;
use crate::config::spec::{self, Field, Named};
use crate::config::tree::NodeId;
use crate::model::{Family, Period, Prefix};

pub(super) fn check(report: &Report<'_>, file: &spec::File) {
    prefixes(report, file);
    remotes(report, file);
    own_asn(report, file);
    timeouts(report, file);
    families(report, file);
    export_limits(report, file);
    locals(report, file);
    paths(report, file);
}

fn entries<T>(field: &Field<Named<T>>) -> impl Iterator<Item = (usize, &T)> {
    let entries = field.value.iter().flat_map(|named| &named.0).enumerate();
    entries.filter_map(|(index, (_, entry))| Some((index, entry.value.as_ref()?)))
}

/// The prefixes of one service, with their places.
fn prefixes_of(service: &spec::Service) -> impl Iterator<Item = (NodeId, Prefix)> {
    let items = service.prefixes.value.iter().flatten();
    items.filter_map(|item| item.placed().map(|(place, prefix)| (place, prefix.0)))
}

fn sessions_of(neighbor: &spec::Neighbor) -> impl Iterator<Item = &spec::Session> {
    let items = neighbor.sessions.value.iter().flatten();
    items.filter_map(|item| item.value.as_ref())
}

/// The same prefix twice is an error: withdrawing one would leave the other announced. Overlaps between
/// services may be meant, but withdrawing the longer prefix then sends its traffic to the shorter one.
fn prefixes(report: &Report<'_>, file: &spec::File) {
    let mut seen: Vec<(usize, NodeId, Prefix)> = Vec::new();
    for (service, spec) in entries(&file.services) {
        for (place, prefix) in prefixes_of(spec) {
            let same = seen.iter().find(|(_, _, other)| *other == prefix);
            let overlap = || {
                let mut others = seen.iter().filter(|(index, ..)| *index != service);
                others.find(|(_, _, other)| other.overlaps(prefix))
            };
            match (same, overlap()) {
                (Some((_, first, _)), _) => twice(report, place, prefix, *first),
                (None, Some((_, first, other))) => {
                    overlapping(report, (place, prefix), (*first, *other));
                }
                (None, None) => {}
            }
            seen.push((service, place, prefix));
        }
    }
}

fn twice(report: &Report<'_>, place: NodeId, prefix: Prefix, first: NodeId) {
    let message = format!(
        "{prefix} stands here twice: withdrawn in one place, it would stay announced from the other"
    );
    report.pair(Severity::Error, place, message, (first, "first used here"));
}

fn overlapping(
    report: &Report<'_>,
    (place, prefix): (NodeId, Prefix),
    (first, other): (NodeId, Prefix),
) {
    let message = format!(
        "{prefix} overlaps {other} of another service: while one of the two is withdrawn, its traffic may still come here because of the other"
    );
    report.pair(Severity::Warning, place, message, (first, "the other one"));
}

/// BIRD brings up only one of two sessions with one remote address.
fn remotes(report: &Report<'_>, file: &spec::File) {
    let mut seen: Vec<(IpAddr, NodeId)> = Vec::new();
    for session in entries(&file.neighbors).flat_map(|(_, neighbor)| sessions_of(neighbor)) {
        let Some((place, remote)) = session.remote.placed().map(|(place, text)| (place, text.0))
        else {
            continue;
        };
        match seen.iter().find(|(other, _)| *other == remote) {
            Some((_, first)) => {
                let message =
                    format!("two sessions with {remote}: only one of them would ever come up");
                report.pair(Severity::Error, place, message, (*first, "first used here"));
            }
            None => seen.push((remote, place)),
        }
    }
}

fn own_asn(report: &Report<'_>, file: &spec::File) {
    let own = file.node.value.as_ref().and_then(|node| node.asn.placed());
    let Some((first, own)) = own else { return };
    for (place, asn) in entries(&file.neighbors).filter_map(|(_, neighbor)| neighbor.asn.placed()) {
        if asn.0 == own.0 {
            let message = format!(
                "AS {} is our own, which makes this an iBGP session, and this version knows only eBGP: give the node an AS number of its own",
                asn.0
            );
            report.pair(Severity::Error, place, message, (first, "our own"));
        }
    }
}

/// A check must be able to fail before it counts as stale.
fn timeouts(report: &Report<'_>, file: &spec::File) {
    let daemon = file.daemon.value.as_ref();
    let given = daemon.and_then(|daemon| daemon.stale_after.placed());
    let limit: Period = given.map_or(stale_after(), |(_, period)| period.0);
    for (_, service) in entries(&file.services) {
        let timeout = service
            .timeout
            .placed()
            .map(|(place, text)| (Some(place), text.0));
        let (place, timeout) = timeout.unwrap_or((None, super::service::TIMEOUT));
        let interval = service.interval.placed();
        let period = interval.map_or(super::service::INTERVAL, |(_, text)| text.0);
        for (key, place, value) in [
            ("timeout", place, timeout),
            ("interval", interval.map(|(place, _)| place), period),
        ] {
            if value >= limit
                && let Some(place) = place.or_else(|| given.map(|(place, _)| place))
            {
                report.error(place, format!("`{key}: {value}` is not shorter than `daemon.stale_after` ({limit}): the service would count as unhealthy before a verdict is in"));
            }
        }
    }
}

fn families(report: &Report<'_>, file: &spec::File) {
    let remotes = || {
        let sessions = entries(&file.neighbors).flat_map(|(_, neighbor)| sessions_of(neighbor));
        sessions.filter_map(|session| session.remote.placed())
    };
    // Without any session that was understood there is more to say than this.
    if remotes().next().is_none() {
        return;
    }
    for family in Family::ALL {
        if remotes().any(|(_, remote)| Family::of(remote.0) == family) {
            continue;
        }
        for (_, service) in entries(&file.services) {
            if let Some((place, prefix)) =
                prefixes_of(service).find(|(_, prefix)| prefix.family() == family)
            {
                report.warning(
                    place,
                    format!("{prefix} is never announced: no neighbour has an {family} session"),
                );
            }
        }
    }
}

fn all_prefixes(file: &spec::File) -> impl Iterator<Item = (NodeId, Prefix)> {
    entries(&file.services).flat_map(|(_, service)| prefixes_of(service))
}

/// BIRD drops what is over the limit in the order of arrival: some service would be the one.
fn export_limits(report: &Report<'_>, file: &spec::File) {
    for (_, neighbor) in entries(&file.neighbors) {
        let limits = neighbor.limits.value.as_ref();
        let export = limits.and_then(|limits| limits.export.value.as_ref());
        let most = most_announced(file, neighbor);
        if let Some((place, max)) = export.and_then(|export| export.max.placed())
            && max.get::<usize>().is_some_and(|max| max < most)
        {
            report.error(place, format!("this neighbour is to get {most} prefixes of one family: some would never be announced"));
        }
    }
}

/// How many prefixes a neighbour gets over one session.
fn most_announced(file: &spec::File, neighbor: &spec::Neighbor) -> usize {
    let remotes = sessions_of(neighbor).filter_map(|session| session.remote.value.as_ref());
    let families = remotes.map(|remote| Family::of(remote.0));
    let counts = families.map(|family| {
        let own = all_prefixes(file).filter(|(_, prefix)| prefix.family() == family);
        own.count()
    });
    counts.max().unwrap_or_default()
}

/// A session from an anycast address may be answered to another node.
fn locals(report: &Report<'_>, file: &spec::File) {
    for session in entries(&file.neighbors).flat_map(|(_, neighbor)| sessions_of(neighbor)) {
        let Some((place, local)) = session.local.placed() else {
            continue;
        };
        if let Some((prefix, _)) = all_prefixes(file).find(|(_, prefix)| prefix.contains(local.0)) {
            let message = format!(
                "{} lies within a prefix of a service: what the neighbour sends there may reach another node",
                local.0
            );
            report.pair(Severity::Warning, place, message, (prefix, "this one"));
        }
    }
}

/// Keys that name files which are written or listened on, each by one program for one purpose.
fn paths(report: &Report<'_>, file: &spec::File) {
    let bird = file.bird.value.as_ref();
    let daemon = file.daemon.value.as_ref();
    let keys = [
        bird.map(|bird| &bird.socket),
        bird.map(|bird| &bird.config),
        bird.map(|bird| &bird.secrets),
        daemon.map(|daemon| &daemon.control),
    ];
    let mut seen: Vec<(NodeId, &Path)> = Vec::new();
    for (place, path) in keys.into_iter().flatten().filter_map(Field::placed) {
        let path = path.0.as_path();
        match seen.iter().find(|(_, other)| *other == path) {
            Some((first, _)) => {
                let message = format!(
                    "{} has two purposes, and one would destroy the other",
                    path.display()
                );
                report.pair(Severity::Error, place, message, (*first, "first used here"));
            }
            None => seen.push((place, path)),
        }
    }
}
