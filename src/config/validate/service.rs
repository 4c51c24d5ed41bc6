//! One service.

use super::{Reported, at_first, check, community, damping, failure};
use crate::config::report::Report;
use crate::config::spec::{self, Field, Or, Text};
use crate::config::tree::NodeId;
use crate::config::{ByHand, Discard, Route, Service, Thresholds, Timing, Twins, Window};
use crate::model::{Family, Period, Prefix, ProtocolName, ServiceName};

/// A service that waits for its name.
pub(super) type Unnamed = Box<dyn FnOnce(ServiceName) -> Service>;

pub(super) fn service(
    report: &Report<'_>,
    own: &failure::Own,
    at: NodeId,
    spec: &spec::Service,
) -> Option<Unnamed> {
    let prefixes = prefixes(report, at, spec);
    let communities = community::standard(report, &spec.communities);
    let large_communities = community::large(report, &spec.large_communities);
    let med = report.optional(&spec.med);
    let route = route(report, &spec.route);
    let existing = by_hand(report, spec);
    let require_address = report.or(&spec.require_address, true);
    let events = report.or(&spec.events, true);
    let timing = timing(report, spec);
    let thresholds = thresholds(report, spec);
    let damping = damping::damping(report, &spec.damping);
    let checks = check::checks(report, own, at, spec, timing);
    let (prefixes, communities) = (prefixes?, communities?);
    let (large_communities, route, existing) = (large_communities?, route?, existing?);
    let med = med.ok()?.and_then(spec::Number::get);
    let (require_address, events) = (require_address?, events?);
    let (thresholds, damping, checks) = (thresholds?, damping.ok()?, checks?);
    Some(Box::new(move |name| Service {
        name,
        prefixes,
        communities,
        large_communities,
        med,
        route,
        existing,
        require_address,
        events,
        thresholds,
        damping,
        checks,
    }))
}

fn prefixes(report: &Report<'_>, at: NodeId, spec: &spec::Service) -> Option<Vec<Prefix>> {
    let example = "at least one prefix, as in [\"192.0.2.53/32\", \"2001:db8:53::53/128\"]";
    let items = report.non_empty(at, "prefixes", &spec.prefixes, example)?;
    for (place, prefix) in items.iter().filter_map(Field::placed) {
        if let Some(why) = unfit(prefix.0) {
            report.error(place, format!("{} {why}", prefix.0));
        }
    }
    report.texts(&spec.prefixes)
}

/// The prefixes of one family, as far as they could be read.
pub(super) fn prefixes_of(spec: &spec::Service, family: Family) -> Vec<Prefix> {
    let items = spec.prefixes.value.iter().flatten();
    let prefixes = items.filter_map(|item| item.value.as_ref());
    let prefixes = prefixes.map(|prefix| prefix.0);
    prefixes
        .filter(|prefix| prefix.family() == family)
        .collect()
}

/// The families in which a service has prefixes, as far as they could be read.
pub(super) fn families_of(spec: &spec::Service) -> impl Iterator<Item = Family> {
    let has = |family: &Family| !prefixes_of(spec, *family).is_empty();
    Family::ALL.into_iter().filter(has)
}

/// What no service can be reached at.
const UNFIT: [(&str, &str); 7] = [
    ("127.0.0.0/8", "is the host itself, wherever one stands"),
    ("169.254.0.0/16", "is link-local: no router passes it on"),
    ("224.0.0.0/3", "is multicast or reserved"),
    ("0.0.0.0/8", "is reserved"),
    ("::/96", "is reserved"),
    ("fe80::/10", "is link-local: no router passes it on"),
    ("ff00::/8", "is multicast"),
];

fn unfit(prefix: Prefix) -> Option<&'static str> {
    if matches!(prefix.to_string().as_str(), "0.0.0.0/0" | "::/0") {
        return Some("is the default route: announcing it draws all traffic of the neighbour here");
    }
    let within = |range: &str| {
        range
            .parse()
            .is_ok_and(|range: Prefix| range.covers(prefix))
    };
    let found = UNFIT.iter().find(|(range, _)| within(range));
    found.map(|(_, why)| *why)
}

fn route(report: &Report<'_>, field: &Field<Or<Discard, spec::Via>>) -> Option<Route> {
    match report.optional(field).ok()? {
        None | Some(Or::Word(Discard::Blackhole)) => Some(Route::Blackhole),
        Some(Or::Word(Discard::Unreachable)) => Some(Route::Unreachable),
        Some(Or::Section(via)) => {
            let what = "the interface that the route follows, as in `interface: anycast0`";
            let interface = report.required(super::id(field), "interface", &via.interface, what);
            let check_link = report.or(&via.check_link, false)?;
            let Text(name) = interface?.clone();
            Some(Route::Interface { name, check_link })
        }
    }
}

fn by_hand(report: &Report<'_>, spec: &spec::Service) -> Option<ByHand> {
    let names = super::node::section(report, &spec.bird)?;
    let v4 = twins(report, spec, Family::V4, &names.v4, &names.v4_drain);
    let v6 = twins(report, spec, Family::V6, &names.v6, &names.v6_drain);
    Some(ByHand {
        v4: v4.ok()?,
        v6: v6.ok()?,
    })
}

fn twins(
    report: &Report<'_>,
    spec: &spec::Service,
    family: Family,
    normal: &spec::Leaf<ProtocolName>,
    drain: &spec::Leaf<ProtocolName>,
) -> Result<Option<Twins>, Reported> {
    let suffix = family.suffix();
    let has_prefix = !prefixes_of(spec, family).is_empty();
    if let (Some((place, _)), false) = (normal.placed(), has_prefix) {
        report.error(
            place,
            format!("the service has no {family} prefix that this protocol could announce"),
        );
    }
    if let (Some((place, _)), true) = (drain.placed(), report.is_absent(normal)) {
        report.error(
            place,
            format!("the drained twin of what? Name the protocol that announces as `{suffix}`"),
        );
    }
    let drain = report.optional(drain)?.map(|name| name.0);
    let normal = report.optional(normal)?.map(|name| name.0);
    Ok(normal.map(|normal| Twins { normal, drain }))
}

/// Where `interval` is absent.
pub(super) const INTERVAL: Period = Period::from_millis(1000);
/// Where `timeout` is absent.
pub(super) const TIMEOUT: Period = Period::from_millis(800);
/// Where `fast_interval` is absent, unless `interval` is shorter.
const FAST_INTERVAL: Period = Period::from_millis(100);
/// So many probes of one check may be under way at once: more of them only load a server that hangs.
const MOST_IN_FLIGHT: u64 = 10;

fn timing(report: &Report<'_>, spec: &spec::Service) -> Option<Timing> {
    let interval = report.text_or(&spec.interval, INTERVAL);
    let timeout = report.text_or(&spec.timeout, TIMEOUT);
    let shortest = interval.map_or(FAST_INTERVAL, |interval| interval.min(FAST_INTERVAL));
    let fast_interval = report.text_or(&spec.fast_interval, shortest);
    if let Some((fast, interval)) = fast_interval.zip(interval)
        && fast > interval
    {
        let message = format!(
            "{fast} is longer than `interval` ({interval}), and it is meant to be the shorter one"
        );
        at_first(
            report,
            [spec.fast_interval.node, spec.interval.node],
            &message,
        );
    }
    let timing = Timing {
        interval: interval?,
        fast_interval: fast_interval?,
        timeout: timeout?,
    };
    overlap(report, timing, [spec.timeout.node, spec.interval.node]);
    Some(timing)
}

/// Probes of one check overlap, and not too many of them.
pub(super) fn overlap(report: &Report<'_>, timing: Timing, keys: [Option<NodeId>; 2]) {
    let Timing {
        timeout, interval, ..
    } = timing;
    if timeout.millis() > interval.millis().saturating_mul(MOST_IN_FLIGHT) {
        let message = format!(
            "a timeout of {timeout} is more than {MOST_IN_FLIGHT} times `interval` ({interval}): so many probes would wait for an answer at once"
        );
        at_first(report, keys, &message);
    }
}

/// Where `window` is absent.
const WINDOW: Window = Window {
    size: 10,
    failures: 6,
};

fn thresholds(report: &Report<'_>, spec: &spec::Service) -> Option<Thresholds> {
    let fall = report.number_or(&spec.fall, 3);
    let rise = report.number_or(&spec.rise, 5);
    let window = window(report, &spec.window, fall);
    Some(Thresholds {
        fall: fall?,
        rise: rise?,
        window: window.ok()?,
    })
}

fn window(
    report: &Report<'_>,
    field: &Field<Or<spec::Off, spec::Window>>,
    fall: Option<u32>,
) -> Result<Option<Window>, Reported> {
    let window = match report.optional(field)? {
        Some(Or::Word(spec::Off)) => return Ok(None),
        Some(Or::Section(window)) => window,
        // A default that no `fall` can contradict.
        None => {
            let fall = fall.ok_or(Reported)?;
            return Ok(Some(WINDOW).filter(|window| fall <= window.failures));
        }
    };
    let size = report.number_or(&window.size, WINDOW.size);
    let failures = report.number_or(&window.failures, WINDOW.failures);
    let (size, failures) = (size.ok_or(Reported)?, failures.ok_or(Reported)?);
    let places = [window.failures.node, window.size.node.or(field.node)];
    if failures > size {
        let message = format!(
            "{failures} failures cannot happen among {size} verdicts: `failures` is at most `size`"
        );
        at_first(report, places, &message);
    }
    if let Some(fall) = fall.filter(|fall| failures < *fall) {
        let message = format!(
            "{failures} failures in the window come before {fall} in a row, so `fall` would never matter: raise `failures` to at least {fall}, or lower `fall`"
        );
        at_first(report, places, &message);
    }
    Ok(Some(Window { size, failures }))
}
