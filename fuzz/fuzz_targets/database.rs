//! The database reader: whatever the bytes are, opening, looking up, matching and comparing end
//! without a panic. Half of the inputs are a whole database with some bytes changed and its header's
//! checksum made right again, so that what lies behind the first checks is reached too.

#![no_main]

use std::io::Write as _;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use plimsoll_model::distro::Distro;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use plimsoll_model::report::CatalogPackage;
use plimsoll_vuln::db::{Database, build};
use plimsoll_vuln::matcher;

const RECORDS: [(&str, &str); 3] = [
    (
        "Debian:12/DSA-1-1.json",
        r#"{"id":"DSA-1-1","modified":"2024-01-01T00:00:00Z","upstream":["CVE-2024-1000","CVE-2024-1001"],"affected":[{"package":{"ecosystem":"Debian:12","name":"glibc"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.36-9"}]}]}]}"#,
    ),
    (
        "Debian:12/DEBIAN-CVE-2024-1000.json",
        r#"{"id":"DEBIAN-CVE-2024-1000","modified":"2024-01-01T00:00:00Z","upstream":["CVE-2024-1000"],"summary":"A title","affected":[{"package":{"ecosystem":"Debian:12","name":"glibc"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.36-9"}]}],"versions":["1"]}]}"#,
    ),
    (
        "npm/GHSA-29mw-wpgm-hmr9.json",
        r#"{"id":"GHSA-29mw-wpgm-hmr9","modified":"2024-01-01T00:00:00Z","aliases":["CVE-2020-28500"],"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L"}],"references":[{"type":"WEB","url":"https://example.org/CVE-2020-28500"}],"affected":[{"package":{"ecosystem":"npm","name":"lodash"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"4.17.21"}]}]}]}"#,
    ),
];

/// Returns a small database's bytes.
fn whole() -> &'static [u8] {
    static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        for (name, record) in RECORDS {
            let path = folder.path().join("feeds").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, record).unwrap();
        }
        let out = folder.path().join("db");
        build::build(&folder.path().join("feeds"), &out, "2024-01-01T00:00:00Z", &|_| ()).unwrap();
        std::fs::read(out).unwrap()
    })
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, changes)) = bytes.split_first() else {
        return;
    };
    let mut content = bytes.to_vec();
    if kind & 1 == 1 {
        content = whole().to_vec();
        for change in changes.chunks_exact(3) {
            let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % content.len();
            content[at] ^= change[2];
        }
        if kind & 2 == 2 {
            let crc = crc32fast::hash(&content[..508]);
            content[508..512].copy_from_slice(&crc.to_le_bytes());
        }
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&content).unwrap();
    let Ok(database) = Database::open(file.path()) else {
        return;
    };
    for what in ["CVE-2024-1000", "DSA-1", "glibc", "GHSA-29mw-wpgm-hmr9"] {
        let _ = database.lookup(what);
    }
    let _ = database.lookup_purl(&"pkg:npm/lodash@4.17.20".parse().unwrap());
    let _ = database.lifecycle("debian");
    let _ = database.names("Debian:12");
    let _ = database.changes_since(&database);
    let distro = Distro {
        id: "debian".to_owned(),
        version_id: "12".to_owned(),
        ..Distro::default()
    };
    let package = CatalogPackage {
        package: Package::new(PackageKind::Deb, "glibc", "2.36-8"),
        layer: 0,
    };
    let matches = matcher::find(&database, &[package], Some(&distro));
    // What holds its digest is what was built: nothing else may be found in it. What does not may
    // miss findings, but then it says so.
    if database.verify().is_ok() && kind & 1 == 1 && content[512..] == whole()[512..] {
        assert!(matches.findings.len() == 2 || !matches.gaps.is_empty());
    }
});
