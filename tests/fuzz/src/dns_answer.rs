//! DNS answers (`dns`): read, judged and printed.
//!
//! The first byte of an input says what was asked, the second what was expected; the rest is the message, into which the
//! id of the question is put.
//!
//! - Whatever comes, what is printed of it is printable ASCII, and a verdict's detail is one line.
//! - A verdict is that of its expectations: it fails where one is broken, and passes only where all are fulfilled.
//! - A server is not failed for bytes: what hickory-proto reads as an answer to the question, is one here, with as many
//!   records.

use std::sync::LazyLock;
use std::time::Duration;

use anycastctl::dns::{
    Answer, Asked, DNSClass, EdnsRequest, Encoding, Exchange, Expectation, Failure, Flag, Primary,
    Query, Question, Rcode, RecordType, Reply, Section, SerialLimits, Tally, TtlBounds, judge,
};
use anycastctl::health::Verdict;
use anycastctl::model::Period;
use hickory_proto::op::{Message, MessageType, OpCode};
use jiff::Timestamp;

use crate::shown;

/// The id of every question.
const ID: [u8; 2] = [0x12, 0x34];

/// What was asked, in the order of the first byte of an input.
static QUESTIONS: LazyLock<Vec<Question>> = LazyLock::new(|| {
    use RecordType::{
        A, AAAA, ANY, CAA, DNSKEY, MX, NAPTR, NS, NSEC, PTR, RRSIG, SOA, SRV, SVCB, TLSA, TXT,
    };
    let types = [
        SOA, A, AAAA, TXT, NS, MX, ANY, DNSKEY, RRSIG, NSEC, SRV, CAA, NAPTR, TLSA, SVCB, PTR,
    ];
    let mut all: Vec<Question> = types.map(|kind| question("example.com", kind)).into();
    all.push(Question {
        class: DNSClass::CH,
        ..question("id.server", TXT)
    });
    all.push(question(".", NS));
    all
});

fn question(name: &str, kind: RecordType) -> Question {
    let name = name.parse().expect("a domain name");
    let edns = EdnsRequest {
        buffer_size: EdnsRequest::BUFFER_SIZE,
        dnssec: true,
        nsid: true,
    };
    Question {
        edns: Some(edns),
        ..Question::new(name, kind)
    }
}

/// What was expected, by the bits of the second byte of an input.
fn expectation(bits: u8) -> Expectation {
    let has = |bit: u8| bits & 1 << bit != 0;
    let millis = Period::from_millis;
    Expectation {
        rcodes: if has(0) {
            vec![Rcode::NO_ERROR, Rcode::NX_DOMAIN]
        } else {
            vec![Rcode::NO_ERROR]
        },
        min_answers: u16::from(has(1)),
        max_answers: has(2).then_some(2),
        flags: if has(3) {
            vec![Flag::Authoritative, Flag::RecursionAvailable]
        } else {
            vec![]
        },
        flags_unset: if has(3) {
            vec![]
        } else {
            vec![Flag::Truncated]
        },
        answer: has(4).then(|| "^192[.]0[.]2[.]".parse().expect("an expression")),
        ttl: has(5).then(|| TtlBounds {
            min: Some(millis(1000)),
            max: Some(millis(86_400_000)),
        }),
        nsid: has(6).then(|| "^ams".parse().expect("an expression")),
        max_latency: Some(millis(800)),
        serial: has(7).then(|| SerialLimits {
            max_age: Some(millis(3_600_000)),
            encoding: Encoding::Auto,
            primary: Some(Primary {
                server: ([192, 0, 2, 1], 53).into(),
                max_behind: 1,
            }),
        }),
        signatures: has(6).then(|| millis(86_400_000)),
    }
}

/// Tries the input as an answer.
pub fn holds(input: &[u8]) {
    let [which, bits, message @ ..] = input else {
        return;
    };
    let question = &QUESTIONS[usize::from(*which) % QUESTIONS.len()];
    let query = Query::new(question, u16::from_be_bytes(ID), 0);
    let mut message = message.to_vec();
    message
        .iter_mut()
        .zip(ID)
        .for_each(|(octet, id)| *octet = id);
    let reply = Reply::parse(&message, &query);
    second_opinion(&message, &query, reply.as_ref().ok());
    let result = match reply {
        Ok(reply) => {
            print(&reply, message.len());
            let latency = Some(Duration::from_micros(u64::from(*bits) * 4000));
            Ok(Answer { reply, latency })
        }
        Err(_) => Err(Failure::Malformed("answer section")),
    };
    let exchange = Exchange {
        position: 0,
        query,
        primary: bits.is_multiple_of(3).then(|| result.clone()),
        result,
    };
    judged(question, exchange, *bits);
}

/// Everything that `probe` shows of a reply.
fn print(reply: &Reply, length: usize) {
    let counts = reply.counts;
    for (section, count) in [
        (Section::Answer, counts.answer),
        (Section::Authority, counts.authority),
        (Section::Additional, counts.additional),
    ] {
        assert_eq!(reply.section(section).count(), count);
        for record in reply.section(section).take(64) {
            shown::ascii(&record.to_string());
            assert!(record.owner().ends_with('.') || record.owner() == "\\?");
            assert!(record.ttl() <= i32::MAX.unsigned_abs());
        }
    }
    assert_eq!(reply.answers().len(), counts.answer);
    assert_eq!(reply.size(), length);
    reply.question().iter().for_each(|text| shown::ascii(text));
    shown::ascii(&reply.rcode.to_string());
    if let Some(edns) = reply.edns() {
        edns.nsid().iter().for_each(|name| shown::ascii(name));
        edns.nsid_hex().iter().for_each(|name| shown::ascii(name));
        edns.errors()
            .for_each(|error| shown::ascii(&error.to_string()));
    }
}

fn judged(question: &Question, exchange: Exchange, bits: u8) {
    let expect = expectation(bits);
    let now = Timestamp::constant(1_795_380_446, 0);
    let judged = judge(&expect, &exchange, now);
    shown::ascii(&judged.detail);
    let judgements = exchange.judgements(&expect, now);
    for judgement in &judgements {
        shown::ascii(&judgement.what);
        shown::ascii(&judgement.found);
    }
    let has = |verdict| {
        judgements
            .iter()
            .any(|judgement| judgement.verdict == verdict)
    };
    let verdict = match (has(Verdict::Fail), has(Verdict::Unknown)) {
        (true, _) => Verdict::Fail,
        (false, true) => Verdict::Unknown,
        (false, false) => Verdict::Pass,
    };
    assert_eq!(judged.verdict, verdict, "{judged:?} of {judgements:?}");
    let asked = [Asked {
        question: question.clone(),
        expect,
    }];
    let mut tally = Tally::new(&asked, 1);
    tally.add(exchange, now);
    assert!(tally.is_decided());
    let outcome = tally.outcome();
    assert_eq!(outcome.verdict, verdict);
    shown::ascii(&outcome.detail);
}

/// Whether hickory-proto reads an answer to the question where there is none here.
fn second_opinion(bytes: &[u8], query: &Query, reply: Option<&Reply>) {
    let Ok(message) = Message::from_vec(bytes) else {
        return;
    };
    let [asked] = message.queries.as_slice() else {
        return;
    };
    let own = Message::from_vec(query.as_bytes()).expect("our own question");
    let ours = &own.queries[0];
    let is_ours = ours.query_type == asked.query_type
        && ours.query_class == asked.query_class
        && ours.name == asked.name;
    let is_answer = message.metadata.message_type == MessageType::Response
        && message.metadata.op_code == OpCode::Query;
    if !is_ours || !is_answer {
        return;
    }
    let reply = reply.unwrap_or_else(|| panic!("refused, and hickory-proto reads {message:?}"));
    assert_eq!(reply.counts.answer, message.answers.len());
    assert_eq!(reply.counts.authority, message.authorities.len());
}
