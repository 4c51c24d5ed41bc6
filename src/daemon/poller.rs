//! Asks BIRD for its state, every `bird.poll_interval` and when told to, over a connection that may not change anything.
//! Before that it looks at the files: what lies about there is told also while BIRD does not answer.

use std::collections::{HashSet, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::address::Mailbox;
use super::disk::{Disk, Found};
use super::{Event, FamilyId, Report};
use crate::bird::client::{Client, Error};
use crate::bird::command::Command;
use crate::bird::survey::Watch;
use crate::bird::table;
use crate::config::{Announcement, Config, Neighbor};
use crate::flap::hint::Md5;
use crate::hold::DropIn;
use crate::model::Prefix;
use crate::observed::Survey;
use crate::reconcile::Intent;

/// Between two attempts to reach BIRD: doubles from the first to the last.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// So many questions about exports a poll: one costs BIRD 0.1 ms, or up to 66 ms for 3.x with 500,000
/// routes, and us 0.05 ms (measured). Those of what was changed a moment ago are the first.
const EXPORTS_A_POLL: usize = 16;

/// And so long at most: the next poll must not wait for them.
const EXPORTS_TIME: Duration = Duration::from_millis(250);

/// How long the disk may take; what it says then is too late for this poll.
pub(super) const FILES_TIME: Duration = Duration::from_millis(500);

/// How long BIRD may take for all answers of a poll. Each has a deadline of its own that is shorter; a BIRD that only
/// just meets that every time is of no use, and the watchdog waits for the end of the poll.
pub(super) const POLL_TIME: Duration = Duration::from_secs(6);

/// What BIRD and the disk said.
pub(super) struct Poll {
    /// Which configuration the files were read for: positions are of that one.
    pub(super) config: Arc<Config>,
    /// When the questions began: what was done since is not in the answers.
    pub(super) began: Instant,
    /// BIRD.
    pub(super) said: Survey,
    /// The disk; `None` if it does not answer, or cannot be asked for want of descriptors.
    pub(super) files: Option<Arc<Files>>,
}

impl Poll {
    /// Whether it knows nothing of any protocol or file but what the other knew.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        let files = self.files.as_ref().zip(other.files.as_ref());
        Arc::ptr_eq(&self.config, &other.config)
            && self.said.shares_states(&other.said)
            && files.is_some_and(|(files, others)| Arc::ptr_eq(files, others))
    }
}

/// What is on the disk.
#[derive(PartialEq)]
pub(super) struct Files {
    /// The intent files of the normal protocol and its twin, in the order of [`families`].
    pub(super) intents: Vec<[Intent; 2]>,
    /// The drop-ins of the sessions, in the order of [`sessions`].
    pub(super) drop_ins: Vec<DropIn>,
    /// Protocols whose intent file or drop-in BIRD's configuration includes; `None` if it cannot be read.
    pub(super) protected: Option<Arc<HashSet<String>>>,
    /// What the kernel has refused because of TCP MD5 signatures; `None` if it does not say.
    pub(super) md5: Option<Md5>,
}

/// A prefix at a session, by its position in [`exports`].
pub(super) type ExportId = usize;

/// A prefix at a session.
pub(super) struct ExportQuestion {
    /// Whose prefix it is.
    pub(super) family: FamilyId,
    /// The BGP protocol.
    pub(super) session: String,
    /// The prefix.
    pub(super) prefix: Prefix,
    /// The protocols that may announce it.
    protocols: [String; 2],
}

/// Every announcement that is meant.
pub(super) fn exports(config: &Config) -> Vec<ExportQuestion> {
    let announcements = config.announcements().into_iter();
    let question = |Announcement {
                        service,
                        prefix,
                        session,
                    }| {
        let (spec, own) = (&config.services[service], Prefix::family(prefix));
        let family = spec.families().position(|family| family == own)?;
        Some(ExportQuestion {
            family: FamilyId { service, family },
            session,
            prefix,
            protocols: spec.protocols(own),
        })
    };
    announcements.filter_map(question).collect()
}

/// Polls for ever. A request polls at once and asks for the exports of that family first; a new configuration polls
/// at once too. It is taken between two polls, never in the middle of an answer: BIRD 3.4.0 was seen to crash when
/// its reader went away there.
///
/// Holds `talking` while it waits for an answer.
pub(super) async fn run(
    mut address: Mailbox<Arc<Config>>,
    talking: Arc<Mutex<()>>,
    mut requests: mpsc::Receiver<FamilyId>,
    events: mpsc::Sender<Event>,
) -> Infallible {
    let mut poller = Poller::new(address.id(), talking, events);
    let mut backoff = BACKOFF.0;
    loop {
        let poll = poller.poll().await;
        let failed = poll.is_err();
        let report = |_| Report::Polled(Box::new(poll));
        address.send(report).await;
        if failed {
            poller.client = None;
            let _ = timeout(backoff, poller.other_config(&mut address)).await;
            backoff = (backoff * 2).min(BACKOFF.1);
            continue;
        }
        backoff = BACKOFF.0;
        let (config, exports) = (Arc::clone(&poller.config), poller.ask_exports().await);
        let report = |_| Report::Exports(config, exports);
        address.send(report).await;
        let interval = poller.config.bird.poll_interval.duration();
        tokio::select! {
            () = poller.other_config(&mut address) => {}
            Some(family) = requests.recv() => {
                poller.prefer(family);
                while let Ok(family) = requests.try_recv() {
                    poller.prefer(family);
                }
            }
            () = sleep(interval) => {}
        }
    }
}

struct Poller {
    config: Arc<Config>,
    talking: Arc<Mutex<()>>,
    client: Option<Client>,
    /// The last look at the files. One that hangs is never joined by a second.
    reading: Option<JoinHandle<Found>>,
    disk: Arc<Lock<Disk>>,
    events: mpsc::Sender<Event>,
    watch: Watch,
    /// How the protocols of all sessions are named.
    detailed: Option<String>,
    questions: Vec<ExportQuestion>,
    /// Which export to ask about next: a round, with preference.
    due: VecDeque<ExportId>,
}

impl Poller {
    fn new(config: Arc<Config>, talking: Arc<Mutex<()>>, events: mpsc::Sender<Event>) -> Self {
        let questions = exports(&config);
        Self {
            watch: Watch::default(),
            detailed: pattern(sessions(&config)),
            due: (0..questions.len()).collect(),
            questions,
            disk: Arc::new(Lock::new(Disk::new(Arc::clone(&config)))),
            events,
            config,
            talking,
            client: None,
            reading: None,
        }
    }

    /// Waits for another configuration, and goes on with that.
    async fn other_config(&mut self, address: &mut Mailbox<Arc<Config>>) {
        let config = loop {
            let config = address.id();
            if !Arc::ptr_eq(&config, &self.config) {
                break config;
            }
            address.changed().await;
        };
        self.questions = exports(&config);
        self.due = (0..self.questions.len()).collect();
        self.detailed = pattern(sessions(&config));
        self.config = config;
    }

    async fn poll(&mut self) -> Result<Poll, Error> {
        let began = Instant::now();
        let files = self.read_files().await;
        let talk = timeout(POLL_TIME, self.talk());
        let said = talk.await.unwrap_or(Err(Error::Slow(POLL_TIME)))?;
        Ok(Poll {
            config: Arc::clone(&self.config),
            began,
            said,
            files,
        })
    }

    async fn talk(&mut self) -> Result<Survey, Error> {
        let _talking = self.talking.lock().await;
        let client = match &mut self.client {
            Some(client) => client,
            None => self
                .client
                .insert(Client::connect_restricted(&self.config.bird.socket).await?),
        };
        self.watch.ask(client, self.detailed.as_deref()).await
    }

    /// Off the runtime's thread: a file system that hangs must not keep probes waiting, nor what BIRD says.
    async fn read_files(&mut self) -> Option<Arc<Files>> {
        if self
            .reading
            .as_ref()
            .is_some_and(|reading| !reading.is_finished())
        {
            return None;
        }
        let config = Arc::clone(&self.config);
        let disk = Arc::clone(&self.disk);
        let reading = self.reading.insert(tokio::task::spawn_blocking(move || {
            // Nobody else looks meanwhile.
            let mut disk = disk.lock().unwrap_or_else(PoisonError::into_inner);
            disk.look(&config)
        }));
        let (files, leftovers) = timeout(FILES_TIME, reading).await.ok()?.ok()?;
        // The queue is closed only when the daemon stops.
        let _ = self.events.send(Event::Leftovers(leftovers)).await;
        files.ok()
    }

    async fn ask_exports(&mut self) -> Vec<(ExportId, Option<bool>)> {
        let began = Instant::now();
        let count = self.due.len().min(EXPORTS_A_POLL);
        let mut answers = Vec::with_capacity(count);
        while answers.len() < count && began.elapsed() < EXPORTS_TIME {
            let Some(id) = self.due.pop_front() else {
                break;
            };
            self.due.push_back(id);
            answers.push((id, self.ask_export(id).await));
        }
        answers
    }

    /// `None` if BIRD does not say: the session is down, or the connection is.
    async fn ask_export(&mut self, id: ExportId) -> Option<bool> {
        let _talking = self.talking.lock().await;
        let question = &self.questions[id];
        let command = Command::ShowRouteExport {
            prefix: question.prefix,
            session: question.session.clone(),
        };
        match self.client.as_mut()?.ask(&command).await {
            Ok(reply) => {
                let exporting = table::exporting_protocols(&reply);
                Some(
                    exporting
                        .iter()
                        .any(|name| question.protocols.contains(name)),
                )
            }
            Err(error) => {
                tracing::debug!(%error, "no answer about exports");
                self.client = None;
                None
            }
        }
    }

    /// A position of a configuration that is not taken yet prefers another family, which costs nothing.
    fn prefer(&mut self, family: FamilyId) {
        let (first, rest): (Vec<_>, Vec<_>) = self
            .due
            .iter()
            .copied()
            .partition(|id| self.questions[*id].family == family);
        self.due = first.into_iter().chain(rest).collect();
    }
}

/// Every family of every service with the names of its protocol and of its drained twin.
pub(super) fn families(config: &Config) -> impl Iterator<Item = (FamilyId, [String; 2])> {
    config
        .services
        .iter()
        .enumerate()
        .flat_map(|(service, spec)| {
            spec.families()
                .enumerate()
                .map(move |(family, kind)| (FamilyId { service, family }, spec.protocols(kind)))
        })
}

/// Every protocol that may have an intent file or a drop-in.
pub(super) fn names(config: &Config) -> impl Iterator<Item = String> {
    config.protocols().flatten().chain(sessions(config))
}

/// The BGP protocols of all sessions, in the order of the configuration.
pub(super) fn sessions(config: &Config) -> impl Iterator<Item = String> {
    let sessions = config.neighbors.iter().flat_map(Neighbor::named_sessions);
    sessions.map(|(name, _)| name)
}

/// What all these names, and few others, are like; `None` without names.
fn pattern(mut names: impl Iterator<Item = String>) -> Option<String> {
    let mut common = names.next()?;
    for name in names {
        let same = |(left, right): &(u8, u8)| left == right;
        let length = common.bytes().zip(name.bytes()).take_while(same).count();
        // Names of protocols are ASCII; of anything else, nothing is in common.
        common.truncate(if common.is_char_boundary(length) {
            length
        } else {
            0
        });
    }
    Some(common + "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_of_the_sessions_matches_each() {
        let pattern = |names: &[&str]| pattern(names.iter().map(|name| (*name).to_owned()));
        assert_eq!(pattern(&[]), None);
        assert_eq!(pattern(&["edge"]).as_deref(), Some("edge*"));
        assert_eq!(
            pattern(&["bgp_tor1_v4", "bgp_tor2_v6", "bgp_tor1_v4_2"]).as_deref(),
            Some("bgp_tor*")
        );
        assert_eq!(pattern(&["bgp_tor1_v4", "edge"]).as_deref(), Some("*"));
    }
}
