//! Verdicts of several questions, in any order of their ends.

use proptest::prelude::*;

use super::*;
use crate::dns::{Encoding, Failure, Primary, Query, RecordType, SerialLimits};

/// A question for each verdict.
fn asked(count: usize) -> Vec<Asked> {
    let asked = |number| Asked {
        question: Question::new(
            format!("q{number}.example.com").parse().unwrap(),
            RecordType::A,
        ),
        expect: Expectation::default(),
    };
    (0..count).map(asked).collect()
}

fn exchange(questions: &[Asked], position: usize, verdict: Verdict) -> Exchange {
    let query = Query::new(&questions[position].question, 7, 0);
    let result = match verdict {
        Pass => Ok(answer(&query)),
        Fail => Err(Failure::Refused),
        Unknown => Err(Failure::Prober("is ill".to_owned())),
    };
    Exchange {
        position,
        query,
        result,
        primary: None,
    }
}

/// One address, read in time.
fn answer(query: &Query) -> Answer {
    let mut bytes = query.as_bytes().to_vec();
    bytes[2] |= 0x80;
    bytes[7] = 1;
    bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
    Answer {
        reply: crate::dns::Reply::parse(&bytes, query).unwrap(),
        latency: Some(Duration::from_millis(query.as_bytes().len() as u64)),
    }
}

fn outcome(needed: usize, ends: &[(usize, Verdict)], count: usize) -> Outcome {
    let questions = asked(count);
    let mut tally = Tally::new(&questions, needed);
    for (position, verdict) in ends {
        tally.add(
            exchange(&questions, *position, *verdict),
            Timestamp::UNIX_EPOCH,
        );
    }
    tally.outcome()
}

use Verdict::{Fail, Pass, Unknown};

#[test]
fn one_question_speaks_for_itself() {
    let one = outcome(1, &[(0, Fail)], 1);
    assert_eq!(
        (one.verdict, one.detail.as_str()),
        (Fail, "connection refused")
    );
    assert!(!one.is_silence && one.answer().is_none() && one.latency().is_none());
    let one = outcome(1, &[(0, Pass)], 1);
    assert_eq!(
        (one.verdict, one.detail.as_str()),
        (Pass, "NOERROR, 1 answer")
    );
    assert!(!one.is_silence && one.answer().is_some() && one.latency().is_some());
}

#[test]
fn those_that_failed_are_named() {
    let mixed = outcome(2, &[(2, Unknown), (0, Pass), (1, Fail)], 3);
    assert_eq!(mixed.verdict, Unknown);
    assert_eq!(
        mixed.detail,
        "1 of 3 questions passed, 2 needed; q1.example.com. IN A: connection refused; q2.example.com. IN A: the prober is ill"
    );
    let enough = outcome(1, &[(1, Fail), (0, Pass)], 2);
    assert_eq!(
        (enough.verdict, enough.detail.as_str()),
        (
            Pass,
            "1 of 2 questions passed; q1.example.com. IN A: connection refused"
        )
    );
    let all = outcome(2, &[(1, Pass), (0, Pass)], 2);
    assert_eq!(
        (all.verdict, all.detail.as_str()),
        (Pass, "2 of 2 questions passed")
    );
}

/// As `asked`, but compared with a primary, which nobody waited for.
fn compared(questions: &mut [Asked], position: usize) {
    questions[position].expect.serial = Some(SerialLimits {
        max_age: None,
        encoding: Encoding::Auto,
        primary: Some(Primary {
            server: "192.0.2.1:53".parse().unwrap(),
            max_behind: 0,
        }),
    });
}

/// The answer of a server whose primary says nothing: an SOA record with serial 1.
fn without_primary(questions: &[Asked], position: usize) -> Exchange {
    let query = Query::new(&questions[position].question, 7, 0);
    let mut bytes = query.as_bytes().to_vec();
    bytes[2] |= 0x80;
    bytes[7] = 1;
    bytes.extend([0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0, 0, 0, 0, 1]);
    bytes.extend([0; 16]);
    let reply = crate::dns::Reply::parse(&bytes, &query).unwrap();
    Exchange {
        position,
        query,
        result: Ok(Answer {
            reply,
            latency: None,
        }),
        primary: Some(Err(Failure::Refused)),
    }
}

/// Nothing is known because of us only where that is so of a question of which nothing is known.
#[test]
fn a_primary_that_says_nothing_is_no_silence() {
    let is_silence = |other: Option<Verdict>| {
        let mut questions = asked(3);
        questions[0].question.record_type = RecordType::SOA;
        compared(&mut questions, 0);
        let mut tally = Tally::new(&questions, 2);
        tally.add(without_primary(&questions, 0), Timestamp::UNIX_EPOCH);
        tally.add(exchange(&questions, 1, Pass), Timestamp::UNIX_EPOCH);
        if let Some(verdict) = other {
            tally.add(exchange(&questions, 2, verdict), Timestamp::UNIX_EPOCH);
        }
        let outcome = tally.outcome();
        let is_unknown = other != Some(Pass);
        assert_eq!(outcome.verdict == Unknown, is_unknown, "{}", outcome.detail);
        outcome.is_silence
    };
    assert!(!is_silence(Some(Fail)));
    assert!(!is_silence(Some(Pass)));
    assert!(is_silence(Some(Unknown)));
    assert!(is_silence(None));
}

proptest! {
    /// What is decided stays so, whatever else comes; and the order does not matter.
    #[test]
    fn the_order_changes_nothing(
        verdicts in proptest::collection::vec(prop_oneof![Just(Pass), Just(Fail), Just(Unknown)], 1..6),
        needed in 1usize..6,
        order in any::<[u8; 6]>(),
    ) {
        let needed = needed.min(verdicts.len());
        let mut ends: Vec<_> = verdicts.iter().copied().enumerate().collect();
        let whole = outcome(needed, &ends, verdicts.len());
        ends.sort_by_key(|(position, _)| order[*position]);
        let questions = asked(verdicts.len());
        let mut tally = Tally::new(&questions, needed);
        let mut decided = None;
        for (position, verdict) in ends {
            tally.add(exchange(&questions, position, verdict), Timestamp::UNIX_EPOCH);
            decided = decided.or_else(|| tally.is_decided().then(|| tally.verdict()));
        }
        prop_assert_eq!(decided, Some(whole.verdict));
        prop_assert_eq!(tally.outcome(), whole);
    }
}
