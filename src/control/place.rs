//! Places at the control socket: who has one, and what is said to whom there is none for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::UnixStream;
use tokio::time::Instant;

use super::crowd::{Crowd, Refusal, User, Wish};
use super::{Request, Response};

/// A place among those who are served, given back when it is dropped.
pub(super) struct Place {
    crowd: Arc<Mutex<Crowd>>,
    user: User,
}

impl Place {
    /// Takes one for whoever is at the other end.
    pub(super) fn take(crowd: &Arc<Mutex<Crowd>>, stream: &UnixStream) -> Result<Self, Refusal> {
        let user = stream.peer_cred().ok().map(|peer| peer.uid());
        lock(crowd).enter(user, Instant::now().into_std())?;
        Ok(Self {
            crowd: Arc::clone(crowd),
            user,
        })
    }

    /// Whether that user may ask for this now.
    pub(super) fn may(&self, request: &Request) -> Result<(), Refusal> {
        let wish = match request {
            Request::Status | Request::Metrics => Wish::Look,
            Request::History(_) => Wish::Recall,
            Request::Order(_) => Wish::Order,
            Request::Reload => Wish::Reload,
        };
        lock(&self.crowd).ask(self.user, wish, Instant::now().into_std())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.crowd).leave(self.user);
    }
}

fn lock(crowd: &Mutex<Crowd>) -> MutexGuard<'_, Crowd> {
    crowd.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says why, without waiting: a line fits into a socket that nobody has written to.
pub(super) fn send_away(stream: &UnixStream, refusal: Refusal) {
    if let Ok(mut text) = serde_json::to_vec(&Response::Error(refusal.to_string())) {
        text.push(b'\n');
        let _gone = stream.try_write(&text);
    }
}
