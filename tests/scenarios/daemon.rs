//! The life of our own daemon: it comes and goes without a flap, and a node boots withdrawn.

use std::time::{Duration, Instant};

use lab::{Answer, DnsServer, Result, Settings, Signal, Software};

use crate::scene::{BOTH, Scene, V4, V6, lab, resolver, settings};

#[test]
fn killed_and_started_again_without_a_flap() -> Result<()> {
    let lab = lab()?;
    let (mut scene, mut server) = Scene::announced(&lab, &settings())?;
    let before = scene.neighbor.updates()?;
    scene.controller.stop(Signal::SIGKILL)?;
    scene.was_told(before, 0, 0)?;
    scene.controller.start()?;
    scene.desires("announced")?;
    scene.was_told(before, 0, 0)?;
    server.kill()?;
    scene.lacks(&BOTH)
}

/// Whatever the dead daemon left announced is found and withdrawn.
#[test]
fn the_server_dies_while_the_daemon_is_away() -> Result<()> {
    let lab = lab()?;
    let (mut scene, mut server) = Scene::announced(&lab, &settings())?;
    scene.controller.stop(Signal::SIGKILL)?;
    server.kill()?;
    scene.neighbor.has(&BOTH)?;
    scene.controller.start()?;
    scene.lacks(&BOTH)
}

#[test]
fn stopped_with_withdraw() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings())?;
    let status = scene.controller.stop(Signal::SIGTERM)?;
    assert!(status.success(), "{status}");
    scene.lacks(&BOTH)?;
    scene.bird.configure()?;
    scene.never_has(&BOTH)
}

#[test]
fn stopped_with_hold() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings().hold_on_stop())?;
    let before = scene.neighbor.updates()?;
    let status = scene.controller.stop(Signal::SIGINT)?;
    assert!(status.success(), "{status}");
    scene.was_told(before, 0, 0)?;
    scene.neighbor.has(&BOTH)
}

/// A reboot: intent files are gone, the server does not come up, everything else does.
#[test]
fn a_reboot_with_a_dead_server_stays_withdrawn() -> Result<()> {
    let lab = lab()?;
    let (mut scene, mut server) = Scene::announced(&lab, &settings())?;
    scene.controller.stop(Signal::SIGKILL)?;
    scene.kill_bird()?;
    server.kill()?;
    std::fs::remove_dir_all(scene.controller.intent_directory())?;
    std::fs::create_dir(scene.controller.intent_directory())?;

    scene.lacks(&BOTH)?;
    scene.bird.restart()?;
    scene.controller.start()?;
    scene.established()?;
    scene.never_has(&BOTH)?;
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)
}

#[test]
fn never_announced_before_rise() -> Result<()> {
    let lab = lab()?;
    let scene = Scene::started(&lab, &Settings::new([resolver().with("rise: 10")]))?;
    scene.desires("withdrawn")?;
    let started = Instant::now();
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    scene.has(&BOTH)?;
    // Ten passes are nine intervals of 200 ms apart, less some jitter.
    assert!(
        started.elapsed() > Duration::from_millis(1500),
        "{:?}",
        started.elapsed()
    );
    Ok(())
}

/// Standard error is a pipe that is full and that nobody reads: the log may suffer, the routes not.
#[test]
fn a_stuck_log_delays_nothing() -> Result<()> {
    let lab = lab()?;
    let mut server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let mut scene = Scene::prepared(&lab, &settings())?;
    let _unread = scene.controller.start_with_unread_log()?;
    scene.has(&BOTH)?;
    let killed = Instant::now();
    server.kill()?;
    scene.lacks(&BOTH)?;
    assert!(
        killed.elapsed() < Duration::from_secs(5),
        "{:?}",
        killed.elapsed()
    );
    Ok(())
}
