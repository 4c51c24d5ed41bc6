//! `anycastctl probe @server …`: what `dig` would ask, at real servers, and `kdig` as a second opinion.

use std::path::Path;
use std::process::{Command, Stdio};

use lab::{Authority, Context, DnsServer, Error, Lab, Result, Software, Validity};
use serde_json::Value;

use crate::scene::{V4, V6, lab};

/// How it ended, and its output and complaints.
struct Said {
    code: Option<i32>,
    output: String,
    complaint: String,
}

/// Runs `probe` on the node, where there is no configuration.
fn probe(lab: &Lab, words: &str) -> Result<Said> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_anycastctl"));
    command.args(["-c", "/nonexistent/config.yaml", "probe"]);
    command.args(words.split(' ')).stdin(Stdio::null());
    let output = lab.node().enter(|| command.output())?.context(words)?;
    Ok(Said {
        code: output.status.code(),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// The one report, and its one exchange.
fn report(lab: &Lab, words: &str) -> Result<(Value, Value)> {
    let said = probe(lab, &format!("{words} --json"))?;
    let reports: Vec<Value> = serde_json::from_str(&said.output)
        .map_err(|error| Error::new(format!("{words}: {error}: {}", said.complaint)))?;
    let [report] = reports.as_slice() else {
        return Err(Error::new(format!("{words}: {} reports", reports.len())));
    };
    Ok((report.clone(), report["exchanges"][0].clone()))
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().cloned().unwrap_or_default();
    let text = |item: &Value| item.as_str().unwrap_or_default().to_owned();
    items.iter().map(text).collect()
}

/// Response code, flags, and the records of the answer section as one blank between fields.
type Answer = (String, Vec<String>, Vec<String>);

fn ours(lab: &Lab, words: &str) -> Result<Answer> {
    let (_, exchange) = report(lab, words)?;
    let rcode = exchange["rcode"].as_str().unwrap_or_default().to_owned();
    let mut records = texts(&exchange["sections"]["answer"]);
    records.sort();
    Ok((rcode, texts(&exchange["flags"]), records))
}

/// What `kdig` makes of the same words.
fn kdig(lab: &Lab, words: &str) -> Result<Answer> {
    let arguments: Vec<_> = words.split(' ').chain(["+retry=0"]).collect();
    let text = lab.node().run("kdig", &arguments)?;
    let between = |start: &str, end: &str| {
        let (_, rest) = text.split_once(start)?;
        Some(rest.split_once(end)?.0.trim().to_owned())
    };
    let missing = || Error::new(format!("kdig {words}: {text}"));
    // Before that, HTTP has a status, too.
    let rcode = between(">>HEADER<<- opcode: QUERY; status: ", ";").ok_or_else(missing)?;
    let flags = between(";; Flags: ", ";").ok_or_else(missing)?;
    let flags = flags.split(' ').filter(|flag| *flag != "qr");
    let section = between(";; ANSWER SECTION:\n", "\n\n").unwrap_or_default();
    let joined = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut records: Vec<_> = section.lines().map(joined).collect();
    records.sort();
    Ok((rcode, flags.map(str::to_owned).collect(), records))
}

const BY_BOTH: [&str; 12] = [
    "@192.0.2.53 example.com SOA",
    "@192.0.2.53 example.com SOA +tcp",
    "@2001:db8:53::53 www.example.com",
    "@192.0.2.53 example.com NS +norec",
    "@192.0.2.53 nowhere.example.com AAAA",
    "@192.0.2.53 example.com MX",
    "@192.0.2.53 example.org A",
    "@192.0.2.53 example.com A +cdflag +adflag",
    "@192.0.2.53 large.example.com TXT +tcp",
    "@192.0.2.53 CH TXT id.server",
    "@192.0.2.53 example.com SOA +dnssec +bufsize=4096",
    "@192.0.2.53 -x 192.0.2.53 +nsid",
];

fn words_mean_what_kdig_takes_them_for(software: Software) -> Result<()> {
    let lab = lab()?;
    let _server = DnsServer::start(lab.node(), software, "dns", &[V4, V6])?;
    for words in BY_BOTH {
        assert_eq!(ours(&lab, words)?, kdig(&lab, words)?, "{words}");
    }
    let (report, exchange) = report(&lab, "@192.0.2.53 example.com SOA +nsid +do")?;
    assert_eq!(report["verdict"], "pass", "{report:#}");
    assert_eq!(report["service"], Value::Null);
    let edns = &exchange["edns"];
    assert_eq!(
        (&edns["nsid"], &edns["nsid_hex"]),
        (&"ams1".into(), &"616D7331".into())
    );
    assert_eq!((&edns["do"], &edns["version"]), (&true.into(), &0.into()));
    Ok(())
}

#[test]
fn words_at_nsd() -> Result<()> {
    words_mean_what_kdig_takes_them_for(Software::Nsd)
}

#[test]
fn words_at_unbound() -> Result<()> {
    words_mean_what_kdig_takes_them_for(Software::Unbound)
}

#[test]
fn words_at_named() -> Result<()> {
    words_mean_what_kdig_takes_them_for(Software::Named)
}

#[test]
fn people_read_what_dig_would_show() -> Result<()> {
    let lab = lab()?;
    let mut server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let said = probe(&lab, "@192.0.2.53 example.com SOA +nsid +norec")?;
    assert_eq!(said.code, Some(0), "{}", said.complaint);
    let soa = "example.com. 60 IN SOA ns.example.com. hostmaster.example.com. 2026112201 3600 600 86400 60";
    let name = format!("\n;; QUESTION\n;example.com. IN SOA\n;; ANSWER\n{soa}\n");
    for part in [
        ";; asked: example.com. IN SOA, at 192.0.2.53:53 over UDP\n",
        ";; status: NOERROR; flags: aa; answer: 1, ",
        "\n;; EDNS: version 0; flags:; udp: ",
        "\n;; NSID: ams1 (616D7331)\n",
        &name,
        "\n;; AUTHORITY\nexample.com. 60 IN NS ns.example.com.\n",
        "\n;; ADDITIONAL\nns.example.com. 60 IN A 192.0.2.53\n",
        " ms, ",
    ] {
        assert!(said.output.contains(part), "{part}\n{}", said.output);
    }
    assert!(!said.output.contains('\u{1b}'), "{}", said.output);

    let short = probe(&lab, "@192.0.2.53 +short www.example.com")?;
    assert_eq!(
        (short.code, short.output.as_str()),
        (Some(0), "192.0.2.81\n")
    );
    let absent = probe(&lab, "@192.0.2.53 nowhere.example.com")?;
    assert_eq!(absent.code, Some(0), "{}", absent.output);
    let refused = probe(&lab, "@192.0.2.53 example.org")?;
    assert_eq!(refused.code, Some(1), "{}", refused.output);
    let cut = probe(&lab, "@192.0.2.53 large.example.com TXT +noedns")?;
    assert!(cut.output.contains("flags: aa tc rd;"), "{}", cut.output);
    let whole = probe(&lab, "@192.0.2.53 large.example.com TXT +noedns +noignore")?;
    assert!(whole.output.contains("flags: aa rd;"), "{}", whole.output);
    server.kill()?;
    let gone = probe(&lab, "@192.0.2.53 example.com +time=300ms")?;
    assert_eq!(gone.code, Some(1));
    assert!(
        gone.output.ends_with(";; FAIL: connection refused\n"),
        "{}",
        gone.output
    );
    Ok(())
}

#[test]
fn words_about_certificates_are_asked_over_tls_and_https() -> Result<()> {
    let lab = lab()?;
    let authority = Authority::new(lab.node().directory(), "authority")?;
    let good = authority.issue("good", &["dns.example", V4], Validity::Now)?;
    let _server = DnsServer::start_secure(lab.node(), Software::Unbound, "dns", &[V4], &good)?;
    let trusted = authority.file().display().to_string();
    let pinned = Path::new(&good.file).display().to_string();
    for (words, transport, verdict, detail) in [
        (format!("+tls +tls-ca={trusted}"), "tls", "pass", "NOERROR"),
        (
            format!("+tls-hostname=dns.example +tls-ca={trusted}"),
            "tls",
            "pass",
            "NOERROR",
        ),
        (format!("+tls-pin={pinned}"), "tls", "pass", "NOERROR"),
        (
            format!("+https +tls-host=dns.example +tls-ca={trusted}"),
            "https",
            "pass",
            "NOERROR",
        ),
        (
            format!("+https=/elsewhere +tls-ca={trusted}"),
            "https",
            "fail",
            "HTTP status 404 Not Found for /elsewhere",
        ),
        (
            "+tls".to_owned(),
            "tls",
            "fail",
            "the certificate of 192.0.2.53 comes from no authority that this host trusts: `ca_file` can name another",
        ),
    ] {
        let (report, _) = report(&lab, &format!("@192.0.2.53 example.com SOA {words}"))?;
        let found = (&report["transport"], &report["verdict"], &report["detail"]);
        assert_eq!(
            found,
            (&transport.into(), &verdict.into(), &detail.into()),
            "{words}"
        );
    }
    Ok(())
}

fn words_are_asked_over_tls_and_https_as_kdig_does(software: Software) -> Result<()> {
    let lab = lab()?;
    let authority = Authority::new(lab.node().directory(), "authority")?;
    let good = authority.issue("good", &["dns.example", V4], Validity::Now)?;
    let _server = DnsServer::start_secure(lab.node(), software, "dns", &[V4], &good)?;
    let trusted = authority.file().display();
    for transport in ["+tls", "+https"] {
        let trusting = format!("{transport} +tls-ca={trusted} +tls-hostname=");
        for question in ["example.com SOA", "nowhere.example.com A", "example.org A"] {
            let words = format!("@{V4} {question} {trusting}dns.example");
            assert_eq!(ours(&lab, &words)?, kdig(&lab, &words)?, "{words}");
        }
        let words = format!("@{V4} example.com SOA {trusting}dns.nowhere");
        let (report, _) = report(&lab, &words)?;
        assert_eq!(report["verdict"], "fail", "{report:#}");
        let refused = kdig(&lab, &words).expect_err("kdig looks at names, too");
        assert!(refused.to_string().contains("TLS"), "{refused}");
    }
    Ok(())
}

#[test]
fn words_over_tls_and_https_at_unbound() -> Result<()> {
    words_are_asked_over_tls_and_https_as_kdig_does(Software::Unbound)
}

#[test]
fn words_over_tls_and_https_at_named() -> Result<()> {
    words_are_asked_over_tls_and_https_as_kdig_does(Software::Named)
}

#[test]
fn a_question_without_a_server_is_refused() -> Result<()> {
    let lab = lab()?;
    let said = probe(&lab, "example.com SOA")?;
    assert_eq!(said.code, Some(2));
    let wanted = "no server to ask: name one, as in @192.0.2.53; resolv.conf is not looked at\n";
    assert_eq!(said.complaint, wanted);
    let said = probe(&lab, "@192.0.2.53 example.com +dnsec")?;
    assert_eq!(said.code, Some(2));
    assert_eq!(
        said.complaint,
        "unknown word `+dnsec`: did you mean `+dnssec`?\n"
    );
    Ok(())
}
