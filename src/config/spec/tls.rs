//! TLS as it is typed.

use std::path::PathBuf;

use rustls_pki_types::ServerName;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Leaf;

/// Whom a server has to be, and who vouches for it. Where its certificate becomes valid only later, the verdict is
/// unknown, and never withdraws: this host's clock may be behind.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tls {
    /// The name that the server's certificate has to be for, which is also sent to the server (SNI), or an address. Where
    /// absent: the address that is asked.
    pub(crate) name: Leaf<ServerName<'static>>,
    /// The certificate authorities to trust, a PEM file, an absolute path. Where absent: those that this host trusts.
    pub(crate) ca_file: Leaf<PathBuf>,
    /// The one certificate that the server has to show, a PEM file, an absolute path. Its name, its issuer and its dates
    /// do not count then: it is right until it is another one. Where absent, the certificate is verified.
    pub(crate) pin_file: Leaf<PathBuf>,
}
