//! One thing that is looked at. The kinds of check are told apart here and nowhere else.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::report::{ExchangeReport, ProbeReport, ReplyReport};
use crate::ask::Ask;
use crate::config::{DnsCheck, Service, Subject, Target};
use crate::dns::{Exchange, Query, Rcode};
use crate::health::Verdict;
use crate::history::milliseconds;
use crate::probe::{Outcome, Probe};

/// One thing that is looked at.
#[derive(Debug)]
pub(super) struct Look {
    /// The service and the check; nothing for a question.
    pub(super) whose: Option<(String, String)>,
    /// The position of its group.
    pub(super) group: Option<usize>,
    /// What it is, for people.
    pub(super) subject: String,
    /// What is asked, where it is a DNS server.
    pub(super) dns: Option<Arc<DnsCheck>>,
    pub(super) probe: Probe,
    pub(super) timeout: Duration,
}

impl Look {
    pub(super) fn new(service: &Service, target: &Target<'_>, group: Option<usize>) -> Self {
        let member = service.member(target);
        let dns = match target.subject {
            Subject::Dns(check, _) => Some(Arc::clone(check)),
            Subject::Tcp(..)
            | Subject::Http(..)
            | Subject::Exec(_)
            | Subject::Unit(_)
            | Subject::Process(_)
            | Subject::File(_) => None,
        };
        Self {
            whose: Some((service.name.to_string(), member.name.clone())),
            group,
            subject: target.subject.to_string(),
            dns,
            probe: Probe::new(target.subject),
            timeout: member.timing.timeout.duration(),
        }
    }

    pub(super) fn question(ask: Ask) -> Self {
        let check = Arc::new(ask.check);
        let subject = Subject::Dns(&check, ask.server);
        Self {
            whose: None,
            group: None,
            subject: subject.to_string(),
            probe: Probe::new(subject),
            timeout: ask.timeout.duration(),
            dns: Some(check),
        }
    }

    pub(super) async fn run(&self) -> Outcome {
        self.probe.run(self.timeout).await
    }

    /// What came of it.
    pub(super) fn report(&self, outcome: Outcome, now: Timestamp) -> ProbeReport {
        let dns = self.dns.as_ref();
        let exchanges = dns.map(|check| reports(check, &outcome.exchanges, now));
        let mut exchanges = exchanges.unwrap_or_default();
        let first = outcome.exchanges.iter().find(|one| one.position == 0);
        let reply = first.and_then(|exchange| ReplyReport::of(&self.subject, exchange));
        let (verdict, detail) = if self.whose.is_some() {
            (outcome.verdict, outcome.detail)
        } else {
            answered(&outcome, first)
        };
        if self.whose.is_none() {
            for exchange in &mut exchanges {
                exchange.settle(verdict, &detail);
            }
        }
        let (service, check) = self.whose.clone().unzip();
        ProbeReport {
            at: now,
            service,
            check,
            group: None,
            server: self.subject.clone(),
            transport: dns.map(|check| check.connection.channel.transport()),
            question: dns.map(|check| asked(check, 0, first.map(|one| &one.query))),
            verdict,
            detail,
            latency_ms: outcome.latency.map(milliseconds),
            reply,
            exchanges,
        }
    }
}

fn reports(check: &DnsCheck, exchanges: &[Exchange], now: Timestamp) -> Vec<ExchangeReport> {
    let report = |(position, spec): (usize, &crate::dns::Asked)| {
        let exchange = exchanges.iter().find(|one| one.position == position);
        let question = asked(check, position, exchange.map(|exchange| &exchange.query));
        match exchange {
            Some(exchange) => ExchangeReport::new(question, exchange, &spec.expect, now),
            None => ExchangeReport::unfinished(question),
        }
    };
    check.questions.iter().enumerate().map(report).collect()
}

/// What was asked or, where nothing came to an end, what would be.
fn asked(check: &DnsCheck, position: usize, query: Option<&Query>) -> String {
    match (query, check.questions.get(position)) {
        (Some(query), _) => query.to_string(),
        (None, Some(asked)) => {
            let question = &asked.question;
            let (name, class, kind) = (&question.name, question.class, question.record_type);
            format!("{name} {class} {kind}")
        }
        (None, None) => String::new(),
    }
}

/// A question of an operator is answered by NOERROR and NXDOMAIN, whatever is in the answer.
fn answered(outcome: &Outcome, exchange: Option<&Exchange>) -> (Verdict, String) {
    let answer = exchange.and_then(|exchange| exchange.result.as_ref().ok());
    match answer.map(|answer| answer.reply.rcode) {
        Some(rcode @ (Rcode::NO_ERROR | Rcode::NX_DOMAIN)) => (Verdict::Pass, rcode.to_string()),
        Some(rcode) => (Verdict::Fail, rcode.to_string()),
        None => (outcome.verdict, outcome.detail.clone()),
    }
}
