//! Changes that some releases of BIRD die of, by faults of their own.

use super::{Comparison, SessionChange};
use crate::model::BirdVersion;

/// The first release that dies of any kernel protocol that changes (measured, 3.1.7 and 3.4.0).
const KERNEL: BirdVersion = BirdVersion::new(3, 0, 0);

/// The first release that uses the memory of a BGP protocol after it has freed it (measured: 3.4.0 does, 3.1.8 does not).
const SESSION: BirdVersion = BirdVersion::new(3, 4, 0);

impl Comparison {
    /// The kernel protocol that this BIRD dies of: it gets another export filter or another number of paths, and the
    /// same name. In a file that is rendered for BIRD 3, it gets another name as well.
    #[must_use]
    pub fn kills(&self, bird: BirdVersion) -> Option<&str> {
        if bird < KERNEL {
            return None;
        }
        let changed = self.others.iter().find(|block| {
            let is_kernel = block.what.starts_with("protocol kernel ");
            is_kernel && block.installed.is_some() && block.rendered.is_some()
        });
        changed.map(|block| block.what.as_str())
    }

    /// What to tell the user of a BIRD that may die of this: of each session that is removed or restarted, it reads
    /// memory that it has just freed, and dies if the C library has given that back to the kernel. A threshold that
    /// is never reached keeps the library from giving back.
    #[must_use]
    pub fn hazard(&self, bird: BirdVersion) -> Option<String> {
        if bird < SESSION {
            return None;
        }
        let closed = self.sessions.iter().filter_map(|change| match change {
            SessionChange::Removed { session, .. } | SessionChange::Resets { session, .. } => {
                Some(session.as_str())
            }
            SessionChange::Added { .. } | SessionChange::Stays { .. } => None,
        });
        let closed = closed.collect::<Vec<_>>().join(", ");
        (!closed.is_empty()).then(|| {
            format!(
                "warning: BIRD {bird} may die of a session that is removed or reset ({closed}): the fault is its own, and without effect if BIRD was started with MALLOC_TRIM_THRESHOLD_=1073741824 in its environment; `systemctl edit bird` sets it"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str =
        "protocol device { }\nprotocol bgp b1 { neighbor 10.0.0.1 as 1; hold time 90; }\n";
    const NONE: &str = "protocol device { }\n";

    fn version(told: &str) -> BirdVersion {
        BirdVersion::told(told).expect("a version")
    }

    #[test]
    fn a_session_that_goes_is_told_of_where_bird_may_die_of_it() {
        let gone = Comparison::between(ONE, NONE);
        for bird in ["3.4.0", "3.4", "3.10.1", "4.0.0", "3.4.0-12-gabcdef"] {
            let hazard = gone.hazard(version(bird)).expect(bird);
            assert!(hazard.contains("reset (b1)"), "{hazard}");
        }
        for bird in ["2.20.0", "2.0.7", "3.1.8", "3.3.9"] {
            assert_eq!(gone.hazard(version(bird)), None, "{bird}");
        }
    }

    #[test]
    fn a_session_that_is_reset_is_told_of_and_one_that_stays_or_comes_is_not() {
        let hazard = |from: &str, to: &str| Comparison::between(from, to).hazard(version("3.4.0"));
        assert!(hazard(ONE, &ONE.replace("90", "60")).is_some());
        assert_eq!(hazard(ONE, ONE), None);
        assert_eq!(
            hazard(ONE, &ONE.replace("device { }", "device { scan time 9; }")),
            None
        );
        assert_eq!(hazard(NONE, ONE), None);
    }

    #[test]
    fn a_kernel_protocol_that_changes_kills_bird_3_unless_it_gets_another_name() {
        let kernel = |name: &str, export: &str| {
            format!("protocol kernel {name} {{ ipv4 {{ export {export}; }}; }}\n")
        };
        let before = kernel("kernel4", "none");
        let changed = Comparison::between(&before, &kernel("kernel4", "all"));
        assert_eq!(
            changed.kills(version("3.1.7")),
            Some("protocol kernel kernel4")
        );
        assert_eq!(changed.kills(version("2.20.0")), None);
        let renamed = Comparison::between(&before, &kernel("kernel4_all", "all"));
        assert_eq!(renamed.kills(version("3.1.7")), None);
        assert_eq!(
            Comparison::between(&before, &before).kills(version("3.1.7")),
            None
        );
    }
}
