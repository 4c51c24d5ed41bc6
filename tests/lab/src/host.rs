//! A host: a network namespace and a process namespace, held by one small process.
//!
//! The process namespace is what makes clean-up certain. When its first process dies, the kernel kills
//! every other one in it, stopped or forked or not; and the first process dies with the thread that
//! made the host, whether that returned, panicked or was killed with SIGKILL.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::requirements::program;
use crate::{Context, Error, Process, Result};

/// A host of the lab. Dropping it ends everything in it.
///
/// It lives as long as the thread that made it, at most: keep a lab in the thread of its test.
pub struct Host {
    name: String,
    directory: PathBuf,
    holder: Child,
    children: Mutex<Vec<SharedChild>>,
}

/// A child that its [`Process`] and its host may both have to end.
pub(crate) type SharedChild = Arc<Mutex<Child>>;

impl Host {
    /// A new host whose files live in `directory`, with its loopback up.
    pub(crate) fn new(name: &str, directory: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory).context(format!("make {}", directory.display()))?;
        let host = Self {
            name: name.to_owned(),
            directory: directory.to_owned(),
            holder: start_holder().context(format!("make host {name}"))?,
            children: Mutex::default(),
        };
        host.ip("link set lo up")?;
        Ok(host)
    }

    /// The host's name, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the host's files are: sockets, configurations, logs.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The process that holds the namespaces, for the other end of a link.
    pub(crate) fn holder(&self) -> u32 {
        self.holder.id()
    }

    /// Calls something in a thread inside this host: sockets made there belong to this host's network,
    /// children started there to its processes.
    pub fn enter<T: Send>(&self, call: impl FnOnce() -> T + Send) -> Result<T> {
        let namespaces = Path::new("/proc")
            .join(self.holder().to_string())
            .join("ns");
        let network = File::open(namespaces.join("net")).context("open namespace")?;
        let processes =
            File::open(namespaces.join("pid_for_children")).context("open namespace")?;
        let inside = move || -> Result<T> {
            setns(network, CloneFlags::CLONE_NEWNET).context("enter network namespace")?;
            setns(processes, CloneFlags::CLONE_NEWPID).context("enter process namespace")?;
            Ok(call())
        };
        std::thread::scope(|scope| scope.spawn(inside).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Runs a program inside this host and returns its standard output; a bad exit is an error.
    pub fn run(&self, name: &str, arguments: &[&str]) -> Result<String> {
        let path = program(name).ok_or_else(|| Error::new(format!("no program `{name}`")))?;
        let mut command = Command::new(path);
        command.args(arguments).stdin(Stdio::null());
        let tried = format!("on {}: {name} {}", self.name, arguments.join(" "));
        let output = self.enter(|| command.output())?.context(&tried)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let complaint = String::from_utf8_lossy(&output.stderr);
        Err(Error::new(format!(
            "{tried}: {}: {complaint}",
            output.status
        )))
    }

    /// `ip`, with its arguments as one would type them.
    pub fn ip(&self, arguments: &str) -> Result<()> {
        let words: Vec<&str> = arguments.split_whitespace().collect();
        self.run("ip", &words).map(drop)
    }

    /// Drops every TCP packet to this port without an answer, until [`Host::undrop`].
    pub fn drop_tcp(&self, port: u16) -> Result<()> {
        self.drop_packets(&format!("tcp dport {port}"))
    }

    /// Drops every packet that comes in and matches, in the words of nftables, until [`Host::undrop`].
    pub fn drop_packets(&self, matching: &str) -> Result<()> {
        let rules = format!(
            "add table inet lab; add chain inet lab input {{ type filter hook input priority 0; }}; \
             add rule inet lab input {matching} drop"
        );
        self.run("nft", &[&rules]).map(drop)
    }

    /// Has whatever listens at port 53 of these two addresses of the host answer all questions over UDP to any other
    /// one, until [`Host::undivert_dns`]. No socket is closed for it, so nothing but the answers changes.
    pub fn divert_dns(&self, ipv4: &str, ipv6: &str) -> Result<()> {
        let rules = format!(
            "add table inet lab_dns; \
             add chain inet lab_dns output {{ type nat hook output priority -100; }}; \
             add rule inet lab_dns output udp dport 53 ip daddr != {ipv4} dnat ip to {ipv4}; \
             add rule inet lab_dns output udp dport 53 ip6 daddr != {ipv6} dnat ip6 to {ipv6}"
        );
        self.run("nft", &[&rules]).map(drop)
    }

    /// Ends [`Host::divert_dns`].
    pub fn undivert_dns(&self) -> Result<()> {
        self.run("nft", &["delete table inet lab_dns"]).map(drop)
    }

    /// Lets all packets through again.
    pub fn undrop(&self) -> Result<()> {
        self.run("nft", &["delete table inet lab"]).map(drop)
    }

    /// Starts a program inside this host; see [`Process`].
    pub fn spawn(&self, name: &str, command: &mut Command) -> Result<Process> {
        Process::start(self, name, command)
    }

    /// Starts a child inside this host and remembers it, so that it is reaped whatever happens.
    pub(crate) fn start_child(&self, command: &mut Command) -> Result<SharedChild> {
        let child = self.enter(|| command.spawn())?.context("start")?;
        let shared = Arc::new(Mutex::new(child));
        self.children
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&shared));
        Ok(shared)
    }
}

/// A process namespace ends only when all its processes are reaped, and its first is ours to reap too.
impl Drop for Host {
    fn drop(&mut self) {
        let children = self
            .children
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for child in children.drain(..) {
            let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
            if matches!(child.try_wait(), Ok(None)) {
                let group = Pid::from_raw(child.id().cast_signed());
                let _already_gone = killpg(group, Signal::SIGKILL);
                let _already_reaped = child.wait();
            }
        }
        let _already_gone = self.holder.kill();
        let _already_reaped = self.holder.wait();
    }
}

/// Makes the namespaces. The holder dies with the calling thread, and its child with the holder.
fn start_holder() -> Result<Child> {
    let mut holder = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "unshare", "--net", "--pid", "--fork"])
        .args([
            "--kill-child=KILL",
            "sh",
            "-c",
            "echo ready; exec sleep infinity",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("setpriv")?;
    let mut ready = String::new();
    if let Some(output) = holder.stdout.take() {
        BufReader::new(output).read_line(&mut ready)?;
    }
    if ready.trim() == "ready" {
        return Ok(holder);
    }
    let status = holder.wait()?;
    Err(Error::new(format!("no namespaces: {status}")))
}
