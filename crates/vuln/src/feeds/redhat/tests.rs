use super::*;

/// Excerpts of real documents: the products, versions and updates as published.
const CURL: &str = include_str!("../../../testdata/redhat/vex/2023/cve-2023-38545.json");
const POSTGRESQL: &str = include_str!("../../../testdata/redhat/vex/2024/cve-2024-7348.json");

/// Shows statements as `ecosystem name [module] fix fixed updates severity`.
fn show(batch: &Batch) -> Vec<String> {
    let statements = batch.records.iter().flat_map(|record| &record.statements);
    statements
        .map(|statement| {
            let advisory = &statement.advisory;
            let fixed = advisory.ranges.iter();
            let fixed: Vec<&str> = fixed.map(|r| r.fixed.as_deref().unwrap_or("-")).collect();
            format!(
                "{} {} {} {}{} {} {} {} {}",
                advisory.ecosystem,
                advisory.package,
                advisory.module.as_deref().unwrap_or("-"),
                advisory.fix.as_str(),
                if advisory.undecided { " undecided" } else { "" },
                fixed.join(","),
                statement.also.join(","),
                advisory.severity.map_or("-", Severity::as_str),
                advisory.arches.join(","),
            )
            .trim_end()
            .to_owned()
        })
        .collect()
}

#[test]
fn one_cve_is_fixed_once_per_minor_release_and_apart_in_paid_streams() {
    let batch = parse(CURL.as_bytes());
    assert_eq!((batch.read, batch.damaged), (1, 0));
    let record = &batch.records[0];
    assert_eq!(
        record.title,
        "curl: heap based buffer overflow in the SOCKS5 proxy handshake"
    );
    assert_eq!(record.published, "2023-10-11T00:00:00Z");
    assert_eq!(record.modified, "2025-11-21T14:31:32Z");
    assert_eq!(record.severity, Some(Severity::High));
    assert!((record.cvss[0].score - 8.1).abs() < 0.01);
    assert_eq!(
        show(&batch),
        [
            // `curl` binaries are named after the source; `libcurl` is not.
            "Red Hat:6 curl - unknown   -",
            "Red Hat:6 libcurl - unknown   -",
            "Red Hat:7 curl - unknown   -",
            "Red Hat:7 libcurl - unknown   -",
            "Red Hat:8 curl - unknown   -",
            "Red Hat:8 libcurl - unknown   -",
            "Red Hat:8 libcurl-minimal - unknown   -",
            "Red Hat:9 curl - fixed 7.76.1-23.el9_2.4,7.76.1-26.el9_3.2 RHSA-2023:5763,RHSA-2023:6745 high",
            "Red Hat:9.0 curl - fixed 7.76.1-14.el9_0.9 RHSA-2023:5700 high",
        ]
    );
}

#[test]
fn module_streams_and_what_is_out_of_support() {
    assert_eq!(
        show(&parse(POSTGRESQL.as_bytes())),
        [
            "Red Hat:6 postgresql - end_of_life -  high",
            "Red Hat:7 postgresql - end_of_life -  high",
            "Red Hat:8 postgresql postgresql:12 fixed 12.20-1.module+el8.10.0+22214+9beb89d6 RHSA-2024:6000 high",
            "Red Hat:8 postgresql postgresql:13 fixed 13.16-1.module+el8.10.0+22213+5adc94fe RHSA-2024:6018 high",
            "Red Hat:8.6 postgresql postgresql:12 fixed 12.20-1.module+el8.6.0+22262+7cfee20c  high",
            "Red Hat:9 postgresql - fixed 13.16-1.el9_4 RHSA-2024:5999 high",
            "Red Hat:9 postgresql postgresql:15 fixed 15.8-1.module+el9.4.0+22208+cd6b92ff RHSA-2024:6020 high",
        ]
    );
}

/// Makes a document: components as `(id, purl)`, all of RHEL 9; then statuses and remediations.
fn document(components: &[(&str, &str)], rest: &str) -> String {
    let products: Vec<String> = components
        .iter()
        .map(|(id, purl)| {
            format!(r#"{{"product":{{"product_id":"{id}","product_identification_helper":{{"purl":"{purl}"}}}}}}"#)
        })
        .collect();
    let relations: Vec<String> = components
        .iter()
        .map(|(id, _)| {
            format!(r#"{{"full_product_name":{{"product_id":"r9:{id}"}},"product_reference":"{id}","relates_to_product_reference":"r9"}}"#)
        })
        .collect();
    format!(
        r#"{{"document":{{"title":"t","tracking":{{"id":"CVE-2024-0001"}}}},"product_tree":{{"branches":[{{"product":{{"product_id":"r9","product_identification_helper":{{"cpe":"cpe:/o:redhat:enterprise_linux:9"}}}}}},{}],"relationships":[{}]}},"vulnerabilities":[{{"cve":"CVE-2024-0001",{rest}}}]}}"#,
        products.join(","),
        relations.join(",")
    )
}

#[test]
fn every_state_without_a_fix_has_its_meaning() {
    for (category, details, expected) in [
        ("no_fix_planned", "Will not fix", FixState::WontFix),
        (
            "no_fix_planned",
            "Out of support scope",
            FixState::EndOfLife,
        ),
        ("none_available", "Affected", FixState::NotFixed),
        ("none_available", "Fix deferred", FixState::Deferred),
        ("workaround", "Do not use it.", FixState::NotFixed),
    ] {
        let rest = format!(
            r#""product_status":{{"known_affected":["r9:vim"]}},"remediations":[{{"category":"{category}","details":"{details}","product_ids":["r9:vim"]}}],"threats":[{{"category":"impact","details":"Low","product_ids":["r9:vim"]}}]"#
        );
        let batch = parse(document(&[("vim", "pkg:rpm/redhat/vim?arch=src")], &rest).as_bytes());
        let expected = format!("Red Hat:9 vim - {} -  low", expected.as_str());
        assert_eq!(show(&batch), [expected], "{category} {details}");
    }
}

#[test]
fn what_is_investigated_is_undecided_and_the_worse_status_counts() {
    let components = [
        ("a.src", "pkg:rpm/redhat/a?arch=src"),
        ("b.src", "pkg:rpm/redhat/b?arch=src"),
        ("c.src", "pkg:rpm/redhat/c?arch=src"),
        (
            "go-toolset:rhel8/go-toolset",
            "pkg:rpm/redhat/go-toolset@rhel8?arch=src&rpmmod=go-toolset:rhel8",
        ),
        (
            "firefox-flatpak",
            "pkg:rpm/redhat/firefox-flatpak?arch=src&rpmmod=rhel10",
        ),
        (
            "rhel9/httpd-24",
            "pkg:oci/httpd-24?repository_url=registry.redhat.io/rhel9/httpd-24",
        ),
    ];
    let rest = r#""product_status":{"under_investigation":["r9:a.src","r9:b.src"],"known_not_affected":["r9:b.src","r9:c.src"],"known_affected":["r9:c.src","r9:go-toolset:rhel8/go-toolset","r9:firefox-flatpak","r9:rhel9/httpd-24","r9:unknown"]}"#;
    assert_eq!(
        show(&parse(document(&components, rest).as_bytes())),
        [
            "Red Hat:9 a - unknown undecided   -",
            "Red Hat:9 b - unknown   -",
            "Red Hat:9 c - not_fixed -  -",
            // No module of that name is ever installed, so a flatpak's build meets nothing.
            "Red Hat:9 firefox-flatpak rhel10 not_fixed -  -",
            "Red Hat:9 go-toolset go-toolset:rhel8 not_fixed -  -",
        ]
    );
}

#[test]
fn binaries_with_versions_of_their_own_and_single_architectures_are_kept() {
    let components = [
        (
            "perl.src",
            "pkg:rpm/redhat/perl@5.32.1-481.el9?arch=src&epoch=4",
        ),
        (
            "perl.x",
            "pkg:rpm/redhat/perl-libs@5.32.1-481.el9?arch=x86_64&epoch=4",
        ),
        (
            "perl-Errno.x",
            "pkg:rpm/redhat/perl-Errno@1.30-481.el9?arch=x86_64",
        ),
        (
            "perl-d",
            "pkg:rpm/redhat/perl-debuginfo@5.32.1-481.el9?arch=x86_64&epoch=4",
        ),
    ];
    let rest =
        r#""product_status":{"fixed":["r9:perl.src","r9:perl.x","r9:perl-Errno.x","r9:perl-d"]}"#;
    assert_eq!(
        show(&parse(document(&components, rest).as_bytes())),
        [
            "Red Hat:9 perl - fixed 4:5.32.1-481.el9  - x86_64",
            "Red Hat:9 perl-Errno - fixed 1.30-481.el9  - x86_64",
        ]
    );
}

#[test]
fn components_without_a_purl_are_known_by_their_ids() {
    let text = r#"{"document":{},"product_tree":{"branches":[{"product":{"product_id":"r9","product_identification_helper":{"cpe":"cpe:/o:redhat:enterprise_linux:9"}}},{"product":{"name":"samba","product_id":"samba"}}],"relationships":[{"full_product_name":{"product_id":"r9:samba"},"product_reference":"samba","relates_to_product_reference":"r9"},{"full_product_name":{"product_id":"r9:nodejs:18/nodejs"},"product_reference":"nodejs:18/nodejs","relates_to_product_reference":"r9"}]},"vulnerabilities":[{"cve":"CVE-2023-4091","product_status":{"known_affected":["r9:samba","r9:nodejs:18/nodejs"]}}]}"#;
    assert_eq!(
        show(&parse(text.as_bytes())),
        [
            "Red Hat:9 nodejs nodejs:18 not_fixed -  -",
            "Red Hat:9 samba - not_fixed -  -"
        ]
    );
}

#[test]
fn damage_is_counted_and_nothing_panics() {
    for text in [
        "",
        "{",
        "[]",
        r#"{"document":7}"#,
        r#"{"document":{},"vulnerabilities":[{"cve":"x"}]}"#,
        r#"{"document":{},"product_tree":7}"#,
    ] {
        assert_eq!(parse(text.as_bytes()).damaged, 1, "{text}");
    }
    let deep = format!(
        r#"{{"document":{{}},"product_tree":{{"branches":{}}}}}"#,
        "[{\"branches\":".repeat(5000)
    );
    assert_eq!(parse(deep.as_bytes()).damaged, 1);
    for end in (0..CURL.len()).step_by(97) {
        let _ = parse(CURL.as_bytes().get(..end).unwrap_or_default());
    }
}

#[test]
fn files_are_recognised_and_planned() {
    for path in [
        "redhat/vex/2023/cve-2023-38545.json",
        "vex/2024/cve-2024-7348.json",
        "x/csaf_vex_2025-02-15.tar.zst",
        "redhat/vex/deletions.csv",
    ] {
        assert!(
            RedHat.recognises(&path.split('/').collect::<Vec<_>>()),
            "{path}"
        );
    }
    for path in [
        "cve-2023-38545.json",
        "csaf-vex/cve-2023-47627.json",
        "vex/2023/x.json",
        "vex/2023/cve-2023-a.json",
        "csaf_advisories_2025-02-15.tar.zst",
        "changes.csv",
    ] {
        assert!(
            !RedHat.recognises(&path.split('/').collect::<Vec<_>>()),
            "{path}"
        );
    }
    assert_eq!(RedHat.plan(&|_| None).len(), 3);
    let plan = RedHat.plan(&|path| match path {
        "redhat/vex/archive_latest.txt" => Some(b"csaf_vex_2025-02-15.tar.zst\n".to_vec()),
        "redhat/vex/changes.csv" => Some(
            b"\"2024/cve-2024-1.json\",\"2025-02-16T01:00:00+00:00\"\n\"2023/cve-2023-1.json\",\"2025-02-14T01:00:00+00:00\"\n\"../x\",\"2026\"\n"
                .to_vec(),
        ),
        _ => None,
    });
    let local: Vec<&str> = plan
        .iter()
        .skip(3)
        .map(|remote| remote.local.as_str())
        .collect();
    assert_eq!(
        local,
        [
            "redhat/vex/csaf_vex_2025-02-15.tar.zst",
            "redhat/vex/2024/cve-2024-1.json"
        ]
    );
}

#[test]
fn the_archive_is_read_as_a_stream() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("csaf_vex_2025-02-15.tar.zst");
    let mut builder = tar::Builder::new(Vec::new());
    for (name, text) in [
        ("2023/cve-2023-38545.json", CURL),
        ("2024/cve-2024-7348.json", POSTGRESQL),
        ("2024/cve-2024-1.json", "{"),
        ("changes.csv", "x"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder
            .append_data(&mut header, name, text.as_bytes())
            .expect("added");
    }
    let tar = builder.into_inner().expect("a tar");
    let packed = zstd::bulk::compress(&tar, 3).expect("packed");
    std::fs::write(&path, &packed).expect("written");
    let parts = ["csaf_vex_2025-02-15.tar.zst"];
    let batch = RedHat.read(&path, &parts).expect("read");
    assert_eq!((batch.read, batch.damaged), (2, 1), "{:?}", batch.notes);
    assert_eq!(batch.fetched_at, "2025-11-21T14:31:32Z");
    for end in (0..packed.len()).step_by(packed.len() / 20) {
        std::fs::write(&path, &packed[..end]).expect("written");
        assert!(
            RedHat.read(&path, &parts).expect("read").damaged > 0,
            "cut at {end}"
        );
    }
}

#[test]
fn deleted_documents_are_withdrawn() {
    let mut batch = Batch::new("redhat");
    deletions(
        b"\"2023/cve-2023-0030.json\",\"2024-05-01T00:00:00+00:00\"\n\"junk\",\"\"\n",
        &mut batch,
    );
    assert_eq!((batch.records.len(), batch.damaged), (1, 1));
    assert!(batch.records[0].withdrawn);
    assert_eq!(batch.records[0].id, "CVE-2023-0030");
}
