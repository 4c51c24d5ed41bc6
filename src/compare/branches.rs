//! The statements of a filter by the routes that they are about: a thousand services make a thousand
//! branches, and a route passes through a handful of them.

use std::collections::{HashMap, HashSet};

use super::condition::Route;
use super::names::plain;
use crate::bird::file::{Statement, Token};

/// A filter's statements, findable by protocol and prefix.
pub(super) struct Branches<'f, 't> {
    statements: &'f [Statement<'t>],
    /// Positions of what is about one protocol only.
    of_protocol: HashMap<&'t str, Vec<usize>>,
    /// Positions of what is about some prefixes only.
    of_prefix: HashMap<&'t str, Vec<usize>>,
    /// Positions of everything else.
    general: Vec<usize>,
}

impl<'f, 't> Branches<'f, 't> {
    pub(super) fn new(statements: &'f [Statement<'t>]) -> Self {
        let mut branches = Self {
            statements,
            of_protocol: HashMap::new(),
            of_prefix: HashMap::new(),
            general: Vec::new(),
        };
        for (position, statement) in statements.iter().enumerate() {
            let next = statements.get(position + 1);
            let is_alone = next.is_none_or(|next| next.after("else").is_none());
            if let Some(name) = protocol(statement).filter(|_| is_alone) {
                branches.of_protocol.entry(name).or_default().push(position);
            } else if let Some(prefixes) = prefixes(statement).filter(|_| is_alone) {
                for prefix in prefixes {
                    branches.of_prefix.entry(prefix).or_default().push(position);
                }
            } else {
                branches.general.push(position);
            }
        }
        branches
    }

    /// The statements that a route passes through, in the order of the file.
    pub(super) fn of(&self, route: Route<'_>) -> impl Iterator<Item = &'f Statement<'t>> {
        let of_protocol = self.of_protocol.get(route.protocol);
        let of_prefix = self.of_prefix.get(route.prefix);
        let own = |found: Option<&Vec<usize>>| found.cloned().unwrap_or_default();
        let mut positions = [own(of_protocol), own(of_prefix), self.general.clone()].concat();
        positions.sort_unstable();
        let statements = self.statements;
        positions
            .into_iter()
            .map(move |position| &statements[position])
    }
}

/// The only prefixes for which `if net ~ [ … ] then` can hold.
fn prefixes<'t>(statement: &Statement<'t>) -> Option<impl Iterator<Item = &'t str>> {
    let [
        Token::Word("if"),
        Token::Word("net"),
        Token::Sign("~"),
        set @ ..,
    ] = statement.tokens.as_slice()
    else {
        return None;
    };
    let end = set.iter().position(|token| *token == Token::Sign("]"))?;
    let is_all = set.get(end + 1) == Some(&Token::Word("then"));
    let set = plain(&set[..=end]).filter(|_| is_all);
    set.map(HashSet::into_iter)
}

/// The only protocol for which `if proto = "x" && …` can hold.
fn protocol<'t>(statement: &Statement<'t>) -> Option<&'t str> {
    let tokens = statement.tokens.as_slice();
    let [
        Token::Word("if"),
        Token::Word("proto"),
        Token::Sign("="),
        Token::Text(name),
        next,
        ..,
    ] = tokens
    else {
        return None;
    };
    let is_and = [Token::Sign("&&"), Token::Word("then")].contains(next);
    (is_and && !tokens.contains(&Token::Sign("||"))).then_some(*name)
}
