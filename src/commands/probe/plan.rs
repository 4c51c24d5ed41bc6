//! What is looked at, and all of it at once.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{Timestamp, Unit};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::group::GroupPlan;
use super::look::Look;
use super::report::ProbeReport;
use crate::ask::Ask;
use crate::config::{Check, Config, Parts, Service};
use crate::model::ServiceName;

/// Probes at a time: far below any limit on file descriptors.
pub(super) const CONCURRENT: usize = 64;

/// How long whoever leaves waits for programs that were killed to be gone.
const LAST: Duration = Duration::from_secs(1);

/// What of a configuration is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Selection<'a> {
    /// Only this service.
    pub(super) service: Option<&'a ServiceName>,
    /// Only the checks, groups and members of groups with this name.
    pub(super) check: Option<&'a str>,
}

/// What is looked at, in the order in which it is shown.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) looks: Vec<Arc<Look>>,
    groups: Vec<GroupPlan>,
}

impl Plan {
    /// One question.
    pub(super) fn question(ask: Ask) -> Self {
        Self {
            looks: vec![Arc::new(Look::question(ask))],
            groups: Vec::new(),
        }
    }

    /// Checks, in the order of the configuration. The error says what it does not have.
    pub(super) fn of(config: &Config, selection: Selection<'_>) -> Result<Self, String> {
        let services: Vec<&Service> = match selection.service {
            None => config.services.iter().collect(),
            Some(name) => {
                let mut services = config.services.iter();
                let found = services.find(|service| service.name == *name);
                let absent = || format!("the configuration has no service `{name}`");
                vec![found.ok_or_else(absent)?]
            }
        };
        let mut plan = Self::default();
        for service in &services {
            for position in 0..service.checks.len() {
                plan.add(service, position, selection.check);
            }
        }
        match selection.check {
            Some(name) if plan.looks.is_empty() => Err(absent(name, &services)),
            _ => Ok(plan),
        }
    }

    /// Adds a check, or those of its members that are called so.
    fn add(&mut self, service: &Service, position: usize, name: Option<&str>) {
        let check = &service.checks[position];
        let is_whole = name.is_none_or(|name| name == check.name);
        let targets = service.targets().into_iter();
        let targets = targets.filter(|target| target.check == position);
        let wanted = targets.filter(|target| {
            is_whole || name.is_some_and(|name| service.member(target).name == name)
        });
        let wanted: Vec<_> = wanted.collect();
        let first = self.looks.len();
        let group = match &check.parts {
            Parts::Group(group) if is_whole && !wanted.is_empty() => {
                let plan = GroupPlan::new(service, check, group, (first, &wanted));
                self.groups.push(plan);
                Some(self.groups.len() - 1)
            }
            Parts::Group(_) | Parts::One(_) => None,
        };
        let looks = wanted
            .iter()
            .map(|target| Look::new(service, target, group));
        self.looks.extend(looks.map(Arc::new));
    }

    /// Looks at all of it, side by side.
    pub(super) async fn run(&self) -> Vec<ProbeReport> {
        let permits = Arc::new(Semaphore::new(CONCURRENT));
        let mut running = JoinSet::new();
        for (position, look) in self.looks.iter().enumerate() {
            let (permits, look) = (Arc::clone(&permits), Arc::clone(look));
            running.spawn(async move {
                let _permit = permits.acquire().await;
                let outcome = look.run().await;
                (position, look.report(outcome, now()))
            });
        }
        let mut reports = running.join_all().await;
        reports.sort_by_key(|(position, _)| *position);
        let mut reports: Vec<_> = reports.into_iter().map(|(_, report)| report).collect();
        self.judge_groups(&mut reports);
        reports
    }

    /// Waits until nothing is left of what the last looks have started, but not for ever: what cannot be killed
    /// stays.
    pub(super) async fn is_over(&self) {
        let all = self.looks.iter().map(|look| look.probe.is_over());
        let _some_are_left = timeout(LAST, join_all(all)).await;
    }

    fn judge_groups(&self, reports: &mut [ProbeReport]) {
        let groups: Vec<_> = self.groups.iter().map(|plan| plan.judge(reports)).collect();
        for (look, report) in self.looks.iter().zip(reports) {
            report.group = look.group.and_then(|group| groups.get(group).cloned());
        }
    }
}

/// To the millisecond: what is finer says nothing to people.
fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(Unit::Millisecond).unwrap_or(now)
}

fn absent(name: &str, services: &[&Service]) -> String {
    let checks = services.iter().flat_map(|service| &service.checks);
    let names = |check: &Check| {
        let members = check.members().iter().map(|member| member.name.clone());
        let members: Vec<_> = members.filter(|member| *member != check.name).collect();
        [vec![check.name.clone()], members].concat()
    };
    let mut known: Vec<_> = checks.flat_map(names).collect();
    known.sort();
    known.dedup();
    format!(
        "no check is called `{name}`; there are: {}",
        known.join(", ")
    )
}
