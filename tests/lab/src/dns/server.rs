//! A real DNS server on a host.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::recipe::{configuration, resolver, with_option, zone};
use crate::requirements::program;
use crate::{Certificate, Context, Error, Host, Process, Result};

/// The DNS servers of the lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Software {
    /// NSD: authoritative; forks.
    Nsd,
    /// Unbound: with the zone as local data.
    Unbound,
    /// BIND 9's named: authoritative; threads.
    Named,
}

impl Software {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Nsd, Self::Unbound, Self::Named];

    fn program(self) -> &'static str {
        match self {
            Self::Nsd => "nsd",
            Self::Unbound => "unbound",
            Self::Named => "named",
        }
    }

    /// Arguments that keep it in the foreground, before the configuration file.
    fn foreground(self) -> &'static [&'static str] {
        match self {
            Self::Nsd => &["-d", "-c"],
            Self::Unbound => &["-d", "-p", "-c"],
            Self::Named => &["-g", "-n", "1", "-c"],
        }
    }
}

/// What a server says to every question about its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The truth.
    Normal,
    /// It has lost its zone.
    ServFail,
    /// It does not want to.
    Refused,
}

impl Answer {
    fn code(self) -> &'static str {
        match self {
            Self::Normal => "NOERROR",
            Self::ServFail => "SERVFAIL",
            Self::Refused => "REFUSED",
        }
    }
}

/// A DNS server that answers for `example.com` on addresses of its host.
pub struct DnsServer<'lab> {
    host: &'lab Host,
    software: Software,
    name: String,
    directory: PathBuf,
    addresses: Vec<String>,
    certificate: Option<Certificate>,
    upstream: Option<Upstream>,
    options: Vec<String>,
    process: Option<Process>,
}

/// Whom a resolver asks for the zone, and what it believes about its keys.
struct Upstream {
    authority: String,
    anchor: PathBuf,
}

impl<'lab> DnsServer<'lab> {
    /// Starts one and waits until it answers on every address. `name` tells it from others on the host.
    pub fn start(
        host: &'lab Host,
        software: Software,
        name: &str,
        addresses: &[&str],
    ) -> Result<Self> {
        Self::start_with(host, software, name, addresses, None, None)
    }

    /// Starts an Unbound that has no zone, asks the server at `authority` for it and validates what comes by the DS
    /// records in the file `anchor`. It does not tell who it is.
    pub fn start_resolver(
        host: &'lab Host,
        name: &str,
        addresses: &[&str],
        authority: &str,
        anchor: &Path,
    ) -> Result<Self> {
        let upstream = Upstream {
            authority: authority.to_owned(),
            anchor: anchor.to_owned(),
        };
        Self::start_with(
            host,
            Software::Unbound,
            name,
            addresses,
            None,
            Some(upstream),
        )
    }

    /// Starts one that also answers over TLS on port 853 and, unless it is NSD, over HTTPS on port 443.
    pub fn start_secure(
        host: &'lab Host,
        software: Software,
        name: &str,
        addresses: &[&str],
        certificate: &Certificate,
    ) -> Result<Self> {
        let certificate = Some(certificate.clone());
        Self::start_with(host, software, name, addresses, certificate, None)
    }

    fn start_with(
        host: &'lab Host,
        software: Software,
        name: &str,
        addresses: &[&str],
        certificate: Option<Certificate>,
        upstream: Option<Upstream>,
    ) -> Result<Self> {
        let directory = host.directory().join(name);
        std::fs::create_dir_all(&directory).context(directory.display())?;
        std::fs::write(directory.join("example.com.zone"), zone()).context("zone file")?;
        copy_program(software, &directory)?;
        let mut server = Self {
            host,
            software,
            name: name.to_owned(),
            directory,
            addresses: addresses
                .iter()
                .map(|&address| address.to_owned())
                .collect(),
            certificate,
            upstream,
            options: Vec::new(),
            process: None,
        };
        server.restart(Answer::Normal)?;
        Ok(server)
    }

    /// Adds a line about the whole server, such as `tcp-idle-timeout: 2000`: from its next start on.
    pub fn option(&mut self, line: &str) {
        self.options.push(line.to_owned());
    }

    /// Ends it if it runs, starts it again with this answer, and waits until it gives it. What a resolver answers is up
    /// to its authority.
    pub fn restart(&mut self, answer: Answer) -> Result<()> {
        if self.process.as_ref().is_some_and(Process::is_running) {
            self.kill()?;
        }
        let configuration_file = self.directory.join("server.conf");
        let (directory, addresses) = (&self.directory, &self.addresses);
        let mut text = match &self.upstream {
            Some(Upstream { authority, anchor }) => {
                resolver(directory, addresses, authority, anchor)
            }
            None => {
                let certificate = self.certificate.as_ref();
                configuration(self.software, directory, addresses, answer, certificate)
            }
        };
        for option in &self.options {
            text = with_option(self.software, &text, option);
        }
        std::fs::write(&configuration_file, text).context(configuration_file.display())?;
        let mut command = Command::new(self.directory.join(self.software.program()));
        command
            .args(self.software.foreground())
            .arg(&configuration_file);
        let process = self.host.spawn(&self.name, &mut command)?;
        let answered = self.wait_for(answer, &process);
        self.process = Some(process);
        answered
    }

    /// Has it serve another zone file for `example.com`; not for Unbound, which has none.
    pub fn serve(&mut self, zone: &str) -> Result<()> {
        std::fs::write(self.directory.join("example.com.zone"), zone).context("zone file")?;
        self.restart(Answer::Normal)
    }

    /// Starts it again with another certificate.
    pub fn renew(&mut self, certificate: &Certificate) -> Result<()> {
        self.certificate = Some(certificate.clone());
        self.restart(Answer::Normal)
    }

    fn wait_for(&self, answer: Answer, process: &Process) -> Result<()> {
        process.until(&format!("{answer:?} from {}", self.name), || {
            for address in &self.addresses {
                let code = super::ask(self.host, address, false)?;
                if code != answer.code() {
                    return Err(Error::new(code));
                }
            }
            Ok(())
        })
    }

    /// The running process: to freeze, thaw or terminate.
    pub fn process(&self) -> Result<&Process> {
        self.process
            .as_ref()
            .ok_or_else(|| Error::new(format!("{} does not run", self.name)))
    }

    /// Its process alone, which goes on for as long as that is kept.
    pub fn into_process(mut self) -> Result<Process> {
        let name = &self.name;
        let ended = || Error::new(format!("{name} does not run"));
        self.process.take().ok_or_else(ended)
    }

    /// Ends it and all that it forked with SIGKILL. From then on its port refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.process()?.kill()?;
        self.process = None;
        Ok(())
    }
}

/// A private copy of the server: Debian's AppArmor profiles go by path, and confine the original to
/// directories that labs side by side would have to share.
///
/// `cp` does it, because a file that this process had open for writing could still be open in a child
/// that another thread is just starting, and would then be too busy to run.
fn copy_program(software: Software, directory: &Path) -> Result<()> {
    let name = software.program();
    let original = program(name).ok_or_else(|| Error::new(format!("no program `{name}`")))?;
    let status = Command::new("cp")
        .arg(&original)
        .arg(directory)
        .status()
        .context("cp")?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::new(format!("cp {name}: {status}")))
    }
}
