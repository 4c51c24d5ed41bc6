//! What it lives with is stopped and started: BIRD and the DNS server.

use lab::{Error, Result};

use crate::node::{BOTH, Node, drop_in, lab, settings};

#[test]
fn bird_comes_back_as_it_went() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings())?;
    let witness = node.witness()?;
    node.succeed("systemctl stop bird")?;
    node.lacks(&BOTH)?;
    node.is_active("anycastctl", "active")?;
    node.succeed("systemctl start bird")?;
    node.has(&BOTH)?;
    node.lost("BIRD stopped and started", witness)?;

    node.succeed("systemctl stop unbound")?;
    node.lacks(&BOTH)?;
    node.succeed("systemctl restart bird")?;
    node.neighbor.established()?;
    node.never_has(&BOTH)
}

#[test]
fn neither_order_of_starting_matters() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings())?;
    for [first, second] in [["anycastctl", "bird"], ["bird", "anycastctl"]] {
        node.succeed("systemctl stop anycastctl bird")?;
        node.lacks(&BOTH)?;
        node.succeed(&format!("systemctl start {first}"))?;
        node.is_active(first, "active")?;
        node.succeed(&format!("systemctl start {second}"))?;
        node.has(&BOTH)?;
        node.settled()?;
    }
    Ok(())
}

/// A kill, and the DNS server goes before there is a controller again: that one finds the routes announced.
#[test]
fn a_dns_server_that_stops_while_the_controller_is_down_is_found() -> Result<()> {
    let lab = lab()?;
    let node = Node::prepared(&lab, &settings(), |files| {
        drop_in(files, "anycastctl", "[Service]\nRestartSec=3s\n")
    })?;
    node.has(&BOTH)?;
    node.settled()?;
    let witness = node.witness()?;
    node.succeed("systemctl kill --signal=KILL anycastctl && systemctl stop unbound")?;
    node.neighbor.has(&BOTH)?;
    node.lacks(&BOTH)?;
    let said = node.succeed("anycastctl history")?;
    if !said.contains("connection refused") {
        return Err(node.explain(&Error::new(said)));
    }
    node.withdrawn(
        "DNS server stopped while the controller is down (RestartSec=3s)",
        witness,
    )
}
