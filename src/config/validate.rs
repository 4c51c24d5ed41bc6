//! From what was typed to a [`Config`]: defaults, and what follows from keys together.
//!
//! Every function reports what it finds and goes on; `None` means that something was reported.

mod across;
mod alike;
mod check;
mod community;
mod connection;
mod damping;
mod dns;
mod expect;
mod failure;
mod flap;
mod host;
mod local;
mod neighbor;
mod node;
mod remote;
mod service;

use std::str::FromStr;

use super::Config;
use super::report::Report;
use super::spec::{self, Field, Leaf, Named, Number, Text};
use super::tree::NodeId;
use crate::model::InvalidName;

/// Validates a file; the configuration is whole only if no error was reported.
pub(super) fn validate(report: &Report<'_>, file: &spec::File) -> Option<Config> {
    not_for_defaults(report, &file.neighbor_defaults);
    let file = &file.resolved();
    let version = report.required(NodeId::ROOT, "version", &file.version, "version: 1");
    let node = report
        .required(
            NodeId::ROOT,
            "node",
            &file.node,
            "who this node is, as in `node: { name: ams1, asn: 64601, router_id: 192.0.2.1 }`",
        )
        .and_then(|node| node::node(report, id(&file.node), node));
    let include = report.texts(&file.include);
    let bird = node::bird(report, &file.bird);
    let bfd = node::bfd(report, &file.bfd);
    let kernel = node::kernel(report, &file.kernel);
    let daemon = node::daemon(report, &file.daemon);
    let flap = flap::flap(report, &file.flap);
    let host = host::host(report, &file.host);
    let nodes_own = failure::Own::of(report, file);
    let services = named(
        report,
        &file.services,
        "services",
        "at least one service",
        |report, at, spec| service::service(report, &nodes_own, at, spec),
    );
    let own = file.node.value.as_ref().and_then(|node| node.asn.placed());
    let own = own.map(|(_, asn)| asn.0);
    let neighbors = named(
        report,
        &file.neighbors,
        "neighbors",
        "at least one neighbour",
        |report, at, spec| neighbor::neighbor(report, own, at, spec),
    );
    across::check(report, file);
    across::flapping::check(report, file, flap.as_ref(), bird.as_ref());
    version?;
    include?;
    let services = services?.into_iter().map(|(name, make)| make(name));
    Some(Config {
        node: node?,
        bird: bird?,
        bfd: bfd?,
        kernel: kernel?,
        services: alike::share(services.collect()),
        neighbors: neighbors?
            .into_iter()
            .map(|(name, make)| make(name))
            .collect(),
        flap: flap?,
        daemon: daemon?,
        host: host?,
    })
}

/// What makes a neighbour that one and no other.
fn not_for_defaults(report: &Report<'_>, field: &Field<spec::Neighbor>) {
    let Some(defaults) = &field.value else { return };
    for (key, place) in [
        ("sessions", defaults.sessions.node),
        ("preset", defaults.preset.node),
    ] {
        if let Some(place) = place {
            report.error_at_key(
                place,
                format!("`{key}` belongs to one neighbour: write it there"),
            );
        }
    }
}

/// There is no value to go on with, and a finding says why. Where a value may be absent, `None` cannot.
struct Reported;

/// An error at the first of the keys that stands in the file.
fn at_first(report: &Report<'_>, keys: [Option<NodeId>; 2], message: &str) {
    if let Some(place) = keys.into_iter().flatten().next() {
        report.error(place, message);
    }
}

/// The place of a field; the document where it is absent.
fn id<T>(field: &Field<T>) -> NodeId {
    field.node.unwrap_or(NodeId::ROOT)
}

/// Validates a map of names, which may not be empty.
fn named<S, N: FromStr<Err = InvalidName>, T>(
    report: &Report<'_>,
    field: &Field<Named<S>>,
    key: &str,
    what: &str,
    validate: impl Fn(&Report<'_>, NodeId, &S) -> Option<T>,
) -> Option<Vec<(N, T)>> {
    let Named(entries) = report.required(NodeId::ROOT, key, field, what)?;
    if entries.is_empty() {
        report.error(id(field), format!("nothing stands here: write {what}"));
    }
    let all: Vec<_> = entries
        .iter()
        .map(|(name, entry)| {
            let place = id(entry);
            let name = name
                .parse()
                .map_err(|error| report.error_at_key(place, error));
            let entry = report.filled(entry);
            let valid = entry.and_then(|entry| validate(report, place, entry));
            name.ok().zip(valid)
        })
        .collect();
    let all: Option<Vec<(N, T)>> = all.into_iter().collect();
    all.filter(|all| !all.is_empty())
}

impl Report<'_> {
    /// A section that has to hold something.
    fn filled<'f, T>(&self, field: &'f Field<T>) -> Option<&'f T> {
        match field.node {
            Some(node) if self.tree.is_null(node) && field.value.is_none() => {
                self.error(node, "nothing stands here");
                None
            }
            _ => field.value.as_ref(),
        }
    }

    /// Whether a key is absent, or stands there without a value: then the default holds.
    fn is_absent<T>(&self, field: &Field<T>) -> bool {
        let null = field.node.is_none_or(|node| self.tree.is_null(node));
        null && field.value.is_none()
    }

    /// A value that may be absent.
    fn optional<T: Clone>(&self, field: &Field<T>) -> Result<Option<T>, Reported> {
        match &field.value {
            None if !self.is_absent(field) => Err(Reported),
            value => Ok(value.clone()),
        }
    }

    /// A value or its default. `None`: refused.
    fn or<T: Clone>(&self, field: &Field<T>, default: T) -> Option<T> {
        Some(self.optional(field).ok()?.unwrap_or(default))
    }

    /// A text or its default.
    fn text_or<T: Clone>(&self, field: &Leaf<T>, default: T) -> Option<T> {
        self.or(field, Text(default)).map(|text| text.0)
    }

    /// A number or its default.
    fn number_or<const MIN: u32, const MAX: u32, T: TryFrom<u32>>(
        &self,
        field: &Field<Number<MIN, MAX>>,
        default: T,
    ) -> Option<T> {
        match self.optional(field).ok()? {
            Some(number) => number.get(),
            None => Some(default),
        }
    }

    /// The values of a list; an absent list is empty. `None`: one was refused.
    fn texts<T: Clone>(&self, list: &spec::List<Text<T>>) -> Option<Vec<T>> {
        let items = match &list.value {
            Some(items) => items.as_slice(),
            None if self.is_absent(list) => &[],
            None => return None,
        };
        let texts = items.iter().map(|item| Some(self.filled(item)?.0.clone()));
        // All are looked at before any is missed.
        texts.collect::<Vec<_>>().into_iter().collect()
    }

    /// A list that may not be empty.
    fn non_empty<'f, T>(
        &self,
        section: NodeId,
        key: &str,
        list: &'f spec::List<T>,
        what: &str,
    ) -> Option<&'f Vec<Field<T>>> {
        let items = self.required(section, key, list, what)?;
        if items.is_empty() {
            self.error(id(list), format!("this list is empty: write {what}"));
        }
        Some(items).filter(|items| !items.is_empty())
    }
}
