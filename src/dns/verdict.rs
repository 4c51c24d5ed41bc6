//! From what came back to a verdict, with one line that says why.
//!
//! - The response code has to be one of those expected.
//! - Under NOERROR, the answer section has to hold `min_answers` records, and an SOA record where SOA was
//!   asked for: an SOA probe is there to show that the zone is being served.
//! - A truncated answer (TC) is an answer: the server is alive and has looked up the name. Its records count
//!   as far as they came, and the line says that it was truncated. Who wants them all asks over TCP.

use std::time::Duration;

use super::{Expectation, Failure, Query, Rcode, RecordType, Reply};
use crate::health::Verdict;

/// A reply and when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What came.
    pub reply: Reply,
    /// From the first packet sent to the reply read; `None` where the prober itself was late to read it.
    pub latency: Option<Duration>,
}

/// What one probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What was asked: `example.com. IN SOA`.
    pub asked: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in one line for operators: `NOERROR, SOA serial 2026112201`.
    pub detail: String,
    /// What came, if anything did.
    pub answer: Option<Answer>,
}

/// Judges one exchange.
#[must_use]
pub fn judge(expect: &Expectation, query: &Query, result: Result<Answer, Failure>) -> Outcome {
    let (verdict, detail, answer) = match result {
        Err(failure) => (failure.verdict(), failure.to_string(), None),
        Ok(answer) => match shortcoming(expect, query, &answer.reply) {
            Some(detail) => (Verdict::Fail, detail, Some(answer)),
            None => (Verdict::Pass, summary(&answer.reply), Some(answer)),
        },
    };
    Outcome {
        asked: query.to_string(),
        verdict,
        detail,
        answer,
    }
}

fn shortcoming(expect: &Expectation, query: &Query, reply: &Reply) -> Option<String> {
    let (rcode, count) = (reply.rcode, reply.counts.answer);
    let truncated = if reply.flags.truncated {
        "truncated, "
    } else {
        ""
    };
    if !expect.rcodes.contains(&rcode) {
        Some(format!("{rcode}, wanted {}", alternatives(&expect.rcodes)))
    } else if rcode != Rcode::NO_ERROR {
        None
    } else if count < usize::from(expect.min_answers) {
        let wanted = expect.min_answers;
        let answers = answers(count);
        Some(format!("{rcode} but {truncated}{answers}, wanted {wanted}"))
    } else if query.record_type() == RecordType::SOA && reply.soa_serial.is_none() {
        Some(format!(
            "{rcode} but {truncated}no SOA record in the answer"
        ))
    } else {
        None
    }
}

fn summary(reply: &Reply) -> String {
    let truncated = reply.flags.truncated.then(|| "truncated".to_owned());
    let content = match reply.soa_serial {
        Some(serial) => Some(format!("SOA serial {serial}")),
        None if reply.rcode == Rcode::NO_ERROR => Some(answers(reply.counts.answer)),
        None => None,
    };
    let parts = [Some(reply.rcode.to_string()), truncated, content];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn answers(count: usize) -> String {
    match count {
        1 => "1 answer".to_owned(),
        _ => format!("{count} answers"),
    }
}

fn alternatives(rcodes: &[Rcode]) -> String {
    let names: Vec<String> = rcodes.iter().map(Rcode::to_string).collect();
    names.join(" or ")
}

#[cfg(test)]
mod tests;
