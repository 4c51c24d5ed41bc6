//! What BIRD says about the complete example: the installed one, and all of `ANYCASTCTL_BIRDS`, a list of
//! directories (as in `PATH`) that hold `sbin/bird`, or directories that do.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use lab::Exception;

use super::{repository, text};

/// An anycastctl with a directory of its own, where the example can say what it wants.
fn anycastctl(directory: &Path, example: &str, arguments: &[&str]) -> Output {
    let conf_d = directory.join("conf.d");
    fs::create_dir_all(&conf_d).expect("a directory");
    let included = "tests/examples/conf.d/root.yaml";
    fs::copy(repository(included), conf_d.join("root.yaml")).expect("the included file");
    let file = directory.join("complete.yaml");
    fs::write(&file, example).expect("the copy");
    let mut program = Command::new(env!("CARGO_BIN_EXE_anycastctl"));
    let run = program.arg("-c").arg(&file).args(arguments).output();
    run.expect("the program")
}

/// The complete example, with the file for BIRD that lies beside it.
fn example() -> String {
    let example = text(&repository("tests/examples/complete.yaml"));
    let local = repository("tests/examples/local.conf");
    let path = format!("include: [{}]", local.display());
    replaced(&example, "include: [/etc/bird/local.conf]", &path)
}

fn replaced(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "where is {old}?");
    text.replace(old, new)
}

fn birds() -> Vec<PathBuf> {
    let listed = env::var_os("ANYCASTCTL_BIRDS").unwrap_or_default();
    let within = |directory: PathBuf| {
        let entries = fs::read_dir(&directory).into_iter().flatten();
        let children = entries.map(|entry| entry.expect("an entry").path());
        children.chain([directory]).collect::<Vec<_>>()
    };
    let programs = env::split_paths(&listed).flat_map(within);
    let programs = programs.map(|directory| directory.join("sbin/bird"));
    programs.filter(|program| program.is_file()).collect()
}

/// The release of a BIRD, as in `2.0.12`.
fn release(program: &Path) -> String {
    let run = Command::new(program).arg("--version").output();
    let said = String::from_utf8(run.expect("BIRD").stderr).expect("text");
    let release = said.trim().strip_prefix("BIRD version ");
    release.expect("a version").to_owned()
}

/// The example for a release, without what it cannot do and we refuse.
fn example_for(release: &str) -> String {
    let version = format!("version: \"{release}\"");
    let example = replaced(&example(), "version: \"2.0.12\"", &version);
    if !Exception::NoRoles.is_of(release) {
        return example;
    }
    assert_refused(&example, "roles need BIRD 2.0.11");
    let lines = example.lines().filter(|line| !line.contains("role: "));
    lines.collect::<Vec<_>>().join("\n")
}

fn assert_refused(example: &str, finding: &str) {
    let directory = tempfile::tempdir().expect("a directory");
    let run = anycastctl(
        directory.path(),
        example,
        &["check", "--secrets", "placeholder"],
    );
    let said = [run.stdout, run.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(
        run.status.code() == Some(2) && said.contains(finding),
        "{said}"
    );
}

fn assert_accepted(example: &str, arguments: &[&str]) {
    let directory = tempfile::tempdir().expect("a directory");
    let arguments = [&["check", "--secrets", "placeholder"], arguments].concat();
    let run = anycastctl(directory.path(), example, &arguments);
    let said = String::from_utf8(run.stdout).expect("text");
    let is_clean = said.contains(": no findings;") && said.contains("accepted by BIRD");
    let complaints = ["warning", "error", "Missing"];
    assert!(
        run.status.success() && is_clean && !complaints.iter().any(|word| said.contains(word)),
        "{said}"
    );
}

#[test]
fn the_complete_example_passes_check_without_a_warning() {
    assert_accepted(&example(), &[]);
}

#[test]
fn every_bird_loads_the_complete_example_for_its_release_without_a_warning() {
    for bird in birds() {
        let program = bird.display().to_string();
        assert_accepted(&example_for(&release(&bird)), &["--bird", &program]);
    }
}

#[test]
fn the_protocols_of_local_conf_are_those_that_the_complete_example_names() {
    let local = text(&repository("tests/examples/local.conf"));
    let example = text(&repository("tests/examples/complete.yaml"));
    let lines = local.lines().filter(|line| line.starts_with("protocol "));
    let names: Vec<_> = lines.filter_map(|line| line.split(' ').nth(2)).collect();
    assert_eq!(names.len(), 5);
    for name in names {
        assert!(example.contains(&format!(": {name}")), "{name}");
    }
}
