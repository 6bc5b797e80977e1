//! Real feeds, where they are at hand: built twice, looked up, and every Debian advisory held against
//! packages just below and at its fixed version.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "helpers of tests fail loudly, as tests do"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use plimsoll_model::distro::Distro;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use plimsoll_model::report::CatalogPackage;
use plimsoll_model::version::deb;
use plimsoll_vuln::db::{Database, build};
use plimsoll_vuln::feeds::debian_advisories;
use plimsoll_vuln::matcher;

/// Returns the real feeds' folder, or says why the test is skipped.
fn feeds(test: &str) -> Option<PathBuf> {
    let found = plimsoll_testkit::shared_dir()
        .map(|dir| dir.join("feeds"))
        .filter(|dir| dir.is_dir());
    if found.is_none() {
        plimsoll_testkit::skip(test, "the real feeds are not there");
    }
    found
}

/// Returns the database of all real feeds, built once.
fn database(test: &str) -> Option<&'static Database> {
    static DATABASE: OnceLock<(tempfile::TempDir, Database)> = OnceLock::new();
    let feeds = feeds(test)?;
    let (_, database) = DATABASE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("plimsoll.db");
        let summary = build::build(&feeds, &out, "2026-11-21T00:00:00Z", &|_| {}).expect("built");
        assert!(summary.feeds.len() > 20, "{:?}", summary.feeds);
        let damaged: Vec<_> = (summary.feeds.iter())
            .filter(|feed| feed.damaged > 0)
            .collect();
        assert!(damaged.is_empty(), "{damaged:?}");
        assert!(summary.advisories > 100_000);
        assert!(summary.bytes < 100 << 20, "{} bytes", summary.bytes);
        let database = Database::open(&out).expect("opened");
        database.verify().expect("whole");
        (folder, database)
    });
    Some(database)
}

fn debian(number: &str) -> Distro {
    Distro {
        id: "debian".to_owned(),
        version_id: number.to_owned(),
        ..Distro::default()
    }
}

fn package(name: &str, version: &str) -> CatalogPackage {
    CatalogPackage {
        package: Package::new(PackageKind::Deb, name, version),
        layer: 0,
    }
}

#[test]
fn every_debian_advisory_is_reported_until_its_version_is_installed() {
    let test = "every_debian_advisory_is_reported_until_its_version_is_installed";
    let Some(db) = database(test) else { return };
    let lists = feeds(test).expect("there").join("debian/data");
    for (list, number) in [("DSA/list", "11"), ("DSA/list", "10"), ("DLA/list", "10")] {
        let batch = debian_advisories::parse(&fs::read(lists.join(list)).expect("read"));
        let ecosystem = format!("Debian:{number}");
        // Each package at each version that some advisory fixes it in.
        let mut fixed: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for record in &batch.records {
            for statement in &record.statements {
                let advisory = &statement.advisory;
                if advisory.ecosystem == ecosystem
                    && let Some(version) = advisory.ranges.first().and_then(|r| r.fixed.clone())
                {
                    fixed
                        .entry(advisory.package.clone())
                        .or_default()
                        .insert(record.id.clone(), version);
                }
            }
        }
        assert!(fixed.len() > 100, "{list} {ecosystem}");
        let mut checked = 0;
        for (name, advisories) in &fixed {
            let versions: BTreeSet<&String> = advisories.values().collect();
            for version in versions {
                // `~` sorts before anything, so this is the version just below.
                for installed in [format!("{version}~"), version.clone()] {
                    let packages = [package(name, &installed)];
                    let matches = matcher::find(db, &packages, Some(&debian(number)));
                    for (id, needed) in advisories {
                        let applies = deb::compare(&installed, needed).is_lt();
                        let found: Vec<_> = matches
                            .findings
                            .iter()
                            .filter(|f| f.id == *id || f.aliases.contains(id))
                            .collect();
                        assert_eq!(
                            !found.is_empty(),
                            applies,
                            "{name} {installed}: {id} needs {needed}"
                        );
                        if applies {
                            assert!(
                                found.iter().any(|f| f.fixed_versions.contains(needed)),
                                "{name} {installed}: {id} needs {needed}"
                            );
                        }
                        checked += 1;
                    }
                }
            }
        }
        eprintln!("{list} {ecosystem}: {checked} pairs checked");
    }
}

#[test]
fn known_vulnerabilities_are_found_by_any_of_their_names() {
    let Some(db) = database("known_vulnerabilities_are_found_by_any_of_their_names") else {
        return;
    };
    let looney = db.lookup("cve-2023-4911").expect("found");
    assert_eq!(looney.vulnerabilities[0].id, "CVE-2023-4911");
    assert!(looney.vulnerabilities[0].known_exploited);
    let bookworm = looney
        .stated
        .iter()
        .find(|s| s.feed == "debian-tracker" && s.advisory.ecosystem == "Debian:12")
        .expect("stated");
    assert_eq!(
        bookworm.advisory.ranges[0].fixed.as_deref(),
        Some("2.36-9+deb12u3")
    );
    assert!(
        db.lookup("DSA-5380-1")
            .expect("read")
            .stated
            .iter()
            .any(|s| s.advisory.package == "xorg-server")
    );
    assert!(!db.lookup("openssl").expect("read").stated.is_empty());
    assert_eq!(db.lookup("no-such-thing").expect("read").stated.len(), 0);
    assert!(db.ecosystems().iter().any(|name| name == "AlmaLinux:9"));

    let packages = [package("glibc", "2.36-9+deb12u1")];
    let matches = matcher::find(db, &packages, Some(&debian("12")));
    let ids: Vec<&str> = matches.findings.iter().map(|f| f.id.as_str()).collect();
    assert!(ids.contains(&"CVE-2023-4911"), "{ids:?}");
    assert!(matches.gaps.is_empty());
}

#[test]
fn a_build_is_reproducible() {
    let Some(feeds) = feeds("a_build_is_reproducible") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = |name: &str| {
        let out = folder.path().join(name);
        build::build(&feeds, &out, "2026-11-21T00:00:00Z", &|_| {}).expect("built");
        fs::read(out).expect("read")
    };
    assert!(bytes("a") == bytes("b"));
}

#[test]
fn the_starter_feeds_build_and_say_what_they_do_not_cover() {
    let test = "the_starter_feeds_build_and_say_what_they_do_not_cover";
    let feeds = plimsoll_testkit::project_dir().join("examples/starter-feeds");
    if !feeds.is_dir() {
        plimsoll_testkit::skip(test, "the starter feeds are not there");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("starter.db");
    let summary = build::build(&feeds, &out, "2026-11-21T00:00:00Z", &|_| {}).expect("built");
    assert!(
        summary.feeds.iter().all(|feed| feed.damaged == 0),
        "{summary:?}"
    );
    let db = Database::open(&out).expect("opened");
    let packages = [package("glibc", "2.36-9"), package("no-such-package", "1")];
    let matches = matcher::find(&db, &packages, Some(&debian("12")));
    assert!(matches.findings.iter().any(|f| f.id == "CVE-2023-4911"));
    assert_eq!(matches.judged, 1);
    assert_eq!(matches.gaps.len(), 1);
    assert!(matches.gaps[0].detail.contains("no-such-package"));
}

#[test]
fn forecasts_and_lifecycles_are_kept() {
    let test = "forecasts_and_lifecycles_are_kept";
    let Some(db) = database(test) else { return };
    let feeds = feeds(test).expect("there");
    let epss = plimsoll_vuln::feeds::epss::parse(
        &fs::read(feeds.join("epss/epss_scores-current.csv.gz")).expect("read"),
    );
    assert!(epss.records.len() > 1000 && epss.damaged == 0);
    assert!(epss.fetched_at.starts_with("20"));
    let full = feeds.join("endoflife/api/v1/products/full/index.json");
    let lives =
        plimsoll_vuln::feeds::endoflife::parse(&fs::read(full).expect("read"), "index.json");
    assert!(lives.lifecycles.len() > 400 && lives.damaged == 0);
    for lifecycle in &lives.lifecycles {
        let file = format!("endoflife/api/{}.json", lifecycle.product);
        let old = plimsoll_vuln::feeds::endoflife::parse(
            &fs::read(feeds.join(&file)).expect("read"),
            &format!("{}.json", lifecycle.product),
        );
        // Only the newest versions differ: the old form has them where the new one has none.
        let mut old = old.lifecycles.first().expect("a product").clone();
        for (old, new) in old.cycles.iter_mut().zip(&lifecycle.cycles) {
            old.latest.clone_from(&new.latest);
        }
        assert_eq!(old, *lifecycle, "{file}");
    }
    let debian = db.lifecycle("debian").expect("whole").expect("there");
    assert!(
        debian
            .cycles
            .iter()
            .any(|cycle| cycle.name == "12" && !cycle.end_of_life.is_empty())
    );
}

#[test]
fn what_is_affected_within_a_module_is_kept() {
    let test = "what_is_affected_within_a_module_is_kept";
    let Some(feeds) = feeds(test) else { return };
    let read = |ecosystem: &str| {
        let mut batch = plimsoll_vuln::feeds::Batch::new("osv");
        let path = feeds.join("osv").join(ecosystem).join("all.zip");
        plimsoll_vuln::feeds::osv::read_archive(&fs::read(path).expect("read"), &mut batch);
        assert_eq!(batch.damaged, 0, "{:?}", batch.notes);
        batch.records
    };
    let statements = |records: &[plimsoll_vuln::feeds::Record]| -> (usize, usize) {
        let all = records.iter().flat_map(|record| &record.statements);
        let named = all.clone().filter(|one| !one.advisory.symbols.is_empty());
        (all.count(), named.count())
    };
    let (all, named) = statements(&read("Go"));
    assert!(all > 4000 && named > 1000, "{named} of {all}");
    let rust = read("crates.io");
    let (all, named) = statements(&rust);
    assert!(all > 400 && named > 50, "{named} of {all}");
    // 276 of these records are informational.
    let silent = rust
        .iter()
        .filter(|record| !record.withdrawn && record.statements.is_empty());
    assert!((250..300).contains(&silent.count()));
}
