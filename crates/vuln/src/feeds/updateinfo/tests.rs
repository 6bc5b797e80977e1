use super::*;
use crate::feeds::Record;

/// Facts of Amazon's updateinfo files; descriptions are left out.
const AMAZON_XML: &str = r#"<?xml version="1.0" ?>
<updates>
<update author="linux-security@amazon.com" from="linux-security@amazon.com" status="final" type="security" version="1.4">
 <id>ALAS2023-2023-001</id><title>Amazon Linux 2023 - ALAS2023-2023-001: Important priority package update for rsyslog</title>
 <issued date="2023-02-17 20:41"/><updated date="2023-02-22 23:22"/><severity>Important</severity><description>Package updates &amp; more CVE-1999-0001</description>
 <references>
  <reference href="http://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2014-3634" id="CVE-2014-3634" type="cve"/>
  <reference href="http://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2022-24903" id="CVE-2022-24903" type="cve"/>
 </references>
 <pkglist><collection short="amazon-linux-2023"><name>Amazon Linux 2023</name>
  <package arch="x86_64" epoch="0" name="rsyslog" release="3.amzn2023.0.2" version="8.2204.0"><filename>Packages/rsyslog-8.2204.0-3.amzn2023.0.2.x86_64.rpm</filename></package>
  <package arch="aarch64" epoch="0" name="rsyslog" release="3.amzn2023.0.2" version="8.2204.0"/>
  <package arch="x86_64" epoch="0" name="rsyslog-debuginfo" release="3.amzn2023.0.2" version="8.2204.0"/>
  <package arch="noarch" epoch="0" name="rsyslog-doc" release="3.amzn2023.0.2" version="8.2204.0"/>
 </collection></pkglist>
</update>
<update status="final" type="security"><id>ALAS2GOLANG1.19-2023-001</id><title>Amazon Linux 2 - Golang1.19 2.0 - ALAS2GOLANG1.19-2023-001: important priority package update for golang</title>
 <issued date="2023-08-07 05:59"/><updated date="2023-09-25 22:11"/><severity>important</severity>
 <references><reference href="http://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2023-24532" id="CVE-2023-24532" type="cve"/></references>
 <pkglist><collection><package name="golang" epoch="0" version="1.19.10" release="1.amzn2.0.2" arch="x86_64"/></collection></pkglist></update>
<update status="final" type="security"><id>ALAS2-2018-939</id><severity>critical</severity><issued date="2018-01-11 21:05"/>
 <references><reference id="CVE-2017-5754" type="cve"/></references>
 <pkglist><collection><package arch="x86_64" epoch="0" name="kernel" release="38.79.amzn2" version="4.9.76"/></collection></pkglist></update>
<update status="final" type="security"><id>ALAS-2018-1093</id><severity>low</severity>
 <references><reference id="CVE-2018-1111" type="cve"/></references>
 <pkglist><collection><package arch="x86_64" epoch="12" name="dhclient" release="57.18.amzn1" version="4.1.1"/><package arch="x86_64" name="broken"/></collection></pkglist></update>
</updates>"#;

/// Facts of Rocky Linux' updateinfo files.
const ROCKY_XML: &str = r#"<updates>
<update from="releng@rockylinux.org" status="final" type="bugfix" version="2"><id>RLBA-2021:2580</id><title>firewalld bug fix and enhancement update</title><severity>None</severity>
 <references><reference href="https://access.redhat.com/errata/RHBA-2021:2580" id="RHBA-2021:2580" type="erratum"/></references>
 <pkglist><collection short="RL8"><package name="firewalld" version="0.8.2" release="7.el8_4" epoch="0" arch="noarch" src="firewalld-0.8.2-7.el8_4.src.rpm"/></collection></pkglist></update>
<update from="releng@rockylinux.org" status="final" type="security" version="2"><id>RLSA-2019:1972</id><title>Important: ruby:2.5 security update</title>
 <issued date="2019-07-30 11:16:25"></issued><updated date="2023-02-02 12:55:31"></updated><severity>Important</severity>
 <references>
  <reference href="https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2019-8324" id="CVE-2019-8324" type="cve" title="CVE-2019-8324"></reference>
  <reference href="https://errata.rockylinux.org/RLSA-2019:1972" id="RLSA-2019:1972" type="self" title="RLSA-2019:1972"></reference></references>
 <pkglist><collection short="none-appstream-rpms__ruby"><module name="ruby" stream="2.6" version="8060020220628150300" context="d63f516d" arch="x86_64" />
  <package name="rubygem-abrt" arch="noarch" epoch="0" version="0.3.0" release="4.module+el8.5.0+738+032c9c02" src="rubygem-abrt-0.3.0-4.module+el8.5.0+738+032c9c02.src.rpm"/>
  <package name="plain" arch="x86_64" epoch="1" version="1.0" release="1.el8"/>
 </collection></pkglist></update>
<update status="final" type="security"><id>FEDORA-2023-6d4055d482</id><title>httpd-2.4.55-1.fc36</title><severity>Moderate</severity><issued date="2023-02-03 01:39:02"/>
 <references><reference href="https://bugzilla.redhat.com/show_bug.cgi?id=2162094" id="2162094" type="bugzilla" title="CVE-2022-37436 httpd: mod_proxy: HTTP response splitting [fedora-all]"/></references>
 <pkglist><collection short="F36"><package name="httpd-core" version="2.4.55" release="1.fc36" epoch="0" arch="x86_64"/></collection></pkglist></update>
<update status="final" type="security"><id>ALSA-2023:5453</id><title>Important: glibc security update</title><severity>Important</severity>
 <references><reference id="CVE-2023-4911" type="cve"/></references>
 <pkglist><collection><package name="glibc" version="2.34" release="60.el9_2.7" epoch="0" arch="x86_64"/></collection></pkglist></update>
<update type="security"><id>FEDORA-EPEL-2022-2f3bfb7a61</id></update>
</updates>"#;

fn show(record: &Record) -> Vec<String> {
    let statements = record.statements.iter().map(|statement| {
        let advisory = &statement.advisory;
        let fixed = advisory.ranges[0].fixed.as_deref().unwrap_or("");
        let fixed = format!("{}<{fixed}", advisory.ranges[0].introduced);
        format!(
            "{} {} {fixed} {:?}",
            advisory.ecosystem, advisory.package, advisory.module
        )
    });
    statements.collect()
}

#[test]
fn amazon_updates_name_their_release() {
    let batch = parse(AMAZON_XML.as_bytes());
    assert_eq!((batch.read, batch.damaged), (4, 1), "{:?}", batch.notes);
    assert_eq!(batch.name, "updateinfo/amazon");
    assert_eq!(batch.fetched_at, "2023-09-25T22:11:00Z");
    let rsyslog = &batch.records[0];
    assert_eq!(rsyslog.vulnerabilities, ["CVE-2014-3634", "CVE-2022-24903"]);
    assert_eq!(
        rsyslog.title,
        "Important priority package update for rsyslog"
    );
    assert_eq!(
        rsyslog.severity,
        Some(plimsoll_model::severity::Severity::High)
    );
    assert_eq!(rsyslog.published, "2023-02-17T20:41:00Z");
    let shown: Vec<String> = batch.records.iter().flat_map(show).collect();
    assert_eq!(
        shown,
        [
            "Amazon Linux:2023 rsyslog <8.2204.0-3.amzn2023.0.2 None",
            "Amazon Linux:2023 rsyslog-doc <8.2204.0-3.amzn2023.0.2 None",
            "Amazon Linux:2 golang 1.19<1.19.10-1.amzn2.0.2 None",
            "Amazon Linux:2 kernel <4.9.76-38.79.amzn2 None",
            "Amazon Linux:1 dhclient <12:4.1.1-57.18.amzn1 None",
        ]
    );
}

#[test]
fn other_distributions_are_told_by_id_and_dist_tag() {
    let batch = parse(ROCKY_XML.as_bytes());
    assert_eq!((batch.read, batch.damaged), (4, 1), "{:?}", batch.notes);
    let ids: Vec<&str> = batch
        .records
        .iter()
        .map(|record| record.id.as_str())
        .collect();
    assert_eq!(
        ids,
        ["RLSA-2019:1972", "FEDORA-2023-6d4055d482", "ALSA-2023:5453"]
    );
    assert_eq!(batch.records[0].title, "ruby:2.5 security update");
    assert_eq!(
        batch.records[0].urls[0],
        "https://errata.rockylinux.org/RLSA-2019:1972"
    );
    assert_eq!(batch.records[1].vulnerabilities, ["CVE-2022-37436"]);
    let shown: Vec<String> = batch.records.iter().flat_map(show).collect();
    assert_eq!(
        shown,
        [
            "Rocky Linux:8 plain <1:1.0-1.el8 None",
            "Rocky Linux:8 rubygem-abrt <0.3.0-4.module+el8.5.0+738+032c9c02 Some(\"ruby:2.6\")",
            "Fedora:36 httpd-core <2.4.55-1.fc36 None",
            "AlmaLinux:9 glibc <2.34-60.el9_2.7 None",
        ]
    );
}

#[test]
fn extras_are_confined_to_their_line() {
    for (id, version, expected) in [
        ("ALAS2KERNEL-5.10-2022-001", "5.10.102", Some("5.10")),
        ("ALAS2POSTGRESQL14-2023-001", "14.5", Some("14")),
        ("ALAS2PHP8.0-2023-001", "8.0.28", Some("8.0")),
        ("ALAS2RUBY3.0-2023-001", "2.5.1", None),
        ("ALAS2NGINX1-2023-001", "1.22.1", Some("1")),
        ("ALAS2NGINX1-2023-001", "12.1", None),
        ("ALAS2DOCKER-2023-031", "20.10.25", None),
        ("ALAS2-2018-939", "4.9.76", None),
        ("ALAS2023-2023-001", "2023.1", None),
        ("ALAS2023LIVEPATCH-2023-001", "1.0", None),
        ("ALAS-2018-1093", "1", None),
        ("FEDORA-2023-6d4055d482", "1", None),
    ] {
        assert_eq!(line(id, version), expected, "{id} {version}");
    }
}

#[test]
fn damage_costs_what_is_damaged() {
    for end in (0..AMAZON_XML.len() - 1).step_by(13) {
        assert!(
            parse(&AMAZON_XML.as_bytes()[..end]).damaged > 0,
            "cut at {end}"
        );
    }
    assert_eq!(parse(b"BZh9").damaged, 1);
    assert_eq!(parse(b"<updates></updates>").damaged, 0);
    assert_eq!(parse(b"<updates><update/></updates>").damaged, 1);
}

#[test]
fn repositories_are_planned_step_by_step() {
    let first = UpdateInfo.plan(&|_| None);
    assert!(first.iter().all(|file| file.index));
    let mirror =
        "https://cdn.amazonlinux.com/2/core/2.0/x86_64/0123abcd/\nhttps://elsewhere.example/x\n";
    let repomd = r#"<repomd xmlns="http://linux.duke.edu/metadata/repo"><data type="primary"><location href="repodata/primary.xml.gz"/></data>
      <data type="updateinfo"><checksum type="sha256">e6f5</checksum><open-checksum type="sha256">d00c</open-checksum><location href="repodata/updateinfo.xml.gz"/></data></repomd>"#;
    let second = UpdateInfo.plan(&|path| match path {
        "amazon/2/core/latest/x86_64/mirror.list" => Some(mirror.into()),
        "amazon/2/core/latest/x86_64/repodata/repomd.xml" => Some(repomd.into()),
        _ => None,
    });
    let new: Vec<&Remote> = second.iter().filter(|file| !first.contains(file)).collect();
    assert_eq!(new.len(), 2);
    assert_eq!(
        new[1],
        &Remote {
            url:
                "https://cdn.amazonlinux.com/2/core/2.0/x86_64/0123abcd/repodata/updateinfo.xml.gz"
                    .into(),
            local: "amazon/2/core/latest/x86_64/repodata/updateinfo.xml.gz".into(),
            checksum: Some(Checksum::Sha256("e6f5".into())),
            index: false,
        }
    );
    for path in [
        "x/updateinfo.xml",
        "a/0123-updateinfo.xml.gz",
        "updateinfo.xml.zst",
    ] {
        assert!(
            UpdateInfo.recognises(&path.split('/').collect::<Vec<_>>()),
            "{path}"
        );
    }
    for path in ["updateinfo.xml.asc", "repomd.xml", "updateinfo"] {
        assert!(!UpdateInfo.recognises(&[path]), "{path}");
    }
}
