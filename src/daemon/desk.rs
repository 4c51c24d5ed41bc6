//! Between the control socket and the controller: who asks for orders, and when the answer is due.

use tokio::sync::{mpsc, oneshot, watch};

use super::Event;
use super::keeper::{Kept, not_kept};
use super::recall::Recall;
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
    /// Where the controller is.
    pub(super) events: mpsc::Sender<Event>,
}

impl Desk {
    /// Answers when the disk has taken what follows, or has not in time; it is in force before that.
    pub(super) async fn answer(&self, request: Request, peer: Option<Peer>) -> Response {
        if let Err(error) = request.check() {
            return Response::Invalid(error);
        }
        let caller = self.operators.identify(peer).await;
        if let Some(because) = caller.denied {
            let refused = history::Event::OrderRefused {
                by: caller.name,
                request: request.to_string(),
                because: because.clone(),
            };
            let _ = self.events.send(Event::OrderDenied(refused)).await;
            return Response::Denied(because);
        }
        let (reply, taken) = oneshot::channel();
        let event = Event::Order(request, caller.name, reply);
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
}
