//! Two files for BIRD, the installed and the rendered one, compared in terms of the network.
//!
//! [`Comparison::between`] says which prefixes would start or stop being announced to whom, and how they
//! would look; which sessions BIRD would reset and why; which limits would change. It reads both files
//! alike and knows nothing of the configuration: an installed file may be older, edited, or somebody else's.
//!
//! "Announced" means that the file lets a prefix out *while its static protocol is on*; whether it is on is
//! the daemon's business. Passwords are out of both texts before anything is read.

mod announcement;
mod branches;
mod condition;
mod display;
mod filter;
mod hazard;
mod limit;
mod names;
mod other;
mod secret;
mod service;
mod session;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;

pub use announcement::{AnnouncementChange, Change, State};
pub use display::{Line, Weight};
pub use filter::Attributes;
pub use limit::{Limit, LimitChange};
pub use other::BlockChange;
pub use secret::SecretChange;
pub use service::{Gate, ServiceChange};
pub use session::{Reason, SessionChange};

use crate::bird::file::{File, redacted};

/// What would change on the network if the rendered file took the place of the installed one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Whether anything differs at all, be it a comment or a password.
    pub differs: bool,
    /// How much of the installed file could be judged.
    pub installed: Installed,
    /// Prefixes, each with the session it goes to.
    pub announcements: Vec<AnnouncementChange>,
    /// BGP sessions.
    pub sessions: Vec<SessionChange>,
    /// Limits on routes.
    pub limits: Vec<LimitChange>,
    /// Static protocols that hold prefixes.
    pub services: Vec<ServiceChange>,
    /// Everything else.
    pub others: Vec<BlockChange>,
    /// The constants in the secrets file; `None` if they were not compared.
    pub secrets: Option<Vec<SecretChange>>,
    #[serde(skip)]
    passwords: Vec<session::KeptPassword>,
}

/// How much of the installed file could be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Installed {
    /// There is none: everything would start.
    Missing,
    /// All of it that this program knows of.
    Judged,
    /// It is no configuration that BIRD would load, or holds no protocol: only the text was compared.
    TextOnly,
}

impl Comparison {
    /// Compares the texts of two `bird.conf`.
    #[must_use]
    pub fn between(installed: &str, rendered: &str) -> Self {
        let differs = installed != rendered;
        let (installed, rendered) = (redacted(installed), redacted(rendered));
        let (old, new) = (File::read(&installed), File::read(&rendered));
        if old.is_complete() && !old.protocols().is_empty() {
            Self::of(&old, &new, Installed::Judged, differs)
        } else {
            // Nothing differs from itself: the lists stay empty.
            Self::of(&new, &new, Installed::TextOnly, differs)
        }
    }

    /// What a first installation brings.
    #[must_use]
    pub fn first(rendered: &str) -> Self {
        let rendered = redacted(rendered);
        let (old, new) = (File::read(""), File::read(&rendered));
        Self::of(&old, &new, Installed::Missing, true)
    }

    fn of(old: &File<'_>, new: &File<'_>, installed: Installed, differs: bool) -> Self {
        let pairs = session::pairs(old, new);
        Self {
            differs,
            installed,
            announcements: announcement::changes(old, new, &pairs),
            sessions: session::changes(old, new, &pairs),
            limits: limit::changes(&pairs),
            services: service::changes(old, new),
            others: other::changes(old, new),
            secrets: None,
            passwords: session::kept_passwords(&pairs),
        }
    }

    /// Adds what the secrets files differ in. A session whose password changes is reset.
    #[must_use]
    pub fn with_secrets(mut self, installed: &str, rendered: &str) -> Self {
        let changes = secret::changes(installed, rendered);
        self.differs |= !changes.is_empty();
        session::add_secrets(&mut self.sessions, &self.passwords, &changes);
        self.secrets = Some(changes);
        self
    }

    /// Whether the installed file could be judged; if not, the lists of changes are empty and mean nothing.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        self.installed != Installed::TextOnly
    }

    /// What the installed file lets out, to a session and in whatever state, and the rendered one does not,
    /// or nobody can tell: prefix and session as installed, each pair once.
    #[must_use]
    pub fn withdrawn(&self) -> Vec<(&str, &str)> {
        let stops = self.announcements.iter().filter(|change| change.stops());
        let pairs = stops.map(|change| (change.prefix.as_str(), change.session.as_str()));
        pairs.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The sessions that BIRD would reset, with every reason. Removed ones are not among them.
    #[must_use]
    pub fn resets(&self) -> Vec<(&str, &[Reason])> {
        let resets = self.sessions.iter().filter_map(|change| match change {
            SessionChange::Resets {
                session, reasons, ..
            } => Some((session.as_str(), reasons.as_slice())),
            _ => None,
        });
        resets.collect()
    }
}
