//! A password stands in the secrets file and nowhere else: every command is run with one, and everything it
//! says is searched for it.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{FileExt as _, PermissionsExt};
use std::process::{Command, Stdio};

use anycastctl::cli::{Cli, Target};
use clap::{CommandFactory, ValueEnum};
use tempfile::TempDir;

/// What must not be seen, also not in part.
const SECRET: &str = "hunter2";

/// A node with a password from each source, its files, and its secrets installed.
struct Site(TempDir);

impl Site {
    /// With this in the place of the password.
    fn new(password: &str) -> Self {
        let site = Self(tempfile::tempdir().expect("a directory"));
        let directory = site.0.path().display();
        for name in ["file", "credential"] {
            site.write(name, password);
        }
        let neighbor = |name: &str, net: u8, source: &str| {
            format!(
                "  {name}: {{ asn: 64600, {source}, sessions: [{{ local: 10.99.{net}.2, remote: 10.99.{net}.1 }}] }}\n"
            )
        };
        let text = [
            format!("version: 1\nnode: {{ name: n, asn: 64601, router_id: 10.99.0.2 }}\nbird: {{ socket: {directory}/bird.ctl, config: {directory}/bird.conf, secrets: {directory}/secrets.conf, intent_dir: {directory}/intent }}\n"),
            format!("daemon: {{ control: {directory}/control.sock, state_dir: {directory}/state }}\nhost: {{ dns_unit: nsd.service, receive_interfaces: [eth0], receive_processors: 0-1 }}\n"),
            "services: { dns: { prefixes: [192.0.2.53/32], interval: 50ms, timeout: 50ms, checks: [{ dns: { server: 127.0.0.1, port: 1, name: a.example, type: A } }] } }\nneighbors:\n".to_owned(),
            neighbor("one", 1, &format!("password_file: {directory}/file")),
            neighbor("two", 2, "password_credential: credential"),
            neighbor("three", 3, "password_env: SITE_PASSWORD"),
        ];
        site.write("config.yaml", &text.concat());
        site
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("closed");
    }

    fn command(&self, password: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_anycastctl"));
        command
            .arg("-c")
            .arg(self.0.path().join("config.yaml"))
            .args(arguments)
            .env("CREDENTIALS_DIRECTORY", self.0.path())
            .env("SITE_PASSWORD", password)
            .env("ANYCASTCTL_LOG_LEVEL", "debug")
            .stdin(Stdio::null());
        command
    }

    /// The first lines that the daemon logs.
    fn logs(&self, password: &str) -> String {
        let mut command = self.command(password, &["run"]);
        let mut daemon = command.stderr(Stdio::piped()).spawn().expect("it runs");
        let log = BufReader::new(daemon.stderr.take().expect("a pipe"));
        let lines: Vec<String> = log.lines().take(5).map_while(Result::ok).collect();
        // One that has ended already is what a refused configuration makes of it.
        let _ = daemon.kill();
        daemon.wait().expect("it ends");
        lines.join("\n")
    }

    /// Everything that a command prints.
    fn says(&self, password: &str, arguments: &[&str]) -> String {
        let mut command = self.command(password, arguments);
        let output = command.output().expect("it runs");
        let error = String::from_utf8_lossy(&output.stderr);
        format!("{}{error}", String::from_utf8_lossy(&output.stdout))
    }
}

/// Every way to call every command. A command that is missing here fails the test.
fn calls() -> Vec<Vec<String>> {
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut calls: Vec<Vec<String>> = [
        "check",
        "check --format json",
        "check --format github",
        "check --secrets placeholder",
        "diff",
        "diff --json",
        "apply",
        "apply --json",
        "apply --dry-run",
        "status",
        "status --json",
        "status dns",
        "status --nagios",
        "why dns",
        "history",
        "history --json",
        "metrics",
        "drain dns",
        "undrain dns",
        "withdraw --all",
        "pin dns --json",
        "release --all",
        "init",
        "init -o -",
        // Not to the BIRD of this host where the configuration cannot be used.
        "brake --wait 1s --socket /nonexistent/bird.ctl --intent-dir /nonexistent/intent --control /nonexistent/control.sock",
        "probe",
        "probe --json",
        "probe --all",
        "probe dns --check dns-1",
        "probe @127.0.0.1 example.com SOA +time=1ms",
        "selftest --list",
        "selftest --list --json",
        "selftest --bird /nonexistent/bird",
        "run",
        "reload",
        "reload --json",
        "schema",
        "completions bash",
        "man",
        "man config",
    ]
    .into_iter()
    .map(words)
    .collect();
    for target in Target::value_variants() {
        let value = target.to_possible_value().expect("none is hidden");
        match target {
            Target::Secrets => calls.push(words("render secrets --check /dev/null")),
            Target::Neighbor => {
                for router in ["frr", "bird", "junos", "eos"] {
                    calls.push(words(&format!("render neighbor one --for {router}")));
                }
            }
            _ => calls.push(words(&format!("render {}", value.get_name()))),
        }
    }
    let known = Cli::command();
    for command in known.get_subcommands() {
        let name = command.get_name();
        assert!(
            calls.iter().any(|call| call[0] == name),
            "`{name}` is not searched for passwords"
        );
    }
    calls
}

fn search(password: &str, prepare: impl Fn(&Site)) {
    let site = Site::new(password);
    prepare(&site);
    for call in calls() {
        let arguments: Vec<&str> = call.iter().map(String::as_str).collect();
        let said = match arguments[..] {
            ["run"] => site.logs(password),
            _ => site.says(password, &arguments),
        };
        assert!(!said.contains(SECRET), "{call:?} says {said}");
    }
}

#[test]
fn no_command_shows_a_password() {
    search(SECRET, |site| {
        let secrets = site.says(SECRET, &["render", "secrets"]);
        assert_eq!(
            secrets.matches(SECRET).count(),
            3,
            "this is where they are: {secrets}"
        );
        site.write("secrets.conf", &secrets.replace(SECRET, "hunter2-before"));
        let conf = site.says(SECRET, &["render"]);
        site.write("bird.conf", &conf.replace("10.99.1.1", "10.99.1.9"));
    });
}

/// A password that cannot be used is refused without being shown, and one in the configuration itself is
/// hidden in the excerpt.
#[test]
fn no_refusal_shows_a_password() {
    search("hunter2\"; passive on; #", |_| {});
    search("hunter2\nhunter2\n", |_| {});
    search(SECRET, |site| {
        let path = site.0.path().join("config.yaml");
        let text = fs::read_to_string(&path).expect("read");
        fs::write(
            path,
            text.replace("password_env: SITE_PASSWORD", "password: hunter2"),
        )
        .expect("written");
    });
    search(SECRET, |site| {
        site.write(
            "bird.conf",
            "protocol bgp a { local 10.0.0.1 as 1; neighbor 10.0.0.2 as 2; password \"hunter2\"; ipv4 { import none; export none; }; }\n",
        );
    });
}

/// The daemon needs none: it has no part in what a core of it, or whoever looks into it, could tell.
#[test]
fn the_daemon_has_no_password_in_its_memory() {
    let site = Site::new(SECRET);
    let mut command = site.command(SECRET, &["run"]);
    let command = command.env_remove("SITE_PASSWORD").stderr(Stdio::piped());
    let mut daemon = command.spawn().expect("it runs");
    let log = BufReader::new(daemon.stderr.take().expect("a pipe"));
    let lines: Vec<String> = log.lines().take(5).map_while(Result::ok).collect();
    let memory = memory(daemon.id());
    let _ = daemon.kill();
    daemon.wait().expect("it ends");
    let has = |words: &str| {
        memory
            .windows(words.len())
            .any(|found| found == words.as_bytes())
    };
    assert!(
        has(&format!("{}/file", site.0.path().display())),
        "it knows the path: {lines:?}"
    );
    assert!(!has(SECRET));
}

/// All that a process can write to.
fn memory(process: u32) -> Vec<u8> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).expect("maps");
    let file = fs::File::open(format!("/proc/{process}/mem")).expect("memory");
    let mut all = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let range = line
            .split_once(' ')
            .and_then(|(range, _)| range.split_once('-'));
        let (start, end) = range.expect("a range");
        let number = |text| u64::from_str_radix(text, 16).expect("a number");
        let (start, end) = (number(start), number(end));
        let mut part = vec![0; usize::try_from(end - start).expect("it fits")];
        // Some of it may be gone since.
        if file.read_exact_at(&mut part, start).is_ok() {
            all.append(&mut part);
        }
    }
    all
}

#[test]
fn a_password_that_is_a_pipe_is_refused_and_not_waited_for() {
    let site = Site::new(SECRET);
    let path = site.0.path().join("file");
    fs::remove_file(&path).expect("removed");
    let made = Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("mkfifo").success());
    let said = site.says(SECRET, &["check"]);
    assert!(said.contains("is not a plain file"), "{said}");
}

#[test]
fn a_password_that_others_can_change_is_told() {
    let site = Site::new(SECRET);
    for (mode, words) in [
        (0o604, "every user of this host can read"),
        (0o602, "every user of this host can change"),
    ] {
        let path = site.0.path().join("file");
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("opened");
        let said = site.says(SECRET, &["check"]);
        assert!(said.contains(words), "{said}");
    }
}
