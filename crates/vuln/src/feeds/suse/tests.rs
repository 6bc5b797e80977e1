use super::*;

/// Excerpts of real documents: the products, statuses and versions as published.
const VEX: &str = include_str!("../../../testdata/suse/csaf-vex/cve-2023-47627.json");
const UPDATE: &str = include_str!("../../../testdata/suse/csaf/suse-su-2024_0577-1.json");

/// Shows statements as `ecosystem name fix fixed severity arches`.
fn show(batch: &Batch) -> Vec<String> {
    let statements = batch.records.iter().flat_map(|record| &record.statements);
    statements
        .map(|statement| {
            let advisory = &statement.advisory;
            let fixed: Vec<_> = advisory
                .ranges
                .iter()
                .map(|r| r.fixed.as_deref().unwrap_or("-"))
                .collect();
            format!(
                "{} {} {}{} {} {} {}",
                advisory.ecosystem,
                advisory.package,
                advisory.fix.as_str(),
                if advisory.undecided { " undecided" } else { "" },
                fixed.join(","),
                advisory.severity.map_or("-", Severity::as_str),
                advisory.arches.join(","),
            )
            .trim_end()
            .to_owned()
        })
        .collect()
}

#[test]
fn a_vex_document_speaks_of_each_service_pack() {
    let batch = parse(VEX.as_bytes());
    assert_eq!((batch.read, batch.damaged), (1, 0), "{:?}", batch.notes);
    let record = &batch.records[0];
    assert_eq!(
        (record.id.as_str(), record.level),
        ("CVE-2023-47627", Level::Vulnerability)
    );
    assert_eq!(
        (record.title.as_str(), record.severity),
        ("", Some(Severity::Medium))
    );
    assert!((record.cvss[0].score - 5.3).abs() < 0.01);
    assert_eq!(
        show(&batch),
        [
            "SUSE:Linux Enterprise Server 15 SP4 python-aiohttp wont_fix - medium",
            "SUSE:Linux Enterprise Server 15 SP4 python311-aiohttp wont_fix - medium",
            "SUSE:Linux Enterprise Server 15 SP4-LTSS python311-aiohttp fixed 3.9.3-150400.10.14.1 medium",
            "SUSE:Linux Enterprise Server 15 SP5 python311-aiohttp fixed 3.9.3-150400.10.14.1 medium",
            "SUSE:Linux Enterprise Server 15 SP6 python311-aiohttp fixed 3.9.3-150400.10.14.1 medium",
            "SUSE:Linux Enterprise Server 15 SP7 python311-aiohttp fixed 3.9.3-150400.10.14.1 medium",
        ]
    );
}

#[test]
fn an_update_covers_its_cves_and_its_modules_are_the_release() {
    let batch = parse(UPDATE.as_bytes());
    let record = &batch.records[0];
    assert_eq!(
        (record.id.as_str(), record.level),
        ("SUSE-SU-2024:0577-1", Level::Advisory)
    );
    assert_eq!(record.vulnerabilities.len(), 4);
    assert_eq!(record.published, "2024-02-21T10:43:49Z");
    assert_eq!(
        show(&batch),
        [
            "SUSE:Linux Enterprise Server 15 SP4 python311-aiohttp fixed 3.9.3-150400.10.14.1 -",
            "SUSE:Linux Enterprise Server 15 SP4-LTSS python311-aiohttp fixed 3.9.3-150400.10.14.1 -",
            "SUSE:Linux Enterprise Server 15 SP5 python311-aiohttp fixed 3.9.3-150400.10.14.1 -",
        ]
    );
}

#[test]
fn every_status_has_its_meaning() {
    let text = r#"{"document":{"tracking":{"id":"CVE-2024-0001"}},"vulnerabilities":[{"cve":"CVE-2024-0001","product_status":{
      "known_affected":["openSUSE Leap 15.6:a"],"under_investigation":["openSUSE Leap 15.6:b","openSUSE Leap 15.6:c"],"known_not_affected":["openSUSE Leap 15.6:c"],
      "fixed":["openSUSE Tumbleweed:d-1.0-1.1.x86_64","openSUSE Tumbleweed:d-debuginfo-1.0-1.1.x86_64"],"first_fixed":["SUSE Liberty Linux 9:e-1-1"]},
      "threats":[{"category":"impact","details":"important","product_ids":["openSUSE Leap 15.6:a"]}]}]}"#;
    assert_eq!(
        show(&parse(text.as_bytes())),
        [
            "openSUSE:Leap 15.6 a not_fixed - high",
            "openSUSE:Leap 15.6 b unknown undecided  -",
            "openSUSE:Leap 15.6 c unknown  -",
            "openSUSE:Tumbleweed d fixed 1.0-1.1 - x86_64",
        ]
    );
}

#[test]
fn binaries_named_after_their_source_are_stated_once() {
    let product = |name: &str, version: &str| {
        format!(
            r#"{{"product":{{"product_id":"{name}-{version}","product_identification_helper":{{"purl":"pkg:rpm/suse/{name}@{version}?upstream=kernel-default-5.14-1.src.rpm"}}}}}}"#
        )
    };
    let relation = |id: &str| {
        format!(
            r#"{{"full_product_name":{{"product_id":"s:{id}"}},"product_reference":"{id}","relates_to_product_reference":"openSUSE Leap 15.6"}}"#
        )
    };
    let text = format!(
        r#"{{"document":{{"tracking":{{"id":"CVE-2024-0001"}}}},"product_tree":{{"branches":[{{"product":{{"product_id":"openSUSE Leap 15.6"}}}},{},{},{}],"relationships":[{},{},{}]}},"vulnerabilities":[{{"cve":"CVE-2024-0001","product_status":{{"recommended":["s:kernel-default-extra-5.14-1","s:kernel-default-vdso-2-1","s:dlm-kmp-5.14-1"]}}}}]}}"#,
        product("kernel-default-extra", "5.14-1"),
        product("kernel-default-vdso", "2-1"),
        product("dlm-kmp", "5.14-1"),
        relation("kernel-default-extra-5.14-1"),
        relation("kernel-default-vdso-2-1"),
        relation("dlm-kmp-5.14-1"),
    );
    assert_eq!(
        show(&parse(text.as_bytes())),
        [
            "openSUSE:Leap 15.6 dlm-kmp fixed 5.14-1 -",
            "openSUSE:Leap 15.6 kernel-default fixed 5.14-1 -",
            "openSUSE:Leap 15.6 kernel-default-vdso fixed 2-1 -",
        ]
    );
}

#[test]
fn damage_is_counted_and_archives_are_read() {
    for text in [
        "",
        "{",
        r#"{"document":{"tracking":{"id":"x"}}}"#,
        r#"{"document":{"tracking":{"id":"SUSE-SU-1"}},"vulnerabilities":[{"cve":"x"}]}"#,
    ] {
        assert_eq!(parse(text.as_bytes()).damaged, 1, "{text}");
    }
    for end in (0..VEX.len()).step_by(31) {
        let _ = parse(VEX.as_bytes().get(..end).unwrap_or_default());
    }
    let mut builder = tar::Builder::new(Vec::new());
    for (name, text) in [
        ("csaf-vex/cve-2023-47627.json", VEX),
        ("csaf-vex/index.txt", "x"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder
            .append_data(&mut header, name, text.as_bytes())
            .expect("added");
    }
    let tar = builder.into_inner().expect("a tar");
    let mut packed = Vec::new();
    let encoder = bzip2::read::BzEncoder::new(tar.as_slice(), bzip2::Compression::best());
    io::Read::read_to_end(&mut { encoder }, &mut packed).expect("packed");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("csaf-vex.tar.bz2");
    std::fs::write(&path, &packed).expect("written");
    let batch = Suse
        .read(&path, &["suse", "csaf-vex.tar.bz2"])
        .expect("read");
    assert_eq!(
        (batch.read, batch.damaged, batch.name.as_str()),
        (1, 0, "suse")
    );
    std::fs::write(&path, &packed[..packed.len() / 2]).expect("written");
    let batch = Suse
        .read(&path, &["suse", "csaf-vex.tar.bz2"])
        .expect("read");
    assert!(batch.damaged > 0);
}

#[test]
fn files_are_recognised() {
    for path in [
        "suse/csaf-vex.tar.bz2",
        "csaf.tar.bz2",
        "csaf-vex/cve-2023-47627.json",
        "projects/security/csaf/suse-su-2024_0577-1.json",
        "csaf/opensuse-su-2024_0001-1.json",
    ] {
        assert!(
            Suse.recognises(&path.split('/').collect::<Vec<_>>()),
            "{path}"
        );
    }
    for path in [
        "cve-2023-47627.json",
        "csaf/rhsa-2024_0001.json",
        "csaf/index.txt",
        "vex/2023/cve-2023-1.json",
    ] {
        assert!(
            !Suse.recognises(&path.split('/').collect::<Vec<_>>()),
            "{path}"
        );
    }
}
