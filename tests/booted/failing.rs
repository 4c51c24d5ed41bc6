//! Killed, frozen, and failed for good.

use lab::{Error, Result};

use crate::node::{BOTH, Node, drop_in, lab, settings};

/// A watchdog that does not take a test's whole patience.
const QUICK_WATCHDOG: &str = "[Service]\nWatchdogSec=4s\nTimeoutAbortSec=500ms\n";

/// The same, and systemd gives up after two starts.
const TWO_STARTS: &str = "[Unit]\nStartLimitIntervalSec=600\nStartLimitBurst=2\n";

#[test]
fn killed_it_is_started_again_and_keeps_its_routes() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings())?;
    let (witness, before) = (node.witness()?, node.process("anycastctl")?);
    node.succeed("systemctl kill --signal=KILL anycastctl")?;
    node.another_process("anycastctl", before)?;
    node.settled()?;
    node.kept("kill -9", witness)
}

#[test]
fn frozen_it_is_started_again_by_the_watchdog_and_keeps_its_routes() -> Result<()> {
    let lab = lab()?;
    let node = Node::prepared(&lab, &settings(), |files| {
        drop_in(files, "anycastctl", QUICK_WATCHDOG)
    })?;
    node.has(&BOTH)?;
    node.settled()?;
    let witness = node.witness()?;
    freeze(&node)?;
    node.settled()?;
    node.says("anycastctl", "Watchdog timeout")?;
    node.kept("frozen (WatchdogSec=4s)", witness)
}

#[test]
fn frozen_again_and_again_it_is_withdrawn() -> Result<()> {
    let lab = lab()?;
    let node = Node::prepared(&lab, &settings(), |files| {
        drop_in(
            files,
            "anycastctl",
            &format!("{TWO_STARTS}{QUICK_WATCHDOG}"),
        )
    })?;
    node.has(&BOTH)?;
    node.settled()?;
    let witness = node.witness()?;
    freeze(&node)?;
    node.succeed("systemctl kill --signal=STOP anycastctl")?;
    is_given_up(&node)?;
    node.withdrawn(
        "frozen twice, and given up after two starts (WatchdogSec=4s)",
        witness,
    )
}

/// Stops the controller in its tracks, and waits until another one is ready.
fn freeze(node: &Node<'_>) -> Result<()> {
    let before = node.process("anycastctl")?;
    node.succeed("systemctl kill --signal=STOP anycastctl")?;
    node.another_process("anycastctl", before)?;
    node.is_active("anycastctl", "active")
}

/// systemd has given up, and what it starts then has withdrawn everything.
fn is_given_up(node: &Node<'_>) -> Result<()> {
    node.lacks(&BOTH)?;
    node.is_active("anycastctl", "failed")?;
    node.is_active("anycastctl-failed", "inactive")?;
    assert_eq!(node.property("anycastctl-failed", "Result")?, "success");
    node.never_has(&BOTH)
}

#[test]
fn in_a_crash_loop_it_is_withdrawn_once_systemd_gives_up() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings())?;
    node.write(
        "/run/systemd/system/anycastctl.service.d/test.conf",
        "[Service]\nExecStart=\nExecStart=/bin/false\n",
    )?;
    node.succeed("systemctl daemon-reload")?;
    let witness = node.witness()?;
    node.succeed("systemctl kill --signal=KILL anycastctl")?;
    is_given_up(&node)?;
    node.withdrawn("crash loop, five starts", witness)
}

/// Nothing would become of another start, so systemd gives up at once.
#[test]
fn killed_with_a_broken_configuration_it_is_withdrawn() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings())?;
    node.succeed("echo 'oops: [' >>/etc/anycastctl/config.yaml")?;
    let witness = node.witness()?;
    node.succeed("systemctl kill --signal=KILL anycastctl")?;
    is_given_up(&node)?;
    node.withdrawn("kill -9 while the configuration is broken", witness)
}

/// A condition of the unit that does not hold is no failure: nobody would withdraw what is announced.
#[test]
fn started_again_without_a_configuration_it_is_withdrawn() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings())?;
    node.succeed("mv /etc/anycastctl/config.yaml /root")?;
    let witness = node.witness()?;
    node.succeed("systemctl kill --signal=KILL anycastctl")?;
    is_given_up(&node)?;
    node.withdrawn("kill -9 while the configuration is gone", witness)?;
    node.succeed("mv /root/config.yaml /etc/anycastctl")?;
    node.succeed("systemctl reset-failed anycastctl && systemctl start anycastctl")?;
    node.has(&BOTH)?;
    node.settled()?;
    node.succeed("rm /etc/anycastctl/config.yaml")?;
    let witness = node.witness()?;
    node.run("systemctl restart anycastctl")?;
    is_given_up(&node)?;
    node.withdrawn("restart while the configuration is gone", witness)?;
    // Nothing is announced, and nothing fails any more.
    node.succeed("systemctl reset-failed anycastctl && systemctl start anycastctl")?;
    node.is_active("anycastctl", "inactive")
}

/// What comes after: the cause mended, it announces again. Meanwhile BIRD may start as often as it likes.
#[test]
fn failed_for_good_it_stays_withdrawn_until_it_is_mended() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings())?;
    node.succeed(
        "cp /etc/anycastctl/config.yaml /root && echo 'oops: [' >>/etc/anycastctl/config.yaml",
    )?;
    node.run("systemctl restart anycastctl")?;
    is_given_up(&node)?;
    node.succeed("systemctl restart bird")?;
    node.neighbor.established()?;
    node.never_has(&BOTH)?;
    node.succeed("cp /root/config.yaml /etc/anycastctl/config.yaml")?;
    node.succeed("systemctl reset-failed anycastctl && systemctl start anycastctl")?;
    node.has(&BOTH)?;
    node.settled()
        .map(drop)
        .map_err(|error| Error::new(format!("mended: {error}")))
}
