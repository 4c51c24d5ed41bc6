//! What happens when a fault begins, and when it is over.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::super::fault::Fault;
use super::super::process::Process;
use super::{Client, Mode, Stage, UPLINK, layout};
use crate::bird::command::Command;
use crate::intent::CONTENT;

/// So often others have BIRD `configure`, and with so long between.
const RECONFIGURATIONS: u32 = 5;
const BETWEEN: Duration = Duration::from_millis(300);

type Done = Result<(), String>;

impl Stage {
    /// The fault begins. What goes on for longer than a moment goes on by itself.
    pub(crate) async fn break_down(
        &mut self,
        fault: Fault,
    ) -> Result<Option<JoinHandle<Done>>, String> {
        match fault {
            Fault::ServerKilled => self.kill_server().await?,
            Fault::ServerFrozen => send(self.server.as_ref(), Signal::SIGSTOP),
            Fault::ServerSlow => self.answer(Mode::Slow).await?,
            Fault::ServerServfail => self.answer(Mode::Servfail).await?,
            Fault::ServerRefused => self.answer(Mode::Refused).await?,
            Fault::ServerWrongData => self.answer(Mode::WrongData).await?,
            Fault::ServerTruncated => self.answer(Mode::Truncated).await?,
            Fault::ServerLossy => self.answer(Mode::Lossy).await?,
            Fault::AddressRemoved => {
                for arguments in layout::service_addresses(&self.config, "del") {
                    self.ip(&arguments).await?;
                }
            }
            Fault::BirdRestarted => kill(&mut self.bird).await?,
            Fault::BirdRestartedWithdrawn => {
                kill(&mut self.bird).await?;
                self.start_bird().await?;
            }
            Fault::BirdFrozen => send(self.bird.as_ref(), Signal::SIGSTOP),
            Fault::BirdFrozenServerDies => {
                send(self.bird.as_ref(), Signal::SIGSTOP);
                self.kill_server().await?;
            }
            Fault::Reconfigured | Fault::ReconfiguredWithdrawn => {
                let socket = self.config.bird.socket.clone();
                return Ok(Some(tokio::spawn(configure_often(socket))));
            }
            Fault::DaemonKilled => kill(&mut self.controller).await?,
            Fault::DaemonKilledServerDies => {
                kill(&mut self.controller).await?;
                self.kill_server().await?;
            }
            Fault::DaemonFrozen => send(self.controller.as_ref(), Signal::SIGSTOP),
            Fault::DaemonFrozenServerDies => {
                send(self.controller.as_ref(), Signal::SIGSTOP);
                self.kill_server().await?;
            }
            Fault::IntentDeleted => self.rewrite_intents(None).await?,
            Fault::IntentForged => self.rewrite_intents(Some(CONTENT)).await?,
            Fault::NeighborRestarted => {
                for number in 0..self.opposite.len() {
                    kill(&mut self.opposite[number]).await?;
                    self.start_router(number).await?;
                }
            }
            Fault::NeighborFrozen => {
                let all = self.opposite.iter();
                all.for_each(|process| send(process.as_ref(), Signal::SIGSTOP));
            }
            Fault::LinkDown => {
                for router in &self.routers {
                    self.ip(&format!("-n {} link set {UPLINK} down", router.name))
                        .await?;
                }
            }
        }
        Ok(None)
    }

    /// The fault is over. A server that died beside something else stays dead: what comes of that is the question.
    pub(crate) async fn repair(&mut self, fault: Fault) -> Done {
        match fault {
            Fault::ServerKilled
            | Fault::BirdRestartedWithdrawn
            | Fault::ReconfiguredWithdrawn
            | Fault::IntentForged => self.start_server().await?,
            Fault::ServerFrozen => send(self.server.as_ref(), Signal::SIGCONT),
            Fault::ServerSlow
            | Fault::ServerServfail
            | Fault::ServerRefused
            | Fault::ServerWrongData
            | Fault::ServerTruncated
            | Fault::ServerLossy => self.answer(Mode::Well).await?,
            Fault::AddressRemoved => self.give_addresses().await?,
            Fault::BirdRestarted => self.start_bird().await?,
            Fault::BirdFrozen | Fault::BirdFrozenServerDies => {
                send(self.bird.as_ref(), Signal::SIGCONT);
            }
            Fault::DaemonKilled | Fault::DaemonKilledServerDies => self.start_controller()?,
            Fault::DaemonFrozen | Fault::DaemonFrozenServerDies => {
                send(self.controller.as_ref(), Signal::SIGCONT);
            }
            Fault::NeighborFrozen => {
                let all = self.opposite.iter();
                all.for_each(|process| send(process.as_ref(), Signal::SIGCONT));
            }
            Fault::LinkDown => {
                self.raise_links().await?;
                self.give_addresses().await?;
            }
            Fault::Reconfigured | Fault::IntentDeleted | Fault::NeighborRestarted => {}
        }
        Ok(())
    }

    /// The DNS server dies.
    pub(crate) async fn kill_server(&mut self) -> Done {
        kill(&mut self.server).await
    }

    /// All intent files hold this, or are gone, and BIRD reads them.
    async fn rewrite_intents(&self, content: Option<&str>) -> Done {
        for [protocol, _] in self.config.protocols() {
            let path = self.config.bird.intent_file(&protocol);
            let done = match content {
                Some(content) => fs::write(&path, content),
                None => fs::remove_file(&path),
            };
            done.map_err(|error| format!("{}: {error}", path.display()))?;
        }
        configure(&self.config.bird.socket).await
    }
}

fn send(process: Option<&Process>, signal: Signal) {
    if let Some(process) = process {
        process.signal(signal);
    }
}

async fn kill(process: &mut Option<Process>) -> Done {
    match process.take() {
        Some(mut process) => process.kill().await.map_err(|error| error.to_string()),
        None => Ok(()),
    }
}

/// What somebody else does with `birdc configure`.
async fn configure(socket: &Path) -> Done {
    let asked = async {
        let mut client = Client::connect(socket).await?;
        client.ask(&Command::Configure).await
    };
    asked.await.map(drop).map_err(|error| error.to_string())
}

async fn configure_often(socket: PathBuf) -> Done {
    for _ in 0..RECONFIGURATIONS {
        configure(&socket).await?;
        sleep(BETWEEN).await;
    }
    Ok(())
}
