//! Any configuration, read back from the BIRD that runs it: names, addresses, AS numbers, filters, limits,
//! channels, tables. Sessions never come up here, so that timers are read elsewhere.

use std::cell::Cell;
use std::collections::HashMap;
use std::path::Path;

use anycastctl::bird::client::Client;
use anycastctl::bird::command::Command;
use anycastctl::bird::reply::Reply;
use anycastctl::bird::table;
use anycastctl::config::{BirdLog, Config, Import, Limit, LimitAction, Neighbor, Session};
use anycastctl::model::{BirdVersion, Family, NeighborName, Password};
use anycastctl::render;
use lab::{Bird, Context, Error, Exception, Lab, Result};
use proptest::test_runner::{Config as Cases, TestCaseError, TestError, TestRunner};
use secrecy::ExposeSecret;

use super::arbitrary::file;

/// As many as take some seconds; `PROPTEST_CASES` for more.
const CASES: u32 = 40;

/// `label: value` lines below each protocol; values of one label in the order of the channels.
type Details = HashMap<String, Vec<(String, String)>>;

/// One BIRD that loads one configuration after another.
struct Node<'lab> {
    lab: &'lab Lab,
    bird: Bird<'lab>,
}

impl<'lab> Node<'lab> {
    fn start(lab: &'lab Lab) -> Result<Self> {
        let directory = lab.node().directory();
        std::fs::create_dir_all(directory.join("intent"))?;
        std::fs::write(directory.join("local.conf"), "")?;
        let configuration = directory.join("bird.conf");
        std::fs::write(
            &configuration,
            "router id 10.0.0.1;\nprotocol device device1 { }\n",
        )?;
        let socket = directory.join("bird.ctl");
        let bird = Bird::start_on_node(lab.node(), &configuration, &socket)?;
        Ok(Self { lab, bird })
    }

    /// The configuration with everything that depends on this machine.
    fn settle(&self, config: &mut Config) -> Result<()> {
        let directory = self.lab.node().directory();
        let release = Bird::node_release()?;
        let release: BirdVersion = release.parse().context("release")?;
        if Exception::NoRoles.is_met()? {
            config
                .neighbors
                .iter_mut()
                .for_each(|neighbor| neighbor.role = None);
        }
        let bird = &mut config.bird;
        // The kernel's filter changes from case to case.
        bird.version = if Exception::KernelChangeKills.is_met()? {
            release
        } else {
            bird.version.min(release)
        };
        bird.secrets = directory.join("secrets.conf");
        bird.intent_dir = directory.join("intent");
        bird.log = BirdLog::File(directory.join("own.log"));
        for path in &mut bird.include {
            *path = directory.join("local.conf");
        }
        Ok(())
    }

    fn load(&self, config: &Config) -> Result<()> {
        let text = render::bird(config).context("render")?;
        let secrets = render::secrets(config, &passwords(config)).context("render")?;
        std::fs::write(self.bird.configuration(), text)?;
        std::fs::write(&config.bird.secrets, secrets.expose_secret())?;
        let taken = self.bird.configure().map(drop);
        taken.map_err(|error| self.lab.explain(&error))
    }

    fn ask(&self, command: &Command) -> Result<Reply> {
        ask(self.bird.socket(), command)
    }

    /// Loads a configuration, and waits until BIRD is what it says.
    fn reads_back(&self, config: &Config) -> Result<()> {
        self.load(config)?;
        self.lab.wait_until("what was meant", || {
            let status = self.ask(&Command::ShowStatus)?;
            let mut all_said = status.lines().map(|line| line.text);
            if all_said.any(|line| line.contains("in progress")) {
                return Err(Error::new("reconfiguration in progress"));
            }
            compare(config, &self.ask(&Command::ShowProtocolsAll)?)
        })
    }
}

fn ask(socket: &Path, command: &Command) -> Result<Reply> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut client = Client::connect(socket).await.context("connect")?;
        client.demand(command).await.context(command)
    })
}

fn passwords(config: &Config) -> Vec<(NeighborName, Password)> {
    let names = config.neighbors.iter().map(|neighbor| &neighbor.name);
    let password = || Password::new("secret".to_owned()).expect("a password");
    names.map(|name| (name.clone(), password())).collect()
}

fn details(reply: &Reply) -> Details {
    let mut details = Details::new();
    let mut name = String::new();
    for line in reply.lines() {
        if line.code == 1002 {
            let row = line.text.split(' ').next();
            name = row.map(str::to_owned).unwrap_or_default();
            details.insert(name.clone(), Vec::new());
            continue;
        }
        let (label, value) = line
            .text
            .trim()
            .split_once(':')
            .unwrap_or_else(|| (line.text.trim(), ""));
        if let Some(lines) = details.get_mut(&name) {
            lines.push((label.to_owned(), value.trim().to_owned()));
        }
    }
    details
}

fn compare(config: &Config, reply: &Reply) -> Result<()> {
    let found = table::protocols(reply, None);
    let mut kinds: Vec<_> = found
        .iter()
        .filter(|found| ["BGP", "Static"].contains(&found.kind.as_str()))
        .map(|found| (found.kind.as_str(), found.name.clone()))
        .collect();
    kinds.sort();
    let mut meant: Vec<_> = statics(config).map(|(name, ..)| ("Static", name)).collect();
    meant.extend(sessions(config).map(|(_, name, _)| ("BGP", name)));
    meant.sort();
    same("protocols", &kinds, &meant)?;
    let details = details(reply);
    for (name, family, preference) in statics(config) {
        let channel = format!("Channel {}", family.channel());
        let preference = preference.to_string();
        let wanted = [(channel.as_str(), ""), ("Preference", &preference)];
        holds(&details, &name, &wanted)?;
    }
    for (neighbor, name, session) in sessions(config) {
        session_holds(config, neighbor, &name, session, &details)?;
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, meant: &T) -> Result<()> {
    if found == meant {
        return Ok(());
    }
    Err(Error::new(format!(
        "{what}: meant {meant:?}, found {found:?}"
    )))
}

/// Every line that is wanted is there, and no label twice with different values.
fn holds(details: &Details, name: &str, wanted: &[(&str, &str)]) -> Result<()> {
    let lines = details
        .get(name)
        .ok_or_else(|| Error::new(format!("no {name}")))?;
    for (label, value) in wanted {
        let found: Vec<&str> = lines
            .iter()
            .filter(|(other, _)| other == label)
            .map(|(_, value)| value.as_str())
            .collect();
        same(&format!("{name}: {label}"), &found, &vec![*value])?;
    }
    Ok(())
}

/// All statics that are ours, with their preference.
fn statics(config: &Config) -> impl Iterator<Item = (String, Family, u16)> {
    config.services.iter().flat_map(|service| {
        let families = service.families();
        let rendered = families.filter(|family| service.by_hand(*family).is_none());
        rendered.flat_map(|family| {
            let [normal, drain] = service.protocols(family);
            [(normal, family, 200), (drain, family, 150)]
        })
    })
}

/// All sessions that are ours.
fn sessions(config: &Config) -> impl Iterator<Item = (&Neighbor, String, &Session)> {
    config.neighbors.iter().flat_map(|neighbor| {
        let sessions = neighbor.named_sessions();
        let rendered = sessions.filter(|(_, session)| session.by_hand.is_none());
        rendered.map(move |(name, session)| (neighbor, name, session))
    })
}

fn session_holds(
    config: &Config,
    neighbor: &Neighbor,
    name: &str,
    session: &Session,
    details: &Details,
) -> Result<()> {
    let family = session.family();
    let channel = format!("Channel {}", family.channel());
    let (four, six) = match family {
        Family::V4 => ("4", "IPv4"),
        Family::V6 => ("6", "IPv6"),
    };
    let description = format!("{} {six}", neighbor.name);
    let input = match neighbor.import {
        Import::None => "REJECT",
        Import::DefaultRoute => "(unnamed)",
    };
    let filter = format!("{}_export", neighbor.name.protocol(family, 0));
    let wanted = [
        ("Description", description.as_str()),
        ("Neighbor address", &session.remote.to_string()),
        ("Neighbor AS", &neighbor.asn.to_string()),
        ("Local AS", &config.node.asn.to_string()),
        (&channel, ""),
        ("Table", &format!("master{four}")),
        ("Preference", "100"),
        ("Input filter", input),
        ("Output filter", &filter),
    ];
    holds(details, name, &wanted)?;
    limits_hold(config, neighbor, family, name, details)?;
    let lines = &details[name];
    let igp = lines
        .iter()
        .find(|(label, _)| *label == format!("IGP {six} table"));
    let looked_up = match neighbor.import {
        Import::None => format!("master{four}"),
        Import::DefaultRoute => format!("igp{four}"),
    };
    let wanted = neighbor.multihop.map(|_| looked_up);
    same(
        &format!("{name}: igp table"),
        &igp.map(|(_, table)| table.clone()),
        &wanted,
    )?;
    let state = lines.iter().find(|(label, _)| label == "BGP state");
    let state = state.map(|(_, state)| state.as_str());
    same(
        &format!("{name}: passive"),
        &(state == Some("Passive")),
        &neighbor.passive,
    )
    .or_else(|error| {
        if state == Some("Idle") {
            Ok(())
        } else {
            Err(error)
        }
    })
}

/// `Receive limit: 5`, and below it `Action: warn`, in this order.
fn limits_hold(
    config: &Config,
    neighbor: &Neighbor,
    family: Family,
    name: &str,
    details: &Details,
) -> Result<()> {
    let services = config.services.iter();
    let own: usize = services
        .map(|service| service.prefixes_of(family).count())
        .sum();
    let most = u32::try_from(own * 4).context("a count")?.max(1);
    let line = |label: &str, limit: Limit| {
        let action = match limit.action {
            LimitAction::Warn => "warn",
            LimitAction::Block => "block",
            LimitAction::Restart => "restart",
            LimitAction::Disable => "disable",
        };
        [
            (label.to_owned(), limit.max.unwrap_or(most).to_string()),
            ("Action".to_owned(), action.to_owned()),
        ]
    };
    let limits = neighbor.limits;
    let receive = limits.receive.map(|limit| line("Receive limit", limit));
    let others = [
        line("Import limit", limits.import),
        line("Export limit", limits.export),
    ];
    let wanted: Vec<_> = receive.into_iter().chain(others).flatten().collect();
    let is_limit = |label: &str| label.ends_with(" limit") || label == "Action";
    let lines = details[name].iter().filter(|(label, _)| is_limit(label));
    // BIRD holds 32 bits without a sign, and prints them with one.
    let unsigned = |value: &str| match value.parse::<i32>() {
        Ok(value) => value.cast_unsigned().to_string(),
        Err(_) => value.to_owned(),
    };
    let lines = lines.map(|(label, value)| (label.clone(), unsigned(value)));
    let found: Vec<_> = lines.collect();
    same(&format!("{name}: limits"), &found, &wanted)
}

#[test]
fn bird_gives_back_what_was_meant() -> Result<()> {
    let lab = Lab::new(&[])?;
    let node = Node::start(&lab)?;
    let cases = Cases::default().cases;
    let given = std::env::var_os("PROPTEST_CASES").map(|_| cases);
    let compared = Cell::new(0_usize);
    let mut runner = TestRunner::new(Cases {
        cases: given.unwrap_or(CASES),
        failure_persistence: None,
        // Each step costs a wait in vain.
        max_shrink_iters: 0,
        ..Cases::default()
    });
    let outcome = runner.run(&file(), |text| {
        let parsed = Config::parse("config.yaml", &text)
            .map_err(|findings| TestCaseError::reject(findings.to_string()))?;
        let mut config = parsed.config;
        let fail = |error: Error| TestCaseError::fail(error.to_string());
        node.settle(&mut config).map_err(fail)?;
        compared.set(compared.get() + sessions(&config).count());
        node.reads_back(&config).map_err(fail)
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Abort(why)) => panic!("{why}"),
        Err(TestError::Fail(why, text)) => panic!("{why}\n{text}"),
    }
    assert!(compared.get() > 0);
    Ok(())
}
