//! Red Hat's streams: minor releases, paid streams, modules, sources.

use super::*;

const CURL: &str = include_str!("../../../testdata/redhat/vex/2023/cve-2023-38545.json");
const POSTGRESQL: &str = include_str!("../../../testdata/redhat/vex/2024/cve-2024-7348.json");

/// Judges one package on a Red Hat release.
fn judge(name: &str, version: &str, source: &str, label: &str, release: &str) -> Vec<String> {
    let db = database(&[
        ("redhat/vex/2023/cve-2023-38545.json", CURL),
        ("redhat/vex/2024/cve-2024-7348.json", POSTGRESQL),
    ]);
    let mut package = modular(name, version, label);
    package.package.arch = Some("x86_64".to_owned());
    package.package.source = Some(SourcePackage {
        name: source.to_owned(),
        version: version.to_owned(),
    });
    let packages = [package];
    let matches = find(&db, &packages, Some(&distro("rhel", release)));
    let found = matches.findings.iter();
    found
        .map(|f| {
            let fixed = f.fixed_versions.join(",");
            format!(
                "{} {} {fixed} | {}",
                f.id,
                f.fix.as_str(),
                f.evidence.comparison
            )
        })
        .collect()
}

#[test]
fn each_minor_release_has_its_own_fix() {
    let newest = |version: &str| {
        vec![format!(
            "CVE-2023-38545 fixed 7.76.1-26.el9_3.2 | curl {version} < 7.76.1-26.el9_3.2 (rpm)"
        )]
    };
    for (version, expected) in [
        // Made for 9.2, which has a fix.
        (
            "7.76.1-23.el9_2.1",
            vec!["CVE-2023-38545 fixed 7.76.1-23.el9_2.4 | curl 7.76.1-23.el9_2.1 < 7.76.1-23.el9_2.4 (rpm)".to_owned()],
        ),
        ("7.76.1-23.el9_2.4", vec![]),
        ("7.76.1-23.el9_2.5", vec![]),
        // Newer than the fix of 9.2, but made for 9.3 and without its fix.
        ("7.76.1-26.el9_3.1", newest("7.76.1-26.el9_3.1")),
        ("7.76.1-26.el9_3.2", vec![]),
        // Says no minor release: the newest fix decides.
        ("7.76.1-26.el9", newest("7.76.1-26.el9")),
        ("7.76.1-29.el9_4", vec![]),
        // Made for 9.0: the main stream has no such fix, the paid stream of 9.0 has.
        ("7.76.1-14.el9_0.8", newest("7.76.1-14.el9_0.8")),
        ("7.76.1-14.el9_0.9", vec![]),
        // As new as the paid fix, but not made there: a fix elsewhere fixes nothing here.
        ("7.76.1-14.el9_1.9", newest("7.76.1-14.el9_1.9")),
    ] {
        assert_eq!(judge("libcurl-minimal", version, "curl", "", "9.3"), expected, "{version}");
    }
    assert!(
        judge("curl", "7.61.1-22.el8", "curl", "", "8.9").is_empty(),
        "not affected"
    );
}

#[test]
fn streams_of_modules_are_apart_and_plain_packages_too() {
    let version = "12.15-1.module+el8.8.0+1+aa";
    assert_eq!(
        judge(
            "postgresql-server",
            version,
            "postgresql",
            "postgresql:12:8080020230101000000:aa",
            "8.10"
        ),
        [format!(
            "CVE-2024-7348 fixed 12.20-1.module+el8.10.0+22214+9beb89d6 | postgresql {version} < 12.20-1.module+el8.10.0+22214+9beb89d6 (rpm)"
        )]
    );
    let fixed = "12.20-1.module+el8.10.0+22214+9beb89d6";
    for (version, label) in [
        (fixed, "postgresql:12:8100020240814102525:489197e6"),
        // The stream 10 is not spoken of.
        (
            "10.23-1.module+el8.7.0+1+aa",
            "postgresql:10:8070020221122142155:aa",
        ),
        // The paid stream's build of 8.6 has its fix, though it sorts before the main stream's.
        (
            "12.20-1.module+el8.6.0+22262+7cfee20c",
            "postgresql:12:8060020240903093929:ad008a3a",
        ),
        ("12.15-1.el8", ""),
    ] {
        assert!(
            judge("postgresql-server", version, "postgresql", label, "8.10").is_empty(),
            "{version}"
        );
    }
}

#[test]
fn the_end_of_life_of_a_release_is_said() {
    assert_eq!(
        judge("postgresql-libs", "9.2.24-9.el7_9", "postgresql", "", "7.9"),
        [
            "CVE-2024-7348 end_of_life  | postgresql 9.2.24-9.el7_9, no fixed version is stated (rpm)"
        ]
    );
}

#[test]
fn what_is_stated_of_the_binary_decides_before_its_source_and_layered_products_stay_out() {
    let text = r#"{"document":{},"product_tree":{"branches":[
        {"product":{"product_id":"r9","product_identification_helper":{"cpe":"cpe:/o:redhat:enterprise_linux:9"}}},
        {"product":{"product_id":"ocp","product_identification_helper":{"cpe":"cpe:/a:redhat:openshift:4.16::el9"}}},
        {"product":{"product_id":"foo.src","product_identification_helper":{"purl":"pkg:rpm/redhat/foo?arch=src"}}},
        {"product":{"product_id":"libfoo","product_identification_helper":{"purl":"pkg:rpm/redhat/libfoo"}}},
        {"product":{"product_id":"bar","product_identification_helper":{"purl":"pkg:rpm/redhat/bar@2-1.el9?arch=src"}}}],
      "relationships":[
        {"full_product_name":{"product_id":"r9:foo.src"},"product_reference":"foo.src","relates_to_product_reference":"r9"},
        {"full_product_name":{"product_id":"r9:libfoo"},"product_reference":"libfoo","relates_to_product_reference":"r9"},
        {"full_product_name":{"product_id":"ocp:bar"},"product_reference":"bar","relates_to_product_reference":"ocp"}]},
      "vulnerabilities":[{"cve":"CVE-2024-0001","product_status":{"known_affected":["r9:foo.src"],"known_not_affected":["r9:libfoo"],"fixed":["ocp:bar"]}}]}"#;
    let db = database(&[("vex/2024/cve-2024-0001.json", text)]);
    let source = Some(("foo", "1-1.el9"));
    let packages = [
        installed(PackageKind::Rpm, "foo-tools", "1-1.el9", source),
        installed(PackageKind::Rpm, "libfoo", "1-1.el9", source),
        installed(PackageKind::Rpm, "bar", "1-1.el9", Some(("bar", "1-1.el9"))),
    ];
    let matches = find(&db, &packages, Some(&distro("rhel", "9.4")));
    assert_eq!(
        show(&matches, &packages),
        ["foo-tools CVE-2024-0001 not_fixed  unknown"]
    );
    // What is not known of the source is known of the binary.
    let open = text.replace("known_affected", "under_investigation");
    let db = database(&[("vex/2024/cve-2024-0001.json", open.as_str())]);
    let gaps = find(&db, &packages, Some(&distro("rhel", "9.4"))).gaps;
    let details: Vec<&str> = gaps.iter().map(|gap| gap.detail.as_str()).collect();
    assert_eq!(
        details,
        ["the feed has not decided yet whether these apply (1): CVE-2024-0001 in foo-tools"]
    );
}

#[test]
fn the_newest_copy_of_a_document_counts_and_deleted_ones_do_not() {
    let newer = CURL
        .replace("2025-11-21T14:31:32", "2026-01-01T00:00:00")
        .replace("7.76.1-26.el9_3.2", "7.76.1-27.el9_3.2");
    let files = [
        ("a/vex/2023/cve-2023-38545.json", CURL),
        ("b/vex/2023/cve-2023-38545.json", newer.as_str()),
    ];
    let packages = [installed(
        PackageKind::Rpm,
        "curl",
        "7.76.1-26.el9_3.2",
        None,
    )];
    let db = database(&files);
    let gaps = find(&db, &packages, Some(&distro("rhel", "9"))).gaps;
    assert!(
        gaps[0].detail.contains("1 packages do not say theirs"),
        "{gaps:?}"
    );
    assert_eq!(
        find(&db, &packages, Some(&distro("rhel", "9")))
            .findings
            .len(),
        1
    );
    let deleted = "\"2023/cve-2023-38545.json\",\"2026-02-01T00:00:00+00:00\"\n";
    let db = database(&[
        files[0],
        files[1],
        ("b/vex/deletions.csv", deleted),
        ("b/vex/2024/cve-2024-7348.json", POSTGRESQL),
    ]);
    assert_eq!(
        find(&db, &packages, Some(&distro("rhel", "9")))
            .findings
            .len(),
        0
    );
}

#[test]
fn lines_of_builds_are_compared_with_their_like_only() {
    let record = |id: &str, fixed: &str| {
        format!(
            r#"{{"id":"{id}","related":["CVE-2023-0286"],"summary":"Important: openssl security update","affected":[{{"package":{{"ecosystem":"AlmaLinux:8","name":"openssl-libs"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}]}}"#
        )
    };
    let plain = record("ALSA-2023:1405", "1:1.1.1k-9.el8");
    let fips = record("ALSA-2023:1406", "1:1.1.1k-9.0.1_fips.el8");
    let db = database(&[
        ("AlmaLinux:8/ALSA-1.json", plain.as_str()),
        ("AlmaLinux:8/ALSA-2.json", fips.as_str()),
    ]);
    for (version, fixed) in [
        ("1:1.1.1k-7.el8", "1:1.1.1k-9.el8"),
        ("1:1.1.1k-7.0.1_fips.el8", "1:1.1.1k-9.0.1_fips.el8"),
        ("1:1.1.1k-9.el8", ""),
        ("1:1.1.1k-9.0.1_fips.el8", ""),
        ("1:1.1.1k-7.0.1.ksplice1.el8", ""),
    ] {
        let packages = [installed(PackageKind::Rpm, "openssl-libs", version, None)];
        let found = find(&db, &packages, Some(&distro("almalinux", "8"))).findings;
        let got: Vec<_> = found.iter().flat_map(|f| &f.fixed_versions).collect();
        assert_eq!(
            got.iter().map(|v| v.as_str()).collect::<String>(),
            fixed,
            "{version}"
        );
    }
}
