//! What BIRD has to be told about a file of ours that nobody looks after.

use crate::bird::client::Client;
use crate::bird::survey;
use crate::hold::Seen;
use crate::intent::{Kind, Leftover};
use crate::switch::{Error, Wanted, disable, switch as set};

/// What BIRD keeps as the message of a protocol.
const GONE: &str = "anycastctl: no configured service has this protocol";

/// And of a session.
const RELEASED: &str = "anycastctl: no configured neighbor has this session";

/// Ends what the file has BIRD do, and waits until that is so. What BIRD does not know is so already.
pub(crate) async fn switch(client: &mut Client, leftover: &Leftover) -> Result<(), Error> {
    let name = leftover.name.as_str();
    match leftover.kind {
        Kind::Announces => disable(client, name, GONE).await,
        Kind::Holds => release(client, name, RELEASED).await,
    }
}

/// Enables a session that our drop-in kept disabled; one that somebody else disabled stays theirs.
pub(crate) async fn release(client: &mut Client, name: &str, message: &str) -> Result<(), Error> {
    let survey = survey::ask(client).await?;
    let protocol = survey.protocol(name);
    let message_in_bird = protocol.and_then(|protocol| protocol.message.as_deref());
    let state = protocol.map(|protocol| protocol.state);
    match Seen::of(state, message_in_bird, true) {
        Seen::Held => set(client, name, Wanted::Enabled, message).await,
        Seen::Enabled | Seen::Missing | Seen::Foreign | Seen::Unknown => Ok(()),
    }
}
