//! What fails alone is withdrawn alone: one service, one family, one missing address.

use lab::{Answer, DnsServer, Lab, Result, Service, Settings, Software};

use crate::scene::{BOTH, Scene, V4, V4_PREFIX, V6, V6_PREFIX, lab, resolver, settings};

#[test]
fn another_service_never_moves() -> Result<()> {
    const OTHER: &str = "192.0.2.54";
    const OTHER_PREFIX: &str = "192.0.2.54/32";
    let lab = Lab::new(&[V4, V6, OTHER])?;
    let other = Service::new("other", &[OTHER_PREFIX]);
    let _other_server = DnsServer::start(lab.node(), Software::Named, "other", &[OTHER])?;
    let (scene, mut server) = Scene::announced(&lab, &Settings::new([resolver(), other]))?;
    scene.has(&[OTHER_PREFIX])?;

    let before = scene.neighbor.updates()?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    scene.was_told(before, 0, 2)?;
    scene.has(&[OTHER_PREFIX])?;
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)?;
    scene.was_told(before, 2, 2)
}

#[test]
fn only_the_ipv6_address_is_dead() -> Result<()> {
    let lab = lab()?;
    let _v4_server = DnsServer::start(lab.node(), Software::Nsd, "v4", &[V4])?;
    let mut v6_server = DnsServer::start(lab.node(), Software::Unbound, "v6", &[V6])?;
    let scene = Scene::started(&lab, &settings())?;
    scene.has(&BOTH)?;

    let before = scene.neighbor.updates()?;
    v6_server.kill()?;
    scene.lacks(&[V6_PREFIX])?;
    scene.was_told(before, 0, 1)?;
    scene.has(&[V4_PREFIX])
}

/// The check asks another address, so nothing but the missing address can be the reason.
#[test]
fn an_address_is_missing() -> Result<()> {
    let lab = lab()?;
    let service = resolver()
        .with("require_address: true")
        .only_check("dns: { server: 127.0.0.1, name: example.com, type: SOA }");
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &["127.0.0.1"])?;
    let scene = Scene::started(&lab, &Settings::new([service]))?;
    scene.has(&BOTH)?;

    lab.remove_address(V4)?;
    scene.lacks(&[V4_PREFIX])?;
    scene.has(&[V6_PREFIX])?;
    lab.add_address(V4)?;
    scene.has(&BOTH)
}
