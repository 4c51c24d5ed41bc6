//! The orders of operators: read before anything is announced, given, ended, and kept.
//!
//! An order is in force the moment it is given; the disk comes after it.
//!
//! # Services that the configuration does not have
//!
//! Their orders are kept, told, and in force again when the service is back: a service that is renamed for an
//! hour must not come back announced. `release` by name forgets them, and so does their own end.

use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::watch;

use super::controller::Controller;
use super::found::{Found, OURSELVES};
use super::keeper::Wanted;
use crate::config::Service;
use crate::history;
use crate::overrides::{Action, Kind, Orders, Outcome, Override, Request, Whom};

/// Where problems stand in the controller's list.
const DISK: &str = "orders: disk";
const UNREADABLE: &str = "orders: unreadable";
const ABSENT: &str = "orders: absent services";

/// What the controller knows of orders beside those of its services.
#[derive(Default)]
pub(super) struct OrderBook {
    /// Orders of services that the configuration does not have.
    absent: Orders,
    /// What is to be on the disk.
    pub(super) wanted: watch::Sender<Wanted>,
}

/// What the controller made of a request, and the number of the state after it; or why it makes no sense.
pub(super) type Taken = Result<(Vec<Outcome>, u64), String>;

impl Controller {
    /// Puts in force what the start found.
    pub(super) fn adopt_orders(&mut self, found: Found) {
        self.distribute(found.orders);
        for (service, order) in self.orders_in_force() {
            let (kind, by) = (order.kind, &order.by);
            tracing::warn!(service, %kind, by, reason = order.reason, "an order is in force");
        }
        if let Some(problem) = found.problem {
            tracing::error!(problem, "the file of orders is damaged");
            if found.replaces {
                self.keep_orders();
            }
            self.problems.insert(UNREADABLE, problem);
        }
        self.tell_absent();
        self.end_orders(Timestamp::now(), Instant::now());
    }

    /// Each to its service, if there is one.
    fn distribute(&mut self, orders: Orders) {
        self.orders.absent = orders;
        let services = self.config.services.iter().zip(&mut self.services);
        for (spec, state) in services {
            state.order = self.orders.absent.remove(spec.name.as_str());
        }
    }

    /// The same orders for the services of another configuration.
    pub(super) fn redistribute(&mut self, orders: Orders) {
        self.distribute(orders);
        self.tell_absent();
    }

    /// Does what is asked, at once.
    pub(super) fn on_order(&mut self, request: &Request, by: &str, now: Instant) -> Taken {
        let at = Timestamp::now();
        let before = self.orders_in_force();
        let names = self.named(request)?;
        let outcomes: Vec<_> = names
            .into_iter()
            .map(|name| self.follow(request, name, by, at, now))
            .collect();
        if self.orders_in_force() != before {
            self.keep_orders();
        }
        self.tell_absent();
        Ok((outcomes, self.orders.wanted.borrow().generation))
    }

    /// Ends what has had its time, by the wall clock.
    pub(super) fn end_orders(&mut self, at: Timestamp, now: Instant) {
        let over: Vec<_> = self
            .orders_in_force()
            .into_iter()
            .filter(|(_, order)| order.has_ended(at))
            .collect();
        if over.is_empty() {
            return;
        }
        for (service, order) in over {
            let event = history::Event::OrderEnded {
                service: service.clone(),
                kind: order.kind,
                because: "its time is over".to_owned(),
            };
            self.put(&service, None);
            self.record(event);
            self.settle_named(&service, now);
        }
        self.keep_orders();
        self.tell_absent();
    }

    /// The disk has taken the orders, or why not.
    pub(super) fn on_orders_kept(&mut self, error: Option<String>) {
        let Some(error) = error else {
            if self.problems.remove(DISK).is_some() {
                tracing::info!("the orders in force are on the disk again");
            }
            return;
        };
        let problem = format!(
            "the orders in force are not on the disk and would not survive a restart: {error}. It is tried on"
        );
        if self.problems.get(DISK) != Some(&problem) {
            tracing::error!(problem, "the orders in force are not on the disk");
        }
        self.problems.insert(DISK, problem);
    }

    /// All of them, those of absent services, too.
    pub(super) fn orders_in_force(&self) -> Orders {
        let services = self.config.services.iter().zip(&self.services);
        let present = services.filter_map(|(spec, state)| {
            let order = state.order.clone()?;
            Some((spec.name.to_string(), order))
        });
        let absent = self.orders.absent.clone();
        present.chain(absent).collect()
    }

    /// The services that a request is about. Absent ones can be released only.
    fn named(&self, request: &Request) -> Result<Vec<String>, String> {
        let services = self.config.services.iter();
        let mut names: Vec<_> = services.map(|service| service.name.to_string()).collect();
        if !matches!(request.action, Action::Give { .. }) {
            names.extend(self.orders.absent.keys().cloned());
        }
        let Whom::Services(wanted) = &request.whom else {
            return Ok(names);
        };
        for name in wanted {
            if !names.contains(name) {
                let known = names.join(", ");
                return Err(format!(
                    "the daemon has no service `{name}`; it has: {known}"
                ));
            }
        }
        let mut wanted = wanted.clone();
        wanted.sort_unstable();
        wanted.dedup();
        Ok(wanted)
    }

    fn follow(
        &mut self,
        request: &Request,
        service: String,
        by: &str,
        at: Timestamp,
        now: Instant,
    ) -> Outcome {
        let before = self.order_of(&service).cloned();
        let followed = self
            .can_follow(request, &service)
            .and_then(|()| request.follow(before.as_ref(), by, at));
        let after = match followed {
            Ok(after) => after,
            Err(refused) => {
                return Outcome {
                    service,
                    order: before,
                    ended: None,
                    refused: Some(refused),
                };
            }
        };
        self.put(&service, after.clone());
        self.record_change(request, &service, before.as_ref(), after.as_ref(), by);
        if request.action == Action::Release {
            self.forgive(&service, now);
        }
        self.settle_named(&service, now);
        Outcome {
            service,
            order: after,
            ended: before,
            refused: None,
        }
    }

    /// A family without drained twin cannot be drained: its routes would stay as they are.
    fn can_follow(&self, request: &Request, service: &str) -> Result<(), String> {
        let drains = matches!(
            request.action,
            Action::Give {
                kind: Kind::Drain,
                ..
            }
        );
        let spec = self
            .config
            .services
            .iter()
            .find(|spec| spec.name.as_str() == service);
        let Some(spec) = spec.filter(|_| drains) else {
            return Ok(());
        };
        let without = |spec: &Service| spec.families().find(|family| !spec.has_twin(*family));
        without(spec).map_or(Ok(()), |family| {
            Err(format!(
                "{family} cannot be drained: the configuration names no drained twin of `{}` (key \
                 `bird.{}_drain`); `anycastctl withdraw` takes it out",
                spec.protocols(family)[0],
                family.suffix()
            ))
        })
    }

    fn record_change(
        &mut self,
        request: &Request,
        service: &str,
        before: Option<&Override>,
        after: Option<&Override>,
        by: &str,
    ) {
        if let Some(before) = before {
            let why = request.reason.as_ref().filter(|_| after.is_none());
            let why = why.map(|reason| format!(": {reason}")).unwrap_or_default();
            let because = match after {
                Some(after) => format!("{by} gave another: {}", after.kind),
                None => format!("{by} ended it{why}"),
            };
            self.record(history::Event::OrderEnded {
                service: service.to_owned(),
                kind: before.kind,
                because,
            });
        }
        if let Some(order) = after {
            self.record(history::Event::Ordered {
                service: service.to_owned(),
                order: order.clone(),
            });
        }
    }

    fn order_of(&self, service: &str) -> Option<&Override> {
        let index = self.position(service);
        index.map_or_else(
            || self.orders.absent.get(service),
            |index| self.services[index].order.as_ref(),
        )
    }

    fn put(&mut self, service: &str, order: Option<Override>) {
        match self.position(service) {
            Some(index) => self.services[index].order = order,
            // Those of absent services only end.
            None => drop(self.orders.absent.remove(service)),
        }
    }

    /// An operator who releases a service wants it back now, whatever damping says.
    fn forgive(&mut self, service: &str, now: Instant) {
        if let Some(index) = self.position(service) {
            let families = self.services[index].families.iter_mut();
            families.for_each(|family| family.forgive(now));
        }
    }

    fn settle_named(&mut self, service: &str, now: Instant) {
        if let Some(index) = self.position(service) {
            self.settle_service(index, now);
        }
    }

    fn position(&self, service: &str) -> Option<usize> {
        let mut services = self.config.services.iter();
        services.position(|spec| spec.name.as_str() == service)
    }

    fn keep_orders(&mut self) {
        let orders = self.orders_in_force();
        if orders.values().all(|order| order.by != OURSELVES) {
            self.problems.remove(UNREADABLE);
        }
        self.orders.wanted.send_modify(|wanted| {
            wanted.generation += 1;
            wanted.orders = orders;
        });
    }

    fn tell_absent(&mut self) {
        if self.orders.absent.is_empty() {
            self.problems.remove(ABSENT);
            return;
        }
        let names: Vec<_> = self.orders.absent.keys().map(String::as_str).collect();
        let names = names.join(", ");
        let problem = format!(
            "orders are kept for services that the configuration does not have: {names}. They are in force when \
             the service is back; `anycastctl release` forgets them"
        );
        if self.problems.get(ABSENT) != Some(&problem) {
            tracing::warn!(problem, "orders of services that are not there");
        }
        self.problems.insert(ABSENT, problem);
    }
}
