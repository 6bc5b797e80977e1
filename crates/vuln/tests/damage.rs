//! Damaged databases and broken-off builds: an error, or fewer results and a gap that says so.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "helpers of tests fail loudly, as tests do"
)]

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_model::distro::Distro;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::issue::IssueKind;
use plimsoll_model::package::Package;
use plimsoll_model::report::CatalogPackage;
use plimsoll_vuln::db::{Database, DbError, build};
use plimsoll_vuln::matcher;

/// Writes a small feed and builds its database.
fn small(folder: &Path) -> PathBuf {
    let feed = folder.join("feeds/secdb/v3.11/main.json");
    fs::create_dir_all(feed.parent().expect("a parent")).expect("made");
    let packages: Vec<String> = (0..40)
        .map(|n| format!(r#"{{"pkg":{{"name":"p{n}","secfixes":{{"2.{n}-r0":["CVE-2020-{n:04}","CVE-2021-{n:04} XSA-{n}"]}}}}}}"#))
        .collect();
    fs::write(
        &feed,
        format!(
            r#"{{"distroversion":"v3.11","reponame":"main","packages":[{}]}}"#,
            packages.join(",")
        ),
    )
    .expect("written");
    let out = folder.join("small.db");
    build::build(&folder.join("feeds"), &out, "2026-01-01T00:00:00Z", &|_| {}).expect("built");
    out
}

/// Writes a file anew; some file systems make rewriting in place wait for the disk.
fn write(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::write(path, bytes).expect("written");
}

fn packages() -> Vec<CatalogPackage> {
    (0..40)
        .map(|n| CatalogPackage {
            package: Package::new(PackageKind::Apk, format!("p{n}"), "1.0-r0"),
            layer: 0,
        })
        .collect()
}

fn alpine() -> Distro {
    Distro {
        id: "alpine".to_owned(),
        version_id: "3.11.3".to_owned(),
        ..Distro::default()
    }
}

#[test]
fn a_flipped_or_cut_database_never_panics_and_never_looks_clean() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = fs::read(small(folder.path())).expect("read");
    let path = folder.path().join("damaged.db");
    let (mut refused, mut noticed) = (0, 0);
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= if at % 2 == 0 { 0x01 } else { 0xff };
        write(&path, &bytes);
        match Database::open(&path) {
            Err(_) => refused += 1,
            Ok(db) => {
                assert!(
                    db.verify().is_err(),
                    "byte {at} is not covered by the digest"
                );
                let matches = matcher::find(&db, &packages(), Some(&alpine()));
                if matches.findings.len() < 80 {
                    assert!(
                        matches
                            .gaps
                            .iter()
                            .any(|gap| gap.kind == IssueKind::NoDatabase),
                        "byte {at}: {} findings and no gap",
                        matches.findings.len()
                    );
                    noticed += 1;
                }
                let _ = db.lookup("CVE-2020-0007");
                let _ = db.lookup("p7");
            }
        }
    }
    assert!(refused > 0 && noticed > 0);
    for end in 0..whole.len() {
        write(&path, &whole[..end]);
        assert!(Database::open(&path).is_err(), "cut at {end}");
    }
}

#[test]
fn what_is_no_database_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.db");
    fs::write(&path, "SQLite format 3\0 and more").expect("written");
    assert!(matches!(
        Database::open(&path),
        Err(DbError::NotADatabase { .. })
    ));
    fs::write(&path, "").expect("written");
    assert!(matches!(
        Database::open(&path),
        Err(DbError::NotADatabase { .. })
    ));
    let mut newer = fs::read(small(folder.path())).expect("read");
    newer[8] = 9;
    fs::write(&path, newer).expect("written");
    let error = Database::open(&path).expect_err("newer");
    assert!(
        matches!(error, DbError::OtherVersion { found: 9, .. }),
        "{error}"
    );
    assert!(matches!(
        Database::open(folder.path()),
        Err(DbError::Read { .. })
    ));
    assert!(matches!(
        Database::open(&folder.path().join("absent")),
        Err(DbError::Read { .. })
    ));
}

#[test]
fn a_build_that_fails_leaves_the_old_database_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = small(folder.path());
    let before = fs::read(&out).expect("read");
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).expect("made");
    let nothing = build::build(&empty, &out, "2026-01-01T00:00:00Z", &|_| {});
    assert!(matches!(nothing, Err(DbError::NoFeeds { .. })));
    let scope = folder.path().join("feeds/secdb/scope.json");
    fs::write(&scope, "{").expect("written");
    let bad = build::build(
        &folder.path().join("feeds"),
        &out,
        "2026-01-01T00:00:00Z",
        &|_| {},
    );
    assert!(
        matches!(bad, Err(DbError::Read { .. })),
        "a broken scope must not pass as a full feed"
    );
    assert_eq!(fs::read(&out).expect("read"), before);
    let names: Vec<_> = fs::read_dir(folder.path())
        .expect("read")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert!(
        !names
            .iter()
            .any(|name| name.to_string_lossy().contains(".part")),
        "{names:?}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let mount = folder.path().join("tiny");
    fs::create_dir(&mount).expect("made");
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=4k", "tmpfs"])
        .arg(&mount)
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        plimsoll_testkit::skip(
            "a_full_disk_is_said",
            "no right to mount a small file system",
        );
        return;
    }
    small(folder.path());
    let result = build::build(
        &folder.path().join("feeds"),
        &mount.join("x.db"),
        "2026-01-01T00:00:00Z",
        &|_| {},
    );
    let left = fs::read_dir(&mount).expect("read").count();
    let unmounted = std::process::Command::new("umount").arg(&mount).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    let error = result.expect_err("full");
    assert!(matches!(error, DbError::DiskFull { .. }), "{error}");
    assert_eq!(left, 0);
}
