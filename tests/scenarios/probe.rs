//! `anycastctl probe` against every server: what came back, whatever it was.

use lab::{DnsServer, Result, Service, Settings, Software};
use serde_json::Value;

use crate::scene::{V4, V4_PREFIX, V6, lab};

/// Checks with what they come to at a server that has example.com and nothing else.
const CHECKS: [(&str, &str, &str); 5] = [
    (
        "name: example.com, type: SOA",
        "pass",
        "NOERROR, SOA serial 2026112201",
    ),
    (
        "name: Example.COM, type: SOA, transport: tcp",
        "pass",
        "NOERROR, SOA serial 2026112201",
    ),
    (
        "name: \"{random}.example.com\", type: A, expect: { rcode: [NXDOMAIN] }",
        "pass",
        "NXDOMAIN",
    ),
    (
        "name: \"{random}.example.com\", type: A",
        "fail",
        "NXDOMAIN, wanted NOERROR",
    ),
    (
        "name: example.com, type: TXT",
        "fail",
        "NOERROR but 0 answers, wanted 1",
    ),
];

fn settings() -> Settings {
    let service = Service::new("resolver", &[V4_PREFIX]);
    let checks = CHECKS
        .iter()
        .map(|(question, ..)| format!("dns: {{ {question} }}"));
    let mut checks = checks.collect::<Vec<_>>().into_iter();
    let first = checks.next().expect("there are checks");
    Settings::new([checks.fold(service.only_check(&first), |service, check| {
        service.check(&check)
    })])
}

fn every_answer_is_understood(software: Software) -> Result<()> {
    let lab = lab()?;
    let _server = DnsServer::start(lab.node(), software, "dns", &[V4, V6])?;
    let controller = lab::Controller::install(&lab, env!("CARGO_BIN_EXE_anycastctl"), &settings())?;
    let outcome = controller.call(&["probe", "--json"])?;
    assert_eq!(outcome.code, Some(1), "two checks fail: {outcome:?}");
    let reports: Vec<Value> = serde_json::from_str(&outcome.output).expect("JSON");
    let found: Vec<_> = reports
        .iter()
        .map(|report| (report["verdict"].as_str(), report["detail"].as_str()))
        .collect();
    let wanted = CHECKS.map(|(_, verdict, detail)| (Some(verdict), Some(detail)));
    assert_eq!(found, wanted, "{reports:#?}");
    assert_eq!(reports[0]["from"], "192.0.2.53:53");
    assert!(
        reports[0]["flags"]
            .as_array()
            .is_some_and(|flags| flags.contains(&"aa".into()))
    );
    Ok(())
}

#[test]
fn answers_of_nsd() -> Result<()> {
    every_answer_is_understood(Software::Nsd)
}

#[test]
fn answers_of_unbound() -> Result<()> {
    every_answer_is_understood(Software::Unbound)
}

#[test]
fn answers_of_named() -> Result<()> {
    every_answer_is_understood(Software::Named)
}
