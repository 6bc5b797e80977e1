use super::*;

/// Excerpts of real definitions.
const OVAL: &str = include_str!("../../../testdata/oracle/com.oracle.elsa-all.xml");

/// Shows statements as `ecosystem package [module] fixed arches`.
fn show(record: &Record) -> Vec<String> {
    let statements = record.statements.iter();
    statements
        .map(|statement| {
            let advisory = &statement.advisory;
            let fixed = advisory.ranges[0].fixed.as_deref().unwrap_or("-");
            format!(
                "{} {} {} {fixed} {}",
                advisory.ecosystem,
                advisory.package,
                advisory.module.as_deref().unwrap_or("-"),
                advisory.arches.join(",")
            )
            .trim_end()
            .to_owned()
        })
        .collect()
}

#[test]
fn updates_are_read_with_their_architectures_and_lines() {
    let batch = parse(OVAL.as_bytes());
    assert_eq!((batch.read, batch.damaged), (3, 0), "{:?}", batch.notes);
    assert_eq!(batch.fetched_at, "2026-08-20T12:49:02Z");
    let [openssl, rsyslog, osbuild] = batch.records.as_slice() else {
        panic!("{:?}", batch.records)
    };
    assert_eq!(openssl.id, "ELSA-2021-9151");
    assert_eq!(openssl.title, "openssl security update");
    assert_eq!(openssl.level, Level::Advisory);
    assert_eq!(openssl.vulnerabilities, ["CVE-2021-3449", "CVE-2021-3450"]);
    assert_eq!(openssl.severity, Some(Severity::High));
    assert_eq!(openssl.published, "2021-04-01T00:00:00Z");
    assert_eq!(
        show(openssl),
        [
            "Oracle Linux:8 openssl - 2:1.1.1g-15.ksplice1.el8_3",
            "Oracle Linux:8 openssl-libs - 2:1.1.1g-15.ksplice1.el8_3",
        ]
    );
    assert_eq!(
        show(rsyslog),
        [
            "Oracle Linux:7 rsyslog - 8.24.0-57.0.1.el7_9.3 x86_64",
            "Oracle Linux:7 rsyslog - 8.24.0-57.0.4.el7_9.3 aarch64",
            "Oracle Linux:7 rsyslog-gnutls - 8.24.0-57.0.1.el7_9.3 x86_64",
            "Oracle Linux:7 rsyslog-gnutls - 8.24.0-57.0.4.el7_9.3 aarch64",
        ]
    );
    // Two rebuilds of one fix: having the lower is enough.
    assert_eq!(
        show(osbuild),
        [
            "Oracle Linux:8 osbuild - 110-1.el8",
            "Oracle Linux:8 osbuild-composer - 101-1.el8",
        ]
    );
}

#[test]
fn modules_are_named_by_their_criterion_or_by_the_release() {
    let text = |module: &str| {
        format!(
            r#"<definition class="patch" id="d"><metadata><title>ELSA-2023-0050: nodejs:14 security update (MODERATE)</title><reference source="CVE" ref_id="CVE-2022-43548"/></metadata><criteria operator="AND"><criterion comment="Oracle Linux 8 is installed"/>{module}<criteria operator="OR"><criterion comment="nodejs is earlier than 1:14.21.1-2.module+el8.7.0+20887+8e9c7e1b"/></criteria></criteria></definition>"#
        )
    };
    let named = r#"<criterion comment="Module nodejs:14 is enabled"/>"#;
    for (module, expected) in [(named, "nodejs:14"), ("", "")] {
        let batch = parse(text(module).as_bytes());
        let advisory = &batch.records[0].statements[0].advisory;
        assert_eq!(advisory.module.as_deref(), Some(expected));
    }
}

#[test]
fn what_names_no_cve_is_no_vulnerability_and_damage_is_counted() {
    let quiet = OVAL.replace("CVE-", "BUG-");
    let batch = parse(quiet.as_bytes());
    assert_eq!((batch.read, batch.damaged, batch.records.len()), (3, 0, 0));
    let odd = r#"<definition class="patch" id="d"><title>x</title></definition>"#;
    assert_eq!(parse(odd.as_bytes()).damaged, 1);
    let whole = parse(OVAL.as_bytes()).records.len();
    let cut = parse(&OVAL.as_bytes()[..OVAL.len() - 400]);
    assert_eq!((cut.records.len(), cut.damaged), (whole - 1, 1));
    for end in (0..OVAL.len()).step_by(13) {
        let _ = parse(&OVAL.as_bytes()[..end]);
    }
}

#[test]
fn packed_documents_are_unpacked() {
    let mut packed = Vec::new();
    let encoder = bzip2::read::BzEncoder::new(OVAL.as_bytes(), bzip2::Compression::best());
    io::Read::read_to_end(&mut { encoder }, &mut packed).expect("packed");
    assert_eq!(parse(&packed), parse(OVAL.as_bytes()));
    let cut = parse(&packed[..packed.len() / 2]);
    assert!(cut.damaged > 0);
    assert!(Oracle.recognises(&["oracle", "com.oracle.elsa-all.xml.bz2"]));
    assert!(Oracle.recognises(&["com.oracle.elsa-2024.xml"]));
    assert!(!Oracle.recognises(&["com.redhat.rhsa-all.xml"]));
}
