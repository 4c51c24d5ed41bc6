use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::*;
use crate::health::Verdict;
use crate::model::Family;
use crate::overrides::{Kind, Override};
use crate::policy::Announcement;
use crate::status::{Limit, Routes, example};

/// The only labels that there are.
const LABELS: [&str; 14] = [
    "service",
    "family",
    "prefix",
    "check",
    "server",
    "session",
    "neighbor",
    "result",
    "state",
    "kind",
    "direction",
    "version",
    "le",
    "quantile",
];

/// An example in which everything is known.
fn full() -> Snapshot {
    let mut snapshot = example();
    let at = snapshot.at;
    snapshot.bird.started_at = Some(at);
    snapshot.bird.reconfigured_at = Some(at);
    let service = &mut snapshot.services[0];
    service.order = Some(Override {
        kind: Kind::Pin,
        reason: Some("\"maintenance\"".into()),
        by: "root".into(),
        since: at,
        until: Some(at),
    });
    service.families[0].damping.hold_until = Some(at);
    service.exported_to[0].exported = Some(true);
    let session = &mut snapshot.sessions[0];
    (session.bfd, session.since) = (Some("Up".into()), Some(at));
    session.limits = vec![Limit {
        direction: "import".into(),
        max: 10,
        action: "warn".into(),
        hit: true,
    }];
    session.routes = Some(Routes {
        imported: 1,
        exported: 2,
        filtered: Some(3),
    });
    snapshot
}

fn measurements() -> Measurements {
    Measurements {
        probes: vec![ProbeMeasurements {
            service: "resolver".into(),
            check: "dns-1".into(),
            server: "192.0.2.53:53".into(),
            verdicts: Verdicts::default(),
            latency: Histogram::latency(),
        }],
        families: vec![FamilyMeasurements {
            service: "resolver".into(),
            family: Family::V4,
            mismatch: std::time::Duration::from_millis(1500),
        }],
        confirmations: Confirmations::default(),
    }
}

/// Name, labels and value.
type Sample<'a> = (&'a str, Vec<(&'a str, &'a str)>, &'a str);

fn samples(text: &str) -> Vec<Sample<'_>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let labels = labels.strip_suffix('}').unwrap().split("\",");
            let labels = labels.filter_map(|label| label.split_once("=\""));
            let labels = labels.map(|(name, value)| (name, value.trim_end_matches('"')));
            (name, labels.collect(), value)
        })
        .collect()
}

fn value<'a>(text: &'a str, series: &str) -> Option<&'a str> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(series));
    lines.find_map(|rest| rest.strip_prefix(' '))
}

#[test]
fn no_series_comes_twice_and_none_has_a_label_of_its_own() {
    let text = encode(full(), measurements());
    let mut seen = HashSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        assert!(seen.insert(series), "{series}");
        assert!(series.starts_with("anycastctl_"), "{series}");
    }
    for (name, labels, _) in samples(&text) {
        for (label, value) in labels {
            assert!(LABELS.contains(&label), "{name}: {label}");
            assert!(!value.contains("maintenance"), "{name}: {value}");
        }
    }
}

/// What changes from one moment to the next is a value and never a label.
#[test]
fn the_series_of_states_are_always_the_same() {
    let series = |snapshot: Snapshot| -> BTreeSet<String> {
        let text = encode(snapshot, measurements());
        let lines = text.lines().map(str::to_owned);
        let states = lines.filter(|line| line.contains("state=") || line.contains("kind="));
        let series = states.map(|line| line.rsplit_once(' ').unwrap().0.to_owned());
        series
            .filter(|series| !series.contains("_timestamp_"))
            .collect()
    };
    let mut other = full();
    other.services[0].order = None;
    other.services[0].families[0].desired = None;
    other.sessions[0].state = "Unknown".into();
    assert_eq!(series(full()), series(other));
}

#[test]
fn of_each_set_of_states_one_is_so() {
    let mut odd = full();
    odd.sessions[0].state = "Bewildered".into();
    for snapshot in [full(), odd] {
        let text = encode(snapshot, measurements());
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for (name, labels, value) in samples(&text) {
            if name.contains("_duration_") || !labels.iter().any(|(label, _)| *label == "state") {
                continue;
            }
            let rest = labels.iter().filter(|(label, _)| *label != "state");
            let set = format!("{name} {:?}", rest.collect::<Vec<_>>());
            *sums.entry(set).or_default() += value.parse::<i64>().unwrap();
        }
        assert!(sums.len() >= 5, "{sums:?}");
        assert!(sums.values().all(|sum| *sum == 1), "{sums:?}");
    }
}

#[test]
fn what_never_happened_is_zero_and_what_is_not_known_is_absent() {
    let mut snapshot = full();
    snapshot.services[0].exported_to[0].exported = None;
    snapshot.sessions[0].routes = None;
    let text = encode(snapshot, measurements());
    for result in ["pass", "fail", "unknown"] {
        let series = format!(
            "anycastctl_verdicts_total{{service=\"resolver\",check=\"dns-1\",server=\"192.0.2.53:53\",result=\"{result}\"}}"
        );
        assert_eq!(value(&text, &series), Some("0"), "{series}");
    }
    for state in ["announced", "drained", "withdrawn"] {
        let series = format!("anycastctl_confirmation_duration_seconds_count{{state=\"{state}\"}}");
        assert_eq!(value(&text, &series), Some("0"), "{series}");
    }
    assert!(!text.contains("session_routes_imported"), "{text}");
    let unknown = &example().services[0].exported_to[0];
    let series = format!(
        "prefix=\"{}\",session=\"{}\"",
        unknown.prefix, unknown.session
    );
    assert!(!text.contains(&series), "{text}");
}

#[test]
fn what_is_counted_is_told() {
    let mut measurements = measurements();
    let probe = &mut measurements.probes[0];
    probe.verdicts.count(Verdict::Pass);
    probe.verdicts.count(Verdict::Pass);
    probe.verdicts.count(Verdict::Fail);
    probe.latency.observe(0.0001);
    probe.latency.observe(0.3);
    probe.latency.observe(11.0);
    measurements
        .confirmations
        .observe(Announcement::Withdrawn, 0.002);
    let text = encode(full(), measurements);
    let probe = "service=\"resolver\",check=\"dns-1\",server=\"192.0.2.53:53\"";
    for (series, wanted) in [
        (
            format!("anycastctl_verdicts_total{{{probe},result=\"pass\"}}"),
            "2",
        ),
        (
            format!("anycastctl_verdicts_total{{{probe},result=\"fail\"}}"),
            "1",
        ),
        (
            format!("anycastctl_probe_duration_seconds_bucket{{le=\"0.0001\",{probe}}}"),
            "1",
        ),
        (
            format!("anycastctl_probe_duration_seconds_bucket{{le=\"0.25\",{probe}}}"),
            "1",
        ),
        (
            format!("anycastctl_probe_duration_seconds_bucket{{le=\"0.5\",{probe}}}"),
            "2",
        ),
        (
            format!("anycastctl_probe_duration_seconds_bucket{{le=\"10.0\",{probe}}}"),
            "2",
        ),
        (
            format!("anycastctl_probe_duration_seconds_bucket{{le=\"+Inf\",{probe}}}"),
            "3",
        ),
        (
            format!("anycastctl_probe_duration_seconds_count{{{probe}}}"),
            "3",
        ),
        (
            format!("anycastctl_probe_duration_seconds_sum{{{probe}}}"),
            "11.3001",
        ),
        (
            "anycastctl_mismatch_seconds_total{service=\"resolver\",family=\"v4\"}".into(),
            "1.5",
        ),
        (
            "anycastctl_confirmation_duration_seconds_count{state=\"withdrawn\"}".into(),
            "1",
        ),
        (
            "anycastctl_override_active{service=\"resolver\",kind=\"pin\"}".into(),
            "1",
        ),
        (
            "anycastctl_override_active{service=\"resolver\",kind=\"drain\"}".into(),
            "0",
        ),
        ("anycastctl_up".into(), "1"),
    ] {
        assert_eq!(value(&text, &series), Some(wanted), "{series} in\n{text}");
    }
}

#[test]
fn any_text_can_be_a_label() {
    let mut snapshot = full();
    snapshot.bird.version = Some("2\\0\"\"x\ny".into());
    let text = encode(snapshot, measurements());
    let wanted = r#"anycastctl_bird_info{version="2\\0\"\"x\ny"}"#;
    assert_eq!(value(&text, wanted), Some("1"), "{text}");
}

#[test]
fn the_older_format_has_the_same_samples_and_its_own_comments() {
    let new = encode(full(), measurements());
    let old = Format::Text.of(new.clone());
    assert_eq!(samples(&new), samples(&old));
    for line in [
        "# TYPE anycastctl_verdicts_total counter",
        "# TYPE anycastctl_mismatch_seconds_total counter",
        "# HELP anycastctl_mismatch_seconds_total Time in which",
        "# TYPE anycastctl_build_info gauge",
        "# HELP anycastctl_build_info The release",
        "# TYPE anycastctl_probe_duration_seconds histogram",
        "# TYPE anycastctl_mismatch gauge",
    ] {
        assert!(old.contains(&format!("\n{line}")), "{line} in\n{old}");
    }
    assert!(!old.contains("# UNIT") && !old.contains("# EOF"), "{old}");
    assert!(new.ends_with("# EOF\n"), "{new}");
}

#[test]
fn without_a_daemon_that_is_all_there_is() {
    let text = Format::Text.of(absent());
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines, ["anycastctl_up 0"]);
}

#[test]
fn the_format_that_is_liked_best() {
    use Format::{OpenMetrics, Text};
    for (accept, wanted) in [
        ("", Text),
        ("*/*", Text),
        ("text/html, */*;q=0.8", Text),
        ("application/openmetrics-text", OpenMetrics),
        ("application/openmetrics-text;q=0", Text),
        ("application/openmetrics-text;q=0.4, text/plain;q=0.5", Text),
        ("application/openmetrics-text; q=nonsense", Text),
        ("APPLICATION/OpenMetrics-Text;q=0.75,*/*;q=1", OpenMetrics),
        // Prometheus 2.42.
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            OpenMetrics,
        ),
        ("application/openmetrics-text;q=0.0001;é=\u{1F600}", Text),
    ] {
        assert_eq!(negotiate(accept), wanted, "{accept}");
    }
}
