//! What BIRD does because of files that nobody configured looks after: protocols of services that were removed or
//! renamed go on being announced, with nobody who would withdraw them, and sessions stay disabled.
//!
//! Every look at the directory tells of such files; and a reload tells of what was not down for certain, because no file
//! tells of a withdrawal that BIRD has yet to confirm, nor of what a full disk could not take. Each file is taken away
//! from BIRD, its protocol is switched and read back, and that is tried after every look until BIRD confirms.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::actuator::Connection;
use super::controller::Controller;
use super::poller::names;
use crate::config::Config;
use crate::history;
use crate::intent::{self, Kind, Leftover};
use crate::leftover;
use crate::switch::{Error, on_disk};

/// So many files are known at a time; others are found when these are done.
const MOST: usize = 1024;

/// What is wrong with orphans, among the problems of the daemon.
const PART: &str = "orphans";

/// Every orphan that BIRD has not confirmed yet, by its protocol.
#[derive(Default)]
pub(super) struct Orphans {
    states: BTreeMap<String, State>,
    /// Why the directory cannot be listed.
    unreadable: Option<String>,
}

struct State {
    leftover: Leftover,
    began: Instant,
    /// Whether BIRD can no longer read the file.
    is_retired: bool,
    /// The attempt under way.
    motion: Option<CancellationToken>,
    error: Option<String>,
}

/// What an attempt came to.
pub(super) struct Attempt {
    is_retired: bool,
    error: Option<String>,
}

/// One attempt at one orphan.
struct Sweeper {
    leftover: Leftover,
    config: Arc<Config>,
    connections: Arc<Semaphore>,
    events: mpsc::Sender<super::Event>,
}

impl Sweeper {
    /// Tries, unless it is called off.
    async fn run(self, called_off: CancellationToken) {
        let attempt = tokio::select! {
            () = called_off.cancelled() => return,
            attempt = self.attempt() => attempt,
        };
        let name = self.leftover.name.to_string();
        // The queue is closed only when the daemon stops.
        let _ = self.events.send(super::Event::Swept(name, attempt)).await;
    }

    /// A file that cannot be moved does not keep the command from BIRD.
    async fn attempt(&self) -> Attempt {
        let retired = on_disk(self.leftover.file.clone(), intent::retire).await;
        let is_retired = retired.is_ok();
        let done = match (retired, self.tell().await) {
            (Ok(()), Ok(())) => on_disk(self.leftover.file.clone(), intent::settle).await,
            (Err(error), _) | (_, Err(error)) => Err(error),
        };
        Attempt {
            is_retired,
            error: done.err().map(|error| error.to_string()),
        }
    }

    async fn tell(&self) -> Result<(), Error> {
        let mut connection = Connection::open(&self.config, &self.connections).await?;
        leftover::switch(&mut connection.client, &self.leftover).await
    }
}

impl Orphans {
    /// Those that a stop has to wait for. A BIRD that `is_gone` starts without what it can no longer read.
    pub(super) fn open(&self, is_gone: bool) -> impl Iterator<Item = &str> {
        let open = self
            .states
            .iter()
            .filter(move |(_, state)| !(is_gone && state.is_retired));
        open.map(|(name, _)| name.as_str())
    }

    /// Whether BIRD can read none of their files.
    pub(super) fn are_retired(&self) -> bool {
        self.states.values().all(|state| state.is_retired)
    }

    fn problem(&self) -> Option<String> {
        if let Some(error) = &self.unreadable {
            return Some(format!(
                "{error}. What services that are no longer configured have left there cannot be seen, and may be \
                 announced; see that it can be read"
            ));
        }
        let failed = |(name, state): (&String, &State)| Some((name.clone(), state.error.clone()?));
        let failed: Vec<_> = self.states.iter().filter_map(failed).collect();
        let (name, error) = failed.first()?;
        let others = match failed.len() {
            1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        Some(format!(
            "{name}{others} is not configured, and what BIRD does with it could not be ended yet: {error}"
        ))
    }
}

impl Controller {
    /// A look at the directory, or a part of it.
    pub(super) fn on_leftovers(&mut self, found: io::Result<Vec<Leftover>>, now: Instant) {
        match found {
            Ok(found) => {
                self.orphans.unreadable = None;
                let room = MOST.saturating_sub(self.orphans.states.len());
                let states = &self.orphans.states;
                let is_new = |found: &Leftover| !states.contains_key(found.name.as_str());
                let found = found.into_iter().filter(is_new).take(room).collect();
                self.adopt(found, now);
            }
            // What is there is uncertain; what was found before is not.
            Err(error) => {
                let directory = self.config.bird.intent_dir.display();
                self.orphans.unreadable = Some(format!("cannot list {directory}: {error}"));
            }
        }
        self.sweep();
        self.tell_of_orphans();
    }

    /// Another configuration is in force. Of what BIRD did for the one before, that is an orphan which nobody looks after
    /// now, whether a file tells of it or not; and what is configured again is none any more.
    pub(super) fn leave(&mut self, unfinished: Vec<Leftover>, now: Instant) {
        self.adopt(unfinished, now);
        self.sweep();
        self.tell_of_orphans();
    }

    /// Whatever was found may be from before something else was configured.
    fn adopt(&mut self, found: Vec<Leftover>, now: Instant) {
        if found.is_empty() && self.orphans.states.is_empty() {
            return;
        }
        let known = known(&self.config);
        self.orphans.states.retain(|name, state| {
            let is_orphan = !known.contains(name);
            if let Some(motion) = state.motion.as_ref().filter(|_| !is_orphan) {
                motion.cancel();
            }
            is_orphan
        });
        for leftover in found {
            let name = leftover.name.to_string();
            if known.contains(&name) || self.orphans.states.contains_key(&name) {
                continue;
            }
            self.record(history::Event::OrphanFound {
                protocol: name.clone(),
                because: because(leftover.kind).to_owned(),
            });
            let state = State {
                leftover,
                began: now,
                is_retired: false,
                motion: None,
                error: None,
            };
            self.orphans.states.insert(name, state);
        }
    }

    /// Sets an attempt to work on each that has none.
    fn sweep(&mut self) {
        for state in self.orphans.states.values_mut() {
            if state.motion.is_some() {
                continue;
            }
            let connections = match state.leftover.kind {
                Kind::Announces => &self.withdrawals,
                Kind::Holds => &self.announcements,
            };
            let sweeper = Sweeper {
                leftover: state.leftover.clone(),
                config: Arc::clone(&self.config),
                connections: Arc::clone(connections),
                events: self.events.clone(),
            };
            let call_off = CancellationToken::new();
            self.actuators.spawn(sweeper.run(call_off.clone()));
            state.motion = Some(call_off);
        }
    }

    /// An attempt has ended. What it could not do is tried again after the next look.
    pub(super) fn on_swept(&mut self, name: String, attempt: Attempt, now: Instant) {
        let Some(state) = self.orphans.states.get_mut(&name) else {
            return;
        };
        state.motion = None;
        state.is_retired = attempt.is_retired;
        let is_done = attempt.error.is_none();
        state.error = attempt.error;
        let took = now.saturating_duration_since(state.began);
        if is_done {
            self.orphans.states.remove(&name);
            self.record(history::Event::OrphanEnded {
                protocol: name,
                milliseconds: history::milliseconds(took),
            });
        }
        self.tell_of_orphans();
    }

    fn tell_of_orphans(&mut self) {
        let problem = self.orphans.problem();
        self.on_problem(PART, problem);
    }
}

/// Every protocol that has somebody who looks after its file.
pub(super) fn known(config: &Config) -> HashSet<String> {
    names(config).collect()
}

fn because(kind: Kind) -> &'static str {
    match kind {
        Kind::Announces => "BIRD may announce it, and no configured service has it: withdrawing it",
        Kind::Holds => {
            "BIRD may keep it disabled for us, and no configured neighbor has it: enabling it"
        }
    }
}
