//! Packages of languages: as what they are compared, and what the distribution's word does.

use PackageKind as K;

use super::*;

/// Writes a record of OSV.
fn record(id: &str, aliases: &[&str], ecosystem: &str, name: &str, events: &str) -> String {
    let aliases = aliases
        .iter()
        .map(|a| format!("{a:?}"))
        .collect::<Vec<_>>()
        .join(",");
    format!(
        r#"{{"id":"{id}","modified":"2024-01-01T00:00:00Z","aliases":[{aliases}],"affected":[{{
        "package":{{"ecosystem":"{ecosystem}","name":"{name}"}},
        "ranges":[{{"type":"ECOSYSTEM","events":[{events}]}}]}}]}}"#
    )
}

fn fixed(version: &str) -> String {
    format!(r#"{{"introduced":"0"}},{{"fixed":"{version}"}}"#)
}

#[test]
fn names_and_versions_are_compared_as_each_language_does() {
    let records = [
        ("PyPI", "flask", fixed("2.2.5")),
        ("npm", "lodash", fixed("4.17.21")),
        ("RubyGems", "nokogiri", fixed("1.16.5")),
        ("Maven", "org.a:b", fixed("2.0")),
        ("Go", "golang.org/x/net", fixed("0.17.0")),
        ("Go", "stdlib", fixed("1.21.3")),
        ("NuGet", "Newtonsoft.Json", fixed("13.0.1")),
        ("Packagist", "symfony/http-kernel", fixed("4.4.50")),
        ("crates.io", "smallvec", fixed("1.6.1")),
        ("Hex", "plug", fixed("1.10.4")),
        ("Pub", "http", fixed("0.13.3")),
    ];
    let files: Vec<(String, String)> = records
        .iter()
        .enumerate()
        .map(|(index, (ecosystem, name, events))| {
            let id = format!("GHSA-0000-0000-{index:04}");
            let text = record(&id, &[], ecosystem, name, events);
            (format!("osv/{ecosystem}/{id}.json"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let db = database(&files);
    for (kind, name, version, hit) in [
        (K::Pypi, "Flask", "2.2.5rc1", true),
        (K::Pypi, "Flask", "2.2.5.post1", false),
        (K::Npm, "lodash", "4.17.20", true),
        (K::Npm, "Lodash", "4.17.20", false),
        (K::Gem, "nokogiri", "1.16.4-x86_64-linux", true),
        (K::Gem, "nokogiri", "1.16.5-x86_64-linux", false),
        (K::Maven, "org.a:b", "2.0-rc1", true),
        (K::Maven, "org.a:b", "2.0.0", false),
        (
            K::Golang,
            "golang.org/x/net",
            "v0.0.0-20230101000000-abcdefabcdef",
            true,
        ),
        (K::Golang, "golang.org/x/net", "v0.17.0", false),
        (K::Golang, "stdlib", "1.21.2", true),
        (K::Golang, "stdlib", "1.21.3", false),
        (K::Nuget, "newtonsoft.json", "12.0.3.0", true),
        (K::Composer, "Symfony/http-kernel", "v4.4.49", true),
        (K::Cargo, "smallvec", "1.6.0", true),
        (K::Hex, "plug", "1.10.3", true),
        (K::Pub, "http", "0.13.3", false),
    ] {
        let packages = [installed(kind, name, version, None)];
        let matches = find(&db, &packages, None);
        assert_eq!(
            matches.findings.len(),
            usize::from(hit),
            "{name} {version}: {:?}",
            matches.gaps
        );
        assert_eq!(matches.judged, 1, "{name} {version}");
        assert_eq!(matches.gaps, [], "{name} {version}");
    }
}

#[test]
fn what_cannot_be_compared_says_why() {
    let db = database(&[(
        "osv/PyPI/PYSEC-1.json",
        // Names a package of npm in passing: that is no feed of npm.
        r#"{"id":"PYSEC-1","affected":[
            {"package":{"ecosystem":"PyPI","name":"a"},"versions":["1"]},
            {"package":{"ecosystem":"npm","name":"a"},"versions":["1"]}]}"#,
    )]);
    let packages = [
        installed(K::Pypi, "a", "1.0", None),
        installed(K::Pypi, "b", "no version", None),
        installed(K::Pypi, "c", "", None),
        installed(K::Npm, "a", "1.0.0", None),
        installed(K::Conda, "a", "1.0", None),
        installed(K::Maven, "a", "1.0", None),
    ];
    let matches = find(&db, &packages, None);
    assert_eq!(show(&matches, &packages), ["a PYSEC-1 unknown  unknown"]);
    assert_eq!(matches.judged, 1);
    let reasons: Vec<_> = matches
        .not_judged
        .iter()
        .map(|(i, r)| format!("{i} {r}"))
        .collect();
    assert_eq!(
        reasons,
        [
            "1 its version is not understood",
            "2 its version is not understood",
            "3 the database holds no feed for npm",
            "4 no feed speaks of conda's packages, which are builds of their own",
            "5 feeds name Java packages by group and artifact, and the group is not known",
        ]
    );
    let kinds: Vec<_> = matches
        .gaps
        .iter()
        .map(|gap| (gap.kind, gap.subject.as_str()))
        .collect();
    assert_eq!(
        kinds,
        [
            (IssueKind::NoFeed, "npm packages"),
            (IssueKind::UnknownVersion, "b"),
            (IssueKind::UnknownVersion, "c"),
            (IssueKind::NotJudged, "conda packages"),
            (IssueKind::NotJudged, "maven packages"),
        ]
    );
}

#[test]
fn the_distribution_s_word_counts_for_what_it_installed() {
    let affected = fixed("9");
    let files: Vec<(String, String)> = [1, 2, 3, 4]
        .iter()
        .map(|n| {
            let id = format!("GHSA-aaaa-aaaa-000{n}");
            let cve = format!("CVE-2024-000{n}");
            (
                format!("osv/PyPI/{id}.json"),
                record(&id, &[&cve], "PyPI", "requests", &affected),
            )
        })
        .chain([(
            "debian/tracker/data/json".to_owned(),
            r#"{"requests":{
                "CVE-2024-0001":{"releases":{"bookworm":{"status":"resolved","fixed_version":"2.28.1+dfsg-1"}}},
                "CVE-2024-0002":{"releases":{"bookworm":{"status":"open","urgency":"low"}}},
                "CVE-2024-0003":{"releases":{"bookworm":{"status":"resolved","fixed_version":"0"}}}}}"#
                .to_owned(),
        )])
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let db = database(&files);
    let mut owner = installed(
        PackageKind::Deb,
        "python3-requests",
        "2.28.1+dfsg-1",
        Some(("requests", "2.28.1+dfsg-1")),
    );
    owner.package.purl = "pkg:deb/debian/python3-requests@2.28.1".to_owned();
    let mut copy = installed(PackageKind::Pypi, "requests", "2.28.1", None);
    copy.package.owned_by = Some(owner.package.purl.clone());
    let own = installed(PackageKind::Pypi, "requests", "2.28.0", None);
    let packages = [owner, copy, own];
    let matches = find(&db, &packages, Some(&distro("debian", "12")));
    let found: Vec<_> = matches
        .findings
        .iter()
        .map(|f| (f.package, f.id.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (0, "CVE-2024-0002"),
            // The distribution is silent about this one.
            (1, "CVE-2024-0004"),
            (2, "CVE-2024-0001"),
            (2, "CVE-2024-0002"),
            (2, "CVE-2024-0003"),
            (2, "CVE-2024-0004"),
        ]
    );
    let suppressed: Vec<_> = matches
        .suppressed
        .iter()
        .map(|f| {
            let why = f.suppressed.as_ref().unwrap();
            assert_eq!((f.package, why.by.as_str()), (1, "distribution"));
            format!("{}: {}", f.id, why.reason)
        })
        .collect();
    let prefix = "it is installed by Debian:12's package python3-requests, and Debian:12";
    assert_eq!(
        suppressed,
        [
            format!("CVE-2024-0001: {prefix} fixed it in 2.28.1+dfsg-1"),
            format!("CVE-2024-0002: {prefix} judges it under that package: it has no fix yet"),
            format!("CVE-2024-0003: {prefix} says that it is not affected"),
        ]
    );
}

#[test]
fn go_s_own_database_corrects_others() {
    let vulnerable =
        |id: &str, events: &str| record(id, &["CVE-2024-0001"], "Go", "a.test/m", events);
    let db = database(&[
        (
            "osv/Go/GHSA-1.json",
            &vulnerable("GHSA-1111-1111-1111", &fixed("2.0.0")),
        ),
        (
            "osv/Go/GO-1.json",
            &vulnerable("GO-2024-0001", &fixed("1.5.0")),
        ),
    ]);
    for (version, hit) in [("v1.4.0", true), ("v1.5.0", false)] {
        let packages = [installed(PackageKind::Golang, "a.test/m", version, None)];
        let matches = find(&db, &packages, None);
        assert_eq!(!matches.findings.is_empty(), hit, "{version}");
        if hit {
            assert_eq!(matches.findings[0].fixed_versions, ["1.5.0"]);
        }
    }
}

#[test]
fn programs_are_compared_by_their_cpe() {
    let mut package = installed(PackageKind::Binary, "nginx", "1.25.2", None);
    let cpe = "cpe:2.3:a:f5:nginx:1.25.2:*:*:*:*:*:*:*";
    package
        .package
        .properties
        .insert("cpe".to_owned(), cpe.to_owned());
    let db = database(&[(
        "kev/known_exploited_vulnerabilities.json",
        r#"{"vulnerabilities":[]}"#,
    )]);
    let matches = find(&db, &[package], None);
    // Many databases hold no catalogue of CPEs: that is said, but takes no verdict away.
    let [gap] = matches.gaps.as_slice() else {
        panic!("{:?}", matches.gaps)
    };
    assert_eq!(gap.kind, IssueKind::NotJudged);
    assert!(
        gap.detail.contains("the database holds no feed for CPE"),
        "{}",
        gap.detail
    );
}
