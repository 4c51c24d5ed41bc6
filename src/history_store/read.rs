//! Reading what is on disk: no more of it than was asked for, and whatever is in it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::{SEGMENT, segments};
use crate::history::{Entry, Found, MAX_LINE, Selection};

/// How often a pair of files that is renamed meanwhile is opened.
const TRIES: usize = 3;

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the history in {}: {source}", path.display())]
pub struct Unreadable {
    path: PathBuf,
    source: io::Error,
}

/// Reads the newest entries that are wanted, at most 4 MiB of each file. `None` if there is no file.
///
/// May wait for the disk.
pub fn read(directory: &Path, selection: &Selection) -> Result<Option<Found>, Unreadable> {
    let unreadable = |source| Unreadable {
        path: directory.to_owned(),
        source,
    };
    let files = open_both(directory).map_err(unreadable)?;
    if files.iter().all(Option::is_none) {
        return Ok(None);
    }
    let mut found = Found::default();
    for file in files.into_iter().flatten() {
        if !found.more {
            let text = tail(file).map_err(unreadable)?;
            take_newest(&text, selection, &mut found);
        }
    }
    found.entries.reverse();
    Ok(Some(found))
}

/// The newer file first. What was renamed between the two openings would be there twice.
fn open_both(directory: &Path) -> io::Result<[Option<File>; 2]> {
    let [newer, older] = segments(directory);
    for _ in 0..TRIES {
        let both = [open(&newer)?, open(&older)?];
        if let [Some(newer), Some(older)] = &both
            && identity(newer)? == identity(older)?
        {
            continue;
        }
        return Ok(both);
    }
    Ok([None, open(&older)?])
}

fn identity(file: &File) -> io::Result<(u64, u64)> {
    file.metadata().map(|file| (file.dev(), file.ino()))
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The end of a file. A line that begins before it is not taken for one.
fn tail(mut file: File) -> io::Result<Vec<u8>> {
    let start = file.metadata()?.len().saturating_sub(SEGMENT);
    file.seek(SeekFrom::Start(start))?;
    let mut text = Vec::new();
    file.take(SEGMENT).read_to_end(&mut text)?;
    if start > 0 {
        let first = text.iter().position(|byte| *byte == b'\n');
        text.drain(..first.unwrap_or(text.len()));
    }
    Ok(text)
}

/// Newest first, up to the limit.
fn take_newest(text: &[u8], selection: &Selection, found: &mut Found) {
    for line in text.rsplit(|byte| *byte == b'\n') {
        if line.is_empty() {
            continue;
        }
        let entry = Some(line).filter(|line| line.len() <= MAX_LINE);
        match entry.and_then(Entry::parse) {
            None => found.unreadable += 1,
            Some(entry) if !selection.takes(&entry) => {}
            Some(_) if found.entries.len() == selection.limit() => {
                found.more = true;
                return;
            }
            Some(entry) => found.entries.push(entry),
        }
    }
}

#[cfg(test)]
mod tests;
