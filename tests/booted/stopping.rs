//! Stopped, started again and rebooted, in order.

use lab::{Error, Result};

use crate::node::{BOTH, Node, drop_in, lab, settings};

#[test]
fn stopped_it_withdraws() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings())?;
    let witness = node.witness()?;
    node.succeed("systemctl stop anycastctl")?;
    node.lacks(&BOTH)?;
    node.never_has(&BOTH)?;
    node.withdrawn("stop", witness)
}

#[test]
fn stopped_with_on_stop_hold_it_keeps_its_routes() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings().hold_on_stop())?;
    let witness = node.witness()?;
    node.succeed("systemctl stop anycastctl")?;
    node.kept("stop, on_stop: hold", witness)
}

#[test]
fn restarted_it_keeps_its_routes() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings())?;
    let (witness, before) = (node.witness()?, node.process("anycastctl")?);
    node.succeed("systemctl restart anycastctl")?;
    node.another_process("anycastctl", before)?;
    node.settled()?;
    node.kept("restart", witness)
}

/// The DNS server does not come back by itself: so nothing but what was left from before could announce.
#[test]
fn a_reboot_withdraws_and_boots_withdrawn() -> Result<()> {
    let lab = lab()?;
    // The intent directory is there before BIRD starts.
    let node = Node::prepared(&lab, &settings(), |files| {
        let there = "[Service]\nExecStartPre=/usr/bin/test -d /run/anycastctl/intent\n";
        drop_in(files, "bird", there)
    })?;
    node.has(&BOTH)?;
    node.settled()?;
    node.succeed("systemctl disable unbound")?;
    let witness = node.witness()?;
    node.machine.reboot()?;
    node.neighbor.established()?;
    node.never_has(&BOTH)?;
    let order = node.succeed("anycastctl history")?;
    // Whichever came first: all services are stopped at once, and a DNS server that ends is seen within milliseconds.
    let reasons = [
        "the daemon stops on SIGTERM",
        "the server closed its connection, then",
    ];
    if !reasons.iter().any(|reason| order.contains(reason)) {
        return Err(node.explain(&Error::new(order)));
    }
    only_bird_reads_the_intents(&node)?;
    node.succeed("systemctl start unbound")?;
    node.has(&BOTH)?;
    node.lost("reboot, and the DNS server started after it", witness)
}

/// The directory is the controller's, BIRD's group reads it, and nobody else does.
fn only_bird_reads_the_intents(node: &Node<'_>) -> Result<()> {
    let directory = "/run/anycastctl/intent";
    let owner = node.succeed(&format!("stat --format='%U %G %a' {directory}"))?;
    assert_eq!(owner.trim(), "anycastctl bird 2750");
    let as_user = |user: &str| {
        let line = format!("setpriv --reuid={user} --regid={user} --clear-groups ls {directory}");
        Ok::<_, Error>(node.run(&line)?.code == Some(0))
    };
    assert!(as_user("bird")?);
    assert!(!as_user("unbound")?);
    Ok(())
}
