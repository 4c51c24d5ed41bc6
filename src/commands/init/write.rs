//! The new file: whole, or not there; and never in the place of another one.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use super::super::{Code, Failure};
use crate::files::disk_error;

/// The daemon's user reads it, and there is nothing secret in it.
const MODE: u32 = 0o644;
const DIRECTORY_MODE: u32 = 0o755;

/// Whether nothing is there; a link that leads nowhere is something.
pub(super) fn is_free(path: &Path) -> Result<(), Failure> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::new(
            Code::Environment,
            &disk_error("look at", path)(error),
        )),
        Ok(_) => Err(taken(path)),
    }
}

fn taken(path: &Path) -> Failure {
    let path = path.display();
    let message = format!(
        "{path} is there already, and nothing was written: look at it with `anycastctl -c {path} check`; `anycastctl init -o -` prints what would be written now, and `-o` names another file"
    );
    Failure::new(Code::Usage, &message)
}

/// Creates the file, and its directory if that is missing.
pub(super) fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match DirBuilder::new().mode(DIRECTORY_MODE).create(directory) {
        // The mask of whoever calls must not lock the daemon out.
        Ok(()) => open(directory, DIRECTORY_MODE).map_err(|error| {
            Failure::new(Code::Environment, &disk_error("open up", directory)(error))
        })?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => {
            return Err(Failure::new(
                Code::Environment,
                &disk_error("create", directory)(error),
            ));
        }
    }
    match create_whole(directory, path, text) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(taken(path)),
        created => created
            .map_err(|error| Failure::new(Code::Environment, &disk_error("write", path)(error))),
    }
}

fn open(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

fn create_whole(directory: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".anycastctl-")
        .tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file()
        .set_permissions(Permissions::from_mode(MODE))?;
    file.as_file().sync_all()?;
    // Refuses if somebody else was faster.
    file.persist_noclobber(path)?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays_whoever_was_faster() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new").join("config.yaml");
        assert!(is_free(&path).is_ok());
        create(&path, "one").unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!(
            (mode(&path), mode(path.parent().unwrap())),
            (MODE, DIRECTORY_MODE)
        );
        let refusals = [
            is_free(&path).unwrap_err(),
            create(&path, "two").unwrap_err(),
        ];
        for refusal in refusals {
            assert_eq!(refusal.code, Code::Usage);
            assert!(
                refusal.message.contains("is there already"),
                "{}",
                refusal.message
            );
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(path.parent().unwrap().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn a_link_to_nowhere_is_in_the_way_and_a_missing_grandparent_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("/nonexistent/file", &link).unwrap();
        assert_eq!(is_free(&link).unwrap_err().code, Code::Usage);
        let deep = directory.path().join("a/b/c");
        assert_eq!(create(&deep, "").unwrap_err().code, Code::Environment);
    }
}
