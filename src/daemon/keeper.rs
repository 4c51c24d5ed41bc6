//! Keeps the orders in force on the disk, beside the controller: an order never waits for a disk.
//!
//! One writer, and the newest state wins: whatever was to be written before it is not written any more.

use std::convert::Infallible;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;

use super::Event;
use crate::files::write_orders;
use crate::overrides::{Orders, to_text};

/// Between two attempts to write.
const RETRY: Duration = Duration::from_secs(2);

/// How long a disk may take before it is told.
const SLOW: Duration = Duration::from_secs(5);

/// How long the answer to an operator waits for the disk.
const ANSWER: Duration = Duration::from_millis(1500);

/// The orders in force, and their number in the order of time.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// Counts up with each change.
    pub(super) generation: u64,
    /// What is to be on the disk.
    pub(super) orders: Orders,
}

/// How far the disk is.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    /// Which state was written last, or tried.
    generation: u64,
    /// Why it is not on the disk.
    error: Option<String>,
}

/// The writer.
pub(super) struct Keeper {
    /// Where the file goes.
    pub(super) directory: PathBuf,
    /// What is to be on the disk.
    pub(super) wanted: watch::Receiver<Wanted>,
    /// How far the disk is.
    pub(super) kept: watch::Sender<Kept>,
    /// Where problems go.
    pub(super) events: mpsc::Sender<Event>,
}

impl Keeper {
    /// Writes every state that is not overtaken by a newer one, until it is on the disk.
    pub(super) async fn run(mut self) -> Infallible {
        loop {
            if self.wanted.changed().await.is_err() {
                // The controller ends, and the daemon with it.
                return pending().await;
            }
            while !self.keep().await {
                // Whether time passed or there is something newer, it is tried again.
                let _ = timeout(RETRY, self.wanted.changed()).await;
            }
        }
    }

    /// True if the newest state is on the disk.
    async fn keep(&mut self) -> bool {
        let Wanted { generation, orders } = self.wanted.borrow_and_update().clone();
        let directory = self.directory.clone();
        let work = tokio::task::spawn_blocking(move || write(&directory, &orders));
        let error = self.outcome(work).await.err();
        let is_kept = error.is_none();
        let _ = self.events.send(Event::OrdersKept(error.clone())).await;
        self.kept.send_replace(Kept { generation, error });
        is_kept
    }

    /// A write cannot be called off, and a second one could be overtaken by it: there is only waiting.
    async fn outcome(&self, mut work: JoinHandle<Result<(), String>>) -> Result<(), String> {
        if let Ok(ended) = timeout(SLOW, &mut work).await {
            return flatten(ended);
        }
        let (path, time) = (self.directory.display(), SLOW.as_secs());
        let error = format!("{path} has not taken them for more than {time} s");
        let _ = self.events.send(Event::OrdersKept(Some(error))).await;
        flatten(work.await)
    }
}

fn flatten(ended: Result<Result<(), String>, JoinError>) -> Result<(), String> {
    ended.unwrap_or_else(|error| Err(error.to_string()))
}

fn write(directory: &Path, orders: &Orders) -> Result<(), String> {
    if orders.is_empty() {
        return write_orders(directory, None).map_err(|error| error.to_string());
    }
    let text = to_text(orders).map_err(|error| error.to_string())?;
    write_orders(directory, Some(&text)).map_err(|error| error.to_string())
}

/// Why the state of that number is not on the disk; waits for the disk, for a while.
pub(super) async fn not_kept(mut kept: watch::Receiver<Kept>, generation: u64) -> Option<String> {
    let is_there = |kept: &Kept| kept.generation >= generation;
    if let Ok(Ok(kept)) = timeout(ANSWER, kept.wait_for(is_there)).await {
        return kept.error.clone();
    }
    let time = ANSWER.as_millis();
    Some(format!("the disk has not confirmed it within {time} ms"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::files::read_orders;
    use crate::overrides::{Kind, Override};

    fn orders(by: &str) -> Orders {
        let order = Override {
            kind: Kind::Drain,
            reason: None,
            by: by.to_owned(),
            since: "2026-11-22T21:00:00Z".parse().unwrap(),
            until: None,
        };
        Orders::from([("resolver".to_owned(), order)])
    }

    /// Everything that a keeper talks to.
    struct Desk {
        root: tempfile::TempDir,
        wanted: watch::Sender<Wanted>,
        kept: watch::Receiver<Kept>,
        events: mpsc::Receiver<Event>,
    }

    fn desk() -> Desk {
        let root = tempfile::tempdir().unwrap();
        let (wanted, (kept, kept_then)) =
            (watch::Sender::default(), watch::channel(Kept::default()));
        let (sender, events) = mpsc::channel(64);
        let keeper = Keeper {
            directory: root.path().join("state"),
            wanted: wanted.subscribe(),
            kept,
            events: sender,
        };
        tokio::spawn(keeper.run());
        Desk {
            root,
            wanted,
            kept: kept_then,
            events,
        }
    }

    impl Desk {
        fn want(&self, generation: u64, orders: Orders) {
            self.wanted.send_replace(Wanted { generation, orders });
        }

        async fn told(&mut self) -> Option<String> {
            match self.events.recv().await {
                Some(Event::OrdersKept(error)) => error,
                _ => panic!("it tells nothing else"),
            }
        }
    }

    #[tokio::test]
    async fn the_newest_state_is_on_the_disk_before_it_is_told() {
        let mut desk = desk();
        let directory = desk.root.path().join("state");
        for generation in 1..=20 {
            desk.want(generation, orders(&generation.to_string()));
        }
        assert_eq!(not_kept(desk.kept.clone(), 20).await, None);
        assert_eq!(read_orders(&directory).unwrap(), orders("20"));
        assert_eq!(desk.told().await, None);
        desk.want(21, Orders::new());
        assert_eq!(not_kept(desk.kept.clone(), 21).await, None);
        assert_eq!(fs::read_dir(directory).unwrap().count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_told_and_tried_again_until_it_succeeds() {
        let mut desk = desk();
        let directory = desk.root.path().join("state");
        fs::write(&directory, "in the way").unwrap();
        desk.want(1, orders("alice"));
        assert!(desk.told().await.unwrap().contains("state"));
        assert!(not_kept(desk.kept.clone(), 1).await.is_some());
        assert!(desk.told().await.is_some(), "it goes on telling");
        fs::remove_file(&directory).unwrap();
        while desk.told().await.is_some() {}
        assert_eq!(read_orders(&directory).unwrap(), orders("alice"));
        assert_eq!(not_kept(desk.kept.clone(), 1).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_answer_does_not_wait_for_ever() {
        let (_kept, never) = watch::channel(Kept::default());
        let error = not_kept(never, 1).await.unwrap();
        assert!(error.contains("has not confirmed it"), "{error}");
    }
}
