//! What systemd hears from the daemon, at a socket in place of systemd's; and what a daemon without descriptors does.

use std::time::Duration;

use lab::{DnsServer, Error, Lab, Manager, Result, Service, Settings, Signal, Software};

use crate::scene::{A_WHILE, BOTH, Scene, V4, V6, lab, resolver, settings};

const READY: &str = "READY=1";
const FED: &str = "WATCHDOG=1";

/// That of the unit.
const WATCHDOG: Duration = Duration::from_secs(20);

/// Everything is there, and the daemon has just been started under a manager.
fn started<'lab>(lab: &'lab Lab, settings: &Settings) -> Result<(Scene<'lab>, Manager)> {
    let manager = Manager::start(lab)?;
    let mut scene = Scene::prepared(lab, settings)?;
    scene.controller.start_under(&manager, WATCHDOG)?;
    Ok((scene, manager))
}

/// The same, with the service announced.
fn announced<'lab>(
    lab: &'lab Lab,
    settings: &Settings,
) -> Result<(Scene<'lab>, DnsServer<'lab>, Manager)> {
    let server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let (scene, manager) = started(lab, settings)?;
    scene.has(&BOTH)?;
    Ok((scene, server, manager))
}

/// The status with which it was ready.
fn status_when_ready(manager: &Manager) -> Result<String> {
    manager.hears(READY, 0)?;
    let heard = manager.heard();
    let before = heard.iter().take_while(|heard| *heard != READY);
    let status = before
        .filter_map(|heard| heard.strip_prefix("STATUS="))
        .last();
    status
        .map(str::to_owned)
        .ok_or_else(|| Error::new(format!("{heard:?}")))
}

/// So many cycles more are heard of.
fn is_fed(manager: &Manager, more: usize) -> Result<()> {
    manager.hears(FED, manager.count(FED) + more - 1)
}

/// Nothing decides before a server answers, and being ready does not wait for that.
#[test]
fn ready_before_anything_is_decided() -> Result<()> {
    let lab = lab()?;
    let slow = resolver().with("interval: 1s").with("rise: 30");
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let (scene, manager) = started(&lab, &Settings::new([slow]))?;
    let status = status_when_ready(&manager)?;
    let wanted = "0 of 1 service announced; withdrawn: resolver (waiting for verdicts";
    assert!(status.starts_with(wanted), "{status}");
    scene.reports("undecided", |_, document| {
        document["services"][0]["desired"].is_null()
    })?;
    is_fed(&manager, 2)?;
    assert_eq!(manager.count(READY), 1);
    Ok(())
}

#[test]
fn ready_although_bird_is_away() -> Result<()> {
    let lab = lab()?;
    let manager = Manager::start(&lab)?;
    let mut scene = Scene::prepared(&lab, &settings())?;
    scene.kill_bird()?;
    scene.controller.start_under(&manager, WATCHDOG)?;
    manager.hears(READY, 0)?;
    manager.shows(&["BIRD does not answer: ", "0 of 1 service announced"])?;
    is_fed(&manager, 3)
}

/// A poll that fails is one that has ended: the daemon works, and what it cannot do is not for a restart to mend.
#[test]
fn ready_and_fed_although_bird_is_frozen() -> Result<()> {
    let lab = lab()?;
    let manager = Manager::start(&lab)?;
    let mut scene = Scene::prepared(&lab, &settings().without_bfd())?;
    scene.bird.process()?.freeze()?;
    scene.controller.start_under(&manager, WATCHDOG)?;
    manager.hears(READY, 0)?;
    is_fed(&manager, 2)?;
    manager.shows(&["BIRD does not answer: "])?;
    scene.bird.process()?.thaw()
}

/// An order that is in force is carried out first.
#[test]
fn ready_after_what_there_is_to_do() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings().hold_on_stop())?;
    scene.controller.succeed(&["withdraw", "resolver"])?;
    scene.lacks(&BOTH)?;
    scene.controller.stop(Signal::SIGTERM)?;
    // Somebody else announces while there is no daemon.
    let protocols = ["anycast_resolver_v4", "anycast_resolver_v6"];
    for protocol in protocols {
        scene.bird.ask(&format!("enable {protocol}"))?;
    }
    scene.has(&BOTH)?;
    let manager = Manager::start(&lab)?;
    scene.controller.start_under(&manager, WATCHDOG)?;
    let status = status_when_ready(&manager)?;
    let wanted = "withdrawn: resolver (withdrawn by root";
    assert!(status.contains(wanted), "{status}");
    for protocol in protocols {
        let row = scene.bird.ask(&format!("show protocols {protocol}"))?;
        assert!(row.contains(" down "), "{row}");
    }
    Ok(())
}

#[test]
fn the_status_says_how_it_goes_and_a_stop_that_it_ends() -> Result<()> {
    let lab = lab()?;
    let (mut scene, mut server, manager) = announced(&lab, &settings())?;
    manager.shows(&["1 of 1 service announced"])?;
    scene.controller.succeed(&["drain", "resolver"])?;
    manager.shows(&[
        "0 of 1 service announced; drained: resolver (drain",
        "by root",
    ])?;
    scene.controller.succeed(&["undrain", "resolver"])?;
    server.kill()?;
    manager.shows(&[
        "withdrawn: resolver (dns-1 at ",
        "in a row: connection refused",
    ])?;
    scene.controller.succeed(&["pin", "resolver"])?;
    manager.shows(&["1 of 1 service announced; pinned: resolver (by root"])?;
    scene.neighbor.bird().ask("disable \"bgp_node_v4\"")?;
    manager.shows(&["1 of 2 sessions established"])?;
    scene.controller.stop(Signal::SIGTERM)?;
    let heard = manager.heard();
    let end = ["STATUS=stopping: everything is withdrawn", "STOPPING=1"];
    assert!(heard.ends_with(&end.map(str::to_owned)), "{heard:?}");
    assert_eq!(manager.count(READY), 1);
    scene.logs(&["stopping signal=SIGTERM on_stop=withdraw"])
}

#[test]
fn a_daemon_that_stands_still_does_not_say_that_it_works() -> Result<()> {
    let lab = lab()?;
    let (scene, _server, manager) = announced(&lab, &settings())?;
    is_fed(&manager, 2)?;
    scene.controller.daemon()?.freeze()?;
    let before = manager.count(FED);
    lab.stays("silent", A_WHILE, || match manager.count(FED) {
        // The last one may have been on its way.
        fed if fed <= before + 1 => Ok(()),
        fed => Err(fed),
    })?;
    scene.controller.daemon()?.thaw()?;
    is_fed(&manager, 2)
}

/// Whatever systemd does, or does not, announcing goes on.
#[test]
fn a_manager_that_is_gone_disturbs_nobody() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server, manager) = announced(&lab, &settings())?;
    drop(manager);
    server.kill()?;
    scene.lacks(&BOTH)
}

/// A service with neither a kept connection nor a kept socket, which would give back a descriptor when its server dies: a
/// limit that is set to the first free number would then lie below those that the daemon keeps for itself.
fn keeping_nothing() -> Service {
    resolver()
        .with("events: false")
        .only_check("dns: { name: example.com, type: SOA, transport: tcp }")
}

/// The daemon has no descriptor left for anything, and its server is well: that is held, told, and withdrawn when it
/// lasts. The watchdog goes on, or systemd would kill a daemon that still has to withdraw.
#[test]
fn without_descriptors_it_holds_tells_and_withdraws_at_last() -> Result<()> {
    let lab = lab()?;
    let stale = Settings::new([keeping_nothing()]).daemon("stale_after: 8s");
    let (scene, _server, manager) = announced(&lab, &stale)?;
    let daemon = scene.controller.daemon()?;
    let before = scene.neighbor.updates()?;
    daemon.exhaust_descriptors()?;
    manager.shows(&[
        "1 of 1 service announced",
        "problem: no file descriptors are left",
    ])?;
    is_fed(&manager, 2)?;
    scene.reports("the alarm", |_, document| {
        let problems = document["controller"]["problems"].to_string();
        let check = document["services"][0]["checks"][0].to_string();
        problems.contains("no file descriptors") && check.contains("no file descriptors left")
    })?;
    scene.was_told_at_most(before, 0, 0)?;
    scene.lacks(&BOTH)?;
    manager.shows(&["withdrawn: resolver (", "no verdict for "])?;
    is_fed(&manager, 2)?;
    daemon.limit_descriptors(1024)?;
    scene.has(&BOTH)?;
    manager.shows(&["1 of 1 service announced"])?;
    assert!(
        !manager.status().contains("problem"),
        "{}",
        manager.status()
    );
    // It has not been telling the same all the time.
    let told = scene.controller.log().matches("descriptors").count();
    assert!(told < 40, "{told} lines:\n{}", scene.controller.log());
    Ok(())
}

/// What is known already needs no descriptors: the withdraw has its own.
#[test]
fn a_withdraw_needs_no_descriptors() -> Result<()> {
    let lab = lab()?;
    let slow = keeping_nothing()
        .with("interval: 1s")
        .with("fast_interval: 1s")
        .with("fall: 5");
    let (scene, mut server, manager) = announced(&lab, &Settings::new([slow]))?;
    let daemon = scene.controller.daemon()?;
    let room = daemon.descriptors()?;
    server.kill()?;
    scene.reports("failures", |_, document| {
        document["services"][0]["checks"][0]["verdict"] == "fail"
    })?;
    daemon.exhaust_descriptors()?;
    // An order, so that there is something to do with no descriptor left, whatever the checks have found by then.
    lab.wait_until("an order that is taken", || {
        let taken = scene.controller.call(&["withdraw", "resolver"])?;
        // The disk cannot take it, which is told.
        if taken.code == Some(0) || taken.complaint.contains("this is in force") {
            return Ok(());
        }
        Err(Error::new(taken.complaint))
    })?;
    scene.lacks(&BOTH)?;
    is_fed(&manager, 2)?;
    assert!(daemon.is_running());
    daemon.limit_descriptors(room + 64)
}

/// A number that is too high for the limit is never free again: what is kept has to be sockets already.
#[test]
fn a_stop_without_any_descriptor_withdraws() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server, _manager) = announced(&lab, &settings())?;
    scene.controller.daemon()?.limit_descriptors(3)?;
    let status = scene.controller.stop(Signal::SIGTERM)?;
    assert!(status.success(), "{status}\n{}", scene.controller.log());
    scene.lacks(&BOTH)
}
