//! A check as it is typed.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::json;

use super::{Dns, Exec, Field, FileFlag, Http, Leaf, List, Number, Or, Process, Tcp, Text};
use crate::config::{OnFailure, Quorum};
use crate::model::{Family, Period, UnitName};

/// One check: what is looked at, under the key of its kind, or a group of them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("oneOf" = kinds(true)))]
pub(crate) struct Check {
    /// A name for people, 1 to 64 characters, unique within the service. Where absent: the kind and the position in
    /// the file, as in `dns-1`; in a group `dns-2.1`, `dns-2.2` and so on.
    pub(crate) name: Leaf<String>,
    /// What its failure does to the service: `withdraw` takes it out, `drain` makes it the last choice of neighbours.
    /// Where absent, it withdraws if this node is asked as far as the files tell (no `server`, an address of the
    /// loopback interface or within a prefix of a service, a `local` of a session, a `preferred_source`, the
    /// `router_id`), and drains otherwise: what is not of this node may fail for all nodes at once. So may what is expected
    /// as `serial` and `signatures`, for all nodes have the same zone: such a check drains, too. A group withdraws if, in
    /// each family, enough of its members would.
    pub(crate) on_failure: Leaf<OnFailure>,
    /// On the prefixes of which families it decides. Where absent: on those of the family of the address that is asked,
    /// and on both for an address of the loopback interface or none, or where the service has no prefix of that family.
    #[schemars(length(min = 1))]
    pub(crate) families: List<Text<Family>>,
    /// Between probes. Where absent, that of the service.
    pub(crate) interval: Leaf<Period>,
    /// How long one probe may take. Where absent, that of the service. At most ten times `interval`.
    pub(crate) timeout: Leaf<Period>,
    /// Ask a DNS server.
    pub(crate) dns: Field<Dns>,
    /// Connect to a port.
    pub(crate) tcp: Field<Tcp>,
    /// Ask for a page.
    pub(crate) http: Field<Http>,
    /// Run a program.
    pub(crate) exec: Field<Exec>,
    /// Ask systemd whether a unit is active, as in nsd.service; one that is being reloaded is. Where absent, the check is
    /// of another kind.
    pub(crate) unit: Leaf<UnitName>,
    /// Look for a process that has written its number into a file.
    pub(crate) process: Field<Process>,
    /// Look for a file.
    pub(crate) file: Field<FileFlag>,
    /// Several checks that count as one.
    pub(crate) group: Field<Group>,
}

/// Several checks that count as one.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["of"]))]
pub(crate) struct Group {
    /// How many of them have to be well.
    #[schemars(extend("default" = "all"))]
    pub(crate) need: Field<Or<Quorum, AtLeast>>,
    /// The checks: what can be said of a check, but for `on_failure` and `group`.
    #[schemars(schema_with = "members_schema")]
    pub(crate) of: List<Check>,
}

/// So many.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["at_least"]))]
pub(crate) struct AtLeast {
    /// How many; 1 to 1000.
    pub(crate) at_least: Field<Number<1, 1000>>,
}

/// The keys of which a check has one.
const KINDS: [&str; 7] = ["dns", "tcp", "http", "exec", "unit", "process", "file"];

fn kinds(group: bool) -> serde_json::Value {
    let group = ["group"].into_iter().filter(|_| group);
    let all = KINDS.into_iter().chain(group);
    all.map(|key| json!({ "required": [key] })).collect()
}

/// The checks of a group.
fn members_schema(generator: &mut SchemaGenerator) -> Schema {
    let mut member = Check::json_schema(generator);
    member.insert("oneOf".to_owned(), kinds(false));
    let properties = member.get_mut("properties");
    if let Some(properties) = properties.and_then(serde_json::Value::as_object_mut) {
        properties.remove("on_failure");
        properties.remove("group");
    }
    schemars::json_schema!({ "type": "array", "items": member, "minItems": 1 })
}
