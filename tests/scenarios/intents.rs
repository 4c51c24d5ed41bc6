//! Other people's hands in the intent directory: the routes follow the daemon, and the files are put right.

use std::path::PathBuf;

use lab::{Answer, Error, Result};

use crate::scene::{BOTH, Scene, V4_PREFIX, lab, settings};

/// What our program writes.
const CONTENT: &str = "disabled off;\n";

const PROTOCOL: &str = "anycast_resolver_v4";

fn file(scene: &Scene) -> PathBuf {
    scene.controller.intent(PROTOCOL)
}

fn is_put_right(scene: &Scene) -> Result<()> {
    scene.lab.wait_until(
        "the intent file put right",
        || match std::fs::read_to_string(file(scene)) {
            Ok(content) if content == CONTENT => Ok(()),
            other => Err(Error::new(format!("{other:?}"))),
        },
    )
}

fn is_removed(scene: &Scene) -> Result<()> {
    scene.lab.wait_until("no intent file", || {
        if file(scene).exists() {
            return Err("it is there");
        }
        Ok(())
    })
}

fn has_error(document: &serde_json::Value) -> bool {
    document["services"][0]["families"][0]["error"].is_string()
}

/// BIRD reads its configuration before the daemon has looked: one withdraw and one announcement are due.
#[test]
fn deleted_while_announced() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.neighbor.updates()?;
    std::fs::remove_file(file(&scene))?;
    scene.bird.configure()?;
    is_put_right(&scene)?;
    let settled = scene.settled()?;
    scene.has(&BOTH)?;
    scene.was_told_at_most(before, 1, 1)?;
    scene.bird.configure()?;
    scene.was_told(settled, 0, 0)
}

#[test]
fn edited_while_announced() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.neighbor.updates()?;
    std::fs::write(file(&scene), "disabled;\n")?;
    scene.bird.configure()?;
    is_put_right(&scene)?;
    scene.has(&BOTH)?;
    scene.was_told_at_most(before, 1, 1)
}

/// What is no BIRD configuration at all would keep BIRD from reading any.
#[test]
fn filled_with_nonsense() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.neighbor.updates()?;
    std::fs::write(file(&scene), "oops {\n".repeat(100_000))?;
    is_put_right(&scene)?;
    scene.bird.configure()?;
    scene.was_told(before, 0, 0)
}

#[test]
fn created_while_withdrawn() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    let before = scene.neighbor.updates()?;
    std::fs::write(file(&scene), CONTENT)?;
    scene.bird.configure()?;
    is_removed(&scene)?;
    scene.lacks(&BOTH)?;
    scene.was_told_at_most(before, 1, 1)?;
    scene.never_has(&BOTH)
}

/// A file stands where the directory was: nothing can be written, and routes go and come all the same.
#[test]
fn a_file_in_place_of_the_directory() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    let directory = scene.controller.intent_directory();
    std::fs::remove_dir_all(&directory)?;
    std::fs::write(&directory, "mine")?;
    scene.reports("an error", |code, document| {
        code == Some(1) && has_error(document)
    })?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)?;
    std::fs::remove_file(&directory)?;
    is_put_right(&scene)?;
    scene.reports("no error", |code, document| {
        code == Some(0) && !has_error(document)
    })?;
    Ok(())
}

/// A directory stands where the file was: it cannot be removed, and the withdraw happens all the same.
#[test]
fn a_directory_in_place_of_the_file() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    std::fs::remove_file(file(&scene))?;
    std::fs::create_dir(file(&scene))?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    std::fs::remove_dir(file(&scene))?;
    scene.reports("no error", |_, document| !has_error(document))?;

    std::fs::create_dir(file(&scene))?;
    scene.reports("an error", |code, document| {
        code == Some(1) && has_error(document)
    })?;
    // What cannot be done must not keep the daemon from what can.
    scene.bird.ask(&format!("enable \"{PROTOCOL}\""))?;
    lab.wait_until("disabled again", || scene.bird.is_up(PROTOCOL, false))?;
    scene.lacks(&[V4_PREFIX])?;
    std::fs::remove_dir(file(&scene))?;
    scene.reports("no error", |_, document| !has_error(document))?;
    Ok(())
}

/// A pipe that nobody reads stands where the file is prepared: whoever writes to it waits for ever, and
/// so does not the daemon, not even at its end.
#[test]
fn a_file_system_that_hangs() -> Result<()> {
    let lab = lab()?;
    let mut scene = Scene::prepared(&lab, &settings())?;
    for protocol in [PROTOCOL, "anycast_resolver_v6"] {
        let partial = scene.controller.intent(protocol).with_extension("partial");
        lab.node()
            .run("mkfifo", &[&partial.display().to_string()])?;
    }
    scene.controller.start()?;
    let mut server = lab::DnsServer::start(
        lab.node(),
        lab::Software::Nsd,
        "dns",
        &[crate::scene::V4, crate::scene::V6],
    )?;
    scene.has(&BOTH)?;
    scene.reports("an error", |_, document| has_error(document))?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    let status = scene.controller.stop(lab::Signal::SIGTERM)?;
    assert!(status.success(), "{status}");
    Ok(())
}

/// A pipe stands where `bird.conf` was: whoever reads it waits for ever. Said once, and nothing waits for it.
#[test]
fn a_configuration_whose_file_system_hangs_is_told() -> Result<()> {
    let lab = lab()?;
    let (mut scene, mut server) = Scene::announced(&lab, &settings())?;
    let configuration = scene.bird.configuration().display().to_string();
    lab.node().run("rm", &[&configuration])?;
    lab.node().run("mkfifo", &[&configuration])?;
    scene.reports("a problem", |_, document| {
        document["controller"]["problems"]
            .to_string()
            .contains("their file system hangs")
    })?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    scene.logs(&["part=files"])?;
    assert_eq!(scene.controller.log().matches("part=files").count(), 1);
    let status = scene.controller.stop(lab::Signal::SIGTERM)?;
    assert!(status.success(), "{status}");
    Ok(())
}
