//! Our own program on the node: rendering, running, asking.

use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::wait::wait_until;
use crate::{
    Bird, Context, Error, Lab, Manager, PATIENCE, Process, Result, Settings, Signal, requirements,
};

/// Has `/proc` show the processes of the node, as on any host.
const OWN_PROC: &str = "mount -t proc proc /proc";

/// `anycastctl` with a configuration on the lab's node; the daemon may run or not.
pub struct Controller<'lab> {
    lab: &'lab Lab,
    binary: PathBuf,
    configuration: PathBuf,
    daemon: Option<Process>,
}

/// What a command came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The exit code; none after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub complaint: String,
}

impl<'lab> Controller<'lab> {
    /// Writes the configuration, renders BIRD's files from it, and makes the intent directory, as an
    /// installation would. `binary` is the program under test.
    pub fn install(lab: &'lab Lab, binary: &str, settings: &Settings) -> Result<Self> {
        let configuration = settings.install(lab)?;
        let controller = Self {
            lab,
            binary: binary.into(),
            configuration,
            daemon: None,
        };
        let directory = lab.node().directory();
        std::fs::create_dir_all(controller.intent_directory()).context("intent directory")?;
        for (what, file) in [("bird", "bird.conf"), ("secrets", "bird.secrets.conf")] {
            let path = directory.join(file).display().to_string();
            controller.succeed(&["render", what, "-o", &path])?;
        }
        Ok(controller)
    }

    /// Starts the node's BIRD with the rendered files.
    pub fn start_bird(&self) -> Result<Bird<'lab>> {
        let directory = self.lab.node().directory();
        let (configuration, socket) = (directory.join("bird.conf"), directory.join("bird.ctl"));
        Bird::start_on_node(self.lab.node(), &configuration, &socket)
    }

    /// Where intent files are; a reboot empties it.
    #[must_use]
    pub fn intent_directory(&self) -> PathBuf {
        self.lab.node().directory().join("intent")
    }

    /// The intent file of a protocol.
    #[must_use]
    pub fn intent(&self, protocol: &str) -> PathBuf {
        self.intent_directory().join(format!("{protocol}.conf"))
    }

    /// The daemon's control socket.
    #[must_use]
    pub fn control(&self) -> PathBuf {
        self.lab.node().directory().join("control.sock")
    }

    /// What outlives a reboot.
    #[must_use]
    pub fn state_directory(&self) -> PathBuf {
        self.lab.node().directory().join("state")
    }

    /// What the daemon has logged.
    #[must_use]
    pub fn log(&self) -> String {
        let log = self.lab.node().directory().join("anycastctl.log");
        let log = std::fs::read(log).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// The configuration file.
    #[must_use]
    pub fn configuration(&self) -> &Path {
        &self.configuration
    }

    /// The program under test.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.binary
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("-c").arg(&self.configuration).args(arguments);
        command
    }

    /// Starts `anycastctl run`; its log is a file.
    pub fn start(&mut self) -> Result<()> {
        let process = self
            .lab
            .node()
            .spawn("anycastctl", &mut self.command(&["run"]))?;
        self.daemon = Some(process);
        Ok(())
    }

    /// Starts it as a service of this manager, whose watchdog waits for so long. It is no unit of this machine's systemd.
    pub fn start_under(&mut self, manager: &Manager, watchdog: Duration) -> Result<()> {
        let mut command = self.command(&["run"]);
        command
            .env("NOTIFY_SOCKET", manager.socket())
            .env("WATCHDOG_USEC", watchdog.as_micros().to_string())
            .env_remove("WATCHDOG_PID")
            .env_remove("INVOCATION_ID");
        self.daemon = Some(self.lab.node().spawn("anycastctl", &mut command)?);
        Ok(())
    }

    /// Starts it where this file holds the authorities of the system.
    pub fn start_trusting(&mut self, authorities: &Path) -> Result<()> {
        let mut command = self.command(&["run"]);
        command
            .env("SSL_CERT_FILE", authorities)
            .env_remove("SSL_CERT_DIR");
        self.daemon = Some(self.lab.node().spawn("anycastctl", &mut command)?);
        Ok(())
    }

    /// Starts it with a state directory on a disk of its own, of 64 KiB and full: all of it is `filler`. Returns
    /// where that directory is found from outside. The disk goes with the daemon.
    pub fn start_on_full_disk(&mut self) -> Result<PathBuf> {
        let state = self.state_directory();
        std::fs::create_dir_all(&state).context("state directory")?;
        let (path, inside) = (state.display(), state.strip_prefix("/").unwrap_or(&state));
        self.start_after(&format!(
            "mount -t tmpfs -o size=64k lab {path} && \
             {{ head -c 1M /dev/zero > {path}/filler 2> /dev/null || true; }}"
        ))?;
        let process = Path::new("/proc").join(self.daemon()?.id().to_string());
        Ok(process.join("root").join(inside))
    }

    /// Starts it where this user is the only member of this group.
    pub fn start_with_member(&mut self, user: &str, group: &str) -> Result<()> {
        let groups = self.lab.node().directory().join("group");
        let groups = groups.display();
        self.start_after(&format!(
            "sed 's/^\\({group}:[^:]*:[^:]*\\):.*/\\1:{user}/' /etc/group > {groups} && \
             mount --bind {groups} /etc/group"
        ))
    }

    /// Starts it where `/proc` shows the processes of the node and their numbers there, as on any host.
    pub fn start_with_own_proc(&mut self) -> Result<()> {
        self.start_after(OWN_PROC)
    }

    /// Starts it with a clock that differs from this machine's by what stands in the file `clock`, such as `-3h`, and may
    /// be changed at any time. The clock that never steps is left alone.
    pub fn start_with_clock(&mut self, clock: &Path) -> Result<()> {
        // Without it, a program would start all the same, with the right time.
        std::fs::metadata(requirements::FAKETIME).context(requirements::FAKETIME)?;
        let mut command = self.command(&["run"]);
        command
            .env("LD_PRELOAD", requirements::FAKETIME)
            .env("FAKETIME_TIMESTAMP_FILE", clock)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("DONT_FAKE_MONOTONIC", "1");
        self.daemon = Some(self.lab.node().spawn("anycastctl", &mut command)?);
        Ok(())
    }

    /// Starts it as a user that may do nothing but what everybody may, and that owns the files of the node.
    pub fn start_as(&mut self, user: &str, group: &str) -> Result<()> {
        let directory = self.lab.node().directory().display().to_string();
        self.readable_by_all()?;
        let owner = format!("{user}:{group}");
        self.lab.node().run("chown", &["-R", &owner, &directory])?;
        let mut command = Command::new("setpriv");
        command.args(["--reuid", user, "--regid", group, "--clear-groups"]);
        command.arg(self.copy()?).arg("-c").arg(&self.configuration);
        let daemon = self.lab.node().spawn("anycastctl", command.arg("run"))?;
        self.daemon = Some(daemon);
        Ok(())
    }

    /// Starts it where it may have so many descriptors, and may allow itself so many.
    pub fn start_with_descriptors(&mut self, soft: usize, hard: usize) -> Result<()> {
        self.start_after(&format!("ulimit -S -n {soft} && ulimit -H -n {hard}"))
    }

    /// Starts it in file systems of its own, after a script has changed them.
    fn start_after(&mut self, script: &str) -> Result<()> {
        let mut command = self.command_after(script, &["run"]);
        self.daemon = Some(self.lab.node().spawn("anycastctl", &mut command)?);
        Ok(())
    }

    fn command_after(&self, script: &str, arguments: &[&str]) -> Command {
        let script = format!("{script} && exec \"$@\"");
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", &script]);
        command.arg("sh").arg(&self.binary);
        command.arg("-c").arg(&self.configuration).args(arguments);
        command
    }

    /// Starts another one with the same configuration.
    pub fn start_second(&self) -> Result<Process> {
        let mut command = self.command(&["run"]);
        self.lab.node().spawn("anycastctl-2", &mut command)
    }

    /// Starts it with a standard error that is full already and that nobody reads.
    ///
    /// The reader has to stay open: a closed one would be an error instead of a wait.
    pub fn start_with_unread_log(&mut self) -> Result<std::io::PipeReader> {
        /// A pipe's capacity on Linux, see pipe(7).
        const CAPACITY: usize = 65536;
        let (reader, mut writer) = std::io::pipe()?;
        std::io::Write::write_all(&mut writer, &[b'\n'; CAPACITY])?;
        let mut command = self.command(&["run"]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(writer);
        let daemon = Process::start_with_output(self.lab.node(), "anycastctl", &mut command)?;
        self.daemon = Some(daemon);
        Ok(reader)
    }

    /// The running daemon.
    pub fn daemon(&self) -> Result<&Process> {
        self.daemon
            .as_ref()
            .ok_or_else(|| Error::new("anycastctl does not run"))
    }

    /// Ends the daemon with a signal and waits for its end.
    pub fn stop(&mut self, signal: Signal) -> Result<ExitStatus> {
        self.daemon()?.signal(signal)?;
        let status = self.daemon()?.wait();
        self.daemon = None;
        status.map_err(|error| self.lab.explain(&error))
    }

    /// Starts a command of ours on the node that may take a while; what it prints is in `<name>.log`.
    pub fn start_command(&self, name: &str, arguments: &[&str]) -> Result<Process> {
        self.lab.node().spawn(name, &mut self.command(arguments))
    }

    /// The same where `/proc` shows the processes of the node and their numbers there.
    pub fn start_command_with_own_proc(&self, name: &str, arguments: &[&str]) -> Result<Process> {
        let mut command = self.command_after(OWN_PROC, arguments);
        self.lab.node().spawn(name, &mut command)
    }

    /// Runs a command of ours on the node to its end.
    pub fn call(&self, arguments: &[&str]) -> Result<Outcome> {
        self.outcome(self.command(arguments), arguments)
    }

    /// Runs a command of ours as another user, with this group and no other. The program is copied to where
    /// everybody can run it.
    pub fn call_as(&self, user: &str, group: &str, arguments: &[&str]) -> Result<Outcome> {
        self.readable_by_all()?;
        let program = self.copy()?;
        let mut command = Command::new("setpriv");
        command.args(["--reuid", user, "--regid", group, "--clear-groups"]);
        command.arg(program).args(arguments);
        command.arg("--control").arg(self.control());
        self.outcome(command, arguments)
    }

    fn readable_by_all(&self) -> Result<()> {
        let everybody = Permissions::from_mode(0o755);
        std::fs::set_permissions(self.lab.directory(), everybody).context("lab directory")
    }

    /// The program where everybody can run it.
    fn copy(&self) -> Result<PathBuf> {
        let program = self.lab.node().directory().join("anycastctl");
        if !program.exists() {
            let (binary, copy) = (self.binary.display(), program.display());
            // By a process of its own: what another thread starts meanwhile would have a copy of ours open for writing
            // until it executes something, and as long it could not be executed.
            let files = [&*binary.to_string(), &*copy.to_string()];
            self.lab.node().run("cp", &files)?;
        }
        Ok(program)
    }

    fn outcome(&self, mut command: Command, arguments: &[&str]) -> Result<Outcome> {
        command.stdin(Stdio::null());
        let output = self
            .lab
            .node()
            .enter(|| command.output())?
            .context(arguments.join(" "))?;
        Ok(Outcome {
            code: output.status.code(),
            output: String::from_utf8_lossy(&output.stdout).into_owned(),
            complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs a command of ours, reads so many lines of its output and closes that; returns them and how it ended.
    pub fn read_lines(
        &self,
        arguments: &[&str],
        count: usize,
    ) -> Result<(Vec<String>, ExitStatus)> {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let child = self.lab.node().enter(|| command.spawn())?;
        let mut child = child.context(arguments.join(" "))?;
        let output = child.stdout.take().map(BufReader::new);
        let lines = output.into_iter().flat_map(BufRead::lines).take(count);
        let lines = lines.collect::<std::io::Result<_>>();
        let ended = wait_until("its end without a reader", PATIENCE, || {
            let status = child.try_wait().context(arguments.join(" "))?;
            status.ok_or_else(|| Error::new("it runs"))
        });
        if ended.is_err() {
            child.kill().context(arguments.join(" "))?;
        }
        Ok((lines.context(arguments.join(" "))?, ended?))
    }

    /// Runs a command of ours that has to succeed.
    pub fn succeed(&self, arguments: &[&str]) -> Result<String> {
        let outcome = self.call(arguments)?;
        if outcome.code == Some(0) {
            return Ok(outcome.output);
        }
        let tried = arguments.join(" ");
        Err(Error::new(format!(
            "anycastctl {tried}: {:?}\n{}",
            outcome.code, outcome.complaint
        )))
    }
}
