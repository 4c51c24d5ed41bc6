//! What a `dns` check expects, of servers that fulfil it and of servers that do not.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lab::{Controller, DnsServer, Error, Host, Lab, Result, Service, Settings, Software};
use serde_json::Value;

use crate::scene::{BOTH, Scene, V4, V4_PREFIX, V6, lab, resolver};

/// Keys of a check, the verdict, and how the line that says why begins.
pub(crate) type Case<'c> = (&'c str, &'c str, &'c str);

fn settings(cases: &[Case<'_>]) -> Settings {
    let mut checks = cases.iter().map(|(keys, ..)| format!("dns: {{ {keys} }}"));
    let service = Service::new("resolver", &[V4_PREFIX]).with("timeout: 2s");
    let first = service.only_check(&checks.next().expect("there are cases"));
    Settings::new([checks.fold(first, |service, check| service.check(&check))])
}

/// What `probe` says of all checks.
fn reports(lab: &Lab, settings: &Settings) -> Result<Vec<Value>> {
    let controller = Controller::install(lab, env!("CARGO_BIN_EXE_anycastctl"), settings)?;
    let outcome = controller.call(&["probe", "--json"])?;
    serde_json::from_str(&outcome.output)
        .map_err(|error| Error::new(format!("{error}: {outcome:?}")))
}

pub(crate) fn assert_judged(lab: &Lab, cases: &[Case<'_>]) -> Result<()> {
    let reports = reports(lab, &settings(cases))?;
    assert_eq!(reports.len(), cases.len());
    for ((keys, verdict, detail), report) in cases.iter().zip(&reports) {
        let said = report["detail"].as_str().unwrap_or_default();
        let as_wanted = report["verdict"] == *verdict && said.starts_with(detail);
        assert!(as_wanted, "{keys}: {verdict} {detail}\n{report:#}");
    }
    Ok(())
}

const SOA: &str = "name: example.com, type: SOA";
const A: &str = "name: example.com, type: A";
const ID: &str = "name: id.server, type: TXT, class: CH";

/// What every server can be made to do.
const COMMON: [Case<'_>; 23] = [
    (
        "name: example.com, type: SOA, expect: { flags: [aa], flags_unset: [ad] }",
        "pass",
        "NOERROR, SOA",
    ),
    (
        "name: example.com, type: SOA, expect: { flags: [ad] }",
        "fail",
        "NOERROR but flag ad not set",
    ),
    (
        "name: example.com, type: SOA, authentic_data: true, expect: { flags: [ad] }",
        "fail",
        "NOERROR but flag ad not set",
    ),
    (
        "name: example.com, type: SOA, expect: { flags_unset: [rd] }",
        "fail",
        "NOERROR but flag rd set",
    ),
    (
        "name: example.com, type: SOA, recursion_desired: false, expect: { flags_unset: [rd] }",
        "pass",
        "NOERROR",
    ),
    (
        "name: example.com, type: A, expect: { answer: '^192\\.0\\.2\\.80$' }",
        "pass",
        "NOERROR, 1 answer",
    ),
    (
        "name: example.com, type: A, expect: { answer: '^192\\.0\\.2\\.81$' }",
        "fail",
        "NOERROR but the answer is 192.0.2.80, wanted /^192\\.0\\.2\\.81$/",
    ),
    (
        "name: example.com, type: A, expect: { min_answers: 2 }",
        "fail",
        "NOERROR but 1 answer, wanted 2",
    ),
    (
        "name: example.com, type: A, expect: { max_answers: 1 }",
        "pass",
        "NOERROR, 1 answer",
    ),
    (
        "name: example.com, type: A, expect: { max_answers: 0 }",
        "fail",
        "NOERROR but 1 answer, wanted at most 0",
    ),
    (
        "name: example.com, type: A, expect: { ttl: { min: 60s, max: 1h } }",
        "pass",
        "NOERROR",
    ),
    (
        "name: example.com, type: A, expect: { ttl: { min: 2h } }",
        "fail",
        "NOERROR but TTL ",
    ),
    (
        "name: example.com, type: A, expect: { ttl: { max: 59s } }",
        "fail",
        "NOERROR but TTL ",
    ),
    (
        "name: example.com, type: SOA, expect: { nsid: '^ams1$' }",
        "pass",
        "NOERROR, SOA serial 2026112201; NSID ams1",
    ),
    (
        "name: example.com, type: SOA, expect: { nsid: '^fra' }",
        "fail",
        "NOERROR but NSID is ams1, wanted /^fra/",
    ),
    (
        "name: id.server, type: TXT, class: CH, expect: { answer: '^\"ams1\"$' }",
        "pass",
        "NOERROR, 1 answer",
    ),
    (
        "name: id.server, type: TXT, class: CH, expect: { answer: fra }",
        "fail",
        "NOERROR but the answer is \"ams1\", wanted /fra/",
    ),
    (
        "name: hostname.bind, type: TXT, class: CH, expect: { answer: ams1 }",
        "pass",
        "NOERROR",
    ),
    (
        "name: hostname.bind, type: TXT, class: CH, expect: { answer: fra }",
        "fail",
        "NOERROR but the answer is \"ams1\", wanted /fra/",
    ),
    (
        "name: version.bind, type: TXT, class: CH, expect: { answer: '^\"lab\"$' }",
        "pass",
        "NOERROR",
    ),
    (
        "name: version.bind, type: TXT, class: CH, expect: { answer: '^\"9' }",
        "fail",
        "NOERROR but the answer is \"lab\", wanted /^\"9/",
    ),
    (
        "name: example.com, type: SOA, expect: { signatures: { min_validity: 1h } }",
        "fail",
        "NOERROR but no RRSIG in the answer",
    ),
    (
        "name: example.com, type: SOA, expect: { max_latency: 1s }",
        "pass",
        "NOERROR",
    ),
];

fn fulfils_and_breaks(software: Software) -> Result<()> {
    let lab = lab()?;
    let _server = DnsServer::start(lab.node(), software, "dns", &[V4, V6])?;
    assert_judged(&lab, &COMMON)
}

#[test]
fn nsd_fulfils_and_breaks_them() -> Result<()> {
    fulfils_and_breaks(Software::Nsd)
}

#[test]
fn unbound_fulfils_and_breaks_them() -> Result<()> {
    fulfils_and_breaks(Software::Unbound)
}

#[test]
fn named_fulfils_and_breaks_them() -> Result<()> {
    fulfils_and_breaks(Software::Named)
}

#[test]
fn an_answer_too_long_for_its_buffer_is_truncated() -> Result<()> {
    for software in Software::ALL {
        let lab = lab()?;
        let _server = DnsServer::start(lab.node(), software, "dns", &[V4, V6])?;
        let expect = "expect: { min_answers: 0, flags_unset: [tc] }";
        let plain = format!("name: large.example.com, type: TXT, {expect}");
        let large = format!("{plain}, buffer_size: 1232");
        let cases = [
            (plain.as_str(), "fail", "NOERROR but truncated, flag tc set"),
            (large.as_str(), "pass", "NOERROR, 1 answer"),
        ];
        assert_judged(&lab, &cases)?;
    }
    Ok(())
}

#[test]
fn several_questions_have_one_verdict() -> Result<()> {
    let lab = lab()?;
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let missing = "{ name: missing.example.com, type: A }";
    let gone = "{ name: gone.example.com, type: A }";
    let two = format!("questions: [{{ {A} }}, {missing}]");
    let three = format!("questions: [{{ {SOA} }}, {{ {A} }}, {missing}]");
    let any = format!("{two}, need: any");
    let most = format!("{three}, need: {{ at_least: 2 }}");
    let mixed = format!(
        "questions: [{{ {ID}, expect: {{ answer: ams1 }} }}, {missing}], expect: {{ rcode: [NXDOMAIN] }}"
    );
    let none = format!("questions: [{missing}, {gone}], need: any");
    let few = format!("questions: [{{ {A} }}, {missing}, {gone}], need: {{ at_least: 2 }}");
    let cases = [
        (
            two.as_str(),
            "fail",
            "; missing.example.com. IN A: NXDOMAIN, wanted NOERROR",
        ),
        (&any, "pass", ""),
        (&most, "pass", ""),
        (&mixed, "pass", ""),
        (
            &none,
            "fail",
            "0 of 2 questions passed, 1 needed; missing.example.com. IN A: NXDOMAIN",
        ),
        (
            &few,
            "fail",
            ", 2 needed; missing.example.com. IN A: NXDOMAIN",
        ),
    ];
    let reports = reports(&lab, &settings(&cases))?;
    assert_eq!(reports.len(), cases.len());
    for ((keys, verdict, detail), report) in cases.iter().zip(&reports) {
        let said = report["detail"].as_str().unwrap_or_default();
        let as_wanted = report["verdict"] == *verdict && said.contains(detail);
        assert!(as_wanted, "{keys}: {verdict} {detail}\n{report:#}");
    }
    Ok(())
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("later than 1970").as_secs()
}

fn with_serial(serial: u64) -> String {
    lab::zone().replace("2026112201", &serial.to_string())
}

#[test]
fn a_zone_that_is_not_changed_any_more_is_old() -> Result<()> {
    for software in [Software::Named, Software::Nsd] {
        let lab = lab()?;
        let mut server = DnsServer::start(lab.node(), software, "dns", &[V4, V6])?;
        let keys = format!("{SOA}, expect: {{ serial: {{ max_age: 1h }} }}");
        for (serial, verdict, detail) in [
            (now(), "pass", String::new()),
            (
                now() - 200_000,
                "fail",
                " is 2 d old, wanted at most 1h".to_owned(),
            ),
            (
                42,
                "unknown",
                "; whether it is older than 1h is not known: it tells no time".to_owned(),
            ),
        ] {
            server.serve(&with_serial(serial))?;
            let but = if verdict == "fail" { " but" } else { "," };
            let detail = format!("NOERROR{but} SOA serial {serial}{detail}");
            assert_judged(&lab, &[(&keys, verdict, &detail)])?;
        }
    }
    Ok(())
}

fn compared(own: Software, theirs: Software) -> Result<()> {
    let lab = lab()?;
    let _server = DnsServer::start(lab.node(), own, "dns", &[V4, V6])?;
    let mut primary = DnsServer::start(lab.node(), theirs, "primary", &["127.0.0.1"])?;
    let limits = |most: u32| {
        format!("{SOA}, expect: {{ serial: {{ primary: 127.0.0.1, max_behind: {most} }} }}")
    };
    let (near, far) = (limits(4), limits(5));
    primary.serve(&with_serial(2_026_112_206))?;
    let behind = "NOERROR but SOA serial 2026112201 is 5 behind 2026112206 of the primary 127.0.0.1, wanted at most 4";
    let fine = "NOERROR, SOA serial 2026112201";
    assert_judged(&lab, &[(&near, "fail", behind), (&far, "pass", fine)])?;
    primary.restart(lab::Answer::Refused)?;
    let open = "whether it is behind the primary 127.0.0.1 is not known";
    let refused = format!("{fine}; {open}: REFUSED");
    assert_judged(&lab, &[(&near, "unknown", &refused)])?;
    primary.kill()?;
    let gone = format!("{fine}; {open}: connection refused");
    assert_judged(&lab, &[(&near, "unknown", &gone)])
}

#[test]
fn a_zone_is_compared_with_that_of_its_primary() -> Result<()> {
    compared(Software::Nsd, Software::Named)?;
    compared(Software::Unbound, Software::Nsd)
}

/// Signs the zone from and until these times, and has it served, whatever it is worth.
pub(crate) fn sign(host: &Host, server: &mut DnsServer<'_>, from: &str, until: &str) -> Result<()> {
    let directory = host.directory().join("keys");
    let is_new = std::fs::create_dir(&directory).is_ok();
    let plain = directory.join("example.com");
    let signed = directory.join("signed");
    std::fs::write(&plain, lab::zone())?;
    let paths = [&directory, &plain, &signed].map(|path| path.display().to_string());
    let [directory, plain, signed] = paths.each_ref().map(String::as_str);
    let key = [
        "-q",
        "-K",
        directory,
        "-a",
        "ECDSAP256SHA256",
        "-f",
        "KSK",
        "example.com",
    ];
    if is_new {
        host.run("dnssec-keygen", &key)?;
    }
    let arguments = [
        "-S",
        "-z",
        "-P",
        "-d",
        directory,
        "-K",
        directory,
        "-o",
        "example.com",
        "-s",
        from,
        "-e",
        until,
        "-f",
        signed,
        plain,
    ];
    host.run("dnssec-signzone", &arguments)?;
    server.serve(&std::fs::read_to_string(signed)?)
}

#[test]
fn signatures_have_to_stay_valid() -> Result<()> {
    for software in [Software::Nsd, Software::Named] {
        let lab = lab()?;
        let mut server = DnsServer::start(lab.node(), software, "dns", &[V4, V6])?;
        let limit = |length: &str| {
            format!("{SOA}, expect: {{ max_answers: 1, signatures: {{ min_validity: {length} }} }}")
        };
        let (short, long) = (limit("1h"), limit("2d"));
        sign(lab.node(), &mut server, "now-3600", "now+7000")?;
        let soon = "NOERROR but RRSIG of example.com. SOA expires in 1";
        let fine = "NOERROR, SOA serial 2026112201";
        assert_judged(&lab, &[(&short, "pass", fine), (&long, "fail", soon)])?;
        sign(lab.node(), &mut server, "now-7200", "now-3600")?;
        let over = "NOERROR but RRSIG of example.com. SOA expired 60 min ago";
        assert_judged(&lab, &[(&short, "fail", over)])?;
        sign(lab.node(), &mut server, "now+3600", "now+7000")?;
        let early =
            "NOERROR, SOA serial 2026112201; RRSIG of example.com. SOA becomes valid only in ";
        assert_judged(&lab, &[(&short, "unknown", early), (&long, "fail", soon)])?;
    }
    Ok(())
}

/// What `kdig` shows of the same answer.
#[test]
fn kdig_sees_the_same() -> Result<()> {
    for software in Software::ALL {
        let lab = lab()?;
        let _server = DnsServer::start(lab.node(), software, "dns", &[V4, V6])?;
        let keys = format!("{SOA}, nsid: true");
        let reports = reports(&lab, &settings(&[(&keys, "", "")]))?;
        let flags = reports[0]["flags"].as_array().cloned().unwrap_or_default();
        let flags: Vec<_> = flags.iter().filter_map(Value::as_str).collect();
        let theirs = lab.node().run(
            "kdig",
            &["@192.0.2.53", "example.com", "SOA", "+nsid", "+nocookie"],
        )?;
        let ours = format!("Flags: qr {};", flags.join(" "));
        assert!(theirs.contains(&ours), "{software:?}: {ours}\n{theirs}");
        assert!(theirs.contains("\"ams1\""), "{software:?}: {theirs}");
        let detail = reports[0]["detail"].as_str().unwrap_or_default();
        assert!(detail.ends_with("; NSID ams1"), "{software:?}: {detail}");
    }
    Ok(())
}

/// A primary that is gone says nothing about the server that is asked, for however long. One that is ahead may be so for
/// all nodes, which a transfer that is under way must not take out.
#[test]
fn a_primary_that_is_gone_does_nothing_and_one_that_is_ahead_drains() -> Result<()> {
    let lab = lab()?;
    let mut primary = DnsServer::start(lab.node(), Software::Named, "primary", &["127.0.0.1"])?;
    let check =
        format!("dns: {{ {SOA}, expect: {{ serial: {{ primary: 127.0.0.1, max_behind: 0 }} }} }}");
    let settings = Settings::new([resolver().check(&check)]).daemon("stale_after: 3s");
    let (scene, mut server) = Scene::announced(&lab, &settings)?;
    let before = scene.settled()?;
    primary.kill()?;
    let unknown = |document: &Value| -> Vec<Value> {
        let checks = document["services"][0]["checks"].as_array();
        let checks = checks.into_iter().flatten();
        checks
            .filter(|check| check["verdict"] == "unknown")
            .cloned()
            .collect()
    };
    scene.reports("an unknown primary", |_, document| {
        let unknown = unknown(document);
        unknown.len() == 2
            && unknown.iter().all(|check| {
                check["detail"]
                    .as_str()
                    .is_some_and(|detail| detail.contains("the primary 127.0.0.1"))
            })
    })?;
    // Beyond `stale_after`, twice.
    lab.stays("announced", Duration::from_secs(7), || {
        scene.neighbor.has(&BOTH)
    })?;
    scene.was_told(before, 0, 0)?;
    let (_, document) = scene.status()?;
    assert_eq!(unknown(&document).len(), 2, "{document:#}");

    primary.serve(&with_serial(2_026_112_202))?;
    scene.is_drained(true)?;
    scene.was_told(before, 2, 0)?;
    server.serve(&with_serial(2_026_112_202))?;
    scene.is_drained(false)
}
