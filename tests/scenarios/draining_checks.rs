//! A check that only drains: its failure costs no neighbour the route, while that of another still does.

use lab::{Answer, DnsServer, Result, Settings, Software};

use crate::scene::{BOTH, Scene, lab, resolver};

#[test]
fn drains_and_withdraws_nothing() -> Result<()> {
    let lab = lab()?;
    let mut other = DnsServer::start(lab.node(), Software::Unbound, "other", &["127.0.0.1"])?;
    let service = resolver().check(
        "{ name: recursion, on_failure: drain, dns: { server: 127.0.0.1, name: example.com, type: SOA } }",
    );
    let (scene, mut server) = Scene::announced(&lab, &Settings::new([service]))?;
    scene.is_drained(false)?;

    let before = scene.neighbor.updates()?;
    other.kill()?;
    scene.is_drained(true)?;
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
    scene.is_drained(true)?;
    let before = scene.neighbor.updates()?;
    other.restart(Answer::Normal)?;
    scene.is_drained(false)?;
    scene.was_told(before, 2, 0)
}
