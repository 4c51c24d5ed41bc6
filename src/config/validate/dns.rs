//! One `dns` check.

use super::connection;
use super::node::section;
use crate::config::DnsCheck;
use crate::config::report::Report;
use crate::config::spec::{self, Field, Text};
use crate::config::tree::NodeId;
use crate::dns::{DNSClass, Expectation, Question, Rcode, RecordType};

pub(super) fn check(report: &Report<'_>, at: NodeId, spec: &spec::Dns) -> Option<DnsCheck> {
    let server = report.optional(&spec.server);
    let connection = connection::connection(report, spec);
    let usual = connection
        .as_ref()
        .map(|connection| connection.channel.transport().port());
    let port = report.number_or(&spec.port, usual.unwrap_or_default());
    let question = question(report, at, spec);
    let expect = expectation(report, &spec.expect);
    Some(DnsCheck {
        server: server.ok()?.map(|server| server.0),
        port: port?,
        connection: connection?,
        question: question?,
        expect: expect?,
    })
}

fn question(report: &Report<'_>, at: NodeId, spec: &spec::Dns) -> Option<Question> {
    let name = report.required(
        at,
        "name",
        &spec.name,
        "the name to ask for, as in `name: example.com`",
    );
    let record_type = report.required(
        at,
        "type",
        &spec.r#type,
        "the type to ask for, as in `type: SOA`",
    );
    let class = report.text_or(&spec.class, DNSClass::IN);
    let recursion_desired = report.or(&spec.recursion_desired, true);
    transfer(report, &spec.r#type);
    Some(Question {
        name: name?.0.clone(),
        record_type: record_type?.0,
        class: class?,
        recursion_desired: recursion_desired?,
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

fn expectation(report: &Report<'_>, field: &Field<spec::Expect>) -> Option<Expectation> {
    let expect = section(report, field)?;
    let rcodes = rcodes(report, &expect.rcode)?;
    let success = rcodes.contains(&Rcode::NO_ERROR);
    if let (false, Some((place, answers))) = (success, expect.min_answers.placed())
        && answers.get() != Some(0_u16)
    {
        report.error(place, "answers are counted only where the response code is NOERROR, and `rcode` does not allow that: take `min_answers` away");
    }
    Some(Expectation {
        rcodes,
        min_answers: report.number_or(&expect.min_answers, u16::from(success))?,
    })
}

fn rcodes(report: &Report<'_>, list: &spec::List<Text<Rcode>>) -> Option<Vec<Rcode>> {
    match &list.value {
        None if report.is_absent(list) => Some(vec![Rcode::NO_ERROR]),
        Some(items) if items.is_empty() => {
            report.error(
                super::id(list),
                "this list is empty: no answer would ever be right",
            );
            None
        }
        _ => report.texts(list),
    }
}
