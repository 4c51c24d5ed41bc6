//! Lines as they arrive, in every format, and readers that do not behave.

use std::fs;
use std::io::{self, Write};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::line::{Level, Line};
use super::sink::Sink;
use super::{Format, open, queue};
use crate::harmless::is_harmful;

/// How long what has to come may take.
const DEADLINE: Duration = Duration::from_secs(30);

fn decided() -> Line {
    Line {
        time: "2026-11-22T21:00:00.1234567Z".parse().unwrap(),
        level: Level::Info,
        message: "decided".to_owned(),
        fields: vec![
            ("service", "resolver".into()),
            ("family", "v4".into()),
            ("from", "withdrawn".into()),
            ("to", "announced".into()),
            ("reason", "5 of 5 checks passed".into()),
            ("late", true.into()),
            ("checks", 5.into()),
            ("seconds", 0.25.into()),
        ],
    }
}

fn hostile() -> Line {
    let text = "a=\"b\\c\"\n\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}\r\nPRIORITY=0";
    Line {
        time: "2026-11-22T21:00:00Z".parse().unwrap(),
        level: Level::Error,
        message: "peer says\nno".to_owned(),
        fields: vec![("error", text.into()), ("detail", "".into())],
    }
}

fn encoded(format: Format, line: &Line) -> String {
    String::from_utf8(format.encode(line)).unwrap()
}

#[test]
fn text() {
    assert_eq!(
        encoded(Format::Text, &decided()),
        "2026-11-22T21:00:00.123456Z  INFO decided service=resolver family=v4 from=withdrawn to=announced \
         reason=\"5 of 5 checks passed\" late=true checks=5 seconds=0.25\n"
    );
    assert_eq!(
        encoded(Format::Text, &hostile()),
        r#"2026-11-22T21:00:00.000000Z ERROR peer says\nno error="a=\"b\\c\"\n\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}\r\nPRIORITY=0" detail="""#
            .to_owned()
            + "\n"
    );
}

#[test]
fn json() {
    assert_eq!(
        encoded(Format::Json, &decided()),
        r#"{"time":"2026-11-22T21:00:00.123456Z","level":"INFO","message":"decided","service":"resolver","#.to_owned()
            + r#""family":"v4","from":"withdrawn","to":"announced","reason":"5 of 5 checks passed","#
            + r#""late":true,"checks":5,"seconds":0.25}"#
            + "\n"
    );
    assert_eq!(
        encoded(Format::Json, &hostile()),
        r#"{"time":"2026-11-22T21:00:00.000000Z","level":"ERROR","message":"peer says\nno","#
            .to_owned()
            + r#""error":"a=\"b\\c\"\n\u001b]0;owned\u0007\u009b2J\u202e\r\nPRIORITY=0","detail":""}"#
            + "\n"
    );
}

#[test]
fn journal() {
    assert_eq!(
        encoded(Format::Journal, &decided()),
        "PRIORITY=6\n\
         SYSLOG_IDENTIFIER=anycastctl\n\
         MESSAGE=decided service=resolver family=v4 from=withdrawn to=announced \
         reason=\"5 of 5 checks passed\" late=true checks=5 seconds=0.25\n\
         ANYCASTCTL_EVENT=decided\n\
         ANYCASTCTL_SERVICE=resolver\n\
         ANYCASTCTL_FAMILY=v4\n\
         ANYCASTCTL_FROM=withdrawn\n\
         ANYCASTCTL_TO=announced\n\
         ANYCASTCTL_REASON=5 of 5 checks passed\n\
         ANYCASTCTL_LATE=true\n\
         ANYCASTCTL_CHECKS=5\n\
         ANYCASTCTL_SECONDS=0.25\n"
    );
    let entry = encoded(Format::Journal, &hostile());
    let names: Vec<&str> = entry
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .collect();
    let ours = ["ANYCASTCTL_EVENT", "ANYCASTCTL_ERROR", "ANYCASTCTL_DETAIL"];
    let all = [&["PRIORITY", "SYSLOG_IDENTIFIER", "MESSAGE"], &ours[..]].concat();
    assert_eq!(names, all, "{entry}");
    assert!(entry.starts_with("PRIORITY=3\n"), "{entry}");
    assert!(
        entry.contains(r#"ANYCASTCTL_ERROR=a="b\c"\n\u{1b}"#),
        "{entry}"
    );
}

proptest! {
    #[test]
    fn no_text_breaks_a_line(message in any::<String>(), value in any::<String>()) {
        let line = Line {
            time: Timestamp::UNIX_EPOCH,
            level: Level::Warn,
            message: message.clone(),
            fields: vec![("detail", value.clone().into())],
        };
        for (format, lines) in [(Format::Text, 1), (Format::Json, 1), (Format::Journal, 5)] {
            let text = encoded(format, &line);
            prop_assert_eq!(text.matches('\n').count(), lines);
            prop_assert!(!text.replace('\n', "").contains(is_harmful), "{}", text);
        }
        let read: Value = serde_json::from_slice(&Format::Json.encode(&line)).unwrap();
        prop_assert_eq!(&read["message"], &Value::from(message));
        prop_assert_eq!(&read["detail"], &Value::from(value));
    }
}

/// Hands on what is written, and then waits until it is allowed to go on.
struct Gate {
    written: Sender<String>,
    go_on: Receiver<()>,
}

impl Write for Gate {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line).into_owned();
        // Whoever does not listen any more does not hold up either.
        let _ = self.written.send(text);
        let _ = self.go_on.recv();
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A sink, what arrives there, and what opens it for one line; dropped, it is open for all.
fn gate() -> (Sink, Receiver<String>, Sender<()>) {
    let (written, arrived) = mpsc::channel();
    let (open, go_on) = mpsc::channel();
    let gate = Gate { written, go_on };
    (Sink::Stream(Box::new(gate)), arrived, open)
}

fn logging<T>(lines: super::event::Lines, work: impl FnOnce() -> T) -> T {
    use tracing_subscriber::layer::SubscriberExt as _;
    let subscriber = tracing_subscriber::registry().with(lines);
    tracing::subscriber::with_default(subscriber, work)
}

#[test]
fn events_become_lines() {
    let (sink, arrived, open) = gate();
    drop(open);
    let (lines, guard) = queue::start(Format::Json, sink, 16);
    let long = "x".repeat(5000);
    logging(lines, || {
        tracing::warn!(
            service = %"resolver",
            steps = ?["one", "two"],
            count = 3_usize,
            change = -3,
            seconds = Duration::from_millis(1500).as_secs_f64(),
            late = true,
            nothing = None::<&str>,
            infinite = f64::INFINITY,
            long,
            error = %io::Error::other("line one\nline two"),
            "said {} once", "\u{1b}"
        );
    });
    drop(guard);
    let mut read: Value = serde_json::from_str(&arrived.recv().unwrap()).unwrap();
    let members = read.as_object_mut().unwrap();
    let time = members.remove("time").unwrap();
    assert!(
        time.as_str().unwrap().parse::<Timestamp>().is_ok(),
        "{time}"
    );
    let cut = members.remove("long").unwrap();
    assert!(cut.as_str().unwrap().ends_with("xx…"), "{cut}");
    let wanted = json!({
        "level": "WARN", "message": "said \u{1b} once", "service": "resolver", "steps": "[\"one\", \"two\"]",
        "count": 3, "change": -3, "seconds": 1.5, "late": true, "infinite": null,
        "error": "line one\nline two"
    });
    assert_eq!(read, wanted);
}

#[test]
fn a_reader_that_hangs_costs_lines_only() {
    let (sink, arrived, open) = gate();
    let (lines, guard) = queue::start(Format::Text, sink, 4);
    logging(lines, || {
        tracing::info!("line 0");
        // The thread hangs in this one, which keeps its place.
        assert!(arrived.recv_timeout(DEADLINE).unwrap().contains("line 0"));
        (1..10).for_each(|number| tracing::info!("line {number}"));
        drop(open);
        for number in 1..4 {
            let line = arrived.recv_timeout(DEADLINE).unwrap();
            assert!(line.contains(&format!("line {number}")), "{line}");
        }
        let told = arrived.recv_timeout(DEADLINE).unwrap();
        assert!(
            told.ends_with("lines are missing here: nobody took them in time lines=6\n"),
            "{told}"
        );
        // Once.
        tracing::info!("the next");
        let line = arrived.recv_timeout(DEADLINE).unwrap();
        assert!(line.contains("the next"), "{line}");
    });
    drop(guard);
    assert_eq!(arrived.recv().ok(), None);
}

/// Also the end goes on: this test would hang.
#[test]
fn a_reader_that_hangs_for_ever_does_not_hold_up_the_end() {
    let (sink, arrived, open) = gate();
    let (lines, guard) = queue::start(Format::Text, sink, 2);
    logging(lines, || (0..100).for_each(|number| tracing::info!(number)));
    drop(guard);
    assert!(arrived.recv().unwrap().contains("number=0"));
    assert!(arrived.try_recv().is_err(), "it hangs");
    drop(open);
}

fn journal_at(path: &Path) -> UnixDatagram {
    let socket = UnixDatagram::bind(path).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket
}

fn entry(socket: &UnixDatagram) -> String {
    let mut buffer = vec![0; 1 << 20];
    let length = socket.recv(&mut buffer).unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

#[test]
fn each_line_is_an_entry_of_the_journal() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let journal = journal_at(&path);
    let (format, sink, error) = open(Format::Journal, &path);
    assert_eq!((format, error.is_none()), (Format::Journal, true));
    let (lines, guard) = queue::start(format, sink, 16);
    logging(lines, || {
        tracing::info!(service = %"resolver", to = %"withdrawn", "decided");
        tracing::error!(error = "no\nway", "not done yet; trying on");
    });
    drop(guard);
    assert_eq!(
        entry(&journal),
        "PRIORITY=6\nSYSLOG_IDENTIFIER=anycastctl\nMESSAGE=decided service=resolver to=withdrawn\n\
         ANYCASTCTL_EVENT=decided\nANYCASTCTL_SERVICE=resolver\nANYCASTCTL_TO=withdrawn\n"
    );
    assert_eq!(
        entry(&journal),
        "PRIORITY=3\nSYSLOG_IDENTIFIER=anycastctl\nMESSAGE=not done yet; trying on error=\"no\\nway\"\n\
         ANYCASTCTL_EVENT=not done yet; trying on\nANYCASTCTL_ERROR=no\\nway\n"
    );
}

/// Sixteen fields, as long as they get and each character of them as long as it gets.
#[test]
fn the_largest_line_fits_into_a_datagram() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let journal = journal_at(&path);
    let mut sink = Sink::journal(&path).unwrap();
    let worst = super::line::cut(format_args!("{}", "\u{1b}".repeat(2000)));
    let mut line = hostile();
    line.fields = vec![("error", worst.into()); 16];
    sink.put(&Format::Journal.encode(&line)).unwrap();
    assert!(entry(&journal).ends_with("\\u{1b}…\n"));
}

#[test]
fn a_journal_that_starts_again_is_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let journal = journal_at(&path);
    let (lines, _guard) = queue::start(Format::Journal, Sink::journal(&path).unwrap(), 16);
    let places = lines.places.clone();
    logging(lines, || {
        tracing::info!("before");
        assert!(entry(&journal).contains("MESSAGE=before\n"));
        drop(journal);
        fs::remove_file(&path).unwrap();
        tracing::info!("lost");
        tracing::info!("lost, too");
        let started = Instant::now();
        while places.taken() > 0 {
            assert!(started.elapsed() < DEADLINE, "nobody takes the lines");
            std::thread::yield_now();
        }
        let journal = journal_at(&path);
        tracing::info!("after");
        // What is told of them may come before, if the journal is back in time.
        let entries = entry(&journal) + &entry(&journal);
        assert!(entries.contains("MESSAGE=after\n"), "{entries}");
        assert!(entries.contains("ANYCASTCTL_LINES=2\n"), "{entries}");
    });
}

#[test]
fn without_a_journal_it_is_text() {
    let directory = tempfile::tempdir().unwrap();
    let (format, sink, error) = open(Format::Journal, &directory.path().join("socket"));
    assert_eq!(format, Format::Text);
    assert!(matches!(sink, Sink::Stream(_)));
    assert_eq!(error.unwrap().kind(), io::ErrorKind::NotFound);
}
