//! What a real Prometheus makes of a real daemon, and what the daemon serves while things go wrong.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lab::{Error, Host, Prometheus, Result};
use serde_json::Value;

use crate::scene::{BOTH, Scene, lab, settings};

/// Where the daemon listens by default.
const ADDRESS: &str = "127.0.0.1:9553";

/// More than enough for a withdraw that nobody delays, on a busy machine.
const SOON: Duration = Duration::from_secs(6);

/// Queries of the dashboard that find nothing on a node where all is well and nobody gave an order.
const FINDS_NOTHING: [(&str, &str); 6] = [
    (
        "max by (instance, service, prefix) (anycastctl_prefix_exported{instance=~\"$node\"}) == 0",
        "every prefix reaches a neighbour",
    ),
    (
        "anycastctl_override_active{instance=~\"$node\"} == 1",
        "nobody gave an order",
    ),
    (
        "anycastctl_override_expiry_timestamp_seconds{instance=~\"$node\"} - time()",
        "nobody gave an order",
    ),
    (
        "anycastctl_session_routes_filtered{instance=~\"$node\"}",
        "nothing is kept to be counted",
    ),
    (
        "anycastctl_session_limit_routes{instance=~\"$node\"}",
        "no limit is configured",
    ),
    (
        "anycastctl_session_limit_reached{instance=~\"$node\"} == 1",
        "no limit is hit",
    ),
];

/// Metrics of the alert rules that have no series there.
const HAS_NO_SERIES: [(&str, &str); 2] = [
    (
        "anycastctl_override_start_timestamp_seconds",
        "nobody gave an order",
    ),
    (
        "anycastctl_override_expiry_timestamp_seconds",
        "nobody gave an order",
    ),
];

fn installed(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("systemd")
        .join(file)
}

fn rules() -> PathBuf {
    installed("prometheus/anycastctl.rules.yml")
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|error| Error::new(format!("{}: {error}", path.display())))
}

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| Error::new(format!("{error} in {text}")))
}

/// Every query of the dashboard: whatever stands below a key `expr`.
fn queries(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            let expression = map.get("expr").and_then(Value::as_str);
            found.extend(expression.map(str::to_owned));
            map.values().for_each(|value| queries(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| queries(value, found)),
        _ => {}
    }
}

/// As Grafana asks it, for a Prometheus that scrapes every second.
fn substituted(query: &str) -> String {
    query
        .replace("$node", ".*")
        .replace("$__rate_interval", "4s")
}

/// How many series a query finds. One that Prometheus does not understand is an error.
fn series(prometheus: &Prometheus, query: &str) -> Result<usize> {
    let answer = json(&prometheus.query(query)?)?;
    let found = answer["data"]["result"].as_array();
    found
        .map(Vec::len)
        .ok_or_else(|| Error::new(answer.to_string()))
}

/// The names of our metrics in a query.
fn names(query: &str) -> BTreeSet<&str> {
    let words = query.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words
        .filter(|word| word.starts_with("anycastctl_"))
        .collect()
}

fn is_excepted(exceptions: &[(&str, &str)], name: &str) -> bool {
    exceptions.iter().any(|(excepted, _)| *excepted == name)
}

/// The body of a page of the daemon's, with its status.
fn page(node: &Host, path: &str) -> Result<(String, String)> {
    let answer = node.http(
        ADDRESS,
        &format!("GET {path} HTTP/1.1\r\nHost: node\r\n\r\n"),
    )?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| Error::new(format!("{path}: {answer:?}")))?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    Ok((status.to_owned(), body.to_owned()))
}

/// The value of a series in the text format.
fn value(metrics: &str, series: &str) -> Option<f64> {
    let mut lines = metrics.lines().filter_map(|line| line.strip_prefix(series));
    lines.find_map(|rest| rest.strip_prefix(' ')?.parse().ok())
}

#[test]
fn every_query_of_the_dashboard_finds_something() -> Result<()> {
    let lab = lab()?;
    let (_scene, _server) = Scene::announced(&lab, &settings())?;
    let prometheus = Prometheus::start(lab.node(), ADDRESS, &rules())?;
    let dashboard = json(&text(&installed("grafana/anycastctl.json"))?)?;
    let mut found = BTreeSet::new();
    queries(&dashboard, &mut found);
    assert!(found.len() > 30, "{found:?}");
    for (excepted, _) in FINDS_NOTHING {
        assert!(found.contains(excepted), "no such query: {excepted}");
    }
    for query in &found {
        let asked = substituted(query);
        if is_excepted(&FINDS_NOTHING, query) {
            series(&prometheus, &asked)?;
            continue;
        }
        lab.wait_until(query, || match series(&prometheus, &asked)? {
            0 => Err(Error::new("no series")),
            _ => Ok(()),
        })?;
    }
    Ok(())
}

/// The rules are loaded, what they look at exists, none fires while all is well, and one sees an outage.
#[test]
fn the_alert_rules_look_at_what_exists() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    let prometheus = Prometheus::start(lab.node(), ADDRESS, &rules())?;
    let evaluated = || -> Result<Vec<Value>> {
        let answer = json(&prometheus.get("/api/v1/rules")?)?;
        let rules = answer["data"]["groups"][0]["rules"].as_array();
        let rules = rules.ok_or_else(|| Error::new(answer.to_string()))?;
        match rules.iter().find(|rule| rule["health"] != "ok") {
            None => Ok(rules.clone()),
            Some(rule) => Err(Error::new(rule.to_string())),
        }
    };
    let rules = lab.wait_until("all rules evaluated", evaluated)?;
    assert!(rules.len() > 15, "{rules:?}");
    for rule in &rules {
        let query = rule["query"].as_str().unwrap_or_default();
        for name in names(query) {
            if !is_excepted(&HAS_NO_SERIES, name) {
                lab.wait_until(name, || match series(&prometheus, name)? {
                    0 => Err(Error::new("no series")),
                    _ => Ok(()),
                })?;
            }
        }
    }
    let state = |name: &str| -> Result<Value> {
        let rules = evaluated()?;
        let rule = rules.into_iter().find(|rule| rule["name"] == name);
        Ok(rule.ok_or_else(|| Error::new(format!("no rule {name}")))?["state"].clone())
    };
    lab.wait_until("no alert", || {
        match evaluated()?.iter().find(|rule| rule["state"] != "inactive") {
            None => Ok(()),
            Some(rule) => Err(Error::new(rule.to_string())),
        }
    })?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    lab.wait_until("an alert", || match state("AnycastAllWithdrawn")? {
        Value::String(state) if state != "inactive" => Ok(()),
        state => Err(Error::new(state.to_string())),
    })?;
    assert_eq!(state("AnycastNotAnnounced")?, "inactive");
    assert_eq!(state("AnycastBirdDown")?, "inactive");
    Ok(())
}

/// By the tests that stand beside them, each alert both ways.
#[test]
fn the_alert_rules_pass_their_tests() -> Result<()> {
    let lab = lab()?;
    let path = installed("prometheus/anycastctl.rules.test.yml");
    let tested = path.display().to_string();
    lab.node().run(
        "promtool",
        &["check", "rules", &rules().display().to_string()],
    )?;
    lab.node().run("promtool", &["test", "rules", &tested])?;
    let (rules, tests) = (text(&rules())?, text(&path)?);
    let alerts = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    let alerts: Vec<_> = alerts.collect();
    assert!(alerts.len() > 15, "{alerts:?}");
    for alert in alerts {
        let expression = format!(
            "expr: count(ALERTS{{alertname=\"{alert}\", alertstate=\"firing\"}})\n        exp_samples: ["
        );
        let looks: Vec<_> = tests.split(&expression).skip(1).collect();
        let silent = looks.iter().filter(|look| look.starts_with(']')).count();
        assert!(
            silent > 0 && silent < looks.len(),
            "{alert}: {silent} of {}",
            looks.len()
        );
    }
    Ok(())
}

#[test]
fn promtool_finds_nothing_to_say_about_the_metrics() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let directory = lab.directory().join("textfile");
    std::fs::create_dir(&directory)?;
    let file = directory.join("anycastctl.prom");
    let path = file.display().to_string();
    let lint = || {
        let script = format!("promtool check metrics <{path}");
        lab.node().run("sh", &["-c", &script])
    };
    scene.controller.succeed(&["metrics", "--output", &path])?;
    assert_eq!(lint()?, "");
    let served = page(lab.node(), "/metrics")?;
    std::fs::write(&file, served.1)?;
    assert_eq!(lint()?, "");
    Ok(())
}

/// For node_exporter's textfile collector: a file that is whole, readable, alone, and true.
#[test]
fn the_textfile_says_when_there_is_no_daemon() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings().hold_on_stop())?;
    let directory = lab.directory().join("textfile");
    std::fs::create_dir(&directory)?;
    let file = directory.join("anycastctl.prom");
    let path = file.display().to_string();
    scene.controller.succeed(&["metrics", "--output", &path])?;
    let metrics = text(&file)?;
    assert_eq!(value(&metrics, "anycastctl_up"), Some(1.0), "{metrics}");
    let actual = "anycastctl_actual{service=\"resolver\",family=\"v6\",state=\"announced\"}";
    assert_eq!(value(&metrics, actual), Some(1.0), "{metrics}");
    assert_eq!(file.metadata()?.permissions().mode() & 0o777, 0o644);
    let open = scene
        .controller
        .succeed(&["metrics", "--format", "openmetrics"])?;
    assert!(open.ends_with("# EOF\n"), "{open}");

    scene.controller.stop(lab::Signal::SIGTERM)?;
    let outcome = scene.controller.call(&["metrics", "--output", &path])?;
    assert_eq!(outcome.code, Some(4), "{outcome:?}");
    assert!(outcome.complaint.contains("anycastctl run"), "{outcome:?}");
    assert!(text(&file)?.ends_with("anycastctl_up 0\n"));
    assert_eq!(std::fs::read_dir(&directory)?.count(), 1);
    Ok(())
}

#[test]
fn ready_as_long_as_bird_answers() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings())?;
    let is = |path: &'static str, status: &'static str| {
        let lab = &lab;
        lab.wait_until(&format!("{path}: {status}"), move || {
            let (seen, body) = page(lab.node(), path)?;
            if seen == status {
                return Ok(body);
            }
            Err(Error::new(format!("{seen} {body}")))
        })
    };
    is("/readyz", "200")?;
    is("/healthz", "200")?;
    assert!(is("/", "200")?.contains("resolver"));
    assert_eq!(json(&is("/status", "200")?)?["node"]["name"], "lab1");
    scene.kill_bird()?;
    let reason = is("/readyz", "503")?;
    assert!(reason.starts_with("BIRD does not answer"), "{reason}");
    // It is BIRD that is not well.
    is("/healthz", "200").map(drop)
}

/// What the daemon counts of an outage.
#[test]
fn an_outage_is_counted() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    let metrics = || page(lab.node(), "/metrics").map(|(_, body)| body);
    let withdrawals = "anycastctl_confirmation_duration_seconds_count{state=\"withdrawn\"}";
    assert_eq!(value(&metrics()?, withdrawals), Some(0.0));
    server.kill()?;
    scene.lacks(&BOTH)?;
    let all = lab.wait_until("both withdrawals counted", || {
        let all = metrics()?;
        match value(&all, withdrawals) {
            Some(2.0) => Ok(all),
            seen => Err(Error::new(format!("{seen:?}"))),
        }
    })?;
    let server = "service=\"resolver\",check=\"dns-1\",server=\"192.0.2.53:53\"";
    let failures = value(
        &all,
        &format!("anycastctl_verdicts_total{{{server},result=\"fail\"}}"),
    );
    assert!(failures >= Some(3.0), "{failures:?}");
    let answers = value(
        &all,
        &format!("anycastctl_probe_duration_seconds_count{{{server}}}"),
    );
    assert!(answers >= Some(2.0), "{answers:?}");
    let family = "service=\"resolver\",family=\"v4\"";
    let mismatch = value(
        &all,
        &format!("anycastctl_mismatch_seconds_total{{{family}}}"),
    );
    assert!(mismatch > Some(0.0), "{mismatch:?}");
    assert_eq!(
        value(&all, &format!("anycastctl_mismatch{{{family}}}")),
        Some(0.0)
    );
    Ok(())
}

/// Announcements do not depend on the port, and it is served as soon as it is free.
#[test]
fn a_taken_port_is_a_problem_and_no_more() -> Result<()> {
    let lab = lab()?;
    let taken = lab.node().enter(|| TcpListener::bind(ADDRESS))??;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let told = |document: &Value| {
        document["controller"]["problems"]
            .to_string()
            .contains(ADDRESS)
    };
    scene.reports("a problem", |_, document| told(document))?;
    let written = scene.controller.succeed(&["metrics"])?;
    assert_eq!(
        value(&written, "anycastctl_problems"),
        Some(1.0),
        "{written}"
    );
    drop(taken);
    lab.wait_until("the port", || page(lab.node(), "/healthz"))?;
    scene.reports("no problem", |_, document| !told(document))?;
    Ok(())
}

/// More clients than are served at a time, each in the middle of its request.
#[test]
fn slow_clients_delay_nobody() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    lab.wait_until("the port", || page(lab.node(), "/healthz"))?;
    let mut clients = Vec::new();
    for number in 0..100 {
        let mut client = lab.node().enter(|| TcpStream::connect(ADDRESS))??;
        match number % 3 {
            0 => {}
            1 => client.write_all(b"GET /metr")?,
            _ => client.write_all(b"GET /status HTTP/1.1\r\n\r\n")?,
        }
        clients.push(client);
    }
    let killed = Instant::now();
    server.kill()?;
    scene.lacks(&BOTH)?;
    assert!(killed.elapsed() < SOON, "{:?}", killed.elapsed());
    assert_eq!(page(lab.node(), "/healthz")?.0, "200");
    Ok(())
}
