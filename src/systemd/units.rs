//! The states of systemd's units, and the news that they change: over D-Bus, on one connection for the whole process.
//!
//! Everybody may read that, and be told. A bus that is away costs an error within a second, and the next question tries
//! again.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, SelectAll, select_all};
use tokio::sync::Mutex;
use tokio::time::timeout;
use zbus::connection::Builder;
use zbus::message::{Body, Type};
use zbus::{Connection, MatchRule, Message, MessageStream, OwnedObjectPath, OwnedVariant};

use super::job::{Error, MANAGER, SYSTEMD, property};

/// How long one question may take.
const DEADLINE: Duration = Duration::from_secs(1);

const UNIT: &str = "org.freedesktop.systemd1.Unit";
const SERVICE: &str = "org.freedesktop.systemd1.Service";

/// What systemd says of one that wants its news twice.
const ALREADY: &str = "org.freedesktop.systemd1.AlreadySubscribed";

/// The units of this host.
static SYSTEM: Units = Units::new(None);

/// A unit as systemd sees it; the words are systemd's own (org.freedesktop.systemd1(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitState {
    /// `loaded`, `not-found`, `masked`, `bad-setting` …
    pub load: String,
    /// `active`, `reloading`, `inactive`, `failed`, `activating`, `deactivating` …
    pub active: String,
    /// Finer, by the type of the unit: `running`, `dead`, `auto-restart` …
    pub sub: String,
    /// How a service ended last, `exit-code`, `signal` …; `None` for success, and for what is no service.
    pub result: Option<String>,
}

/// The units behind a bus.
#[derive(Debug)]
pub struct Units {
    /// Where the bus is; `None` for the system's.
    address: Option<String>,
    connection: Mutex<Option<Connection>>,
}

impl Units {
    /// Those of this host, by the one connection that this process has to the system bus.
    #[must_use]
    pub fn system() -> &'static Self {
        &SYSTEM
    }

    const fn new(address: Option<String>) -> Self {
        Self {
            address,
            connection: Mutex::const_new(None),
        }
    }

    /// How a unit is now. One that nobody has heard of is `not-found` and `inactive`. An error after a second without an
    /// answer, and for what is no name of a unit.
    pub async fn state(&self, unit: &str) -> Result<UnitState, Error> {
        within(async {
            let bus = self.connection().await?;
            let path = path(&bus, unit).await?;
            let property_of = async |interface, name| {
                let value = property(&bus, &path, interface, name).await?;
                Ok::<_, Error>(String::try_from(value)?)
            };
            let (load, active, sub) = tokio::try_join!(
                property_of(UNIT, "LoadState"),
                property_of(UNIT, "ActiveState"),
                property_of(UNIT, "SubState")
            )?;
            // What is no service has no such interface.
            let result = property_of(SERVICE, "Result").await.ok();
            let result = result.filter(|result| result != "success");
            Ok(UnitState {
                load,
                active,
                sub,
                result,
            })
        })
        .await
    }

    /// Listens to what systemd says of these units from now on.
    pub async fn watch(&self, units: &BTreeSet<String>) -> Result<News, Error> {
        let bus = within(self.connection()).await?;
        let mut streams = Vec::new();
        for unit in units {
            let messages = within(messages(&bus, unit)).await?;
            let unit = unit.clone();
            streams.push(messages.map(move |message| (unit.clone(), message)).boxed());
        }
        within(subscribe(&bus)).await?;
        Ok(News {
            messages: select_all(streams),
            last: HashMap::new(),
        })
    }

    /// The connection, or a new one where there is none that works.
    async fn connection(&self) -> Result<Connection, Error> {
        let mut held = self.connection.lock().await;
        if let Some(connection) = held.as_ref().filter(|held| !held.is_closed()) {
            return Ok(connection.clone());
        }
        let builder = match &self.address {
            Some(address) => Builder::address(address.as_str()),
            None => Builder::system(),
        };
        let connection = builder.build().await?;
        Ok(held.insert(connection).clone())
    }
}

/// News of some units.
pub struct News {
    messages: SelectAll<BoxStream<'static, (String, zbus::Result<Message>)>>,
    last: HashMap<String, States>,
}

impl News {
    /// Waits until the state of one of them changes, and tells which; an error when the bus is gone. What a state was
    /// before nobody knows: the first news of a unit may be none.
    pub async fn next(&mut self) -> Result<String, Error> {
        while let Some((unit, message)) = self.messages.next().await {
            let Some(states) = States::read(&message?.body()) else {
                continue;
            };
            let before = self.last.insert(unit.clone(), states);
            if before.as_ref() != self.last.get(&unit) {
                return Ok(unit);
            }
        }
        Err(Error::Gone)
    }
}

async fn within<T>(answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(DEADLINE, answer)
        .await
        .map_err(|_| Error::Deadline)?
}

/// Where the unit is on the bus; systemd reads it from the disk if it has to.
async fn path(bus: &Connection, unit: &str) -> Result<OwnedObjectPath, Error> {
    let manager = Some("org.freedesktop.systemd1.Manager");
    let answer = bus
        .call_method(Some(SYSTEMD), MANAGER, manager, "LoadUnit", &unit)
        .await?;
    Ok(answer.body().deserialize()?)
}

/// What systemd says of the unit from now on, and of no other.
async fn messages(bus: &Connection, unit: &str) -> Result<MessageStream, Error> {
    let path = path(bus, unit).await?;
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(SYSTEMD)
        .path(path)
        .interface("org.freedesktop.DBus.Properties")
        .member("PropertiesChanged")
        .build()?;
    Ok(MessageStream::for_match_rule(rule, bus, None).await?)
}

/// systemd speaks only while somebody has asked for it.
async fn subscribe(bus: &Connection) -> Result<(), Error> {
    let manager = Some("org.freedesktop.systemd1.Manager");
    let asked = bus
        .call_method(Some(SYSTEMD), MANAGER, manager, "Subscribe", &())
        .await;
    match asked {
        Err(zbus::Error::MethodError(name, ..)) if name.as_str() == ALREADY => Ok(()),
        other => other.map(drop).map_err(Error::Bus),
    }
}

/// What a signal says of a unit's states.
#[derive(Debug, PartialEq, Eq)]
struct States([Option<String>; 2]);

impl States {
    /// `None` if it says nothing of them.
    fn read(body: &Body) -> Option<Self> {
        type Changed = (String, HashMap<String, OwnedVariant>, Vec<String>);
        let (_, mut changed, _): Changed = body.deserialize().ok()?;
        let states =
            ["ActiveState", "SubState"].map(|name| String::try_from(changed.remove(name)?).ok());
        states.iter().any(Option::is_some).then_some(Self(states))
    }
}

#[cfg(test)]
mod tests;
