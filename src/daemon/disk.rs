//! What the disk says of a configuration: its intent files and drop-ins, which of them BIRD reads, and what else lies
//! about. A look costs little while nothing changes.

use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use super::orphans::known;
use super::poller::{Files, families, sessions};
use crate::config::Config;
use crate::hold::DropIn;
use crate::host;
use crate::intent::{Directory, Leftover, Look, Protection, Watched};
use crate::reconcile::Intent;

/// The files that are looked after, and those that nobody looks after.
pub(super) type Found = (io::Result<Arc<Files>>, io::Result<Vec<Leftover>>);

/// While no file has come or gone, so many that are there are looked at in one turn, or this part of all: somebody who
/// writes into one, which no program does that is meant to replace files, is noticed some turns later.
const FILES: usize = 64;
const PART: usize = 8;

/// What is looked at, and what was seen there.
pub(super) struct Disk {
    config: Arc<Config>,
    directory: Directory,
    intents: Vec<[Watched<Intent>; 2]>,
    /// The first whose turn it is.
    next: usize,
    drop_ins: Vec<Watched<DropIn>>,
    protection: Protection,
    /// Every protocol that has somebody who looks after its file.
    known: HashSet<String>,
    look: Look,
    /// What the last look came to.
    last: Option<Arc<Files>>,
}

impl Disk {
    /// Nothing is read yet.
    pub(super) fn new(config: Arc<Config>) -> Self {
        let file = |name: &String| config.bird.intent_file(name);
        let intents = families(&config);
        let intents = intents.map(|(_, names)| names.map(|name| Watched::intent(file(&name))));
        let drop_ins = sessions(&config).map(|name| Watched::drop_in(file(&name)));
        Self {
            intents: intents.collect(),
            next: 0,
            last: None,
            drop_ins: drop_ins.collect(),
            protection: Protection::new(&config.bird),
            known: known(&config),
            look: Look::new(&config.bird.intent_dir),
            directory: Directory::new(config.bird.intent_dir.clone()),
            config,
        }
    }

    /// Looks at everything, for this configuration from now on.
    pub(super) fn look(&mut self, config: &Arc<Config>) -> Found {
        if !Arc::ptr_eq(&self.config, config) {
            *self = Self::new(Arc::clone(config));
        }
        let now = SystemTime::now();
        let files = self.files(now);
        if files.is_err() {
            // Not all was looked at that may have changed.
            self.directory.forget();
        }
        let leftovers = self.look.turn(now, |name| self.known.contains(name));
        (files, leftovers)
    }

    /// An error only where nothing can be read, for want of descriptors: that is no word about the files.
    fn files(&mut self, now: SystemTime) -> io::Result<Arc<Files>> {
        let is_as_before = self.directory.is_as_before(now);
        let turn = self.turn();
        let intents = self.intents.iter_mut().enumerate();
        let intents = intents.map(|(position, [normal, drain])| {
            let trusts = is_as_before && !turn.contains(&position);
            let look = |file: &mut Watched<Intent>| match file.known().filter(|_| trusts) {
                Some(known) => Ok(known),
                None => file.look(now, is_as_before),
            };
            Ok([look(normal)?, look(drain)?])
        });
        let intents = intents.collect::<io::Result<Vec<_>>>()?;
        let drop_ins = self.drop_ins.iter_mut();
        let drop_ins = drop_ins.map(|file| file.look(now, is_as_before));
        let protection = &mut self.protection;
        let files = Files {
            intents,
            drop_ins: drop_ins.collect::<io::Result<_>>()?,
            protected: protection.look(&self.config.bird, &self.known, now),
            md5: host::md5(),
        };
        let last = self.last.take().filter(|last| **last == files);
        let files = last.unwrap_or_else(|| Arc::new(files));
        Ok(Arc::clone(self.last.insert(files)))
    }

    /// Whose turn it is.
    fn turn(&mut self) -> Range<usize> {
        let all = self.intents.len();
        let first = if self.next < all { self.next } else { 0 };
        self.next = first + FILES.max(all.div_ceil(PART));
        first..self.next
    }
}
