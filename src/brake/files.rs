//! The files, for so long at most: a disk that hangs must not keep anybody from BIRD.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::Target;
use crate::files::DiskError;
use crate::intent::{self, Leftover, Look};
use crate::reconcile::Intent;

/// How long all files together may take before BIRD is asked without them.
const DEADLINE: Duration = Duration::from_secs(2);

/// What was found and could be done.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Every file of ours; BIRD can no longer read those that no problem names.
    pub(super) leftovers: Vec<Leftover>,
    /// What could not be done.
    pub(super) problems: Vec<String>,
}

/// Takes all files of ours away from BIRD. Those that a disk has not given by then are not among them.
pub(super) async fn retire(target: &Target) -> Found {
    let found = Arc::new(Mutex::new(Found::default()));
    let work = {
        let (target, found) = (target.clone(), Arc::clone(&found));
        spawn_blocking(move || retire_all(&target, &found))
    };
    let ended = timeout(DEADLINE, work).await.is_ok();
    let mut found = std::mem::take(&mut *lock(&found));
    if !ended {
        found.problems.push(hangs(&target.intent_dir));
    }
    found
}

fn hangs(directory: &Path) -> String {
    format!(
        "{} could not be cleared within {} s: its file system hangs. BIRD announces again what still has a file there \
         when it next reads its configuration",
        directory.display(),
        DEADLINE.as_secs()
    )
}

fn lock(found: &Mutex<Found>) -> MutexGuard<'_, Found> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
}

fn retire_all(target: &Target, found: &Mutex<Found>) {
    // What is named after a configured protocol is ours, whatever somebody has made of it.
    for name in &target.protocols {
        let file = target.intent_dir.join(format!("{name}.conf"));
        if intent::read(&file) == Intent::Foreign {
            note(found, intent::remove(&file));
        }
    }
    let mut look = Look::new(&target.intent_dir);
    loop {
        match look.turn(SystemTime::now(), |_| false) {
            Ok(leftovers) => {
                for leftover in leftovers {
                    note(found, intent::retire(&leftover.file));
                    lock(found).leftovers.push(leftover);
                }
            }
            Err(error) => {
                let directory = target.intent_dir.display();
                lock(found).problems.push(format!(
                    "cannot list {directory}: {error}. BIRD announces again what has a file there when it next reads \
                     its configuration"
                ));
                return;
            }
        }
        if look.is_complete() {
            return;
        }
    }
}

fn note(found: &Mutex<Found>, result: Result<(), DiskError>) {
    if let Err(error) = result {
        lock(found).problems.push(format!(
            "{error}. BIRD does what it says again when it next reads its configuration"
        ));
    }
}

/// BIRD has been told: removes the notes. Returns what could not be done.
pub(super) async fn settle(leftovers: Vec<Leftover>) -> Option<String> {
    let work = spawn_blocking(move || {
        let mut results = leftovers.iter().map(|one| intent::settle(&one.file));
        results.find_map(Result::err)
    });
    let failed = timeout(DEADLINE, work).await.ok()?.ok()?;
    failed.map(|error| format!("{error}. It tells the next start to do again what is done"))
}
