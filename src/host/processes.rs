//! The processes of this machine, as far as we may see them: their names, arguments and sockets.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A machine with more processes is none that runs a name server beside BIRD.
const MOST: usize = 10_000;

/// So much of a process's arguments is read, in bytes.
const ARGUMENTS: u64 = 64 * 1024;

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    id: u32,
    /// Its name, at most 15 bytes.
    pub name: String,
    /// Its arguments, its own name first.
    pub arguments: Vec<String>,
}

/// Those that were seen before the deadline.
#[derive(Debug, Clone, Default)]
pub struct Processes {
    all: Vec<Process>,
    deadline: Option<Instant>,
}

impl Processes {
    /// Looks until `deadline`, at most.
    #[must_use]
    pub fn look(deadline: Instant) -> Self {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let in_time = ids.take(MOST).take_while(|_| Instant::now() < deadline);
        Self {
            all: in_time.filter_map(process).collect(),
            deadline: Some(deadline),
        }
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Process> {
        self.all.iter()
    }

    /// Who has a socket open. Of other users' processes only root may know.
    #[must_use]
    pub fn owner(&self, inode: u64) -> Option<&Process> {
        let wanted = format!("socket:[{inode}]");
        let mut in_time = self.all.iter().take_while(|_| {
            let deadline = self.deadline;
            deadline.is_some_and(|deadline| Instant::now() < deadline)
        });
        in_time.find(|process| process.has_open(&wanted))
    }
}

impl Process {
    fn directory(&self) -> PathBuf {
        directory(self.id)
    }

    fn has_open(&self, wanted: &str) -> bool {
        let files = fs::read_dir(self.directory().join("fd"));
        let links = files.into_iter().flatten().flatten();
        links
            .filter_map(|entry| fs::read_link(entry.path()).ok())
            .any(|target| target.as_os_str().as_bytes() == wanted.as_bytes())
    }

    /// What stands behind an option: `-c FILE` or `-cFILE`.
    #[must_use]
    pub fn option(&self, option: &str) -> Option<&str> {
        let mut arguments = self.arguments.iter().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.strip_prefix(option) {
                Some("") => return arguments.next().map(String::as_str),
                Some(value) => return Some(value),
                None => {}
            }
        }
        None
    }
}

fn directory(id: u32) -> PathBuf {
    Path::new("/proc").join(id.to_string())
}

/// NSD's processes say what each does, as in `nsd: xfrd`.
fn name_of(comm: &str) -> String {
    let name = comm.split(':').next().unwrap_or_default();
    name.trim_end().to_owned()
}

fn process(id: u32) -> Option<Process> {
    let name = fs::read(directory(id).join("comm")).ok()?;
    let mut arguments = Vec::new();
    let file = File::open(directory(id).join("cmdline")).ok()?;
    file.take(ARGUMENTS).read_to_end(&mut arguments).ok()?;
    let arguments = arguments.split(|byte| *byte == 0);
    Some(Process {
        id,
        name: name_of(&String::from_utf8_lossy(&name)),
        arguments: arguments
            .map(|argument| String::from_utf8_lossy(argument).into_owned())
            .filter(|argument| !argument.is_empty())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;
    use std::time::Duration;

    use super::*;

    #[test]
    fn our_own_sockets_are_ours() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let link = fs::read_link(format!("/proc/self/fd/{}", listener.as_raw_fd())).unwrap();
        let inode = link.to_str().unwrap();
        let inode = inode.trim_start_matches("socket:[").trim_end_matches(']');
        let processes = Processes::look(Instant::now() + Duration::from_secs(30));
        let owner = processes.owner(inode.parse().unwrap()).unwrap();
        assert_eq!(owner.id, std::process::id());
        assert!(!owner.arguments.is_empty());
        assert_eq!(processes.owner(u64::MAX), None);
    }

    #[test]
    fn names_are_those_of_programs() {
        for (comm, name) in [("bird\n", "bird"), ("nsd: xfrd\n", "nsd"), ("", "")] {
            assert_eq!(name_of(comm), name);
        }
    }

    #[test]
    fn options_are_read_joined_and_apart() {
        let process = |arguments: &[&str]| Process {
            id: 1,
            name: "bird".into(),
            arguments: arguments.iter().map(|&one| one.to_owned()).collect(),
        };
        let split = process(&["-c", "-f", "-c", "/a", "-s/b"]);
        assert_eq!(
            (split.option("-c"), split.option("-s")),
            (Some("/a"), Some("/b"))
        );
        assert_eq!(process(&["bird", "-c"]).option("-c"), None);
    }
}
