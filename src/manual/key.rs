//! The keys of the file, from its schema.

use serde_json::Value;

/// A key of the file.
pub(super) struct Key<'s> {
    /// From the top, as in `services.NAME.checks[].dns`.
    pub(super) path: String,
    /// Its schema, with its description and default.
    pub(super) schema: &'s Value,
    /// What the section that it refers to says of itself.
    pub(super) about: Option<&'s str>,
    /// Whether its section has to have it.
    pub(super) is_required: bool,
}

/// What stands for the name of a service or a neighbour.
pub(super) const NAME: &str = "NAME";

/// Sections with all keys of another one, which is told there.
const LIKE_ANOTHER: [&str; 2] = ["neighbor_defaults", "of"];

/// All keys, those of a section behind the section itself; required ones first, then by the alphabet.
pub(super) fn keys(root: &Value) -> Vec<Key<'_>> {
    let mut found = Vec::new();
    below(root, root, "", &mut found);
    found
}

fn below<'s>(root: &'s Value, schema: &'s Value, path: &str, found: &mut Vec<Key<'s>>) {
    let schema = resolved(root, schema);
    for choice in schema["anyOf"].as_array().into_iter().flatten() {
        below(root, choice, path, found);
    }
    if let Some(items) = schema.get("items") {
        below(root, items, &format!("{path}[]"), found);
    }
    if let Some(named) = schema
        .get("additionalProperties")
        .filter(|named| named.is_object())
    {
        below(root, named, &format!("{path}.{NAME}"), found);
    }
    for (name, property, is_required) in properties(schema) {
        let path = if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        };
        let target = resolved(root, property);
        found.push(Key {
            path: path.clone(),
            schema: property,
            about: target["description"]
                .as_str()
                .filter(|_| property.get("$ref").is_some()),
            is_required,
        });
        if !LIKE_ANOTHER.contains(&name) {
            below(root, property, &path, found);
        }
    }
}

/// The keys of one section.
fn properties(schema: &Value) -> Vec<(&str, &Value, bool)> {
    let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
    let all = schema["properties"].as_object().into_iter().flatten();
    let mut all: Vec<_> = all
        .map(|(name, property)| {
            (
                name.as_str(),
                property,
                required.iter().any(|key| key == name),
            )
        })
        .collect();
    all.sort_by_key(|(name, _, is_required)| (!is_required, *name));
    all
}

/// A schema, or what it refers to.
fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let reference = schema["$ref"].as_str();
    let pointer = reference.and_then(|reference| reference.strip_prefix('#'));
    pointer
        .and_then(|pointer| root.pointer(pointer))
        .unwrap_or(schema)
}
