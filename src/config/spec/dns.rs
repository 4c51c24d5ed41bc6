//! A `dns` check as it is typed.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{AtLeast, Expect, Field, Leaf, List, Number, Or, Tls};
use crate::config::{Quorum, UrlPath};
use crate::dns::{DNSClass, NameTemplate, RecordType, Transport};
use crate::model::InterfaceName;

/// DNS questions, whom they go to and what has to come back.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("anyOf" = [{ "required": ["name", "type"] }, { "required": ["questions"] }]))]
pub(crate) struct Dns {
    /// The server's address. Where absent, the service's own addresses (/32 and /128) are asked, each for its
    /// family.
    pub(crate) server: Leaf<IpAddr>,
    /// The server's port. Where absent, 53 over UDP and TCP, 853 over TLS and QUIC, 443 over HTTPS.
    pub(crate) port: Field<Number<1, 65535>>,
    /// The name to ask for; `{random}` stands for a label that nobody asked for before. Left absent only beside `questions`.
    pub(crate) name: Leaf<NameTemplate>,
    /// The record type to ask for, as in SOA, A or AAAA. Left absent only beside `questions`.
    pub(crate) r#type: Leaf<RecordType>,
    /// The class: IN, or CH as in `id.server`, `hostname.bind` and `version.bind`.
    #[schemars(extend("default" = "IN"))]
    pub(crate) class: Leaf<DNSClass>,
    /// How the question travels. `udp`: one datagram, never repeated. `tcp`; `tls` is DNS over TLS (RFC 7858), `https`
    /// DNS over HTTPS (RFC 8484), `quic` DNS over QUIC (RFC 9250): a connection of its own for every probe.
    #[schemars(extend("default" = "udp"))]
    pub(crate) transport: Leaf<Transport>,
    /// Whom the server has to be, where `transport` is `tls`, `https` or `quic`.
    pub(crate) tls: Field<Tls>,
    /// Where `transport` is `https`: what stands behind the server in the URL. Where absent, /dns-query.
    pub(crate) path: Leaf<UrlPath>,
    /// Where `transport` is `udp`: whether a truncated answer is asked for again over TCP. Otherwise it counts as it is.
    #[schemars(extend("default" = false))]
    pub(crate) fallback_to_tcp: Field<bool>,
    /// The address to ask from, one of this host and of the family of the server. Where absent, the kernel chooses.
    pub(crate) source: Leaf<IpAddr>,
    /// The interface to ask over, 1 to 15 characters, as in eth0. Where absent, the kernel chooses.
    pub(crate) interface: Leaf<InterfaceName>,
    /// The RD flag of the question: whether the server is asked to resolve.
    #[schemars(extend("default" = true))]
    pub(crate) recursion_desired: Field<bool>,
    /// The CD flag: the server is asked not to validate.
    #[schemars(extend("default" = false))]
    pub(crate) checking_disabled: Field<bool>,
    /// The AD flag: the server is asked to say in its own AD flag whether it has validated. `dnssec` asks the same.
    #[schemars(extend("default" = false))]
    pub(crate) authentic_data: Field<bool>,
    /// The DO flag: signatures are asked for. Where absent, only if `signatures` are expected.
    #[schemars(extend("default" = false))]
    pub(crate) dnssec: Field<bool>,
    /// The longest answer over UDP that is asked for by way of EDNS, in octets. Where absent, EDNS is used only if
    /// something else needs it, with 1232.
    pub(crate) buffer_size: Field<Number<512, 65535>>,
    /// The server is asked which of its instances it is (NSID, RFC 5001). Where absent, only if `nsid` is expected.
    #[schemars(extend("default" = false))]
    pub(crate) nsid: Field<bool>,
    /// Several questions instead of one `name` and `type`, 1 to 16, which are asked at once and within one `timeout`.
    #[schemars(length(min = 1, max = 16))]
    pub(crate) questions: List<Asked>,
    /// How many of `questions` have to pass.
    #[schemars(extend("default" = "all"))]
    pub(crate) need: Field<Or<Quorum, AtLeast>>,
    /// What has to come back; beside `questions`, for those that do not say themselves.
    pub(crate) expect: Field<Expect>,
}

/// One of several questions.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["name", "type"]))]
pub(crate) struct Asked {
    /// The name to ask for; `{random}` stands for a label that nobody asked for before.
    pub(crate) name: Leaf<NameTemplate>,
    /// The record type to ask for, as in SOA, A or AAAA.
    pub(crate) r#type: Leaf<RecordType>,
    /// The class. Where absent, what the check says.
    pub(crate) class: Leaf<DNSClass>,
    /// What has to come back. Where absent, what the check says.
    pub(crate) expect: Field<Expect>,
}
