//! The commands on files in a private directory.

mod diff;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use tempfile::TempDir;

use super::check::{Options, check};
use super::render::render;
use super::*;
use crate::cli::{self, Passwords, Target};
use crate::config::SMALLEST;

/// A configuration with a password file, and the directory that holds both.
struct Site {
    directory: TempDir,
    config: PathBuf,
}

impl Site {
    /// With these contents of the password file, if any, and this program for BIRD.
    fn new(password: Option<&str>, binary: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let secret = directory.path().join("tor1");
        if let Some(password) = password {
            fs::write(&secret, password).unwrap();
            fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
        }
        let text = SMALLEST
            .replace(
                "asn: 64600",
                &format!("asn: 64600\n    password_file: {}", secret.display()),
            )
            .replace(
                "services:",
                &format!("bird: {{ binary: {binary} }}\nservices:"),
            );
        let config = directory.path().join("config.yaml");
        fs::write(&config, text).unwrap();
        Self { directory, config }
    }

    /// Text without the name of the directory, which differs from run to run.
    fn stable(&self, text: &str) -> String {
        let text = text.replace(&self.directory.path().display().to_string(), "DIR");
        // So do the carets under it.
        let carets = |text: String| text.replace("^^", "^");
        (0..8).fold(text, |text, _| carets(text))
    }

    fn check(&self) -> (u8, String) {
        let output = check(&self.config, &options(Format::Human)).unwrap();
        (output.code.number(), self.stable(&output.stdout))
    }
}

fn options(format: Format) -> Options {
    Options {
        format,
        passwords: Passwords::Real,
        birds: Vec::new(),
    }
}

/// To standard output.
fn printed(target: Target) -> cli::Render {
    cli::Render {
        target,
        opposite: cli::Opposite::default(),
        output: None,
        check: None,
        list: false,
        json: false,
    }
}

/// To a file.
fn written(target: Target, path: &Path) -> cli::Render {
    cli::Render {
        output: Some(path.to_owned()),
        ..printed(target)
    }
}

/// Compared with a file.
fn checked(target: Target, path: &Path) -> cli::Render {
    cli::Render {
        check: Some(path.to_owned()),
        ..printed(target)
    }
}

const NO_BIRD: &str = "/nonexistent/bird";

fn refusing_bird() -> String {
    format!(
        "{}/src/commands/tests/refusing-bird",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// A text that names a file of ours, wherever this project lies.
fn anywhere(text: &str) -> String {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/src/commands");
    text.replace(here, "SOURCE/src/commands")
}

#[test]
fn check_without_bird_says_so_and_succeeds() {
    let (code, text) = Site::new(Some("secret\n"), NO_BIRD).check();
    assert_eq!(code, 0);
    insta::assert_snapshot!(text);
}

#[test]
fn check_warns_of_passwords_it_cannot_read() {
    let (code, text) = Site::new(None, NO_BIRD).check();
    assert_eq!(code, 0);
    insta::assert_snapshot!(text);
}

#[test]
fn check_refuses_bad_passwords_without_showing_them() {
    let (code, text) = Site::new(Some("hunter\"2\n"), NO_BIRD).check();
    assert_eq!(code, 2);
    assert!(!text.contains("hunter"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn check_shows_what_bird_refuses() {
    let site = Site::new(Some("secret\n"), &refusing_bird());
    let (code, text) = site.check();
    assert_eq!(code, 3);
    insta::assert_snapshot!(anywhere(&text));
    let json = check(&site.config, &options(Format::Json)).unwrap().stdout;
    insta::assert_snapshot!(anywhere(&json));
}

#[test]
fn check_of_a_bad_file_is_its_findings() {
    let site = Site::new(None, NO_BIRD);
    fs::write(&site.config, "version: 1\nnode: 3\n").unwrap();
    let (code, text) = site.check();
    assert_eq!(code, 2);
    assert!(
        text.starts_with("DIR/config.yaml:1:1: services: missing"),
        "{text}"
    );
    let json = check(&site.config, &options(Format::Json)).unwrap().stdout;
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["findings"][0]["path"], "services");
    assert_eq!(document["bird"], serde_json::json!([]));
}

#[test]
fn files_that_cannot_be_read_or_are_no_text_differ_in_exit_code() {
    let site = Site::new(None, NO_BIRD);
    fs::write(&site.config, b"version: 1\n\xff").unwrap();
    let failure = check(&site.config, &options(Format::Human)).unwrap_err();
    assert_eq!(failure.code, Code::Usage);
    assert_eq!(
        site.stable(&failure.message),
        "DIR/config.yaml:2: not UTF-8 text: is it the right file?"
    );
    let failure = render(Path::new("/nonexistent"), &printed(Target::Bird)).unwrap_err();
    assert_eq!(failure.code, Code::Environment);
}

#[test]
fn rendered_files_are_written_whole_with_their_modes() {
    let site = Site::new(Some("secret\n"), NO_BIRD);
    for (target, mode, holds) in [
        (Target::Bird, 0o644, "protocol bgp bgp_tor1_v4 {"),
        (Target::Secrets, 0o640, "define PASSWORD_TOR1 = \"secret\";"),
    ] {
        let path = site.directory.path().join(format!("{mode:o}"));
        let shown = render(&site.config, &printed(target)).unwrap().stdout;
        let quiet = render(&site.config, &written(target, &path)).unwrap();
        assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text == shown && text.contains(holds), "{text}");
        assert_eq!(path.metadata().unwrap().mode() & 0o777, mode);
    }
    let nowhere = site.directory.path().join("missing/rendered");
    let failure = render(&site.config, &written(Target::Bird, &nowhere)).unwrap_err();
    assert_eq!(failure.code, Code::Environment);
}

#[test]
fn secrets_need_every_password() {
    for (password, code) in [(None, Code::Environment), (Some(""), Code::Usage)] {
        let site = Site::new(password, NO_BIRD);
        let failure = render(&site.config, &printed(Target::Secrets)).unwrap_err();
        assert_eq!(failure.code, code);
        assert!(
            failure.message.contains("neighbors.tor1.password_file: "),
            "{}",
            failure.message
        );
        assert!(render(&site.config, &printed(Target::Bird)).is_ok());
    }
}

#[test]
fn a_check_shows_the_difference_and_writes_nothing() {
    let site = Site::new(Some("secret\n"), NO_BIRD);
    let path = site.directory.path().join("bird.conf");
    let check = || render(&site.config, &checked(Target::Bird, &path)).unwrap();
    let missing = check();
    assert_eq!(missing.code, Code::NotAsWanted);
    assert!(
        missing.stdout.contains("\n+router id 10.99.0.2;\n"),
        "{}",
        missing.stdout
    );
    assert_eq!(
        site.stable(&missing.stderr).trim_end(),
        "DIR/bird.conf: is missing"
    );
    assert!(!path.exists());
    render(&site.config, &written(Target::Bird, &path)).unwrap();
    let same = check();
    assert_eq!(
        (same.code, same.stdout.as_str(), same.stderr.as_str()),
        (Code::Success, "", "")
    );
    let edited = fs::read_to_string(&path)
        .unwrap()
        .replace("10.99.0.2", "10.99.0.3");
    fs::write(&path, &edited).unwrap();
    let other = check();
    assert_eq!(other.code, Code::NotAsWanted);
    assert!(
        other
            .stdout
            .contains("\n-router id 10.99.0.3;\n+router id 10.99.0.2;\n"),
        "{}",
        other.stdout
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), edited);
}

#[test]
fn a_check_never_shows_secrets() {
    let site = Site::new(Some("secret-new\n"), NO_BIRD);
    let path = site.directory.path().join("secrets");
    fs::write(&path, "define PASSWORD_TOR1 = \"secret-old\";\n").unwrap();
    let check = || render(&site.config, &checked(Target::Secrets, &path)).unwrap();
    let other = check();
    assert_eq!((other.code, other.stdout.as_str()), (Code::NotAsWanted, ""));
    assert!(!other.stderr.contains("secret-"), "{}", other.stderr);
    render(&site.config, &written(Target::Secrets, &path)).unwrap();
    assert_eq!(check().code, Code::Success);
}

#[test]
fn open_secrets_are_closed_and_that_is_said() {
    let site = Site::new(Some("secret\n"), NO_BIRD);
    let path = site.directory.path().join("secrets");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o664)).unwrap();
    let output = render(&site.config, &written(Target::Secrets, &path)).unwrap();
    assert_eq!(path.metadata().unwrap().mode() & 0o7777, 0o660);
    assert!(
        output
            .stderr
            .contains("was open to every user of this host (mode 0664)"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_key_that_a_file_needs_is_a_usage_error() {
    let site = Site::new(None, NO_BIRD);
    let failure = render(&site.config, &printed(Target::Limits)).unwrap_err();
    assert_eq!(failure.code, Code::Usage);
    let message = site.stable(&failure.message);
    assert!(
        message.starts_with("DIR/config.yaml: host.dns_unit: missing"),
        "{message}"
    );
}

#[test]
fn the_list_has_every_target() {
    let list = |json| {
        let options = cli::Render {
            list: true,
            json,
            ..printed(Target::Bird)
        };
        render(Path::new("/nonexistent"), &options).unwrap().stdout
    };
    insta::assert_snapshot!(list(false));
    let rows: serde_json::Value = serde_json::from_str(&list(true)).unwrap();
    let targets = rows.as_array().unwrap();
    assert_eq!(
        targets.len(),
        <Target as clap::ValueEnum>::value_variants().len()
    );
    assert_eq!(targets[0]["target"], "bird");
    assert_eq!(targets[0]["path"], "/etc/bird/bird.conf");
}

#[test]
fn check_says_which_included_files_are_not_here() {
    let accepting_bird = refusing_bird().replace("refusing", "accepting");
    let site = Site::new(Some("secret\n"), &accepting_bird);
    let included = site.directory.path().join("local.conf");
    let text = fs::read_to_string(&site.config).unwrap();
    let include = format!("bird: {{ include: [{}], ", included.display());
    fs::write(&site.config, text.replace("bird: {", &include)).unwrap();
    let (code, text) = site.check();
    assert_eq!(code, 0);
    insta::assert_snapshot!(anywhere(&text));
    fs::write(&included, "").unwrap();
    let (code, text) = site.check();
    assert!(code == 0 && text.contains("no findings"), "{text}");
}
