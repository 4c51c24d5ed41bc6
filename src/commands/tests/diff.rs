//! `diff` on installed files in a private directory.

use super::super::diff::diff;
use super::*;

/// A site with its rendered files installed.
struct Installed {
    site: Site,
    bird: PathBuf,
    secrets: PathBuf,
}

impl Installed {
    fn new() -> Self {
        let site = Site::new(Some("hunter2\n"), NO_BIRD);
        let (bird, secrets) = (
            site.directory.path().join("bird.conf"),
            site.directory.path().join("bird.secrets.conf"),
        );
        let paths = format!(
            "bird: {{ config: {}, secrets: {}, ",
            bird.display(),
            secrets.display()
        );
        let text = fs::read_to_string(&site.config).unwrap();
        fs::write(&site.config, text.replace("bird: { ", &paths)).unwrap();
        for (target, path) in [(Target::Bird, &bird), (Target::Secrets, &secrets)] {
            render(&site.config, &written(target, path)).unwrap();
        }
        Self {
            site,
            bird,
            secrets,
        }
    }

    fn edit(path: &Path, from: &str, to: &str) {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Exit code and what is said, which is never a password.
    fn diff(&self) -> (u8, String, String) {
        let json = diff(&self.site.config, None, true).unwrap();
        let output = diff(&self.site.config, None, false).unwrap();
        assert_eq!(output.code, json.code);
        let all = format!("{}{}{}", output.stdout, output.stderr, json.stdout);
        assert!(!all.contains("hunter"), "{all}");
        let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
        let differs = document["differs"].as_bool().unwrap();
        assert_eq!(output.code.number(), u8::from(differs));
        let stdout = anstream::adapter::strip_str(&output.stdout).to_string();
        (
            output.code.number(),
            self.site.stable(&stdout),
            self.site.stable(&output.stderr),
        )
    }
}

#[test]
fn what_was_just_installed_does_not_differ() {
    let (code, said, talk) = Installed::new().diff();
    assert_eq!((code, talk.as_str()), (0, ""));
    insta::assert_snapshot!(said, @"DIR/bird.conf: as rendered, nothing would change");
}

#[test]
fn an_edited_file_differs() {
    let installed = Installed::new();
    Installed::edit(&installed.bird, "bfd on;", "bfd off;\u{1b}[31m");
    Installed::edit(
        &installed.bird,
        "password PASSWORD_TOR1",
        "password \"hunter1\"",
    );
    let (code, said, _) = installed.diff();
    assert_eq!(code, 1);
    insta::assert_snapshot!(said);
}

#[test]
fn another_password_is_told_by_its_name() {
    let installed = Installed::new();
    Installed::edit(&installed.secrets, "hunter2", "hunter3");
    let (code, said, _) = installed.diff();
    assert_eq!(code, 1);
    insta::assert_snapshot!(said, @r"
    resets: bgp_tor1_v4 (10.99.0.1): the password behind PASSWORD_TOR1 changed
    another password: PASSWORD_TOR1
    ");
    fs::remove_file(&installed.secrets).unwrap();
    let (code, said, _) = installed.diff();
    assert_eq!(
        (code, said.as_str()),
        (1, "new in the secrets file: PASSWORD_TOR1\n")
    );
}

#[test]
fn secrets_that_cannot_be_read_are_not_compared() {
    let installed = Installed::new();
    fs::remove_file(&installed.secrets).unwrap();
    fs::create_dir(&installed.secrets).unwrap();
    let (code, _, talk) = installed.diff();
    assert_eq!(code, 0);
    assert!(
        talk.ends_with("bird.secrets.conf is not a plain file\n"),
        "{talk}"
    );

    let installed = Installed::new();
    fs::remove_file(installed.site.directory.path().join("tor1")).unwrap();
    let (code, _, talk) = installed.diff();
    assert_eq!(code, 0);
    assert!(
        talk.contains("the secrets were not compared: not every"),
        "{talk}"
    );
}

#[test]
fn a_missing_file_and_any_bytes_differ() {
    let installed = Installed::new();
    fs::remove_file(&installed.bird).unwrap();
    let (code, said, _) = installed.diff();
    assert_eq!(code, 1);
    assert!(
        said.contains("no file is installed: everything would start"),
        "{said}"
    );
    fs::write(&installed.bird, b"log \"\xff\xfe\" all;\n").unwrap();
    let (code, said, _) = installed.diff();
    assert_eq!(code, 1);
    assert!(said.contains("only the text was compared"), "{said}");
}
