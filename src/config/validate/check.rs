//! The checks of one service.

use std::sync::Arc;

use super::{Reported, connection, dns, expect, failure, id, local, remote, service};
use crate::config::report::Report;
use crate::config::spec::{self, Field, Leaf, Or, Text};
use crate::config::tree::NodeId;
use crate::config::{
    Check, CheckKind, Families, Group, Member, Need, Parts, Quorum, Severity, Timing,
};
use crate::model::{Family, UnitName};

/// All checks. `timing` is that of the service.
pub(super) fn checks(
    report: &Report<'_>,
    own: &failure::Own,
    at: NodeId,
    service: &spec::Service,
    timing: Option<Timing>,
) -> Option<Vec<Check>> {
    let example = "at least one check, as in `- dns: { name: example.com, type: SOA }`";
    let items = report.non_empty(at, "checks", &service.checks, example)?;
    let mut reader = Reader {
        report,
        service,
        timing,
        without_host: families_without_host(service),
        names: Vec::new(),
    };
    let checks: Vec<_> = items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let check = report.filled(item)?;
            let number = (index + 1).to_string();
            let (name, parts) = reader.parts(check, id(item), &number)?;
            let on_failure = failure::on_failure(report, own, service, check, &parts);
            Some(Check {
                name,
                on_failure: on_failure?,
                parts,
            })
        })
        .collect();
    let checks: Vec<Check> = checks.into_iter().collect::<Option<_>>()?;
    failure::only_drains(report, id(&service.checks), &checks);
    reader.covered(&checks);
    Some(checks)
}

/// What a check says of itself in one word.
#[derive(Clone, Copy)]
enum Kind<'s> {
    Dns(&'s Field<spec::Dns>),
    Tcp(&'s Field<spec::Tcp>),
    Http(&'s Field<spec::Http>),
    Exec(&'s Field<spec::Exec>),
    Unit(&'s Leaf<UnitName>),
    Process(&'s Field<spec::Process>),
    File(&'s Field<spec::FileFlag>),
    Group(&'s Field<spec::Group>),
}

impl<'s> Kind<'s> {
    /// The kinds that a check names, with their keys and places.
    fn named(check: &'s spec::Check) -> Vec<(&'static str, NodeId, Self)> {
        let all = [
            ("dns", check.dns.node, Self::Dns(&check.dns)),
            ("tcp", check.tcp.node, Self::Tcp(&check.tcp)),
            ("http", check.http.node, Self::Http(&check.http)),
            ("exec", check.exec.node, Self::Exec(&check.exec)),
            ("unit", check.unit.node, Self::Unit(&check.unit)),
            ("process", check.process.node, Self::Process(&check.process)),
            ("file", check.file.node, Self::File(&check.file)),
            ("group", check.group.node, Self::Group(&check.group)),
        ];
        let named = all.into_iter();
        named
            .filter_map(|(key, place, kind)| Some((key, place?, kind)))
            .collect()
    }
}

struct Reader<'r, 't> {
    report: &'r Report<'t>,
    service: &'r spec::Service,
    /// Of the service.
    timing: Option<Timing>,
    /// The families in which the service has prefixes, but none of a single address to ask at.
    without_host: Vec<Family>,
    /// Those that are taken.
    names: Vec<(String, NodeId)>,
}

impl Reader<'_, '_> {
    /// What a check consists of, and its name. `number` is its position for people.
    fn parts(&mut self, check: &spec::Check, at: NodeId, number: &str) -> Option<(String, Parts)> {
        let (key, kind) = self.kind(check, at)?;
        match kind {
            Kind::Group(group) => {
                let name = self.name(check, at, format!("{key}-{number}"));
                self.not_of_groups(check);
                let group = self.group(group, number);
                Some((name?, Parts::Group(group?)))
            }
            Kind::Dns(_)
            | Kind::Tcp(_)
            | Kind::Http(_)
            | Kind::Exec(_)
            | Kind::Unit(_)
            | Kind::Process(_)
            | Kind::File(_) => {
                let member = self.member(check, at, number)?;
                Some((member.name.clone(), Parts::One(Box::new(member))))
            }
        }
    }

    /// The one kind of a check.
    fn kind<'s>(&self, check: &'s spec::Check, at: NodeId) -> Option<(&'static str, Kind<'s>)> {
        match Kind::named(check).as_slice() {
            [] => {
                let what = "a question, as in `dns: { name: example.com, type: SOA }`";
                self.report.required(at, "dns", &check.dns, what);
                None
            }
            [(key, _, kind)] => Some((key, *kind)),
            [(first, place, _), (second, other, _), ..] => {
                let message = format!(
                    "a check is of one kind, and this one says `{first}` and `{second}`: make two of them"
                );
                let first = (*place, "first here");
                self.report.pair(Severity::Error, *other, message, first);
                None
            }
        }
    }

    /// What is said of each member on its own.
    fn not_of_groups(&self, check: &spec::Check) {
        for (key, place) in [
            ("families", check.families.node),
            ("interval", check.interval.node),
            ("timeout", check.timeout.node),
        ] {
            if let Some(place) = place {
                let message = format!("`{key}` belongs to each check of the group: write it there");
                self.report.error_at_key(place, message);
            }
        }
    }

    fn group(&mut self, field: &Field<spec::Group>, number: &str) -> Option<Group> {
        let report = self.report;
        let group = report.filled(field)?;
        let need = need(report, &group.need);
        let example = "at least two checks, as in `- dns: { name: example.com, type: SOA }`";
        let items = report.non_empty(id(field), "of", &group.of, example)?;
        let members: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let check = report.filled(item)?;
                self.not_of_members(check);
                self.member(check, id(item), &format!("{number}.{}", index + 1))
            })
            .collect();
        let members: Vec<Member> = members.into_iter().collect::<Option<_>>()?;
        let need = need?;
        self.enough(&group.need, need, &members);
        Some(Group { need, members })
    }

    fn not_of_members(&self, check: &spec::Check) {
        for (key, place, instead) in [
            (
                "on_failure",
                check.on_failure.node,
                "write it beside `group`",
            ),
            ("group", check.group.node, "groups have no groups in them"),
        ] {
            if let Some(place) = place {
                let message = format!("`{key}` cannot stand in a group: {instead}");
                self.report.error_at_key(place, message);
            }
        }
    }

    /// Each family has a check that decides on it.
    fn covered(&self, checks: &[Check]) {
        let decides = |family, check: &Check| {
            let mut members = check.members().iter();
            members.any(|member| member.decides_on(family, self.families_of_service()))
        };
        for family in self.families_of_service() {
            if !checks.iter().any(|check| decides(family, check)) {
                let message = format!(
                    "no check decides on {family}, so it would be announced whatever happens: add one that asks an {family} address of this node, or write `families: [v4, v6]` at one"
                );
                self.report.error(id(&self.service.checks), message);
            }
        }
    }

    /// In each family in which members decide, so many of them do as are needed.
    fn enough(&self, field: &Field<Or<Quorum, spec::AtLeast>>, need: Need, members: &[Member]) {
        for family in self.families_of_service() {
            let decides = |member: &&Member| member.decides_on(family, self.families_of_service());
            let deciding = members.iter().filter(decides).count();
            let needed = need.of(deciding);
            if deciding > 0 && needed > deciding {
                let message = format!(
                    "{needed} are needed, and {deciding} of the checks below decide on {family}: it could never be announced"
                );
                self.report.error(id(field), message);
            }
        }
    }

    fn families_of_service(&self) -> impl Iterator<Item = Family> {
        service::families_of(self.service)
    }

    fn member(&mut self, check: &spec::Check, at: NodeId, number: &str) -> Option<Member> {
        let (key, kind) = self.kind(check, at)?;
        let name = self.name(check, at, format!("{key}-{number}"));
        let families = self.families(check);
        let kind = self.checked(kind, families.as_ref().ok().copied().flatten());
        let timing = self.own_timing(check);
        if let (Some(timing), Some(dns)) = (timing, &check.dns.value) {
            expect::in_time(self.report, dns, timing.timeout);
        }
        if let (Some(dns), Ok(families)) = (&check.dns.value, &families) {
            let asked = |family: &Family| families.is_none_or(|families| families.has(*family));
            let asked = self.families_of_service().filter(asked);
            connection::of_one_family(self.report, dns, asked);
        }
        Some(Member {
            name: name?,
            kind: kind?,
            families: families.ok()?,
            timing: timing?,
        })
    }

    /// What is looked at. `families` are those that the check says.
    fn checked(&self, kind: Kind<'_>, families: Option<Families>) -> Option<CheckKind> {
        let report = self.report;
        match kind {
            Kind::Dns(field) => {
                let spec = report.filled(field)?;
                self.has_host(id(field), report.is_absent(&spec.server), families);
                dns::dns(report, id(field), spec).map(|dns| CheckKind::Dns(Arc::new(dns)))
            }
            Kind::Tcp(field) => {
                let server = field.value.as_ref().map(|spec| &spec.server);
                let asks_own = server.is_some_and(|server| report.is_absent(server));
                self.has_host(id(field), asks_own, families);
                remote::tcp(report, field).map(CheckKind::Tcp)
            }
            Kind::Http(field) => {
                let spec = field.value.as_ref();
                let asks_own = spec.is_some_and(|spec| remote::asks_own(report, spec));
                self.has_host(id(field), asks_own, families);
                remote::http(report, field).map(CheckKind::Http)
            }
            Kind::Exec(field) => local::exec(report, field).map(CheckKind::Exec),
            Kind::Unit(field) => report
                .filled(field)
                .map(|unit| CheckKind::Unit(unit.0.clone())),
            Kind::Process(field) => local::process(report, field).map(CheckKind::Process),
            Kind::File(field) => local::file(report, field).map(CheckKind::File),
            // Reported where it stands.
            Kind::Group(_) => None,
        }
    }

    /// A check without a server asks the service's own addresses, those of `families` if it says any.
    fn has_host(&self, at: NodeId, asks_own: bool, families: Option<Families>) {
        let is_asked = |family: &&Family| families.is_none_or(|families| families.has(**family));
        if let Some(family) = self.without_host.iter().find(is_asked)
            && asks_own
        {
            self.report.error(at, format!("whom to ask? The service has no single {family} address (/32 or /128) among its prefixes: name the server's address with `server:`"));
        }
    }

    fn name(&mut self, check: &spec::Check, at: NodeId, default: String) -> Option<String> {
        let name = self.report.text_or(&check.name, default)?;
        let place = check.name.node.unwrap_or(at);
        match self.names.iter().find(|(other, _)| *other == name) {
            Some((_, first)) => self.report.pair(
                Severity::Error,
                place,
                format!("two checks are called `{name}`: give each a name of its own"),
                (*first, "first here"),
            ),
            None => self.names.push((name.clone(), place)),
        }
        Some(name)
    }

    /// What the file says, if it says anything.
    fn families(&self, check: &spec::Check) -> Result<Option<Families>, Reported> {
        if self.report.is_absent(&check.families) {
            return Ok(None);
        }
        let families = self.report.texts(&check.families).ok_or(Reported)?;
        for (place, Text(family)) in check
            .families
            .value
            .iter()
            .flatten()
            .filter_map(Field::placed)
        {
            if !self.families_of_service().any(|own| own == *family) {
                self.report.error(
                    place,
                    format!("the service has no {family} prefix that this check could decide on"),
                );
            }
        }
        let has = |family| families.contains(&family);
        match (has(Family::V4), has(Family::V6)) {
            (true, true) => Ok(Some(Families::Both)),
            (true, false) => Ok(Some(Families::One(Family::V4))),
            (false, true) => Ok(Some(Families::One(Family::V6))),
            (false, false) => {
                let message = "this list is empty: the check would decide on nothing";
                self.report.error(id(&check.families), message);
                Err(Reported)
            }
        }
    }

    /// That of the service, but for what the check says itself.
    fn own_timing(&self, check: &spec::Check) -> Option<Timing> {
        let service = self.timing?;
        let interval = self.report.text_or(&check.interval, service.interval);
        let timeout = self.report.text_or(&check.timeout, service.timeout);
        let interval = interval?;
        let timing = Timing {
            interval,
            fast_interval: service.fast_interval.min(interval),
            timeout: timeout?,
        };
        if timing != service {
            let keys = [check.timeout.node, check.interval.node];
            service::overlap(self.report, timing, keys);
        }
        Some(timing)
    }
}

/// The families in which the service has prefixes, but none of a single address to ask at.
fn families_without_host(spec: &spec::Service) -> Vec<Family> {
    let lacks = |family: &Family| {
        let own = service::prefixes_of(spec, *family);
        !own.is_empty() && own.into_iter().all(|prefix| prefix.host().is_none())
    };
    Family::ALL.into_iter().filter(lacks).collect()
}

/// How many of several have to be well.
pub(super) fn need(report: &Report<'_>, field: &Field<Or<Quorum, spec::AtLeast>>) -> Option<Need> {
    match report.optional(field).ok()? {
        None | Some(Or::Word(Quorum::All)) => Some(Need::All),
        Some(Or::Word(Quorum::Any)) => Some(Need::Any),
        Some(Or::Section(spec)) => {
            let what = "how many of them have to be well, as in `at_least: 2`";
            let number = report.required(id(field), "at_least", &spec.at_least, what)?;
            number.get().map(Need::AtLeast)
        }
    }
}
