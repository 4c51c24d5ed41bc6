//! One service.

use super::{Reported, at_first, community, damping, dns, failure};
use crate::config::report::Report;
use crate::config::spec::{self, Field, Or, Text};
use crate::config::tree::NodeId;
use crate::config::{
    ByHand, Check, CheckKind, Discard, Route, Service, Severity, Thresholds, Timing, Twins, Window,
};
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
    let timing = timing(report, spec);
    let thresholds = thresholds(report, spec);
    let damping = damping::damping(report, &spec.damping);
    let checks = checks(report, own, at, spec);
    let (prefixes, communities) = (prefixes?, communities?);
    let (large_communities, route, existing) = (large_communities?, route?, existing?);
    let med = med.ok()?.and_then(spec::Number::get);
    let (require_address, timing) = (require_address?, timing?);
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
        timing,
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
    let mut prefixes = spec.prefixes.value.iter().flatten();
    let has_prefix = prefixes.any(|item| {
        item.value
            .as_ref()
            .is_some_and(|prefix| prefix.0.family() == family)
    });
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
    if let Some((timeout, interval)) = timeout.zip(interval)
        && timeout.millis() > interval.millis().saturating_mul(MOST_IN_FLIGHT)
    {
        let message = format!(
            "a timeout of {timeout} is more than {MOST_IN_FLIGHT} times `interval` ({interval}): so many probes would wait for an answer at once"
        );
        at_first(report, [spec.timeout.node, spec.interval.node], &message);
    }
    Some(Timing {
        interval: interval?,
        fast_interval: fast_interval?,
        timeout: timeout?,
    })
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

fn checks(
    report: &Report<'_>,
    own: &failure::Own,
    at: NodeId,
    spec: &spec::Service,
) -> Option<Vec<Check>> {
    let example = "at least one check, as in `- dns: { name: example.com, type: SOA }`";
    let items = report.non_empty(at, "checks", &spec.checks, example)?;
    let networks = families_without_host(spec);
    let mut names: Vec<(String, NodeId)> = Vec::new();
    let checks: Vec<_> = items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let check = report.filled(item)?;
            let name = check_name(report, index, check, super::id(item), &mut names);
            let kind = check_kind(report, check, super::id(item), &networks);
            let on_failure = failure::on_failure(report, own, spec, check);
            Some(Check {
                name: name?,
                kind: kind?,
                on_failure: on_failure?,
            })
        })
        .collect();
    let checks: Vec<Check> = checks.into_iter().collect::<Option<_>>()?;
    failure::only_drains(report, super::id(&spec.checks), &checks);
    Some(checks)
}

/// The families in which the service has prefixes, but none of a single address to ask at.
fn families_without_host(spec: &spec::Service) -> Vec<Family> {
    let prefixes = || {
        let items = spec.prefixes.value.iter().flatten();
        items
            .filter_map(|item| item.value.as_ref())
            .map(|prefix| prefix.0)
    };
    let lacks = |family: &Family| {
        let mut own = prefixes()
            .filter(|prefix| prefix.family() == *family)
            .peekable();
        own.peek().is_some() && own.all(|prefix| prefix.host().is_none())
    };
    Family::ALL.into_iter().filter(lacks).collect()
}

fn check_name(
    report: &Report<'_>,
    index: usize,
    check: &spec::Check,
    at: NodeId,
    names: &mut Vec<(String, NodeId)>,
) -> Option<String> {
    let name = report.text_or(&check.name, format!("dns-{}", index + 1))?;
    let place = check.name.node.unwrap_or(at);
    match names.iter().find(|(other, _)| *other == name) {
        Some((_, first)) => report.pair(
            Severity::Error,
            place,
            format!("two checks are called `{name}`: give each a name of its own"),
            (*first, "first here"),
        ),
        None => names.push((name.clone(), place)),
    }
    Some(name)
}

fn check_kind(
    report: &Report<'_>,
    check: &spec::Check,
    at: NodeId,
    networks: &[Family],
) -> Option<CheckKind> {
    let question = "a question, as in `dns: { name: example.com, type: SOA }`";
    let spec = report.required(at, "dns", &check.dns, question)?;
    if let [family, ..] = networks
        && report.is_absent(&spec.server)
    {
        report.error(super::id(&check.dns), format!("whom to ask? The service has no single {family} address (/32 or /128) among its prefixes: name the server's address with `server:`"));
    }
    dns::check(report, super::id(&check.dns), spec).map(CheckKind::Dns)
}
