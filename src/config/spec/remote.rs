//! What a check asks over the network other than DNS, as it is typed.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Field, Leaf, List, Number, Text, Tls};
use crate::config::{StatusCodes, Url};
use crate::model::Expression;

/// A port that has to take a connection, and with `tls` a handshake.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["port"]))]
pub(crate) struct Tcp {
    /// The server's address. Where absent, the service's own addresses (/32 and /128) are asked, each for its family.
    pub(crate) server: Leaf<IpAddr>,
    /// The server's port.
    pub(crate) port: Field<Number<1, 65535>>,
    /// Whom the server has to be, where it speaks TLS. Where absent, it need not.
    pub(crate) tls: Field<Tls>,
}

/// A page that has to be served over HTTP or HTTPS. It is asked for once, on a connection of its own, and redirections
/// are not followed.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["url"]))]
pub(crate) struct Http {
    /// The page, as in `https://dns.example.com/health`. Its name is never looked up: that would ask the very servers
    /// that are checked. Status and metrics show it without its query.
    pub(crate) url: Leaf<Url>,
    /// The server's address. Where absent, the one in `url`; where a name stands there, the service's own addresses (/32
    /// and /128), each for its family.
    pub(crate) server: Leaf<IpAddr>,
    /// Where `url` begins with `https`: whom the server has to be. Its certificate has to be for the name or address in
    /// `url`, if this does not name another one.
    pub(crate) tls: Field<Tls>,
    /// The status codes that are fine, each one code or a range of them as in 200-299; at least one.
    #[schemars(extend("default" = [200]))]
    #[schemars(length(min = 1))]
    pub(crate) status: List<Text<StatusCodes>>,
    /// A regular expression that the body has to match somewhere within its first 64 KiB. Where absent, the body is not
    /// read.
    pub(crate) body: Leaf<Expression>,
}
