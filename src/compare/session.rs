//! BGP sessions: which are the same in both files, and what BIRD does about those that differ.

mod option;
mod password;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::bird::file::{File, Protocol, Statement, line};
use option::{Effect, Setting, options};
pub(super) use password::{KeptPassword, add_secrets, kept_passwords};

/// What becomes of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum SessionChange {
    /// It is new.
    Added {
        /// The name of the protocol.
        session: String,
        /// The neighbour's address.
        neighbor: String,
    },
    /// It is gone, and with it everything that it announced.
    Removed {
        /// The name of the protocol.
        session: String,
        /// The neighbour's address.
        neighbor: String,
    },
    /// BIRD closes it and opens it again: the neighbour loses everything for some seconds.
    Resets {
        /// The name of the protocol in the rendered file.
        session: String,
        /// The neighbour's address in the rendered file.
        neighbor: String,
        /// Every reason for it; at least one.
        reasons: Vec<Reason>,
    },
    /// It stays up.
    Stays {
        /// The name of the protocol.
        session: String,
        /// The neighbour's address.
        neighbor: String,
        /// What changes all the same.
        changes: Vec<Reason>,
    },
}

/// An option that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// In BIRD's words: `hold time`, `password`.
    pub option: String,
    /// As it is installed; for a password the name of its constant.
    pub installed: Option<String>,
    /// As it is rendered.
    pub rendered: Option<String>,
}

impl Reason {
    fn new(option: &str, installed: Option<String>, rendered: Option<String>) -> Self {
        Self {
            option: option.to_owned(),
            installed,
            rendered,
        }
    }
}

/// A session of either file, or the same one in both.
pub(super) struct Pair<'t> {
    pub(super) old: Option<Session<'t>>,
    pub(super) new: Option<Session<'t>>,
}

/// A BGP protocol.
pub(super) struct Session<'t> {
    pub(super) name: &'t str,
    /// The neighbour's address; empty where the file does not say.
    pub(super) neighbor: &'t str,
    pub(super) statements: Vec<Statement<'t>>,
}

impl<'t> Session<'t> {
    fn new(protocol: Protocol<'t>) -> Self {
        let neighbor = protocol.statements.iter().find_map(|statement| {
            let rest = statement.after("neighbor")?;
            rest.first()?
                .word()
                .filter(|word| word.contains(['.', ':']))
        });
        Self {
            name: protocol.name,
            neighbor: neighbor.unwrap_or_default(),
            statements: protocol.statements,
        }
    }

    fn has_router_id(&self) -> bool {
        let mut statements = self.statements.iter();
        statements.any(|statement| statement.after("router id").is_some())
    }

    /// Whether the file shuts it down.
    pub(super) fn is_disabled(&self) -> bool {
        options(self)
            .get("disabled")
            .is_some_and(|setting| setting.value == "on")
    }

    /// The constant that holds its password.
    fn password(&self) -> Option<&'t str> {
        let mut statements = self.statements.iter().rev();
        statements.find_map(|statement| statement.after("password")?.first()?.word())
    }

    /// The blocks of its channels, such as `ipv4`.
    pub(super) fn channels(&self) -> impl Iterator<Item = (&'t str, &[Statement<'t>])> {
        self.statements.iter().filter_map(|statement| {
            let name = statement.tokens.first()?.word()?;
            let block = statement.block.as_deref()?;
            name.starts_with("ipv").then_some((name, block))
        })
    }
}

fn sessions<'t>(file: &File<'t>) -> Vec<Session<'t>> {
    let values: BTreeMap<_, _> = file
        .constants()
        .filter_map(|(name, value)| Some((name, *value.first().filter(|_| value.len() == 1)?)))
        // A string may be a password, which is known by its name.
        .filter(|(_, value)| value.word().is_some())
        .collect();
    let protocols = file.protocols().into_iter();
    let bgp = protocols.filter(|protocol| protocol.kind == "bgp");
    bgp.map(|mut protocol| {
        let tokens = protocol
            .statements
            .iter_mut()
            .flat_map(|statement| &mut statement.tokens);
        for token in tokens {
            let value = token.word().and_then(|word| values.get(word));
            *token = value.copied().unwrap_or(*token);
        }
        Session::new(protocol)
    })
    .collect()
}

/// The sessions of both files in the order of the rendered one, those that are gone behind. BIRD knows a
/// session by its name; one that only has a new name is found by the neighbour's address.
pub(super) fn pairs<'t>(old: &File<'t>, new: &File<'t>) -> Vec<Pair<'t>> {
    let mut old: Vec<_> = sessions(old).into_iter().map(Some).collect();
    let new = sessions(new).into_iter();
    let mut pairs: Vec<_> = new
        .map(|session| Pair {
            old: None,
            new: Some(session),
        })
        .collect();
    join(&mut old, &mut pairs, |a, b| a.name == b.name);
    join(&mut old, &mut pairs, |a, b| {
        !a.neighbor.is_empty() && a.neighbor == b.neighbor
    });
    let gone = old.into_iter().flatten().map(|session| Pair {
        old: Some(session),
        new: None,
    });
    pairs.extend(gone);
    pairs
}

fn join<'t>(
    old: &mut [Option<Session<'t>>],
    pairs: &mut [Pair<'t>],
    is_same: impl Fn(&Session<'t>, &Session<'t>) -> bool,
) {
    for pair in pairs.iter_mut().filter(|pair| pair.old.is_none()) {
        let mut open = old.iter_mut().filter(|session| {
            let both = session.as_ref().zip(pair.new.as_ref());
            both.is_some_and(|(old, new)| is_same(old, new))
        });
        pair.old = open.next().and_then(Option::take);
    }
}

/// What becomes of every session that does not stay as it is.
pub(super) fn changes(old: &File<'_>, new: &File<'_>, pairs: &[Pair<'_>]) -> Vec<SessionChange> {
    let router_ids = [router_id(old), router_id(new)];
    let changes = pairs
        .iter()
        .filter_map(|pair| match (&pair.old, &pair.new) {
            (Some(old), Some(new)) => change(old, new, &router_ids),
            (None, Some(new)) => Some(SessionChange::Added {
                session: new.name.to_owned(),
                neighbor: new.neighbor.to_owned(),
            }),
            (Some(old), None) => Some(SessionChange::Removed {
                session: old.name.to_owned(),
                neighbor: old.neighbor.to_owned(),
            }),
            (None, None) => None,
        });
    changes.collect()
}

fn router_id(file: &File<'_>) -> Option<String> {
    let mut statements = file.statements().iter();
    statements.find_map(|statement| statement.after("router id").map(line))
}

fn change(
    old: &Session<'_>,
    new: &Session<'_>,
    router_ids: &[Option<String>; 2],
) -> Option<SessionChange> {
    let mut changes = differences(old, new);
    let [before, after] = router_ids;
    // What decides is the protocol's own, if it has one.
    if before != after && ![old, new].iter().any(|session| session.has_router_id()) {
        changes.push((
            Effect::Resets,
            Reason::new("router id", before.clone(), after.clone()),
        ));
    }
    let (reasons, others): (Vec<_>, Vec<_>) = changes
        .into_iter()
        .partition(|(effect, _)| *effect == Effect::Resets);
    let strip = |changes: Vec<(Effect, Reason)>| changes.into_iter().map(|(_, reason)| reason);
    let (session, neighbor) = (new.name.to_owned(), new.neighbor.to_owned());
    if !reasons.is_empty() {
        return Some(SessionChange::Resets {
            session,
            neighbor,
            reasons: strip(reasons).collect(),
        });
    }
    (!others.is_empty()).then(|| SessionChange::Stays {
        session,
        neighbor,
        changes: strip(others).collect(),
    })
}

fn differences(old: &Session<'_>, new: &Session<'_>) -> Vec<(Effect, Reason)> {
    let mut changes = Vec::new();
    if old.name != new.name {
        let names = (Some(old.name.to_owned()), Some(new.name.to_owned()));
        changes.push((
            Effect::Resets,
            Reason::new("protocol name", names.0, names.1),
        ));
    }
    let (before, after) = (options(old), options(new));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for name in names {
        let (before, after) = (before.get(name), after.get(name));
        if before.map(|option| &option.value) == after.map(|option| &option.value) {
            continue;
        }
        let Some(effect) = option::effect(name, before, after) else {
            continue;
        };
        let value = |option: Option<&Setting>| option.map(|option| option.value.clone());
        changes.push((effect, Reason::new(name, value(before), value(after))));
    }
    changes
}
