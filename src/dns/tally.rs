//! Several questions in one check: one verdict.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;

use super::{Answer, Exchange, Expectation, Failure, Judged, Question, judge};
use crate::health::Verdict;

/// One question of a check and what has to come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What is asked.
    pub question: Question,
    /// What has to come back.
    pub expect: Expectation,
}

/// What one probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in one line for operators: `NOERROR, SOA serial 2026112201`.
    pub detail: String,
    /// Whether the verdict is unknown because of us. Where the server did its part for every question of which nothing is
    /// known, that is because of somebody else or of the clock, and no silence that ever counts against it, whatever became
    /// of other questions.
    pub is_silence: bool,
    /// The questions that came to an end, in the order of the check. Once the verdict is known, the others are not
    /// waited for.
    pub exchanges: Vec<Exchange>,
}

impl Outcome {
    /// What came for the first question, if anything did.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        let mut exchanges = self.exchanges.iter();
        let first = exchanges.find(|exchange| exchange.position == 0);
        first.and_then(|exchange| exchange.result.as_ref().ok())
    }

    /// The longest time that an answer took; `None` where there is none, or the prober was late to read one.
    #[must_use]
    pub fn latency(&self) -> Option<Duration> {
        let exchanges = self.exchanges.iter();
        let mut answers = exchanges.filter_map(|exchange| exchange.result.as_ref().ok());
        let first = answers.next()?.latency?;
        answers.try_fold(first, |longest, answer| Some(longest.max(answer.latency?)))
    }
}

/// Counts exchanges until there is a verdict.
#[derive(Debug)]
pub struct Tally<'c> {
    questions: &'c [Asked],
    needed: usize,
    judged: Vec<(Exchange, Judged)>,
}

impl<'c> Tally<'c> {
    /// So many questions has a check at most.
    pub const MOST: usize = 16;

    /// Of the questions of a check, so many have to pass.
    #[must_use]
    pub fn new(questions: &'c [Asked], needed: usize) -> Self {
        Self {
            questions,
            needed,
            judged: Vec::with_capacity(questions.len()),
        }
    }

    /// What came of one question. Each comes once.
    pub fn add(&mut self, exchange: Exchange, now: Timestamp) {
        if let Some(asked) = self.questions.get(exchange.position) {
            let judged = judge(&asked.expect, &exchange, now);
            self.judged.push((exchange, judged));
        }
    }

    /// Whether what may still come changes nothing.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        let pending = self.questions.len().saturating_sub(self.judged.len());
        pending == 0 || self.verdict() != Verdict::Unknown
    }

    fn count(&self, verdict: Verdict) -> usize {
        let judged = self.judged.iter();
        judged
            .filter(|(_, judged)| judged.verdict == verdict)
            .count()
    }

    fn verdict(&self) -> Verdict {
        let (passed, failed) = (self.count(Verdict::Pass), self.count(Verdict::Fail));
        let possible = self.questions.len().saturating_sub(failed);
        match self.needed {
            needed if passed >= needed => Verdict::Pass,
            needed if possible < needed => Verdict::Fail,
            _ => Verdict::Unknown,
        }
    }

    /// Whether, for a question of which nothing is known, nothing of the server was seen because of us.
    fn lacks_a_sign(&self) -> bool {
        let mut judged = self.judged.iter();
        let is_pending = self.judged.len() < self.questions.len();
        is_pending
            || judged.any(|(exchange, judged)| {
                let failure = exchange.result.as_ref().err();
                judged.verdict == Verdict::Unknown && failure.is_some_and(Failure::is_ours)
            })
    }

    /// The end.
    #[must_use]
    pub fn outcome(mut self) -> Outcome {
        self.judged.sort_by_key(|(exchange, _)| exchange.position);
        let verdict = self.verdict();
        let is_silence = verdict == Verdict::Unknown && self.lacks_a_sign();
        Outcome {
            verdict,
            detail: self.detail(verdict),
            is_silence,
            exchanges: self
                .judged
                .into_iter()
                .map(|(exchange, _)| exchange)
                .collect(),
        }
    }

    fn detail(&mut self, verdict: Verdict) -> String {
        if let ([_], [(_, judged)]) = (self.questions, self.judged.as_mut_slice()) {
            return std::mem::take(&mut judged.detail);
        }
        let (all, needed) = (self.questions.len(), self.needed);
        let passed = self.count(Verdict::Pass);
        let mut detail = match verdict {
            Verdict::Pass => format!("{passed} of {all} questions passed"),
            Verdict::Fail | Verdict::Unknown => {
                format!("{passed} of {all} questions passed, {needed} needed")
            }
        };
        for (exchange, judged) in &self.judged {
            if judged.verdict != Verdict::Pass {
                let _infallible = write!(detail, "; {}: {}", exchange.query, judged.detail);
            }
        }
        detail
    }
}

#[cfg(test)]
mod tests;
