//! Whether a process is there that has written its number into a file.
//!
//! A signal of number 0 is sent to nobody and tells whether there is such a process, also to a user who may not send it
//! any other, and where `/proc` hides the processes of others. `/proc` tells more where it may: whether the process is
//! dead and only not yet buried, and what it is called.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::finding::Finding;
use super::proc;
use crate::config::ProcessCheck;

/// A number and a line end fit in, and a disk's worth of something else does not.
const LONGEST_FILE: u64 = 64;

/// Looks.
pub(super) fn look(check: &ProcessCheck) -> Finding {
    let path = check.pidfile.display();
    let number = match read(check) {
        Ok(Some(number)) => number,
        Ok(None) => return Finding::fail(format!("{path} holds no number of a process")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Finding::fail(format!(
                "{path} is not there: its process has not started, or has ended"
            ));
        }
        Err(error) => return Finding::unknown(format!("the prober cannot read {path}: {error}")),
    };
    match kill(Pid::from_raw(number), None) {
        Ok(()) | Err(Errno::EPERM) => living(check, number),
        Err(Errno::ESRCH) => Finding::fail(format!("process {number} of {path} is gone")),
        Err(error) => Finding::unknown(format!(
            "the prober cannot see whether process {number} of {path} is there: {error}"
        )),
    }
}

/// The number in the first line; `None` where it is none of a process.
fn read(check: &ProcessCheck) -> std::io::Result<Option<i32>> {
    let mut text = Vec::new();
    let file = File::open(&check.pidfile)?;
    file.take(LONGEST_FILE).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().next().unwrap_or_default().trim();
    Ok(line.parse().ok().filter(|number| *number > 0))
}

/// What `/proc` tells of a process that there is.
fn living(check: &ProcessCheck, number: i32) -> Finding {
    let path = check.pidfile.display();
    let shown = fs::read(format!("/proc/{number}/stat"));
    let stat = shown.ok().filter(|_| proc::is_ours()).unwrap_or_default();
    let stat = String::from_utf8_lossy(&stat);
    let (name, state) = name_and_state(&stat);
    if matches!(state, Some('Z' | 'X')) {
        return Finding::fail(format!("process {number} of {path} is dead"));
    }
    match (&check.name, name) {
        (Some(wanted), Some(name)) if wanted != name => {
            let name = name.escape_default();
            Finding::fail(format!(
                "process {number} of {path} is {name} and not {wanted}"
            ))
        }
        (Some(wanted), None) => Finding::unknown(format!(
            "the prober cannot see whether process {number} of {path} is {wanted}: /proc does not show it"
        )),
        (Some(_) | None, Some(name)) => {
            Finding::pass(format!("process {number}, {}", name.escape_default()))
        }
        (None, None) => Finding::pass(format!("process {number}")),
    }
}

/// `812 (nsd) S …` (`proc_pid_stat(5)`); the name may hold anything, parentheses as well.
fn name_and_state(stat: &str) -> (Option<&str>, Option<char>) {
    let name = stat
        .split_once('(')
        .and_then(|(_, rest)| rest.rsplit_once(')'));
    let state = name.and_then(|(_, rest)| rest.trim_start().chars().next());
    (name.map(|(name, _)| name), state)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::{Child, Command};

    use super::*;
    use crate::health::Verdict;

    fn verdict(pidfile: &Path, name: Option<&str>) -> (Verdict, String) {
        let finding = look(&ProcessCheck {
            pidfile: pidfile.to_owned(),
            name: name.map(str::to_owned),
        });
        (finding.verdict, finding.detail)
    }

    /// A process that does nothing, and its file.
    fn idle(directory: &Path) -> (Child, std::path::PathBuf) {
        let child = Command::new("sleep").arg("600").spawn().unwrap();
        let file = directory.join("pid");
        fs::write(&file, format!("{}\n", child.id())).unwrap();
        (child, file)
    }

    #[test]
    fn a_process_lives_dies_and_is_buried() {
        let directory = tempfile::tempdir().unwrap();
        let (mut child, file) = idle(directory.path());
        let (number, path) = (child.id(), file.display());
        let lives = (Verdict::Pass, format!("process {number}, sleep"));
        assert_eq!(verdict(&file, None), lives);
        assert_eq!(verdict(&file, Some("sleep")), lives);
        let another = format!("process {number} of {path} is sleep and not nsd");
        assert_eq!(verdict(&file, Some("nsd")), (Verdict::Fail, another));

        // Dead, and nobody has asked how.
        child.kill().unwrap();
        let pid = nix::sys::wait::Id::Pid(Pid::from_raw(number.cast_signed()));
        let flags = nix::sys::wait::WaitPidFlag::WEXITED | nix::sys::wait::WaitPidFlag::WNOWAIT;
        nix::sys::wait::waitid(pid, flags).unwrap();
        let dead = format!("process {number} of {path} is dead");
        assert_eq!(verdict(&file, None), (Verdict::Fail, dead));

        child.wait().unwrap();
        let gone = format!("process {number} of {path} is gone");
        assert_eq!(verdict(&file, None), (Verdict::Fail, gone));
    }

    #[test]
    fn files_without_a_process_fail() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pid");
        let path = file.display();
        let absent = format!("{path} is not there: its process has not started, or has ended");
        assert_eq!(verdict(&file, None), (Verdict::Fail, absent));
        let nothing = format!("{path} holds no number of a process");
        // 0 and negative numbers are groups of processes to kill(2).
        for text in [
            "",
            "\n",
            "0",
            "-1",
            "nsd",
            "99999999999",
            "1x",
            "\0\0",
            "\u{e9}",
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(
                verdict(&file, None),
                (Verdict::Fail, nothing.clone()),
                "{text:?}"
            );
        }
        fs::write(&file, format!("  {}  \nmore", std::process::id())).unwrap();
        assert_eq!(verdict(&file, None).0, Verdict::Pass);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_unknown() {
        let directory = tempfile::tempdir().unwrap();
        let (verdict, detail) = verdict(directory.path(), None);
        assert_eq!(verdict, Verdict::Unknown);
        assert!(detail.starts_with("the prober cannot read "), "{detail}");
    }

    #[test]
    fn names_may_hold_anything() {
        assert_eq!(name_and_state("812 (nsd) S 1"), (Some("nsd"), Some('S')));
        assert_eq!(
            name_and_state("8 (a) Z (b) c) R 1"),
            (Some("a) Z (b) c"), Some('R'))
        );
        for nothing in ["", "8", "8 (a", ")("] {
            assert_eq!(name_and_state(nothing).1, None, "{nothing}");
        }
    }
}
