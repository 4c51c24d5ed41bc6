//! A real bus, and on it somebody who talks as systemd does.

use std::path::Path;
use std::process::Stdio;

use tokio::sync::mpsc;
use zbus::fdo;

use super::*;

/// A bus of this test's own; it ends with it.
struct Bus {
    daemon: std::process::Child,
    address: String,
}

impl Bus {
    async fn start(directory: &Path) -> Self {
        let address = format!("unix:path={}", directory.join("bus").display());
        let daemon = std::process::Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--nosyslog"])
            .arg(format!("--address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program `dbus-daemon` (Debian: dbus-daemon)");
        let bus = Self { daemon, address };
        while Builder::address(bus.address.as_str())
            .build()
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bus
    }

    fn stop(&mut self) {
        self.daemon.kill().unwrap();
        self.daemon.wait().unwrap();
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _it_may_be_gone = self.daemon.kill();
        let _it_may_be_gone = self.daemon.wait();
    }
}

struct Manager {
    units: [&'static str; 2],
    subscribed: bool,
}

#[zbus::interface(name = "org.freedesktop.systemd1.Manager")]
impl Manager {
    fn load_unit(&self, name: &str) -> fdo::Result<OwnedObjectPath> {
        if !self.units.contains(&name) {
            return Err(fdo::Error::InvalidArgs(format!(
                "Unit name {name} is not valid."
            )));
        }
        let path = format!(
            "/org/freedesktop/systemd1/unit/{}",
            name.replace('.', "_2e")
        );
        Ok(OwnedObjectPath::try_from(path).unwrap())
    }

    fn subscribe(&mut self) -> Result<(), Refusal> {
        if std::mem::replace(&mut self.subscribed, true) {
            return Err(Refusal::AlreadySubscribed("again".to_owned()));
        }
        Ok(())
    }
}

#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.freedesktop.systemd1")]
enum Refusal {
    AlreadySubscribed(String),
}

/// Its states: whether it is loaded, and what it does.
struct Unit(&'static str, &'static str);

#[zbus::interface(name = "org.freedesktop.systemd1.Unit")]
impl Unit {
    #[zbus(property)]
    fn load_state(&self) -> &str {
        self.0
    }

    #[zbus(property)]
    fn active_state(&self) -> &str {
        self.1
    }

    #[zbus(property)]
    fn sub_state(&self) -> &str {
        self.1
    }
}

const NSD: &str = "/org/freedesktop/systemd1/unit/nsd_2eservice";
const OTHER: &str = "/org/freedesktop/systemd1/unit/other_2eservice";

async fn systemd(bus: &Bus) -> Connection {
    let manager = Manager {
        units: ["nsd.service", "other.service"],
        subscribed: false,
    };
    Builder::address(bus.address.as_str())
        .name(SYSTEMD)
        .serve_at(MANAGER, manager)
        .serve_at(NSD, Unit("loaded", "active"))
        .serve_at(OTHER, Unit("loaded", "active"))
        .build()
        .await
        .unwrap()
}

async fn set(systemd: &Connection, path: &str, state: &'static str) {
    let unit = systemd
        .object_server()
        .interface::<_, Unit>(path)
        .await
        .unwrap();
    let mut held = unit.get_mut().await;
    held.1 = state;
    held.active_state_changed(unit.signal_emitter())
        .await
        .unwrap();
}

/// What is told of some units, as it comes.
fn watching(units: &'static Units, names: &[&str]) -> mpsc::UnboundedReceiver<String> {
    let names: BTreeSet<_> = names.iter().map(|&name| name.to_owned()).collect();
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut news = units.watch(&names).await.unwrap();
        while let Ok(unit) = news.next().await {
            tell.send(unit).unwrap();
        }
    });
    told
}

fn units(bus: &Bus) -> &'static Units {
    Box::leak(Box::new(Units::new(Some(bus.address.clone()))))
}

/// Changes the state until somebody is told: when watching has begun, only the news can say.
async fn first(systemd: &Connection, told: &mut mpsc::UnboundedReceiver<String>) -> String {
    loop {
        for state in ["deactivating", "failed"] {
            set(systemd, NSD, state).await;
            if let Ok(Some(name)) = timeout(Duration::from_millis(50), told.recv()).await {
                return name;
            }
        }
    }
}

#[tokio::test]
async fn a_unit_has_a_state_and_its_changes_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let mut bus = Bus::start(directory.path()).await;
    let systemd = systemd(&bus).await;
    let units = units(&bus);
    let state = units.state("nsd.service").await.unwrap();
    let words = [state.load, state.active, state.sub];
    assert_eq!(words, ["loaded", "active", "active"]);
    let error = units.state("no unit").await.unwrap_err();
    assert!(error.to_string().contains("not valid"), "{error}");

    let mut told = watching(units, &["nsd.service"]);
    assert_eq!(first(&systemd, &mut told).await, "nsd.service");
    // A second one beside the first has to be content with what systemd says already.
    let mut both = watching(units, &["nsd.service", "other.service"]);
    assert_eq!(first(&systemd, &mut both).await, "nsd.service");
    while told.try_recv().is_ok() || both.try_recv().is_ok() {}
    set(&systemd, OTHER, "failed").await;
    assert_eq!(both.recv().await.unwrap(), "other.service");
    assert!(told.is_empty(), "it is no unit of that one");
    // The same again is no news.
    set(&systemd, OTHER, "failed").await;
    set(&systemd, OTHER, "active").await;
    assert_eq!(both.recv().await.unwrap(), "other.service");
    assert!(both.is_empty());

    bus.stop();
    assert_eq!(
        both.recv().await,
        None,
        "whoever listens learns that it is gone"
    );
    units.state("nsd.service").await.unwrap_err();
    let bus = Bus::start(directory.path()).await;
    let _systemd = self::systemd(&bus).await;
    assert_eq!(units.state("nsd.service").await.unwrap().active, "active");
}

#[tokio::test]
async fn without_a_bus_there_is_an_error_and_no_waiting() {
    let units = Units::new(Some("unix:path=/nowhere/bus".to_owned()));
    let error = units.state("nsd.service").await.unwrap_err();
    assert!(error.to_string().contains("No such file"), "{error}");
    let names = BTreeSet::from(["nsd.service".to_owned()]);
    let error = units.watch(&names).await.err().unwrap();
    assert!(error.to_string().contains("No such file"), "{error}");
}
