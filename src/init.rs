//! A first configuration from what was found on a host: values in, YAML out, with a comment at each value that says
//! where it comes from.
//!
//! Pure. The edge looks twice: at the host and BIRD first, then, as [`Serving`] says whom and [`questions`] what to
//! ask, at the DNS servers. [`draft`] puts [`Found`] and what the operator [`Wishes`] together. What nobody knows
//! is written as [`FILL_IN`], which the configuration's own reader refuses, so that no guess ever runs.

mod addresses;
mod found;
mod neighbors;
mod node;
mod peers;
mod questions;
mod services;
mod serving;
mod session;
mod summary;
mod wishes;
mod yaml;
mod zones;

#[cfg(test)]
mod tests;

pub use found::{
    Address, Answer, Answers, Bird, BirdFile, Export, Found, Gateway, Hops, Listener, Running,
    Session,
};
pub use questions::{Kind, Question, questions};
pub use serving::{Group, Served, Serving};
pub use session::session;
pub use summary::summary;
pub use wishes::{Asked, NodeName, Peer, Wishes};
pub use yaml::FILL_IN;
pub use zones::zones;

use self::peers::Peers;
use self::yaml::Page;
use crate::model::Family;

/// A configuration that somebody may have to complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The file.
    pub text: String,
    /// What is left to do before it can be used.
    pub missing: Vec<Missing>,
    /// What was taken for granted, and what was left out.
    pub notes: Vec<String>,
    /// Whether BIRD announces one of its prefixes now.
    pub is_announced: bool,
}

/// Something that nobody but the operator knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The key's path, as findings name it.
    pub path: String,
    /// What belongs there.
    pub what: String,
}

/// What the parts of the file are written with.
#[derive(Debug, Default)]
struct Writer {
    page: Page,
    missing: Vec<Missing>,
    notes: Vec<String>,
}

impl Writer {
    fn missing(&mut self, path: String, what: &str) {
        self.missing.push(Missing {
            path,
            what: yaml::printable(what),
        });
    }

    /// Something that the operator should read in the file, and on the terminal as well.
    fn note(&mut self, indent: usize, words: &str) {
        self.page.comment(indent, words);
        self.tell(words);
    }

    /// Something that the file says elsewhere, or in other words.
    fn tell(&mut self, words: &str) {
        self.notes.push(yaml::printable(words));
    }
}

/// Writes a configuration.
#[must_use]
pub fn draft(found: &Found, wishes: &Wishes) -> Draft {
    let serving = Serving::of(found, wishes);
    let groups = serving.groups.iter();
    let served: Vec<_> = groups.flat_map(|group| &group.prefixes).collect();
    let has = |family: &Family| served.iter().any(|one| one.prefix.family() == *family);
    let families: Vec<Family> = Family::ALL.into_iter().filter(has).collect();
    let peers = Peers::of(found, wishes, &families);
    let mut writer = Writer::default();
    node::write(&mut writer, found, wishes, &serving);
    services::write(&mut writer, found, wishes, &serving);
    neighbors::write(&mut writer, found, &peers);
    Draft {
        text: writer.page.end(),
        missing: writer.missing,
        notes: writer.notes,
        is_announced: served.iter().any(|one| one.announced_by.is_some()),
    }
}
