//! The section `flap`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Field, Leaf, Number};
use crate::config::FlapAction;
use crate::model::Period;

/// When a session counts as flapping, and what is done about it. Each flap adds `penalty`, which halves every
/// `half_life` (RFC 2439, section 4.2). From `suppress` on the session is flapping, until the penalty is below `reuse`:
/// at most `half_life` x log2(`max` / `reuse`) after its last flap, 20 minutes with the defaults.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Flap {
    /// What one flap adds; 1 to 1000000. It is only the unit of the other three: 1000 is what routers use.
    #[schemars(extend("default" = 1000))]
    pub(crate) penalty: Field<Number<1, 1_000_000>>,
    /// From this penalty on the session is flapping; more than `reuse`, at most `max`. With the defaults that is the
    /// fourth of four flaps up to 90 s apart, and sooner or later every session that flaps more often than every
    /// 175 s. A single reset of a neighbour, or two for its upgrade, never gets there. RFC 7196 wants 6000 and more
    /// for routes, of which one event may give several changes; a session that is lost is lost once.
    #[schemars(extend("default" = 3000))]
    pub(crate) suppress: Field<Number<1, 1_000_000>>,
    /// Below this penalty it no longer is. A quarter of `suppress`: two half-lives of quiet.
    #[schemars(extend("default" = 750))]
    pub(crate) reuse: Field<Number<1, 1_000_000>>,
    /// The time in which the penalty halves. Shorter than the 15 minutes that are usual for routes: what is watched
    /// is one session of our own, and not what a whole network makes of a route.
    #[schemars(extend("default" = "5m"))]
    pub(crate) half_life: Leaf<Period>,
    /// The penalty never exceeds this, which bounds how long a session is flapping after its last flap; at least
    /// `suppress` and `penalty`. 16 times `reuse`: four half-lives.
    #[schemars(extend("default" = 12000))]
    pub(crate) max: Field<Number<1, 1_000_000>>,
    /// `report`: flapping is told, and nothing is touched; `hold`: the session is kept disabled until its penalty is
    /// below `reuse`.
    #[schemars(extend("default" = "report"))]
    pub(crate) action: Leaf<FlapAction>,
}
