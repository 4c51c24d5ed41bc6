//! The manual: a page for everything, nothing forgotten, and nothing that a formatter or a reader stumbles over.

#[path = "schema/keys.rs"]
#[expect(dead_code, reason = "walks over files are for the tests of the schema")]
mod keys;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anycastctl::cli;
use anycastctl::config::{Config, schema};
use anycastctl::manual::{Page, pages};
use serde_json::Value;
use tempfile::TempDir;

fn manual() -> Vec<Page> {
    pages(&cli::command(), &schema(), cli::examples)
}

fn page(name: &str) -> Page {
    let found = manual().into_iter().find(|page| page.name == name);
    found.unwrap_or_else(|| panic!("there is no page {name}"))
}

/// A page without its markup: what a reader searches.
fn plain(page: &Page) -> String {
    let mut text = page.text.clone();
    for (markup, meaning) in [
        (r"\fB", ""),
        (r"\fI", ""),
        (r"\fR", ""),
        (r"\%", ""),
        (r"\&", ""),
        (r"\~", " "),
        (r"\-", "-"),
        (r"\*(Aq", "'"),
    ] {
        text = text.replace(markup, meaning);
    }
    text
}

/// The words of a page, without its lines.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn run(arguments: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_anycastctl"));
    command.args(arguments).output().expect("the program")
}

/// The manual as the program writes it.
fn written() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let below = directory.path().join("man");
    let path = below.to_str().expect("text");
    let output = run(&["man", "--directory", path]);
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{output:?}"
    );
    directory
}

fn files(directory: &TempDir) -> Vec<(String, String)> {
    let entries = fs::read_dir(directory.path().join("man")).expect("the pages");
    let paths = entries.map(|entry| entry.expect("a page").path());
    let mut files: Vec<_> = paths
        .map(|path| {
            let name = path.file_name().expect("a name").display().to_string();
            (name, fs::read_to_string(&path).expect("text"))
        })
        .collect();
    files.sort();
    files
}

#[test]
fn everything_has_a_page() {
    let command = cli::command();
    let commands = command
        .get_subcommands()
        .map(|command| match command.get_name() {
            "run" => "anycastctl-run.8".to_owned(),
            name => format!("anycastctl-{name}.1"),
        });
    let expected: BTreeSet<String> = commands
        .chain(["anycastctl.1", "anycastctl.yaml.5"].map(str::to_owned))
        .collect();
    let files = files(&written());
    assert_eq!(
        files
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<BTreeSet<_>>(),
        expected
    );
    for (name, text) in files {
        for heading in ["NAME", "DESCRIPTION", "SEE ALSO"] {
            let heading = if heading.contains(' ') {
                format!(".SH \"{heading}\"")
            } else {
                format!(".SH {heading}")
            };
            assert!(text.contains(&heading), "{name} has no {heading}");
        }
    }
}

#[test]
fn one_page_is_printed_as_it_is_written() {
    let files = files(&written());
    for (asked, name) in [
        (&["man"][..], "anycastctl.1"),
        (&["man", "drain"], "anycastctl-drain.1"),
        (&["man", "anycastctl-drain"], "anycastctl-drain.1"),
        (&["man", "run"], "anycastctl-run.8"),
        (&["man", "config"], "anycastctl.yaml.5"),
        (&["man", "anycastctl.yaml"], "anycastctl.yaml.5"),
    ] {
        let printed = String::from_utf8(run(asked).stdout).expect("text");
        let (_, text) = files.iter().find(|(file, _)| file == name).expect("a page");
        assert!(printed == *text, "{asked:?}");
    }
}

#[test]
fn the_same_program_writes_the_same_bytes_everywhere() {
    assert_eq!(files(&written()), files(&written()));
    for (name, text) in files(&written()) {
        assert!(text.is_ascii(), "{name} depends on the locale");
        let title = text
            .lines()
            .find(|line| line.starts_with(".TH"))
            .expect("a title");
        assert!(title.contains(r#" "" "#), "{name} has a date: {title}");
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_told() {
    let output = run(&["man", "--directory", "/proc/nowhere"]);
    assert_eq!(output.status.code(), Some(4));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.starts_with("cannot write /proc/nowhere: "), "{error}");
}

/// A path as the page writes it.
fn written_path(path: &[String]) -> String {
    let steps = path.iter().map(|step| match step.as_str() {
        "[]" => "[]".to_owned(),
        "*" => ".NAME".to_owned(),
        key => format!(".{key}"),
    });
    steps.collect::<String>().trim_start_matches('.').to_owned()
}

#[test]
fn the_page_of_the_file_has_every_key_with_its_kind_default_and_meaning() {
    let text = plain(&page("anycastctl.yaml"));
    for key in keys::all_keys() {
        let path = written_path(&key.path);
        let term = text
            .lines()
            .position(|line| line.starts_with(&format!("{path} (")));
        let term = term.unwrap_or_else(|| panic!("{path} is missing"));
        let facts = text.lines().nth(term).expect("a line");
        assert_eq!(facts.contains("required"), key.is_required, "{facts}");
        let has_default = key.property.get("default").is_some();
        assert_eq!(facts.contains(", default "), has_default, "{facts}");
        assert_eq!(
            facts.contains("section"),
            key.is_section,
            "{facts}: what kind of value is it?"
        );
        let description = key.property["description"].as_str().expect("a description");
        let description = description.split(" Default: ").next().expect("a part");
        let description = description.replace('`', "").replace('…', r"\[u2026]");
        let rest: Vec<&str> = text.lines().skip(term + 1).take(40).collect();
        let first = words(&rest.join(" "));
        let told = first.starts_with(description.trim_end_matches('.'));
        assert!(told, "{path}: {description}\n{first}");
    }
}

/// The indented blocks of a source.
fn examples_of(source: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in source.lines() {
        match line.strip_prefix("    ") {
            Some(code) => {
                let block = blocks.last_mut().expect("a block");
                block.push_str(code);
                block.push('\n');
            }
            None if line.is_empty() => {}
            None => blocks.push(String::new()),
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// Puts the keys of one map into another.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

#[test]
fn examples_of_the_file_are_taken_without_a_warning() {
    let source =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/manual/anycastctl.yaml.5.md");
    let source = fs::read_to_string(source).expect("the source");
    let examples = examples_of(&source);
    let yaml = |text: &str| -> Value { serde_saphyr::from_str(text).expect("YAML") };
    assert!(examples.len() > 4, "where are they?");
    let alone = Config::parse("smallest", &yaml(&examples[0]).to_string());
    assert!(alone.is_ok_and(|parsed| parsed.warnings.is_empty()));
    // The others are parts: together they are a file.
    let mut file = Value::Null;
    for example in &examples {
        merge(&mut file, &yaml(example));
    }
    // An address that others reach is what its example is about, and what is warned of.
    assert_eq!(file["daemon"]["listen"], "10.99.0.2:9553");
    file["daemon"]["listen"] = "127.0.0.1:9553".into();
    match Config::parse("examples", &file.to_string()) {
        Ok(parsed) => assert!(parsed.warnings.is_empty(), "{}", parsed.warnings),
        Err(findings) => panic!("{findings}"),
    }
}

/// The words of a line of a shell: quotes, and nothing else that it knows.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            letter => words.last_mut().expect("a word").push(letter),
        }
    }
    words
}

#[test]
fn examples_of_commands_can_be_called() {
    let command = cli::command();
    let names = command.get_subcommands().map(clap::Command::get_name);
    let mut seen = 0;
    for name in names.chain([""]) {
        for (purpose, lines) in cli::examples(name) {
            let mut called_own = lines.starts_with("journalctl ");
            for line in lines.lines() {
                let own = line
                    .split([';', '|', '>'])
                    .next()
                    .expect("a part")
                    .trim_end();
                let Some(arguments) = own.strip_prefix("anycastctl ") else {
                    let others = ["journalctl ", "systemctl "];
                    assert!(others.iter().any(|other| line.starts_with(other)), "{line}");
                    continue;
                };
                let called = shell_words(&format!("anycastctl {arguments}"));
                let result = cli::command().try_get_matches_from(called);
                let matches = result.unwrap_or_else(|error| panic!("{purpose}: {line}\n{error}"));
                called_own |= name.is_empty() || matches.subcommand_name() == Some(name);
                seen += 1;
            }
            assert!(called_own, "an example of {name}: {lines}");
        }
    }
    assert!(seen > 25, "where are they?");
}

/// Whether a program is here; CI has all of them.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(found || !is_ci, "{program} is missing");
    found
}

#[test]
fn formatters_have_nothing_to_complain_of() {
    let directory = written();
    for (name, _) in files(&directory) {
        let path = directory.path().join("man").join(&name);
        if has("groff") {
            let mut groff = Command::new("groff");
            groff.args(["-ww", "-z", "-man", "-Tutf8"]).arg(&path);
            let output = groff.output().expect("groff");
            let talk = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success() && talk.is_empty(), "{name}: {talk}");
        }
        if has("mandoc") {
            let mut mandoc = Command::new("mandoc");
            let output = mandoc
                .args(["-T", "lint", "-W", "warning"])
                .arg(&path)
                .output();
            let talk = String::from_utf8(output.expect("mandoc").stdout).expect("text");
            // The pages of a release are the same whenever they are written.
            let serious = talk
                .lines()
                .filter(|line| !line.contains("missing date, using \"\""));
            assert_eq!(serious.collect::<Vec<_>>(), Vec::<&str>::new());
        }
    }
}

/// What `whatis` and `apropos` know of a page: its name, and in one line what it is about.
#[test]
fn catalogues_can_list_every_page() {
    for page in manual() {
        let text = plain(&page);
        let mut lines = text.lines().skip_while(|line| *line != ".SH NAME").skip(1);
        let line = lines.next().expect("a line");
        let about = line.strip_prefix(&format!("{} - ", page.name));
        let about = about.unwrap_or_else(|| panic!("{line}"));
        assert!(
            about.len() > 8 && !about.ends_with('.') && !about.contains('`'),
            "{line}"
        );
        assert!(
            lines.next().expect("a line").starts_with(".SH"),
            "{line}: one line"
        );
    }
}

/// Pages that refer to each other exist, in that section.
#[test]
fn what_is_to_be_seen_also_exists() {
    let own: Vec<String> = manual()
        .iter()
        .map(|page| format!("{}({})", page.name, page.section))
        .collect();
    for page in manual() {
        let text = words(&plain(&page));
        for (at, _) in text.match_indices("anycastctl") {
            let reference: String = text[at..]
                .chars()
                .take_while(|letter| !letter.is_whitespace())
                .collect();
            if let Some((name, section)) = reference.split_once('(')
                && let Some(section) = section.chars().next().filter(char::is_ascii_digit)
            {
                let reference = format!("{name}({section})");
                assert!(
                    own.contains(&reference),
                    "{} refers to {reference}",
                    page.file_name()
                );
            }
        }
    }
}
