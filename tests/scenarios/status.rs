//! What `status --json` tells a program, against what the neighbour has.

use lab::{Error, Result, Signal};
use serde_json::{Value, json};

use crate::scene::{BOTH, Scene, V4_PREFIX, V6_PREFIX, lab, settings};

/// Where the service was exported to, as `(session, prefix, exported)`.
fn exports(document: &Value) -> Vec<Value> {
    let exports = document["services"][0]["exported_to"].as_array();
    exports
        .into_iter()
        .flatten()
        .map(|export| json!([export["session"], export["prefix"], export["exported"]]))
        .collect()
}

#[test]
fn announced_is_confirmed_and_exits_zero() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let document = lab.wait_until("a good status", || match scene.status()? {
        (Some(0), document) => Ok(document),
        (code, document) => Err(Error::new(format!("{code:?} {document}"))),
    })?;
    let service = &document["services"][0];
    assert_eq!(document["version"], 1);
    assert_eq!(service["health"], "healthy", "{document}");
    assert_eq!(
        [&service["desired"], &service["actual"]],
        ["announced", "announced"]
    );
    let wanted = [
        json!(["bgp_tor1_v4", V4_PREFIX, true]),
        json!(["bgp_tor1_v6", V6_PREFIX, true]),
    ];
    lab.wait_until("both exports", || {
        let (_, document) = scene.status()?;
        if exports(&document) == wanted {
            Ok(())
        } else {
            Err(Error::new(document.to_string()))
        }
    })
}

#[test]
fn withdrawn_exits_one() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    lab.wait_until("a withdrawn status", || {
        let (code, document) = scene.status()?;
        let service = &document["services"][0];
        let withdrawn = service["actual"] == "withdrawn" && service["desired"] == "withdrawn";
        let exported = exports(&document).iter().any(|export| export[2] == true);
        if code == Some(1) && withdrawn && !exported {
            return Ok(());
        }
        Err(Error::new(format!("{code:?} {document}")))
    })
}

#[test]
fn without_a_daemon_bird_itself_is_asked() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings())?;
    scene.controller.stop(Signal::SIGKILL)?;
    let outcome = scene.controller.call(&["status"])?;
    assert_eq!(outcome.code, Some(4), "{outcome:?}");
    for told in [
        "anycastctl is not running",
        "192.0.2.53/32        exported to  bgp_tor1_v4",
        "bgp_tor1_v6  fd99::1    64600  Established",
    ] {
        assert!(outcome.output.contains(told), "no `{told}` in {outcome:?}");
    }
    assert!(
        outcome.complaint.contains("is `anycastctl run`")
            || outcome.complaint.contains("nobody listens"),
        "{outcome:?}"
    );
    let (code, document) = scene.any_status()?;
    assert_eq!(code, Some(4));
    assert_eq!(document["controller"], Value::Null);
    let service = &document["services"][0];
    assert_eq!(
        [&service["actual"], &service["desired"]],
        [&json!("announced"), &Value::Null]
    );
    assert_eq!(
        service["protocols"][0],
        json!({"name": "anycast_resolver_v4", "enabled": true, "up": true, "protected": null})
    );

    scene.kill_bird()?;
    let outcome = scene.controller.call(&["status"])?;
    assert_eq!(
        (outcome.code, outcome.output.as_str()),
        (Some(4), ""),
        "{outcome:?}"
    );
    assert!(
        outcome.complaint.contains("cannot connect to BIRD"),
        "{outcome:?}"
    );
    Ok(())
}

#[test]
fn a_broken_configuration_keeps_nobody_from_what_bird_says() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings())?;
    let configuration = scene.controller.configuration().to_owned();
    let text =
        std::fs::read_to_string(&configuration).map_err(|error| Error::new(error.to_string()))?;
    let written = |text: &str| {
        std::fs::write(&configuration, text).map_err(|error| Error::new(error.to_string()))
    };
    written(&text.replace("version: 1", "version: 0"))?;
    let control = scene.controller.control().display().to_string();
    let outcome = scene.controller.call(&["status", "--control", &control])?;
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    scene.controller.stop(Signal::SIGKILL)?;
    let outcome = scene.controller.call(&["status", "--control", &control])?;
    // Nobody knows any more where BIRD's socket is.
    assert_eq!(outcome.code, Some(4), "{outcome:?}");
    assert!(
        outcome.complaint.contains("/run/bird/bird.ctl"),
        "{outcome:?}"
    );
    written(&text)
}

#[test]
fn one_service_comes_with_its_last_events() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    lab.wait_until("the last events", || {
        let outcome = scene.controller.call(&["status", "resolver"])?;
        let told = [
            "Last events:",
            "announced -> withdrawn",
            "connection refused",
            "is withdrawn",
        ];
        match told.iter().find(|text| !outcome.output.contains(**text)) {
            None => Ok(()),
            Some(missing) => Err(Error::new(format!("no `{missing}` in {outcome:?}"))),
        }
    })
}

#[test]
fn every_session_is_listed() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    lab.wait_until("both sessions", || {
        let (_, document) = scene.status()?;
        let sessions = document["sessions"].as_array().into_iter().flatten();
        let rows: Vec<Value> = sessions
            .map(|session| json!([session["name"], session["state"]]))
            .collect();
        let wanted = [
            json!(["bgp_tor1_v4", "Established"]),
            json!(["bgp_tor1_v6", "Established"]),
        ];
        if rows == wanted {
            Ok(())
        } else {
            Err(Error::new(document.to_string()))
        }
    })
}

#[test]
fn why_names_the_evidence_the_neighbours_and_what_would_change_it() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    lab.wait_until("an explanation of the withdrawal", || {
        let outcome = scene.controller.call(&["why", "resolver"])?;
        let told = [
            "resolver is withdrawn.",
            "3 failed in a row: connection refused",
            "192.0.2.53/32 is not exported to bgp_tor1_v4.",
            "It is announced once every check has passed 2 times in a row.",
        ];
        match told.iter().find(|text| !outcome.output.contains(**text)) {
            None => Ok(()),
            Some(missing) => Err(Error::new(format!("no `{missing}` in {outcome:?}"))),
        }
    })?;
    let outcome = scene.controller.call(&["why", "resolver", "--json"])?;
    let document: Value = serde_json::from_str(&outcome.output)
        .map_err(|error| Error::new(format!("{error} in {outcome:?}")))?;
    assert_eq!(
        [&document["version"], &document["service"]],
        [&json!(1), &json!("resolver")]
    );
    let outcome = scene.controller.call(&["why", "nobody"])?;
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    Ok(())
}

#[test]
fn a_monitoring_plugin_gets_one_line_and_its_own_exit_codes() -> Result<()> {
    let lab = lab()?;
    let (mut scene, mut server) = Scene::announced(&lab, &settings())?;
    let says = |scene: &Scene<'_>, code: i32, begin: &str| {
        let outcome = scene.controller.call(&["status", "--nagios"])?;
        let one_line = outcome.output.lines().count() == 1;
        if outcome.code == Some(code) && outcome.output.starts_with(begin) && one_line {
            return Ok(());
        }
        Err(Error::new(format!("{outcome:?}")))
    };
    lab.wait_until("OK", || {
        says(
            &scene,
            0,
            "ANYCAST OK - 1 service announced, 2 sessions established | announced=1;",
        )
    })?;
    server.kill()?;
    lab.wait_until("CRITICAL", || {
        says(&scene, 2, "ANYCAST CRITICAL - resolver IPv4 is withdrawn: ")
    })?;
    scene.controller.stop(Signal::SIGKILL)?;
    says(&scene, 2, "ANYCAST CRITICAL - the daemon does not answer")
}

#[test]
fn watching_in_a_pipe_gives_one_document_after_the_other_and_ends_with_its_reader() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let (pages, status) = scene
        .controller
        .read_lines(&["status", "--json", "--watch=10ms"], 3)?;
    for page in &pages {
        let document: Value =
            serde_json::from_str(page).map_err(|error| Error::new(format!("{error} in {page}")))?;
        assert_eq!(document["version"], 1);
    }
    assert_eq!(status.code(), Some(0), "{status}");
    Ok(())
}
