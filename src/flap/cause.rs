//! Why a session was lost: the error that explains it, not the one that a later attempt to connect put in its
//! place.
//!
//! BIRD keeps one error a session. Within a second of a loss the next attempt may overwrite it, and an established
//! session has none. So errors are ranked by whether an established session can end that way.

use std::fmt;

use super::Sighting;
use crate::bird::table::{ErrorClass, LastError};

/// Errors of the exchange of OPEN messages (RFC 4271, 4.5 and 6.2; RFC 4486), by BIRD's words for them: an
/// established session is past it. All others of a NOTIFICATION can end one.
const OPENING: [&str; 13] = [
    "Invalid OPEN message",
    "Unsupported version number",
    "Bad peer AS",
    "Bad BGP identifier",
    "Unsupported optional parameter",
    "Authentication failure",
    "Unacceptable hold time",
    "Required capability missing",
    "No supported AFI/SAFI",
    "Role mismatch",
    "Connection rejected",
    "Unexpected message in OpenSent state",
    "Unexpected message in OpenConfirm state",
];

/// Errors of the socket with which an established connection can end. The rest (`Connection refused`, `No route
/// to host`, `Network is unreachable`) are those of new connections.
const CLOSING: [&str; 4] = [
    "Connection closed",
    "Connection reset by peer",
    "Connection timed out",
    "Broken pipe",
];

/// Whether an established session can have ended with this error.
pub(super) fn explains(error: &LastError) -> bool {
    match error.class {
        // BIRD noticed it by itself: the link, BFD, the neighbour's address, a limit.
        ErrorClass::Error | ErrorClass::AutomaticShutdown => true,
        ErrorClass::Received | ErrorClass::Sent => {
            !OPENING.iter().any(|text| error.text.starts_with(text))
        }
        ErrorClass::Socket => CLOSING.iter().any(|text| error.text.starts_with(text)),
        ErrorClass::Other => false,
    }
}

/// Why a session was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// BIRD's words, or what else points to it.
    Known(String),
    /// It was back before anybody looked.
    Unseen,
    /// Nothing does; with what BIRD says instead.
    Unknown(Option<String>),
}

impl Cause {
    /// The cause of a loss between two looks.
    pub(super) fn of(before: &Sighting, after: &Sighting, bfd_lost: bool) -> Self {
        if let Some(cause) = told(after) {
            return Self::Known(cause);
        }
        let new_message = after
            .message
            .as_ref()
            .filter(|_| after.message != before.message);
        let known = match (new_message, &after.limit) {
            (Some(message), _) => format!("shut down with the message: {message}"),
            (None, Some(limit)) => format!("{limit} is hit"),
            // A session that is back has a new BFD session, too, whatever ended the old one.
            (None, None) if after.is_established() => return Self::Unseen,
            (None, None) if bfd_lost => "BFD session down".to_owned(),
            (None, None) if after.neighbor_restarts => {
                "the neighbour restarts, gracefully (RFC 4724)".to_owned()
            }
            (None, None) => return Self::Unknown(after.error_text()),
        };
        Self::Known(known)
    }

    /// BFD was lost, and BGP was not.
    pub(super) fn bfd_alone() -> Self {
        Self::Known("BFD session down; BGP stayed established".to_owned())
    }

    /// A later look at a session that is still down. Only what nothing has explained yet changes.
    pub(super) fn learn(&mut self, sighting: &Sighting) {
        if matches!(self, Self::Unknown(_)) {
            *self =
                told(sighting).map_or_else(|| Self::Unknown(sighting.error_text()), Self::Known);
        }
    }
}

/// What BIRD's last error tells of the loss, with the words of whoever shut it down.
fn told(sighting: &Sighting) -> Option<String> {
    let error = sighting
        .last_error
        .as_ref()
        .filter(|error| explains(error))?;
    let is_shutdown = error.text.starts_with("Administrative");
    Some(match (&sighting.message, &sighting.limit) {
        (Some(message), _) if error.class == ErrorClass::Received && is_shutdown => {
            format!("{error}: {message}")
        }
        (_, Some(limit)) if sighting.is_limited() => format!("{error} ({limit})"),
        _ => error.to_string(),
    })
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(cause) => f.write_str(cause),
            Self::Unseen => f.write_str(
                "unknown (it was back before BIRD was asked, and BIRD has forgotten the error)",
            ),
            Self::Unknown(Some(error)) => write!(f, "unknown (BIRD's last error is now {error})"),
            Self::Unknown(None) => f.write_str("unknown (BIRD gives no error)"),
        }
    }
}
