use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::history::MAX_ENTRIES;

fn record(number: usize) -> Arc<Record> {
    let at = Timestamp::from_second(number.try_into().unwrap()).unwrap();
    let error = format!("number {number}");
    let event = Event::BirdLost { error };
    Arc::new(Record { at, event })
}

fn state_directory() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state");
    (directory, path)
}

/// What is on disk: the numbers of records, and of gaps how many they tell of.
fn on_disk(directory: &Path) -> (Vec<i64>, Vec<u64>) {
    let all = Selection {
        since: None,
        service: None,
        limit: MAX_ENTRIES,
    };
    let found = read(directory, &all).unwrap().unwrap_or_default();
    assert_eq!(found.unreadable, 0);
    let (mut numbers, mut gaps) = (Vec::new(), Vec::new());
    for entry in found.entries {
        match entry {
            Entry::Known(Record {
                event: Event::HistoryGap { missing, .. },
                ..
            }) => gaps.push(missing),
            entry => numbers.push(entry.at().as_second()),
        }
    }
    (numbers, gaps)
}

/// Everything is written when this returns.
fn finish(writer: Writer, ended: oneshot::Receiver<()>) {
    drop(writer);
    ended.blocking_recv().unwrap();
}

fn start(directory: &Path) -> (Writer, oneshot::Receiver<()>) {
    Writer::start(directory, |_| {})
}

#[test]
fn records_are_on_disk_when_the_writer_has_ended() {
    let (_keep, directory) = state_directory();
    let (writer, ended) = start(&directory);
    (0..500).for_each(|number| writer.append(&record(number)));
    assert_eq!(writer.problem(), None);
    finish(writer, ended);
    assert_eq!(on_disk(&directory), ((0..500).collect(), vec![]));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    // Fewer rights where the umask says so.
    assert_eq!(mode(&directory.join("history.jsonl")) & !FILE_MODE, 0);
    assert_eq!(mode(&directory) & !DIRECTORY_MODE, 0);
}

#[test]
fn the_next_start_remembers_the_newest() {
    let (_keep, directory) = state_directory();
    let (writer, ended) = start(&directory);
    (0..1500).for_each(|number| {
        // Never more than the queue takes.
        while writer.queue.try_send(record(number)).is_err() {
            thread::yield_now();
        }
    });
    finish(writer, ended);
    let (remembered, before) = std::sync::mpsc::channel();
    let (writer, ended) =
        Writer::start(&directory, move |records| remembered.send(records).unwrap());
    writer.append(&record(1500));
    let before = before.recv().unwrap();
    finish(writer, ended);
    let seconds: Vec<_> = before.iter().map(|record| record.at.as_second()).collect();
    assert_eq!(seconds, (500..1500).collect::<Vec<_>>());
}

#[test]
fn two_files_of_bounded_size_are_all_there_is() {
    let (_keep, directory) = state_directory();
    fs::create_dir(&directory).unwrap();
    let mut text = Vec::new();
    let mut number = 0;
    for _ in 0..150 {
        text.clear();
        while text.len() < BATCH {
            push(&mut text, &record(number));
            number += 1;
        }
        append(&directory, &text).unwrap();
    }
    let sizes = segments(&directory).map(|path| path.metadata().unwrap().len());
    assert!(sizes.iter().all(|size| *size <= SEGMENT), "{sizes:?}");
    assert_eq!(directory.read_dir().unwrap().count(), 2);
    let (numbers, _) = on_disk(&directory);
    let last = i64::try_from(number).unwrap() - 1;
    assert_eq!(numbers.len(), MAX_ENTRIES);
    assert_eq!(numbers.last(), Some(&last));
}

#[test]
fn a_torn_line_is_ended_and_the_next_one_whole() {
    let (_keep, directory) = state_directory();
    let mut text = Vec::new();
    push(&mut text, &record(1));
    append(&directory, &text).unwrap();
    let path = directory.join("history.jsonl");
    let torn = [&text[..], &text[..text.len() / 2]].concat();
    fs::write(&path, &torn).unwrap();
    append(&directory, &text).unwrap();
    let wanted = [&torn[..], b"\n", &text].concat();
    assert_eq!(fs::read(&path).unwrap(), wanted);
}

#[test]
fn a_disk_that_takes_nothing_is_told_of_and_the_gap_too() {
    let (_keep, directory) = state_directory();
    // Not even root makes a directory of a file.
    fs::write(&directory, "in the way").unwrap();
    let (writer, ended) = start(&directory);
    (0..3).for_each(|number| writer.append(&record(number)));
    while writer
        .problem()
        .is_none_or(|problem| !problem.contains("misses 3 events"))
    {
        thread::yield_now();
    }
    let problem = writer.problem().unwrap();
    assert!(problem.contains("since 1970-01-01T00:00:00Z"), "{problem}");
    fs::remove_file(&directory).unwrap();
    writer.append(&record(3));
    while writer.problem().is_some() {
        thread::yield_now();
    }
    finish(writer, ended);
    assert_eq!(on_disk(&directory), (vec![3], vec![3]));
}

#[test]
fn a_disk_that_hangs_delays_nobody() {
    let (_keep, directory) = state_directory();
    fs::create_dir(&directory).unwrap();
    let path = directory.join("history.jsonl");
    // A pipe without a reader hangs whoever opens it, as a dead disk would.
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let (writer, ended) = start(&directory);
    (0..QUEUE + 10).for_each(|number| writer.append(&record(number)));
    let problem = writer.problem().unwrap();
    assert!(problem.contains("the disk is too slow"), "{problem}");
    // Somebody repairs it: the pipe goes before the hung open returns, or the writer could find it once more.
    let aside = directory.join("aside");
    fs::rename(&path, &aside).unwrap();
    drop(File::options().read(true).write(true).open(&aside).unwrap());
    fs::remove_file(&aside).unwrap();
    finish(writer, ended);
    let (numbers, gaps) = on_disk(&directory);
    assert_eq!(
        u64::try_from(numbers.len()).unwrap() + gaps.iter().sum::<u64>(),
        QUEUE as u64 + 10
    );
}

/// Root adds to it where no daemon runs, in a directory that is the daemon's.
#[test]
fn nothing_is_added_through_a_link() {
    let (_keep, directory) = state_directory();
    fs::create_dir(&directory).unwrap();
    let (path, other) = (directory.join("history.jsonl"), directory.join("other"));
    fs::write(&other, "precious").unwrap();
    std::os::unix::fs::symlink(&other, &path).unwrap();
    assert!(add(&directory, &record(1)).is_err());
    assert!(append(&directory, b"{}\n").is_err());
    assert_eq!(fs::read_to_string(&other).unwrap(), "precious");
    fs::remove_file(&path).unwrap();
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(
        add(&directory, &record(1)).is_err(),
        "and nobody waits for a pipe"
    );
}
