//! `anycastctl selftest`: the operator's own faults, on a stage of their own; nothing of the host is touched.
//!
//! The host is a lab's node, so that what others do meanwhile is not taken for ours.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use lab::{Bird, Context as _, Error, Lab, Result, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// For whatever a signal has ended to be gone.
const SOON: Duration = Duration::from_secs(10);

const SERVICE: &str = r#"  resolver:
    prefixes: [192.0.2.53/32, "2001:db8:53::53/128"]
    interval: 300ms
    timeout: 300ms
    rise: 2
    checks: [{ dns: { name: example.com, type: SOA } }]
"#;

/// No secret can be read: the self-test has no need of any.
const NEIGHBOR: &str = r#"  tor1:
    asn: 64600
    password_file: /nonexistent/secret
    sessions: [{ local: 10.99.0.2, remote: 10.99.0.1 }, { local: "fd99::2", remote: "fd99::1" }]
"#;

/// A host with a configuration, and nothing that it names.
struct Site {
    lab: Lab,
    config: PathBuf,
    bird: PathBuf,
}

impl Site {
    fn new(services: &str, neighbors: &str) -> Result<Self> {
        let lab = Lab::new(&[])?;
        let directory = lab.node().directory().to_owned();
        // The kernel's own addresses of the link come when it has looked for others that have them.
        wait_until("addresses for good", SOON, || {
            let addresses = lab.node().run("ip", &["-o", "-6", "addr"])?;
            let is_settled = addresses.contains("fe80::") && !addresses.contains("tentative");
            is_settled
                .then_some(())
                .ok_or_else(|| Error::new(addresses))
        })?;
        let everybody = || Permissions::from_mode(0o755);
        fs::set_permissions(lab.directory(), everybody()).context("lab directory")?;
        let config = directory.join("config.yaml");
        let bird = "bird: { version: \"2.0.7\", socket: /nonexistent/bird.ctl, intent_dir: /nonexistent/intent }";
        let text = format!(
            "version: 1\nnode: {{ name: ams1, asn: 64601, router_id: 10.99.0.2 }}\n{bird}\nservices:\n{services}neighbors:\n{neighbors}"
        );
        fs::write(&config, text).context("configuration")?;
        fs::create_dir(directory.join("tmp")).context("directory of temporary files")?;
        Ok(Self {
            lab,
            config,
            bird: Bird::node_program(),
        })
    }

    /// What marks every process that comes of this, as it stands in its environment.
    fn mark(&self) -> PathBuf {
        self.lab.node().directory().join("mark")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = [self.mark()]
            .into_iter()
            .chain(std::env::split_paths(&path));
        let mut command = Command::new(env!("CARGO_BIN_EXE_anycastctl"));
        command
            .arg("-c")
            .arg(&self.config)
            .args(["selftest", "--json", "--bird"])
            .arg(&self.bird)
            .args(arguments)
            .env("PATH", std::env::join_paths(path).unwrap_or_default())
            .env("TMPDIR", self.lab.node().directory().join("tmp"))
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = self.command(arguments);
        self.lab
            .node()
            .enter(|| command.output())?
            .context("selftest")
    }

    /// Runs it to its end, which has to be this.
    fn exits(&self, code: i32, arguments: &[&str]) -> Result<Value> {
        let output = self.run(arguments)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.code() != Some(code) {
            let result = String::from_utf8_lossy(&output.stdout);
            return Err(Error::new(format!("{}\n{said}\n{result}", output.status)));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|error| Error::new(format!("{error}: {said}")))
    }

    /// Starts it, and waits until faults are played.
    fn started(&self) -> Result<Child> {
        let mut command = self.command(&["--fault", "server-frozen", "--fault", "link-down"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = self
            .lab
            .node()
            .enter(|| command.spawn())?
            .context("selftest")?;
        let said = child.stderr.take().map(BufReader::new);
        let mut said = said
            .into_iter()
            .flat_map(BufReader::lines)
            .map_while(std::result::Result::ok);
        let begun = said.any(|line| line.contains("the faults begin"));
        assert!(begun, "it ended before");
        Ok(child)
    }

    /// Everything of the host that it could touch.
    fn host(&self) -> Result<Vec<String>> {
        let node = self.lab.node();
        let mut all = Vec::new();
        for arguments in [
            &["-o", "addr"][..],
            &["-o", "link"],
            &["route", "show", "table", "all"],
            &["-6", "route", "show", "table", "all"],
        ] {
            all.push(node.run("ip", arguments)?);
        }
        // Others boot machines below other directories meanwhile.
        let mounts = fs::read_to_string("/proc/self/mounts").context("mounts")?;
        let ours = |line: &&str| line.contains(" /run") || line.contains(" /proc");
        all.extend(mounts.lines().filter(ours).map(str::to_owned));
        for directory in [
            Path::new("/run"),
            Path::new("/run/netns"),
            node.directory(),
            &node.directory().join("tmp"),
        ] {
            let mut names = names(directory);
            // Notes of mount(8), made by whoever mounts first since the host was booted: other tests do, this program does not.
            names.remove("mount");
            all.push(format!("{names:?}"));
        }
        Ok(all)
    }

    /// Processes that came of it, with their command lines.
    fn processes(&self) -> Vec<String> {
        let mark = self.mark();
        let mark = mark.as_os_str().as_encoded_bytes();
        let of_ours = |process: &PathBuf| {
            let environment = fs::read(process.join("environ")).unwrap_or_default();
            environment.windows(mark.len()).any(|part| part == mark)
        };
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let processes = processes.map(|entry| entry.path()).filter(of_ours);
        let line =
            |process: PathBuf| fs::read_to_string(process.join("cmdline")).unwrap_or_default();
        processes.map(line).collect()
    }
}

fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fn wrong(report: &Value) -> Vec<String> {
    let faults = report["faults"].as_array().into_iter().flatten();
    let wrong = faults.filter(|outcome| outcome["right"] != true);
    wrong
        .map(|outcome| format!("{}: {}", outcome["fault"], outcome["reason"]))
        .collect()
}

#[test]
fn every_fault_ends_as_it_should_and_the_host_is_as_it_was() -> Result<()> {
    let site = Site::new(SERVICE, NEIGHBOR)?;
    let before = site.host()?;
    let report = site.exits(0, &[])?;
    assert_eq!(wrong(&report), Vec::<String>::new());
    assert_eq!(report["faults"].as_array().map(Vec::len), Some(24));
    assert_eq!(report["neighbors"][0], "tor1");
    let killed = &report["faults"][0];
    assert_eq!(killed["fault"], "server-killed");
    let taken = killed["withdrawn_after_ms"]
        .as_f64()
        .zip(killed["withdrawn_within_ms"].as_f64());
    assert!(
        taken.is_some_and(|(after, within)| after > 0.0 && after <= within),
        "{killed}"
    );
    assert_eq!(site.host()?, before);
    assert_eq!(site.processes(), Vec::<String>::new());
    Ok(())
}

/// A network whose protocols somebody wrote by hand, and which damping would hold at once.
const AUTHORITY: &str = r#"  authority:
    prefixes: [198.51.100.0/24, "2001:db8:100::/48"]
    bird: { v4: by_hand }
    route: { interface: anycast0 }
    interval: 200ms
    timeout: 200ms
    rise: 2
    damping: { free: 0, hold: 1h, max_hold: 1h }
    checks: [{ on_failure: withdraw, families: [v4, v6], exec: { command: [/nonexistent/program] } }]
"#;

/// A pair of switches without BFD, a router three hops away that hears of one service, and one of our own AS.
const NEIGHBORS: &str = r#"  pair:
    asn: 64600
    bfd: false
    hold_time: 9s
    sessions:
      - { local: 10.99.0.2, remote: 10.99.0.1 }
      - { local: 10.99.0.2, remote: 10.99.0.3 }
      - { local: "fd99::2", remote: "fd99::1" }
  far:
    asn: 64496
    password_env: NOBODY_HAS_IT
    multihop: 3
    services: [authority]
    sessions: [{ local: 10.99.0.2, remote: 192.168.7.1 }]
  reflector:
    asn: 64601
    graceful_restart: none
    sessions: [{ local: "fd98::2", remote: "fd98::1" }]
"#;

#[test]
fn whatever_a_node_may_be_is_played() -> Result<()> {
    let services = format!("{SERVICE}{AUTHORITY}");
    let site = Site::new(&services, NEIGHBORS)?;
    let faults = [
        "server-frozen",
        "address-removed",
        "bird-restarted-withdrawn",
        "reconfigured",
    ];
    let faults = faults.map(|name| ["--fault", name]).concat();
    let report = site.exits(0, &faults)?;
    assert_eq!(wrong(&report), Vec::<String>::new());
    assert_eq!(
        report["neighbors"].to_string(),
        r#"["far","pair","reflector"]"#
    );
    let notes = report["notes"].to_string();
    for words in [
        "checks: ",
        "passwords: ",
        "authority.route",
        "authority.bird",
    ] {
        assert!(notes.contains(words), "{words}: {notes}");
    }
    let report = site.exits(0, &["resolver", "--fault", "server-killed"])?;
    assert_eq!(report["services"].to_string(), r#"["resolver"]"#);
    assert_eq!(report["neighbors"].to_string(), r#"["pair","reflector"]"#);
    Ok(())
}

/// A BIRD whose static protocols have other names than the daemon knows: nothing can be withdrawn.
#[test]
fn what_stays_announced_is_told() -> Result<()> {
    let mut site = Site::new(SERVICE, NEIGHBOR)?;
    let wrapper = site.lab.node().directory().join("stubborn-bird");
    let bird = Bird::node_program();
    let script = format!(
        "#!/bin/sh\nsed -i -e 's/anycast_\\(resolver\\|\\*\\)/stuck_\\1/g' -e '/^  disabled;/d' /run/selftest/bird.conf 2> /dev/null\nexec {} \"$@\"\n",
        bird.display()
    );
    fs::write(&wrapper, script).context("wrapper")?;
    fs::set_permissions(&wrapper, Permissions::from_mode(0o755)).context("wrapper")?;
    site.bird = wrapper;
    let report = site.exits(1, &["--fault", "server-killed", "--fault", "reconfigured"])?;
    let reasons = wrong(&report);
    assert_eq!(reasons.len(), 1, "{report}");
    assert!(
        reasons[0].contains("resolver is not withdrawn after"),
        "{reasons:?}"
    );
    assert_eq!(report["right"], false);
    assert!(
        report["faults"][0]["log"]
            .to_string()
            .contains("service=resolver"),
        "{report}"
    );
    Ok(())
}

#[test]
fn a_signal_ends_it_and_leaves_nothing_behind() -> Result<()> {
    for (signal, code) in [
        (Signal::SIGINT, Some(130)),
        (Signal::SIGTERM, Some(143)),
        (Signal::SIGKILL, None),
    ] {
        let site = Site::new(SERVICE, NEIGHBOR)?;
        let before = site.host()?;
        let mut child = site.started()?;
        assert!(site.processes().len() > 5, "{:?}", site.processes());
        let id = i32::try_from(child.id()).map_err(|error| Error::new(error.to_string()))?;
        kill(Pid::from_raw(id), signal).context("kill")?;
        let status = child.wait().context("its end")?;
        assert_eq!(status.code(), code);
        match status.signal() {
            // Nobody waits for the end of what was on the stage.
            Some(_) => wait_until("the end of all", SOON, || match site.processes() {
                rest if rest.is_empty() => Ok(()),
                rest => Err(Error::new(format!("{rest:?}"))),
            })?,
            None => assert_eq!(site.processes(), Vec::<String>::new()),
        }
        assert_eq!(site.host()?, before);
    }
    Ok(())
}

#[test]
fn what_is_missing_is_named_before_anything_is_done() -> Result<()> {
    let mut site = Site::new(SERVICE, NEIGHBOR)?;
    let program = site.lab.node().directory().join("anycastctl");
    let files = [
        env!("CARGO_BIN_EXE_anycastctl"),
        &*program.display().to_string(),
    ]
    .map(str::to_owned);
    site.lab.node().run("cp", &[&files[0], &files[1]])?;
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]);
    command
        .arg(&program)
        .arg("-c")
        .arg(&site.config)
        .arg("selftest");
    let output = site
        .lab
        .node()
        .enter(|| command.output())?
        .context("setpriv")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("sudo anycastctl selftest"), "{said}");
    site.bird = "/nonexistent/bird".into();
    let output = site.run(&[])?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(
        said.contains("there is no program `/nonexistent/bird`"),
        "{said}"
    );
    Ok(())
}
