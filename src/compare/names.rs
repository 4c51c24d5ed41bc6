//! What a file gives names to and its filters use: constants and functions.

use std::collections::{BTreeMap, HashSet};

use super::branches::Branches;
use super::condition::canonical;
use crate::bird::file::{File, Statement, Token};

/// The names of a file.
pub(super) struct Names<'f, 't> {
    constants: BTreeMap<&'t str, &'f [Token<'t>]>,
    /// Constants that are sets of plain prefixes: a thousand of them are looked up and not searched.
    sets: BTreeMap<&'t str, HashSet<&'t str>>,
    functions: BTreeMap<&'t str, (&'f [Statement<'t>], Branches<'f, 't>)>,
}

impl<'f, 't> Names<'f, 't> {
    pub(super) fn of(file: &'f File<'t>) -> Self {
        let constants: BTreeMap<_, _> = file.constants().collect();
        let sets = constants
            .iter()
            .filter_map(|(name, value)| Some((*name, plain(value)?)));
        let functions = file
            .functions()
            .map(|(name, body)| (name, (body, Branches::new(body))));
        Self {
            sets: sets.collect(),
            functions: functions.collect(),
            constants,
        }
    }

    /// What a constant stands for.
    pub(super) fn constant(&self, name: &str) -> Option<&'f [Token<'t>]> {
        self.constants.get(name).copied()
    }

    /// Whether a prefix is in a constant that is a set of plain prefixes.
    pub(super) fn is_in_set(&self, name: &str, prefix: &str) -> Option<bool> {
        self.sets.get(name).map(|set| set.contains(prefix))
    }

    /// A function without parameters.
    pub(super) fn function(&self, name: &str) -> Option<&Branches<'f, 't>> {
        self.functions.get(name).map(|(_, branches)| branches)
    }
}

impl PartialEq for Names<'_, '_> {
    fn eq(&self, other: &Self) -> bool {
        let bodies = |names: &Self| -> Vec<_> {
            let functions = names.functions.iter();
            functions
                .map(|(name, (body, _))| (*name, body.to_vec()))
                .collect()
        };
        self.constants == other.constants && bodies(self) == bodies(other)
    }
}

/// `[ 192.0.2.0/24, 198.51.100.0/24 ]`, without ranges, each as it is printed.
pub(super) fn plain<'t>(tokens: &[Token<'t>]) -> Option<HashSet<&'t str>> {
    let [Token::Sign("["), set @ .., Token::Sign("]")] = tokens else {
        return None;
    };
    let members = set.split(|token| *token == Token::Sign(","));
    let member = |tokens: &[Token<'t>]| match tokens {
        [Token::Word(prefix)] if canonical(prefix) => Some(*prefix),
        _ => None,
    };
    members.map(member).collect()
}
