//! The expectations one by one: whether a reply fulfils them, and what to say if not.
//!
//! - Flags, NSID and latency are of every reply.
//! - Records count only under NOERROR, and those that decide have the type that was asked for: behind an alias, the
//!   records that it leads to.
//! - Where SOA was asked for, an SOA record has to be there: such a probe is there to show that the zone is being
//!   served.
//! - A truncated answer (TC) is an answer: the server is alive and has looked up the name. Its records count as far
//!   as they came, and the line says that it was truncated.
//! - What depends on somebody else, on a prober that was late, or on a clock that may be behind, is open: it neither
//!   passes nor fails.

mod freshness;
mod validity;

use std::time::Duration;

use jiff::Timestamp;

use super::record::Record;
use super::{Answer, Expectation, Failure, Flag, Query, Rcode, RecordType, Reply, Section};
use crate::model::{Expression, Period};

/// Something that may be expected, in the order in which an operator wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aspect {
    Rcode,
    MinAnswers,
    Soa,
    MaxAnswers,
    Flags,
    FlagsUnset,
    Answer,
    Ttl,
    Serial,
    Signatures,
    Nsid,
    Latency,
}

/// What an expectation comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    /// It is fulfilled.
    Held,
    /// It is not: what is wrong.
    Broken(String),
    /// Nobody can tell: why.
    Open(String),
}

/// What there is to judge by.
#[derive(Clone, Copy)]
pub(super) struct Evidence<'a> {
    pub(super) query: &'a Query,
    pub(super) reply: &'a Reply,
    pub(super) latency: Option<Duration>,
    /// What came from the primary, if it was asked and its answer waited for.
    pub(super) primary: Option<&'a Result<Answer, Failure>>,
    pub(super) now: Timestamp,
}

impl<'a> Evidence<'a> {
    fn answers(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        self.reply.section(Section::Answer)
    }

    /// The records of the answer section that were asked for.
    fn asked(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        let wanted = self.query.record_type();
        self.answers()
            .filter(move |record| wanted == RecordType::ANY || record.record_type() == wanted)
    }

    /// Without the signatures that come along.
    pub(super) fn count(&self) -> usize {
        let signatures = [RecordType::RRSIG, RecordType::ANY].contains(&self.query.record_type());
        self.answers()
            .filter(|record| signatures || record.record_type() != RecordType::RRSIG)
            .count()
    }

    fn nsid(&self) -> Option<String> {
        self.reply.edns().and_then(|edns| edns.nsid())
    }
}

fn broken<T>(wrong: Option<T>, say: impl FnOnce(T) -> String) -> Finding {
    wrong.map_or(Finding::Held, |wrong| Finding::Broken(say(wrong)))
}

impl Aspect {
    pub(super) const ALL: [Self; 12] = [
        Self::Rcode,
        Self::MinAnswers,
        Self::Soa,
        Self::MaxAnswers,
        Self::Flags,
        Self::FlagsUnset,
        Self::Answer,
        Self::Ttl,
        Self::Serial,
        Self::Signatures,
        Self::Nsid,
        Self::Latency,
    ];

    /// Whether it says anything of a reply with this response code.
    pub(super) fn counts(self, expect: &Expectation, query: &Query, rcode: Rcode) -> bool {
        let success = rcode == Rcode::NO_ERROR;
        match self {
            Self::Rcode => true,
            Self::MinAnswers => success && expect.min_answers > 0,
            Self::Soa => success && query.record_type() == RecordType::SOA,
            Self::MaxAnswers => success && expect.max_answers.is_some(),
            Self::Flags => !expect.flags.is_empty(),
            Self::FlagsUnset => !expect.flags_unset.is_empty(),
            Self::Answer => success && expect.answer.is_some(),
            Self::Ttl => success && expect.ttl.is_some(),
            Self::Serial => success && expect.serial.is_some(),
            Self::Signatures => success && expect.signatures.is_some(),
            Self::Nsid => expect.nsid.is_some(),
            Self::Latency => expect.max_latency.is_some(),
        }
    }

    /// Whether, without it, the rest says nothing more.
    pub(super) fn is_first(self) -> bool {
        matches!(self, Self::Rcode | Self::MinAnswers | Self::Soa)
    }

    pub(super) fn judge(self, expect: &Expectation, evidence: &Evidence<'_>) -> Finding {
        match self {
            Self::Rcode => {
                let rcode = evidence.reply.rcode;
                let other = (!expect.rcodes.contains(&rcode)).then_some(rcode);
                broken(other, |rcode| {
                    format!("{rcode}, wanted {}", alternatives(&expect.rcodes))
                })
            }
            Self::MinAnswers => {
                let (count, wanted) = (evidence.count(), expect.min_answers);
                let few = Some(count).filter(|count| *count < usize::from(wanted));
                broken(few, |count| format!("{}, wanted {wanted}", answers(count)))
            }
            Self::MaxAnswers => {
                let (count, wanted) = (evidence.count(), expect.max_answers.unwrap_or(u16::MAX));
                let many = Some(count).filter(|count| *count > usize::from(wanted));
                broken(many, |count| {
                    format!("{}, wanted at most {wanted}", answers(count))
                })
            }
            Self::Soa => {
                let missing = evidence.reply.soa_serial().is_none().then_some(());
                broken(missing, |()| "no SOA record in the answer".to_owned())
            }
            Self::Flags => {
                let unset = flags(&expect.flags, |flag| !evidence.reply.flags.has(flag));
                broken(unset, |flags| format!("{flags} not set"))
            }
            Self::FlagsUnset => {
                let set = flags(&expect.flags_unset, |flag| evidence.reply.flags.has(flag));
                broken(set, |flags| format!("{flags} set"))
            }
            Self::Answer => answer(expect, evidence),
            Self::Ttl => ttl(expect, evidence),
            Self::Serial => freshness::serial(expect, evidence),
            Self::Signatures => validity::signatures(expect, evidence),
            Self::Nsid => nsid(expect, evidence),
            Self::Latency => latency(expect, evidence),
        }
    }

    /// What is expected, for a table.
    pub(super) fn what(self, expect: &Expectation) -> String {
        let period =
            |period: Option<Period>| period.map(|period| period.to_string()).unwrap_or_default();
        match self {
            Self::Rcode => format!("rcode {}", alternatives(&expect.rcodes)),
            Self::MinAnswers => format!("at least {}", answers(usize::from(expect.min_answers))),
            Self::Soa => "an SOA record in the answer".to_owned(),
            Self::MaxAnswers => {
                let most = usize::from(expect.max_answers.unwrap_or(u16::MAX));
                format!("at most {}", answers(most))
            }
            Self::Flags => format!("{} set", flags(&expect.flags, |_| true).unwrap_or_default()),
            Self::FlagsUnset => {
                let flags = flags(&expect.flags_unset, |_| true);
                format!("{} not set", flags.unwrap_or_default())
            }
            Self::Answer => format!("an answer like {}", shown(expect.answer.as_ref())),
            Self::Ttl => match expect.ttl {
                Some(bounds) => match (bounds.min, bounds.max) {
                    (Some(min), Some(max)) => format!("TTL from {min} to {max}"),
                    (Some(min), None) => format!("TTL at least {min}"),
                    (None, max) => format!("TTL at most {}", period(max)),
                },
                None => "TTL".to_owned(),
            },
            Self::Serial => expect.serial.map(freshness::limits).unwrap_or_default(),
            Self::Signatures => format!("signatures valid for {}", period(expect.signatures)),
            Self::Nsid => format!("NSID like {}", shown(expect.nsid.as_ref())),
            Self::Latency => format!("an answer within {}", period(expect.max_latency)),
        }
    }

    /// What there was instead of a finding, where the expectation is fulfilled.
    pub(super) fn found(self, expect: &Expectation, evidence: &Evidence<'_>) -> String {
        match self {
            Self::Rcode => evidence.reply.rcode.to_string(),
            Self::MinAnswers | Self::MaxAnswers => answers(evidence.count()),
            Self::Soa => serial_of(evidence.reply),
            Self::Flags | Self::FlagsUnset => {
                let names: Vec<_> = evidence.reply.flags.names().collect();
                match names.as_slice() {
                    [] => "no flags".to_owned(),
                    names => format!("flags {}", names.join(" ")),
                }
            }
            Self::Answer => {
                let matching =
                    |data: &String| expect.answer.as_ref().is_some_and(|e| e.matches(data));
                let mut data = evidence.asked().map(|record| record.data());
                data.find(matching).unwrap_or_default()
            }
            Self::Ttl => {
                let ttls: Vec<u32> = evidence.asked().map(|record| record.ttl()).collect();
                match (ttls.iter().min(), ttls.iter().max()) {
                    (Some(min), Some(max)) if min < max => format!("TTL {min} to {max} s"),
                    (Some(ttl), _) => format!("TTL {ttl} s"),
                    (None, _) => "no record".to_owned(),
                }
            }
            Self::Serial => freshness::known_serials(evidence),
            Self::Signatures => validity::known(expect, evidence),
            Self::Nsid => evidence.nsid().unwrap_or_default(),
            Self::Latency => match evidence.latency {
                Some(latency) => format!("{:.2} ms", latency.as_secs_f64() * 1000.0),
                None => "not known".to_owned(),
            },
        }
    }
}

fn answer(expect: &Expectation, evidence: &Evidence<'_>) -> Finding {
    let Some(wanted) = &expect.answer else {
        return Finding::Held;
    };
    let mut first = None;
    for record in evidence.asked() {
        let data = record.data();
        if wanted.matches(&data) {
            return Finding::Held;
        }
        first = first.or(Some(data));
    }
    Finding::Broken(match first {
        Some(data) => format!("the answer is {data}, wanted {wanted}"),
        None => format!("no {} record in the answer", evidence.query.record_type()),
    })
}

fn ttl(expect: &Expectation, evidence: &Evidence<'_>) -> Finding {
    let Some(bounds) = expect.ttl else {
        return Finding::Held;
    };
    let millis = |ttl: u32| u64::from(ttl) * 1000;
    let outside = evidence.asked().map(|record| record.ttl()).find_map(|ttl| {
        let low = bounds.min.filter(|min| millis(ttl) < min.millis());
        let high = bounds.max.filter(|max| millis(ttl) > max.millis());
        let low = low.map(|min| format!("TTL {ttl} s is below {min}"));
        low.or_else(|| high.map(|max| format!("TTL {ttl} s is above {max}")))
    });
    broken(outside, |outside| outside)
}

fn nsid(expect: &Expectation, evidence: &Evidence<'_>) -> Finding {
    let Some(wanted) = &expect.nsid else {
        return Finding::Held;
    };
    match evidence.nsid() {
        Some(name) if wanted.matches(&name) => Finding::Held,
        Some(name) => Finding::Broken(format!("NSID is {name}, wanted {wanted}")),
        None => Finding::Broken(format!("no NSID, wanted {wanted}")),
    }
}

fn latency(expect: &Expectation, evidence: &Evidence<'_>) -> Finding {
    match (evidence.latency, expect.max_latency) {
        (Some(taken), Some(wanted)) if taken > wanted.duration() => {
            let millis = taken.as_millis();
            Finding::Broken(format!("answered after {millis} ms, wanted {wanted}"))
        }
        (None, Some(wanted)) => Finding::Open(format!(
            "whether it came within {wanted} is not known: the prober was late to read it"
        )),
        _ => Finding::Held,
    }
}

/// `flag aa`, `flags aa and ra`; `None` for none.
fn flags(wanted: &[Flag], those: impl Fn(Flag) -> bool) -> Option<String> {
    let names: Vec<_> = wanted
        .iter()
        .filter(|flag| those(**flag))
        .map(|flag| flag.name())
        .collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(format!("flag {one}")),
        many => Some(format!("flags {}", many.join(" and "))),
    }
}

fn shown(expression: Option<&Expression>) -> String {
    expression.map(ToString::to_string).unwrap_or_default()
}

/// `SOA serial 2026112201`
pub(super) fn serial_of(reply: &Reply) -> String {
    match reply.soa_serial() {
        Some(serial) => format!("SOA serial {serial}"),
        None => "no SOA record".to_owned(),
    }
}

/// `1 answer`, `3 answers`
pub(super) fn answers(count: usize) -> String {
    match count {
        1 => "1 answer".to_owned(),
        _ => format!("{count} answers"),
    }
}

fn alternatives(rcodes: &[Rcode]) -> String {
    let names: Vec<String> = rcodes.iter().map(Rcode::to_string).collect();
    names.join(" or ")
}
