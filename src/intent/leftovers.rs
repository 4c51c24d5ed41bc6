//! Files of ours that nobody looks after any more: of services and sessions that were removed or renamed while no
//! daemon ran, or by a reload. BIRD goes on doing what they say.
//!
//! Such a file is first *retired*: under another name, which BIRD does not read and which nothing can keep from
//! being given, it remembers that BIRD has yet to be told, also over a crash. It is removed when BIRD has confirmed.
//!
//! What counts as ours: a plain file, named after a protocol, that says what we write to the letter. Everything else
//! in the directory stays as it is.

use std::ffi::OsStr;
use std::fs::{self, DirEntry, ReadDir};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{CONTENT, HELD, content, is_absent, remove};
use crate::descriptors::is_shortage;
use crate::files::{DiskError, Stamp, disk_error};
use crate::model::ProtocolName;

/// So many entries of the directory a turn: more is not ours, and must not take a poll's time.
const ENTRIES: usize = 2048;

/// A write takes milliseconds: what is left of one after so long was interrupted.
const INTERRUPTED: Duration = Duration::from_secs(10);

/// The endings of names.
const LIVE: &str = "conf";
const RETIRED: &str = "retired";
const PARTIAL: &str = "partial";

/// What a file has BIRD do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Announce: an intent file.
    Announces,
    /// Keep a session disabled: a drop-in.
    Holds,
}

/// A file of ours that nobody looks after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leftover {
    /// The protocol that it is named after.
    pub(crate) name: ProtocolName,
    /// What it says.
    pub(crate) kind: Kind,
    /// Where it is, or was before it was retired.
    pub(crate) file: PathBuf,
}

/// Looks through the directory, in turns where there is too much in it for one.
#[derive(Debug)]
pub(crate) struct Look {
    directory: PathBuf,
    /// What is left of the pass that goes on.
    pass: Option<Pass>,
    /// The directory as it was when a pass found nothing in it but what is looked after.
    quiet: Option<Stamp>,
}

/// One pass through the directory.
#[derive(Debug)]
struct Pass {
    entries: ReadDir,
    /// The directory before the first entry was read, as long as nothing else was found in it; `None` also where that
    /// was changed a moment before.
    quiet: Option<Stamp>,
}

impl Look {
    /// Nothing is read yet.
    pub(crate) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            pass: None,
            quiet: None,
        }
    }

    /// Whether all of the directory has been seen.
    pub(crate) fn is_complete(&self) -> bool {
        self.pass.is_none()
    }

    /// Goes on for a turn at `now`: what was found of protocols that are not `known`. No directory, nothing found; and
    /// nothing new in one that has not changed since there was nothing in it but files of protocols that are `known`.
    ///
    /// On the way it removes what says nothing to anybody: remains of interrupted writes, and retired files of protocols
    /// that are known again.
    pub(crate) fn turn(
        &mut self,
        now: SystemTime,
        known: impl Fn(&str) -> bool,
    ) -> io::Result<Vec<Leftover>> {
        let begun = match self.pass.take() {
            Some(pass) => Some(pass),
            None => self.begin(now)?,
        };
        let Some(mut pass) = begun else {
            return Ok(Vec::new());
        };
        let mut found: Vec<Leftover> = Vec::new();
        for _ in 0..ENTRIES {
            let Some(entry) = pass.entries.next() else {
                self.quiet = pass.quiet;
                return Ok(found);
            };
            let Some(named) = Named::of(&entry?) else {
                continue;
            };
            let is_known = known(named.name.as_str());
            if is_known && named.ending == Ending::Live {
                continue;
            }
            // What it says may change without the directory, and so may its age.
            pass.quiet = None;
            found.extend(named.take(is_known)?);
        }
        self.pass = Some(pass);
        Ok(found)
    }

    /// A pass, if there is anything to be seen in it.
    fn begin(&mut self, now: SystemTime) -> io::Result<Option<Pass>> {
        let before = self.quiet.take();
        let stamp = match Stamp::of(&self.directory) {
            Err(error) if is_absent(&error) => return Ok(None),
            stamp => stamp?,
        };
        if before == Some(stamp) {
            self.quiet = before;
            return Ok(None);
        }
        match fs::read_dir(&self.directory) {
            Err(error) if is_absent(&error) => Ok(None),
            entries => Ok(Some(Pass {
                entries: entries?,
                quiet: stamp.is_settled(now).then_some(stamp),
            })),
        }
    }
}

/// What the ending of a file's name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Live,
    Retired,
    Partial,
}

/// An entry that is named as ours are.
struct Named {
    name: ProtocolName,
    ending: Ending,
    path: PathBuf,
}

impl Named {
    fn of(entry: &DirEntry) -> Option<Self> {
        let path = entry.path();
        let ending = match path.extension().and_then(OsStr::to_str)? {
            LIVE => Ending::Live,
            RETIRED => Ending::Retired,
            PARTIAL => Ending::Partial,
            _ => return None,
        };
        let name = path.file_stem()?.to_str()?.parse().ok()?;
        Some(Self { name, ending, path })
    }

    /// What it is, if that is for others to care about. A file that may not be read is not ours; an error only where
    /// nothing can be read, for want of descriptors.
    fn take(self, is_known: bool) -> io::Result<Option<Leftover>> {
        match kind(&self.path) {
            Err(error) if is_shortage(&error) => Err(error),
            kind => Ok(self.judge(kind.ok().flatten(), is_known)),
        }
    }

    fn judge(self, kind: Option<Kind>, is_known: bool) -> Option<Leftover> {
        match self.ending {
            Ending::Partial => {
                if is_interrupted(&self.path) {
                    discard(&self.path);
                }
                None
            }
            Ending::Retired if is_known => {
                if kind.is_some() {
                    discard(&self.path);
                }
                None
            }
            Ending::Live | Ending::Retired => Some(Leftover {
                kind: kind?,
                file: self.path.with_extension(LIVE),
                name: self.name,
            }),
        }
    }
}

/// It says nothing to anybody: if it stays, it stays.
fn discard(path: &Path) {
    if let Err(error) = remove(path) {
        tracing::debug!(%error, "a file that says nothing stays");
    }
}

/// What a file of ours says; `None` if it is not ours.
fn kind(path: &Path) -> io::Result<Option<Kind>> {
    Ok(match plain(path)?.as_deref() {
        Some(content) if content == CONTENT.as_bytes() => Some(Kind::Announces),
        Some(content) if content == HELD.as_bytes() => Some(Kind::Holds),
        _ => None,
    })
}

/// What stands in a plain file, and not in what a link leads to; nothing if there is none.
fn plain(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::symlink_metadata(path) {
        Ok(file) if file.is_file() => {}
        Ok(_) => return Ok(None),
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    }
    match content(path) {
        Err(error) if is_absent(&error) => Ok(None),
        content => content.map(Some),
    }
}

fn is_interrupted(path: &Path) -> bool {
    let is_part = |content: Vec<u8>| {
        CONTENT.as_bytes().starts_with(&content) || HELD.as_bytes().starts_with(&content)
    };
    let age = || {
        path.symlink_metadata()
            .ok()?
            .modified()
            .ok()?
            .elapsed()
            .ok()
    };
    let is_ours = || plain(path).ok().flatten().is_some_and(is_part);
    age().is_some_and(|age| age > INTERRUPTED) && is_ours()
}

/// Takes a file of ours away from BIRD, and keeps it as a note that BIRD has yet to be told. One that is gone, or has
/// become somebody else's, is left alone.
pub(crate) fn retire(file: &Path) -> Result<(), DiskError> {
    if kind(file).map_err(disk_error("read", file))?.is_none() {
        return Ok(());
    }
    match fs::rename(file, file.with_extension(RETIRED)) {
        Err(failure) if is_absent(&failure) => Ok(()),
        // The note is worth less than that BIRD does not read the file.
        Err(failure) => remove(file).map_err(|_| disk_error("retire", file)(failure)),
        Ok(()) => Ok(()),
    }
}

/// BIRD has been told: removes the note.
pub(crate) fn settle(file: &Path) -> Result<(), DiskError> {
    let note = file.with_extension(RETIRED);
    if kind(&note).map_err(disk_error("read", &note))?.is_some() {
        remove(&note)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
