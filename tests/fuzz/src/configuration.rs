//! The configuration (`config`): a text becomes a configuration or findings, and what is rendered from it (`render`).
//!
//! - Findings are printed without control characters, their places lie in the text, and a password that somebody wrote
//!   into the file is in none of them.
//! - What is taken can be rendered: `bird.conf` twice with the same bytes, complete as far as our own reader can tell,
//!   with every protocol that the daemon will look for, and no difference to itself. So can the secrets, the files of
//!   the host and the routers opposite, or they say which key is missing.
//! - A configuration changes nothing about itself.

use anycastctl::bird::file::File;
use anycastctl::compare::Comparison;
use anycastctl::config::{Config, Diagnostics, Draft, Neighbor, Parsed};
use anycastctl::model::{Family, Password};
use anycastctl::reload::{Changes, fingerprint};
use anycastctl::render::{self, Error, Router, host, router};

use crate::{chance, halves, shown};

/// Tries the input as a main file and one that it includes, whatever its name.
pub fn holds(input: &[u8]) {
    let (main, included) = halves(input);
    // The program itself refuses what is not UTF-8 before anything is read.
    let (Ok(main), Ok(included)) = (std::str::from_utf8(main), std::str::from_utf8(included))
    else {
        return;
    };
    let texts = [main, included];
    match parsed(texts) {
        Ok(Parsed {
            config, warnings, ..
        }) => {
            assert!(!warnings.has_errors());
            told(&warnings, texts);
            rendered(&config, chance(input));
        }
        Err(findings) => {
            assert!(findings.has_errors() && findings.first_error().is_some());
            told(&findings, texts);
        }
    }
}

fn parsed([main, included]: [&str; 2]) -> Result<Parsed, Diagnostics> {
    let mut draft = Draft::new("config.yaml", main);
    for include in draft.includes() {
        let _ = (
            include.pattern.directory(),
            include.pattern.matches("tor1.yaml"),
        );
    }
    if !included.is_empty() {
        draft.add("conf.d/tor1.yaml", included);
    }
    draft.finish()
}

fn told(findings: &Diagnostics, texts: [&str; 2]) {
    let text = findings.to_string();
    // The excerpts are the file's own lines; what they hold of control characters is shown as pictures of them.
    shown::lines(&text.replace('\t', " "));
    if let Some(first) = findings.first_error() {
        shown::line(&first);
    }
    let lines = texts.map(|text| text.split('\n').count());
    for record in findings.records() {
        let file = usize::from(record.file != "config.yaml");
        assert!(
            (1..=lines[file]).contains(&record.line) && record.column >= 1,
            "{record:?}"
        );
    }
    for secret in texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(password)
    {
        let places: usize = texts.iter().map(|text| text.matches(secret).count()).sum();
        assert!(
            places > 1 || !text.contains(secret) || says_itself(secret, texts),
            "{secret:?} is told: {text}"
        );
    }
}

/// Whether the findings have this word of their own: of a file without it, too.
fn says_itself(word: &str, texts: [&str; 2]) -> bool {
    let [main, included] = texts.map(|text| text.replace(word, &"x".repeat(word.len())));
    let findings = match parsed([&main, &included]) {
        Ok(parsed) => parsed.warnings,
        Err(findings) => findings,
    };
    findings.to_string().contains(word)
}

/// What stands behind `password:` where that is all that the line has.
fn password(line: &str) -> Option<&str> {
    let secret = line.trim().strip_prefix("password: ")?.trim();
    let is_plain = secret.len() >= 8 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_plain.then_some(secret)
}

/// One of the files that are rendered from a configuration: to fill in a template takes longer than all the rest.
fn rendered(config: &Config, chance: u64) {
    assert_eq!(Changes::between(config, config), unchanged(config));
    assert_eq!(fingerprint(config), fingerprint(&config.clone()));
    match chance % 16 {
        0 => secrets(config),
        1 => files_of_host(config),
        2 => routers(config),
        3..=9 => bird(config),
        _ => {}
    }
}

/// What a configuration that is the same changes.
fn unchanged(config: &Config) -> Changes {
    let mut changes = Changes::default();
    changes.services.unchanged = config
        .services
        .iter()
        .map(|service| service.name.to_string())
        .collect();
    changes.neighbors.unchanged = config
        .neighbors
        .iter()
        .map(|neighbor| neighbor.name.to_string())
        .collect();
    changes
}

fn bird(config: &Config) {
    let text = render::bird(config).expect("what is valid can be rendered");
    assert_eq!(render::bird(config).expect("once more"), text);
    shown::lines(&text);
    let file = File::read(&text);
    assert!(file.is_complete(), "{text}");
    let protocols = file.protocols();
    let has = |name: &str| protocols.iter().any(|protocol| protocol.name == name);
    let sessions = config.neighbors.iter().flat_map(Neighbor::named_sessions);
    for (name, _) in sessions {
        assert!(has(&name), "no {name} in {text}");
    }
    for service in config.services.iter().filter(|service| {
        Family::ALL
            .iter()
            .all(|family| service.by_hand(*family).is_none())
    }) {
        for family in service.families() {
            assert!(
                service.protocols(family).iter().all(|name| has(name)),
                "{text}"
            );
        }
    }
    let comparison = Comparison::between(&text, &text);
    assert!(!comparison.differs && comparison.summary().is_empty());
}

fn secrets(config: &Config) {
    let word = "S3cret.word";
    let password = Password::new(word.to_owned()).expect("a password");
    let names = config
        .neighbors
        .iter()
        .map(|neighbor| neighbor.name.clone());
    let passwords: Vec<_> = names.map(|name| (name, password.clone())).collect();
    render::secrets(config, &passwords).expect("every password is there");
    let text = render::bird(config).expect("what is valid can be rendered");
    assert!(!text.contains(word), "{text}");
}

fn files_of_host(config: &Config) {
    for file in host::File::ALL {
        match host::host(config, file) {
            Ok(rendered) => shown::lines(&rendered.text.replace('\t', " ")),
            Err(Error::MissingKey { .. }) => {}
            Err(error) => panic!("{file:?}: {error}"),
        }
    }
}

fn routers(config: &Config) {
    for neighbor in &config.neighbors {
        for kind in Router::ALL {
            let text = router(config, &neighbor.name, kind).expect("what is valid can be rendered");
            shown::lines(&text);
        }
    }
}
