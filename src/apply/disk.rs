//! The two files on disk: bird.conf and the secrets, replaced so that BIRD loads whatever a crash leaves.
//!
//! Everything lies beside the file that it belongs to, under fixed names: one apply at a time holds the
//! lock, so what it finds is what an earlier one left behind.

use std::ffi::OsString;
use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use crate::files::{DiskError, disk_error};

/// Who owns a file, and its mode as in chmod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rights {
    /// The user; `None` for our own.
    pub user: Option<u32>,
    /// The group; `None` for our own.
    pub group: Option<u32>,
    /// The mode.
    pub mode: u32,
}

/// The lock; held until it is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "it is held, not read")] File);

/// Locks the directory of `file`, so that nothing is left behind; `None` if somebody holds the lock.
pub(super) fn lock(file: &Path) -> Result<Option<Lock>, DiskError> {
    let directory = directory(file);
    let handle = File::open(directory).map_err(disk_error("open", directory))?;
    match handle.try_lock() {
        Ok(()) => Ok(Some(Lock(handle))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(disk_error("lock", directory)(source)),
    }
}

/// One of the two files.
#[derive(Debug, Clone)]
pub(super) struct Installed {
    path: PathBuf,
}

impl Installed {
    /// The file behind a path: links are followed, so that they stay links.
    #[must_use]
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
        }
    }

    /// Where it is.
    #[must_use]
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where a trial of it stands for BIRD to check; a dot keeps it out of patterns.
    #[must_use]
    pub(super) fn trial(&self) -> PathBuf {
        self.beside(".", ".anycastctl-check")
    }

    /// What stood there before a change that is not confirmed.
    #[must_use]
    pub(super) fn unconfirmed(&self) -> PathBuf {
        self.beside("", ".unconfirmed")
    }

    /// Where a copy of somebody else's file is kept for good.
    #[must_use]
    pub(super) fn copy(&self) -> PathBuf {
        self.beside("", ".before-anycastctl")
    }

    /// Keeps a copy of somebody else's file: the same file under another name. One that is there stays.
    pub(super) fn keep_copy(&self) -> Result<(), DiskError> {
        match fs::hard_link(&self.path, self.copy()) {
            Err(failed) if failed.kind() != io::ErrorKind::AlreadyExists => {
                Err(disk_error("keep a copy as", &self.copy())(failed))
            }
            _ => sync(&self.path),
        }
    }

    fn partial(&self) -> PathBuf {
        self.beside(".", ".anycastctl-new")
    }

    fn beside(&self, before: &str, after: &str) -> PathBuf {
        let mut name = OsString::from(before);
        name.push(self.path.file_name().unwrap_or_default());
        name.push(after);
        self.path.with_file_name(name)
    }

    /// Its bytes; `None` if there is no such file.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>, DiskError> {
        read(&self.path)
    }

    /// The bytes that stood there before a change that is not confirmed, if there is one.
    pub(super) fn read_unconfirmed(&self) -> Result<Option<Vec<u8>>, DiskError> {
        read(&self.unconfirmed())
    }

    /// Owner and mode; `None` if there is no such file.
    #[must_use]
    pub(super) fn rights(&self) -> Option<Rights> {
        let metadata = self.path.metadata().ok()?;
        Some(Rights {
            user: Some(metadata.uid()),
            group: Some(metadata.gid()),
            mode: metadata.mode() & 0o7777,
        })
    }

    /// How long ago it was written; `None` if that cannot be found out. Zero for the future.
    #[must_use]
    pub(super) fn age(&self) -> Option<Duration> {
        let written = self.path.metadata().ok()?.modified().ok()?;
        Some(
            SystemTime::now()
                .duration_since(written)
                .unwrap_or_default(),
        )
    }

    /// Writes a trial, which is gone when the value is dropped.
    pub(super) fn try_out(&self, text: &[u8], rights: Rights) -> Result<NamedTempFile, DiskError> {
        write(&self.trial(), text, rights)
    }

    /// Replaces the file as a whole.
    pub(super) fn replace(&self, text: &[u8], rights: Rights) -> Result<(), DiskError> {
        let file = write(&self.partial(), text, rights)?;
        self.put(file)
    }

    /// Replaces the file as a whole by one that BIRD need not read again: it keeps the time of the old one.
    pub(super) fn trim(&self, text: &[u8], rights: Rights) -> Result<(), DiskError> {
        let written = self.path.metadata().and_then(|file| file.modified());
        let file = write(&self.partial(), text, rights)?;
        written
            .and_then(|time| file.as_file().set_modified(time))
            .map_err(disk_error("set the time of", &self.path))?;
        self.put(file)
    }

    fn put(&self, file: NamedTempFile) -> Result<(), DiskError> {
        let persisted = file.persist(&self.path);
        persisted.map_err(|failed| disk_error("replace", &self.path)(failed.error))?;
        sync(&self.path)
    }

    /// Keeps what stands there under another name: the same file, not a copy. A file that is not there is
    /// kept as an empty one. What an unconfirmed change before this one kept stays: it is older, and good.
    pub(super) fn keep(&self) -> Result<(), DiskError> {
        let kept = self.unconfirmed();
        if exists(&kept) {
            return Ok(());
        }
        let linked = match fs::hard_link(&self.path, &kept) {
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
                File::create_new(&kept).map(drop)
            }
            linked => linked,
        };
        linked.map_err(disk_error("keep the old file as", &kept))?;
        sync(&self.path)
    }

    /// Puts back what was kept, and goes on keeping it. Its bytes, owner and mode are those of the old file,
    /// because it is that file.
    pub(super) fn restore(&self) -> Result<(), DiskError> {
        let (kept, partial) = (self.unconfirmed(), self.partial());
        match kept.metadata() {
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(disk_error("read", &kept)(source)),
            Ok(metadata) if metadata.len() == 0 => remove(&self.path)?,
            Ok(_) => {
                remove(&partial)?;
                fs::hard_link(&kept, &partial)
                    .and_then(|()| fs::rename(&partial, &self.path))
                    .map_err(disk_error("put back", &self.path))?;
                // Two names of one file are left alone by a rename.
                remove(&partial)?;
            }
        }
        sync(&self.path)
    }

    /// Whether something else than what was kept lies there.
    #[must_use]
    pub(super) fn is_replaced(&self) -> bool {
        let number = |path: &Path| path.metadata().map(|file| (file.dev(), file.ino())).ok();
        number(&self.path) != number(&self.unconfirmed())
    }

    /// Forgets what was kept.
    pub(super) fn confirm(&self) -> Result<(), DiskError> {
        remove(&self.unconfirmed())?;
        sync(&self.path)
    }

    /// Whether a change was never confirmed.
    #[must_use]
    pub(super) fn is_unconfirmed(&self) -> bool {
        exists(&self.unconfirmed())
    }

    /// Removes what an apply that was killed left half-written, and returns what it was.
    pub(super) fn clean(&self) -> Result<Vec<PathBuf>, DiskError> {
        let mut leftovers = vec![self.trial(), self.partial()];
        leftovers.retain(|path| exists(path));
        leftovers.iter().try_for_each(|path| remove(path))?;
        Ok(leftovers)
    }
}

fn directory(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, DiskError> {
    match fs::read(path) {
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some).map_err(disk_error("read", path)),
    }
}

fn remove(path: &Path) -> Result<(), DiskError> {
    match fs::remove_file(path) {
        Err(failed) if failed.kind() != io::ErrorKind::NotFound => {
            Err(disk_error("remove", path)(failed))
        }
        _ => Ok(()),
    }
}

/// A new name is on disk only once its directory is.
fn sync(path: &Path) -> Result<(), DiskError> {
    let directory = directory(path);
    let synced = File::open(directory).and_then(|handle| handle.sync_all());
    synced.map_err(disk_error("flush", directory))
}

/// A file that only its owner can read until it has its own owner, group and mode, and only then a content.
fn write(path: &Path, text: &[u8], rights: Rights) -> Result<NamedTempFile, DiskError> {
    let fill = || {
        let name = path.file_name().unwrap_or_default();
        // tempfile creates it anew, with 0600, and removes it when it is dropped.
        let mut file = tempfile::Builder::new()
            .prefix(name)
            .rand_bytes(0)
            .tempfile_in(directory(path))?;
        own(file.as_file(), rights)?;
        file.as_file()
            .set_permissions(Permissions::from_mode(rights.mode))?;
        file.write_all(text)?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    fill().map_err(disk_error("write", path))
}

fn own(file: &File, rights: Rights) -> io::Result<()> {
    let now = file.metadata()?;
    let user = rights.user.filter(|user| *user != now.uid());
    let group = rights.group.filter(|group| *group != now.gid());
    if user.is_none() && group.is_none() {
        return Ok(());
    }
    fchown(file, user, group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> (tempfile::TempDir, Installed) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bird.conf");
        (directory, Installed { path })
    }

    fn mine(mode: u32) -> Rights {
        let own = tempfile::tempfile().unwrap().metadata().unwrap();
        Rights {
            user: Some(own.uid()),
            group: Some(own.gid()),
            mode,
        }
    }

    fn names(directory: &tempfile::TempDir) -> Vec<String> {
        let entries = directory.path().read_dir().unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_kept_comes_back_as_the_same_file() {
        let (directory, file) = site();
        file.replace(b"old", mine(0o600)).unwrap();
        let before = file.path.metadata().unwrap();
        file.keep().unwrap();
        file.replace(b"new", mine(0o644)).unwrap();
        assert!(file.is_unconfirmed() && file.is_replaced());
        // A second change keeps the last one that was confirmed.
        file.keep().unwrap();
        file.replace(b"newer", mine(0o644)).unwrap();
        assert_eq!(file.read_unconfirmed().unwrap(), Some(b"old".to_vec()));
        file.restore().unwrap();
        assert_eq!(file.read().unwrap(), Some(b"old".to_vec()));
        assert!(file.is_unconfirmed());
        assert!(!file.is_replaced());
        file.confirm().unwrap();
        let after = file.path.metadata().unwrap();
        assert_eq!((before.ino(), before.mode()), (after.ino(), after.mode()));
        assert_eq!(file.read().unwrap(), Some(b"old".to_vec()));
        assert_eq!(names(&directory), ["bird.conf"]);
    }

    #[test]
    fn a_file_that_was_not_replaced_yet_comes_back_too() {
        let (directory, file) = site();
        file.replace(b"old", mine(0o600)).unwrap();
        file.keep().unwrap();
        file.restore().unwrap();
        file.confirm().unwrap();
        assert_eq!(file.read().unwrap(), Some(b"old".to_vec()));
        assert_eq!(names(&directory), ["bird.conf"]);
        // Nothing is kept, nothing is done.
        file.restore().unwrap();
        assert_eq!(names(&directory), ["bird.conf"]);
    }

    #[test]
    fn a_file_that_was_not_there_is_gone_again() {
        let (directory, file) = site();
        file.keep().unwrap();
        file.replace(b"new", mine(0o644)).unwrap();
        assert_eq!(names(&directory), ["bird.conf", "bird.conf.unconfirmed"]);
        file.restore().unwrap();
        file.confirm().unwrap();
        assert!(names(&directory).is_empty());
    }

    #[test]
    fn a_confirmed_change_leaves_one_file() {
        let (directory, file) = site();
        file.replace(b"old", mine(0o600)).unwrap();
        file.keep().unwrap();
        file.replace(b"new", mine(0o640)).unwrap();
        file.confirm().unwrap();
        assert_eq!(names(&directory), ["bird.conf"]);
        assert_eq!(file.rights(), Some(mine(0o640)));
    }

    /// Its content comes last: whoever opens it earlier finds nothing.
    #[test]
    fn a_trial_has_its_rights_and_vanishes() {
        let (directory, file) = site();
        let trial = file.try_out(b"secret", mine(0o640)).unwrap();
        assert_eq!(trial.path(), file.trial());
        let mode = trial.path().metadata().unwrap().mode() & 0o7777;
        assert_eq!(mode, 0o640);
        drop(trial);
        assert!(names(&directory).is_empty());
    }

    #[test]
    fn leftovers_are_removed_and_a_file_in_the_way_is_no_file_of_ours() {
        let (directory, file) = site();
        fs::write(file.trial(), "left").unwrap();
        assert!(file.try_out(b"", mine(0o600)).is_err());
        assert_eq!(file.clean().unwrap(), [file.trial()]);
        assert!(names(&directory).is_empty());
        assert!(file.clean().unwrap().is_empty());
    }

    #[test]
    fn the_trimmed_file_is_as_old_as_the_one_before() {
        let (_directory, file) = site();
        file.replace(b"a b", mine(0o640)).unwrap();
        let written = file.path.metadata().unwrap().modified().unwrap();
        file.trim(b"a", mine(0o640)).unwrap();
        assert_eq!(file.path.metadata().unwrap().modified().unwrap(), written);
        assert!(file.age().is_some());
    }

    #[test]
    fn one_at_a_time() {
        let (_directory, file) = site();
        let first = lock(&file.path).unwrap();
        assert!(first.is_some());
        assert!(lock(&file.path).unwrap().is_none());
        drop(first);
        assert!(lock(&file.path).unwrap().is_some());
        assert!(lock(Path::new("/nonexistent/bird.conf")).is_err());
    }

    #[test]
    fn a_link_stays_a_link() {
        let (directory, file) = site();
        let link = directory.path().join("link.conf");
        file.replace(b"old", mine(0o644)).unwrap();
        std::os::unix::fs::symlink(&file.path, &link).unwrap();
        Installed::new(&link).replace(b"new", mine(0o644)).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read(&file.path).unwrap(), b"new");
    }
}
