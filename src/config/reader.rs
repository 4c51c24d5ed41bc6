//! A serde `Deserializer` over a [`Tree`] that does not stop at what is wrong.
//!
//! [`Field`](super::spec::Field) is what makes it go on: a value that cannot be read is reported where it
//! stands and leaves its field empty. Unknown keys are reported with the nearest known one.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::report::Report;
use super::source::without_passwords;
use super::spec;
use super::tree::{Content, NodeId};

/// Why a value was refused.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(String);

impl de::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Reads the value at `node`, reporting what is wrong with it.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'t> {
    pub(crate) report: &'t Report<'t>,
    pub(crate) node: NodeId,
}

impl<'t> Reader<'t> {
    fn at(self, node: NodeId) -> Self {
        Self { node, ..self }
    }

    fn content(self) -> &'t Content {
        self.report.tree.content(self.node)
    }

    /// What stands there, for people who expected something else.
    fn refuse(self, expected: &str) -> Refused {
        let found = match self.content() {
            Content::Scalar { .. } if self.report.tree.is_null(self.node) => "nothing".to_owned(),
            Content::Scalar { text, .. } => format!("`{text}`"),
            Content::List(_) => "a list".to_owned(),
            Content::Map(_) => "a map of keys".to_owned(),
        };
        Refused(format!("{expected} belongs here, and this is {found}"))
    }

    fn text(self, expected: &str) -> Result<&'t str, Refused> {
        match self.content() {
            Content::Scalar { text, .. } if !self.report.tree.is_null(self.node) => Ok(text),
            _ => Err(self.refuse(expected)),
        }
    }

    /// Reports a key that is none of `known`.
    fn unknown(self, section: &str, key: &str, known: &'static [&'static str]) {
        let shown = without_passwords(key);
        let message = match (spec::hint(section, key), nearest(key, known)) {
            (Some(hint), _) => hint.to_owned(),
            (None, Some(near)) => format!("unknown key `{shown}`: did you mean `{near}`?"),
            (None, None) => format!("unknown key `{shown}`: known here are {}", list(known)),
        };
        self.report.error_at_key(self.node, message);
    }
}

/// How alike a word must be to be offered.
const ALIKE: f64 = 0.8;

fn nearest(word: &str, known: &'static [&'static str]) -> Option<&'static str> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), *candidate))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

fn list(known: &[&str]) -> String {
    let quoted: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
    quoted.join(", ")
}

impl<'de> de::Deserializer<'de> for Reader<'de> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_borrowed_str(self.text("text")?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.text("true or false")? {
            "true" | "True" | "TRUE" => visitor.visit_bool(true),
            "false" | "False" | "FALSE" => visitor.visit_bool(false),
            other => Err(Refused(format!("`{other}` is neither true nor false"))),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let Content::List(items) = self.content() else {
            return Err(self.refuse("a list in brackets, or one with a dash before each item,"));
        };
        let reader = self;
        let items = items.iter();
        visitor.visit_seq(Items { reader, items })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.entries(visitor, |_, _| true)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.entries(visitor, |key, node| {
            let is_known = known.contains(&key);
            if !is_known {
                self.at(node).unknown(name, key, known);
            }
            is_known
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let expected = format!("one of {}", list(known));
        let text = self.text(&expected)?;
        if !known.contains(&text) {
            return Err(self.refuse(&expected));
        }
        let variant: StrDeserializer<'_, Refused> = text.into_deserializer();
        visitor.visit_enum(variant)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        match (name, self.content()) {
            (spec::FIELD, _) => visitor.visit_seq(Lenient {
                reader: self,
                step: 0,
            }),
            (spec::OR, Content::Scalar { text, .. }) => visitor.visit_borrowed_str(text),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char string bytes byte_buf option unit
        unit_struct tuple tuple_struct identifier ignored_any
    }
}

impl<'de> Reader<'de> {
    fn entries<V: Visitor<'de>>(
        self,
        visitor: V,
        wanted: impl Fn(&str, NodeId) -> bool,
    ) -> Result<V::Value, Refused> {
        let Content::Map(entries) = self.content() else {
            return Err(self.refuse("a map of keys"));
        };
        let entries = entries.iter().map(|(key, node)| (&**key, *node));
        let entries: Vec<_> = entries.filter(|(key, node)| wanted(key, *node)).collect();
        visitor.visit_map(Entries {
            reader: self,
            rest: entries.into_iter(),
            value: self.node,
        })
    }
}

struct Items<'de> {
    reader: Reader<'de>,
    items: std::slice::Iter<'de, NodeId>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refused> {
        let next = self.items.next();
        next.map(|node| seed.deserialize(self.reader.at(*node)))
            .transpose()
    }
}

struct Entries<'de> {
    reader: Reader<'de>,
    rest: std::vec::IntoIter<(&'de str, NodeId)>,
    /// The value of the key that was handed out last.
    value: NodeId,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        let Some((key, node)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = node;
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Refused> {
        seed.deserialize(self.reader.at(self.value))
    }
}

/// Two elements: the number of the node, then its value, or nothing where that was refused and reported.
struct Lenient<'de> {
    reader: Reader<'de>,
    step: u8,
}

impl<'de> SeqAccess<'de> for Lenient<'de> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refused> {
        let Reader { report, node } = self.reader;
        self.step += 1;
        if self.step == 1 {
            return seed.deserialize(node.index().into_deserializer()).map(Some);
        }
        if report.tree.is_null(node) {
            return Ok(None);
        }
        match seed.deserialize(self.reader) {
            Ok(value) => Ok(Some(value)),
            Err(refused) => {
                report.error(node, refused);
                Ok(None)
            }
        }
    }
}
