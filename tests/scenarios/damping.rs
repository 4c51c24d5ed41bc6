//! A service that comes and goes: the neighbour is told of every outage, but not of every recovery at once.

use std::time::Duration;

use jiff::Timestamp;
use lab::{Answer, Error, Result, Settings};
use serde_json::Value;

use crate::scene::{BOTH, Scene, lab, resolver};

/// `hold_until` of the service and of each family.
fn holds(document: &Value) -> Vec<Option<Timestamp>> {
    let service = &document["services"][0];
    let families = service["families"].as_array().into_iter().flatten();
    let holds = [service].into_iter().chain(families);
    holds
        .map(|held| held["damping"]["hold_until"].as_str()?.parse().ok())
        .collect()
}

#[test]
fn the_first_outage_is_free_and_the_second_holds() -> Result<()> {
    let lab = lab()?;
    let service = resolver().with("damping: { free: 1, hold: 8s, max_hold: 16s, half_life: 1h }");
    let (scene, mut server) = Scene::announced(&lab, &Settings::new([service]))?;
    let before = scene.neighbor.updates()?;

    server.kill()?;
    scene.lacks(&BOTH)?;
    let document = scene.reports("withdrawn", |_, document| {
        document["services"][0]["health"] == "unhealthy"
    })?;
    assert_eq!(holds(&document), [None; 3], "{document}");
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)?;

    server.kill()?;
    scene.lacks(&BOTH)?;
    server.restart(Answer::Normal)?;
    let document = scene.reports("healthy, but held", |_, document| {
        let service = &document["services"][0];
        service["health"] == "healthy" && service["desired"] == "withdrawn"
    })?;
    let reason = document["services"][0]["reason"].as_str().unwrap_or("");
    assert!(
        reason.starts_with("healthy again, but held until "),
        "{document}"
    );
    let holds: Option<Vec<Timestamp>> = holds(&document).into_iter().collect();
    let holds = holds.ok_or_else(|| Error::new(document.to_string()))?;
    assert_eq!(holds.iter().max(), holds.first(), "{document}");
    scene.neighbor.lacks(&BOTH)?;

    scene.has(&BOTH)?;
    // The status has whole seconds, rounded up.
    let back = Timestamp::now() + Duration::from_secs(1);
    assert!(back >= holds[0], "{back}: {document}");
    scene.was_told(before, 4, 4)
}
