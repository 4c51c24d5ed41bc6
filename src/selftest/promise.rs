//! What a configuration promises: how long a withdraw and an announce may take.
//!
//! ```text
//! wrong      interval + fall * fast_interval               also refused: events are faster, but no promise
//! silent     interval + timeout + fall * fast_interval     probes overlap: a hang costs one timeout
//! lossy      as many intervals as `window` needs, and a timeout
//! announced  (rise + 1) * interval + timeout               what is still unanswered comes before the passes
//! ```
//!
//! each with [`SLACK`] for what is not in the configuration.

use std::time::Duration;

use crate::config::{Bfd, Config, GracefulRestart, Neighbor, Service, Thresholds, Timing};

/// For a busy machine, BIRD, the session and whoever looks.
pub(crate) const SLACK: Duration = Duration::from_secs(1);

/// How long something must not happen.
pub(crate) const A_WHILE: Duration = Duration::from_secs(2);

/// For the daemon to start, or to notice that it was frozen.
pub(crate) const START: Duration = Duration::from_secs(2);

/// How long the daemon waits for a BIRD that does not answer before it connects again.
pub(crate) const REACTION: Duration = Duration::from_secs(5);

/// For sessions to come back: the longest that the node's BIRD waits after errors (`error wait time 5, 60`), and what
/// it takes to connect.
pub(crate) const RETURN: Duration = Duration::from_secs(75);

/// Where BIRD's configuration says nothing.
const HOLD_TIME: Duration = Duration::from_mins(4);

/// Longer than that, nobody waits for a silent neighbour to be noticed.
const PATIENCE: Duration = Duration::from_secs(20);

/// So many probes of one check may be unanswered, at most.
const IN_FLIGHT: u32 = 64;

/// What a service promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Promise {
    /// Withdrawn: the server answers at once and badly, or its port refuses.
    pub(crate) wrong: Duration,
    /// Withdrawn: the server does not answer.
    pub(crate) silent: Duration,
    /// Withdrawn: the server answers one question in three; `None` where `window` does not promise it.
    pub(crate) lossy: Option<Duration>,
    /// Announced: the server is well again.
    pub(crate) announced: Duration,
}

impl Promise {
    /// That of a service with one check.
    pub(crate) fn of(service: &Service) -> Option<Self> {
        let timing = service.members().next()?.timing;
        let [interval, fast, timeout] = [timing.interval, timing.fast_interval, timing.timeout]
            .map(crate::model::Period::duration);
        let Thresholds { fall, rise, .. } = service.thresholds;
        let wrong = interval + fast.saturating_mul(fall) + SLACK;
        Some(Self {
            wrong,
            silent: wrong + timeout.saturating_mul(1 + fall / IN_FLIGHT),
            lossy: lossy(service.thresholds, timing),
            announced: interval.saturating_mul(rise.saturating_add(1)) + timeout + SLACK,
        })
    }
}

/// Two of three are lost: where the window is sure to see enough of them, it decides when it is full, at the latest. No
/// two probes are further apart than an interval.
fn lossy(thresholds: Thresholds, timing: Timing) -> Option<Duration> {
    let window = thresholds.window?;
    let lost = window.size - window.size.div_ceil(3);
    let full = timing.interval.duration().saturating_mul(window.size + 1);
    (lost >= window.failures).then(|| full + timing.timeout.duration() + SLACK)
}

/// What the sessions promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sessions {
    /// When the last neighbour notices that the node is silent: by BFD, or by the hold time.
    pub(crate) silence: Duration,
    /// Whether a neighbour keeps the routes of a node that is gone (`graceful_restart: full`).
    pub(crate) keeps_stale: bool,
    /// Between two looks of the daemon at BIRD.
    pub(crate) poll: Duration,
}

impl Sessions {
    /// Those of a configuration.
    pub(crate) fn of(config: &Config) -> Self {
        let silences = config.neighbors.iter();
        let silences = silences.map(|neighbor| silence(neighbor, config.bfd));
        let keeps = |neighbor: &Neighbor| neighbor.graceful_restart == GracefulRestart::Full;
        Self {
            silence: silences.max().unwrap_or(HOLD_TIME),
            keeps_stale: config.neighbors.iter().any(keeps),
            poll: config.bird.poll_interval.duration(),
        }
    }

    /// The silence that is noticed within a reasonable time.
    pub(crate) fn silence_noticed(self) -> Option<Duration> {
        (self.silence <= PATIENCE && !self.keeps_stale).then_some(self.silence)
    }
}

fn silence(neighbor: &Neighbor, bfd: Bfd) -> Duration {
    if neighbor.bfd {
        bfd.interval.duration() * u32::from(bfd.multiplier)
    } else {
        neighbor
            .hold_time
            .map_or(HOLD_TIME, crate::model::Period::duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SMALLEST;

    fn config(keys: &str) -> Config {
        let text = SMALLEST.replace("    checks:", &format!("    {keys}\n    checks:"));
        Config::parse("t", &text).unwrap().config
    }

    fn promise(keys: &str) -> Promise {
        Promise::of(&config(keys).services[0]).unwrap()
    }

    #[test]
    fn the_defaults_promise_what_the_manual_says() {
        let millis = Duration::from_millis;
        let expected = Promise {
            wrong: millis(1000 + 300 + 1000),
            silent: millis(1000 + 300 + 800 + 1000),
            lossy: Some(millis(11_000 + 800 + 1000)),
            announced: millis(6000 + 800 + 1000),
        };
        assert_eq!(promise("fall: 3"), expected);
        let sessions = Sessions::of(&config("fall: 3"));
        assert_eq!(sessions.silence_noticed(), Some(millis(900)));
    }

    #[test]
    fn a_window_promises_only_what_two_of_three_reach() {
        for (window, is_promised) in [
            ("{ size: 9, failures: 6 }", true),
            ("{ size: 9, failures: 7 }", false),
            ("{ size: 10, failures: 7 }", false),
            ("\"off\"", false),
        ] {
            let promise = promise(&format!("window: {window}"));
            assert_eq!(promise.lossy.is_some(), is_promised, "{window}");
        }
    }
}
