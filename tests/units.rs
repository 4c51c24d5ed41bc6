//! What systemd and Debian's tools say about the files below `systemd/`.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The highest exposure that `systemd-analyze security` may find, in tenths.
const EXPOSURE: &str = "15";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd")
}

/// Whether the tool is here. In CI it has to be.
fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok();
    assert!(
        found || env::var_os("CI").is_none(),
        "{tool} is missing: tests/setup.sh installs it"
    );
    found
}

/// What a tool says, on both outputs, and whether it is content.
fn run(tool: &str, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(tool).args(arguments).output().expect(tool);
    let error = String::from_utf8_lossy(&output.stderr);
    let said = format!("{}{error}", String::from_utf8_lossy(&output.stdout));
    (output.status.success(), said)
}

fn is_a(unit: &str, kind: &str) -> bool {
    Path::new(unit).extension().is_some_and(|end| end == kind)
}

/// The units, as they would be installed with the program that was built for these tests.
fn units() -> (TempDir, Vec<String>) {
    let directory = tempfile::tempdir().expect("a directory");
    let mut units = Vec::new();
    for entry in fs::read_dir(folder()).expect("systemd/").flatten() {
        let name = entry.file_name().into_string().expect("a name");
        if !is_a(&name, "service") && !is_a(&name, "timer") {
            continue;
        }
        let text = fs::read_to_string(entry.path()).expect("a unit");
        let unit = directory.path().join(name);
        let text = text.replace("/usr/bin/anycastctl", env!("CARGO_BIN_EXE_anycastctl"));
        fs::write(&unit, text).expect("written");
        units.push(unit.display().to_string());
    }
    assert!(units.len() > 3, "{units:?}");
    (directory, units)
}

#[test]
fn systemd_takes_the_units_without_a_word() {
    if !has("systemd-analyze") {
        return;
    }
    let (_directory, units) = units();
    let mut arguments = vec!["verify", "--man=no"];
    arguments.extend(units.iter().map(String::as_str));
    let (content, said) = run("systemd-analyze", &arguments);
    assert!(content && said.is_empty(), "{said}");
}

#[test]
fn no_service_is_more_exposed_than_it_may_be() {
    if !has("systemd-analyze") {
        return;
    }
    let (_directory, units) = units();
    for unit in units.iter().filter(|unit| is_a(unit, "service")) {
        let threshold = format!("--threshold={EXPOSURE}");
        let arguments = ["security", "--offline=true", "--no-pager", &threshold, unit];
        let (content, said) = run("systemd-analyze", &arguments);
        assert!(content, "{said}");
    }
}

#[test]
fn the_user_and_its_directories_are_made_as_bird_needs_them() {
    if !has("systemd-sysusers") || !has("systemd-tmpfiles") {
        return;
    }
    let root = tempfile::tempdir().expect("a directory");
    fs::create_dir(root.path().join("etc")).expect("etc");
    fs::write(root.path().join("etc/group"), "bird:x:4242:\n").expect("a group");
    let place = format!("--root={}", root.path().display());
    for (tool, flags) in [
        ("systemd-sysusers", &[][..]),
        ("systemd-tmpfiles", &["--create"][..]),
    ] {
        let kind = tool.replace("systemd-", "");
        let file = folder().join(format!("{kind}.d/anycastctl.conf"));
        let file = file.display().to_string();
        let arguments: Vec<&str> = [&place, &file]
            .into_iter()
            .map(String::as_str)
            .chain(flags.iter().copied())
            .collect();
        let (content, said) = run(tool, &arguments);
        assert!(content, "{tool}: {said}");
    }
    let passwd = fs::read_to_string(root.path().join("etc/passwd")).expect("users");
    let user: Vec<&str> = passwd.trim().split(':').collect();
    assert_eq!((user[0], user[6]), ("anycastctl", "/usr/sbin/nologin"));
    let user: u32 = user[2].parse().expect("a number");
    for (path, mode, owner, group) in [
        ("run/anycastctl", 0o755, user, user),
        ("run/anycastctl/intent", 0o2750, user, 4242),
        ("etc/anycastctl", 0o755, 0, 0),
        ("etc/anycastctl/secrets", 0o700, 0, 0),
    ] {
        let metadata = fs::metadata(root.path().join(path)).expect(path);
        let found = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
        assert_eq!(found, (mode, owner, group), "{path}");
    }
}

#[test]
fn the_manual_has_the_pages_that_units_name() {
    let pages = tempfile::tempdir().expect("a directory");
    let directory = pages.path().display().to_string();
    let program = env!("CARGO_BIN_EXE_anycastctl");
    let (written, said) = run(program, &["man", "--directory", &directory]);
    assert!(written, "{said}");
    let (_directory, units) = units();
    for unit in units {
        let text = fs::read_to_string(&unit).expect("a unit");
        let mut named = text.split("man:").skip(1).peekable();
        assert!(named.peek().is_some(), "{unit}");
        for rest in named {
            let (name, rest) = rest.split_once('(').expect("a section");
            let (section, _) = rest.split_once(')').expect("a section");
            let page = format!("{name}.{section}");
            assert!(pages.path().join(&page).is_file(), "{unit}: {page}");
        }
    }
}

#[test]
fn the_package_has_the_version_of_the_program() {
    let changelog = fs::read_to_string(folder().join("debian/changelog")).expect("a changelog");
    let version = changelog.split(['(', ')']).nth(1).expect("a version");
    let (upstream, _revision) = version.rsplit_once('-').expect("a revision");
    assert_eq!(upstream, env!("CARGO_PKG_VERSION"));
}

#[test]
fn the_scripts_of_the_package_have_no_finding() {
    if !has("shellcheck") {
        return;
    }
    let scripts = [
        "package",
        "debian/postinst",
        "debian/prerm",
        "debian/postrm",
    ];
    for script in scripts {
        let script = folder().join(script).display().to_string();
        let (content, said) = run("shellcheck", &[&script]);
        assert!(content, "{said}");
    }
}

#[test]
fn apparmor_takes_the_lines_for_a_confined_bird() {
    if !has("apparmor_parser") {
        return;
    }
    let text = fs::read_to_string(folder().join("README.md")).expect("README.md");
    let lines = text.split("```apparmor\n").nth(1).expect("a block");
    let (lines, _) = lines.split_once("```").expect("its end");
    let directory = tempfile::tempdir().expect("a directory");
    let profile = directory.path().join("bird");
    let profile_text = format!("profile bird /usr/sbin/bird {{\n{lines}}}\n");
    fs::write(&profile, profile_text).expect("written");
    let profile = profile.display().to_string();
    let arguments = ["--skip-kernel-load", "--skip-cache", &profile];
    let (content, said) = run("apparmor_parser", &arguments);
    assert!(content, "{said}");
}
