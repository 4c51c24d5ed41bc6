//! Checks of this host: programs, processes and files.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use lab::{Answer, Controller, DnsServer, Error, Lab, Result, Settings, Software};
use serde_json::Value;

use crate::scene::{BOTH, Scene, V4, V6, lab, resolver};

/// A script in the node's directory.
fn script(lab: &Lab, name: &str, text: &str) -> Result<PathBuf> {
    let path = lab.node().directory().join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n"))?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    Ok(path)
}

/// The first check of the first service has this verdict and detail.
fn shows(scene: &Scene<'_>, verdict: &str, detail: &str) -> Result<()> {
    scene.reports(&format!("{verdict}: {detail}"), |_, status| {
        let check = &status["services"][0]["checks"][0];
        let shown = check["detail"].as_str().unwrap_or_default();
        check["verdict"] == verdict && shown.contains(detail)
    })?;
    Ok(())
}

fn removed(path: &PathBuf) -> Result<()> {
    Ok(std::fs::remove_file(path)?)
}

#[test]
fn a_program_that_fails_withdraws_and_shows_what_it_says() -> Result<()> {
    let lab = lab()?;
    let sick = lab.node().directory().join("sick");
    let text = format!("echo about the zones\n[ ! -e {} ]", sick.display());
    let program = script(&lab, "check", &text)?;
    let check = format!("exec: {{ command: [{}] }}", program.display());
    let scene = Scene::started(&lab, &Settings::new([resolver().only_check(&check)]))?;
    scene.has(&BOTH)?;
    std::fs::write(&sick, "")?;
    scene.lacks(&BOTH)?;
    shows(&scene, "fail", "exit code 1: about the zones")?;
    let (_, status) = scene.status()?;
    let reason = status["services"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("exec-1 (check): "), "{reason}");
    assert_eq!(
        status["services"][0]["checks"][0]["server"],
        program.display().to_string()
    );
    let why = scene.controller.call(&["why", "resolver"])?.output;
    let words = format!("Check exec-1 ({}) fails", program.display());
    assert!(why.contains(&words), "{why}");
    removed(&sick)?;
    scene.has(&BOTH)?;
    // Nothing is known without the program, and what was decided is held.
    removed(&program)?;
    shows(&scene, "unknown", "cannot run")?;
    scene.keeps(crate::scene::A_WHILE)
}

/// Only 1 means that the server is down: a program that fails itself says nothing.
#[test]
fn any_other_exit_code_is_unknown_and_changes_nothing() -> Result<()> {
    let lab = lab()?;
    let code = lab.node().directory().join("code");
    std::fs::write(&code, "0")?;
    let program = script(&lab, "check", &format!("exit $(cat {})", code.display()))?;
    let check = format!("exec: {{ command: [{}] }}", program.display());
    let scene = Scene::started(&lab, &Settings::new([resolver().only_check(&check)]))?;
    scene.has(&BOTH)?;
    let before = scene.settled()?;
    for other in ["2", "127"] {
        std::fs::write(&code, other)?;
        shows(&scene, "unknown", &format!("exit code {other}"))?;
    }
    scene.was_told(before, 0, 0)?;
    std::fs::write(&code, "1")?;
    scene.lacks(&BOTH)?;
    std::fs::write(&code, "3")?;
    shows(&scene, "unknown", "exit code 3")?;
    scene.never_has(&BOTH)
}

/// It ignores signals, and its children have left its group.
#[test]
fn a_program_that_hangs_fails_and_leaves_nothing_behind() -> Result<()> {
    let lab = lab()?;
    let hang = lab.node().directory().join("hang");
    // Numbers that nobody else sleeps for.
    let text = format!(
        "[ -e {} ] || exit 0\ntrap '' TERM HUP\nsetsid sleep 98761 &\nsleep 98762 &\nsleep 98763",
        hang.display()
    );
    let program = script(&lab, "check", &text)?;
    let check = format!("exec: {{ command: [{}] }}", program.display());
    let mut scene = Scene::prepared(&lab, &Settings::new([resolver().only_check(&check)]))?;
    scene.controller.start_with_own_proc()?;
    scene.has(&BOTH)?;
    std::fs::write(&hang, "")?;
    scene.lacks(&BOTH)?;
    shows(&scene, "fail", "did not end within 400ms, and was killed")?;
    removed(&hang)?;
    scene.has(&BOTH)?;
    scene.lab.wait_until("no sleeper", || match sleepers()? {
        0 => Ok(()),
        some => Err(Error::new(format!("{some} sleep"))),
    })
}

/// Processes with one of those numbers on their command line.
fn sleepers() -> Result<usize> {
    let entries = std::fs::read_dir("/proc")?.flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let sleeps = |line: &Vec<u8>| line.starts_with(b"sleep\09876");
    Ok(lines.filter(sleeps).count())
}

#[test]
fn plugins_of_nagios_work_as_they_are() -> Result<()> {
    let lab = lab()?;
    let check = format!(
        "exec: {{ command: [/usr/lib/nagios/plugins/check_tcp, -H, {V4}, -p, 53], exit_codes: nagios }}"
    );
    let service = resolver().only_check(&check).with("timeout: 2s");
    let (scene, mut server) = Scene::announced(&lab, &Settings::new([service]))?;
    shows(&scene, "pass", "TCP OK - ")?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    shows(&scene, "fail", "refused")?;
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)
}

/// WARNING is no outage, and UNKNOWN is what it says.
#[test]
fn the_states_of_nagios_mean_what_they_say() -> Result<()> {
    let lab = lab()?;
    let states = [
        ("OK", "pass", "OK: zones"),
        ("WARNING", "pass", "WARNING: zones"),
        ("CRITICAL", "fail", "CRITICAL: zones"),
        ("UNKNOWN", "unknown", "exit code 3: UNKNOWN: zones"),
    ];
    let plugin = "/usr/lib/nagios/plugins/check_dummy";
    let check = |state: usize| {
        format!("exec: {{ command: [{plugin}, \"{state}\", zones], exit_codes: nagios }}")
    };
    let service = resolver().only_check(&check(0)).with("timeout: 2s");
    let service = (1..states.len()).fold(service, |service, state| service.check(&check(state)));
    let program = env!("CARGO_BIN_EXE_anycastctl");
    let controller = Controller::install(&lab, program, &Settings::new([service]))?;
    let outcome = controller.call(&["probe", "--json"])?;
    let reports: Vec<Value> = serde_json::from_str(&outcome.output).expect("JSON");
    assert_eq!(reports.len(), states.len());
    for ((state, verdict, detail), report) in states.into_iter().zip(&reports) {
        let found = (&report["verdict"], &report["detail"]);
        assert_eq!(found, (&verdict.into(), &detail.into()), "{state}");
    }
    Ok(())
}

#[test]
fn a_file_that_means_maintenance_withdraws() -> Result<()> {
    let lab = lab()?;
    let flag = lab.node().directory().join("maintenance");
    let check = format!("file: {{ path: {} }}", flag.display());
    let scene = Scene::started(&lab, &Settings::new([resolver().only_check(&check)]))?;
    scene.has(&BOTH)?;
    std::fs::write(&flag, "")?;
    scene.lacks(&BOTH)?;
    shows(&scene, "fail", &format!("{} is there", flag.display()))?;
    removed(&flag)?;
    scene.has(&BOTH)
}

#[test]
fn a_process_that_was_killed_withdraws_although_its_file_is_there() -> Result<()> {
    let lab = lab()?;
    let pidfile = lab.node().directory().join("dns/nsd.pid");
    let check = format!("process: {{ pidfile: {} }}", pidfile.display());
    let service = resolver().only_check(&check);
    let (scene, mut server) = Scene::announced(&lab, &Settings::new([service]))?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    assert!(pidfile.exists());
    shows(&scene, "fail", &format!("of {} is gone", pidfile.display()))?;
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)
}

/// Numbers of processes come round again: the name tells that it is another one.
#[test]
fn a_number_that_another_program_has_now_withdraws() -> Result<()> {
    let lab = lab()?;
    let pidfile = lab.node().directory().join("dns/named.pid");
    let path = pidfile.display();
    let check = format!("process: {{ pidfile: {path}, name: named }}");
    let mut server = DnsServer::start(lab.node(), Software::Named, "dns", &[V4, V6])?;
    let settings = Settings::new([resolver().only_check(&check)]);
    let mut scene = Scene::prepared(&lab, &settings)?;
    scene.controller.start_with_own_proc()?;
    scene.has(&BOTH)?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    shows(&scene, "fail", "is gone")?;
    let script = format!("echo $$ > {path} && exec sleep 600");
    let other = lab
        .node()
        .spawn("other", Command::new("sh").args(["-c", &script]))?;
    shows(&scene, "fail", &format!("of {path} is sleep and not named"))?;
    scene.never_has(&BOTH)?;
    other.kill()?;
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)
}

/// One of a group asks over the network, and one runs a program.
#[test]
fn kinds_may_be_mixed_in_a_group() -> Result<()> {
    let lab = lab()?;
    let sick = lab.node().directory().join("sick");
    let program = script(&lab, "check", &format!("[ ! -e {} ]", sick.display()))?;
    let group = format!(
        "group: {{ need: any, of: [{{ tcp: {{ server: 127.0.0.1, port: 53 }} }}, {{ exec: {{ command: [{}] }} }}] }}",
        program.display()
    );
    let addresses = ["127.0.0.1", V4, V6];
    let mut server = DnsServer::start(lab.node(), Software::Nsd, "dns", &addresses)?;
    let scene = Scene::started(&lab, &Settings::new([resolver().only_check(&group)]))?;
    scene.has(&BOTH)?;
    let before = scene.neighbor.updates()?;
    server.kill()?;
    scene.reports("a member that fails", |_, status| {
        let check = &status["services"][0]["checks"][0];
        check["name"] == "tcp-1.1" && check["health"] == "unhealthy"
    })?;
    scene.was_told(before, 0, 0)?;
    std::fs::write(&sick, "")?;
    scene.lacks(&BOTH)?;
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)
}
