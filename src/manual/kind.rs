//! What the value of a key is, in words: from its schema.

use serde_json::Value;

/// The most words that are named in the line of a key.
const FEW: usize = 5;

/// What kind of value a schema takes, as in `duration` or `list of prefixes`; none for a section.
pub(super) fn kind(schema: &Value) -> Option<String> {
    if let Some(words) = words(schema) {
        return Some(words);
    }
    if let Some(items) = schema.get("items") {
        return Some(match kind(items) {
            Some(item) => format!("list of {}", plural(&item)),
            None => "list of sections".to_owned(),
        });
    }
    if let Some(choices) = schema["anyOf"].as_array()
        && schema.get("type").is_none()
    {
        let known = choices.iter().find_map(known_words)?;
        return Some(alternatives(&known, &["a section"]));
    }
    if schema["type"] == "boolean" {
        return Some("`true` or `false`".to_owned());
    }
    schema["$comment"].as_str().map(str::to_owned)
}

fn words(schema: &Value) -> Option<String> {
    let words = known_words(schema)?;
    (words.len() <= FEW).then(|| alternatives(&words, &[]))
}

/// All words that a schema takes, where it takes nothing else.
pub(super) fn known_words(schema: &Value) -> Option<Vec<&str>> {
    let own = schema["enum"].as_array();
    let of_text = || {
        schema["anyOf"]
            .as_array()?
            .iter()
            .find_map(|choice| choice["enum"].as_array())
    };
    let is_text = schema["type"] == "string";
    let words = own.or_else(|| of_text().filter(|_| is_text))?;
    Some(words.iter().filter_map(Value::as_str).collect())
}

/// The words that a schema takes where they are too many to be its kind.
pub(super) fn many_words(schema: &Value) -> Option<Vec<&str>> {
    let words = known_words(schema).or_else(|| known_words(schema.get("items")?))?;
    (words.len() > FEW).then_some(words)
}

/// Words as they are typed and what is none, with commas and an `or`.
fn alternatives(words: &[&str], others: &[&str]) -> String {
    let words = words.iter().map(|word| format!("`{word}`"));
    let all: Vec<String> = words
        .chain(others.iter().map(|&other| other.to_owned()))
        .collect();
    match all.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
        None => String::new(),
    }
}

fn plural(kind: &str) -> String {
    match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with("ss") || kind.ends_with('x') => format!("{kind}es"),
        None => format!("{kind}s"),
    }
}

/// A value as YAML in one line.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let pairs: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{key}: {}", flow(value)))
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}
