//! From what came back for one question to a verdict, with one line that says why.

use std::time::Duration;

use jiff::Timestamp;

use super::aspect::{Aspect, Evidence, Finding, answers, serial_of};
use super::{Expectation, Failure, Query, Rcode, Reply};
use crate::health::Verdict;

/// A reply and when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What came.
    pub reply: Reply,
    /// From the first packet sent to the reply read; `None` where the prober itself was late to read it.
    pub latency: Option<Duration>,
}

/// One question and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The question's position in its check.
    pub position: usize,
    /// What was sent. It prints what was asked: `example.com. IN SOA`.
    pub query: Query,
    /// What came.
    pub result: Result<Answer, Failure>,
    /// What came from the zone's primary; `None` where it was not asked, or not waited for.
    pub primary: Option<Result<Answer, Failure>>,
}

/// What one exchange comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in one line for operators: `NOERROR, SOA serial 2026112201`.
    pub detail: String,
}

/// One expectation and what it came to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Judgement {
    /// What was expected: `rcode NOERROR`.
    pub what: String,
    /// Whether it is fulfilled; unknown where that depends on somebody else.
    pub verdict: Verdict,
    /// What there was: `SERVFAIL, wanted NOERROR`, or where it is fulfilled `NOERROR`.
    pub found: String,
}

impl Exchange {
    /// Each expectation by itself, in the order in which they are judged. Without an answer, there is only that to
    /// say. Expectations that count only for other response codes than that of the answer are left out.
    #[must_use]
    pub fn judgements(&self, expect: &Expectation, now: Timestamp) -> Vec<Judgement> {
        let answer = match &self.result {
            Ok(answer) => answer,
            Err(failure) => {
                return vec![Judgement {
                    what: "an answer".to_owned(),
                    verdict: failure.verdict(),
                    found: failure.to_string(),
                }];
            }
        };
        let evidence = self.evidence(answer, now);
        let counting = self.counting(expect, answer.reply.rcode);
        let judgement = |aspect: Aspect| {
            let (verdict, found) = match aspect.judge(expect, &evidence) {
                Finding::Held => (Verdict::Pass, aspect.found(expect, &evidence)),
                Finding::Broken(reason) => (Verdict::Fail, reason),
                Finding::Open(reason) => (Verdict::Unknown, reason),
            };
            Judgement {
                what: aspect.what(expect),
                verdict,
                found,
            }
        };
        counting.map(judgement).collect()
    }

    fn evidence<'a>(&'a self, answer: &'a Answer, now: Timestamp) -> Evidence<'a> {
        Evidence {
            query: &self.query,
            reply: &answer.reply,
            latency: answer.latency,
            primary: self.primary.as_ref(),
            now,
        }
    }

    fn counting(&self, expect: &Expectation, rcode: Rcode) -> impl Iterator<Item = Aspect> {
        let counts = move |aspect: &Aspect| aspect.counts(expect, &self.query, rcode);
        Aspect::ALL.into_iter().filter(counts)
    }
}

/// Judges one exchange: it passes if every expectation is fulfilled, fails if one is not, and is unknown if nobody
/// can tell of one.
#[must_use]
pub fn judge(expect: &Expectation, exchange: &Exchange, now: Timestamp) -> Judged {
    match &exchange.result {
        Err(failure) => Judged {
            verdict: failure.verdict(),
            detail: failure.to_string(),
        },
        Ok(answer) => {
            let evidence = exchange.evidence(answer, now);
            Findings::of(expect, exchange, &evidence).judged(&evidence)
        }
    }
}

/// What is to be said against a reply.
#[derive(Default)]
struct Findings {
    /// The response code, which says more than anything else.
    rcode: Option<String>,
    /// What is not as expected.
    wrong: Vec<String>,
    /// What nobody can tell.
    open: Vec<String>,
    /// Whether the server's name for itself stands in `wrong`.
    has_name: bool,
}

impl Findings {
    fn of(expect: &Expectation, exchange: &Exchange, evidence: &Evidence<'_>) -> Self {
        let mut findings = Self::default();
        for aspect in exchange.counting(expect, evidence.reply.rcode) {
            match aspect.judge(expect, evidence) {
                Finding::Held => {}
                Finding::Open(reason) => findings.open.push(reason),
                Finding::Broken(reason) if aspect == Aspect::Rcode => {
                    findings.rcode = Some(reason);
                    break;
                }
                Finding::Broken(reason) => {
                    findings.has_name |= aspect == Aspect::Nsid;
                    findings.wrong.push(reason);
                    if aspect.is_first() {
                        break;
                    }
                }
            }
        }
        findings
    }

    fn judged(self, evidence: &Evidence<'_>) -> Judged {
        let reply = evidence.reply;
        let said = said(reply, !self.has_name);
        let (verdict, detail) = if let Some(rcode) = self.rcode {
            (Verdict::Fail, rcode)
        } else if !self.wrong.is_empty() {
            let (rcode, truncated) = (reply.rcode, truncated(reply));
            let wrong = self.wrong.join("; ");
            (Verdict::Fail, format!("{rcode} but {truncated}{wrong}"))
        } else if self.open.is_empty() {
            (Verdict::Pass, summary(evidence))
        } else {
            let open = self.open.join("; ");
            (Verdict::Unknown, format!("{}; {open}", summary(evidence)))
        };
        Judged {
            verdict,
            detail: detail + &said,
        }
    }
}

fn truncated(reply: &Reply) -> &'static str {
    if reply.flags.truncated {
        "truncated, "
    } else {
        ""
    }
}

fn summary(evidence: &Evidence<'_>) -> String {
    let reply = evidence.reply;
    let truncated = if reply.flags.truncated {
        ", truncated"
    } else {
        ""
    };
    let rcode = reply.rcode;
    match (reply.soa_serial(), rcode) {
        (Some(_), _) => format!("{rcode}{truncated}, {}", serial_of(reply)),
        (None, Rcode::NO_ERROR) => format!("{rcode}{truncated}, {}", answers(evidence.count())),
        (None, _) => format!("{rcode}{truncated}"),
    }
}

/// What the server says by way of EDNS why it answers so (RFC 8914), and which one it is (RFC 5001): at three in the
/// morning, that is worth more than the response code.
fn said(reply: &Reply, with_name: bool) -> String {
    let Some(edns) = reply.edns() else {
        return String::new();
    };
    let errors = edns
        .errors()
        .take(2)
        .map(|error| format!("; the server says: {error}"));
    let name = edns.nsid().filter(|_| with_name);
    let name = name.map(|name| format!("; NSID {name}"));
    errors.chain(name).collect()
}

#[cfg(test)]
mod tests;
