//! What the routers opposite have in their tables: asked of their BIRDs, a few hundred times a second.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::timeout;

use super::judge::Presence;
use super::layout::Router;
use crate::bird::client::{Client, Error};
use crate::bird::command::Command;
use crate::bird::reply::Reply;
use crate::bird::table::{Protocol, SessionState, exported_prefixes, protocols};
use crate::model::Prefix;

/// A router that does not answer within that long is not asked now: it may be frozen, or starting.
const PATIENCE: Duration = Duration::from_secs(1);

/// Everybody who hears of the services.
pub(crate) struct Witness {
    seats: Vec<Seat>,
    services: usize,
}

/// One router.
struct Seat {
    socket: PathBuf,
    client: Option<Client>,
    sessions: usize,
    wanted: Vec<(Prefix, usize)>,
}

impl Witness {
    /// Those of so many services, each with its control socket.
    pub(crate) fn new(routers: &[(Router, PathBuf)], services: usize) -> Self {
        let seat = |(router, socket): &(Router, PathBuf)| Seat {
            socket: socket.clone(),
            client: None,
            sessions: router.neighbor.sessions.len(),
            wanted: router.wanted.clone(),
        };
        Self {
            seats: routers.iter().map(seat).collect(),
            services,
        }
    }

    /// What they have of each service; `None` where somebody does not answer.
    pub(crate) async fn look(&mut self) -> Option<Vec<Presence>> {
        // Of each service: how many prefixes there are, and should be.
        let mut counts = vec![(0, 0); self.services];
        for seat in &mut self.seats {
            let reply = seat.ask(&Command::ShowRoutes).await?;
            let there = exported_prefixes(&reply);
            for (prefix, service) in &seat.wanted {
                let (has, wanted) = counts.get_mut(*service)?;
                *wanted += 1;
                *has += usize::from(there.contains(prefix));
            }
        }
        let presence = |(has, wanted): (usize, usize)| match has {
            0 => Presence::None,
            has if has == wanted => Presence::All,
            _ => Presence::Some,
        };
        Some(counts.into_iter().map(presence).collect())
    }

    /// How many withdrawals they have counted since their sessions came up; `None` while one is down.
    pub(crate) async fn withdrawals(&mut self) -> Option<u64> {
        let mut all = 0;
        for seat in &mut self.seats {
            for session in seat.established().await? {
                let changes = session
                    .channels
                    .iter()
                    .filter_map(|channel| channel.changes);
                let counted = changes.filter_map(|changes| changes.import_withdraws.received);
                all += counted.sum::<u64>();
            }
        }
        Some(all)
    }

    /// Whether all sessions are up.
    pub(crate) async fn is_established(&mut self) -> bool {
        self.withdrawals().await.is_some()
    }
}

impl Seat {
    /// All its sessions; `None` unless every one of them is up.
    async fn established(&mut self) -> Option<Vec<Protocol>> {
        let reply = self.ask(&Command::ShowProtocolsAll).await?;
        let is_up = |protocol: &Protocol| {
            let bgp = protocol.bgp.as_ref();
            bgp.is_some_and(|bgp| bgp.state == Some(SessionState::Established))
        };
        let up: Vec<_> = protocols(&reply, None).into_iter().filter(is_up).collect();
        (up.len() == self.sessions).then_some(up)
    }

    async fn ask(&mut self, command: &Command) -> Option<Reply> {
        let asked = timeout(PATIENCE, self.answer(command)).await;
        let reply = asked.ok().and_then(Result::ok);
        if reply.is_none() {
            // What comes late would be taken for the next answer.
            self.client = None;
        }
        reply
    }

    async fn answer(&mut self, command: &Command) -> Result<Reply, Error> {
        let client = match &mut self.client {
            Some(client) => client,
            none => none.insert(Client::connect_restricted(&self.socket).await?),
        };
        client.ask(command).await
    }
}
