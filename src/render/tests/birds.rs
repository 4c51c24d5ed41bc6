//! What BIRD says about the rendered files: the installed one, and all of `ANYCASTCTL_BIRDS`, a list of
//! directories (as in `PATH`) that hold `sbin/bird`, or directories that do.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use super::*;
use crate::bird::binary::{self, Binary};
use crate::model::BirdVersion;

/// The releases from which on rendering differs.
pub(in crate::render) const TARGETS: [BirdVersion; 4] = [
    BirdVersion::OLDEST,
    BirdVersion::new(2, 0, 12),
    BirdVersion::new(2, 17, 0),
    BirdVersion::new(3, 1, 0),
];

/// Every BIRD there is on this machine. None is a failure in CI only: people may build without BIRD.
pub(in crate::render) fn birds() -> Vec<Binary> {
    let listed = env::var_os("ANYCASTCTL_BIRDS").unwrap_or_default();
    let listed = env::split_paths(&listed).filter(|directory| directory.is_dir());
    let within = |directory: PathBuf| {
        let children = directory
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().path());
        children.chain([directory.clone()]).collect::<Vec<_>>()
    };
    let programs = listed
        .flat_map(within)
        .map(|directory| directory.join("sbin/bird"));
    let installed = binary::find(Path::new("bird"));
    let programs = programs
        .chain(installed)
        .filter(|program| program.is_file());
    let birds: Vec<_> = programs
        .map(|program| Binary::ask(&program).unwrap())
        .collect();
    let is_ci = env::var_os("CI").is_some_and(|value| value == "true");
    assert!(
        !birds.is_empty() || !is_ci,
        "no `bird` is installed, and CI needs one"
    );
    birds
}

/// Newer releases warn about what older targets cannot say; nothing else may be warned about.
pub(super) fn is_expected(target: BirdVersion, warning: &str) -> bool {
    let third = BirdVersion::new(3, 0, 0)..BirdVersion::new(3, 1, 0);
    let without_authentication = target < BirdVersion::new(2, 17, 0) || third.contains(&target);
    without_authentication && warning == "Missing authentication option, assuming MD5"
}

/// Roles came with 2.0.11, and our own validator refuses them for what is older.
fn fits(config: &Config, target: BirdVersion) -> bool {
    let mut neighbors = config.neighbors.iter();
    target >= BirdVersion::new(2, 0, 11) || neighbors.all(|neighbor| neighbor.role.is_none())
}

/// Panics unless BIRD takes the file without a warning, for every target that it is to load.
fn loads_without_a_warning(bird: &Binary, name: &str, mut config: Config) {
    let passwords = passwords(&config, "secret");
    let release = bird.version.unwrap();
    let targets = TARGETS.into_iter().filter(|target| release >= *target);
    for target in targets {
        if !fits(&config, target) {
            continue;
        }
        config.bird.version = target;
        let judgement = bird.judge(&config, &passwords).unwrap();
        let mut messages = judgement.messages.iter();
        let unexpected = messages.find(|message| !is_expected(target, &message.text));
        assert!(
            judgement.accepted && unexpected.is_none(),
            "{name} {bird:?} {target} {judgement:?}"
        );
    }
}

#[test]
fn every_file_loads_without_a_warning_from_its_target_on() {
    for bird in birds() {
        for (name, text) in GOLDEN {
            loads_without_a_warning(&bird, name, parsed(text));
        }
    }
}

#[test]
fn included_files_are_read_where_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let included = directory.path().join("local.conf");
    let mut config = parsed(BY_HAND);
    config.bird.include = vec![included.clone()];
    assert_eq!(binary::missing(&config), [included.as_path()]);
    fs::write(&included, include_str!("by_hand.conf")).unwrap();
    assert!(binary::missing(&config).is_empty());
    for bird in birds() {
        loads_without_a_warning(&bird, "by_hand", config.clone());
    }
    fs::write(&included, "nonsense").unwrap();
    for bird in birds() {
        let judgement = bird.judge(&config, &[]).unwrap();
        let said = &judgement.messages[0].text;
        assert!(
            !judgement.accepted && said.contains("local.conf:1:"),
            "{judgement:?}"
        );
    }
}

#[test]
fn included_files_that_are_missing_count_as_empty() {
    let config = parsed(BY_HAND);
    for bird in birds() {
        let judgement = bird.judge(&config, &[]).unwrap();
        assert!(judgement.accepted, "{judgement:?}");
    }
}

#[test]
fn odd_passwords_survive_birds_lexer() {
    let config = parsed(MULTIHOP);
    for bird in birds() {
        for odd in [
            "p\\a'ss;#w}ord/*x*/é \\",
            "# no comment",
            "{{ x }}",
            "'",
            &"x".repeat(80),
        ] {
            let judgement = bird.judge(&config, &passwords(&config, odd)).unwrap();
            assert!(judgement.accepted, "{odd}: {judgement:?}");
        }
    }
}

/// Whether BIRD would load a configuration whose intent directory holds these files.
fn loads(bird: &Binary, files: Option<&[(&str, &str)]>) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let mut config = parsed(&format!("{SMALLEST}flap: {{ action: hold }}\n"));
    config.bird.intent_dir = directory.path().join("run/intent");
    if let Some(files) = files {
        fs::create_dir_all(&config.bird.intent_dir).unwrap();
        for (name, text) in files {
            fs::write(config.bird.intent_dir.join(name), text).unwrap();
        }
    }
    let path = directory.path().join("bird.conf");
    fs::write(&path, super::bird(&config).unwrap()).unwrap();
    let run = Command::new(&bird.path)
        .args(["-p", "-c"])
        .arg(&path)
        .output()
        .unwrap();
    run.status.success()
}

#[test]
fn intent_files_may_be_missing_and_only_the_right_one_is_read() {
    for bird in birds() {
        let loads = |files: Option<&[(&str, &str)]>| loads(&bird, files);
        let own = "anycast_resolver_v4.conf";
        assert!(loads(None), "{bird:?}: the directory is missing");
        assert!(loads(Some(&[])), "{bird:?}: the file is missing");
        assert!(loads(Some(&[(own, "")])), "{bird:?}: the file is empty");
        assert!(loads(Some(&[(own, "disabled off;\n")])), "{bird:?}");
        assert!(
            loads(Some(&[("anycast_resolver_v4x.conf", "nonsense")])),
            "{bird:?}"
        );
        assert!(
            !loads(Some(&[(own, "nonsense")])),
            "{bird:?}: the file is not read at all"
        );
        assert!(
            !loads(Some(&[("anycast_resolver_v4_drain.conf", "nonsense")])),
            "{bird:?}"
        );
        let session = "bgp_tor1_v4.conf";
        assert!(loads(Some(&[(session, "disabled;\n")])), "{bird:?}");
        assert!(!loads(Some(&[(session, "nonsense")])), "{bird:?}");
    }
}

#[test]
fn names_as_long_as_they_get_and_names_that_are_keywords_load() {
    let long = "x".repeat(32);
    for bird in birds() {
        for name in [
            long.as_str(),
            "static",
            "export",
            "ms",
            "v4",
            "path",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            let text = DATA_CENTRE.replace("resolver:", &format!("{name}:"));
            let config = parsed(&text.replace("tor1:", &format!("{name}:")));
            let judgement = bird.judge(&config, &passwords(&config, "secret")).unwrap();
            assert!(
                judgement.accepted || bird.version.unwrap() < config.bird.version,
                "{name}: {judgement:?}"
            );
        }
    }
}
