//! Everything that is neither a session nor a static protocol: kernel, BFD, device, log, filters …

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bird::file::{File, Statement, Token, line};

/// A block or statement that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlockChange {
    /// Such as `protocol kernel kernel4` or `router id`.
    pub what: String,
    /// As installed, on one line; `None` if it is new.
    pub installed: Option<String>,
    /// As rendered, on one line; `None` if it is gone.
    pub rendered: Option<String>,
}

pub(super) fn changes(old: &File<'_>, new: &File<'_>) -> Vec<BlockChange> {
    let (mut old, new) = (others(old), others(new));
    let mut changes = Vec::new();
    for (what, rendered) in new {
        let installed = old.remove(&what);
        if installed.as_ref() != Some(&rendered) {
            changes.push(BlockChange {
                what,
                installed: installed.as_deref().map(text),
                rendered: Some(text(&rendered)),
            });
        }
    }
    changes.extend(old.into_iter().map(|(what, installed)| BlockChange {
        what,
        installed: Some(text(&installed)),
        rendered: None,
    }));
    changes
}

/// By name. What stands twice under one name, as `log` may, is taken together.
fn others<'f, 't>(file: &'f File<'t>) -> BTreeMap<String, Vec<&'f Statement<'t>>> {
    let mut others = BTreeMap::<_, Vec<_>>::new();
    for statement in file.statements() {
        let is_told = ["protocol bgp", "protocol static"]
            .iter()
            .any(|kind| statement.after(kind).is_some());
        if !is_told {
            others.entry(name(statement)).or_default().push(statement);
        }
    }
    others
}

fn name(statement: &Statement<'_>) -> String {
    let tokens = &statement.tokens;
    let length = match tokens.first().and_then(Token::word) {
        Some("log") => 1,
        Some("define" | "filter" | "timeformat" | "router") => 2,
        Some("protocol" | "template") => 3,
        _ => tokens.len(),
    };
    line(&tokens[..length.min(tokens.len())])
}

fn text(statements: &[&Statement<'_>]) -> String {
    let lines: Vec<_> = statements.iter().map(ToString::to_string).collect();
    lines.join(" ")
}
