//! The checks of a service as a decision about one of its families sees them: a group is one check, and of any other
//! check each thing that it looks at is one.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;

use super::FamilyId;
use super::controller::Controller;
use super::family::ProbeState;
use crate::config::{Check, Group, OnFailure, Parts};
use crate::model::Family;
use crate::policy::{CheckView, combined};

impl Controller {
    /// All checks that decide on a family.
    pub(super) fn checks_of(&self, id: FamilyId) -> Vec<CheckView<'_>> {
        let views = self.views(id).into_iter();
        views.map(|(view, _)| view).collect()
    }

    /// The probe whose last answer speaks for the check at this position of [`Self::checks_of`].
    pub(super) fn spokesman(&self, id: FamilyId, position: usize) -> Option<&ProbeState> {
        let (_, probe) = self.views(id).into_iter().nth(position)?;
        Some(probe)
    }

    fn views(&self, id: FamilyId) -> Vec<(CheckView<'_>, &ProbeState)> {
        let state = &self.services[id.service];
        let family = state.families[id.family].family;
        let mut views = Vec::new();
        for (position, check) in self.config.services[id.service].checks.iter().enumerate() {
            let probes = state.probes.iter();
            let own = probes.filter(|probe| probe.place.check == position);
            let deciding: Vec<_> = own.filter(|probe| probe.decides_on(family)).collect();
            match &check.parts {
                Parts::One(_) => views.extend(deciding.into_iter().map(|probe| {
                    let view = self.view(probe, check.on_failure);
                    (view, probe)
                })),
                Parts::Group(group) => views.extend(self.group(check, group, &deciding)),
            }
        }
        views
    }

    /// One that fails speaks for a group, if there is any.
    fn group<'a>(
        &'a self,
        check: &'a Check,
        group: &Group,
        deciding: &[&'a ProbeState],
    ) -> Option<(CheckView<'a>, &'a ProbeState)> {
        let view = |probe: &&'a ProbeState| self.view(probe, check.on_failure);
        let members = deciding.chunk_by(|one, next| one.place.member == next.place.member);
        let members: Vec<Vec<_>> = members
            .map(|probes| probes.iter().map(view).collect())
            .collect();
        let combined = combined(&check.name, check.on_failure, group.need, &members)?;
        let failing = deciding.iter().find(|probe| probe.tracker.is_failing());
        let speaks = failing.or_else(|| deciding.first())?;
        Some((combined, speaks))
    }

    fn view<'a>(&self, probe: &'a ProbeState, on_failure: OnFailure) -> CheckView<'a> {
        CheckView {
            name: &probe.name,
            health: probe.tracker.health(),
            reason: Cow::Borrowed(&probe.reason),
            on_failure,
            off_host: probe
                .address
                .is_some_and(|address| self.is_off_host(address)),
        }
    }

    /// Whether this is known to be an address of another host.
    fn is_off_host(&self, server: IpAddr) -> bool {
        self.addresses.is_some() && !self.is_here(server)
    }

    /// Whether this is known to be an address of this host.
    pub(super) fn is_here(&self, server: IpAddr) -> bool {
        let server = server.to_canonical();
        let own = |own: &BTreeSet<IpAddr>| own.contains(&server);
        server.is_loopback() || self.addresses.as_ref().is_some_and(own)
    }
}

impl ProbeState {
    /// Whether it decides on this family.
    pub(super) fn decides_on(&self, family: Family) -> bool {
        self.decides.has(family)
    }
}
