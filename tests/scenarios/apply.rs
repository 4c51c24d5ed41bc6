//! `apply` on a live node: what the neighbour sees of it, and what is on the disk afterwards.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab::{Controller, DnsServer, Error, FakeBird, Mischief, Outcome, Result, Settings, Signal};
use serde_json::Value;

use crate::fake_bird::{PROTOCOLS, installed};
use crate::scene::{BOTH, Scene, V4_PREFIX, V6_PREFIX, lab, resolver, settings};

/// The lab's password, and another one.
const PASSWORD: &str = "lab-secret-1";
const OTHER_PASSWORD: &str = "lab-secret-2";

/// A file as it is on the disk.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    bytes: Vec<u8>,
    mode: u32,
    owner: (u32, u32),
}

fn kept(path: &Path) -> Result<Kept> {
    let metadata = path.metadata()?;
    Ok(Kept {
        bytes: fs::read(path)?,
        mode: metadata.mode() & 0o7777,
        owner: (metadata.uid(), metadata.gid()),
    })
}

fn files(scene: &Scene) -> [PathBuf; 2] {
    let directory = scene.lab.node().directory();
    ["bird.conf", "bird.secrets.conf"].map(|name| directory.join(name))
}

fn both(scene: &Scene) -> Result<Vec<Kept>> {
    files(scene).iter().map(|path| kept(path)).collect()
}

/// Nothing of ours lies beside the files.
fn is_tidy(scene: &Scene) -> Result<()> {
    let entries = fs::read_dir(scene.lab.node().directory())?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<Result<Vec<String>>>()?;
    names.retain(|name| name.ends_with(".unconfirmed") || name.contains(".anycastctl-"));
    if names.is_empty() {
        return Ok(());
    }
    Err(Error::new(names.join(", ")))
}

/// Edits the configuration of our program.
fn edit(controller: &Controller, from: &str, to: &str) -> Result<()> {
    let path = controller.configuration();
    let text = fs::read_to_string(path)?;
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(path, text.replace(from, to))?;
    Ok(())
}

fn call(controller: &Controller, arguments: &[&str]) -> Result<Outcome> {
    let outcome = controller.call(&[&["apply"], arguments].concat())?;
    for secret in [PASSWORD, OTHER_PASSWORD] {
        let told = format!("{}{}", outcome.output, outcome.complaint);
        assert!(!told.contains(secret), "{told}");
    }
    Ok(outcome)
}

fn apply(scene: &Scene, arguments: &[&str]) -> Result<Outcome> {
    call(&scene.controller, arguments)
}

/// With this exit code, and this in its result.
fn ends(outcome: &Outcome, code: i32, result: &str) -> Result<()> {
    let told = format!("{}{}", outcome.output, outcome.complaint);
    if outcome.code == Some(code) && told.contains(result) {
        return Ok(());
    }
    Err(Error::new(format!(
        "wanted {code} and {result}: {outcome:?}"
    )))
}

fn document(outcome: &Outcome) -> Result<Value> {
    serde_json::from_str(&outcome.output)
        .map_err(|error| Error::new(format!("{error} in {outcome:?}")))
}

/// The files have to be what `render` says, for the group of BIRD alone, and BIRD has to have read them.
fn runs_what_is_rendered(scene: &Scene) -> Result<()> {
    let [conf, secrets] = files(scene);
    assert_eq!(
        fs::read_to_string(conf)?,
        scene.controller.succeed(&["render"])?
    );
    assert_eq!(
        fs::read_to_string(&secrets)?,
        scene.controller.succeed(&["render", "secrets"])?
    );
    assert_eq!(secrets.metadata()?.mode() & 0o7777, 0o640);
    is_tidy(scene)?;
    ends(&apply(scene, &[])?, 0, "nothing to do")
}

#[test]
fn a_community_arrives_without_a_withdrawal_and_without_a_reset() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    ends(&apply(&scene, &[])?, 0, "nothing to do")?;
    let before = scene.neighbor.updates()?;
    settings_with(
        &scene,
        &Settings::new([resolver().with("communities: [\"64601:53\"]")]),
    )?;
    let trial = apply(&scene, &["--dry-run"])?;
    ends(&trial, 0, "can be applied; nothing was changed")?;
    is_tidy(&scene)?;
    scene.was_told(before, 0, 0)?;

    let outcome = apply(&scene, &["--json"])?;
    ends(&outcome, 0, "\"outcome\":\"applied\"")?;
    assert_eq!(document(&outcome)?["resets"], Value::Array(Vec::new()));
    let communities = |prefix| {
        let route = scene.neighbor.route(prefix);
        route.map(|route| route.map(|route| route.communities).unwrap_or_default())
    };
    lab.wait_until("the community", || {
        match communities(V4_PREFIX)?.as_slice() {
            [one] if one == "(64601,53)" => Ok(()),
            other => Err(Error::new(format!("{other:?}"))),
        }
    })?;
    scene.was_told(before, 2, 0)?;
    runs_what_is_rendered(&scene)
}

/// Writes our program's configuration anew.
fn settings_with(scene: &Scene, settings: &Settings) -> Result<()> {
    settings.install(scene.lab).map(drop)
}

/// The daemon reads its configuration when it starts, so the new service waits for that.
#[test]
fn a_service_is_added() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings().hold_on_stop())?;
    let before = scene.neighbor.updates()?;
    let web = lab::Service::new("web", &["198.51.100.53/32"]);
    settings_with(&scene, &Settings::new([resolver(), web]).hold_on_stop())?;
    let outcome = apply(&scene, &[])?;
    ends(&outcome, 0, "anycast_web_v4 is new and starts withdrawn")?;
    // The filter is another one, so BIRD says once more what it said before.
    scene.was_told_at_most(before, 1, 0)?;
    lab.add_address("198.51.100.53")?;
    let software = lab::Software::Nsd;
    let _second = DnsServer::start(lab.node(), software, "dns-2", &["198.51.100.53"])?;
    scene.controller.stop(Signal::SIGTERM)?;
    scene.controller.start()?;
    scene.has(&["198.51.100.53/32"])?;
    scene.was_told_at_most(before, 2, 0)?;
    runs_what_is_rendered(&scene)
}

#[test]
fn a_live_prefix_is_dropped_only_when_allowed() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.neighbor.updates()?;
    let old = both(&scene)?;
    settings_with(
        &scene,
        &Settings::new([lab::Service::new("resolver", &[V4_PREFIX])]),
    )?;
    for arguments in [&[][..], &["--dry-run"], &["--json"]] {
        let outcome = apply(&scene, arguments)?;
        ends(&outcome, 1, V6_PREFIX)?;
        ends(&outcome, 1, "bgp_tor1_v6")?;
        assert!(!outcome.output.contains(V4_PREFIX), "{outcome:?}");
    }
    assert_eq!(both(&scene)?, old);
    is_tidy(&scene)?;
    scene.was_told(before, 0, 0)?;
    let outcome = apply(&scene, &["--allow-withdraw"])?;
    ends(
        &outcome,
        0,
        "is no longer announced to bgp_tor1_v6, as allowed",
    )?;
    scene.lacks(&[V6_PREFIX])?;
    scene.was_told(before, 0, 1)?;
    runs_what_is_rendered(&scene)
}

/// The prefix moves to a service whose protocol is new, and off: that is a withdrawal, too.
#[test]
fn a_live_prefix_that_would_start_withdrawn_is_dropped_only_when_allowed() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    settings_with(
        &scene,
        &Settings::new([lab::Service::new("renamed", &BOTH)]),
    )?;
    let outcome = apply(&scene, &[])?;
    ends(&outcome, 1, "anycast_renamed_v4 has no intent file")?;
    scene.has(&BOTH)
}

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

fn password_file(scene: &Scene) -> PathBuf {
    scene.lab.node().directory().join("tor1.password")
}

/// The neighbour changes its side while ours waits. Without BFD: a neighbour that starts again within
/// milliseconds may look dead to it, and BIRD waits for a minute after that.
#[test]
fn a_password_is_rotated() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings().without_bfd())?;
    fs::write(password_file(&scene), OTHER_PASSWORD)?;
    let process = scene
        .controller
        .start_command("apply", &["apply", "--confirm", "25s"])?;
    lab.wait_until("lost sessions", || {
        match scene.neighbor.bird().all_established() {
            Ok(()) => Err("still established"),
            Err(_lost) => Ok(()),
        }
    })?;
    let configuration = scene.neighbor.bird().configuration();
    let text = fs::read_to_string(configuration)?;
    fs::write(configuration, text.replace(PASSWORD, OTHER_PASSWORD))?;
    scene.neighbor.bird().configure()?;
    let status = process.wait().map_err(|error| lab.explain(&error))?;
    let log = fs::read_to_string(process.log())?;
    assert!(status.success(), "{log}");
    assert!(log.contains("bgp_tor1_v4 is reset (the password"), "{log}");
    assert!(!log.contains("lab-secret"), "{log}");
    scene.has(&BOTH)?;
    let secrets = fs::read_to_string(&files(&scene)[1])?;
    assert!(!secrets.contains(PASSWORD), "{secrets}");
    runs_what_is_rendered(&scene)
}

/// The installed file has to be free of what BIRD cannot read, and here that is not even our file.
#[test]
fn what_bird_refuses_changes_nothing() -> Result<()> {
    let lab = lab()?;
    let scene = Scene::prepared(&lab, &settings())?;
    let old = both(&scene)?;
    edit(&scene.controller, "hold_time: 10s", "hold_time: 12s")?;
    fs::write(scene.controller.intent("anycast_resolver_v4"), "oops {\n")?;
    ends(
        &apply(&scene, &[])?,
        3,
        "nothing was changed: the BIRD that runs: 8002",
    )?;
    assert_eq!(both(&scene)?, old);
    is_tidy(&scene)
}

/// BIRD is told to configure, and whoever wrote the files by hand was not.
#[test]
fn files_that_bird_has_not_read_are_applied() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.neighbor.updates()?;
    let conf = files(&scene)[0].display().to_string();
    scene.controller.succeed(&["render", "-o", &conf])?;
    ends(
        &apply(&scene, &[])?,
        0,
        "BIRD has not read them since they were written",
    )?;
    scene.was_told(before, 0, 0)?;
    runs_what_is_rendered(&scene)
}

#[test]
fn new_secrets_are_for_the_group_of_the_socket() -> Result<()> {
    let lab = lab()?;
    let scene = Scene::prepared(&lab, &settings())?;
    let secrets = &files(&scene)[1];
    fs::remove_file(secrets)?;
    std::os::unix::fs::chown(scene.bird.socket(), None, Some(34))?;
    ends(&apply(&scene, &[])?, 0, "applied")?;
    let now = kept(secrets)?;
    assert_eq!((now.mode, now.owner.1), (0o640, 34));
    runs_what_is_rendered(&scene)
}

#[test]
fn without_bird_it_says_how_to_install_the_files() -> Result<()> {
    let lab = lab()?;
    let controller = installed(&lab)?;
    ends(&call(&controller, &[])?, 4, "`anycastctl render bird -o /")
}

#[test]
fn a_bird_that_reads_another_file_is_left_alone() -> Result<()> {
    let lab = lab()?;
    let scene = Scene::prepared(&lab, &settings())?;
    edit(&scene.controller, "/bird.conf", "/other.conf")?;
    ends(&apply(&scene, &[])?, 4, "bird.config is")?;
    assert!(!lab.node().directory().join("other.conf").exists());
    Ok(())
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

/// A second neighbour with a password of its own, which is never there: what changes between two applies.
fn add_neighbor(scene: &Scene) -> Result<()> {
    let file = scene.lab.node().directory().join("tor2.password");
    fs::write(&file, OTHER_PASSWORD)?;
    let neighbor = format!(
        "neighbors:\n  tor2:\n    asn: 64600\n    sessions: [{{ local: 10.99.0.2, remote: 10.99.0.9 }}]\n    password_file: {}\n",
        file.display()
    );
    edit(&scene.controller, "neighbors:\n", &neighbor)
}

/// Whatever is on the disk when an apply is killed, BIRD loads it; and the next apply sorts it out.
#[test]
fn killed_at_any_moment() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.neighbor.updates()?;
    let without = fs::read_to_string(scene.controller.configuration())?;
    add_neighbor(&scene)?;
    let with = fs::read_to_string(scene.controller.configuration())?;
    let mut unconfirmed = 0;
    for turn in 0..24_u64 {
        let text = if turn % 2 == 0 { &with } else { &without };
        fs::write(scene.controller.configuration(), text)?;
        let process = scene
            .controller
            .start_command("apply", &["apply", "--confirm", "2s"])?;
        // The moment is what is tested: there is nothing else to wait for.
        std::thread::sleep(Duration::from_millis(5 + turn * turn * 3));
        process.kill()?;
        is_loaded(&scene).map_err(|error| Error::new(format!("turn {turn}: {error}")))?;
        unconfirmed += u32::from(is_tidy(&scene).is_err());
        are_hidden(&scene)?;
    }
    assert!(unconfirmed > 0, "none was killed in the middle");
    scene.was_told(before, 0, 0)?;
    let outcome = apply(&scene, &["--confirm", "5s"])?;
    ends(&outcome, 0, "")?;
    runs_what_is_rendered(&scene)?;
    scene.kill_bird()?;
    scene.bird.restart()?;
    scene.has(&BOTH)
}

/// No file with secrets, installed, kept or half-written, is for everybody.
fn are_hidden(scene: &Scene) -> Result<()> {
    for entry in fs::read_dir(scene.lab.node().directory())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let mode = entry.metadata()?.mode() & 0o7777;
        assert!(
            !name.contains("secrets") || mode & 0o004 == 0,
            "{name}: {mode:o}"
        );
    }
    Ok(())
}

/// By a BIRD that starts with what lies there.
fn is_loaded(scene: &Scene) -> Result<()> {
    let conf = files(scene)[0].display().to_string();
    let program = lab::Bird::node_program().display().to_string();
    let arguments = ["-p", "-c", &conf];
    scene.lab.node().run(&program, &arguments).map(drop)
}

/// A killed apply is undone by BIRD itself; the next one knows the last good file all the same.
#[test]
fn killed_while_it_waits_for_a_broken_session() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let old = both(&scene)?;
    edit(&scene.controller, "asn: 64600", "asn: 64666")?;
    let process = scene
        .controller
        .start_command("apply", &["apply", "--confirm", "1s"])?;
    lab.wait_until("a lost session", || match scene.neighbor.lacks(&BOTH) {
        Ok(()) => process.kill().map(drop),
        Err(error) => Err(error),
    })?;
    is_loaded(&scene)?;
    assert!(is_tidy(&scene).is_err());
    // BIRD goes back within its own timeout of 22 s.
    scene.has(&BOTH)?;
    let outcome = apply(&scene, &["--confirm", "4s"])?;
    ends(&outcome, 1, "an earlier apply did not come to its end")?;
    ends(&outcome, 1, "all is as before")?;
    assert_eq!(both(&scene)?, old);
    is_tidy(&scene)?;
    edit(&scene.controller, "asn: 64666", "asn: 64600")?;
    ends(&apply(&scene, &[])?, 0, "")
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

/// Whatever else is at the socket, nothing is written, and it ends.
#[test]
fn a_bird_that_lies() -> Result<()> {
    let lab = lab()?;
    let controller = installed(&lab)?;
    let directory = lab.node().directory();
    let fake = FakeBird::start(&directory.join("bird.ctl"), &PROTOCOLS)?;
    edit(&controller, "hold_time: 10s", "hold_time: 12s")?;
    let old = kept(&directory.join("bird.conf"))?;
    for mischief in [
        Mischief::Garbage,
        Mischief::HalfALine,
        Mischief::HangsUp,
        Mischief::TwoReplies,
        Mischief::Flood,
    ] {
        fake.behave(mischief);
        let outcome = call(&controller, &[])?;
        assert_eq!(outcome.code, Some(4), "{mischief:?}: {outcome:?}");
        assert_eq!(kept(&directory.join("bird.conf"))?, old, "{mischief:?}");
    }
    for unusual in [Mischief::Notices, Mischief::Overflow] {
        fake.behave(unusual);
        ends(&call(&controller, &[])?, 0, "applied")?;
    }
    Ok(())
}

/// It takes the new files, and does not do what belongs to it: the old files are back.
#[test]
fn a_bird_that_does_not_keep_its_word() -> Result<()> {
    let lab = lab()?;
    let controller = installed(&lab)?;
    let directory = lab.node().directory();
    let fake = FakeBird::start(&directory.join("bird.ctl"), &PROTOCOLS)?;
    edit(&controller, "hold_time: 10s", "hold_time: 12s")?;
    let old = kept(&directory.join("bird.conf"))?;
    for (mischief, words) in [
        (
            Mischief::NeverConfirms,
            "BIRD had nothing to confirm (Nothing to do)",
        ),
        (Mischief::NeverReady, "BIRD is still at it after 2 s"),
        (
            Mischief::ConfiguresSilently,
            "BIRD did not answer `configure timeout 23` within 5 s",
        ),
    ] {
        fake.behave(mischief);
        let outcome = call(&controller, &["--confirm", "2s"])?;
        ends(&outcome, 1, words)?;
        assert_eq!(kept(&directory.join("bird.conf"))?, old, "{mischief:?}");
    }
    fake.behave(Mischief::None);
    ends(&call(&controller, &[])?, 0, "applied")?;
    assert_ne!(kept(&directory.join("bird.conf"))?, old);
    Ok(())
}

/// What somebody else has written is not replaced by accident, and not lost when it is meant.
#[test]
fn a_foreign_file_is_replaced_only_when_told_and_kept() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let [conf, _] = files(&scene);
    let rendered = fs::read_to_string(&conf)?;
    let foreign = format!("# My own.\n{rendered}");
    fs::write(&conf, &foreign)?;
    scene.bird.configure()?;
    let before = scene.neighbor.updates()?;
    ends(&apply(&scene, &[])?, 1, "was not written by anycastctl")?;
    assert_eq!(fs::read_to_string(&conf)?, foreign);
    is_tidy(&scene)?;
    ends(&apply(&scene, &["--replace"])?, 0, "")?;
    assert_eq!(fs::read_to_string(&conf)?, rendered);
    let copy = conf.with_file_name("bird.conf.before-anycastctl");
    assert_eq!(fs::read_to_string(copy)?, foreign);
    scene.was_told(before, 0, 0)
}

/// BIRD 3 dies when a kernel protocol changes; a file rendered for it gives the protocol another name.
#[test]
fn a_change_of_the_kernel_protocol_does_not_kill_bird() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.neighbor.updates()?;
    let import = "    asn: 64600\n    import: default_route";
    edit(&scene.controller, "    asn: 64600", import)?;
    let release = lab::Bird::node_release()?;
    if release.starts_with("3.") {
        let ours = format!("version: \"{release}\"");
        edit(&scene.controller, &ours, "version: \"2.0.12\"")?;
        ends(&apply(&scene, &[])?, 4, "would die of the change")?;
        edit(&scene.controller, "version: \"2.0.12\"", &ours)?;
    }
    ends(&apply(&scene, &[])?, 0, "")?;
    scene.was_told(before, 0, 0)?;
    runs_what_is_rendered(&scene)
}
