//! However a configuration is cut into files, the same bird.conf comes out.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::config::Draft;

const MAIN: &str = "version: 1\nnode: { name: n, asn: 64601, router_id: 10.0.0.1 }\n";

fn service(number: usize) -> String {
    format!(
        "  s{number}:\n    prefixes: [192.0.2.{number}/32, '2001:db8:{number}::/48']\n    checks: [{{ dns: {{ server: 127.0.0.1, name: a.example, type: A }} }}]\n"
    )
}

fn neighbor(number: usize) -> String {
    format!(
        "  n{number}:\n    asn: {}\n    sessions: [{{ local: 10.0.{number}.1, remote: 10.0.{number}.2 }}]\n",
        64_700 + number
    )
}

/// The part of the services and neighbours that one file holds; a section only where it is not empty.
fn part(services: &[String], neighbors: &[String], neighbors_first: bool) -> String {
    let section = |key: &str, entries: &[String]| match entries {
        [] => String::new(),
        entries => format!("{key}:\n{}", entries.concat()),
    };
    let sections = [
        section("services", services),
        section("neighbors", neighbors),
    ];
    if neighbors_first {
        sections.into_iter().rev().collect()
    } else {
        sections.concat()
    }
}

/// A list cut into as many parts as there are files; parts may be empty.
fn cut(all: &[String], cuts: &[usize]) -> Vec<Vec<String>> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (all.len() + 1)).collect();
    cuts.sort_unstable();
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([all.len()]);
    starts
        .zip(ends)
        .map(|(start, end)| all[start..end].to_vec())
        .collect()
}

proptest! {
    #[test]
    fn any_split_renders_the_same(
        services in 1_usize..7,
        neighbors in 1_usize..5,
        cuts in proptest::collection::vec(any::<(usize, usize, bool)>(), 0..5),
    ) {
        let services: Vec<String> = (1..=services).map(service).collect();
        let neighbors: Vec<String> = (1..=neighbors).map(neighbor).collect();
        let mut whole = MAIN.to_owned();
        write!(whole, "{}", part(&services, &neighbors, false)).unwrap();

        let (at, (also, first)): (Vec<_>, (Vec<_>, Vec<_>)) =
            cuts.into_iter().map(|(at, also, first)| (at, (also, first))).unzip();
        let files = cut(&services, &at).into_iter().zip(cut(&neighbors, &also));
        let first = first.into_iter().chain([false]);
        let mut texts = files.zip(first).map(|((services, neighbors), first)| part(&services, &neighbors, first));
        let main = texts.next().unwrap();
        let mut draft = Draft::new("config.yaml", &format!("{MAIN}{main}"));
        for (number, text) in texts.enumerate() {
            draft.add(&format!("conf.d/{number}.yaml"), &text);
        }
        let config = draft.finish().unwrap().config;
        prop_assert_eq!(bird(&config).unwrap(), bird(&parsed(&whole)).unwrap());
        prop_assert_eq!(config, parsed(&whole));
    }
}
