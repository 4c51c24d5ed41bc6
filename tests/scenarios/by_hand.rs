//! A bird.conf that somebody wrote by hand: its protocols are named in the configuration, and nothing is
//! rendered.

use lab::{Bird, Controller, DnsServer, Lab, Result, Signal, Software};

use crate::scene::{BOTH, Scene, V4, V4_PREFIX, V6, V6_PREFIX, lab, resolver};

/// What the author of the file would write, with or without a place for intent files.
pub(crate) fn written_by_hand(lab: &Lab, protected: bool) -> String {
    let directory = lab.node().directory().display();
    let intent = |protocol: &str| {
        let path = format!("{directory}/intent/{protocol}.conf");
        let line = format!("disabled;\n  include \"/[{}]{}\";", &path[1..2], &path[2..]);
        if protected { line } else { String::new() }
    };
    let anycast = |name: &str, channel: &str, prefix: &str| {
        let intent = intent(name);
        format!(
            "protocol static {name} {{\n  {intent}\n  {channel};\n  route {prefix} blackhole;\n}}\n"
        )
    };
    let session = |name: &str, local: &str, remote: &str, channel: &str| {
        format!(
            "protocol bgp {name} {{
  local {local} as {};
  neighbor {remote} as {};
  password PASSWORD_TOR1;
  bfd on;
  hold time 10;
  {channel} {{ import none; export where source = RTS_STATIC; }};
}}
",
            lab::NODE_ASN,
            lab::NEIGHBOR_ASN
        )
    };
    [
        format!("log \"{directory}/bird-own.log\" all;\nrouter id 10.99.0.2;\n"),
        format!("include \"{directory}/bird.secrets.conf\";\n"),
        "protocol device { }\nprotocol bfd { interface \"*\" { interval 300 ms; multiplier 3; }; }\n".to_owned(),
        anycast("dns4", "ipv4", V4_PREFIX),
        anycast("dns6", "ipv6", V6_PREFIX),
        session("upstream4", "10.99.0.2", "10.99.0.1", "ipv4"),
        session("upstream6", "fd99::2", "fd99::1", "ipv6"),
    ]
    .concat()
}

fn prepared(lab: &Lab, protected: bool) -> Result<Scene<'_>> {
    let service = resolver().with("bird: { v4: dns4, v6: dns6 }");
    let settings = lab::Settings::new([service]);
    let controller = Controller::install(lab, env!("CARGO_BIN_EXE_anycastctl"), &settings)?;
    let text = std::fs::read_to_string(controller.configuration())?;
    let text = text
        .replace(
            "remote: 10.99.0.1 }",
            "remote: 10.99.0.1, bird: upstream4 }",
        )
        .replace(
            "remote: \"fd99::1\" }",
            "remote: \"fd99::1\", bird: upstream6 }",
        );
    std::fs::write(controller.configuration(), text)?;
    let bird_conf = lab.node().directory().join("bird.conf");
    std::fs::write(bird_conf, written_by_hand(lab, protected))?;
    let bird: Bird<'_> = controller.start_bird()?;
    let neighbor = lab.start_neighbor(settings.bfd())?;
    let mut scene = Scene {
        lab,
        controller,
        bird,
        neighbor,
    };
    scene.established()?;
    scene.controller.start()?;
    Ok(scene)
}

/// Without a place for intent files, whoever reconfigures BIRD announces a dead service; the daemon puts
/// that right, and says that it cannot prevent it.
#[test]
fn unprotected_protocols_are_withdrawn_again_after_somebody_elses_configure() -> Result<()> {
    let lab = lab()?;
    let mut server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let scene = prepared(&lab, false)?;
    scene.has(&BOTH)?;
    let document = scene.reports("announced and exported", |code, document| {
        let service = &document["services"][0];
        code == Some(0)
            && service["actual"] == "announced"
            && service["exported_to"][0]["exported"] == true
    })?;
    let protocols = &document["services"][0]["protocols"];
    assert_eq!(protocols[0]["name"], "dns4");
    assert_eq!(
        protocols[1]["name"], "dns6",
        "no twin was named: {protocols}"
    );
    assert_eq!(protocols[0]["protected"], false);
    assert_eq!(document["sessions"][0]["name"], "upstream4");

    server.kill()?;
    scene.lacks(&BOTH)?;
    scene.desires("withdrawn")?;
    let before = scene.neighbor.updates()?;
    scene.bird.configure()?;
    scene.lab.wait_until("a new announcement", || {
        let now = scene.neighbor.updates()?;
        if now.announced > before.announced {
            return Ok(());
        }
        Err(lab::Error::new(now.to_string()))
    })?;
    scene.lacks(&BOTH)?;
    scene.never_has(&BOTH)?;
    let text = scene.controller.call(&["status"])?.output;
    assert!(
        text.contains("dns4: bird.conf does not include its intent file"),
        "{text}"
    );
    Ok(())
}

/// With the two lines that rendered protocols have, nobody announces a dead service.
#[test]
fn protected_protocols_stay_withdrawn_whoever_configures() -> Result<()> {
    let lab = lab()?;
    let mut server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let scene = prepared(&lab, true)?;
    scene.has(&BOTH)?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    let before = scene.neighbor.updates()?;
    scene.bird.configure()?;
    scene.was_told(before, 0, 0)?;
    let document = scene.reports("protected", |_, document| {
        document["services"][0]["protocols"][0]["protected"] == true
    })?;
    assert_eq!(document["services"][0]["actual"], "withdrawn");
    Ok(())
}

/// A protocol that the configuration no longer names ends as one that was rendered does.
#[test]
fn a_protocol_that_is_named_no_longer_is_withdrawn() -> Result<()> {
    let lab = lab()?;
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let mut scene = prepared(&lab, true)?;
    scene.has(&BOTH)?;
    scene.controller.stop(Signal::SIGKILL)?;
    let configuration = scene.controller.configuration().to_owned();
    let text = std::fs::read_to_string(&configuration)?;
    let text = text
        .replace(&format!(", \"{V6_PREFIX}\""), "")
        .replace(", v6: dns6", "");
    std::fs::write(&configuration, text)?;
    let before = scene.neighbor.updates()?;
    scene.controller.start()?;
    scene.lacks(&[V6_PREFIX])?;
    scene.was_told(before, 0, 1)?;
    scene.bird.configure()?;
    scene.was_told(before, 0, 1)?;
    scene.has(&[V4_PREFIX])
}

/// The brake knows their names from the configuration, and from their intent files where there is none; without the
/// line that includes those, it says what a `configure` does.
#[test]
fn the_brake_withdraws_protocols_of_any_name() -> Result<()> {
    for (protected, usable) in [(true, true), (true, false), (false, true)] {
        let lab = lab()?;
        let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
        let mut scene = prepared(&lab, protected)?;
        scene.has(&BOTH)?;
        scene.controller.stop(Signal::SIGKILL)?;
        if !usable {
            std::fs::write(scene.controller.configuration(), "services: [\n")?;
        }
        let socket = scene.bird.socket().display().to_string();
        let directory = scene.controller.intent_directory().display().to_string();
        let paths = ["brake", "--socket", &socket, "--intent-dir", &directory];
        let outcome = scene.controller.call(&paths)?;
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert!(outcome.output.contains("dns4"), "{outcome:?}");
        let warned = outcome.complaint.contains("does not include");
        assert_eq!(warned, !protected, "{outcome:?}");
        scene.lacks(&BOTH)?;
        if protected {
            scene.bird.configure()?;
            scene.never_has(&BOTH)?;
        }
    }
    Ok(())
}
