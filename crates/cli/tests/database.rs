//! The commands on databases: what is named, refused, carried over and found.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails where it cannot go on"
)]

use std::fs;

mod common;
use common::{Place, Ran};

fn record(id: &str, package: &str, fixed: &str) -> String {
    format!(
        r#"{{"id":"{id}","modified":"2024-01-01T00:00:00Z","summary":"A title","affected":[{{"package":{{"ecosystem":"{}","name":"{package}"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}]}}"#,
        if package == "lodash" {
            "npm"
        } else {
            "Debian:12"
        }
    )
}

/// A folder of feeds with ten records of npm and one of Debian.
fn feeds(place: &Place) {
    let npm = place.path("feeds/npm");
    let debian = place.path("feeds/Debian");
    fs::create_dir_all(&npm).unwrap();
    fs::create_dir_all(&debian).unwrap();
    for number in 0..10 {
        let id = format!("GHSA-2222-2222-222{}", &"23456789cf"[number..=number]);
        let text = record(&id, "lodash", &format!("4.17.{}", number + 12));
        fs::write(npm.join(format!("{id}.json")), text).unwrap();
    }
    fs::write(
        debian.join("DSA-5161-1.json"),
        record("DSA-5161-1", "linux", "5.10.120-1"),
    )
    .unwrap();
}

fn build(place: &Place, at: &str, more: &[&str]) -> Ran {
    let mut words = vec!["db", "build", "--from", "feeds", "-o", "plimsoll.db"];
    words.extend(more);
    let mut command = place.command(&words);
    let out = command.env("SOURCE_DATE_EPOCH", at).output().unwrap();
    Ran {
        code: out.status.code().unwrap(),
        stdout: String::from_utf8(out.stdout).unwrap(),
        stderr: String::from_utf8(out.stderr).unwrap(),
    }
}

#[test]
fn a_feed_that_shrinks_is_refused_until_that_is_accepted() {
    let place = Place::new();
    feeds(&place);
    assert_eq!(build(&place, "1700000000", &[]).code, 0);
    let old = fs::read(place.path("plimsoll.db")).unwrap();
    for letter in ["2", "3"] {
        fs::remove_file(place.path(&format!("feeds/npm/GHSA-2222-2222-222{letter}.json"))).unwrap();
    }
    assert_eq!(
        build(&place, "1700000001", &[]).code,
        0,
        "a fifth less is no shrinking"
    );
    fs::write(place.path("plimsoll.db"), &old).unwrap();
    fs::remove_file(place.path("feeds/npm/GHSA-2222-2222-2224.json")).unwrap();
    let ran = build(&place, "1700000001", &[]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr
            .contains("the feed osv/npm had 10 records and has 7")
            && ran.stderr.contains("--accept-shrinking"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read(place.path("plimsoll.db")).unwrap(), old);
    assert_eq!(
        build(&place, "1700000001", &["--accept-shrinking", "osv/PyPI"]).code,
        2
    );
    assert_eq!(
        build(&place, "1700000001", &["--accept-shrinking", "osv/npm"]).code,
        0
    );
    fs::write(place.path("plimsoll.db"), &old).unwrap();
    fs::remove_dir_all(place.path("feeds/npm")).unwrap();
    let ran = build(&place, "1700000001", &[]);
    assert!(
        ran.stderr.contains("osv/npm had 10 records and has 0"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        build(&place, "1700000001", &["--accept-shrinking", "all"]).code,
        0
    );
}

#[test]
fn the_status_names_bad_records_and_counts() {
    let place = Place::new();
    feeds(&place);
    fs::write(place.path("feeds/npm/GHSA-cut.json"), "{\"id\":\"GHSA-").unwrap();
    assert_eq!(build(&place, "1700000000", &[]).code, 0);
    let ran = place.run(&["db", "status", "--db", "plimsoll.db", "--verify"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for part in [
        "Built at  2023-11-14T22:13:20Z",
        "Holds     11 vulnerabilities, 11 statements about 2 packages, 11 ranges",
        "2024-01-01",
        "  osv/npm  npm/GHSA-cut.json: GHSA-cut.json: EOF while parsing",
    ] {
        assert!(
            ran.stdout.contains(part),
            "{part} is not in\n{}",
            ran.stdout
        );
    }
    let ran = place.run(&["db", "status", "--db", "plimsoll.db", "--format", "json"]);
    let status: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(status["bad_records"][0]["file"], "npm/GHSA-cut.json");
    assert_eq!(status["ranges"], 11);
}

#[test]
fn an_export_is_imported_where_every_command_finds_it() {
    let place = Place::new();
    feeds(&place);
    assert_eq!(build(&place, "1700000000", &[]).code, 0);
    let ran = place.run(&["db", "export", "plimsoll.db.zst", "--db", "plimsoll.db"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(place.run(&["db", "status"]).code, 2);
    let ran = place.run(&["db", "import", "plimsoll.db.zst"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout
            .contains("built at 2023-11-14T22:13:20Z, in use from now on")
    );
    assert_eq!(place.run(&["db", "status"]).code, 0);
    let ran = place.run(&["db", "import", "plimsoll.db.zst"]);
    assert!(ran.stdout.contains("in use already"), "{}", ran.stdout);
    assert_eq!(build(&place, "1600000000", &[]).code, 0);
    let ran = place.run(&["db", "import", "plimsoll.db"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--force"), "{}", ran.stderr);
    assert_eq!(
        place.run(&["db", "import", "plimsoll.db", "--force"]).code,
        0
    );
    let whole = fs::read(place.path("plimsoll.db.zst")).unwrap();
    fs::write(place.path("cut.zst"), &whole[..whole.len() - 9]).unwrap();
    let ran = place.run(&["db", "import", "cut.zst", "--force"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("cut.zst is damaged"), "{}", ran.stderr);
    assert_eq!(place.run(&["db", "status", "--verify"]).code, 0);
}

#[test]
fn lookups_take_purls_and_updates_without_their_revision() {
    let place = Place::new();
    feeds(&place);
    assert_eq!(build(&place, "1700000000", &[]).code, 0);
    let lookup = |what: &str| place.run(&["db", "lookup", what, "--db", "plimsoll.db"]);
    for what in [
        "DSA-5161",
        "dsa-5161-1",
        "linux",
        "pkg:deb/debian/linux@5.10.100-1",
    ] {
        let ran = lookup(what);
        assert_eq!(ran.code, 0, "{what}: {}", ran.stderr);
        assert!(
            ran.stdout.contains("Debian:12  linux  < 5.10.120-1"),
            "{}",
            ran.stdout
        );
    }
    let ran = lookup("pkg:deb/debian/linux@5.10.120-1?distro=debian-12");
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("nothing that applies to that version"),
        "{}",
        ran.stderr
    );
    let count = |what: &str| lookup(what).stdout.matches("npm  lodash").count();
    assert_eq!(count("pkg:npm/lodash"), 10);
    assert!(lookup("pkg:npm").stderr.contains("pkg:npm"));
    assert_eq!(lookup("pkg:npm/none").code, 2);
    assert_eq!(lookup("DSA-51").code, 2);
}
