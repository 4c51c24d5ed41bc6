//! The configuration of the stage, from the operator's: his thresholds, sessions and announcements; other checks, passwords and paths.
//!
//! What comes out is JSON, which is YAML too: the daemon reads it as it reads every configuration.

mod service;
mod session;

use serde_json::{Map, Value, json};

use crate::config::{Config, FlapAction, KernelExport, Neighbor, Parsed};
use crate::model::ServiceName;

pub(crate) use session::password_file;

/// Where everything of the stage lies: in a file system that nobody else sees.
pub(crate) const DIRECTORY: &str = "/run/selftest";

/// At most so many routers are played: each is a BIRD.
const MOST_ROUTERS: usize = 8;

/// A configuration to play with.
#[derive(Debug, Clone)]
pub(crate) struct Derived {
    /// As the daemon reads it.
    pub(crate) text: String,
    /// The same, read.
    pub(crate) config: Config,
    /// What is not as in the operator's, for people.
    pub(crate) notes: Vec<String>,
}

/// Why a configuration cannot be played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Impossible {
    #[error("the configuration has no service `{0}`")]
    NoService(ServiceName),
    #[error(
        "no neighbour hears of {0}: a self-test shows what neighbours see. Add a session of its family to a neighbour"
    )]
    Unheard(String),
    #[error(
        "the self-test cannot read what it made of this configuration, which is a bug in anycastctl:\n{0}"
    )]
    Unreadable(String),
}

/// Makes a configuration for the stage, of one service or of all.
pub(crate) fn derive(
    config: &Config,
    service: Option<&ServiceName>,
) -> Result<Derived, Impossible> {
    let mut notes = Vec::new();
    let chosen = chosen(config, service, &mut notes)?;
    let text = written(&chosen, &mut notes);
    let parsed = Config::parse("the self-test's configuration", &text);
    let Parsed { config, .. } =
        parsed.map_err(|findings| Impossible::Unreadable(findings.to_string()))?;
    Ok(Derived {
        text,
        config,
        notes,
    })
}

/// Only those services, and only the neighbours that hear of them, as far as there is room.
fn chosen(
    config: &Config,
    service: Option<&ServiceName>,
    notes: &mut Vec<String>,
) -> Result<Config, Impossible> {
    let mut chosen = config.clone();
    if let Some(name) = service {
        chosen.services.retain(|service| service.name == *name);
        if chosen.services.is_empty() {
            return Err(Impossible::NoService(name.clone()));
        }
    }
    let services = chosen.services.clone();
    let listens = |neighbor: &Neighbor| services.iter().any(|service| neighbor.gets(&service.name));
    chosen.neighbors.retain(listens);
    seat(&mut chosen.neighbors, notes);
    let heard = chosen.announcements();
    let is_heard = |number: usize| heard.iter().any(|heard| heard.service == number);
    let (heard, unheard): (Vec<_>, Vec<_>) = services
        .into_iter()
        .enumerate()
        .partition(|(number, _)| is_heard(*number));
    chosen.services = heard.into_iter().map(|(_, service)| service).collect();
    let unheard: Vec<String> = unheard
        .iter()
        .map(|(_, service)| service.name.to_string())
        .collect();
    let unheard = unheard.join(", ");
    if chosen.services.is_empty() {
        return Err(Impossible::Unheard(unheard));
    }
    if !unheard.is_empty() {
        notes.push(format!(
            "services: {unheard} left out, as nobody hears of it"
        ));
    }
    Ok(chosen)
}

/// As many as there is room for. A second session of a family is with a second router.
fn seat(neighbors: &mut Vec<Neighbor>, notes: &mut Vec<String>) {
    let mut room = MOST_ROUTERS;
    let mut left_out = Vec::new();
    neighbors.retain(|neighbor| {
        let rest = room.checked_sub(super::layout::routers_of(neighbor));
        match rest {
            Some(rest) => room = rest,
            None => left_out.push(neighbor.name.to_string()),
        }
        rest.is_some()
    });
    if !left_out.is_empty() {
        notes.push(format!(
            "neighbors: {} left out, as at most {MOST_ROUTERS} routers are played",
            left_out.join(", ")
        ));
    }
}

fn written(config: &Config, notes: &mut Vec<String>) -> String {
    notes.push(
        "checks: one DNS question to a server of the self-test's own, with the timing of the first check that withdraws".to_owned(),
    );
    let services: Map<String, Value> = config
        .services
        .iter()
        .map(|service| (service.name.to_string(), service::service(service, notes)))
        .collect();
    let neighbors = neighbors(config, notes);
    if !config.bird.include.is_empty() {
        notes.push("bird.include: left out".to_owned());
    }
    if config.flap.action == FlapAction::Hold {
        notes.push("flap.action: report, or sessions would be held after a few faults".to_owned());
    }
    let document = json!({
        "version": 1,
        "node": {
            "name": config.node.name,
            "asn": config.node.asn.get(),
            "router_id": config.node.router_id,
        },
        "bird": bird(config),
        "bfd": { "interval": config.bfd.interval.to_string(), "multiplier": config.bfd.multiplier },
        "kernel": kernel(config),
        "services": services,
        "neighbors": neighbors,
        "daemon": {
            "control": format!("{DIRECTORY}/control.sock"),
            "listen": "off",
            "state_dir": format!("{DIRECTORY}/state"),
            "stale_after": config.daemon.stale_after.to_string(),
        },
    });
    format!("{document:#}\n")
}

fn bird(config: &Config) -> Value {
    json!({
        "version": config.bird.version.to_string(),
        "socket": format!("{DIRECTORY}/bird.ctl"),
        "config": format!("{DIRECTORY}/bird.conf"),
        "secrets": format!("{DIRECTORY}/secrets.conf"),
        "intent_dir": format!("{DIRECTORY}/intent"),
        "log": format!("{DIRECTORY}/bird.log"),
        "poll_interval": config.bird.poll_interval.to_string(),
    })
}

fn kernel(config: &Config) -> Value {
    let export = match config.kernel.export {
        KernelExport::Bgp => "bgp",
        KernelExport::None => "none",
    };
    let mut kernel = json!({ "export": export });
    if let Some(ecmp) = config.kernel.ecmp {
        kernel["ecmp"] = json!(ecmp);
    }
    kernel
}

fn neighbors(config: &Config, notes: &mut Vec<String>) -> Map<String, Value> {
    if config
        .neighbors
        .iter()
        .any(|neighbor| neighbor.password.is_some())
    {
        notes.push("passwords: one of the self-test's own; yours are not read".to_owned());
    }
    let neighbors = config.neighbors.iter();
    neighbors
        .map(|neighbor| {
            (
                neighbor.name.to_string(),
                session::neighbor(config, neighbor),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests;
