//! What services, neighbours and the node mean to each other.

mod announced;
pub(super) mod flapping;

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;

use super::node::stale_after;
use crate::config::Severity;
use crate::config::report::Report;
use crate::config::spec::{self, Field, Leaf, Named};
use crate::config::tree::NodeId;
use crate::model::{BirdVersion, Family, NeighborName, Period, Prefix, ProtocolName, ServiceName};

pub(super) fn check(report: &Report<'_>, file: &spec::File) {
    prefixes(report, file);
    remotes(report, file);
    timeouts(report, file);
    announced::check(report, file);
    versions(report, file);
    protocols(report, file);
    locals(report, file);
    listen(report, file);
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
    let mut known: HashMap<Prefix, NodeId> = HashMap::new();
    let mut seen: [Vec<(usize, NodeId, Prefix)>; 2] = Default::default();
    for (service, spec) in entries(&file.services) {
        for (place, prefix) in prefixes_of(spec) {
            // Prefixes of different families share nothing.
            let seen = &mut seen[usize::from(prefix.family() == Family::V6)];
            let overlap = || {
                let mut others = seen.iter().filter(|(index, ..)| *index != service);
                others.find(|(_, _, other)| other.overlaps(prefix))
            };
            match (known.get(&prefix), overlap()) {
                (Some(first), _) => twice(report, place, prefix, *first),
                (None, Some((_, first, other))) => {
                    overlapping(report, (place, prefix), (*first, *other));
                }
                (None, None) => {}
            }
            known.entry(prefix).or_insert(place);
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
    for session in all_sessions(file) {
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
                report.error(place, too_long(key, value, limit));
            }
        }
        for (key, place, value) in own_times(service) {
            if value >= limit {
                report.error(place, too_long(key, value, limit));
            }
        }
    }
}

fn too_long(key: &str, value: Period, limit: Period) -> String {
    format!(
        "`{key}: {value}` is not shorter than `daemon.stale_after` ({limit}): the service would count as unhealthy before a verdict is in"
    )
}

/// The times that the checks of a service set themselves.
fn own_times(service: &spec::Service) -> impl Iterator<Item = (&'static str, NodeId, Period)> {
    let checks = service.checks.value.iter().flatten();
    let checks = checks.filter_map(|check| check.value.as_ref());
    let all = checks.flat_map(|check| {
        let group = check.group.value.iter();
        let of = group.flat_map(|group| group.of.value.iter().flatten());
        std::iter::once(check).chain(of.filter_map(|member| member.value.as_ref()))
    });
    all.flat_map(|check| {
        let timeout = check
            .timeout
            .placed()
            .map(|(at, text)| ("timeout", at, text.0));
        let interval = check
            .interval
            .placed()
            .map(|(at, text)| ("interval", at, text.0));
        timeout.into_iter().chain(interval)
    })
}

/// The sessions of all neighbours.
pub(super) fn all_sessions(file: &spec::File) -> impl Iterator<Item = &spec::Session> {
    entries(&file.neighbors).flat_map(|(_, neighbor)| sessions_of(neighbor))
}

/// The prefixes of all services, with their places.
pub(super) fn all_prefixes(file: &spec::File) -> impl Iterator<Item = (NodeId, Prefix)> {
    entries(&file.services).flat_map(|(_, service)| prefixes_of(service))
}

/// A session from an anycast address may be answered to another node.
fn locals(report: &Report<'_>, file: &spec::File) {
    for session in all_sessions(file) {
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

/// Metrics are for this host, or for a network that somebody closed; an anycast address leads to any node.
fn listen(report: &Report<'_>, file: &spec::File) {
    let daemon = file.daemon.value.as_ref();
    let Some((place, listen)) = daemon.and_then(|daemon| daemon.listen.placed()) else {
        return;
    };
    let Some(socket) = listen.0.0.filter(|socket| !socket.ip().is_loopback()) else {
        return;
    };
    match all_prefixes(file).find(|(_, prefix)| prefix.contains(socket.ip())) {
        Some((prefix, _)) => {
            let message = format!(
                "{} lies within a prefix of a service: who asks there for metrics may get those of another node",
                socket.ip()
            );
            report.pair(Severity::Warning, place, message, (prefix, "this one"));
        }
        None => report.warning(place, format!("metrics and health are open to everybody who reaches {socket}, without a password: write 127.0.0.1:{}, unless a firewall stands before it", socket.port())),
    }
}

/// BIRD's configuration knows roles from this release on (RFC 9234).
const ROLES: BirdVersion = BirdVersion::new(2, 0, 11);

/// Keys whose syntax is younger than the BIRD that the file is rendered for.
fn versions(report: &Report<'_>, file: &spec::File) {
    let bird = file.bird.value.as_ref();
    let given = bird.and_then(|bird| bird.version.placed());
    let Some((version, _)) = given.filter(|(_, version)| version.0 < ROLES) else {
        return;
    };
    for (place, _) in entries(&file.neighbors).filter_map(|(_, neighbor)| neighbor.role.placed()) {
        let message = format!("roles need BIRD {ROLES}: an older one refuses the whole file");
        let label = "the file is rendered for this release";
        report.pair(Severity::Error, place, message, (version, label));
    }
}

/// One name stands for one protocol, or switching one service would switch another.
fn protocols(report: &Report<'_>, file: &spec::File) {
    let mut seen: Vec<(String, NodeId)> = Vec::new();
    for (place, name) in by_hand(file) {
        match seen.iter().find(|(other, _)| other == name.as_str()) {
            Some((_, first)) => {
                let message =
                    format!("the protocol {name} stands here twice: it can do one thing only");
                report.pair(Severity::Error, place, message, (*first, "first used here"));
            }
            None => seen.push((name.to_string(), place)),
        }
    }
    for (service, family, place) in rendered(file) {
        for name in service.protocols(family) {
            if let Some((_, first)) = seen.iter().find(|(other, _)| *other == name) {
                let message = format!("{name} is what the protocol of service {service} is called");
                report.pair(Severity::Error, *first, message, (place, "this service"));
            }
        }
    }
    for (neighbor, name, place) in rendered_sessions(file) {
        if let Some((_, first)) = seen.iter().find(|(other, _)| *other == name) {
            let message = format!("{name} is what the protocol of neighbor {neighbor} is called");
            report.pair(Severity::Error, *first, message, (place, "this neighbor"));
        }
    }
}

/// BGP protocols that are rendered, each with its neighbour and the place of that. One of the same name that is
/// written by hand would share its file of intent.
fn rendered_sessions(file: &spec::File) -> Vec<(&str, String, NodeId)> {
    let entries = file.neighbors.value.iter().flat_map(|named| &named.0);
    let mut rendered = Vec::new();
    for (text, entry) in entries {
        let parsed = text.parse::<NeighborName>().ok();
        let Some((name, (place, spec))) = parsed.zip(entry.node.zip(entry.value.as_ref())) else {
            continue;
        };
        let mut counts = [0; 2];
        for session in sessions_of(spec) {
            let Some((_, local)) = session.local.placed() else {
                continue;
            };
            let family = Family::of(local.0);
            let count = &mut counts[usize::from(family == Family::V6)];
            if session.bird.node.is_none() {
                rendered.push((text.as_str(), name.protocol(family, *count), place));
            }
            *count += 1;
        }
    }
    rendered
}

/// Services whose protocols of a family are rendered.
fn rendered(file: &spec::File) -> impl Iterator<Item = (ServiceName, Family, NodeId)> {
    let entries = file.services.value.iter().flat_map(|named| &named.0);
    let families = |(name, entry): &(String, Field<spec::Service>)| {
        let bird = entry.value.as_ref()?.bird.value.clone().unwrap_or_default();
        let (name, place) = (name.parse::<ServiceName>().ok()?, entry.node?);
        let own = [(Family::V4, bird.v4), (Family::V6, bird.v6)];
        let own = own
            .into_iter()
            .filter(|(_, by_hand)| by_hand.node.is_none());
        Some(own.map(move |(family, _)| (name.clone(), family, place)))
    };
    entries.filter_map(families).flatten()
}

/// The names of all protocols that are written by hand.
fn by_hand(file: &spec::File) -> impl Iterator<Item = (NodeId, &ProtocolName)> {
    let services = entries(&file.services).filter_map(|(_, service)| service.bird.value.as_ref());
    let statics = services.flat_map(|bird| [&bird.v4, &bird.v6, &bird.v4_drain, &bird.v6_drain]);
    let sessions = all_sessions(file);
    let names = statics.chain(sessions.map(|session| &session.bird));
    names
        .filter_map(Leaf::placed)
        .map(|(place, name)| (place, &name.0))
}

/// Keys that name files which are written or listened on, each by one program for one purpose.
fn paths(report: &Report<'_>, file: &spec::File) {
    let bird = file.bird.value.as_ref();
    let daemon = file.daemon.value.as_ref();
    let keys = [
        bird.map(|bird| &bird.socket),
        bird.map(|bird| &bird.config),
        bird.map(|bird| &bird.secrets),
        bird.map(|bird| &bird.intent_dir),
        daemon.map(|daemon| &daemon.control),
        daemon.map(|daemon| &daemon.state_dir),
    ];
    let mut seen: Vec<(NodeId, &Path)> = Vec::new();
    let included = bird.into_iter().flat_map(|bird| bird.include.value.iter());
    let keys = keys.into_iter().flatten().chain(included.flatten());
    for (place, path) in keys.filter_map(Field::placed) {
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
