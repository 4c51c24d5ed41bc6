//! `apply` on a live node: what the neighbour sees of it, and what is on the disk afterwards.

mod killed;
mod odd_birds;
mod undone;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab::{
    Bird, Controller, DnsServer, Error, Exception, FakeBird, Mischief, Outcome, Result, Settings,
    Signal,
};
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
    let is_warned = log.contains("may die of a session");
    Exception::ClosedSessionKills.assert(is_warned)?;
    let (name, value) = Bird::KEEPS_MEMORY;
    assert_eq!(log.contains(&format!("{name}={value}")), is_warned, "{log}");
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

/// A service that fails meanwhile is withdrawn at once, and no reason to go back.
#[test]
fn a_service_that_fails_meanwhile_is_no_fault_of_the_change() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    settings_with(
        &scene,
        &Settings::new([resolver().with("communities: [\"64601:53\"]")]),
    )?;
    let process = scene
        .controller
        .start_command("apply", &["apply", "--confirm", "8s"])?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    let status = process.wait().map_err(|error| lab.explain(&error))?;
    let log = fs::read_to_string(process.log())?;
    assert!(status.success(), "{log}");
    runs_what_is_rendered(&scene)
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

/// A file rendered for a BIRD that would die gives the protocol another name.
#[test]
fn a_change_of_the_kernel_protocol_does_not_kill_bird() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.neighbor.updates()?;
    let import = "    asn: 64600\n    import: default_route";
    edit(&scene.controller, "    asn: 64600", import)?;
    if Exception::KernelChangeKills.is_met()? {
        let release = Bird::node_release()?;
        let ours = format!("version: \"{release}\"");
        edit(&scene.controller, &ours, "version: \"2.0.12\"")?;
        ends(&apply(&scene, &[])?, 4, "would die of the change")?;
        edit(&scene.controller, "version: \"2.0.12\"", &ours)?;
    }
    ends(&apply(&scene, &[])?, 0, "")?;
    scene.was_told(before, 0, 0)?;
    runs_what_is_rendered(&scene)
}
