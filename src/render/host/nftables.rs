//! The packet filter: questions are limited by source, sessions are for neighbours only.

use serde::Serialize;

use super::{Error, File, Rendered, fill};
use crate::config::{Config, Neighbor, Service};
use crate::model::Family;

const NFTABLES: &str = include_str!("../../../templates/host/nftables.j2");

/// How many sources are remembered at a time in each family. An entry takes about 200 bytes of kernel
/// memory, so that spoofed sources cost 13 MB a family and not all there is.
const MOST_SOURCES: u32 = 65536;

#[derive(Serialize)]
struct Nftables {
    path: &'static str,
    most_sources: u32,
    /// Questions a second.
    rate: u32,
    /// Families in which there is a service.
    families: Vec<Services>,
    bgp: Vec<Peers>,
    bfd: Vec<Peers>,
}

#[derive(Serialize)]
struct Services {
    name: &'static str,
    r#type: &'static str,
    prefixes: Vec<String>,
}

/// Sessions of one family, of which there is at least one.
#[derive(Serialize)]
struct Peers {
    name: &'static str,
    r#type: &'static str,
    /// What nft calls the header of a packet.
    header: &'static str,
    /// `neighbour . our address`
    pairs: Vec<String>,
}

pub(super) fn nftables(config: &Config) -> Result<Rendered, Error> {
    let context = Nftables {
        path: File::Nftables.path(),
        most_sources: MOST_SOURCES,
        rate: config.host.queries_per_second,
        families: of_each_family(|family| services(config, family)),
        bgp: of_each_family(|family| peers(config, family, |_| true)),
        bfd: of_each_family(|family| peers(config, family, |neighbor| neighbor.bfd)),
    };
    fill(NFTABLES, &context).map(Rendered::from)
}

fn of_each_family<T>(make: impl Fn(Family) -> Option<T>) -> Vec<T> {
    Family::ALL.into_iter().filter_map(make).collect()
}

fn services(config: &Config, family: Family) -> Option<Services> {
    let services = config.services.iter();
    let prefixes = services.flat_map(|service| Service::prefixes_of(service, family));
    let prefixes: Vec<String> = prefixes.map(|prefix| prefix.to_string()).collect();
    (!prefixes.is_empty()).then(|| Services {
        name: family.channel(),
        r#type: address_type(family),
        prefixes,
    })
}

fn peers(config: &Config, family: Family, is_meant: impl Fn(&Neighbor) -> bool) -> Option<Peers> {
    let neighbors = config.neighbors.iter();
    let sessions = neighbors
        .filter(|neighbor| is_meant(neighbor))
        .flat_map(|neighbor| neighbor.sessions_of(family));
    let pairs: Vec<String> = sessions
        .map(|session| format!("{} . {}", session.remote, session.local))
        .collect();
    (!pairs.is_empty()).then(|| Peers {
        name: family.channel(),
        r#type: address_type(family),
        header: header(family),
        pairs,
    })
}

fn address_type(family: Family) -> &'static str {
    match family {
        Family::V4 => "ipv4_addr",
        Family::V6 => "ipv6_addr",
    }
}

fn header(family: Family) -> &'static str {
    match family {
        Family::V4 => "ip",
        Family::V6 => "ip6",
    }
}
