//! A lab leaves nothing behind, however its test ends.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use lab::{DnsServer, Lab, Result, Software, wait_until};

const ADDRESS: &str = "192.0.2.53";

/// Whoever inherited this variable belongs to the test that set it.
const MARK: &str = "LAB_CLEANUP_MARK";

/// Not a test of its own: the process that the tests below start and end. Its server is frozen, so that
/// it cannot help with its own end.
#[test]
#[ignore = "started by the other tests"]
fn a_lab_until_somebody_ends_it() -> Result<()> {
    let lab = Lab::new(&[ADDRESS])?;
    let server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[ADDRESS])?;
    let _neighbor = lab.start_neighbor(true)?;
    server.process()?.freeze()?;
    std::fs::write(std::env::var("LAB_READY").expect("a path"), "ready")?;
    match std::env::var("LAB_END").as_deref() {
        Ok("panic") => panic!("as ordered"),
        _ => loop {
            std::thread::park();
        },
    }
}

/// The processes that carry a mark, this one not among them.
fn marked(mark: &str) -> Vec<PathBuf> {
    let wanted = format!("{MARK}={mark}");
    let carries = |path: &PathBuf| {
        let environment = std::fs::read(path.join("environ")).unwrap_or_default();
        environment
            .split(|&byte| byte == 0)
            .any(|variable| variable == wanted.as_bytes())
    };
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(carries).collect()
}

/// Starts the lab above in a process of its own, ends that, and waits for the end of everything.
fn leaves_nothing(end: &str) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let ready = directory.path().join("ready");
    let mark = directory.path().display().to_string();
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--exact", "a_lab_until_somebody_ends_it", "--ignored"])
        .env(MARK, &mark)
        .env("LAB_READY", &ready)
        .env("LAB_END", end)
        .env("TMPDIR", directory.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let limit = Duration::from_secs(20);
    wait_until("the lab", limit, || {
        if ready.exists() {
            Ok(())
        } else {
            Err("not ready")
        }
    })?;
    if end == "kill" {
        assert!(
            marked(&mark).len() > 5,
            "the lab should have many processes"
        );
        child.kill()?;
    }
    child.wait()?;
    wait_until("the end of every process", limit, || {
        let left = marked(&mark);
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("{left:?}"))
        }
    })
}

#[test]
fn nothing_is_left_after_a_kill() -> Result<()> {
    leaves_nothing("kill")
}

#[test]
fn nothing_is_left_after_a_panic() -> Result<()> {
    leaves_nothing("panic")
}
