//! A check of a service, validated: what is asked, how often, and what its failure does.

use std::net::IpAddr;
use std::sync::Arc;

use super::{DnsCheck, ExecCheck, FileCheck, HttpCheck, ProcessCheck, Service, TcpCheck, Timing};
use crate::model::{Family, UnitName};

/// One check of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The name in the file, or the kind and the position, as in `dns-1`; unique within the service.
    pub name: String,
    /// What its failure does to the service. Where it is [`Drain`](OnFailure::Drain), the service
    /// [has a twin](Service::has_twin) in each of its families. All checks of a service may drain.
    pub on_failure: OnFailure,
    /// One, or those of a group.
    pub parts: Parts,
}

/// What a check consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parts {
    /// One thing. It is called like its check.
    One(Box<Member>),
    /// Several, of which some have to be well.
    Group(Group),
}

/// Things of which some have to be well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// How many.
    pub need: Need,
    /// At least one. In each family of the service, none of them decides or enough do.
    pub members: Vec<Member>,
}

/// How many of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// All.
    All,
    /// One.
    Any,
    /// So many; at least one.
    AtLeast(u32),
}

impl Need {
    /// How many of so many.
    #[must_use]
    pub fn of(self, all: usize) -> usize {
        match self {
            Self::All => all,
            Self::Any => 1,
            Self::AtLeast(count) => count as usize,
        }
    }
}

/// One thing that is looked at again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, unique within the service.
    pub name: String,
    /// What is looked at.
    pub kind: CheckKind,
    /// The families that it decides on, if the file says so; `None` for what follows from its address.
    pub families: Option<Families>,
    /// How often, and how long one look may take.
    pub timing: Timing,
}

/// The words that may stand for a [`Need`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quorum {
    /// `all`
    All,
    /// `any`
    Any,
}

/// On which families of a service something decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Families {
    /// On this one.
    One(Family),
    /// On both.
    Both,
}

impl Families {
    /// Whether it decides on this one.
    #[must_use]
    pub fn has(self, family: Family) -> bool {
        match self {
            Self::One(own) => own == family,
            Self::Both => true,
        }
    }
}

/// What the failure of a check does to its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Takes it out.
    Withdraw,
    /// Makes it the last choice of neighbours: what is not of this host may fail for the whole fleet at once.
    Drain,
}

/// The kinds of check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckKind {
    /// `dns: {…}`
    Dns(Arc<DnsCheck>),
    /// `tcp: {…}`
    Tcp(TcpCheck),
    /// `http: {…}`
    Http(HttpCheck),
    /// `exec: {…}`
    Exec(ExecCheck),
    /// `unit: …`
    Unit(UnitName),
    /// `process: {…}`
    Process(ProcessCheck),
    /// `file: {…}`
    File(FileCheck),
}

impl CheckKind {
    /// The address that the file names; `None` where it names none.
    #[must_use]
    pub fn server(&self) -> Option<IpAddr> {
        match self {
            Self::Dns(dns) => dns.server,
            Self::Tcp(tcp) => tcp.server,
            Self::Http(http) => http.server,
            Self::Exec(_) | Self::Unit(_) | Self::Process(_) | Self::File(_) => None,
        }
    }

    /// Whether the service's own addresses are asked.
    #[must_use]
    pub fn asks_own(&self) -> bool {
        match self {
            Self::Dns(_) | Self::Tcp(_) | Self::Http(_) => self.server().is_none(),
            Self::Exec(_) | Self::Unit(_) | Self::Process(_) | Self::File(_) => false,
        }
    }
}

impl Member {
    /// On which families of a service that has these it decides, when `address` is asked.
    #[must_use]
    pub fn decided(
        &self,
        address: Option<IpAddr>,
        mut own: impl Iterator<Item = Family>,
    ) -> Families {
        let mut follows = || {
            let address = address.filter(|address| !address.is_loopback())?;
            let family = Family::of(address);
            own.any(|own| own == family).then_some(family)
        };
        self.families
            .unwrap_or_else(|| follows().map_or(Families::Both, Families::One))
    }

    /// Whether it decides on this family of a service that has these.
    #[must_use]
    pub fn decides_on(&self, family: Family, own: impl Iterator<Item = Family>) -> bool {
        match self.families {
            Some(families) => families.has(family),
            None if self.kind.asks_own() => true,
            None => self.decided(self.kind.server(), own).has(family),
        }
    }
}

impl Check {
    /// What it consists of.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        match &self.parts {
            Parts::One(member) => std::slice::from_ref(member),
            Parts::Group(group) => &group.members,
        }
    }

    pub(super) fn members_mut(&mut self) -> &mut [Member] {
        match &mut self.parts {
            Parts::One(member) => std::slice::from_mut(member),
            Parts::Group(group) => &mut group.members,
        }
    }
}

impl Service {
    /// Everything that is looked at, in the order of the file.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.checks.iter().flat_map(Check::members)
    }
}
