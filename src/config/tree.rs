//! YAML as a tree in which every value knows its place and its path.
//!
//! Scalars stay text as it was written: whether `2.0` is a number or a version is for the reader of the
//! key to say. That is also why `64500:53` and `no` need no quotes.

mod builder;

use std::ops::Range;
use std::rc::Rc;

pub(crate) use builder::{Problem, read};

/// A value of a [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NodeId(usize);

impl NodeId {
    /// The whole main file.
    pub(crate) const ROOT: Self = Self(0);

    /// The number under which serde carries it.
    pub(crate) fn index(self) -> usize {
        self.0
    }

    /// The value of that number.
    pub(crate) fn from_index(index: usize) -> Self {
        Self(index)
    }
}

/// The documents of all files, each with a root of its own.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
}

#[derive(Debug, Clone)]
struct Node {
    parent: Option<(NodeId, Step)>,
    /// Where the key stands, for a value of a map.
    key: Option<Range<usize>>,
    place: Range<usize>,
    content: Content,
}

/// From a value to one within it.
#[derive(Debug, Clone)]
enum Step {
    Key(Rc<str>),
    Item(usize),
}

/// What a value holds.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// Text; `plain` if it stands there without quotes.
    Scalar {
        /// The text, escapes resolved.
        text: Rc<str>,
        /// Without quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<NodeId>),
    /// Keys and values in the order of the file, no key twice.
    Map(Vec<(Rc<str>, NodeId)>),
}

impl Tree {
    /// What a value holds.
    pub(crate) fn content(&self, id: NodeId) -> &Content {
        &self.nodes[id.0].content
    }

    /// Whether nothing stands there: `~`, `null`, or no text at all.
    pub(crate) fn is_null(&self, id: NodeId) -> bool {
        matches!(self.content(id), Content::Scalar { text, plain: true }
            if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The place to point at: a scalar itself, for the rest its key if it has one.
    pub(crate) fn place(&self, id: NodeId) -> Range<usize> {
        let node = &self.nodes[id.0];
        let own = matches!(node.content, Content::Scalar { .. }) && !node.place.is_empty();
        match &node.key {
            Some(key) if !own => key.clone(),
            _ => node.place.clone(),
        }
    }

    /// The place of the key, or of the value where there is no key.
    pub(crate) fn key_place(&self, id: NodeId) -> Range<usize> {
        let key = self.nodes[id.0].key.clone();
        key.unwrap_or_else(|| self.place(id))
    }

    /// The path of keys, as `services.resolver.prefixes[1]`.
    pub(crate) fn path(&self, id: NodeId) -> String {
        let steps: Vec<_> = self.steps(id).collect();
        steps
            .iter()
            .rev()
            .fold(String::new(), |path, step| match step {
                Step::Item(index) => format!("{path}[{index}]"),
                Step::Key(key) => join(&path, key),
            })
    }

    /// The key of a value, or of the list that it stands in.
    pub(crate) fn nearest_key(&self, id: NodeId) -> Option<&str> {
        self.steps(id).find_map(|step| match step {
            Step::Item(_) => None,
            Step::Key(key) => Some(&**key),
        })
    }

    /// From a value to the top of the document.
    fn steps(&self, id: NodeId) -> impl Iterator<Item = &Step> {
        let up = |(parent, _): &&(NodeId, Step)| self.nodes[parent.0].parent.as_ref();
        std::iter::successors(self.nodes[id.0].parent.as_ref(), up).map(|(_, step)| step)
    }
}

/// A path with one key more.
pub(crate) fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}
