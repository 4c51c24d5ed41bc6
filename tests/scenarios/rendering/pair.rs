//! A node with any configuration and a host opposite that speaks for any number of neighbours: the one with
//! number 3 is 10.99.3.1 and `fd99:3::1`, its node is 10.99.3.2 and `fd99:3::2`, and it has tables of its own.

use std::fmt::Write as _;

use anycastctl::config::Config;
use anycastctl::model::{NeighborName, Password};
use anycastctl::render;
use lab::{Bird, Context, Error, Lab, NODE_ASN, Neighbor, Result};
use secrecy::ExposeSecret;

/// The MD5 password of every neighbour that has one.
const PASSWORD: &str = "lab-secret-1";

pub(super) struct Pair<'lab> {
    pub(super) lab: &'lab Lab,
    pub(super) node: Bird<'lab>,
    pub(super) opposite: Neighbor<'lab>,
}

/// What a neighbour does. It imports everything.
pub(super) struct Peer {
    pub(super) number: u8,
    pub(super) asn: u32,
    /// More lines for its sessions.
    pub(super) options: &'static str,
    /// What it sends over IPv4, as `route …;` lines.
    pub(super) routes: &'static str,
}

impl Peer {
    pub(super) fn new(number: u8, asn: u32) -> Self {
        let (options, routes) = ("", "");
        Self {
            number,
            asn,
            options,
            routes,
        }
    }

    fn configuration(&self) -> String {
        let Self {
            number,
            asn,
            options,
            routes,
        } = self;
        let mut text = format!(
            "ipv4 table t4_{number}; ipv6 table t6_{number};
protocol static s_{number} {{ ipv4 {{ table t4_{number}; }}; {routes} }}\n"
        );
        let families = [("4", "10.99.", "."), ("6", "fd99:", "::")];
        for (family, network, host) in families {
            let (local, remote) = (
                format!("{network}{number}{host}1"),
                format!("{network}{number}{host}2"),
            );
            writeln!(
                text,
                "protocol bgp n{family}_{number} {{
  local {local} as {asn}; neighbor {remote} as {NODE_ASN};
  connect delay time 1; connect retry time 1; error wait time 1, 2; {options}
  ipv{family} {{ table t{family}_{number}; import all; export where source = RTS_STATIC; }};
}}"
            )
            .unwrap_or_default();
        }
        text
    }
}

impl<'lab> Pair<'lab> {
    /// Both run. `configuration` is the node's, without `version`, `node` and `bird`; `by_hand` stands in the
    /// file that it includes.
    pub(super) fn start(
        lab: &'lab Lab,
        configuration: &str,
        by_hand: &str,
        peers: &[Peer],
    ) -> Result<Self> {
        for Peer { number, .. } in peers.iter().filter(|peer| peer.number > 0) {
            for (host, interface, last) in [(lab.node(), "tor1", 2), (lab.opposite(), "node", 1)] {
                host.ip(&format!(
                    "addr add 10.99.{number}.{last}/24 dev {interface}"
                ))?;
                host.ip(&format!(
                    "addr add fd99:{number}::{last}/64 dev {interface} nodad"
                ))?;
            }
        }
        let opposite: String = peers.iter().map(Peer::configuration).collect();
        let head = "log stderr all; router id 10.99.0.1; protocol device device1 { }\n";
        let opposite = lab.start_neighbor_with(&(head.to_owned() + &opposite))?;
        write(lab, configuration, by_hand)?;
        let directory = lab.node().directory();
        let (file, socket) = (directory.join("bird.conf"), directory.join("bird.ctl"));
        let node = Bird::start_on_node(lab.node(), &file, &socket)?;
        Ok(Self {
            lab,
            node,
            opposite,
        })
    }

    pub(super) fn established(&self) -> Result<()> {
        self.lab
            .wait_until("sessions", || self.node.all_established())
    }

    /// Switches static protocols on.
    pub(super) fn enable(&self, protocols: &str) -> Result<()> {
        self.node.ask(&format!("enable \"{protocols}\"")).map(drop)
    }

    pub(super) fn disable(&self, protocols: &str) -> Result<()> {
        self.node.ask(&format!("disable \"{protocols}\"")).map(drop)
    }

    /// What a neighbour has of a prefix.
    pub(super) fn heard(&self, number: u8, prefix: &str) -> Result<String> {
        let family = if prefix.contains(':') { 6 } else { 4 };
        let question = format!("show route {prefix} table t{family}_{number} all");
        self.opposite.bird().ask(&question)
    }

    /// Waits until a neighbour has a route with all of these attributes, as `label: value`; one
    /// without a value must be empty or missing.
    pub(super) fn hears(
        &self,
        number: u8,
        prefix: &str,
        attributes: &[(&str, &str)],
    ) -> Result<()> {
        let what = format!("{prefix} at neighbour {number}");
        self.lab.wait_until(&what, || {
            let heard = self.heard(number, prefix)?;
            if !heard.contains(prefix) {
                return Err(Error::new(heard));
            }
            for (name, value) in attributes {
                let found = attribute(&heard, name);
                if found.as_deref().unwrap_or_default() != *value {
                    return Err(Error::new(format!(
                        "{name} is {found:?}, not {value}\n{heard}"
                    )));
                }
            }
            Ok(())
        })
    }

    /// That a neighbour does not have a prefix now.
    pub(super) fn lacks(&self, number: u8, prefix: &str) -> Result<()> {
        let heard = self.heard(number, prefix)?;
        if heard.contains(&format!("{prefix} ")) {
            return Err(Error::new(heard));
        }
        Ok(())
    }
}

/// Attributes are `BGP.med:` in BIRD 2 and `bgp_med:` in BIRD 3.
fn attribute(route: &str, name: &str) -> Option<String> {
    let mut lines = route.lines().map(str::trim);
    let labels = [format!("BGP.{name}:"), format!("bgp_{name}:")];
    lines.find_map(|line| {
        let mut found = labels
            .iter()
            .filter_map(|label| line.strip_prefix(label.as_str()));
        found.next().map(|value| value.trim().to_owned())
    })
}

/// Writes the node's files.
fn write(lab: &Lab, configuration: &str, by_hand: &str) -> Result<()> {
    let directory = lab.node().directory();
    let release = Bird::node_release()?;
    let here = directory.display();
    let text = format!(
        "version: 1
node: {{ name: lab1, asn: {NODE_ASN}, router_id: 10.99.0.2 }}
bird:
  version: \"{release}\"
  secrets: {here}/secrets.conf
  intent_dir: {here}/intent
  log: {here}/own.log
  include: [{here}/local.conf]
{configuration}"
    );
    let parsed = Config::parse("config.yaml", &text).context("configuration")?;
    let config = parsed.config;
    let password = |name: &NeighborName| {
        let password = Password::new(PASSWORD.to_owned()).context("password")?;
        Ok((name.clone(), password))
    };
    let names = config.neighbors.iter().map(|neighbor| &neighbor.name);
    let passwords: Vec<_> = names.map(password).collect::<Result<_>>()?;
    let secrets = render::secrets(&config, &passwords).context("render")?;
    std::fs::create_dir_all(directory.join("intent"))?;
    std::fs::write(directory.join("local.conf"), by_hand)?;
    std::fs::write(directory.join("secrets.conf"), secrets.expose_secret())?;
    std::fs::write(
        directory.join("bird.conf"),
        render::bird(&config).context("render")?,
    )?;
    Ok(())
}
