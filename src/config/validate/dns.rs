//! One `dns` check: whom it asks what. What has to come back is looked at in `expect`.

use super::expect::{expectation, fits};
use super::{Reported, check, connection, id};
use crate::config::DnsCheck;
use crate::config::report::Report;
use crate::config::spec::{self, Field, Leaf, Text};
use crate::config::tree::NodeId;
use crate::dns::{
    Asked, DNSClass, EdnsRequest, Expectation, NameTemplate, Question, RecordType, Tally,
};

pub(super) fn dns(report: &Report<'_>, at: NodeId, spec: &spec::Dns) -> Option<DnsCheck> {
    let server = report.optional(&spec.server);
    let connection = connection::connection(report, spec);
    let usual = connection
        .as_ref()
        .map(|connection| connection.channel.transport().port());
    let port = report.number_or(&spec.port, usual.unwrap_or_default());
    let request = request(report, spec);
    let asked = if report.is_absent(&spec.questions) {
        one(report, at, spec)
    } else {
        several(report, spec)
    };
    let needed = needed(report, spec);
    let (request, asked) = (request?, asked?);
    let make = |(subject, expect): (Subject, Expectation)| Asked {
        question: request.question(subject, &expect),
        expect,
    };
    Some(DnsCheck {
        server: server.ok()?.map(|server| server.0),
        port: port?,
        connection: connection?,
        questions: asked.into_iter().map(make).collect(),
        needed: needed.ok()?,
    })
}

/// What is asked about.
pub(super) struct Subject {
    name: NameTemplate,
    pub(super) record_type: RecordType,
    pub(super) class: DNSClass,
}

/// How all questions of a check are asked.
struct Request {
    recursion_desired: bool,
    checking_disabled: bool,
    authentic_data: bool,
    dnssec: Option<bool>,
    nsid: Option<bool>,
    buffer_size: Option<u16>,
}

fn request(report: &Report<'_>, spec: &spec::Dns) -> Option<Request> {
    let recursion_desired = report.or(&spec.recursion_desired, true);
    let checking_disabled = report.or(&spec.checking_disabled, false);
    let authentic_data = report.or(&spec.authentic_data, false);
    let dnssec = report.optional(&spec.dnssec);
    let nsid = report.optional(&spec.nsid);
    let buffer_size = report.optional(&spec.buffer_size);
    Some(Request {
        recursion_desired: recursion_desired?,
        checking_disabled: checking_disabled?,
        authentic_data: authentic_data?,
        dnssec: dnssec.ok()?,
        nsid: nsid.ok()?,
        buffer_size: buffer_size.ok()?.and_then(spec::Number::get),
    })
}

impl Request {
    fn question(&self, subject: Subject, expect: &Expectation) -> Question {
        let dnssec = self.dnssec.unwrap_or_else(|| expect.signatures.is_some());
        let nsid = self.nsid.unwrap_or_else(|| expect.nsid.is_some());
        let is_needed = dnssec || nsid || self.buffer_size.is_some();
        Question {
            name: subject.name,
            record_type: subject.record_type,
            class: subject.class,
            recursion_desired: self.recursion_desired,
            checking_disabled: self.checking_disabled,
            authentic_data: self.authentic_data,
            edns: is_needed.then_some(EdnsRequest {
                buffer_size: self.buffer_size.unwrap_or(EdnsRequest::BUFFER_SIZE),
                dnssec,
                nsid,
            }),
        }
    }
}

type Pairs = Vec<(Subject, Expectation)>;

fn one(report: &Report<'_>, at: NodeId, spec: &spec::Dns) -> Option<Pairs> {
    let subject = subject(report, at, &spec.name, &spec.r#type, &spec.class);
    let expect = expectation(report, &spec.expect);
    let subject = subject?;
    fits(report, spec, &spec.expect, &subject);
    Some(vec![(subject, expect?)])
}

fn several(report: &Report<'_>, spec: &spec::Dns) -> Option<Pairs> {
    let places = [("name", spec.name.node), ("type", spec.r#type.node)];
    for (key, place) in places {
        if let Some(place) = place {
            report.error_at_key(
                place,
                format!("each of `questions` has a `{key}` of its own: take this away"),
            );
        }
    }
    let shared = expectation(report, &spec.expect);
    let items = spec.questions.value.as_ref()?;
    if !(1..=Tally::MOST).contains(&items.len()) {
        let (most, count) = (Tally::MOST, items.len());
        report.error(
            id(&spec.questions),
            format!("a check asks 1 to {most} questions, not {count}"),
        );
        return None;
    }
    let mut shared_fits = true;
    let pairs: Vec<_> = items
        .iter()
        .map(|item| {
            let asked = report.filled(item)?;
            let class = if report.is_absent(&asked.class) {
                &spec.class
            } else {
                &asked.class
            };
            let subject = subject(report, id(item), &asked.name, &asked.r#type, class);
            if !report.is_absent(&asked.expect) {
                let expect = expectation(report, &asked.expect);
                let subject = subject?;
                fits(report, spec, &asked.expect, &subject);
                return Some((subject, expect?));
            }
            let subject = subject?;
            // Said once, not for every question.
            shared_fits = shared_fits && fits(report, spec, &spec.expect, &subject);
            Some((subject, shared.clone()?))
        })
        .collect();
    pairs.into_iter().collect()
}

fn subject(
    report: &Report<'_>,
    at: NodeId,
    name: &Leaf<NameTemplate>,
    record_type: &Leaf<RecordType>,
    class: &Leaf<DNSClass>,
) -> Option<Subject> {
    let what = "the name to ask for, as in `name: example.com`";
    let name = report.required(at, "name", name, what);
    transfer(report, record_type);
    let what = "the type to ask for, as in `type: SOA`";
    let record_type = report.required(at, "type", record_type, what);
    let class = report.text_or(class, DNSClass::IN);
    Some(Subject {
        name: name?.0.clone(),
        record_type: record_type?.0,
        class: class?,
    })
}

/// Zone transfers are answered by a stream of messages, which a probe does not read.
fn transfer(report: &Report<'_>, field: &Field<Text<RecordType>>) {
    if let Some((place, Text(kind @ (RecordType::AXFR | RecordType::IXFR)))) = field.placed() {
        report.error(
            place,
            format!("{kind} asks for a transfer of the zone, not for a record: ask for SOA"),
        );
    }
}

fn needed(report: &Report<'_>, spec: &spec::Dns) -> Result<usize, Reported> {
    let needed = check::need(report, &spec.need).ok_or(Reported)?;
    let count = match &spec.questions.value {
        Some(items) => items.len(),
        None if report.is_absent(&spec.questions) => 1,
        None => return Err(Reported),
    };
    match needed.of(count) {
        wanted if wanted > count => {
            let message =
                format!("{wanted} of {count} questions can never pass: write at most {count}");
            report.error(id(&spec.need), message);
            Err(Reported)
        }
        wanted => Ok(wanted),
    }
}
