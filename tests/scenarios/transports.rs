//! Questions over TLS, HTTPS and QUIC, at real servers that are as they should be and at ones that are not.

use std::path::Path;
use std::time::Duration;

use lab::{
    Answer, Authority, Certificate, DnsServer, FakeDns, Lab, Lie, QuicDns, Result, Service,
    Settings, Software, Validity,
};
use serde_json::Value;

use crate::scene::{BOTH, Scene, V4, V4_PREFIX, V6, lab, resolver};

/// A question over `transport` with more keys.
pub(crate) fn check(transport: &str, more: &str) -> String {
    format!("dns: {{ name: example.com, type: SOA, transport: {transport}, {more} }}")
}

/// `tls: {…}` that trusts an authority.
pub(crate) fn trusting(authority: &Authority, more: &str) -> String {
    format!("tls: {{ ca_file: {}, {more} }}", authority.file().display())
}

fn pinning(certificate: &Path) -> String {
    format!("tls: {{ pin_file: {} }}", certificate.display())
}

/// Each check with what it comes to, as `pass: NOERROR`.
pub(crate) fn assert_probes(lab: &Lab, checks: &[(String, &str)]) -> Result<()> {
    let service = Service::new("resolver", &[V4_PREFIX]).with("interval: 2s");
    let service = service.with("timeout: 1s").only_check(&checks[0].0);
    let all = checks[1..].iter();
    let service = all.fold(service, |service, (check, _)| service.check(check));
    let settings = Settings::new([service]);
    let program = env!("CARGO_BIN_EXE_anycastctl");
    let controller = lab::Controller::install(lab, program, &settings)?;
    let outcome = controller.call(&["probe", "--json"])?;
    let reports: Vec<Value> = serde_json::from_str(&outcome.output).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let found = reports
        .iter()
        .map(|report| format!("{}: {}", text(&report["verdict"]), text(&report["detail"])));
    for ((check, wanted), found) in checks.iter().zip(found) {
        assert_eq!(found, *wanted, "{check}");
    }
    assert_eq!(reports.len(), checks.len());
    Ok(())
}

/// An authority, and certificates that are good, for another name, and expired.
pub(crate) struct Certificates {
    pub(crate) authority: Authority,
    pub(crate) other_authority: Authority,
    pub(crate) good: Certificate,
    misnamed: Certificate,
    expired: Certificate,
}

impl Certificates {
    pub(crate) fn new(lab: &Lab) -> Result<Self> {
        let directory = lab.node().directory();
        let authority = Authority::new(directory, "authority")?;
        let until = Validity::Until(Duration::from_hours(3) + Duration::from_mins(1));
        let names = ["dns.example", V4, V6];
        Ok(Self {
            good: authority.issue("good", &names, Validity::Now)?,
            misnamed: authority.issue("misnamed", &["dns.other"], Validity::Now)?,
            expired: authority.issue("expired", &names, until)?,
            other_authority: Authority::new(directory, "another")?,
            authority,
        })
    }

    /// Checks that fail whatever the transport is, at a good server.
    fn failing(&self, transport: &str) -> Vec<(String, &'static str)> {
        let name = "name: dns.nowhere";
        vec![
            (
                check(transport, &trusting(&self.authority, name)),
                "fail: the certificate of 192.0.2.53 is for dns.example, 192.0.2.53 and 2001:db8:53::53, not dns.nowhere",
            ),
            (
                check(transport, "tls: { name: dns.example }"),
                "fail: the certificate of 192.0.2.53 comes from no authority that this host trusts: `ca_file` can name another",
            ),
            (
                check(transport, &pinning(&self.misnamed.file)),
                "fail: the certificate of 192.0.2.53 is not the one that `pin_file` holds",
            ),
            (check(transport, "port: 8853"), "fail: connection refused"),
            (
                check(transport, "tls: { ca_file: /nowhere/ca.pem }"),
                "unknown: the prober cannot read /nowhere/ca.pem: No such file or directory (os error 2)",
            ),
        ]
    }

    /// Checks that pass at a good server.
    fn passing(&self, transport: &str) -> Vec<(String, &'static str)> {
        let good = "pass: NOERROR, SOA serial 2026112201";
        let named = trusting(&self.authority, "name: dns.example");
        vec![
            (check(transport, &named), good),
            (check(transport, &trusting(&self.authority, "")), good),
            (check(transport, &pinning(&self.good.file)), good),
        ]
    }
}

fn at_a_server(software: Software, transports: &[&str]) -> Result<()> {
    let lab = lab()?;
    let certificates = Certificates::new(&lab)?;
    let good = &certificates.good;
    let mut server = DnsServer::start_secure(lab.node(), software, "dns", &[V4, V6], good)?;
    for transport in transports {
        assert_probes(&lab, &certificates.passing(transport))?;
        assert_probes(&lab, &certificates.failing(transport))?;
    }
    let trusting = trusting(&certificates.authority, "name: dns.example");
    for (certificate, reason) in [
        (&certificates.expired, "expired 3 h ago"),
        (&certificates.misnamed, "is for dns.other, not dns.example"),
    ] {
        server.renew(certificate)?;
        let reason = format!("fail: the certificate of 192.0.2.53 {reason}");
        for transport in transports {
            assert_probes(&lab, &[(check(transport, &trusting), &reason)])?;
        }
    }
    Ok(())
}

#[test]
fn nsd_over_tls() -> Result<()> {
    at_a_server(Software::Nsd, &["tls"])
}

#[test]
fn unbound_over_tls_and_https() -> Result<()> {
    at_a_server(Software::Unbound, &["tls", "https"])
}

#[test]
fn named_over_tls_and_https() -> Result<()> {
    at_a_server(Software::Named, &["tls", "https"])
}

#[test]
fn where_nothing_is_served_over_https() -> Result<()> {
    let lab = lab()?;
    let certificates = Certificates::new(&lab)?;
    let good = &certificates.good;
    let start = |software| DnsServer::start_secure(lab.node(), software, "dns", &[V4], good);
    let trusting = trusting(&certificates.authority, "");
    let asked = |key: &str, outcome: &str| {
        let check = check("https", &format!("{key}, {trusting}"));
        assert_probes(&lab, &[(check, outcome)])
    };

    let mut unbound = start(Software::Unbound)?;
    let not_found = "fail: HTTP status 404 Not Found for /elsewhere";
    asked("path: /elsewhere", not_found)?;
    let plain = "fail: 192.0.2.53 did not complete the TLS handshake within 1s";
    asked("port: 53", plain)?;
    unbound.kill()?;

    let _nsd = start(Software::Nsd)?;
    asked(
        "port: 853",
        "fail: 192.0.2.53 does not offer HTTP/2 (ALPN h2)",
    )?;
    asked("port: 443", "fail: connection refused")
}

#[test]
fn over_quic() -> Result<()> {
    let lab = lab()?;
    let certificates = Certificates::new(&lab)?;
    let node = lab.node();
    let address = format!("{V4}:853").parse().expect("an address");
    let start = |certificate: &Certificate, protocol: &str, lie| {
        QuicDns::start(node, address, certificate, protocol, lie)
    };
    let good = trusting(&certificates.authority, "name: dns.example");
    let probed = |outcome: &str| assert_probes(&lab, &[(check("quic", &good), outcome)]);

    let server = start(&certificates.good, "doq", Lie::None)?;
    let passing = certificates.passing("quic").into_iter();
    let passing: Vec<_> = passing
        .map(|(check, _)| (check, "pass: NOERROR, SOA serial 1"))
        .collect();
    assert_probes(&lab, &passing)?;
    assert_probes(&lab, &certificates.failing("quic"))?;
    drop(server);
    probed("fail: connection refused")?;

    for (certificate, protocol, lie, outcome) in [
        (
            &certificates.expired,
            "doq",
            Lie::None,
            "fail: the certificate of 192.0.2.53 expired 3 h ago",
        ),
        (
            &certificates.misnamed,
            "doq",
            Lie::None,
            "fail: the certificate of 192.0.2.53 is for dns.other, not dns.example",
        ),
        (
            &certificates.good,
            "h3",
            Lie::None,
            "fail: 192.0.2.53 does not offer DNS over QUIC (ALPN doq)",
        ),
        (
            &certificates.good,
            "doq",
            Lie::Silence,
            "fail: connection closed after 0 bytes of the answer",
        ),
        (
            &certificates.good,
            "doq",
            Lie::WrongId,
            "fail: an answer for another question",
        ),
        (
            &certificates.good,
            "doq",
            Lie::HalfAHeader,
            "fail: malformed answer: its header makes no sense",
        ),
    ] {
        let server = start(certificate, protocol, lie)?;
        probed(outcome)?;
        drop(server);
    }
    Ok(())
}

/// The one question whose answer does not fit into a datagram.
const LARGE: &str = "name: large.example.com, type: TXT";

fn truncated(software: Software) -> Result<()> {
    let lab = lab()?;
    let server = DnsServer::start(lab.node(), software, "dns", &[V4])?;
    let checks = [
        (
            format!("dns: {{ {LARGE}, expect: {{ min_answers: 0 }} }}"),
            "pass: NOERROR, truncated, 0 answers",
        ),
        (
            format!("dns: {{ {LARGE}, fallback_to_tcp: true }}"),
            "pass: NOERROR, 1 answer",
        ),
    ];
    assert_probes(&lab, &checks)?;
    lab.node().drop_tcp(53)?;
    let silent = "fail: truncated, and then over TCP: no answer within 1s";
    assert_probes(&lab, &[(checks[1].0.clone(), silent)])?;
    drop(server);
    let only_udp = FakeDns::start(
        lab.node(),
        format!("{V4}:53").parse().expect("an address"),
        Lie::Truncated,
    )?;
    lab.node().undrop()?;
    let refused = "fail: truncated, and then over TCP: connection refused";
    assert_probes(&lab, &[(checks[1].0.clone(), refused)])?;
    drop(only_udp);
    Ok(())
}

#[test]
fn nsd_truncated_and_asked_again_over_tcp() -> Result<()> {
    truncated(Software::Nsd)
}

#[test]
fn unbound_truncated_and_asked_again_over_tcp() -> Result<()> {
    truncated(Software::Unbound)
}

#[test]
fn named_truncated_and_asked_again_over_tcp() -> Result<()> {
    truncated(Software::Named)
}

/// What only a client over TLS can see takes the route away, and its end brings it back without a reload.
#[test]
fn a_certificate_that_expired_withdraws_while_udp_works() -> Result<()> {
    let lab = lab()?;
    let certificates = Certificates::new(&lab)?;
    let good = &certificates.good;
    let addresses = [V4, V6];
    let mut server =
        DnsServer::start_secure(lab.node(), Software::Unbound, "dns", &addresses, good)?;
    let trusting = trusting(&certificates.authority, "name: dns.example");
    let service = resolver().check(&check("tls", &trusting));
    let scene = Scene::started(&lab, &Settings::new([service]))?;
    scene.has(&BOTH)?;

    server.renew(&certificates.expired)?;
    scene.lacks(&BOTH)?;
    assert_eq!(lab::ask(lab.node(), V4, false)?, "NOERROR");
    scene.reports("an expired certificate", |_, document| {
        document.to_string().contains("expired 3 h ago")
    })?;

    // Another authority from now on, in the same file: it is read again.
    let another = &certificates.other_authority;
    let renewed = another.issue("renewed", &["dns.example"], Validity::Now)?;
    std::fs::copy(another.file(), certificates.authority.file())?;
    server.renew(&renewed)?;
    scene.has(&BOTH)
}

/// The daemon asks by this transport only: a dead server, and one that is not what it says, lose the route, and get it
/// back.
#[test]
fn a_server_over_https_is_withdrawn_and_announced() -> Result<()> {
    let lab = lab()?;
    let certificates = Certificates::new(&lab)?;
    let good = &certificates.good;
    let addresses = [V4, V6];
    let mut server =
        DnsServer::start_secure(lab.node(), Software::Unbound, "dns", &addresses, good)?;
    let trusting = trusting(&certificates.authority, "name: dns.example");
    let service = resolver().only_check(&check("https", &trusting));
    let scene = Scene::started(&lab, &Settings::new([service.with("damping: off")]))?;
    scene.has(&BOTH)?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)?;
    server.renew(&certificates.misnamed)?;
    scene.lacks(&BOTH)?;
    scene.reports("another name", |_, document| {
        document.to_string().contains("is for dns.other")
    })?;
    server.renew(good)?;
    scene.has(&BOTH)
}

#[test]
fn a_server_over_quic_is_withdrawn_and_announced() -> Result<()> {
    let lab = lab()?;
    let certificates = Certificates::new(&lab)?;
    let start = |certificate: &Certificate, lie| -> Result<Vec<QuicDns>> {
        let sockets = [format!("{V4}:853"), format!("[{V6}]:853")];
        let servers = sockets.iter().map(|socket| {
            let socket = socket.parse().expect("an address");
            QuicDns::start(lab.node(), socket, certificate, "doq", lie)
        });
        servers.collect()
    };
    let trusting = trusting(&certificates.authority, "name: dns.example");
    let service = resolver().only_check(&check("quic", &trusting));
    let servers = start(&certificates.good, Lie::None)?;
    let scene = Scene::started(&lab, &Settings::new([service.with("damping: off")]))?;
    scene.has(&BOTH)?;
    drop(servers);
    scene.lacks(&BOTH)?;
    for (certificate, lie, reason) in [
        (&certificates.expired, Lie::None, "expired 3 h ago"),
        (
            &certificates.good,
            Lie::WrongId,
            "an answer for another question",
        ),
    ] {
        let servers = start(&certificates.good, Lie::None)?;
        scene.has(&BOTH)?;
        drop(servers);
        let servers = start(certificate, lie)?;
        scene.lacks(&BOTH)?;
        scene.reports(reason, |_, document| document.to_string().contains(reason))?;
        drop(servers);
    }
    let _servers = start(&certificates.good, Lie::None)?;
    scene.has(&BOTH)
}
