//! TLS as a check wants it: whom the server has to be, and who vouches for that.

use std::path::PathBuf;

use rustls_pki_types::ServerName;

/// What a server's certificate has to prove, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// The name or address that the certificate has to be for; a name is also sent (SNI, RFC 6066, 3). `None`: the
    /// address that is asked (RFC 9525, 6.5).
    pub name: Option<ServerName<'static>>,
    /// Who vouches.
    pub trust: Trust,
}

/// Who vouches for a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Trust {
    /// The authorities that this host trusts.
    #[default]
    System,
    /// The authorities in this PEM file instead.
    Authorities(PathBuf),
    /// This very certificate, the first of a PEM file. Neither its name nor its issuer nor its dates count then.
    Certificate(PathBuf),
}
