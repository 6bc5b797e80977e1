//! The database at the size of everything that OSV serves: building, opening, matching, and matching
//! stored package lists again after a few advisories changed.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use plimsoll_model::distro::Distro;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use plimsoll_model::report::CatalogPackage;
use plimsoll_vuln::db::{Database, transport};
use plimsoll_vuln::matcher;
use plimsoll_vuln::rematch::{Index, IndexBuilder};

use crate::measure::{median, run, say};
use crate::synthetic;

/// How many packages are matched.
const PACKAGES: usize = 10_000;
/// How often matching is measured, warm and cold.
const RUNS: (usize, usize) = (21, 7);
/// How many package lists are stored, and how many packages each has.
const LISTS: (u32, usize) = (100_000, 150);
/// How many advisories come anew.
const DELTA: usize = 100;

/// Writes the table. Feeds and databases are made below `work` and kept there.
pub(crate) fn table(work: &Path, plimsoll: &Path, out: &mut String) -> Result<(), String> {
    let feeds = work.join("everything/feeds");
    if !feeds.join("osv/openSUSE/all.zip").exists() {
        say("making feeds of everything");
        synthetic::make(&feeds.join("osv"))?;
    }
    let db = work.join("everything/plimsoll.db");
    say("building a database of everything");
    let words = |from: &Path, to: &Path| {
        let (from, to) = (from.display().to_string(), to.display().to_string());
        let words = [
            &plimsoll.display().to_string(),
            "db",
            "build",
            "--quiet",
            "--from",
            &from,
        ];
        let words = words
            .iter()
            .copied()
            .chain(["--accept-shrinking", "all", "-o", &to]);
        words.map(str::to_owned).collect::<Vec<String>>()
    };
    let mut runs = Vec::new();
    for _ in 0..3 {
        let run = run(&words(&feeds, &db), &[])?;
        if run.code != 0 {
            return Err(format!("db build: exit code {}", run.code));
        }
        runs.push(run);
    }
    let built = median(&runs);
    let database = open(&db)?;
    let bytes = fs::read(&db).map_err(|error| error.to_string())?;
    let packed = zstd::bulk::compress(&bytes, 19).map_err(|error| error.to_string())?;
    let exported = transport::export(&database, &work.join("everything/plimsoll.db.zst"))
        .map_err(|error| error.to_string())?;
    let records: u64 = database.info().feeds.iter().map(|feed| feed.records).sum();
    #[allow(
        clippy::cast_precision_loss,
        reason = "a size in megabytes with one decimal"
    )]
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let (packages, statements, _) = database.counts();
    let _ = writeln!(
        out,
        "### A database of everything (made up: {records} advisories, {} ranges in {statements} \
         statements about {packages} packages)\n\n| | measured | asked |\n|---|--:|--:|\n\
         | building, s | {:.1} | 180 |\n| building, peak MB | {:.0} | 1000 |\n\
         | on disk, MB | {:.1} | 150 |\n| compressed (zstd -19), MB | {:.1} | 60 |\n\
         | compressed by `db export`, MB | {:.1} | 60 |",
        database.ranges(),
        built.seconds,
        built.megabytes,
        megabytes(bytes.len() as u64),
        megabytes(packed.len() as u64),
        megabytes(exported),
    );
    drop(database);
    for (title, version) in [("up to date", "999:1"), ("a tenth of them outdated", "")] {
        let set = packages_of(&db, "Ubuntu:24.04:LTS", version)?;
        let (warm, found) = matched(&db, &set, RUNS.0, false)?;
        let (cold, _) = matched(&db, &set, RUNS.1, true)?;
        let _ = writeln!(
            out,
            "| opening, and matching {PACKAGES} packages of Ubuntu 24.04, {title} ({found} findings), \
             warm, ms | {warm:.1} | 15 |\n| the same, the file not in the page cache, ms | {cold:.1} | 100 |"
        );
    }
    rematch(work, &words, out)?;
    out.push('\n');
    Ok(())
}

fn open(path: &Path) -> Result<Database, String> {
    Database::open(path).map_err(|error| error.to_string())
}

/// Makes packages: those that the feed knows first, the rest unknown. An empty version makes every
/// tenth of them outdated.
fn packages_of(db: &Path, ecosystem: &str, version: &str) -> Result<Vec<CatalogPackage>, String> {
    let names = open(db)?.names(ecosystem);
    let unknown = (0..).map(|number| format!("unknown-{number}"));
    let packages = names.into_iter().chain(unknown).take(PACKAGES);
    Ok(packages
        .enumerate()
        .map(|(index, name)| CatalogPackage {
            package: Package::new(
                PackageKind::Deb,
                name,
                match version {
                    "" if index % 10 == 0 => "1:0.1-1",
                    "" => "999:1",
                    version => version,
                },
            ),
            layer: 0,
        })
        .collect())
}

fn ubuntu() -> Distro {
    Distro {
        id: "ubuntu".to_owned(),
        version_id: "24.04".to_owned(),
        ..Distro::default()
    }
}

/// Opens and matches several times; returns the median in milliseconds and the number of findings.
fn matched(
    db: &Path,
    packages: &[CatalogPackage],
    runs: usize,
    cold: bool,
) -> Result<(f64, usize), String> {
    let mut times = Vec::new();
    let mut found = 0;
    for _ in 0..runs {
        if cold {
            forget(db)?;
        }
        let start = Instant::now();
        let database = open(db)?;
        let matches = matcher::find(&database, packages, Some(&ubuntu()));
        times.push(start.elapsed().as_secs_f64() * 1e3);
        found = matches.findings.len();
    }
    times.sort_by(f64::total_cmp);
    Ok((times.get(runs / 2).copied().unwrap_or(0.0), found))
}

/// Drops a file from the page cache: what dd's `nocache` does when it copies nothing (coreutils
/// manual, "dd invocation").
fn forget(file: &Path) -> Result<(), String> {
    let input = format!("if={}", file.display());
    let done = Command::new("dd")
        .args([&input, "iflag=nocache", "count=0", "status=none"])
        .status()
        .map_err(|error| format!("dd: {error}"))?;
    done.success()
        .then_some(())
        .ok_or_else(|| format!("dd: {done}"))
}

/// Measures matching stored lists again.
fn rematch(
    work: &Path,
    words: &dyn Fn(&Path, &Path) -> Vec<String>,
    out: &mut String,
) -> Result<(), String> {
    let fail = |error: std::io::Error| error.to_string();
    let (old, new) = (
        work.join("everything/plimsoll.db"),
        work.join("everything/next.db"),
    );
    let names: Vec<String> = open(&old)?.names("Ubuntu:24.04:LTS");
    let feeds = work.join("everything/feeds");
    let next = work.join("everything/next-feeds");
    let _ = fs::remove_dir_all(&next);
    for ecosystem in fs::read_dir(feeds.join("osv")).map_err(fail)? {
        let ecosystem = ecosystem.map_err(fail)?;
        let place = next.join("osv").join(ecosystem.file_name());
        fs::create_dir_all(&place).map_err(fail)?;
        fs::hard_link(ecosystem.path().join("all.zip"), place.join("all.zip")).map_err(fail)?;
    }
    for number in 0..DELTA {
        let id = format!("UBUNTU-CVE-2099-{:04}", number + 1);
        let name = names
            .get(number * 61 % names.len().max(1))
            .map_or("x", String::as_str);
        let record = format!(
            r#"{{"id":"{id}","modified":"2099-01-01T00:00:00Z","upstream":["{}"],"affected":[{{"package":{{"ecosystem":"Ubuntu:24.04:LTS","name":"{name}"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"5:1"}}]}}]}}]}}"#,
            id.trim_start_matches("UBUNTU-")
        );
        fs::write(next.join("osv/Ubuntu").join(format!("{id}.json")), record).map_err(fail)?;
    }
    if run(&words(&next, &new), &[])?.code != 0 {
        return Err("db build of the next feeds failed".to_owned());
    }
    say("indexing the package lists");
    let mut builder = IndexBuilder::default();
    for list in 0..LISTS.0 {
        for place in 0..LISTS.1 {
            let place = place as u64 * 7919 + u64::from(list % 977) * 31;
            let name = names.get((place % names.len().max(1) as u64) as usize);
            let detail = format!("{}.{}-1", place % 9, list % 23);
            builder.add(
                list,
                "Ubuntu:24.04:LTS",
                name.map_or("x", String::as_str),
                &detail,
            );
        }
    }
    let index = builder.finish().map_err(|error| error.to_string())?;
    let file = work.join("everything/lists.index");
    fs::write(&file, &index).map_err(fail)?;
    let mut times = Vec::new();
    let mut counts = (0, 0, 0, 0);
    for _ in 0..5 {
        let start = Instant::now();
        let (then, now) = (open(&old)?, open(&new)?);
        let bytes = fs::read(&file).map_err(fail)?;
        let changes = now
            .changes_since(&then)
            .map_err(|error| error.to_string())?;
        let index = Index::open(&bytes).map_err(|error| error.to_string())?;
        let touched = index.touched(&changes).map_err(|error| error.to_string())?;
        let packages: Vec<CatalogPackage> = touched
            .iter()
            .map(|touched| CatalogPackage {
                package: Package::new(PackageKind::Deb, &touched.package, &touched.detail),
                layer: 0,
            })
            .collect();
        let matches = matcher::find(&now, &packages, Some(&ubuntu()));
        let mut lists = vec![false; LISTS.0 as usize];
        for list in touched.iter().flat_map(|touched| &touched.lists) {
            if let Some(slot) = lists.get_mut(*list as usize) {
                *slot = true;
            }
        }
        let lists = lists.into_iter().filter(|touched| *touched).count();
        times.push(start.elapsed().as_secs_f64());
        counts = (changes.len(), packages.len(), lists, matches.findings.len());
    }
    times.sort_by(f64::total_cmp);
    let _ = writeln!(
        out,
        "| {} stored lists of {} packages again after {DELTA} new advisories: {} packages changed, {} \
         versions of them in {} lists compared, {} findings, s | {:.2} | 2 |",
        LISTS.0,
        LISTS.1,
        counts.0,
        counts.1,
        counts.2,
        counts.3,
        times.get(2).copied().unwrap_or(0.0)
    );
    Ok(())
}
