//! The JSON Schema of the files, from the types that read them: for editors.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::spec::{File, Included};

/// The schema (JSON Schema, draft 2020-12) of a configuration in format version 1.
///
/// It takes every file that [`Config::parse`](super::Config::parse) takes, unless `true` and `false` stand in
/// quotes there, or a key without a value; and refuses most of what is wrong with a value on its own.
#[must_use]
pub fn schema() -> Value {
    of::<File>()
}

/// The schema of a file that a configuration includes. What such a file lacks, the main one may have.
#[must_use]
pub fn included_schema() -> Value {
    of::<Included>()
}

fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(describe));
    SchemaGenerator::new(settings)
        .into_root_schema_for::<T>()
        .to_value()
}

/// Editors show descriptions and break their lines themselves, and few show defaults.
fn describe(schema: &mut Schema) {
    let Some(Value::String(text)) = schema.get("description") else {
        return;
    };
    let mut text = text.replace('\n', " ");
    match schema.get("default") {
        None => {}
        Some(Value::String(default)) => text = format!("{text} Default: {default}."),
        Some(default) => text = format!("{text} Default: {default}."),
    }
    schema.insert("description".to_owned(), text.into());
}
