//! What may fail for every node at once: a server elsewhere, and what is expected of a zone rather than of its server.

use std::fmt;
use std::net::IpAddr;

use super::{Own, server_place};
use crate::config::spec;
use crate::config::tree::NodeId;
use crate::config::{CheckKind, Member, Parts};
use crate::dns::Expectation;
use crate::model::Family;

/// Why a check may fail for every node at once.
///
/// All nodes have the same zone from the same place: a signer or a primary that stalls, a transfer under way and a typo
/// in a serial are seen by all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shared {
    /// This server is not of this node.
    Server(IpAddr),
    /// `serial` is expected.
    Serial,
    /// `signatures` are expected.
    Signatures,
}

impl Shared {
    /// What is enough, perhaps with others like it, for a check to fail. `None`: enough depends on this node alone.
    ///
    /// A group fails in a family if too few of those pass that decide on it, whatever the others do.
    pub(super) fn of(own: &Own, families: &[Family], parts: &Parts) -> Option<Self> {
        let of = |member: &Member| Self::of_member(own, member);
        match parts {
            Parts::One(member) => of(member),
            Parts::Group(group) => families.iter().find_map(|family| {
                let all = group.members.iter();
                let families = || families.iter().copied();
                let deciding = all.filter(|member| member.decides_on(*family, families()));
                let causes: Vec<_> = deciding.map(of).collect();
                Self::decisive(&causes, group.need.of(causes.len()))
            }),
        }
    }

    fn of_member(own: &Own, member: &Member) -> Option<Self> {
        let server = member.kind.server().filter(|server| !own.has(*server));
        server
            .map(Self::Server)
            .or_else(|| Self::of_kind(&member.kind))
    }

    fn of_kind(kind: &CheckKind) -> Option<Self> {
        match kind {
            CheckKind::Dns(dns) => {
                let expected = dns.questions.iter().map(|asked| &asked.expect);
                let causes: Vec<_> = expected.map(Self::of_expectation).collect();
                Self::decisive(&causes, dns.needed)
            }
            CheckKind::Tcp(_)
            | CheckKind::Http(_)
            | CheckKind::Exec(_)
            | CheckKind::Unit(_)
            | CheckKind::Process(_)
            | CheckKind::File(_) => None,
        }
    }

    fn of_expectation(expect: &Expectation) -> Option<Self> {
        let serial = expect.serial.map(|_| Self::Serial);
        let signatures = expect.signatures.map(|_| Self::Signatures);
        serial.or(signatures)
    }

    /// The first cause among parts of which so many are needed, unless enough of them have none.
    fn decisive(causes: &[Option<Self>], needed: usize) -> Option<Self> {
        let without = causes.iter().filter(|cause| cause.is_none()).count();
        let first = causes.iter().copied().flatten().next();
        first.filter(|_| without < needed)
    }

    /// Where a check says so, and what is done there.
    pub(super) fn place(self, check: &spec::Check) -> (NodeId, &'static str) {
        let expected = match self {
            Self::Server(_) => return (server_place(check), "asked here"),
            Self::Serial => expectations(check).find_map(|expect| expect.serial.node),
            Self::Signatures => expectations(check).find_map(|expect| expect.signatures.node),
        };
        let place = expected.unwrap_or_else(|| server_place(check));
        (place, "expected here")
    }

    /// What follows where such a check withdraws.
    pub(super) fn warning(self) -> String {
        match self {
            Self::Server(server) => format!(
                "{server} is not of this node as far as the files tell: should it fail, every node that asks it withdraws at once, and the service is gone everywhere. Write `on_failure: drain`, unless it is an address of this host"
            ),
            Self::Serial => format!(
                "{self}: should the primary stall or a transfer take a while, every node withdraws at once, and the service is gone everywhere. Write `on_failure: drain`, and leave it to a check without `serial` and `signatures` to withdraw"
            ),
            Self::Signatures => format!(
                "{self}: should the signer stall, every node withdraws at once, and the service is gone everywhere. Write `on_failure: drain`, and leave it to a check without `serial` and `signatures` to withdraw"
            ),
        }
    }
}

/// The cause, without what follows.
impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(server) => write!(f, "{server} is not of this node"),
            Self::Serial => f.write_str("what `serial` expects is the same on all nodes"),
            Self::Signatures => f.write_str("what `signatures` expects is the same on all nodes"),
        }
    }
}

/// All that a check, and the members of a group, say of answers.
fn expectations(check: &spec::Check) -> impl Iterator<Item = &spec::Expect> {
    let group = check.group.value.iter();
    let items = group.flat_map(|group| group.of.value.iter().flatten());
    let members = items.filter_map(|item| item.value.as_ref());
    let checks = [check].into_iter().chain(members);
    let all = checks.filter_map(|check| check.dns.value.as_ref());
    all.flat_map(|dns| {
        let questions = dns.questions.value.iter().flatten();
        let own = questions.filter_map(|item| item.value.as_ref().map(|asked| &asked.expect));
        let fields = [&dns.expect].into_iter().chain(own);
        fields.filter_map(|field| field.value.as_ref())
    })
}
