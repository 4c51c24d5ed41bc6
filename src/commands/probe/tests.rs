//! Reports: their order, their text, their JSON.

use std::net::UdpSocket;

use tokio::time::Instant;

use super::*;
use crate::config::DnsCheck;
use crate::dns::{Asked, Expectation, Question, RecordType};

/// One more than run at a time, and the last one first to its timeout.
#[tokio::test(start_paused = true)]
async fn reports_come_in_the_order_of_the_plans() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = silent.local_addr().unwrap();
    let count = u64::try_from(CONCURRENT).unwrap() + 1;
    let plans = (0..count).map(|number| Plan {
        service: "resolver".to_owned(),
        name: number.to_string(),
        subject: server.to_string(),
        transport: Some(Transport::Udp),
        probe: Probe::new(Subject::Dns(&check(), server)),
        timeout: Duration::from_millis(100 - number),
    });
    let start = Instant::now();
    let reports = run_all(plans).await;
    let names: Vec<u64> = reports.iter().map(|r| r.check.parse().unwrap()).collect();
    assert_eq!(names, (0..count).collect::<Vec<_>>());
    assert_eq!(reports[3].detail, "no answer within 97ms");
    assert!(start.elapsed() < Duration::from_millis(200));
}

fn check() -> DnsCheck {
    DnsCheck::one(Asked {
        question: Question::new("example.com".parse().unwrap(), RecordType::SOA),
        expect: Expectation::default(),
    })
}

fn report(reply: Option<ReplyReport>) -> ProbeReport {
    ProbeReport {
        service: "resolver".to_owned(),
        check: "dns-1".to_owned(),
        server: "192.0.2.53:53".to_owned(),
        transport: Some(Transport::Udp),
        question: Some("example.com. IN SOA".to_owned()),
        verdict: Verdict::Pass,
        detail: "NOERROR, SOA serial 7".to_owned(),
        reply,
    }
}

fn reply() -> ReplyReport {
    ReplyReport {
        from: "192.0.2.53:53".to_owned(),
        latency_ms: Some(0.4142),
        rcode: "NOERROR".to_owned(),
        flags: vec!["aa", "rd"],
        counts: Counts {
            answer: 1,
            authority: 2,
            additional: 0,
        },
        answers: vec!["example.com. 60 IN SOA ns. root. 7 1 1 1 1".to_owned()],
    }
}

fn printed(reports: &[ProbeReport]) -> String {
    let mut out = Vec::new();
    print(reports, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_reply_is_shown_as_dig_would() {
    insta::assert_snapshot!(printed(&[report(Some(reply()))]), @r"
    PASS resolver/dns-1: NOERROR, SOA serial 7
    ;; asked: example.com. IN SOA, at 192.0.2.53:53 over UDP
    ;; status: NOERROR; flags: aa rd; answer: 1, authority: 2, additional: 0
    example.com. 60 IN SOA ns. root. 7 1 1 1 1
    ;; 0.41 ms, from 192.0.2.53:53
    ");
}

#[test]
fn without_a_reply_there_is_nothing_to_show_but_the_reason() {
    let mut failed = report(None);
    failed.verdict = Verdict::Fail;
    failed.detail = "no answer within 800ms".to_owned();
    insta::assert_snapshot!(printed(&[failed.clone(), failed]), @r"
    FAIL resolver/dns-1: no answer within 800ms
    ;; asked: example.com. IN SOA, at 192.0.2.53:53 over UDP

    FAIL resolver/dns-1: no answer within 800ms
    ;; asked: example.com. IN SOA, at 192.0.2.53:53 over UDP
    ");
}

#[test]
fn programs_read_plain_values() {
    let json = serde_json::to_value(report(Some(reply()))).unwrap();
    assert_eq!(json["verdict"], "pass");
    assert_eq!(json["transport"], "udp");
    assert_eq!(json["server"], "192.0.2.53:53");
    assert_eq!(json["flags"], serde_json::json!(["aa", "rd"]));
    assert_eq!(json["counts"]["authority"], 2);
    let silent = serde_json::to_value(report(None)).unwrap();
    assert_eq!(silent.get("rcode"), None);
}
