//! A changed configuration, good or bad.

use lab::{Error, Result, Service, Settings};

use crate::node::{BOTH, Node, lab, settings};

/// Another service, beside the usual one.
const OTHER: &str = "192.0.2.54";
const OTHER_PREFIX: &str = "192.0.2.54/32";

#[test]
fn a_good_one_adds_a_service_and_leaves_the_others_alone() -> Result<()> {
    let lab = lab()?;
    lab.add_address(OTHER)?;
    let node = Node::announced(&lab, &settings())?;
    let before = node.process("anycastctl")?;
    let two = Settings::new([
        Service::new("resolver", &BOTH),
        Service::new("other", &[OTHER_PREFIX]),
    ]);
    node.write("/etc/anycastctl/config.yaml", &two.for_machine()?)?;
    // BIRD sends again what leaves through a filter that has changed.
    let applied = node.witness()?;
    node.succeed("anycastctl apply")?;
    node.kept_but(1, "apply, with another service", applied)?;
    let witness = node.witness()?;
    node.succeed("systemctl reload anycastctl")?;
    node.has(&[OTHER_PREFIX])?;
    node.settled()?;
    assert_eq!(node.process("anycastctl")?, before);
    node.kept_but(1, "reload, good file", witness)
}

#[test]
fn a_bad_one_is_refused_and_nothing_changes() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings())?;
    let witness = node.witness()?;
    let loaded = node.settled()?["controller"]["config_loaded_at"].clone();
    node.succeed("sed -i 's/^    interval: .*/    interval: soon/' /etc/anycastctl/config.yaml")?;
    let reload = node.run("systemctl reload anycastctl")?;
    if reload.code == Some(0) {
        return Err(node.explain(&Error::new("a bad file was taken")));
    }
    node.says("anycastctl", "/etc/anycastctl/config.yaml:")?;
    let finding = node.journal("anycastctl")?;
    let place = finding.lines().any(|line| {
        let place = line.split_once("config.yaml:").map(|(_, place)| place);
        let mut numbers = place.into_iter().flat_map(|place| place.splitn(3, ':'));
        let mut is_number = || {
            numbers
                .next()
                .is_some_and(|text| text.parse::<u32>().is_ok())
        };
        is_number() && is_number()
    });
    if !place {
        return Err(node.explain(&Error::new(format!("no place in {finding}"))));
    }
    assert_eq!(node.settled()?["controller"]["config_loaded_at"], loaded);
    node.is_active("anycastctl", "active")?;
    node.kept("reload, bad file", witness)
}
