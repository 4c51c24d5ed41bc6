//! Intent files: what BIRD shall do with a protocol whenever it reads its configuration.
//!
//! A protocol is rendered `disabled;` and then includes its intent file, if there is one. The file says
//! `disabled off;`. A BGP protocol includes the drop-in that says `disabled;` while it is held for flapping.
//! Both are written whole and renamed, so that BIRD never reads half of one; nothing is flushed to a disk, because
//! the directory is on a file system that a reboot empties: a node boots withdrawn, and with all its sessions.

mod leftovers;
mod watched;

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::libc::O_NOFOLLOW;

use crate::config::Bird;
use crate::descriptors::is_shortage;
use crate::files::{DiskError, RENDERED_LIMIT, disk_error, read_text};
use crate::hold::DropIn;
use crate::reconcile::Intent;

pub(crate) use leftovers::{Kind, Leftover, Look, retire, settle};
pub(crate) use watched::{Directory, Protection, Watched};

/// What the file says. Later items win over earlier ones in BIRD's grammar (measured, 2.0.7 to 3.4.0).
pub const CONTENT: &str = "disabled off;\n";

/// What the drop-in of a held session says.
pub const HELD: &str = "disabled;\n";

/// What stands there. The path is that of [`Bird::intent_file`](crate::config::Bird::intent_file).
#[must_use]
pub fn read(file: &Path) -> Intent {
    intent_of(content(file)).unwrap_or(Intent::Foreign)
}

/// The same for the drop-in of a session.
#[must_use]
pub fn read_drop_in(file: &Path) -> DropIn {
    drop_in_of(content(file)).unwrap_or(DropIn::Foreign)
}

/// What the content of an intent file means; an error if nothing can be read at all, for want of descriptors.
fn intent_of(content: io::Result<Vec<u8>>) -> io::Result<Intent> {
    match content {
        Ok(content) if content == CONTENT.as_bytes() => Ok(Intent::Written),
        Err(error) if is_absent(&error) => Ok(Intent::Absent),
        Err(error) if is_shortage(&error) => Err(error),
        _ => Ok(Intent::Foreign),
    }
}

/// The same for the drop-in of a session.
fn drop_in_of(content: io::Result<Vec<u8>>) -> io::Result<DropIn> {
    match content {
        Ok(content) if content == HELD.as_bytes() => Ok(DropIn::Written),
        Err(error) if is_absent(&error) => Ok(DropIn::Absent),
        Err(error) if is_shortage(&error) => Err(error),
        _ => Ok(DropIn::Foreign),
    }
}

/// Just enough of it to tell ours from others. Nothing but a file is opened: a pipe would wait for a writer.
fn content(file: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(file)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut content = Vec::new();
    let most = CONTENT.len().max(HELD.len()) as u64 + 1;
    fs::File::open(file)?.take(most).read_to_end(&mut content)?;
    Ok(content)
}

/// Without a directory there is no file in it.
fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// Writes the file, and its directory where there is none.
pub fn write(file: &Path) -> Result<(), DiskError> {
    put(file, CONTENT)
}

/// Writes the drop-in of a session, and its directory where there is none.
pub fn write_drop_in(file: &Path) -> Result<(), DiskError> {
    put(file, HELD)
}

fn put(file: &Path, content: &str) -> Result<(), DiskError> {
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory).map_err(disk_error("create", directory))?;
    }
    // BIRD's pattern matches one name only, so this one is never read.
    let partial = file.with_extension("partial");
    match write_whole(&partial, content) {
        Ok(()) => fs::rename(&partial, file).map_err(disk_error("put in place", file)),
        Err(error) => {
            // What there is of it takes room itself.
            let _never_made = fs::remove_file(&partial);
            if is_full(&error) && overwrite(file, content).is_ok() {
                return Ok(());
            }
            Err(disk_error("write", &partial)(error))
        }
    }
}

fn write_whole(file: &Path, content: &str) -> io::Result<()> {
    let mut open = not_through_a_link()
        .create(true)
        .truncate(true)
        .open(file)?;
    open.write_all(content.as_bytes())
}

/// Root may be the one who writes, and the directory is not root's.
fn not_through_a_link() -> fs::OpenOptions {
    let mut options = fs::File::options();
    options.write(true).custom_flags(O_NOFOLLOW);
    options
}

fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), QuotaExceeded | StorageFull)
}

/// Without room for a second file, what others left in the first is replaced where it stands: BIRD would refuse its whole
/// configuration for it. Nothing is cut off before all is written, so that no room has to be found again.
fn overwrite(file: &Path, content: &str) -> io::Result<()> {
    if !fs::symlink_metadata(file)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut open = not_through_a_link().open(file)?;
    open.write_all(content.as_bytes())?;
    open.set_len(content.len() as u64)
}

/// Removes a file of either kind, if there is one.
pub fn remove(file: &Path) -> Result<(), DiskError> {
    match fs::remove_file(file) {
        Err(failure) if !is_absent(&failure) => Err(disk_error("remove", file)(failure)),
        _ => Ok(()),
    }
}

/// Those of these protocols whose files BIRD's main file or one of `bird.include` includes; `None` if one of those
/// cannot be read.
pub(crate) fn protected(
    bird: &Bird,
    names: impl Iterator<Item = String>,
) -> Option<HashSet<String>> {
    let files = std::iter::once(&bird.config).chain(&bird.include);
    let texts = files.map(|path| {
        read_text(path, RENDERED_LIMIT)
            .inspect_err(|error| tracing::debug!(path = %path.display(), %error, "cannot read"))
    });
    let texts: Vec<String> = texts.collect::<Result<_, _>>().ok()?;
    let included: HashSet<_> = texts.iter().flat_map(|text| included(text)).collect();
    Some(
        names
            .filter(|name| included.contains(&bird.intent_file(name)))
            .collect(),
    )
}

/// The files that a `bird.conf` includes. A letter of a path may stand in brackets, which makes a pattern
/// of it, so that a missing file or directory is no error to BIRD.
#[must_use]
pub fn included(bird_conf: &str) -> HashSet<PathBuf> {
    bird_conf.lines().filter_map(include).collect()
}

fn include(line: &str) -> Option<PathBuf> {
    let pattern = line.trim_start().strip_prefix("include")?;
    let (pattern, _) = pattern.trim_start().strip_prefix('"')?.split_once('"')?;
    Some(pattern.replace(['[', ']'], "").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_there_is_replaced_in_place_and_nothing_is_made() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("a.conf");
        assert!(overwrite(&file, CONTENT).is_err());
        assert_eq!(read(&file), Intent::Absent);
        for nonsense in ["", "disabled perhaps;\ndisabled on;\n"] {
            fs::write(&file, nonsense).unwrap();
            overwrite(&file, CONTENT).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), CONTENT);
        }
        let link = root.path().join("b.conf");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(overwrite(&link, HELD).is_err());
        assert_eq!(read(&file), Intent::Written);
    }

    #[test]
    fn intent_comes_and_goes_and_says_so() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("intent/a.conf");
        assert_eq!(read(&file), Intent::Absent);
        remove(&file).unwrap();
        write(&file).unwrap();
        assert_eq!(read(&file), Intent::Written);
        assert_eq!(fs::read_dir(root.path().join("intent")).unwrap().count(), 1);
        remove(&file).unwrap();
        assert_eq!(read(&file), Intent::Absent);
    }

    #[test]
    fn the_drop_in_of_a_session_is_no_intent_of_a_service() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("intent/bgp_a_v4.conf");
        assert_eq!(read_drop_in(&file), DropIn::Absent);
        write_drop_in(&file).unwrap();
        assert_eq!(read_drop_in(&file), DropIn::Written);
        assert_eq!(read(&file), Intent::Foreign);
        write(&file).unwrap();
        assert_eq!(read_drop_in(&file), DropIn::Foreign);
        remove(&file).unwrap();
        assert_eq!(read_drop_in(&file), DropIn::Absent);
    }

    #[test]
    fn a_file_that_someone_edited_is_neither_there_nor_absent() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("a.conf");
        fs::write(&file, "disabled off; # mine").unwrap();
        assert_eq!(read(&file), Intent::Foreign);
    }

    #[test]
    fn an_include_is_found_under_its_pattern() {
        let conf =
            "protocol static a {\n  include \"/[r]un/x/a.conf\";\n# include \"/run/x/b.conf\";\n}";
        assert_eq!(
            included(conf),
            HashSet::from([PathBuf::from("/run/x/a.conf")])
        );
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let root = tempfile::tempdir().unwrap();
        let (file, other) = (root.path().join("a.conf"), root.path().join("other"));
        fs::write(&other, "precious").unwrap();
        std::os::unix::fs::symlink(&other, file.with_extension("partial")).unwrap();
        assert!(write(&file).is_err());
        assert_eq!(fs::read_to_string(&other).unwrap(), "precious");
        // The link is taken away, and is in nobody's way the next time. The file itself is replaced, link or not.
        std::os::unix::fs::symlink(&other, &file).unwrap();
        write(&file).unwrap();
        assert_eq!(read(&file), Intent::Written);
        assert_eq!(fs::read_to_string(&other).unwrap(), "precious");
    }

    /// The daemon looks at it again and again, and it is not the daemon's.
    #[test]
    fn a_bird_conf_beyond_all_measure_is_not_read() {
        let root = tempfile::tempdir().unwrap();
        let mut config = crate::config::Config::parse("a", crate::config::SMALLEST)
            .unwrap()
            .config;
        config.bird.config = root.path().join("bird.conf");
        let names = || std::iter::once("a".to_owned());
        let file = fs::File::create(&config.bird.config).unwrap();
        assert_eq!(protected(&config.bird, names()), Some(HashSet::new()));
        file.set_len(RENDERED_LIMIT + 1).unwrap();
        assert_eq!(protected(&config.bird, names()), None);
    }

    #[test]
    fn failures_name_the_file() {
        let error = write(Path::new("/proc/nowhere/a.conf")).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot create /proc/nowhere: "),
            "{error}"
        );
    }
}
