//! Whether a file may say something else than when it was last read, for the price of one `stat`.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Times of files are no finer than this: 10 ms where the kernel's clock ticks slowly, 2 s at worst (FAT).
const GRAIN: Duration = Duration::from_secs(2);

/// One state of a file or a directory. Nothing is written, renamed or replaced without another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    /// The kernel's own, which nobody can set.
    changed: (i64, i64),
}

impl Stamp {
    /// Of what the path leads to.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self::from(&metadata))
    }

    /// Whether it vouches for what was read at `now`, or later. Within the grain of its time a file may be written a
    /// second time without another stamp; so may one from the future, where the clock was set back.
    pub(crate) fn is_settled(&self, now: SystemTime) -> bool {
        let changed = u64::try_from(self.changed.0).unwrap_or(u64::MAX);
        let end = now
            .checked_sub(GRAIN)
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        end.is_some_and(|end| changed < end.as_secs())
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_done_to_a_file_changes_its_stamp() {
        let root = tempfile::tempdir().unwrap();
        let (file, other) = (root.path().join("a"), root.path().join("b"));
        let directory = Stamp::of(root.path()).unwrap();
        fs::write(&file, "one").unwrap();
        let first = Stamp::of(&file).unwrap();
        assert_eq!(Stamp::of(&file).unwrap(), first);
        assert_ne!(Stamp::of(root.path()).unwrap(), directory);
        // As long as the other, and put in its place with the same times.
        fs::write(&other, "two").unwrap();
        let times =
            fs::FileTimes::new().set_modified(fs::metadata(&file).unwrap().modified().unwrap());
        fs::File::options()
            .write(true)
            .open(&other)
            .unwrap()
            .set_times(times)
            .unwrap();
        fs::rename(&other, &file).unwrap();
        assert_ne!(Stamp::of(&file).unwrap(), first);
        fs::remove_file(&file).unwrap();
        assert_eq!(
            Stamp::of(&file).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }

    #[test]
    fn what_was_just_written_is_not_trusted_nor_what_comes_from_the_future() {
        let root = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let stamp = Stamp::of(root.path()).unwrap();
        assert!(!stamp.is_settled(now));
        assert!(stamp.is_settled(now + 2 * GRAIN));
        assert!(!stamp.is_settled(now - Duration::from_mins(1)));
        assert!(!stamp.is_settled(SystemTime::UNIX_EPOCH));
    }
}
