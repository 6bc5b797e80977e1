use plimsoll_formats::vex;
use plimsoll_model::advisory::FixState;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, SourcePackage};
use plimsoll_model::report::Evidence;
use plimsoll_model::severity::Severity;

use super::*;
use crate::exceptions;

fn package(kind: PackageKind, name: &str, version: &str, purl: &str) -> CatalogPackage {
    let mut package = Package::new(kind, name, version);
    package.purl = purl.to_owned();
    CatalogPackage { package, layer: 0 }
}

/// A program of Go with two modules, one of which another program uses too; a Debian package with a
/// library of Python in it.
fn packages() -> Vec<CatalogPackage> {
    let mut all = vec![
        package(
            PackageKind::Golang,
            "example.com/app",
            "v1.0.0",
            "pkg:golang/example.com/app@v1.0.0",
        ),
        package(
            PackageKind::Golang,
            "example.com/own",
            "v1.1.0",
            "pkg:golang/example.com/own@v1.1.0",
        ),
        package(
            PackageKind::Golang,
            "example.com/shared",
            "v1.2.0",
            "pkg:golang/example.com/shared@v1.2.0",
        ),
        package(
            PackageKind::Golang,
            "example.com/tool",
            "v2.0.0",
            "pkg:golang/example.com/tool@v2.0.0",
        ),
        package(
            PackageKind::Deb,
            "libc6",
            "2.36-9",
            "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12",
        ),
        package(PackageKind::Pypi, "idna", "3.3", "pkg:pypi/idna@3.3"),
    ];
    let depends = |purls: &[&str]| purls.iter().map(|purl| (*purl).to_owned()).collect();
    all[0].package.depends_on = depends(&[
        "pkg:golang/example.com/own@v1.1.0",
        "pkg:golang/example.com/shared@v1.2.0",
    ]);
    all[3].package.depends_on = depends(&["pkg:golang/example.com/shared@v1.2.0"]);
    all[4].package.source = Some(SourcePackage {
        name: "glibc".to_owned(),
        version: "2.36-9".to_owned(),
    });
    all[4].package.locations = vec!["/var/lib/dpkg/status".to_owned()];
    all[5].package.owned_by = Some(all[4].package.purl.clone());
    all
}

fn finding(package: usize, id: &str) -> VulnerabilityFinding {
    VulnerabilityFinding {
        id: id.to_owned(),
        aliases: vec!["GHSA-aaaa-bbbb-cccc".to_owned()],
        package,
        severity: Severity::High,
        severity_source: String::new(),
        cvss: Vec::new(),
        known_exploited: false,
        epss: None,
        fix: FixState::NotFixed,
        fixed_versions: Vec::new(),
        title: String::new(),
        urls: Vec::new(),
        published: String::new(),
        paths: Vec::new(),
        evidence: Evidence::default(),
        suppressed: None,
    }
}

fn image() -> ImageFacts {
    ImageFacts {
        reference: "registry:registry.example.com/shop/web:1.4".to_owned(),
        digest: format!("sha256:{}", "a".repeat(64)).parse().ok(),
        config_digest: format!("sha256:{}", "b".repeat(64)).parse().ok(),
        platform: "linux/amd64".to_owned(),
        ..ImageFacts::default()
    }
}

/// Applies; returns what is suppressed as `PACKAGE by: reason`, and what is said.
fn applied(suppressions: &Suppressions) -> (Vec<String>, Vec<String>) {
    let (image, packages) = (image(), packages());
    let dependents = Dependents::new(&packages);
    let mut findings: Vec<_> = (0..packages.len())
        .map(|p| finding(p, "CVE-2026-1"))
        .collect();
    let subject = Subject {
        image: &image,
        packages: &packages,
        dependents: &dependents,
        today: "2026-11-21",
    };
    let issues = apply(&mut findings, &subject, suppressions);
    let suppressed = findings.iter().filter_map(|finding| {
        let why = finding.suppressed.as_ref()?;
        let name = &packages[finding.package].package.name;
        Some(format!("{name} {}: {}", why.by, why.reason))
    });
    let said = issues.iter().map(|issue| {
        format!(
            "{} {}: {}",
            issue.kind.as_str(),
            issue.subject,
            issue.detail
        )
    });
    (suppressed.collect(), said.collect())
}

/// Makes a document of statements as `ID STATUS DAY PRODUCT [PART]`.
fn document(name: &str, lines: &[&str]) -> Document {
    let statements: Vec<String> = lines
        .iter()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let parts = words.get(4).map_or(String::new(), |part| {
                format!(", \"subcomponents\": [{{\"@id\": \"{part}\"}}]")
            });
            format!(
                "{{\"vulnerability\": {{\"name\": \"{}\"}}, \"status\": \"{}\", \"timestamp\": \
                 \"2026-10-{}T00:00:00Z\", \"products\": [{{\"@id\": \"{}\"{parts}}}]}}",
                words[0], words[1], words[2], words[3]
            )
        })
        .collect();
    let text = format!(
        "{{\"@context\": \"https://openvex.dev/ns/v0.2.0\", \"statements\": [{}]}}",
        statements.join(",")
    );
    vex::read(text.as_bytes(), name).unwrap()
}

/// Names the packages whose findings one statement suppresses.
fn by_product(product: &str) -> Vec<String> {
    let line = format!("CVE-2026-1 not_affected 01 {product}");
    let (suppressed, _) = applied(&Suppressions {
        vex: vec![document("v", &[&line])],
        ..Suppressions::default()
    });
    let name = |text: &String| text.split(' ').next().unwrap_or_default().to_owned();
    suppressed.iter().map(name).collect()
}

#[test]
fn products_are_packages_what_holds_them_or_the_image() {
    let digest = "a".repeat(64);
    let config = "b".repeat(64);
    let all = [
        "example.com/app",
        "example.com/own",
        "example.com/shared",
        "example.com/tool",
        "libc6",
        "idna",
    ];
    let none: &[&str] = &[];
    let within = |image: &str| format!("{image} pkg:deb/debian/libc6");
    for (product, want) in [
        // A package, in any version or in one, with the qualifiers that are given.
        ("pkg:deb/debian/libc6".to_owned(), &["libc6", "idna"][..]),
        ("pkg:deb/debian/libc6@2.36-9".to_owned(), &["libc6", "idna"]),
        ("pkg:deb/debian/libc6@2.36-10".to_owned(), none),
        (
            "pkg:deb/debian/libc6?distro=debian-12".to_owned(),
            &["libc6", "idna"],
        ),
        ("pkg:deb/debian/libc6?distro=debian-11".to_owned(), none),
        ("pkg:deb/ubuntu/libc6".to_owned(), none),
        (
            "pkg:deb/debian/glibc@2.36-9?arch=source".to_owned(),
            &["libc6", "idna"],
        ),
        ("pkg:deb/debian/glibc@2.36-8?arch=source".to_owned(), none),
        ("pkg:deb/debian/glibc".to_owned(), none),
        ("libc6@2.36-9".to_owned(), &["libc6", "idna"]),
        // What is there for one program alone goes with it; what another needs too does not.
        (
            "pkg:golang/example.com/app@1.0.0".to_owned(),
            &["example.com/app", "example.com/own"],
        ),
        (
            "pkg:golang/example.com/tool@v2.0.0".to_owned(),
            &["example.com/tool"],
        ),
        (
            "pkg:golang/example.com/app pkg:golang/example.com/own".to_owned(),
            &["example.com/own"],
        ),
        (
            "pkg:golang/example.com/app pkg:golang/example.com/shared".to_owned(),
            none,
        ),
        (
            "pkg:golang/example.com/gone pkg:golang/example.com/own".to_owned(),
            none,
        ),
        // The image by name or digest: all of it, or a part.
        (format!("pkg:oci/web@sha256:{digest}"), &all),
        (format!("pkg:oci/other@sha256:{config}?arch=amd64"), &all),
        (format!("pkg:oci/web@sha256:{digest}?arch=arm64"), none),
        (format!("pkg:oci/web@sha256:{}", "c".repeat(64)), none),
        (within("pkg:oci/web"), &["libc6"]),
        (within("pkg:oci/shop"), none),
        (
            within("pkg:oci/web?repository_url=registry.example.com/shop/web&tag=1.4"),
            &["libc6"],
        ),
        (
            within("pkg:oci/web?repository_url=registry.example.com/other/web"),
            none,
        ),
        (within("pkg:oci/web?tag=1.5"), none),
        (
            within("pkg:docker/shop/web@1.4?repository_url=registry.example.com"),
            &["libc6"],
        ),
        (within("pkg:docker/shop/web@1.4"), none),
        (within("registry.example.com/shop/web:1.4"), &["libc6"]),
        (within("registry.example.com/shop/web"), &["libc6"]),
        (within("registry.example.com/shop/web:1.5"), none),
        (within(&format!("anything@sha256:{digest}")), &["libc6"]),
    ] {
        assert_eq!(by_product(&product), want, "{product}");
    }
}

#[test]
fn the_newest_statement_decides_and_only_two_statuses_suppress() {
    let libc = "pkg:deb/debian/libc6";
    let line = |status: &str, day: &str| format!("CVE-2026-1 {status} {day} {libc}");
    for (statements, want) in [
        (vec![("fixed", "01")], "v: fixed"),
        (vec![("affected", "01")], ""),
        (vec![("under_investigation", "01")], ""),
        (vec![("not_affected", "01"), ("affected", "02")], ""),
        (
            vec![("not_affected", "02"), ("affected", "01")],
            "v: not_affected",
        ),
        (
            vec![("affected", "01"), ("not_affected", "01")],
            "v: not_affected",
        ),
        (
            vec![("not_affected", "01"), ("under_investigation", "01")],
            "",
        ),
    ] {
        let lines: Vec<String> = statements.iter().map(|(s, d)| line(s, d)).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let together = vec![document("v", &lines)];
        // The same from one document and from several.
        let apart: Vec<Document> = lines.iter().map(|line| document("v", &[line])).collect();
        for vex in [together, apart] {
            let (got, said) = applied(&Suppressions {
                vex,
                ..Suppressions::default()
            });
            let first = got.first().map_or("", String::as_str);
            assert_eq!(first.strip_prefix("libc6 vex: ").unwrap_or(first), want);
            assert_eq!(said, Vec::<String>::new());
        }
    }
    // As new: the statement about the package in this image counts, wherever it stands.
    let inside = format!("CVE-2026-1 not_affected 01 pkg:oci/web {libc}");
    let anywhere = line("affected", "01");
    let (got, _) = applied(&Suppressions {
        vex: vec![document("v", &[&inside, &anywhere])],
        ..Suppressions::default()
    });
    assert_eq!(got, ["libc6 vex: v: not_affected"]);
}

#[test]
fn aliases_count_and_case_does_not() {
    let (got, _) = applied(&Suppressions {
        vex: vec![document(
            "v",
            &["ghsa-AAAA-bbbb-cccc fixed 01 pkg:pypi/idna"],
        )],
        ..Suppressions::default()
    });
    assert_eq!(got, ["idna vex: v: fixed"]);
}

#[test]
fn what_a_document_says_in_vain_is_told() {
    let (got, said) = applied(&Suppressions {
        vex: vec![document(
            "v",
            &[
                "CVE-2026-1 fine 01 pkg:pypi/idna",
                "CVE-2026-1 fixed 01 cpe:/a:b:c",
            ],
        )],
        ..Suppressions::default()
    });
    assert_eq!(got, Vec::<String>::new());
    assert_eq!(
        said,
        [
            "unread-statement v: passed over: 1 of its statements, whose status is not known",
            "unread-statement v: passed over: 1 of its products, which no package or image can be compared with",
        ]
    );
}

fn excepted(scope: &str, expires: &str, stage: Option<&str>) -> (Vec<String>, Vec<String>) {
    let text = format!(
        "[[exception]]\nid = \"CVE-2026-1\"\nowner = \"me\"\nreason = \"why\"\nexpires = {expires}\n{scope}\n"
    );
    applied(&Suppressions {
        vex: Vec::new(),
        exceptions: exceptions::read(&text).unwrap(),
        stage: stage.map(str::to_owned),
    })
}

#[test]
fn exceptions_hold_for_their_scope_until_their_day() {
    let libc = ["libc6 exception: why (accepted by me)"];
    let none: [&str; 0] = [];
    for (scope, stage, want) in [
        ("package = 'glibc'", None, &libc[..]),
        ("package = 'libc*'", None, &libc),
        ("package = 'pkg:deb/debian/libc6'", None, &libc),
        ("path = '/var/lib/**'", None, &libc),
        ("path = '/var/*'", None, &none),
        (
            "package = 'libc6'\nstage = 'production'",
            Some("production"),
            &libc,
        ),
        (
            "package = 'libc6'\nstage = 'production'",
            Some("test"),
            &none,
        ),
        ("package = 'libc6'\nstage = 'production'", None, &none),
        ("package = 'other'", None, &none),
    ] {
        let (got, said) = excepted(scope, "2026-11-21", stage);
        assert_eq!(got, want, "{scope} {stage:?}");
        // At another stage an exception is not unused: nobody asked.
        let asked = !scope.contains("stage") || stage == Some("production");
        assert_eq!(said.is_empty(), !want.is_empty() || !asked, "{said:?}");
    }
    let (got, _) = excepted("", "2026-11-21", None);
    assert_eq!(got.len(), 6);
}

#[test]
fn an_exception_that_ended_or_is_not_needed_says_so() {
    let (got, said) = excepted("package = 'libc6'", "2026-11-20", None);
    assert_eq!(got, Vec::<String>::new());
    assert_eq!(
        said,
        [
            "expired-exception CVE-2026-1: the exception of me ended on 2026-11-20 and suppresses nothing any more: fix CVE-2026-1 or accept the risk anew"
        ]
    );
    let (_, said) = excepted("package = 'other'", "2026-11-20", None);
    assert_eq!(
        said,
        [
            "expired-exception CVE-2026-1: the exception of me ended on 2026-11-20; nothing was found that it is for"
        ]
    );
    let (_, said) = excepted("package = 'other'", "2026-11-21", None);
    assert_eq!(
        said,
        [
            "unused-exception CVE-2026-1: nothing was found that the exception of me until 2026-11-21 is for"
        ]
    );
}
