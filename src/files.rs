//! Files: bounded reads, and writes that are whole or have not happened.

mod configuration;
mod overrides;
mod stamp;

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

pub use configuration::{Refused, read_configuration};
pub use overrides::{UnreadableOrders, keep_unreadable_orders, read_orders, write_orders};
use secrecy::SecretString;
pub(crate) use stamp::Stamp;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not there, not allowed, or a broken disk.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// More than belongs into such a file.
    #[error("{} is larger than {limit} bytes, far more than belongs into it: is it the right file?", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// Not UTF-8.
    #[error("{}:{line}: not UTF-8 text: is it the right file?", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The first line with a wrong byte, from 1.
        line: usize,
    },
}

impl ReadError {
    /// Whether the file could not be read, rather than holds what it should not.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Io { .. })
    }
}

/// An operation on a file that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct DiskError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// For `map_err`: what was tried with which file.
pub(crate) fn disk_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DiskError {
    move |source| DiskError {
        action,
        path: path.to_owned(),
        source,
    }
}

/// Whether every user of the host may read a file. `false` where that cannot be found out.
#[must_use]
pub fn is_world_readable(path: &Path) -> bool {
    let others_may_read = 0o004;
    path.metadata()
        .is_ok_and(|file| file.mode() & others_may_read != 0)
}

/// Reads UTF-8, at most `limit` bytes.
pub fn read_text(path: &Path, limit: u64) -> Result<String, ReadError> {
    let bytes = read_limited(path, limit)?;
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        ReadError::NotText {
            path: path.to_owned(),
            line: good.split(|byte| *byte == b'\n').count(),
        }
    })
}

fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    let path = path.to_owned();
    match read_bytes(&path, limit) {
        Err(source) => Err(ReadError::Io { path, source }),
        Ok(bytes) if bytes.len() as u64 > limit => Err(ReadError::TooLarge { path, limit }),
        Ok(bytes) => Ok(bytes),
    }
}

/// One byte more than the limit, if there are so many.
fn read_bytes(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A rendered file of a thousand services and a hundred neighbours has a few MiB.
const RENDERED_LIMIT: u64 = 64 << 20;

/// Reads what is installed where a rendered file goes, at most 64 MiB; `None` where there is nothing.
pub fn read_installed(path: &Path) -> Result<Option<Vec<u8>>, ReadError> {
    match read_limited(path, RENDERED_LIMIT) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(ReadError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The same as text. BIRD takes any bytes in its strings, so those that are no UTF-8 are replaced.
pub fn read_installed_text(path: &Path) -> Result<Option<String>, ReadError> {
    let bytes = read_installed(path)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// The same of an installed secrets file; an empty text if there is none.
pub fn read_installed_secrets(path: &Path) -> Result<SecretString, ReadError> {
    read_installed_text(path).map(|text| SecretString::from(text.unwrap_or_default()))
}

/// What only others than owner and group are concerned with, as in chmod.
const OTHERS: u32 = 0o007;

/// Installs a file for good, as [`write_atomically`] does. One that is there keeps its mode and owner, and a
/// link to it stays a link; `mode` is for a new one. Where `mode` gives others no right, no file keeps them
/// one: then the mode that it had is returned.
pub fn install(path: &Path, text: &str, mode: u32) -> io::Result<Option<u32>> {
    let target = match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return replace(path, text, mode, None).map(|()| None);
        }
        target => target?,
    };
    let old = target.metadata()?;
    if !old.is_file() {
        return Err(io::Error::other("it is not a plain file"));
    }
    let (had, owner) = (old.mode() & 0o7777, Some((old.uid(), old.gid())));
    let kept = if mode & OTHERS == 0 {
        had & !OTHERS
    } else {
        had
    };
    replace(&target, text, kept, owner)?;
    Ok((kept != had).then_some(had))
}

/// Replaces a file as a whole: readers and a crash see the old text or the new one. The new file has
/// `mode` (as in chmod) from its first byte on, and never more than its owner's rights before.
pub fn write_atomically(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    replace(path, text, mode, None)
}

/// `owner` is a user and a group; ourselves where there is none.
fn replace(path: &Path, text: &str, mode: u32, owner: Option<(u32, u32)>) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // tempfile creates it with 0600.
    let mut file = tempfile::Builder::new()
        .prefix(".anycastctl-")
        .tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    // Before the mode: a change of owner would take bits of it away.
    give(file.as_file(), owner)?;
    file.as_file()
        .set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // The new name is in the directory, and only on disk once the directory is.
    File::open(directory)?.sync_all()
}

/// Only where it changes something: nobody but root may.
fn give(file: &File, owner: Option<(u32, u32)>) -> io::Result<()> {
    let ours = file.metadata().map(|file| (file.uid(), file.gid()))?;
    match owner {
        Some((user, group)) if (user, group) != ours => fchown(file, Some(user), Some(group)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_keeps_the_mode_and_follows_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("f"), directory.path().join("l"));
        let mode = || path.metadata().unwrap().mode() & 0o7777;
        assert_eq!(install(&path, "one", 0o644).unwrap(), None);
        assert_eq!(mode(), 0o644);
        std::fs::set_permissions(&path, Permissions::from_mode(0o604)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(install(&link, "two", 0o644).unwrap(), None);
        assert_eq!(mode(), 0o604);
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(install(&path, "secret", 0o640).unwrap(), Some(0o604));
        assert_eq!(mode(), 0o600);
        assert_eq!(install(&path, "secret", 0o640).unwrap(), None);
        assert_eq!(directory.path().read_dir().unwrap().count(), 2);
    }

    #[test]
    fn nothing_but_a_file_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        for path in [directory.path(), Path::new("/dev/null")] {
            let error = install(path, "text", 0o644).unwrap_err().to_string();
            assert_eq!(error, "it is not a plain file");
        }
    }

    #[test]
    fn what_is_installed_may_be_missing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        assert_eq!(read_installed(&path).unwrap(), None);
        std::fs::write(&path, b"a\xff").unwrap();
        assert_eq!(
            read_installed(&path).unwrap().as_deref(),
            Some(&b"a\xff"[..])
        );
        assert!(read_installed(directory.path()).is_err());
    }

    #[test]
    fn a_write_replaces_the_file_and_its_mode_and_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        std::fs::write(&path, "old").unwrap();
        write_atomically(&path, "new", 0o640).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o640);
        assert_eq!(directory.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn reads_are_bounded_and_say_where_text_ends() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        let error = || read_text(&path, 4096).unwrap_err().to_string();
        assert!(error().starts_with("cannot read"), "{}", error());
        std::fs::write(&path, "x".repeat(5000)).unwrap();
        assert!(error().contains("larger than 4096"), "{}", error());
        std::fs::write(&path, b"a\nb\xff\n").unwrap();
        assert!(
            error().ends_with("f:2: not UTF-8 text: is it the right file?"),
            "{}",
            error()
        );
        std::fs::write(&path, "a\n").unwrap();
        assert_eq!(read_text(&path, 4096).unwrap(), "a\n");
    }
}
