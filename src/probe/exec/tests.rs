//! Real programs that end, hang, leave others behind and talk too much.

use std::fs;
use std::path::Path;

use nix::sys::signal::kill;
use nix::unistd::Pid;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::*;
use crate::config::ExitCodes;
use crate::health::Verdict;

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(30);

fn exec(command: &[&str]) -> Exec {
    Exec::new(&ExecCheck {
        command: command.iter().map(|word| word.parse().unwrap()).collect(),
        environment: vec!["GREETING=good = day".parse().unwrap()],
        exit_codes: ExitCodes::Plain,
    })
}

fn script(text: &str) -> Exec {
    exec(&["/bin/sh", "-c", text])
}

/// Waits until no process of this number is left, or only what nobody has buried yet.
async fn ended(process: i32) {
    let deadline = Instant::now() + LONG;
    loop {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let state = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.chars().next());
        if matches!(state, None | Some('Z' | 'X')) || kill(Pid::from_raw(process), None).is_err() {
            return;
        }
        assert!(Instant::now() < deadline, "process {process} lives: {stat}");
        sleep(Duration::from_millis(5)).await;
    }
}

fn number(file: &Path) -> i32 {
    fs::read_to_string(file).unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn exit_codes_are_verdicts() {
    for (code, verdict) in [
        (0, Verdict::Pass),
        (1, Verdict::Fail),
        (2, Verdict::Unknown),
    ] {
        let outcome = script(&format!("echo said; exit {code}")).run(LONG).await;
        assert_eq!(outcome.verdict, verdict, "{}", outcome.detail);
        assert!(outcome.detail.ends_with("said"), "{}", outcome.detail);
        assert_eq!(outcome.latency.is_some(), verdict != Verdict::Unknown);
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_unknown() {
    let outcome = exec(&["/nonexistent/check"]).run(LONG).await;
    assert_eq!(outcome.verdict, Verdict::Unknown);
    assert!(outcome.is_silence);
    let detail = "the prober cannot run /nonexistent/check: No such file or directory";
    assert!(outcome.detail.starts_with(detail), "{}", outcome.detail);
    let outcome = exec(&["/etc/passwd"]).run(LONG).await;
    assert_eq!(outcome.verdict, Verdict::Unknown, "{}", outcome.detail);
}

/// Nothing of ours but what is written down: no variable, no descriptor, no working directory.
#[tokio::test]
async fn it_inherits_nothing() {
    let outcome = script("env | cut -d= -f1 | sort | paste -sd' '")
        .run(LONG)
        .await;
    assert_eq!(outcome.detail, "ANYCASTCTL_PROBE GREETING LANG PATH PWD");
    let outcome = script("echo $GREETING in $(pwd), $(cat | wc -c)")
        .run(LONG)
        .await;
    assert_eq!(outcome.detail, "good = day in /, 0");
    let open = tempfile::NamedTempFile::new().unwrap();
    let path = open.path().display();
    let text = format!("ls -l /proc/self/fd | grep -c {path}; exit 0");
    assert_eq!(script(&text).run(LONG).await.detail, "0");
}

#[tokio::test]
async fn more_output_than_anybody_wants_is_read_and_forgotten() {
    let text = "echo first; head -c 3000000 /dev/urandom; head -c 300000 /dev/zero >&2; exit 1";
    let outcome = script(text).run(LONG).await;
    assert_eq!(outcome.verdict, Verdict::Fail);
    assert_eq!(outcome.detail, "exit code 1: first");
}

#[tokio::test]
async fn a_child_that_holds_the_output_open_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pid");
    let text = format!("sleep 600 & echo $! > {}; echo done", file.display());
    let outcome = script(&text).run(LONG).await;
    assert_eq!(
        (outcome.verdict, outcome.detail.as_str()),
        (Verdict::Pass, "done")
    );
    // It was of the group, and went with it.
    ended(number(&file)).await;
}

/// Children that ignore SIGTERM, that are orphans, and that have begun a session of their own.
#[tokio::test]
async fn when_the_time_is_over_all_of_it_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().display();
    let text = format!(
        "trap '' TERM HUP INT; (sleep 600 & echo $! > {at}/orphan); \
         (trap '' TERM; sleep 600 & echo $! > {at}/deaf; wait) & \
         setsid sh -c 'echo $$ > {at}/session; exec sleep 600' & \
         echo $$ > {at}/leader; while :; do sleep 1; done"
    );
    let exec = script(&text);
    let names = ["leader", "orphan", "deaf", "session"];
    let is_written = |name: &&str| {
        fs::read_to_string(directory.path().join(name)).is_ok_and(|text| text.ends_with('\n'))
    };
    let mut timeout = SHORT;
    // On a busy machine, not all of them may have begun in time.
    let outcome = loop {
        let outcome = exec.run(timeout).await;
        if names.iter().all(is_written) {
            break outcome;
        }
        assert!(timeout < LONG, "they do not begin");
        timeout *= 2;
    };
    assert_eq!(outcome.verdict, Verdict::Fail);
    let detail = format!("did not end within {timeout:?}, and was killed");
    assert_eq!(outcome.detail, detail);
    for name in names {
        ended(number(&directory.path().join(name))).await;
    }
    // And its place is free again.
    let _turn = exec.turns.next().await.unwrap();
}

/// As when its check is gone from the configuration.
#[tokio::test]
async fn one_that_nobody_waits_for_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pid");
    let exec = script(&format!("echo $$ > {}; exec sleep 600", file.display()));
    let begun = async {
        while !fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n')) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _outcome = exec.run(LONG) => panic!("it sleeps"),
        () = begun => {}
    }
    ended(number(&file)).await;
}

#[tokio::test]
async fn there_are_never_two_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let lock = directory.path().join("lock");
    let text = format!("mkdir {0} || exit 1; sleep 0.05; rmdir {0}", lock.display());
    let exec = script(&text);
    let outcomes = tokio::join!(exec.run(LONG), exec.run(LONG), exec.run(LONG));
    for outcome in [outcomes.0, outcomes.1, outcomes.2] {
        assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.detail);
    }
}

#[tokio::test]
async fn one_that_cannot_be_killed_keeps_its_place_and_fails() {
    let exec = script("exit 0");
    let undead = exec.turns.next().await.unwrap();
    for (stage, detail) in [
        (Stage::Runs, "the last one still runs, so none was started"),
        (
            Stage::Dies,
            "the last one was killed and is not gone yet, so none was started",
        ),
    ] {
        undead.comes_to(stage);
        let outcome = exec.run(Duration::from_millis(20)).await;
        assert_eq!(outcome.verdict, Verdict::Fail);
        assert_eq!(outcome.detail, detail);
    }
}

/// One with a single thread for the disk.
fn narrow_runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let builder = builder.enable_all().max_blocking_threads(1);
    builder.build().unwrap()
}

/// Takes a thread for the disk until what is returned is dropped.
fn taken_thread() -> std::sync::mpsc::Sender<()> {
    let (free, hangs) = std::sync::mpsc::channel();
    drop(spawn_blocking(move || hangs.recv()));
    free
}

/// What several looks find.
async fn found(exec: &Exec, timeouts: &[Duration]) -> Vec<(Verdict, String)> {
    let mut found = Vec::new();
    for timeout in timeouts {
        let outcome = exec.run(*timeout).await;
        assert_eq!(outcome.is_silence, outcome.verdict == Verdict::Unknown);
        found.push((outcome.verdict, outcome.detail));
    }
    found
}

#[test]
fn a_start_that_hangs_is_unknown_however_often_it_is_tried() {
    let exec = script("exit 0");
    let short = Duration::from_millis(20);
    let found = narrow_runtime().block_on(async {
        let thread = taken_thread();
        let mut all = found(&exec, &[short; 4]).await;
        drop(thread);
        all.extend(found(&exec, &[LONG]).await);
        all
    });
    let unknown = |detail: &str| (Verdict::Unknown, detail.to_owned());
    let first = "the prober could not start /bin/sh within 20ms: is the disk slow?";
    let later = "the prober still waits for the last start of /bin/sh: is the disk slow?";
    assert_eq!(found[..2], [unknown(first), unknown(later)]);
    assert_eq!(found[2..4], [unknown(later), unknown(later)]);
    assert_eq!(found[4..], [(Verdict::Pass, "exit code 0".to_owned())]);
}

#[test]
fn one_that_is_gone_is_no_failure_of_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let mark = directory.path().join("mark");
    let text = format!(
        "[ -e {0} ] || {{ : > {0}; exec sleep 600; }}",
        mark.display()
    );
    let exec = script(&text);
    let found = narrow_runtime().block_on(async {
        let begin = async {
            while !mark.exists() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            _outcome = exec.run(LONG) => panic!("it sleeps"),
            () = begin => {}
        }
        let thread = taken_thread();
        let deadline = Instant::now() + LONG;
        while exec.turns.stage() != Stage::Gone {
            assert!(Instant::now() < deadline, "it does not die");
            sleep(Duration::from_millis(5)).await;
        }
        let mut all = found(&exec, &[SHORT]).await;
        drop(thread);
        all.extend(found(&exec, &[LONG]).await);
        all
    });
    let later = "the prober still looks for what the last /bin/sh has left behind";
    let unknown = (Verdict::Unknown, later.to_owned());
    assert_eq!(found, [unknown, (Verdict::Pass, "exit code 0".to_owned())]);
}
