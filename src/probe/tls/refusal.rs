//! Why there was no handshake, for operators.

use std::net::IpAddr;

use rustls_pki_types::UnixTime;
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible,
};

use crate::config::{Tls, Trust};
use crate::dns::Failure;

/// So many names of a certificate are shown.
const SHOWN_NAMES: usize = 3;

/// The failure that an error of TLS stands for.
pub(super) fn failure(server: IpAddr, settings: &Tls, error: &Error) -> Failure {
    let reason = reason(server, settings, error);
    match error {
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => Failure::Early(reason),
        _ => Failure::Tls(reason),
    }
}

/// What an error of TLS means, in one line.
fn reason(server: IpAddr, settings: &Tls, error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => of_certificate(server, settings, error),
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge,
        ) => {
            format!("{server} does not speak TLS on this port")
        }
        Error::NoApplicationProtocol
        | Error::AlertReceived(AlertDescription::NoApplicationProtocol) => {
            format!("{server} speaks TLS, but another protocol than is wanted over it (ALPN)")
        }
        Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            format!("{server} has no certificate for the name that it was asked for (SNI)")
        }
        Error::AlertReceived(alert) => {
            format!("{server} refused the TLS handshake: {alert:?}")
        }
        Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => {
            format!("{server} speaks no version of TLS from 1.2 on")
        }
        error => format!("the TLS handshake with {server} failed: {error}"),
    }
}

fn of_certificate(server: IpAddr, settings: &Tls, error: &CertificateError) -> String {
    let subject = format!("the certificate of {server}");
    match error {
        CertificateError::ExpiredContext { time, not_after } => {
            format!("{subject} expired {} ago", between(*not_after, *time))
        }
        CertificateError::NotValidYetContext { time, not_before } => {
            let wait = between(*time, *not_before);
            format!("{subject} becomes valid in {wait} by this host's clock, which may be behind")
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let names = names(presented);
            format!("{subject} is for {names}, not {}", expected.to_str())
        }
        CertificateError::UnknownIssuer => {
            format!("{subject} comes from {}", issuer(&settings.trust))
        }
        CertificateError::ApplicationVerificationFailure => {
            format!("{subject} is not the one that `pin_file` holds")
        }
        CertificateError::Other(error) if format!("{error:?}").contains("CaUsedAsEndEntity") => {
            format!("{subject} is that of an authority and not of a server: `pin_file` takes it")
        }
        error => format!("{subject} is not valid: {error}"),
    }
}

fn issuer(trust: &Trust) -> String {
    match trust {
        Trust::System => {
            "no authority that this host trusts: `ca_file` can name another".to_owned()
        }
        Trust::Authorities(file) => format!("no authority in {}", file.display()),
        // A pinned certificate needs no issuer.
        Trust::Certificate(_) => "nobody who is trusted".to_owned(),
    }
}

/// Names as rustls shows them, `DnsName("dns.example")`, without the frame. The server chose them: printable ASCII only.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| {
        let inner = name
            .split_once('(')
            .and_then(|(_, rest)| rest.strip_suffix(')'));
        let inner = inner.unwrap_or(name).trim_matches('"');
        inner.escape_default().to_string()
    };
    let mut shown: Vec<String> = presented.iter().take(SHOWN_NAMES).map(bare).collect();
    match presented.len().saturating_sub(SHOWN_NAMES) {
        0 => {}
        more => shown.push(format!("{more} more")),
    }
    match &shown[..] {
        [] => "no name at all".to_owned(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

/// A time span in its largest unit, rounded down: `3 h`.
fn between(from: UnixTime, to: UnixTime) -> String {
    let seconds = to.as_secs().saturating_sub(from.as_secs());
    let units = [(86_400, "d"), (3600, "h"), (60, "min")];
    let unit = units.iter().find(|(size, _)| seconds >= *size);
    unit.map_or_else(
        || format!("{seconds} s"),
        |(size, unit)| format!("{} {unit}", seconds / size),
    )
}
