//! Passwords out of a text, before anybody sees it.

use std::collections::BTreeSet;

use super::token::{Kind, Lexeme, Token, lexemes};

/// Stands where a password was.
const HIDDEN: &str = "\"<hidden>\"";
/// Stands where the rest of a comment was.
const HIDDEN_COMMENT: &str = " <hidden>";

/// What follows one of these words is a secret: `password "…"`, and `secret "…"` in the keys of TCP-AO.
const SECRET: [&str; 2] = ["password", "secret"];
/// A constant with one of these in its name is a secret, used or not.
const SECRET_NAME: [&str; 4] = ["password", "secret", "md5", "key"];

/// The text with `"<hidden>"` in the place of every password and of every constant that is used as one or
/// has a name like one. Names of constants stay. A comment about a password ends where it names it.
#[must_use]
pub fn redacted(text: &str) -> String {
    let constants = constants(text);
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let mut hider = Hider::default();
    for Lexeme { kind, place, .. } in lexemes(text) {
        out.push_str(&text[copied..place.start]);
        let written = &text[place.clone()];
        match kind {
            Kind::Comment(_) => hide_comment(written, &constants, &mut out),
            Kind::Token(token) if hider.hides(token, &constants) => out.push_str(HIDDEN),
            Kind::Token(_) => out.push_str(written),
        }
        copied = place.end;
    }
    out + &text[copied..]
}

/// The constants that are used as passwords.
fn constants(text: &str) -> BTreeSet<&str> {
    let tokens = lexemes(text).filter_map(|lexeme| match lexeme.kind {
        Kind::Token(token) => Some(token),
        Kind::Comment(_) => None,
    });
    let mut before = false;
    let used = tokens.filter_map(|token| {
        let follows = std::mem::replace(&mut before, is_secret_word(token));
        token.word().filter(|word| follows && is_name(word))
    });
    used.collect()
}

/// Knows which tokens are secrets from those before them.
#[derive(Default)]
struct Hider<'t> {
    before: [Option<Token<'t>>; 2],
    /// Within the definition of a secret constant.
    defines: bool,
}

impl<'t> Hider<'t> {
    fn hides(&mut self, token: Token<'t>, constants: &BTreeSet<&str>) -> bool {
        let [define, name] = self.before;
        let follows = name.is_some_and(is_secret_word);
        if define.and_then(|token| token.word()) == Some("define") {
            let name = name.and_then(|token| token.word()).unwrap_or_default();
            self.defines = constants.contains(name) || sounds_secret(name);
        }
        self.defines &= !token.is(";");
        self.before = [name, Some(token)];
        match token {
            Token::Text(_) => follows || self.defines,
            // Bytes in hexadecimal, which newer releases take for a key.
            Token::Word(word) => {
                (follows || self.defines) && !is_name(word) && !is_secret_word(token)
            }
            Token::Sign(_) => false,
        }
    }
}

/// Each line of a comment up to the first word for a secret; what closes it stays.
fn hide_comment(comment: &str, constants: &BTreeSet<&str>, out: &mut String) {
    let (comment, end) = match comment.strip_suffix("*/") {
        Some(inside) if comment.starts_with("/*") => (inside, "*/"),
        _ => (comment, ""),
    };
    hide_lines(comment, constants, out);
    out.push_str(end);
}

fn hide_lines(comment: &str, constants: &BTreeSet<&str>, out: &mut String) {
    for line in comment.split_inclusive('\n') {
        let lower = line.to_ascii_lowercase();
        let words = SECRET.iter().map(|word| (*word).to_owned());
        let names = constants.iter().map(|name| name.to_ascii_lowercase());
        let ends = words
            .chain(names)
            .filter_map(|word| Some(lower.find(&word)? + word.len()));
        let Some(end) = ends.min() else {
            out.push_str(line);
            continue;
        };
        out.push_str(&line[..end]);
        out.push_str(HIDDEN_COMMENT);
        out.push_str(if line.ends_with('\n') { "\n" } else { "" });
    }
}

fn is_secret_word(token: Token<'_>) -> bool {
    token.word().is_some_and(|word| SECRET.contains(&word))
}

fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAME.iter().any(|word| name.contains(word))
}

/// A name, and no bytes in hexadecimal: BIRD takes 20 or more digits for those, and so do we from 16 on.
fn is_name(word: &str) -> bool {
    let is_bytes = word.len() >= 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let starts = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts
        && !is_bytes
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
