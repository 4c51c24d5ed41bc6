//! Whatever is rendered reads back to what was meant.

use proptest::prelude::*;

use super::*;
use crate::bird::file::File;
use crate::config::{Neighbor, Service};
use crate::model::{Community, Family};
use crate::render::tests::arbitrary;

/// Prefix, session, state and attributes of every announcement, in one order.
type Announcements = BTreeSet<(String, String, State, String)>;

/// As the configuration means it. What is written by hand stands in another file.
fn meant(config: &Config) -> Announcements {
    let mut meant = Announcements::new();
    for (session, family, neighbor) in sessions(config) {
        let services = config.services.iter();
        let rendered = services.filter(|service| service.by_hand(family).is_none());
        for service in rendered.filter(|service| neighbor.gets(&service.name)) {
            for prefix in service.prefixes_of(family) {
                for state in [State::Announced, State::Drained] {
                    let attributes = attributes(config, service, neighbor, state).to_string();
                    meant.insert((prefix.to_string(), session.clone(), state, attributes));
                }
            }
        }
    }
    meant
}

fn sessions(config: &Config) -> Vec<(String, Family, &Neighbor)> {
    let of = |neighbor: &'_ Neighbor| -> Vec<(String, Family)> {
        let sessions = neighbor.named_sessions();
        let rendered = sessions.filter(|(_, session)| session.by_hand.is_none());
        rendered
            .map(|(name, session)| (name, session.family()))
            .collect()
    };
    let neighbors = config.neighbors.iter();
    let all = neighbors.flat_map(|neighbor| {
        of(neighbor)
            .into_iter()
            .map(move |(name, family)| (name, family, neighbor))
    });
    all.collect()
}

fn attributes(config: &Config, service: &Service, neighbor: &Neighbor, state: State) -> Attributes {
    let is_drained = state == State::Drained;
    let shutdown = is_drained && neighbor.drain.graceful_shutdown;
    let mut communities: Vec<String> = Vec::new();
    let own = service.communities.iter().chain(&neighbor.communities);
    let shut = Some(&Community::GRACEFUL_SHUTDOWN).filter(|_| shutdown);
    for community in own.chain(shut).map(ToString::to_string) {
        if !communities.contains(&community) {
            communities.push(community);
        }
    }
    let mut large: Vec<String> = Vec::new();
    let own = service.large_communities.iter();
    for community in own.chain(&neighbor.large_communities) {
        if !large.contains(&community.to_string()) {
            large.push(community.to_string());
        }
    }
    let drain = if is_drained {
        neighbor.drain.prepend
    } else {
        0
    };
    let lowest = Some(0).filter(|_| shutdown && config.is_internal(neighbor));
    Attributes {
        communities,
        large_communities: large,
        med: service.med.map(|med| med.to_string()),
        local_pref: lowest
            .or(neighbor.local_pref)
            .map(|preference| preference.to_string()),
        prepends: vec![config.node.asn.get().to_string(); (neighbor.prepend + drain).into()],
        ..Attributes::default()
    }
}

fn read_back(comparison: &Comparison) -> Announcements {
    let starts = comparison.announcements.iter().map(|change| {
        let Change::Starts { rendered } = &change.change else {
            panic!("{change:?}");
        };
        (
            change.prefix.clone(),
            change.session.clone(),
            change.state,
            rendered.to_string(),
        )
    });
    starts.collect()
}

fn check(config: &Config) {
    let text = render::bird(config).unwrap();
    let file = File::read(&text);
    assert!(file.is_complete(), "{text}");
    let named = |kind: &str| -> Vec<String> {
        let protocols = file
            .protocols()
            .into_iter()
            .filter(|protocol| protocol.kind == kind);
        protocols.map(|protocol| protocol.name.to_owned()).collect()
    };
    let statics = config.services.iter().flat_map(|service| {
        let of_family = |family| {
            [
                service.name.protocol(family),
                service.name.drain_protocol(family),
            ]
        };
        let rendered = service
            .families()
            .filter(|family| service.by_hand(*family).is_none());
        rendered.flat_map(of_family)
    });
    assert_eq!(named("static"), statics.collect::<Vec<_>>());
    let sessions: Vec<_> = sessions(config)
        .into_iter()
        .map(|(name, ..)| name)
        .collect();
    assert_eq!(named("bgp"), sessions);
    assert!(sessions.iter().all(|name| {
        file.filters()
            .any(|filter| name.starts_with(filter.trim_end_matches("_export")))
    }));
    assert_eq!(
        read_back(&Comparison::first(&text)),
        meant(config),
        "{text}"
    );
    assert_eq!(redacted(&text), text);
    let itself = Comparison::between(&text, &text);
    assert!(!itself.differs && itself.is_judged() && itself.summary().is_empty());
}

#[test]
fn what_is_rendered_is_understood() {
    for text in [SMALLEST, DATA_CENTRE] {
        check(&Config::parse("config.yaml", text).unwrap().config);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_is_rendered_is_understood(text in arbitrary::file()) {
        // Doubles are refused, as they should be.
        let Ok(parsed) = Config::parse("config.yaml", &text) else { return Ok(()) };
        check(&parsed.config);
    }

    /// Whatever the two files are, the withdrawn prefixes are those that only the first lets out.
    #[test]
    fn what_is_withdrawn_is_what_only_the_first_lets_out(one in arbitrary::file(), other in arbitrary::file()) {
        let (Ok(one), Ok(other)) = (Config::parse("a", &one), Config::parse("b", &other)) else { return Ok(()) };
        let comparison = Comparison::between(&render::bird(&one.config).unwrap(), &render::bird(&other.config).unwrap());
        let pairs = |config: &Config| -> BTreeSet<(String, String)> {
            meant(config).into_iter().map(|(prefix, session, ..)| (prefix, session)).collect()
        };
        let (before, after) = (pairs(&one.config), pairs(&other.config));
        for (prefix, session) in comparison.withdrawn() {
            prop_assert!(before.contains(&(prefix.to_owned(), session.to_owned())));
        }
        for pair in before.difference(&after) {
            let told = comparison.withdrawn().contains(&(&*pair.0, &*pair.1));
            // A renamed session announces it all the same.
            let is_renamed = comparison.resets().iter().any(|(_, reasons)| reasons.iter().any(|reason| {
                reason.option == "protocol name" && reason.installed.as_ref() == Some(&pair.1)
            }));
            prop_assert!(told || is_renamed, "{pair:?} {comparison}");
        }
    }
}

/// A service that is added changes every filter, and no part may take the square of the number of services.
#[test]
fn many_services_and_neighbors_are_compared_soon() {
    let file = |services: u32| {
        let services: Vec<_> = (0..services)
            .map(|n| {
                format!(
                    "  s{n}:\n    prefixes: [10.{}.{}.0/24]\n    checks: [{{ dns: {{ server: 127.0.0.1, name: a.example, type: A }} }}]\n",
                    n / 256,
                    n % 256
                )
            })
            .collect();
        let neighbors: Vec<_> = (0..20)
            .map(|n| {
                format!("  n{n}:\n    asn: 64600\n    sessions: [{{ local: 172.16.{n}.1, remote: 172.16.{n}.2 }}]\n")
            })
            .collect();
        rendered(&format!(
            "version: 1\nnode: {{ name: n, asn: 64601, router_id: 10.0.0.1 }}\nservices:\n{}neighbors:\n{}",
            services.concat(),
            neighbors.concat()
        ))
    };
    let (before, after) = (file(500), file(501));
    let start = std::time::Instant::now();
    let comparison = Comparison::between(&before, &after);
    let took = start.elapsed();
    assert_eq!(comparison.announcements.len(), 40);
    assert!(took.as_secs() < 20, "{took:?}");
}
