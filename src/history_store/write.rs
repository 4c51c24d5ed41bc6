//! Writing, in a thread of its own: whoever records an event never waits for the disk.

use std::fs::{DirBuilder, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::{SEGMENT, read, segments};
use crate::files::open_plain;
use crate::history::{Entry, Event, Memory, Record, Selection};

/// So many events wait for the disk; more are not written.
const QUEUE: usize = 1024;

/// What is written at a time, in bytes, give or take a line.
const BATCH: usize = 64 * 1024;

/// Between two attempts to write while the disk takes nothing and nothing happens.
const RETRY: Duration = Duration::from_secs(5);

/// A disk that takes so long for a batch hangs.
const HANGS: Duration = Duration::from_secs(5);

/// Owner and group.
const FILE_MODE: u32 = 0o640;
const DIRECTORY_MODE: u32 = 0o750;

/// Where records go. The thread ends after the last one when this is dropped.
#[derive(Debug)]
pub struct Writer {
    directory: PathBuf,
    queue: SyncSender<Arc<Record>>,
    state: Arc<Mutex<State>>,
}

/// What both sides know.
#[derive(Debug, Default)]
struct State {
    /// What is not on disk, and is not told there either.
    gap: Option<Gap>,
    /// Since when the thread waits for the disk.
    waits: Option<Instant>,
}

#[derive(Debug, Clone)]
struct Gap {
    missing: u64,
    since: Timestamp,
    because: String,
}

impl Writer {
    /// Starts the thread. It gives `remember` the newest records on disk first, oldest of them first; the
    /// receiver hears of its end.
    pub fn start(
        directory: &Path,
        remember: impl FnOnce(Vec<Record>) + Send + 'static,
    ) -> (Self, oneshot::Receiver<()>) {
        let (queue, records) = sync_channel(QUEUE);
        let (end, ended) = oneshot::channel();
        let state = Arc::new(Mutex::new(State::default()));
        let disk = Disk {
            directory: directory.to_owned(),
            state: Arc::clone(&state),
        };
        let work = move || {
            remember(disk.newest());
            disk.work(&records);
            // Whoever waited may be gone.
            let _ = end.send(());
        };
        // Without a thread the queue has no other end, and everything counts as missing.
        if let Err(error) = thread::Builder::new().name("history".into()).spawn(work) {
            tracing::error!(%error, "cannot start the thread that writes the history");
        }
        let writer = Self {
            directory: directory.to_owned(),
            queue,
            state,
        };
        (writer, ended)
    }

    /// Passes a record on, or counts it as missing. Never waits.
    pub fn append(&self, record: &Arc<Record>) {
        let because = match self.queue.try_send(Arc::clone(record)) {
            Ok(()) => return,
            Err(TrySendError::Full(_)) => "the disk is too slow",
            Err(TrySendError::Disconnected(_)) => "the thread that writes has ended",
        };
        lose(&self.state, 1, record.at, because);
    }

    /// Why something is missing on disk, and what to do; `None` if nothing is.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let directory = self.directory.display();
        let state = lock(&self.state);
        if let Some(gap) = &state.gap {
            let Gap {
                missing,
                since,
                because,
            } = gap;
            return Some(format!(
                "the history in {directory} misses {missing} events since {since:.0}: {because}; \
                 the newest are in memory until the daemon ends; see that the disk has room and can be written"
            ));
        }
        let waited = state.waits.map(|since| since.elapsed())?;
        (waited > HANGS).then(|| {
            format!(
                "the history in {directory} cannot be written: the disk has hung for {} s; see the kernel's log",
                waited.as_secs()
            )
        })
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts, and tells the log the first time.
fn lose(state: &Mutex<State>, missing: u64, since: Timestamp, because: &str) {
    let mut state = lock(state);
    if let Some(gap) = &mut state.gap {
        gap.missing += missing;
        return;
    }
    state.gap = Some(Gap {
        missing,
        since,
        because: because.to_owned(),
    });
    drop(state);
    tracing::error!(
        error = because,
        "the history on disk misses events from here on"
    );
}

/// The side of the thread.
struct Disk {
    directory: PathBuf,
    state: Arc<Mutex<State>>,
}

impl Disk {
    /// What was recorded last; nothing if that cannot be read.
    fn newest(&self) -> Vec<Record> {
        let newest = Selection {
            since: None,
            service: None,
            limit: Memory::CAPACITY,
        };
        let found = self.timed(|| read(&self.directory, &newest));
        let entries = match found {
            Ok(found) => found.unwrap_or_default().entries,
            Err(error) => {
                tracing::warn!(%error, "the history begins anew in memory");
                Vec::new()
            }
        };
        let known = |entry| match entry {
            Entry::Known(record) => Some(record),
            Entry::Unknown(_) => None,
        };
        entries.into_iter().filter_map(known).collect()
    }

    /// Writes until nobody is left who could send.
    fn work(&self, records: &Receiver<Arc<Record>>) {
        while let Some(mut batch) = self.next(records) {
            let mut text = Vec::new();
            for record in &batch {
                push(&mut text, record);
            }
            while text.len() < BATCH
                && let Ok(record) = records.try_recv()
            {
                push(&mut text, &record);
                batch.push(record);
            }
            self.write(&batch, &text);
        }
        self.write(&[], &[]);
    }

    /// The next record to write; none now and then while there is a gap to tell of. `None` at the end.
    fn next(&self, records: &Receiver<Arc<Record>>) -> Option<Vec<Arc<Record>>> {
        if lock(&self.state).gap.is_none() {
            return records.recv().ok().map(|record| vec![record]);
        }
        match records.recv_timeout(RETRY) {
            Ok(record) => Some(vec![record]),
            Err(RecvTimeoutError::Timeout) => Some(Vec::new()),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    /// One write for the whole batch, after a record of what is missing before it.
    fn write(&self, batch: &[Arc<Record>], text: &[u8]) {
        let gap = lock(&self.state).gap.clone();
        let mut whole = Vec::new();
        if let Some(gap) = &gap {
            push(&mut whole, &gap.record());
        }
        whole.extend_from_slice(text);
        if whole.is_empty() {
            return;
        }
        match self.timed(|| append(&self.directory, &whole)) {
            Ok(()) => self.told(gap.as_ref()),
            Err(error) => {
                let since = batch.first().map_or_else(Timestamp::now, |first| first.at);
                lose(&self.state, batch.len() as u64, since, &error.to_string());
            }
        }
    }

    /// The gap stands in the file; what was lost since begins another one.
    fn told(&self, gap: Option<&Gap>) {
        let Some(gap) = gap else { return };
        let mut state = lock(&self.state);
        let lost = state
            .gap
            .as_ref()
            .map_or(0, |now| now.missing - gap.missing);
        state.gap = (lost > 0).then(|| Gap {
            missing: lost,
            since: Timestamp::now(),
            because: gap.because.clone(),
        });
        drop(state);
        let missing = gap.missing;
        tracing::info!(missing, "the history is written to disk again");
    }

    /// Does something that may wait for the disk, so that the other side knows.
    fn timed<T>(&self, work: impl FnOnce() -> T) -> T {
        lock(&self.state).waits = Some(Instant::now());
        let result = work();
        lock(&self.state).waits = None;
        result
    }
}

impl Gap {
    fn record(&self) -> Record {
        Record {
            at: Timestamp::now(),
            event: Event::HistoryGap {
                missing: self.missing,
                since: self.since,
                because: self.because.clone(),
            },
        }
    }
}

/// One line. A record that has no JSON form does not exist: no key of a map, no number is odd.
fn push(text: &mut Vec<u8>, record: &Record) {
    if let Ok(line) = serde_json::to_vec(record) {
        text.extend_from_slice(&line);
        text.push(b'\n');
    }
}

/// Appends whole lines, or nothing.
///
/// The file is opened each time, so that one that was deleted or replaced is made anew. It is not synced: a
/// power cut takes the last seconds, which the log of the host has too, and in turn no event makes the disk work
/// that the DNS server shares.
fn append(directory: &Path, lines: &[u8]) -> io::Result<()> {
    let [newer, older] = segments(directory);
    let mut file = match open(&newer) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new()
                .recursive(true)
                .mode(DIRECTORY_MODE)
                .create(directory)?;
            open(&newer)?
        }
        file => file?,
    };
    let mut size = file.metadata()?.len();
    if size > 0 && size + lines.len() as u64 > SEGMENT {
        std::fs::rename(&newer, &older)?;
        (file, size) = (open(&newer)?, 0);
    }
    write_lines(&mut file, size, lines)
}

fn write_lines(file: &mut File, size: u64, lines: &[u8]) -> io::Result<()> {
    if is_torn(file, size)? {
        file.write_all(b"\n")?;
    }
    file.write_all(lines).inspect_err(|_| {
        // What is left of it otherwise is ended by the next one.
        let _ = file.set_len(size);
    })
}

/// Appends a record for a daemon that does not run. Returns whether there was a file with room for it: none is made,
/// for its owner might keep the daemon from it.
///
/// May wait for the disk.
pub fn add(directory: &Path, record: &Record) -> io::Result<bool> {
    let [newer, _] = segments(directory);
    // Root may be the one who adds, and the directory is not root's.
    let mut file = match open_plain(File::options().read(true).append(true), &newer) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file?,
    };
    let mut line = Vec::new();
    push(&mut line, record);
    let size = file.metadata()?.len();
    if size + line.len() as u64 > SEGMENT {
        return Ok(false);
    }
    write_lines(&mut file, size, &line)?;
    Ok(true)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).read(true).append(true).mode(FILE_MODE);
    open_plain(&mut options, path)
}

/// Whether the last line has no end: a crash, or a disk that was full in the middle.
fn is_torn(file: &mut File, size: u64) -> io::Result<bool> {
    if size == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(size - 1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests;
