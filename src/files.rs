//! Files: bounded reads, and writes that are whole or have not happened.

mod configuration;
mod overrides;
mod stamp;

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

pub use configuration::{Refused, read_configuration};
use nix::libc::{O_NOFOLLOW, O_NONBLOCK};
pub use overrides::{UnreadableOrders, keep_unreadable_orders, read_orders, write_orders};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
pub(crate) use stamp::Stamp;

use crate::harmless;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not there, not allowed, or a broken disk.
    #[error("cannot read {}: {source}", harmless::path(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// More than belongs into such a file.
    #[error(
        "{} is larger than {limit} bytes, far more than belongs into it: is it the right file?",
        harmless::path(path)
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// Not UTF-8.
    #[error(
        "{}:{line}: not UTF-8 text: is it the right file?",
        harmless::path(path)
    )]
    NotText {
        /// The file.
        path: PathBuf,
        /// The first line with a wrong byte, from 1.
        line: usize,
    },
    /// A pipe, a device or a directory: whoever reads it may wait for ever.
    #[error("{} is not a plain file", harmless::path(path))]
    NoFile {
        /// What was to be read.
        path: PathBuf,
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
#[error("cannot {action} {}: {source}", harmless::path(path))]
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

/// Opens neither a link nor, without waiting for its other end, a pipe: for files in directories that belong to a user
/// with fewer rights than whoever may open them. Only a plain file is returned.
pub(crate) fn open_plain(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.custom_flags(O_NOFOLLOW | O_NONBLOCK).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is not a plain file"))
    }
}

/// What every user of the host may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// Read a file.
    Read,
    /// Write to it.
    Write,
    /// Put another file in its place: its directory is open to everybody.
    Replace,
}

/// The worst that every user of the host may do to a file; `None` where it is nothing, or cannot be found out.
#[must_use]
pub fn exposure(path: &Path) -> Option<Exposure> {
    const READ: u32 = 0o004;
    const WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    let mode = |path: &Path| path.metadata().map_or(0, |file| file.mode());
    let (file, directory) = (mode(path), path.parent().map_or(0, mode));
    if file & WRITE != 0 {
        Some(Exposure::Write)
    } else if directory & WRITE != 0 && directory & STICKY == 0 {
        Some(Exposure::Replace)
    } else {
        (file & READ != 0).then_some(Exposure::Read)
    }
}

/// Reads a secret, at most `limit` bytes of UTF-8 in a plain file. What it was read into is wiped.
pub fn read_secret(path: &Path, limit: u64) -> Result<SecretString, ReadError> {
    let bytes = read_wiped(path, limit)?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(SecretString::from(text)),
        Err(error) => Err(not_text(path, &bytes[..error.valid_up_to()])),
    }
}

/// At most `limit` bytes. There is room for all of them from the start: what grows leaves copies behind.
fn read_wiped(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    let io = |source| ReadError::Io {
        path: path.to_owned(),
        source,
    };
    let mut options = File::options();
    // A pipe has no end until somebody writes.
    let file = options.read(true).custom_flags(O_NONBLOCK).open(path);
    let file = file.map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(ReadError::NoFile {
            path: path.to_owned(),
        });
    }
    let too_large = || ReadError::TooLarge {
        path: path.to_owned(),
        limit,
    };
    let room = usize::try_from(metadata.len().min(limit)).map_err(|_| too_large())?;
    // One more byte tells that there are more; the rest is what the standard library looks ahead.
    let mut bytes = Zeroizing::new(Vec::with_capacity(room + 64));
    let most = (room as u64).saturating_add(1);
    file.take(most).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() > room {
        return Err(too_large());
    }
    Ok(bytes)
}

/// Reads UTF-8, at most `limit` bytes.
pub fn read_text(path: &Path, limit: u64) -> Result<String, ReadError> {
    let bytes = read_limited(path, limit)?;
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        not_text(path, good)
    })
}

/// `good` is what stands before the first wrong byte.
fn not_text(path: &Path, good: &[u8]) -> ReadError {
    ReadError::NotText {
        path: path.to_owned(),
        line: good.split(|byte| *byte == b'\n').count(),
    }
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

/// In bytes: a rendered file of a thousand services and a hundred neighbours has a few MiB.
pub(crate) const RENDERED_LIMIT: u64 = 64 << 20;

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
    match read_wiped(path, RENDERED_LIMIT) {
        Ok(bytes) => Ok(SecretString::from(&*String::from_utf8_lossy(&bytes))),
        Err(ReadError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(SecretString::default())
        }
        Err(error) => Err(error),
    }
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

    #[test]
    fn a_secret_is_read_from_a_plain_file_and_nothing_is_waited_for() {
        use secrecy::ExposeSecret as _;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        std::fs::write(&path, "hunter2\n").unwrap();
        let read = |limit| read_secret(&path, limit);
        assert_eq!(read(8).unwrap().expose_secret(), "hunter2\n");
        let Err(ReadError::TooLarge { limit: 7, .. }) = read(7) else {
            panic!("8 bytes are more than 7")
        };
        std::fs::write(&path, b"one\n\xff").unwrap();
        assert!(matches!(read(8), Err(ReadError::NotText { line: 2, .. })));
        let pipe = directory.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for odd in [&pipe, directory.path(), Path::new("/dev/zero")] {
            let error = read_secret(odd, 8).unwrap_err();
            assert!(matches!(error, ReadError::NoFile { .. }), "{error}");
        }
    }

    #[test]
    fn what_others_may_do_to_a_file_is_known() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        assert_eq!(exposure(&path), None);
        std::fs::write(&path, "").unwrap();
        for (file, parent, found) in [
            (0o640, 0o755, None),
            (0o644, 0o755, Some(Exposure::Read)),
            (0o602, 0o755, Some(Exposure::Write)),
            (0o600, 0o777, Some(Exposure::Replace)),
            (0o600, 0o1777, None),
            (0o644, 0o757, Some(Exposure::Replace)),
        ] {
            std::fs::set_permissions(&path, Permissions::from_mode(file)).unwrap();
            let mode = Permissions::from_mode(parent);
            std::fs::set_permissions(directory.path(), mode).unwrap();
            assert_eq!(exposure(&path), found, "{file:o} in {parent:o}");
        }
    }

    #[test]
    fn links_and_pipes_are_not_opened() {
        let directory = tempfile::tempdir().unwrap();
        let open = |name: &str| {
            let mut options = File::options();
            open_plain(
                options.read(true).append(true),
                &directory.path().join(name),
            )
        };
        std::fs::write(directory.path().join("file"), "").unwrap();
        assert!(open("file").is_ok());
        std::os::unix::fs::symlink("file", directory.path().join("link")).unwrap();
        assert!(open("link").is_err());
        let pipe = directory.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(open("pipe").is_err());
    }
}
