//! The first configuration, from a host that is there: what is found is true, and what is written works.

use std::fs;
use std::path::{Path, PathBuf};

use lab::{Bird, Controller, DnsServer, Lab, Result, Settings, Software};

use crate::by_hand::written_by_hand;
use crate::scene::{BOTH, Scene, V4, V6, lab, resolver};

/// A node that somebody has set up by hand: BIRD announces the addresses, and nothing of ours is there yet.
fn set_up_by_hand(lab: &Lab) -> Result<Scene<'_>> {
    let settings = Settings::new([resolver()]);
    let controller = Controller::install(lab, env!("CARGO_BIN_EXE_anycastctl"), &settings)?;
    fs::remove_file(controller.configuration())?;
    let bird_conf = lab.node().directory().join("bird.conf");
    fs::write(&bird_conf, written_by_hand(lab, false))?;
    let bird: Bird<'_> = controller.start_bird()?;
    let neighbor = lab.start_neighbor(settings.bfd())?;
    let scene = Scene {
        lab,
        controller,
        bird,
        neighbor,
    };
    scene.established()?;
    scene.has(&BOTH)?;
    Ok(scene)
}

/// What is of the lab and of no other host: the directories, and a program of its own.
fn at_home_in_the_lab(text: &str, directory: &Path) -> String {
    let (directory, program) = (directory.display(), Bird::node_program());
    let own = format!(
        "bird:\n  secrets: {directory}/bird.secrets.conf\n  intent_dir: {directory}/intent\n  log: {directory}/bird-own.log\n  binary: {}\n",
        program.display()
    );
    let daemon =
        format!("daemon: {{ control: {directory}/control.sock, state_dir: {directory}/state }}\n");
    text.replacen("bird:\n", &own, 1) + &daemon
}

#[test]
fn what_somebody_set_up_is_found_and_taken_over() -> Result<()> {
    let lab = lab()?;
    let _server = DnsServer::start(lab.node(), Software::Named, "dns", &[V4, V6])?;
    let mut scene = set_up_by_hand(&lab)?;
    let socket = scene.bird.socket().display().to_string();
    let found = scene.controller.call(&["init", "--socket", &socket])?;
    // Only the password is missing: it is not copied.
    assert_eq!(found.code, Some(1), "{found:?}");
    assert_eq!(found.output, "");
    let text = fs::read_to_string(scene.controller.configuration())?;
    let (complaint, directory) = (&found.complaint, lab.node().directory().display());
    assert!(
        !format!("{text}{complaint}").contains("lab-secret"),
        "{found:?}"
    );
    for line in [
        "asn: 64601  # our AS number in BIRD's session upstream4",
        "router_id: 10.99.0.2",
        &format!("config: \"{directory}/bird.conf\""),
        &format!("socket: \"{socket}\""),
        "  authoritative:",
        "- 192.0.2.53/32  # on lo, served by named; BIRD's protocol dns4 announces it now",
        "- \"2001:db8:53::53/128\"  # on lo, served by named; BIRD's protocol dns6 announces it now",
        "- dns: { name: \"example.com\", type: SOA }",
        "  upstream:  # BIRD's sessions upstream4 and upstream6",
        "- { local: 10.99.0.2, remote: 10.99.0.1 }",
        "- { local: \"fd99::2\", remote: \"fd99::1\" }",
        "    hold_time: 10s",
        "    bfd: true",
        "    password_file: /etc/anycastctl/secrets/upstream",
    ] {
        assert!(text.contains(line), "no `{line}` in\n{text}\n{complaint}");
    }
    assert!(
        complaint.contains("neighbors.upstream.password_file: "),
        "{complaint}"
    );
    for step in [
        "check\n",
        "diff",
        "systemctl enable --now anycastctl",
        "apply --replace --allow-withdraw",
    ] {
        assert!(complaint.contains(step.trim_end()), "{complaint}");
    }

    // Never a second time.
    let again = scene.controller.call(&["init", "--socket", &socket])?;
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.complaint.contains("is there already"), "{again:?}");
    assert_eq!(fs::read_to_string(scene.controller.configuration())?, text);

    take_over(&mut scene, &text)
}

/// As the command's last words say.
fn take_over(scene: &mut Scene<'_>, text: &str) -> Result<()> {
    let password: PathBuf = scene.lab.password_file()?;
    let text = at_home_in_the_lab(text, scene.lab.node().directory());
    let text = text.replace(
        "/etc/anycastctl/secrets/upstream",
        &password.display().to_string(),
    );
    fs::write(scene.controller.configuration(), &text)?;
    scene.controller.succeed(&["check"])?;
    scene.controller.start()?;
    scene.desires("announced")?;
    let before = scene.neighbor.updates()?;
    scene
        .controller
        .succeed(&["apply", "--replace", "--allow-withdraw"])?;
    scene.has(&BOTH)?;
    scene.established()?;
    // Its sessions have new names, so each is opened anew: that loses its route once, and nothing else is lost.
    scene.was_told_at_most(before, 2, 2)?;
    scene.reports(
        "announced and exported by sessions that are up",
        |code, document| {
            let sessions = document["sessions"]
                .as_array()
                .map_or(&[][..], Vec::as_slice);
            code == Some(0)
                && document["services"][0]["actual"] == "announced"
                && sessions.len() == 2
                && sessions
                    .iter()
                    .all(|session| session["state"] == "Established" && session["bfd"] == "Up")
        },
    )?;
    for name in ["bgp_upstream_v4", "bgp_upstream_v6"] {
        let shown = scene.bird.ask(&format!("show protocols all \"{name}\""))?;
        let timer = shown.lines().find(|line| line.contains("Hold timer:"));
        assert!(timer.is_some_and(|timer| timer.ends_with("/10")), "{shown}");
    }
    Ok(())
}

/// A resolver beside a BIRD without sessions; whoever calls is not root and sees no programs, or is.
#[test]
fn a_resolver_is_found_and_the_rest_is_left_to_fill_in() -> Result<()> {
    let lab = lab()?;
    let _server = DnsServer::start(lab.node(), Software::Unbound, "dns", &[V4, V6])?;
    let settings = Settings::new([resolver()]);
    let controller = Controller::install(&lab, env!("CARGO_BIN_EXE_anycastctl"), &settings)?;
    fs::remove_file(controller.configuration())?;
    let bird_conf = lab.node().directory().join("bird.conf");
    let own = format!(
        "log \"{}/bird-own.log\" all;\n",
        lab.node().directory().display()
    );
    fs::write(
        &bird_conf,
        own + "protocol device { }\nprotocol kernel { ipv4 { export all; }; }\n",
    )?;
    let bird = controller.start_bird()?;
    let socket = bird.socket().display().to_string();
    let lacking = controller.call(&["init", "--socket", &socket, "-o", "-"])?;
    assert_eq!(lacking.code, Some(1), "{lacking:?}");
    assert!(!controller.configuration().exists());
    let missing = "neighbors.neighbor1.sessions[0].remote: the neighbour's address";
    assert!(lacking.complaint.contains(missing), "{}", lacking.complaint);

    let given = ["init", "--socket", &socket, "--asn", "64601", "--neighbor"];
    let given = [
        &given[..],
        &["10.99.0.1@64600", "--neighbor", "fd99::1@64600"],
    ]
    .concat();
    let outcome = controller.call(&given)?;
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let text = fs::read_to_string(controller.configuration())?;
    for line in [
        "  resolver:",
        "- dns: { name: \"localhost\", type: A }",
        "router_id: 10.99.0.2",
    ] {
        assert!(text.contains(line), "no `{line}` in\n{text}");
    }
    let text = at_home_in_the_lab(&text, lab.node().directory());
    fs::write(controller.configuration(), text)?;
    controller.succeed(&["check"])?;
    let probed = controller.succeed(&["probe"])?;
    assert_eq!(probed.matches("PASS resolver/dns-1").count(), 2, "{probed}");
    Ok(())
}
