//! Checks that say the same are one: a node with a thousand services mostly asks all of them alike, and what is asked
//! every second should be near at hand.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::config::{Check, CheckKind, DnsCheck, Service};

/// Each check is compared with so many others that came before.
const KNOWN: usize = 16;

/// The same services.
pub(super) fn share(mut services: Vec<Service>) -> Vec<Service> {
    let mut known: VecDeque<Arc<DnsCheck>> = VecDeque::with_capacity(KNOWN);
    let checks = services.iter_mut().flat_map(|service| &mut service.checks);
    for member in checks.flat_map(Check::members_mut) {
        let CheckKind::Dns(check) = &mut member.kind else {
            continue;
        };
        if let Some(same) = known.iter().find(|known| *known == check) {
            *check = Arc::clone(same);
            continue;
        }
        if known.len() == KNOWN {
            known.pop_front();
        }
        known.push_back(Arc::clone(check));
    }
    services
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, SMALLEST};

    #[test]
    fn checks_that_say_the_same_are_one_and_no_others() {
        let checks = |name: &str| format!("- dns: {{ name: {name}, type: A }}\n      ");
        let all: String = ["one.example", "two.example", "one.example"]
            .map(checks)
            .concat();
        let text = SMALLEST.replacen("- dns:", &format!("{all}- dns:"), 1);
        let config = Config::parse("config.yaml", &text).unwrap().config;
        let dns = |member: &crate::config::Member| match &member.kind {
            CheckKind::Dns(check) => Arc::clone(check),
            _ => panic!("all ask over DNS"),
        };
        let checks: Vec<_> = config.services[0].members().map(dns).collect();
        assert!(Arc::ptr_eq(&checks[0], &checks[2]));
        for other in [&checks[1], &checks[3]] {
            assert_ne!(&checks[0], other);
        }
    }
}
