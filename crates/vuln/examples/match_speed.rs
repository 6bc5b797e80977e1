//! Builds a database from a folder of feeds and says how long building, opening and matching 1,000
//! packages take: `cargo run --release -p plimsoll-vuln --example match_speed -- FEEDS`.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a measuring program talks to whoever runs it and has nothing to recover"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use plimsoll_model::distro::Distro;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use plimsoll_model::report::CatalogPackage;
use plimsoll_vuln::db::{Database, build};
use plimsoll_vuln::feeds::{debian_tracker, osv};
use plimsoll_vuln::matcher;

fn main() {
    let feeds = PathBuf::from(
        std::env::args_os()
            .nth(1)
            .expect("usage: match_speed FEEDS"),
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("plimsoll.db");
    let start = Instant::now();
    let summary = build::build(&feeds, &out, "2026-11-21T00:00:00Z", &|_| {}).expect("a database");
    println!(
        "built in {:.1} s: {} statements, {} vulnerabilities, {:.1} MB, {} notes",
        start.elapsed().as_secs_f64(),
        summary.advisories,
        summary.vulnerabilities,
        summary.bytes as f64 / 1e6,
        summary.skipped.len()
    );
    for feed in &summary.feeds {
        println!(
            "  {} {} {} ({} damaged)",
            feed.name, feed.fetched_at, feed.records, feed.damaged
        );
    }
    for (path, why) in summary.skipped.iter().take(20) {
        println!("  left out: {}: {why}", path.display());
    }
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        for line in status.lines().filter(|line| line.starts_with("VmHWM")) {
            println!("{line}");
        }
    }
    let tracker = std::fs::read(feeds.join("debian/tracker/data/json")).unwrap_or_default();
    let names: BTreeSet<String> = debian_tracker::parse(&tracker)
        .records
        .into_iter()
        .flat_map(|record| record.statements)
        .map(|statement| statement.advisory.package)
        .collect();
    measure(
        "debian 12",
        &out,
        &packages(PackageKind::Deb, &names, "0"),
        ("debian", "12"),
    );
    measure(
        "debian 12, current",
        &out,
        &packages(PackageKind::Deb, &names, "99"),
        ("debian", "12"),
    );
    let mut batch = plimsoll_vuln::feeds::Batch::new("osv");
    let alma = std::fs::read(feeds.join("osv/AlmaLinux:9/all.zip")).unwrap_or_default();
    osv::read_archive(&alma, &mut batch);
    let names: BTreeSet<String> = batch
        .records
        .into_iter()
        .flat_map(|record| record.statements)
        .filter(|statement| statement.advisory.ecosystem == "AlmaLinux:9")
        .map(|statement| statement.advisory.package)
        .collect();
    measure(
        "almalinux 9",
        &out,
        &packages(PackageKind::Rpm, &names, "0-1"),
        ("almalinux", "9.4"),
    );
    measure(
        "almalinux 9, current",
        &out,
        &packages(PackageKind::Rpm, &names, "99:1-1"),
        ("almalinux", "9.4"),
    );
}

/// Makes 1,000 packages, as many as there are of names that feeds know, the rest unknown.
fn packages(kind: PackageKind, names: &BTreeSet<String>, version: &str) -> Vec<CatalogPackage> {
    names
        .iter()
        .cloned()
        .chain((0..).map(|number| format!("unknown-{number}")))
        .take(1000)
        .map(|name| CatalogPackage {
            package: Package::new(kind, name, version),
            layer: 0,
        })
        .collect()
}

/// Opens and matches several times and prints the median.
fn measure(
    what: &str,
    out: &std::path::Path,
    packages: &[CatalogPackage],
    (id, version): (&str, &str),
) {
    let distro = Distro {
        id: id.to_owned(),
        version_id: version.to_owned(),
        ..Distro::default()
    };
    let mut times = Vec::new();
    let mut found = 0;
    for _ in 0..21 {
        let start = Instant::now();
        let database = Database::open(out).expect("the database");
        let opened = start.elapsed();
        let matches = matcher::find(&database, packages, Some(&distro));
        found = matches.findings.len();
        times.push((start.elapsed(), opened));
    }
    times.sort();
    if let Some((all, opened)) = times.get(times.len() / 2) {
        println!(
            "{what}: {} packages, {found} findings: {:.2} ms, of which opening {:.2} ms",
            packages.len(),
            all.as_secs_f64() * 1e3,
            opened.as_secs_f64() * 1e3
        );
    }
}
