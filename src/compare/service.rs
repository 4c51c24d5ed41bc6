//! Static protocols: the prefixes that can be announced, and what switches them.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::announcement::table;
use crate::bird::file::{File, Protocol, Statement, Token, after};

/// What becomes of a static protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum ServiceChange {
    /// It is new.
    Added {
        /// The name of the protocol.
        protocol: String,
        /// Its prefixes.
        prefixes: Vec<String>,
    },
    /// It is gone.
    Removed {
        /// The name of the protocol.
        protocol: String,
        /// Its prefixes.
        prefixes: Vec<String>,
    },
    /// It has other prefixes.
    Prefixes {
        /// The name of the protocol.
        protocol: String,
        /// New ones.
        added: Vec<String>,
        /// Those that are gone.
        removed: Vec<String>,
    },
    /// Something else decides whether it is on.
    Gate {
        /// The name of the protocol.
        protocol: String,
        /// As installed.
        installed: Gate,
        /// As rendered.
        rendered: Gate,
    },
}

/// What decides whether a protocol is on when BIRD reads its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", content = "file", rename_all = "snake_case")]
pub enum Gate {
    /// It always is.
    On,
    /// It never is.
    Off,
    /// It is off unless this file, named as in the include, turns it on.
    Intent(String),
}

impl fmt::Display for Gate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On => formatter.write_str("always on"),
            Self::Off => formatter.write_str("always off"),
            Self::Intent(file) => write!(formatter, "on while {file} says so"),
        }
    }
}

/// A static protocol with routes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Static<'t> {
    pub(super) name: &'t str,
    pub(super) table: (&'t str, Option<&'t str>),
    pub(super) preference: u32,
    pub(super) prefixes: Vec<&'t str>,
    /// The statements of its channel.
    pub(super) channel: Vec<Statement<'t>>,
    gate: Gate,
}

/// What BIRD gives static routes (`DEF_PREF_STATIC`).
const PREFERENCE: u32 = 200;

pub(super) fn statics<'t>(file: &File<'t>) -> Vec<Static<'t>> {
    let protocols = file.protocols().into_iter();
    let statics = protocols.filter(|protocol| protocol.kind == "static");
    statics.map(|protocol| read(&protocol)).collect()
}

fn read<'t>(protocol: &Protocol<'t>) -> Static<'t> {
    let statements = &protocol.statements;
    let channel = statements.iter().find_map(|statement| {
        let name = statement.tokens.first()?.word()?;
        name.starts_with("ipv")
            .then(|| (name, statement.block.as_deref().unwrap_or_default()))
    });
    let (channel, block) = channel.unwrap_or_default();
    let preference = block
        .iter()
        .rev()
        .find_map(|statement| statement.after("preference")?.first()?.word());
    let routes = statements
        .iter()
        .filter_map(|statement| statement.after("route")?.first()?.word());
    let imports = !block
        .iter()
        .any(|statement| statement.after("import none").is_some());
    Static {
        name: protocol.name,
        table: table(channel, block),
        preference: preference
            .and_then(|number| number.parse().ok())
            .unwrap_or(PREFERENCE),
        prefixes: routes.filter(|_| imports).collect(),
        channel: block.to_vec(),
        gate: gate(protocol),
    }
}

/// The last word counts, and what an included file says comes after what stands before it.
fn gate(protocol: &Protocol<'_>) -> Gate {
    let mut gate = Gate::On;
    for statement in &protocol.statements {
        if let Some(value) = statement.after("disabled") {
            let is_off = ["off", "no", "false"]
                .iter()
                .any(|word| after(value, word).is_some());
            gate = if is_off { Gate::On } else { Gate::Off };
        } else if let Some(file) = statement.after("include")
            && gate == Gate::Off
            && let Some(file) = file.first().and_then(Token::text)
        {
            gate = Gate::Intent(file.replace(['[', ']'], ""));
        }
    }
    gate
}

pub(super) fn changes(old: &File<'_>, new: &File<'_>) -> Vec<ServiceChange> {
    let (old, new) = (statics(old), statics(new));
    let mut open: BTreeMap<_, _> = old
        .iter()
        .map(|protocol| (protocol.name, protocol))
        .collect();
    let mut changes = Vec::new();
    for after in &new {
        match open.remove(after.name) {
            Some(before) => compare(before, after, &mut changes),
            None => changes.push(ServiceChange::Added {
                protocol: after.name.to_owned(),
                prefixes: owned(&after.prefixes),
            }),
        }
    }
    let gone = old.iter().filter(|before| open.contains_key(before.name));
    changes.extend(gone.map(|before| ServiceChange::Removed {
        protocol: before.name.to_owned(),
        prefixes: owned(&before.prefixes),
    }));
    changes
}

fn compare(before: &Static<'_>, after: &Static<'_>, changes: &mut Vec<ServiceChange>) {
    let missing = |of: &Static<'_>, from: &Static<'_>| {
        let own = of
            .prefixes
            .iter()
            .filter(|prefix| !from.prefixes.contains(prefix));
        own.map(|prefix| (*prefix).to_owned()).collect::<Vec<_>>()
    };
    let protocol = || after.name.to_owned();
    let (added, removed) = (missing(after, before), missing(before, after));
    if !(added.is_empty() && removed.is_empty()) {
        changes.push(ServiceChange::Prefixes {
            protocol: protocol(),
            added,
            removed,
        });
    }
    if before.gate != after.gate {
        changes.push(ServiceChange::Gate {
            protocol: protocol(),
            installed: before.gate.clone(),
            rendered: after.gate.clone(),
        });
    }
}

fn owned(prefixes: &[&str]) -> Vec<String> {
    prefixes.iter().map(|prefix| (*prefix).to_owned()).collect()
}
