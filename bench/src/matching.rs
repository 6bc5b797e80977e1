//! Opening the database and matching 1,000 packages, in this process, page cache warm.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use plimsoll_model::distro::Distro;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use plimsoll_model::report::CatalogPackage;
use plimsoll_vuln::db::Database;
use plimsoll_vuln::matcher;

/// How often each is done; the median counts.
const RUNS: usize = 21;

/// Writes the table of matching times with a database.
pub(crate) fn table(db: &Path, out: &mut String) -> Result<(), String> {
    let database = Database::open(db).map_err(|error| error.to_string())?;
    let size = std::fs::metadata(db).map_or(0, |meta| meta.len()) / 100_000;
    let (names, statements, vulnerabilities) = database.counts();
    let _ = writeln!(
        out,
        "### Opening the database and matching 1,000 packages ({}.{} MB, {statements} statements \
         about {names} packages, {vulnerabilities} vulnerabilities)\n",
        size / 10,
        size % 10
    );
    let _ = writeln!(out, "| packages | findings | ms |\n|---|--:|--:|");
    let debian = known(&database, "Debian:12");
    let alma = known(&database, "AlmaLinux:9");
    for (title, kind, names, version, distro) in [
        (
            "Debian 12, all up to date",
            PackageKind::Deb,
            &debian,
            "99:1",
            ("debian", "12"),
        ),
        (
            "Debian 12, every one at version 0",
            PackageKind::Deb,
            &debian,
            "0",
            ("debian", "12"),
        ),
        (
            "AlmaLinux 9, all up to date",
            PackageKind::Rpm,
            &alma,
            "99:1-1",
            ("almalinux", "9.4"),
        ),
        (
            "AlmaLinux 9, every one at version 0",
            PackageKind::Rpm,
            &alma,
            "0-1",
            ("almalinux", "9.4"),
        ),
    ] {
        let packages = packages(kind, names, version);
        let distro = Distro {
            id: distro.0.to_owned(),
            version_id: distro.1.to_owned(),
            ..Distro::default()
        };
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..RUNS {
            let start = Instant::now();
            let database = Database::open(db).map_err(|error| error.to_string())?;
            found = matcher::find(&database, &packages, Some(&distro))
                .findings
                .len();
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        let median = times.get(RUNS / 2).copied().unwrap_or(0.0);
        let _ = writeln!(out, "| {title} | {found} | {median:.1} |");
    }
    out.push('\n');
    Ok(())
}

/// Returns names that the database knows in an ecosystem.
fn known(database: &Database, ecosystem: &str) -> BTreeSet<String> {
    database.names(ecosystem).into_iter().collect()
}

/// Makes 1,000 packages: those that feeds know first, the rest unknown.
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
