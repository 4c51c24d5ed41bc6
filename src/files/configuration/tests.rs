//! Configurations of several files on a real disk.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;
use crate::config::SMALLEST;

/// A main file that includes these items, and the directory that it lies in.
struct Site {
    directory: TempDir,
    main: PathBuf,
}

impl Site {
    fn new(include: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let main = directory.path().join("config.yaml");
        fs::write(&main, format!("include: {include}\n{SMALLEST}")).unwrap();
        fs::create_dir(directory.path().join("conf.d")).unwrap();
        Self { directory, main }
    }

    /// With a service of this name in a file below the directory.
    fn with(self, file: &str, service: &str) -> Self {
        // Names differ in their last letter, and so do the addresses.
        let last = service.bytes().last().unwrap();
        self.holding(file, format!("services:\n  {service}:\n    prefixes: [192.0.2.{last}/32]\n    checks: [{{ dns: {{ name: example.com, type: SOA }} }}]\n"))
    }

    fn holding(self, file: &str, text: impl AsRef<[u8]>) -> Self {
        fs::write(self.directory.path().join(file), text).unwrap();
        self
    }

    fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    fn read(&self) -> Result<Parsed, Refused> {
        read_configuration(&self.main).unwrap()
    }

    /// The names of the services, then the first lines of the findings without the directory.
    fn outcome(&self) -> String {
        let (findings, names) = match self.read() {
            Ok(parsed) => {
                let services = parsed.config.services.iter();
                let names: Vec<_> = services.map(|service| service.name.to_string()).collect();
                (parsed.warnings, names.join(" "))
            }
            Err(refused) if refused.unreadable => (refused.findings, "unreadable".to_owned()),
            Err(refused) => (refused.findings, "refused".to_owned()),
        };
        let text = findings.to_string();
        let directory = format!("{}/", self.directory.path().display());
        let headers = text.lines().filter(|line| line.starts_with(&directory));
        let headers = headers.map(|line| line.replace(&directory, ""));
        std::iter::once(names)
            .chain(headers)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

#[test]
fn files_come_in_the_order_of_the_patterns_and_of_their_names() {
    let site = Site::new("[last.yaml, conf.d/1*.yaml, 'conf.d/*.yaml']")
        .with("conf.d/20.yaml", "b")
        .with("conf.d/10.yaml", "c")
        .with("conf.d/05.yaml", "d")
        .with("conf.d/.hidden.yaml", "e")
        .with("conf.d/30.yml", "f")
        .with("last.yaml", "g");
    assert_eq!(site.outcome(), "resolver g c d b");
}

#[test]
fn a_file_is_taken_once_under_whatever_name() {
    let site = Site::new("['*.yaml', ./conf.d/a.yaml, conf.d/../conf.d/a.yaml, 'conf.d/*']")
        .with("conf.d/a.yaml", "a");
    symlink(site.path("conf.d/a.yaml"), site.path("conf.d/b.yaml")).unwrap();
    symlink(&site.main, site.path("main.yaml")).unwrap();
    assert_eq!(site.outcome(), "resolver a");
}

#[test]
fn absolute_patterns_do_not_depend_on_the_main_file() {
    let elsewhere = Site::new("[]").with("conf.d/a.yaml", "a");
    let path = elsewhere.path("conf.d");
    let site = Site::new(&format!("['{0}/*.yaml', {0}/a.yaml]", path.display()));
    assert_eq!(site.outcome(), "resolver a");
}

#[test]
fn an_empty_directory_is_normal_and_a_wrong_one_is_not() {
    assert_eq!(Site::new("[conf.d/*.yaml]").outcome(), "resolver");
    let others = Site::new("[conf.d/*.yaml]").with("conf.d/a.yml", "a");
    insta::assert_snapshot!(
        [others.outcome(), Site::new("['cond.f/*.yaml']").outcome()].join("\n")
    );
}

#[test]
fn a_file_that_is_named_has_to_be_there() {
    let site = Site::new("[conf.d/a.yaml, nowhere.yaml, conf.d, 'config.yaml/*']")
        .holding("conf.d/a.yaml", "servics: {}\n");
    insta::assert_snapshot!(site.outcome());
}

#[test]
fn what_cannot_be_read_is_said_for_every_file() {
    let site = Site::new("['conf.d/*']")
        .holding("conf.d/large.yaml", "#".repeat((1 << 20) + 1))
        .holding("conf.d/latin1.yaml", b"services:\n  \xe9: {}\n")
        .with("conf.d/z.yaml", "z");
    insta::assert_snapshot!(site.outcome());
    fs::create_dir(site.path("conf.d/directory")).unwrap();
    symlink("nowhere", site.path("conf.d/dangling.yaml")).unwrap();
    insta::assert_snapshot!(site.outcome());
}

#[test]
fn nobody_waits_for_a_pipe() {
    let site = Site::new("['conf.d/*']");
    let pipe = std::process::Command::new("mkfifo")
        .arg(site.path("conf.d/pipe"))
        .status();
    assert!(pipe.unwrap().success());
    insta::assert_snapshot!(site.outcome());
}

#[test]
fn there_are_limits_to_the_number_of_files_and_to_their_size() {
    let many = (0..=1000).fold(Site::new("['conf.d/*']"), |site, number| {
        site.holding(&format!("conf.d/{number:04}"), "")
    });
    let large = "#".repeat(1 << 20);
    let large = (0..20).fold(Site::new("['conf.d/*']"), |site, number| {
        site.holding(&format!("conf.d/{number:02}"), &large)
    });
    insta::assert_snapshot!([many.outcome(), large.outcome()].join("\n"));
    fs::remove_file(many.path("conf.d/1000")).unwrap();
    assert_eq!(many.outcome(), "resolver");
}

#[test]
fn a_directory_with_wildcards_in_its_own_name_is_no_pattern() {
    let site = Site::new("[]");
    let odd = site.path("[a]*");
    fs::create_dir_all(odd.join("conf.d")).unwrap();
    fs::write(
        odd.join("config.yaml"),
        format!("include: ['conf.d/*.yaml']\n{SMALLEST}"),
    )
    .unwrap();
    fs::write(odd.join("conf.d/a.yaml"), "services: 3\n").unwrap();
    let refused = read_configuration(&odd.join("config.yaml"))
        .unwrap()
        .unwrap_err();
    let shown = refused.findings.to_string();
    assert!(
        shown.contains("[a]*/conf.d/a.yaml:1:11: services: "),
        "{shown}"
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        Site::new("['conf.d/*']").holding("conf.d/a", &bytes).outcome();
    }
}

#[test]
fn nothing_is_shown_of_a_file_that_is_not_ours() {
    let foreign = [
        "root:$6$hunter2:19000:0:99999:7:::\nservices:x:1:1::/:/bin/hunter2\n",
        "-----BEGIN PRIVATE KEY-----\nhunter2\n",
        "token: hunter2\n",
        "version: \"2\"\nhunter2: [services: 1]\n",
        "{ \"hunter2\": 1 }\n",
    ];
    for text in foreign {
        let site = Site::new("[conf.d/a]").holding("conf.d/a", text);
        let Err(refused) = site.read() else {
            panic!("{text}")
        };
        let findings = refused.findings.to_string();
        assert!(!findings.contains("hunter2"), "{findings}");
        assert!(findings.contains("nothing of it is shown"), "{findings}");
        assert!(!refused.unreadable);
    }
    for (text, shown) in [
        (
            "sevices: {}\n",
            "known here are `version`, `services`, `neighbors`|did you mean `services`",
        ),
        ("{\"neighbors\": 7}\n", "a map of|a map"),
        ("services:\n  a: [\n", "not YAML"),
    ] {
        let site = Site::new("[conf.d/a]").holding("conf.d/a", text);
        let Err(refused) = site.read() else {
            panic!("{text}")
        };
        let findings = refused.findings.to_string();
        assert!(
            shown.split('|').any(|shown| findings.contains(shown)),
            "{findings}"
        );
    }
    for nothing in ["", "# nothing\n", "---\n", "{}", "version: 1\n\n"] {
        let site = Site::new("[conf.d/a]").holding("conf.d/a", nothing);
        assert!(site.read().is_ok(), "{nothing:?}");
    }
}
