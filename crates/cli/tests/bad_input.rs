//! Hostile and damaged input: a clear error or a gap in the report, never a panic or a hang, and
//! nothing written outside of the cache.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails as the test does"
)]

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Place, Ran, demo, gaps, packages, real};
use plimsoll_testkit::image::{Compression, LayerBuilder, TestImage, compress, digest};
use plimsoll_testkit::{project_dir, skip};
use serde_json::json;

const OS_RELEASE: &str = "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian 12\"\n";
const STATUS: &str = "Package: libc6\nStatus: install ok installed\nSource: glibc\n\
                      Architecture: amd64\nVersion: 2.36-9\n\n";

fn assert_clear(ran: &Ran, what: &str, part: &str) {
    assert_eq!(ran.code, 2, "{what}: {}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains(part), "{what}: {}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{what}: {}", ran.stderr);
    assert_eq!(ran.stdout, "", "{what}");
}

#[test]
fn damaged_layouts_and_archives_end_in_one_clear_error() {
    let place = Place::new();
    let image = TestImage::new(vec![
        LayerBuilder::new()
            .file("etc/os-release", OS_RELEASE)
            .file("var/lib/dpkg/status", STATUS)
            .build(),
    ]);
    let layout = |name: &str, break_it: &dyn Fn(&Path)| {
        let folder = place.path(name);
        image.write_layout(&folder, Compression::Gzip);
        break_it(&folder);
        place.run(&["scan", &format!("oci-dir:{}", folder.display())])
    };
    let index = |folder: &Path| folder.join("index.json");
    let ran = layout("no-index", &|f| fs::remove_file(index(f)).unwrap());
    assert_clear(&ran, "no index", "no index.json");
    let ran = layout("html", &|f| fs::write(index(f), "<!DOCTYPE html>").unwrap());
    assert_clear(&ran, "HTML", "<!DOCTYPE html>");
    let ran = layout("huge", &|f| {
        // A manifest of 100 MB.
        let mut file = File::create(index(f)).unwrap();
        file.write_all(b"{\"manifests\":[").unwrap();
        for _ in 0..100 {
            file.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
    });
    assert_clear(&ran, "manifest of 100 MB", "more than the 4194304 bytes");
    let ran = layout("deep", &|f| {
        fs::write(index(f), "[".repeat(200_000)).unwrap();
    });
    assert_clear(&ran, "deep JSON", "not a manifest");
    let ran = layout("gone", &|f| {
        for entry in fs::read_dir(f.join("blobs/sha256")).unwrap() {
            let path = entry.unwrap().path();
            if fs::read(&path).unwrap().starts_with(&[0x1f, 0x8b]) {
                fs::remove_file(path).unwrap();
            }
        }
    });
    assert_clear(&ran, "missing blob", "cannot open");
    let ran = layout("pipe", &|f| {
        fs::remove_file(index(f)).unwrap();
        assert!(
            Command::new("mkfifo")
                .arg(index(f))
                .status()
                .unwrap()
                .success()
        );
    });
    assert_eq!(ran.code, 2, "a pipe is not waited for: {}", ran.stderr);

    let archive = place.path("a.tar");
    image.write_docker_archive(&archive, "x:1");
    let whole = fs::read(&archive).unwrap();
    for cut in [0, 100, 512, 1000, 2000, whole.len() / 2, whole.len() - 1500] {
        fs::write(&archive, &whole[..cut]).unwrap();
        let ran = place.run(&["scan", "docker-archive:a.tar"]);
        assert_eq!(ran.code, 2, "cut at {cut}: {}{}", ran.stdout, ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }
    fs::write(
        &archive,
        "this is no archive at all, only a text that is long enough",
    )
    .unwrap();
    assert_clear(&place.run(&["scan", "a.tar"]), "text", "a.tar");
    let packed = compress(&whole, Compression::Gzip);
    fs::write(&archive, &packed[..packed.len() / 2]).unwrap();
    assert_clear(&place.run(&["scan", "a.tar"]), "cut gzip", "damaged");
}

#[test]
fn a_million_layers_are_refused_at_once() {
    let place = Place::new();
    let folder = place.path("many");
    let image = TestImage::new(vec![LayerBuilder::new().build()]);
    image.write_layout(&folder, Compression::None);
    let put = |bytes: &[u8]| {
        let name = digest(bytes);
        fs::write(folder.join("blobs/sha256").join(&name[7..]), bytes).unwrap();
        name
    };
    let layer = json!({"digest": digest(b""), "size": 0});
    // As many as fit a manifest that is read at all; a million do not.
    for (count, part) in [
        (20_000, "more than the 4096"),
        (1_000_000, "more than the 4194304"),
    ] {
        let layers: Vec<_> = (0..count).map(|_| layer.clone()).collect();
        let manifest =
            json!({"schemaVersion": 2, "config": {"digest": digest(b"{}")}, "layers": layers});
        let name = put(manifest.to_string().as_bytes());
        let index = json!({"schemaVersion": 2, "manifests": [{"digest": name, "size": 1}]});
        fs::write(folder.join("index.json"), index.to_string()).unwrap();
        assert_clear(&place.run(&["scan", "oci-dir:many"]), "many layers", part);
    }
}

#[test]
fn damaged_package_databases_keep_what_could_be_read() {
    let place = Place::new();
    let db = place.starter();
    let scan = |name: &str, layer: LayerBuilder| {
        TestImage::new(vec![layer.build()]).write_layout(&place.path(name), Compression::Gzip);
        let reference = format!("oci-dir:{}", place.path(name).display());
        let ran = place.run(&["scan", &reference, "--db", &db, "--format", "json"]);
        assert!(!ran.stderr.contains("panicked"), "{name}: {}", ran.stderr);
        (
            ran.code,
            serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap(),
        )
    };
    let status =
        format!("{STATUS}Package: zlib1g\nStatus: install ok installed\nthis is no field\n\0\0\0");
    let (code, report) = scan(
        "status",
        LayerBuilder::new()
            .file("etc/os-release", OS_RELEASE)
            .file("var/lib/dpkg/status", status),
    );
    assert_eq!(code, 3);
    assert!(packages(&report).contains(&"libc6 2.36-9 amd64".to_owned()));
    assert!(
        gaps(&report).contains(&"damaged-metadata".to_owned()),
        "{:?}",
        gaps(&report)
    );
    for name in ["rpmdb.sqlite", "Packages.db", "Packages"] {
        let magic: &[u8] = match name {
            "rpmdb.sqlite" => b"SQLite format 3\0\x10\0\x01\x01",
            "Packages.db" => b"RpmP",
            _ => &[0; 12],
        };
        let garbage: Vec<u8> = magic
            .iter()
            .copied()
            .chain((0..60_000_u32).map(|n| ((n * 7919) >> 3) as u8))
            .collect();
        let (code, report) = scan(
            name,
            LayerBuilder::new()
                .file("etc/os-release", "ID=almalinux\nVERSION_ID=9.4\n")
                .file(&format!("var/lib/rpm/{name}"), garbage),
        );
        assert_eq!(code, 3, "{name}");
        assert!(
            gaps(&report).contains(&"damaged-metadata".to_owned()),
            "{name}: {:?}",
            gaps(&report)
        );
    }
}

#[test]
fn a_damaged_database_or_feed_is_said() {
    let place = Place::new();
    let db = place.starter();
    let whole = fs::read(&db).unwrap();
    for cut in [0, 1, 10, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&db, &whole[..cut]).unwrap();
        let ran = place.run(&["scan", &demo(), "--db", &db]);
        assert_clear(&ran, &format!("database cut at {cut}"), "plimsoll.db");
    }
    let mut changed = whole.clone();
    for at in (0..changed.len()).step_by(997) {
        changed[at] ^= 0x10;
    }
    fs::write(&db, &changed).unwrap();
    let ran = place.run(&["scan", &demo(), "--db", &db]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    // Feeds: what is damaged is counted and said; the rest is kept.
    let feeds = place.path("feeds");
    copy(&project_dir().join("examples/starter-feeds"), &feeds);
    let tracker = feeds.join("debian/tracker/data/json");
    let text = fs::read(&tracker).unwrap();
    fs::write(&tracker, &text[..text.len() / 2]).unwrap();
    let out = place.path("b.db");
    let ran = place.run(&[
        "db",
        "build",
        "--from",
        feeds.to_str().unwrap(),
        "-o",
        out.to_str().unwrap(),
    ]);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    assert!(
        format!("{}{}", ran.stdout, ran.stderr).contains("json"),
        "the damaged file is named: {}{}",
        ran.stdout,
        ran.stderr
    );
    let ran = place.run(&["db", "build", "--from", "no-such-folder", "-o", "x.db"]);
    assert_clear(&ran, "no feeds", "no-such-folder");
    fs::create_dir(place.path("empty")).unwrap();
    let ran = place.run(&["db", "build", "--from", "empty", "-o", "x.db"]);
    assert_clear(&ran, "empty feeds", "empty");
    assert!(!place.path("x.db").exists());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn a_full_disk_loses_nothing() {
    let place = Place::new();
    let db = place.starter();
    let small = place.path("small");
    fs::create_dir(&small).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(&small)
        .stderr(Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        return skip(
            "a_full_disk_loses_nothing",
            "a small file system cannot be mounted here",
        );
    }
    let expected = place.run(&[
        "scan",
        &demo(),
        "--db",
        &db,
        "--format",
        "json",
        "--no-cache",
    ]);
    let cache = small.join("cache");
    let cached = place.run(&[
        "scan",
        &demo(),
        "--db",
        &db,
        "--format",
        "json",
        "--cache-dir",
        cache.to_str().unwrap(),
    ]);
    fs::write(small.join("filler"), vec![1; 60 << 10]).ok();
    let feeds = project_dir().join("examples/starter-feeds");
    let out = small.join("x.db");
    let built = place.run(&[
        "db",
        "build",
        "--from",
        feeds.to_str().unwrap(),
        "-o",
        out.to_str().unwrap(),
    ]);
    let report = format!("json={}", small.join("r.json").display());
    let written = place.run(&["scan", &demo(), "--db", &db, "-q", "-o", &report]);
    let left: Vec<_> = fs::read_dir(&small)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    let _ = Command::new("umount").arg(&small).status();
    assert!(
        cached.stdout == expected.stdout,
        "a cache that does not fit is done without"
    );
    assert_eq!(cached.code, 0, "{}", cached.stderr);
    assert_clear(&built, "db build on a full disk", "x.db");
    assert_clear(&written, "report on a full disk", "r.json");
    assert!(
        !left.iter().any(|name| name == "x.db" || name == "r.json"),
        "{left:?}"
    );
}

#[test]
fn ctrl_c_leaves_no_half_database() {
    let place = Place::new();
    let feeds = plimsoll_testkit::shared_dir().map(|shared| shared.join("feeds"));
    let feeds = feeds.unwrap_or_else(|| project_dir().join("examples/starter-feeds"));
    for wait in [0, 3, 10, 30, 100, 300] {
        let mut child = place
            .command(&[
                "db",
                "build",
                "--from",
                feeds.to_str().unwrap(),
                "-o",
                "half.db",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        let id = child.id().to_string();
        let _ = Command::new("kill").args(["-INT", &id]).status();
        let done = child.wait().unwrap();
        // Either it was over before, and the file is whole, or there is none.
        let exists = place.path("half.db").exists();
        assert_eq!(exists, done.success(), "after {wait} ms");
        if exists {
            let ran = place.run(&["db", "status", "--db", "half.db", "--verify"]);
            assert_eq!(ran.code, 0, "{}", ran.stderr);
        }
        let _ = fs::remove_file(place.path("half.db"));
    }
}

#[test]
fn the_malicious_image_is_read_and_nothing_escapes() {
    let Some(path) = real(
        "the_malicious_image_is_read_and_nothing_escapes",
        "malicious",
    ) else {
        return;
    };
    let escapes = [
        "escape-dotdot",
        "escape-symlink",
        "escape-abslink",
        "escape-mid",
    ];
    let place = Place::new();
    let db = place.starter();
    let reference = format!("oci-dir:{}", path.display());
    let ran = place.run(&["scan", &reference, "--db", &db, "--format", "json"]);
    assert_eq!(ran.code, 3, "the distribution is unknown: {}", ran.stderr);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(
        packages(&report).len() > 70,
        "the base's packages are still listed"
    );
    assert!(
        report["image"]["distro"].is_null(),
        "{}",
        report["image"]["distro"]
    );
    let gaps = gaps(&report);
    assert!(
        gaps.contains(&"unknown-distribution".to_owned()),
        "{gaps:?}"
    );
    assert!(gaps.contains(&"path-escapes".to_owned()), "{gaps:?}");
    let table = place.run(&["scan", &reference, "--db", &db]);
    for text in [&ran.stdout, &table.stdout] {
        let bad = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(bad, None, "control characters come out escaped");
    }
    for name in escapes {
        assert!(!Path::new("/tmp").join(name).exists() && !Path::new("/etc").join(name).exists());
    }
}

#[test]
fn a_pax_header_of_a_megabyte_stops_nothing() {
    let Some(path) = real("a_pax_header_of_a_megabyte_stops_nothing", "hugepax") else {
        return;
    };
    let place = Place::new();
    let report = place.report(&format!("oci-dir:{}", path.display()), &[], 3);
    assert!(packages(&report).len() > 70);
    assert_eq!(gaps(&report), ["no-database"]);
}

#[test]
fn the_bomb_stays_within_its_bounds() {
    let Some(path) = real("the_bomb_stays_within_its_bounds", "bomb") else {
        return;
    };
    let place = Place::new();
    let mut child = place
        .command(&[
            "scan",
            &format!("oci-dir:{}", path.display()),
            "--format",
            "json",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0_u64;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = mark.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        peak = peak.max(kilobytes.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(
        child.wait().unwrap().code(),
        Some(3),
        "nothing is recognised in it"
    );
    assert!(peak < 150_000, "{peak} kB");
    // Nothing of it was written down.
    assert!(folder_size(place.folder.path()) < 20 << 20);
}

fn folder_size(folder: &Path) -> u64 {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            if meta.is_dir() {
                folder_size(&path)
            } else {
                meta.len()
            }
        })
        .sum()
}

#[test]
fn hard_links_to_hard_links_and_into_lower_layers_show_their_packages() {
    let place = Place::new();
    let image = TestImage::new(vec![
        LayerBuilder::new()
            .file("etc/os-release", OS_RELEASE)
            .file("store/one", STATUS)
            .hard_link("store/two", "store/one")
            .build(),
        LayerBuilder::new()
            .hard_link("store/three", "store/two")
            .hard_link("var/lib/dpkg/status", "store/three")
            .hard_link("var/lib/dpkg/status.d/gone", "store/nothing")
            .build(),
    ]);
    image.write_layout(&place.path("links"), Compression::Gzip);
    let ran = place.run(&["scan", "oci-dir:links", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(packages(&report).len(), 1, "{}", ran.stdout);
    assert!(
        ran.stdout.contains("1 hard link leads to no file"),
        "{}",
        ran.stdout
    );
}
