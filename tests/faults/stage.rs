//! Where faults play: a node with our daemon, a BIRD and a DNS server, and a neighbour who sees what comes of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lab::{
    Answer, Bird, Context, Controller, DnsServer, Error, Lab, Meddler, Neighbor, Result, Service,
    Settings, Software, Updates,
};

/// The addresses of the usual service, and their prefixes.
pub(crate) const V4: &str = "192.0.2.53";
pub(crate) const V6: &str = "2001:db8:53::53";
pub(crate) const V4_PREFIX: &str = "192.0.2.53/32";
pub(crate) const V6_PREFIX: &str = "2001:db8:53::53/128";
pub(crate) const BOTH: &[&str] = &[V4_PREFIX, V6_PREFIX];

/// Where a second server listens that answers otherwise.
pub(crate) const ASIDE: [&str; 2] = ["127.0.0.9", "fd00:9::9"];

/// A user of every system that may do nothing.
const NOBODY: (&str, &str) = ("nobody", "nogroup");

/// The size of each small disk: each file takes a page of it.
const SMALL_DISK: &str = "size=1m";

/// A service whose thresholds are the defaults, but that comes back after three good answers.
const THRESHOLDS: [&str; 1] = ["rise: 3"];

/// What is special about a stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    /// The checks of the service.
    pub(crate) checks: &'static [&'static str],
    /// How many services there are; the usual one if it is one.
    pub(crate) services: u8,
    /// What is said of the daemon.
    pub(crate) daemon: &'static [&'static str],
    /// Lines that stand before everything else in BIRD's configuration.
    pub(crate) bird: fn() -> String,
    /// What else is not as usual.
    pub(crate) special: &'static [Special],
}

/// What may be special about a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    /// Somebody stands between the daemon and BIRD.
    Meddler,
    /// The daemon's clock can be changed.
    Clock,
    /// The daemon's intent and state directories are on small disks of their own.
    SmallDisks,
    /// The daemon runs as somebody who may do nothing.
    Unprivileged,
    /// Routes of others come and go in BIRD's table, which are exported to nobody.
    OtherRoutes,
    /// Nothing else of these tests runs meanwhile: it needs all of the machine.
    Alone,
}

impl Setup {
    /// Nothing special.
    pub(crate) const USUAL: Self = Self {
        checks: &["dns: { name: example.com, type: SOA }"],
        services: 1,
        daemon: &[],
        bird: String::new,
        special: &[],
    };

    /// Whether this is special.
    pub(crate) fn is(&self, special: Special) -> bool {
        self.special.contains(&special)
    }

    /// Addresses of all services, those of one family after those of the other.
    fn addresses(&self) -> Vec<String> {
        if self.services == 1 {
            return vec![V4.to_owned(), V6.to_owned()];
        }
        let number = 1..=self.services;
        let ipv4 = number.clone().map(|number| format!("192.0.2.{number}"));
        let ipv6 = number.map(|number| format!("2001:db8:53::{number}"));
        ipv4.chain(ipv6).collect()
    }

    fn settings(&self, damping: &str) -> Settings {
        let addresses = self.addresses();
        let (ipv4, ipv6) = addresses.split_at(usize::from(self.services));
        let services: Vec<Service> = ipv4
            .iter()
            .zip(ipv6)
            .enumerate()
            .map(|(number, (ipv4, ipv6))| {
                let prefixes = [format!("{ipv4}/32"), format!("{ipv6}/128")];
                let prefixes = prefixes.each_ref().map(String::as_str);
                let name = format!("service{number}");
                let service = Service::new(&name, &prefixes).default_timing();
                let service = THRESHOLDS
                    .iter()
                    .fold(service, |service, line| service.with(line));
                let mut checks = self.checks.iter();
                let first = checks.next().copied().unwrap_or_default();
                let service = service.with(damping).only_check(first);
                checks.fold(service, |service, check| service.check(check))
            })
            .collect();
        let daemon = self.daemon.iter();
        daemon.fold(Settings::new(services), |settings, line| {
            settings.daemon(line)
        })
    }
}

/// Everything that plays.
pub(crate) struct Stage<'lab> {
    pub(crate) controller: Controller<'lab>,
    pub(crate) bird: Bird<'lab>,
    pub(crate) neighbor: Neighbor<'lab>,
    pub(crate) server: DnsServer<'lab>,
    pub(crate) meddler: Option<Meddler>,
    pub(crate) lab: &'lab Lab,
    setup: Setup,
    /// When the last thing happened that something has to follow.
    struck: Instant,
    _disks: Disks,
}

/// Mounted; taken away again before the lab's directory is.
struct Disks(Vec<PathBuf>);

impl Drop for Disks {
    fn drop(&mut self) {
        for disk in &self.0 {
            let _already_gone = Command::new("umount").arg("-l").arg(disk).status();
        }
    }
}

impl Disks {
    fn mount(&mut self, directory: PathBuf) -> Result<()> {
        std::fs::create_dir_all(&directory).context(directory.display())?;
        mount(&["-t", "tmpfs", "-o", SMALL_DISK, "lab"], &directory)?;
        self.0.push(directory);
        Ok(())
    }
}

/// `mount`: in a mount namespace of these tests' own, so that nothing of it is left.
pub(crate) fn mount(options: &[&str], directory: &Path) -> Result<()> {
    let status = Command::new("mount").args(options).arg(directory).status();
    let status = status.context("mount")?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::new(format!(
            "mount {}: {status}",
            directory.display()
        )))
    }
}

impl Setup {
    /// A lab with the addresses that the services need.
    pub(crate) fn lab(&self) -> Result<Lab> {
        let addresses = self.addresses();
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let lab = Lab::new(&addresses)?;
        lab.add_address(ASIDE[1])?;
        Ok(lab)
    }
}

impl<'lab> Stage<'lab> {
    /// The service is announced. `damping` is that of the service, as a line of its configuration.
    pub(crate) fn announced(lab: &'lab Lab, setup: Setup, damping: &str) -> Result<Self> {
        let settings = setup.settings(damping);
        let controller = Controller::install(lab, env!("CARGO_BIN_EXE_anycastctl"), &settings)?;
        let mut disks = Disks(Vec::new());
        if setup.is(Special::SmallDisks) {
            disks.mount(controller.intent_directory())?;
            disks.mount(controller.state_directory())?;
        }
        let directory = lab.node().directory();
        prepend(&directory.join("bird.conf"), &(setup.bird)())?;
        let (bird, meddler) = start_bird(lab, &controller, setup)?;
        let addresses = setup.addresses();
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let mut stage = Self {
            neighbor: lab.start_neighbor(settings.bfd())?,
            server: DnsServer::start(lab.node(), Software::Nsd, "dns", &addresses)?,
            controller,
            bird,
            meddler,
            lab,
            setup,
            struck: Instant::now(),
            _disks: disks,
        };
        stage.wait("established sessions", || {
            stage.neighbor.bird().all_established()
        })?;
        stage.start_controller()?;
        stage.has_all()?;
        Ok(stage)
    }

    /// Starts the daemon as this stage has it.
    pub(crate) fn start_controller(&mut self) -> Result<()> {
        if self.setup.is(Special::Clock) {
            let clock = self.clock();
            std::fs::write(&clock, "+0").context("clock")?;
            return self.controller.start_with_clock(&clock);
        }
        if self.setup.is(Special::Unprivileged) {
            let socket = self.bird.socket().display().to_string();
            let (user, group) = NOBODY;
            self.controller.start_as(user, group)?;
            return self.lab.node().run("chmod", &["666", &socket]).map(drop);
        }
        self.controller.start()
    }

    /// The file that says by how much the daemon's clock differs.
    pub(crate) fn clock(&self) -> PathBuf {
        self.lab.node().directory().join("clock")
    }

    /// Now it happened: what has to follow is measured from here.
    pub(crate) fn strikes(&mut self) {
        self.struck = Instant::now();
    }

    /// How long ago the last thing happened.
    pub(crate) fn since(&self) -> Duration {
        self.struck.elapsed()
    }

    /// The server dies: its ports refuse.
    pub(crate) fn server_dies(&mut self) -> Result<()> {
        self.strikes();
        self.server.kill()
    }

    /// The server is there again, and answers.
    pub(crate) fn server_returns(&mut self) -> Result<()> {
        self.server.restart(Answer::Normal)?;
        self.strikes();
        Ok(())
    }

    /// How many prefixes there are.
    pub(crate) fn prefixes(&self) -> usize {
        2 * usize::from(self.setup.services)
    }

    /// [`Lab::wait_until`].
    pub(crate) fn wait<T, E: std::fmt::Display>(
        &self,
        what: &str,
        look: impl FnMut() -> std::result::Result<T, E>,
    ) -> Result<T> {
        self.lab.wait_until(what, look)
    }

    /// Waits until the neighbour has every prefix.
    pub(crate) fn has_all(&self) -> Result<()> {
        self.has_number(self.prefixes())
    }

    /// Waits until the neighbour has none.
    pub(crate) fn has_none(&self) -> Result<()> {
        self.has_number(0)
    }

    fn has_number(&self, wanted: usize) -> Result<()> {
        let what = format!("{wanted} prefixes at the neighbour");
        self.wait(&what, || self.number_is(wanted))
    }

    /// `Ok` while the neighbour has so many prefixes.
    pub(crate) fn number_is(&self, wanted: usize) -> Result<()> {
        match self.neighbor.number_of_addresses()? {
            number if number == wanted => Ok(()),
            number => Err(Error::new(format!("the neighbour has {number} prefixes"))),
        }
    }

    /// Waits until the neighbour has had so many prefixes for so long: after the loss of a session BFD may end the next one,
    /// too, with what is left of its last one.
    pub(crate) fn settles(&self, wanted: usize, period: Duration) -> Result<()> {
        let mut since = None;
        let what = format!("{wanted} prefixes at the neighbour for {period:?}");
        self.wait(&what, || {
            self.number_is(wanted).inspect_err(|_| since = None)?;
            let since: Instant = *since.get_or_insert_with(Instant::now);
            if since.elapsed() >= period {
                return Ok(());
            }
            Err(Error::new("not for long"))
        })
    }

    /// For so long, the neighbour has so many prefixes.
    pub(crate) fn stays(&self, wanted: usize, period: Duration) -> Result<()> {
        let what = format!("{wanted} prefixes at the neighbour");
        self.lab.stays(&what, period, || self.number_is(wanted))
    }

    /// BIRD 2.0.7 withdraws from its neighbours also what its filter has kept from them; later ones know what they have
    /// announced.
    pub(crate) fn withdraws_others(&self) -> bool {
        self.setup.is(Special::OtherRoutes)
            && Bird::node_release().is_ok_and(|release| release == "2.0.7")
    }

    /// What the neighbour was told since `before`: valid while the sessions last.
    pub(crate) fn told_since(&self, before: Updates) -> Result<Updates> {
        let now = self.neighbor.updates()?;
        Ok(Updates {
            announced: now.announced.saturating_sub(before.announced),
            withdrawn: now.withdrawn.saturating_sub(before.withdrawn),
        })
    }
}

/// BIRD, and whoever stands before it.
fn start_bird<'lab>(
    lab: &'lab Lab,
    controller: &Controller<'lab>,
    setup: Setup,
) -> Result<(Bird<'lab>, Option<Meddler>)> {
    if !setup.is(Special::Meddler) {
        return Ok((controller.start_bird()?, None));
    }
    let directory = lab.node().directory();
    let real = directory.join("bird-itself.ctl");
    let bird = Bird::start_on_node(lab.node(), &directory.join("bird.conf"), &real)?;
    let meddler = Meddler::start(&directory.join("bird.ctl"), &real)?;
    Ok((bird, Some(meddler)))
}

fn prepend(file: &Path, lines: &str) -> Result<()> {
    let text = std::fs::read_to_string(file).context(file.display())?;
    std::fs::write(file, format!("{lines}{text}")).context(file.display())
}
