//! What operators order, with the truth at the neighbour.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use lab::{DnsServer, Error, Lab, Outcome, Result, Service, Settings, Software};
use serde_json::Value;

use crate::scene::{A_WHILE, BOTH, Scene, V4, V4_PREFIX, V6, lab, resolver, settings};

/// So many prefixes a family.
const MANY: usize = 100;

/// Graceful shutdown (RFC 8326), as BIRD shows it.
const GRACEFUL_SHUTDOWN: &str = "(65535,0)";

/// A command that has to exit like this.
fn exits(scene: &Scene, code: i32, arguments: &[&str]) -> Result<Outcome> {
    let outcome = scene.controller.call(arguments)?;
    if outcome.code == Some(code) {
        return Ok(outcome);
    }
    let error = Error::new(format!("{}: {outcome:?}", arguments.join(" ")));
    Err(scene.lab.explain(&error))
}

/// The order in force for the first service, by its kind.
fn order(document: &Value) -> Option<&str> {
    document["services"][0]["override"]["kind"].as_str()
}

/// A service without addresses of its own on the node: the server answers on another.
fn elsewhere(name: &str, prefixes: &[&str]) -> Service {
    let dns = format!("{{ server: {V4}, name: example.com, type: SOA }}");
    let has_both = prefixes.iter().any(|prefix| prefix.contains(':'));
    let families = if has_both { "[v4, v6]" } else { "[v4]" };
    Service::new(name, prefixes)
        .with("require_address: false")
        .only_check(&format!(
            "{{ on_failure: withdraw, families: {families}, dns: {dns} }}"
        ))
}

fn many() -> Vec<String> {
    let v4 = (0..MANY).map(|number| format!("198.51.100.{number}/32"));
    // BIRD writes the zero of the first one without its zero.
    let v6 = (1..=MANY).map(|number| format!("2001:db8:100::{number:x}/128"));
    v4.chain(v6).collect()
}

/// A hundred prefixes of each family.
fn many_settings() -> Settings {
    let prefixes = many();
    let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
    Settings::new([elsewhere("resolver", &prefixes)])
}

fn many_announced(lab: &Lab) -> Result<(Scene<'_>, DnsServer<'_>)> {
    let server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let scene = Scene::started(lab, &many_settings())?;
    carries(&scene, 0)?;
    scene.settled()?;
    Ok((scene, server))
}

/// Waits until the neighbour has every route, and so many with the community.
fn carries(scene: &Scene, wanted: usize) -> Result<()> {
    let what = format!("{} routes, {wanted} with graceful shutdown", 2 * MANY);
    scene.lab.wait_until(&what, || {
        let table = scene.neighbor.bird().ask("show route all")?;
        let routes = many()
            .iter()
            .filter(|prefix| table.contains(prefix.as_str()))
            .count();
        let drained = table.matches(GRACEFUL_SHUTDOWN).count();
        if (routes, drained) == (2 * MANY, wanted) {
            return Ok(());
        }
        Err(Error::new(format!("{routes} routes, {drained} drained")))
    })
}

/// The neighbour got each route again, and no withdrawal.
fn was_told_each(scene: &Scene, before: lab::Updates) -> Result<()> {
    scene.was_told(before, 2 * MANY as u64, 0)
}

#[test]
fn a_drain_and_its_end_withdraw_nothing() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = many_announced(&lab)?;
    let before = scene.neighbor.updates()?;
    let drained = exits(&scene, 0, &["drain", "resolver", "--reason", "maintenance"])?;
    assert!(drained.output.contains("now drained"), "{drained:?}");
    carries(&scene, 2 * MANY)?;
    was_told_each(&scene, before)?;
    let before = scene.neighbor.updates()?;
    let again = exits(&scene, 0, &["undrain", "resolver"])?;
    assert!(again.output.contains("now announced"), "{again:?}");
    carries(&scene, 0)?;
    was_told_each(&scene, before)
}

/// Whoever has BIRD read its configuration finds the drain in the intent files.
#[test]
fn a_drain_in_the_middle_of_which_somebody_runs_configure() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = many_announced(&lab)?;
    let before = scene.neighbor.updates()?;
    std::thread::scope(|scope| {
        let others = scope.spawn(|| (0..20).try_for_each(|_| scene.bird.configure().map(drop)));
        let drained = exits(&scene, 0, &["drain", "--all"]);
        let theirs = others.join().map_err(|_| Error::new("panic"))?;
        drained.and(theirs)
    })?;
    carries(&scene, 2 * MANY)?;
    scene.bird.configure()?;
    scene.settled()?;
    carries(&scene, 2 * MANY)?;
    let after = scene.neighbor.updates()?;
    assert_eq!(after.withdrawn, before.withdrawn, "{before}, then {after}");
    exits(&scene, 0, &["undrain", "--all"])?;
    carries(&scene, 0)?;
    let after = scene.settled()?;
    assert_eq!(after.withdrawn, before.withdrawn, "{before}, then {after}");
    Ok(())
}

#[test]
fn a_withdraw_stands_above_the_checks_until_it_is_released() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let withdrawn = exits(&scene, 0, &["withdraw", "--all", "--reason", "attack"])?;
    assert!(
        withdrawn
            .complaint
            .contains("announces none of its services")
    );
    scene.lacks(&BOTH)?;
    scene.never_has(&BOTH)?;
    let (_, document) = scene.status()?;
    let given = &document["services"][0]["override"];
    assert_eq!(
        (given["by"].as_str(), given["reason"].as_str()),
        (Some("root"), Some("attack"))
    );

    // What ends a drain does not end this.
    let kept = exits(&scene, 1, &["undrain", "resolver"])?;
    assert!(
        kept.complaint.contains("`anycastctl release` ends"),
        "{kept:?}"
    );
    scene.lacks(&BOTH)?;
    exits(&scene, 0, &["release", "resolver"])?;
    scene.has(&BOTH)?;
    let nothing = exits(&scene, 0, &["release", "resolver"])?;
    assert!(nothing.output.contains("nothing to end"), "{nothing:?}");
    Ok(())
}

#[test]
fn what_is_pinned_stays_although_the_server_is_dead() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    let before = scene.neighbor.updates()?;
    let pinned = exits(&scene, 0, &["pin", "resolver"])?;
    assert!(
        pinned.complaint.contains("WARNING: what is pinned"),
        "{pinned:?}"
    );
    server.kill()?;
    scene.reports("a pin", |_, document| {
        let failed = &document["services"][0]["checks"][0]["health"];
        failed == "unhealthy" && order(document) == Some("pin")
    })?;
    scene.keeps(A_WHILE)?;
    scene.was_told(before, 0, 0)?;
    // The checks decide again: it goes, and that is not what one hopes of a release.
    let released = exits(&scene, 1, &["release", "resolver"])?;
    assert!(
        released.output.contains("IPv4 withdrawn (dns-1"),
        "{released:?}"
    );
    scene.lacks(&BOTH)
}

/// A drain replaces a withdraw and says so; it ends by itself.
#[test]
fn an_order_for_a_time_ends_by_itself() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    exits(&scene, 0, &["withdraw", "resolver"])?;
    let drained = exits(&scene, 0, &["drain", "resolver", "--for", "3s", "--json"])?;
    let document: Value =
        serde_json::from_str(&drained.output).map_err(|error| Error::new(error.to_string()))?;
    let outcome = &document["services"][0];
    assert_eq!(outcome["ended"]["kind"], "withdraw", "{document}");
    assert_eq!(outcome["override"]["kind"], "drain", "{document}");
    assert_eq!(document["status"][0]["actual"], "drained", "{document}");
    scene.reports("no order", |code, document| {
        code == Some(0) && order(document).is_none()
    })?;
    let route = scene
        .neighbor
        .route(V4_PREFIX)?
        .ok_or_else(|| Error::new("no route"))?;
    assert!(
        !route.communities.iter().any(|one| one == GRACEFUL_SHUTDOWN),
        "{route:?}"
    );
    scene.logs(&["its time is over"])
}

#[test]
fn strangers_are_refused_and_members_are_not() -> Result<()> {
    let lab = lab()?;
    let settings = settings().daemon("operator_group: operator");
    let (scene, _server) = Scene::announced(&lab, &settings)?;
    let withdraw = ["withdraw", "resolver", "--reason", "mine"];
    // The socket lets nobody but members in; and if it did, the daemon would not.
    let outside = scene.controller.call_as("nobody", "nogroup", &withdraw)?;
    assert_eq!(outside.code, Some(4), "{outside:?}");
    assert!(outside.complaint.contains("operator_group"), "{outside:?}");
    fs::set_permissions(scene.controller.control(), Permissions::from_mode(0o666))?;
    let stranger = scene.controller.call_as("nobody", "nogroup", &withdraw)?;
    assert_eq!(stranger.code, Some(4), "{stranger:?}");
    assert!(
        stranger.complaint.contains("usermod -aG operator nobody"),
        "{stranger:?}"
    );
    scene.logs(&["an order was refused", "withdraw resolver"])?;
    let reads = scene
        .controller
        .call_as("nobody", "nogroup", &["status", "--json"])?;
    assert!(reads.output.contains("\"override\":null"), "{reads:?}");
    scene.keeps(A_WHILE)?;

    fs::set_permissions(scene.controller.control(), Permissions::from_mode(0o660))?;
    let member = scene.controller.call_as("nobody", "operator", &withdraw)?;
    assert_eq!(member.code, Some(0), "{member:?}");
    scene.lacks(&BOTH)?;
    let (_, document) = scene.status()?;
    assert_eq!(
        document["services"][0]["override"]["by"], "nobody",
        "{document}"
    );
    Ok(())
}

/// Members by the host's databases, whatever groups their process has.
#[test]
fn a_supplementary_member_may() -> Result<()> {
    let lab = lab()?;
    let settings = settings().daemon("operator_group: operator");
    let mut scene = Scene::prepared(&lab, &settings)?;
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    scene.controller.start_with_member("nobody", "operator")?;
    scene.has(&BOTH)?;
    fs::set_permissions(scene.controller.control(), Permissions::from_mode(0o666))?;
    let drained = scene
        .controller
        .call_as("nobody", "nogroup", &["drain", "--all"])?;
    assert_eq!(drained.code, Some(0), "{drained:?}");
    let stranger = scene
        .controller
        .call_as("daemon", "nogroup", &["release", "--all"])?;
    assert_eq!(stranger.code, Some(4), "{stranger:?}");
    Ok(())
}

#[test]
fn nonsense_is_a_usage_error_and_changes_nothing() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let unknown = exits(&scene, 2, &["withdraw", "resolver", "nosuch"])?;
    assert!(
        unknown
            .complaint
            .contains("no service `nosuch`; it has: resolver"),
        "{unknown:?}"
    );
    scene.keeps(A_WHILE)?;
    let (_, document) = scene.status()?;
    assert_eq!(order(&document), None, "{document}");
    Ok(())
}

/// Somebody orders while BIRD is away: it is in force, and told as not reached; then BIRD comes back.
#[test]
fn an_order_while_bird_is_away() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings())?;
    scene.kill_bird()?;
    scene.reports("BIRD is away", |_, document| {
        document["bird"]["connected"] == false
    })?;
    let withdrawn = exits(&scene, 4, &["withdraw", "resolver", "--wait", "300ms"])?;
    assert!(
        withdrawn.complaint.contains("BIRD does not answer"),
        "{withdrawn:?}"
    );
    scene.bird.restart()?;
    scene.established()?;
    scene.never_has(&BOTH)?;
    exits(&scene, 0, &["release", "resolver"])?;
    scene.has(&BOTH)
}

/// Without a drained twin there is nothing to drain to. With `--all`, the others are drained.
#[test]
fn a_protocol_written_by_hand_without_a_twin() -> Result<()> {
    let lab = lab()?;
    let by_hand = resolver().with("bird: { v4: my_v4 }");
    let other = elsewhere("other", &["198.51.100.0/24"]);
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let scene = Scene::started(&lab, &Settings::new([by_hand, other]))?;
    scene.has(&["198.51.100.0/24"])?;
    let refused = exits(&scene, 1, &["drain", "resolver"])?;
    assert!(refused.complaint.contains("bird.v4_drain"), "{refused:?}");
    let some = exits(&scene, 1, &["drain", "--all"])?;
    assert!(
        some.output
            .contains("other: drain until it is released; now drained"),
        "{some:?}"
    );
    let (_, document) = scene.status()?;
    assert_eq!(order(&document), None, "{document}");
    Ok(())
}
