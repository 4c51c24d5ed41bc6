//! The bounded queue between those who log and the thread that writes.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use jiff::Timestamp;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

use super::Format;
use super::event::Lines;
use super::line::{Level, Line};
use super::sink::Sink;

/// Writes out what waits when it is dropped, for up to a second.
#[must_use = "what still waits is written out when the guard is dropped"]
#[derive(Debug)]
pub struct Guard(#[expect(dead_code, reason = "held for its end")] WorkerGuard);

/// Starts the thread.
pub(super) fn start(format: Format, sink: Sink, places: usize) -> (Lines, Guard) {
    let places = Places::new(places);
    let worker = Worker {
        format,
        sink,
        places: places.clone(),
        told: 0,
    };
    let (queue, guard) = NonBlockingBuilder::default()
        // One more for the guard's own message: without a place for that it would print to standard output,
        // which may hang as well.
        .buffered_lines_limit(places.most + 1)
        .lossy(true)
        .finish(worker);
    let lines = Lines {
        format,
        places,
        queue,
    };
    (lines, Guard(guard))
}

/// The places of the queue, counted here rather than by the queue: it has one that is not for lines.
#[derive(Clone)]
pub(super) struct Places {
    most: usize,
    taken: Arc<AtomicUsize>,
    lost: Arc<AtomicU64>,
}

impl Places {
    fn new(most: usize) -> Self {
        Self {
            most,
            taken: Arc::default(),
            lost: Arc::default(),
        }
    }

    /// Takes a place for a line, or counts it as lost.
    pub(super) fn take(&self) -> bool {
        let one_more = |taken| (taken < self.most).then_some(taken + 1);
        let taken = self
            .taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
        if taken.is_err() {
            self.lose();
        }
        taken.is_ok()
    }

    fn free(&self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
    }

    fn lose(&self) {
        self.lost.fetch_add(1, Ordering::AcqRel);
    }

    /// How many lines are not written yet.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }

    fn lost(&self) -> u64 {
        self.lost.load(Ordering::Acquire)
    }
}

/// What the thread does with the lines.
struct Worker {
    format: Format,
    sink: Sink,
    places: Places,
    /// So many of the lost lines have been told of.
    told: u64,
}

/// Each buffer is a line; none of it is an error to the thread, which would skip [`Worker::flush`] then.
impl Write for Worker {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.sink.put(line).is_err() {
            self.places.lose();
        }
        self.places.free();
        Ok(line.len())
    }

    /// The thread calls this when nothing waits any more: those that were lost would have been next.
    fn flush(&mut self) -> io::Result<()> {
        let lost = self.places.lost();
        if lost > self.told {
            let line = lost_line(lost - self.told);
            if self.sink.put(&self.format.encode(&line)).is_ok() {
                self.told = lost;
            }
        }
        Ok(())
    }
}

fn lost_line(lines: u64) -> Line {
    Line {
        time: Timestamp::now(),
        level: Level::Warn,
        message: "lines are missing here: nobody took them in time".to_owned(),
        fields: vec![("lines", lines.into())],
    }
}
