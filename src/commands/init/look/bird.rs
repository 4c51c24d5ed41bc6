//! BIRD: its program, its file, and what it says over a connection that may only read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use crate::bird::binary::{self, Binary};
use crate::bird::client::{Client, Error};
use crate::bird::command::Command;
use crate::bird::file::File;
use crate::bird::{survey, table};
use crate::config::defaults::{BIRD_CONFIG, BIRD_SOCKET};
use crate::files::read_installed_text;
use crate::host::Processes;
use crate::init::{Address, Answers, Bird, BirdFile, Export, Running, session};
use crate::model::{Prefix, ProtocolName};
use crate::observed::Survey;
use crate::render;

/// Where distributions and BIRD itself put the socket, the configuration's default first.
const SOCKETS: [&str; 3] = [BIRD_SOCKET, "/run/bird.ctl", "/usr/local/var/run/bird.ctl"];

/// The same of the file.
const FILES: [&str; 3] = [BIRD_CONFIG, "/etc/bird.conf", "/usr/local/etc/bird.conf"];

/// How long all questions to BIRD may take.
const ALL: Duration = Duration::from_secs(10);

/// A session with more routes than that exports a table, and is not looked through.
const MOST_EXPORTS: u64 = 1000;

/// Protocols that a rendered file has too, or that are looked at as sessions and announcements.
const KNOWN: [&str; 6] = ["BGP", "BFD", "Device", "Direct", "Kernel", "Static"];

pub(super) async fn look(
    socket: Option<PathBuf>,
    processes: &Processes,
    addresses: &[Address],
) -> Bird {
    let socket = socket.unwrap_or_else(|| first(&SOCKETS));
    let config = started_with(processes, &socket).unwrap_or_else(|| first(&FILES));
    let (file, text) = read(&config);
    // What is known of exports by half of that time is enough.
    let deadline = Instant::now() + ALL / 2;
    let asked = timeout(ALL, ask(&socket, &text, addresses, deadline)).await;
    let running = match asked {
        Ok(Ok(answers)) => Running::Answers(answers),
        Ok(Err(error)) => Running::Silent(error.to_string()),
        Err(_) => Running::Silent(format!("BIRD was too slow at {}", socket.display())),
    };
    let program = binary::find(Path::new("bird")).and_then(|path| Binary::ask(&path).ok());
    Bird {
        chooses_router_id: matches!(file, BirdFile::ByHand) && chooses_router_id(&text),
        socket,
        config,
        file,
        installed: program.and_then(|program| program.version),
        running,
    }
}

/// The first that is there, or the first.
fn first(paths: &[&str]) -> PathBuf {
    let there = paths.iter().find(|path| Path::new(path).exists());
    there
        .or_else(|| paths.first())
        .map(PathBuf::from)
        .unwrap_or_default()
}

/// The file in the arguments of the BIRD that has this socket. Who names the socket is a BIRD, whatever the program
/// is called; without that, it has to be called so.
fn started_with(processes: &Processes, socket: &Path) -> Option<PathBuf> {
    let is_usual = SOCKETS.iter().any(|usual| Path::new(usual) == socket);
    let mut birds = processes
        .iter()
        .filter(|process| match process.option("-s") {
            Some(other) => Path::new(other) == socket,
            None => is_usual && process.name == "bird",
        });
    let file = birds.find_map(|process| process.option("-c"))?;
    Some(PathBuf::from(file)).filter(|file| file.is_absolute())
}

fn read(path: &Path) -> (BirdFile, String) {
    match read_installed_text(path) {
        Ok(None) => (BirdFile::Absent, String::new()),
        Ok(Some(text)) if text.starts_with(render::HEADER) => (BirdFile::Rendered, text),
        Ok(Some(text)) => (BirdFile::ByHand, text),
        Err(error) => (BirdFile::Unreadable(error.to_string()), String::new()),
    }
}

/// Whether the file says so little of a router id that BIRD takes an address of an interface.
fn chooses_router_id(text: &str) -> bool {
    let file = File::read(text);
    let says = |words: &str| {
        file.statements()
            .iter()
            .any(|statement| statement.after(words).is_some())
    };
    file.is_complete() && !says("router id") && !says("include")
}

async fn ask(
    socket: &Path,
    text: &str,
    addresses: &[Address],
    deadline: Instant,
) -> Result<Answers, Error> {
    let mut client = Client::connect_restricted(socket).await?;
    let survey = survey::ask(&mut client).await?;
    let exports = exports(&mut client, &survey, addresses, deadline).await;
    let file = File::read(text);
    let written = file.protocols();
    let sessions = survey.protocols.iter().filter_map(|protocol| {
        let remote = protocol.bgp.as_ref()?.neighbor_address.as_ref();
        let has_bfd = remote.is_some_and(|remote| survey.bfd(remote.address).is_some());
        let written = written.iter().find(|written| written.name == protocol.name);
        session(protocol, has_bfd, written)
    });
    let announces = |name: &str| exports.iter().any(|export| export.protocol == name);
    let others = survey.protocols.iter().filter(|protocol| {
        let is_ours = protocol.name.starts_with("anycast_") || announces(&protocol.name);
        !KNOWN.contains(&protocol.kind.as_str())
            || protocol.kind == "Static" && !is_ours && has_routes(protocol)
    });
    Ok(Answers {
        version: survey.daemon.version.clone(),
        router_id: survey.daemon.router_id,
        sessions: sessions.collect(),
        others: others
            .map(|other| format!("{} {}", other.kind, other.name))
            .collect(),
        exports,
    })
}

/// The empty ones of a distribution's example are no loss.
fn has_routes(protocol: &table::Protocol) -> bool {
    let mut channels = protocol.channels.iter();
    channels.any(|channel| {
        channel
            .routes
            .as_ref()
            .is_none_or(|routes| routes.imported != Some(0))
    })
}

/// What established sessions export of that which this host's addresses are in. After a failure nothing more may be
/// asked, and what is known then is enough.
async fn exports(
    client: &mut Client,
    survey: &Survey,
    addresses: &[Address],
    deadline: Instant,
) -> Vec<Export> {
    let mut exports: Vec<Export> = Vec::new();
    let sessions = survey.protocols.iter().filter(|protocol| {
        let routes = protocol
            .channels
            .iter()
            .filter_map(|channel| channel.routes.as_ref());
        let exported = routes.filter_map(|routes| routes.exported);
        let is_symbol = protocol.name.parse::<ProtocolName>().is_ok();
        is_symbol
            && protocol.session_word() == "Established"
            && exported.sum::<u64>() <= MOST_EXPORTS
    });
    for session in sessions {
        let command = Command::ShowRoutesExport(session.name.clone());
        let Ok(Ok(reply)) = timeout_at(deadline, client.ask(&command)).await else {
            return exports;
        };
        for prefix in table::exported_prefixes(&reply) {
            let is_known = exports.iter().any(|export| export.prefix == prefix);
            if is_known
                || !addresses
                    .iter()
                    .any(|address| prefix.contains(address.address))
            {
                continue;
            }
            match protocol_of(client, prefix, &session.name, deadline).await {
                Ok(Some(protocol)) => exports.push(Export { prefix, protocol }),
                Ok(None) => {}
                Err(_) => return exports,
            }
        }
    }
    exports
}

/// The protocol that a prefix comes from.
async fn protocol_of(
    client: &mut Client,
    prefix: Prefix,
    session: &str,
    deadline: Instant,
) -> Result<Option<String>, Error> {
    let command = Command::ShowRouteExport {
        prefix,
        session: session.to_owned(),
    };
    let late = |_| Error::Deadline {
        command: command.to_string(),
    };
    let reply = timeout_at(deadline, client.ask(&command)).await;
    let reply = reply.map_err(late)??;
    Ok(table::exporting_protocols(&reply).into_iter().next())
}
