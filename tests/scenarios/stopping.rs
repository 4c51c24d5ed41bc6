//! The end of our daemon when something is in its way.

use std::time::{Duration, Instant};

use lab::{DnsServer, FakeBird, Mischief, Result, Signal, Software};

use crate::fake_bird::{PROTOCOLS, installed};
use crate::scene::{BOTH, Scene, V4, V6, lab, settings};

fn intents(scene: &Scene) -> usize {
    std::fs::read_dir(scene.controller.intent_directory()).map_or(0, Iterator::count)
}

/// It says that it could not, and does what it can: BIRD withdraws once it goes on. A second signal
/// changes nothing.
#[test]
fn while_bird_is_frozen() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings().without_bfd())?;
    scene.bird.process()?.freeze()?;
    scene.controller.daemon()?.signal(Signal::SIGTERM)?;
    let status = scene.controller.stop(Signal::SIGTERM)?;
    assert_eq!(status.code(), Some(3), "{status}");
    let log = scene.controller.log();
    assert!(log.contains("did not confirm the withdrawal"), "{log}");
    assert_eq!(intents(&scene), 0);
    scene.bird.process()?.thaw()?;
    scene.lacks(&BOTH)
}

/// There is nobody to wait for; but a BIRD that starts later must not announce for a daemon that is gone.
#[test]
fn while_bird_does_not_run() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings())?;
    scene.kill_bird()?;
    scene.reports("BIRD is away", |_, document| {
        let error = document["bird"]["error"].as_str();
        error.is_some_and(|error| error.contains("cannot connect"))
    })?;
    let begun = Instant::now();
    let status = scene.controller.stop(Signal::SIGTERM)?;
    assert!(status.success(), "{status}");
    assert!(begun.elapsed() < Duration::from_secs(8));
    assert_eq!(intents(&scene), 0);
    scene.bird.restart()?;
    scene.established()?;
    scene.never_has(&BOTH)
}

#[test]
fn a_second_daemon_is_refused() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.neighbor.updates()?;
    assert_eq!(scene.controller.start_second()?.wait()?.code(), Some(4));
    // Not even if somebody took the first one's socket away.
    std::fs::remove_file(scene.controller.control())?;
    assert_eq!(scene.controller.start_second()?.wait()?.code(), Some(4));
    assert!(scene.controller.daemon()?.is_running());
    scene.was_told(before, 0, 0)
}

/// BIRD has been told to announce, and has not answered yet: nobody knows, so it has to be told again.
#[test]
fn in_the_middle_of_announcing() -> Result<()> {
    let lab = lab()?;
    let mut controller = installed(&lab)?;
    let fake = FakeBird::start(&lab.node().directory().join("bird.ctl"), &PROTOCOLS)?;
    controller.start()?;
    fake.behave(Mischief::KeepsSilent);
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    lab.wait_until("enabled", || {
        if PROTOCOLS.iter().any(|name| fake.is_up(name)) {
            return Ok(());
        }
        Err("down")
    })?;
    controller.daemon()?.signal(Signal::SIGTERM)?;
    lab.stays("running", Duration::from_millis(300), || {
        Ok::<(), lab::Error>(())
    })?;
    fake.behave(Mischief::None);
    let status = controller.daemon()?.wait()?;
    let up: Vec<_> = PROTOCOLS.iter().filter(|name| fake.is_up(name)).collect();
    assert!(up.is_empty(), "{status}, and still up: {up:?}");
    Ok(())
}
