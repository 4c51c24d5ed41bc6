//! SIGHUP and `anycastctl reload`: what stays the same is not told to the neighbour, and nothing that was failing
//! gets another chance.

use std::fs;
use std::time::Duration;

use lab::{Answer, DnsServer, Error, Outcome, Result, Service, Settings, Signal, Software};
use serde_json::Value;

use crate::scene::{A_WHILE, BOTH, Scene, V4, V6, lab, resolver, settings};

/// A second service, without an address of its own on the node: the server answers on another.
const WEB: &str = "198.51.100.53/32";

fn web() -> Service {
    let dns = format!("{{ server: {V4}, name: example.com, type: SOA }}");
    Service::new("web", &[WEB])
        .with("require_address: false")
        .only_check(&format!("dns: {dns}"))
}

fn two() -> Settings {
    Settings::new([resolver(), web()])
}

/// A command that has to exit like this. It finds the daemon also where the file says nothing.
fn exits(scene: &Scene<'_>, code: i32, arguments: &[&str]) -> Result<Outcome> {
    let control = scene.controller.control().display().to_string();
    let outcome = scene
        .controller
        .call(&[arguments, &["--control", &control]].concat())?;
    if outcome.code == Some(code) {
        return Ok(outcome);
    }
    let error = Error::new(format!("{}: {outcome:?}", arguments.join(" ")));
    Err(scene.lab.explain(&error))
}

/// Has the daemon take these settings.
fn reload(scene: &Scene<'_>, settings: &Settings) -> Result<String> {
    settings.install(scene.lab)?;
    Ok(exits(scene, 0, &["reload"])?.output)
}

fn hang_up(scene: &Scene<'_>) -> Result<()> {
    scene.controller.daemon()?.signal(Signal::SIGHUP)
}

/// The problems of the daemon, as text.
fn problems(scene: &Scene<'_>) -> Result<String> {
    let text = exits(scene, 0, &["status", "--json"])?.output;
    let document: Value =
        serde_json::from_str(&text).map_err(|error| Error::new(error.to_string()))?;
    Ok(document["controller"]["problems"].to_string())
}

/// So many entries of the history are of this kind.
fn recorded(scene: &Scene<'_>, kind: &str) -> Result<usize> {
    let text = exits(scene, 0, &["history", "--json"])?.output;
    let document: Value =
        serde_json::from_str(&text).map_err(|error| Error::new(error.to_string()))?;
    let entries = document["entries"].as_array().into_iter().flatten();
    Ok(entries.filter(|entry| entry["event"] == kind).count())
}

/// The sum of a metric over all series.
fn counted(scene: &Scene<'_>, name: &str) -> Result<f64> {
    let text = exits(scene, 0, &["metrics"])?.output;
    let series = text.lines().filter(|line| line.starts_with(name));
    let values = series.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    Ok(values.sum())
}

#[test]
fn the_same_file_changes_nothing() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.settled()?;
    let (_, document) = scene.status()?;
    let since = document["services"][0]["since"].clone();
    let probes = counted(&scene, "anycastctl_verdicts_total")?;
    for _ in 0..5 {
        let output = reload(&scene, &settings())?;
        assert!(output.contains("services: 1 unchanged\n"), "{output}");
        assert!(output.contains("neighbors: 1 unchanged\n"), "{output}");
        hang_up(&scene)?;
    }
    scene.logs(&["a new configuration is in force", "SIGHUP"])?;
    scene.was_told(before, 0, 0)?;
    let (_, after) = scene.status()?;
    assert_eq!(after["services"][0]["since"], since, "{after}");
    assert_eq!(after["services"][0]["health"], "healthy", "{after}");
    assert!(counted(&scene, "anycastctl_verdicts_total")? > probes);
    let loaded = |document: &Value| document["controller"]["config_loaded_at"].clone();
    assert!(
        loaded(&after).as_str() > loaded(&document).as_str(),
        "{after}"
    );
    assert!(recorded(&scene, "reloaded")? >= 6);
    let json = exits(&scene, 0, &["reload", "--json"])?.output;
    assert!(json.contains(r#""unchanged":["resolver"]"#), "{json}");
    Ok(())
}

#[test]
fn services_come_and_go_beside_one_that_stays() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    two().install(&lab)?;
    let applied = scene.controller.call(&["apply"])?;
    assert_eq!(applied.code, Some(0), "{applied:?}");
    let outdated = "the daemon still goes by another configuration: `anycastctl reload`";
    assert!(applied.complaint.contains(outdated), "{applied:?}");
    // BIRD told all of it anew, because the export filter is another.
    let before = scene.settled()?;
    let output = reload(&scene, &two())?;
    assert!(
        output.contains("services: added web; 1 unchanged\n"),
        "{output}"
    );
    scene.has(&[WEB])?;
    scene.was_told(before, 1, 0)?;
    let again = scene.controller.call(&["apply"])?;
    assert!(!again.complaint.contains(outdated), "{again:?}");

    let before = scene.settled()?;
    let output = reload(&scene, &settings())?;
    assert!(
        output.contains("services: removed web; 1 unchanged\n"),
        "{output}"
    );
    scene.lacks(&[WEB])?;
    scene.was_told(before, 0, 1)?;
    lab.wait_until("no intent file of web", || {
        if scene.controller.intent("anycast_web_v4").exists() {
            return Err("still there");
        }
        Ok(())
    })?;

    // Back, in another place of the file.
    let before = scene.settled()?;
    let output = reload(&scene, &Settings::new([web(), resolver()]))?;
    assert!(
        output.contains("services: added web; 1 unchanged\n"),
        "{output}"
    );
    scene.has(&[WEB])?;
    scene.was_told(before, 1, 0)
}

#[test]
fn other_checks_hold_what_is_announced_and_what_is_not() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    let before = scene.settled()?;
    let more = |rise: u32| {
        let check = "{ name: more, dns: { name: example.com, type: NS } }";
        Settings::new([resolver().with(&format!("rise: {rise}")).check(check)])
    };
    let output = reload(&scene, &more(3))?;
    assert!(
        output.contains("services: changed resolver; 0 unchanged\n"),
        "{output}"
    );
    scene.was_told(before, 0, 0)?;
    scene.desires("announced")?;

    server.kill()?;
    scene.lacks(&BOTH)?;
    for rise in [4, 5] {
        reload(&scene, &more(rise))?;
        hang_up(&scene)?;
    }
    scene.never_has(&BOTH)?;
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)
}

#[test]
fn a_bad_file_changes_nothing_and_is_told_until_it_is_mended() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.settled()?;
    let good = fs::read_to_string(scene.controller.configuration())?;
    fs::write(
        scene.controller.configuration(),
        good.replace("rise: 2", "raise: 2"),
    )?;
    let outcome = exits(&scene, 2, &["reload"])?;
    let check = scene.controller.call(&["check"])?;
    assert!(
        outcome.complaint.starts_with(check.output.trim_end()),
        "{outcome:?} {check:?}"
    );
    assert!(
        outcome.complaint.contains("unknown key `raise`"),
        "{outcome:?}"
    );
    hang_up(&scene)?;
    lab.wait_until("two refusals", || {
        match recorded(&scene, "reload_refused")? {
            2.. => Ok(()),
            few => Err(Error::new(few.to_string())),
        }
    })?;
    let told = problems(&scene)?;
    assert!(told.contains("the configuration was not taken"), "{told}");
    let successful = "anycastctl_config_last_reload_successful ";
    assert!(counted(&scene, successful)? < 0.5);

    // What cannot be read is of the environment.
    fs::remove_file(scene.controller.configuration())?;
    exits(&scene, 4, &["reload"])?;
    fs::write(scene.controller.configuration(), good)?;
    exits(&scene, 0, &["reload"])?;
    assert_eq!(problems(&scene)?, "[]");
    assert!(counted(&scene, successful)? > 0.5);
    scene.was_told(before, 0, 0)
}

#[test]
fn what_needs_a_restart_is_refused() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let good = fs::read_to_string(scene.controller.configuration())?;
    let moved = good.replace("name: lab1", "name: lab2");
    fs::write(scene.controller.configuration(), moved)?;
    let outcome = exits(&scene, 2, &["reload"])?;
    assert!(outcome.complaint.contains("node.name: "), "{outcome:?}");
    assert!(outcome.complaint.contains("needs a restart"), "{outcome:?}");
    let (_, document) = scene.status()?;
    assert_eq!(document["node"]["name"], "lab1");
    Ok(())
}

/// Each probe hangs for longer than there is between two reloads.
#[test]
fn a_server_that_hangs_is_found_while_reloads_come_all_the_time() -> Result<()> {
    let lab = lab()?;
    let (scene, server) = Scene::announced(&lab, &settings())?;
    server.process()?.freeze()?;
    lab.wait_until("withdrawn under reloads", || {
        hang_up(&scene)?;
        std::thread::sleep(Duration::from_millis(200));
        scene.neighbor.lacks(&BOTH)
    })?;
    // By its failures, and not because nobody knew for too long.
    let (_, document) = scene.status()?;
    let reason = document["services"][0]["reason"].as_str().unwrap_or("");
    assert!(reason.contains("3 failed in a row"), "{document}");
    assert!(recorded(&scene, "reloaded")? >= 2);
    Ok(())
}

#[test]
fn a_hold_and_the_counters_go_on() -> Result<()> {
    let lab = lab()?;
    let damped = || {
        let damping = "damping: { free: 1, hold: 60s, max_hold: 120s, half_life: 1h }";
        Settings::new([resolver().with(damping)])
    };
    let (scene, mut server) = Scene::announced(&lab, &damped())?;
    for _ in 0..2 {
        scene.has(&BOTH)?;
        server.kill()?;
        scene.lacks(&BOTH)?;
        server.restart(Answer::Normal)?;
    }
    let is_held = |document: &Value| {
        let service = &document["services"][0];
        service["health"] == "healthy" && !service["damping"]["hold_until"].is_null()
    };
    scene.reports("held", |_, document| is_held(document))?;
    let before = counted(&scene, "anycastctl_verdicts_total")?;
    let failed = r#"anycastctl_verdicts_total{service="resolver",check="dns-1",server="192.0.2.53:53",result="fail"}"#;
    let failures = counted(&scene, failed)?;
    assert!(failures > 0.5, "{}", exits(&scene, 0, &["metrics"])?.output);
    reload(&scene, &damped().daemon("stale_after: 20s"))?;
    let (_, document) = scene.status()?;
    assert!(is_held(&document), "{document}");
    assert!(counted(&scene, "anycastctl_verdicts_total")? >= before);
    assert!(counted(&scene, failed)? >= failures);
    scene.never_has(&BOTH)
}

#[test]
fn an_order_stays_with_the_name_of_its_service() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.settled()?;
    exits(
        &scene,
        0,
        &["withdraw", "resolver", "--reason", "maintenance"],
    )?;
    scene.lacks(&BOTH)?;
    reload(&scene, &settings())?;
    reload(&scene, &Settings::new([web()]))?;
    let (_, document) = scene.status()?;
    let problems = document["controller"]["problems"].to_string();
    assert!(
        problems.contains("orders are kept for services"),
        "{problems}"
    );
    reload(&scene, &settings())?;
    let (_, document) = scene.status()?;
    assert_eq!(
        document["services"][0]["override"]["kind"], "withdraw",
        "{document}"
    );
    scene.never_has(&BOTH)?;
    scene.was_told(before, 0, 2)?;
    exits(&scene, 0, &["release", "resolver"])?;
    scene.has(&BOTH)
}

/// BIRD hangs while it should be told, its file is gone already, and then the service is, too: nobody but the daemon
/// knows that BIRD still announces.
#[test]
fn a_service_that_goes_before_bird_has_confirmed_its_withdrawal() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &two().without_bfd())?;
    scene.has(&[WEB])?;
    let file = scene.controller.intent("anycast_web_v4");
    assert!(file.exists());
    scene.bird.process()?.freeze()?;
    server.kill()?;
    lab.wait_until("no intent file of web", || {
        if file.exists() {
            return Err("still there");
        }
        Ok(())
    })?;
    reload(&scene, &settings().without_bfd())?;
    scene.bird.process()?.thaw()?;
    scene.lacks(&[WEB])
}

/// What the process has open, and its threads.
fn size(scene: &Scene<'_>) -> Result<(usize, usize)> {
    let daemon = scene.controller.daemon()?;
    let threads = fs::read_dir(format!("/proc/{}/task", daemon.id()))?.count();
    Ok((daemon.descriptors()?, threads))
}

#[test]
fn fifty_reloads_leave_nothing_behind() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &two())?;
    let before = scene.settled()?;
    let (descriptors, threads) = size(&scene)?;
    for round in 0..50 {
        // Every second one has other probes.
        let service = resolver().with(&format!("interval: {}ms", 200 + round % 2));
        reload(&scene, &Settings::new([service, web()]))?;
    }
    lab.wait_until("the size of before", || {
        let now = size(&scene)?;
        if now.0 <= descriptors && now.1 <= threads + 1 {
            return Ok(());
        }
        Err(Error::new(format!(
            "{now:?}, before {:?}",
            (descriptors, threads)
        )))
    })?;
    scene.was_told(before, 0, 0)
}

/// A session that is kept down stays down, and its flaps are remembered.
#[test]
fn a_session_that_flaps_stays_held() -> Result<()> {
    let lab = lab()?;
    let holding =
        || settings().flap("action: hold, penalty: 1000, suppress: 1000, reuse: 62, half_life: 5m");
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let scene = Scene::started(&lab, &holding())?;
    scene.has(&BOTH)?;
    let is_held = |document: &Value| document["sessions"][0]["flaps"]["held"] == true;
    let document = scene.reports("held", |_, document| {
        if document["sessions"][0]["state"] == "Established" {
            let _ = scene.neighbor.bird().ask("restart bgp_node_v4");
        }
        is_held(document)
    })?;
    let count = document["sessions"][0]["flaps"]["count"].clone();
    for _ in 0..3 {
        reload(&scene, &holding().daemon("stale_after: 20s"))?;
    }
    lab.stays("held", A_WHILE, || {
        let (_, now) = scene.status()?;
        let flaps = &now["sessions"][0]["flaps"];
        if is_held(&now) && flaps["count"] == count {
            return Ok(());
        }
        Err(Error::new(flaps.to_string()))
    })?;
    // Reported only from now on.
    let reporting = settings().flap("penalty: 1000, suppress: 1000, reuse: 62, half_life: 5m");
    reload(&scene, &reporting)?;
    scene.established()?;
    let (_, now) = scene.status()?;
    assert_eq!(now["sessions"][0]["flaps"]["count"], count, "{now}");
    Ok(())
}
