//! Reports for people: a verdict, then what `dig` would show.
//!
//! In brief, what an operator wants to know at three in the morning: the verdict and why, what was asked, the answer,
//! and which expectations fail. In full, everything that came.

use std::io::{self, Write};

use anstyle::Style;

use super::report::{EdnsReport, ExchangeReport, MessageReport, ProbeReport};
use super::series::{Line, Series};
use crate::columns::{BAD, BOLD, GOOD, PLAIN, WARN, clean};
use crate::dns::Judgement;
use crate::health::Verdict;

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// What matters.
    Brief,
    /// Everything.
    Full,
    /// The data of the answers.
    Short,
}

impl View {
    pub(super) fn new(all: bool) -> Self {
        if all { Self::Full } else { Self::Brief }
    }
}

/// Prints reports, a blank line between two. Members of a group stand below it.
pub(super) fn print(
    reports: &[ProbeReport],
    view: View,
    series: Option<&Series>,
    out: &mut impl Write,
) -> io::Result<()> {
    if let (Some(_), Some(report), true) = (series, reports.first(), view != View::Short) {
        writeln!(out, ";; {}", report.at)?;
    }
    let mut group = None;
    for (position, report) in reports.iter().enumerate() {
        if position > 0 && view != View::Short {
            writeln!(out)?;
        }
        let own = report.group.as_ref();
        let own = own.map(|own| (report.service.as_deref(), own.name.as_str()));
        if own.is_some() && own != group {
            print_group(report, out)?;
        }
        group = own;
        let mut block = Vec::new();
        print_one(report, view, &mut block)?;
        if let Some(line) = series.and_then(|series| series.line(position)) {
            print_series(line, &mut block)?;
        }
        indent(&block, if own.is_some() { "  " } else { "" }, out)?;
    }
    Ok(())
}

fn indent(block: &[u8], margin: &str, out: &mut impl Write) -> io::Result<()> {
    for line in block.split_inclusive(|byte| *byte == b'\n') {
        if line != b"\n" {
            out.write_all(margin.as_bytes())?;
        }
        out.write_all(line)?;
    }
    Ok(())
}

fn print_group(report: &ProbeReport, out: &mut impl Write) -> io::Result<()> {
    let Some(group) = &report.group else {
        return Ok(());
    };
    let service = report.service.as_deref().unwrap_or_default();
    let (word, style) = shouted(group.verdict);
    let (name, detail) = (&group.name, clean(&group.detail));
    writeln!(
        out,
        "{style}{word}{style:#} {BOLD}{service}/{name}{BOLD:#}: {detail}"
    )
}

fn print_one(report: &ProbeReport, view: View, out: &mut impl Write) -> io::Result<()> {
    if view == View::Short {
        return print_short(report, out);
    }
    if let (Some(service), Some(check)) = (&report.service, &report.check) {
        let ((word, style), detail) = (shouted(report.verdict), clean(&report.detail));
        writeln!(
            out,
            "{style}{word}{style:#} {BOLD}{service}/{check}{BOLD:#}: {detail}"
        )?;
    }
    if report.exchanges.is_empty() {
        return print_look(report, out);
    }
    let is_only = report.exchanges.len() == 1;
    for (position, exchange) in report.exchanges.iter().enumerate() {
        if position > 0 && view == View::Full {
            writeln!(out)?;
        }
        print_asked(report, exchange, out)?;
        let is_said = is_only && report.service.is_some();
        print_exchange(exchange, view, is_said, out)?;
    }
    Ok(())
}

/// What is no exchange of DNS messages.
fn print_look(report: &ProbeReport, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, ";; looked at: {}", clean(&report.server))?;
    match report.latency_ms {
        Some(latency) => writeln!(out, ";; {latency:.2} ms"),
        None => Ok(()),
    }
}

fn print_asked(
    report: &ProbeReport,
    exchange: &ExchangeReport,
    out: &mut impl Write,
) -> io::Result<()> {
    let (question, server) = (&exchange.question, &report.server);
    write!(out, ";; asked: {question}, at {server}")?;
    match report.transport {
        Some(transport) => writeln!(out, " over {transport}"),
        None => writeln!(out),
    }
}

/// `is_said`: the line with the verdict has said already why there is no answer.
fn print_exchange(
    exchange: &ExchangeReport,
    view: View,
    is_said: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let Some(message) = &exchange.message else {
        if is_said {
            return Ok(());
        }
        let ((word, style), detail) = (shouted(exchange.verdict), clean(&exchange.detail));
        return writeln!(out, ";; {style}{word}{style:#}: {detail}");
    };
    print_header(message, out)?;
    match view {
        View::Full => print_sections(message, out)?,
        View::Brief | View::Short => print_records(&message.sections.answer, out)?,
    }
    let size = message.size;
    match exchange.latency_ms {
        Some(latency) => writeln!(out, ";; {latency:.2} ms, {size} bytes")?,
        None => writeln!(out, ";; unknown time, {size} bytes")?,
    }
    print_expectations(&exchange.expectations, view, out)
}

fn print_header(message: &MessageReport, out: &mut impl Write) -> io::Result<()> {
    let (rcode, flags, counts) = (&message.rcode, message.flags.join(" "), &message.counts);
    writeln!(
        out,
        ";; status: {rcode}; flags: {flags}; answer: {}, authority: {}, additional: {}",
        counts.answer, counts.authority, counts.additional
    )
}

fn print_sections(message: &MessageReport, out: &mut impl Write) -> io::Result<()> {
    if let Some(edns) = &message.edns {
        print_edns(edns, out)?;
    }
    if let Some(question) = &message.repeated {
        writeln!(out, ";; QUESTION\n;{question}")?;
    }
    let sections = &message.sections;
    for (name, records) in [
        ("ANSWER", &sections.answer),
        ("AUTHORITY", &sections.authority),
        ("ADDITIONAL", &sections.additional),
    ] {
        if !records.is_empty() {
            writeln!(out, ";; {name}")?;
            print_records(records, out)?;
        }
    }
    Ok(())
}

fn print_edns(edns: &EdnsReport, out: &mut impl Write) -> io::Result<()> {
    let (version, size) = (edns.version, edns.buffer_size);
    let flags = if edns.dnssec_ok { " do" } else { "" };
    writeln!(
        out,
        ";; EDNS: version {version}; flags:{flags}; udp: {size}"
    )?;
    if let (Some(name), Some(hex)) = (&edns.nsid, &edns.nsid_hex) {
        if name == hex {
            writeln!(out, ";; NSID: {hex}")?;
        } else {
            writeln!(out, ";; NSID: {name} ({hex})")?;
        }
    }
    for error in &edns.errors {
        writeln!(out, ";; EDE: {error}")?;
    }
    Ok(())
}

fn print_records(records: &[String], out: &mut impl Write) -> io::Result<()> {
    records
        .iter()
        .try_for_each(|record| writeln!(out, "{record}"))
}

/// In brief, what passes fits one line.
fn print_expectations(
    expectations: &[Judgement],
    view: View,
    out: &mut impl Write,
) -> io::Result<()> {
    let is_listed =
        |judgement: &&Judgement| view == View::Full || judgement.verdict != Verdict::Pass;
    if view == View::Brief {
        let passed = expectations.iter().filter(|one| !is_listed(one));
        let passed: Vec<_> = passed.map(|one| clean(&one.what)).collect();
        if !passed.is_empty() {
            writeln!(out, ";; {GOOD}pass{GOOD:#}: {}", passed.join("; "))?;
        }
    }
    for judgement in expectations.iter().filter(is_listed) {
        let (word, style) = spoken(judgement.verdict);
        let (what, found) = (clean(&judgement.what), clean(&judgement.found));
        writeln!(out, ";; {style}{word}{style:#}: {what}: {found}")?;
    }
    Ok(())
}

/// Only data; what is wrong stands behind `;;`.
fn print_short(report: &ProbeReport, out: &mut impl Write) -> io::Result<()> {
    let messages = report
        .exchanges
        .iter()
        .filter_map(|one| one.message.as_ref());
    for message in messages {
        print_records(&message.data, out)?;
    }
    match report.verdict {
        Verdict::Pass => Ok(()),
        Verdict::Fail | Verdict::Unknown => writeln!(out, ";; {}", clean(&report.detail)),
    }
}

fn print_series(line: &Line, out: &mut impl Write) -> io::Result<()> {
    let (count, failed) = (line.count, line.failed);
    let style = if failed == 0 { PLAIN } else { BAD };
    write!(out, ";; {count} times, {style}{failed} failed{style:#}")?;
    if line.unknown > 0 {
        write!(out, ", {WARN}{} unknown{WARN:#}", line.unknown)?;
    }
    match line.latencies() {
        Some((shortest, median, longest)) => writeln!(
            out,
            "; min {shortest:.2} ms, median {median:.2} ms, max {longest:.2} ms"
        ),
        None => writeln!(out),
    }
}

fn shouted(verdict: Verdict) -> (&'static str, Style) {
    match verdict {
        Verdict::Pass => ("PASS", GOOD),
        Verdict::Fail => ("FAIL", BAD),
        Verdict::Unknown => ("UNKNOWN", WARN),
    }
}

fn spoken(verdict: Verdict) -> (&'static str, Style) {
    match verdict {
        Verdict::Pass => ("pass", GOOD),
        Verdict::Fail => ("FAIL", BAD),
        Verdict::Unknown => ("unknown", WARN),
    }
}
