//! Why systemd ends this process: asked over D-Bus, since no signal tells it.
//!
//! While a unit is being restarted or upgraded, its queued job is of type `restart`; else it is `stop`, or there is none
//! (measured on 252). Everybody may read that, the unit's own user included.

use std::time::Duration;

use tokio::time::timeout;
use zbus::connection::Builder;
use zbus::{Connection, OwnedObjectPath, OwnedVariant};

/// How long the whole question may take: a withdraw may wait for the answer.
const DEADLINE: Duration = Duration::from_secs(1);

pub(super) const SYSTEMD: &str = "org.freedesktop.systemd1";
pub(super) const MANAGER: &str = "/org/freedesktop/systemd1";

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No bus, an error for an answer, or one of another type than documented.
    #[error("{0}")]
    Bus(#[from] zbus::Error),
    /// The bus went away.
    #[error("the bus went away")]
    Gone,
    /// Nothing in time.
    #[error("no answer within {} s", DEADLINE.as_secs())]
    Deadline,
}

/// Whether systemd is about to start this process's unit again.
pub async fn is_restarting() -> Result<bool, Error> {
    ask(Builder::system()).await
}

async fn ask(bus: Builder<'_>) -> Result<bool, Error> {
    let answer = timeout(DEADLINE, async { job_type(&bus.build().await?).await }).await;
    Ok(is_restart(answer.map_err(|_| Error::Deadline)??.as_deref()))
}

/// The types of systemd's jobs that end in a running unit (org.freedesktop.systemd1(5)).
fn is_restart(job_type: Option<&str>) -> bool {
    matches!(job_type, Some("restart" | "try-restart"))
}

/// The type of the job that is queued for our unit, if there is one.
async fn job_type(bus: &Connection) -> Result<Option<String>, Error> {
    // 0 is whoever asks, by the credentials of the connection: right also in a process namespace.
    let unit = bus
        .call_method(
            Some(SYSTEMD),
            MANAGER,
            Some("org.freedesktop.systemd1.Manager"),
            "GetUnitByPID",
            &0_u32,
        )
        .await?;
    let unit: OwnedObjectPath = unit.body().deserialize()?;
    let job = property(bus, &unit, "org.freedesktop.systemd1.Unit", "Job").await?;
    let (number, job) = <(u32, OwnedObjectPath)>::try_from(job)?;
    if number == 0 {
        return Ok(None);
    }
    let job_type = property(bus, &job, "org.freedesktop.systemd1.Job", "JobType").await?;
    Ok(Some(String::try_from(job_type)?))
}

pub(super) async fn property(
    bus: &Connection,
    object: &OwnedObjectPath,
    interface: &str,
    name: &str,
) -> Result<OwnedVariant, Error> {
    let properties = Some("org.freedesktop.DBus.Properties");
    let answer = bus
        .call_method(Some(SYSTEMD), object, properties, "Get", &(interface, name))
        .await?;
    Ok(answer.body().deserialize()?)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::UnixListener;

    use super::*;

    #[test]
    fn only_jobs_that_start_again_are_restarts() {
        for job_type in ["restart", "try-restart"] {
            assert!(is_restart(Some(job_type)), "{job_type}");
        }
        for job_type in ["stop", "start", "verify-active", "reload", "nop", ""] {
            assert!(!is_restart(Some(job_type)), "{job_type}");
        }
        assert!(!is_restart(None));
    }

    async fn error(socket: &Path) -> String {
        let address = format!("unix:path={}", socket.display());
        ask(Builder::address(address.as_str()))
            .await
            .unwrap_err()
            .to_string()
    }

    #[tokio::test]
    async fn without_a_bus_there_is_no_answer() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("bus");
        assert!(error(&socket).await.contains("No such file"));
        drop(UnixListener::bind(&socket).unwrap());
        assert!(error(&socket).await.contains("refused"));
    }

    #[tokio::test]
    async fn garbage_and_hanging_up_are_no_answers() {
        for answer in [&b""[..], b"garbage\r\n", &[0xff; 4096], b"REJECTED\r\n"] {
            let directory = tempfile::tempdir().unwrap();
            let socket = directory.path().join("bus");
            let listener = UnixListener::bind(&socket).unwrap();
            tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _question = stream.read(&mut [0; 64]).await;
                let _whoever_asks_is_gone = stream.write_all(answer).await;
            });
            assert_ne!(error(&socket).await, Error::Deadline.to_string());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("bus");
        let _listener = UnixListener::bind(&socket).unwrap();
        assert_eq!(error(&socket).await, Error::Deadline.to_string());
    }
}
