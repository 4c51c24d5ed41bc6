//! Fields that know their place and never fail, and the two shapes that serde has no word for.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::leaf::FromText;
use crate::config::tree::NodeId;

/// The name by which a [`Field`] asks the reader for a place and a value.
pub(crate) const FIELD: &str = "$field";
/// The name by which an [`Or`] asks the reader to look for a word.
pub(crate) const OR: &str = "$or";

/// A key's value: absent (no node), refused and reported (a node, no value), or there.
#[derive(Debug, Clone)]
pub(crate) struct Field<T> {
    pub(crate) node: Option<NodeId>,
    pub(crate) value: Option<T>,
}

impl<T> Default for Field<T> {
    fn default() -> Self {
        Self {
            node: None,
            value: None,
        }
    }
}

impl<T> Field<T> {
    /// The node and the value, if there is one.
    pub(crate) fn placed(&self) -> Option<(NodeId, &T)> {
        self.node.zip(self.value.as_ref())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Visit<T> {
            type Value = Field<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Field<T>, A::Error> {
                let node = parts.next_element()?.map(NodeId::from_index);
                let value = parts.next_element()?;
                Ok(Field { node, value })
            }
        }

        deserializer.deserialize_newtype_struct(FIELD, Visit(PhantomData))
    }
}

/// A map from names to values, in the order of the file.
#[derive(Debug, Clone)]
pub(crate) struct Named<T>(pub(crate) Vec<(String, Field<T>)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Visit<T> {
            type Value = Named<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Named(entries))
            }
        }

        deserializer.deserialize_map(Visit(PhantomData))
    }
}

/// A word, or a section instead.
#[derive(Debug, Clone)]
pub(crate) enum Or<W, T> {
    /// The word.
    Word(W),
    /// The section.
    Section(T),
}

impl<'de, W: FromText, T: Deserialize<'de>> Deserialize<'de> for Or<W, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<W, T>(PhantomData<(W, T)>);

        impl<'de, W: FromText, T: Deserialize<'de>> Visitor<'de> for Visit<W, T> {
            type Value = Or<W, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word or a section")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Or<W, T>, E> {
                W::from_text(word).map(Or::Word).map_err(E::custom)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<Or<W, T>, D::Error> {
                T::deserialize(deserializer).map(Or::Section)
            }
        }

        deserializer.deserialize_newtype_struct(OR, Visit(PhantomData))
    }
}
