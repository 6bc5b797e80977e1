//! OSV: `<Ecosystem>/all.zip` with one JSON record each, or the same records unpacked as
//! `<Ecosystem>/*.json`; `modified_id.csv` and `ecosystems.txt` beside them.
//!
//! Format: ossf.github.io/osv-schema. What differs by source, from the records themselves:
//!
//! - A record covers one vulnerability (GHSA, PYSEC, `DEBIAN-CVE-…`) or is an update that covers
//!   many (DSA, ALSA, RLSA, USN). `aliases` are names of the same; `upstream` of a Debian or Ubuntu
//!   record is the CVE it restates; `related` is neither, but it is where AlmaLinux and Rocky Linux
//!   list the CVEs that an update fixes. AlmaLinux sometimes has them only as references to the CVE's
//!   page, so these count too.
//! - AlmaLinux bug fix and enhancement updates (ALBA, ALEA) are no vulnerabilities: they are kept
//!   only where they name a CVE.
//! - AlmaLinux names binary packages and states its rating as the first word of the summary. Its
//!   module stream stands in the summary only (`nodejs:18 security update`); versions with
//!   `.module` are modular. One record may list several builds of one package: they are
//!   alternatives, so having the lowest is enough.
//! - Ranges of type GIT say nothing about packages and are left out.
//! - What is affected within a package is kept where it is named: Go's `imports`, and `RustSec`'s
//!   functions, whose path is the crate's name.
//! - `RustSec`'s informational records (`unmaintained`, `unsound`, `notice`) are no vulnerabilities:
//!   their names are kept, but they state nothing.
//! - A malicious package (`MAL-…`) is critical where its record does not rate it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use plimsoll_model::advisory::{Advisory, FixState, Symbols};
use plimsoll_model::severity::Severity;
use plimsoll_model::version::Scheme;

use super::{
    About, Batch, Feed, Fetched, Level, Record, Remote, Sink, Statement, read_file, scheme,
    timestamp, title,
};
use crate::{ids, rating};

mod archive;
mod events;
pub(super) mod wire;

use events::Event;

/// The ecosystems whose folders may hold unpacked records (schema, "affected[].package").
const ECOSYSTEMS: [&str; 45] = [
    "AlmaLinux",
    "Alpaquita",
    "Alpine",
    "Android",
    "Azure Linux",
    "BellSoft Hardened Containers",
    "Bioconductor",
    "Bitnami",
    "CRAN",
    "Chainguard",
    "ConanCenter",
    "Debian",
    "Echo",
    "GHC",
    "GIT",
    "GitHub Actions",
    "Go",
    "Hackage",
    "Hex",
    "Julia",
    "Kubernetes",
    "Linux",
    "Mageia",
    "Maven",
    "MinimOS",
    "NuGet",
    "OSS-Fuzz",
    "Packagist",
    "Photon OS",
    "Pub",
    "PyPI",
    "Red Hat",
    "Rocky Linux",
    "Root",
    "RubyGems",
    "SUSE",
    "SwiftURL",
    "Ubuntu",
    "VSCode",
    "Wolfi",
    "crates.io",
    "npm",
    "openEuler",
    "openSUSE",
    "opam",
];

/// Where the archives are served.
const BUCKET: &str = "https://osv-vulnerabilities.storage.googleapis.com";

/// The ecosystems that are fetched: those whose packages are found in images and that no feed of
/// their own covers better. An ecosystem's archive holds all of its releases.
const FETCHED: [&str; 29] = [
    "AlmaLinux",
    "Alpaquita",
    "Azure Linux",
    "BellSoft Hardened Containers",
    "Bioconductor",
    "Bitnami",
    "CRAN",
    "Chainguard",
    "Echo",
    "GHC",
    "Go",
    "Hackage",
    "Hex",
    "Julia",
    "Mageia",
    "Maven",
    "MinimOS",
    "NuGet",
    "Packagist",
    "Pub",
    "PyPI",
    "Rocky Linux",
    "RubyGems",
    "SwiftURL",
    "Ubuntu",
    "Wolfi",
    "crates.io",
    "npm",
    "openEuler",
];

/// How many symbols of one affected package are kept; with more of them, all of it counts as affected.
const SYMBOL_LIMIT: usize = 5000;

/// How many references of a record are kept.
const URL_LIMIT: usize = 3;

/// The feed.
pub struct Osv;

impl Feed for Osv {
    fn name(&self) -> &'static str {
        "osv"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "OSV: languages and distributions",
            addresses: &[BUCKET],
            format: "OSV records (ossf.github.io/osv-schema), one archive per ecosystem",
            licence: "that of each source: CC-BY-4.0 (GitHub, Go, PyPA), CC0-1.0 (RustSec), and others",
            changes: "all the time",
            files: "`<Ecosystem>/all.zip`, or its records unpacked",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        let mut files = Vec::new();
        for ecosystem in FETCHED {
            let path = ecosystem.replace(' ', "%20");
            for name in ["modified_id.csv", "all.zip"] {
                let local = format!("osv/{ecosystem}/{name}");
                files.push(Remote::new(format!("{BUCKET}/{path}/{name}"), local));
            }
        }
        files
    }

    fn rank(&self) -> u8 {
        3
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        match parts {
            [.., "ecosystems.txt"] | [.., _, "all.zip" | "modified_id.csv"] => true,
            [.., ecosystem, file] => {
                let base = ecosystem.split(':').next().unwrap_or("");
                ECOSYSTEMS.contains(&base) && file.strip_suffix(".json").is_some()
            }
            _ => false,
        }
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        let mut records = Vec::new();
        let mut batch = self.read_into(path, parts, &mut |record| {
            records.push(record);
            true
        })?;
        batch.records = records;
        Ok(batch)
    }

    fn read_into(&self, path: &Path, parts: &[&str], sink: Sink<'_>) -> io::Result<Batch> {
        let ecosystem = parts.iter().rev().nth(1).copied().unwrap_or("");
        let mut batch = Batch::new(format!("osv/{ecosystem}"));
        match parts.last().copied().unwrap_or("") {
            "ecosystems.txt" => {
                // A list of names, which the folders say as well.
                batch.name.clear();
            }
            "modified_id.csv" => {
                let bytes = read_file(path)?;
                // Newest first: the first line is enough.
                let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or(&[]);
                let date = line.split(|byte| *byte == b',').next().unwrap_or(&[]);
                batch.dated(std::str::from_utf8(date).unwrap_or("").trim());
            }
            "all.zip" => archive_into(&read_file(path)?, &mut batch, sink),
            name => {
                if let Some(record) = take(name, &read_file(path)?, &mut batch) {
                    sink(record);
                }
            }
        }
        Ok(batch)
    }
}

/// Reads an `all.zip` into a batch.
pub fn read_archive(bytes: &[u8], batch: &mut Batch) {
    let mut records = Vec::new();
    archive_into(bytes, batch, &mut |record| {
        records.push(record);
        true
    });
    batch.records.append(&mut records);
}

/// Reads an `all.zip` and hands its records over.
fn archive_into(bytes: &[u8], batch: &mut Batch, sink: Sink<'_>) {
    let mut damaged: Vec<String> = Vec::new();
    let mut wanted = true;
    archive::each(
        bytes,
        |name, record, _| {
            if wanted && let Some(record) = take(name, record, batch) {
                wanted = sink(record);
            }
        },
        |note| damaged.push(note),
    );
    for note in damaged {
        batch.damage(note);
    }
}

/// Reads one record into a batch.
pub(super) fn add(name: &str, bytes: &[u8], batch: &mut Batch) {
    let record = take(name, bytes, batch);
    batch.records.extend(record);
}

/// Reads one record; counts it, or its damage, in a batch.
fn take(name: &str, bytes: &[u8], batch: &mut Batch) -> Option<Record> {
    match parse(bytes) {
        Ok((record, damaged)) => {
            batch.read += 1;
            batch.dated(&record.modified);
            if let Some(damaged) = damaged {
                batch.damage(format!("{name}: {damaged}"));
            }
            Some(record)
        }
        Err(error) => {
            batch.damage(format!("{name}: {error}"));
            None
        }
    }
}

/// Reads one record. The text beside it says what of it was damaged and left out.
pub fn parse(bytes: &[u8]) -> Result<(Record, Option<String>), String> {
    let wire: wire::Record<'_> =
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let id = wire.id.get();
    if !ids::plausible(id) {
        return Err(format!("`{id}` is no id"));
    }
    let mut record = Record {
        id: id.to_owned(),
        modified: timestamp(wire.modified.get()).unwrap_or("").to_owned(),
        published: timestamp(wire.published.get()).unwrap_or("").to_owned(),
        withdrawn: !wire.withdrawn.get().is_empty(),
        ..Record::default()
    };
    names(&wire, &mut record);
    if record.withdrawn {
        return Ok((record, None));
    }
    let no_vulnerability = ["ALBA-", "ALEA-", "RLBA-", "RLEA-"]
        .iter()
        .any(|prefix| id.starts_with(prefix))
        && !record.vulnerabilities.iter().any(|id| ids::is_cve(id));
    if no_vulnerability {
        return Ok((record, None));
    }
    let (rating_word, summary) = split_rating(wire.summary.get(), record.level);
    record.title = title(summary, 160);
    record.urls = urls(&wire);
    let mut distro_rating = rating_word;
    for severity in &wire.severity.0 {
        if severity.kind.get().starts_with("CVSS") {
            rate(severity.score.get(), &mut record);
        } else if let Some(rating) = Severity::from_name(severity.score.get()) {
            // `Ubuntu`: the distribution's own priority.
            distro_rating = Some(rating);
        }
    }
    if let Some(specific) = specific(wire.database_specific)
        && let Some(severity) = specific.severity
    {
        record.severity = Severity::from_name(severity.get());
    }
    if record.severity.is_none() && id.starts_with("MAL-") {
        record.severity = Some(Severity::Critical);
    }
    let streams = streams(summary);
    let mut damaged = None;
    for raw in &wire.affected.0 {
        match serde_json::from_str::<wire::Affected<'_>>(raw.get()) {
            Ok(affected) => {
                for severity in &affected.severity.0 {
                    rate(severity.score.get(), &mut record);
                }
                if record.cvss.is_empty()
                    && let Some(vector) =
                        specific(affected.database_specific).and_then(|found| found.cvss)
                {
                    rate(vector.get(), &mut record);
                }
                if let Some(statement) = state(&record, &affected, distro_rating, &streams) {
                    record.statements.push(statement);
                }
            }
            Err(error) => damaged = Some(format!("an affected package: {error}")),
        }
    }
    merge_builds(&mut record.statements);
    Ok((record, damaged))
}

/// Fills in what a record is about and its other names.
fn names(wire: &wire::Record<'_>, record: &mut Record) {
    let id = record.id.as_str();
    let cve_of = |text: &wire::Text<'_>| ids::trailing_cve(text.get()).map(str::to_owned);
    let mut cves: Vec<String> = if let Some(cve) = ids::trailing_cve(id) {
        vec![cve.to_owned()]
    } else {
        let listed = wire.aliases.0.iter().chain(&wire.upstream.0);
        let mut cves: Vec<String> = listed.filter_map(cve_of).collect();
        if [
            "ALSA-", "ALBA-", "ALEA-", "RLSA-", "RLBA-", "RLEA-", "RXSA-",
        ]
        .iter()
        .any(|prefix| id.starts_with(prefix))
        {
            cves.extend(wire.related.0.iter().filter_map(cve_of));
            cves.extend(wire.references.0.iter().filter_map(|reference| {
                let page = reference.url.get().rsplit('/').next()?;
                ids::is_cve(page).then(|| page.to_owned())
            }));
        }
        cves
    };
    cves.sort();
    cves.dedup();
    record.level = if ids::is_advisory(id) || cves.len() > 1 {
        Level::Advisory
    } else {
        Level::Vulnerability
    };
    if record.level == Level::Vulnerability {
        record.same = wire
            .aliases
            .0
            .iter()
            .map(|alias| alias.get().to_owned())
            .filter(|alias| ids::plausible(alias) && !ids::is_advisory(alias))
            .chain([record.id.clone()])
            .collect();
        record.same.sort();
        record.same.dedup();
    }
    record.vulnerabilities = if cves.is_empty() {
        vec![record.id.clone()]
    } else {
        cves
    };
}

/// Splits AlmaLinux' and Rocky Linux' rating off a summary (`Important: firefox security update`).
fn split_rating(summary: &str, level: Level) -> (Option<Severity>, &str) {
    if level == Level::Advisory
        && let Some((word, rest)) = summary.split_once(": ")
        && matches!(word, "Critical" | "Important" | "Moderate" | "Low" | "None")
    {
        return (Severity::from_name(word), rest);
    }
    (None, summary)
}

/// Returns the module streams that a summary names (`virt:rhel and virt-devel:rhel`).
fn streams(summary: &str) -> Vec<String> {
    let name = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'-' | b'.')
            })
    };
    let mut found: Vec<String> = summary
        .split([' ', ',', ';', '(', ')'])
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| {
            word.split_once(':')
                .is_some_and(|(a, b)| name(a) && name(b))
        })
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Adds a vector's score to a record.
fn rate(vector: &str, record: &mut Record) {
    if let Some(cvss) = rating::rate(vector, "")
        && !record.cvss.contains(&cvss)
        && record.cvss.len() < 8
    {
        record.cvss.push(cvss);
    }
}

/// Reads a free-form part; what does not fit is as if absent.
fn specific(raw: Option<&serde_json::value::RawValue>) -> Option<wire::Specific<'_>> {
    serde_json::from_str(raw?.get()).ok()
}

/// Returns a few references, advisories first.
fn urls(wire: &wire::Record<'_>) -> Vec<String> {
    let mut urls: Vec<(bool, &str)> = wire
        .references
        .0
        .iter()
        .map(|reference| (reference.kind.get() != "ADVISORY", reference.url.get()))
        .filter(|(_, url)| {
            url.len() <= 300
                && (url.starts_with("https://") || url.starts_with("http://"))
                && url.bytes().all(|byte| byte.is_ascii_graphic())
        })
        .collect();
    urls.sort_by_key(|(other, _)| *other);
    urls.into_iter()
        .take(URL_LIMIT)
        .map(|(_, url)| url.to_owned())
        .collect()
}

/// Makes the statement about one affected package; `None` when it says nothing about versions.
fn state(
    record: &Record,
    affected: &wire::Affected<'_>,
    distro_rating: Option<Severity>,
    streams: &[String],
) -> Option<Statement> {
    let package = affected.package.as_ref()?;
    let (ecosystem, name) = (package.ecosystem.get(), package.name.get());
    let fits = |text: &str| !text.is_empty() && text.len() <= 500 && !text.contains('\0');
    if !fits(ecosystem) || !fits(name) {
        return None;
    }
    let scheme = scheme(ecosystem);
    let mut ranges = Vec::new();
    let mut stated = false;
    for range in &affected.ranges.0 {
        if range.kind.get().eq_ignore_ascii_case("GIT") {
            continue;
        }
        let events: Vec<Event> = range.events.0.iter().filter_map(event).collect();
        stated |= !events.is_empty();
        ranges.extend(events::ranges(events, scheme));
    }
    let mut versions: Vec<String> = affected
        .versions
        .0
        .iter()
        .map(|version| version.get().to_owned())
        .collect();
    stated |= !versions.is_empty();
    if !stated {
        return None;
    }
    if let Some(scheme) = scheme {
        versions.retain(|version| {
            !ranges
                .iter()
                .any(|range| crate::matcher::inside(scheme, version, range))
        });
    }
    let informational = specific(affected.database_specific).and_then(|found| found.informational);
    if record.id.starts_with("RUSTSEC-") && informational.is_some_and(|word| !word.get().is_empty())
    {
        return None;
    }
    let specific = specific(affected.ecosystem_specific).unwrap_or_default();
    let symbols = symbols(&specific, name);
    let urgency = specific.urgency.as_ref().map_or("", wire::Text::get);
    let fix = if ranges.iter().any(|range| range.fixed.is_some()) {
        FixState::Fixed
    } else if urgency == "end-of-life" {
        FixState::EndOfLife
    } else if ranges.iter().any(|range| range.last_affected.is_some()) || !versions.is_empty() {
        FixState::Unknown
    } else {
        FixState::NotFixed
    };
    let severity = distro_rating.or_else(|| {
        let own = specific.severity.as_ref().map_or("", wire::Text::get);
        Severity::from_name(urgency).or_else(|| Severity::from_name(own))
    });
    let modular = scheme == Some(Scheme::Rpm)
        && ranges.iter().any(|range| {
            range
                .fixed
                .as_deref()
                .is_some_and(|fixed| fixed.contains(".module"))
        });
    Some(Statement {
        advisory: Advisory {
            id: record.id.clone(),
            ecosystem: ecosystem.to_owned(),
            package: name.to_owned(),
            ranges,
            versions,
            fix,
            severity,
            module: modular.then(|| streams.join(",")),
            arches: arches(package.purl.get()),
            symbols,
            ..Advisory::default()
        },
        ..Statement::default()
    })
}

/// Returns the affected parts of a package, sorted; none when all of it is affected.
fn symbols(specific: &wire::Specific<'_>, package: &str) -> Vec<Symbols> {
    let mut symbols: Vec<Symbols> = Vec::new();
    let texts = |list: &wire::List<wire::Text<'_>>| {
        let mut names: Vec<String> = list.0.iter().map(|name| name.get().to_owned()).collect();
        names.retain(|name| !name.is_empty() && name.len() <= 500);
        names.sort();
        names.dedup();
        names
    };
    if let Some(imports) = specific.imports
        && let Ok(imports) = serde_json::from_str::<Vec<wire::Import<'_>>>(imports.get())
    {
        symbols.extend(imports.iter().map(|import| Symbols {
            path: import.path.get().to_owned(),
            names: texts(&import.symbols),
        }));
        // A part without a path is the whole package.
        if symbols.iter().any(|part| part.path.is_empty()) {
            return Vec::new();
        }
    }
    if let Some(affects) = specific.affects
        && let Ok(affects) = serde_json::from_str::<wire::Affects<'_>>(affects.get())
    {
        let names = texts(&affects.functions);
        if !names.is_empty() {
            symbols.push(Symbols {
                path: package.to_owned(),
                names,
            });
        }
    }
    symbols.sort();
    symbols.dedup();
    let count: usize = symbols.iter().map(|part| 1 + part.names.len()).sum();
    if count > SYMBOL_LIMIT {
        return Vec::new();
    }
    symbols
}

/// Turns an event into ours.
fn event(event: &wire::Event<'_>) -> Option<Event> {
    let text = |text: &wire::Text<'_>| Some(text.get().trim().to_owned()).filter(|t| !t.is_empty());
    if let Some(version) = event.introduced.as_ref().and_then(text) {
        Some(Event::Introduced(version))
    } else if let Some(version) = event.fixed.as_ref().and_then(text) {
        Some(Event::Fixed(version))
    } else {
        event
            .last_affected
            .as_ref()
            .and_then(text)
            .map(Event::LastAffected)
    }
}

/// Returns the architecture that a purl confines a statement to (`?arch=`), unless it is none.
fn arches(purl: &str) -> Vec<String> {
    let query = purl.split_once('?').map_or("", |(_, query)| query);
    query
        .split(['&', '#'])
        .filter_map(|pair| pair.strip_prefix("arch="))
        .filter(|arch| !matches!(*arch, "" | "source" | "src" | "all" | "noarch" | "any"))
        .map(str::to_owned)
        .collect()
}

/// Joins the alternatives that one record lists for one rpm package into one statement.
fn merge_builds(statements: &mut Vec<Statement>) {
    let mut first: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut kept: Vec<Statement> = Vec::with_capacity(statements.len());
    for statement in statements.drain(..) {
        let advisory = &statement.advisory;
        let plain = |a: &Advisory| {
            scheme(&a.ecosystem) == Some(Scheme::Rpm)
                && matches!(a.ranges.as_slice(), [range] if range.introduced.is_empty() && range.fixed.is_some())
        };
        if !plain(advisory) {
            kept.push(statement);
            continue;
        }
        let key = (advisory.ecosystem.clone(), advisory.package.clone());
        let Some(earlier) = first.get(&key).and_then(|index| kept.get_mut(*index)) else {
            first.insert(key, kept.len());
            kept.push(statement);
            continue;
        };
        let lower = match (earlier.advisory.ranges.first(), advisory.ranges.first()) {
            (Some(old), Some(new)) => Scheme::Rpm
                .sort_order(
                    new.fixed.as_deref().unwrap_or(""),
                    old.fixed.as_deref().unwrap_or(""),
                )
                .is_lt(),
            _ => false,
        };
        if lower {
            *earlier = statement;
        }
    }
    *statements = kept;
}

#[cfg(test)]
mod tests;
