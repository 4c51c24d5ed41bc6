//! The node that most tests play on: a booted Debian with our package, one service on two addresses, and a
//! neighbour that has both routes.

use std::ops::Deref;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab::{
    Context as _, Error, History, Lab, Machine, Neighbor, Result, Root, Roots, Service, Settings,
    Timeline, Updates,
};
use serde_json::Value;

/// The anycast addresses, and their prefixes.
const V4: &str = "192.0.2.53";
const V6: &str = "2001:db8:53::53";
const V4_PREFIX: &str = "192.0.2.53/32";
const V6_PREFIX: &str = "2001:db8:53::53/128";
pub(crate) const BOTH: [&str; 2] = [V4_PREFIX, V6_PREFIX];

/// The environment variable that names the package under test.
const PACKAGE: &str = "LAB_PACKAGE";

/// How long something must not happen: several polls and probes of the daemon.
pub(crate) const A_WHILE: Duration = Duration::from_millis(2500);

/// A lab with the two addresses on the node.
pub(crate) fn lab() -> Result<Lab> {
    Lab::new(&[V4, V6])
}

/// A configuration with one service on both.
pub(crate) fn settings() -> Settings {
    Settings::new([Service::new("resolver", &BOTH)])
}

/// The package under test. Without one nothing here is tested, so its absence fails.
pub(crate) fn package() -> Result<PathBuf> {
    let package = std::env::var_os(PACKAGE).ok_or_else(|| {
        Error::new(format!(
            "{PACKAGE} does not say which package to test: run `tests/run`, or build one with \
             `systemd/package` and set {PACKAGE} to its path"
        ))
    })?;
    PathBuf::from(package).canonicalize().context(PACKAGE)
}

/// The roots of the machines, kept beside what cargo builds.
pub(crate) fn roots() -> Roots {
    Roots::kept_in(Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("booted"))
}

/// A root with the package under test in it.
fn installed() -> Result<Root> {
    roots().with_package(&package()?)
}

/// A booted node and its neighbour.
pub(crate) struct Node<'lab> {
    pub(crate) machine: Machine<'lab>,
    pub(crate) neighbor: Neighbor<'lab>,
}

/// What is done to a node is mostly done to the machine.
impl<'lab> Deref for Node<'lab> {
    type Target = Machine<'lab>;

    fn deref(&self) -> &Self::Target {
        &self.machine
    }
}

impl<'lab> Node<'lab> {
    /// A booted machine with our package and this configuration. BIRD runs with what we rendered, and our daemon
    /// has been started.
    pub(crate) fn started(lab: &'lab Lab, settings: &Settings) -> Result<Self> {
        Self::prepared(lab, settings, |_| Ok(()))
    }

    /// The same, with files of the test's own.
    pub(crate) fn prepared(
        lab: &'lab Lab,
        settings: &Settings,
        prepare: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Self> {
        let neighbor = lab.start_patient_neighbor(settings.bfd())?;
        let machine = Machine::boot(lab, &installed()?, |files| {
            configure(lab, files, settings)?;
            prepare(files)
        })?;
        let node = Self { machine, neighbor };
        node.succeed("anycastctl apply --replace")?;
        node.succeed("systemctl start anycastctl")?;
        Ok(node)
    }

    /// The usual opening: the neighbour has both routes.
    pub(crate) fn announced(lab: &'lab Lab, settings: &Settings) -> Result<Self> {
        let node = Self::started(lab, settings)?;
        node.has(&BOTH)?;
        node.settled()?;
        Ok(node)
    }

    /// Waits, and says what the machine has logged if it was in vain.
    pub(crate) fn wait_until<T, E: std::fmt::Display>(
        &self,
        what: &str,
        look: impl FnMut() -> std::result::Result<T, E>,
    ) -> Result<T> {
        lab::wait_until(what, lab::PATIENCE, look).map_err(|error| self.explain(&error))
    }

    /// Waits until the neighbour has these routes.
    pub(crate) fn has(&self, prefixes: &[&str]) -> Result<()> {
        let what = format!("{} at the neighbour", prefixes.join(", "));
        self.wait_until(&what, || self.neighbor.has(prefixes))
    }

    /// Waits until the neighbour has lost these routes.
    pub(crate) fn lacks(&self, prefixes: &[&str]) -> Result<()> {
        let what = format!("{} gone at the neighbour", prefixes.join(", "));
        self.wait_until(&what, || self.neighbor.lacks(prefixes))
    }

    /// For a while, none of these routes shows at the neighbour.
    pub(crate) fn never_has(&self, prefixes: &[&str]) -> Result<()> {
        lab::stays("withdrawn", A_WHILE, || self.neighbor.lacks(prefixes))
            .map_err(|error| self.explain(&error))
    }

    /// Waits until our daemon says that all is as it should be: what is announced, is confirmed.
    pub(crate) fn settled(&self) -> Result<Value> {
        self.wait_until("a status that exits with 0", || {
            let said = self.run("anycastctl status --json")?;
            if said.code != Some(0) {
                return Err(Error::new(format!("{said:?}")));
            }
            serde_json::from_str(&said.output).context("status")
        })
    }

    /// The process of a unit, as the machine counts them.
    pub(crate) fn process(&self, unit: &str) -> Result<u32> {
        self.property(unit, "MainPID")?.parse().context("MainPID")
    }

    /// Waits until a unit's process is another than this.
    pub(crate) fn another_process(&self, unit: &str, before: u32) -> Result<u32> {
        self.wait_until("another process", || match self.process(unit)? {
            0 => Err(Error::new("none")),
            now if now == before => Err(Error::new("the old one")),
            now => Ok(now),
        })
    }

    /// Looks at what the neighbour sees from now on.
    pub(crate) fn witness(&self) -> Result<Witness> {
        Ok(Witness {
            before: self.neighbor.updates()?,
            timeline: self.neighbor.timeline(V4_PREFIX)?,
        })
    }

    /// Waits until a unit is in this state, such as `failed`.
    pub(crate) fn is_active(&self, unit: &str, state: &str) -> Result<()> {
        self.wait_until(&format!("{unit}: {state}"), || {
            let now = self.property(unit, "ActiveState")?;
            if now == state {
                return Ok(());
            }
            Err(Error::new(now))
        })
    }

    /// Waits until a unit's journal has this.
    pub(crate) fn says(&self, unit: &str, text: &str) -> Result<()> {
        self.wait_until(&format!("`{text}` in the journal"), || {
            let journal = self.journal(unit)?;
            if journal.contains(text) {
                return Ok(());
            }
            Err(Error::new(journal))
        })
    }

    /// The neighbour had the route all the time, was told nothing, and is not for a while.
    pub(crate) fn kept(&self, row: &str, witness: Witness) -> Result<()> {
        self.kept_but(0, row, witness)
    }

    /// The same, but for so many routes that are new.
    pub(crate) fn kept_but(&self, new: u64, row: &str, witness: Witness) -> Result<()> {
        let wanted = Updates {
            announced: witness.before.announced + new,
            withdrawn: witness.before.withdrawn,
        };
        let told = lab::stays("told nothing", A_WHILE, || {
            let now = self.neighbor.updates()?;
            if now == wanted {
                return Ok(());
            }
            Err(Error::new(format!(
                "the neighbour was told {now}, instead of {wanted}"
            )))
        });
        told.map_err(|error| self.explain(&error))?;
        let seen = witness.timeline.end()?;
        record(row, &format!("{seen}; 0 withdrawals, {new} updates"))?;
        if seen.kept() {
            return Ok(());
        }
        Err(self.explain(&Error::new(seen.to_string())))
    }

    /// The neighbour lost the route once, and has it again.
    pub(crate) fn lost(&self, row: &str, witness: Witness) -> Result<()> {
        self.recorded(row, witness, History::lost_once)
    }

    /// The neighbour lost the route once, and for good.
    pub(crate) fn withdrawn(&self, row: &str, witness: Witness) -> Result<()> {
        self.recorded(row, witness, History::withdrawn)
    }

    fn recorded(&self, row: &str, witness: Witness, is_so: fn(&History) -> bool) -> Result<()> {
        let seen = witness.timeline.end()?;
        record(row, &seen.to_string())?;
        if is_so(&seen) {
            return Ok(());
        }
        Err(self.explain(&Error::new(seen.to_string())))
    }
}

/// What a neighbour was told, and sees.
pub(crate) struct Witness {
    before: Updates,
    timeline: Timeline,
}

/// Changes a unit of a machine that is not booted yet.
pub(crate) fn drop_in(files: &Path, unit: &str, text: &str) -> Result<()> {
    let directory = files.join(format!("etc/systemd/system/{unit}.service.d"));
    std::fs::create_dir_all(&directory).context(directory.display())?;
    std::fs::write(directory.join("test.conf"), text).context(directory.display())
}

/// Writes our configuration, and the password of the sessions as only root may read it.
pub(crate) fn configure(lab: &Lab, files: &Path, settings: &Settings) -> Result<()> {
    let at = |path: &str| files.join(path.trim_start_matches('/'));
    let password = at(Settings::MACHINE_PASSWORD);
    let directory = password.parent().unwrap_or(files);
    std::fs::create_dir_all(directory).context(directory.display())?;
    let only_root = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(directory, only_root).context(directory.display())?;
    std::fs::copy(lab.password_file()?, &password).context(password.display())?;
    let configuration = at("/etc/anycastctl/config.yaml");
    std::fs::write(&configuration, settings.for_machine()?).context(configuration.display())
}

/// A row of the table, for `tests/run` to print: what the neighbour saw, with its figures.
pub(crate) fn record(row: &str, seen: &str) -> Result<()> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("booted");
    let figures = directory.join("figures");
    std::fs::create_dir_all(&figures).context(figures.display())?;
    let name = row.replace([' ', '/'], "-");
    std::fs::write(figures.join(name), format!("{row}: {seen}\n")).context(row)
}
