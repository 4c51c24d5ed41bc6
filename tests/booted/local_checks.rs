//! Checks of the host, by a controller that is shut in as its unit says.

use lab::{Error, Result, Service, Settings};

use crate::node::{BOTH, Node, lab};

/// The service with this check alone.
fn settings(check: &str) -> Settings {
    Settings::new([Service::new("resolver", &BOTH).only_check(check)])
}

/// Waits until the only check shows this.
fn shows(node: &Node<'_>, verdict: &str, detail: &str) -> Result<()> {
    node.wait_until(&format!("{verdict}: {detail}"), || {
        let said = node.run("anycastctl status --json")?;
        let both = [format!("\"{verdict}\""), detail.to_owned()];
        if both.iter().all(|text| said.output.contains(text)) {
            return Ok(());
        }
        Err(Error::new(said.output))
    })
}

#[test]
fn a_unit_that_is_killed_or_stopped_withdraws() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings("unit: unbound.service"))?;
    shows(&node, "pass", "unbound.service is active (running)")?;
    // Debian's unit starts it again at once.
    node.succeed("mkdir -p /run/systemd/system/unbound.service.d")?;
    node.succeed(
        "printf '[Service]\\nRestart=no\\n' > /run/systemd/system/unbound.service.d/no.conf",
    )?;
    node.succeed("systemctl daemon-reload")?;
    node.succeed("systemctl kill --signal=KILL unbound")?;
    node.lacks(&BOTH)?;
    shows(&node, "fail", "unbound.service is failed (failed), signal")?;
    node.succeed("systemctl start unbound")?;
    node.has(&BOTH)?;
    node.succeed("systemctl stop unbound")?;
    node.lacks(&BOTH)?;
    shows(&node, "fail", "unbound.service is inactive (dead)")?;

    // Without D-Bus nothing is known, and what was decided is held; with it again, everything is.
    node.succeed("systemctl start unbound")?;
    node.has(&BOTH)?;
    node.succeed("systemctl stop dbus.socket dbus.service")?;
    shows(&node, "unknown", "the prober cannot ask systemd")?;
    node.neighbor.has(&BOTH)?;
    node.succeed("systemctl start dbus.socket dbus.service")?;
    shows(&node, "pass", "unbound.service is active (running)")
}

/// Probes alone would need longer than the scenario waits.
#[test]
fn news_of_a_unit_has_its_check_look_at_once() -> Result<()> {
    let lab = lab()?;
    let patient = [
        "interval: 10s",
        "fast_interval: 10s",
        "rise: 1",
        "fall: 5",
        "window: off",
    ];
    let service = Service::new("resolver", &BOTH).only_check("unit: unbound.service");
    let service = patient.into_iter().fold(service, Service::with);
    let node = Node::announced(&lab, &Settings::new([service]))?;
    node.succeed("systemctl stop unbound")?;
    node.lacks(&BOTH)?;
    let said = node.run("anycastctl status")?;
    let why = "systemd changed its state, then 5 failed in a row";
    assert!(said.output.contains(why), "{}", said.output);
    Ok(())
}

/// As the unit's user, without any right, in a file system that is read-only.
#[test]
fn a_program_runs_within_the_limits_of_the_unit() -> Result<()> {
    let lab = lab()?;
    let script =
        "id -un; test -e /run/sick && exit 1; touch /etc/sick 2> /dev/null && exit 3; exit 0";
    let check = format!("exec: {{ command: [/bin/sh, -c, \"{script}\"] }}");
    let node = Node::announced(&lab, &settings(&check))?;
    shows(&node, "pass", "anycastctl")?;
    node.succeed("touch /run/sick")?;
    node.lacks(&BOTH)?;
    shows(&node, "fail", "exit code 1: anycastctl")?;
    node.succeed("rm /run/sick")?;
    node.has(&BOTH)
}
