//! The stage: the node's network with its BIRD, daemon and DNS server, and a network with a BIRD for each router.

mod faults;
mod programs;

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::answer::Mode;
use super::derive::{DIRECTORY, password_file};
use super::layout::{self, Router, UPLINK};
use super::opposite;
use super::process::{Process, ip};
use crate::bird::client::Client;
use crate::config::{Config, PasswordSource};
use crate::control;
use crate::model::{NeighborName, Password};
use crate::overrides::{Action, Request, Whom};
use crate::{files, passwords, render};

/// What plays, and with what.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Programs {
    /// BIRD.
    pub(crate) bird: PathBuf,
    /// iproute2's.
    pub(crate) ip: PathBuf,
    /// util-linux's.
    pub(crate) nsenter: PathBuf,
}

/// Everything that stands there.
pub(crate) struct Stage {
    programs: Programs,
    config: Config,
    routers: Vec<Router>,
    password: Password,
    /// How late the DNS server is when it is slow.
    delay: Duration,
    addresses: Vec<IpAddr>,
    bird: Option<Process>,
    opposite: Vec<Option<Process>>,
    controller: Option<Process>,
    server: Option<Process>,
}

/// How long a program may take until it can be asked.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks whether it can.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Beyond the longest `timeout`.
const LATE: Duration = Duration::from_millis(250);

/// So many last lines of a log are shown.
const LOG_LINES: usize = 6;

impl Stage {
    /// Sets everything up, and starts it all.
    pub(crate) async fn new(
        text: &str,
        config: Config,
        programs: Programs,
    ) -> Result<Self, String> {
        let file = |name: &str, text: &str| {
            let path = Path::new(DIRECTORY).join(name);
            files::write_atomically(&path, text, 0o600)
                .map_err(|error| format!("{}: {error}", path.display()))
        };
        for directory in ["", "intent", "state"] {
            let path = Path::new(DIRECTORY).join(directory);
            fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        file("config.yaml", text)?;
        file("password", &format!("{:032x}\n", rand::random::<u128>()))?;
        let source = PasswordSource::File(password_file().into());
        let password = passwords::read(&source).map_err(|error| error.to_string())?;
        let timeouts = config
            .services
            .iter()
            .flat_map(crate::config::Service::members);
        let timeouts = timeouts.map(|member| member.timing.timeout.duration());
        let mut stage = Self {
            delay: timeouts.max().unwrap_or_default() + LATE,
            addresses: layout::addresses(&config),
            routers: layout::routers(&config),
            programs,
            config,
            password,
            bird: None,
            opposite: Vec::new(),
            controller: None,
            server: None,
        };
        stage.opposite.resize_with(stage.routers.len(), || None);
        stage.write_files()?;
        stage.connect().await?;
        stage.mend().await?;
        Ok(stage)
    }

    /// The files of all BIRDs.
    fn write_files(&self) -> Result<(), String> {
        let install = |path: &Path, text: &str| {
            files::write_atomically(path, text, 0o600)
                .map_err(|error| format!("{}: {error}", path.display()))
        };
        let bird = &self.config.bird;
        let text = render::bird(&self.config).map_err(|error| error.to_string())?;
        install(&bird.config, &text)?;
        let neighbors = self.config.neighbors.iter();
        let secured = neighbors.filter(|neighbor| neighbor.password.is_some());
        let passwords: Vec<(NeighborName, Password)> = secured
            .map(|neighbor| (neighbor.name.clone(), self.password.clone()))
            .collect();
        let secrets =
            render::secrets(&self.config, &passwords).map_err(|error| error.to_string())?;
        install(&bird.secrets, secrets.expose_secret())?;
        for (number, router) in self.routers.iter().enumerate() {
            let log = file_of(router, "log");
            let text = opposite::configuration(&self.config, router, number, &log, &self.password);
            let text = text.map_err(|error| error.to_string())?;
            install(&file_of(router, "conf"), text.expose_secret())?;
        }
        Ok(())
    }

    async fn ip(&self, arguments: &str) -> Result<(), String> {
        ip(&self.programs.ip, arguments).await
    }

    /// Networks, links and addresses.
    async fn connect(&self) -> Result<(), String> {
        self.ip("link set lo up").await?;
        for router in &self.routers {
            let name = &router.name;
            self.ip(&format!("netns add {name}")).await?;
            self.ip(&format!("-n {name} link set lo up")).await?;
            self.ip(&format!(
                "link add {name} type veth peer name {UPLINK} netns {name}"
            ))
            .await?;
            self.ip(&format!("link set {name} up")).await?;
            self.ip(&format!("-n {name} link set {UPLINK} up")).await?;
        }
        self.give_addresses().await
    }

    /// The links as the routers have them.
    async fn raise_links(&self) -> Result<(), String> {
        for router in &self.routers {
            self.ip(&format!("-n {} link set {UPLINK} up", router.name))
                .await?;
        }
        Ok(())
    }

    /// All addresses, wherever one is missing: an interface that goes down loses those of IPv6.
    async fn give_addresses(&self) -> Result<(), String> {
        for arguments in layout::service_addresses(&self.config, "replace") {
            self.ip(&arguments).await?;
        }
        for router in &self.routers {
            let [near, far] = layout::link_addresses(router);
            for arguments in near {
                self.ip(&arguments).await?;
            }
            for arguments in far {
                self.ip(&format!("-n {} {arguments}", router.name)).await?;
            }
        }
        Ok(())
    }

    /// The routers, each with its BIRD's control socket.
    pub(crate) fn witnesses(&self) -> Vec<(Router, PathBuf)> {
        let routers = self.routers.iter();
        routers
            .map(|router| (router.clone(), file_of(router, "ctl")))
            .collect()
    }

    /// The services, in the order of the configuration.
    pub(crate) fn services(&self) -> Vec<String> {
        let services = self.config.services.iter();
        services.map(|service| service.name.to_string()).collect()
    }

    /// Whatever is broken is well again, and whatever has ended runs.
    pub(crate) async fn mend(&mut self) -> Result<(), String> {
        let processes = [&mut self.bird, &mut self.controller, &mut self.server];
        for process in processes.into_iter().chain(&mut self.opposite) {
            if let Some(process) = process {
                process.signal(Signal::SIGCONT);
            }
            process.take_if(|process| !process.is_there());
        }
        self.raise_links().await?;
        self.give_addresses().await?;
        for number in 0..self.routers.len() {
            self.start_router(number).await?;
        }
        self.start_server().await?;
        self.answer(Mode::Well).await?;
        self.start_bird().await?;
        self.start_controller()
    }

    /// Everything of the node begins anew, with no past.
    pub(crate) async fn renew(&mut self) -> Result<(), String> {
        for process in [&mut self.controller, &mut self.bird].into_iter().flatten() {
            process.kill().await.map_err(|error| error.to_string())?;
        }
        for directory in [&self.config.bird.intent_dir, &self.config.daemon.state_dir] {
            let emptied =
                fs::remove_dir_all(directory).and_then(|()| fs::create_dir_all(directory));
            emptied.map_err(|error| format!("{}: {error}", directory.display()))?;
        }
        self.mend().await
    }

    /// What damping holds back is let go: it holds for longer than anybody looks. A daemon that does not run holds nothing.
    pub(crate) async fn release(&self) {
        let request = Request {
            whom: Whom::All,
            action: Action::Release,
            reason: None,
        };
        let _ = control::ask(
            &self.config.daemon.control,
            control::Request::Order(request),
        )
        .await;
    }
}

/// The daemon's last words.
pub(crate) fn last_words() -> Vec<String> {
    tail(&log("anycastctl"))
}

/// A file of a router.
fn file_of(router: &Router, kind: &str) -> PathBuf {
    Path::new(DIRECTORY).join(format!("{}.{kind}", router.name))
}

/// Where a program of the node writes what it says.
fn log(name: &str) -> PathBuf {
    Path::new(DIRECTORY).join(format!("{name}.out"))
}

fn tail(path: &Path) -> Vec<String> {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    let last = lines.len().saturating_sub(LOG_LINES);
    lines[last..]
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}

/// Waits until a BIRD answers.
async fn answers(socket: &Path, process: &mut Process, log: &Path) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if Client::connect_restricted(socket).await.is_ok() {
            return Ok(());
        }
        if !process.is_there() || Instant::now() >= deadline {
            return Err(format!("BIRD does not start: {}", tail(log).join("; ")));
        }
        sleep(LOOK_AGAIN).await;
    }
}

fn explained(what: &str, error: &io::Error) -> String {
    format!("cannot start {what}: {error}")
}
