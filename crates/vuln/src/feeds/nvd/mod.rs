//! NVD 2.0: the yearly files `nvdcve-2.0-<year>.json.gz`, pages of the API
//! (`rest/json/cves/2.0/*.json`) and the mirror of fkie-cad (`CVE-<year>.json`, or
//! `CVE-<year>/CVE-<year>-<nnn>xx/CVE-….json`).
//!
//! Format: nvd.nist.gov/developers/vulnerabilities. Ratings keep who made them (`nvd@nist.gov`, or a
//! vendor's address); those of NVD itself come first. Statements are about `vendor:product` of the
//! ecosystem `CPE`: they serve programs that only a CPE can match, never packages of a package
//! manager, whose names mean other things. Rejected ids state nothing.

use std::io;
use std::path::Path;

use plimsoll_model::severity::Cvss;
use serde::Deserialize;

use super::stream::{self, Part};
use super::{About, Batch, Feed, Fetched, Record, Remote, read_file, timestamp};
use crate::{ids, rating};

mod configurations;
pub mod cpe;

/// The ecosystem of what only a CPE can match.
pub const ECOSYSTEM: &str = "CPE";

/// Where the yearly files are served.
const FILES: &str = "https://nvd.nist.gov/feeds/json/cve/2.0";
/// Where the API answers.
const API: &str = "https://services.nvd.nist.gov/rest/json/cves/2.0";
/// The first year that has a file; it holds the earlier ones too.
const FIRST_YEAR: u16 = 2002;
/// How many ratings of one vulnerability are kept.
const RATING_LIMIT: usize = 6;

/// The feed.
pub struct Nvd;

impl Feed for Nvd {
    fn name(&self) -> &'static str {
        "nvd"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "NVD: ratings, and programs that only a CPE can match",
            addresses: &[FILES, API],
            format: "JSON of the API 2.0 (nvd.nist.gov/developers/vulnerabilities)",
            licence: "public domain (NIST asks to be named)",
            changes: "every two hours",
            files: "`nvdcve-2.0-<year>.json.gz`, pages of the API below `cves/2.0/`, fkie-cad's `CVE-<year>.json`; also packed by gzip or zstd",
        }
    }

    fn plan(&self, fetched: &Fetched<'_>) -> Vec<Remote> {
        // What was modified last tells the current year, and so which yearly files there are.
        let name = "nvdcve-2.0-modified.meta";
        let index = format!("nvd/{name}");
        let mut files = vec![Remote::index(format!("{FILES}/{name}"), &index)];
        let meta = fetched(&index).unwrap_or_default();
        if let Some(year) = year(&String::from_utf8_lossy(&meta)) {
            let names = (FIRST_YEAR..=year)
                .map(|year| year.to_string())
                .chain(["modified".to_owned()]);
            files.extend(names.map(|name| {
                let name = format!("nvdcve-2.0-{name}.json.gz");
                Remote::new(format!("{FILES}/{name}"), format!("nvd/{name}"))
            }));
        }
        files
    }

    fn rank(&self) -> u8 {
        4
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        let Some((file, folders)) = parts.split_last() else {
            return false;
        };
        let Some(stem) = [".json", ".json.gz", ".json.zst", ".json.xz"]
            .iter()
            .find_map(|end| file.strip_suffix(end))
        else {
            return false;
        };
        if stem.starts_with("nvdcve-2.0-") {
            return true;
        }
        let yearly = |name: &str| {
            name.strip_prefix("CVE-").is_some_and(|year| {
                matches!(year, "Modified" | "Recent" | "all")
                    || (year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()))
            })
        };
        match folders {
            [.., "rest", "json", "cves", "2.0"] => true,
            [.., year, group] if ids::is_cve(stem) => {
                yearly(year) && group.starts_with(year) && group.ends_with("xx")
            }
            _ => yearly(stem),
        }
    }

    fn read(&self, path: &Path, _parts: &[&str]) -> io::Result<Batch> {
        Ok(parse(&read_file(path)?))
    }
}

/// Returns the year of the newest change that the description of a file states
/// (`lastModifiedDate:2026-08-22T…`).
fn year(meta: &str) -> Option<u16> {
    let date = meta
        .lines()
        .find_map(|line| line.strip_prefix("lastModifiedDate:"))?;
    let year = date.trim().get(..4)?.parse().ok()?;
    (FIRST_YEAR..=2100).contains(&year).then_some(year)
}

/// Is a vulnerability, and what holds it in NVD's own files.
#[derive(Deserialize)]
struct Wrapped {
    cve: Cve,
}

/// Is a vulnerability.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cve {
    id: String,
    #[serde(default)]
    published: String,
    #[serde(default)]
    last_modified: String,
    #[serde(default)]
    vuln_status: String,
    #[serde(default)]
    metrics: Metrics,
    #[serde(default)]
    configurations: Vec<configurations::Configuration>,
}

/// Is the ratings.
#[derive(Deserialize, Default)]
struct Metrics {
    #[serde(default, rename = "cvssMetricV40")]
    v40: Vec<Metric>,
    #[serde(default, rename = "cvssMetricV31")]
    v31: Vec<Metric>,
    #[serde(default, rename = "cvssMetricV30")]
    v30: Vec<Metric>,
    #[serde(default, rename = "cvssMetricV2")]
    v2: Vec<Metric>,
}

/// Is a rating.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    #[serde(default)]
    source: String,
    #[serde(default, rename = "type")]
    kind: String,
    cvss_data: CvssData,
}

/// Is what is rated.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CvssData {
    #[serde(default)]
    vector_string: String,
}

/// Reads a file: a page or a year of vulnerabilities, or one of them.
pub fn parse(bytes: &[u8]) -> Batch {
    let mut batch = Batch::new("nvd");
    let reader = match stream::unpacked(bytes) {
        Ok(reader) => reader,
        Err(why) => {
            batch.damage(why);
            return batch;
        }
    };
    let lists = ["vulnerabilities", "cve_items"];
    let single = [
        "timestamp",
        "id",
        "published",
        "lastModified",
        "vulnStatus",
        "metrics",
        "configurations",
    ];
    let mut one: Vec<String> = Vec::new();
    let whole = stream::parts(reader, &lists, &single, &mut |part| match part {
        Part::Field("timestamp", raw) => {
            let date: String = serde_json::from_str(raw.get()).unwrap_or_default();
            batch.dated(&utc(&date));
        }
        // A file of one vulnerability has its fields at the top.
        Part::Field(key, raw) => one.push(format!("\"{key}\":{}", raw.get())),
        Part::Element(raw) => add(raw.get(), &mut batch),
    });
    if one.iter().any(|field| field.starts_with("\"id\"")) {
        add(&format!("{{{}}}", one.join(",")), &mut batch);
    }
    if let Err(error) = whole {
        batch.damage(format!("breaks off: {error}"));
    }
    batch
}

/// Adds one vulnerability.
fn add(text: &str, batch: &mut Batch) {
    let cve = match serde_json::from_str::<Wrapped>(text) {
        Ok(wrapped) => Ok(wrapped.cve),
        Err(wrapped) => serde_json::from_str::<Cve>(text).map_err(|bare| {
            // What it is not says nothing; what is wrong in it does.
            if text.contains("\"cve\"") {
                wrapped
            } else {
                bare
            }
        }),
    };
    match cve {
        Ok(cve) if ids::is_cve(&cve.id) => {
            batch.read += 1;
            let record = record(&cve);
            batch.dated(&record.modified);
            batch.records.push(record);
        }
        Ok(cve) => batch.damage(format!("`{}` is no CVE id", cve.id)),
        Err(error) => batch.damage(format!("a vulnerability: {error}")),
    }
}

/// Makes the record of a vulnerability.
fn record(cve: &Cve) -> Record {
    let mut record = Record {
        id: cve.id.clone(),
        vulnerabilities: vec![cve.id.clone()],
        modified: utc(&cve.last_modified),
        withdrawn: cve.vuln_status.eq_ignore_ascii_case("Rejected"),
        ..Record::default()
    };
    if record.withdrawn {
        return record;
    }
    record.published = utc(&cve.published);
    record.urls = vec![format!("https://nvd.nist.gov/vuln/detail/{}", cve.id)];
    record.cvss = ratings(&cve.metrics);
    record.statements = configurations::statements(&cve.id, &cve.configurations);
    record
}

/// Returns the ratings, the newest scale first and on each scale NVD's own before others'.
fn ratings(metrics: &Metrics) -> Vec<Cvss> {
    let mut found: Vec<Cvss> = Vec::new();
    for scale in [&metrics.v40, &metrics.v31, &metrics.v30, &metrics.v2] {
        let mut scale: Vec<&Metric> = scale.iter().collect();
        scale.sort_by_key(|metric| (metric.source != "nvd@nist.gov", metric.kind != "Primary"));
        for metric in scale {
            let source: String = metric.source.chars().take(100).collect();
            if let Some(rated) = rating::rate(&metric.cvss_data.vector_string, &source)
                && !found.iter().any(|old| old.vector == rated.vector)
                && found.len() < RATING_LIMIT
            {
                found.push(rated);
            }
        }
    }
    found
}

/// Returns a date, which NVD writes without its zone, as RFC 3339 in UTC; nothing if it is none.
fn utc(date: &str) -> String {
    let date = if date.ends_with('Z') {
        date.to_owned()
    } else {
        format!("{date}Z")
    };
    timestamp(&date).unwrap_or("").to_owned()
}

#[cfg(test)]
mod tests;
