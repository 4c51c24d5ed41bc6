//! Static protocols: one for each family of a service, and its drained twin.

use serde::Serialize;

use super::pattern;
use crate::config::{Config, Route, Service};
use crate::model::{Family, Prefix};

/// BIRD's own default for static routes, said aloud because the twin's refers to it.
const PREFERENCE: u16 = 200;
/// Lower, so that the twin's routes stay behind while both protocols are up: make before break.
const DRAIN_PREFERENCE: u16 = 150;

#[derive(Serialize)]
pub(super) struct Static {
    name: String,
    intent: String,
    channel: &'static str,
    preference: u16,
    prefixes: Vec<String>,
    /// What stands behind the prefix in a route.
    target: String,
    check_link: bool,
}

/// Those that are not written by hand.
pub(super) fn statics(config: &Config) -> Vec<Static> {
    let of_family = |service: &Service, family: Family| {
        let [normal, drain] = service.name.protocols(family);
        [(normal, PREFERENCE), (drain, DRAIN_PREFERENCE)].map(|(name, preference)| Static {
            intent: pattern(&config.bird.intent_file(&name)),
            name,
            channel: family.channel(),
            preference,
            prefixes: prefixes(service, family),
            target: target(&service.route),
            check_link: matches!(
                service.route,
                Route::Interface {
                    check_link: true,
                    ..
                }
            ),
        })
    };
    let of_service = |service| {
        let rendered = move |family: &Family| Service::by_hand(service, *family).is_none();
        let families = Service::families(service).filter(rendered);
        families.flat_map(move |family| of_family(service, family))
    };
    config.services.iter().flat_map(of_service).collect()
}

pub(super) fn prefixes(service: &Service, family: Family) -> Vec<String> {
    let own = service.prefixes_of(family);
    own.map(|prefix: Prefix| prefix.to_string()).collect()
}

fn target(route: &Route) -> String {
    match route {
        Route::Blackhole => "blackhole".to_owned(),
        Route::Unreachable => "unreachable".to_owned(),
        Route::Interface { name, .. } => format!("via \"{name}\""),
    }
}
