//! Who gets what: services that nobody hears of, and limits that are too low.

use std::collections::{HashMap, HashSet};

use super::{entries, prefixes_of, sessions_of};
use crate::config::report::Report;
use crate::config::spec;
use crate::model::Family;

pub(super) fn check(report: &Report<'_>, file: &spec::File) {
    names(report, file);
    families(report, file);
    export_limits(report, file);
}

/// Services with their names, in the order of the file.
pub(super) fn services(file: &spec::File) -> impl Iterator<Item = (&str, &spec::Service)> {
    let entries = file.services.value.iter().flat_map(|named| &named.0);
    entries.filter_map(|(name, service)| Some((name.as_str(), service.value.as_ref()?)))
}

/// How alike a name must be to be offered.
const ALIKE: f64 = 0.8;

/// A neighbour that is to get a service which does not exist, or one twice.
fn names(report: &Report<'_>, file: &spec::File) {
    let known: HashSet<&str> = services(file).map(|(name, _)| name).collect();
    for (_, neighbor) in entries(&file.neighbors) {
        let listed = neighbor.services.value.iter().flatten();
        for (place, name) in listed.filter_map(spec::Field::placed) {
            let name = name.0.as_str();
            if known.contains(name) {
                continue;
            }
            let alike = services(file).map(|(other, _)| (strsim::jaro_winkler(name, other), other));
            let nearest = alike
                .filter(|(alike, _)| *alike >= ALIKE)
                .max_by(|(left, _), (right, _)| left.total_cmp(right));
            let hint = nearest.map(|(_, other)| format!(": did you mean `{other}`?"));
            let hint = hint.unwrap_or_default();
            report.error(place, format!("there is no service `{name}`{hint}"));
        }
    }
}

/// The services that a neighbour is to get: all, or those that it names.
pub(super) struct Gets<'s>(Option<HashSet<&'s str>>);

impl<'s> Gets<'s> {
    pub(super) fn new(neighbor: &'s spec::Neighbor) -> Self {
        let listed = neighbor.services.value.as_ref();
        let names = listed.map(|listed| listed.iter().filter_map(|item| item.value.as_ref()));
        Self(names.map(|names| names.map(|name| name.0.as_str()).collect()))
    }

    pub(super) fn contains(&self, service: &str) -> bool {
        self.0.as_ref().is_none_or(|names| names.contains(service))
    }
}

fn has_session(neighbor: &spec::Neighbor, family: Family) -> bool {
    let mut remotes = sessions_of(neighbor).filter_map(|session| session.remote.value.as_ref());
    remotes.any(|remote| Family::of(remote.0) == family)
}

/// A family of a service that no neighbour hears of.
fn families(report: &Report<'_>, file: &spec::File) {
    // Without any session that was understood there is more to say than this.
    let speaks = |family| entries(&file.neighbors).any(|(_, other)| has_session(other, family));
    if !Family::ALL.into_iter().any(speaks) {
        return;
    }
    for family in Family::ALL {
        let neighbors = entries(&file.neighbors).map(|(_, neighbor)| neighbor);
        let neighbors: Vec<_> = neighbors
            .filter(|other| has_session(other, family))
            .collect();
        let everything = neighbors.iter().any(|other| other.services.node.is_none());
        let gets: Vec<_> = neighbors.iter().map(|other| Gets::new(other)).collect();
        for (name, service) in services(file).filter(|_| !everything) {
            let prefix = prefixes_of(service).find(|(_, prefix)| prefix.family() == family);
            if let Some((place, prefix)) = prefix
                && !gets.iter().any(|gets| gets.contains(name))
            {
                let who = if neighbors.is_empty() {
                    format!("no neighbour has an {family} session")
                } else {
                    format!(
                        "no neighbour with an {family} session has `{name}` among its `services`"
                    )
                };
                report.warning(place, format!("{prefix} is never announced: {who}"));
            }
        }
    }
}

/// BIRD drops what is over the limit in the order of arrival: some service would be the one.
fn export_limits(report: &Report<'_>, file: &spec::File) {
    let limited = entries(&file.neighbors).filter_map(|(_, neighbor)| {
        let limits = neighbor.limits.value.as_ref()?;
        let max = limits.export.value.as_ref()?.max.placed()?;
        Some((neighbor, max))
    });
    for (neighbor, (place, max)) in limited {
        let most = most_announced(file, neighbor);
        if max.get::<usize>().is_some_and(|max| max < most) {
            report.error(place, format!("this neighbour is to get {most} prefixes of one family: some would never be announced"));
        }
    }
}

/// How many prefixes a neighbour gets over one session.
fn most_announced(file: &spec::File, neighbor: &spec::Neighbor) -> usize {
    let mut counts: HashMap<Family, usize> = HashMap::new();
    let gets = Gets::new(neighbor);
    for (name, service) in services(file) {
        if gets.contains(name) {
            for (_, prefix) in prefixes_of(service) {
                *counts.entry(prefix.family()).or_default() += 1;
            }
        }
    }
    let spoken = counts
        .iter()
        .filter(|(family, _)| has_session(neighbor, **family));
    spoken.map(|(_, count)| *count).max().unwrap_or_default()
}
