//! The options of a BGP protocol, and what BIRD does with a session when one of them differs.

use std::collections::BTreeMap;

use super::Session;
use crate::bird::file::{Statement, Token, line};

/// What a different value does to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// BIRD closes it and opens it again, or the neighbour does.
    Resets,
    /// It stays up.
    Stays,
}
use Effect::{Resets, Stays};

/// An option as a session has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) value: String,
    pub(super) effect: Effect,
}

/// An option that BIRD knows.
struct Known {
    words: &'static str,
    effect: Effect,
    /// What holds where the option is not written.
    default: Option<&'static str>,
}

const fn known(words: &'static str, effect: Effect, default: Option<&'static str>) -> Known {
    Known {
        words,
        effect,
        default,
    }
}

// What each option does was tried on 2.0.12, 2.20.0 and 3.4.0, by giving a BIRD with an established session
// a file that differs in it, and looking at the neighbour (`tests/scenarios/diff.rs`). Everything that is
// not here resets, which is what BIRD does with all but a few options (`bgp_reconfigure` of `proto/bgp`).

/// Options of the protocol.
const PROTOCOL: [Known; 19] = [
    known("description", Stays, None),
    known("bfd", Stays, Some("off")),
    known("check link", Stays, None),
    known("debug", Stays, None),
    known("mrtdump", Stays, None),
    known("disabled", Resets, Some("off")),
    known("hold time", Resets, Some("240")),
    known("keepalive time", Resets, None),
    known("password", Resets, None),
    known("authentication", Resets, Some("md5")),
    known("graceful restart", Resets, Some("aware")),
    known("graceful restart time", Resets, Some("120")),
    known("multihop", Resets, None),
    known("ttl security", Resets, Some("off")),
    known("passive", Resets, Some("off")),
    known("local role", Resets, None),
    known("require roles", Resets, Some("off")),
    known("enforce first as", Resets, Some("off")),
    known("router id", Resets, None),
];

/// Options of a session's own BFD: timers are negotiated anew under it. Where the rest differs, as passwords, the neighbour
/// may miss it.
const BFD: [Known; 5] = [
    known("interval", Stays, None),
    known("min rx interval", Stays, None),
    known("min tx interval", Stays, None),
    known("idle tx interval", Stays, None),
    known("multiplier", Stays, None),
];

/// Options of a channel. Limits are [told apart](super::super::limit). `import keep filtered` resets from
/// BIRD 3 on, and `next hop address` on 2.20.0 and 3.4.0; before, the session stays.
const CHANNEL: [Known; 9] = [
    known("import", Stays, None),
    known("import table", Resets, Some("off")),
    known("import keep filtered", Resets, Some("off")),
    known("export", Stays, None),
    known("export table", Resets, Some("off")),
    known("preference", Stays, None),
    known("next hop self", Stays, Some("off")),
    known("next hop keep", Stays, Some("off")),
    known("igp table", Resets, None),
];

/// The options of a session by name; those of a channel begin with its name.
pub(super) fn options(session: &Session<'_>) -> BTreeMap<String, Setting> {
    let mut options = BTreeMap::new();
    for statement in &session.statements {
        match statement.tokens.first().and_then(Token::word) {
            Some(channel) if channel.starts_with("ipv") => {
                add_channel(
                    &mut options,
                    channel,
                    statement.block.as_deref().unwrap_or_default(),
                );
            }
            Some("local") if statement.after("local role").is_none() => {
                add_end(&mut options, "local", &statement.tokens[1..]);
            }
            Some("neighbor") => add_end(&mut options, "neighbor", &statement.tokens[1..]),
            Some("source") => set(
                &mut options,
                "local address",
                last(&statement.tokens),
                Resets,
            ),
            Some("bfd") if let Some(block) = &statement.block => {
                set(&mut options, "bfd", "on".to_owned(), Stays);
                for statement in block {
                    add(&mut options, "bfd ", &BFD, statement);
                }
            }
            Some("direct") => set(&mut options, "multihop", "off".to_owned(), Resets),
            Some("include") if let Some(file) = drop_in(session.name, statement) => {
                set(&mut options, DROP_IN, file, Stays);
            }
            _ => add(&mut options, "", &PROTOCOL, statement),
        }
    }
    add_hops(&mut options);
    add_defaults(&mut options, "", &PROTOCOL);
    options
}

/// What the file is called that keeps a session down while it flaps. Where it does not exist it changes nothing,
/// and where it does the session is down already: the line alone resets no session (tried as above, on 2.0.7,
/// 2.17.5 and 3.1.7, too).
const DROP_IN: &str = "held while it flaps by";

/// The file that the line includes, if it is that of the session's own name. Any other may hold options that
/// reset it.
fn drop_in(session: &str, statement: &Statement<'_>) -> Option<String> {
    let pattern = statement.after("include")?.first()?.text()?;
    let file = pattern.replace(['[', ']'], "");
    let (_, name) = file.rsplit_once('/')?;
    let is_own = file != pattern && name.strip_suffix(".conf") == Some(session);
    is_own.then_some(file)
}

fn add_channel(options: &mut BTreeMap<String, Setting>, channel: &str, block: &[Statement<'_>]) {
    set(options, channel, "on".to_owned(), Resets);
    let scope = format!("{channel} ");
    let is_limit =
        |statement: &Statement<'_>| statement.tokens.get(1).and_then(Token::word) == Some("limit");
    for statement in block.iter().filter(|statement| !is_limit(statement)) {
        add(options, &scope, &CHANNEL, statement);
    }
    add_defaults(options, &scope, &CHANNEL);
}

/// `10.99.0.2 port 179 as 64601`, each part of it optional.
fn add_end(options: &mut BTreeMap<String, Setting>, end: &str, tokens: &[Token<'_>]) {
    let mut rest = tokens;
    while let [first, tail @ ..] = rest {
        let (name, value, tail) = match (first.word(), tail) {
            (Some("as"), [asn, tail @ ..]) => ("AS", *asn, tail),
            (Some("port"), [port, tail @ ..]) => ("port", *port, tail),
            (Some("range"), [range, tail @ ..]) => ("range", *range, tail),
            (Some("internal" | "external"), tail) => ("AS", *first, tail),
            _ => ("address", *first, tail),
        };
        set(options, &format!("{end} {name}"), line(&[value]), Resets);
        rest = tail;
    }
    let port = format!("{end} port");
    options.entry(port).or_insert_with(|| Setting {
        value: "179".to_owned(),
        effect: Resets,
    });
}

/// An option of the table, or one that is not in it: BIRD resets a session for everything but a few.
fn add(
    options: &mut BTreeMap<String, Setting>,
    scope: &str,
    table: &[Known],
    statement: &Statement<'_>,
) {
    let matching = table
        .iter()
        .filter_map(|known| Some((known, statement.after(known.words)?)));
    let longest = matching.max_by_key(|(known, _)| known.words.len());
    let (name, value, effect) = longest.map_or_else(
        || {
            let (name, value) = guess(&statement.tokens);
            (name, value, Resets)
        },
        |(known, value)| (known.words.to_owned(), value, known.effect),
    );
    let value = match &statement.block {
        Some(_) => Statement {
            tokens: value.to_vec(),
            block: statement.block.clone(),
        }
        .to_string(),
        None => line(value),
    };
    set(
        options,
        &format!("{scope}{name}"),
        switch(value.trim()),
        effect,
    );
}

/// The value of an option that nobody here knows is its last token, if that is no keyword of its name.
fn guess<'s, 't>(tokens: &'s [Token<'t>]) -> (String, &'s [Token<'t>]) {
    let is_value = |token: &Token<'_>| {
        token.word().is_none_or(|word| {
            word.contains(|c: char| !c.is_ascii_alphabetic())
                || SWITCHES.iter().any(|(w, _)| *w == word)
        })
    };
    let split = tokens.iter().position(is_value).unwrap_or(tokens.len());
    (line(&tokens[..split]), &tokens[split..])
}

/// What the change of an option does. BIRD ends BFD without a word (measured, 2.0.7 to 3.4.0): a neighbour that watches
/// the session misses it after its detection time (RFC 5880, 6.8.4), and takes BGP down.
pub(super) fn effect(
    name: &str,
    before: Option<&Setting>,
    after: Option<&Setting>,
) -> Option<Effect> {
    if name == "bfd" && after.is_some_and(|after| after.value == "off") {
        return Some(Resets);
    }
    before.or(after).map(|option| option.effect)
}

/// How BIRD writes a boolean.
const SWITCHES: [(&str, &str); 7] = [
    ("", "on"),
    ("on", "on"),
    ("yes", "on"),
    ("true", "on"),
    ("off", "off"),
    ("no", "off"),
    ("false", "off"),
];

fn switch(value: &str) -> String {
    let mut switches = SWITCHES.iter();
    let found = switches.find(|(word, _)| *word == value);
    found.map_or(value, |(_, meaning)| meaning).to_owned()
}

/// BIRD counts 64 hops where no number is written, and takes that for a neighbour of our own AS.
fn add_hops(options: &mut BTreeMap<String, Setting>) {
    let asn = |end: &str| options.get(end).map(|setting| setting.value.as_str());
    let is_internal = asn("neighbor AS") == Some("internal")
        || asn("neighbor AS").is_some() && asn("neighbor AS") == asn("local AS");
    let default = if is_internal { "64" } else { "off" };
    let hops = match options
        .get("multihop")
        .map(|setting| setting.value.as_str())
    {
        None => default,
        Some("on") => "64",
        Some(_) => return,
    };
    set(options, "multihop", hops.to_owned(), Resets);
}

fn add_defaults(options: &mut BTreeMap<String, Setting>, scope: &str, table: &[Known]) {
    for known in table {
        let Some(default) = known.default else {
            continue;
        };
        options
            .entry(format!("{scope}{}", known.words))
            .or_insert_with(|| Setting {
                value: default.to_owned(),
                effect: known.effect,
            });
    }
}

fn set(options: &mut BTreeMap<String, Setting>, name: &str, value: String, effect: Effect) {
    options.insert(name.to_owned(), Setting { value, effect });
}

fn last(tokens: &[Token<'_>]) -> String {
    tokens.last().map(ToString::to_string).unwrap_or_default()
}
