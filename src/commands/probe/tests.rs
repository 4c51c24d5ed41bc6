//! Reports: their order, their text, their JSON.

use std::net::UdpSocket;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use super::look::Look;
use super::plan::CONCURRENT;
use super::*;
use crate::config::{Config, DnsCheck, Subject};
use crate::dns::{
    Answer, Asked, Exchange, Expectation, Failure as Silence, Query, Question, RecordType, Reply,
};
use crate::health::Verdict;
use crate::probe::{Outcome, Probe};

fn asked(name: &str, record_type: RecordType) -> Asked {
    Asked {
        question: Question::new(name.parse().unwrap(), record_type),
        expect: Expectation::default(),
    }
}

fn look(check: &Arc<DnsCheck>, name: &str, server: &str) -> Look {
    let server: std::net::SocketAddr = server.parse().unwrap();
    Look {
        whose: Some(("resolver".to_owned(), name.to_owned())),
        group: None,
        subject: server.to_string(),
        probe: Probe::new(Subject::Dns(check, server)),
        dns: Some(Arc::clone(check)),
        timeout: Duration::from_millis(100),
    }
}

/// One more than run at a time, and the last one first to its timeout.
#[tokio::test(start_paused = true)]
async fn reports_come_in_the_order_of_the_plan() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = silent.local_addr().unwrap().to_string();
    let count = u64::try_from(CONCURRENT).unwrap() + 1;
    let check = Arc::new(DnsCheck::one(asked("example.com", RecordType::SOA)));
    let looks = (0..count).map(|number| {
        Arc::new(Look {
            timeout: Duration::from_millis(100 - number),
            ..look(&check, &number.to_string(), &server)
        })
    });
    let mut plan = Plan::default();
    plan.looks.extend(looks);
    let start = Instant::now();
    let reports = plan.run().await;
    let names = reports.iter().map(|report| report.check.as_ref().unwrap());
    let names: Vec<u64> = names.map(|name| name.parse().unwrap()).collect();
    assert_eq!(names, (0..count).collect::<Vec<_>>());
    assert_eq!(reports[3].detail, "no answer within 97ms");
    assert!(start.elapsed() < Duration::from_millis(200));
}

/// A record with a compressed owner.
fn record(kind: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut record = vec![0xc0, 0x0c];
    record.extend(kind.to_be_bytes());
    record.extend([0, 1]);
    record.extend(ttl.to_be_bytes());
    record.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    record.extend(data);
    record
}

/// The reply to a query: AA and RD, an A record in the answer, NS, and NSID and an extended error in an OPT record.
fn reply(query: &Query, rcode: u8) -> Reply {
    let question = &query.as_bytes()[12..];
    let mut bytes = query.as_bytes()[..2].to_vec();
    bytes.extend([0x85, rcode, 0, 1, 0, 1, 0, 1, 0, 1]);
    bytes.extend(question);
    bytes.extend(record(1, 60, &[192, 0, 2, 80]));
    bytes.extend(record(2, 60, b"\x02n\x1b\xc0\x0c"));
    bytes.extend([0, 0, 41, 0x04, 0xd0, 0, 0, 0x80, 0, 0, 18]);
    bytes.extend([0, 3, 0, 4, b'n', b's', b'1', b'a']);
    bytes.extend([0, 15, 0, 6, 0, 15, b'b', 0x1b, b'd', b'!']);
    Reply::parse(&bytes, query).unwrap()
}

fn exchange(check: &DnsCheck, position: usize, rcode: Option<u8>) -> Exchange {
    let query = Query::new(&check.questions[position].question, 7, 0);
    let silent = Silence::Silent {
        waited: Duration::from_millis(800),
        ignored: 0,
    };
    let result = rcode.map(|rcode| Answer {
        reply: reply(&query, rcode),
        latency: Some(Duration::from_micros(414)),
    });
    Exchange {
        position,
        result: result.ok_or(silent),
        query,
        primary: None,
    }
}

/// What a check comes to whose questions had these response codes.
fn report(check: &DnsCheck, rcodes: &[Option<u8>]) -> ProbeReport {
    let mut tally = crate::dns::Tally::new(&check.questions, check.needed);
    for (position, rcode) in rcodes.iter().enumerate() {
        tally.add(exchange(check, position, *rcode), Timestamp::UNIX_EPOCH);
    }
    let outcome = Outcome::from(tally.outcome());
    let check = Arc::new(check.clone());
    look(&check, "dns-1", "192.0.2.53:53").report(outcome, Timestamp::UNIX_EPOCH)
}

fn one() -> DnsCheck {
    let mut asked = asked("example.com", RecordType::A);
    asked.expect.max_answers = Some(1);
    DnsCheck::one(asked)
}

fn printed(reports: &[ProbeReport], view: View) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    text::print(reports, view, None, &mut out).unwrap();
    String::from_utf8(out.into_inner()).unwrap()
}

#[test]
fn in_brief_there_is_the_answer_and_what_is_wrong() {
    let reports = [
        report(&one(), &[Some(0)]),
        report(&one(), &[Some(2)]),
        report(&one(), &[None]),
    ];
    insta::assert_snapshot!(printed(&reports, View::Brief));
}

#[test]
fn in_full_there_is_everything() {
    insta::assert_snapshot!(printed(&[report(&one(), &[Some(0)])], View::Full));
}

#[test]
fn several_questions_stand_below_each_other() {
    let check = DnsCheck {
        questions: vec![
            asked("example.com", RecordType::A),
            asked("{random}.example.com", RecordType::A),
            asked("example.org", RecordType::A),
        ],
        needed: 2,
        ..one()
    };
    let reports = [report(&check, &[Some(0), Some(3)])];
    insta::assert_snapshot!(printed(&reports, View::Brief));
    let json = serde_json::to_value(&reports).unwrap();
    let verdicts = [0, 1, 2].map(|position| json[0]["exchanges"][position]["verdict"].clone());
    assert_eq!(verdicts, ["pass", "fail", "unknown"]);
}

fn asked_by_hand(line: &str, rcode: Option<u8>) -> ProbeReport {
    let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
    let typed = Typed {
        words: &words,
        ..Typed::default()
    };
    let ask = typed.read().unwrap();
    let exchanges = vec![exchange(&ask.check, 0, rcode)];
    let outcome = Outcome {
        verdict: Verdict::Fail,
        is_silence: false,
        detail: "no answer within 800ms".to_owned(),
        latency: None,
        exchanges,
    };
    Look::question(ask).report(outcome, Timestamp::UNIX_EPOCH)
}

#[test]
fn a_question_is_answered_by_noerror_and_nxdomain() {
    // Without an SOA record in the answer.
    let line = "@192.0.2.53 example.com SOA +noedns";
    for (rcode, verdict, detail) in [
        (Some(0), Verdict::Pass, "NOERROR"),
        (Some(3), Verdict::Pass, "NXDOMAIN"),
        (Some(2), Verdict::Fail, "SERVFAIL"),
        (None, Verdict::Fail, "no answer within 800ms"),
    ] {
        let report = asked_by_hand(line, rcode);
        assert_eq!((report.verdict, report.detail.as_str()), (verdict, detail));
        assert_eq!(report.exchanges[0].verdict, verdict);
        assert_eq!(report.exchanges[0].expectations, []);
    }
    let reports = [asked_by_hand(line, Some(2)), asked_by_hand(line, None)];
    insta::assert_snapshot!(printed(&reports, View::Full));
    insta::assert_snapshot!(printed(&reports, View::Short), @r"
    192.0.2.80
    ;; SERVFAIL
    ;; no answer within 800ms
    ");
}

#[test]
fn programs_read_plain_values() {
    let json = serde_json::to_value(report(&one(), &[Some(0)])).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&json).unwrap());
    let silent = serde_json::to_value(report(&one(), &[None])).unwrap();
    assert_eq!(silent.get("rcode"), None);
    assert_eq!(silent["latency_ms"], serde_json::Value::Null);
    assert_eq!(silent["question"], "example.com. IN A");
}

fn config(checks: &str) -> Config {
    let text = format!(
        "version: 1\nnode: {{ name: ams1, asn: 64601, router_id: 10.99.0.2 }}\nservices:\n  resolver:\n    prefixes: [192.0.2.53/32, \"2001:db8:53::53/128\"]\n    checks:\n{checks}\nneighbors:\n  tor1:\n    asn: 64600\n    sessions: [{{ local: 10.99.0.2, remote: 10.99.0.1 }}, {{ local: \"fd99::2\", remote: \"fd99::1\" }}]\n"
    );
    let parsed = Config::parse("test.yaml", &text);
    parsed
        .unwrap_or_else(|findings| panic!("{findings}"))
        .config
}

const GROUP: &str = "      - dns: { name: example.com, type: SOA }
      - name: servers
        group: { need: any, of: [{ dns: { server: 127.0.0.1, name: a.b, type: A } }, { name: other, dns: { server: 127.0.0.2, name: a.b, type: A } }] }";

#[tokio::test]
async fn a_plan_is_what_was_asked_for() {
    let config = config(GROUP);
    let planned = |check| {
        let selection = Selection {
            check,
            ..Selection::default()
        };
        let plan = Plan::of(&config, selection)?;
        let name = |look: &Arc<Look>| {
            let name = look.whose.clone().unwrap_or_default().1;
            (name, look.group.is_some())
        };
        Ok::<_, String>(plan.looks.iter().map(name).collect::<Vec<_>>())
    };
    let own = ("dns-1".to_owned(), false);
    let all = planned(None).unwrap();
    assert_eq!(all[..2], [own.clone(), own.clone()]);
    assert_eq!(all[3], ("other".to_owned(), true));
    assert_eq!(planned(Some("dns-1")).unwrap(), [own.clone(), own]);
    assert_eq!(planned(Some("servers")).unwrap(), all[2..]);
    assert_eq!(
        planned(Some("other")).unwrap(),
        [("other".to_owned(), false)]
    );
    let absent = planned(Some("nobody")).unwrap_err();
    let known = "no check is called `nobody`; there are: dns-1";
    assert!(absent.starts_with(known), "{absent}");
}

#[test]
fn looks_that_are_repeated_are_counted() {
    let mut series = Series::default();
    let latencies = [0.4, 3.0, 0.2, 0.9];
    for latency in latencies {
        let report = ProbeReport {
            latency_ms: Some(latency),
            ..report(&one(), &[Some(0)])
        };
        series.add(&[report]);
    }
    let reports = [report(&one(), &[None])];
    series.add(&reports);
    let mut out = anstream::StripStream::new(Vec::new());
    text::print(&reports, View::Brief, Some(&series), &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out.into_inner()).unwrap(), @r"
    ;; 1970-01-01T00:00:00Z
    FAIL resolver/dns-1: no answer within 800ms
    ;; asked: example.com. IN A, at 192.0.2.53:53 over UDP
    ;; 5 times, 1 failed; min 0.20 ms, median 0.90 ms, max 3.00 ms
    ");
}
