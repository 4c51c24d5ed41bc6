//! `anycastctl selftest`: what neighbours see when things fail, with the operator's own thresholds, apart from the host.

mod playing;

use std::path::Path;

use clap::ValueEnum as _;
use nix::unistd::Uid;

use super::{Code, Failure, Output, document, load, runtime, terminal, written};
use crate::bird::binary::{self, Binary};
use crate::cli::{Role, Selftest};
use crate::selftest::derive::{Derived, derive};
use crate::selftest::fault::{Cell, Fault};
use crate::selftest::inside::{self, Plan};
use crate::selftest::report::{Report, expected};
use crate::selftest::stage::Programs;
use crate::selftest::{server, text};

/// Plays the faults, or is one of those who play.
pub fn selftest(config: &Path, options: &Selftest) -> Result<Output, Failure> {
    match options.role {
        Some(Role::Stage) => stage(),
        Some(Role::Dns) => dns(),
        None => operator(config, options),
    }
}

fn environment(message: &impl std::fmt::Display) -> Failure {
    Failure::new(Code::Environment, message)
}

fn nothing() -> Output {
    Output::new(String::new(), Code::Success)
}

fn stage() -> Result<Output, Failure> {
    inside::leave_the_host().map_err(|error| environment(&error))?;
    let played = runtime()?.block_on(inside::play());
    played
        .map(|()| nothing())
        .map_err(|error| environment(&error))
}

fn dns() -> Result<Output, Failure> {
    let served = runtime()?.block_on(server::serve());
    served
        .map(|()| nothing())
        .map_err(|error| environment(&format!("the DNS server of a self-test: {error}")))
}

fn operator(path: &Path, options: &Selftest) -> Result<Output, Failure> {
    let config = load(path)?.config;
    let derived = derive(&config, options.service.as_ref());
    let mut derived = derived.map_err(|error| Failure::new(Code::Usage, &error))?;
    let faults = match &options.faults[..] {
        [] => Fault::value_variants(),
        chosen => chosen,
    };
    let mut cells: Vec<Cell> = Vec::new();
    for cell in inside::cells(faults, &derived.config) {
        match cell {
            Ok(cell) => cells.push(cell),
            Err(reason) => derived.notes.push(reason),
        }
    }
    if options.list {
        return list(&cells, options.json);
    }
    if cells.is_empty() {
        return Err(Failure::new(Code::Usage, &derived.notes.join("\n")));
    }
    if !Uid::effective().is_root() {
        let message = "a self-test makes network, mount and process namespaces, which only root may: run `sudo anycastctl selftest`. `--list` shows without root what it would do";
        return Err(environment(&message));
    }
    let (programs, bird) = programs(options.bird.as_deref().unwrap_or(&config.bird.binary))?;
    let plan = Plan {
        text: derived.text.clone(),
        programs,
        faults: cells.iter().map(|cell| cell.fault).collect(),
    };
    playing::play(&plan, &cells, report(&derived, bird), options.json)
}

/// What can be said before anything is played.
fn report(derived: &Derived, bird: String) -> Report {
    let services = derived.config.services.iter();
    Report {
        version: 1,
        right: false,
        bird,
        services: services.map(|service| service.name.to_string()).collect(),
        neighbors: inside::neighbors(&derived.config),
        notes: derived.notes.clone(),
        faults: Vec::new(),
    }
}

fn list(cells: &[Cell], json: bool) -> Result<Output, Failure> {
    let stdout = if json {
        let rows = cells.iter().map(|cell| {
            serde_json::json!({
                "fault": cell.fault, "before": cell.before, "expected": expected(cell), "words": cell.fault.words(),
            })
        });
        document(&rows.collect::<Vec<_>>())?
    } else {
        written(|out| text::list(cells, terminal::width(), out))?
    };
    Ok(Output::new(stdout, Code::Success))
}

/// Whatever is needed, where it is; and which BIRD that is.
fn programs(bird: &Path) -> Result<(Programs, String), Failure> {
    let find = |name: &Path, package: &str| {
        binary::find(name).ok_or_else(|| {
            let name = name.display();
            environment(&format!(
                "there is no program `{name}`, which a self-test needs: install {package}"
            ))
        })
    };
    let path = find(bird, "bird2, or name it with `--bird`")?;
    let path = path.canonicalize().map_err(|error| environment(&error))?;
    let known = Binary::ask(&path).map_err(|error| environment(&error))?;
    if path.starts_with("/run") {
        let path = path.display();
        return Err(environment(&format!(
            "{path} lies below /run, which a self-test covers: name another one with `--bird`"
        )));
    }
    let programs = Programs {
        bird: path,
        ip: find(Path::new("ip"), "iproute2")?,
        nsenter: find(Path::new("nsenter"), "util-linux")?,
    };
    Ok((programs, known.version_text))
}
