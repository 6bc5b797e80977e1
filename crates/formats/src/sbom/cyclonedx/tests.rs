use serde_json::Value;

use super::*;
use crate::testing::{self, golden};

fn written(report: &Report) -> String {
    (FORMAT.render)(report, &Options::default())
}

#[test]
fn documents_look_as_in_their_golden_files() {
    for (name, report) in testing::reports() {
        golden(
            &format!("sbom/cyclonedx/testdata/{name}.json"),
            &written(&report),
        );
    }
}

#[test]
fn every_reference_leads_somewhere_and_is_unique() {
    for (name, report) in testing::reports() {
        let document: Value = serde_json::from_str(&written(&report)).unwrap();
        let refs: Vec<&str> = document["components"]
            .as_array()
            .unwrap()
            .iter()
            .chain([&document["metadata"]["component"]])
            .map(|component| component["bom-ref"].as_str().unwrap())
            .collect();
        let unique: BTreeSet<&str> = refs.iter().copied().collect();
        assert_eq!(refs.len(), unique.len(), "{name}");
        for dependency in document["dependencies"].as_array().unwrap() {
            assert!(unique.contains(dependency["ref"].as_str().unwrap()));
            for to in dependency["dependsOn"].as_array().into_iter().flatten() {
                assert!(unique.contains(to.as_str().unwrap()), "{name}: {to}");
            }
        }
        for entry in document["vulnerabilities"].as_array().into_iter().flatten() {
            for affected in entry["affects"].as_array().unwrap() {
                assert!(unique.contains(affected["ref"].as_str().unwrap()));
            }
        }
    }
}

#[test]
fn no_document_claims_to_have_looked_for_vulnerabilities_without_a_database() {
    let mut report = testing::clean();
    let of = |report: &Report| serde_json::from_str::<Value>(&written(report)).unwrap();
    assert_eq!(of(&report)["vulnerabilities"], Value::Array(Vec::new()));
    report.coverage.database = None;
    assert_eq!(of(&report).get("vulnerabilities"), None);
}

#[test]
fn an_image_of_a_registry_has_a_purl() {
    let mut image = testing::clean().image;
    let digest = "a".repeat(64);
    for (reference, want) in [
        (
            "registry:ghcr.io:443/shop/web:1.4",
            format!(
                "pkg:oci/web@sha256:{digest}?arch=amd64&repository_url=ghcr.io:443/shop/web&tag=1.4"
            ),
        ),
        ("docker:web:1", String::new()),
        ("oci-dir:web", String::new()),
    ] {
        image.reference = reference.to_owned();
        assert_eq!(image_purl(&image).unwrap_or_default(), want);
    }
}
