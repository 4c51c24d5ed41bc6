//! The orders as the text of a file, format version 1; fields may be added.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Override;
use crate::model::{InvalidName, ServiceName};

/// Orders by the name of their service.
pub type Orders = BTreeMap<String, Override>;

/// The version of the format.
const VERSION: u32 = 1;

/// Why a text says nothing about orders.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Not what we write; the message has the line and the column.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// Another version of the format.
    #[error("format version {0} is not known here, only {VERSION}: a newer anycastctl wrote it")]
    Version(u32),
    /// An order of nobody.
    #[error("{0:?} is not the name of a service: {1}")]
    Name(String, InvalidName),
}

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    orders: Orders,
}

/// What stands before the orders: looked at first, because another version may have other orders.
#[derive(Deserialize)]
struct Heading {
    version: u32,
}

/// Reads what [`to_text`] wrote.
pub fn from_text(text: &str) -> Result<Orders, FileError> {
    let Heading { version } = serde_json::from_str(text)?;
    if version != VERSION {
        return Err(FileError::Version(version));
    }
    let File { orders, .. } = serde_json::from_str(text)?;
    for name in orders.keys() {
        name.parse::<ServiceName>()
            .map_err(|error| FileError::Name(name.clone(), error))?;
    }
    Ok(orders)
}

/// The text of the file, one field a line.
pub fn to_text(orders: &Orders) -> Result<String, FileError> {
    let file = File {
        version: VERSION,
        orders: orders.clone(),
    };
    Ok(serde_json::to_string_pretty(&file)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overrides::Kind;

    fn orders() -> Orders {
        let order = Override {
            kind: Kind::Withdraw,
            reason: Some("broken RAM".to_owned()),
            by: "alice".to_owned(),
            since: "2026-11-22T21:00:00Z".parse().unwrap(),
            until: Some("2026-11-22T22:00:00Z".parse().unwrap()),
        };
        Orders::from([("resolver".to_owned(), order)])
    }

    #[test]
    fn orders_survive_the_file() {
        for orders in [Orders::new(), orders()] {
            assert_eq!(from_text(&to_text(&orders).unwrap()).unwrap(), orders);
        }
    }

    #[test]
    fn a_later_release_may_add_fields() {
        let text = to_text(&orders())
            .unwrap()
            .replace("\"kind\"", "\"ticket\": 12, \"kind\"");
        assert_eq!(from_text(&text).unwrap(), orders());
    }

    #[test]
    fn no_part_of_a_file_passes_for_the_whole() {
        let text = to_text(&orders()).unwrap();
        for end in 0..text.trim_end().len() {
            assert!(from_text(&text[..end]).is_err(), "{}", &text[..end]);
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        let text = to_text(&orders()).unwrap();
        for (bad, wanted) in [
            (text.replace("withdraw", "forget"), "line 5 column "),
            (
                text.replace("\"version\": 1", "\"version\": 2"),
                "format version 2",
            ),
            (
                text.replace("resolver", "Re\\u001b"),
                "\"Re\\u{1b}\" is not the name",
            ),
            (String::new(), "line 1 column 0"),
            ("null".to_owned(), "line 1"),
        ] {
            let error = from_text(&bad).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
