//! Answers what was recorded: from the files, and from memory where those lack something.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::Event;
use super::record::Recalled;
use crate::control::Response;
use crate::history::{Found, History, Origin, Record, Selection};
use crate::history_store;

/// How long the files may take before the answer goes out without them.
const DEADLINE: Duration = Duration::from_secs(2);

/// So many read at a time: a disk that hangs must not take the threads that others need.
const READERS: usize = 2;

/// The way to the history.
#[derive(Clone)]
pub(super) struct Recall {
    directory: PathBuf,
    readers: Arc<Semaphore>,
    events: mpsc::Sender<Event>,
}

impl Recall {
    /// Of the daemon whose controller listens to `events`.
    pub(super) fn new(directory: PathBuf, events: mpsc::Sender<Event>) -> Self {
        Self {
            directory,
            readers: Arc::new(Semaphore::new(READERS)),
            events,
        }
    }

    /// Never by the runtime's own thread: 10,000 records take milliseconds.
    pub(super) async fn answer(self, selection: Selection) -> Response {
        let (reply, recalled) = oneshot::channel();
        // Either fails only while the daemon stops.
        let _ = self.events.send(Event::Recall(reply)).await;
        let Ok(Recalled { records, problem }) = recalled.await else {
            return Response::Error("the daemon is stopping".to_owned());
        };
        let read = self.clone().read(selection.clone(), records.clone());
        let (mut history, unread) = match timeout(DEADLINE, read).await {
            Ok(Ok(history)) => (history, None),
            Ok(Err(error)) => (in_memory(&selection, &records), Some(error)),
            Err(_) => {
                let waited = format!("the disk did not answer within {} s", DEADLINE.as_secs());
                (in_memory(&selection, &records), Some(waited))
            }
        };
        let unread = unread.map(|error| format!("{error}; only what is in memory is shown"));
        history.problem = unread.or(problem);
        Response::History(Box::new(history))
    }

    async fn read(
        self,
        selection: Selection,
        records: Vec<Arc<Record>>,
    ) -> Result<History, String> {
        let permit = self.readers.acquire_owned().await;
        let read = move || {
            let _permit = permit;
            let found = history_store::read(&self.directory, &selection)?.unwrap_or_default();
            Ok(merge(&selection, found, &records))
        };
        match spawn_blocking(read).await {
            Ok(read) => read.map_err(|error: history_store::Unreadable| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn in_memory(selection: &Selection, records: &[Arc<Record>]) -> History {
    merge(selection, Found::default(), records)
}

fn merge(selection: &Selection, found: Found, records: &[Arc<Record>]) -> History {
    History::new(Timestamp::now(), Origin::Daemon, selection, found, records)
}
