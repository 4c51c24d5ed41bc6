//! Servers over TLS, HTTPS and QUIC that hang, or answer that they cannot or do not want to.

use lab::{Answer, DnsServer, Lie, QuicDns, Result, Service, Settings, Software};

use crate::scene::{A_WHILE, BOTH, Scene, V4, V4_PREFIX, V6, V6_PREFIX, lab, resolver};
use crate::transports::{Certificates, assert_probes, check, trusting};

/// The first prefix depends on an answer over TLS, the second on one over HTTPS.
fn hangs(software: Software) -> Result<()> {
    let lab = lab()?;
    let certificates = Certificates::new(&lab)?;
    let (node, good) = (lab.node(), &certificates.good);
    let server = DnsServer::start_secure(node, software, "dns", &[V4, V6], good)?;
    let trusting = trusting(&certificates.authority, "name: dns.example");
    let services = [
        ("over_tls", V4_PREFIX, "tls"),
        ("over_https", V6_PREFIX, "https"),
    ];
    let services = services.map(|(name, prefix, transport)| {
        Service::new(name, &[prefix]).only_check(&check(transport, &trusting))
    });
    let scene = Scene::started(&lab, &Settings::new(services))?;
    scene.has(&BOTH)?;
    server.process()?.freeze()?;
    scene.lacks(&BOTH)?;
    for (position, address) in [V4, V6].into_iter().enumerate() {
        scene.reports("a handshake that does not end", |_, status| {
            let detail = &status["services"][position]["checks"][0]["detail"];
            *detail == format!("{address} did not complete the TLS handshake within 400ms")
        })?;
    }
    server.process()?.thaw()?;
    scene.has(&BOTH)
}

#[test]
fn unbound_that_hangs_over_tls_and_https() -> Result<()> {
    hangs(Software::Unbound)
}

#[test]
fn named_that_hangs_over_tls_and_https() -> Result<()> {
    hangs(Software::Named)
}

/// It takes the question, and says nothing more.
#[test]
fn a_server_that_hangs_over_quic() -> Result<()> {
    let lab = lab()?;
    let certificates = Certificates::new(&lab)?;
    let start = |lie| {
        let start = |server: &str| {
            let address = server.parse().expect("an address");
            QuicDns::start(lab.node(), address, &certificates.good, "doq", lie)
        };
        Ok::<_, lab::Error>([start("192.0.2.53:853")?, start("[2001:db8:53::53]:853")?])
    };
    let trusting = trusting(&certificates.authority, "name: dns.example");
    let service = resolver().only_check(&check("quic", &trusting));
    let servers = start(Lie::None)?;
    let scene = Scene::started(&lab, &Settings::new([service]))?;
    scene.has(&BOTH)?;
    drop(servers);
    let servers = start(Lie::Hang)?;
    scene.lacks(&BOTH)?;
    scene.reports("a question without an answer", |_, status| {
        status["services"][0]["checks"][0]["detail"] == "no answer within 400ms"
    })?;
    drop(servers);
    let _servers = start(Lie::None)?;
    scene.has(&BOTH)
}

/// What the server says, and not how it travels, is what fails.
fn says_no(software: Software, transports: &[&str]) -> Result<()> {
    let lab = lab()?;
    let certificates = Certificates::new(&lab)?;
    let good = &certificates.good;
    let mut server = DnsServer::start_secure(lab.node(), software, "dns", &[V4], good)?;
    let trusting = trusting(&certificates.authority, "name: dns.example");
    for (answer, wanted) in [
        (Answer::ServFail, "fail: SERVFAIL, wanted NOERROR"),
        (Answer::Refused, "fail: REFUSED, wanted NOERROR"),
        (Answer::Normal, "pass: NOERROR, SOA serial 2026112201"),
    ] {
        server.restart(answer)?;
        let checks = transports.iter().map(|one| (check(one, &trusting), wanted));
        assert_probes(&lab, &checks.collect::<Vec<_>>())?;
    }
    Ok(())
}

#[test]
fn nsd_that_says_no_over_tls() -> Result<()> {
    says_no(Software::Nsd, &["tls"])
}

#[test]
fn unbound_that_says_no_over_tls_and_https() -> Result<()> {
    says_no(Software::Unbound, &["tls", "https"])
}

#[test]
fn named_that_says_no_over_tls_and_https() -> Result<()> {
    says_no(Software::Named, &["tls", "https"])
}

/// As after `update-ca-certificates`, and with the server's certificate from the new authority.
#[test]
fn authorities_of_the_system_are_read_again_after_a_refusal() -> Result<()> {
    let lab = lab()?;
    let certificates = Certificates::new(&lab)?;
    let system = lab.node().directory().join("system.pem");
    std::fs::copy(certificates.authority.file(), &system)?;
    let (node, good) = (lab.node(), &certificates.good);
    let mut server = DnsServer::start_secure(node, Software::Unbound, "dns", &[V4, V6], good)?;
    let service = resolver().only_check(&check("tls", "tls: { name: dns.example }"));
    let mut scene = Scene::prepared(&lab, &Settings::new([service]))?;
    scene.controller.start_trusting(&system)?;
    scene.has(&BOTH)?;

    server.kill()?;
    scene.lacks(&BOTH)?;
    let another = &certificates.other_authority;
    std::fs::copy(another.file(), &system)?;
    server.renew(&another.issue("renewed", &["dns.example"], lab::Validity::Now)?)?;
    scene.has(&BOTH)
}

/// Far below what tokio has, and far above what this daemon needs.
const FEW: usize = 24;

/// A pipe that nobody writes is as slow as a disk can be. Eight checks wait for it, half of them for the system's
/// authorities, and whoever has a route to withdraw does not wait with them.
#[test]
fn certificates_on_a_disk_that_hangs_take_few_threads() -> Result<()> {
    let lab = lab()?;
    let mut server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let pipe = lab.node().directory().join("pipe.pem");
    let path = pipe.display().to_string();
    lab.node().run("mkfifo", &[&path])?;
    let own = format!("tcp: {{ port: 53, tls: {{ ca_file: {path} }} }}");
    let system = "tcp: { port: 53, tls: { name: dns.example } }";
    let checks = [own.as_str(), system].repeat(4);
    let first = Service::new("secure", &[V6_PREFIX]).only_check(checks[0]);
    let secure = checks[1..].iter().fold(first, |all, one| all.check(one));
    let plain = Service::new("resolver", &[V4_PREFIX]);
    let mut scene = Scene::prepared(&lab, &Settings::new([plain, secure]))?;
    scene.controller.start_trusting(&pipe)?;
    scene.has(&[V4_PREFIX])?;
    let threads = format!("/proc/{}/task", scene.controller.daemon()?.id());
    lab.stays("few threads", A_WHILE, || {
        match std::fs::read_dir(&threads)?.count() {
            ..FEW => Ok(()),
            many => Err(lab::Error::new(format!("{many} threads"))),
        }
    })?;
    scene.reports("what hangs", |_, status| {
        let checks = status["services"].as_array().into_iter().flatten();
        let mut checks = checks.filter_map(|service| service["checks"][0]["detail"].as_str());
        checks.any(|detail| detail == "the prober could not read certificates within 400ms")
    })?;
    server.kill()?;
    scene.lacks(&[V4_PREFIX])
}
