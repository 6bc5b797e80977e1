//! The evidence for one finding, as it is printed: each answer that there is, for people and for
//! programs.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a helper of a test fails as the test does"
)]

mod common;

use std::fs;

use common::{Place, Ran};
use plimsoll_testkit::image::{Compression, LayerBuilder, TestImage};

const OS_RELEASE: &str = "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n";
const STATUS: &str = "Package: libc6\nStatus: install ok installed\nSource: glibc\n\
    Architecture: amd64\nVersion: 2.36-9+deb12u1\n\n\
    Package: curl\nStatus: install ok installed\nArchitecture: amd64\n\
    Version: 7.88.1-10+deb12u4\nDepends: libc6 (>= 2.34)\n\n\
    Package: python3-requests\nStatus: install ok installed\nSource: requests\n\
    Architecture: all\nVersion: 2.28.1+dfsg-1+deb12u1\n\n";
const TRACKER: &str = r#"{
  "glibc": {
    "CVE-2023-4911": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "2.36-9+deb12u3", "urgency": "high"}}},
    "CVE-2023-0687": {"releases": {"bookworm": {"status": "undetermined", "urgency": "not yet assigned"}}}
  },
  "curl": {
    "CVE-2023-38545": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "7.88.1-10+deb12u4", "urgency": "not yet assigned"}}}
  },
  "requests": {
    "CVE-2023-32681": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "2.28.1+dfsg-1+deb12u1", "urgency": "not yet assigned"}}}
  }
}"#;
const DSA: &str = "[03 Oct 2023] DSA-5514-1 glibc - security update\n\t{CVE-2023-4911}\n\
    \t[bookworm] - glibc 2.36-9+deb12u3\n";
const KEV: &str = r#"{"dateReleased":"2025-08-25T17:04:19.9796Z","vulnerabilities":[
  {"cveID":"CVE-2023-4911","vulnerabilityName":"GNU C Library Buffer Overflow\u001b[2J"}]}"#;
const PYSEC: &str = r#"{"id":"PYSEC-2023-74","aliases":["CVE-2023-32681","GHSA-j8r2-6x86-q33q"],
  "modified":"2023-06-05T01:12:56Z","published":"2023-05-26T18:15:00Z",
  "affected":[{"package":{"ecosystem":"PyPI","name":"requests"},
    "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"2.3.0"},{"fixed":"2.31.0"}]}]}]}"#;
const JINJA: &str = r#"{"id":"PYSEC-2021-66","aliases":["CVE-2020-28493"],
  "modified":"2021-02-01T20:15:00Z",
  "affected":[{"package":{"ecosystem":"PyPI","name":"jinja2"},
    "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0.0.0"},{"fixed":"2.11.3"}]}]}]}"#;

/// An image with three packages of the system and a Python package that one of them installed, and
/// a database of feeds that speak of them.
fn place() -> (Place, String) {
    let place = Place::new();
    for (path, text) in [
        ("feeds/tracker/data/json", TRACKER),
        ("feeds/data/DSA/list", DSA),
        ("feeds/known_exploited_vulnerabilities.json", KEV),
        ("feeds/PyPI/PYSEC-2023-74.json", PYSEC),
        ("feeds/PyPI/PYSEC-2021-66.json", JINJA),
    ] {
        let path = place.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let base = LayerBuilder::new().file("etc/os-release", OS_RELEASE);
    let info = "usr/lib/python3/dist-packages/requests-2.28.1.egg-info/PKG-INFO";
    let packages = LayerBuilder::new()
        .file("var/lib/dpkg/status", STATUS)
        .file(
            "var/lib/dpkg/info/python3-requests.list",
            format!("/.\n/{info}\n"),
        )
        .file(
            info,
            "Metadata-Version: 2.1\nName: requests\nVersion: 2.28.1\n\n",
        );
    let mut image = TestImage::new(vec![base.build(), packages.build()]);
    image.created_by = vec![
        "ADD rootfs.tar / ".to_owned(),
        "RUN apt-get install -y curl \u{1b}[31m# buildkit".to_owned(),
    ];
    image.write_layout(&place.path("image"), Compression::Gzip);
    let db = place.database(&place.path("feeds"));
    (place, db)
}

fn explain(place: &Place, db: &str, finding: &str, more: &[&str]) -> Ran {
    let mut words = vec![
        "explain",
        finding,
        "oci-dir:image",
        "--db",
        db,
        "--no-cache",
    ];
    words.extend(more);
    place.run(&words)
}

/// Drops the lines that name digests, which other tests hold.
fn shown(ran: &Ran) -> String {
    let lines = ran.stdout.lines();
    let kept = lines.filter(|line| !line.starts_with("Database "));
    let text: Vec<String> = kept
        .map(|line| match line.split_once(" sha256:") {
            Some((before, _)) => before.to_owned(),
            None => line.to_owned(),
        })
        .collect();
    text.join("\n") + "\n"
}

/// Compares what was printed with a file beside this one; `UPDATE_EXPECT=1` writes the file.
fn assert_snapshot(name: &str, ran: &Ran) {
    let path = plimsoll_testkit::project_dir().join(format!("crates/cli/tests/explain/{name}.txt"));
    let text = shown(ran);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(&path).unwrap(), "{name}");
}

#[test]
fn a_finding_is_shown_with_everything_that_it_rests_on() {
    let (place, db) = place();
    let ran = explain(&place, &db, "DSA-5514", &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.contains("libc6 2.36-9+deb12u1 (deb): AFFECTED"));
    assert_snapshot("affected", &explain(&place, &db, "CVE-2023-4911", &[]));
    assert!(!ran.stdout.contains('\x1b'), "nothing reaches the terminal");
}

#[test]
fn what_is_fixed_says_by_which_comparison() {
    let (place, db) = place();
    let ran = explain(&place, &db, "CVE-2023-38545", &[]);
    assert_eq!(ran.code, 0);
    assert_snapshot("fixed", &ran);
}

#[test]
fn the_distributions_word_is_named_where_it_decides() {
    let (place, db) = place();
    // By another name of the vulnerability.
    let ran = explain(&place, &db, "GHSA-j8r2-6x86-q33q", &[]);
    assert_eq!(ran.code, 0);
    assert_snapshot("suppressed", &ran);
}

#[test]
fn what_a_feed_has_not_decided_is_neither_affected_nor_clear() {
    let (place, db) = place();
    let ran = explain(&place, &db, "CVE-2023-0687@glibc", &[]);
    assert_eq!(ran.code, 0);
    for part in [
        "libc6 2.36-9+deb12u1 (deb): undecided",
        "the feed has not decided yet whether it applies",
    ] {
        assert!(ran.stdout.contains(part), "{part}:\n{}", ran.stdout);
    }
}

#[test]
fn no_answer_is_an_answer_too() {
    let (place, db) = place();
    for (finding, part) in [
        (
            "CVE-2020-28493",
            "The database knows CVE-2020-28493 and holds statements about it in 1 ecosystem, but \
             none of them names one of the 4 packages of the image.",
        ),
        (
            "CVE-2023-4911@curl",
            "The database knows CVE-2023-4911, but no statement about it names curl in this image",
        ),
        (
            "CVE-2023-4911@openssl",
            "openssl is not among the 4 packages of the image.",
        ),
    ] {
        let ran = explain(&place, &db, finding, &[]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains(part), "{finding}:\n{}", ran.stdout);
    }
}

#[test]
fn what_cannot_be_explained_is_an_error_with_a_way_on() {
    let (place, db) = place();
    for (finding, part) in [
        (
            "CVE-1999-0001",
            "knows nothing by the name of 'CVE-1999-0001'",
        ),
        ("glibc", "knows nothing by the name of 'glibc'"),
        ("@libc6", "expected an id such as"),
        ("CVE-2023-4911@", "expected an id such as"),
        ("\u{1b}[2J", "knows nothing by the name of '\\x1b[2J'"),
    ] {
        let ran = explain(&place, &db, finding, &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{finding}");
        assert!(ran.stderr.contains(part), "{finding}: {}", ran.stderr);
    }
    let ran = place.run(&["explain", "CVE-2023-4911", "oci-dir:image"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--db"), "{}", ran.stderr);
}

#[test]
fn what_may_change_the_answer_ends_with_its_own_exit_code() {
    let (place, db) = place();
    let other = LayerBuilder::new()
        .file("etc/os-release", "ID=debian\nVERSION_ID=\"7\"\n")
        .file("var/lib/dpkg/status", STATUS);
    let image = TestImage::new(vec![other.build()]);
    image.write_layout(&place.path("other"), Compression::Gzip);
    let ran = place.run(&[
        "explain",
        "CVE-2023-4911",
        "oci-dir:other",
        "--db",
        &db,
        "--no-cache",
    ]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    for part in ["none of them names", "Not everything could be judged:"] {
        assert!(ran.stdout.contains(part), "{part}:\n{}", ran.stdout);
    }
}

#[test]
fn programs_get_the_same() {
    let (place, db) = place();
    let ran = explain(&place, &db, "CVE-2023-4911", &["--format", "json"]);
    assert_eq!(ran.code, 0);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["schema"], "plimsoll/explanation/1");
    assert_eq!(document["finding"]["id"], "CVE-2023-4911");
    assert_eq!(document["vulnerabilities"][0]["known_exploited"], true);
    let package = &document["packages"][0];
    assert_eq!(package["name"], "libc6");
    assert_eq!(package["conclusion"], "affected");
    assert_eq!(package["layer"]["index"], 1);
    assert_eq!(
        package["findings"][0]["fix"]["versions"][0],
        "2.36-9+deb12u3"
    );
    assert_eq!(
        package["paths"][0].as_array().unwrap().len(),
        2,
        "curl leads to it"
    );
    assert_eq!(package["statements"].as_array().unwrap().len(), 2);
    assert_eq!(
        package["statements"][1]["comparisons"][0],
        "2.36-9+deb12u1 < 2.36-9+deb12u3 holds (deb)"
    );
    let again = explain(&place, &db, "CVE-2023-4911", &["--format", "json"]);
    assert!(again.stdout == ran.stdout, "the same bytes");
    let suppressed = explain(
        &place,
        &db,
        "CVE-2023-32681@requests",
        &["--format", "json"],
    );
    let document: serde_json::Value = serde_json::from_str(&suppressed.stdout).unwrap();
    let conclusions: Vec<&str> = document["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| package["conclusion"].as_str().unwrap())
        .collect();
    assert_eq!(conclusions, ["not_affected", "suppressed"]);
}
