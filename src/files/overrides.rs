//! The file of the orders in force: `overrides.json` in the directory of what outlives a reboot.
//!
//! There is a file only while there are orders, so that a node without any has nothing that could be
//! damaged. It is replaced as a whole: what a crash leaves is the orders before, or those after.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{ReadError, disk_error, read_text, write_atomically};
use crate::files::DiskError;
use crate::overrides::{FileError, Orders, from_text};

/// A thousand orders with long reasons have half a MiB.
const LIMIT: u64 = 8 << 20;

/// Its mode: reasons are not for everybody's eyes.
const MODE: u32 = 0o640;

/// Why nobody knows what was ordered.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableOrders {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What stands there is no file of ours.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: FileError,
    },
}

/// The file, in the directory of what outlives a reboot.
fn path(directory: &Path) -> PathBuf {
    directory.join("overrides.json")
}

fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// The orders in force; none if there is no file.
pub fn read_orders(directory: &Path) -> Result<Orders, UnreadableOrders> {
    let path = path(directory);
    let text = match read_text(&path, LIMIT) {
        // Nothing was ever kept where there is no directory.
        Err(ReadError::Io { source, .. }) if is_absent(&source) => return Ok(Orders::new()),
        text => text?,
    };
    from_text(&text).map_err(|reason| UnreadableOrders::Malformed { path, reason })
}

/// Puts the orders on the disk, to stay there: the text of the file, or `None` for no order.
pub fn write_orders(directory: &Path, text: Option<&str>) -> Result<(), DiskError> {
    let path = path(directory);
    match text {
        Some(text) => {
            fs::create_dir_all(directory).map_err(disk_error("create", directory))?;
            write_atomically(&path, text, MODE).map_err(disk_error("write", &path))
        }
        None => match fs::remove_file(&path) {
            Err(error) if is_absent(&error) => Ok(()),
            // The name is gone for good only once its directory is on the disk.
            removed => removed
                .and_then(|()| File::open(directory)?.sync_all())
                .map_err(disk_error("remove", &path)),
        },
    }
}

/// Keeps a file that cannot be read as evidence, beside the one that takes its place; returns where.
///
/// It keeps its own name, too, until it is replaced: in between, a restart must not find nothing and take
/// that for no orders.
pub fn keep_unreadable_orders(directory: &Path) -> Result<PathBuf, DiskError> {
    let path = path(directory);
    let kept = directory.join("overrides.json.unreadable");
    let _earlier = fs::remove_file(&kept);
    // A directory has one name only.
    fs::hard_link(&path, &kept)
        .or_else(|_| fs::rename(&path, &kept))
        .map_err(disk_error("keep a copy as", &kept))?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;
    use crate::overrides::to_text;

    #[test]
    fn a_file_comes_with_orders_and_goes_with_them() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("state");
        assert_eq!(read_orders(&directory).unwrap(), Orders::new());
        write_orders(&directory, None).unwrap();
        let text = to_text(&Orders::new()).unwrap();
        write_orders(&directory, Some(&text)).unwrap();
        assert_eq!(path(&directory).metadata().unwrap().mode() & 0o777, MODE);
        assert_eq!(read_orders(&directory).unwrap(), Orders::new());
        write_orders(&directory, None).unwrap();
        assert_eq!(directory.read_dir().unwrap().count(), 0);
    }

    #[test]
    fn what_cannot_be_read_is_told_and_kept() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path();
        for damaged in ["{\"version\": 1, \"ord", "more damage"] {
            fs::write(path(directory), damaged).unwrap();
            let error = read_orders(directory).unwrap_err().to_string();
            assert!(error.contains("overrides.json: "), "{error}");
            let kept = keep_unreadable_orders(directory).unwrap();
            assert_eq!(fs::read_to_string(kept).unwrap(), damaged);
            assert!(read_orders(directory).is_err(), "it is not replaced yet");
        }
        fs::remove_file(path(directory)).unwrap();
        fs::create_dir(path(directory)).unwrap();
        assert!(read_orders(directory).is_err());
        keep_unreadable_orders(directory).unwrap();
        write_orders(directory, Some("text")).unwrap();
    }

    #[test]
    fn failures_name_the_file() {
        let root = tempfile::tempdir().unwrap();
        let blocked = root.path().join("file");
        fs::write(&blocked, "").unwrap();
        let error = write_orders(&blocked, Some("text"))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("cannot create "), "{error}");
        assert_eq!(read_orders(&blocked).unwrap(), Orders::new());
        assert!(keep_unreadable_orders(root.path()).is_err());
    }
}
