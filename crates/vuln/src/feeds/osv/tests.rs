use super::*;

fn read(text: &str) -> Record {
    let (record, damaged) = parse(text.as_bytes()).expect("a record");
    assert_eq!(damaged, None);
    record
}

const ALSA: &str = r#"{"id":"ALSA-2022:8832","summary":"Moderate: nodejs:18 security, bug fix, and enhancement update",
 "affected":[{"package":{"ecosystem":"AlmaLinux:9","name":"nodejs"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1:18.12.1-1.module_el9.1.0+16+91bc168f"}]}]},
  {"package":{"ecosystem":"AlmaLinux:9","name":"nodejs-nodemon"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.0.20-1.module_el9.1.0+16+91bc168f"}]}]},
  {"package":{"ecosystem":"AlmaLinux:9","name":"nodejs-nodemon"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.0.20-1.module_el9.1.0+13+91bc168f"}]}]}],
 "related":["CVE-2022-3517","CVE-2022-43548"],"published":"2022-12-06T00:00:00Z","modified":"2022-12-07T14:39:51Z",
 "references":[{"url":"https://access.redhat.com/errata/RHSA-2022:8832","type":"ADVISORY"},{"url":"https://access.redhat.com/security/cve/CVE-2022-35256","type":"REPORT"},{"url":"https://errata.almalinux.org/9/ALSA-2022-8832.html","type":"ADVISORY"}]}"#;

#[test]
fn an_alma_update_covers_its_cves_within_its_module() {
    let record = read(ALSA);
    assert_eq!(record.level, Level::Advisory);
    assert_eq!(
        record.vulnerabilities,
        ["CVE-2022-3517", "CVE-2022-35256", "CVE-2022-43548"]
    );
    assert!(record.same.is_empty());
    assert_eq!(
        record.title,
        "nodejs:18 security, bug fix, and enhancement update"
    );
    assert_eq!(
        record.statements.len(),
        2,
        "alternative builds are one statement"
    );
    let nodejs = &record.statements[0].advisory;
    assert_eq!(nodejs.severity, Some(Severity::Medium));
    assert_eq!(nodejs.module.as_deref(), Some("nodejs:18"));
    assert_eq!(
        record.statements[1].advisory.ranges[0].fixed.as_deref(),
        Some("2.0.20-1.module_el9.1.0+13+91bc168f")
    );
    assert_eq!(record.urls.len(), 3);
    assert!(record.urls[0].contains("RHSA"));
}

#[test]
fn bug_fixes_count_only_with_a_cve() {
    let plain = ALSA
        .replace("ALSA-", "ALBA-")
        .replace(r#"["CVE-2022-3517","CVE-2022-43548"]"#, "[]")
        .replace("CVE-2022-35256", "x");
    assert!(read(&plain).statements.is_empty());
    assert_eq!(read(&ALSA.replace("ALSA-", "ALBA-")).statements.len(), 2);
}

#[test]
fn debian_and_ubuntu_records_restate_a_cve() {
    let debian = read(
        r#"{"id":"DEBIAN-CVE-2016-2781","upstream":["CVE-2016-2781"],"modified":"2026-11-21T00:00:00Z","affected":[
      {"package":{"ecosystem":"Debian:12","name":"coreutils","purl":"pkg:deb/debian/coreutils?arch=source"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}],"ecosystem_specific":{"urgency":"unimportant"}}]}"#,
    );
    assert_eq!(debian.level, Level::Vulnerability);
    assert_eq!(debian.vulnerabilities, ["CVE-2016-2781"]);
    let statement = &debian.statements[0].advisory;
    assert_eq!(
        (statement.fix, statement.severity),
        (FixState::NotFixed, Some(Severity::Negligible))
    );
    assert!(statement.arches.is_empty());

    let ubuntu = read(
        r#"{"id":"UBUNTU-CVE-2014-9913","upstream":["CVE-2014-9913"],"related":["USN-4672-1"],
      "severity":[{"type":"CVSS_V3","score":"CVSS:3.0/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L"},{"type":"Ubuntu","score":"negligible"}],
      "affected":[{"package":{"ecosystem":"Ubuntu:16.04:LTS","name":"unzip"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"6.0-20ubuntu1.1"}]}],"versions":["6.0-17ubuntu1","6.0-19ubuntu1","6.1-1"]}]}"#,
    );
    assert_eq!(ubuntu.vulnerabilities, ["CVE-2014-9913"]);
    assert_eq!(
        ubuntu.statements[0].advisory.severity,
        Some(Severity::Negligible)
    );
    assert_eq!(
        ubuntu.statements[0].advisory.versions,
        ["6.1-1"],
        "what the range says is not kept twice"
    );
    assert!((ubuntu.cvss[0].score - 4.0).abs() < 0.01);

    let notice = read(r#"{"id":"USN-5614-1","upstream":["UBUNTU-CVE-2021-3782"],"affected":[]}"#);
    assert_eq!(notice.level, Level::Advisory);
    assert_eq!(notice.vulnerabilities, ["CVE-2021-3782"]);
}

#[test]
fn language_records_keep_aliases_apart_from_relatives() {
    let record = read(
        r#"{"id":"PYSEC-2021-66","aliases":["CVE-2020-28493","GHSA-g3rq-g295-4j3m"],"related":["CVE-1999-0001"],"summary":null,
      "affected":[{"package":{"ecosystem":"PyPI","name":"jinja2"},"ranges":[{"type":"GIT","events":[{"introduced":"0"}]},{"type":"ECOSYSTEM","events":[{"fixed":"2.11.3"},{"introduced":"0"}]}],"versions":["2.0",2.1,"2.12"]},
        {"package":{"ecosystem":"PyPI","name":"only-git"},"ranges":[{"type":"GIT","events":[{"introduced":"0"}]}]}],
      "database_specific":{"severity":"MODERATE"}}"#,
    );
    assert_eq!(record.vulnerabilities, ["CVE-2020-28493"]);
    assert_eq!(
        record.same,
        ["CVE-2020-28493", "GHSA-g3rq-g295-4j3m", "PYSEC-2021-66"]
    );
    assert_eq!(record.severity, Some(Severity::Medium));
    assert_eq!(record.statements.len(), 1);
    // Those in the range are said already.
    assert_eq!(record.statements[0].advisory.versions, ["2.12"]);
}

#[test]
fn affected_symbols_are_kept() {
    let go = read(
        r#"{"id":"GO-2022-0969","aliases":["CVE-2022-27664"],"affected":[{"package":{"name":"golang.org/x/net","ecosystem":"Go"},
          "ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"0.0.0-20220906165146-f3363e06e74c"}]}],
          "ecosystem_specific":{"imports":[{"path":"golang.org/x/net/http2","symbols":["serverConn.goAway","Server.ServeConn"]},{"path":"golang.org/x/net/a"}]}}]}"#,
    );
    let symbols = &go.statements[0].advisory.symbols;
    assert_eq!(symbols.len(), 2);
    assert_eq!(
        (symbols[0].path.as_str(), symbols[0].names.len()),
        ("golang.org/x/net/a", 0)
    );
    assert_eq!(symbols[1].names, ["Server.ServeConn", "serverConn.goAway"]);

    let rust = r#"{"id":"RUSTSEC-2019-0001","affected":[{"package":{"ecosystem":"crates.io","name":"ammonia"},
      "ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"2.1.0"}]}],
      "ecosystem_specific":{"affects":{"arch":[],"os":[],"functions":["ammonia::clean"]},"affected_functions":null},
      "database_specific":{"categories":[],"informational":null}}]}"#;
    let record = read(rust);
    assert_eq!(record.statements[0].advisory.symbols[0].path, "ammonia");
    assert_eq!(
        record.statements[0].advisory.symbols[0].names,
        ["ammonia::clean"]
    );
    for word in ["unmaintained", "unsound", "notice"] {
        let word = format!(r#""informational":"{word}""#);
        let record = read(&rust.replace(r#""informational":null"#, &word));
        assert!(record.statements.is_empty() && !record.withdrawn);
    }
    // What is not of the expected shape confines nothing.
    let odd = rust.replace(r#"{"arch":[],"os":[],"functions":["ammonia::clean"]}"#, "7");
    assert!(read(&odd).statements[0].advisory.symbols.is_empty());
}

#[test]
fn malicious_packages_are_critical() {
    let record = read(
        r#"{"id":"MAL-2024-1","summary":"Malicious code in x (npm)","affected":[{"package":{"ecosystem":"npm","name":"x"},"versions":["1.0.0"],
          "ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#,
    );
    assert_eq!(record.severity, Some(Severity::Critical));
    assert_eq!(record.vulnerabilities, ["MAL-2024-1"]);
}

#[test]
fn withdrawn_and_damaged_records_state_nothing() {
    let withdrawn = read(&ALSA.replacen('{', r#"{"withdrawn":"2024-01-01T00:00:00Z","#, 1));
    assert!(withdrawn.withdrawn && withdrawn.statements.is_empty());
    assert!(parse(b"{").is_err());
    assert!(parse(br#"{"id":"x y"}"#).is_err());
    let (half, damaged) = parse(
        br#"{"id":"GHSA-1","affected":[7,{"package":{"ecosystem":"npm","name":"a"},"versions":["1"]}]}"#,
    )
    .expect("a record");
    assert!(damaged.is_some());
    assert_eq!(half.statements.len(), 1);
    for end in 0..ALSA.len() {
        let _ = parse(&ALSA.as_bytes()[..end]);
    }
}

/// Makes a zip archive.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write as _;
    let mut out = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut out);
    for (name, data) in entries {
        let (mut entry, config) = archive
            .new_file(name)
            .compression_method(rawzip::CompressionMethod::DEFLATE)
            .start()
            .expect("an entry");
        let encoder =
            flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::default());
        let mut writer = config.wrap(encoder);
        writer.write_all(data).expect("written");
        let (encoder, descriptor) = writer.finish().expect("finished");
        encoder.finish().expect("finished");
        entry.finish(descriptor).expect("finished");
    }
    archive.finish().expect("finished");
    out
}

#[test]
fn archives_are_bounded_and_damage_is_counted() {
    let bomb = vec![b' '; 8 << 20];
    let good = zip(&[
        ("ALSA-2022:8832.json", ALSA.as_bytes()),
        ("README.md", b"x"),
        ("bad.json", b"{"),
        ("bomb.json", &bomb),
    ]);
    let mut batch = Batch::new("osv/AlmaLinux:9");
    read_archive(&good, &mut batch);
    assert_eq!((batch.read, batch.damaged), (1, 2), "{:?}", batch.notes);
    assert_eq!(batch.fetched_at, "2022-12-07T14:39:51Z");

    let small = zip(&[
        ("ALSA-2022:8832.json", ALSA.as_bytes()),
        ("b.json", ALSA.as_bytes()),
    ]);
    for end in (0..small.len()).step_by(7) {
        let mut batch = Batch::new("cut");
        read_archive(&small[..end], &mut batch);
        assert!(batch.damaged > 0, "cut at {end}");
    }
    for at in 0..small.len() {
        let mut flipped = small.clone();
        flipped[at] ^= 0x55;
        read_archive(&flipped, &mut Batch::new("flipped"));
    }
}

#[test]
fn files_are_recognised_by_layout() {
    for path in [
        "osv/Debian/all.zip",
        "x/y/Debian:12/all.zip",
        "Rocky Linux/modified_id.csv",
        "ecosystems.txt",
        "osv/npm/GHSA-1.json",
        "PyPI/x.json",
    ] {
        assert!(
            Osv.recognises(&path.split('/').collect::<Vec<_>>()),
            "{path}"
        );
    }
    for path in [
        "all.zip",
        "feeds/known.json",
        "api/v1/index.json",
        "npm/package.txt",
    ] {
        assert!(
            !Osv.recognises(&path.split('/').collect::<Vec<_>>()),
            "{path}"
        );
    }
}
