//! The unit itself: well formed, confined, and telling what an operator wants to know.

use lab::{Error, Result};
use serde_json::Value;

use crate::node::{Node, lab, settings};

const UNITS: &str = "/usr/lib/systemd/system/anycastctl*.service";

#[test]
fn the_units_are_well_formed_and_confined() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings())?;
    let said = node.run(&format!("systemd-analyze verify --man=no {UNITS}"))?;
    assert_eq!(
        (said.code, said.complaint.as_str()),
        (Some(0), ""),
        "{said:?}"
    );
    // In tenths: an exposure of 1.5 at most.
    for unit in ["anycastctl.service", "anycastctl-failed.service"] {
        node.succeed(&format!(
            "systemd-analyze security --no-pager --threshold=15 {unit}"
        ))?;
    }
    Ok(())
}

#[test]
fn operators_see_who_ordered_what_the_status_and_the_fields_of_the_journal() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings())?;
    node.wait_until("the unit's status", || {
        let shown = node.succeed("systemctl status --no-pager anycastctl")?;
        if shown.contains("Status: \"1 of 1 service announced") {
            return Ok(());
        }
        Err(Error::new(shown))
    })?;

    // Somebody who has logged in, and became root with sudo.
    node.succeed(
        "useradd --create-home jane && echo 'jane ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/jane",
    )?;
    node.succeed(
        "echo $(id --user jane) >/proc/self/loginuid && \
         setpriv --reuid=jane --regid=jane --init-groups sudo anycastctl drain resolver --reason 'a new kernel'",
    )?;
    let history = node.succeed("anycastctl history")?;
    let told = history
        .lines()
        .any(|line| line.contains("jane") && line.contains("a new kernel"));
    assert!(told, "{history}");
    node.succeed("anycastctl undrain resolver")?;

    let entries = node
        .succeed("journalctl --boot --output=json --unit=anycastctl ANYCASTCTL_SERVICE=resolver")?;
    let entry = entries
        .lines()
        .last()
        .ok_or_else(|| Error::new("no entry"))?;
    let entry: Value =
        serde_json::from_str(entry).map_err(|error| Error::new(error.to_string()))?;
    for field in [
        "ANYCASTCTL_EVENT",
        "ANYCASTCTL_SERVICE",
        "MESSAGE",
        "PRIORITY",
    ] {
        assert!(entry[field].is_string(), "no {field} in {entry}");
    }
    Ok(())
}
