//! What is reported: the JSON of `probe --json`, an array of [`ProbeReport`]. With `--watch`, an array a line.
//!
//! Fields stay; more may come. Texts of servers are printable ASCII.

use jiff::Timestamp;
use serde::Serialize;

use crate::dns::{
    Counts, Edns, Exchange, Expectation, Judgement, Reply, Section, Transport, judge,
};
use crate::health::Verdict;
use crate::history::milliseconds;

/// What one look found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProbeReport {
    /// When that was known (RFC 3339).
    pub at: Timestamp,
    /// The service; absent for a question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The check's name within the service, in a group that of the member; absent for a question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// The group, if it was looked at as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupReport>,
    /// Who was asked, or what was looked at.
    pub server: String,
    /// How, of a DNS check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
    /// What was asked first by a DNS check: `example.com. IN SOA`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The verdict. For a question `pass` where the response code is NOERROR or NXDOMAIN.
    pub verdict: Verdict,
    /// Why, in one line.
    pub detail: String,
    /// How long it took, in milliseconds; of several questions, the longest. `null` without an answer, or where the
    /// prober was late to read it.
    pub latency_ms: Option<f64>,
    /// What came back first, if anything did; its fields are then part of the report's JSON.
    #[serde(flatten)]
    pub reply: Option<ReplyReport>,
    /// Each question of a DNS check with everything that came back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<ExchangeReport>,
}

impl ProbeReport {
    /// Whether it is as wanted: itself or, in a group, that.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let verdict = self
            .group
            .as_ref()
            .map_or(self.verdict, |group| group.verdict);
        verdict == Verdict::Pass
    }
}

/// What a group comes to, in the family in which it is worst.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupReport {
    /// Its name.
    pub name: String,
    /// Whether enough members pass.
    pub verdict: Verdict,
    /// How many: `2 of 3 pass, and 2 are needed`.
    pub detail: String,
}

/// What came back to the first question, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplyReport {
    /// The address that answered.
    pub from: String,
    /// The response code: `NOERROR`.
    pub rcode: String,
    /// The flags that were set, `aa`, `tc`, `rd`, `ra`, `ad`, `cd`.
    pub flags: Vec<&'static str>,
    /// Records by section.
    pub counts: Counts,
    /// The answer section in presentation format.
    pub answers: Vec<String>,
}

impl ReplyReport {
    pub(super) fn of(from: &str, exchange: &Exchange) -> Option<Self> {
        let reply = &exchange.result.as_ref().ok()?.reply;
        Some(Self {
            from: from.to_owned(),
            rcode: reply.rcode.to_string(),
            flags: reply.flags.names().collect(),
            counts: reply.counts,
            answers: reply.answers(),
        })
    }
}

/// One question and what came back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExchangeReport {
    /// What was asked: `example.com. IN SOA`.
    pub question: String,
    /// The verdict; unknown, too, for what was no longer waited for.
    pub verdict: Verdict,
    /// Why, in one line.
    pub detail: String,
    /// From the first packet sent to the reply read, in milliseconds; `null` without a reply, or where the prober was
    /// late to read it.
    pub latency_ms: Option<f64>,
    /// Each expectation that counts for the response code that came, as `what`, `verdict` and `found`.
    pub expectations: Vec<Judgement>,
    /// What came back, if anything did; its fields are then part of the JSON.
    #[serde(flatten)]
    pub message: Option<MessageReport>,
}

/// A reply, all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageReport {
    /// The response code: `NOERROR`.
    pub rcode: String,
    /// The flags that were set, `aa`, `tc`, `rd`, `ra`, `ad`, `cd`.
    pub flags: Vec<&'static str>,
    /// Records by section, an OPT record included.
    pub counts: Counts,
    /// What was said by way of EDNS; `null` without an OPT record.
    pub edns: Option<EdnsReport>,
    /// The question as the reply repeats it; `null` where it leaves it out.
    pub repeated: Option<String>,
    /// Records in presentation format.
    pub sections: Sections,
    /// The data of the records of the answer section.
    #[serde(skip)]
    pub data: Vec<String>,
    /// The length of the message, in octets.
    pub size: usize,
}

/// Records in presentation format, `example.com. 3600 IN A 192.0.2.80`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sections {
    /// The answer section.
    pub answer: Vec<String>,
    /// The authority section.
    pub authority: Vec<String>,
    /// The additional section but for the OPT record.
    pub additional: Vec<String>,
}

/// What was said by way of EDNS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EdnsReport {
    /// The version.
    pub version: u8,
    /// Whether DO is set.
    #[serde(rename = "do")]
    pub dnssec_ok: bool,
    /// The longest datagram that the server takes, in octets.
    pub buffer_size: u16,
    /// What the server calls itself, as text if it is printable, otherwise in hexadecimal digits.
    pub nsid: Option<String>,
    /// The same in hexadecimal digits whatever it is.
    pub nsid_hex: Option<String>,
    /// Why it answers so, as in `Blocked (by policy)` (RFC 8914).
    pub errors: Vec<String>,
}

impl ExchangeReport {
    pub(super) fn new(
        question: String,
        exchange: &Exchange,
        expect: &Expectation,
        now: Timestamp,
    ) -> Self {
        let judged = judge(expect, exchange, now);
        let answer = exchange.result.as_ref().ok();
        Self {
            question,
            verdict: judged.verdict,
            detail: judged.detail,
            latency_ms: answer.and_then(|answer| answer.latency).map(milliseconds),
            expectations: exchange.judgements(expect, now),
            message: answer.map(|answer| MessageReport::of(&answer.reply)),
        }
    }

    /// Nothing is expected: this is what an operator wants to know.
    pub(super) fn settle(&mut self, verdict: Verdict, detail: &str) {
        self.expectations.clear();
        self.verdict = verdict;
        detail.clone_into(&mut self.detail);
    }

    /// The verdict was known without it.
    pub(super) fn unfinished(question: String) -> Self {
        Self {
            question,
            verdict: Verdict::Unknown,
            detail: "not waited for: the others decide".to_owned(),
            latency_ms: None,
            expectations: Vec::new(),
            message: None,
        }
    }
}

impl MessageReport {
    fn of(reply: &Reply) -> Self {
        Self {
            rcode: reply.rcode.to_string(),
            flags: reply.flags.names().collect(),
            counts: reply.counts,
            edns: reply.edns().map(|edns| EdnsReport::of(&edns)),
            repeated: reply.question(),
            sections: Sections {
                answer: reply.answers(),
                authority: records(reply, Section::Authority),
                additional: records(reply, Section::Additional),
            },
            data: reply
                .section(Section::Answer)
                .map(|record| record.data())
                .collect(),
            size: reply.size(),
        }
    }
}

fn records(reply: &Reply, section: Section) -> Vec<String> {
    let records = reply.section(section);
    let records = records.filter(|record| record.record_type() != crate::dns::RecordType::OPT);
    records.map(|record| record.to_string()).collect()
}

impl EdnsReport {
    fn of(edns: &Edns<'_>) -> Self {
        Self {
            version: edns.version,
            dnssec_ok: edns.dnssec_ok,
            buffer_size: edns.buffer_size,
            nsid: edns.nsid(),
            nsid_hex: edns.nsid_hex(),
            errors: edns.errors().map(|error| error.to_string()).collect(),
        }
    }
}
