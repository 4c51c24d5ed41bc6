//! Who stands where: routers, links, addresses, and which routers have to have what.

use std::net::IpAddr;

use crate::config::{Config, Neighbor, Session};
use crate::model::{Family, Prefix};

/// One router opposite: the sessions of one neighbour, at most one a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Router {
    /// Its network, and the node's interface towards it.
    pub(crate) name: String,
    /// What the operator calls it.
    pub(crate) neighbor: Neighbor,
    /// What it hears of, and of which service that is: a position in [`Config::services`].
    pub(crate) wanted: Vec<(Prefix, usize)>,
}

/// The interface of a router towards the node.
pub(crate) const UPLINK: &str = "node";

/// Two sessions of one family may share our address, as with a pair of switches: two routers.
pub(super) fn routers_of(neighbor: &Neighbor) -> usize {
    let sessions = Family::ALL.map(|family| neighbor.sessions_of(family).count());
    sessions.into_iter().max().unwrap_or_default()
}

/// All routers, in the order of the file.
pub(crate) fn routers(config: &Config) -> Vec<Router> {
    let parts = config
        .neighbors
        .iter()
        .flat_map(|neighbor| (0..routers_of(neighbor)).map(move |index| (neighbor, index)));
    let router = |(number, (neighbor, index)): (usize, (&Neighbor, usize))| {
        let sessions = Family::ALL.map(|family| neighbor.sessions_of(family).nth(index));
        let sessions: Vec<Session> = sessions.into_iter().flatten().cloned().collect();
        let wanted = wanted(config, neighbor, &sessions);
        Router {
            name: format!("router{number}"),
            neighbor: Neighbor {
                sessions,
                ..neighbor.clone()
            },
            wanted,
        }
    };
    parts.enumerate().map(router).collect()
}

fn wanted(config: &Config, neighbor: &Neighbor, sessions: &[Session]) -> Vec<(Prefix, usize)> {
    let services = config.services.iter().enumerate();
    let services = services.filter(|(_, service)| neighbor.gets(&service.name));
    let prefixes = services.flat_map(|(number, service)| {
        let prefixes = service.prefixes.iter();
        prefixes.map(move |prefix| (*prefix, number))
    });
    let is_heard = |prefix: &Prefix| {
        let mut families = sessions.iter().map(Session::family);
        families.any(|family| family == prefix.family())
    };
    prefixes.filter(|(prefix, _)| is_heard(prefix)).collect()
}

/// The address of the host within a prefix: its only one, or the first that a host may have.
pub(crate) fn address(prefix: Prefix) -> IpAddr {
    let first = *prefix.range().start();
    if prefix.host().is_some() {
        return first;
    }
    match first {
        IpAddr::V4(first) => IpAddr::V4((u32::from(first) | 1).into()),
        IpAddr::V6(first) => IpAddr::V6((u128::from(first) | 1).into()),
    }
}

/// The addresses that the services are on: where the DNS server answers.
pub(crate) fn addresses(config: &Config) -> Vec<IpAddr> {
    let services = config.services.iter();
    let prefixes = services.flat_map(|service| service.prefixes.iter().copied());
    prefixes.map(address).collect()
}

/// The arguments of `ip` that put the services' addresses on the node, or take them away again.
pub(crate) fn service_addresses(config: &Config, verb: &str) -> Vec<String> {
    let commands = addresses(config).into_iter();
    commands
        .map(|address| {
            // Without `nodad` an IPv6 address is tentative for a moment, and nobody can bind to it.
            let (length, flags) = if address.is_ipv4() {
                (32, "")
            } else {
                (128, " nodad")
            };
            let flags = if verb == "del" { "" } else { flags };
            format!("addr {verb} {address}/{length} dev lo{flags}")
        })
        .collect()
}

/// The arguments of `ip` for the two ends of the link to a router: on the node, and there. Addresses whose other end
/// is named need no network in common: directly connected to BIRD, and reachable without a route from further away.
pub(crate) fn link_addresses(router: &Router) -> [Vec<String>; 2] {
    let sessions = &router.neighbor.sessions;
    let end = |own: IpAddr, other: IpAddr, interface: &str| {
        let (length, flags) = if own.is_ipv4() {
            (32, "")
        } else {
            (128, " nodad")
        };
        format!("addr replace {own} peer {other}/{length} dev {interface}{flags}")
    };
    let near = sessions
        .iter()
        .map(|session| end(session.local, session.remote, &router.name));
    let far = sessions
        .iter()
        .map(|session| end(session.remote, session.local, UPLINK));
    [near.collect(), far.collect()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SMALLEST;

    fn config(text: &str) -> Config {
        Config::parse("t", text).unwrap().config
    }

    #[test]
    fn a_second_session_of_a_family_is_with_another_router() {
        let sessions = "sessions:\n      - { local: 10.99.0.2, remote: 10.99.0.3 }\n      - { local: \"fd99::2\", remote: \"fd99::1\" }";
        let text = SMALLEST
            .replace("sessions:", sessions)
            .replace("[192.0.2.53/32]", "[192.0.2.53/32, \"2001:db8::/48\"]")
            .replace("      - dns: {", "      - dns: { server: 127.0.0.1,");
        let routers = routers(&config(&text));
        let remotes = |router: &Router| -> Vec<String> {
            let sessions = router.neighbor.sessions.iter();
            sessions.map(|session| session.remote.to_string()).collect()
        };
        assert_eq!(routers.len(), 2);
        assert_eq!(remotes(&routers[0]), ["10.99.0.3", "fd99::1"]);
        assert_eq!(remotes(&routers[1]), ["10.99.0.1"]);
        let wanted: Vec<usize> = routers.iter().map(|router| router.wanted.len()).collect();
        assert_eq!(wanted, [2, 1]);
        let addresses: Vec<String> = addresses(&config(&text))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(addresses, ["192.0.2.53", "2001:db8::1"]);
        let [near, far] = link_addresses(&routers[0]);
        assert_eq!(
            near[0],
            "addr replace 10.99.0.2 peer 10.99.0.3/32 dev router0"
        );
        assert_eq!(
            far[1],
            "addr replace fd99::1 peer fd99::2/128 dev node nodad"
        );
    }
}
