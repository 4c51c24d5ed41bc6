//! Files, names and programs that try to talk to whoever reads: what every command prints of them is harmless.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// An escape sequence, its C1 form, a title, a direction that turns, something unseen, a carriage return.
const EVIL: &str = "\u{1b}[31m\u{9b}2J\u{1b}]0;title\u{7}\u{202e}\u{200b}\rover";

/// What starts a command of a code host where it begins a line.
const COMMAND: &str = "\n::error::injected";

struct Site(TempDir);

impl Site {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("written");
        path
    }

    /// A configuration that is fine but for what is put in.
    fn configuration(&self, name: &str, top: &str) -> PathBuf {
        let directory = self.0.path().display();
        self.write(name, &format!(
            "version: 1\n{top}\nnode: {{ name: n, asn: 64601, router_id: 10.99.0.2 }}\n\
             bird: {{ binary: {directory}/bird, config: {directory}/bird.conf, socket: {directory}/bird.ctl }}\n\
             daemon: {{ control: {directory}/control.sock, state_dir: {directory}/state }}\n\
             services: {{ dns: {{ prefixes: [192.0.2.53/32], checks: [{{ dns: {{ name: a.example, type: A }} }}] }} }}\n\
             neighbors: {{ one: {{ asn: 64600, sessions: [{{ local: 10.99.0.2, remote: 10.99.0.1 }}] }} }}\n"
        ))
    }

    /// A `bird` that refuses everything, in these words.
    fn bird(&self, words: &str) {
        let script = format!(
            "#!/bin/sh\ncase $1 in --version) echo 'BIRD version 2.0.12 {words}' >&2 ;;\n*) echo \"bird: $3:2:1 {words}\" >&2; exit 1 ;; esac\n"
        );
        let path = self.write("bird", &script);
        fs::set_permissions(path, Permissions::from_mode(0o755)).expect("executable");
    }
}

fn run(configuration: impl AsRef<OsStr>, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_anycastctl"))
        .arg("-c")
        .arg(configuration)
        .args(arguments)
        .env("CLICOLOR_FORCE", "1")
        .output()
        .expect("it runs")
}

/// Both outputs, after a look at them: nothing but colours, and no line that a code host takes for a command of ours.
fn harmless(output: &Output) -> String {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    let text = text.concat();
    let mut rest = text.as_str();
    while let Some(start) = rest.find('\u{1b}') {
        let end = rest[start..].find('m').expect("the end of a colour");
        let colour = &rest[start + 1..start + end];
        let is_colour = |c: char| c == '[' || c == ';' || c.is_ascii_digit();
        assert!(colour.chars().all(is_colour), "{text:?}");
        rest = &rest[start + end..];
    }
    let is_bad = |c: char| {
        c.is_control() && !matches!(c, '\n' | '\t' | '\u{1b}') || "\u{202e}\u{200b}".contains(c)
    };
    assert!(!text.contains(is_bad), "{text:?}");
    assert!(
        !text
            .lines()
            .any(|line| line.starts_with("::error::injected")),
        "{text:?}"
    );
    assert!(!text.is_empty());
    text
}

/// Every command that reads a configuration.
const READERS: [&[&str]; 9] = [
    &["check"],
    &["check", "--format", "github"],
    &["check", "--format", "json"],
    &["diff"],
    &["apply"],
    &["run"],
    &["status"],
    &["drain", "dns"],
    &["probe"],
];

#[test]
fn a_file_name_is_shown_and_does_nothing() {
    let site = Site::new();
    let name = site.path(&format!("{EVIL}{COMMAND}"));
    for reader in READERS {
        let said = harmless(&run(&name, reader));
        assert!(said.contains(r"\u{1b}]0;title\u{7}"), "{reader:?}: {said}");
    }
}

#[test]
fn names_of_included_files_are_shown_and_do_nothing() {
    let site = Site::new();
    fs::create_dir(site.path("d")).expect("a directory");
    fs::write(
        site.path("d").join(format!("{EVIL}{COMMAND}.yaml")),
        "services: {}\nnonsense: 1\n",
    )
    .expect("written");
    let configuration = site.configuration("config.yaml", "include: [d/*.yaml]");
    for reader in READERS {
        let said = harmless(&run(&configuration, reader));
        assert!(said.contains("unknown key"), "{reader:?}: {said}");
    }
}

#[test]
fn values_are_shown_and_do_nothing() {
    let site = Site::new();
    let codes = format!("{EVIL}{COMMAND}");
    let codes = codes.chars().map(|c| format!("\\u{:04x}", u32::from(c)));
    let quoted = format!("\"{}\"", codes.collect::<String>());
    let configuration = site.configuration("config.yaml", &format!("{quoted}: 1"));
    for reader in READERS {
        let said = harmless(&run(&configuration, reader));
        assert!(said.contains("unknown key"), "{reader:?}: {said}");
    }
}

#[test]
fn what_bird_says_is_shown_and_does_nothing() {
    let site = Site::new();
    site.bird(EVIL);
    let configuration = site.configuration("config.yaml", "");
    for format in ["human", "github", "json"] {
        let output = run(&configuration, &["check", "--format", format]);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        harmless(&output);
    }
    let output = run(&configuration, &["check", "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = document["bird"][0]["messages"][0]["text"].as_str();
    assert!(
        text.is_some_and(|text| text.contains(EVIL)),
        "programs get what was said: {document}"
    );
}

#[test]
fn an_edited_file_is_shown_and_does_nothing() {
    let site = Site::new();
    let configuration = site.configuration("config.yaml", "");
    let protocol = format!("protocol static \"{EVIL}\" {{ ipv4; }} # {EVIL}{COMMAND}\n");
    site.write("bird.conf", &protocol);
    for arguments in [&["diff"][..], &["diff", "--json"]] {
        let said = harmless(&run(&configuration, arguments));
        assert!(said.contains("title"), "{said}");
    }
}
