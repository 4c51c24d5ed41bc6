//! Export filters: one for each neighbour and family in which it has a session.
//!
//! A filter lets out exact prefixes, and only from protocols that switch with the health of a service. It is
//! as long however many services there are: what all neighbours see alike stands in a function.

use serde::Serialize;

use super::statics::prefixes;
use super::{attributes, is_rendered, set_name};
use crate::config::{Config, Neighbor, Service, Twins};
use crate::model::{Community, Family, NeighborName, ProtocolName};

#[derive(Serialize)]
pub(super) struct Filter {
    name: String,
    /// The set of prefixes; `None` if there is nothing to announce.
    prefixes: Option<String>,
    /// What is true of a route from one of our protocols.
    is_ours: String,
    /// The function that adds what all neighbours see.
    attributes: Option<String>,
    /// Statements for this neighbour.
    statements: Vec<String>,
    /// For drained twins.
    drained: Branch,
}

/// Statements for the routes of some protocols.
#[derive(Serialize)]
struct Branch {
    /// What is true of such a route.
    condition: String,
    statements: Vec<String>,
}

pub(super) fn name(neighbor: &NeighborName, family: Family) -> String {
    format!("{}_export", neighbor.protocol(family, 0))
}

pub(super) fn filters(config: &Config) -> Vec<Filter> {
    let of_neighbor = |neighbor| {
        let has_session =
            move |family: &Family| Neighbor::sessions_of(neighbor, *family).any(is_rendered);
        let families = Family::ALL.into_iter().filter(has_session);
        families.map(move |family| filter(config, neighbor, family))
    };
    config.neighbors.iter().flat_map(of_neighbor).collect()
}

fn filter(config: &Config, neighbor: &Neighbor, family: Family) -> Filter {
    let announced: Vec<&Service> = announced(config, neighbor, family).collect();
    Filter {
        name: name(&neighbor.name, family),
        prefixes: set(neighbor, family, &announced),
        is_ours: any_of("anycast_*", &announced, family, |twins| {
            std::iter::once(&twins.normal).chain(&twins.drain).collect()
        }),
        attributes: attributes::name(config, family),
        statements: statements(config, neighbor),
        drained: Branch {
            condition: any_of("anycast_*_drain", &announced, family, |twins| {
                twins.drain.iter().collect()
            }),
            statements: drained(config, neighbor),
        },
    }
}

fn statements(config: &Config, neighbor: &Neighbor) -> Vec<String> {
    let local_pref = neighbor.local_pref.map(set_local_pref);
    attributes::statements(&neighbor.communities, &neighbor.large_communities, None)
        .into_iter()
        .chain(prepends(config, neighbor.prepend))
        .chain(local_pref)
        .collect()
}

/// RFC 8326: the community for other ASes, and no preference at all within our own.
fn drained(config: &Config, neighbor: &Neighbor) -> Vec<String> {
    let shutdown = neighbor.drain.graceful_shutdown;
    let community = [Community::GRACEFUL_SHUTDOWN];
    let communities = if shutdown { &community[..] } else { &[] };
    let lowest = shutdown && config.is_internal(neighbor);
    attributes::statements(communities, &[], None)
        .into_iter()
        .chain(prepends(config, neighbor.drain.prepend))
        .chain(lowest.then(|| set_local_pref(0)))
        .collect()
}

fn prepends(config: &Config, count: u8) -> Vec<String> {
    vec![format!("bgp_path.prepend({});", config.node.asn); count.into()]
}

fn set_local_pref(local_pref: u32) -> String {
    format!("bgp_local_pref = {local_pref};")
}

/// The services that a neighbour gets, as far as they have a prefix of a family.
fn announced<'c>(
    config: &'c Config,
    neighbor: &'c Neighbor,
    family: Family,
) -> impl Iterator<Item = &'c Service> {
    let services = config.services.iter();
    services.filter(move |service| {
        neighbor.gets(&service.name) && service.prefixes_of(family).next().is_some()
    })
}

/// The set of all, or one of its own for a neighbour that does not get everything.
fn set(neighbor: &Neighbor, family: Family, announced: &[&Service]) -> Option<String> {
    let own = || {
        let prefixes = announced
            .iter()
            .flat_map(|service| prefixes(service, family));
        format!("[ {} ]", prefixes.collect::<Vec<_>>().join(", "))
    };
    let all = neighbor.services.is_none();
    let set = if all { set_name(family) } else { own() };
    Some(set).filter(|_| !announced.is_empty())
}

/// `proto ~ "anycast_*"`, and the names of protocols that are written by hand.
fn any_of<'s>(
    pattern: &str,
    announced: &[&'s Service],
    family: Family,
    names: impl Fn(&'s Twins) -> Vec<&'s ProtocolName>,
) -> String {
    let twins = announced
        .iter()
        .filter_map(|service| service.by_hand(family));
    let by_hand = twins
        .flat_map(names)
        .map(|name| format!("proto = \"{name}\""));
    let rendered = std::iter::once(format!("proto ~ \"{pattern}\""));
    rendered.chain(by_hand).collect::<Vec<_>>().join(" || ")
}
