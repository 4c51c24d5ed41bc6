//! What BIRD and the actuators report, taken into the controller's state.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::FamilyId;
use super::actuator::Attempt;
use super::controller::Controller;
use super::family::FamilyState;
use super::poller::{ExportId, Poll};
use super::service::ServiceState;
use crate::bird::client;
use crate::config::Config;
use crate::history::{self, Event};
use crate::reconcile::{FamilyView, ProtocolView, Seen};

/// A file system that does not answer.
const HANGS: &str = "the intent files and BIRD's configuration cannot be read: their file system hangs, or no file \
                     descriptors are left. What is announced goes on by commands alone";

impl Controller {
    pub(super) fn on_poll(&mut self, poll: Result<Poll, client::Error>, now: Instant) {
        match poll {
            Ok(mut poll) => {
                let is_back = self.bird.error.take().is_some() || self.bird.poll.is_none();
                if is_back {
                    let version = poll.said.daemon.version.clone();
                    self.record(Event::BirdAnswers { version });
                    self.bird_is_back.send_modify(|count| *count += 1);
                }
                let hangs = poll.files.is_none().then(|| HANGS.to_owned());
                self.on_problem("files", hangs);
                // Positions of another configuration; the next poll is under way.
                if !Arc::ptr_eq(&poll.config, &self.config) {
                    poll.files = None;
                }
                let changed = self.observe(&poll, is_back);
                self.holds
                    .observe(&poll, Arc::ptr_eq(&poll.config, &self.config));
                self.watch_sessions(&poll);
                self.bird.poll = Some(poll);
                self.settle_changed(&changed, now);
            }
            Err(error) => {
                self.bird.is_gone = error.is_no_bird();
                if self.bird.is_gone {
                    self.sessions.on_loss_of_bird();
                }
                let error = error.to_string();
                if self.bird.error.as_ref() != Some(&error) {
                    self.record(Event::BirdLost {
                        error: error.clone(),
                    });
                }
                self.bird.error = Some(error);
                self.bird.exports.clear();
                self.forget();
                self.settle_all(now);
            }
        }
        self.hold_flapping(now, Timestamp::now());
        self.on_work_of_poller();
    }

    /// Answers about exports, by their positions in this configuration.
    pub(super) fn on_exports(
        &mut self,
        config: &Arc<Config>,
        answers: Vec<(ExportId, Option<bool>)>,
    ) {
        if Arc::ptr_eq(config, &self.config) {
            self.bird.exports.extend(answers);
        }
        self.on_work_of_poller();
    }

    /// Nobody knows what BIRD does.
    fn forget(&mut self) {
        for family in self
            .services
            .iter_mut()
            .flat_map(|service| &mut service.families)
        {
            (family.view.normal.seen, family.view.drain.seen) = (Seen::Unknown, Seen::Unknown);
        }
        self.holds.forget();
    }

    /// Settles these services, and all that are not as they should be.
    fn settle_changed(&mut self, changed: &HashSet<usize>, now: Instant) {
        for service in 0..self.services.len() {
            let families = &self.services[service].families;
            if changed.contains(&service) || !families.iter().all(FamilyState::is_at_rest) {
                self.settle_service(service, now);
            }
        }
    }

    /// Takes what is known now. The services of which something else is known than before; where BIRD `is_back`, all
    /// is looked at.
    fn observe(&mut self, poll: &Poll, is_back: bool) -> HashSet<usize> {
        let last = self.bird.poll.as_ref().filter(|_| !is_back);
        let same = last.filter(|last| last.says_the_same(poll));
        let mut changed = HashSet::new();
        let is_current = Arc::ptr_eq(&poll.config, &self.config);
        let files = poll.files.as_deref();
        let protected = files.and_then(|files| files.protected.as_deref());
        for (position, (id, family)) in all_families(&mut self.services).enumerate() {
            // It is known already, unless something was done since.
            if same.is_some_and(|last| family.changed < last.began) {
                continue;
            }
            let before = (family.view, family.protected);
            let names = &family.names;
            if is_current {
                family.protected = names.each_ref().map(|name| Some(protected?.contains(name)));
            }
            if family.changed < poll.began {
                let known = [family.view.normal.intent, family.view.drain.intent];
                let intents = files
                    .and_then(|files| files.intents.get(position))
                    .unwrap_or(&known);
                let [normal, drain] = [0, 1].map(|twin: usize| ProtocolView {
                    seen: poll.said.seen(&names[twin]),
                    intent: intents[twin],
                });
                family.view = FamilyView { normal, drain };
            }
            if before != (family.view, family.protected) {
                changed.insert(id.service);
            }
        }
        changed
    }

    pub(super) fn on_actuated(&mut self, id: FamilyId, attempt: Attempt, now: Instant) {
        let service = self.config.services[id.service].name.to_string();
        let family = &mut self.services[id.service].families[id.family];
        let kind = family.family;
        family.apply(&attempt.done, now);
        self.compare(id, now);
        let family = &mut self.services[id.service].families[id.family];
        match attempt.error {
            None => {
                if let Some((state, took)) = family.confirm(now) {
                    self.record(Event::Confirmed {
                        service,
                        family: kind,
                        state,
                        milliseconds: history::milliseconds(took),
                    });
                }
                // What was exported before is not known to be so still.
                for (export, question) in self.questions.iter().enumerate() {
                    if question.family == id {
                        self.bird.exports.remove(&export);
                    }
                }
                // A full queue means a poll is due anyway.
                let _ = self.poll_requests.try_send(id);
            }
            Some(error) => {
                if family.error.replace(error.clone()).as_ref() != Some(&error) {
                    self.record(Event::Failed {
                        service,
                        family: kind,
                        error,
                    });
                }
            }
        }
    }
}

/// Every family of every service, with its position.
fn all_families(
    services: &mut [ServiceState],
) -> impl Iterator<Item = (FamilyId, &mut FamilyState)> {
    let services = services.iter_mut().enumerate();
    services.flat_map(|(service, state)| {
        let families = state.families.iter_mut().enumerate();
        families.map(move |(family, state)| (FamilyId { service, family }, state))
    })
}
