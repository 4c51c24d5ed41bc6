//! What the disk says of a configuration: its intent files and drop-ins, which of them BIRD reads, and what else lies
//! about. A look costs little while nothing changes.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use super::FamilyId;
use super::orphans::known;
use super::poller::{Files, families, sessions};
use crate::config::Config;
use crate::hold::DropIn;
use crate::host;
use crate::intent::{Directory, Leftover, Look, Protection, Watched};
use crate::reconcile::Intent;

/// The files that are looked after, and those that nobody looks after.
pub(super) type Found = (io::Result<Files>, io::Result<Vec<Leftover>>);

/// What is looked at, and what was seen there.
pub(super) struct Disk {
    config: Arc<Config>,
    directory: Directory,
    intents: Vec<(FamilyId, [Watched<Intent>; 2])>,
    drop_ins: Vec<Watched<DropIn>>,
    protection: Protection,
    /// Every protocol that has somebody who looks after its file.
    known: HashSet<String>,
    look: Look,
}

impl Disk {
    /// Nothing is read yet.
    pub(super) fn new(config: Arc<Config>) -> Self {
        let file = |name: &String| config.bird.intent_file(name);
        let intents = families(&config).map(|(id, names)| {
            let names = names.each_ref();
            (id, names.map(|name| Watched::intent(file(name))))
        });
        let drop_ins = sessions(&config).map(|name| Watched::drop_in(file(&name)));
        Self {
            intents: intents.collect(),
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
        let leftovers = self.look.turn(now, |name| self.known.contains(name));
        (files, leftovers)
    }

    /// An error only where nothing can be read, for want of descriptors: that is no word about the files.
    fn files(&mut self, now: SystemTime) -> io::Result<Files> {
        let is_as_before = self.directory.is_as_before(now);
        let intents = self.intents.iter_mut().map(|(id, [normal, drain])| {
            let seen = [
                normal.look(now, is_as_before)?,
                drain.look(now, is_as_before)?,
            ];
            Ok((*id, seen))
        });
        let intents = intents.collect::<io::Result<HashMap<_, _>>>()?;
        let drop_ins = self.drop_ins.iter_mut();
        let drop_ins = drop_ins.map(|file| file.look(now, is_as_before));
        let protection = &mut self.protection;
        Ok(Files {
            intents,
            drop_ins: drop_ins.collect::<io::Result<_>>()?,
            protected: protection.look(&self.config.bird, &self.known, now),
            md5: host::md5(),
        })
    }
}
