//! What a filter does with a route: whether it goes out, and how the neighbour sees it.

use std::fmt;

use serde::Serialize;

use super::branches::Branches;
use super::condition::{Condition, DEEPEST, Route};
use super::names::Names;
use crate::bird::file::{File, Statement, Token, line};

/// What the neighbour sees of a prefix, beyond what every announcement has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Attributes {
    /// Standard communities, `64601:53`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub communities: Vec<String>,
    /// Large communities, `64601:1:53`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub large_communities: Vec<String>,
    /// The MED.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub med: Option<String>,
    /// The local preference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_pref: Option<String>,
    /// The AS numbers that are prepended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prepends: Vec<String>,
    /// Whatever else the filter sets, as it is written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
}

impl fmt::Display for Attributes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let list = |name: &str, values: &[String]| format!("{name} {}", values.join(" "));
        if !self.communities.is_empty() {
            parts.push(list("communities", &self.communities));
        }
        if !self.large_communities.is_empty() {
            parts.push(list("large communities", &self.large_communities));
        }
        parts.extend(self.med.iter().map(|med| format!("MED {med}")));
        parts.extend(
            self.local_pref
                .iter()
                .map(|p| format!("local preference {p}")),
        );
        if !self.prepends.is_empty() {
            parts.push(list("prepended", &self.prepends));
        }
        parts.extend(self.others.iter().cloned());
        let text = if parts.is_empty() {
            "no attributes".to_owned()
        } else {
            parts.join(", ")
        };
        formatter.write_str(&text)
    }
}

/// What comes of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It goes out like this.
    Out(Attributes),
    /// It stays.
    Kept,
    /// Nobody here can tell, because of this.
    Unclear(String),
}

/// What a channel lets into BIRD's table, or out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy<'f, 't> {
    All,
    Nothing,
    Filter(&'f [Statement<'t>]),
    /// `export where …`
    Where(&'f [Token<'t>]),
    /// A filter that is in none of the files that were read.
    Missing(&'t str),
}

impl<'f, 't> Policy<'f, 't> {
    /// The export policy of a channel. Without one, BIRD announces nothing.
    pub(super) fn export(file: &'f File<'t>, channel: &'f [Statement<'t>]) -> Self {
        Self::of(file, channel, "export").unwrap_or(Self::Nothing)
    }

    /// The import policy of a channel. Without one, BIRD takes everything.
    pub(super) fn import(file: &'f File<'t>, channel: &'f [Statement<'t>]) -> Self {
        Self::of(file, channel, "import").unwrap_or(Self::All)
    }

    fn of(file: &'f File<'t>, channel: &'f [Statement<'t>], direction: &str) -> Option<Self> {
        let mut statements = channel.iter().rev();
        let policy = statements.find_map(|statement| {
            let rest = statement.after(direction)?;
            let first = rest.first().and_then(Token::word);
            let is_policy = !matches!(first, Some("limit" | "keep" | "table"));
            is_policy.then_some((rest, statement.block.as_deref()))
        });
        policy.map(|policy| match policy {
            ([Token::Word("all")], None) => Self::All,
            ([Token::Word("filter")], Some(block)) => Self::Filter(block),
            ([Token::Word("where"), condition @ ..], None) => Self::Where(condition),
            ([Token::Word("filter"), Token::Word(name)] | [Token::Word(name)], None)
                if *name != "none" =>
            {
                file.filter(name).map_or(Self::Missing(name), Self::Filter)
            }
            _ => Self::Nothing,
        })
    }

    /// Its filter, if it has one, in a form in which it is quick to judge many routes.
    pub(super) fn branches(self) -> Branches<'f, 't> {
        Branches::new(match self {
            Self::Filter(statements) => statements,
            _ => &[],
        })
    }

    /// What comes of a route that has these attributes already; `branches` are its own.
    pub(super) fn outcome(
        self,
        branches: &Branches<'_, '_>,
        route: Route<'_>,
        attributes: Attributes,
        names: &Names<'_, '_>,
    ) -> Outcome {
        // BIRD sends no MED but the one that the last filter sets.
        let (mut attributes, med) = (
            Attributes {
                med: None,
                ..attributes
            },
            attributes.med,
        );
        let condition = Condition {
            route,
            names,
            med: med.as_deref(),
            depth: 0,
        };
        match self {
            Self::All => Outcome::Out(attributes),
            Self::Nothing => Outcome::Kept,
            Self::Missing(name) => Outcome::Unclear(format!("filter {name} is in another file")),
            Self::Where(tokens) => match condition.holds(tokens) {
                Ok(true) => Outcome::Out(attributes),
                Ok(false) => Outcome::Kept,
                Err(unknown) => Outcome::Unclear(unknown),
            },
            Self::Filter(_) => {
                let mut statements = branches.of(route);
                match run(&mut statements, condition, &mut attributes) {
                    Ok(Flow::Accepts) => Outcome::Out(attributes),
                    // BIRD keeps what no statement decides on.
                    Ok(Flow::Rejects | Flow::Goes) => Outcome::Kept,
                    Err(unknown) => Outcome::Unclear(unknown),
                }
            }
        }
    }
}

/// What a statement comes to.
enum Flow {
    Accepts,
    Rejects,
    /// The next statement decides.
    Goes,
}

fn run<'s, 't: 's>(
    statements: &mut dyn Iterator<Item = &'s Statement<'t>>,
    condition: Condition<'_>,
    attributes: &mut Attributes,
) -> Result<Flow, String> {
    // Whether an `else` that comes next would run.
    let mut otherwise = false;
    for statement in statements {
        let mut tokens = statement.tokens.as_slice();
        let mut runs = true;
        if let [Token::Word("else"), rest @ ..] = tokens {
            (runs, tokens) = (otherwise, rest);
        }
        while runs && let [Token::Word("if"), rest @ ..] = tokens {
            let then = rest.iter().position(|token| *token == Token::Word("then"));
            let then = then.ok_or_else(|| line(tokens))?;
            runs = condition.holds(&rest[..then])?;
            tokens = &rest[then + 1..];
            // An `else` belongs to the last `if`.
            otherwise = !runs && tokens.first() != Some(&Token::Word("if"));
        }
        if !runs {
            continue;
        }
        let flow = match (tokens, &statement.block) {
            ([], Some(block)) => run(&mut block.iter(), condition, attributes)?,
            (_, Some(_)) => return Err(line(tokens)),
            ([Token::Word("accept"), ..], None) => Flow::Accepts,
            ([Token::Word("reject"), ..], None) => Flow::Rejects,
            ([Token::Word(name), Token::Sign("("), Token::Sign(")")], None) => {
                call(name, condition, attributes)?
            }
            (_, None) => attributes.set(tokens, condition)?,
        };
        if !matches!(flow, Flow::Goes) {
            return Ok(flow);
        }
    }
    Ok(Flow::Goes)
}

/// A function that may decide, as a filter may.
fn call(name: &str, condition: Condition<'_>, attributes: &mut Attributes) -> Result<Flow, String> {
    let function = condition.names.function(name);
    match function.filter(|_| condition.depth <= DEEPEST) {
        Some(function) => {
            let depth = condition.depth + 1;
            let condition = Condition { depth, ..condition };
            run(&mut function.of(condition.route), condition, attributes)
        }
        None => Err(format!("{name}()")),
    }
}

impl Attributes {
    /// A statement that neither accepts nor rejects.
    fn set(&mut self, tokens: &[Token<'_>], condition: Condition<'_>) -> Result<Flow, String> {
        let value = |tokens: &[Token<'_>]| match tokens {
            [Token::Word(name)] => condition
                .names
                .constant(name)
                .map_or_else(|| line(tokens), |is| line(is)),
            tokens => line(tokens),
        };
        match tokens {
            [
                Token::Word("bgp_community.add"),
                Token::Sign("("),
                pair @ ..,
                Token::Sign(")"),
            ] => {
                insert(&mut self.communities, community(pair));
            }
            [
                Token::Word("bgp_large_community.add"),
                Token::Sign("("),
                triple @ ..,
                Token::Sign(")"),
            ] => {
                insert(&mut self.large_communities, community(triple));
            }
            [
                Token::Word("bgp_path.prepend"),
                Token::Sign("("),
                asn @ ..,
                Token::Sign(")"),
            ] => {
                self.prepends.push(value(asn));
            }
            [
                Token::Word("bgp_med"),
                Token::Sign("="),
                Token::Word("bgp_med"),
            ] => {
                self.med = condition.med.map(str::to_owned);
            }
            [Token::Word("bgp_med"), Token::Sign("="), med @ ..] => self.med = Some(value(med)),
            [
                Token::Word("bgp_local_pref"),
                Token::Sign("="),
                preference @ ..,
            ] => {
                self.local_pref = Some(value(preference));
            }
            [Token::Word("print" | "printn"), ..] => {}
            // Other methods of attributes, and assignments.
            [Token::Word(method), Token::Sign("("), ..] if method.contains('.') => {
                self.others.push(line(tokens));
            }
            [Token::Word(_), Token::Sign("="), ..] => self.others.push(line(tokens)),
            // A function, for one, which may decide.
            _ => return Err(line(tokens)),
        }
        Ok(Flow::Goes)
    }
}

/// BIRD keeps a set of communities.
fn insert(communities: &mut Vec<String>, community: String) {
    if !communities.contains(&community) {
        communities.push(community);
    }
}

/// `(64601,53)` as people write it.
fn community(tokens: &[Token<'_>]) -> String {
    let words: Option<Vec<_>> = match tokens {
        [Token::Sign("("), inside @ .., Token::Sign(")")] => inside
            .split(|token| *token == Token::Sign(","))
            .map(|part| match part {
                [Token::Word(word)] => Some(*word),
                _ => None,
            })
            .collect(),
        _ => None,
    };
    words.map_or_else(|| line(tokens), |words| words.join(":"))
}
