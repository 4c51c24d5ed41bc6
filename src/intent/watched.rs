//! Files that are looked at again and again: read when they have changed, and else not even opened.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::{content, drop_in_of, intent_of, protected};
use crate::config::Bird;
use crate::files::Stamp;
use crate::hold::DropIn;
use crate::reconcile::Intent;

/// What the content of a file means, or that there is none.
type Meaning<T> = fn(io::Result<Vec<u8>>) -> io::Result<T>;

/// A small file of ours, and what it said when it was last read.
#[derive(Debug)]
pub(crate) struct Watched<T> {
    path: PathBuf,
    meaning: Meaning<T>,
    seen: Option<Seen<T>>,
}

#[derive(Debug, Clone, Copy)]
enum Seen<T> {
    /// With this stamp it says that.
    There(Stamp, T),
    /// It was not there, which means that.
    Nowhere(T),
}

/// The directory of such files, in which none comes or goes unnoticed.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    seen: Option<Stamp>,
}

impl Directory {
    /// Not looked at yet.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, seen: None }
    }

    /// The next look begins anew.
    pub(crate) fn forget(&mut self) {
        self.seen = None;
    }

    /// Whether it is at `now` or later certain that no file has come or gone since the last look. To be asked before the
    /// files are looked at, and each time.
    pub(crate) fn is_as_before(&mut self, now: SystemTime) -> bool {
        let stamp = Stamp::of(&self.path).ok();
        let is_same = stamp.is_some() && stamp == self.seen;
        self.seen = stamp.filter(|stamp| stamp.is_settled(now));
        is_same
    }
}

impl Watched<Intent> {
    /// An intent file.
    pub(crate) fn intent(path: PathBuf) -> Self {
        Self::new(path, intent_of)
    }
}

impl Watched<DropIn> {
    /// The drop-in of a session.
    pub(crate) fn drop_in(path: PathBuf) -> Self {
        Self::new(path, drop_in_of)
    }
}

impl<T: Copy> Watched<T> {
    fn new(path: PathBuf, meaning: Meaning<T>) -> Self {
        Self {
            path,
            meaning,
            seen: None,
        }
    }

    /// What it said at the last look, if that was certain.
    pub(crate) fn known(&self) -> Option<T> {
        self.seen.map(|seen| match seen {
            Seen::There(_, value) | Seen::Nowhere(value) => value,
        })
    }

    /// What it says at `now` or later; an error if nothing can be read at all, for want of descriptors. Where its
    /// directory is as it was at the last look, what was not there is not looked for.
    pub(crate) fn look(&mut self, now: SystemTime, directory_is_as_before: bool) -> io::Result<T> {
        let known = self.seen.take();
        if let Some(Seen::Nowhere(value)) = known
            && directory_is_as_before
        {
            self.seen = known;
            return Ok(value);
        }
        // Older than what is read: whatever comes in between shows at the next look.
        let stamp = match Stamp::of(&self.path) {
            Ok(stamp) => stamp,
            Err(error) => return self.on_missing(error),
        };
        if let Some(Seen::There(same, value)) = known
            && same == stamp
        {
            self.seen = known;
            return Ok(value);
        }
        let content = content(&self.path);
        let is_certain = content.is_ok() && stamp.is_settled(now);
        let value = (self.meaning)(content)?;
        self.seen = is_certain.then_some(Seen::There(stamp, value));
        Ok(value)
    }

    fn on_missing(&mut self, error: io::Error) -> io::Result<T> {
        // What a link leads to may come without a change of this directory.
        let is_nowhere = error.kind() == io::ErrorKind::NotFound && !self.path.is_symlink();
        let value = (self.meaning)(Err(error))?;
        self.seen = is_nowhere.then_some(Seen::Nowhere(value));
        Ok(value)
    }
}

/// The files that say which protocols are protected, and what they said when they were last read.
#[derive(Debug)]
pub(crate) struct Protection {
    files: Vec<PathBuf>,
    seen: Option<(Vec<Stamp>, Arc<HashSet<String>>)>,
}

impl Protection {
    /// Of BIRD's main file and those of `bird.include`.
    pub(crate) fn new(bird: &Bird) -> Self {
        let files = std::iter::once(&bird.config).chain(&bird.include);
        Self {
            files: files.cloned().collect(),
            seen: None,
        }
    }

    /// Those of these protocols that are protected at `now` or later; `None` if a file cannot be read.
    pub(crate) fn look(
        &mut self,
        bird: &Bird,
        names: &HashSet<String>,
        now: SystemTime,
    ) -> Option<Arc<HashSet<String>>> {
        let known = self.seen.take();
        let stamps = self.files.iter().map(|file| Stamp::of(file));
        let stamps: Vec<_> = stamps.collect::<Result<_, _>>().ok()?;
        if let Some((same, protected)) = &known
            && *same == stamps
        {
            let protected = Arc::clone(protected);
            self.seen = known;
            return Some(protected);
        }
        let protected = Arc::new(protected(bird, names.iter().cloned())?);
        if stamps.iter().all(|stamp| stamp.is_settled(now)) {
            self.seen = Some((stamps, Arc::clone(&protected)));
        }
        Some(protected)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::super::{HELD, remove, write, write_drop_in};
    use super::*;
    use crate::config::{Config, SMALLEST};

    /// So much later everything that is on the disk is settled.
    const LATER: Duration = Duration::from_mins(1);

    fn later() -> SystemTime {
        SystemTime::now() + LATER
    }

    #[test]
    fn an_intent_file_is_seen_to_come_to_change_and_to_go() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("intent/a.conf");
        let mut watched = Watched::intent(file.clone());
        let mut is = |wanted| {
            for _ in 0..2 {
                assert_eq!(watched.look(later(), false).unwrap(), wanted);
            }
        };
        is(Intent::Absent);
        write(&file).unwrap();
        is(Intent::Written);
        // As long as before, and in place.
        fs::write(&file, "disabled  on;\n").unwrap();
        is(Intent::Foreign);
        write(&file).unwrap();
        is(Intent::Written);
        remove(&file).unwrap();
        is(Intent::Absent);
        fs::create_dir(&file).unwrap();
        is(Intent::Foreign);
    }

    #[test]
    fn what_was_just_written_is_read_every_time() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("a.conf");
        let mut watched = Watched::drop_in(file.clone());
        write_drop_in(&file).unwrap();
        let mut look = |now| watched.look(now, false).unwrap();
        assert_eq!(look(SystemTime::now()), DropIn::Written);
        fs::write(&file, HELD.to_uppercase()).unwrap();
        assert_eq!(look(SystemTime::now()), DropIn::Foreign);
        assert_eq!(look(later()), DropIn::Foreign);
        assert!(matches!(watched.seen, Some(Seen::There(..))));
    }

    #[test]
    fn what_is_not_there_is_looked_for_when_something_came_or_went() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("intent");
        let mut directory = Directory::new(path.clone());
        let file = path.join("a.conf");
        let mut watched = Watched::intent(file.clone());
        let mut look = |now| {
            let is_as_before = directory.is_as_before(now);
            (is_as_before, watched.look(now, is_as_before).unwrap())
        };
        assert_eq!(look(later()), (false, Intent::Absent));
        assert_eq!(look(later()), (false, Intent::Absent), "no directory");
        fs::create_dir(&path).unwrap();
        // Something may come within the grain of the directory's time.
        assert_eq!(look(SystemTime::now()), (false, Intent::Absent));
        assert_eq!(look(later()), (false, Intent::Absent));
        assert_eq!(look(later()), (true, Intent::Absent));
        write(&file).unwrap();
        assert_eq!(look(later()), (false, Intent::Written));
        assert_eq!(look(later()), (true, Intent::Written));
        // What is there may be written in place, which its directory does not show.
        fs::write(&file, "disabled  on;\n").unwrap();
        assert_eq!(look(later()), (true, Intent::Foreign));
    }

    #[test]
    fn protection_comes_and_goes_with_any_of_the_files() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        let bird = Bird {
            config: path("bird.conf"),
            include: vec![path("more.conf")],
            intent_dir: path("intent"),
            ..Config::parse("config.yaml", SMALLEST).unwrap().config.bird
        };
        let include = |name: &str| format!("include \"{}\";\n", bird.intent_file(name).display());
        let names = HashSet::from(["a".to_owned(), "b".to_owned()]);
        let mut protection = Protection::new(&bird);
        let mut are = |wanted: Option<&[&str]>| {
            let wanted = wanted.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
            for _ in 0..2 {
                let found = protection.look(&bird, &names, later());
                assert_eq!(found.as_deref(), wanted.as_ref());
            }
        };
        are(None);
        fs::write(&bird.config, include("a")).unwrap();
        are(None);
        fs::write(path("more.conf"), include("c")).unwrap();
        are(Some(&["a"]));
        fs::write(path("more.conf"), include("b")).unwrap();
        are(Some(&["a", "b"]));
        fs::write(&bird.config, "").unwrap();
        are(Some(&["b"]));
        fs::remove_file(path("more.conf")).unwrap();
        are(None);
    }
}
