//! Checks over the network other than DNS: ports and pages.

use std::time::Duration;

use lab::{
    Answer, Authority, Certificate, DnsServer, Lab, Prometheus, Result, Settings, Software,
    Validity, WebServer,
};

use crate::scene::{BOTH, Scene, V4, V4_PREFIX, V6, V6_PREFIX, lab, resolver};

#[test]
fn a_port_that_nobody_listens_on_withdraws() -> Result<()> {
    let lab = lab()?;
    let service = resolver().only_check("tcp: { port: 53 }");
    let (scene, mut server) = Scene::announced(&lab, &Settings::new([service]))?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    let (_, status) = scene.status()?;
    let check = &status["services"][0]["checks"][0];
    assert_eq!(check["server"], format!("{V4}:53"));
    assert_eq!(check["detail"], "connection refused");
    server.restart(Answer::Normal)?;
    scene.has(&BOTH)
}

#[test]
fn a_page_that_says_otherwise_withdraws_the_family_of_its_server() -> Result<()> {
    let lab = lab()?;
    let page = "http: { url: \"http://dns.example:8080/health\", status: [200-299], body: ^fine }";
    let sockets = [(V4, V4_PREFIX), (V6, V6_PREFIX)];
    let mut servers = Vec::new();
    for (address, _) in sockets {
        let socket = (
            address.parse::<std::net::IpAddr>().expect("an address"),
            8080,
        );
        servers.push(WebServer::start(lab.node(), socket.into(), None)?);
    }
    let scene = Scene::started(&lab, &Settings::new([resolver().only_check(page)]))?;
    scene.has(&BOTH)?;
    servers[0].says("503 Service Unavailable", "fine");
    scene.lacks(&[V4_PREFIX])?;
    scene.has(&[V6_PREFIX])?;
    servers[1].says("200 OK", "not fine");
    scene.lacks(&BOTH)?;
    let (_, status) = scene.status()?;
    let checks = &status["services"][0]["checks"];
    let details = [0, 1].map(|position| checks[position]["detail"].clone());
    let wanted = [
        "status 503 Service Unavailable instead of 200-299",
        "the body does not match /^fine/: it begins with `not fine`",
    ];
    assert_eq!(details, wanted);
    let asked = format!("http://dns.example:8080/health at {V4}");
    assert_eq!(checks[0]["server"], asked);
    for server in &servers {
        server.says("204 No Content", "fine");
    }
    scene.lacks(&BOTH)?;
    for server in &servers {
        server.says("200 OK", "fine as can be");
    }
    scene.has(&BOTH)
}

#[test]
fn certificates_have_to_be_for_the_name_in_the_url() -> Result<()> {
    let lab = lab()?;
    let directory = lab.node().directory();
    let authority = Authority::new(directory, "authority")?;
    let long_ago = Validity::Until(Duration::from_hours(3) + Duration::from_mins(1));
    let good = authority.issue("good", &["dns.example", V4], Validity::Now)?;
    let expired = authority.issue("expired", &["dns.example", V4], long_ago)?;
    let later = Validity::From(Duration::from_hours(3) + Duration::from_mins(1));
    let early = authority.issue("early", &["dns.example", V4], later)?;
    let start = |port: u16, certificate: &Certificate| {
        let socket = format!("{V4}:{port}").parse().expect("an address");
        WebServer::start(lab.node(), socket, Some(certificate))
    };
    let _servers = [
        start(443, &good)?,
        start(444, &expired)?,
        start(446, &early)?,
    ];
    let not_yet = format!(
        "unknown: the certificate of {V4} becomes valid in 3 h by this host's clock, which may be behind"
    );
    let sick = start(447, &good)?;
    sick.says("503 Service Unavailable", "fine");
    let _plain = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4])?;
    let trust = format!("tls: {{ ca_file: {} }}", authority.file().display());
    let page = |url: &str, more: &str| format!("http: {{ url: \"{url}\", server: {V4}, {more} }}");
    let expectations = [
        (
            page("https://dns.example/", &trust),
            "pass: status 200 OK".to_owned(),
        ),
        (
            page(&format!("https://{V4}/"), &trust),
            "pass: status 200 OK".to_owned(),
        ),
        (
            page("https://dns.other/", &trust),
            format!("fail: the certificate of {V4} is for dns.example and {V4}, not dns.other"),
        ),
        (
            page("https://dns.example:444/", &trust),
            format!("fail: the certificate of {V4} expired 3 h ago"),
        ),
        (
            page(
                "https://dns.example/",
                &format!("tls: {{ pin_file: {} }}", good.file.display()),
            ),
            "pass: status 200 OK".to_owned(),
        ),
        (
            format!("tcp: {{ port: 443, {trust} }}"),
            "pass: connected, and the certificate is valid".to_owned(),
        ),
        (
            format!(
                "tcp: {{ port: 443, tls: {{ ca_file: {}, name: dns.other }} }}",
                authority.file().display()
            ),
            format!("fail: the certificate of {V4} is for dns.example and {V4}, not dns.other"),
        ),
        (
            page("https://dns.example:447/", &trust),
            "fail: status 503 Service Unavailable instead of 200".to_owned(),
        ),
        (
            page(
                "https://dns.example:447/",
                &format!("status: [503], {trust}"),
            ),
            "pass: status 503 Service Unavailable".to_owned(),
        ),
        (
            page("https://dns.example/", &format!("body: ^fine, {trust}")),
            "pass: status 200 OK, body matches /^fine/".to_owned(),
        ),
        (
            page("https://dns.example/", &format!("body: ^bad, {trust}")),
            "fail: the body does not match /^bad/: it begins with `fine`".to_owned(),
        ),
        (
            format!("tcp: {{ port: 444, {trust} }}"),
            format!("fail: the certificate of {V4} expired 3 h ago"),
        ),
        (page("https://dns.example:446/", &trust), not_yet.clone()),
        (format!("tcp: {{ port: 446, {trust} }}"), not_yet),
        (
            "tcp: { port: 444 }".to_owned(),
            "pass: connected".to_owned(),
        ),
        (
            "tcp: { port: 445 }".to_owned(),
            "fail: connection refused".to_owned(),
        ),
    ];
    assert_probes(&lab, &expectations)
}

/// A real one: of all that the other tests need, Prometheus is one.
#[test]
fn pages_of_a_real_web_server() -> Result<()> {
    let lab = lab()?;
    let rules = lab.node().directory().join("rules.yml");
    std::fs::write(&rules, "groups: []\n")?;
    let _server = Prometheus::start(lab.node(), "127.0.0.1:1", &rules)?;
    let page = |path: &str, more: &str| {
        format!("http: {{ url: \"http://127.0.0.1:9090{path}\", server: 127.0.0.1{more} }}")
    };
    let healthy = "^Prometheus.* is Healthy";
    let checks = [
        (
            page("/-/healthy", &format!(", body: {healthy}")),
            format!("pass: status 200 OK, body matches /{healthy}/"),
        ),
        (
            page("/-/healthy", ", body: ^sick"),
            "fail: the body does not match /^sick/: it begins with `Prometheus Server is Healthy.`"
                .to_owned(),
        ),
        (
            page("/-/nowhere", ""),
            "fail: status 404 Not Found instead of 200".to_owned(),
        ),
        // Not followed; and asked for with a path, though there is none in the URL.
        (
            page("?a=b", ", status: [302]"),
            "pass: status 302 Found".to_owned(),
        ),
    ];
    assert_probes(&lab, &checks)
}

/// Each check with what it comes to.
fn assert_probes(lab: &Lab, expectations: &[(String, String)]) -> Result<()> {
    let service = lab::Service::new("resolver", &[V4_PREFIX]).with("timeout: 2s");
    let service = service.only_check(&expectations[0].0);
    let more = expectations[1..].iter();
    let service = more.fold(service, |service, (check, _)| service.check(check));
    let program = env!("CARGO_BIN_EXE_anycastctl");
    let controller = lab::Controller::install(lab, program, &Settings::new([service]))?;
    let outcome = controller.call(&["probe", "--json"])?;
    let reports: Vec<serde_json::Value> = serde_json::from_str(&outcome.output).expect("JSON");
    assert_eq!(reports.len(), expectations.len());
    for (report, (check, wanted)) in reports.iter().zip(expectations) {
        let text = |key: &str| report[key].as_str().unwrap_or_default();
        assert_eq!(
            format!("{}: {}", text("verdict"), text("detail")),
            *wanted,
            "{check}"
        );
    }
    Ok(())
}
