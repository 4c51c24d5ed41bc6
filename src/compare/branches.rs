//! The statements of a filter by the static protocol that they are about: a thousand services make two
//! thousand branches, and a route passes through a handful of them.

use std::collections::HashMap;

use crate::bird::file::{Statement, Token};

/// A filter's statements, findable by protocol.
pub(super) struct Branches<'f, 't> {
    statements: &'f [Statement<'t>],
    /// Positions of what is about one protocol only.
    of: HashMap<&'t str, Vec<usize>>,
    /// Positions of everything else.
    general: Vec<usize>,
}

impl<'f, 't> Branches<'f, 't> {
    pub(super) fn new(statements: &'f [Statement<'t>]) -> Self {
        let mut branches = Self {
            statements,
            of: HashMap::new(),
            general: Vec::new(),
        };
        for (position, statement) in statements.iter().enumerate() {
            let next = statements.get(position + 1);
            let has_else = next.is_some_and(|next| next.after("else").is_some());
            match protocol(statement).filter(|_| !has_else) {
                Some(name) => branches.of.entry(name).or_default().push(position),
                None => branches.general.push(position),
            }
        }
        branches
    }

    /// The statements that a route of this protocol passes through, in the order of the file.
    pub(super) fn of(&self, protocol: &str) -> impl Iterator<Item = &'f Statement<'t>> {
        let own = self.of.get(protocol).map_or(&[][..], Vec::as_slice);
        let mut positions = [own, &self.general].concat();
        positions.sort_unstable();
        let statements = self.statements;
        positions
            .into_iter()
            .map(move |position| &statements[position])
    }
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
