//! Looks at files, each on a thread of its own and one at a time: a file system that hangs holds up nobody else, and
//! takes no second thread.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::Outcome;
use super::finding::{Finding, timed};
use super::threads::THREADS;
use crate::dns::Failure;

/// A way to look.
#[derive(Debug)]
pub(super) struct Disk<T> {
    /// At what.
    target: Arc<T>,
    look: fn(&T) -> Finding,
    turn: Arc<Semaphore>,
}

impl<T: Send + Sync + 'static> Disk<T> {
    pub(super) fn new(target: T, look: fn(&T) -> Finding) -> Self {
        Self {
            target: Arc::new(target),
            look,
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Looks once.
    pub(super) async fn run(&self, timeout: Duration) -> Outcome {
        let silence = || {
            Finding::unknown(format!(
                "the prober waits for a file system that has not answered within {timeout:?}"
            ))
        };
        timed(timeout, self.look(), silence).await
    }

    async fn look(&self) -> Result<Finding, Failure> {
        let broke_down = || Failure::Prober("broke down while it looked at a file".to_owned());
        let turn = Arc::clone(&self.turn).acquire_owned().await;
        let turn = turn.map_err(|_| broke_down())?;
        let (target, look) = (Arc::clone(&self.target), self.look);
        let looking = THREADS.run(move || {
            let found = look(&target);
            drop(turn);
            found
        });
        looking.await.map_err(|_| broke_down())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;
    use crate::health::Verdict;

    /// A file system that answers when it is told to, and how often it was asked.
    struct Slow {
        answers: Mutex<Receiver<()>>,
        asked: Mutex<usize>,
    }

    fn ask(slow: &Slow) -> Finding {
        *slow.asked.lock().unwrap() += 1;
        slow.answers.lock().unwrap().recv().unwrap();
        Finding::pass("there")
    }

    fn slow() -> (Disk<Slow>, Sender<()>) {
        let (answer, answers) = channel();
        let slow = Slow {
            answers: Mutex::new(answers),
            asked: Mutex::new(0),
        };
        (Disk::new(slow, ask), answer)
    }

    #[tokio::test]
    async fn a_file_system_that_hangs_is_unknown_and_asked_once() {
        let (disk, answer) = slow();
        for _ in 0..3 {
            let outcome = disk.run(Duration::from_millis(20)).await;
            assert_eq!(outcome.verdict, Verdict::Unknown);
            assert!(outcome.is_silence);
            let detail = "the prober waits for a file system that has not answered within 20ms";
            assert_eq!(outcome.detail, detail);
        }
        assert_eq!(*disk.target.asked.lock().unwrap(), 1);
        answer.send(()).unwrap();
        answer.send(()).unwrap();
        let outcome = disk.run(Duration::from_mins(1)).await;
        assert_eq!(outcome.verdict, Verdict::Pass);
    }
}
