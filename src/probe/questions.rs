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
use crate::config::{Connection, DnsCheck};
use crate::dns::{Answer, Asked, Exchange, Expectation, Failure, Outcome, Query, Tally, judge};
use crate::health::Verdict;

/// Asks until there is a verdict, and for at most `timeout`.
pub(super) async fn ask_all(
    connector: &Connector,
    address: SocketAddr,
    check: &DnsCheck,
    timeout: Duration,
) -> Outcome {
    let server = Server {
        connector,
        address,
        has_id: check.connection.channel.transport().has_id(),
        timeout,
    };
    let mut tally = Tally::new(&check.questions, check.needed);
    if let [asked] = check.questions.as_slice() {
        tally.add(one(&server, 0, asked).await, Timestamp::now());
        return tally.outcome();
    }
    let questions = check.questions.iter().enumerate();
    let mut under_way: FuturesUnordered<_> = questions
        .map(|(position, asked)| one(&server, position, asked))
        .collect();
    while let Some(exchange) = under_way.next().await {
        tally.add(exchange, Timestamp::now());
        if tally.is_decided() {
            break;
        }
    }
    tally.outcome()
}

/// Who is asked, and how.
struct Server<'a> {
    connector: &'a Connector,
    address: SocketAddr,
    has_id: bool,
    timeout: Duration,
}

impl Server<'_> {
    fn query(&self, asked: &Asked) -> Query {
        let id = if self.has_id { rand::random() } else { 0 };
        Query::new(&asked.question, id, rand::random())
    }

    async fn ask(&self, query: &Query) -> Result<Answer, Failure> {
        ask(self.connector, self.address, query, self.timeout).await
    }
}

async fn one(server: &Server<'_>, position: usize, asked: &Asked) -> Exchange {
    let query = server.query(asked);
    let Some(primary) = asked.expect.primary() else {
        return Exchange {
            position,
            result: server.ask(&query).await,
            query,
            primary: None,
        };
    };
    let connector = Connector::new(&Connection::default());
    let primary = Server {
        connector: &connector,
        address: primary.server,
        has_id: true,
        timeout: server.timeout,
    };
    // Boxed: most tasks ask one server only, and need not be as large as two conversations.
    Box::pin(beside(server, &primary, position, asked, query)).await
}

/// Asks the server, and the zone's primary the same at the same time.
async fn beside(
    server: &Server<'_>,
    primary: &Server<'_>,
    position: usize,
    asked: &Asked,
    query: Query,
) -> Exchange {
    let same = primary.query(asked);
    let mut theirs = pin!(primary.ask(&same));
    let mut early = None;
    let result = {
        let mut own = pin!(server.ask(&query));
        loop {
            tokio::select! {
                biased;
                result = &mut own => break result,
                result = &mut theirs, if early.is_none() => early = Some(result),
            }
        }
    };
    let mut exchange = Exchange {
        position,
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
