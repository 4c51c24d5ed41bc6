//! The end of processes that have left the group of the program which started them: daemons, which begin a session of
//! their own. They inherit its environment, so a mark in there finds them; only one that has cleared it gets away.

use std::fs::{self, File};
use std::io::Read as _;
use std::thread;
use std::time::Duration;

use memchr::memmem;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::probe::proc;

/// While one is being killed, it may start another: so often is looked again.
const ROUNDS: usize = 10;

/// Between two looks. Also one that is killed takes a moment to be gone.
const PAUSE: Duration = Duration::from_millis(5);

/// More of an environment is not read. Linux puts what was added last in no certain place.
const LONGEST: u64 = 1 << 20;

/// Kills every process of this user with this mark in its environment. Reads `/proc`, if numbers there are ours.
pub(super) fn kill_marked(mark: &str) {
    if !proc::is_ours() {
        return;
    }
    for _ in 0..ROUNDS {
        let marked = marked(mark);
        if marked.is_empty() {
            return;
        }
        for process in marked {
            // It may be gone by itself.
            let _gone = kill(process, Signal::SIGKILL);
        }
        thread::sleep(PAUSE);
    }
}

/// A process that has ended has no environment any more.
fn marked(mark: &str) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let finder = memmem::Finder::new(mark.as_bytes());
    let processes = entries.flatten().filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        let mut environment = Vec::new();
        let file = File::open(entry.path().join("environ")).ok()?;
        // Those of other users cannot be read, and were not started by us.
        file.take(LONGEST).read_to_end(&mut environment).ok()?;
        let has = finder.find(&environment).is_some();
        has.then_some(Pid::from_raw(number))
    });
    processes.collect()
}
