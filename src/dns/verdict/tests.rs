//! Expectations against replies and failures.

use super::*;
use crate::dns::{Counts, DNSClass, Flags, Question};

fn query(record_type: RecordType) -> Query {
    let question = Question {
        name: "example.com".parse().unwrap(),
        record_type,
        class: DNSClass::IN,
        recursion_desired: false,
    };
    Query::new(&question, 1, "x").unwrap()
}

fn reply(rcode: u16, answers: usize, soa_serial: Option<u32>) -> Reply {
    Reply {
        rcode: Rcode(rcode),
        flags: Flags::default(),
        counts: Counts {
            answer: answers,
            ..Counts::default()
        },
        answers: vec!["…".to_owned(); answers],
        soa_serial,
    }
}

fn truncated(mut reply: Reply) -> Reply {
    reply.flags.truncated = true;
    reply
}

fn outcome(record_type: RecordType, rcodes: &[u16], min_answers: u16, reply: Reply) -> Outcome {
    let expect = Expectation {
        rcodes: rcodes.iter().copied().map(Rcode).collect(),
        min_answers,
    };
    let latency = Some(Duration::from_millis(1));
    judge(&expect, &query(record_type), Ok(Answer { reply, latency }))
}

fn assert_judged(record_type: RecordType, rcodes: &[u16], cases: &[(u16, Reply, Verdict, &str)]) {
    for (min_answers, reply, verdict, detail) in cases {
        let outcome = outcome(record_type, rcodes, *min_answers, reply.clone());
        assert_eq!(
            (outcome.verdict, outcome.detail.as_str()),
            (*verdict, *detail)
        );
        assert!(outcome.answer.is_some());
    }
}

#[test]
fn an_soa_probe_wants_an_soa_record() {
    use Verdict::{Fail, Pass};
    let missing = "NOERROR but no SOA record in the answer";
    let cut = "NOERROR but truncated, no SOA record in the answer";
    assert_judged(
        RecordType::SOA,
        &[0],
        &[
            (1, reply(0, 1, Some(7)), Pass, "NOERROR, SOA serial 7"),
            (1, reply(2, 0, None), Fail, "SERVFAIL, wanted NOERROR"),
            (
                1,
                reply(0, 0, None),
                Fail,
                "NOERROR but 0 answers, wanted 1",
            ),
            (1, reply(0, 1, None), Fail, missing),
            (0, reply(0, 0, None), Fail, missing),
            (0, truncated(reply(0, 0, None)), Fail, cut),
        ],
    );
    let denied = [(1, reply(3, 0, None), Pass, "NXDOMAIN")];
    assert_judged(RecordType::SOA, &[0, 3], &denied);
}

#[test]
fn other_probes_count_answers_under_noerror_only() {
    use Verdict::{Fail, Pass};
    let cut = "NOERROR but truncated, 0 answers, wanted 1";
    let extended = "RCODE3841, wanted NOERROR";
    assert_judged(
        RecordType::A,
        &[0],
        &[
            (2, reply(0, 1, None), Fail, "NOERROR but 1 answer, wanted 2"),
            (1, reply(0, 1, None), Pass, "NOERROR, 1 answer"),
            (0, reply(0, 0, None), Pass, "NOERROR, 0 answers"),
            (1, reply(3841, 0, None), Fail, extended),
            (1, truncated(reply(0, 0, None)), Fail, cut),
            (
                1,
                truncated(reply(0, 2, None)),
                Pass,
                "NOERROR, truncated, 2 answers",
            ),
        ],
    );
    let wanted = "NOERROR, wanted NXDOMAIN or REFUSED";
    assert_judged(
        RecordType::A,
        &[3, 5],
        &[
            (1, reply(3, 0, None), Pass, "NXDOMAIN"),
            (1, reply(0, 3, None), Fail, wanted),
        ],
    );
}

#[test]
fn an_outcome_names_what_was_asked() {
    let outcome = outcome(RecordType::SOA, &[0], 1, reply(0, 1, Some(7)));
    assert_eq!(outcome.asked, "example.com. IN SOA");
}

#[test]
fn only_trouble_of_our_own_is_unknown() {
    let waited = Duration::from_millis(800);
    for (failure, verdict, detail) in [
        (
            Failure::Silent { waited, ignored: 0 },
            Verdict::Fail,
            "no answer within 800ms",
        ),
        (
            Failure::Silent { waited, ignored: 3 },
            Verdict::Fail,
            "no answer within 800ms; 3 answers for another question ignored",
        ),
        (Failure::Refused, Verdict::Fail, "connection refused"),
        (Failure::Reset, Verdict::Fail, "connection reset"),
        (
            Failure::Closed { received: 2 },
            Verdict::Fail,
            "connection closed after 2 bytes of the answer",
        ),
        (
            Failure::Malformed("answer section"),
            Verdict::Fail,
            "malformed answer: its answer section makes no sense",
        ),
        (
            Failure::Prober("has no file descriptors left".to_owned()),
            Verdict::Unknown,
            "the prober has no file descriptors left",
        ),
        (
            Failure::Stalled(Duration::from_secs(3)),
            Verdict::Unknown,
            "the prober itself was stalled for 3s",
        ),
    ] {
        let expect = Expectation {
            rcodes: vec![Rcode(0)],
            min_answers: 1,
        };
        let outcome = judge(&expect, &query(RecordType::SOA), Err(failure));
        assert_eq!(
            (outcome.verdict, outcome.detail.as_str()),
            (verdict, detail)
        );
        assert_eq!(outcome.answer, None);
    }
}
