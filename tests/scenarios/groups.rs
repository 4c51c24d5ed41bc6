//! Several checks that count as one, and on which family a check decides.

use lab::{Answer, DnsServer, Result, Settings, Software};

use crate::scene::{BOTH, Scene, V4, V4_PREFIX, V6, V6_PREFIX, lab, resolver};

/// What is asked of every server here.
const QUESTION: &str = "name: example.com, type: SOA";

#[test]
fn a_group_fails_when_fewer_pass_than_are_needed() -> Result<()> {
    let lab = lab()?;
    let addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
    let members = addresses.map(|server| format!("{{ dns: {{ server: {server}, {QUESTION} }} }}"));
    let group = format!(
        "group: {{ need: {{ at_least: 2 }}, of: [{}] }}",
        members.join(", ")
    );
    let mut servers = Vec::new();
    for address in addresses {
        servers.push(DnsServer::start(
            lab.node(),
            Software::Nsd,
            address,
            &[address],
        )?);
    }
    let scene = Scene::started(&lab, &Settings::new([resolver().only_check(&group)]))?;
    scene.has(&BOTH)?;

    let before = scene.neighbor.updates()?;
    servers[0].kill()?;
    scene.reports("a member that fails", |_, status| {
        let check = &status["services"][0]["checks"][0];
        check["name"] == "dns-1.1" && check["health"] == "unhealthy"
    })?;
    scene.was_told(before, 0, 0)?;
    servers[1].kill()?;
    scene.lacks(&BOTH)?;
    let (_, status) = scene.status()?;
    let reason = status["services"][0]["reason"].as_str().unwrap_or_default();
    let expected = "group-1: 1 of 3 pass, and 2 are needed; dns-1.1 at 127.0.0.1: ";
    assert!(reason.starts_with(expected), "{reason}");
    servers[0].restart(Answer::Normal)?;
    scene.has(&BOTH)
}

/// All of them unless it says otherwise.
#[test]
fn a_group_that_does_not_say_how_many_needs_all() -> Result<()> {
    let lab = lab()?;
    let members = ["127.0.0.1", "127.0.0.2"]
        .map(|server| format!("{{ dns: {{ server: {server}, {QUESTION} }} }}"));
    let group = format!("group: {{ of: [{}] }}", members.join(", "));
    let start = |address| DnsServer::start(lab.node(), Software::Nsd, address, &[address]);
    let mut servers = [start("127.0.0.1")?, start("127.0.0.2")?];
    let scene = Scene::started(&lab, &Settings::new([resolver().only_check(&group)]))?;
    for server in &mut servers {
        scene.has(&BOTH)?;
        server.kill()?;
        scene.lacks(&BOTH)?;
        let (_, status) = scene.status()?;
        let reason = status["services"][0]["reason"].as_str().unwrap_or_default();
        assert!(
            reason.starts_with("group-1: 1 of 2 pass, and 2 are needed; dns-1."),
            "{reason}"
        );
        server.restart(Answer::Normal)?;
    }
    scene.has(&BOTH)
}

#[test]
fn a_check_at_an_ipv6_address_decides_on_ipv6_unless_told_otherwise() -> Result<()> {
    for (told, gone, stays) in [
        ("", &[V6_PREFIX][..], &[V4_PREFIX][..]),
        ("families: [v4, v6], ", &BOTH[..], &[][..]),
    ] {
        let lab = lab()?;
        let v4 = format!("{{ dns: {{ server: {V4}, {QUESTION} }} }}");
        let v6 = format!("{{ {told}dns: {{ server: \"{V6}\", {QUESTION} }} }}");
        let service = resolver().only_check(&v4).check(&v6);
        let _v4_server = DnsServer::start(lab.node(), Software::Nsd, "v4", &[V4])?;
        let mut v6_server = DnsServer::start(lab.node(), Software::Nsd, "v6", &[V6])?;
        let scene = Scene::started(&lab, &Settings::new([service]))?;
        scene.has(&BOTH)?;

        let before = scene.neighbor.updates()?;
        v6_server.kill()?;
        scene.lacks(gone)?;
        let withdrawn = u64::try_from(gone.len()).expect("few");
        scene.was_told(before, 0, withdrawn)?;
        scene.has(stays)?;
    }
    Ok(())
}
