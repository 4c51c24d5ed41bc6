//! YAML events to a [`Tree`]: aliases are copied, merge keys merged, doubles reported.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::super::source::without_passwords;
use super::{Content, Node, NodeId, Step, Tree};

/// What is wrong with a document before its keys mean anything.
#[derive(Debug)]
pub(crate) struct Problem {
    /// Where.
    pub(crate) place: Range<usize>,
    /// The path, if it has one.
    pub(crate) path: String,
    /// What.
    pub(crate) message: String,
    /// A second place and what to say there.
    pub(crate) related: Option<(Range<usize>, String)>,
}

impl Problem {
    pub(crate) fn at(place: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            place,
            path: String::new(),
            message: message.into(),
            related: None,
        }
    }
}

/// The most values a file may hold, aliases counted as what they stand for: a few lines of aliases to
/// aliases can ask for billions.
const MOST_NODES: usize = 20_000;
/// The most values that all files may hold together: far more than a node has services for.
const MOST_NODES_IN_ALL: usize = 100_000;
/// The longest text of one value, in bytes. Nothing that belongs into this file is longer.
const LONGEST_TEXT: usize = 4096;

/// Reads one document into a tree. `start` is the offset of its first byte. Returns its root, unless there
/// is nothing in it, and what is wrong without stopping the reading; `Err` holds what did stop it.
pub(crate) fn read(
    tree: &mut Tree,
    text: &str,
    start: usize,
) -> Result<(Option<NodeId>, Vec<Problem>), Problem> {
    let options = granit_parser::options! { emit_comments: false, block_nesting_limit: 64, flow_nesting_limit: 64 };
    let root = NodeId(tree.nodes.len());
    let mut builder = Builder::new(tree, start..start + text.len());
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| syntax(&error, text, start))?;
        builder.event(event, &span)?;
    }
    let problems = builder.problems;
    Ok(((root.0 < tree.nodes.len()).then_some(root), problems))
}

fn syntax(error: &ScanError, text: &str, start: usize) -> Problem {
    let byte = error.marker().byte_offset().unwrap_or_default();
    let byte = text.floor_char_boundary(byte);
    let (byte, message) = match indenting_tab(text, byte) {
        Some(tab) => {
            let message = "this line is indented with a tab: YAML takes only blanks";
            (tab, message.to_owned())
        }
        None => (byte, format!("not YAML: {}", error.info())),
    };
    Problem::at(start + byte..start + byte + 1, message)
}

/// A tab in the indentation of the line of an error or of the next one, where the parser may have looked.
fn indenting_tab(text: &str, error: usize) -> Option<usize> {
    let start = text[..error].rfind('\n').map_or(0, |end| end + 1);
    let mut line_start = start;
    text[start..]
        .split_inclusive('\n')
        .take(2)
        .find_map(|line| {
            let indent = line.find(|c| !matches!(c, ' ' | '\t'))?;
            let tab = line[..indent].find('\t').map(|tab| line_start + tab);
            line_start += line.len();
            tab
        })
}

struct Builder<'t> {
    tree: &'t mut Tree,
    /// The offsets of this file.
    offsets: Range<usize>,
    /// How many values there may be when it is read.
    most: usize,
    problems: Vec<Problem>,
    /// The lists and maps that are still open, outermost first.
    open: Vec<Open>,
    /// Values that aliases may name. Lists and maps come in at their end: an alias within would never end.
    anchors: HashMap<usize, NodeId>,
    documents: usize,
}

struct Open {
    id: NodeId,
    /// The parser's number of its anchor, 0 for none.
    anchor: usize,
    /// The key that waits for its value.
    key: Option<(Rc<str>, Range<usize>)>,
    /// The values of `<<` in this map.
    merged: Vec<NodeId>,
}

/// The key whose value is merged into its map.
const MERGE: &str = "<<";

impl<'t> Builder<'t> {
    fn new(tree: &'t mut Tree, offsets: Range<usize>) -> Self {
        Self {
            most: MOST_NODES_IN_ALL.min(tree.nodes.len() + MOST_NODES),
            tree,
            offsets,
            problems: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            documents: 0,
        }
    }

    /// Where an event stands among all texts; never outside its own.
    fn place(&self, span: &Span) -> Range<usize> {
        let Range { start, end } = span.byte_range().unwrap_or_default();
        let offset = |byte: usize| self.offsets.end.min(self.offsets.start + byte);
        offset(start)..offset(end)
    }

    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<(), Problem> {
        let place = self.place(span);
        match event {
            Event::DocumentStart(..) => self.document(place),
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, _, Some(_))
            | Event::MappingStart(_, _, Some(_)) => {
                let tag = span.tag_span().map_or(place, |tag| self.place(&tag));
                Err(Problem::at(
                    tag,
                    "YAML tags mean nothing here: take this one away",
                ))
            }
            Event::Scalar(text, style, anchor, None) => {
                self.scalar(&text, style == ScalarStyle::Plain, anchor, place)
            }
            Event::SequenceStart(_, anchor, None) => {
                self.start(Content::List(Vec::new()), anchor, place)
            }
            Event::MappingStart(_, anchor, None) => {
                self.start(Content::Map(Vec::new()), anchor, place)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(place.end),
            Event::Alias(anchor) => self.alias(anchor, place),
            _ => Ok(()),
        }
    }

    fn document(&mut self, place: Range<usize>) -> Result<(), Problem> {
        self.documents += 1;
        match self.documents {
            1 => Ok(()),
            _ => Err(Problem::at(
                place,
                "a second document begins here: one file holds one configuration",
            )),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        plain: bool,
        anchor: usize,
        place: Range<usize>,
    ) -> Result<(), Problem> {
        if text.len() > LONGEST_TEXT {
            let message = format!("this text is longer than {LONGEST_TEXT} bytes");
            return Err(Problem::at(place, message));
        }
        let text: Rc<str> = text.into();
        if let Some(open) = self.awaiting_key() {
            open.key = Some((text, place));
            return Ok(());
        }
        let id = self.attach(Content::Scalar { text, plain }, place)?;
        self.anchors.insert(anchor, id);
        Ok(())
    }

    /// The innermost open collection, if it is a map whose next value has no key yet.
    fn awaiting_key(&mut self) -> Option<&mut Open> {
        let open = self.open.last_mut()?;
        let is_map = matches!(self.tree.content(open.id), Content::Map(_));
        (is_map && open.key.is_none()).then_some(open)
    }

    fn start(
        &mut self,
        content: Content,
        anchor: usize,
        place: Range<usize>,
    ) -> Result<(), Problem> {
        if self.awaiting_key().is_some() {
            return Err(Problem::at(place, "a key is text, not a list or a map"));
        }
        let id = self.attach(content, place)?;
        self.open.push(Open {
            id,
            anchor,
            key: None,
            merged: Vec::new(),
        });
        Ok(())
    }

    fn end(&mut self, end: usize) -> Result<(), Problem> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let place = &mut self.tree.nodes[open.id.0].place;
        place.end = end.max(place.start);
        for id in open.merged {
            self.merge(open.id, id)?;
        }
        self.anchors.insert(open.anchor, open.id);
        Ok(())
    }

    fn alias(&mut self, anchor: usize, place: Range<usize>) -> Result<(), Problem> {
        if self.awaiting_key().is_some() {
            return Err(Problem::at(place, "an alias cannot be a key"));
        }
        let Some(target) = self.anchors.get(&anchor).copied() else {
            let message = "this alias stands within what it stands for";
            return Err(Problem::at(place, message));
        };
        let Node { place, content, .. } = self.tree.nodes[target.0].clone();
        let id = self.attach(emptied(&content), place)?;
        self.copy_children(&content, id)
    }

    /// Adds a value to the innermost open collection, or as the root.
    fn attach(&mut self, content: Content, place: Range<usize>) -> Result<NodeId, Problem> {
        let id = NodeId(self.tree.nodes.len());
        let Some(open) = self.open.last_mut() else {
            return self.add(None, None, place, content);
        };
        let parent = open.id;
        let (step, key) = match (open.key.take(), &mut self.tree.nodes[parent.0].content) {
            (Some((name, key)), Content::Map(_)) if &*name == MERGE => {
                open.merged.push(id);
                (Step::Key(name), Some(key))
            }
            (Some((name, key)), _) => {
                self.enter(parent, &name, &key, id);
                (Step::Key(name), Some(key))
            }
            (None, Content::List(items)) => {
                items.push(id);
                (Step::Item(items.len() - 1), None)
            }
            (None, _) => return Err(Problem::at(place, "a value without a key")),
        };
        self.add(Some((parent, step)), key, place, content)
    }

    /// Enters a value into a map; the first of two with one key counts.
    fn enter(&mut self, map: NodeId, name: &Rc<str>, key: &Range<usize>, id: NodeId) {
        let Content::Map(entries) = &mut self.tree.nodes[map.0].content else {
            return;
        };
        let same = entries.iter().find(|(other, _)| other == name);
        let Some(earlier) = same.map(|(_, earlier)| *earlier) else {
            entries.push((name.clone(), id));
            return;
        };
        let first = self.tree.key_place(earlier);
        self.problems.push(Problem {
            place: key.clone(),
            path: without_passwords(&self.tree.path(earlier)),
            message: format!(
                "the key `{}` stands here twice: which one counts is a guess",
                without_passwords(name)
            ),
            related: Some((first, "first here".to_owned())),
        });
    }

    fn add(
        &mut self,
        parent: Option<(NodeId, Step)>,
        key: Option<Range<usize>>,
        place: Range<usize>,
        content: Content,
    ) -> Result<NodeId, Problem> {
        if self.tree.nodes.len() == self.most {
            let message = self.too_many();
            return Err(Problem::at(place, message));
        }
        let id = NodeId(self.tree.nodes.len());
        self.tree.nodes.push(Node {
            parent,
            key,
            place,
            content,
        });
        Ok(id)
    }

    fn too_many(&self) -> String {
        let (most, where_) = match self.most {
            MOST_NODES_IN_ALL => (MOST_NODES_IN_ALL, " in all files"),
            _ => (MOST_NODES, ""),
        };
        format!("more than {most} values{where_}, counting what aliases stand for")
    }

    fn copy(&mut self, from: NodeId, parent: NodeId, step: Step) -> Result<NodeId, Problem> {
        let node = self.tree.nodes[from.0].clone();
        let empty = emptied(&node.content);
        let id = self.add(Some((parent, step)), node.key, node.place, empty)?;
        self.copy_children(&node.content, id)?;
        Ok(id)
    }

    fn copy_children(&mut self, content: &Content, to: NodeId) -> Result<(), Problem> {
        let copied = match content {
            Content::Scalar { .. } => return Ok(()),
            Content::List(items) => {
                let copies = items.iter().enumerate();
                let copies = copies.map(|(index, item)| self.copy(*item, to, Step::Item(index)));
                Content::List(copies.collect::<Result<_, _>>()?)
            }
            Content::Map(entries) => {
                let copies = entries.iter().map(|(key, value)| {
                    let copy = self.copy(*value, to, Step::Key(key.clone()))?;
                    Ok((key.clone(), copy))
                });
                Content::Map(copies.collect::<Result<_, _>>()?)
            }
        };
        self.tree.nodes[to.0].content = copied;
        Ok(())
    }

    /// Gives a map what the value of its `<<` has and it has not itself.
    fn merge(&mut self, map: NodeId, from: NodeId) -> Result<(), Problem> {
        match self.tree.content(from).clone() {
            Content::Map(entries) => entries
                .into_iter()
                .try_for_each(|(key, value)| self.merge_entry(map, key, value)),
            Content::List(maps) => maps.into_iter().try_for_each(|item| self.merge(map, item)),
            Content::Scalar { .. } => {
                let message = "`<<` merges a map: write for example `<<: *name`";
                Err(Problem::at(self.tree.place(from), message))
            }
        }
    }

    fn merge_entry(&mut self, map: NodeId, key: Rc<str>, value: NodeId) -> Result<(), Problem> {
        let Content::Map(entries) = self.tree.content(map) else {
            return Ok(());
        };
        if entries.iter().any(|(own, _)| *own == key) {
            return Ok(());
        }
        let copy = self.copy(value, map, Step::Key(key.clone()))?;
        if let Content::Map(entries) = &mut self.tree.nodes[map.0].content {
            entries.push((key, copy));
        }
        Ok(())
    }
}

/// The same kind of content, to be filled.
fn emptied(content: &Content) -> Content {
    match content {
        Content::Scalar { .. } => content.clone(),
        Content::List(_) => Content::List(Vec::new()),
        Content::Map(_) => Content::Map(Vec::new()),
    }
}
