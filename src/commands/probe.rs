//! `anycastctl probe [SERVICE]`: every check once, and what came back as `dig` would show it.
//!
//! Asks exactly what the daemon asks, by the same code; decides nothing and changes nothing.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Code, Failure, Output, document, load, runtime, written};
use crate::config::{Config, Service, Subject};
use crate::dns::{Counts, Transport};
use crate::health::Verdict;
use crate::model::ServiceName;
use crate::probe::{Outcome, Probe};

/// Probes at a time: far below any limit on file descriptors.
const CONCURRENT: usize = 64;

/// What one probe found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProbeReport {
    /// The service.
    pub service: String,
    /// The check's name within the service.
    pub check: String,
    /// Who was asked.
    pub server: String,
    /// How, of a DNS check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
    /// What was asked by a DNS check: `example.com. IN SOA`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in one line.
    pub detail: String,
    /// What came back, if anything did; its fields are then part of the report's JSON.
    #[serde(flatten)]
    pub reply: Option<ReplyReport>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplyReport {
    /// The address that answered.
    pub from: String,
    /// From the first packet sent to the reply read, in milliseconds; `None` where the prober was stalled.
    pub latency_ms: Option<f64>,
    /// The response code: `NOERROR`.
    pub rcode: String,
    /// The flags that were set, `aa`, `tc`, `rd`, `ra`, `ad`, `cd`.
    pub flags: Vec<&'static str>,
    /// Records by section.
    pub counts: Counts,
    /// The answer section in presentation format.
    pub answers: Vec<String>,
}

/// Runs the checks and shows what came back.
pub fn probe(config: &Path, only: Option<&ServiceName>, json: bool) -> Result<Output, Failure> {
    let config = load(config)?.config;
    if let Some(name) = only
        && config.services.iter().all(|service| service.name != *name)
    {
        let message = format!("the configuration has no service `{name}`");
        return Err(Failure::new(Code::Usage, &message));
    }
    let reports = runtime()?.block_on(run_checks(&config, only));
    let passed = reports.iter().all(|report| report.verdict == Verdict::Pass);
    let code = if passed {
        Code::Success
    } else {
        Code::NotAsWanted
    };
    let text = if json {
        document(&reports)
    } else {
        written(|out| print(&reports, out))
    };
    Ok(Output::new(text?, code))
}

/// Runs all checks of all services, or of `only` one, once and side by side. Reports come in the order of
/// the configuration; there are none for a service that it does not have.
pub async fn run_checks(config: &Config, only: Option<&ServiceName>) -> Vec<ProbeReport> {
    let wanted = |service: &&Service| only.is_none_or(|name| *name == service.name);
    run_all(config.services.iter().filter(wanted).flat_map(planned)).await
}

async fn run_all(plans: impl Iterator<Item = Plan>) -> Vec<ProbeReport> {
    let permits = Arc::new(Semaphore::new(CONCURRENT));
    let mut running = JoinSet::new();
    for (position, plan) in plans.enumerate() {
        let permits = Arc::clone(&permits);
        running.spawn(async move {
            let _permit = permits.acquire().await;
            (position, plan.run().await)
        });
    }
    let mut reports = running.join_all().await;
    reports.sort_by_key(|(position, _)| *position);
    reports.into_iter().map(|(_, report)| report).collect()
}

/// One probe to make.
struct Plan {
    service: String,
    name: String,
    subject: String,
    transport: Option<Transport>,
    probe: Probe,
    timeout: Duration,
}

fn planned(service: &Service) -> impl Iterator<Item = Plan> {
    service.targets().into_iter().map(|target| {
        let member = service.member(&target);
        let transport = match target.subject {
            Subject::Dns(check, _) => Some(check.connection.channel.transport()),
            Subject::Tcp(..)
            | Subject::Http(..)
            | Subject::Exec(_)
            | Subject::Unit(_)
            | Subject::Process(_)
            | Subject::File(_) => None,
        };
        Plan {
            service: service.name.to_string(),
            name: member.name.clone(),
            subject: target.subject.to_string(),
            transport,
            probe: Probe::new(target.subject),
            timeout: member.timing.timeout.duration(),
        }
    })
}

impl Plan {
    async fn run(self) -> ProbeReport {
        let outcome = self.probe.run(self.timeout).await;
        self.report(outcome)
    }

    fn report(self, outcome: Outcome) -> ProbeReport {
        let exchange = outcome.exchanges.into_iter().next();
        let question = exchange.as_ref().map(|exchange| exchange.query.to_string());
        let answer = exchange.and_then(|exchange| exchange.result.ok());
        let reply = answer.map(|answer| ReplyReport {
            from: self.subject.clone(),
            latency_ms: answer.latency.map(|latency| latency.as_secs_f64() * 1000.0),
            rcode: answer.reply.rcode.to_string(),
            flags: answer.reply.flags.names().collect(),
            counts: answer.reply.counts,
            answers: answer.reply.answers(),
        });
        ProbeReport {
            service: self.service,
            check: self.name,
            server: self.subject,
            transport: self.transport,
            question,
            verdict: outcome.verdict,
            detail: outcome.detail,
            reply,
        }
    }
}

/// Prints reports for people, a blank line between two.
pub fn print(reports: &[ProbeReport], out: &mut impl Write) -> io::Result<()> {
    for (position, report) in reports.iter().enumerate() {
        if position > 0 {
            writeln!(out)?;
        }
        print_one(report, out)?;
    }
    Ok(())
}

fn print_one(report: &ProbeReport, out: &mut impl Write) -> io::Result<()> {
    let verdict = match report.verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail => "FAIL",
        Verdict::Unknown => "UNKNOWN",
    };
    let (service, check, detail) = (&report.service, &report.check, &report.detail);
    let server = &report.server;
    writeln!(out, "{verdict} {service}/{check}: {detail}")?;
    match (&report.question, report.transport) {
        (Some(question), Some(transport)) => {
            writeln!(out, ";; asked: {question}, at {server} over {transport}")?;
        }
        (_, _) => writeln!(out, ";; looked at: {server}")?,
    }
    match &report.reply {
        Some(reply) => print_reply(reply, out),
        None => Ok(()),
    }
}

fn print_reply(reply: &ReplyReport, out: &mut impl Write) -> io::Result<()> {
    let (rcode, flags, counts) = (&reply.rcode, reply.flags.join(" "), &reply.counts);
    writeln!(
        out,
        ";; status: {rcode}; flags: {flags}; answer: {}, authority: {}, additional: {}",
        counts.answer, counts.authority, counts.additional
    )?;
    for record in &reply.answers {
        writeln!(out, "{record}")?;
    }
    let latency = match reply.latency_ms {
        Some(millis) => format!("{millis:.2} ms"),
        None => "unknown time".to_owned(),
    };
    writeln!(out, ";; {latency}, from {}", reply.from)
}

#[cfg(test)]
mod tests;
