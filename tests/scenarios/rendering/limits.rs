//! Limits that are hit, by what the neighbour sends.

use lab::{Error, Exception, Lab, Result};

use super::pair::{Pair, Peer};

/// Three routes that pass no import filter.
const ROUTES: &str =
    "route 10.200.0.0/16 blackhole; route 10.201.0.0/16 blackhole; route 10.202.0.0/16 blackhole;";

fn pair<'lab>(lab: &'lab Lab, action: &str) -> Result<Pair<'lab>> {
    let configuration = format!(
        "
services:
  resolver:
    prefixes: [192.0.2.53/32]
    checks: [{{ dns: {{ name: example.com, type: SOA }} }}]
neighbors:
  tor1:
    asn: 64600
    bfd: false
    limits: {{ receive: {{ max: 2, action: {action} }} }}
    sessions: [{{ local: 10.99.0.2, remote: 10.99.0.1 }}]\n"
    );
    let peer = Peer {
        routes: ROUTES,
        ..Peer::new(0, 64600)
    };
    Pair::start(lab, &configuration, "", &[peer])
}

/// Waits until BIRD says all of these about the session.
fn says(pair: &Pair<'_>, parts: &[&str]) -> Result<()> {
    pair.lab.wait_until(&parts.join(", "), || {
        let details = pair.node.ask("show protocols all \"bgp_tor1_v4\"")?;
        let all = parts.iter().all(|part| details.contains(part));
        if all {
            Ok(())
        } else {
            Err(Error::new(details))
        }
    })
}

#[test]
fn more_routes_than_may_be_received_are_a_warning_or_held_back() -> Result<()> {
    for action in ["warn", "block"] {
        let lab = Lab::new(&[])?;
        let pair = pair(&lab, action)?;
        let log = lab.node().directory().join("own.log");
        let wanted = format!("receive limit (2), action: {action}");
        lab.wait_until(&wanted, || {
            let log = std::fs::read_to_string(&log)?;
            let hit = log.contains(&wanted);
            if hit { Ok(()) } else { Err(Error::new(log)) }
        })?;
        says(&pair, &["Established"])?;
        let details = pair.node.ask("show protocols all \"bgp_tor1_v4\"")?;
        let is_marked = details.contains("[HIT]");
        if action == "warn" {
            Exception::NoMarkAtWarnings.assert(!is_marked)?;
        } else {
            assert!(is_marked, "{details}");
        }
        pair.enable("anycast_resolver_v4")?;
        pair.hears(0, "192.0.2.53/32", &[])?;
    }
    Ok(())
}

#[test]
fn more_routes_than_may_be_received_end_the_session() -> Result<()> {
    let lab = Lab::new(&[])?;
    let pair = pair(&lab, "disable")?;
    says(&pair, &["down", "Route limit exceeded"])
}

#[test]
fn more_routes_than_may_be_received_restart_the_session() -> Result<()> {
    let lab = Lab::new(&[])?;
    let pair = pair(&lab, "restart")?;
    says(&pair, &["Route limit exceeded"])
}
