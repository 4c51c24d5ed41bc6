//! Where findings are collected while a file is read and validated.

use std::cell::RefCell;
use std::fmt::Display;

use super::diagnostic::{Finding, Severity};
use super::source::{is_secret, without_passwords};
use super::spec::Field;
use super::tree::{Content, NodeId, Tree, join};

/// A tree and what was found in it so far.
pub(crate) struct Report<'t> {
    /// The document.
    pub(crate) tree: &'t Tree,
    findings: RefCell<Vec<Finding>>,
}

impl<'t> Report<'t> {
    pub(crate) fn new(tree: &'t Tree, findings: Vec<Finding>) -> Self {
        Self {
            tree,
            findings: RefCell::new(findings),
        }
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings.into_inner()
    }

    fn push(&self, finding: Finding) {
        self.findings.borrow_mut().push(finding);
    }

    fn finding(&self, severity: Severity, node: NodeId, message: impl Display) -> Finding {
        Finding {
            severity,
            place: self.tree.place(node),
            path: without_passwords(&self.tree.path(node)),
            message: self.quoted(node, message.to_string()),
            related: None,
        }
    }

    /// The message, which may quote the value: that may be a password, and where `|` makes one text of many keys, there may
    /// be one in it.
    fn quoted(&self, node: NodeId, message: String) -> String {
        let Content::Scalar { text, .. } = self.tree.content(node) else {
            return message;
        };
        if self.tree.nearest_key(node).is_some_and(is_secret) {
            return message.replace(&format!("`{text}`"), "`********`");
        }
        match without_passwords(text) {
            shown if *shown == **text => message,
            shown => message.replace(&**text, &shown),
        }
    }

    /// An error at a value.
    pub(crate) fn error(&self, node: NodeId, message: impl Display) {
        self.push(self.finding(Severity::Error, node, message));
    }

    /// An error at the key of a value.
    pub(crate) fn error_at_key(&self, node: NodeId, message: impl Display) {
        let place = self.tree.key_place(node);
        let finding = self.finding(Severity::Error, node, message);
        self.push(Finding { place, ..finding });
    }

    /// A warning at a value.
    pub(crate) fn warning(&self, node: NodeId, message: impl Display) {
        self.push(self.finding(Severity::Warning, node, message));
    }

    /// A finding that takes two places to understand.
    pub(crate) fn pair(
        &self,
        severity: Severity,
        node: NodeId,
        message: impl Display,
        (other, label): (NodeId, &str),
    ) {
        let related = Some((self.tree.place(other), label.to_owned()));
        let finding = self.finding(severity, node, message);
        self.push(Finding { related, ..finding });
    }

    /// A name that stands in two files.
    pub(crate) fn stands_twice(&self, node: NodeId, first: NodeId) {
        let message = "this name stands in two files: which one counts is a guess";
        let finding = self.finding(Severity::Error, node, message);
        self.push(Finding {
            place: self.tree.key_place(node),
            related: Some((self.tree.key_place(first), "first here".to_owned())),
            ..finding
        });
    }

    /// The value of a key that has to be there. `what` says what to write.
    pub(crate) fn required<'f, T>(
        &self,
        section: NodeId,
        key: &str,
        field: &'f Field<T>,
        what: &str,
    ) -> Option<&'f T> {
        match field.node {
            Some(node) if self.tree.is_null(node) && field.value.is_none() => {
                self.error(node, format!("nothing stands here: write {what}"));
            }
            Some(_) => {}
            None => self.missing(section, key, what),
        }
        field.value.as_ref()
    }

    fn missing(&self, section: NodeId, key: &str, what: &str) {
        let path = join(&self.tree.path(section), key);
        let message = format!("missing: write {what}");
        let finding = self.finding(Severity::Error, section, message);
        self.push(Finding { path, ..finding });
    }
}
