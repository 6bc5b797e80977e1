use std::fs;

use plimsoll_model::package::SourcePackage;
use plimsoll_model::severity::Severity;

use super::*;

mod distributions;
mod oracle;
mod redhat;
mod suse;
mod ubuntu;

/// Builds a database from feed files.
fn database(files: &[(&str, &str)]) -> Database {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join("feeds").join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }
    let out = folder.path().join("db");
    crate::db::build::build(
        &folder.path().join("feeds"),
        &out,
        "2026-01-01T00:00:00Z",
        &|_| {},
    )
    .expect("built");
    Database::open(&out).expect("opened")
}

fn distro(id: &str, version: &str) -> Distro {
    Distro {
        id: id.to_owned(),
        version_id: version.to_owned(),
        ..Distro::default()
    }
}

fn installed(
    kind: PackageKind,
    name: &str,
    version: &str,
    source: Option<(&str, &str)>,
) -> CatalogPackage {
    let mut package = Package::new(kind, name, version);
    package.source = source.map(|(name, version)| SourcePackage {
        name: name.to_owned(),
        version: version.to_owned(),
    });
    CatalogPackage { package, layer: 0 }
}

fn modular(name: &str, version: &str, label: &str) -> CatalogPackage {
    let mut package = Package::new(PackageKind::Rpm, name, version);
    if !label.is_empty() {
        package
            .properties
            .insert("modularity_label".to_owned(), label.to_owned());
    }
    CatalogPackage { package, layer: 0 }
}

/// Shows findings as `package id fix fixed severity aliases`.
fn show(matches: &Matches, packages: &[CatalogPackage]) -> Vec<String> {
    matches
        .findings
        .iter()
        .map(|f| {
            format!(
                "{} {} {} {} {} {}",
                packages[f.package].package.name,
                f.id,
                f.fix.as_str(),
                f.fixed_versions.join(","),
                f.severity.as_str(),
                f.aliases.join(",")
            )
            .trim_end()
            .to_owned()
        })
        .collect()
}

const TRACKER: &str = r#"{"glibc":{
 "CVE-2023-4911":{"description":"A buffer overflow","releases":{"bookworm":{"status":"resolved","fixed_version":"2.36-9+deb12u3","urgency":"not yet assigned"}}},
 "CVE-2010-4756":{"releases":{"bookworm":{"status":"open","urgency":"unimportant"}}},
 "CVE-2020-0000":{"releases":{"bookworm":{"status":"resolved","fixed_version":"0","urgency":"not yet assigned"}}},
 "CVE-2021-0001":{"releases":{"bookworm":{"status":"open","urgency":"low","nodsa":"Minor","nodsa_reason":"ignored"}}},
 "CVE-2021-0002":{"releases":{"bookworm":{"status":"open","urgency":"not yet assigned","nodsa":"Minor","nodsa_reason":"postponed"}}},
 "TEMP-0000001-000001":{"releases":{"bookworm":{"status":"open","urgency":"not yet assigned"}}}}}"#;
const DSA: &str = "\
[03 Oct 2023] DSA-5514-1 glibc - security update
\t{CVE-2023-4911 CVE-2020-0000}
\t[bookworm] - glibc 2.36-9+deb12u3
[04 Oct 2023] DSA-5514-2 glibc - regression update
\t[bookworm] - glibc 2.36-9+deb12u4
[05 Oct 2023] DSA-5600-1 glibc - security update
\t{CVE-2021-0002}
\t[bookworm] - glibc 2.36-9+deb12u5
[05 Oct 2023] DSA-5700-1 curl - security update
\t{CVE-2023-7777}
\t[bookworm] - curl 7.88.1-10+deb12u4
";
const OSV_DEBIAN: &str = r#"{"id":"DEBIAN-CVE-2023-4911","upstream":["CVE-2023-4911"],"affected":[{"package":{"ecosystem":"Debian:12","name":"glibc"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}]}"#;
const KEV: &str = r#"{"dateReleased":"2025-08-25T17:04:19.9796Z","vulnerabilities":[{"cveID":"CVE-2023-4911","vulnerabilityName":"GNU C Library Buffer Overflow"}]}"#;

#[test]
fn debian_sources_are_joined_to_one_finding_per_cve() {
    let db = database(&[
        ("tracker/data/json", TRACKER),
        ("data/DSA/list", DSA),
        ("osv/Debian/DEBIAN-CVE-2023-4911.json", OSV_DEBIAN),
        ("kev/known_exploited_vulnerabilities.json", KEV),
    ]);
    let packages = [
        installed(
            PackageKind::Deb,
            "libc6",
            "2.36-9+deb12u1+b2",
            Some(("glibc", "2.36-9+deb12u1")),
        ),
        installed(
            PackageKind::Deb,
            "libc-bin",
            "2.36-9+deb12u3",
            Some(("glibc", "2.36-9+deb12u3")),
        ),
        installed(PackageKind::Deb, "curl", "7.88.1-10+deb12u4+b1", None),
        installed(
            PackageKind::Deb,
            "libcurl4",
            "7.88.1-10+deb12u3+b1",
            Some(("curl", "7.88.1-10+deb12u3")),
        ),
    ];
    let matches = find(&db, &packages, Some(&distro("debian", "12")));
    assert_eq!(
        show(&matches, &packages),
        [
            "libc6 CVE-2010-4756 not_fixed  negligible",
            "libc6 CVE-2021-0001 wont_fix  low",
            "libc6 CVE-2021-0002 fixed 2.36-9+deb12u5 unknown DSA-5600-1",
            "libc6 CVE-2023-4911 fixed 2.36-9+deb12u3 unknown DSA-5514-1",
            "libc6 DSA-5514-2 fixed 2.36-9+deb12u4 unknown",
            "libc6 TEMP-0000001-000001 not_fixed  unknown",
            "libc-bin CVE-2010-4756 not_fixed  negligible",
            "libc-bin CVE-2021-0001 wont_fix  low",
            "libc-bin CVE-2021-0002 fixed 2.36-9+deb12u5 unknown DSA-5600-1",
            "libc-bin DSA-5514-2 fixed 2.36-9+deb12u4 unknown",
            "libc-bin TEMP-0000001-000001 not_fixed  unknown",
            "libcurl4 CVE-2023-7777 fixed 7.88.1-10+deb12u4 unknown DSA-5700-1",
        ]
    );
    assert_eq!((matches.judged, matches.gaps.len()), (4, 0));
    let looney = &matches.findings[3];
    assert!(looney.known_exploited);
    assert_eq!(looney.title, "GNU C Library Buffer Overflow");
    assert_eq!(looney.evidence.feed, "debian-tracker");
    assert_eq!(
        looney.evidence.comparison,
        "glibc 2.36-9+deb12u1 < 2.36-9+deb12u3 (deb)"
    );
    assert!(
        looney
            .urls
            .contains(&"https://security-tracker.debian.org/tracker/CVE-2023-4911".to_owned())
    );
}

#[test]
fn an_update_is_reported_by_itself_where_no_finding_asks_for_its_version() {
    let db = database(&[
        (
            "tracker/data/json",
            r#"{"a":{"CVE-2020-0001":{"releases":{"bullseye":{"status":"resolved","fixed_version":"1.0-1"}}}}}"#,
        ),
        (
            "data/DSA/list",
            "[01 Jan 2021] DSA-9-1 a - security update\n\t{CVE-2020-0001}\n\t[bullseye] - a 1.0-1+deb11u1\n",
        ),
    ]);
    for (version, expected) in [
        (
            "0.9-1",
            vec![
                "a CVE-2020-0001 fixed 1.0-1 unknown",
                "a DSA-9-1 fixed 1.0-1+deb11u1 unknown",
            ],
        ),
        ("1.0-1", vec!["a DSA-9-1 fixed 1.0-1+deb11u1 unknown"]),
        ("1.0-1+deb11u1", vec![]),
    ] {
        let packages = [installed(PackageKind::Deb, "a", version, None)];
        let matches = find(&db, &packages, Some(&distro("debian", "11")));
        assert_eq!(show(&matches, &packages), expected, "{version}");
    }
}

const SECDB: &str = r#"{"reponame":"main","distroversion":"v3.11","packages":[
 {"pkg":{"name":"openssl","secfixes":{"1.1.1d-r3":["CVE-2019-1551"],"0":["CVE-2019-0190"],"1.1.1g-r0":["CVE-2020-1967 XSA-1"]}}},
 {"pkg":{"name":"odd","secfixes":{"1.11-20-r0":["CVE-2019-0001"]}}}]}"#;

#[test]
fn apk_is_compared_by_origin_and_never_affected_means_it() {
    let db = database(&[("secdb/v3.11/main.json", SECDB)]);
    let packages = [
        installed(
            PackageKind::Apk,
            "libssl1.1",
            "1.1.1d-r3",
            Some(("openssl", "1.1.1d-r3")),
        ),
        installed(PackageKind::Apk, "openssl", "1.1.1d-r0", None),
        installed(PackageKind::Apk, "odd", "1.0-r0", None),
        installed(PackageKind::Apk, "broken", "!!", None),
        installed(PackageKind::Deb, "alien", "1", None),
    ];
    let matches = find(&db, &packages, Some(&distro("alpine", "3.11.3")));
    assert_eq!(
        show(&matches, &packages),
        [
            "libssl1.1 CVE-2020-1967 fixed 1.1.1g-r0 unknown XSA-1",
            "openssl CVE-2019-1551 fixed 1.1.1d-r3 unknown",
            "openssl CVE-2020-1967 fixed 1.1.1g-r0 unknown XSA-1",
        ]
    );
    let gaps: Vec<_> = matches
        .gaps
        .iter()
        .map(|g| (g.kind, g.subject.as_str()))
        .collect();
    assert_eq!(
        gaps,
        [
            (IssueKind::UnknownVersion, "broken"),
            (IssueKind::UnknownVersion, "odd"),
            (IssueKind::NotJudged, "deb packages"),
        ]
    );
    assert_eq!(matches.judged, 3);
}

fn alma(id: &str, summary: &str, fixed: &str, cves: &str) -> String {
    format!(
        r#"{{"id":"{id}","summary":"{summary}","related":[{cves}],"published":"2022-12-06T00:00:00Z","affected":[{{"package":{{"ecosystem":"AlmaLinux:9","name":"nodejs"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}]}}"#
    )
}

#[test]
fn module_streams_must_agree() {
    let stream18 = alma(
        "ALSA-2022:8832",
        "Moderate: nodejs:18 security update",
        "1:18.12.1-1.module_el9.1.0+16+91bc168f",
        r#""CVE-2022-3517","CVE-2022-43548""#,
    );
    let stream20 = alma(
        "ALSA-2024:1",
        "Important: nodejs:20 security update",
        "1:20.1.0-1.module_el9.3.0+1+aa",
        r#""CVE-2024-0001""#,
    );
    let plain = alma(
        "ALSA-2023:1",
        "Low: nodejs security update",
        "1:16.20.0-1.el9",
        r#""CVE-2023-0001""#,
    );
    let db = database(&[
        ("AlmaLinux:9/ALSA-1.json", stream18.as_str()),
        ("AlmaLinux:9/ALSA-2.json", stream20.as_str()),
        ("AlmaLinux:9/ALSA-3.json", plain.as_str()),
    ]);
    let eighteen = [
        "nodejs CVE-2022-3517 fixed 1:18.12.1-1.module_el9.1.0+16+91bc168f medium ALSA-2022:8832",
        "nodejs CVE-2022-43548 fixed 1:18.12.1-1.module_el9.1.0+16+91bc168f medium ALSA-2022:8832",
    ];
    for (version, label, expected) in [
        (
            "1:18.9.0-1.module_el9.1.0+10+aa",
            "nodejs:18:8010:aa",
            eighteen.to_vec(),
        ),
        (
            "1:18.12.1-1.module_el9.1.0+16+91bc168f",
            "nodejs:18:8010:aa",
            vec![],
        ),
        (
            "1:16.0.0-1.el9",
            "",
            vec!["nodejs CVE-2023-0001 fixed 1:16.20.0-1.el9 low ALSA-2023:1"],
        ),
        ("1:16.20.0-1.el9", "", vec![]),
    ] {
        let packages = [modular("nodejs", version, label)];
        let matches = find(&db, &packages, Some(&distro("almalinux", "9.4")));
        assert_eq!(show(&matches, &packages), expected, "{version} {label}");
    }
}

#[test]
fn rocky_names_source_packages_and_a_source_states_no_epoch() {
    let db = database(&[(
        "Rocky Linux/RLSA-2021:3891.json",
        r#"{"id":"RLSA-2021:3891","related":["CVE-2021-35550"],"summary":"Important: java-11-openjdk security update","severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:L/UI:R/S:C/C:H/I:N/A:N"}],
        "affected":[{"package":{"ecosystem":"Rocky Linux:8","name":"java-11-openjdk"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1:11.0.13.0.8-1.el8_4"}]}]}]}"#,
    )]);
    for (version, count) in [("11.0.12.0.7-1.el8_4", 1), ("11.0.13.0.8-1.el8_4", 0)] {
        let packages = [installed(
            PackageKind::Rpm,
            "java-11-openjdk-headless",
            &format!("1:{version}"),
            Some(("java-11-openjdk", version)),
        )];
        let matches = find(&db, &packages, Some(&distro("rocky", "8.10")));
        assert_eq!(matches.findings.len(), count, "{version}");
        if let Some(finding) = matches.findings.first() {
            assert_eq!(finding.severity, Severity::High);
            assert_eq!(finding.severity_source, "osv/Rocky Linux");
        }
    }
}

#[test]
fn severity_comes_from_the_distribution_then_the_record_then_its_aliases() {
    let ghsa = r#"{"id":"GHSA-aaaa-bbbb-cccc","aliases":["CVE-2021-0001"],"summary":"A title","severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],"affected":[{"package":{"ecosystem":"npm","name":"a"},"versions":["1"]}]}"#;
    let ghsa2 = ghsa
        .replace("CVE-2021-0001", "CVE-2023-4911")
        .replace("aaaa", "dddd");
    let db = database(&[
        ("tracker/data/json", TRACKER),
        ("npm/1.json", ghsa),
        ("npm/2.json", ghsa2.as_str()),
    ]);
    let packages = [installed(PackageKind::Deb, "glibc", "2.36-9", None)];
    let matches = find(&db, &packages, Some(&distro("debian", "12")));
    let of = |id: &str| matches.findings.iter().find(|f| f.id == id).expect("found");
    assert_eq!(of("CVE-2021-0001").severity, Severity::Low);
    assert_eq!(of("CVE-2021-0001").severity_source, "debian-tracker");
    assert_eq!(of("CVE-2023-4911").severity, Severity::Critical);
    assert_eq!(of("CVE-2023-4911").severity_source, "osv/npm");
    assert_eq!(of("CVE-2023-4911").aliases, ["GHSA-dddd-bbbb-cccc"]);
    assert_eq!(of("CVE-2023-4911").title, "A title");
    assert_eq!(of("CVE-2021-0002").severity_source, "");
}

#[test]
fn silence_is_never_taken_for_safety() {
    let db = database(&[
        ("tracker/data/json", TRACKER),
        (
            "tracker/data/scope.json",
            r#"{"ecosystem":"Debian:12","packages":["bash","glibc"]}"#,
        ),
    ]);
    let packages = [
        installed(PackageKind::Deb, "libc6", "9", Some(("glibc", "9"))),
        installed(PackageKind::Deb, "bash", "5", None),
        installed(PackageKind::Deb, "vim", "9", None),
    ];
    let partial = find(&db, &packages, Some(&distro("debian", "12")));
    assert_eq!(partial.judged, 2);
    assert_eq!(partial.gaps.len(), 1);
    assert_eq!(partial.gaps[0].kind, IssueKind::PartialFeed);
    assert!(
        partial.gaps[0].detail.ends_with("does not cover them: vim"),
        "{}",
        partial.gaps[0].detail
    );

    let mut mint = distro("linuxmint", "21");
    mint.id_like = vec!["ubuntu".to_owned()];
    for (distro, kind) in [
        (Some(distro("debian", "13")), IssueKind::NoFeed),
        (Some(distro("nixos", "24.05")), IssueKind::NoFeed),
        (Some(mint), IssueKind::NoFeed),
        (None, IssueKind::UnknownDistribution),
    ] {
        let matches = find(&db, &packages, distro.as_ref());
        assert_eq!(matches.gaps.len(), 1);
        assert_eq!(matches.gaps[0].kind, kind);
        assert_eq!((matches.judged, matches.findings.len()), (0, 0));
    }
    assert_eq!(find(&db, &[], None).gaps.len(), 0);
}

#[test]
fn architectures_confine() {
    let db = database(&[(
        "openEuler/x.json",
        r#"{"id":"CVE-2020-0001","affected":[{"package":{"ecosystem":"AlmaLinux:9","name":"a","purl":"pkg:rpm/a?arch=aarch64"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2-1"}]}]}]}"#,
    )]);
    for (arch, count) in [("aarch64", 1), ("x86_64", 0), ("noarch", 1)] {
        let mut package = installed(PackageKind::Rpm, "a", "1-1", None);
        package.package.arch = Some(arch.to_owned());
        let matches = find(&db, &[package], Some(&distro("almalinux", "9")));
        assert_eq!(matches.findings.len(), count, "{arch}");
    }
}

#[test]
fn what_the_feed_has_not_decided_is_no_finding_and_no_all_clear() {
    let db = database(&[(
        "debian/tracker/data/json",
        r#"{"bash":{
            "CVE-2024-0001":{"releases":{"bookworm":{"status":"undetermined","urgency":"not yet assigned"}}},
            "CVE-2024-0002":{"releases":{"bookworm":{"status":"resolved","fixed_version":"9"}}}}}"#,
    )]);
    let packages = [installed(PackageKind::Deb, "bash", "5.2-1", None)];
    let matches = find(&db, &packages, Some(&distro("debian", "12")));
    assert_eq!(
        show(&matches, &packages),
        ["bash CVE-2024-0002 fixed 9 unknown"]
    );
    let [gap] = matches.gaps.as_slice() else {
        panic!("{:?}", matches.gaps)
    };
    assert_eq!(gap.kind, IssueKind::NotJudged);
    assert_eq!(
        gap.detail,
        "the feed has not decided yet whether these apply (1): CVE-2024-0001 in bash"
    );
}

#[test]
fn an_explanation_holds_every_statement_against_the_package() {
    let db = database(&[("debian/tracker/data/json", TRACKER)]);
    let packages = [
        installed(
            PackageKind::Deb,
            "libc6",
            "2.36-9+deb12u4",
            Some(("glibc", "2.36-9+deb12u4")),
        ),
        installed(PackageKind::Deb, "bash", "5.2-1", None),
    ];
    let distro = distro("debian", "12");
    let said = explain::explain(&db, &packages, Some(&distro), "cve-2023-4911").expect("whole");
    let [judgement] = said.as_slice() else {
        panic!("{said:?}")
    };
    assert_eq!(judgement.outcome, explain::Outcome::NotAffected);
    assert_eq!(
        (judgement.package, judgement.feed.as_str()),
        (0, "debian-tracker")
    );
    assert_eq!(
        judgement.comparisons,
        ["2.36-9+deb12u4 < 2.36-9+deb12u3 does not hold (deb)"]
    );
    let unknown = explain::explain(&db, &packages, Some(&distro), "CVE-1999-0001");
    assert_eq!(unknown.expect("whole"), []);
}

mod languages;
