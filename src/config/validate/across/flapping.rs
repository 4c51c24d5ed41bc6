//! What `flap` means to the sessions and to how often they are looked at.

use super::announced::{Gets, services};
use super::{entries, prefixes_of, sessions_of};
use crate::config::report::Report;
use crate::config::spec;
use crate::config::tree::NodeId;
use crate::config::{Bird, Flap, FlapAction, Severity};
use crate::model::Family;

pub(in super::super) fn check(
    report: &Report<'_>,
    file: &spec::File,
    flap: Option<&Flap>,
    bird: Option<&Bird>,
) {
    let (Some(flap), Some(spec)) = (flap, &file.flap.value) else {
        return;
    };
    if let Some(bird) = bird {
        unreachable(report, file, spec, (flap, bird));
    }
    if let (FlapAction::Hold, Some(place)) = (flap.action, spec.action.node) {
        first(report, spec, flap);
        for family in Family::ALL {
            alone(report, file, place, family);
        }
    }
}

/// A penalty that decays faster than flaps can be seen.
fn unreachable(
    report: &Report<'_>,
    file: &spec::File,
    spec: &spec::Flap,
    (flap, bird): (&Flap, &Bird),
) {
    let poll = bird.poll_interval;
    let half_lives = poll.duration().as_secs_f64() / flap.half_life.duration().as_secs_f64();
    // What endless flaps come to, one a poll: a geometric series.
    let most = f64::from(flap.penalty) / (1.0 - (-half_lives).exp2());
    if most > f64::from(flap.suppress) {
        return;
    }
    let polled = file
        .bird
        .value
        .as_ref()
        .and_then(|bird| bird.poll_interval.node);
    let keys = [
        spec.half_life.node,
        spec.penalty.node,
        spec.suppress.node,
        polled,
    ];
    if let Some(place) = keys.into_iter().flatten().next() {
        report.warning(place, format!("with one flap in each `bird.poll_interval` ({poll}) the penalty comes to {most:.0} and no further, so `suppress` ({}) may never be reached: write a longer `half_life`, or a lower `suppress`", flap.suppress));
    }
}

/// A session that is taken down at its first flap.
fn first(report: &Report<'_>, spec: &spec::Flap, flap: &Flap) {
    let keys = [spec.suppress.node, spec.penalty.node];
    let place = keys.into_iter().flatten().next();
    if let Some(place) = place.filter(|_| flap.suppress <= flap.penalty) {
        report.warning(place, format!("one flap adds {}, so already the first one takes a session down (`action: hold`): with `suppress` above `penalty`, one that comes back at once is left alone", flap.penalty));
    }
}

/// Services of which one session alone tells: while that is held, nobody hears of them.
fn alone(report: &Report<'_>, file: &spec::File, action: NodeId, family: Family) {
    let neighbors = entries(&file.neighbors).map(|(_, neighbor)| neighbor);
    let neighbors: Vec<_> = neighbors
        .map(|neighbor| (Gets::new(neighbor), remotes(neighbor, family)))
        .collect();
    let single = |(name, service): (&str, &spec::Service)| {
        prefixes_of(service).find(|(_, prefix)| prefix.family() == family)?;
        let hearing = neighbors.iter().filter(|(gets, _)| gets.contains(name));
        let mut sessions = hearing.flat_map(|(_, remotes)| remotes);
        let session = *sessions.next()?;
        let alone = sessions.next().is_none();
        alone.then(|| (name.to_owned(), session))
    };
    if let Some((name, session)) = services(file).find_map(single) {
        let message = format!(
            "only one {family} session tells of `{name}`: while it is held for flapping, nothing of it is announced over {family}. Write `action: report`, or add a second session"
        );
        report.pair(
            Severity::Warning,
            action,
            message,
            (session, "this session"),
        );
    }
}

/// Where the sessions of one family stand, by the address of the neighbour.
fn remotes(neighbor: &spec::Neighbor, family: Family) -> Vec<NodeId> {
    let remotes = sessions_of(neighbor).filter_map(|session| session.remote.placed());
    let own = remotes.filter(|(_, remote)| Family::of(remote.0) == family);
    own.map(|(place, _)| place).collect()
}
