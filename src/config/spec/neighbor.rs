//! A neighbour as it is typed.

use std::net::IpAddr;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::{Field, Leaf, List, Number, Preset, Text};
use crate::config::{GracefulRestart, Import, LimitAction, Role};
use crate::model::{
    Asn, Community, CredentialName, LargeCommunity, Period, ProtocolName, ServiceName, VariableName,
};

/// A BGP neighbour.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(
    extend("required" = ["sessions"]),
    extend("if" = { "required": ["preset"] }),
    extend("else" = { "properties": { "sessions": { "items": { "required": ["remote"] } } } })
)]
pub(crate) struct Neighbor {
    /// The router of a provider, whose AS number and addresses are known, two hops away and without BFD: `vultr`
    /// (virtual machines) or `vultr_bare_metal`. Where absent, all is said here.
    pub(crate) preset: Leaf<Preset>,
    /// Its AS number, 1 to 4294967295; our own makes it iBGP. Where absent, that of the preset or of
    /// `neighbor_defaults`.
    pub(crate) asn: Leaf<Asn>,
    /// The sessions, at least one: pairs of addresses, each of one family.
    #[schemars(length(min = 1))]
    pub(crate) sessions: List<Session>,
    /// A file whose first line is the MD5 password (RFC 2385) of all sessions, an absolute path. Where all three
    /// `password_` keys are absent, sessions have no password.
    pub(crate) password_file: Leaf<PathBuf>,
    /// Instead, the name of a systemd credential that holds the password (`LoadCredential=` in systemd.exec). Where
    /// absent, see `password_file`.
    pub(crate) password_credential: Leaf<CredentialName>,
    /// Instead, the name of an environment variable that holds the password. Where absent, see `password_file`.
    pub(crate) password_env: Leaf<VariableName>,
    /// BFD (RFC 5880) on all sessions.
    #[schemars(extend("default" = true))]
    pub(crate) bfd: Field<bool>,
    /// Hold time in whole seconds, 3s to 65535s; keepalive is a third. Where absent, BIRD's own default holds.
    #[schemars(extend("examples" = ["9s", "240s"]))]
    pub(crate) hold_time: Leaf<Period>,
    /// TTL of a neighbour that is not directly connected; 1 to 255. Where absent, it is directly connected.
    pub(crate) multihop: Field<Number<1, 255>>,
    /// GTSM (RFC 5082): drop packets that were sent from further away. Both ends need it.
    #[schemars(extend("default" = false))]
    pub(crate) ttl_security: Field<bool>,
    /// What we are to the neighbour (RFC 9234): provider, customer, peer, `rs_server` or `rs_client`. Not on iBGP, and
    /// only where `bird.version` is 2.0.11 or later. Where absent, no role is said.
    pub(crate) role: Leaf<Role>,
    /// Refuse a neighbour that does not say its role.
    #[schemars(extend("default" = false))]
    pub(crate) require_role: Field<bool>,
    /// Wait for the neighbour to connect, and never connect to it.
    #[schemars(extend("default" = false))]
    pub(crate) passive: Field<bool>,
    /// The neighbour's TCP port. Where absent, 179.
    pub(crate) port: Field<Number<1, 65535>>,
    /// Graceful restart (RFC 4724): `aware` keeps the neighbour's routes while it restarts, `full` also asks it
    /// to keep ours, `none` does neither.
    #[schemars(extend("default" = "aware"))]
    pub(crate) graceful_restart: Leaf<GracefulRestart>,
    /// What is taken from the neighbour: `none` or `default_route`, which is `0.0.0.0/0` or `::/0`.
    #[schemars(extend("default" = "none"))]
    pub(crate) import: Leaf<Import>,
    /// Limits on the number of routes of each session.
    pub(crate) limits: Field<Limits>,
    /// Names of the only services that are announced to it. Where absent, all of them.
    pub(crate) services: List<Text<ServiceName>>,
    /// Standard communities (RFC 1997) added to every announcement to it.
    #[schemars(extend("default" = []))]
    pub(crate) communities: List<Text<Community>>,
    /// Large communities (RFC 8092) added to every announcement to it.
    #[schemars(extend("default" = []))]
    pub(crate) large_communities: List<Text<LargeCommunity>>,
    /// Prepends our AS number so many times; 0 to 10, and 0 on iBGP.
    #[schemars(extend("default" = 0))]
    pub(crate) prepend: Field<Number<0, 10>>,
    /// `LOCAL_PREF` of every announcement, 0 to 4294967295, on iBGP only: the highest is taken. Where absent, BIRD's
    /// own default holds, 100.
    pub(crate) local_pref: Field<Number<0, 4_294_967_295>>,
    /// How a drained service looks to this neighbour.
    pub(crate) drain: Field<Drain>,
}

/// What `neighbor_defaults` may hold: all but what makes a neighbour that one and no other.
pub(super) fn defaults_schema(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = Neighbor::json_schema(generator);
    for key in ["required", "if", "else"] {
        schema.remove(key);
    }
    let properties = schema.get_mut("properties");
    if let Some(properties) = properties.and_then(serde_json::Value::as_object_mut) {
        properties.remove("preset");
        properties.remove("sessions");
    }
    schema
}

/// The two ends of a session.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["local"]))]
pub(crate) struct Session {
    /// Our address of this session.
    pub(crate) local: Leaf<IpAddr>,
    /// The neighbour's address, of the same family. Where absent, that of the preset.
    pub(crate) remote: Leaf<IpAddr>,
    /// The name of the BGP protocol that somebody wrote into BIRD's configuration by hand. Where absent, it is
    /// rendered.
    pub(crate) bird: Leaf<ProtocolName>,
}

/// Limits on the number of routes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// Routes that the neighbour sends, those that are not taken among them. Needs `max`. Where absent, there is no
    /// limit.
    pub(crate) receive: Field<Limit>,
    /// Routes taken from the neighbour.
    #[schemars(extend("default" = { "max": 10, "action": "restart" }))]
    pub(crate) import: Field<Limit>,
    /// Routes given to the neighbour.
    #[schemars(extend("default" = { "action": "block" }))]
    pub(crate) export: Field<Limit>,
}

/// One limit.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limit {
    /// At most so many routes, 1 to 4294967295. Where absent: 10 on import, on export four times our own prefixes of
    /// the family; a receive limit needs it.
    pub(crate) max: Field<Number<1, 4_294_967_295>>,
    /// What happens at the limit: `warn` only logs it, `block` drops what is over it, `restart` restarts the session,
    /// `disable` ends it until somebody enables it. Where absent: `block` on export, else `restart`.
    pub(crate) action: Leaf<LimitAction>,
}

/// How a drained service looks to a neighbour.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Drain {
    /// Adds the community `GRACEFUL_SHUTDOWN`, 65535:0, and on iBGP sets `LOCAL_PREF` to 0 (RFC 8326).
    #[schemars(extend("default" = true))]
    pub(crate) graceful_shutdown: Field<bool>,
    /// Prepends our AS number so many times more; 0 to 10, and 0 on iBGP.
    #[schemars(extend("default" = 3))]
    pub(crate) prepend: Field<Number<0, 10>>,
}
