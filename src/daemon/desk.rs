//! Between the control socket and the controller: who asks for orders, and when the answer is due.

use std::fmt::Display;

use tokio::sync::{mpsc, oneshot, watch};

use super::Event;
use super::keeper::{Kept, not_kept};
use super::recall::Recall;
use super::reload;
use crate::control::Response;
use crate::history;
use crate::operators::{Operators, Peer};
use crate::overrides::{Report, Request};

/// Takes requests for orders to the controller, if they may go there.
#[derive(Clone)]
pub(super) struct Desk {
    /// Who may.
    pub(super) operators: Operators,
    /// How far the disk is.
    pub(super) kept: watch::Receiver<Kept>,
    /// What happened.
    pub(super) recall: Recall,
    /// Who reads the configuration.
    pub(super) reloads: mpsc::Sender<reload::Request>,
    /// Where the controller is.
    pub(super) events: mpsc::Sender<Event>,
}

impl Desk {
    /// Answers when the disk has taken what follows, or has not in time; it is in force before that.
    pub(super) async fn answer(&self, request: Request, peer: Option<Peer>) -> Response {
        if let Err(error) = request.check() {
            return Response::Invalid(error);
        }
        let by = match self.admit(peer, &request).await {
            Ok(by) => by,
            Err(denied) => return denied,
        };
        let (reply, taken) = oneshot::channel();
        let event = Event::Order(request, by, reply);
        // Either fails only while the daemon stops.
        let _ = self.events.send(event).await;
        match taken.await {
            Ok(Ok((services, generation))) => Response::Order(Report {
                services,
                not_kept: not_kept(self.kept.clone(), generation).await,
            }),
            Ok(Err(invalid)) => Response::Invalid(invalid),
            Err(_) => Response::Error("the daemon is stopping".to_owned()),
        }
    }

    /// Answers when the new configuration is in force, or why the old one still is.
    pub(super) async fn reload(&self, peer: Option<Peer>) -> Response {
        let by = match self.admit(peer, &"reload").await {
            Ok(by) => by,
            Err(denied) => return denied,
        };
        let (reply, response) = oneshot::channel();
        // Either fails only while the daemon stops.
        let _ = self.reloads.send(reload::Request { by, reply }).await;
        let stopping = |_| Response::Error("the daemon is stopping".to_owned());
        response.await.unwrap_or_else(stopping)
    }

    /// The name of whoever asks, if that user may. What is denied is recorded.
    async fn admit(&self, peer: Option<Peer>, request: &impl Display) -> Result<String, Response> {
        let caller = self.operators.identify(peer).await;
        let Some(because) = caller.denied else {
            return Ok(caller.name);
        };
        let refused = history::Event::OrderRefused {
            by: caller.name,
            request: request.to_string(),
            because: because.clone(),
        };
        let _ = self.events.send(Event::OrderDenied(refused)).await;
        Err(Response::Denied(because))
    }
}
