use plimsoll_model::severity::Severity;
use serde_json::Value;

use super::*;
use crate::testing::{self, golden};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../../schemas/report-1.json")).unwrap()
}

fn inventory_schema() -> Value {
    serde_json::from_str(include_str!("../../../../schemas/sbom-1.json")).unwrap()
}

#[test]
fn the_list_of_packages_follows_its_schema_which_is_part_of_the_reports() {
    let (whole, part) = (schema(), inventory_schema());
    jsonschema::meta::validate(&part).unwrap();
    let validator = jsonschema::validator_for(&part).unwrap();
    for (name, made) in testing::reports() {
        let document: Value = serde_json::from_str(&inventory(&made)).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
    for (name, definition) in part["$defs"].as_object().unwrap() {
        assert_eq!(*definition, whole["$defs"][name], "{name}");
    }
    for (name, property) in part["properties"].as_object().unwrap() {
        if name != "schema" {
            assert_eq!(*property, whole["properties"][name], "{name}");
        }
    }
}

#[test]
fn the_schema_names_every_kind_of_package() {
    use plimsoll_model::ecosystem::TABLE;
    let names: Vec<&str> = TABLE.iter().map(|row| row.name).collect();
    let schema = schema();
    let listed = &schema["$defs"]["packageType"]["enum"];
    assert_eq!(*listed, serde_json::to_value(names).unwrap());
}

#[test]
fn reports_look_as_in_their_golden_files() {
    for (name, made) in testing::reports() {
        golden(&format!("json/testdata/{name}.json"), &report(&made));
    }
}

#[test]
fn every_report_follows_the_published_schema() {
    jsonschema::meta::validate(&schema()).unwrap();
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (name, made) in testing::reports() {
        let document: Value = serde_json::from_str(&report(&made)).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

#[test]
fn the_schema_refuses_what_a_report_never_holds() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let good: Value = serde_json::from_str(&report(&testing::many())).unwrap();
    for (path, value) in [
        ("/schema", Value::from("plimsoll/report/2")),
        ("/extra", Value::from(1)),
        ("/findings/0/severity", Value::from("High")),
        ("/findings/0/risk", Value::from(101)),
        ("/findings/0/fix/state", Value::from("maybe")),
        ("/image/layers/0/origin", Value::from("theirs")),
        ("/coverage/gaps", Value::Null),
    ] {
        let mut bad = good.clone();
        match bad.pointer_mut(path) {
            Some(place) => *place = value,
            None => bad[&path[1..]] = value,
        }
        assert!(!validator.is_valid(&bad), "{path}");
    }
}

/// Every object of the schema says what its fields mean, requires all of them and allows no other:
/// so a field cannot be added to the document without being described.
#[test]
fn the_schema_describes_every_field() {
    fn walk(path: &str, value: &Value) {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            assert_eq!(value["additionalProperties"], Value::Bool(false), "{path}");
            let mut required: Vec<&str> = value["required"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect();
            required.sort_unstable();
            let mut names: Vec<&str> = properties.keys().map(String::as_str).collect();
            names.sort_unstable();
            assert_eq!(required, names, "{path}");
            for (name, field) in properties {
                assert!(
                    field["description"].is_string(),
                    "{path}/{name} has no description"
                );
            }
        }
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    let path = format!("{path}/{key}");
                    match inner.as_object().filter(|_| key == "properties") {
                        // The fields themselves, one of which may be called `properties`.
                        Some(fields) => fields.values().for_each(|field| walk(&path, field)),
                        None => walk(&path, inner),
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(|v| walk(path, v)),
            _ => {}
        }
    }
    walk("", &schema());
}

#[test]
fn the_counts_are_those_of_the_lists() {
    for (name, made) in testing::reports() {
        let document: Value = serde_json::from_str(&report(&made)).unwrap();
        let summary = &document["summary"];
        let all = document["findings"].as_array().unwrap();
        let (findings, suppressed): (Vec<_>, Vec<_>) =
            all.iter().partition(|f| f["suppressed"].is_null());
        let count = |of: &dyn Fn(&Value) -> bool| findings.iter().filter(|f| of(f)).count();
        assert_eq!(summary["suppressed"], suppressed.len(), "{name}");
        let last_active = all.iter().rposition(|f| f["suppressed"].is_null());
        assert!(
            last_active.is_none_or(|last| last < findings.len()),
            "{name}: what counts is first"
        );
        for severity in Severity::ALL {
            assert_eq!(
                summary["vulnerabilities"][severity.as_str()],
                count(&|f| f["severity"] == severity.as_str()),
                "{name}"
            );
        }
        assert_eq!(summary["findings"], findings.len(), "{name}");
        assert_eq!(
            summary["fixable"],
            count(&|f| f["fix"]["state"] == "fixed"),
            "{name}"
        );
        assert_eq!(
            summary["known_exploited"],
            count(&|f| f["known_exploited"] == true),
            "{name}"
        );
        assert_eq!(
            summary["packages"],
            document["packages"].as_array().unwrap().len(),
            "{name}"
        );
    }
}

#[test]
fn values_are_those_of_the_report_whatever_they_hold() {
    let made = testing::hostile();
    let text = report(&made);
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["image"]["reference"], made.image.reference);
    assert_eq!(
        document["packages"][0]["name"],
        made.packages[0].package.name
    );
    assert_eq!(document["packages"][1]["layer"], Value::Null);
    assert_eq!(document["findings"][2]["package"], Value::Null);
}
