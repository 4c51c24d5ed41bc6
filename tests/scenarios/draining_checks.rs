//! A check that only drains: its failure costs no neighbour the route, while that of another still does.

use lab::{Answer, DnsServer, Error, Result, Settings, Software};

use crate::scene::{BOTH, Scene, V4_PREFIX, V6_PREFIX, lab, resolver};

/// Graceful shutdown (RFC 8326), as BIRD prints it.
const GRACEFUL_SHUTDOWN: &str = "(65535,0)";

/// Waits until both routes are there, and both drained or both not.
fn has(scene: &Scene<'_>, drained: bool) -> Result<()> {
    scene.lab.wait_until("drained or not", || {
        for prefix in [V4_PREFIX, V6_PREFIX] {
            let route = scene.neighbor.route(prefix)?;
            let is_drained = route.as_ref().map(|route| {
                let mut communities = route.communities.iter();
                communities.any(|community| community == GRACEFUL_SHUTDOWN)
            });
            if is_drained != Some(drained) {
                return Err(Error::new(format!("{prefix}: {route:?}")));
            }
        }
        Ok(())
    })
}

#[test]
fn drains_and_withdraws_nothing() -> Result<()> {
    let lab = lab()?;
    let mut other = DnsServer::start(lab.node(), Software::Unbound, "other", &["127.0.0.1"])?;
    let service = resolver().check(
        "{ name: recursion, on_failure: drain, dns: { server: 127.0.0.1, name: example.com, type: SOA } }",
    );
    let (scene, mut server) = Scene::announced(&lab, &Settings::new([service]))?;
    has(&scene, false)?;

    let before = scene.neighbor.updates()?;
    other.kill()?;
    has(&scene, true)?;
    scene.was_told(before, 2, 0)?;
    scene.reports("degraded and drained", |code, document| {
        let service = &document["services"][0];
        let states = ["desired", "actual"].map(|key| service[key] == "drained");
        code == Some(1) && service["health"] == "degraded" && states == [true; 2]
    })?;

    // Worse than drained; and back as far as the other check allows.
    server.kill()?;
    scene.lacks(&BOTH)?;
    server.restart(Answer::Normal)?;
    has(&scene, true)?;
    let before = scene.neighbor.updates()?;
    other.restart(Answer::Normal)?;
    has(&scene, false)?;
    scene.was_told(before, 2, 0)
}
