//! What is derived means the same as what it is derived from.

use std::path::Path;

use super::*;
use crate::config::{Neighbor, SMALLEST};

const COMPLETE: &str = include_str!("../../../tests/examples/complete.yaml");

/// By name: that is how JSON has them.
fn config(text: &str) -> Config {
    let mut config = Config::parse("t", text).unwrap().config;
    config
        .services
        .sort_by(|one, other| one.name.cmp(&other.name));
    config
        .neighbors
        .sort_by(|one, other| one.name.cmp(&other.name));
    config
}

/// A neighbour without what is meant to differ.
fn comparable(neighbor: &Neighbor) -> Neighbor {
    let mut neighbor = neighbor.clone();
    neighbor.password = None;
    for session in &mut neighbor.sessions {
        session.by_hand = None;
    }
    neighbor
}

#[test]
fn thresholds_sessions_and_announcements_are_the_operators() {
    let complete = COMPLETE.replace("include: [conf.d/*.yaml]", "");
    for text in [SMALLEST, &complete] {
        let given = config(text);
        let derived = config(&derive(&given, None).unwrap().text);
        assert_eq!(derived.node, given.node);
        assert_eq!(derived.bfd, given.bfd);
        assert_eq!(derived.bird.version, given.bird.version);
        assert_eq!(
            derived.neighbors.iter().map(comparable).collect::<Vec<_>>(),
            given.neighbors.iter().map(comparable).collect::<Vec<_>>()
        );
        assert_eq!(derived.services.len(), given.services.len());
        for (derived, given) in derived.services.iter().zip(&given.services) {
            assert_eq!(derived.prefixes, given.prefixes);
            assert_eq!(derived.communities, given.communities);
            assert_eq!(derived.large_communities, given.large_communities);
            assert_eq!(derived.med, given.med);
            assert_eq!(derived.thresholds, given.thresholds);
            assert_eq!(derived.damping, given.damping);
            assert_eq!(derived.events, given.events);
            let timing =
                |service: &crate::config::Service| service.members().next().unwrap().timing;
            assert_eq!(timing(derived), timing(given));
        }
        let announced = |config: &Config| config.announcements().len();
        assert_eq!(announced(&derived), announced(&given));
    }
}

/// Nothing of the host is named but its programs.
#[test]
fn every_path_lies_on_the_stage() {
    let complete = COMPLETE.replace("include: [conf.d/*.yaml]", "");
    let Derived { text, config, .. } = derive(&config(&complete), None).unwrap();
    let stage = Path::new(DIRECTORY);
    for path in [
        &config.bird.socket,
        &config.bird.config,
        &config.bird.secrets,
        &config.bird.intent_dir,
        &config.daemon.control,
        &config.daemon.state_dir,
    ] {
        assert!(path.starts_with(stage), "{}", path.display());
    }
    assert!(config.bird.include.is_empty() && config.daemon.listen.is_none());
    for word in ["/etc", "/var", "127.0.0.1:", "exec", "credential"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
}

#[test]
fn one_service_is_played_with_those_who_hear_of_it() {
    let complete = COMPLETE.replace("include: [conf.d/*.yaml]", "");
    let given = config(&complete);
    let name = "legacy".parse().unwrap();
    let derived = derive(&given, Some(&name)).unwrap().config;
    assert_eq!(derived.services.len(), 1);
    let tor1 = |config: &Config| {
        config
            .neighbors
            .iter()
            .any(|one| one.name.as_str() == "tor1")
    };
    assert!(tor1(&given) && !tor1(&derived));
    let unknown = "nosuch".parse().unwrap();
    assert_eq!(
        derive(&given, Some(&unknown)).unwrap_err(),
        Impossible::NoService(unknown)
    );
}

#[test]
fn a_service_that_nobody_hears_of_is_refused() {
    let text = SMALLEST.replace("192.0.2.53/32", "\"2001:db8::53/128\"");
    let error = derive(&config(&text), None).unwrap_err();
    assert_eq!(error, Impossible::Unheard("resolver".to_owned()));
}
