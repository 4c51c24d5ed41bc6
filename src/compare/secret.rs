//! The secrets files, by the names of their constants: what stands in them is compared and never kept.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bird::file::{File, Token};

/// What becomes of a constant in the secrets file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", content = "constant", rename_all = "snake_case")]
pub enum SecretChange {
    /// It is new.
    Added(String),
    /// It is gone.
    Removed(String),
    /// It stands for something else.
    Changed(String),
}

pub(super) fn changes(installed: &str, rendered: &str) -> Vec<SecretChange> {
    let (old, new) = (File::read(installed), File::read(rendered));
    let (old, new) = (constants(&old), constants(&new));
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    let removed = gone.map(|name| SecretChange::Removed((*name).to_owned()));
    let set = new.iter().filter_map(|(name, value)| match old.get(name) {
        None => Some(SecretChange::Added((*name).to_owned())),
        Some(before) if before != value => Some(SecretChange::Changed((*name).to_owned())),
        Some(_) => None,
    });
    removed.chain(set).collect()
}

fn constants<'f, 't>(file: &'f File<'t>) -> BTreeMap<&'t str, &'f [Token<'t>]> {
    file.constants().collect()
}
