//! Everything noteworthy passes here, once: one structured line in the log each, one on disk, and the newest
//! stay in memory. None of them is waited for.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::controller::Controller;
use crate::history::{Event, Memory, Record};
use crate::history_store::Writer;

/// Keeps what is recorded.
pub(super) struct Recorder {
    /// The newest records, also from before the start.
    pub(super) memory: Memory,
    writer: Writer,
}

/// What is in memory, for somebody who asked.
pub(super) struct Recalled {
    /// Oldest first.
    pub(super) records: Vec<Arc<Record>>,
    /// See [`Recorder::problem`].
    pub(super) problem: Option<String>,
}

impl Recorder {
    /// Begins with an empty memory; what is on disk comes as an event, whenever the disk has it. The receiver
    /// hears when everything is written after this was dropped.
    pub(super) fn start(
        directory: &Path,
        events: mpsc::Sender<super::Event>,
    ) -> (Self, oneshot::Receiver<()>) {
        let remember = move |records| {
            // The queue is closed only when the daemon stops.
            let _ = events.blocking_send(super::Event::Remembered(records));
        };
        let (writer, written) = Writer::start(directory, remember);
        let memory = Memory::default();
        (Self { memory, writer }, written)
    }

    /// Takes what happened before the start.
    pub(super) fn remember(&mut self, before: Vec<Record>) {
        self.memory.remember(before);
    }

    /// Everything in memory.
    pub(super) fn recall(&self) -> Recalled {
        Recalled {
            records: self.memory.records(),
            problem: self.problem(),
        }
    }

    /// Why events are missing on disk, and what to do; `None` if none are.
    pub(super) fn problem(&self) -> Option<String> {
        self.writer.problem()
    }
}

impl Controller {
    /// Takes note of an event.
    pub(super) fn record(&mut self, event: Event) {
        self.noted(&event);
        log(&event);
        let recorder = &mut self.recorder;
        let record = recorder.memory.add(Timestamp::now(), event);
        recorder.writer.append(&record);
    }
}

/// One line, with the event's parts as fields.
fn log(event: &Event) {
    match event {
        Event::Started {
            version,
            node,
            services,
        } => tracing::info!(node, services, version, "started"),
        Event::Reloaded { by, changes } => {
            tracing::info!(by, changes, "a new configuration is in force");
        }
        Event::ReloadRefused { by, because } => tracing::error!(
            by,
            because,
            "the configuration was not taken; the one before stays in force"
        ),
        Event::Stopping { signal, on_stop } => tracing::info!(signal, on_stop, "stopping"),
        Event::Decided {
            service,
            family,
            from,
            to,
            reason,
            evidence: _,
        } => {
            let from = from.map_or_else(|| "as it was".to_owned(), |from| from.to_string());
            tracing::info!(service, %family, from, %to, reason, "decided");
        }
        Event::Confirmed {
            service,
            family,
            state,
            milliseconds,
        } => {
            tracing::info!(service, %family, %state, milliseconds, "BIRD has confirmed");
        }
        Event::Failed {
            service,
            family,
            error,
        } => tracing::error!(service, %family, error, "not done yet; trying on"),
        Event::Changed {
            service,
            family,
            steps,
        } => {
            tracing::warn!(service, %family, steps, "someone else changed the state; putting it back");
        }
        Event::Ordered { service, order } => {
            let until = order.until.map(|until| until.to_string());
            let (kind, by, reason) = (order.kind, &order.by, order.reason.as_deref());
            tracing::warn!(service, %kind, by, until, reason, "an operator gave an order");
        }
        Event::OrderEnded {
            service,
            kind,
            because,
        } => tracing::warn!(service, %kind, because, "an order has ended"),
        Event::OrderRefused {
            by,
            request,
            because,
        } => tracing::warn!(by, request, because, "an order was refused"),
        Event::OrphanFound { protocol, because } => {
            tracing::warn!(
                protocol,
                because,
                "left behind by a service or a neighbor that is no longer configured"
            );
        }
        Event::OrphanEnded {
            protocol,
            milliseconds,
        } => tracing::info!(protocol, milliseconds, "BIRD has confirmed"),
        Event::Flapped { .. }
        | Event::SessionChanged { .. }
        | Event::Flapping { .. }
        | Event::Held { .. } => log_session(event),
        Event::BirdAnswers { .. }
        | Event::BirdLost { .. }
        | Event::BirdRestarted { .. }
        | Event::BirdReconfigured { .. } => log_bird(event),
        // Whoever writes the file has told when it began and when it ended; and no daemon applies the brake.
        Event::HistoryGap { .. } | Event::Braked { .. } => {}
    }
}

fn log_session(event: &Event) {
    match event {
        Event::Flapped {
            session,
            witness,
            cause,
            penalty,
        } => tracing::warn!(session, witness, cause, penalty, "a session was lost"),
        Event::SessionChanged {
            session,
            from,
            to,
            cause,
        } => tracing::info!(session, from, to, cause, "a session changed"),
        Event::Flapping {
            session,
            flapping: true,
            penalty,
        } => tracing::error!(session, penalty, "a session is flapping"),
        Event::Flapping {
            session, penalty, ..
        } => tracing::info!(session, penalty, "a session no longer flaps"),
        Event::Held {
            session,
            held: true,
        } => tracing::error!(session, "a flapping session is kept disabled"),
        Event::Held { session, .. } => tracing::info!(session, "a session is enabled again"),
        _ => {}
    }
}

fn log_bird(event: &Event) {
    match event {
        Event::BirdAnswers { version } => tracing::info!(bird_version = version, "BIRD answers"),
        Event::BirdLost { error } => tracing::error!(
            error,
            "BIRD does not answer; announcements follow the intent files until it does"
        ),
        Event::BirdRestarted { started_at } => {
            let started_at = started_at.map(|time| time.to_string());
            tracing::warn!(started_at, "BIRD was started anew");
        }
        Event::BirdReconfigured { reconfigured_at } => {
            let reconfigured_at = reconfigured_at.map(|time| time.to_string());
            tracing::info!(reconfigured_at, "BIRD has read its configuration");
        }
        _ => {}
    }
}
