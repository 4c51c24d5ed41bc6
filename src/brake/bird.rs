//! BIRD: what it has, and what it is told until all is as wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{Bird, Protocol, State, Target};
use crate::bird::client::{self, Client};
use crate::bird::survey;
use crate::bird::table;
use crate::hold;
use crate::intent::{Kind, Leftover};
use crate::observed::Survey;
use crate::reconcile::Seen;
use crate::switch::{Error, Wanted, disable, switch};

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(200);

/// How the names of all protocols begin that announce and were rendered.
const RENDERED: &str = "anycast_";

/// The kind of protocol that is a session.
const SESSION: &str = "BGP";

/// What BIRD keeps as the message.
const BRAKED: &str = "anycastctl: withdrawn by anycastctl brake";
const RELEASED: &str = "anycastctl: enabled by anycastctl brake";

/// What is to be done, and how far it came.
pub(super) struct Work<'t> {
    socket: &'t Path,
    /// These announce, besides all that were rendered.
    announcing: BTreeSet<String>,
    /// Drop-ins keep these disabled.
    held: BTreeSet<String>,
    protocols: BTreeMap<String, Protocol>,
    /// Why the last attempt failed.
    error: Option<Error>,
}

impl<'t> Work<'t> {
    /// What can be known before BIRD was asked.
    pub(super) fn new(target: &'t Target, leftovers: &[Leftover]) -> Self {
        let of = |kind| {
            let files = leftovers.iter().filter(move |one| one.kind == kind);
            files.map(|one| one.name.to_string())
        };
        let mut work = Self {
            socket: &target.socket,
            announcing: of(Kind::Announces)
                .chain(target.protocols.iter().cloned())
                .collect(),
            held: of(Kind::Holds).collect(),
            protocols: BTreeMap::new(),
            error: None,
        };
        for leftover in leftovers {
            work.note(leftover.name.as_str(), State::Unknown);
        }
        work
    }

    /// Tries until all is as wanted, nobody is there to be asked, or time is up.
    pub(super) async fn converge(&mut self, patience: Duration) -> (Bird, Option<String>) {
        match timeout(patience, self.try_on()).await {
            Ok(Ok(())) => (Bird::Confirmed, None),
            Ok(Err(Error::Bird(error))) if error.is_no_bird() => (Bird::Away, None),
            Ok(Err(error)) => (Bird::Closed, Some(error.to_string())),
            Err(_) => {
                let error = self.error.take().map(|error| error.to_string());
                let error = error.unwrap_or_else(|| "BIRD does not answer".to_owned());
                (Bird::Unconfirmed, Some(error))
            }
        }
    }

    /// Returns an error only if it is of no use to try again.
    async fn try_on(&mut self) -> Result<(), Error> {
        loop {
            match self.round().await {
                Ok(()) => return Ok(()),
                Err(error) if is_useless(&error) => return Err(error),
                Err(error) => self.error = Some(error),
            }
            sleep(PAUSE).await;
        }
    }

    /// Everything once. What BIRD refuses does not keep the rest from being done.
    async fn round(&mut self) -> Result<(), Error> {
        let mut client = Client::connect(self.socket).await?;
        let survey = survey::ask(&mut client).await?;
        let mut result = Ok(());
        for (name, state) in self.look(&survey) {
            self.note(&name, state);
            let done = match state {
                State::Up | State::Changing => {
                    let done = disable(&mut client, &name, BRAKED).await;
                    done.map(|()| State::Down)
                }
                State::Held => {
                    let done = switch(&mut client, &name, Wanted::Enabled, RELEASED).await;
                    done.map(|()| State::Enabled)
                }
                State::Down
                | State::Enabled
                | State::Disabled
                | State::Missing
                | State::Unknown => Ok(state),
            };
            match done {
                Ok(state) => self.note(&name, state),
                Err(error) if is_lost(&error) => return Err(error),
                Err(error) => result = Err(error),
            }
        }
        result
    }

    /// What BIRD has of all that is concerned.
    fn look(&self, survey: &Survey) -> Vec<(String, State)> {
        let rendered = survey.protocols.iter().map(|protocol| &protocol.name);
        let rendered = rendered.filter(|name| name.starts_with(RENDERED));
        let announcing: BTreeSet<_> = self.announcing.iter().chain(rendered).collect();
        let announcing = announcing.into_iter().filter_map(|name| {
            let state = announces(survey.seen(name));
            // A twin that nobody made is no news.
            let is_news = state != State::Missing || self.protocols.contains_key(name);
            is_news.then(|| (name.clone(), state))
        });
        let missing = self
            .held
            .iter()
            .filter(|name| survey.protocol(name).is_none());
        let missing = missing.map(|name| (name.clone(), State::Missing));
        let sessions = survey.protocols.iter().filter_map(|protocol| {
            let is_marked = self.held.contains(&protocol.name);
            let state = session(protocol, is_marked);
            let is_concerned = is_marked || self.protocols.contains_key(&protocol.name);
            let is_held = protocol.kind == SESSION && state == State::Held;
            (is_concerned || is_held).then(|| (protocol.name.clone(), state))
        });
        let announcing: Vec<_> = announcing.collect();
        let is_session = |(name, _): &(String, State)| !announcing.iter().any(|one| one.0 == *name);
        let sessions: Vec<_> = sessions.chain(missing).filter(is_session).collect();
        announcing.into_iter().chain(sessions).collect()
    }

    /// The first word of BIRD's says what it was.
    fn note(&mut self, name: &str, state: State) {
        let protocol = self
            .protocols
            .entry(name.to_owned())
            .or_insert_with(|| Protocol {
                name: name.to_owned(),
                was: state,
                is: state,
            });
        if protocol.was == State::Unknown {
            protocol.was = state;
        }
        protocol.is = state;
    }

    /// How far it came.
    pub(super) fn protocols(self) -> Vec<Protocol> {
        self.protocols.into_values().collect()
    }
}

fn announces(seen: Seen) -> State {
    match seen {
        Seen::Unknown => State::Unknown,
        Seen::Missing => State::Missing,
        Seen::Down => State::Down,
        Seen::Up => State::Up,
        Seen::Changing => State::Changing,
    }
}

fn session(protocol: &table::Protocol, is_marked: bool) -> State {
    let message = protocol.message.as_deref();
    match hold::Seen::of(Some(protocol.state), message, is_marked) {
        hold::Seen::Unknown => State::Unknown,
        hold::Seen::Missing => State::Missing,
        hold::Seen::Enabled => State::Enabled,
        hold::Seen::Held => State::Held,
        hold::Seen::Foreign => State::Disabled,
    }
}

/// Whether the socket will not open, however often that is tried: nobody is there, or we may not.
fn is_useless(error: &Error) -> bool {
    let Error::Bird(error) = error else {
        return false;
    };
    let is_forbidden = matches!(error, client::Error::Connect { source, .. } if source.kind() == ErrorKind::PermissionDenied);
    error.is_no_bird() || is_forbidden
}

/// Whether nothing more can be asked on this connection, or all that follows would wait as long.
fn is_lost(error: &Error) -> bool {
    match error {
        Error::Bird(error) => !matches!(error, client::Error::Refused { .. }),
        Error::NotConfirmed(..) | Error::NoProtocol(_) | Error::Intent(_) | Error::SlowFile(_) => {
            false
        }
    }
}
