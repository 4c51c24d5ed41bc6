//! Several questions, and a primary beside: nobody is waited for whose answer changes nothing.

use super::*;
use crate::dns::{Encoding, Primary, SerialLimits};

/// A server that answers names with `good` in them well, with `bad` by SERVFAIL, and no others.
async fn server() -> (SocketAddr, JoinHandle<()>) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let mut buffer = [0; 512];
        loop {
            let (length, client) = socket.recv_from(&mut buffer).await.unwrap();
            let query = &buffer[..length];
            let has = |word: &[u8]| query.windows(word.len()).any(|part| part == word);
            let mut reply = answer(query);
            reply[3] |= if has(b"bad") { 2 } else { 0 };
            if has(b"good") || has(b"bad") {
                socket.send_to(&reply, client).await.unwrap();
            }
        }
    });
    (address, task)
}

fn asked(name: &str) -> Asked {
    Asked {
        question: Question::new(name.parse().unwrap(), RecordType::SOA),
        expect: Expectation::default(),
    }
}

async fn probe(needed: usize, questions: Vec<Asked>, timeout: Duration) -> dns::Outcome {
    let (address, task) = server().await;
    let check = DnsCheck {
        questions,
        needed,
        ..check(UDP)
    };
    let outcome = exchange(address, &check, timeout).await;
    task.abort();
    outcome
}

#[tokio::test]
async fn what_is_decided_waits_for_nobody() {
    for (needed, name, verdict) in [(2, "bad", Verdict::Fail), (1, "good", Verdict::Pass)] {
        let questions = vec![asked("silent"), asked(name)];
        let outcome = probe(needed, questions, LONG).await;
        assert_eq!(outcome.verdict, verdict);
        let ended: Vec<_> = outcome.exchanges.iter().map(|one| one.position).collect();
        assert_eq!(ended, [1], "the first is still silent");
        assert!(outcome.answer().is_none() && !outcome.is_silence);
    }
}

#[tokio::test]
async fn silence_of_one_question_is_silence() {
    let outcome = probe(2, vec![asked("silent"), asked("good")], SHORT).await;
    let detail = "1 of 2 questions passed, 2 needed; silent. IN SOA: no answer within 300ms";
    assert_outcome(&outcome, Verdict::Fail, detail);
}

fn beside(name: &str, primary: SocketAddr) -> Asked {
    let primary = Some(Primary {
        server: primary,
        max_behind: 0,
    });
    let mut asked = asked(name);
    asked.expect.serial = Some(SerialLimits {
        max_age: None,
        encoding: Encoding::Auto,
        primary,
    });
    asked
}

#[tokio::test]
async fn a_primary_is_waited_for_only_where_it_matters() {
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let silent = silent
        .local_addr()
        .map(|address| (address, silent))
        .unwrap();
    let outcome = probe(1, vec![beside("bad", silent.0)], LONG).await;
    assert_outcome(&outcome, Verdict::Fail, "SERVFAIL, wanted NOERROR");
    assert!(outcome.exchanges[0].primary.is_none());
    let outcome = probe(1, vec![beside("good", silent.0)], SHORT).await;
    let detail = "NOERROR, SOA serial 7; whether it is behind the primary 127.0.0.1 is not known: no answer within 300ms";
    assert_outcome(&outcome, Verdict::Unknown, detail);
    assert!(!outcome.is_silence && outcome.exchanges[0].primary.is_some());
    // What the server left unanswered beside that has failed, and is not what nothing is known of.
    let outcome = probe(1, vec![asked("silent"), beside("good", silent.0)], SHORT).await;
    assert_eq!(
        (outcome.verdict, outcome.is_silence),
        (Verdict::Unknown, false),
        "{}",
        outcome.detail
    );
    let (primary, task) = server().await;
    let outcome = probe(1, vec![beside("good", primary)], LONG).await;
    assert_outcome(&outcome, Verdict::Pass, SERIAL);
    task.abort();
}
