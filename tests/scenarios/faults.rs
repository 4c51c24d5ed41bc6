//! What happens to the daemon itself and to its ways to BIRD, and what the neighbour sees of it.

use std::time::Duration;

use lab::{Result, Service, Settings, Signal, Software};
use serde_json::Value;

use crate::scene::{A_WHILE, BOTH, Scene, V4, V4_PREFIX, V6, lab, resolver, settings};

/// Longer than a freeze that anybody would call a hiccup, and than `fall` probes.
const FREEZE: Duration = Duration::from_secs(3);

fn intents(scene: &Scene) -> usize {
    std::fs::read_dir(scene.controller.intent_directory()).map_or(0, Iterator::count)
}

/// Nobody can withdraw what BIRD cannot be told; but BIRD must not come back with it, and status tells.
#[test]
fn the_socket_of_bird_is_removed() -> Result<()> {
    let lab = lab()?;
    let (mut scene, mut server) = Scene::announced(&lab, &settings())?;
    std::fs::remove_file(scene.bird.socket())?;
    server.kill()?;
    scene.reports("no such socket", |code, document| {
        let error = document["services"][0]["families"][0]["error"].as_str();
        let error = error.or_else(|| document["bird"]["error"].as_str());
        code == Some(1) && error.is_some_and(|error| error.contains("no such socket"))
    })?;
    lab.wait_until("no intent files", || match intents(&scene) {
        0 => Ok(()),
        number => Err(number),
    })?;
    scene.kill_bird()?;
    scene.bird.restart()?;
    scene.established()?;
    scene.never_has(&BOTH)
}

#[test]
fn the_daemon_is_frozen_for_a_while() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.neighbor.updates()?;
    scene.controller.daemon()?.freeze()?;
    scene.keeps(FREEZE)?;
    scene.controller.daemon()?.thaw()?;
    scene.was_told(before, 0, 0)
}

#[test]
fn the_server_dies_while_the_daemon_is_frozen() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    scene.controller.daemon()?.freeze()?;
    server.kill()?;
    scene.keeps(FREEZE)?;
    scene.controller.daemon()?.thaw()?;
    scene.lacks(&BOTH)
}

/// A check of the daemon's own that it cannot run says nothing about the server.
fn detail(document: &Value) -> &str {
    document["services"][0]["checks"][0]["detail"]
        .as_str()
        .unwrap_or_default()
}

/// Over TCP each probe needs a descriptor, where a probe over UDP mostly has that of the last one.
fn thirsty() -> Service {
    resolver().only_check("dns: { name: example.com, type: SOA, transport: tcp }")
}

/// Longer than `fall` intervals nothing is known about the server, and nothing is done.
#[test]
fn the_daemon_is_out_of_descriptors() -> Result<()> {
    let lab = lab()?;
    let slow = thirsty().with("interval: 1s");
    let (scene, _server) = Scene::announced(&lab, &Settings::new([slow]))?;
    let before = scene.neighbor.updates()?;
    let daemon = scene.controller.daemon()?;
    daemon.limit_descriptors(3)?;
    scene.keeps(Duration::from_secs(5))?;
    // The next probe after the shortage would take its trace away.
    lab.wait_until("a status that tells", || {
        daemon.limit_descriptors(3)?;
        scene.keeps(Duration::from_millis(1500))?;
        daemon.limit_descriptors(1024)?;
        let (_, document) = scene.status()?;
        if detail(&document).contains("file descriptors") {
            return Ok(());
        }
        Err(lab::Error::new(document.to_string()))
    })?;
    scene.was_told(before, 0, 0)
}

#[test]
fn the_daemon_is_out_of_descriptors_for_too_long() -> Result<()> {
    let lab = lab()?;
    let stale = Settings::new([thirsty()]).daemon("stale_after: 4s");
    let (scene, _server) = Scene::announced(&lab, &stale)?;
    let daemon = scene.controller.daemon()?;
    daemon.limit_descriptors(3)?;
    scene.keeps(A_WHILE)?;
    lab.wait_until("a decision", || match scene.controller.log() {
        log if log.contains("to=withdrawn") => Ok(()),
        log => Err(log),
    })?;
    daemon.limit_descriptors(1024)?;
    scene.has(&BOTH)
}

/// Each question of each probe that may be unanswered has a socket.
#[test]
fn as_many_descriptors_as_all_questions_need_are_asked_for() -> Result<()> {
    let lab = lab()?;
    let question = "{ name: example.com, type: SOA }";
    let check = format!(
        "dns: {{ server: 127.0.0.1, questions: [{question}, {question}, {question}, {question}] }}"
    );
    let service = resolver().only_check(&check);
    let service = (1..50).fold(service, |service, _| service.check(&check));
    let service = service.with("window: { size: 10, failures: 6 }");
    let mut scene = Scene::prepared(&lab, &Settings::new([service]))?;
    // 512 for everything else, and a standing connection.
    let needed = 512 + 50 * 4 * 10 + 1;
    let words = format!("Set `LimitNOFILE={needed}` in the unit");
    let tells = |document: &Value| {
        document["controller"]["problems"]
            .to_string()
            .contains(&words)
    };
    scene.controller.start_with_descriptors(1024, needed - 1)?;
    scene.reports("a problem", |_, document| tells(document))?;
    scene.controller.stop(Signal::SIGTERM)?;
    scene.controller.start_with_descriptors(1024, needed + 1)?;
    let (_, document) = lab.wait_until("a status", || scene.status())?;
    assert!(!tells(&document), "{document:#}");
    let limits = format!("/proc/{}/limits", scene.controller.daemon()?.id());
    let limits = std::fs::read_to_string(limits)?;
    let allowed = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let allowed = allowed.and_then(|line| line.split_whitespace().nth(3));
    assert_eq!(allowed, Some(needed.to_string().as_str()), "{limits}");
    Ok(())
}

/// The prefix is announced, and nobody gets it.
#[test]
fn the_session_goes_and_comes_back() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    scene.reports("as wanted", |code, _| code == Some(0))?;
    scene.neighbor.bird().ask("disable \"bgp_node_v4\"")?;
    let exported = |document: &Value, wanted: bool| {
        let exports = document["services"][0]["exported_to"].as_array();
        exports
            .into_iter()
            .flatten()
            .any(|export| export["prefix"] == V4_PREFIX && export["exported"] == wanted)
    };
    scene.reports("nobody gets it", |code, document| {
        code == Some(1) && exported(document, false)
    })?;
    scene.neighbor.bird().ask("enable \"bgp_node_v4\"")?;
    scene.has(&BOTH)?;
    scene.reports("as wanted again", |code, document| {
        code == Some(0) && exported(document, true)
    })?;
    Ok(())
}

/// A daemon that finds the service announced is in as much of a hurry as one that announced it.
#[test]
fn adopted_and_then_dead_is_detected_fast() -> Result<()> {
    let lab = lab()?;
    let service = resolver()
        .with("interval: 10s")
        .with("fast_interval: 100ms");
    let server = lab::DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let mut scene = Scene::started(&lab, &Settings::new([service]))?;
    scene.has(&BOTH)?;
    scene.controller.stop(Signal::SIGKILL)?;
    scene.controller.start()?;
    scene.reports("an answer", |_, document| detail(document).contains("SOA"))?;
    server.process()?.freeze()?;
    let frozen = std::time::Instant::now();
    scene.lacks(&BOTH)?;
    // Without the hurry: three probes at 10 s, after the one that was under way.
    assert!(
        frozen.elapsed() < Duration::from_secs(18),
        "{:?}",
        frozen.elapsed()
    );
    Ok(())
}
