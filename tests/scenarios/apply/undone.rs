//! A change that does not work out: everything is as it was.

use super::*;

/// The session breaks, is missed, and everything is as it was: files with owner and mode, and routes.
fn goes_back(scene: &Scene, missed: &str) -> Result<()> {
    let [conf, secrets] = files(scene);
    fs::set_permissions(&conf, fs::Permissions::from_mode(0o640))?;
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o600))?;
    std::os::unix::fs::chown(&conf, Some(12), Some(34))?;
    let old = both(scene)?;
    let outcome = apply(scene, &["--confirm", "4s"])?;
    ends(
        &outcome,
        1,
        "The old files are back, BIRD runs them, and all is as before",
    )?;
    ends(&outcome, 1, missed)?;
    assert_eq!(both(scene)?, old);
    is_tidy(scene)?;
    scene.neighbor.has(&BOTH)?;
    let undo = scene.bird.ask("configure status")?;
    assert!(!undo.contains("0022"), "{undo}");
    Ok(())
}

#[test]
fn a_wrong_as_number_is_undone() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    edit(&scene.controller, "asn: 64600", "asn: 64666")?;
    goes_back(&scene, "bgp_tor1_v4 was Established and is not: ")?;
    scene.keeps(crate::scene::A_WHILE)
}

#[test]
fn a_wrong_password_is_undone() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    fs::write(password_file(&scene), OTHER_PASSWORD)?;
    goes_back(&scene, "bgp_tor1_v6 was Established and is not: ")
}

/// BIRD has been told, and the process waits for what comes of it.
fn waits(scene: &Scene, process: &lab::Process) -> Result<()> {
    scene.lab.wait_until("waiting", || {
        let log = fs::read_to_string(process.log())?;
        if log
            .lines()
            .last()
            .is_some_and(|line| line.starts_with("waiting"))
        {
            return Ok(());
        }
        Err(Error::new(log))
    })
}

/// BIRD was started before anything was announced: going back must not go back to that. Neither where we
/// go back, nor where BIRD does by itself.
#[test]
fn going_back_withdraws_nothing() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.neighbor.updates()?;
    let changed = Settings::new([resolver().with("communities: [\"64601:53\"]")]);
    settings_with(&scene, &changed)?;
    let stopped = scene.controller.start_command("apply", &["apply"])?;
    waits(&scene, &stopped)?;
    stopped.signal(Signal::SIGTERM)?;
    let status = stopped.wait().map_err(|error| lab.explain(&error))?;
    assert_eq!(status.code(), Some(1));
    let killed = scene
        .controller
        .start_command("apply-2", &["apply", "--confirm", "1s"])?;
    waits(&scene, &killed)?;
    killed.kill()?;
    let pending = scene.bird.ask("configure status")?;
    assert!(pending.contains("0022-"), "{pending}");
    lab.wait_until("the undo", || match scene.bird.ask("configure status")? {
        status if status.contains("0022-") => Err(Error::new(status)),
        _ => Ok(()),
    })?;
    // The community came and went, twice.
    scene.was_told_at_most(before, 8, 0)?;
    scene.keeps(crate::scene::A_WHILE)?;
    scene.was_told_at_most(before, 8, 0)?;
    ends(&apply(&scene, &[])?, 0, "applied")?;
    runs_what_is_rendered(&scene)
}

/// One waits for a session that never comes back; the second is turned away; the first is told to stop.
#[test]
fn two_at_a_time_and_a_signal() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let old = both(&scene)?;
    edit(&scene.controller, "asn: 64600", "asn: 64666")?;
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let process = scene.controller.start_command("apply", &["apply"])?;
        waits(&scene, &process)?;
        ends(&apply(&scene, &[])?, 4, "another `anycastctl apply`")?;
        process.signal(signal)?;
        let status = process.wait().map_err(|error| lab.explain(&error))?;
        assert_eq!(status.code(), Some(1), "{:?}", lab.explain(&Error::new("")));
        assert_eq!(both(&scene)?, old);
        is_tidy(&scene)?;
        scene.has(&BOTH)?;
    }
    Ok(())
}

/// BIRD stops answering while it is told: the old files are back, and the error says what will happen.
#[test]
fn bird_is_frozen_in_the_middle() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings().without_bfd())?;
    let old = both(&scene)?;
    let changed = Settings::new([resolver().with("communities: [\"64601:53\"]")]);
    settings_with(&scene, &changed.without_bfd())?;
    let process = scene
        .controller
        .start_command("apply", &["apply", "--confirm", "2s"])?;
    let marker = lab.node().directory().join("bird.conf.unconfirmed");
    lab.wait_until("the change", || {
        if marker.exists() {
            scene.bird.process()?.freeze()
        } else {
            Err(Error::new("not yet"))
        }
    })?;
    let status = process.wait().map_err(|error| lab.explain(&error))?;
    let log = fs::read_to_string(process.log())?;
    assert_eq!(status.code(), Some(4), "{log}");
    assert!(
        log.contains("The old files are back, but BIRD does not answer"),
        "{log}"
    );
    assert_eq!(both(&scene)?, old);
    scene.bird.process()?.thaw()?;
    // The hold timer has expired meanwhile, after which BIRD waits for a minute.
    lab.wait_until("a restart", || scene.bird.ask("restart \"bgp_*\""))?;
    scene.established()?;
    scene.has(&BOTH)?;
    // Whether BIRD had read the new file before it froze or not, it is back at the old one by then.
    lab.wait_until("nothing to undo", || {
        match scene.bird.ask("configure status")? {
            status if status.contains("0022") => Err(Error::new(status)),
            _ => Ok(()),
        }
    })?;
    lab.wait_until("the route as before", || {
        match scene.neighbor.route(V4_PREFIX)? {
            Some(route) if route.communities.is_empty() => Ok(()),
            other => Err(Error::new(format!("{other:?}"))),
        }
    })?;
    let outcome = apply(&scene, &[])?;
    ends(&outcome, 0, "an earlier apply did not come to its end")?;
    runs_what_is_rendered(&scene)
}
