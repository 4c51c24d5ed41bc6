//! Every way for a DNS server to fail: withdrawn at the neighbour, and back after recovery.

use std::time::{Duration, Instant};

use lab::{Answer, DnsServer, FakeDns, Lie, Result, Settings, Software};

use crate::scene::{BOTH, Scene, V4, V4_PREFIX, V6, lab, resolver, settings};

/// Announced after the start, withdrawn when the server is killed, back when it is.
fn announced_killed_and_back(software: Software) -> Result<()> {
    let lab = lab()?;
    let mut server = DnsServer::start(lab.node(), software, "dns", &[V4, V6])?;
    let scene = Scene::started(&lab, &settings())?;
    scene.has(&BOTH)?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)
}

#[test]
fn nsd_is_killed() -> Result<()> {
    announced_killed_and_back(Software::Nsd)
}

#[test]
fn unbound_is_killed() -> Result<()> {
    announced_killed_and_back(Software::Unbound)
}

#[test]
fn named_is_killed() -> Result<()> {
    announced_killed_and_back(Software::Named)
}

#[test]
fn the_server_is_stopped_and_its_port_refuses() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    server.process()?.terminate()?;
    scene.lacks(&BOTH)?;
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)
}

#[test]
fn the_server_freezes() -> Result<()> {
    let lab = lab()?;
    let (scene, server) = Scene::announced(&lab, &settings())?;
    server.process()?.freeze()?;
    scene.lacks(&BOTH)?;
    scene.never_has(&BOTH)?;
    server.process()?.thaw()?;
    scene.has(&BOTH)
}

/// A server that goes on answers all the probes that waited, at once: they make no recovery.
#[test]
fn a_thaw_is_no_recovery() -> Result<()> {
    let lab = lab()?;
    let settings = Settings::new([resolver().with("rise: 10")]);
    let (scene, server) = Scene::announced(&lab, &settings)?;
    server.process()?.freeze()?;
    scene.lacks(&BOTH)?;
    let thawed = Instant::now();
    server.process()?.thaw()?;
    scene.has(&BOTH)?;
    // Ten passes are nine intervals of 200 ms apart, less some jitter.
    assert!(
        thawed.elapsed() > Duration::from_millis(1500),
        "{:?}",
        thawed.elapsed()
    );
    Ok(())
}

/// The server runs and answers, but not with what was asked for.
fn answers_badly_and_well_again(software: Software, answer: Answer) -> Result<()> {
    let lab = lab()?;
    let mut server = DnsServer::start(lab.node(), software, "dns", &[V4, V6])?;
    let scene = Scene::started(&lab, &settings())?;
    scene.has(&BOTH)?;
    server.restart(answer)?;
    scene.lacks(&BOTH)?;
    scene.never_has(&BOTH)?;
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)
}

#[test]
fn nsd_loses_its_zone() -> Result<()> {
    answers_badly_and_well_again(Software::Nsd, Answer::ServFail)
}

#[test]
fn unbound_cannot_resolve() -> Result<()> {
    answers_badly_and_well_again(Software::Unbound, Answer::ServFail)
}

#[test]
fn named_refuses() -> Result<()> {
    answers_badly_and_well_again(Software::Named, Answer::Refused)
}

#[test]
fn only_tcp_goes_unanswered() -> Result<()> {
    let lab = lab()?;
    let service = resolver().check("dns: { name: example.com, type: SOA, transport: tcp }");
    let (scene, _server) = Scene::announced(&lab, &Settings::new([service]))?;
    lab.node().drop_tcp(53)?;
    scene.lacks(&BOTH)?;
    lab.node().undrop()?;
    scene.has(&BOTH)
}

#[test]
fn a_liar_is_never_announced() -> Result<()> {
    let lab = lab()?;
    let scene = Scene::started(&lab, &settings())?;
    let address = format!("{V4}:53").parse().expect("an address");
    for lie in [
        Lie::WrongId,
        Lie::WrongQuestion,
        Lie::Truncated,
        Lie::HalfAHeader,
    ] {
        let _liar = FakeDns::start(lab.node(), address, lie)?;
        scene.never_has(&[V4_PREFIX])?;
    }
    let _honest = FakeDns::start(lab.node(), address, Lie::None)?;
    scene.has(&[V4_PREFIX])
}
