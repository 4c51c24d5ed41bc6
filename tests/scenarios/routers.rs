//! The router opposite runs what we render for it: FRR and BIRD, between two nodes, seen in its own tables.

mod node;
mod opposite;

use std::collections::BTreeSet;

use lab::{Bird, Error, Frr, Host, Result, Site};

use node::{Kind, Node, PASSWORD};
use opposite::{Router, bird_configuration, json};

use crate::scene::A_WHILE;

/// Networks, so that there are more specific ones to leak.
const V4: &str = "192.0.2.0/24";
const V6: &str = "2001:db8:53::/48";

/// Two nodes and a router that knows nothing of them yet.
struct Scene<'lab, R> {
    site: &'lab Site,
    nodes: Vec<Node<'lab>>,
    router: R,
}

impl<'lab> Scene<'lab, Frr<'lab>> {
    fn with_frr(site: &'lab Site, kind: Kind) -> Result<Self> {
        Ok(Self {
            site,
            nodes: nodes(site, kind)?,
            router: Frr::start(site.router())?,
        })
    }
}

impl<'lab> Scene<'lab, Bird<'lab>> {
    fn with_bird(site: &'lab Site, kind: Kind) -> Result<Self> {
        let path = site.router().directory().join("bird.conf");
        std::fs::write(&path, bird_configuration(&[]) + "protocol device { }\n")?;
        let router = Bird::start_on_router(site.router(), &path)?;
        Ok(Self {
            site,
            nodes: nodes(site, kind)?,
            router,
        })
    }
}

fn nodes(site: &Site, kind: Kind) -> Result<Vec<Node<'_>>> {
    let numbered = (1..).zip(site.nodes());
    numbered
        .map(|(number, host)| Node::start(host, kind, number))
        .collect()
}

impl<R: Router> Scene<'_, R> {
    fn load(&self, password: &str) -> Result<()> {
        let software = self.router.software();
        let fragments = self
            .nodes
            .iter()
            .map(|node| node.fragment(software, password));
        self.router.load(&fragments.collect::<Result<Vec<_>>>()?)
    }

    /// The rendered configuration runs, and every session is up with BFD.
    fn established(&self) -> Result<()> {
        self.load(PASSWORD)?;
        self.site
            .wait_until("all sessions with BFD", || self.all_up())
    }

    fn all_up(&self) -> Result<()> {
        let all = 2 * self.nodes.len();
        match self.router.sessions()? {
            up if up == (all, all) => Ok(()),
            (established, bfd) => Err(Error::new(format!(
                "{established} sessions established, {bfd} with BFD"
            ))),
        }
    }

    /// Waits until the router's kernel sends these prefixes to exactly these nodes.
    fn forwards(&self, nodes: &[&str]) -> Result<()> {
        for prefix in [V4, V6] {
            self.site
                .wait_until(&format!("{prefix} to {nodes:?}"), || {
                    let seen = next_hops(self.site.router(), prefix)?;
                    if seen.iter().eq(nodes) {
                        return Ok(());
                    }
                    Err(Error::new(format!("{prefix} to {seen:?}")))
                })?;
        }
        Ok(())
    }

    /// Waits until the router has paths to each prefix with these local preferences, in any order.
    fn prefers(&self, wanted: &[u64]) -> Result<()> {
        for prefix in [V4, V6] {
            self.site
                .wait_until(&format!("{prefix} with {wanted:?}"), || {
                    let mut seen = self.router.preferences(prefix)?;
                    seen.sort_unstable();
                    if seen == wanted {
                        return Ok(());
                    }
                    Err(Error::new(format!("{seen:?}")))
                })?;
        }
        Ok(())
    }

    /// From first announcement to last withdrawal.
    fn shares_drains_and_withdraws(&self) -> Result<()> {
        self.established()?;
        self.forwards(&[])?;
        let [first, second] = &self.nodes[..] else {
            return Err(Error::new("two nodes"));
        };
        first.announce()?;
        self.forwards(&["node1"])?;
        second.announce()?;
        self.forwards(&["node1", "node2"])?;
        self.prefers(&[100, 100])?;

        // The same once more changes nothing.
        self.load(PASSWORD)?;
        self.site.stays("as it is", A_WHILE, || {
            self.all_up()?;
            let seen = next_hops(self.site.router(), V4)?.len();
            (seen == 2)
                .then_some(())
                .ok_or_else(|| Error::new(format!("{seen} next hops")))
        })?;

        first.drain()?;
        self.forwards(&["node2"])?;
        self.prefers(&[0, 100])?;
        // The last one that is left takes the traffic, drained or not.
        second.withdraw()?;
        self.forwards(&["node1"])?;
        self.prefers(&[0])?;

        first.announce()?;
        self.prefers(&[100])?;
        first.withdraw()?;
        self.forwards(&[])?;
        self.prefers(&[])?;
        self.all_up()
    }

    /// The same from further away, where next hops have to be looked up and BFD has another port.
    fn reaches_far(&self) -> Result<()> {
        self.established()?;
        self.nodes.iter().try_for_each(Node::announce)?;
        self.forwards(&["node1", "node2"])?;
        self.nodes[0].drain()?;
        self.forwards(&["node2"])
    }

    /// The same within one AS, where the nodes take the default route.
    fn serves_its_own_as(&self) -> Result<()> {
        self.established()?;
        for node in &self.nodes {
            self.site
                .wait_until("default routes at the node", || node.has_default_routes())?;
            node.announce()?;
        }
        self.forwards(&["node1", "node2"])?;
        self.prefers(&[200, 200])?;
        self.nodes[0].drain()?;
        self.forwards(&["node2"])?;
        self.prefers(&[0, 200])
    }

    /// A node lets out more than its own.
    fn takes_nothing_else(&self) -> Result<()> {
        const LEAKED: [&str; 4] = [
            "192.0.2.53/32",
            "203.0.113.0/24",
            "2001:db8:53::53/128",
            "2001:db8:bad::/48",
        ];
        self.established()?;
        self.nodes[0].leak(&LEAKED.map(str::to_owned))?;
        self.forwards(&["node1"])?;
        self.site.stays("own prefixes only", A_WHILE, || {
            for prefix in LEAKED {
                let paths = self.router.preferences(prefix)?.len();
                let hops = next_hops(self.site.router(), prefix)?;
                if paths > 0 || !hops.is_empty() {
                    return Err(Error::new(format!("{prefix}: {paths} paths, {hops:?}")));
                }
            }
            self.all_up()
        })
    }

    /// A node lets out far too much: its IPv4 session ends, and the rest goes on.
    fn ends_a_flood(&self) -> Result<()> {
        self.established()?;
        self.nodes[1].announce()?;
        let fragment = self.nodes[0].fragment(self.router.software(), PASSWORD)?;
        self.router.open(&fragment)?;
        self.nodes[0].leak(
            &(0..20)
                .map(|number| format!("203.0.113.{number}/32"))
                .collect::<Vec<_>>(),
        )?;
        self.site.wait_until("the end of one session", || {
            let hops = next_hops(self.site.router(), V4)?;
            if !hops.contains("node1") && self.router.sessions()?.0 == 3 {
                return Ok(());
            }
            Err(Error::new(format!("{hops:?}")))
        })?;
        let hops = next_hops(self.site.router(), V4)?;
        assert!(hops.contains("node2"), "{hops:?}");
        Ok(())
    }

    /// The router has another password than the nodes, and then the right one.
    fn needs_the_password(&self) -> Result<()> {
        self.load("wrong")?;
        self.site.stays("no session", A_WHILE * 2, || {
            match self.router.sessions()? {
                (0, _) => Ok(()),
                (established, _) => Err(Error::new(format!("{established} sessions"))),
            }
        })?;
        self.established()
    }
}

/// The interfaces through which a host's kernel sends a prefix.
fn next_hops(host: &Host, prefix: &str) -> Result<BTreeSet<String>> {
    let family = if prefix.contains(':') { "-6" } else { "-4" };
    let routes = json(&host.run("ip", &["-j", family, "route", "show", "exact", prefix])?)?;
    let routes = routes.as_array().into_iter().flatten();
    let hops = routes.flat_map(|route| match route["nexthops"].as_array() {
        Some(hops) => hops.clone(),
        None => vec![route.clone()],
    });
    Ok(hops
        .filter_map(|hop| hop["dev"].as_str().map(str::to_owned))
        .collect())
}

#[test]
fn frr_shares_drains_and_withdraws() -> Result<()> {
    Scene::with_frr(&Site::new(2)?, Kind::External)?.shares_drains_and_withdraws()
}

#[test]
fn frr_takes_nothing_else() -> Result<()> {
    Scene::with_frr(&Site::new(2)?, Kind::External)?.takes_nothing_else()
}

#[test]
fn frr_ends_a_flood() -> Result<()> {
    Scene::with_frr(&Site::new(2)?, Kind::External)?.ends_a_flood()
}

#[test]
fn frr_needs_the_password() -> Result<()> {
    Scene::with_frr(&Site::new(2)?, Kind::External)?.needs_the_password()
}

#[test]
fn bird_shares_drains_and_withdraws() -> Result<()> {
    Scene::with_bird(&Site::new(2)?, Kind::External)?.shares_drains_and_withdraws()
}

#[test]
fn bird_takes_nothing_else() -> Result<()> {
    Scene::with_bird(&Site::new(2)?, Kind::External)?.takes_nothing_else()
}

#[test]
fn bird_ends_a_flood() -> Result<()> {
    Scene::with_bird(&Site::new(2)?, Kind::External)?.ends_a_flood()
}

#[test]
fn bird_needs_the_password() -> Result<()> {
    Scene::with_bird(&Site::new(2)?, Kind::External)?.needs_the_password()
}

#[test]
fn frr_serves_its_own_as() -> Result<()> {
    Scene::with_frr(&Site::new(2)?, Kind::Internal)?.serves_its_own_as()
}

#[test]
fn bird_serves_its_own_as() -> Result<()> {
    Scene::with_bird(&Site::new(2)?, Kind::Internal)?.serves_its_own_as()
}

#[test]
fn frr_reaches_far() -> Result<()> {
    Scene::with_frr(&Site::new(2)?, Kind::Distant)?.reaches_far()
}

#[test]
fn bird_reaches_far() -> Result<()> {
    Scene::with_bird(&Site::new(2)?, Kind::Distant)?.reaches_far()
}
