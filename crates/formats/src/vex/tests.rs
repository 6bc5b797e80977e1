use std::fmt::Write as _;

use plimsoll_model::report::{Finding, Report, Suppression};
use serde_json::Value;

use super::*;
use crate::testing::{self, golden};
use crate::{Options, sbom::stamp};

const FIXTURES: [(&str, &str); 5] = [
    ("attestation", include_str!("testdata/attestation.json")),
    ("csaf", include_str!("testdata/csaf.json")),
    ("cyclonedx", include_str!("testdata/cyclonedx.json")),
    ("openvex", include_str!("testdata/openvex.json")),
    ("openvex-0.0.1", include_str!("testdata/openvex-0.0.1.json")),
];

fn name(name: &Name) -> String {
    match name {
        Name::Purl(purl) => purl.to_string(),
        Name::Digest(digest) => digest.clone(),
        Name::Text(text) => format!("'{text}'"),
    }
}

fn written(document: &Document) -> String {
    let mut out = String::new();
    for statement in &document.statements {
        let time = statement
            .time
            .and_then(|time| stamp::time(Some(time), ""))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "{} {} {time} [{}]",
            statement.ids.join(" "),
            statement.status.as_str(),
            statement.reason
        );
        for product in &statement.products {
            let names: Vec<String> = product.names.iter().map(name).collect();
            let _ = writeln!(out, "  {}", names.join(" or "));
            for part in &product.parts {
                let names: Vec<String> = part.iter().map(name).collect();
                let _ = writeln!(out, "    part {}", names.join(" or "));
            }
        }
    }
    let _ = writeln!(
        out,
        "passed over: {} statements, {} products",
        document.unknown_statuses, document.unknown_products
    );
    out
}

#[test]
fn documents_state_what_their_golden_files_say() {
    for (file, text) in FIXTURES {
        let document = read(text.as_bytes(), file).unwrap();
        assert_eq!(document.name, file);
        golden(&format!("vex/testdata/{file}.txt"), &written(&document));
    }
}

#[test]
fn an_envelope_is_opened() {
    let (_, inner) = FIXTURES[0];
    let payload = base64::engine::general_purpose::STANDARD.encode(inner);
    let envelope = format!(
        "\u{feff}{{\"payloadType\": \"application/vnd.in-toto+json\", \"payload\": \"{payload}\"}}"
    );
    assert_eq!(read(envelope.as_bytes(), "a"), read(inner.as_bytes(), "a"),);
    let mut wrapped = inner.to_owned();
    for _ in 0..MAX_WRAPPERS {
        wrapped = format!("{{\"predicate\": {wrapped}}}");
    }
    let said = read(wrapped.as_bytes(), "a").unwrap_err().to_string();
    assert!(said.contains("wrapped too many times"), "{said}");
}

#[test]
fn a_damaged_document_is_refused_with_the_reason() {
    for (file, text) in FIXTURES {
        for share in [1, 2, 3, 9] {
            let cut = text.len() * share / 10;
            let said = read(&text.as_bytes()[..cut], file).unwrap_err().to_string();
            assert!(said.contains("EOF while parsing"), "{file}: {said}");
        }
    }
    let deep = format!(
        "{{\"document\": {{}}, \"product_tree\": {}",
        "{\"branches\": [".repeat(100_000)
    );
    let ignored = format!("{{\"document\": {}", "[".repeat(100_000));
    let openvex = "{\"@context\": \"https://openvex.dev/ns/v0.2.0\"";
    let csaf = "{\"document\": {}, \"product_tree\"";
    for (text, want) in [
        ("", "EOF while parsing"),
        ("[]", "invalid length 0"),
        ("{}", "without the marks of any of them"),
        ("<bom/>", "expected value"),
        (&deep, "EOF while parsing"),
        (
            &format!("{deep}{}}}", "]}".repeat(100_000)),
            "recursion limit exceeded",
        ),
        (&ignored, "EOF while parsing"),
        (&format!("{openvex}}}"), "missing field `statements`"),
        (
            &format!("{openvex}, \"statements\": {{}}}}"),
            "invalid type: map",
        ),
        (
            &format!(
                "{openvex}, \"statements\": [{{\"vulnerability\": 7, \"status\": \"fixed\"}}]}}"
            ),
            "a vulnerability is a name, or an object with a name",
        ),
        (
            &format!(
                "{openvex}, \"statements\": [{{\"vulnerability\": \"a\", \"products\": [7], \"status\": \"fixed\"}}]}}"
            ),
            "a product is an identifier",
        ),
        (&format!("{csaf}: 7}}"), "invalid type: integer"),
        ("{\"document\": 1}", "invalid type: integer"),
        (
            "{\"bomFormat\": \"CycloneDX\", \"components\": []}",
            "without vulnerabilities",
        ),
        ("{\"payload\": \"***\"}", "no base64"),
        ("{\"payload\": \"e30=\"}", "without the marks"),
    ] {
        let said = read(text.as_bytes(), "a").unwrap_err().to_string();
        assert!(said.contains(want), "{text:.80}: {said}");
    }
}

#[test]
fn groups_that_stand_for_too_many_products_are_refused() {
    let products = vec!["\"p\""; 3_000].join(",");
    let flag = "{\"label\": \"x\", \"group_ids\": [\"g\"]}";
    let flags = vec![flag; 2_000].join(",");
    let text = format!(
        "{{\"document\": {{}}, \"product_tree\": {{\"product_groups\": [{{\"group_id\": \"g\", \
         \"product_ids\": [{products}]}}]}}, \"vulnerabilities\": [{{\"flags\": [{flags}]}}]}}"
    );
    let said = read(text.as_bytes(), "a").unwrap_err().to_string();
    assert!(said.contains("more than 4000000 products"), "{said}");
}

/// A report with a finding of each kind of suppression.
fn suppressed() -> Report {
    let mut report = testing::many();
    let Some(Finding::Vulnerability(twin)) = report.suppressed.first().cloned() else {
        panic!("the report has a suppressed finding");
    };
    let mut add = |by: &str, status, id: &str| {
        let mut finding = twin.clone();
        finding.id = id.to_owned();
        finding.suppressed = Some(Suppression {
            by: by.to_owned(),
            reason: format!("{by} says so"),
            expires: String::new(),
            status,
        });
        report.suppressed.push(Finding::Vulnerability(finding));
    };
    add(
        "distribution",
        Some(VexStatus::NotAffected),
        "CVE-2020-0001",
    );
    add("distribution", Some(VexStatus::Affected), "CVE-2020-0002");
    add(
        "distribution",
        Some(VexStatus::UnderInvestigation),
        "CVE-2020-0003",
    );
    add("vex", Some(VexStatus::NotAffected), "CVE-2020-0004");
    add("exception", None, "CVE-2020-0005");
    // The package that owns it has the same vulnerability: whatever is fixed, it is not there.
    add("distribution", Some(VexStatus::Fixed), "CVE-2023-4911");
    report.packages[9].package.owned_by = Some(report.packages[4].package.purl.clone());
    report
}

#[test]
fn what_is_written_holds_only_our_own_word_and_is_read_back() {
    let report = suppressed();
    let text = write::render(&report, &Options::default());
    golden("vex/testdata/written.json", &text);
    let document = read(text.as_bytes(), "a").unwrap();
    let ids: Vec<&str> = document
        .statements
        .iter()
        .map(|statement| statement.ids[0].as_str())
        .collect();
    assert_eq!(ids, ["CVE-2016-9840", "CVE-2020-0001"]);
    assert_eq!(
        (document.unknown_statuses, document.unknown_products),
        (0, 0)
    );
    let later = Options {
        source_date_epoch: Some(1_700_000_000),
        ..Options::default()
    };
    let later: Value = serde_json::from_str(&write::render(&report, &later)).unwrap();
    assert_eq!(later["timestamp"], "2023-11-14T22:13:20Z");
}

#[test]
fn without_a_digest_the_owning_package_is_the_product() {
    let mut report = suppressed();
    report.image.digest = None;
    let document = read(write::render(&report, &Options::default()).as_bytes(), "a").unwrap();
    let product = &document.statements[0].products[0];
    assert!(name(&product.names[0]).starts_with("pkg:deb/debian/libc-bin@"));
    assert!(name(&product.parts[0][0]).starts_with("pkg:deb/debian/zlib1g@"));
}

#[test]
fn every_document_that_is_written_follows_the_specification() {
    for (_, report) in testing::reports()
        .into_iter()
        .chain([("own", suppressed())])
    {
        let text = write::render(&report, &Options::default());
        let document: Value = serde_json::from_str(&text).unwrap();
        for field in [
            "@context",
            "@id",
            "author",
            "timestamp",
            "version",
            "statements",
        ] {
            assert!(document.get(field).is_some(), "{field}");
        }
        for statement in document["statements"].as_array().unwrap() {
            let fixed = statement["status"] == "fixed";
            assert!(fixed || statement["status"] == "not_affected");
            // Without an action a reason is required: one of two, never both.
            assert_eq!(statement.get("impact_statement").is_none(), fixed);
            assert_eq!(statement.get("justification"), None);
            assert!(!statement["products"].as_array().unwrap().is_empty());
            assert!(statement["vulnerability"]["name"].is_string());
        }
    }
}
