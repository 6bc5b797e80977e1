//! SBOMs out and in: what is written follows the official schemas and, read again, gives the same
//! packages and findings; what Syft writes is read as Syft means it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails as the test does"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Place, demo, gaps, real};
use plimsoll_testkit::image::{Compression, LayerBuilder, TestImage};
use plimsoll_testkit::{project_dir, shared_dir, skip};
use serde_json::Value;

/// The formats that a package list comes back from, each with its file.
const FORMATS: [(&str, &str); 5] = [
    ("cyclonedx", "a.cdx.json"),
    ("cyclonedx@1.7", "b.cdx.json"),
    ("spdx", "a.spdx.json"),
    ("spdx-tag-value", "a.spdx"),
    ("spdx@3.0", "b.spdx.json"),
];

/// Lists the packages of an image in every format; returns the JSON.
fn list(place: &Place, reference: &str) -> Value {
    let mut words = vec![
        "sbom".to_owned(),
        reference.to_owned(),
        "--no-cache".to_owned(),
    ];
    words.extend(["--format".to_owned(), "json".to_owned()]);
    for (format, file) in FORMATS {
        words.extend(["-o".to_owned(), format!("{format}={file}")]);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ran = place.run(&words);
    assert!(matches!(ran.code, 0 | 3), "{reference}: {}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Findings as (id, package, version, severity, fix), in order.
fn findings(report: &Value) -> Vec<[String; 5]> {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| {
            [
                finding["id"].to_string(),
                finding["package"]["purl"].to_string(),
                finding["package"]["version"].to_string(),
                finding["severity"].to_string(),
                finding["fix"].to_string(),
            ]
        })
        .collect()
}

/// Scans an image, and each of its SBOMs: packages and findings are the same.
fn round_trip(place: &Place, reference: &str, db: &str, least: usize) {
    let code = place.run(&["scan", reference, "--db", db, "-q"]).code;
    let image = place.report(reference, &["--db", db], code);
    assert!(
        findings(&image).len() >= least,
        "{reference}: too few findings"
    );
    let listed = list(place, reference);
    for (format, file) in FORMATS {
        let reference = format!("sbom:{file}");
        let again = place.report(&reference, &["--db", db], code);
        assert_eq!(findings(&again), findings(&image), "{format}");
        assert_eq!(again["packages"], image["packages"], "{format}");
        assert_eq!(again["coverage"], image["coverage"], "{format}");
        assert_eq!(again["image"]["reference"], reference.as_str());
        let converted = place.run(&["sbom", &reference, "--format", "json"]).stdout;
        let converted: Value = serde_json::from_str(&converted).unwrap();
        assert_eq!(converted, listed, "{format}");
        // Without a scheme, the content tells.
        let by_content = place.run(&["sbom", file, "--format", format]);
        let written = fs::read_to_string(place.path(file)).unwrap();
        assert!(by_content.stdout == written, "{format} of {format} differs");
    }
}

#[test]
fn the_demo_image_and_its_sboms_give_the_same() {
    let place = Place::new();
    let db = place.starter();
    round_trip(&place, &demo(), &db, 500);
}

#[test]
fn real_images_and_their_sboms_give_the_same() {
    let name_of_test = "real_images_and_their_sboms_give_the_same";
    let Some(feeds) = shared_dir().map(|shared| shared.join("feeds")) else {
        return skip(name_of_test, "the large feeds are not here");
    };
    let place = Place::new();
    let db = place.database(&feeds);
    // Modules of rpm, branches of Alpine's repository, languages beside the distribution's packages.
    for name in ["debian-12-slim", "rpm-sqlite", "alpine-like"] {
        let Some(layout) = real(name_of_test, name) else {
            continue;
        };
        round_trip(&place, &format!("oci-dir:{}", layout.display()), &db, 20);
    }
}

#[test]
fn licences_of_other_tools_become_expressions() {
    let place = Place::new();
    let document = r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
        {"type": "library", "name": "cfg-if", "version": "1.0.1", "purl": "pkg:cargo/cfg-if@1.0.1",
         "licenses": [{"license": {"name": "MIT/Apache-2.0"}}]}]}"#;
    fs::write(place.path("foreign.json"), document).unwrap();
    let listed = list(&place, "sbom:foreign.json");
    let package = &listed["packages"][0];
    assert_eq!(package["licenses"][0], "MIT OR Apache-2.0");
    assert_eq!(package["properties"]["declared_license"], "MIT/Apache-2.0");
}

#[test]
fn the_same_image_gives_the_same_bytes_and_the_time_that_is_asked_for() {
    let place = Place::new();
    for (format, _) in FORMATS {
        let once = |epoch: &str| {
            let mut command = place.command(&["sbom", &demo(), "--format", format]);
            common::ran(command.env("SOURCE_DATE_EPOCH", epoch).output().unwrap()).stdout
        };
        let first = once("1700000000");
        assert!(first.contains("2023-11-14T22:13:20Z"), "{format}");
        assert!(first == once("1700000000"), "{format}");
        assert!(first != once("1700000001"), "{format}");
    }
}

#[test]
fn a_scan_writes_its_findings_into_cyclonedx() {
    let place = Place::new();
    let db = place.starter();
    let ran = place.run(&["scan", &demo(), "--db", &db, "--format", "cyclonedx"]);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let entries = document["vulnerabilities"].as_array().unwrap();
    let looney = entries
        .iter()
        .find(|entry| entry["id"] == "CVE-2023-4911")
        .unwrap();
    assert_eq!(looney["analysis"]["response"][0], "update");
    assert!(
        looney["affects"].as_array().unwrap().len() > 1,
        "libc6, libc-bin"
    );
    let report = place.report(&demo(), &["--db", &db], 0);
    let affected: usize = entries
        .iter()
        .map(|entry| entry["affects"].as_array().unwrap().len())
        .sum();
    assert_eq!(affected, report["findings"].as_array().unwrap().len());
}

#[test]
fn exit_codes_and_the_table() {
    let place = Place::new();
    let write = |name: &str, layer: LayerBuilder| {
        let image = TestImage::new(vec![layer.build()]);
        image.write_layout(&place.path(name), Compression::Gzip);
        format!("oci-dir:{name}")
    };
    let empty = write("empty", LayerBuilder::new().file("app", "x"));
    let good = write(
        "good",
        LayerBuilder::new()
            .file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
            .file(
                "var/lib/dpkg/status",
                "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\n\n",
            ),
    );
    fs::write(place.path("other.json"), "{\"name\": \"package\"}").unwrap();
    fs::write(place.path("note.txt"), "hello").unwrap();
    for (words, code, part) in [
        (&["sbom", &good] as &[&str], 0, ""),
        (&["sbom", &good, "--format", "spdx@2.3"], 0, ""),
        (&["sbom", &empty], 3, ""),
        (&["sbom", "sbom:other.json"], 2, "expected CycloneDX"),
        (&["scan", "other.json"], 2, "expected CycloneDX"),
        (&["sbom", "sbom:note.txt"], 2, "expected CycloneDX"),
        (&["sbom", "sbom:nowhere"], 2, "nowhere"),
        (&["sbom", &good, "--format", "sarif"], 2, "spdx-tag-value"),
        (&["sbom"], 2, "'plimsoll sbom --help'"),
    ] {
        let ran = place.run(words);
        assert_eq!(ran.code, code, "{words:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(part), "{words:?}: {}", ran.stderr);
    }
    let table = place.run(&["sbom", &good]).stdout;
    assert!(table.contains("1 package, debian 12"), "{table}");
    assert!(table.contains("Name   Version  Type"), "{table}");
    assert!(table.contains("libc6  2.36-9   deb"), "{table}");
    // What breaks off is said, and what came before it is kept.
    let whole = place.run(&["sbom", &good, "--format", "cyclonedx"]).stdout;
    let cut = &whole[..whole.find("\"dependencies\"").unwrap()];
    fs::write(place.path("cut.json"), cut).unwrap();
    let ran = place.run(&["sbom", "cut.json", "--format", "json"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let listed: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(listed["packages"][0]["name"], "libc6");
    assert_eq!(gaps(&listed), ["damaged-metadata"]);
}

/// The program of a tool that the set-up of the tests installs; says so where it is missing.
fn tool(test: &str, path: &str) -> Option<PathBuf> {
    let found = plimsoll_testkit::tools_dir().map(|folder| folder.join(path));
    let found = found.filter(|path| path.is_file());
    if found.is_none() {
        skip(
            test,
            &format!("{path} is not installed; `cargo xtask test` installs it"),
        );
    }
    found
}

#[test]
fn documents_follow_the_official_schemas() {
    let name_of_test = "documents_follow_the_official_schemas";
    let Some(python) = tool(name_of_test, "sbom/bin/python3") else {
        return;
    };
    let script = project_dir().join("crates/cli/tests/validate_sbom.py");
    let place = Place::new();
    let db = place.starter();
    let mut references = vec![demo()];
    for name in ["rpm-sqlite", "alpine-like"] {
        let layout = real(name_of_test, name);
        references.extend(layout.map(|layout| format!("oci-dir:{}", layout.display())));
    }
    // Text that tries everything, as a document of another tool could carry it.
    let evil = "a\u{1b}[2J\u{202e}</text>\nPackageName: x \"\\<>&'\u{e9}\u{1f980}";
    let hostile = serde_json::json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "metadata": {"component": {"type": "container", "name": evil}},
        "components": [{
            "type": "library", "bom-ref": "1", "name": evil, "version": evil, "purl": "pkg:npm/a@1",
            "licenses": [{"license": {"name": evil}}],
            "evidence": {"occurrences": [{"location": evil}]},
        }],
    });
    fs::write(place.path("hostile.json"), hostile.to_string()).unwrap();
    references.push("sbom:hostile.json".to_owned());
    for reference in references {
        list(&place, &reference);
        let ran = place.run(&[
            "scan",
            &reference,
            "--db",
            &db,
            "-q",
            "-o",
            "cyclonedx=v.cdx.json",
        ]);
        assert!(matches!(ran.code, 0 | 3), "{}", ran.stderr);
        let output = Command::new(&python)
            .arg(&script)
            .args(FORMATS.map(|(_, file)| place.path(file)))
            .arg(place.path("v.cdx.json"))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{reference}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

const SYFT: &str = "syft/bin/syft";

fn syft(program: &Path, words: &[&str]) -> String {
    let output = Command::new(program)
        .args(words)
        .env("SYFT_CHECK_FOR_APP_UPDATE", "false")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Packages as `name version`, sorted.
fn named(packages: &Value) -> Vec<String> {
    let packages = packages.as_array().unwrap().iter();
    let mut names: Vec<String> = packages
        .map(|package| format!("{} {}", package["name"], package["version"]))
        .collect();
    names.sort();
    names
}

#[test]
fn what_syft_writes_is_read_and_what_we_write_syft_reads() {
    let name_of_test = "what_syft_writes_is_read_and_what_we_write_syft_reads";
    let Some(program) = tool(name_of_test, SYFT) else {
        return;
    };
    for name in ["debian-12-slim", "python-app"] {
        let Some(layout) = real(name_of_test, name) else {
            continue;
        };
        let reference = format!("oci-dir:{}", layout.display());
        let place = Place::new();
        let own: Value =
            serde_json::from_str(&syft(&program, &["-q", &reference, "-o", "json"])).unwrap();
        for format in [
            "json",
            "cyclonedx-json",
            "cyclonedx-xml",
            "spdx-json",
            "spdx-tag-value",
        ] {
            let text = syft(&program, &["-q", &reference, "-o", format]);
            fs::write(place.path("theirs"), text).unwrap();
            let ran = place.run(&["sbom", "sbom:theirs", "--format", "json"]);
            assert_eq!(ran.code, 0, "{format}: {}", ran.stderr);
            let listed: Value = serde_json::from_str(&ran.stdout).unwrap();
            assert_eq!(
                named(&listed["packages"]),
                named(&own["artifacts"]),
                "{format}"
            );
            assert_eq!(listed["image"]["distro"]["id"], "debian", "{format}");
        }
        let listed = list(&place, &reference);
        // Syft 1.18 reads neither CycloneDX 1.7 nor SPDX 3.0.
        for file in ["a.cdx.json", "a.spdx.json", "a.spdx"] {
            let path = place.path(file);
            let text = syft(
                &program,
                &["-q", "convert", path.to_str().unwrap(), "-o", "json"],
            );
            let theirs: Value = serde_json::from_str(&text).unwrap();
            let count = |list: &Value| list.as_array().unwrap().len();
            assert!(
                count(&theirs["artifacts"]) >= count(&listed["packages"]),
                "{name}: Syft reads {} of {} packages of {file}",
                count(&theirs["artifacts"]),
                count(&listed["packages"])
            );
        }
    }
}

/// The whole way of a licence file: from the folder of its package into the list, with what was
/// declared and where the text lies.
#[test]
fn packages_get_the_licence_of_the_file_that_they_point_to() {
    let place = Place::new();
    let folder = place.path("src/node_modules/pointer");
    fs::create_dir_all(&folder).unwrap();
    fs::write(
        folder.join("package.json"),
        r#"{"name": "pointer", "version": "1.0.0", "license": "SEE LICENSE IN LICENSE.md"}"#,
    )
    .unwrap();
    let text = "Permission is hereby granted, free of charge, to any person obtaining a copy of this \
        software and associated documentation files (the \"Software\"), to deal in the Software \
        without restriction. This permission notice shall be included in all copies or substantial \
        portions of the Software.";
    fs::write(folder.join("LICENSE.md"), text).unwrap();
    let licensed = |place: &Place| {
        let ran = place.run(&["sbom", "dir:src", "--format", "json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let listed: Value = serde_json::from_str(&ran.stdout).unwrap();
        listed["packages"][0].clone()
    };
    let package = licensed(&place);
    assert_eq!(package["licenses"], serde_json::json!(["MIT"]));
    assert_eq!(
        package["properties"],
        serde_json::json!({
            "declared_license": "SEE LICENSE IN LICENSE.md",
            "license_evidence": "/node_modules/pointer/LICENSE.md",
        })
    );
    fs::write(folder.join("LICENSE.md"), "Ask for it.").unwrap();
    let package = licensed(&place);
    assert_eq!(
        package["licenses"],
        serde_json::json!(["SEE LICENSE IN LICENSE.md"])
    );
}
