//! Starting what plays. What runs already is left as it is.

use std::process::Stdio;

use tokio::process::Command;

use super::super::process::{OURSELVES, Process, tell};
use super::super::server::Orders;
use super::{DIRECTORY, Mode, Stage, answers, explained, file_of, log};

impl Stage {
    /// The node's BIRD.
    pub(super) async fn start_bird(&mut self) -> Result<(), String> {
        if self.bird.is_some() {
            return Ok(());
        }
        let bird = &self.config.bird;
        let mut command = Command::new(&self.programs.bird);
        command
            .arg("-f")
            .arg("-c")
            .arg(&bird.config)
            .arg("-s")
            .arg(&bird.socket);
        let process = Process::start(command.stdin(Stdio::null()), &log("bird"));
        let process = process.map_err(|error| explained("bird", &error))?;
        answers(&bird.socket, self.bird.insert(process), &log("bird")).await
    }

    /// The BIRD of the router with this number.
    pub(super) async fn start_router(&mut self, number: usize) -> Result<(), String> {
        let (Some(router), Some(place)) = (self.routers.get(number), self.opposite.get_mut(number))
        else {
            return Ok(());
        };
        if place.is_some() {
            return Ok(());
        }
        let socket = file_of(router, "ctl");
        let mut command = Command::new(&self.programs.nsenter);
        command.arg(format!("--net=/run/netns/{}", router.name));
        command.arg(&self.programs.bird).arg("-f");
        command
            .arg("-c")
            .arg(file_of(router, "conf"))
            .arg("-s")
            .arg(&socket);
        let log = log(&router.name);
        let process = Process::start(command.stdin(Stdio::null()), &log);
        let process = process.map_err(|error| explained("nsenter", &error))?;
        answers(&socket, place.insert(process), &log).await
    }

    /// This program's daemon.
    pub(super) fn start_controller(&mut self) -> Result<(), String> {
        if self.controller.is_some() {
            return Ok(());
        }
        let mut command = Command::new(OURSELVES);
        command.arg("-c").arg(format!("{DIRECTORY}/config.yaml"));
        command
            .args(["run", "--log-format", "text"])
            .stdin(Stdio::null());
        let process = Process::start(&mut command, &log("anycastctl"));
        self.controller = Some(process.map_err(|error| explained("the daemon", &error))?);
        Ok(())
    }

    /// The DNS server.
    pub(super) async fn start_server(&mut self) -> Result<(), String> {
        if self.server.is_some() {
            return Ok(());
        }
        let mut command = Command::new(OURSELVES);
        command
            .args(["selftest", "--role", "dns"])
            .stdin(Stdio::piped());
        let process = Process::start(&mut command, &log("dns"));
        let process = process.map_err(|error| explained("the DNS server", &error))?;
        self.server = Some(process);
        let orders = Orders {
            addresses: self.addresses.clone(),
            delay_ms: u64::try_from(self.delay.as_millis()).unwrap_or(u64::MAX),
        };
        self.tell_server(&orders).await
    }

    /// The DNS server answers like that from now on.
    pub(super) async fn answer(&mut self, mode: Mode) -> Result<(), String> {
        self.tell_server(&mode).await
    }

    async fn tell_server(&mut self, line: &impl serde::Serialize) -> Result<(), String> {
        let line = serde_json::to_string(line).map_err(|error| error.to_string())?;
        let stdin = self.server.as_mut().and_then(Process::stdin);
        let stdin = stdin.ok_or("the DNS server does not run")?;
        let told = tell(stdin, &line).await;
        told.map_err(|error| {
            format!(
                "the DNS server is gone: {error}: {}",
                super::tail(&log("dns")).join("; ")
            )
        })
    }
}
