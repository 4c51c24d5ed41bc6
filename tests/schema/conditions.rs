//! Keys that are required unless something else is said.

use serde_json::{Value, json};

use super::{complete, config, included_validator, repository, smallest, text, validator, yaml};
use anycastctl::config::{included_schema, schema};

/// A neighbour with the keys of an object, in place of the one in the smallest file.
fn with_neighbor(neighbor: &Value) -> Value {
    let mut file = smallest();
    file["neighbors"] = json!({ "tor1": neighbor });
    file
}

fn with_defaults(neighbor: &Value, defaults: Value) -> Value {
    let mut file = with_neighbor(neighbor);
    file["neighbor_defaults"] = defaults;
    file
}

fn assert_both(file: &Value, is_good: bool) {
    assert_eq!(validator().is_valid(file), is_good, "the schema: {file:#}");
    assert_eq!(config(file).is_ok(), is_good, "the reader: {file:#}");
}

#[test]
fn defaults_and_presets_stand_in_for_an_as_number() {
    let ends = json!([{ "local": "10.99.0.2", "remote": "10.99.0.1" }]);
    let bare = json!({ "sessions": ends });
    assert_both(&with_neighbor(&bare), false);
    assert_both(&with_defaults(&bare, json!({ "hold_time": "90s" })), false);
    assert_both(&with_defaults(&bare, json!({ "asn": 64600 })), true);
    let preset = json!({ "preset": "vultr", "sessions": ends });
    assert_both(&with_neighbor(&preset), true);
    let endless = json!({ "asn": 64600 });
    assert_both(&with_defaults(&endless, json!({ "asn": 64600 })), false);
}

#[test]
fn a_preset_stands_in_for_the_other_end() {
    let sessions = json!([{ "local": "10.99.0.2" }]);
    let plain = json!({ "asn": 64600, "sessions": sessions });
    assert_both(&with_neighbor(&plain), false);
    let preset = json!({ "preset": "vultr", "sessions": sessions });
    assert_both(&with_neighbor(&preset), true);
    let nothing = json!({ "preset": "vultr", "sessions": [{ "remote": "10.99.0.1" }] });
    assert_both(&with_neighbor(&nothing), false);
}

#[test]
fn included_files_stand_in_for_services_and_neighbours() {
    for key in ["services", "neighbors"] {
        let mut file = smallest();
        file.as_object_mut().expect("a map").remove(key);
        assert_both(&file, false);
        file["include"] = json!(["conf.d/*.yaml"]);
        assert!(validator().is_valid(&file), "{file:#}");
    }
}

#[test]
fn defaults_have_the_keys_of_a_neighbour_but_what_makes_it_that_one() {
    let schema = schema();
    let mut neighbor = schema["$defs"]["Neighbor"]["properties"].clone();
    for key in ["preset", "sessions"] {
        let value = complete()["neighbors"]["vultr"][key].clone();
        neighbor.as_object_mut().expect("keys").remove(key);
        let mut file = smallest();
        file["neighbor_defaults"] = json!({ key: value });
        assert_both(&file, false);
    }
    let defaults = &schema["properties"]["neighbor_defaults"];
    assert_eq!(defaults["properties"], neighbor);
    let mut file = smallest();
    file["neighbor_defaults"] = json!({ "no_such_key": 1 });
    assert_both(&file, false);
}

#[test]
fn included_files_have_the_services_and_neighbours_of_the_main_one() {
    let (included, main) = (included_schema(), schema());
    for name in ["Service", "Neighbor", "Session", "Limits"] {
        assert_eq!(included["$defs"][name], main["$defs"][name], "{name}");
    }
    let validator = included_validator();
    let example = yaml(&text(&repository("tests/examples/conf.d/root.yaml")));
    assert!(validator.is_valid(&example));
    assert!(validator.is_valid(&json!({})));
    for (key, wrong) in [
        ("node", smallest()["node"].clone()),
        ("neighbor_defaults", json!({})),
        ("version", json!(2)),
        ("services", json!({ "Root": example["services"]["root"] })),
        ("services", json!({ "root": {} })),
        ("neighbors", json!({ "tor2": { "asn": 64600 } })),
        (
            "neighbors",
            json!({ "tor2": { "sessions": [{ "local": "10.99.0.2" }] } }),
        ),
    ] {
        let mut file = example.clone();
        file[key] = wrong;
        assert!(!validator.is_valid(&file), "{file:#}");
    }
}
