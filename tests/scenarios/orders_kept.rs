//! Orders outlive the daemon, the node, and a disk that takes nothing.

use std::fs;

use lab::{DnsServer, Error, Result, Signal, Software};
use serde_json::Value;

use crate::scene::{A_WHILE, BOTH, Scene, V4, V6, lab, settings};

fn file(scene: &Scene) -> std::path::PathBuf {
    scene.controller.state_directory().join("overrides.json")
}

fn succeeds(scene: &Scene, arguments: &[&str]) -> Result<()> {
    let done = scene.controller.succeed(arguments);
    done.map(drop).map_err(|error| scene.lab.explain(&error))
}

/// What is wrong with the daemon, as one text.
fn problems(document: &Value) -> String {
    document["controller"]["problems"].to_string()
}

/// Waits until the first service has this order.
fn is_ordered(scene: &Scene, kind: Option<&str>) -> Result<Value> {
    scene.reports(kind.unwrap_or("no order"), |_, document| {
        document["services"][0]["override"]["kind"].as_str() == kind
    })
}

/// Waits until the neighbour's routes are drained ones, or normal ones.
fn drained(scene: &Scene, wanted: bool) -> Result<()> {
    scene.lab.wait_until("drained routes", || {
        let table = scene.neighbor.bird().ask("show route all")?;
        let drained = table.matches("(65535,0)").count() == BOTH.len();
        let is_so = scene.neighbor.has(&BOTH).is_ok() && drained == wanted;
        if is_so {
            Ok(())
        } else {
            Err(Error::new(table))
        }
    })
}

#[test]
fn a_drain_outlives_a_stop_and_a_crash_without_an_update() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings().hold_on_stop())?;
    succeeds(&scene, &["drain", "resolver", "--for", "1h"])?;
    drained(&scene, true)?;
    let before = scene.settled()?;
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        scene.controller.stop(signal)?;
        scene.controller.start()?;
        is_ordered(&scene, Some("drain"))?;
        scene.desires("drained")?;
        scene.was_told(before, 0, 0)?;
    }
    succeeds(&scene, &["undrain", "resolver"])?;
    drained(&scene, false)?;
    assert!(!file(&scene).exists(), "no orders, no file");
    Ok(())
}

/// A reboot empties the intent directory, and not the orders. One order that ended meanwhile is ended.
#[test]
fn a_withdraw_outlives_a_reboot_and_its_end_does_not() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings())?;
    succeeds(&scene, &["withdraw", "--all", "--reason", "RAM"])?;
    scene.controller.stop(Signal::SIGKILL)?;
    scene.kill_bird()?;
    fs::remove_dir_all(scene.controller.intent_directory())?;
    scene.bird.restart()?;
    scene.controller.start()?;
    is_ordered(&scene, Some("withdraw"))?;
    scene.established()?;
    scene.never_has(&BOTH)?;

    scene.controller.stop(Signal::SIGKILL)?;
    let text = fs::read_to_string(file(&scene))?;
    let over = text.replace("\"until\": null", "\"until\": \"2020-01-01T00:00:00Z\"");
    assert_ne!(text, over);
    fs::write(file(&scene), over)?;
    scene.controller.start()?;
    is_ordered(&scene, None)?;
    scene.has(&BOTH)?;
    scene.logs(&["its time is over"])?;
    lab.wait_until("no file", || {
        if file(&scene).exists() {
            Err("a file")
        } else {
            Ok(())
        }
    })
}

/// What is announced by our own decision had not been withdrawn by anybody: it stays.
#[test]
fn a_damaged_file_found_while_announced() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings().hold_on_stop())?;
    let before = scene.settled()?;
    scene.controller.stop(Signal::SIGTERM)?;
    fs::create_dir_all(scene.controller.state_directory())?;
    fs::write(file(&scene), "{\"version\": 1, \"orders\": {\"resol")?;
    scene.controller.start()?;
    let told = scene.reports("a problem", |_, document| {
        problems(document).contains("nobody knows")
    })?;
    assert!(problems(&told).contains("line 1 column"), "{told}");
    scene.keeps(A_WHILE)?;
    scene.was_told(before, 0, 0)
}

/// After a reboot nobody knows whether an operator had withdrawn it: it stays out until somebody says so, also
/// over further restarts.
#[test]
fn a_damaged_file_found_after_a_reboot() -> Result<()> {
    let lab = lab()?;
    let mut scene = Scene::prepared(&lab, &settings())?;
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    fs::create_dir_all(scene.controller.state_directory())?;
    fs::write(file(&scene), "\0\0\0\0")?;
    scene.controller.start()?;
    is_ordered(&scene, Some("withdraw"))?;
    scene.never_has(&BOTH)?;
    let kept = scene
        .controller
        .state_directory()
        .join("overrides.json.unreadable");
    assert_eq!(fs::read(kept)?, b"\0\0\0\0");

    scene.controller.stop(Signal::SIGKILL)?;
    scene.controller.start()?;
    let document = is_ordered(&scene, Some("withdraw"))?;
    assert_eq!(
        document["services"][0]["override"]["by"], "anycastctl",
        "{document}"
    );
    scene.never_has(&BOTH)?;
    succeeds(&scene, &["release", "--all"])?;
    scene.has(&BOTH)?;
    let document = is_ordered(&scene, None)?;
    assert_eq!(problems(&document), "[]");
    Ok(())
}

/// A service that is renamed for an hour comes back as it was; `release` forgets it before.
#[test]
fn orders_of_services_that_are_not_there() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings())?;
    succeeds(&scene, &["drain", "resolver"])?;
    scene.controller.stop(Signal::SIGKILL)?;
    let text = fs::read_to_string(file(&scene))?;
    fs::write(file(&scene), text.replace("resolver", "renamed"))?;
    scene.controller.start()?;
    let document = is_ordered(&scene, None)?;
    assert!(
        problems(&document).contains("does not have: renamed"),
        "{document}"
    );
    scene.desires("announced")?;
    drained(&scene, false)?;
    assert!(fs::read_to_string(file(&scene))?.contains("renamed"));
    succeeds(&scene, &["release", "renamed"])?;
    assert!(!file(&scene).exists());
    let (_, document) = scene.status()?;
    assert_eq!(problems(&document), "[]");
    Ok(())
}

/// A full disk delays nothing: the order is in force, told as not kept, and kept once there is room.
#[test]
fn a_full_disk() -> Result<()> {
    let lab = lab()?;
    let mut scene = Scene::prepared(&lab, &settings())?;
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let state = scene.controller.start_on_full_disk()?;
    scene.has(&BOTH)?;
    let withdrawn = scene.controller.call(&["withdraw", "resolver"])?;
    assert_eq!(withdrawn.code, Some(4), "{withdrawn:?}");
    assert!(withdrawn.output.contains("now withdrawn"), "{withdrawn:?}");
    assert!(
        withdrawn.complaint.contains("would not survive a restart"),
        "{withdrawn:?}"
    );
    scene.lacks(&BOTH)?;
    scene.reports("a problem", |_, document| {
        problems(document).contains("not on the disk")
    })?;

    fs::remove_file(state.join("filler"))?;
    scene.reports("no problem", |_, document| problems(document) == "[]")?;
    assert!(fs::read_to_string(state.join("overrides.json"))?.contains("withdraw"));
    scene.lacks(&BOTH)
}

/// Nothing can be written at all.
#[test]
fn a_file_in_place_of_the_directory_of_state() -> Result<()> {
    let lab = lab()?;
    let mut scene = Scene::prepared(&lab, &settings())?;
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    fs::write(scene.controller.state_directory(), "mine")?;
    scene.controller.start()?;
    scene.has(&BOTH)?;
    let drained = scene.controller.call(&["drain", "resolver", "--json"])?;
    assert_eq!(drained.code, Some(4), "{drained:?}");
    assert!(
        drained.output.contains("\"actual\":\"drained\""),
        "{drained:?}"
    );
    fs::remove_file(scene.controller.state_directory())?;
    lab.wait_until("the file", || fs::read_to_string(file(&scene)))?;
    Ok(())
}
