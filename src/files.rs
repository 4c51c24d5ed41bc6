//! Files: bounded reads, and writes that are whole or have not happened.

mod configuration;

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

pub use configuration::{Refused, read_configuration};

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

/// Whether every user of the host may read a file. `false` where that cannot be found out.
#[must_use]
pub fn is_world_readable(path: &Path) -> bool {
    let others_may_read = 0o004;
    path.metadata()
        .is_ok_and(|file| file.mode() & others_may_read != 0)
}

/// Reads UTF-8, at most `limit` bytes.
pub fn read_text(path: &Path, limit: u64) -> Result<String, ReadError> {
    let bytes = read_bytes(path, limit).map_err(|source| ReadError::Io {
        path: path.to_owned(),
        source,
    })?;
    if bytes.len() as u64 > limit {
        let path = path.to_owned();
        return Err(ReadError::TooLarge { path, limit });
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        ReadError::NotText {
            path: path.to_owned(),
            line: good.split(|byte| *byte == b'\n').count(),
        }
    })
}

/// One byte more than the limit, if there are so many.
fn read_bytes(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Replaces a file as a whole: readers and a crash see the old text or the new one. The new file has
/// `mode` (as in chmod) from its first byte on, and never more than its owner's rights before.
pub fn write_atomically(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // tempfile creates it with 0600.
    let mut file = tempfile::Builder::new()
        .prefix(".anycastctl-")
        .tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file()
        .set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // The new name is in the directory, and only on disk once the directory is.
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

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
