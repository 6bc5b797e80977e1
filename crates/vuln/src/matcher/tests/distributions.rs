//! Distributions of which each has a feed or an ecosystem of its own: from its files to findings.

use super::*;

#[test]
fn amazon_linux_compares_binary_packages_of_its_release() {
    let db = database(&[(
        "amazon/updateinfo.xml",
        r#"<updates><update type="security"><id>ALAS2023-2023-001</id><severity>Important</severity>
        <references><reference id="CVE-2022-24903" type="cve"/></references>
        <pkglist><collection><package name="rsyslog" epoch="0" version="8.2204.0" release="3.amzn2023.0.2" arch="x86_64"/></collection></pkglist></update>
        <update type="security"><id>ALAS2-2022-1800</id><severity>important</severity>
        <references><reference id="CVE-2022-24903" type="cve"/></references>
        <pkglist><collection><package name="rsyslog" epoch="0" version="8.24.0" release="57.amzn2.2.0.2" arch="x86_64"/></collection></pkglist></update></updates>"#,
    )]);
    let packages = [
        installed(PackageKind::Rpm, "rsyslog", "8.2204.0-3.amzn2023.0.1", None),
        installed(PackageKind::Rpm, "rsyslog", "8.2204.0-3.amzn2023.0.2", None),
    ];
    let matches = find(&db, &packages, Some(&distro("amzn", "2023")));
    assert_eq!(
        show(&matches, &packages),
        ["rsyslog CVE-2022-24903 fixed 8.2204.0-3.amzn2023.0.2 high ALAS2023-2023-001"]
    );
    let matches = find(&db, &packages[..1], Some(&distro("amzn", "2")));
    assert!(matches.findings.is_empty(), "another release's update");
}

#[test]
fn lines_of_amazons_extras_are_told_apart() {
    let update = |id: &str, cve: &str, version: &str, release: &str| {
        format!(
            r#"<update type="security"><id>{id}</id><severity>important</severity><references><reference id="{cve}" type="cve"/></references>
            <pkglist><collection><package name="kernel" epoch="0" version="{version}" release="{release}" arch="x86_64"/></collection></pkglist></update>"#
        )
    };
    let updates = format!(
        "<updates>{}{}</updates>",
        update(
            "ALAS2-2022-1761",
            "CVE-2022-0001",
            "4.14.268",
            "205.500.amzn2"
        ),
        update(
            "ALAS2KERNEL-5.10-2022-011",
            "CVE-2022-0001",
            "5.10.102",
            "99.473.amzn2"
        ),
    );
    let db = database(&[("amazon/updateinfo.xml", &updates)]);
    let packages = [
        installed(PackageKind::Rpm, "kernel", "4.14.268-205.500.amzn2", None),
        installed(PackageKind::Rpm, "kernel", "4.14.262-200.489.amzn2", None),
        installed(PackageKind::Rpm, "kernel", "5.10.96-90.460.amzn2", None),
    ];
    let matches = find(&db, &packages, Some(&distro("amzn", "2")));
    let found: Vec<_> = (matches.findings.iter())
        .map(|finding| (finding.package, finding.fixed_versions.join(",")))
        .collect();
    assert_eq!(
        found,
        [
            (1, "4.14.268-205.500.amzn2".to_owned()),
            (2, "5.10.102-99.473.amzn2".to_owned())
        ]
    );
}

#[test]
fn sources_are_compared_without_the_epoch_that_they_do_not_state() {
    let db = database(&[
        (
            "photon/cve_data_photon4.0.json",
            r#"[{"cve_id":"CVE-2023-38546","pkg":"curl","cve_score":3.7,"res_ver":"7.88.1-4.ph4","status":"Fixed"},
                {"cve_id":"CVE-2023-44487","pkg":"httpd","cve_score":7.5,"res_ver":"NA","status":"Not Affected"},
                {"cve_id":"CVE-2023-50447","pkg":"curl","res_ver":"NA","status":"Fixed"}]"#,
        ),
        (
            "bodhi/updates/F36/1.json",
            r#"{"updates":[{"alias":"FEDORA-2023-6d4055d482","title":"httpd-2.4.55-1.fc36","type":"security","status":"stable","severity":"medium",
             "release":{"version":"36","id_prefix":"FEDORA"},"bugs":[{"title":"CVE-2022-37436 httpd"}],"builds":[{"nvr":"httpd-2.4.55-1.fc36","type":"rpm","epoch":0}]}]}"#,
        ),
        (
            "osv/Mageia/MGASA-2023-0001.json",
            r#"{"id":"MGASA-2023-0001","upstream":["CVE-2023-0001"],"affected":[{"package":{"ecosystem":"Mageia:9","name":"curl"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"7.88.1-3.1.mga9"}]}]}]}"#,
        ),
    ]);
    let photon = [
        installed(
            PackageKind::Rpm,
            "curl-libs",
            "1:7.88.1-3.ph4",
            Some(("curl", "7.88.1-3.ph4")),
        ),
        installed(
            PackageKind::Rpm,
            "httpd",
            "2.4.55-1.ph4",
            Some(("httpd", "2.4.55-1.ph4")),
        ),
    ];
    let matches = find(&db, &photon, Some(&distro("photon", "4.0")));
    assert_eq!(
        show(&matches, &photon),
        ["curl-libs CVE-2023-38546 fixed 7.88.1-4.ph4 low"]
    );
    assert!(
        (matches.gaps.iter()).any(|gap| gap.detail.contains("CVE-2023-50447")),
        "{:?}",
        matches.gaps
    );
    let fedora = [
        installed(
            PackageKind::Rpm,
            "httpd-core",
            "2.4.54-1.fc36",
            Some(("httpd", "2.4.54-1.fc36")),
        ),
        installed(
            PackageKind::Rpm,
            "httpd-core",
            "2.4.55-1.fc36",
            Some(("httpd", "2.4.55-1.fc36")),
        ),
    ];
    let matches = find(&db, &fedora, Some(&distro("fedora", "36")));
    assert_eq!(
        show(&matches, &fedora),
        ["httpd-core CVE-2022-37436 fixed 2.4.55-1.fc36 medium FEDORA-2023-6d4055d482"]
    );
    let mageia = [installed(
        PackageKind::Rpm,
        "lib64curl4",
        "7.88.1-3.mga9",
        Some(("curl", "7.88.1-3.mga9")),
    )];
    let matches = find(&db, &mageia, Some(&distro("mageia", "9")));
    assert_eq!(
        show(&matches, &mageia),
        ["lib64curl4 CVE-2023-0001 fixed 7.88.1-3.1.mga9 unknown MGASA-2023-0001"]
    );
}

#[test]
fn azure_linux_says_what_nothing_fixes_yet() {
    let definition = |id: u8, cve: &str, patchable: bool| {
        format!(
            r#"<definition id="d{id}"><metadata><title>{cve}</title><patchable>{patchable}</patchable><severity>High</severity></metadata>
               <criteria operator="AND"><criterion test_ref="t{id}"/></criteria></definition>"#
        )
    };
    let oval = format!(
        r#"<oval_definitions><definitions>{}{}</definitions>
        <tests><rpminfo_test id="t1"><object object_ref="o"/><state state_ref="s1"/></rpminfo_test><rpminfo_test id="t2"><object object_ref="o"/><state state_ref="s2"/></rpminfo_test></tests>
        <objects><rpminfo_object id="o"><name>ceph</name></rpminfo_object></objects>
        <states><rpminfo_state id="s1"><evr operation="less than">0:18.2.1-2.azl3</evr></rpminfo_state><rpminfo_state id="s2"><evr operation="less than or equal">0:18.2.1-2.azl3</evr></rpminfo_state></states></oval_definitions>"#,
        definition(1, "CVE-2020-27304", true),
        definition(2, "CVE-2021-0001", false)
    );
    let osv = r#"{"id":"AZL-1","upstream":["CVE-2020-27304"],"affected":[{"package":{"ecosystem":"Azure Linux:3","name":"ceph"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"18.2.1-9"}]}]}]}"#;
    let db = database(&[
        ("azure/azurelinux-3.0-oval.xml", &oval),
        ("osv/Azure Linux/AZL-1.json", osv),
    ]);
    let packages = [
        installed(
            PackageKind::Rpm,
            "ceph-base",
            "18.2.1-1.azl3",
            Some(("ceph", "18.2.1-1.azl3")),
        ),
        installed(
            PackageKind::Rpm,
            "ceph-base",
            "18.2.1-2.azl3",
            Some(("ceph", "18.2.1-2.azl3")),
        ),
    ];
    let matches = find(&db, &packages, Some(&distro("azurelinux", "3.0")));
    let shown: Vec<String> = (matches.findings.iter())
        .map(|finding| {
            format!(
                "{} {} {}",
                finding.package,
                finding.id,
                finding.fix.as_str()
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "0 CVE-2020-27304 fixed",
            "0 CVE-2021-0001 not_fixed",
            "1 CVE-2021-0001 not_fixed"
        ]
    );
}

#[test]
fn rolling_and_derived_distributions_of_osv_are_judged() {
    let record = |ecosystem: &str, name: &str, fixed: &str| {
        format!(
            r#"{{"id":"X-1","upstream":["CVE-2024-0001"],"affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"{name}"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}]}}"#
        )
    };
    for (id, version, ecosystem, kind, fixed, below) in [
        (
            "minimos",
            "20241031",
            "MinimOS",
            PackageKind::Apk,
            "3.3.2-r1",
            "3.3.2-r0",
        ),
        (
            "alpaquita",
            "stream",
            "Alpaquita:stream",
            PackageKind::Apk,
            "3.3.2-r1",
            "3.3.2-r0",
        ),
        (
            "bellsoft-hardened-containers",
            "25",
            "BellSoft Hardened Containers:25",
            PackageKind::Apk,
            "3.3.2-r1",
            "3.3.2-r0",
        ),
        (
            "echo",
            "1",
            "Echo",
            PackageKind::Deb,
            "3.7.4-4+e5",
            "3.7.4-4+e4",
        ),
        (
            "openeuler",
            "24.03",
            "openEuler:24.03",
            PackageKind::Rpm,
            "3.0.12-7.oe2403",
            "3.0.12-6.oe2403",
        ),
    ] {
        let folder = ecosystem.split(':').next().expect("a name");
        let path = format!("osv/{folder}/X-1.json");
        let db = database(&[(&path, &record(ecosystem, "openssl", fixed))]);
        let packages = [
            installed(kind, "libssl", below, Some(("openssl", below))),
            installed(kind, "libssl", fixed, Some(("openssl", fixed))),
        ];
        let matches = find(&db, &packages, Some(&distro(id, version)));
        assert_eq!(matches.findings.len(), 1, "{id}: {:?}", matches.gaps);
        assert_eq!(matches.findings[0].fixed_versions, [fixed], "{id}");
    }
}
