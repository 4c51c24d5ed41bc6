//! What every neighbour sees of a service: one function for each family, which all export filters call.
//!
//! It goes by prefix, and services with the same attributes share a branch. Were the attributes added where
//! a route enters BIRD's table, BIRD 2.0.7 would withdraw and announce anew whenever they change: it cannot
//! reload static protocols.

use std::collections::HashMap;

use serde::Serialize;

use super::statics::prefixes;
use crate::config::{Config, Service};
use crate::model::{Community, Family, LargeCommunity};

#[derive(Serialize)]
pub(super) struct Function {
    name: String,
    branches: Vec<Branch>,
}

/// Statements for the routes to some prefixes.
#[derive(Serialize)]
struct Branch {
    prefixes: Vec<String>,
    statements: Vec<String>,
}

/// The function of a family, if there is anything to add.
pub(super) fn name(config: &Config, family: Family) -> Option<String> {
    let mut services = config.services.iter();
    let adds = services
        .any(|service| has_attributes(service) && service.prefixes_of(family).next().is_some());
    adds.then(|| format!("attributes_{}", family.suffix()))
}

pub(super) fn functions(config: &Config) -> Vec<Function> {
    let function = |family| {
        let name = name(config, family)?;
        let branches = branches(config, family);
        Some(Function { name, branches })
    };
    Family::ALL.into_iter().filter_map(function).collect()
}

fn branches(config: &Config, family: Family) -> Vec<Branch> {
    let mut branches: Vec<Branch> = Vec::new();
    let mut known: HashMap<Vec<String>, usize> = HashMap::new();
    for service in &config.services {
        let (statements, prefixes) = (of_service(service), prefixes(service, family));
        if statements.is_empty() || prefixes.is_empty() {
            continue;
        }
        if let Some(position) = known.get(&statements) {
            branches[*position].prefixes.extend(prefixes);
        } else {
            known.insert(statements.clone(), branches.len());
            branches.push(Branch {
                prefixes,
                statements,
            });
        }
    }
    branches
}

fn has_attributes(service: &Service) -> bool {
    let communities = service.communities.len() + service.large_communities.len();
    communities > 0 || service.med.is_some()
}

fn of_service(service: &Service) -> Vec<String> {
    statements(
        &service.communities,
        &service.large_communities,
        service.med,
    )
}

/// The statements that add these attributes to a route.
pub(super) fn statements(
    communities: &[Community],
    large: &[LargeCommunity],
    med: Option<u32>,
) -> Vec<String> {
    let standard = communities
        .iter()
        .map(|Community { high, low }| format!("bgp_community.add(({high},{low}));"));
    let large = large.iter().map(|large| {
        let (global, local1, local2) = (large.global, large.local1, large.local2);
        format!("bgp_large_community.add(({global},{local1},{local2}));")
    });
    let med = med.map(|med| format!("bgp_med = {med};"));
    standard.chain(large).chain(med).collect()
}
