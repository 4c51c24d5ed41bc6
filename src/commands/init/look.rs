//! Looks at the host: addresses, DNS servers, BIRD. What cannot be seen is left out; nothing here fails.

mod bird;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::files::read_text;
use crate::host::{self, Process, Processes};
use crate::init::{self, Found, Listener};

/// How long all processes and their sockets may take to be looked through.
const PROCESSES: Duration = Duration::from_secs(3);

/// The port of DNS.
const PORT: u16 = 53;

/// A configuration file that is larger is not read, in bytes.
const FILE_LIMIT: u64 = 4 << 20;

/// Everything that can be seen without asking a DNS server.
pub(super) async fn host(socket: Option<PathBuf>) -> Found {
    let processes = Processes::look(Instant::now() + PROCESSES);
    let addresses = host::interfaces().unwrap_or_default();
    let hostname = first_word("/proc/sys/kernel/hostname");
    Found {
        domains: domains(&hostname),
        hostname,
        gateways: host::gateways(),
        listeners: listeners(&processes),
        bird: bird::look(socket, &processes, &addresses).await,
        addresses,
        ..Found::default()
    }
}

fn first_word(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The host's own name and what is above it, then what short names are searched in (resolv.conf(5)). A name of
/// one label is nobody's zone.
fn domains(hostname: &str) -> Vec<String> {
    let above = std::iter::successors(Some(hostname), |name| Some(name.split_once('.')?.1));
    let resolver = read_text(Path::new("/etc/resolv.conf"), FILE_LIMIT).unwrap_or_default();
    let lines = resolver.lines().filter_map(|line| {
        let (key, rest) = line.split_once([' ', '\t'])?;
        matches!(key, "search" | "domain").then_some(rest)
    });
    let searched = lines.flat_map(str::split_whitespace);
    let mut domains: Vec<String> = Vec::new();
    for name in above.chain(searched).map(|name| name.trim_matches('.')) {
        if name.contains('.') && !domains.iter().any(|known| known == name) {
            domains.push(name.to_owned());
        }
    }
    domains
}

/// Who listens on port 53, each address once.
fn listeners(processes: &Processes) -> Vec<Listener> {
    let mut listeners: Vec<Listener> = Vec::new();
    for socket in host::listening(PORT) {
        if listeners
            .iter()
            .any(|known| known.address == socket.address)
        {
            continue;
        }
        let known = processes.owner(socket.inode);
        listeners.push(Listener {
            address: socket.address,
            program: known.map(|process| process.name.clone()),
            zones: known.map(zones).unwrap_or_default(),
        });
    }
    listeners
}

/// Where servers have their zones unless their arguments say otherwise.
const USUAL: [(&str, &[&str]); 3] = [
    ("nsd", &["/etc/nsd/nsd.conf", "/etc/nsd/nsd.conf.d"]),
    (
        "named",
        &[
            "/etc/bind/named.conf.local",
            "/etc/bind/named.conf",
            "/etc/named.conf",
        ],
    ),
    ("knotd", &["/etc/knot/knot.conf"]),
];

/// The zones that a server's configuration names.
fn zones(process: &Process) -> Vec<String> {
    let Some((_, usual)) = USUAL.iter().find(|(name, _)| *name == process.name) else {
        return Vec::new();
    };
    let given = process.option("-c").map(Path::new);
    let usual = usual.iter().map(Path::new);
    let files = given.into_iter().chain(usual).flat_map(files);
    let texts = files.filter_map(|file| read_text(&file, FILE_LIMIT).ok());
    let mut zones: Vec<String> = Vec::new();
    for zone in texts.flat_map(|text| init::zones(&text)) {
        if !zones.contains(&zone) {
            zones.push(zone);
        }
    }
    zones
}

/// A file, or the files of a directory in the order of their names. Only plain ones: a pipe would be waited for.
fn files(path: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![path.to_owned()],
    };
    files.retain(|file| file.is_file());
    files.sort();
    files
}
