//! The reader of BIRD's configuration (`bird::file`), what hides passwords in it, and what compares two of them
//! (`compare`).
//!
//! - Redaction hides every text behind `password` and `secret`, and changes nothing else: token by token, the redacted
//!   file is the same but for what is hidden. Redacted once more, it stays as it is.
//! - A comparison of any two files never tells what is hidden in one of them. (That a file differs from itself in nothing
//!   holds for files that BIRD would take; `configuration` looks at that.)
//! - Everything that is said of a file is one line without control characters.

use anycastctl::bird::file::{File, Statement, Token, redacted};
use anycastctl::compare::Comparison;
use anycastctl::init;

use crate::{chance, halves, shown};

const HIDDEN: Token<'_> = Token::Text("<hidden>");

/// Tries the input as an installed and a rendered file.
pub fn holds(input: &[u8]) {
    let (old, new) = halves(input);
    let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
    let chance = chance(input);
    let hidden = hides(&old, chance);
    walk(&File::read(&old));
    compare(&old, &new, &hidden, chance);
    let zones = init::zones(&old);
    assert!(zones.len() <= 8);
    for zone in zones {
        shown::ascii(&zone);
    }
}

/// What is hidden where BIRD would take it for a password. Of a broken file, redaction hides more.
fn hides(text: &str, chance: u64) -> Vec<String> {
    let shown = redacted(text);
    let (before, after) = (File::read(text), File::read(&shown));
    let (before, after) = (tokens(before.statements()), tokens(after.statements()));
    assert_eq!(before.len(), after.len(), "{shown:?}");
    let mut hidden = Vec::new();
    for (at, (was, is)) in before.iter().zip(&after).enumerate() {
        let earlier = &before[..at];
        let follows = matches!(
            earlier.last(),
            Some(Some(Token::Word("password" | "secret")))
        );
        match (was, is) {
            (Some(Token::Text(text) | Token::Word(text)), Some(HIDDEN)) => {
                if is_password(earlier) || is_constant(earlier) {
                    hidden.push((*text).to_owned());
                }
            }
            (was, is) => assert_eq!(was, is, "{shown:?}"),
        }
        if follows && matches!(was, Some(Token::Text(_))) {
            assert_eq!(*is, Some(HIDDEN), "{shown:?}");
        }
    }
    if chance.is_multiple_of(4) {
        assert_eq!(redacted(&shown), shown);
    }
    hidden
}

/// Behind the word that begins a statement.
fn is_password(earlier: &[Option<Token<'_>>]) -> bool {
    matches!(
        earlier,
        [.., None, Some(Token::Word("password" | "secret"))]
            | [Some(Token::Word("password" | "secret"))]
    )
}

/// Behind `define NAME =`.
fn is_constant(earlier: &[Option<Token<'_>>]) -> bool {
    matches!(
        earlier,
        [
            ..,
            Some(Token::Word("define")),
            Some(_),
            Some(Token::Sign("="))
        ]
    )
}

/// The tokens of statements, one after the other; `None` ends a statement, begins a block and ends it.
fn tokens<'t>(statements: &[Statement<'t>]) -> Vec<Option<Token<'t>>> {
    let mut all = Vec::new();
    for statement in statements {
        all.extend(statement.tokens.iter().copied().map(Some));
        all.push(None);
        if let Some(block) = &statement.block {
            all.extend(tokens(block));
            all.push(None);
        }
    }
    all
}

fn walk(file: &File<'_>) {
    assert!(file.protocols().len() <= file.statements().len());
    for name in file.filters() {
        let _ = file.filter(name);
    }
    for (name, block) in file.functions() {
        assert!(
            block
                .iter()
                .all(|statement| !statement.to_string().is_empty()),
            "{name}"
        );
    }
    let _ = file.constants().count();
}

/// One of the three comparisons, for some of the inputs: each reads all of both files once more.
fn compare(old: &str, new: &str, hidden: &[String], chance: u64) {
    let comparison = match chance % 8 {
        0 => |old: &str, _: &str| Comparison::first(old),
        1 => |old: &str, new: &str| Comparison::between("", "").with_secrets(old, new),
        2..=4 => |old: &str, new: &str| Comparison::between(old, new),
        _ => return,
    };
    let told = |old: &str, new: &str| told(&comparison(old, new));
    no_secret(told, hidden, [old, new]);
}

/// All that a comparison says.
fn told(comparison: &Comparison) -> String {
    let mut all = serde_json::to_string(comparison).expect("comparisons are plain");
    for line in comparison.summary() {
        shown::line(&line.text);
        all.push('\n');
        all.push_str(&line.text);
    }
    all
}

/// What is hidden and stands nowhere else is not told, unless in words that would be said without it, too.
fn no_secret(told: impl Fn(&str, &str) -> String, hidden: &[String], [old, new]: [&str; 2]) {
    let said = told(old, new);
    let places = |secret: &str| old.matches(secret).count() + new.matches(secret).count();
    let secrets = hidden
        .iter()
        .filter(|secret| secret.len() >= 8 && *secret != "<hidden>" && places(secret) == 1);
    for secret in secrets.filter(|secret| said.contains(secret.as_str())) {
        let other = |text: &str| text.replace(secret, &"x".repeat(secret.len()));
        assert!(
            told(&other(old), &other(new)).contains(secret),
            "{secret:?} is told: {said:?}"
        );
    }
}
