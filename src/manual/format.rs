//! The page of the file format: every key of the schema, between prose.

use roff::{Inline, bold, italic, roman};
use serde_json::Value;

use super::key::{Key, NAME, keys};
use super::kind::{flow, kind, many_words};
use super::page::Writer;
use super::prose::inlines;
use super::{FORMAT, Page, related};

/// What the schema does not know: a text in which the heading KEYS stands where the keys go.
const PROSE: &str = include_str!("../../templates/manual/anycastctl.yaml.5.md");

/// What the file is for.
const ABOUT: &str = "configuration of a DNS anycast node for anycastctl";

/// The sections of the page: what the paths of their keys begin with, in the order of the page. What is in none of
/// them, as a key that nobody thought of here, stands under the first one.
const SECTIONS: &[(&str, &str)] = &[
    ("", "MAIN KEYS"),
    ("node", "NODE"),
    ("bird", "BIRD"),
    ("bfd", "BFD"),
    ("kernel", "KERNEL"),
    ("services", "SERVICES"),
    ("services.NAME.checks", "CHECKS"),
    ("neighbors", "NEIGHBORS"),
    ("flap", "FLAP"),
    ("daemon", "DAEMON"),
    ("host", "HOST"),
];

/// The page.
pub(super) fn page(schema: &Value) -> Page {
    let (before, after) = PROSE.split_once("# KEYS\n").unwrap_or((PROSE, ""));
    let mut page = Writer::new(FORMAT, 5, ABOUT);
    page.prose(before);
    let keys = keys(schema);
    for (prefix, heading) in SECTIONS {
        page.heading(heading);
        for key in keys.iter().filter(|key| section(&key.path) == *prefix) {
            item(&mut page, key);
        }
    }
    page.prose(after);
    page.see_also(&related::of_format());
    page.finish()
}

/// The section of the page that a key belongs into: the longest path that it is below of.
fn section(path: &str) -> &'static str {
    let prefixes = SECTIONS.iter().map(|(prefix, _)| *prefix);
    let holds = |prefix: &&str| {
        let rest = path.strip_prefix(*prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let longest = prefixes.filter(holds).max_by_key(|prefix| prefix.len());
    longest.unwrap_or_default()
}

fn item(page: &mut Writer, key: &Key) {
    let mut term = path(&key.path);
    term.push(roman(" ("));
    term.extend(inlines(&facts(key)));
    term.push(roman(")"));
    page.item(term, &description(key));
    if let Some(words) = many_words(key.schema) {
        page.more(inlines(&format!("Known are `{}`.", words.join("`, `"))));
    }
}

/// What kind of value it is, and what holds without it.
fn facts(key: &Key) -> String {
    let kind = Some(kind(key.schema).unwrap_or_else(|| "section".to_owned()));
    let default = key.schema.get("default");
    let default = default.map(|default| format!("default `{}`", flow(default)));
    let required = key.is_required.then(|| "required".to_owned());
    let facts: Vec<String> = [kind, required, default].into_iter().flatten().collect();
    facts.join(", ")
}

/// A path in bold, but for what stands for a name.
fn path(path: &str) -> Vec<Inline> {
    match path.split_once(NAME) {
        Some((before, after)) => vec![bold(before), italic(NAME), bold(after)],
        None => vec![bold(path)],
    }
}

/// What the key is for. The default stands beside the key already.
fn description(key: &Key) -> String {
    let own = key.schema["description"].as_str().unwrap_or_default();
    let default = key.schema.get("default");
    let told = default.map(|default| match default {
        Value::String(default) => format!(" Default: {default}."),
        default => format!(" Default: {default}."),
    });
    let own = told.and_then(|told| own.strip_suffix(&told)).unwrap_or(own);
    // What a section is may be told at more length where it is defined.
    let longer = key
        .about
        .filter(|about| about.starts_with(own.trim_end_matches('.')));
    longer.unwrap_or(own).to_owned()
}
