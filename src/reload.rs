//! What a new configuration changes for a daemon that runs, and what it cannot change.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::{Deserialize, Serialize};

use crate::config::Config;

/// So many names of services or neighbours are written out in one line.
const MOST_NAMES: usize = 10;

/// How to give a daemon what it takes at its start only.
const RESTART: &str =
    "`systemctl restart anycastctl` takes it and leaves what is announced as it is";

/// What came of a reload that succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The main file that was read, as the daemon was given it.
    pub file: String,
    /// Warnings about it, as `check` prints them; empty if there are none.
    pub warnings: String,
    /// What it changes.
    #[serde(flatten)]
    pub changes: Changes,
}

/// What a new configuration changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Services.
    pub services: Difference,
    /// Neighbours.
    pub neighbors: Difference,
    /// Keys at the top of the file with other values, beside these two: `flap`, `daemon`.
    pub others: Vec<String>,
}

/// Names, each in one of four lists, in the order of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Only in the new configuration.
    pub added: Vec<String>,
    /// Only in the old one.
    pub removed: Vec<String>,
    /// In both, and not the same.
    pub changed: Vec<String>,
    /// The same in both.
    pub unchanged: Vec<String>,
}

/// Why a reload was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// In one line.
    pub because: String,
    /// In full: the findings, as `check` prints them.
    pub findings: String,
    /// Whether a file could not be read, rather than says something wrong.
    pub unreadable: bool,
}

impl Refusal {
    /// Where one line says it all.
    #[must_use]
    pub fn plain(because: String, unreadable: bool) -> Self {
        Self {
            findings: because.clone(),
            because,
            unreadable,
        }
    }
}

impl Changes {
    /// From one configuration to another.
    #[must_use]
    pub fn between(old: &Config, new: &Config) -> Self {
        let others = [
            ("node", old.node != new.node),
            ("bird", old.bird != new.bird),
            ("bfd", old.bfd != new.bfd),
            ("kernel", old.kernel != new.kernel),
            ("flap", old.flap != new.flap),
            ("daemon", old.daemon != new.daemon),
            ("host", old.host != new.host),
        ];
        let others = others.into_iter().filter(|(_, differs)| *differs);
        Self {
            services: Difference::between(&old.services, &new.services, |service| {
                service.name.to_string()
            }),
            neighbors: Difference::between(&old.neighbors, &new.neighbors, |neighbor| {
                neighbor.name.to_string()
            }),
            others: others.map(|(key, _)| key.to_owned()).collect(),
        }
    }
}

impl Difference {
    fn between<T: PartialEq>(old: &[T], new: &[T], name: fn(&T) -> String) -> Self {
        let mut before: HashMap<_, _> = old.iter().map(|item| (name(item), item)).collect();
        let mut difference = Self::default();
        for item in new {
            let list = match before.remove(&name(item)) {
                None => &mut difference.added,
                Some(before) if before == item => &mut difference.unchanged,
                Some(_) => &mut difference.changed,
            };
            list.push(name(item));
        }
        let names = old.iter().map(name);
        difference.removed = names.filter(|name| before.contains_key(name)).collect();
        difference
    }
}

impl Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = [
            ("added", &self.added),
            ("removed", &self.removed),
            ("changed", &self.changed),
        ];
        let told = lists.iter().filter(|(_, names)| !names.is_empty());
        for (what, names) in told {
            write!(f, "{} {what} (", names.len())?;
            f.write_str(&names[..names.len().min(MOST_NAMES)].join(", "))?;
            let dots = if names.len() > MOST_NAMES {
                ", …"
            } else {
                ""
            };
            write!(f, "{dots}), ")?;
        }
        write!(f, "{} unchanged", self.unchanged.len())
    }
}

impl Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            services,
            neighbors,
            others,
        } = self;
        write!(f, "services: {services}; neighbors: {neighbors}")?;
        if others.is_empty() {
            return Ok(());
        }
        write!(f, "; also changed: {}", others.join(", "))
    }
}

/// Why a running daemon cannot take a configuration: the keys that it reads at its start only, if one differs.
#[must_use]
pub fn needs_restart(file: &str, old: &Config, new: &Config) -> Option<Refusal> {
    let (before, after) = (fixed(old), fixed(new));
    let differ = before
        .iter()
        .filter(|(key, was)| after.get(*key) != Some(*was));
    let lines: Vec<String> = differ
        .map(|(key, was)| {
            let is = after.get(key).map_or("", String::as_str);
            format!("{file}: {key}: a running daemon cannot go from {was} to {is}, that needs a restart: {RESTART}")
        })
        .collect();
    let first = lines.first()?;
    Some(Refusal {
        because: with_others(first, lines.len()),
        findings: lines.join("\n"),
        unreadable: false,
    })
}

/// Tells configurations apart, within one release of this program: 16 hexadecimal digits.
#[must_use]
pub fn fingerprint(config: &Config) -> String {
    let mut hasher = DefaultHasher::new();
    format!("{config:?}").hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// One line for all findings.
#[must_use]
pub fn with_others(first: &str, count: usize) -> String {
    match count {
        0 | 1 => first.to_owned(),
        count => format!("{first} (and {} more)", count - 1),
    }
}

/// The keys that a daemon reads at its start only, with their values.
fn fixed(config: &Config) -> BTreeMap<&'static str, String> {
    let none = || "nothing".to_owned();
    let daemon = &config.daemon;
    BTreeMap::from([
        ("node.name", config.node.name.clone()),
        ("bird.socket", config.bird.socket.display().to_string()),
        (
            "bird.intent_dir",
            config.bird.intent_dir.display().to_string(),
        ),
        ("daemon.control", daemon.control.display().to_string()),
        (
            "daemon.listen",
            daemon
                .listen
                .map_or_else(none, |address| address.to_string()),
        ),
        ("daemon.state_dir", daemon.state_dir.display().to_string()),
        (
            "daemon.operator_group",
            daemon
                .operator_group
                .as_ref()
                .map_or_else(none, ToString::to_string),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{FlapAction, OnStop, SMALLEST};

    fn config() -> Config {
        Config::parse("config.yaml", SMALLEST).unwrap().config
    }

    #[test]
    fn the_same_changes_nothing() {
        let config = config();
        let changes = Changes::between(&config, &config);
        assert_eq!(
            changes.to_string(),
            "services: 1 unchanged; neighbors: 1 unchanged"
        );
        assert_eq!(needs_restart("config.yaml", &config, &config), None);
        assert_eq!(fingerprint(&config), fingerprint(&self::config()));
    }

    #[test]
    fn every_name_stands_in_one_list() {
        let mut old = config();
        let mut new = config();
        let named = |name: &str, med| {
            let mut service = config().services.remove(0);
            (service.name, service.med) = (name.parse().unwrap(), med);
            service
        };
        old.services = vec![named("a", None), named("b", None), named("c", None)];
        new.services = vec![named("c", None), named("d", None), named("b", Some(1))];
        new.neighbors[0].prepend = 3;
        new.flap.action = FlapAction::Hold;
        new.daemon.on_stop = OnStop::Hold;
        let changes = Changes::between(&old, &new);
        assert_eq!(
            changes.to_string(),
            "services: 1 added (d), 1 removed (a), 1 changed (b), 1 unchanged; neighbors: 1 changed (tor1), 0 \
             unchanged; also changed: flap, daemon"
        );
        assert_eq!(changes.services.unchanged, ["c"]);
        assert_ne!(fingerprint(&old), fingerprint(&new));
    }

    #[test]
    fn a_thousand_names_are_not_a_line() {
        let added: Vec<_> = (0..1000).map(|number| format!("s{number}")).collect();
        let difference = Difference {
            added,
            ..Difference::default()
        };
        let text = difference.to_string();
        assert!(text.starts_with("1000 added (s0, s1, s2, "), "{text}");
        assert!(text.ends_with("s9, …), 0 unchanged"), "{text}");
    }

    type Change = fn(&mut Config);

    #[test]
    fn what_the_start_alone_takes_is_told_key_by_key() {
        let change = |change: Change| {
            let mut new = config();
            change(&mut new);
            needs_restart("config.yaml", &config(), &new).map(|refusal| refusal.findings)
        };
        let keys: [(&str, Change); 7] = [
            ("node.name", |new| new.node.name = "x".to_owned()),
            ("bird.socket", |new| new.bird.socket = "/x".into()),
            ("bird.intent_dir", |new| new.bird.intent_dir = "/x".into()),
            ("daemon.control", |new| new.daemon.control = "/x".into()),
            ("daemon.listen", |new| {
                new.daemon.listen = "127.0.0.1:1".parse().ok();
            }),
            ("daemon.state_dir", |new| new.daemon.state_dir = "/x".into()),
            ("daemon.operator_group", |new| {
                new.daemon.operator_group = "x".parse().ok();
            }),
        ];
        for (key, make) in keys {
            let told = change(make).unwrap();
            let begins = format!("config.yaml: {key}: a running daemon cannot go from ");
            assert!(told.starts_with(&begins), "{told}");
        }
        let both = |new: &mut Config| {
            new.node.name = "x".to_owned();
            new.bird.socket = "/x".into();
        };
        assert_eq!(change(both).unwrap().lines().count(), 2);
        assert_eq!(change(|new| new.daemon.on_stop = OnStop::Hold), None);
    }
}
