//! A site: one router and the nodes behind it.

use std::fmt::Display;
use std::time::Duration;

use tempfile::TempDir;

use crate::lab::{explain, link};
use crate::{Error, Host, PATIENCE, Result, requirements, stays, wait_until};

/// A router and its nodes, each at a link of its own. Node 1 is 10.99.1.2 and fd99:0:0:1::2, and the router
/// is .1 and ::1 of every link; its interfaces are `node1`, `node2` …
pub struct Site {
    // Hosts before the directory: fields are dropped in this order, and processes write to it.
    router: Host,
    nodes: Vec<Host>,
    _directory: TempDir,
}

impl Site {
    /// A router and so many nodes.
    pub fn new(nodes: usize) -> Result<Self> {
        requirements::check()?;
        let directory = tempfile::Builder::new().prefix("anycast-lab-").tempdir()?;
        let host = |name: &str| Host::new(name, &directory.path().join(name));
        let names = (1..=nodes).map(|number| format!("node{number}"));
        let site = Self {
            router: host("router")?,
            nodes: names.map(|name| host(&name)).collect::<Result<_>>()?,
            _directory: directory,
        };
        for (index, node) in site.nodes.iter().enumerate() {
            link((node, "router"), (&site.router, node.name()), index + 1)?;
        }
        Ok(site)
    }

    /// The router.
    #[must_use]
    pub fn router(&self) -> &Host {
        &self.router
    }

    /// The nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Host] {
        &self.nodes
    }

    /// [`wait_until`] with the lab's patience, and the logs of everybody when it was in vain.
    pub fn wait_until<T, E: Display>(
        &self,
        what: &str,
        look: impl FnMut() -> std::result::Result<T, E>,
    ) -> Result<T> {
        wait_until(what, PATIENCE, look).map_err(|error| self.explain(&error))
    }

    /// [`stays`], with the logs of everybody when it did not.
    pub fn stays<E: Display>(
        &self,
        what: &str,
        period: Duration,
        look: impl FnMut() -> std::result::Result<(), E>,
    ) -> Result<()> {
        stays(what, period, look).map_err(|error| self.explain(&error))
    }

    /// An error with the end of every log behind it.
    #[must_use]
    pub fn explain(&self, error: &Error) -> Error {
        let hosts: Vec<&Host> = self.nodes.iter().chain([&self.router]).collect();
        explain(&hosts, error)
    }
}
