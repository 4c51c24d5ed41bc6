//! What happens to BIRD, by accident or by other people, and what the neighbour sees of it.

use std::process::Command;

use lab::{Answer, Bird, ControlSocket, Error, Exception, Result};

use crate::scene::{BOTH, Scene, lab, settings};

#[test]
fn somebody_configures_while_announced() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.neighbor.updates()?;
    scene.bird.configure()?;
    scene.was_told(before, 0, 0)
}

#[test]
fn somebody_configures_while_withdrawn() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    let before = scene.neighbor.updates()?;
    scene.bird.configure()?;
    scene.was_told(before, 0, 0)
}

/// `disable` and `enable` by hand are put right: the daemon's state is what counts.
#[test]
fn somebody_disables_and_enables_by_hand() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    // Down by the time of the reply, and perhaps up again before anybody else could look.
    let reply = scene.bird.ask("disable \"anycast_resolver_v4\"")?;
    assert!(reply.contains("anycast_resolver_v4: disabled"), "{reply}");
    scene.lab.wait_until("enabled again", || {
        scene.bird.is_up("anycast_resolver_v4", true)
    })?;
    scene.has(&BOTH)?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    scene.bird.ask("enable \"anycast_resolver_v6\"")?;
    scene.lab.wait_until("disabled again", || {
        scene.bird.is_up("anycast_resolver_v6", false)
    })?;
    scene.lacks(&BOTH)
}

#[test]
fn bird_is_killed_while_announced() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings())?;
    scene.kill_bird()?;
    scene.lacks(&BOTH)?;
    scene.bird.restart()?;
    scene.has(&BOTH)
}

/// Our daemon is frozen meanwhile, so that what BIRD does it does by itself.
#[test]
fn bird_restarts_alone_while_announced() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings())?;
    scene.controller.daemon()?.freeze()?;
    scene.kill_bird()?;
    scene.bird.restart()?;
    scene.has(&BOTH)
}

/// The same, withdrawn.
#[test]
fn bird_restarts_alone_while_withdrawn() -> Result<()> {
    let lab = lab()?;
    let (mut scene, mut server) = Scene::announced(&lab, &settings())?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    scene.controller.daemon()?.freeze()?;
    scene.kill_bird()?;
    scene.bird.restart()?;
    scene.established()?;
    scene.never_has(&BOTH)?;
    scene.controller.daemon()?.thaw()?;
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)
}

/// The service dies while BIRD is away: BIRD has to come back without it.
#[test]
fn the_server_dies_while_bird_is_away() -> Result<()> {
    let lab = lab()?;
    let (mut scene, mut server) = Scene::announced(&lab, &settings())?;
    scene.kill_bird()?;
    server.kill()?;
    scene.desires("withdrawn")?;
    scene.lacks(&BOTH)?;
    scene.bird.restart()?;
    scene.established()?;
    scene.never_has(&BOTH)
}

/// Without BFD the sessions outlive the freeze, so the routes can only go by a withdraw.
#[test]
fn bird_is_frozen_during_a_withdraw() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings().without_bfd())?;
    let before = scene.neighbor.updates()?;
    scene.bird.process()?.freeze()?;
    server.kill()?;
    scene.desires("withdrawn")?;
    scene.neighbor.has(&BOTH)?;
    scene.bird.process()?.thaw()?;
    scene.lacks(&BOTH)?;
    scene.was_told(before, 0, 2)?;
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)
}

#[test]
fn somebody_breaks_the_configuration() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    std::fs::write(scene.bird.configuration(), "protocol static oops {\n")?;
    scene
        .bird
        .configure()
        .expect_err("the configuration is broken");
    server.kill()?;
    scene.lacks(&BOTH)?;
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)
}

/// Times have their dates all the same: the rendered file says how they are written.
#[test]
fn times_have_dates_whether_or_not_a_connection_may_choose_them() -> Result<()> {
    let lab = lab()?;
    let scene = Scene::prepared(&lab, &settings())?;
    let reply = scene.bird.ask("timeformat iso long us")?;
    Exception::NoTimeFormat.assert(reply.contains("9001 "))?;
    let (_, document) = scene.any_status()?;
    let started = document["bird"]["started_at"].as_str();
    assert!(started.is_some(), "{document}");
    Ok(())
}

/// Freed memory is overwritten here, so that whoever uses it dies of it.
#[test]
fn a_session_that_configure_removes_kills_a_bird_that_uses_freed_memory() -> Result<()> {
    const SESSION: &str = "protocol bgp gone { local 10.0.0.1 as 1; neighbor 10.0.0.2 as 2; \
                           multihop 2; ipv4 { import none; export none; }; }\n";
    const OTHERS: &str = "router id 10.0.0.1;\nprotocol device { }\n";
    let lab = lab()?;
    let directory = lab.node().directory();
    let [configuration, socket] = ["own.conf", "own.ctl"].map(|name| directory.join(name));
    std::fs::write(&configuration, format!("{OTHERS}{SESSION}"))?;
    let mut command = Command::new(Bird::node_program());
    command.args(["-f", "-c"]).arg(&configuration);
    command.arg("-s").arg(&socket).env("MALLOC_PERTURB_", "165");
    let process = lab.node().spawn("own", &mut command)?;
    let ask = |command: &str| ControlSocket::connect(&socket)?.ask(command);
    lab.wait_until("BIRD", || ask("show protocols gone"))?;
    std::fs::write(&configuration, OTHERS)?;
    ask("configure")?;
    lab.wait_until("the end of the session, or of BIRD", || {
        let shown = ask("show status").and_then(|status| Ok(status + &ask("show protocols")?));
        match shown {
            Err(_) if !process.is_running() => Ok(()),
            Ok(shown) if !shown.contains("in progress") && !shown.contains("gone") => Ok(()),
            shown => Err(Error::new(format!("{shown:?}"))),
        }
    })?;
    Exception::ClosedSessionKills.assert(!process.is_running())
}
