//! The package is installed, upgraded, removed and purged.

use lab::{Error, Machine, Result};

use crate::node::{Node, configure, lab, package, record, roots, settings};

/// What BIRD is about: its process, and its protocols with their times. Those vary by a millisecond from one answer to the
/// next.
fn bird(machine: &Machine<'_>) -> Result<String> {
    machine.succeed("systemctl show -p MainPID,ExecMainStartTimestampMonotonic,NRestarts bird && birdc show protocols | sed 's/\\.[0-9]*//' && birdc show status | grep 'Last re'")
}

fn exists(machine: &Machine<'_>, path: &str) -> Result<bool> {
    Ok(machine.run(&format!("test -e {path}"))?.code == Some(0))
}

#[test]
fn installed_beside_a_running_bird_it_does_nothing_until_it_is_configured() -> Result<()> {
    let lab = lab()?;
    let machine = Machine::boot(&lab, &roots().debian()?, |_| Ok(()))?;
    let before = bird(&machine)?;
    machine.copy(&package()?, "/root/anycastctl.deb")?;
    machine.succeed("dpkg --install /root/anycastctl.deb")?;
    assert_eq!(bird(&machine)?, before);
    assert_eq!(machine.property("anycastctl", "ActiveState")?, "inactive");
    assert_eq!(machine.property("anycastctl", "UnitFileState")?, "enabled");
    // Nor if somebody starts it.
    machine.succeed("systemctl start anycastctl")?;
    assert_eq!(machine.property("anycastctl", "ActiveState")?, "inactive");

    configure(&lab, &machine.path("/")?, &settings())?;
    machine.succeed("dpkg --remove anycastctl")?;
    assert!(exists(&machine, "/etc/anycastctl/config.yaml")?);
    assert!(exists(&machine, "/etc/anycastctl/secrets/tor1")?);
    machine.succeed("dpkg --purge anycastctl")?;
    for gone in [
        "/etc/anycastctl",
        "/var/lib/anycastctl",
        "/usr/bin/anycastctl",
    ] {
        assert!(!exists(&machine, gone)?, "{gone}");
    }
    assert_eq!(bird(&machine)?, before);
    record(
        "installed, removed, purged",
        "BIRD's process, protocols and times untouched",
    )
}

#[test]
fn an_upgrade_keeps_its_routes() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings())?;
    node.machine.copy(&package()?, "/root/anycastctl.deb")?;
    let (witness, before) = (node.witness()?, node.process("anycastctl")?);
    node.succeed(NEWER)?;
    let process = node.another_process("anycastctl", before)?;
    node.settled()?;
    let end = node.succeed(&format!("tail --lines=1 /proc/{process}/exe"))?;
    if end.trim_end() != "newer" {
        return Err(node.explain(&Error::new("the program that runs is not the new one")));
    }
    node.kept("upgrade", witness)
}

/// The same program with a word behind its end, in a package of another version: as good as a second build, which
/// would take minutes.
const NEWER: &str = r"
cd /root
dpkg-deb --raw-extract anycastctl.deb newer
sed -i 's/^Version: .*/Version: 9.9.9-1/' newer/DEBIAN/control
printf '\nnewer\n' >>newer/usr/bin/anycastctl
dpkg-deb -Znone --build newer newer.deb
dpkg --install newer.deb
";

#[test]
fn removed_it_withdraws() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings())?;
    let witness = node.witness()?;
    node.succeed("dpkg --remove anycastctl")?;
    node.lacks(&crate::node::BOTH)?;
    // What is gone is no error to BIRD.
    node.succeed("birdc configure | grep -q Reconfigured")?;
    node.never_has(&crate::node::BOTH)?;
    node.withdrawn("package removed", witness)
}
