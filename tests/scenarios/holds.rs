//! `flap.action: hold`: a session that flaps is kept disabled, whatever anybody does to BIRD, and enabled in the end.

use lab::{DnsServer, Error, Lab, Result, Settings, Signal};
use serde_json::Value;

use crate::scene::{A_WHILE, BOTH, Scene, V6_PREFIX, lab, settings};

/// One flap is one too many, for so long: four half-lives.
fn holding(half_life: &str) -> Settings {
    settings()
        .flap("action: hold, penalty: 1000, suppress: 1000, reuse: 62")
        .flap(&format!("half_life: {half_life}"))
}

/// Longer than any test.
const FOREVER: &str = "5m";

/// What BIRD keeps as the reason.
const MARK: &str = "anycastctl: flapping, penalty ";

/// Everything is announced; then the neighbour loses its IPv4 session, and does not get it back.
fn held<'lab>(lab: &'lab Lab, settings: &Settings) -> Result<(Scene<'lab>, DnsServer<'lab>)> {
    let (scene, server) = Scene::announced(lab, settings)?;
    flap(&scene)?;
    Ok((scene, server))
}

/// The neighbour restarts its session until that is too much. A loss right after BIRD's start is no flap.
fn flap(scene: &Scene<'_>) -> Result<()> {
    scene.reports("held", |_, document| {
        if flaps(document)["held"] == true {
            return true;
        }
        // Only what was seen Established can be seen to be lost.
        if document["sessions"][0]["state"] == "Established" {
            let _ = scene.neighbor.bird().ask("restart bgp_node_v4");
        }
        false
    })?;
    is_down(scene)
}

fn flaps(document: &Value) -> &Value {
    &document["sessions"][0]["flaps"]
}

/// The IPv4 session is disabled, by BIRD's own word.
fn is_down(scene: &Scene<'_>) -> Result<()> {
    let table = scene.bird.ask("show protocols \"bgp_tor1_v4\"")?;
    let row = table.lines().find(|row| row.contains("bgp_tor1_v4"));
    match row.and_then(|row| row.split_whitespace().nth(3)) {
        Some("down") => Ok(()),
        _ => Err(Error::new(table)),
    }
}

fn stays_down(scene: &Scene<'_>) -> Result<()> {
    scene.lab.stays("held", A_WHILE, || is_down(scene))
}

/// BIRD's message of the session, where there is one.
fn message(scene: &Scene<'_>) -> Result<String> {
    scene.bird.ask("show protocols all \"bgp_tor1_v4\"")
}

/// Waits until it is disabled with our message: again, where somebody has meddled.
fn is_held_again(scene: &Scene<'_>) -> Result<()> {
    scene.lab.wait_until("held again", || {
        is_down(scene)?;
        let text = message(scene)?;
        if text.contains(MARK) {
            Ok(())
        } else {
            Err(Error::new(text))
        }
    })
}

fn drop_in(scene: &Scene<'_>) -> bool {
    scene.controller.intent("bgp_tor1_v4").exists()
}

/// What the neighbour knows of its IPv6 session: since when it has it, and how often it lost a route.
fn other_session(scene: &Scene<'_>) -> Result<(Option<String>, Option<String>)> {
    let text = scene
        .neighbor
        .bird()
        .ask("show protocols all \"bgp_node_v6\"")?;
    let row = text.lines().find(|line| line.contains("bgp_node_v6"));
    // Without fractions, which differ from one look to the next.
    let since = row.and_then(|row| row.split_whitespace().nth(4)?.split('.').next());
    let withdraws = text.lines().find(|line| line.contains("Import withdraws:"));
    Ok((since.map(str::to_owned), withdraws.map(str::to_owned)))
}

#[test]
fn a_session_that_flaps_is_held_whatever_anybody_does_and_released_in_the_end() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &holding("5s"))?;
    let before = other_session(&scene)?;
    flap(&scene)?;
    assert!(message(&scene)?.contains(MARK), "{}", message(&scene)?);
    lab.wait_until("the session down at the neighbour", || {
        scene.neighbor.bird().is_up("bgp_node_v4", false)
    })?;
    let document = scene.reports("protected", |_, document| {
        flaps(document)["held_protected"] == true
    })?;
    let count = flaps(&document)["count"].clone();
    scene.bird.configure()?;
    stays_down(&scene)?;
    scene.bird.ask("enable bgp_tor1_v4")?;
    is_held_again(&scene)?;
    scene.neighbor.has(&[V6_PREFIX])?;
    assert_eq!(before, other_session(&scene)?);

    scene.established()?;
    scene.has(&BOTH)?;
    let document = scene.reports("released", |_, document| {
        flaps(document)["held"] == false && flaps(document)["flapping"] == false
    })?;
    // What we did to the session ourselves is no flap.
    assert_eq!(flaps(&document)["count"], count, "{document}");
    assert!(!drop_in(&scene));
    assert_eq!(before, other_session(&scene)?);
    scene.logs(&["a session is enabled again"])
}

/// What the message told is gone with a `configure`: the file tells, too. What an operator disabled stays so.
#[test]
fn a_daemon_that_is_started_again_enables_what_its_predecessor_held_and_nothing_else() -> Result<()>
{
    let lab = lab()?;
    let (mut scene, _server) = held(&lab, &holding(FOREVER))?;
    scene.controller.stop(Signal::SIGKILL)?;
    scene.bird.configure()?;
    stays_down(&scene)?;
    assert!(drop_in(&scene) && !message(&scene)?.contains(MARK));
    scene
        .bird
        .ask("disable bgp_tor1_v6 \"anycastctl is not to touch this\"")?;
    scene.controller.start()?;
    lab.wait_until("the session that was held", || {
        scene.bird.is_up("bgp_tor1_v4", true)
    })?;
    assert!(!drop_in(&scene));
    lab.stays("disabled by hand", A_WHILE, || {
        scene.bird.is_up("bgp_tor1_v6", false)
    })
}

/// Killed in the middle, with nothing but the message to tell.
#[test]
fn the_message_alone_tells_whose_a_disabled_session_is() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = held(&lab, &holding(FOREVER))?;
    scene.controller.stop(Signal::SIGKILL)?;
    std::fs::remove_file(scene.controller.intent("bgp_tor1_v4"))?;
    scene.controller.start()?;
    scene.established()
}

/// Nobody else would enable it: so it is, whatever a stop does to announcements.
#[test]
fn a_daemon_that_stops_holds_nothing() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = held(&lab, &holding(FOREVER).hold_on_stop())?;
    let status = scene.controller.stop(Signal::SIGTERM)?;
    assert!(status.success(), "{status}");
    assert!(!drop_in(&scene));
    is_down(&scene).expect_err("still disabled");
    scene.established()?;
    scene.has(&BOTH)
}

/// BIRD is away, and comes back when nobody is there to enable anything.
#[test]
fn a_daemon_that_stops_while_bird_does_not_run_leaves_no_file_behind() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = held(&lab, &holding(FOREVER))?;
    scene.bird.kill()?;
    scene.reports("BIRD is away", |_, document| {
        document["bird"]["connected"] == false
    })?;
    let status = scene.controller.stop(Signal::SIGTERM)?;
    assert!(status.success(), "{status}");
    assert!(!drop_in(&scene));
    scene.bird.restart()?;
    scene.established()
}

/// A BIRD that is started again finds the file, and nobody has to tell it anything.
#[test]
fn a_bird_that_is_started_again_leaves_the_session_down() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = held(&lab, &holding(FOREVER))?;
    scene.kill_bird()?;
    scene.bird.restart()?;
    lab.wait_until("the other session", || {
        scene.bird.is_up("bgp_tor1_v6", true)
    })?;
    stays_down(&scene)?;
    scene.reports("held", |_, document| flaps(document)["held"] == true)?;
    Ok(())
}

/// A bird.conf of before, without the line: the hold is asserted again, and the status says that it has to be. An
/// apply brings the line, and does not take the session that is held for a loss.
#[test]
fn without_the_line_the_hold_is_asserted_again_and_an_apply_brings_the_line() -> Result<()> {
    let lab = lab()?;
    let server = DnsServer::start(
        lab.node(),
        lab::Software::Nsd,
        "dns",
        &[crate::scene::V4, crate::scene::V6],
    )?;
    let mut scene = Scene::prepared(&lab, &holding(FOREVER))?;
    let text = std::fs::read_to_string(scene.bird.configuration())?;
    let is_line = |line: &&str| line.contains("include") && line.contains("/intent/bgp_");
    assert_eq!(text.lines().filter(is_line).count(), 2, "{text}");
    let without: Vec<&str> = text.lines().filter(|line| !is_line(line)).collect();
    std::fs::write(scene.bird.configuration(), without.join("\n") + "\n")?;
    scene.bird.configure()?;
    scene.controller.start()?;
    scene.has(&BOTH)?;
    flap(&scene)?;
    scene.reports("not protected", |_, document| {
        let hint = document["sessions"][0]["hint"].as_str().unwrap_or_default();
        flaps(document)["held_protected"] == false && hint.contains("bird.conf does not include")
    })?;
    scene.bird.configure()?;
    is_held_again(&scene)?;

    let before = other_session(&scene)?;
    let outcome = scene.controller.call(&["apply", "--confirm", "10s"])?;
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    scene.reports("protected", |_, document| {
        flaps(document)["held_protected"] == true
    })?;
    is_down(&scene)?;
    assert_eq!(before, other_session(&scene)?);
    drop(server);
    Ok(())
}
