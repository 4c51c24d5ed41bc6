//! Expectations against replies and failures.

use hickory_proto::op::{Edns, Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::rdata::{A, CNAME, NULL, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record as WireRecord};
use proptest::prelude::*;

use super::*;
use crate::dns::{
    EdnsRequest, Encoding, Flag, Primary, Question, RecordType, SerialLimits, TtlBounds,
};

const NOW: &str = "2026-11-23T12:00:00Z";
const ID: u16 = 7;

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn query(record_type: RecordType) -> Query {
    let question = Question {
        edns: Some(EdnsRequest {
            buffer_size: 1232,
            dnssec: true,
            nsid: true,
        }),
        ..Question::new("example.com".parse().unwrap(), record_type)
    };
    Query::new(&question, ID, 0)
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn record(owner: &str, ttl: u32, data: RData) -> WireRecord {
    WireRecord::from_rdata(name(owner), ttl, data)
}

fn soa(serial: u32) -> WireRecord {
    let data = SOA::new(
        name("ns.example.com."),
        name("root.example.com."),
        serial,
        1,
        2,
        3,
        4,
    );
    record("example.com.", 60, RData::SOA(data))
}

fn address(last: u8, ttl: u32) -> WireRecord {
    record("example.com.", ttl, RData::A(A::new(192, 0, 2, last)))
}

/// A signature over records of that type, valid for so many seconds from and until now.
fn signature(owner: &str, covered: RecordType, from: i64, until: i64) -> WireRecord {
    let time = |offset: i64| u32::try_from((now().as_second() + offset) & 0xffff_ffff).unwrap();
    let mut data = u16::from(covered).to_be_bytes().to_vec();
    data.extend([13, 2, 0, 0, 0, 60]);
    data.extend(time(until).to_be_bytes());
    data.extend(time(from).to_be_bytes());
    data.extend([1, 2, 7]);
    data.extend(b"example\x03com\x00signature");
    let data = RData::Unknown {
        code: RecordType::RRSIG,
        rdata: NULL::with(data),
    };
    record(owner, 60, data)
}

fn message(record_type: RecordType, rcode: u16, answers: Vec<WireRecord>) -> Message {
    let mut message = Message::from_vec(query(record_type).as_bytes()).unwrap();
    message.edns = None;
    message.metadata.message_type = MessageType::Response;
    message.metadata.recursion_desired = false;
    message.metadata.response_code = ResponseCode::from(0, u8::try_from(rcode).unwrap());
    message.add_answers(answers);
    message
}

fn parsed(record_type: RecordType, message: &Message) -> Reply {
    Reply::parse(&message.to_vec().unwrap(), &query(record_type)).unwrap()
}

fn reply(record_type: RecordType, rcode: u16, answers: Vec<WireRecord>) -> Reply {
    parsed(record_type, &message(record_type, rcode, answers))
}

fn exchange(record_type: RecordType, reply: Reply) -> Exchange {
    let latency = Some(Duration::from_millis(5));
    Exchange {
        position: 0,
        query: query(record_type),
        result: Ok(Answer { reply, latency }),
        primary: None,
    }
}

fn truncated(mut reply: Reply) -> Reply {
    reply.flags.truncated = true;
    reply
}

/// The verdict and its line; and the judgements say the same.
fn judged(expect: &Expectation, exchange: &Exchange) -> (Verdict, String) {
    let judged = judge(expect, exchange, now());
    let judgements = exchange.judgements(expect, now());
    let all = |wanted: Verdict| {
        judgements
            .iter()
            .any(|judgement| judgement.verdict == wanted)
    };
    let combined = match (all(Fail), all(Unknown)) {
        (true, _) => Fail,
        (false, true) => Unknown,
        (false, false) => Pass,
    };
    assert_eq!(combined, judged.verdict, "{judgements:#?}");
    (judged.verdict, judged.detail)
}

fn assert_judged(expect: &Expectation, exchange: &Exchange, verdict: Verdict, detail: &str) {
    assert_eq!(judged(expect, exchange), (verdict, detail.to_owned()));
}

fn of(rcodes: &[u16], min_answers: u16) -> Expectation {
    Expectation {
        rcodes: rcodes.iter().copied().map(Rcode).collect(),
        min_answers,
        ..Expectation::default()
    }
}

use Verdict::{Fail, Pass, Unknown};

#[test]
fn an_soa_probe_wants_an_soa_record() {
    let kind = RecordType::SOA;
    let of_soa = |rcode, answers| exchange(kind, reply(kind, rcode, answers));
    let missing = "NOERROR but no SOA record in the answer";
    let cut = "NOERROR but truncated, no SOA record in the answer";
    let none = "NOERROR but 0 answers, wanted 1";
    for (min, exchange, verdict, detail) in [
        (1, of_soa(0, vec![soa(7)]), Pass, "NOERROR, SOA serial 7"),
        (1, of_soa(2, vec![]), Fail, "SERVFAIL, wanted NOERROR"),
        (1, of_soa(0, vec![]), Fail, none),
        (1, of_soa(0, vec![address(1, 60)]), Fail, missing),
        (0, of_soa(0, vec![]), Fail, missing),
        (
            0,
            exchange(kind, truncated(reply(kind, 0, vec![]))),
            Fail,
            cut,
        ),
    ] {
        assert_judged(&of(&[0], min), &exchange, verdict, detail);
    }
    assert_judged(&of(&[0, 3], 1), &of_soa(3, vec![]), Pass, "NXDOMAIN");
}

#[test]
fn other_probes_count_answers_under_noerror_only() {
    let kind = RecordType::A;
    let of_a = |rcode, count: u8| {
        exchange(
            kind,
            reply(
                kind,
                rcode,
                (0..count).map(|last| address(last, 60)).collect(),
            ),
        )
    };
    let cut = |count: u8| {
        let answers = (0..count).map(|last| address(last, 60)).collect();
        exchange(kind, truncated(reply(kind, 0, answers)))
    };
    for (min, exchange, verdict, detail) in [
        (2, of_a(0, 1), Fail, "NOERROR but 1 answer, wanted 2"),
        (1, of_a(0, 1), Pass, "NOERROR, 1 answer"),
        (0, of_a(0, 0), Pass, "NOERROR, 0 answers"),
        (
            1,
            cut(0),
            Fail,
            "NOERROR but truncated, 0 answers, wanted 1",
        ),
        (1, cut(2), Pass, "NOERROR, truncated, 2 answers"),
    ] {
        assert_judged(&of(&[0], min), &exchange, verdict, detail);
    }
    assert_judged(&of(&[3, 5], 1), &of_a(3, 0), Pass, "NXDOMAIN");
    let wanted = "NOERROR, wanted NXDOMAIN or REFUSED";
    assert_judged(&of(&[3, 5], 1), &of_a(0, 3), Fail, wanted);
    let few = Expectation {
        max_answers: Some(2),
        ..Expectation::default()
    };
    assert_judged(&few, &of_a(0, 2), Pass, "NOERROR, 2 answers");
    assert_judged(
        &few,
        &of_a(0, 3),
        Fail,
        "NOERROR but 3 answers, wanted at most 2",
    );
}

#[test]
fn signatures_that_come_along_are_no_answers() {
    let answers = vec![
        address(1, 60),
        signature("example.com.", RecordType::A, -60, 60),
    ];
    let both = exchange(RecordType::A, reply(RecordType::A, 0, answers.clone()));
    assert_judged(&of(&[0], 2), &both, Fail, "NOERROR but 1 answer, wanted 2");
    let asked = exchange(RecordType::ANY, reply(RecordType::ANY, 0, answers));
    assert_judged(&of(&[0], 2), &asked, Pass, "NOERROR, 2 answers");
}

#[test]
fn flags_are_expected_set_and_not_set() {
    let mut said = message(RecordType::A, 0, vec![address(1, 60)]);
    said.metadata.authoritative = true;
    let exchange = exchange(RecordType::A, parsed(RecordType::A, &said));
    let expect = |flags: &[Flag], flags_unset: &[Flag]| Expectation {
        flags: flags.to_vec(),
        flags_unset: flags_unset.to_vec(),
        ..Expectation::default()
    };
    let aa = [Flag::Authoritative];
    let others = [Flag::RecursionAvailable, Flag::AuthenticData];
    assert_judged(&expect(&aa, &others), &exchange, Pass, "NOERROR, 1 answer");
    assert_judged(
        &expect(&others, &[]),
        &exchange,
        Fail,
        "NOERROR but flags ra and ad not set",
    );
    assert_judged(
        &expect(&[], &aa),
        &exchange,
        Fail,
        "NOERROR but flag aa set",
    );
}

#[test]
fn answers_match_by_their_data_and_type() {
    let kind = RecordType::A;
    let alias = RData::CNAME(CNAME(name("a192.0.2.9.example.net.")));
    let answers = vec![
        record("example.com.", 60, alias),
        address(7, 60),
        address(8, 60),
    ];
    let addresses = exchange(kind, reply(kind, 0, answers));
    let expect = |text: &str| Expectation {
        answer: Some(text.parse().unwrap()),
        ..Expectation::default()
    };
    assert_judged(
        &expect(r"^192\.0\.2\.8$"),
        &addresses,
        Pass,
        "NOERROR, 3 answers",
    );
    let other = r"NOERROR but the answer is 192.0.2.7, wanted /192\.0\.2\.9/";
    assert_judged(&expect(r"192\.0\.2\.9"), &addresses, Fail, other);
    let answers = vec![record(
        "example.com.",
        0,
        RData::TXT(TXT::new(vec!["ams1".to_owned()])),
    )];
    let text = exchange(RecordType::TXT, reply(RecordType::TXT, 0, answers.clone()));
    assert_judged(&expect("^\"ams[0-9]\"$"), &text, Pass, "NOERROR, 1 answer");
    let none = exchange(kind, reply(kind, 0, answers));
    assert_judged(
        &expect("x"),
        &none,
        Fail,
        "NOERROR but no A record in the answer",
    );
}

#[test]
fn a_ttl_has_bounds() {
    let kind = RecordType::A;
    let of_ttl = |ttls: &[u32]| {
        exchange(
            kind,
            reply(kind, 0, ttls.iter().map(|ttl| address(1, *ttl)).collect()),
        )
    };
    let expect = |min: Option<&str>, max: Option<&str>| Expectation {
        ttl: Some(TtlBounds {
            min: min.map(|text| text.parse().unwrap()),
            max: max.map(|text| text.parse().unwrap()),
        }),
        ..Expectation::default()
    };
    let both = expect(Some("60s"), Some("1h"));
    assert_judged(&both, &of_ttl(&[60, 3600]), Pass, "NOERROR, 2 answers");
    let found = |ttls: &[u32]| {
        let judgements = of_ttl(ttls).judgements(&both, now());
        judgements.last().unwrap().found.clone()
    };
    assert_eq!(found(&[60, 3600]), "TTL 60 to 3600 s");
    assert_eq!(found(&[60, 60]), "TTL 60 s");
    assert_judged(
        &both,
        &of_ttl(&[60, 5]),
        Fail,
        "NOERROR but TTL 5 s is below 1m",
    );
    assert_judged(
        &both,
        &of_ttl(&[3601]),
        Fail,
        "NOERROR but TTL 3601 s is above 1h",
    );
    // The highest bit makes it none at all.
    let odd = "NOERROR but TTL 0 s is below 1s";
    assert_judged(
        &expect(Some("1s"), None),
        &of_ttl(&[0x8000_0001]),
        Fail,
        odd,
    );
    let longest = "NOERROR but TTL 2147483647 s is above 1h";
    assert_judged(&both, &of_ttl(&[0x7fff_ffff]), Fail, longest);
}

fn with_options(rcode: u16, options: &[(u16, &[u8])]) -> Exchange {
    let mut said = message(RecordType::A, rcode, vec![address(1, 60)]);
    let mut edns = Edns::new();
    for (code, data) in options {
        edns.options_mut()
            .insert(EdnsOption::Unknown(*code, data.to_vec()));
    }
    said.set_edns(edns);
    exchange(RecordType::A, parsed(RecordType::A, &said))
}

#[test]
fn a_server_has_a_name() {
    let expect = Expectation {
        nsid: Some("^ams".parse().unwrap()),
        ..Expectation::default()
    };
    let ams = with_options(0, &[(3, b"ams1")]);
    assert_judged(&expect, &ams, Pass, "NOERROR, 1 answer; NSID ams1");
    let wrong = "NOERROR but NSID is fra1, wanted /^ams/";
    assert_judged(&expect, &with_options(0, &[(3, b"fra1")]), Fail, wrong);
    let none = "NOERROR but no NSID, wanted /^ams/";
    assert_judged(&expect, &with_options(0, &[]), Fail, none);
}

#[test]
fn what_a_server_says_about_its_answer_stands_behind_it() {
    let bogus = with_options(2, &[(15, b"\x00\x06no signatures")]);
    let said = "SERVFAIL, wanted NOERROR; the server says: DNSSEC Bogus (no signatures)";
    assert_judged(&Expectation::default(), &bogus, Fail, said);
    let stale = with_options(0, &[(15, b"\x00\x03")]);
    let said = "NOERROR, 1 answer; the server says: Stale Answer";
    assert_judged(&Expectation::default(), &stale, Pass, said);
}

#[test]
fn a_late_answer_fails_and_a_late_prober_does_not() {
    let expect = Expectation {
        max_latency: Some("4ms".parse().unwrap()),
        ..Expectation::default()
    };
    let mut late = with_options(0, &[]);
    assert_judged(
        &expect,
        &late,
        Fail,
        "NOERROR but answered after 5 ms, wanted 4ms",
    );
    if let Ok(answer) = &mut late.result {
        answer.latency = None;
    }
    let open = "NOERROR, 1 answer; whether it came within 4ms is not known: the prober was late to read it";
    assert_judged(&expect, &late, Unknown, open);
    assert_judged(&Expectation::default(), &late, Pass, "NOERROR, 1 answer");
    let just = Expectation {
        max_latency: Some("5ms".parse().unwrap()),
        ..Expectation::default()
    };
    assert_judged(&just, &with_options(0, &[]), Pass, "NOERROR, 1 answer");
}

fn serial(max_age: Option<&str>, max_behind: Option<u32>) -> Expectation {
    Expectation {
        serial: Some(SerialLimits {
            max_age: max_age.map(|text| text.parse().unwrap()),
            encoding: Encoding::Auto,
            primary: max_behind.map(|max_behind| Primary {
                server: "192.0.2.1:53".parse().unwrap(),
                max_behind,
            }),
        }),
        ..Expectation::default()
    }
}

fn of_serial(own: u32) -> Exchange {
    exchange(RecordType::SOA, reply(RecordType::SOA, 0, vec![soa(own)]))
}

#[test]
fn a_zone_has_an_age_if_its_serial_tells() {
    let expect = serial(Some("36h"), None);
    let fresh = "NOERROR, SOA serial 2026112201";
    assert_judged(&expect, &of_serial(2_026_112_201), Pass, fresh);
    // Since the midnight of its day.
    let just = serial(Some("60h"), None);
    let exact = "NOERROR, SOA serial 2026112101";
    assert_judged(&just, &of_serial(2_026_112_101), Pass, exact);
    let old = "NOERROR but SOA serial 2026112001 is 2 d old, wanted at most 36h";
    assert_judged(&expect, &of_serial(2_026_112_001), Fail, old);
    let counter =
        "NOERROR, SOA serial 42; whether it is older than 36h is not known: it tells no time";
    assert_judged(&expect, &of_serial(42), Unknown, counter);
}

#[test]
fn a_zone_is_not_far_behind_its_primary() {
    let expect = serial(None, Some(1));
    let against = |own: u32, primary: Option<Result<Answer, Failure>>| Exchange {
        primary,
        ..of_serial(own)
    };
    let primary = |serial| Some(of_serial(serial).result);
    assert_judged(
        &expect,
        &against(7, primary(8)),
        Pass,
        "NOERROR, SOA serial 7",
    );
    assert_judged(
        &expect,
        &against(9, primary(8)),
        Pass,
        "NOERROR, SOA serial 9",
    );
    let behind =
        "NOERROR but SOA serial 7 is 3 behind 10 of the primary 192.0.2.1, wanted at most 1";
    assert_judged(&expect, &against(7, primary(10)), Fail, behind);
    let far = 7 + (1 << 31);
    let odd = format!(
        "NOERROR, SOA serial 7; whether it is behind the primary 192.0.2.1 is not known: its serial {far} is too far away to compare"
    );
    assert_judged(&expect, &against(7, primary(far)), Unknown, &odd);
    let refused = Some(Err(Failure::Refused));
    let gone = "NOERROR, SOA serial 7; whether it is behind the primary 192.0.2.1 is not known: connection refused";
    assert_judged(&expect, &against(7, refused), Unknown, gone);
    let servfail = Some(exchange(RecordType::SOA, reply(RecordType::SOA, 2, vec![])).result);
    let ill =
        "NOERROR, SOA serial 7; whether it is behind the primary 192.0.2.1 is not known: SERVFAIL";
    assert_judged(&expect, &against(7, servfail), Unknown, ill);
    let both = serial(Some("1h"), Some(1));
    let behind =
        "NOERROR but SOA serial 7 is 3 behind 10 of the primary 192.0.2.1, wanted at most 1";
    assert_judged(&both, &against(7, primary(10)), Fail, behind);
}

#[test]
fn signatures_stay_valid() {
    const DAY: i64 = 86_400;
    let expect = Expectation {
        signatures: Some("2d".parse().unwrap()),
        ..Expectation::default()
    };
    let (kind, owner) = (RecordType::SOA, "example.com.");
    let signed = |signatures: Vec<WireRecord>| {
        let answers = [vec![soa(7)], signatures].concat();
        exchange(kind, reply(kind, 0, answers))
    };
    let one = |from, until| signed(vec![signature(owner, kind, from, until)]);
    let fine = "NOERROR, SOA serial 7";
    assert_judged(&expect, &one(-DAY, 13 * DAY), Pass, fine);
    // Times go round in 2106, and nothing is to be seen of it.
    for (exchange, detail) in [
        (
            one(-DAY, 7200),
            "RRSIG of example.com. SOA expires in 2 h, wanted 48h",
        ),
        (
            one(-DAY, -300),
            "RRSIG of example.com. SOA expired 5 min ago",
        ),
        (
            one(3600, DAY),
            "RRSIG of example.com. SOA expires in 24 h, wanted 48h",
        ),
        (signed(vec![]), "no RRSIG in the answer"),
        (
            signed(vec![signature(owner, RecordType::NS, -DAY, 13 * DAY)]),
            "no RRSIG of example.com. SOA in the answer",
        ),
        (
            signed(vec![signature("www.example.com.", kind, -DAY, 13 * DAY)]),
            "no RRSIG of example.com. SOA in the answer",
        ),
    ] {
        assert_judged(&expect, &exchange, Fail, &format!("NOERROR but {detail}"));
    }
    let other = signature(owner, kind, -DAY, 60);
    let good = signature("EXAMPLE.com.", kind, -DAY, 13 * DAY);
    assert_judged(
        &expect,
        &signed(vec![other.clone(), good.clone()]),
        Pass,
        fine,
    );
    assert_judged(&expect, &signed(vec![good, other]), Pass, fine);
}

/// A node may have booted with a clock in the past.
#[test]
fn signatures_that_are_not_valid_yet_neither_pass_nor_fail() {
    const DAY: i64 = 86_400;
    let expect = Expectation {
        signatures: Some("2d".parse().unwrap()),
        min_answers: 1,
        ..Expectation::default()
    };
    let (kind, owner) = (RecordType::SOA, "example.com.");
    let signed = |times: &[(i64, i64)]| {
        let signatures = times.iter();
        let signatures = signatures.map(|(from, until)| signature(owner, kind, *from, *until));
        let answers: Vec<_> = [soa(7)].into_iter().chain(signatures).collect();
        exchange(kind, reply(kind, 0, answers))
    };
    let early = (3600, 13 * DAY);
    let open = "NOERROR, SOA serial 7; RRSIG of example.com. SOA becomes valid only in 60 min by this host's clock, which may be behind";
    assert_judged(&expect, &signed(&[early]), Unknown, open);
    let years = (20_000 * DAY, 20_014 * DAY);
    let far = open.replace("60 min", "20000 d");
    assert_judged(&expect, &signed(&[years]), Unknown, &far);
    // Beside one that will not do, it may; beside one that does, it does not matter.
    for order in [[early, (-DAY, 60)], [(-DAY, 60), early]] {
        assert_judged(&expect, &signed(&order), Unknown, open);
    }
    let good = [early, (-DAY, 13 * DAY)];
    assert_judged(&expect, &signed(&good), Pass, "NOERROR, SOA serial 7");
    // Records with an old signature are what they are, whatever is said of others.
    let mut answers = vec![soa(7), signature(owner, kind, 3600, 13 * DAY)];
    answers.push(signature(owner, RecordType::NS, -DAY, -300));
    let expired = exchange(kind, reply(kind, 0, answers));
    let old = "NOERROR but RRSIG of example.com. NS expired 5 min ago";
    assert_judged(&expect, &expired, Fail, old);
}

#[test]
fn the_alias_behind_a_dname_needs_no_signature() {
    let expect = Expectation {
        signatures: Some("1h".parse().unwrap()),
        ..Expectation::default()
    };
    let kind = RecordType::A;
    let alias = RData::CNAME(CNAME(name("example.net.")));
    let dname = RData::Unknown {
        code: RecordType::DNAME,
        rdata: NULL::with(b"\x03net\x00".to_vec()),
    };
    let alias = record("example.com.", 60, alias);
    let answers = vec![
        record("com.", 60, dname),
        signature("com.", RecordType::DNAME, -60, 7200),
        alias.clone(),
    ];
    let with_tree = exchange(kind, reply(kind, 0, answers));
    assert_judged(&expect, &with_tree, Pass, "NOERROR, 2 answers");
    let alone = exchange(kind, reply(kind, 0, vec![alias]));
    assert_eq!(judged(&expect, &alone).0, Fail);
}

#[test]
fn what_is_not_expected_is_not_told() {
    let of = |rcode| {
        let exchange = exchange(RecordType::A, reply(RecordType::A, rcode, vec![]));
        let judgements = exchange.judgements(&of(&[0, 2], 0), now());
        let told = judgements.into_iter().map(|judgement| judgement.what);
        told.collect::<Vec<_>>()
    };
    assert_eq!(of(0), ["rcode NOERROR or SERVFAIL"]);
    assert_eq!(of(2), ["rcode NOERROR or SERVFAIL"]);
}

#[test]
fn an_expectation_says_what_it_wants_and_what_there_is() {
    let expect = Expectation {
        max_answers: Some(3),
        flags_unset: vec![Flag::Truncated],
        answer: Some("7".parse().unwrap()),
        ttl: Some(TtlBounds {
            min: Some("30s".parse().unwrap()),
            max: None,
        }),
        nsid: Some("ams".parse().unwrap()),
        max_latency: Some("10ms".parse().unwrap()),
        signatures: Some("1h".parse().unwrap()),
        ..serial(Some("400h"), Some(5))
    };
    let mut said = message(RecordType::SOA, 0, vec![soa(2_026_112_207)]);
    said.add_answer(signature("example.com.", RecordType::SOA, -60, 7200));
    let mut edns = Edns::new();
    edns.options_mut()
        .insert(EdnsOption::Unknown(3, b"fra1".to_vec()));
    said.set_edns(edns);
    let exchange = Exchange {
        primary: Some(of_serial(2_026_112_208).result),
        ..exchange(RecordType::SOA, parsed(RecordType::SOA, &said))
    };
    let lines: Vec<_> = exchange
        .judgements(&expect, now())
        .iter()
        .map(|judgement| {
            format!(
                "{:?} {}: {}",
                judgement.verdict, judgement.what, judgement.found
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    Pass rcode NOERROR: NOERROR
    Pass at least 1 answer: 1 answer
    Pass an SOA record in the answer: SOA serial 2026112207
    Pass at most 3 answers: 1 answer
    Pass flag tc not set: no flags
    Pass an answer like /7/: ns.example.com. root.example.com. 2026112207 1 2 3 4
    Pass TTL at least 30s: TTL 60 s
    Pass SOA serial at most 400h old and at most 5 behind the primary 192.0.2.1: SOA serial 2026112207; the primary has 2026112208
    Pass signatures valid for 1h: RRSIG of example.com. SOA is valid for 2 h
    Fail NSID like /ams/: NSID is fra1, wanted /ams/
    Pass an answer within 10ms: 5.00 ms
    ");
}

#[test]
fn only_trouble_of_our_own_and_a_clock_that_may_be_behind_are_unknown() {
    let waited = Duration::from_millis(800);
    for (failure, verdict, detail) in [
        (
            Failure::Silent { waited, ignored: 0 },
            Fail,
            "no answer within 800ms",
        ),
        (
            Failure::Silent { waited, ignored: 3 },
            Fail,
            "no answer within 800ms; 3 answers for another question ignored",
        ),
        (Failure::Refused, Fail, "connection refused"),
        (Failure::Reset, Fail, "connection reset"),
        (
            Failure::Closed { received: 2 },
            Fail,
            "connection closed after 2 bytes of the answer",
        ),
        (
            Failure::Malformed("answer section"),
            Fail,
            "malformed answer: its answer section makes no sense",
        ),
        (
            Failure::Prober("has no file descriptors left".to_owned()),
            Unknown,
            "the prober has no file descriptors left",
        ),
        (
            Failure::Stalled(Duration::from_secs(3)),
            Unknown,
            "the prober itself was stalled for 3s",
        ),
        (
            Failure::Fallback(Box::new(Failure::Early("valid tomorrow".to_owned()))),
            Unknown,
            "truncated, and then over TCP: valid tomorrow",
        ),
    ] {
        let exchange = Exchange {
            position: 0,
            query: query(RecordType::SOA),
            result: Err(failure),
            primary: None,
        };
        assert_judged(&Expectation::default(), &exchange, verdict, detail);
        assert_eq!(exchange.query.to_string(), "example.com. IN SOA");
    }
}

proptest! {
    /// Whatever came and whatever was expected: there is a verdict, and one line of printable ASCII.
    #[test]
    fn any_reply_is_judged(
        kind in prop_oneof![Just(RecordType::SOA), Just(RecordType::TXT), Just(RecordType::ANY), Just(RecordType::RRSIG)],
        flags in any::<u8>(),
        counts in proptest::collection::vec(0u8..4, 3),
        records in proptest::collection::vec(
            (prop_oneof![Just(6u16), Just(16), Just(46), Just(41), Just(5), any::<u16>()], any::<u32>(), proptest::collection::vec(any::<u8>(), 0..60)),
            0..8,
        ),
        seconds in 0i64..8_000_000_000,
    ) {
        let query = query(kind);
        let mut bytes = message(kind, 0, vec![]).to_vec().unwrap();
        bytes[3] = flags & 0xf0;
        for (position, count) in counts.iter().enumerate() {
            bytes[7 + 2 * position] = *count;
        }
        for (kind, ttl, data) in records {
            bytes.extend([0xc0, 12]);
            bytes.extend(kind.to_be_bytes());
            bytes.extend([0, 1]);
            bytes.extend(ttl.to_be_bytes());
            bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            bytes.extend(data);
        }
        let Ok(reply) = Reply::parse(&bytes, &query) else { return Ok(()) };
        let expect = Expectation {
            answer: Some("7".parse().unwrap()),
            nsid: Some("ams".parse().unwrap()),
            ttl: Some(TtlBounds { min: Some("30s".parse().unwrap()), max: Some("60s".parse().unwrap()) }),
            signatures: Some("1h".parse().unwrap()),
            max_answers: Some(2),
            ..serial(Some("1h"), Some(5))
        };
        let now = Timestamp::from_second(seconds).unwrap();
        let primary = Some(Ok(Answer { reply: reply.clone(), latency: None }));
        let exchange = Exchange { primary, ..exchange(kind, reply) };
        let judged = judge(&expect, &exchange, now);
        let plain = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        prop_assert!(plain(&judged.detail), "{}", judged.detail);
        for judgement in exchange.judgements(&expect, now) {
            prop_assert!(plain(&judgement.found) && plain(&judgement.what));
        }
    }
}
