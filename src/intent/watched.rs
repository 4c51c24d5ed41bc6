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
    seen: Option<(Stamp, T)>,
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

    /// What it says at `now` or later; an error if nothing can be read at all, for want of descriptors.
    pub(crate) fn look(&mut self, now: SystemTime) -> io::Result<T> {
        let known = self.seen.take();
        // Older than what is read: whatever comes in between shows at the next look.
        let stamp = match Stamp::of(&self.path) {
            Ok(stamp) => stamp,
            Err(error) => return (self.meaning)(Err(error)),
        };
        if let Some((same, value)) = known
            && same == stamp
        {
            self.seen = known;
            return Ok(value);
        }
        let content = content(&self.path);
        let is_certain = content.is_ok() && stamp.is_settled(now);
        let value = (self.meaning)(content)?;
        self.seen = is_certain.then_some((stamp, value));
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
                assert_eq!(watched.look(later()).unwrap(), wanted);
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
        assert_eq!(watched.look(SystemTime::now()).unwrap(), DropIn::Written);
        assert!(watched.seen.is_none());
        assert_eq!(watched.look(later()).unwrap(), DropIn::Written);
        assert!(watched.seen.is_some());
        fs::write(&file, HELD.to_uppercase()).unwrap();
        assert_eq!(watched.look(later()).unwrap(), DropIn::Foreign);
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
