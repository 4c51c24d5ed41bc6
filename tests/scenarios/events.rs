//! Detection by events. Timing is so slow here that probes alone would need longer than any scenario waits: whatever is
//! withdrawn was withdrawn because of an event.

use std::collections::BTreeSet;

use lab::{
    Answer, DnsServer, Error, FakeDns, Lab, Lie, Result, Service, Settings, Signal, Software,
};

use crate::scene::{A_WHILE, BOTH, Scene, V4, V4_PREFIX, V6, lab, resolver};

/// One pass announces. Without an event, five failures take forty seconds.
fn patient(service: Service) -> Service {
    let lines = [
        "interval: 10s",
        "fast_interval: 10s",
        "rise: 1",
        "fall: 5",
        "window: off",
        "damping: off",
    ];
    lines.into_iter().fold(service, Service::with)
}

fn settings() -> Settings {
    Settings::new([patient(resolver())])
}

/// The local addresses, with ports, of connections from this host to a server's port.
fn standing(lab: &Lab, server: &str) -> Result<BTreeSet<String>> {
    let filter = format!("dst [{server}] and dport = 53");
    let shown = lab
        .node()
        .run("ss", &["-Htn", "state", "established", &filter])?;
    let lines = shown.lines();
    Ok(lines
        .filter_map(|line| Some(line.split_whitespace().nth(2)?.to_owned()))
        .collect())
}

/// Waits until a connection stands to each of both addresses, and exactly one.
fn watched(lab: &Lab) -> Result<Vec<BTreeSet<String>>> {
    lab.wait_until("standing connections", || {
        let found = vec![standing(lab, V4)?, standing(lab, V6)?];
        if found.iter().all(|one| one.len() == 1) {
            return Ok(found);
        }
        Err(Error::new(format!("{found:?}")))
    })
}

/// Waits until no connection stands.
fn unwatched(lab: &Lab) -> Result<()> {
    lab.wait_until("no standing connection", || {
        let found = (standing(lab, V4)?, standing(lab, V6)?);
        if found.0.is_empty() && found.1.is_empty() {
            return Ok(());
        }
        Err(Error::new(format!("{found:?}")))
    })
}

/// The server runs, both routes are at the neighbour, and both addresses are watched.
fn opening<'lab>(
    lab: &'lab Lab,
    software: Software,
    settings: &Settings,
) -> Result<(Scene<'lab>, DnsServer<'lab>)> {
    let server = DnsServer::start(lab.node(), software, "dns", &[V4, V6])?;
    let scene = Scene::started(lab, settings)?;
    scene.has(&BOTH)?;
    watched(lab)?;
    Ok((scene, server))
}

/// Waits until the status says this of a family of the first service.
fn because(scene: &Scene<'_>, reason: &str) -> Result<()> {
    because_of(scene, 0, reason)
}

/// The same of this service.
fn because_of(scene: &Scene<'_>, service: usize, reason: &str) -> Result<()> {
    scene.reports(reason, |_, document| {
        let families = document["services"][service]["families"].as_array();
        let mut families = families.into_iter().flatten();
        families.any(|family| {
            let said = family["reason"].as_str();
            said.is_some_and(|said| said.contains(reason))
        })
    })?;
    Ok(())
}

fn killed_and_back(software: Software) -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = opening(&lab, software, &settings())?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    // Refused; unanswered if a busy host takes so long to end the process that all of a burst is swallowed.
    because(
        &scene,
        "the server closed its connection, then 5 failed in a row",
    )?;
    // Nobody is bothered while there is nothing to lose.
    unwatched(&lab)?;
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)?;
    watched(&lab)?;
    server.kill()?;
    scene.lacks(&BOTH)
}

#[test]
fn nsd_is_killed() -> Result<()> {
    killed_and_back(Software::Nsd)
}

#[test]
fn unbound_is_killed() -> Result<()> {
    killed_and_back(Software::Unbound)
}

#[test]
fn named_is_killed() -> Result<()> {
    killed_and_back(Software::Named)
}

/// Unbound has room for ten connections, and its clients need it.
#[test]
fn a_few_connections_speak_for_all_servers_at_a_port() -> Result<()> {
    let addresses: Vec<String> = (1..=8).map(|host| format!("192.0.2.{host}")).collect();
    let prefixes: Vec<String> = addresses.iter().map(|one| format!("{one}/32")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
    let services = prefixes.iter().enumerate().map(|(number, prefix)| {
        let service = Service::new(&format!("service{number}"), &[prefix]);
        patient(service.only_check("dns: { name: example.com, type: SOA }"))
    });
    let lab = Lab::new(&addresses)?;
    let mut server = DnsServer::start(lab.node(), Software::Unbound, "dns", &addresses)?;
    let scene = Scene::started(&lab, &Settings::new(services.collect::<Vec<_>>()))?;
    scene.has(&prefixes)?;
    lab.wait_until("a connection to each of the first four", || {
        let connected = addresses.iter().map(|address| standing(&lab, address));
        let connected = connected.map(|found| found.map(|found| found.len()));
        match connected.collect::<Result<Vec<_>>>()?.as_slice() {
            [1, 1, 1, 1, 0, 0, 0, 0] => Ok(()),
            counts => Err(Error::new(format!("{counts:?}"))),
        }
    })?;
    server.kill()?;
    scene.lacks(&prefixes)?;
    let told = "another server at this port has failed, then 5 failed in a row";
    because_of(&scene, 7, told)
}

#[test]
fn stopping_in_order_is_an_event_too() -> Result<()> {
    for software in Software::ALL {
        let lab = lab()?;
        let (scene, server) = opening(&lab, software, &settings())?;
        server.process()?.terminate()?;
        scene.lacks(&BOTH)?;
    }
    Ok(())
}

/// A check over TCP is one of the same server: it shares the connection.
#[test]
fn checks_of_one_server_share_its_connection() -> Result<()> {
    let lab = lab()?;
    let tcp = "dns: { name: example.com, type: SOA, transport: tcp }";
    let other = Service::new("other", &["198.51.100.0/24"])
        .with("require_address: false")
        .only_check(&format!(
            "dns: {{ server: {V4}, name: example.com, type: SOA }}"
        ));
    let settings = Settings::new([patient(resolver().check(tcp)), patient(other)]);
    let (scene, mut server) = opening(&lab, Software::Nsd, &settings)?;
    let all = [BOTH[0], BOTH[1], "198.51.100.0/24"];
    scene.has(&all)?;
    watched(&lab)?;
    server.kill()?;
    scene.lacks(&all)
}

#[test]
fn events_can_be_switched_off_and_on_by_a_reload() -> Result<()> {
    let lab = lab()?;
    let mut server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let off = Settings::new([patient(resolver()).with("events: false")]);
    let scene = Scene::started(&lab, &off)?;
    scene.has(&BOTH)?;
    lab.stays("unwatched", A_WHILE, || unwatched_now(&lab))?;
    server.kill()?;
    scene.keeps(A_WHILE)?;
    server.restart(Answer::Normal)?;
    settings().install(&lab)?;
    scene.controller.succeed(&["reload"])?;
    let before = watched(&lab)?;
    // A reload that changes nothing about it leaves the connection alone.
    Settings::new([patient(resolver()).with("med: 7")]).install(&lab)?;
    scene.controller.succeed(&["reload"])?;
    lab.stays("watched", A_WHILE, || {
        let now = watched(&lab)?;
        if now == before {
            Ok(())
        } else {
            Err(Error::new(format!("{before:?}, then {now:?}")))
        }
    })?;
    off.install(&lab)?;
    scene.controller.succeed(&["reload"])?;
    unwatched(&lab)
}

fn unwatched_now(lab: &Lab) -> Result<()> {
    let found = (standing(lab, V4)?, standing(lab, V6)?);
    if found.0.is_empty() && found.1.is_empty() {
        return Ok(());
    }
    Err(Error::new(format!("{found:?}")))
}

/// Closing what is idle is what servers do: the connection is made again, and nothing else happens.
#[test]
fn a_server_that_closes_idle_connections_stays_announced() -> Result<()> {
    let lab = lab()?;
    let mut server = DnsServer::start(lab.node(), Software::Unbound, "dns", &[V4, V6])?;
    server.option("tcp-idle-timeout: 1500");
    server.restart(Answer::Normal)?;
    let scene = Scene::started(&lab, &settings())?;
    scene.has(&BOTH)?;
    let told = scene.settled()?;
    let mut seen = BTreeSet::new();
    lab.wait_until("the fourth connection", || {
        seen.extend(standing(&lab, V4)?);
        if seen.len() >= 4 {
            return Ok(());
        }
        Err(Error::new(format!("{seen:?}")))
    })?;
    scene.was_told(told, 0, 0)?;
    watched(&lab)?;
    server.kill()?;
    scene.lacks(&BOTH)
}

/// How many probes of the IPv4 address have ended.
fn probes(scene: &Scene<'_>) -> Result<u64> {
    let series = format!(
        "anycastctl_verdicts_total{{service=\"resolver\",check=\"dns-1\",server=\"{V4}:53\","
    );
    let page = scene.controller.succeed(&["metrics"])?;
    let counts = page.lines().filter(|line| line.starts_with(&series));
    let counts = counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    Ok(counts.sum())
}

/// The first probe passes, and so there is no second. On a busy machine an answer may take longer than a burst waits for
/// it: then another connection shows it.
#[test]
fn a_closed_connection_costs_one_probe() -> Result<()> {
    let lab = lab()?;
    let mut server = DnsServer::start(lab.node(), Software::Unbound, "dns", &[V4, V6])?;
    server.option("tcp-idle-timeout: 1500");
    server.restart(Answer::Normal)?;
    let scene = Scene::started(&lab, &settings())?;
    scene.has(&BOTH)?;
    lab.wait_until("a connection whose end costs one probe", || {
        let (before, old) = (probes(&scene)?, watched(&lab)?);
        lab.wait_until("the next connection", || {
            let now = standing(&lab, V4)?;
            let is_next = now.len() == 1 && now != old[0];
            is_next
                .then_some(())
                .ok_or_else(|| Error::new(format!("{now:?}")))
        })?;
        match probes(&scene)?.saturating_sub(before) {
            1 => Ok(()),
            cost => Err(Error::new(format!("{cost} probes"))),
        }
    })
}

/// Nothing is lost when a server reads its configuration anew: the kernel keeps the questions meanwhile.
fn reloaded(software: Software, keeps_connections: bool) -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = opening(&lab, software, &settings())?;
    let told = scene.settled()?;
    let before = watched(&lab)?;
    server.process()?.signal_first(Signal::SIGHUP)?;
    if keeps_connections {
        let log = server.process()?.log().to_owned();
        lab.wait_until("the reload", || {
            let log = std::fs::read_to_string(&log)?;
            let is_done = log.contains("reloading zones succeeded");
            is_done.then_some(()).ok_or_else(|| Error::new(log))
        })?;
        scene.was_told(told, 0, 0)?;
        assert_eq!(watched(&lab)?, before);
    } else {
        lab.wait_until("other connections", || {
            let now = watched(&lab)?;
            let other = now.iter().zip(&before).all(|(now, old)| now != old);
            other
                .then_some(())
                .ok_or_else(|| Error::new(format!("{before:?}, then {now:?}")))
        })?;
        scene.was_told(told, 0, 0)?;
    }
    server.kill()?;
    scene.lacks(&BOTH)
}

/// It reads its zones with new processes: the old ones, and the connections that they have, go away.
#[test]
fn a_reload_of_nsd_is_no_outage() -> Result<()> {
    reloaded(Software::Nsd, false)
}

/// It makes new workers for the ports that it has. Nobody answers until then, for some 20 ms, and nobody refuses either.
#[test]
fn a_reload_of_unbound_is_no_outage() -> Result<()> {
    reloaded(Software::Unbound, false)
}

#[test]
fn a_reload_of_named_is_no_outage() -> Result<()> {
    reloaded(Software::Named, true)
}

/// So many failures are wanted that the burst ends by its longest time, the timeout, before it has them: it decides
/// nothing, and watching goes on.
#[test]
fn a_server_that_is_back_before_the_decision_stays_announced() -> Result<()> {
    let lab = lab()?;
    let settings = Settings::new([patient(resolver()).with("fall: 1000")]);
    let (scene, mut server) = opening(&lab, Software::Nsd, &settings)?;
    let told = scene.settled()?;
    let before = watched(&lab)?;
    server.kill()?;
    server.restart(Answer::Normal)?;
    scene.was_told(told, 0, 0)?;
    assert_ne!(watched(&lab)?, before);
    Ok(())
}

/// Nothing to connect to is no event and no failure; and nobody is told.
#[test]
fn a_server_without_tcp_is_announced() -> Result<()> {
    let lab = lab()?;
    let address = format!("{V4}:53").parse().expect("an address");
    let _server = FakeDns::start(lab.node(), address, Lie::None)?;
    let scene = Scene::started(&lab, &Settings::new([patient(resolver())]))?;
    scene.has(&[V4_PREFIX])?;
    let told = scene.settled()?;
    scene.was_told(told, 0, 0)?;
    let log = scene.controller.log();
    assert!(!log.contains("standing"), "{log}");
    Ok(())
}

/// The kernel tells when an address goes away: without that, nobody would look for a minute. The server has another one.
#[test]
fn a_removed_address_is_noticed_each_time() -> Result<()> {
    let lab = lab()?;
    let elsewhere = "dns: { server: 127.0.0.1, name: example.com, type: SOA }";
    let service = resolver().only_check(elsewhere).with("damping: off");
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &["127.0.0.1"])?;
    let scene = Scene::started(&lab, &Settings::new([service]))?;
    scene.has(&BOTH)?;
    for _ in 0..3 {
        lab.node().ip(&format!("address del {V4}/32 dev lo"))?;
        scene.lacks(&[V4_PREFIX])?;
        because(&scene, "this host has no address within 192.0.2.53/32")?;
        lab.node().ip(&format!("address add {V4}/32 dev lo"))?;
        scene.has(&BOTH)?;
    }
    Ok(())
}

/// The service does not need the address, or no address at all; the server that has it is asked at once.
#[test]
fn a_removed_address_is_an_event_for_its_probes() -> Result<()> {
    for needs_its_own in [true, false] {
        let lab = Lab::new(&[V4, V6, "198.51.100.1"])?;
        let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &["198.51.100.1"])?;
        let check =
            "{ on_failure: withdraw, dns: { server: 198.51.100.1, name: example.com, type: SOA } }";
        let service = Service::new("network", &[V4_PREFIX])
            .with(&format!("require_address: {needs_its_own}"))
            .only_check(check);
        let scene = Scene::started(&lab, &Settings::new([patient(service)]))?;
        scene.has(&[V4_PREFIX])?;
        lab.node().ip("address del 198.51.100.1/32 dev lo")?;
        scene.lacks(&[V4_PREFIX])?;
        because(&scene, "this host lost that address, then 5 failed")?;
    }
    Ok(())
}
