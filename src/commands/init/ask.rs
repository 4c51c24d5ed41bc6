//! The DNS servers of this host are asked what a check could ask, by the prober's own code.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::config::DnsCheck;
use crate::dns::{self, Asked, Expectation};
use crate::health::Verdict;
use crate::init::{Answer, Question};
use crate::probe::{Connector, exchange};

/// Of one question: the default timeout of a check.
const TIMEOUT: Duration = Duration::from_millis(800);

/// Of all questions to one program. A server that answers nothing is known after a few of them.
const ALL: Duration = Duration::from_secs(8);

/// So many servers are asked at once: far below any limit on file descriptors.
const MOST_SERVERS: usize = 64;

/// Asks all servers, one question after the other, until all of them have answered one well.
pub(super) async fn all(servers: &[IpAddr], questions: &[Question]) -> Vec<Answer> {
    let deadline = Instant::now() + ALL;
    let mut answers = Vec::new();
    for question in questions {
        if Instant::now() >= deadline || servers.is_empty() {
            break;
        }
        let new = one(servers, question).await;
        let is_enough = new.iter().all(Answer::is_good);
        answers.extend(new);
        if is_enough {
            break;
        }
    }
    answers
}

async fn one(servers: &[IpAddr], question: &Question) -> Vec<Answer> {
    let mut running = JoinSet::new();
    for (position, server) in servers.iter().take(MOST_SERVERS).copied().enumerate() {
        let question = question.clone();
        running.spawn(async move { (position, ask(server, question).await) });
    }
    let mut answers = running.join_all().await;
    answers.sort_by_key(|(position, _)| *position);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

async fn ask(server: IpAddr, question: Question) -> Answer {
    let check = check(&question);
    let connector = Connector::new(&check.connection);
    let outcome = exchange(
        &connector,
        SocketAddr::new(server, check.port),
        &check,
        TIMEOUT,
    )
    .await;
    let flags = outcome
        .answer()
        .map(|answer| answer.reply.flags)
        .unwrap_or_default();
    Answer {
        server,
        question,
        has_passed: outcome.verdict == Verdict::Pass,
        is_authoritative: flags.authoritative,
        is_recursive: flags.recursion_available,
        detail: outcome.detail,
    }
}

/// The check that the file would have, with its defaults.
fn check(question: &Question) -> DnsCheck {
    let (name, record_type) = (question.name.clone(), question.record_type);
    DnsCheck::one(Asked {
        question: dns::Question {
            class: question.class,
            ..dns::Question::new(name, record_type)
        },
        expect: Expectation::default(),
    })
}
