//! Walks over the schema, and over files along it.

use anycastctl::config::schema;
use serde_json::{Value, json};

/// A key that the schema knows.
pub(crate) struct Key {
    /// Keys from the top, `*` for any name and `[]` for any item.
    pub(crate) path: Vec<String>,
    /// Its own schema.
    pub(crate) property: Value,
    /// Whether the section must have it.
    pub(crate) is_required: bool,
    /// Whether there are keys below it.
    pub(crate) is_section: bool,
}

/// A schema, or what it refers to.
fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    match schema["$ref"].as_str() {
        Some(reference) => root.pointer(&reference[1..]).expect("the definition"),
        None => schema,
    }
}

/// All keys at and below a schema.
fn keys(root: &Value, schema: &Value, path: &[String]) -> Vec<Key> {
    let schema = resolved(root, schema);
    let below =
        |schema: &Value, step: &str| keys(root, schema, &[path, &[step.to_owned()]].concat());
    let mut found = Vec::new();
    for choice in schema["anyOf"].as_array().into_iter().flatten() {
        found.extend(keys(root, choice, path));
    }
    if schema["items"].is_object() {
        found.extend(below(&schema["items"], "[]"));
    }
    if schema["additionalProperties"].is_object() {
        found.extend(below(&schema["additionalProperties"], "*"));
    }
    let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let keys = below(property, name);
        found.push(Key {
            path: [path, std::slice::from_ref(name)].concat(),
            property: property.clone(),
            is_required: required.contains(&name.as_str().into()),
            is_section: !keys.is_empty(),
        });
        found.extend(keys);
    }
    found
}

/// Sections with the keys of others, which are told there: those of a check, of what is expected, of `dns.tls`.
const LIKE_OTHERS: [&[&str]; 4] = [
    &["of"],
    &["questions", "[]", "expect"],
    &["tcp", "tls"],
    &["http", "tls"],
];

/// All keys of the format, those of `neighbor_defaults` as keys of a neighbour only, and others that stand in several
/// sections once.
pub(crate) fn all_keys() -> Vec<Key> {
    let schema = schema();
    let mut keys = keys(&schema, &schema, &[]);
    keys.retain(|key| key.path.len() == 1 || key.path[0] != "neighbor_defaults");
    keys.retain(|key| {
        let (_, section) = key.path.split_last().expect("a key");
        let within = |other: &&[&str]| section.windows(other.len()).any(|steps| steps == *other);
        !LIKE_OTHERS.iter().any(within)
    });
    assert!(keys.len() > 100, "only {} keys were found", keys.len());
    keys
}

/// The sections of a file that a key belongs into, where words do not stand instead.
pub(crate) fn sections<'v>(file: &'v mut Value, key: &Key) -> Vec<&'v mut Value> {
    let (_, section) = key.path.split_last().expect("a key");
    let mut found = at(file, section);
    found.retain(|value| value.is_object());
    found
}

/// A file without a key, wherever it stands.
pub(crate) fn without(mut file: Value, key: &Key) -> Value {
    for section in sections(&mut file, key) {
        let name = key.path.last().expect("a name");
        section.as_object_mut().expect("a section").remove(name);
    }
    file
}

/// Everything in a file that a path leads to.
pub(crate) fn at<'v>(value: &'v mut Value, path: &[String]) -> Vec<&'v mut Value> {
    let Some((step, rest)) = path.split_first() else {
        return vec![value];
    };
    let children: Vec<_> = match (step.as_str(), value) {
        ("[]", Value::Array(items)) => items.iter_mut().collect(),
        ("*", Value::Object(map)) => map.values_mut().collect(),
        (key, Value::Object(map)) => map.get_mut(key).into_iter().collect(),
        _ => Vec::new(),
    };
    children
        .into_iter()
        .flat_map(|child| at(child, rest))
        .collect()
}

/// Writes out every default that the schema states.
pub(crate) fn fill(root: &Value, schema: &Value, value: &mut Value) {
    let schema = resolved(root, schema);
    for choice in schema["anyOf"].as_array().into_iter().flatten() {
        fill(root, choice, value);
    }
    for item in value.as_array_mut().into_iter().flatten() {
        fill(root, &schema["items"], item);
    }
    let Some(map) = value.as_object_mut() else {
        return;
    };
    if schema["additionalProperties"].is_object() {
        let named = map.values_mut();
        named.for_each(|value| fill(root, &schema["additionalProperties"], value));
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let is_section = !keys(root, property, &[]).is_empty();
        let absent = property.get("default").cloned();
        // The default of a section without one is that of its keys; a limit on what is received has none, and of some
        // sections one stands there and no other.
        let is_alternative = |choice: &Value| choice["required"] == json!([name]);
        let choices = schema["oneOf"].as_array();
        let is_one_of = choices.is_some_and(|choices| choices.iter().any(is_alternative));
        // What has to say something says nothing by default.
        let inner = resolved(root, property);
        let conditions = ["/items", "/required", "/minProperties", "/anyOf/0/required"];
        let is_empty = conditions.iter().all(|path| inner.pointer(path).is_none());
        let has_any = is_section && is_empty && name != "receive" && !is_one_of;
        let absent = absent.or_else(|| has_any.then(|| json!({})));
        if let (false, Some(absent)) = (map.contains_key(name), absent) {
            map.insert(name.clone(), absent);
        }
        if let Some(value) = map.get_mut(name) {
            fill(root, property, value);
        }
    }
}
