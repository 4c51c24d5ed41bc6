//! The comparison for people: one line for each change, the worst kinds first.

use std::fmt::{self, Display};

use super::{
    AnnouncementChange, Attributes, BlockChange, Change, Comparison, Installed, LimitChange,
    Reason, SecretChange, ServiceChange, SessionChange, State,
};

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// A neighbour loses something.
    Loss,
    /// A neighbour gets something.
    Gain,
    /// A neighbour may notice.
    Change,
    /// Nobody outside notices.
    Plain,
}
use crate::harmless::replaced;
use Weight::{Gain, Loss, Plain};

/// A line of the summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How much it matters.
    pub weight: Weight,
    /// Without a line break.
    pub text: String,
}

/// Harmless: an edited file must not reach the terminal's own language.
fn line(weight: Weight, text: impl AsRef<str>) -> Line {
    Line {
        weight,
        text: replaced(text.as_ref()),
    }
}

impl Comparison {
    /// The summary, line by line. Empty if nothing differs.
    #[must_use]
    pub fn summary(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        lines.extend(self.opening());
        let mut announcements: Vec<_> = self.announcements.iter().collect();
        announcements.sort_by_key(|change| rank(&change.change));
        lines.extend(
            announcements
                .into_iter()
                .filter_map(|change| self.announcement(change)),
        );
        lines.extend(self.sessions.iter().map(session));
        lines.extend(self.limits.iter().map(limit));
        // All of it is new where nothing is installed.
        if self.installed != Installed::Missing {
            lines.extend(self.services.iter().map(service));
            lines.extend(self.others.iter().map(other));
        }
        lines.extend(self.secrets.iter().flatten().map(secret));
        if lines.is_empty() && self.differs {
            lines.push(line(
                Plain,
                "nothing that BIRD would act on: comments or layout",
            ));
        }
        lines
    }

    fn opening(&self) -> Option<Line> {
        let text = match self.installed {
            Installed::Missing => "no file is installed: everything would start",
            Installed::TextOnly if self.differs => {
                "the installed file is no whole configuration for BIRD: only the text was compared"
            }
            Installed::Judged | Installed::TextOnly => return None,
        };
        Some(line(Weight::Change, text))
    }

    /// A prefix that stops in both states is told once.
    fn announcement(&self, change: &AnnouncementChange) -> Option<Line> {
        let is_stop = |change: &AnnouncementChange| matches!(change.change, Change::Stops { .. });
        let of_other_state = |other: &&AnnouncementChange| {
            is_stop(other)
                && other.state == State::Announced
                && (&other.prefix, &other.session) == (&change.prefix, &change.session)
        };
        if is_stop(change) && change.state == State::Drained {
            let told = self.announcements.iter().find(of_other_state);
            if told.is_some() {
                return None;
            }
        }
        let drained = match change.state {
            State::Announced => "",
            State::Drained => ", drained",
        };
        let what = format!(
            "{} to {}{drained}",
            change.prefix,
            name(&change.session, &change.neighbor)
        );
        Some(match &change.change {
            Change::Stops { .. } => line(Loss, format!("stops: {what}")),
            Change::Starts { rendered } if *rendered == Attributes::default() => {
                line(Gain, format!("starts: {what}"))
            }
            Change::Starts { rendered } => line(Gain, format!("starts: {what}: {rendered}")),
            Change::Changes {
                installed,
                rendered,
            } => line(
                Weight::Change,
                format!("changes: {what}: {installed} -> {rendered}"),
            ),
            Change::Unclear { because, .. } => line(
                Weight::Change,
                format!("unclear: {what}: cannot judge `{because}`"),
            ),
        })
    }
}

impl Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.summary().into_iter();
        lines.try_for_each(|line| writeln!(formatter, "{}", line.text))
    }
}

fn rank(change: &Change) -> u8 {
    match change {
        Change::Stops { .. } => 0,
        Change::Unclear { .. } => 1,
        Change::Changes { .. } => 2,
        Change::Starts { .. } => 3,
    }
}

fn name(session: &str, neighbor: &str) -> String {
    format!("{session} ({neighbor})")
}

fn session(change: &SessionChange) -> Line {
    match change {
        SessionChange::Added { session, neighbor } => {
            line(Gain, format!("new session: {}", name(session, neighbor)))
        }
        SessionChange::Removed { session, neighbor } => {
            line(Loss, format!("session gone: {}", name(session, neighbor)))
        }
        SessionChange::Resets {
            session,
            neighbor,
            reasons,
        } => line(
            Loss,
            format!("resets: {}: {}", name(session, neighbor), list(reasons)),
        ),
        SessionChange::Stays {
            session,
            neighbor,
            changes,
        } => line(
            Plain,
            format!("stays up: {}: {}", name(session, neighbor), list(changes)),
        ),
    }
}

fn list(reasons: &[Reason]) -> String {
    let reasons: Vec<_> = reasons.iter().map(ToString::to_string).collect();
    reasons.join("; ")
}

impl Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { option, .. } = self;
        match (&self.installed, &self.rendered) {
            (Some(installed), Some(rendered)) => {
                write!(formatter, "{option} {installed} -> {rendered}")
            }
            (Some(installed), None) => write!(formatter, "{option} {installed} -> none"),
            (None, Some(rendered)) => write!(formatter, "{option} none -> {rendered}"),
            (None, None) => write!(formatter, "{option} changed"),
        }
    }
}

fn limit(change: &LimitChange) -> Line {
    let side = |limit: &Option<super::Limit>| {
        limit
            .as_ref()
            .map_or_else(|| "none".to_owned(), ToString::to_string)
    };
    line(
        Weight::Change,
        format!(
            "limit: {} {} {}: {} -> {}: {}",
            change.session,
            change.channel,
            change.direction,
            side(&change.installed),
            side(&change.rendered),
            change.effect
        ),
    )
}

fn service(change: &ServiceChange) -> Line {
    match change {
        ServiceChange::Added { protocol, prefixes } => line(
            Plain,
            format!("new static protocol: {protocol}: {}", prefixes.join(" ")),
        ),
        ServiceChange::Removed { protocol, prefixes } => line(
            Plain,
            format!("static protocol gone: {protocol}: {}", prefixes.join(" ")),
        ),
        ServiceChange::Prefixes {
            protocol,
            added,
            removed,
        } => {
            let gone = removed.iter().map(|prefix| format!(" -{prefix}"));
            let signed: Vec<_> = gone
                .chain(added.iter().map(|prefix| format!(" +{prefix}")))
                .collect();
            line(Plain, format!("prefixes of {protocol}:{}", signed.concat()))
        }
        ServiceChange::Gate {
            protocol,
            installed,
            rendered,
        } => line(
            Weight::Change,
            format!("switch of {protocol}: {installed} -> {rendered}"),
        ),
    }
}

fn other(change: &BlockChange) -> Line {
    let what = &change.what;
    let text = match (&change.installed, &change.rendered) {
        (None, _) => format!("new: {what}"),
        (_, None) => format!("gone: {what}"),
        _ => format!("differs: {what}"),
    };
    line(Plain, text)
}

fn secret(change: &SecretChange) -> Line {
    let text = match change {
        SecretChange::Added(name) => format!("new in the secrets file: {name}"),
        SecretChange::Removed(name) => format!("gone from the secrets file: {name}"),
        SecretChange::Changed(name) => format!("another password: {name}"),
    };
    line(Plain, text)
}
