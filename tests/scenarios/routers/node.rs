//! A node of a site: the rendered files, and the BIRD that runs them.

use lab::{Bird, Error, Host, Result};

use super::{V4, V6};

pub(crate) const PASSWORD: &str = "lab-secret-1";
/// What the fragments have in its place, without the node's and the neighbour's name.
const PLACEHOLDER: &str = "PASSWORD_LAB";

/// What else the sessions have.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Each node has an AS number of its own.
    External,
    /// And is two hops away, for all that BGP and BFD know.
    Distant,
    /// The nodes are in the router's AS, and the sessions have what is rarer.
    Internal,
}

/// The configuration of a node.
fn configuration(kind: Kind, number: usize, directory: &str, release: &str) -> String {
    let (asn, more) = match kind {
        Kind::External => (64600 + number, ""),
        Kind::Distant => (64600 + number, "multihop: 2"),
        Kind::Internal => (
            64600,
            "ttl_security: true\n    passive: true\n    import: default_route\n    local_pref: 200",
        ),
    };
    format!(
        "version: 1
node: {{ name: lab{number}, asn: {asn}, router_id: 10.99.{number}.2 }}
bird:
  version: \"{release}\"
  config: {directory}/bird.conf
  secrets: {directory}/bird.secrets.conf
  intent_dir: {directory}/intent
  log: {directory}/bird-own.log
neighbors:
  tor1:
    asn: 64600
    sessions:
      - {{ local: 10.99.{number}.2, remote: 10.99.{number}.1 }}
      - {{ local: \"fd99:0:0:{number}::2\", remote: \"fd99:0:0:{number}::1\" }}
    password_file: {directory}/password
    hold_time: 9s
    {more}
services:
  resolver:
    prefixes: [{V4}, \"{V6}\"]
    checks: [{{ dns: {{ server: 127.0.0.1, name: example.com, type: SOA }} }}]
"
    )
}

/// A node with the rendered files, and its BIRD.
pub(crate) struct Node<'lab> {
    host: &'lab Host,
    pub(crate) bird: Bird<'lab>,
}

impl<'lab> Node<'lab> {
    pub(crate) fn start(host: &'lab Host, kind: Kind, number: usize) -> Result<Self> {
        let directory = host.directory().display().to_string();
        let text = configuration(kind, number, &directory, &Bird::node_release()?);
        std::fs::write(host.directory().join("config.yaml"), text)?;
        std::fs::write(host.directory().join("password"), PASSWORD)?;
        for (what, file) in [("bird", "bird.conf"), ("secrets", "bird.secrets.conf")] {
            render(host, &[what, "-o", &format!("{directory}/{file}")])?;
        }
        let path = host.directory().join("bird.conf");
        let text = std::fs::read_to_string(&path)?;
        // FRR ends the first session itself, and BIRD would then wait for a minute.
        let soon = "error wait time 1, 2;\n  graceful restart aware;";
        std::fs::write(&path, text.replace("graceful restart aware;", soon))?;
        let bird = Bird::start_on_node(host, &path, &host.directory().join("bird.ctl"))?;
        Ok(Self { host, bird })
    }

    /// What the router has to do for this node, with this password filled in.
    pub(crate) fn fragment(&self, software: &str, password: &str) -> Result<String> {
        let text = render(self.host, &["neighbor", "tor1", "--for", software])?;
        assert!(!text.contains(PASSWORD), "{text}");
        let placeholder = text
            .split([' ', '"'])
            .find(|word| word.starts_with(PLACEHOLDER));
        let placeholder = placeholder.expect("a placeholder").to_owned();
        Ok(text.replace(&placeholder, password))
    }

    /// Announces as the daemon does.
    pub(crate) fn announce(&self) -> Result<()> {
        self.tell(&["enable", "disable"])
    }

    /// Drains as the daemon does: make before break.
    pub(crate) fn drain(&self) -> Result<()> {
        for family in ["v4", "v6"] {
            let name = format!("anycast_resolver_{family}");
            self.bird.ask(&format!("enable \"{name}_drain\""))?;
            self.bird.ask(&format!("disable \"{name}\""))?;
        }
        Ok(())
    }

    pub(crate) fn withdraw(&self) -> Result<()> {
        self.tell(&["disable", "disable"])
    }

    /// A command for the normal protocols and one for their drained twins.
    fn tell(&self, [normal, drained]: &[&str; 2]) -> Result<()> {
        for family in ["v4", "v6"] {
            let name = format!("anycast_resolver_{family}");
            self.bird.ask(&format!("{normal} \"{name}\""))?;
            self.bird.ask(&format!("{drained} \"{name}_drain\""))?;
        }
        Ok(())
    }

    /// `Ok` while the node has a default route of each family.
    pub(crate) fn has_default_routes(&self) -> Result<()> {
        for prefix in ["0.0.0.0/0", "::/0"] {
            let reply = self.bird.ask(&format!("show route {prefix}"))?;
            if !reply.contains("bgp_tor1") {
                return Err(Error::new(reply));
            }
        }
        Ok(())
    }

    /// Lets out everything, and these routes too: what a broken filter would do.
    pub(crate) fn leak(&self, routes: &[String]) -> Result<()> {
        let path = self.bird.configuration();
        let mut text = std::fs::read_to_string(path)?;
        for family in ["v4", "v6"] {
            let strict = format!("export filter bgp_tor1_{family}_export;");
            assert!(text.contains(&strict), "{text}");
            text = text.replace(&strict, "export where source = RTS_STATIC;");
        }
        text = text.replace("export limit 4 action block;", "");
        for (family, is_own) in [("ipv4", false), ("ipv6", true)] {
            let own = routes.iter().filter(|route| route.contains(':') == is_own);
            let own: Vec<_> = own
                .map(|route| format!("route {route} blackhole;"))
                .collect();
            let own = own.join(" ");
            text = format!("{text}protocol static leak_{family} {{ {family}; {own} }}\n");
        }
        std::fs::write(path, text)?;
        self.bird.configure()?;
        self.announce()
    }
}

/// `anycastctl render`.
fn render(host: &Host, arguments: &[&str]) -> Result<String> {
    let configuration = host.directory().join("config.yaml").display().to_string();
    let start = ["-c", &configuration, "render"];
    host.run(
        env!("CARGO_BIN_EXE_anycastctl"),
        &[&start, arguments].concat(),
    )
}
