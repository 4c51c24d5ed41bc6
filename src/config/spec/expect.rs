//! What has to come back, as it is typed.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Field, Leaf, List, Number, Text};
use crate::dns::{Encoding, Flag, Rcode};
use crate::model::{Expression, Period};

/// What has to come back; all of it. What is said of records counts only where the response code is NOERROR.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Expect {
    /// The response codes that are fine; at least one.
    #[schemars(extend("default" = ["NOERROR"]))]
    #[schemars(length(min = 1))]
    pub(crate) rcode: List<Text<Rcode>>,
    /// At least so many records in the answer section, without the signatures that `dnssec` adds. Counts only where
    /// `rcode` has NOERROR.
    #[schemars(extend("default" = 1))]
    pub(crate) min_answers: Field<Number<0, 65535>>,
    /// At most so many; any number where absent.
    pub(crate) max_answers: Field<Number<0, 65535>>,
    /// Flags that have to be set: aa, tc, rd, ra, ad or cd.
    #[schemars(extend("default" = []))]
    pub(crate) flags: List<Text<Flag>>,
    /// Flags that must not be set; `tc` refuses truncated answers.
    #[schemars(extend("default" = []))]
    pub(crate) flags_unset: List<Text<Flag>>,
    /// A regular expression that matches the data of at least one record of the asked type in the answer section, as
    /// `dig` shows it: TXT in quotes, names with their final dot. Where absent, any data will do.
    pub(crate) answer: Leaf<Expression>,
    /// How long records of the asked type may be kept.
    pub(crate) ttl: Field<Ttl>,
    /// A regular expression that matches what the server calls itself (NSID, RFC 5001): as text, or in hexadecimal
    /// digits if it is not printable. Where absent, any name will do, and none.
    pub(crate) nsid: Leaf<Expression>,
    /// A later answer fails, as in 200ms; shorter than the check's `timeout`, which holds where this is absent.
    pub(crate) max_latency: Leaf<Period>,
    /// How fresh the zone is whose SOA record is asked for.
    pub(crate) serial: Field<Serial>,
    /// How long the signatures in the answer section have to be valid yet.
    pub(crate) signatures: Field<Signatures>,
}

/// How long records of the asked type may be kept; at least one bound.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("minProperties" = 1))]
pub(crate) struct Ttl {
    /// At least so long, as in 60s. Any length where absent.
    pub(crate) min: Leaf<Period>,
    /// At most so long, as in 1d. Any length where absent.
    pub(crate) max: Leaf<Period>,
}

/// How fresh the zone is whose SOA record is asked for; `max_age`, `primary` or both. All nodes have the same zone, so
/// that a check with this drains unless its `on_failure` says otherwise.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("anyOf" = [{ "required": ["max_age"] }, { "required": ["primary", "max_behind"] }]))]
pub(crate) struct Serial {
    /// The zone was changed at most so long ago, as in 2d, as far as its serial tells. Where it tells no time, the
    /// verdict is unknown. Any age where absent.
    pub(crate) max_age: Leaf<Period>,
    /// How the serial tells the time: `date` (`YYYYMMDDnn`; its age counts from the end of that day, UTC), `unix`
    /// (seconds since 1970), or `auto` for what the number reads as.
    #[schemars(extend("default" = "auto"))]
    pub(crate) encoding: Leaf<Encoding>,
    /// The address of the zone's primary, which is asked the same over UDP at the same time. Without a good answer
    /// of it, the verdict is unknown, and never withdraws. None is asked where absent.
    pub(crate) primary: Leaf<IpAddr>,
    /// The primary's port.
    #[schemars(extend("default" = 53))]
    pub(crate) primary_port: Field<Number<1, 65535>>,
    /// How much smaller than the primary's serial that of the server may be (RFC 1982). Every server is behind for the
    /// seconds that a transfer takes, and by how much depends on the last change: with seconds since 1970 by the seconds
    /// since then, with `YYYYMMDDnn` by about 100 for each day since then, and by about 7,000 more at the end of a month.
    /// To be left absent only where `primary` is.
    pub(crate) max_behind: Field<Number<0, 2_147_483_646>>,
}

/// How long the signatures in the answer section have to be valid yet. All nodes have the same ones, so that a check
/// with this drains unless its `on_failure` says otherwise.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["min_validity"]))]
pub(crate) struct Signatures {
    /// At least so long, as in 2d. Of several signatures of the same records, the best counts. Where that is one that
    /// becomes valid only later, the verdict is unknown, and never withdraws: this host's clock may be behind.
    pub(crate) min_validity: Leaf<Period>,
}
