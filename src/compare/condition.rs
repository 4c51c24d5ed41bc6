//! Conditions of filters, as far as they ask what is known of a static route: where it comes from and what
//! its prefix is.

use std::net::IpAddr;

use super::names::Names;
use crate::bird::file::{Token, line};

/// A route of a static protocol.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route<'t> {
    /// The name of the protocol.
    pub(super) protocol: &'t str,
    /// Such as `192.0.2.0/24`.
    pub(super) prefix: &'t str,
}

/// How deep brackets may be nested, and how often a constant may stand for another.
pub(super) const DEEPEST: usize = 16;

/// A condition about one route.
#[derive(Clone, Copy)]
pub(super) struct Condition<'c> {
    pub(super) route: Route<'c>,
    pub(super) names: &'c Names<'c, 'c>,
    /// The MED that the route came with.
    pub(super) med: Option<&'c str>,
    pub(super) depth: usize,
}

impl Condition<'_> {
    /// Whether it holds; `Err` is the part that nobody here understands. BIRD gives `&&` and `||` the same
    /// precedence and goes from left to right: `true || true && false` is false.
    pub(super) fn holds(self, tokens: &[Token<'_>]) -> Result<bool, String> {
        let mut rest = tokens;
        let mut result = None;
        loop {
            let end = operator(rest).unwrap_or(rest.len());
            let next = self.part(&rest[..end]);
            let before = tokens.len() - rest.len();
            result = Some(
                match (result, before.checked_sub(1).and_then(|at| tokens.get(at))) {
                    (Some(before), Some(operator)) => join(before, next, *operator == AND),
                    _ => next,
                },
            );
            let Some(tail) = rest.get(end + 1..) else {
                return result.unwrap_or_else(|| Err(line(tokens)));
            };
            rest = tail;
        }
    }

    fn part(self, tokens: &[Token<'_>]) -> Result<bool, String> {
        let unknown = || Err(line(tokens));
        if self.depth > DEEPEST {
            return unknown();
        }
        let inner = Self {
            depth: self.depth + 1,
            ..self
        };
        match tokens {
            [Token::Word("true")] => Ok(true),
            [Token::Word("false")] => Ok(false),
            [
                Token::Word("defined"),
                Token::Sign("("),
                Token::Word("bgp_med"),
                Token::Sign(")"),
            ] => Ok(self.med.is_some()),
            [Token::Sign("!"), rest @ ..] => inner.part(rest).map(|holds| !holds),
            [Token::Sign("("), rest @ .., Token::Sign(")")] => inner.holds(rest),
            [Token::Word(subject), Token::Sign(operator), value @ ..] => self
                .compare(subject, operator, value)
                .map_or_else(unknown, Ok),
            _ => unknown(),
        }
    }

    fn compare(self, subject: &str, operator: &str, value: &[Token<'_>]) -> Option<bool> {
        let (operator, wanted) = match operator {
            "=" => ("=", true),
            "!=" => ("=", false),
            "~" => ("~", true),
            "!~" => ("~", false),
            _ => return None,
        };
        if let ("net", "~", [Token::Word(name)]) = (subject, operator, value)
            && let Some(found) = self.names.is_in_set(name, self.route.prefix)
        {
            return Some(found == wanted);
        }
        let value = self.resolve(value);
        let found = match (subject, operator, value) {
            ("source", "=", [Token::Word(source)]) => *source == "RTS_STATIC",
            ("source", "~", [Token::Sign("["), sources @ .., Token::Sign("]")]) => {
                sources.contains(&Token::Word("RTS_STATIC"))
            }
            ("proto", "=", [Token::Text(name)]) => *name == self.route.protocol,
            ("proto", "~", [Token::Text(pattern)]) => {
                is_like(pattern.as_bytes(), self.route.protocol.as_bytes())
            }
            ("net", "=", [Token::Word(prefix)]) => parse(prefix)? == parse(self.route.prefix)?,
            ("net", "~", [Token::Sign("["), set @ .., Token::Sign("]")]) => self.is_within(set)?,
            _ => return None,
        };
        Some(found == wanted)
    }

    /// What a constant stands for.
    fn resolve<'v>(self, value: &'v [Token<'v>]) -> &'v [Token<'v>]
    where
        Self: 'v,
    {
        let mut value = value;
        for _ in 0..DEEPEST {
            let [Token::Word(name)] = value else { break };
            let Some(next) = self.names.constant(name) else {
                break;
            };
            value = next;
        }
        value
    }

    /// Whether the prefix is in a set such as `192.0.2.0/24, 198.51.100.0/24{25,32}`.
    fn is_within(self, set: &[Token<'_>]) -> Option<bool> {
        let (address, length) = parse(self.route.prefix)?;
        let mut rest = set;
        let mut found = false;
        while let [Token::Word(member), tail @ ..] = rest {
            let (of_member, own) = parse(member)?;
            let most = if of_member.is_ipv4() { 32 } else { 128 };
            let (shortest, longest, tail) = match tail {
                [Token::Sign("+"), tail @ ..] => (own, most, tail),
                [Token::Sign("-"), tail @ ..] => (0, own, tail),
                [
                    Token::Sign("{"),
                    Token::Word(from),
                    Token::Sign(","),
                    Token::Word(to),
                    Token::Sign("}"),
                    tail @ ..,
                ] => (from.parse().ok()?, to.parse().ok()?, tail),
                tail => (own, own, tail),
            };
            let common = bits(address, of_member, own.min(length));
            found |= common && (shortest..=longest).contains(&length);
            rest = match tail.split_first() {
                Some((Token::Sign(","), tail)) => tail,
                _ => tail,
            };
        }
        rest.is_empty().then_some(found)
    }
}

const AND: Token<'_> = Token::Sign("&&");
const OR: Token<'_> = Token::Sign("||");

/// The first operator outside of brackets.
fn operator(tokens: &[Token<'_>]) -> Option<usize> {
    let mut open = 0_usize;
    tokens.iter().position(|token| {
        match token {
            Token::Sign("(" | "[") => open += 1,
            Token::Sign(")" | "]") => open = open.saturating_sub(1),
            _ => {}
        }
        open == 0 && (*token == AND || *token == OR)
    })
}

/// What is unknown does not matter where the other side decides.
fn join(
    before: Result<bool, String>,
    next: Result<bool, String>,
    is_and: bool,
) -> Result<bool, String> {
    match (before, next) {
        (Ok(before), Ok(next)) if is_and => Ok(before && next),
        (Ok(before), Ok(next)) => Ok(before || next),
        (Ok(side), _) | (_, Ok(side)) if side != is_and => Ok(side),
        (Err(unknown), _) | (_, Err(unknown)) => Err(unknown),
    }
}

/// Whether a prefix is written as it is printed.
pub(super) fn canonical(prefix: &str) -> bool {
    parse(prefix).is_some_and(|(address, length)| format!("{address}/{length}") == prefix)
}

fn parse(prefix: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = prefix.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let length = length.parse().ok()?;
    (length <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, length))
}

/// Whether two addresses of one family have the same first bits.
fn bits(one: IpAddr, other: IpAddr, length: u8) -> bool {
    let same = match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        _ => return false,
    };
    same >= length.into()
}

/// `*` stands for any characters and `?` for one, as in a shell.
fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut of) = (0, 0);
    // Where the last star stood, and what it stands for ends here.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(of) {
            Some(b'*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(&wanted) if wanted == b'?' || wanted == text[at] => {
                (at, of) = (at + 1, of + 1);
            }
            _ => {
                let Some((stood, until)) = star else {
                    return false;
                };
                star = Some((stood, until + 1));
                (at, of) = (until + 1, stood + 1);
            }
        }
    }
    pattern[of..].iter().all(|wanted| *wanted == b'*')
}
