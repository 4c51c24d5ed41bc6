//! The JSON Schema of the configuration file, held against the files of this project and against the reader.
//!
//! Files are read as an editor reads them: by another YAML parser, which tells numbers and truth values from
//! text.

mod birds;
mod conditions;
mod keys;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anycastctl::config::{Config, included_schema, schema};
use jsonschema::Validator;
use keys::{all_keys, at, fill, sections, without};
use serde_json::{Value, json};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("YAML")
}

fn smallest() -> Value {
    yaml(&text(&repository("tests/examples/smallest.yaml")))
}

fn complete() -> Value {
    yaml(&text(&repository("tests/examples/complete.yaml")))
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).expect("a valid schema")
}

fn included_validator() -> Validator {
    jsonschema::draft202012::new(&included_schema()).expect("a valid schema")
}

/// What the reader makes of a value: JSON is YAML.
fn config(value: &Value) -> Result<Config, String> {
    Config::parse("config.yaml", &value.to_string())
        .map(|parsed| parsed.config)
        .map_err(|findings| findings.to_string())
}

fn assert_committed(arguments: &[&str], file: &str, schema: &Value) {
    let run = Command::new(env!("CARGO_BIN_EXE_anycastctl"))
        .args(arguments)
        .output();
    let printed = String::from_utf8(run.expect("the program").stdout).expect("text");
    assert!(
        printed == text(&repository(file)),
        "the schema has changed: run `anycastctl {} > {file}`",
        arguments.join(" ")
    );
    assert_eq!(printed.parse::<Value>().expect("JSON"), *schema);
    assert!(printed.ends_with("}\n"));
}

#[test]
fn the_committed_schemas_are_what_the_program_prints() {
    assert_committed(&["schema"], "tests/examples/config.schema.json", &schema());
    assert_committed(
        &["schema", "--included"],
        "tests/examples/included.schema.json",
        &included_schema(),
    );
}

#[test]
fn the_schemas_say_what_they_are() {
    for (schema, id) in [
        (schema(), "urn:anycastctl:config:v1"),
        (included_schema(), "urn:anycastctl:included:v1"),
    ] {
        jsonschema::draft202012::meta::validate(&schema).expect("a schema of draft 2020-12");
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        assert_eq!(schema["$id"], id);
    }
}

#[test]
fn every_file_of_this_project_is_valid() {
    let validator = validator();
    let folders = ["tests/examples", "src/render/tests"].map(repository);
    let entries = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).expect("the files"));
    let paths = entries.map(|entry| entry.expect("a file").path());
    let files = paths.filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    let readme = text(&repository("README.md"));
    let blocks = readme.split("```yaml\n").skip(1);
    let blocks = blocks.filter_map(|rest| Some(rest.split("```").next()?.to_owned()));
    let all: Vec<String> = files.map(|path| text(&path)).chain(blocks).collect();
    assert!(all.len() > 6, "where are they?");
    for text in all {
        let errors = validator
            .iter_errors(&yaml(&text))
            .into_errors()
            .to_string();
        assert!(validator.is_valid(&yaml(&text)), "{errors}\n{text}");
    }
}

#[test]
fn examples_name_the_schema() {
    let main = fs::read_dir(repository("tests/examples")).expect("the examples");
    let included = fs::read_dir(repository("tests/examples/conf.d")).expect("included files");
    let main = main.map(|entry| (entry, "config.schema.json"));
    for (entry, schema) in main.chain(included.map(|entry| (entry, "../included.schema.json"))) {
        let path = entry.expect("an example").path();
        let modeline = format!("# yaml-language-server: $schema={schema}\n");
        let is_yaml = path
            .extension()
            .is_some_and(|extension| extension == "yaml");
        assert!(
            !is_yaml || text(&path).starts_with(&modeline),
            "{}",
            path.display()
        );
    }
}

#[test]
fn every_key_is_documented_and_stands_in_the_complete_example() {
    let mut complete = complete();
    for key in all_keys() {
        let path = key.path.join(".");
        let description = key.property["description"].as_str().unwrap_or_default();
        assert!(description.ends_with('.'), "{path} has no description");
        let told = key.is_required || key.is_section || key.property.get("default").is_some();
        assert!(
            told || description.contains("absent"),
            "{path}: what holds where it is absent? Give it a default, or say so in its description"
        );
        assert!(
            !at(&mut complete, &key.path).is_empty(),
            "{path} is missing in tests/examples/complete.yaml"
        );
    }
}

#[test]
fn what_is_no_key_is_refused_in_every_section() {
    let validator = validator();
    for key in all_keys() {
        let mut file = complete();
        sections(&mut file, &key)[0]["no_such_key"] = 1.into();
        assert!(
            !validator.is_valid(&file),
            "a key beside {}",
            key.path.join(".")
        );
    }
}

#[test]
fn what_the_schema_requires_the_reader_requires() {
    let validator = validator();
    let mut seen = 0;
    for key in all_keys().iter().filter(|key| key.is_required) {
        let file = without(complete(), key);
        assert!(!validator.is_valid(&file), "{}", key.path.join("."));
        assert!(config(&file).is_err(), "{}", key.path.join("."));
        seen += 1;
    }
    assert!(seen > 10, "where are the required keys?");
}

#[test]
fn stated_defaults_are_those_of_the_reader() {
    // The smallest one, with a section that has another default than its keys, a group beside the check, and what
    // has no default as a whole.
    let mut file = with("/services/resolver/route", json!({ "interface": "lo" }));
    let checks = &mut file["services"]["resolver"]["checks"];
    let group = json!({ "group": { "of": checks.clone() } });
    let serial = json!({ "max_age": "1d", "primary": "192.0.2.1", "max_behind": 1 });
    let mut fresh = checks[0].clone();
    fresh["dns"]["expect"] = json!({ "serial": serial });
    let several = json!({ "dns": { "questions": [fresh["dns"]] } });
    let exec = json!({ "exec": { "command": ["/usr/local/bin/check"] } });
    let http = json!({ "http": { "url": "https://192.0.2.53/" } });
    let flag = json!({ "file": { "path": "/run/maintenance" } });
    let checks = checks.as_array_mut().expect("the checks");
    checks.extend([group, fresh, several, exec, http, flag]);
    let mut filled = file.clone();
    fill(&schema(), &schema(), &mut filled);
    for key in all_keys()
        .iter()
        .filter(|key| key.property.get("default").is_some())
    {
        assert!(
            !at(&mut filled, &key.path).is_empty(),
            "{}",
            key.path.join(".")
        );
    }
    assert!(validator().is_valid(&filled), "{filled:#}");
    assert_eq!(config(&filled), config(&file), "{filled:#}");
}

#[test]
fn the_complete_example_has_the_defaults_or_tells_them() {
    let example = text(&repository("tests/examples/complete.yaml"));
    for key in all_keys().iter().filter(|key| !key.is_section) {
        let default = &key.property["default"];
        let mut complete = complete();
        let mut values = at(&mut complete, &key.path).into_iter();
        let name = format!("{}:", key.path.last().expect("a name"));
        let mut lines = example.lines();
        assert!(
            default.is_null()
                || values.any(|value| value == default)
                || lines.any(|line| line.trim().starts_with(&name) && line.contains("by default")),
            "{}: tests/examples/complete.yaml does not tell its default",
            key.path.join(".")
        );
    }
}

#[test]
fn what_the_reader_can_do_without_the_schema_can() {
    let validator = validator();
    let mut taken = 0;
    for key in all_keys() {
        let file = without(complete(), &key);
        if config(&file).is_ok() {
            assert!(validator.is_valid(&file), "{}", key.path.join("."));
            taken += 1;
        }
    }
    assert!(taken > 70, "only {taken} keys can be left out");
}

/// The smallest file with another value at a JSON pointer.
fn with(pointer: &str, value: Value) -> Value {
    let mut file = smallest();
    let (section, key) = pointer.rsplit_once('/').expect("a pointer");
    match file.pointer_mut(section).expect("the section") {
        Value::Array(items) => items[key.parse::<usize>().expect("an index")] = value,
        section => section[key] = value,
    }
    file
}

#[test]
fn what_is_wrong_is_refused_by_schema_and_reader() {
    let validator = validator();
    let dns = |key: &str| format!("/services/resolver/checks/0/dns/{key}");
    for (pointer, wrong) in [
        ("/version", json!(2)),
        ("/node/name", json!("")),
        ("/node/asn", json!(0)),
        ("/node/asn", json!("AS64600")),
        ("/node/asn", json!(4_294_967_296_u64)),
        ("/node/router_id", json!("2001:db8::1")),
        ("/bird", json!({ "version": "1.6.8" })),
        ("/bird", json!({ "version": 2 })),
        ("/bird", json!({ "log": "stderr" })),
        ("/bfd", json!({ "interval": 300 })),
        ("/bfd", json!({ "multiplier": 256 })),
        ("/bird", json!({ "include": ["/etc/*.conf"] })),
        ("/include", json!(["conf.d/"])),
        ("/kernel", json!({ "export": "all" })),
        ("/kernel", json!({ "ecmp": 1 })),
        ("/kernel", json!({ "preferred_source": { "v4": "::1" } })),
        (
            "/services/Resolver",
            smallest()["services"]["resolver"].clone(),
        ),
        ("/services/resolver/prefixes", json!([])),
        ("/services/resolver/prefixes/0", json!("192.0.2.53")),
        ("/services/resolver/communities", json!(["65536:1"])),
        ("/services/resolver/large_communities", json!(["1:2"])),
        ("/services/resolver/med", json!(-1)),
        ("/services/resolver/route", json!("prohibit")),
        ("/services/resolver/route", json!({ "check_link": true })),
        ("/services/resolver/bird", json!({ "v5": "my_static" })),
        ("/services/resolver/bird", json!({ "v4": "my-static" })),
        ("/services/resolver/interval", json!("5 parsecs")),
        ("/services/resolver/fall", json!(0)),
        ("/services/resolver/rise", json!(1001)),
        ("/services/resolver/window", json!("on")),
        ("/services/resolver/window", json!({ "sise": 10 })),
        ("/services/resolver/require_address", json!("perhaps")),
        ("/services/resolver/checks/0", json!({ "type": "dns" })),
        (&dns("server"), json!("localhost")),
        (&dns("port"), json!(65_536)),
        (&dns("type"), json!("SOAP")),
        (&dns("transport"), json!("dot")),
        (&dns("path"), json!("dns-query")),
        (&dns("tls"), json!({ "pin": "/dns.pem" })),
        (&dns("expect"), json!({ "rcode": ["NODATA"] })),
        ("/neighbors/tor-1", smallest()["neighbors"]["tor1"].clone()),
        ("/neighbors/tor1/password", json!("secret")),
        ("/neighbors/tor1/hold_time", json!(90)),
        (
            "/neighbors/tor1/sessions/0",
            json!({ "local": "10.99.0.2" }),
        ),
        (
            "/neighbors/tor1/limits",
            json!({ "import": { "action": "drop" } }),
        ),
        ("/neighbors/tor1/drain", json!({ "prepend": 11 })),
        ("/neighbors/tor1/preset", json!("Vultr")),
        ("/neighbors/tor1/password_env", json!("PASSWORD=x")),
        ("/neighbors/tor1/role", json!("upstream")),
        ("/neighbors/tor1/port", json!(0)),
        ("/neighbors/tor1/graceful_restart", json!("perhaps")),
        ("/neighbors/tor1/import", json!("all")),
        ("/neighbors/tor1/services", json!(["Resolver"])),
        ("/neighbors/tor1/prepend", json!(11)),
        ("/daemon", json!({ "on_stop": "drain" })),
        ("/daemon", json!({ "listen": "soon" })),
        ("/daemon", json!({ "listen": 9553 })),
        ("/daemon", json!({ "listen": "::1:9553" })),
        ("/daemon", json!({ "operator_group": "DNS ops" })),
        ("/bird", json!({ "poll_interval": 1 })),
        ("/services/resolver/damping", json!("on")),
        ("/services/resolver/damping", json!({ "free": 1001 })),
        ("/services/resolver/damping", json!({ "hold": "60" })),
        ("/services/resolver/checks/0/on_failure", json!("hold")),
        ("/flap", json!({ "penalty": 0 })),
        ("/flap", json!({ "action": "disable" })),
        ("/flap", json!({ "half_life": 300 })),
    ] {
        let file = with(pointer, wrong);
        assert!(
            !validator.is_valid(&file),
            "{pointer}: the schema takes {file:#}"
        );
        assert!(
            config(&file).is_err(),
            "{pointer}: the reader takes {file:#}"
        );
    }
}

#[test]
fn other_ways_to_write_a_value_are_valid_too() {
    let validator = validator();
    for (pointer, other) in [
        ("/node/asn", json!("64601")),
        ("/node/name", json!(7)),
        ("/bird", json!({ "version": 2.15 })),
        ("/services/resolver/window", json!("off")),
        ("/services/resolver/med", json!("0100")),
        ("/services/resolver/route", json!("unreachable")),
        ("/services/resolver/bird", json!({ "v4": true })),
        ("/kernel", json!({ "ecmp": "16" })),
        ("/include", json!([7, "conf.d/*.yaml"])),
        ("/neighbors/tor1/password_credential", json!(1)),
        ("/neighbors/tor1/graceful_restart", json!("full")),
        (
            "/neighbors/tor1/limits",
            json!({ "receive": { "max": 9, "action": "warn" } }),
        ),
        ("/services/resolver/fall", json!("2")),
        ("/services/resolver/damping", json!("off")),
        ("/services/resolver/damping", json!({ "free": 0 })),
        ("/daemon", json!({ "listen": "off" })),
        ("/daemon", json!({ "listen": "[::1]:09553" })),
        ("/daemon", json!({ "operator_group": true })),
        ("/flap", json!({ "suppress": "2500", "action": "hold" })),
        ("/services/resolver/checks/0/dns/type", json!("soa")),
    ] {
        let file = with(pointer, other);
        assert!(
            validator.is_valid(&file),
            "{pointer}: the schema refuses {file:#}"
        );
        assert!(
            config(&file).is_ok(),
            "{pointer}: {}",
            config(&file).unwrap_err()
        );
    }
}
