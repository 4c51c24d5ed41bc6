//! What `status --json` tells a program, against what the neighbour has.

use lab::{Error, Result};
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
fn no_daemon_exits_four() -> Result<()> {
    let lab = lab()?;
    let scene = Scene::prepared(&lab, &settings())?;
    let outcome = scene.controller.call(&["status"])?;
    assert_eq!(outcome.code, Some(4), "{outcome:?}");
    Ok(())
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
