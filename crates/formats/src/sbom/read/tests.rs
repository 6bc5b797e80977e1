use std::fmt::Write as _;

use plimsoll_model::issue::IssueKind;
use plimsoll_model::package::Package;
use plimsoll_model::report::{CatalogPackage, Report};

use super::*;
use crate::testing::{self, golden};
use crate::{Options, by_name};

/// The formats that an inventory comes back from.
const FORMATS: [&str; 5] = [
    "cyclonedx",
    "cyclonedx@1.7",
    "spdx",
    "spdx-tag-value",
    "spdx@3.0",
];

fn written(format: &str, report: &Report) -> String {
    let write = by_name(format).unwrap().inventory.unwrap();
    write(report, &Options::default())
}

/// The report with what an inventory holds: packages in order, gaps of reading.
fn inventory_of(mut report: Report) -> Report {
    let layers = report.image.layers.len();
    for entry in &mut report.packages {
        // A layer that the image does not have is none.
        if entry.layer >= layers {
            entry.layer = 0;
        }
    }
    report.packages.sort_by(|a, b| {
        let key = |p: &Package| (p.kind.as_str(), p.name.clone(), p.version.clone());
        key(&a.package).cmp(&key(&b.package))
    });
    report.coverage.gaps.retain(|gap| {
        !matches!(
            gap.kind,
            IssueKind::NoFeed | IssueKind::UnknownVersion | IssueKind::NoDatabase
        )
    });
    report
}

fn full() -> Report {
    let mut report = testing::many();
    let purl = report.packages[5].package.purl.clone();
    let package: &mut Package = &mut report.packages[2].package;
    package.licenses = vec![
        "curl".into(),
        "GPL-2.0-only OR MIT".into(),
        "Own\nterms".into(),
    ];
    package.depends_on = vec![purl.clone()];
    package.requested = Some(true);
    package
        .locations
        .insert(0, "/usr/share/doc/curl/copyright".into());
    package
        .properties
        .insert("maintainer".into(), "A <a@b.test>".into());
    package.properties.insert("status".into(), String::new());
    let mut scoped = Package::new(plimsoll_model::ecosystem::PackageKind::Npm, "@a/B", "1.0.0");
    scoped.purl = "pkg:npm/%40a/B@1.0.0".into();
    scoped.owned_by = Some(purl);
    scoped.requested = Some(false);
    scoped.licenses = vec!["(MIT)".into()];
    let mut jar = Package::new(plimsoll_model::ecosystem::PackageKind::Maven, "g.h:a", "1");
    jar.purl = "pkg:maven/g.h/a@1".into();
    jar.locations = vec!["/a.war!/WEB-INF/lib/a.jar".into()];
    let alone = Package::new(plimsoll_model::ecosystem::PackageKind::Binary, "tool", "");
    for package in [scoped, jar.clone(), jar, alone] {
        report.packages.push(CatalogPackage { package, layer: 1 });
    }
    report
}

#[test]
fn what_is_written_is_read_again() {
    let mut reports = testing::reports();
    reports.push(("full", full()));
    for (name, report) in reports {
        let want = inventory_of(report);
        for format in FORMATS {
            let text = written(format, &want);
            let got = read(text.as_bytes(), "file").unwrap();
            assert_eq!(got.image, want.image, "{name} as {format}");
            assert_eq!(
                got.packages.len(),
                want.packages.len(),
                "{name} as {format}"
            );
            for (got, want) in got.packages.iter().zip(&want.packages) {
                let mut want = want.clone();
                want.package.requires.clear();
                want.package.provides.clear();
                assert_eq!(got, &want, "{name} as {format}");
            }
            let kinds = |gaps: &[plimsoll_model::issue::Issue]| -> Vec<String> {
                gaps.iter()
                    .map(|gap| gap.kind.as_str().to_owned())
                    .collect()
            };
            assert_eq!(
                kinds(&got.gaps),
                kinds(&want.coverage.gaps),
                "{name} as {format}"
            );
        }
    }
}

#[test]
fn spdx_documents_look_as_in_their_golden_files() {
    for (name, report) in [("full", full()), ("hostile", testing::hostile())] {
        for (format, file) in [
            ("spdx", "spdx2/testdata/NAME.json"),
            ("spdx-tag-value", "spdx2/testdata/NAME.spdx"),
            ("spdx@3.0", "testdata/NAME.spdx3.json"),
        ] {
            let file = file.replace("NAME", name);
            golden(&format!("sbom/{file}"), &written(format, &report));
        }
    }
}

#[test]
fn hostile_text_forges_no_line_and_no_package() {
    let mut report = testing::clean();
    let evil =
        "a\nPackageName: forged\nSPDXID: x</text>\nRelationship: a DESCRIBES b\u{1b}[2J<text>";
    report.image.reference = evil.to_owned();
    let package = &mut report.packages[0].package;
    package.name = evil.to_owned();
    package.version = evil.to_owned();
    package.licenses = vec![evil.to_owned()];
    package.locations = vec![evil.to_owned()];
    package
        .properties
        .insert("maintainer".to_owned(), evil.to_owned());
    let text = written("spdx-tag-value", &report);
    let begins = |tag: &str| text.lines().filter(|line| line.starts_with(tag)).count();
    assert_eq!(begins("PackageName:"), 3, "image, distribution, package");
    assert_eq!(begins("Relationship:"), 3);
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
    for format in FORMATS {
        let got = read(written(format, &report).as_bytes(), "file").unwrap();
        assert_eq!(got.packages.len(), 1, "{format}");
        assert_eq!(got.packages[0].package.name, evil, "{format}");
        assert_eq!(got.packages[0].package.licenses, [evil], "{format}");
    }
}

/// Describes an inventory, one line for each thing.
fn described(inventory: &Inventory) -> String {
    let mut out = format!("image {}\n", inventory.image.reference);
    for (index, layer) in inventory.image.layers.iter().enumerate() {
        let digest = layer.diff_id.as_ref().map(ToString::to_string);
        let _ = writeln!(out, "layer {index} {}", digest.unwrap_or_default());
    }
    if let Some(distro) = &inventory.image.distro {
        let _ = writeln!(out, "distro {} {}", distro.id, distro.version_id);
    }
    for CatalogPackage { package, layer } in &inventory.packages {
        let _ = writeln!(
            out,
            "{} {} {}\n  purl {}\n  layer {layer}",
            package.kind.as_str(),
            package.name,
            package.version,
            package.purl
        );
        let mut line = |name: &str, value: &str| {
            if !value.is_empty() {
                let _ = writeln!(out, "  {name} {value}");
            }
        };
        line("arch", package.arch.as_deref().unwrap_or_default());
        if let Some(source) = &package.source {
            line("source", &format!("{} {}", source.name, source.version));
        }
        line("licenses", &package.licenses.join(", "));
        line("locations", &package.locations.join(", "));
        line("owned by", package.owned_by.as_deref().unwrap_or_default());
        line("depends on", &package.depends_on.join(", "));
        for (name, value) in &package.properties {
            line(name, value);
        }
    }
    for gap in &inventory.gaps {
        let _ = writeln!(
            out,
            "gap {}: {}: {}",
            gap.kind.as_str(),
            gap.subject,
            gap.detail
        );
    }
    out
}

#[test]
fn documents_of_other_tools_are_read() {
    for (name, text) in [
        ("buildkit.json", include_str!("testdata/buildkit.json")),
        ("cut.cdx.json", include_str!("testdata/cut.cdx.json")),
        ("envelope.json", include_str!("testdata/envelope.json")),
        ("github.json", include_str!("testdata/github.json")),
        ("nested.cdx.xml", include_str!("testdata/nested.cdx.xml")),
        ("sbom-tool.spdx", include_str!("testdata/sbom-tool.spdx")),
        ("syft.json", include_str!("testdata/syft.json")),
        (
            "trivy-rpm.cdx.json",
            include_str!("testdata/trivy-rpm.cdx.json"),
        ),
        ("trivy.cdx.json", include_str!("testdata/trivy.cdx.json")),
        ("trivy.spdx.json", include_str!("testdata/trivy.spdx.json")),
    ] {
        let inventory = read(text.as_bytes(), name).unwrap();
        golden(
            &format!("sbom/read/testdata/{name}.txt"),
            &described(&inventory),
        );
    }
}

#[test]
fn what_is_no_sbom_is_refused_with_what_was_expected() {
    for text in [
        "",
        " \n",
        "{}",
        "{\"bomFormat\": \"SomethingElse\"}",
        "{\"spdxVersion\": \"SPDX-9\"}",
        "{\"name\": \"package.json\", \"version\": \"1\"}",
        "{\"predicate\": [1, {}], \"sbom\": null}",
        "{\"payload\": \"%%%\"}",
        "[1]",
        "<html><body/></html>",
        "<bom xmlns=\"urn:other\"/>",
        "<",
        "hello",
        "SPDXVersion: SPDX-3.0",
    ] {
        let error = read(text.as_bytes(), "file").unwrap_err().to_string();
        assert!(error.contains("expected CycloneDX"), "{text}: {error}");
    }
}

#[test]
fn depth_and_counts_are_bounded() {
    let deep = format!(
        "{{\"bomFormat\": \"CycloneDX\", \"components\": [{}",
        "{\"components\": [".repeat(100_000)
    );
    let wrapped = format!("{}{{}}", "{\"predicate\": ".repeat(100_000));
    let elements = format!(
        "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.4\"><components>{}",
        "<component><components>".repeat(100_000)
    );
    for text in [deep, elements] {
        let inventory = read(text.as_bytes(), "file").unwrap();
        let kinds: Vec<IssueKind> = inventory.gaps.iter().map(|gap| gap.kind).collect();
        assert!(kinds.contains(&IssueKind::DamagedMetadata), "{kinds:?}");
    }
    assert!(read(wrapped.as_bytes(), "file").is_err());
}
