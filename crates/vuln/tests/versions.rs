//! Databases of every version of the format that was ever released are read; newer ones are refused
//! with a message that says what to do.
//!
//! The stored files are never made anew: a change of the format that cannot read them is a mistake.
//! `UPDATE_EXPECT=1` makes only one that is not there yet, that of a new version.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::fs;
use std::path::PathBuf;

use plimsoll_vuln::db::{Database, DbError, build};

const VERSIONS: [u32; 1] = [4];

fn stored(version: u32) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("testdata/db/v{version}.db"))
}

/// What the stored databases are made of.
const FEEDS: [(&str, &str); 4] = [
    (
        "Debian/DSA-5514-1.json",
        r#"{"id":"DSA-5514-1","modified":"2023-10-03T00:00:00Z","upstream":["CVE-2023-4911"],"affected":[{"package":{"ecosystem":"Debian:12","name":"glibc"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.36-9+deb12u3"}]}]}]}"#,
    ),
    (
        "Debian/DEBIAN-CVE-2023-4911.json",
        r#"{"id":"DEBIAN-CVE-2023-4911","modified":"2023-10-03T12:30:00Z","published":"2023-10-03T18:15:10Z","summary":"A buffer overflow in ld.so","upstream":["CVE-2023-4911"],"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H"}],"references":[{"type":"WEB","url":"https://example.org/CVE-2023-4911"}],"affected":[{"package":{"ecosystem":"Debian:12","name":"glibc"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.36-9+deb12u3"}]}]}]}"#,
    ),
    (
        "npm/GHSA-29mw-wpgm-hmr9.json",
        r#"{"id":"GHSA-29mw-wpgm-hmr9","modified":"2024-01-01T00:00:00Z","aliases":["CVE-2020-28500"],"affected":[{"package":{"ecosystem":"npm","name":"lodash"},"ranges":[{"type":"SEMVER","events":[{"introduced":"4.0.0"},{"fixed":"4.17.21"}]}],"versions":["3.9.9"]}]}"#,
    ),
    (
        "Go/GO-2024-0001.json",
        r#"{"id":"GO-2024-0001","modified":"2024-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"Go","name":"example.org/a"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.3"}]}],"ecosystem_specific":{"imports":[{"path":"example.org/a/b","symbols":["Run"]}]}}]}"#,
    ),
];

#[test]
fn every_released_version_is_read() {
    for version in VERSIONS {
        let path = stored(version);
        if !path.exists() && std::env::var_os("UPDATE_EXPECT").is_some() {
            let folder = tempfile::tempdir().unwrap();
            for (name, record) in FEEDS {
                let file = folder.path().join(name);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, record).unwrap();
            }
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            build::build(folder.path(), &path, "2024-01-02T00:00:00Z", &|_| {}).unwrap();
        }
        let database = Database::open(&path).unwrap();
        database.verify().unwrap();
        assert_eq!(database.info().built_at, "2024-01-02T00:00:00Z");
        assert_eq!(database.info().feeds.len(), 3);
        let found = database.lookup("DSA-5514").unwrap();
        let stated: Vec<(&str, &str, &[String])> = (found.stated.iter())
            .map(|stated| {
                let advisory = &stated.advisory;
                let names = stated.vulnerabilities.as_slice();
                (advisory.id.as_str(), advisory.package.as_str(), names)
            })
            .collect();
        let cve = ["CVE-2023-4911".to_owned()];
        assert_eq!(
            stated,
            [
                ("DEBIAN-CVE-2023-4911", "glibc", &cve[..]),
                ("DSA-5514-1", "glibc", &cve[..])
            ]
        );
        let found = database.lookup("debian-cve-2023-4911").unwrap();
        let entry = found.vulnerabilities.first().unwrap();
        assert_eq!(entry.title, "A buffer overflow in ld.so");
        assert_eq!(entry.published, "2023-10-03T18:15:10Z");
        assert_eq!(entry.urls, ["https://example.org/CVE-2023-4911"]);
        assert!((entry.cvss.first().unwrap().score - 7.8).abs() < 0.01);
        let found = database.lookup("CVE-2020-28500").unwrap();
        let advisory = &found.stated.first().unwrap().advisory;
        assert_eq!(advisory.id, "GHSA-29mw-wpgm-hmr9");
        let range = advisory.ranges.first().unwrap();
        assert_eq!(range.introduced, "4.0.0");
        assert_eq!(range.fixed.as_deref(), Some("4.17.21"));
        assert_eq!(advisory.versions, ["3.9.9"]);
        let found = database.lookup("example.org/a").unwrap();
        let symbols = &found.stated.first().unwrap().advisory.symbols;
        assert_eq!(symbols.first().unwrap().names, ["Run"]);
    }
}

#[test]
fn a_newer_version_is_refused_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let newest = *VERSIONS.last().unwrap();
    let mut bytes = fs::read(stored(newest)).unwrap();
    for (version, refused) in [(newest + 1, true), (1, true)] {
        bytes.splice(8..12, version.to_le_bytes());
        let path = folder.path().join("other.db");
        fs::write(&path, &bytes).unwrap();
        let error = Database::open(&path).unwrap_err();
        assert_eq!(matches!(error, DbError::OtherVersion { .. }), refused);
        let text = error.to_string();
        assert!(text.contains(&format!("format {version}")), "{text}");
        assert!(text.contains("build it again or update plimsoll"), "{text}");
    }
}
