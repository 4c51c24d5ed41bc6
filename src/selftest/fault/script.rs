//! How each fault is played, and what has to come of it with the promises of a configuration.

use std::time::Duration;

use super::{Act, Before, Cell, Expected, Fault};
use crate::selftest::promise::{A_WHILE, Promise, REACTION, RETURN, SLACK, START, Sessions};

/// What is promised.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stakes<'a> {
    /// By each service.
    pub(crate) promises: &'a [Promise],
    /// By the sessions.
    pub(crate) sessions: Sessions,
}

/// How long something is frozen where no neighbour would notice within a reasonable time.
const FROZEN: Duration = Duration::from_secs(3);

/// How long sessions usually take: BIRD waits five seconds before it connects or after an error.
const USUAL_RETURN: Duration = Duration::from_secs(6);

impl Act {
    fn each(expected: Expected, promises: &[Promise], time: impl Fn(&Promise) -> Duration) -> Self {
        let times: Vec<Duration> = promises.iter().map(time).collect();
        let longest = times.iter().copied().max().unwrap_or_default();
        let usual = match expected {
            Expected::Withdrawn | Expected::Announced => longest.saturating_sub(SLACK),
            Expected::Kept | Expected::Out | Expected::Anything => longest,
        };
        Self {
            expected,
            times,
            usual,
        }
    }

    fn all(expected: Expected, promises: &[Promise], time: Duration) -> Self {
        Self::each(expected, promises, |_| time)
    }
}

impl Stakes<'_> {
    /// Withdrawn within what each service promises.
    fn gone(self, time: impl Fn(&Promise) -> Duration) -> Act {
        Act::each(Expected::Withdrawn, self.promises, time)
    }

    /// The same of every service, for so long or within it.
    fn all(self, expected: Expected, time: Duration) -> Act {
        Act::all(expected, self.promises, time)
    }

    /// The service's own checks let it back.
    fn back(self) -> Act {
        Act::each(Expected::Announced, self.promises, |promise| {
            promise.announced
        })
    }

    /// The sessions come back, and bring it with them.
    fn returned(self) -> Act {
        Act {
            usual: USUAL_RETURN,
            ..self.all(Expected::Announced, RETURN)
        }
    }

    /// One question in three is answered.
    fn lossy(self) -> Result<Act, String> {
        let times: Option<Vec<_>> = self.promises.iter().map(|promise| promise.lossy).collect();
        let times = times.ok_or("`window` of a service promises nothing about it")?;
        let longest = times.iter().copied().max().unwrap_or_default();
        Ok(Act {
            expected: Expected::Withdrawn,
            times,
            usual: longest.saturating_sub(SLACK),
        })
    }

    /// Nothing comes from the node any more, and nobody says goodbye.
    fn silence(self, otherwise: Expected) -> Act {
        match self.sessions.silence_noticed() {
            Some(silence) => self.all(Expected::Withdrawn, silence + SLACK),
            None if self.sessions.keeps_stale => self.all(Expected::Anything, FROZEN),
            None => self.all(otherwise, FROZEN),
        }
    }
}

impl Fault {
    /// How it is played. An error says why nothing is promised about it.
    pub(crate) fn cell(self, stakes: Stakes<'_>) -> Result<Cell, String> {
        Ok(Cell {
            fault: self,
            before: self.before(),
            during: self.during(stakes)?,
            after: self.after(stakes),
        })
    }

    fn before(self) -> Before {
        match self {
            Self::BirdRestartedWithdrawn | Self::ReconfiguredWithdrawn | Self::IntentForged => {
                Before::Withdrawn
            }
            Self::ServerKilled
            | Self::ServerFrozen
            | Self::ServerSlow
            | Self::ServerServfail
            | Self::ServerRefused
            | Self::ServerWrongData
            | Self::ServerTruncated
            | Self::ServerLossy
            | Self::AddressRemoved
            | Self::BirdRestarted
            | Self::BirdFrozen
            | Self::BirdFrozenServerDies
            | Self::Reconfigured
            | Self::DaemonKilled
            | Self::DaemonKilledServerDies
            | Self::DaemonFrozen
            | Self::DaemonFrozenServerDies
            | Self::IntentDeleted
            | Self::NeighborRestarted
            | Self::NeighborFrozen
            | Self::LinkDown => Before::Announced,
        }
    }

    fn during(self, stakes: Stakes<'_>) -> Result<Act, String> {
        let Sessions {
            keeps_stale, poll, ..
        } = stakes.sessions;
        Ok(match self {
            Self::ServerFrozen | Self::ServerSlow => stakes.gone(|promise| promise.silent),
            Self::ServerKilled
            | Self::AddressRemoved
            | Self::ServerServfail
            | Self::ServerRefused
            | Self::ServerWrongData
            | Self::ServerTruncated => stakes.gone(|promise| promise.wrong),
            Self::ServerLossy => stakes.lossy()?,
            Self::BirdRestarted if keeps_stale => stakes.all(Expected::Anything, A_WHILE),
            Self::BirdRestarted => stakes.all(Expected::Withdrawn, SLACK),
            Self::BirdRestartedWithdrawn | Self::ReconfiguredWithdrawn => {
                stakes.all(Expected::Out, A_WHILE + poll)
            }
            Self::BirdFrozen => stakes.silence(Expected::Kept),
            Self::BirdFrozenServerDies => stakes.all(Expected::Anything, FROZEN),
            Self::Reconfigured | Self::DaemonKilled | Self::DaemonFrozen => {
                stakes.all(Expected::Kept, A_WHILE)
            }
            Self::DaemonKilledServerDies | Self::DaemonFrozenServerDies => {
                stakes.all(Expected::Anything, A_WHILE)
            }
            Self::IntentDeleted => stakes.all(Expected::Announced, poll + SLACK),
            Self::IntentForged => stakes.all(Expected::Withdrawn, poll + SLACK),
            Self::NeighborRestarted => stakes.returned(),
            Self::NeighborFrozen => {
                let frozen = stakes.sessions.silence_noticed().unwrap_or(FROZEN);
                stakes.all(Expected::Anything, frozen + SLACK)
            }
            Self::LinkDown => stakes.silence(Expected::Anything),
        })
    }

    fn after(self, stakes: Stakes<'_>) -> Option<Act> {
        let poll = stakes.sessions.poll;
        match self {
            Self::ServerKilled
            | Self::ServerFrozen
            | Self::ServerSlow
            | Self::ServerServfail
            | Self::ServerRefused
            | Self::ServerWrongData
            | Self::ServerTruncated
            | Self::ServerLossy
            | Self::AddressRemoved
            | Self::BirdRestartedWithdrawn
            | Self::ReconfiguredWithdrawn
            | Self::IntentForged => Some(stakes.back()),
            Self::BirdRestarted | Self::BirdFrozen | Self::NeighborFrozen | Self::LinkDown => {
                Some(stakes.returned())
            }
            Self::BirdFrozenServerDies => {
                Some(stakes.gone(|promise| promise.wrong + REACTION + poll))
            }
            Self::DaemonKilled | Self::DaemonFrozen => {
                Some(stakes.all(Expected::Kept, A_WHILE + poll))
            }
            Self::DaemonKilledServerDies | Self::DaemonFrozenServerDies => {
                Some(stakes.gone(|promise| promise.silent + START))
            }
            Self::Reconfigured | Self::IntentDeleted | Self::NeighborRestarted => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    fn promise(lossy: Option<Duration>) -> Promise {
        Promise {
            wrong: Duration::from_secs(2),
            silent: Duration::from_secs(3),
            lossy,
            announced: Duration::from_secs(7),
        }
    }

    fn stakes(promises: &[Promise], silence: u64, keeps_stale: bool) -> Stakes<'_> {
        Stakes {
            promises,
            sessions: Sessions {
                silence: Duration::from_secs(silence),
                keeps_stale,
                poll: Duration::from_secs(1),
            },
        }
    }

    #[test]
    fn every_fault_is_played_unless_nothing_is_promised() {
        let promises = [promise(Some(Duration::from_secs(9))), promise(None)];
        for fault in Fault::value_variants() {
            let cell = fault.cell(stakes(&promises[..1], 1, false)).unwrap();
            assert_eq!((cell.fault, cell.during.times.len()), (*fault, 1));
            assert!(!fault.name().is_empty() && !fault.words().is_empty());
            let two = fault.cell(stakes(&promises, 1, false));
            assert_eq!(two.is_err(), *fault == Fault::ServerLossy, "{fault:?}");
        }
    }

    #[test]
    fn what_neighbours_do_not_notice_is_not_waited_for() {
        let expected = |silence, keeps_stale| {
            let promises = [promise(None)];
            let cell = Fault::BirdFrozen.cell(stakes(&promises, silence, keeps_stale));
            cell.unwrap().during.expected
        };
        assert_eq!(expected(1, false), Expected::Withdrawn);
        assert_eq!(expected(240, false), Expected::Kept);
        assert_eq!(expected(240, true), Expected::Anything);
    }
}
