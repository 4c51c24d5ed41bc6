//! What `history` tells of a real outage, across restarts of the daemon, and with a disk that is full.

use lab::{DnsServer, Error, Outcome, Result, Signal, Software};
use serde_json::Value;

use crate::scene::{BOTH, Scene, V4, V6, lab, settings};

/// What `history --json` says.
fn history(scene: &Scene, arguments: &[&str]) -> Result<(Outcome, Value)> {
    let outcome = scene
        .controller
        .call(&[&["history", "--json"], arguments].concat())?;
    let document = serde_json::from_str(&outcome.output)
        .map_err(|error| Error::new(format!("{error} in {outcome:?}")))?;
    Ok((outcome, document))
}

/// The entries of one kind.
fn events<'a>(document: &'a Value, kind: &str) -> Vec<&'a Value> {
    let entries = document["entries"].as_array().into_iter().flatten();
    entries.filter(|entry| entry["event"] == kind).collect()
}

/// Waits for a history that is so.
fn tells(scene: &Scene, what: &str, is_so: impl Fn(&Value) -> bool) -> Result<Value> {
    scene.lab.wait_until(&format!("history: {what}"), || {
        let (_, document) = history(scene, &[])?;
        if is_so(&document) {
            return Ok(document);
        }
        Err(Error::new(document.to_string()))
    })
}

fn withdrawals(document: &Value) -> usize {
    let confirmed = events(document, "confirmed");
    confirmed
        .iter()
        .filter(|entry| entry["state"] == "withdrawn")
        .count()
}

#[test]
fn an_outage_is_told_with_its_evidence() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    let document = tells(&scene, "both withdrawn", |document| {
        withdrawals(document) == 2
    })?;
    assert_eq!(document["version"], 1);
    assert_eq!(document["origin"], "daemon");
    assert_eq!(document["entries"][0]["event"], "started", "{document}");
    for family in ["ipv4", "ipv6"] {
        let decided = events(&document, "decided");
        let decision = decided
            .iter()
            .find(|entry| entry["family"] == family && entry["to"] == "withdrawn")
            .ok_or_else(|| Error::new(document.to_string()))?;
        assert_eq!(decision["from"], "announced");
        let evidence = &decision["evidence"];
        assert_eq!(evidence["verdict"], "fail", "{decision}");
        let detail = evidence["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("refused"), "{decision}");
    }
    // A refused connection takes no time; the answer that decided to announce did.
    let announced = &events(&document, "decided")[0]["evidence"];
    assert!(announced["latency_ms"].as_f64() > Some(0.0), "{document}");
    let confirmed = events(&document, "confirmed");
    assert!(
        confirmed
            .iter()
            .all(|entry| entry["milliseconds"].as_f64() > Some(0.0)),
        "{document}"
    );
    // For people, and of this service only.
    let text = scene.controller.succeed(&["history", "resolver"])?;
    let line = text
        .lines()
        .find(|line| line.contains("resolver IPv4") && line.contains("announced -> withdrawn"))
        .ok_or_else(|| Error::new(text.clone()))?;
    // Where the standing connection was made in time, its end comes first.
    let words = [
        "dns-1 at 192.0.2.53: ",
        "3 failed in a row: connection refused",
    ];
    assert!(words.iter().all(|words| line.contains(words)), "{line}");
    assert!(!text.contains("started"), "{text}");
    let (_, last) = history(&scene, &["--limit", "1"])?;
    assert_eq!(last["entries"].as_array().map(Vec::len), Some(1));
    assert_eq!(last["more"], true);
    Ok(())
}

#[test]
fn the_history_outlives_the_daemon() -> Result<()> {
    let lab = lab()?;
    let (mut scene, mut server) = Scene::announced(&lab, &settings().hold_on_stop())?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    tells(&scene, "both withdrawn", |document| {
        withdrawals(document) == 2
    })?;
    scene.controller.stop(Signal::SIGTERM)?;
    // Nobody is there to ask, and everything is on disk.
    let (outcome, document) = history(&scene, &[])?;
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(
        outcome.complaint.contains("This is from the files"),
        "{outcome:?}"
    );
    assert_eq!(document["origin"], "files");
    assert_eq!(withdrawals(&document), 2, "{document}");
    let entries = document["entries"].as_array().into_iter().flatten();
    let last = entries.last().ok_or_else(|| Error::new("no entries"))?;
    assert_eq!(last["event"], "stopping", "{document}");
    scene.controller.start()?;
    let document = tells(&scene, "another start", |document| {
        document["origin"] == "daemon" && events(document, "started").len() == 2
    })?;
    assert_eq!(withdrawals(&document), 2, "{document}");
    Ok(())
}

#[test]
fn a_full_disk_delays_no_withdrawal_and_the_gap_is_told() -> Result<()> {
    let lab = lab()?;
    let mut server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let mut scene = Scene::prepared(&lab, &settings())?;
    let disk = scene.controller.start_on_full_disk()?;
    scene.has(&BOTH)?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    let document = tells(&scene, "both withdrawn", |document| {
        withdrawals(document) == 2
    })?;
    let problem = document["problem"].as_str().unwrap_or_default();
    assert!(problem.contains("No space left on device"), "{document}");
    scene.reports("the problem", |_, document| {
        let problems = document["controller"]["problems"].as_array();
        problems.is_some_and(|problems| problems.iter().any(|text| text == problem))
    })?;
    assert_eq!(std::fs::read(disk.join("history.jsonl"))?, b"");
    std::fs::remove_file(disk.join("filler"))?;
    // The gap is recorded before the disk has it.
    let document = tells(&scene, "the gap, and the end of the problem", |document| {
        events(document, "history_gap").len() == 1 && document["problem"].is_null()
    })?;
    let missing = events(&document, "history_gap")[0]["missing"].as_u64();
    // The start, BIRD, and two decisions with their confirmations for each family.
    assert!(missing >= Some(10), "{document}");
    assert_eq!(withdrawals(&document), 2, "{document}");
    let file = std::fs::read_to_string(disk.join("history.jsonl"))?;
    assert!(file.contains("\"history_gap\""), "{file}");
    Ok(())
}

/// A pipe that nobody writes to hangs whoever reads it, as a dead disk would.
#[test]
fn a_disk_that_hangs_delays_neither_start_nor_withdrawal_nor_end() -> Result<()> {
    let lab = lab()?;
    let mut server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let mut scene = Scene::prepared(&lab, &settings())?;
    let state = lab.node().directory().join("state");
    std::fs::create_dir_all(&state)?;
    let pipe = state.join("history.jsonl").display().to_string();
    lab.node().run("mkfifo", &[&pipe])?;
    scene.controller.start()?;
    scene.has(&BOTH)?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    let document = tells(&scene, "both withdrawn", |document| {
        withdrawals(document) == 2
    })?;
    let problem = document["problem"].as_str().unwrap_or_default();
    assert!(problem.contains("did not answer"), "{document}");
    let status = scene.controller.stop(Signal::SIGTERM)?;
    assert_eq!(status.code(), Some(0), "{status}");
    Ok(())
}
