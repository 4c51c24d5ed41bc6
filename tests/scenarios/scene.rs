//! The scene that most tests play in: one service on two addresses, one server, one neighbour.

use std::time::{Duration, Instant};

use lab::{
    Bird, Controller, DnsServer, Error, Lab, Neighbor, Result, Service, Settings, Software, Updates,
};
use serde_json::Value;

/// The anycast addresses, and their prefixes.
pub(crate) const V4: &str = "192.0.2.53";
pub(crate) const V6: &str = "2001:db8:53::53";
pub(crate) const V4_PREFIX: &str = "192.0.2.53/32";
pub(crate) const V6_PREFIX: &str = "2001:db8:53::53/128";
pub(crate) const BOTH: [&str; 2] = [V4_PREFIX, V6_PREFIX];

/// Graceful shutdown (RFC 8326), as BIRD prints it.
const GRACEFUL_SHUTDOWN: &str = "(65535,0)";

/// How long something must not happen: several polls and probes of the daemon.
pub(crate) const A_WHILE: Duration = Duration::from_millis(2500);

/// A lab with the two addresses on the node.
pub(crate) fn lab() -> Result<Lab> {
    Lab::new(&[V4, V6])
}

/// The service with both prefixes.
pub(crate) fn resolver() -> Service {
    Service::new("resolver", &BOTH)
}

/// A configuration with that service alone.
pub(crate) fn settings() -> Settings {
    Settings::new([resolver()])
}

/// Everything that runs in a scenario. The DNS servers are the test's own.
pub(crate) struct Scene<'lab> {
    pub(crate) lab: &'lab Lab,
    pub(crate) controller: Controller<'lab>,
    pub(crate) bird: Bird<'lab>,
    pub(crate) neighbor: Neighbor<'lab>,
}

impl<'lab> Scene<'lab> {
    /// Everything is there and established, and our daemon has not started yet.
    pub(crate) fn prepared(lab: &'lab Lab, settings: &Settings) -> Result<Self> {
        let controller = Controller::install(lab, env!("CARGO_BIN_EXE_anycastctl"), settings)?;
        let bird = controller.start_bird()?;
        let neighbor = lab.start_neighbor(settings.bfd())?;
        let scene = Self {
            lab,
            controller,
            bird,
            neighbor,
        };
        scene.established()?;
        Ok(scene)
    }

    /// Our daemon runs too.
    pub(crate) fn started(lab: &'lab Lab, settings: &Settings) -> Result<Self> {
        let mut scene = Self::prepared(lab, settings)?;
        scene.controller.start()?;
        Ok(scene)
    }

    /// The usual opening: NSD answers on both addresses, and the neighbour has both routes.
    pub(crate) fn announced(
        lab: &'lab Lab,
        settings: &Settings,
    ) -> Result<(Self, DnsServer<'lab>)> {
        let server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
        let scene = Self::started(lab, settings)?;
        scene.has(&BOTH)?;
        Ok((scene, server))
    }

    /// Kills the node's BIRD and waits until the neighbour has noticed, so that a session seen later is
    /// a new one.
    pub(crate) fn kill_bird(&mut self) -> Result<()> {
        self.bird.kill()?;
        self.lab.wait_until("lost sessions", || {
            match self.neighbor.bird().all_established() {
                Ok(()) => Err("still established"),
                Err(_lost) => Ok(()),
            }
        })
    }

    /// Waits for all sessions.
    pub(crate) fn established(&self) -> Result<()> {
        self.lab.wait_until("established sessions", || {
            self.neighbor.bird().all_established()
        })
    }

    /// Waits until the neighbour has these routes.
    pub(crate) fn has(&self, prefixes: &[&str]) -> Result<()> {
        let what = format!("{} at the neighbour", prefixes.join(", "));
        self.lab.wait_until(&what, || self.neighbor.has(prefixes))
    }

    /// Waits until the neighbour has lost these routes.
    pub(crate) fn lacks(&self, prefixes: &[&str]) -> Result<()> {
        let what = format!("{} gone at the neighbour", prefixes.join(", "));
        self.lab.wait_until(&what, || self.neighbor.lacks(prefixes))
    }

    /// Waits until the neighbour has both routes, and both are drained or both are not.
    pub(crate) fn is_drained(&self, drained: bool) -> Result<()> {
        self.lab.wait_until("drained or not", || {
            for prefix in BOTH {
                let route = self.neighbor.route(prefix)?;
                let is_drained = route.as_ref().map(|route| {
                    let mut communities = route.communities.iter();
                    communities.any(|community| community == GRACEFUL_SHUTDOWN)
                });
                if is_drained != Some(drained) {
                    return Err(Error::new(format!("{prefix}: {route:?}")));
                }
            }
            Ok(())
        })
    }

    /// For a while, none of these routes shows at the neighbour.
    pub(crate) fn never_has(&self, prefixes: &[&str]) -> Result<()> {
        self.lab
            .stays("withdrawn", A_WHILE, || self.neighbor.lacks(prefixes))
    }

    /// The neighbour was told exactly this between `before` and now, and for a while nothing else.
    pub(crate) fn was_told(&self, before: Updates, announced: u64, withdrawn: u64) -> Result<()> {
        let wanted = Updates {
            announced: before.announced + announced,
            withdrawn: before.withdrawn + withdrawn,
        };
        self.lab.stays(&wanted.to_string(), A_WHILE, || {
            let now = self.neighbor.updates()?;
            if now == wanted {
                Ok(())
            } else {
                Err(Error::new(now.to_string()))
            }
        })
    }

    /// Waits until the neighbour has been told nothing for a second: what BIRD does about a configuration may
    /// come after its answer.
    pub(crate) fn settled(&self) -> Result<Updates> {
        let mut last = (self.neighbor.updates()?, Instant::now());
        self.lab.wait_until("a quiet second", || {
            let now = self.neighbor.updates()?;
            if now != last.0 {
                last = (now, Instant::now());
            }
            if last.1.elapsed() >= Duration::from_secs(1) {
                return Ok(now);
            }
            Err(Error::new(now.to_string()))
        })
    }

    /// Waits until the daemon's log has all these words: it is written when there is time.
    pub(crate) fn logs(&self, words: &[&str]) -> Result<()> {
        self.lab.wait_until(&format!("{words:?} in the log"), || {
            let log = self.controller.log();
            match words.iter().find(|words| !log.contains(**words)) {
                None => Ok(()),
                Some(missing) => Err(Error::new(format!("no `{missing}`"))),
            }
        })
    }

    /// What `status --json` says, and its exit code; an error while no daemon answers.
    pub(crate) fn status(&self) -> Result<(Option<i32>, Value)> {
        match self.any_status()? {
            (_, document) if document["controller"].is_null() => {
                Err(Error::new(format!("no daemon: {document}")))
            }
            status => Ok(status),
        }
    }

    /// The same, also where no daemon answers, and BIRD alone is asked.
    pub(crate) fn any_status(&self) -> Result<(Option<i32>, Value)> {
        let outcome = self.controller.call(&["status", "--json"])?;
        let document = serde_json::from_str(&outcome.output)
            .map_err(|error| Error::new(format!("{error} in {outcome:?}")))?;
        Ok((outcome.code, document))
    }

    /// Waits until the status is so: given the exit code and the document.
    pub(crate) fn reports(
        &self,
        what: &str,
        is_so: impl Fn(Option<i32>, &Value) -> bool,
    ) -> Result<Value> {
        self.lab.wait_until(&format!("status: {what}"), || {
            let (code, document) = self.status()?;
            if is_so(code, &document) {
                return Ok(document);
            }
            Err(Error::new(format!("{code:?} {document}")))
        })
    }

    /// The neighbour was told this much at most since `before`.
    pub(crate) fn was_told_at_most(
        &self,
        before: Updates,
        announced: u64,
        withdrawn: u64,
    ) -> Result<()> {
        let now = self.neighbor.updates()?;
        let few = now.announced <= before.announced + announced
            && now.withdrawn <= before.withdrawn + withdrawn;
        if few {
            Ok(())
        } else {
            Err(Error::new(format!(
                "the neighbour was told {now}, before {before}"
            )))
        }
    }

    /// For a while, the neighbour keeps both routes.
    pub(crate) fn keeps(&self, period: Duration) -> Result<()> {
        self.lab
            .stays("announced", period, || self.neighbor.has(&BOTH))
    }

    /// Waits until the daemon wants this of its first service.
    pub(crate) fn desires(&self, desired: &str) -> Result<()> {
        self.lab.wait_until(&format!("desired: {desired}"), || {
            let (_, document) = self.status()?;
            let service = &document["services"][0];
            if service["desired"] == desired && service["health"] != "unknown" {
                return Ok(());
            }
            Err(Error::new(service.to_string()))
        })
    }
}
