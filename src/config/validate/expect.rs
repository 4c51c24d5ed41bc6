//! What has to come back.

use std::net::SocketAddr;

use super::dns::Subject;
use super::node::section;
use super::{Reported, at_first, id};
use crate::config::diagnostic::Severity;
use crate::config::report::Report;
use crate::config::spec::{self, Field, Text};
use crate::config::tree::NodeId;
use crate::dns::{
    DNSClass, Encoding, Expectation, Flag, Primary, Rcode, RecordType, SerialLimits, TtlBounds,
};
use crate::model::Period;

/// What holds for any question.
pub(super) fn expectation(report: &Report<'_>, field: &Field<spec::Expect>) -> Option<Expectation> {
    let expect = &section(report, field)?;
    let rcodes = rcodes(report, &expect.rcode);
    let counts = counts(report, expect, rcodes.as_deref());
    let flags = report.texts(&expect.flags);
    let flags_unset = report.texts(&expect.flags_unset);
    contradiction(report, expect);
    let answer = report.optional(&expect.answer);
    let ttl = ttl(report, &expect.ttl);
    let nsid = report.optional(&expect.nsid);
    let max_latency = report.optional(&expect.max_latency);
    let serial = serial(report, &expect.serial);
    let signatures = signatures(report, &expect.signatures);
    let (min_answers, max_answers) = counts?;
    Some(Expectation {
        rcodes: rcodes?,
        min_answers,
        max_answers,
        flags: flags?,
        flags_unset: flags_unset?,
        answer: answer.ok()?.map(|text| text.0),
        ttl: ttl.ok()?,
        nsid: nsid.ok()?.map(|text| text.0),
        max_latency: max_latency.ok()?.map(|text| text.0),
        serial: serial.ok()?,
        signatures: signatures.ok()?,
    })
}

/// Whether it can be fulfilled by an answer to this question of this check; says what cannot.
pub(super) fn fits(
    report: &Report<'_>,
    dns: &spec::Dns,
    field: &Field<spec::Expect>,
    subject: &Subject,
) -> bool {
    let Some(expect) = &field.value else {
        return true;
    };
    let mut fits = true;
    let mut error = |place: NodeId, message: String| {
        report.error(place, message);
        fits = false;
    };
    let kind = subject.record_type;
    if let (Some(place), true) = (expect.serial.node, kind != RecordType::SOA) {
        error(
            place,
            format!("an answer to {kind} has no serial: ask for SOA"),
        );
    }
    if let (Some(place), true) = (expect.signatures.node, subject.class == DNSClass::CH) {
        error(place, "nothing is signed in class CH".to_owned());
    }
    for (wanted, key, (place, asks)) in [
        (expect.nsid.node, "nsid", switch(&dns.nsid)),
        (expect.signatures.node, "signatures", switch(&dns.dnssec)),
    ] {
        if let (Some(_), Some(place), Some(false)) = (wanted, place, asks) {
            error(
                place,
                format!(
                    "`expect` wants `{key}`, and they come only where they are asked for: take this away"
                ),
            );
        }
    }
    if let (RecordType::TXT, Some((place, Text(answer)))) = (kind, expect.answer.placed())
        && is_beside_the_quote(answer.as_str())
    {
        // The value is not quoted: behind a quote that is missing, it may be half of the file.
        report.warning(place, "TXT data begins with a quote, as `dig` shows it, so that this never matches: write `^\"` instead of `^`");
    }
    fits
}

/// An answer can be late only before nobody waits for it any more.
pub(super) fn in_time(report: &Report<'_>, dns: &spec::Dns, timeout: Period) {
    let asked = dns.questions.value.iter().flatten();
    let own = asked.filter_map(|item| item.value.as_ref().map(|asked| &asked.expect));
    let all = own
        .chain([&dns.expect])
        .filter_map(|field| field.value.as_ref());
    for (place, Text(latest)) in all.filter_map(|expect| expect.max_latency.placed()) {
        if *latest >= timeout {
            report.error(place, format!("no answer is waited for longer than {timeout} (`timeout`): this would never matter"));
        }
    }
}

fn switch(field: &Field<bool>) -> (Option<NodeId>, Option<bool>) {
    (field.node, field.value)
}

/// Tied to the begin of the data, and then a letter or digit.
fn is_beside_the_quote(expression: &str) -> bool {
    let behind = expression.strip_prefix('^');
    behind.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

fn rcodes(report: &Report<'_>, list: &spec::List<Text<Rcode>>) -> Option<Vec<Rcode>> {
    match &list.value {
        None if report.is_absent(list) => Some(vec![Rcode::NO_ERROR]),
        Some(items) if items.is_empty() => {
            report.error(
                id(list),
                "this list is empty: no answer would ever be right",
            );
            None
        }
        _ => report.texts(list),
    }
}

/// The least and the most records.
fn counts(
    report: &Report<'_>,
    expect: &spec::Expect,
    rcodes: Option<&[Rcode]>,
) -> Option<(u16, Option<u16>)> {
    let success = rcodes?.contains(&Rcode::NO_ERROR);
    if !success {
        uncounted(report, expect);
    }
    let max: Option<u16> = report
        .optional(&expect.max_answers)
        .ok()?
        .and_then(spec::Number::get);
    let default = u16::from(success).min(max.unwrap_or(1));
    let min = report.number_or(&expect.min_answers, default)?;
    if let Some(max) = max.filter(|max| *max < min) {
        let message = format!("no answer has {min} records or more and {max} or fewer");
        at_first(
            report,
            [expect.max_answers.node, expect.min_answers.node],
            &message,
        );
    }
    Some((min, max))
}

/// What is expected of records that nobody looks at.
fn uncounted(report: &Report<'_>, expect: &spec::Expect) {
    let none = |number: &spec::Number<0, 65535>| number.get() == Some(0_u16);
    let min = expect.min_answers.placed().filter(|(_, min)| !none(min));
    for (key, place) in [
        ("min_answers", min.map(|(place, _)| place)),
        ("max_answers", expect.max_answers.node),
        ("answer", expect.answer.node),
        ("ttl", expect.ttl.node),
        ("serial", expect.serial.node),
        ("signatures", expect.signatures.node),
    ] {
        if let Some(place) = place {
            report.error(place, format!("answers are counted only where the response code is NOERROR, and `rcode` does not allow that: take `{key}` away"));
        }
    }
}

fn contradiction(report: &Report<'_>, expect: &spec::Expect) {
    let items = |list: &spec::List<Text<Flag>>| -> Vec<(NodeId, Flag)> {
        let items = list.value.iter().flatten().filter_map(Field::placed);
        items.map(|(place, flag)| (place, flag.0)).collect()
    };
    let set = items(&expect.flags);
    for (place, flag) in items(&expect.flags_unset) {
        if let Some((other, _)) = set.iter().find(|(_, other)| *other == flag) {
            let message = format!("no answer has the flag {flag} both set and not set");
            report.pair(
                Severity::Error,
                place,
                message,
                (*other, "expected to be set here"),
            );
        }
    }
}

fn ttl(report: &Report<'_>, field: &Field<spec::Ttl>) -> Result<Option<TtlBounds>, Reported> {
    let Some(ttl) = report.optional(field)? else {
        return Ok(None);
    };
    let min = report.optional(&ttl.min);
    let max = report.optional(&ttl.max);
    let (min, max): (Option<Period>, _) = (min?.map(|min| min.0), max?.map(|max| max.0));
    match (min, max) {
        (None, None) => {
            report.error(
                id(field),
                "no bound stands here: write `min`, `max` or both",
            );
            Err(Reported)
        }
        (Some(min), Some(max)) if min > max => {
            report.error(
                id(&ttl.max),
                format!("no TTL is {min} or more and {max} or less"),
            );
            Err(Reported)
        }
        _ => Ok(Some(TtlBounds { min, max })),
    }
}

fn serial(
    report: &Report<'_>,
    field: &Field<spec::Serial>,
) -> Result<Option<SerialLimits>, Reported> {
    let Some(serial) = report.optional(field)? else {
        return Ok(None);
    };
    let max_age = report.optional(&serial.max_age);
    let encoding = report
        .text_or(&serial.encoding, Encoding::Auto)
        .ok_or(Reported);
    let primary = primary(report, id(field), &serial);
    let needs = |place: Option<NodeId>, key: &str, other: &str| {
        if let Some(place) = place {
            report.error_at_key(
                place,
                format!("`{key}` means something only beside `{other}`"),
            );
        }
    };
    if report.is_absent(&serial.max_age) {
        needs(serial.encoding.node, "encoding", "max_age");
    }
    if report.is_absent(&serial.primary) {
        needs(serial.max_behind.node, "max_behind", "primary");
        needs(serial.primary_port.node, "primary_port", "primary");
    }
    let (max_age, primary) = (max_age?.map(|age| age.0), primary?);
    if max_age.is_none() && primary.is_none() {
        report.error(
            id(field),
            "no limit stands here: write `max_age`, or `primary` and `max_behind`",
        );
        return Err(Reported);
    }
    Ok(Some(SerialLimits {
        max_age,
        encoding: encoding?,
        primary,
    }))
}

fn primary(
    report: &Report<'_>,
    at: NodeId,
    serial: &spec::Serial,
) -> Result<Option<Primary>, Reported> {
    let port = report.number_or(&serial.primary_port, 53).ok_or(Reported);
    let Some(address) = report.optional(&serial.primary)? else {
        return Ok(None);
    };
    let what = "how far behind the primary the server may be, as in `max_behind: 100`";
    let max_behind = report.required(at, "max_behind", &serial.max_behind, what);
    Ok(Some(Primary {
        server: SocketAddr::new(address.0, port?),
        max_behind: max_behind.and_then(|number| number.get()).ok_or(Reported)?,
    }))
}

fn signatures(
    report: &Report<'_>,
    field: &Field<spec::Signatures>,
) -> Result<Option<Period>, Reported> {
    let Some(signatures) = report.optional(field)? else {
        return Ok(None);
    };
    let what = "how long they have to be valid yet, as in `min_validity: 2d`";
    let validity = report.required(id(field), "min_validity", &signatures.min_validity, what);
    validity.map(|text| Some(text.0)).ok_or(Reported)
}
