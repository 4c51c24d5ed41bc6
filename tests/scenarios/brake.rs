//! `anycastctl brake`: everything is withdrawn, and there is no daemon that could do it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};

use lab::{DnsServer, Error, Lab, Outcome, Result, Signal, Software};
use serde_json::Value;

use crate::scene::{A_WHILE, BOTH, Scene, V4, V6, lab, settings};

/// Announced, and the daemon is gone without a word.
fn abandoned(lab: &Lab) -> Result<(Scene<'_>, DnsServer<'_>)> {
    let (mut scene, server) = Scene::announced(lab, &settings())?;
    scene.controller.stop(Signal::SIGKILL)?;
    scene.has(&BOTH)?;
    Ok((scene, server))
}

fn brakes(scene: &Scene, arguments: &[&str], code: i32) -> Result<Outcome> {
    let arguments = [&["brake"], arguments].concat();
    let outcome = scene.controller.call(&arguments)?;
    if outcome.code == Some(code) {
        Ok(outcome)
    } else {
        Err(Error::new(format!("{outcome:?}")))
    }
}

fn intents(scene: &Scene) -> Result<usize> {
    Ok(fs::read_dir(scene.controller.intent_directory())?.count())
}

/// What is withdrawn stays so, whatever BIRD reads.
fn stays_withdrawn(scene: &mut Scene) -> Result<()> {
    scene.lacks(&BOTH)?;
    assert_eq!(intents(scene)?, 0);
    scene.bird.configure()?;
    scene.never_has(&BOTH)?;
    scene.kill_bird()?;
    scene.bird.restart()?;
    scene.established()?;
    scene.never_has(&BOTH)
}

#[test]
fn after_a_daemon_that_was_killed_everything_is_withdrawn_until_one_starts_again() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = abandoned(&lab)?;
    let before = scene.neighbor.updates()?;
    let outcome = brakes(&scene, &[], 0)?;
    for name in ["anycast_resolver_v4", "anycast_resolver_v6"] {
        let line = outcome.output.lines().find(|line| {
            line.starts_with(&format!("{name} ")) && line.ends_with("announced -> withdrawn")
        });
        assert!(line.is_some(), "{outcome:?}");
    }
    assert!(outcome.complaint.contains("systemctl start anycastctl"));
    scene.lacks(&BOTH)?;
    scene.was_told(before, 0, 2)?;
    stays_withdrawn(&mut scene)?;

    let again = brakes(&scene, &["--json"], 0)?;
    let document: Value =
        serde_json::from_str(&again.output).map_err(|error| Error::new(error.to_string()))?;
    assert_eq!(document["bird"], "confirmed");
    assert_eq!(document["protocols"][0]["was"], "down", "{document}");
    let history = scene.controller.succeed(&["history"])?;
    assert!(history.contains("withdrew everything"), "{history}");
    scene.controller.start()?;
    scene.has(&BOTH)
}

#[test]
fn a_drained_service_is_withdrawn() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings())?;
    scene.controller.succeed(&["drain", "--all"])?;
    scene.controller.stop(Signal::SIGKILL)?;
    let outcome = brakes(&scene, &[], 0)?;
    assert!(outcome.output.contains("anycast_resolver_v4_drain"));
    stays_withdrawn(&mut scene)?;
    // The order outlives the brake.
    scene.controller.start()?;
    scene.has(&BOTH)?;
    lab.wait_until("drained", || {
        scene.bird.is_up("anycast_resolver_v6_drain", true)
    })
}

/// Where the configuration can tell nothing, the files and BIRD do.
#[test]
fn a_configuration_that_is_broken_keeps_nobody_from_braking() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = abandoned(&lab)?;
    fs::write(scene.controller.configuration(), "services: [\n")?;
    let socket = scene.bird.socket().display().to_string();
    let directory = scene.controller.intent_directory().display().to_string();
    let control = scene.controller.control().display().to_string();
    let paths = [
        "--socket",
        &socket,
        "--intent-dir",
        &directory,
        "--control",
        &control,
    ];
    let outcome = brakes(&scene, &paths, 0)?;
    assert!(outcome.complaint.contains("cannot be used"), "{outcome:?}");
    stays_withdrawn(&mut scene)
}

#[test]
fn while_a_daemon_runs_nothing_is_touched() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.neighbor.updates()?;
    let outcome = brakes(&scene, &[], 1)?;
    assert!(outcome.complaint.contains("anycastctl withdraw --all"));
    assert_eq!(intents(&scene)?, 2);
    scene.was_told(before, 0, 0)?;
    scene.has(&BOTH)
}

/// It says that BIRD may still announce, and has done what it could: the next time that BIRD reads anything it
/// withdraws.
#[test]
fn a_bird_that_is_frozen_withdraws_when_it_goes_on() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings().without_bfd())?;
    scene.controller.stop(Signal::SIGKILL)?;
    scene.bird.process()?.freeze()?;
    let outcome = brakes(&scene, &["--wait", "1s"], 3)?;
    assert!(
        outcome.complaint.contains("may still announce"),
        "{outcome:?}"
    );
    for name in ["anycast_resolver_v4", "anycast_resolver_v6"] {
        assert!(!scene.controller.intent(name).exists());
    }
    scene.bird.process()?.thaw()?;
    scene.bird.configure()?;
    scene.lacks(&BOTH)?;
    brakes(&scene, &[], 0)?;
    stays_withdrawn(&mut scene)
}

#[test]
fn a_bird_that_goes_on_in_time_is_told() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings().without_bfd())?;
    scene.controller.stop(Signal::SIGKILL)?;
    scene.bird.process()?.freeze()?;
    let braking = scene.controller.start_command("brake", &["brake"])?;
    let file = scene.controller.intent("anycast_resolver_v4");
    lab.wait_until("the files gone", || {
        if file.exists() {
            return Err("it is there");
        }
        Ok(())
    })?;
    scene.bird.process()?.thaw()?;
    assert_eq!(braking.wait()?.code(), Some(0));
    stays_withdrawn(&mut scene)
}

#[test]
fn a_bird_that_is_away_starts_withdrawn() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = abandoned(&lab)?;
    scene.kill_bird()?;
    let outcome = brakes(&scene, &[], 0)?;
    assert!(outcome.complaint.contains("start withdrawn"), "{outcome:?}");
    assert_eq!(intents(&scene)?, 0);
    scene.bird.restart()?;
    scene.established()?;
    scene.never_has(&BOTH)
}

/// A directory stands where a file was.
#[test]
fn what_cannot_be_removed_is_told_and_keeps_nobody_from_bird() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = abandoned(&lab)?;
    let file = scene.controller.intent("anycast_resolver_v4");
    fs::remove_file(&file)?;
    fs::create_dir(&file)?;
    let outcome = brakes(&scene, &[], 4)?;
    assert!(outcome.complaint.contains("cannot remove"), "{outcome:?}");
    scene.lacks(&BOTH)
}

/// A pipe stands where the configuration was: whoever reads it waits for ever.
#[test]
fn a_disk_that_hangs_keeps_nobody_from_bird() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = abandoned(&lab)?;
    let configuration = scene.controller.configuration().display().to_string();
    fs::remove_file(&configuration)?;
    lab.node().run("mkfifo", &[&configuration])?;
    let socket = scene.bird.socket().display().to_string();
    let directory = scene.controller.intent_directory().display().to_string();
    let paths = ["--socket", &socket, "--intent-dir", &directory];
    let outcome = brakes(&scene, &paths, 0)?;
    assert!(
        outcome.complaint.contains("could not be read"),
        "{outcome:?}"
    );
    scene.lacks(&BOTH)
}

/// As the daemon's user, with nothing but the socket's group; and with less than that.
#[test]
fn the_right_to_open_the_socket_is_all_that_it_takes() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = abandoned(&lab)?;
    let (socket, directory) = (scene.bird.socket(), scene.controller.intent_directory());
    let arguments = [
        "brake",
        "--socket",
        &socket.display().to_string(),
        "--intent-dir",
        &directory.display().to_string(),
    ];
    let refused = scene.controller.call_as("nobody", "nogroup", &arguments)?;
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert!(
        refused.complaint.contains("nothing was touched"),
        "{refused:?}"
    );

    // The ids of nobody and nogroup on Debian.
    let nobody = Some(65534);
    chown(
        scene.controller.control().with_extension("lock"),
        nobody,
        None,
    )?;
    chown(&directory, nobody, None)?;
    fs::set_permissions(lab.node().directory(), Permissions::from_mode(0o755))?;
    let closed = scene.controller.call_as("nobody", "nogroup", &arguments)?;
    assert_eq!(closed.code, Some(4), "{closed:?}");
    assert!(
        closed.complaint.contains("may still announce"),
        "{closed:?}"
    );
    chown(socket, None, nobody)?;
    let outcome = scene.controller.call_as("nobody", "nogroup", &arguments)?;
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    stays_withdrawn(&mut scene)
}

/// Nobody else would enable it; and what somebody else disabled stays so.
#[test]
fn sessions_that_were_held_are_enabled() -> Result<()> {
    let lab = lab()?;
    let scene = Scene::prepared(&lab, &settings().flap("action: hold"))?;
    fs::write(scene.controller.intent("bgp_tor1_v4"), "disabled;\n")?;
    scene.bird.configure()?;
    lab.wait_until("disabled", || scene.bird.is_up("bgp_tor1_v4", false))?;
    scene.bird.ask("disable \"bgp_tor1_v6\" \"mine\"")?;
    let outcome = brakes(&scene, &[], 0)?;
    assert!(
        outcome.output.contains("kept disabled -> enabled"),
        "{outcome:?}"
    );
    assert!(
        outcome.complaint.contains("No daemon has run with the"),
        "{outcome:?}"
    );
    lab.wait_until("enabled", || scene.bird.is_up("bgp_tor1_v4", true))?;
    assert_eq!(intents(&scene)?, 0);
    lab.stays("disabled by somebody else", A_WHILE, || {
        scene.bird.is_up("bgp_tor1_v6", false)
    })?;
    // The message alone tells, too.
    scene
        .bird
        .ask("disable \"bgp_tor1_v4\" \"anycastctl: flapping, penalty 3120\"")?;
    brakes(&scene, &[], 0)?;
    lab.wait_until("enabled", || scene.bird.is_up("bgp_tor1_v4", true))
}

/// Only what is ours: other people's files stay, and so do other people's protocols.
#[test]
fn what_is_not_ours_stays() -> Result<()> {
    let lab = lab()?;
    let server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let mut scene = Scene::prepared(&lab, &settings())?;
    let other = "protocol static mine4 { ipv4; route 198.51.100.0/24 blackhole; }\n";
    let text = fs::read_to_string(scene.bird.configuration())?;
    fs::write(scene.bird.configuration(), text + other)?;
    scene.bird.configure()?;
    scene.controller.start()?;
    scene.has(&BOTH)?;
    scene.controller.stop(Signal::SIGKILL)?;
    let note = scene.controller.intent_directory().join("mine4.conf");
    fs::write(&note, "# mine\n")?;
    brakes(&scene, &[], 0)?;
    scene.lacks(&BOTH)?;
    scene.bird.is_up("mine4", true)?;
    assert_eq!(fs::read_to_string(&note)?, "# mine\n");
    drop(server);
    Ok(())
}
