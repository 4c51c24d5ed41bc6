//! Services and sessions that are gone from the configuration: what they had BIRD do ends when a daemon is there.

use lab::{DnsServer, Error, Lab, Result, Settings, Signal, Software};

use crate::scene::{A_WHILE, BOTH, Scene, V4, V6, lab, resolver, settings};

/// Another service, which the configuration loses.
const OLD: &str = "192.0.2.54";
const OLD_PREFIX: &str = "192.0.2.54/32";
const OLD_PROTOCOL: &str = "anycast_old_v4";

fn old() -> lab::Service {
    lab::Service::new("old", &[OLD_PREFIX])
}

fn both_services() -> Settings {
    Settings::new([resolver(), old()])
}

/// Two services are announced, and the daemon is gone without a word.
fn left_behind<'lab>(
    lab: &'lab Lab,
    settings: &Settings,
) -> Result<(Scene<'lab>, DnsServer<'lab>)> {
    let server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6, OLD])?;
    let mut scene = Scene::started(lab, settings)?;
    scene.has(&BOTH)?;
    scene.has(&[OLD_PREFIX])?;
    scene.controller.stop(Signal::SIGKILL)?;
    Ok((scene, server))
}

fn with_old() -> Result<Lab> {
    Lab::new(&[V4, V6, OLD])
}

/// Neither the intent file nor the note that BIRD has yet to be told.
fn is_cleared(scene: &Scene, protocol: &str) -> Result<()> {
    let file = scene.controller.intent(protocol);
    scene.lab.wait_until("no file of the orphan", || {
        for path in [file.clone(), file.with_extension("retired")] {
            if path.exists() {
                return Err(Error::new(path.display().to_string()));
            }
        }
        Ok(())
    })
}

/// The other service is not touched, nor is what is not ours.
#[test]
fn a_service_that_was_removed_while_no_daemon_ran_is_withdrawn() -> Result<()> {
    let lab = with_old()?;
    let (mut scene, _server) = left_behind(&lab, &both_services())?;
    settings().install(&lab)?;
    let directory = scene.controller.intent_directory();
    let foreign = [
        ("operators_own.conf", "# disabled off;\n"),
        ("anycast_old_v6.conf", "disabled off; # by hand\n"),
        ("x\"; down; \".conf", "disabled off;\n"),
        ("notes.txt", "mine"),
    ];
    for (name, content) in foreign {
        std::fs::write(directory.join(name), content)?;
    }
    std::fs::create_dir(directory.join("folder.conf"))?;
    let before = scene.neighbor.updates()?;
    scene.controller.start()?;
    scene.lacks(&[OLD_PREFIX])?;
    is_cleared(&scene, OLD_PROTOCOL)?;
    scene.was_told(before, 0, 1)?;
    scene.bird.configure()?;
    scene.was_told(before, 0, 1)?;
    scene.has(&BOTH)?;
    for (name, content) in foreign {
        assert_eq!(std::fs::read_to_string(directory.join(name))?, content);
    }
    assert!(directory.join("folder.conf").is_dir());
    scene.logs(&["left behind by a service", "no configured service has it"])?;
    let history = scene.controller.succeed(&["history"])?;
    for words in ["anycast_old_v4", "left behind", "confirmed by BIRD"] {
        assert!(history.contains(words), "{history}");
    }
    Ok(())
}

/// Under its new name it is announced as soon as BIRD has that, and it gets there by an apply.
#[test]
fn a_service_that_was_renamed_is_withdrawn_under_its_old_name() -> Result<()> {
    let lab = with_old()?;
    let (mut scene, _server) = left_behind(&lab, &both_services())?;
    Settings::new([resolver(), lab::Service::new("new", &[OLD_PREFIX])]).install(&lab)?;
    let before = scene.neighbor.updates()?;
    scene.controller.start()?;
    scene.lacks(&[OLD_PREFIX])?;
    is_cleared(&scene, OLD_PROTOCOL)?;
    scene.was_told(before, 0, 1)?;
    let outcome = scene.controller.call(&["apply", "--confirm", "10s"])?;
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    scene.has(&[OLD_PREFIX])?;
    scene.has(&BOTH)
}

#[test]
fn the_drained_twin_of_a_removed_service_is_withdrawn() -> Result<()> {
    let lab = with_old()?;
    let server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6, OLD])?;
    let mut scene = Scene::started(&lab, &both_services())?;
    scene.has(&[OLD_PREFIX])?;
    scene.controller.succeed(&["drain", "old"])?;
    scene.bird.is_up("anycast_old_v4_drain", true)?;
    scene.controller.stop(Signal::SIGKILL)?;
    settings().install(&lab)?;
    scene.controller.start()?;
    scene.lacks(&[OLD_PREFIX])?;
    is_cleared(&scene, "anycast_old_v4_drain")?;
    drop(server);
    Ok(())
}

/// A session that we kept disabled is enabled, and one that somebody else disabled stays theirs.
#[test]
fn sessions_of_a_removed_neighbor_are_held_no_longer() -> Result<()> {
    let lab = lab()?;
    // Only with this the sessions include their drop-ins.
    let mut scene = Scene::prepared(&lab, &settings().flap("action: hold"))?;
    for session in ["bgp_tor1_v4", "bgp_tor1_v6"] {
        std::fs::write(scene.controller.intent(session), "disabled;\n")?;
    }
    scene.bird.configure()?;
    for session in ["bgp_tor1_v4", "bgp_tor1_v6"] {
        lab.wait_until("disabled", || scene.bird.is_up(session, false))?;
    }
    // BIRD 3 replaces the protocols in the background, and forgets what it is told meanwhile.
    lab.wait_until("BIRD at rest", || {
        match scene.bird.ask("configure status")? {
            status if status.contains("0003") => Ok(()),
            status => Err(Error::new(status)),
        }
    })?;
    scene.bird.ask("enable \"bgp_tor1_v6\"")?;
    scene.bird.ask("disable \"bgp_tor1_v6\" \"mine\"")?;
    let configuration = scene.controller.configuration().to_owned();
    let text = std::fs::read_to_string(&configuration)?;
    std::fs::write(&configuration, text.replace("  tor1:\n", "  tor2:\n"))?;
    scene.controller.start()?;
    lab.wait_until("enabled", || scene.bird.is_up("bgp_tor1_v4", true))?;
    for session in ["bgp_tor1_v4", "bgp_tor1_v6"] {
        is_cleared(&scene, session)?;
    }
    lab.stays("disabled by somebody else", A_WHILE, || {
        scene.bird.is_up("bgp_tor1_v6", false)
    })
}

/// BIRD cannot read the file any more, and that is enough for a stop: there is nobody else to wait for.
#[test]
fn a_bird_that_is_away_comes_back_without_what_was_removed() -> Result<()> {
    let lab = with_old()?;
    let (mut scene, _server) = left_behind(&lab, &both_services())?;
    scene.kill_bird()?;
    settings().install(&lab)?;
    scene.controller.start()?;
    let file = scene.controller.intent(OLD_PROTOCOL);
    lab.wait_until("no intent file", || {
        if file.exists() {
            return Err("it is there");
        }
        Ok(())
    })?;
    scene.reports("BIRD is away", |_, document| {
        document["bird"]["connected"] == false
    })?;
    let status = scene.controller.stop(Signal::SIGTERM)?;
    assert!(status.success(), "{status}");
    scene.bird.restart()?;
    scene.established()?;
    scene.never_has(&[OLD_PREFIX])
}

/// What BIRD was not told before a crash, the next daemon tells it. A stop meanwhile says that it could not.
#[test]
fn a_bird_that_hangs_is_told_in_the_end_by_whoever_runs_then() -> Result<()> {
    let lab = with_old()?;
    let (mut scene, _server) = left_behind(&lab, &both_services().without_bfd())?;
    settings().without_bfd().install(&lab)?;
    scene.bird.process()?.freeze()?;
    scene.controller.start()?;
    let file = scene.controller.intent(OLD_PROTOCOL);
    lab.wait_until("the note", || {
        if file.exists() || !file.with_extension("retired").exists() {
            return Err("BIRD can read the file");
        }
        Ok(())
    })?;
    let status = scene.controller.stop(Signal::SIGTERM)?;
    assert_eq!(status.code(), Some(3), "{status}");
    let log = scene.controller.log();
    assert!(log.contains(OLD_PROTOCOL), "{log}");
    scene.bird.process()?.thaw()?;
    scene.has(&[OLD_PREFIX])?;
    scene.controller.start()?;
    scene.lacks(&[OLD_PREFIX])?;
    is_cleared(&scene, OLD_PROTOCOL)
}

/// Our own file may be found behind any number of others, and no poll waits for them.
#[test]
fn a_crowded_directory_hides_nothing_and_delays_nobody() -> Result<()> {
    let lab = with_old()?;
    let (mut scene, mut server) = left_behind(&lab, &both_services())?;
    settings().install(&lab)?;
    let directory = scene.controller.intent_directory();
    for number in 0..20_000 {
        std::fs::write(directory.join(format!("junk{number}.conf")), "")?;
    }
    scene.controller.start()?;
    scene.logs(&["BIRD answers"])?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    scene.lacks(&[OLD_PREFIX])?;
    is_cleared(&scene, OLD_PROTOCOL)
}
