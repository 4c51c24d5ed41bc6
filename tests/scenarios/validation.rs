//! A signed zone as a resolver hands it on: validated, and refused where its signatures are worth nothing.

use lab::{Answer, DnsServer, Lab, Result, Software};

use crate::expectations::{Case, assert_judged, sign};
use crate::scene::{V4, lab};

/// Asked by the resolver only.
const AUTHORITY: &str = "127.0.0.1";

/// Signed from and until these times, and not resolved yet.
fn authority<'lab>(lab: &'lab Lab, from: &str, until: &str) -> Result<DnsServer<'lab>> {
    let mut server = DnsServer::start(lab.node(), Software::Nsd, "authority", &[AUTHORITY])?;
    sign(lab.node(), &mut server, from, until)?;
    Ok(server)
}

/// At the anycast address.
fn resolver(lab: &Lab) -> Result<DnsServer<'_>> {
    let anchor = lab.node().directory().join("keys/dsset-example.com.");
    DnsServer::start_resolver(lab.node(), "dns", &[V4], AUTHORITY, &anchor)
}

#[test]
fn what_is_signed_well_is_said_to_be_authentic() -> Result<()> {
    let lab = lab()?;
    let _authority = authority(&lab, "now-3600", "now+7000")?;
    let _resolver = resolver(&lab)?;
    let fine = "NOERROR, SOA serial 2026112201";
    let cases: [Case<'_>; 10] = [
        (
            "name: example.com, type: SOA, dnssec: true, expect: { flags: [ad], flags_unset: [aa] }",
            "pass",
            fine,
        ),
        (
            "name: example.com, type: SOA, authentic_data: true, expect: { flags: [ad] }",
            "pass",
            fine,
        ),
        (
            "name: example.com, type: SOA, expect: { flags: [ad] }",
            "fail",
            "NOERROR but flag ad not set",
        ),
        (
            "name: example.com, type: SOA, authentic_data: true, expect: { flags_unset: [ad] }",
            "fail",
            "NOERROR but flag ad set",
        ),
        (
            "name: example.com, type: SOA, checking_disabled: true, expect: { flags: [cd] }",
            "pass",
            fine,
        ),
        (
            "name: example.com, type: SOA, expect: { flags: [cd] }",
            "fail",
            "NOERROR but flag cd not set",
        ),
        (
            "name: example.com, type: SOA, expect: { signatures: { min_validity: 1h } }",
            "pass",
            fine,
        ),
        (
            "name: example.com, type: SOA, expect: { signatures: { min_validity: 2d } }",
            "fail",
            "NOERROR but RRSIG of example.com. SOA expires in 1",
        ),
        (
            "name: example.com, type: SOA, expect: { serial: { primary: 127.0.0.1, max_behind: 0 } }",
            "pass",
            fine,
        ),
        (
            "name: example.com, type: SOA, expect: { nsid: ams }",
            "fail",
            "NOERROR but no NSID, wanted /ams/",
        ),
    ];
    assert_judged(&lab, &cases)
}

/// Clients that validate get SERVFAIL; with CD set, everybody sees why.
#[test]
fn what_has_expired_is_shown_only_where_nobody_checks_it() -> Result<()> {
    let lab = lab()?;
    let mut authority = authority(&lab, "now-3600", "now+7000")?;
    let mut resolver = resolver(&lab)?;
    sign(lab.node(), &mut authority, "now-432000", "now-259200")?;
    resolver.restart(Answer::ServFail)?;
    let cases: [Case<'_>; 4] = [
        ("name: example.com, type: SOA", "fail", "SERVFAIL"),
        (
            "name: example.com, type: SOA, checking_disabled: true",
            "pass",
            "NOERROR, SOA serial 2026112201",
        ),
        (
            "name: example.com, type: SOA, checking_disabled: true, expect: { flags: [ad] }",
            "fail",
            "NOERROR but flag ad not set",
        ),
        (
            "name: example.com, type: SOA, checking_disabled: true, expect: { signatures: { min_validity: 1h } }",
            "fail",
            "NOERROR but RRSIG of example.com. SOA expired 3 d ago",
        ),
    ];
    assert_judged(&lab, &cases)
}
