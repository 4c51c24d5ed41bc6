//! Which events concern which probes.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::controller::Controller;
use super::{ProbeId, Sight};
use crate::config::Subject;
use crate::dns::Transport;

/// What is watched besides probing it; `None` for what tells nothing.
pub(super) fn sight(subject: Subject<'_>) -> Option<Sight> {
    match subject {
        // That its default way leads to the same server is not known.
        Subject::Dns(check, _) if check.connection.origin.interface.is_some() => None,
        Subject::Dns(check, server) => match check.connection.channel.transport() {
            Transport::Udp | Transport::Tcp => Some(Sight::Server(server)),
            // A connection that stands there without a handshake looks like an attack; over QUIC there is none.
            Transport::Tls | Transport::Https | Transport::Quic => None,
        },
        Subject::Tcp(check, server) => check.tls.is_none().then_some(Sight::Server(server)),
        // Web servers complain of connections on which nothing is asked for.
        Subject::Http(..) | Subject::Exec(_) | Subject::Process(_) | Subject::File(_) => None,
        Subject::Unit(name) => Some(Sight::Unit(name.as_str().to_owned())),
    }
}

impl Controller {
    /// These addresses are gone from this host: whoever asks one of them is to do so now.
    pub(super) fn on_lost_addresses(&mut self, lost: &HashSet<IpAddr>, now: Instant) {
        let services = self.services.iter_mut();
        for probe in services.flat_map(|service| &mut service.probes) {
            if probe.address.is_some_and(|address| lost.contains(&address)) {
                let duty = probe.happens(now, "this host lost that address");
                self.prober.look(duty, now);
            }
        }
    }

    /// Something happened there: everybody who looks at it is to do so now.
    pub(super) fn on_look(&mut self, sight: &Sight, what: &'static str, now: Instant) {
        tracing::debug!(?sight, what, "time to look");
        let probes = self
            .services
            .iter_mut()
            .flat_map(|service| &mut service.probes);
        for probe in probes.filter(|probe| probe.sight.as_ref() == Some(sight)) {
            self.prober.look(probe.happens(now, what), now);
        }
    }

    /// A watched server that has lost its connection fails: those at the same port that are not watched may be the same
    /// process, or have the same fate.
    pub(super) fn look_around(&mut self, id: ProbeId, now: Instant) {
        let probe = &mut self.services[id.service].probes[id.probe];
        let failed = probe.fails_after_event();
        let Some(failed) = failed.filter(|server| self.standing.watches(*server)) else {
            return;
        };
        let services = self.services.iter_mut();
        for probe in services.flat_map(|service| &mut service.probes) {
            let is_like_it = |server: &SocketAddr| {
                server.port() == failed.port() && !self.standing.watches(*server)
            };
            if probe.server().is_some_and(|server| is_like_it(&server)) {
                let duty = probe.happens(now, "another server at this port has failed");
                self.prober.look(duty, now);
            }
        }
    }
}
