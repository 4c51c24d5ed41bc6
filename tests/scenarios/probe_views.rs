//! `anycastctl probe` of a configuration: groups, expectations, one check of many, again and again.

use lab::{Controller, DnsServer, Error, Lab, Result, Service, Settings, Software};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::scene::{V4, V4_PREFIX, V6, lab};

fn installed<'lab>(lab: &'lab Lab, checks: &[&str]) -> Result<Controller<'lab>> {
    let service = Service::new("resolver", &[V4_PREFIX]).only_check(checks[0]);
    let service = checks[1..]
        .iter()
        .fold(service, |service, check| service.check(check));
    Controller::install(
        lab,
        env!("CARGO_BIN_EXE_anycastctl"),
        &Settings::new([service]),
    )
}

/// Two servers of which one is not there, a check whose answer is not as expected, and a file.
const CHECKS: [&str; 3] = [
    "{ name: servers, group: { need: any, of: [{ dns: { server: 192.0.2.53, name: example.com, type: SOA } }, { name: absent, dns: { server: 127.0.0.9, name: example.com, type: SOA } }] } }",
    "{ name: address, dns: { name: www.example.com, type: A, nsid: true, expect: { answer: \"^192\\\\.0\\\\.2\\\\.99$\", flags: [aa] } } }",
    "{ name: maintenance, file: { path: /nonexistent/maintenance, present: false } }",
];

#[test]
fn groups_and_expectations_are_shown() -> Result<()> {
    let lab = lab()?;
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let controller = installed(&lab, &CHECKS)?;
    let outcome = controller.call(&["probe"])?;
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    for part in [
        "PASS resolver/servers: 1 of 2 pass, and 1 are needed; absent at 127.0.0.9: connection refused\n  PASS resolver/dns-1.1: NOERROR, SOA serial 2026112201\n  ;; asked: example.com. IN SOA, at 192.0.2.53:53 over UDP\n",
        "\n  FAIL resolver/absent: connection refused\n",
        "\nFAIL resolver/address: NOERROR but the answer is 192.0.2.81, wanted ",
        ";; pass: rcode NOERROR; at least 1 answer; flag aa set\n;; FAIL: an answer like ",
        "\nPASS resolver/maintenance: ",
        "\n;; looked at: /nonexistent/maintenance\n",
    ] {
        assert!(outcome.output.contains(part), "{part}\n{}", outcome.output);
    }
    let outcome = controller.call(&["probe", "resolver", "--check", "servers", "--all"])?;
    assert_eq!(outcome.code, Some(0), "a group passes: {outcome:?}");
    let wanted = "\n  ;; QUESTION\n  ;example.com. IN SOA\n  ;; ANSWER\n  example.com. 60 IN SOA ";
    assert!(outcome.output.contains(wanted), "{}", outcome.output);
    let outcome = controller.call(&["probe", "--check", "nobody"])?;
    assert_eq!(outcome.code, Some(2));
    let wanted =
        "no check is called `nobody`; there are: absent, address, dns-1.1, maintenance, servers\n";
    assert_eq!(outcome.complaint, wanted);
    Ok(())
}

#[test]
fn programs_get_everything() -> Result<()> {
    let lab = lab()?;
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
    let controller = installed(&lab, &CHECKS)?;
    let outcome = controller.call(&["probe", "--json"])?;
    let reports: Vec<Value> = serde_json::from_str(&outcome.output).expect("JSON");
    let named = |name: &str| {
        let mut reports = reports.iter();
        reports
            .find(|report| report["check"] == name)
            .expect("it is there")
    };
    assert_eq!(named("absent")["verdict"], "fail");
    assert_eq!(named("absent")["group"]["verdict"], "pass");
    let address = named("address");
    let exchange = &address["exchanges"][0];
    assert_eq!(exchange["sections"]["answer"], address["answers"]);
    assert_eq!(exchange["edns"]["nsid"], "ams1");
    let verdicts = exchange["expectations"].as_array().expect("expectations");
    let verdicts: Vec<_> = verdicts
        .iter()
        .filter_map(|one| one["verdict"].as_str())
        .collect();
    assert_eq!(verdicts, ["pass", "pass", "pass", "fail"], "{exchange:#}");
    let file = named("maintenance");
    assert_eq!(
        (&file["verdict"], &file["question"]),
        (&"pass".into(), &Value::Null)
    );
    Ok(())
}

#[test]
fn a_watch_in_a_pipe_ends_with_an_interrupt_as_the_last_look_did() -> Result<()> {
    let lab = lab()?;
    let mut server = DnsServer::start(lab.node(), Software::Unbound, "dns", &[V4, V6])?;
    let check = "dns: { name: example.com, type: SOA }";
    let controller = installed(&lab, &[check])?;
    let looked = |log: &std::path::Path, words: &[&str]| {
        let text = std::fs::read_to_string(log)?;
        let found = words.iter().all(|word| text.contains(word));
        found.then_some(()).ok_or_else(|| Error::new(text))
    };

    let watch = controller.start_command("well", &["probe", "--watch=10ms"])?;
    lab.wait_until("three looks", || {
        looked(
            watch.log(),
            &[";; 3 times, 0 failed; min ", " ms, median ", " ms, max "],
        )
    })?;
    watch.signal(Signal::SIGINT)?;
    assert_eq!(watch.wait()?.code(), Some(0));

    let watch = controller.start_command("failing", &["probe", "--watch=10ms", "--json"])?;
    lab.wait_until("a look that passes", || {
        looked(watch.log(), &["\"verdict\":\"pass\""])
    })?;
    server.kill()?;
    lab.wait_until("one that fails", || {
        looked(watch.log(), &["\"detail\":\"connection refused\""])
    })?;
    watch.signal(Signal::SIGINT)?;
    assert_eq!(watch.wait()?.code(), Some(1));
    let text = std::fs::read_to_string(watch.log())?;
    for line in text.lines() {
        let reports: Vec<Value> = serde_json::from_str(line).expect("a document a line");
        assert_eq!(reports.len(), 1, "{line}");
        assert!(reports[0]["at"].is_string(), "{line}");
    }
    Ok(())
}

/// Processes with one of the numbers on their command line that nobody else sleeps for.
fn sleepers() -> Result<usize> {
    let entries = std::fs::read_dir("/proc")?.flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let sleeps = |line: &Vec<u8>| line.starts_with(b"sleep\097651");
    Ok(lines.filter(sleeps).count())
}

/// Not even what has left the program's group.
#[test]
fn a_signal_ends_a_look_and_leaves_no_program_behind() -> Result<()> {
    let lab = lab()?;
    let check = "exec: { command: [/bin/sh, -c, \"setsid sleep 976511 & sleep 976512\"] }";
    let service = Service::new("resolver", &[V4_PREFIX]).with("interval: 29s");
    let service = service.with("timeout: 28s").only_check(check);
    let program = env!("CARGO_BIN_EXE_anycastctl");
    let controller = Controller::install(&lab, program, &Settings::new([service]))?;
    let counted = |wanted: usize| {
        lab.wait_until(&format!("{wanted} sleepers"), || match sleepers()? {
            count if count == wanted => Ok(()),
            count => Err(Error::new(format!("{count} sleep"))),
        })
    };
    for (number, (words, signal, code)) in [
        (&["probe"][..], Signal::SIGINT, 130),
        (&["probe"], Signal::SIGTERM, 143),
        (&["probe"], Signal::SIGHUP, 129),
        // Nothing is as wanted that nobody has seen.
        (&["probe", "--watch=10ms"], Signal::SIGINT, 1),
        (&["probe", "--watch=10ms"], Signal::SIGTERM, 143),
        (&["probe", "--watch=10ms"], Signal::SIGHUP, 129),
    ]
    .into_iter()
    .enumerate()
    {
        let look = controller.start_command_with_own_proc(&format!("look-{number}"), words)?;
        counted(2)?;
        look.signal(signal)?;
        assert_eq!(look.wait()?.code(), Some(code), "{words:?} {signal}");
        counted(0)?;
    }
    Ok(())
}

/// A pipe that nobody writes is as slow as a disk can be.
#[test]
fn a_disk_that_hangs_does_not_keep_a_look_from_its_end() -> Result<()> {
    let lab = lab()?;
    let pipe = lab.node().directory().join("ca.pem");
    let pipe = pipe.display().to_string();
    lab.node().run("mkfifo", &[&pipe])?;
    let check = format!("tcp: {{ port: 853, tls: {{ ca_file: {pipe} }} }}");
    let controller = installed(&lab, &[&check])?;
    let look = controller.start_command("look", &["probe"])?;
    assert_eq!(look.wait()?.code(), Some(1));
    let text = std::fs::read_to_string(look.log())?;
    let wanted = "the prober could not read certificates within 400ms";
    assert!(text.contains(wanted), "{text}");
    Ok(())
}
