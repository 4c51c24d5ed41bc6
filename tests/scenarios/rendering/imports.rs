//! The default route, from neighbours to the kernel, and nothing else there.

use lab::{Error, Lab, NODE_ASN, Result};
use serde_json::Value;

use super::pair::{Pair, Peer};

const SERVICES: &str = r#"
services:
  resolver:
    prefixes: ["192.0.2.53/32"]
    checks: [{ dns: { name: example.com, type: SOA } }]
neighbor_defaults: { bfd: false, import: default_route }
"#;

/// What every neighbour sends: the default route, and two that nobody asked for.
const ROUTES: &str =
    "route 0.0.0.0/0 blackhole; route 10.200.0.0/16 blackhole; route 192.0.2.53/32 blackhole;";

/// BIRD's routes in the node's kernel.
fn kernel(pair: &Pair<'_>) -> Result<Vec<Value>> {
    let said = pair
        .lab
        .node()
        .run("ip", &["-j", "route", "show", "proto", "bird"])?;
    let said = if said.trim().is_empty() { "[]" } else { &said };
    serde_json::from_str(said).map_err(|error| Error::new(format!("{error}: {said}")))
}

/// Waits until the kernel's only route of BIRD's fulfils a condition.
fn only_route(pair: &Pair<'_>, is_so: impl Fn(&Value) -> bool) -> Result<()> {
    pair.lab.wait_until("the default route alone", || {
        let routes = kernel(pair)?;
        match &routes[..] {
            [route] if route["dst"] == "default" && is_so(route) => Ok(()),
            _ => Err(Error::new(format!("{routes:?}"))),
        }
    })
}

fn gateways(route: &Value) -> Vec<&str> {
    let hops = route["nexthops"].as_array().into_iter().flatten();
    let mut gateways: Vec<_> = hops.filter_map(|hop| hop["gateway"].as_str()).collect();
    gateways.sort_unstable();
    gateways
}

#[test]
fn two_default_routes_become_one_with_two_next_hops() -> Result<()> {
    let lab = Lab::new(&["192.0.2.53"])?;
    let configuration = format!(
        "{SERVICES}kernel: {{ ecmp: 4, preferred_source: {{ v4: 192.0.2.53 }} }}
neighbors:
  one: {{ asn: 64600, sessions: [{{ local: 10.99.0.2, remote: 10.99.0.1 }}] }}
  two: {{ asn: 64700, sessions: [{{ local: 10.99.1.2, remote: 10.99.1.1 }}] }}\n"
    );
    let peers = [(0, 64600), (1, 64700)].map(|(number, asn)| Peer {
        routes: ROUTES,
        ..Peer::new(number, asn)
    });
    let pair = Pair::start(&lab, &configuration, "", &peers)?;
    pair.enable("anycast_resolver_v4")?;
    only_route(&pair, |route| {
        gateways(route) == ["10.99.0.1", "10.99.1.1"] && route["prefsrc"] == "192.0.2.53"
    })?;
    // Announced, and not in the kernel: there the address itself delivers.
    pair.hears(0, "192.0.2.53/32", &[("as_path", &NODE_ASN.to_string())])?;
    pair.opposite.bird().ask("disable s_1")?;
    only_route(&pair, |route| {
        route["gateway"] == "10.99.0.1" && route["prefsrc"] == "192.0.2.53"
    })
}

#[test]
fn without_ecmp_and_source_there_is_one_plain_route() -> Result<()> {
    let lab = Lab::new(&[])?;
    let configuration = format!(
        "{SERVICES}neighbors:
  one: {{ asn: 64600, sessions: [{{ local: 10.99.0.2, remote: 10.99.0.1 }}] }}
  two: {{ asn: 64600, import: none, sessions: [{{ local: 10.99.1.2, remote: 10.99.1.1 }}] }}\n"
    );
    let peers = [0, 1].map(|number| Peer {
        routes: ROUTES,
        ..Peer::new(number, 64600)
    });
    let pair = Pair::start(&lab, &configuration, "", &peers)?;
    pair.established()?;
    only_route(&pair, |route| {
        route["gateway"] == "10.99.0.1" && route["prefsrc"].is_null()
    })
}

/// The next hop is looked up among this host's networks: not in the announced routes, one of which covers it.
#[test]
fn a_route_reflector_names_a_next_hop_of_our_network() -> Result<()> {
    let lab = Lab::new(&[])?;
    for (host, route) in [
        (lab.node(), "route add 10.77.0.1/32 via 10.99.0.1"),
        (lab.opposite(), "addr add 10.77.0.1/32 dev lo"),
    ] {
        host.ip(route)?;
    }
    let services = SERVICES.replace("192.0.2.53/32", "10.99.0.0/30");
    let services = services.replace(
        "{ name: example.com",
        "{ server: 127.0.0.1, name: example.com",
    );
    let configuration = format!(
        "{services}neighbors:
  reflector: {{ asn: {NODE_ASN}, multihop: 5, sessions: [{{ local: 10.99.0.2, remote: 10.77.0.1 }}] }}\n"
    );
    let pair = Pair::start(&lab, &configuration, "", &[])?;
    let opposite = format!(
        "router id 10.99.0.1; protocol device device1 {{ }}
protocol static s_0 {{ ipv4; {ROUTES} }}
protocol bgp reflector {{
  local 10.77.0.1 as {NODE_ASN}; neighbor 10.99.0.2 as {NODE_ASN}; multihop 5; connect delay time 1;
  ipv4 {{ next hop address 10.99.0.1; import all; export all; }};
}}\n"
    );
    std::fs::write(pair.opposite.bird().configuration(), opposite)?;
    pair.opposite.bird().configure()?;
    pair.enable("anycast_resolver_v4")?;
    only_route(&pair, |route| route["gateway"] == "10.99.0.1")
}
