//! The commonest look by far: one question over UDP, from wherever the routing table says, about nobody but the server.
//! Such questions may go over sockets that checks share.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::shared::{Arrival, LONGEST_ANSWER};
use super::{Kind, Outcome, Probe, is_stall, rounded};
use crate::config::{Channel, Origin};
use crate::dns::{Answer, Asked, Exchange, Failure, Judged, Query, judge};
use crate::health::Verdict;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plain<'a> {
    asked: &'a Asked,
    fallback_to_tcp: bool,
    /// Whom it is about.
    pub(crate) server: SocketAddr,
}

/// When a question was asked, and how long its answer may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowed {
    /// When it was sent.
    pub(crate) sent: Instant,
    /// For how long it counts.
    pub(crate) timeout: Duration,
}

impl Probe {
    /// What is asked, if it is as simple as that.
    pub(crate) fn plain(&self) -> Option<Plain<'_>> {
        let Kind::Dns(check, server, _) = &self.0 else {
            return None;
        };
        let Channel::Udp { fallback_to_tcp } = check.connection.channel else {
            return None;
        };
        let [asked] = check.questions.as_slice() else {
            return None;
        };
        let fits = asked
            .question
            .edns
            .is_none_or(|edns| edns.buffer_size <= LONGEST_ANSWER);
        let is_plain = fits
            && check.connection.origin == Origin::default()
            && asked.expect.primary().is_none();
        is_plain.then_some(Plain {
            asked,
            fallback_to_tcp,
            server: *server,
        })
    }
}

impl Plain<'_> {
    /// The question, with an id of its own.
    pub(crate) fn query(&self) -> Query {
        Query::new(&self.asked.question, rand::random(), rand::random())
    }

    /// What an answer is worth. `None` if it was cut short, and has to be asked for as a resolver does, also over TCP.
    pub(crate) fn on_arrival<K>(&self, arrival: Arrival<K>, allowed: Allowed) -> Option<Outcome> {
        let Arrival {
            taken,
            query,
            result,
            ..
        } = arrival;
        let late = taken.saturating_sub(allowed.timeout);
        let result = match result {
            Ok(reply) if self.fallback_to_tcp && reply.flags.truncated => return None,
            Ok(reply) => Ok(Answer {
                reply,
                latency: Some(taken).filter(|taken| *taken <= allowed.timeout),
            }),
            // No delay brings that about.
            Err(Failure::Refused) => Err(Failure::Refused),
            Err(_) if is_stall(late, allowed.timeout) => Err(Failure::Stalled(rounded(late))),
            Err(failure) => Err(failure),
        };
        Some(self.outcome(query, result))
    }

    /// What it is worth that there was none until now.
    pub(crate) fn on_silence(
        &self,
        (query, ignored): (Query, u32),
        allowed: Allowed,
        now: Instant,
    ) -> Outcome {
        let waited = allowed.timeout;
        let late = now.saturating_duration_since(allowed.sent + waited);
        let failure = if is_stall(late, waited) {
            Failure::Stalled(rounded(late))
        } else {
            Failure::Silent { waited, ignored }
        };
        self.outcome(query, Err(failure))
    }

    fn outcome(&self, query: Query, result: Result<Answer, Failure>) -> Outcome {
        let exchange = Exchange {
            position: 0,
            query,
            result,
            primary: None,
        };
        let Judged { verdict, detail } = judge(&self.asked.expect, &exchange, Timestamp::now());
        let failure = exchange.result.as_ref().err();
        Outcome {
            verdict,
            is_silence: verdict == Verdict::Unknown && failure.is_some_and(Failure::is_ours),
            detail,
            latency: exchange.result.ok().and_then(|answer| answer.latency),
            exchanges: Vec::new(),
        }
    }
}
