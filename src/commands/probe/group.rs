//! Groups: whether enough of their members pass, counted as the daemon counts.

use std::borrow::Cow;

use super::report::{GroupReport, ProbeReport};
use crate::config::{Check, Group, Need, OnFailure, Service, Target};
use crate::health::{Health, Verdict};
use crate::policy::{self, CheckView};

/// A group whose members are looked at.
#[derive(Debug)]
pub(super) struct GroupPlan {
    name: String,
    need: Need,
    on_failure: OnFailure,
    /// For each family of the service the members that decide on it, each with the positions of its reports and what
    /// they are called.
    families: Vec<Vec<Vec<(usize, String)>>>,
}

impl GroupPlan {
    /// `first` is the position of the report on the first of `targets`.
    pub(super) fn new(
        service: &Service,
        check: &Check,
        group: &Group,
        (first, targets): (usize, &[Target<'_>]),
    ) -> Self {
        let known = |member: usize| {
            targets
                .iter()
                .enumerate()
                .filter(move |(_, target)| target.member == member)
        };
        let families = service.families().map(|family| {
            let members = (0..group.members.len()).map(|member| {
                let deciding = known(member).filter(|(_, target)| target.decides.has(family));
                let named = deciding.map(|(position, target)| {
                    let member = &service.member(target).name;
                    (first + position, target.subject.named(member))
                });
                named.collect::<Vec<_>>()
            });
            members.filter(|looks| !looks.is_empty()).collect()
        });
        Self {
            name: check.name.clone(),
            need: group.need,
            on_failure: check.on_failure,
            families: families.collect(),
        }
    }

    /// What its members come to, in the family in which it is worst.
    pub(super) fn judge(&self, reports: &[ProbeReport]) -> GroupReport {
        let families = self.families.iter();
        let views = families.filter_map(|members| self.combined(members, reports));
        let worst = views.min_by_key(|view| match view.health {
            Health::Unhealthy => 0,
            Health::Unknown => 1,
            Health::Healthy => 2,
        });
        let (health, detail) = match worst {
            Some(view) => (view.health, view.reason.into_owned()),
            None => (Health::Unknown, "no member decides".to_owned()),
        };
        GroupReport {
            name: self.name.clone(),
            verdict: verdict(health),
            detail,
        }
    }

    fn combined<'a>(
        &'a self,
        members: &'a [Vec<(usize, String)>],
        reports: &'a [ProbeReport],
    ) -> Option<CheckView<'a>> {
        let view = |(position, name): &'a (usize, String)| {
            let report = reports.get(*position)?;
            Some(CheckView {
                name: name.as_str(),
                health: health(report.verdict),
                reason: Cow::Borrowed(report.detail.as_str()),
                on_failure: self.on_failure,
                off_host: false,
            })
        };
        let views = |looks: &'a Vec<_>| looks.iter().filter_map(view).collect();
        let members: Vec<Vec<CheckView<'a>>> = members.iter().map(views).collect();
        policy::combined(&self.name, self.on_failure, self.need, &members)
    }
}

fn health(verdict: Verdict) -> Health {
    match verdict {
        Verdict::Pass => Health::Healthy,
        Verdict::Fail => Health::Unhealthy,
        Verdict::Unknown => Health::Unknown,
    }
}

fn verdict(health: Health) -> Verdict {
    match health {
        Health::Healthy => Verdict::Pass,
        Health::Unhealthy => Verdict::Fail,
        Health::Unknown => Verdict::Unknown,
    }
}
