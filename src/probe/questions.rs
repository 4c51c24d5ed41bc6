//! All questions of a check at once, and beside each that of a zone's primary.
//!
//! Nobody is waited for whose answer changes nothing: a failure is known, and withdraws, at once.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;

use super::{Connector, ask};
use crate::config::{Channel, Connection, DnsCheck};
use crate::dns::{Asked, Exchange, Expectation, Outcome, Primary, Query, Tally, judge};
use crate::health::Verdict;

/// Asks until there is a verdict, and for at most `timeout`.
pub(super) async fn ask_all(
    connector: &Connector,
    server: SocketAddr,
    check: &DnsCheck,
    timeout: Duration,
) -> Outcome {
    let mut tally = Tally::new(&check.questions, check.needed);
    if let [asked] = check.questions.as_slice() {
        let exchange = one((connector, server), check, (0, asked), timeout).await;
        tally.add(exchange, Timestamp::now());
        return tally.outcome();
    }
    let questions = check.questions.iter().enumerate();
    let mut under_way: FuturesUnordered<_> = questions
        .map(|asked| one((connector, server), check, asked, timeout))
        .collect();
    while let Some(exchange) = under_way.next().await {
        tally.add(exchange, Timestamp::now());
        if tally.is_decided() {
            break;
        }
    }
    tally.outcome()
}

async fn one(
    (connector, server): (&Connector, SocketAddr),
    check: &DnsCheck,
    (position, asked): (usize, &Asked),
    timeout: Duration,
) -> Exchange {
    let has_id = check.connection.channel.transport().has_id();
    let id = if has_id { rand::random() } else { 0 };
    let query = Query::new(&asked.question, id, rand::random());
    match asked.expect.primary() {
        Some(primary) => Exchange {
            position,
            ..beside((connector, server), check, (asked, primary), query, timeout).await
        },
        None => Exchange {
            position,
            result: ask(connector, server, &query, timeout).await,
            query,
            primary: None,
        },
    }
}

/// Asks the server, and the zone's primary the same at the same time.
async fn beside(
    (connector, server): (&Connector, SocketAddr),
    check: &DnsCheck,
    (asked, primary): (&Asked, Primary),
    query: Query,
    timeout: Duration,
) -> Exchange {
    let same = Query::new(&asked.question, rand::random(), rand::random());
    let plain = Connector::new(&Connection {
        channel: Channel::default(),
        origin: check.connection.origin.clone(),
    });
    let mut theirs = pin!(ask(&plain, primary.server, &same, timeout));
    let mut early = None;
    let result = {
        let mut own = pin!(ask(connector, server, &query, timeout));
        loop {
            tokio::select! {
                biased;
                result = &mut own => break result,
                result = &mut theirs, if early.is_none() => early = Some(result),
            }
        }
    };
    let mut exchange = Exchange {
        position: 0,
        query,
        result,
        primary: early,
    };
    if exchange.primary.is_none() && is_open(&asked.expect, &exchange) {
        exchange.primary = Some(theirs.await);
    }
    exchange
}

/// Whether the primary still matters: not to a server that has failed already.
fn is_open(expect: &Expectation, exchange: &Exchange) -> bool {
    exchange.result.is_ok() && judge(expect, exchange, Timestamp::now()).verdict != Verdict::Fail
}
