//! Lists of communities, of services and of neighbours.

use std::fmt::Display;

use crate::config::Severity;
use crate::config::report::Report;
use crate::config::spec::{Field, List, Text};
use crate::config::tree::NodeId;
use crate::model::{Community, LargeCommunity};

pub(super) fn standard(
    report: &Report<'_>,
    list: &List<Text<Community>>,
) -> Option<Vec<Community>> {
    for (place, community) in list.value.iter().flatten().filter_map(Field::placed) {
        if community.0 == Community::GRACEFUL_SHUTDOWN {
            report.warning(place, "65535:0 is GRACEFUL_SHUTDOWN (RFC 8326): neighbours would avoid this node always, and draining would change little");
        }
    }
    distinct(report, list)
}

pub(super) fn large(
    report: &Report<'_>,
    list: &List<Text<LargeCommunity>>,
) -> Option<Vec<LargeCommunity>> {
    distinct(report, list)
}

fn distinct<T: Clone + PartialEq + Display>(
    report: &Report<'_>,
    list: &List<Text<T>>,
) -> Option<Vec<T>> {
    let mut seen: Vec<(&T, NodeId)> = Vec::new();
    for (place, Text(community)) in list.value.iter().flatten().filter_map(Field::placed) {
        match seen.iter().find(|(other, _)| *other == community) {
            Some((_, first)) => report.pair(
                Severity::Error,
                place,
                format!("{community} stands here twice"),
                (*first, "first here"),
            ),
            None => seen.push((community, place)),
        }
    }
    report.texts(list)
}
