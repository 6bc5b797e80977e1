//! Photon OS: `cve_data_photon<release>.json`.
//!
//! Format: a list of objects with the id, the source package, a score, and two texts about versions
//! (github.com/vmware/photon/wiki, "Photon OS CVE metadata"): `res_ver` is the version that resolves
//! it, or `NA`; `status` is `Fixed` or `Not Affected`. One that is fixed without a version says
//! nothing that can be compared, and counts as undecided.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use plimsoll_model::advisory::{Advisory, FixState, Range};
use plimsoll_model::severity::Severity;
use serde::Deserialize;

use super::stream::{self, Part};
use super::{About, Batch, Feed, Fetched, Record, Remote, Statement, read_file};
use crate::ids;

/// Where the files are served.
const ADDRESS: &str = "https://packages.broadcom.com/photon/photon_cve_metadata";

/// The feed.
pub struct Photon;

impl Feed for Photon {
    fn name(&self) -> &'static str {
        "photon"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "Photon OS",
            addresses: &[ADDRESS],
            format: "JSON by CVE and package (github.com/vmware/photon/wiki)",
            licence: "CC-BY-SA-4.0",
            changes: "daily",
            files: "`cve_data_photon<release>.json`",
        }
    }

    fn plan(&self, fetched: &Fetched<'_>) -> Vec<Remote> {
        let index = "photon/photon_versions.json";
        let mut files = vec![Remote::index(
            format!("{ADDRESS}/photon_versions.json"),
            index,
        )];
        let versions: Versions =
            serde_json::from_slice(&fetched(index).unwrap_or_default()).unwrap_or_default();
        for release in versions.branches {
            let name = format!("cve_data_photon{release}.json");
            if self::release(&name).is_some() {
                let url = format!("{ADDRESS}/{name}");
                files.push(Remote::new(url, format!("photon/{name}")));
            }
        }
        files
    }

    fn rank(&self) -> u8 {
        0
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        parts.last().and_then(|file| release(file)).is_some()
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        let file = parts.last().copied().unwrap_or("");
        Ok(parse(&read_file(path)?, file))
    }
}

/// Returns the release that a file is about.
fn release(file: &str) -> Option<&str> {
    let release = file
        .strip_prefix("cve_data_photon")?
        .strip_suffix(".json")?;
    let fits = release.starts_with(|c: char| c.is_ascii_digit())
        && (release.bytes()).all(|byte| byte.is_ascii_digit() || byte == b'.');
    fits.then_some(release)
}

/// Is the list of releases.
#[derive(Deserialize, Default)]
struct Versions {
    #[serde(default)]
    branches: Vec<String>,
}

/// Is one entry.
#[derive(Deserialize)]
struct Entry {
    cve_id: String,
    pkg: String,
    #[serde(default)]
    cve_score: Option<f64>,
    #[serde(default)]
    aff_ver: Option<String>,
    #[serde(default)]
    res_ver: Option<String>,
    #[serde(default)]
    status: Option<String>,
}

/// Reads a file; `file` is its name, which says the release.
pub fn parse(bytes: &[u8], file: &str) -> Batch {
    let mut batch = Batch::new("photon");
    let ecosystem = format!("Photon OS:{}", release(file).unwrap_or(""));
    let mut records: BTreeMap<String, Record> = BTreeMap::new();
    let whole = stream::parts(bytes, &[], &[], &mut |part| {
        let Part::Element(raw) = part else { return };
        let entry: Entry = match serde_json::from_str(raw.get()) {
            Ok(entry) => entry,
            Err(error) => return batch.damage(format!("an entry: {error}")),
        };
        batch.read += 1;
        let id = entry.cve_id.trim();
        let package = entry.pkg.trim();
        // `UNK-…` is upstream's number for what has none.
        if id.starts_with("UNK-") {
            return;
        }
        if !ids::plausible(id) || package.is_empty() || package.len() > 300 {
            return batch.damage(format!("`{id}` in `{package}`: no id or no package"));
        }
        let record = records.entry(id.to_owned()).or_insert_with(|| Record {
            id: id.to_owned(),
            vulnerabilities: vec![id.to_owned()],
            ..Record::default()
        });
        let mut advisory = Advisory {
            id: id.to_owned(),
            ecosystem: ecosystem.clone(),
            package: package.to_owned(),
            severity: (entry.cve_score)
                .filter(|score| *score > 0.0 && *score <= 10.0)
                .map(Severity::from_score),
            ..Advisory::default()
        };
        state(&entry, &mut advisory);
        record.statements.push(Statement {
            advisory,
            ..Statement::default()
        });
    });
    if let Err(error) = whole {
        batch.damage(format!("breaks off: {error}"));
    }
    batch.records = records.into_values().collect();
    batch
}

/// Fills in what an entry says about versions.
fn state(entry: &Entry, advisory: &mut Advisory) {
    let text = |text: &Option<String>| text.as_deref().unwrap_or("").trim().to_ascii_lowercase();
    let (status, affected) = (text(&entry.status), text(&entry.aff_ver));
    let resolved = entry.res_ver.as_deref().unwrap_or("").trim();
    if status == "not affected" || affected == "not affected" {
        return;
    }
    let version = resolved.starts_with(|c: char| c.is_ascii_digit()) && resolved.len() <= 300;
    if version {
        advisory.ranges.push(Range {
            fixed: Some(resolved.to_owned()),
            ..Range::default()
        });
        advisory.fix = FixState::Fixed;
    } else if status != "fixed" && affected.contains("vulnerable") && !affected.contains("before") {
        advisory.ranges.push(Range::default());
        advisory.fix = FixState::NotFixed;
    } else {
        advisory.undecided = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_means_what_it_says() {
        let batch = parse(
            br#"[{"cve_id":"CVE-2023-38546","pkg":"curl","cve_score":3.7,"aff_ver":"all versions before 7.88.1-4.ph4 are vulnerable","res_ver":"7.88.1-4.ph4","status":"Fixed"},
             {"cve_id":"CVE-2023-38546","pkg":"curl-libs","cve_score":3.7,"aff_ver":"all versions before 7.88.1-4.ph4 are vulnerable","res_ver":"7.88.1-4.ph4"},
             {"cve_id":"CVE-2023-44487","pkg":"httpd","cve_score":7.5,"aff_ver":"","res_ver":"NA","status":"Not Affected"},
             {"cve_id":"CVE-2023-50447","pkg":"python3","cve_score":null,"aff_ver":"NA","res_ver":"NA","status":"Fixed"},
             {"cve_id":"CVE-2023-50448","pkg":"python3","aff_ver":"all versions are vulnerable","res_ver":"NA"},
             {"cve_id":"BDSA-2025-0719","pkg":"krb5-devel","cve_score":7.5,"res_ver":"1.17-15.ph4","status":"Fixed"},
             {"cve_id":"UNK-1","pkg":"curl-libs","status":"Not Affected"}, {"cve_id":7}, {"cve_id":"","pkg":"x"}"#,
            "cve_data_photon4.0.json",
        );
        assert_eq!((batch.read, batch.damaged), (8, 3), "{:?}", batch.notes);
        let shown: Vec<String> = (batch.records.iter())
            .flat_map(|record| record.statements.iter().map(|one| &one.advisory))
            .map(|one| {
                let fixed = one
                    .ranges
                    .first()
                    .map(|range| range.fixed.as_deref().unwrap_or("none"));
                format!(
                    "{} {} {:?} {} {}",
                    one.id,
                    one.package,
                    fixed,
                    one.fix.as_str(),
                    one.undecided
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "BDSA-2025-0719 krb5-devel Some(\"1.17-15.ph4\") fixed false",
                "CVE-2023-38546 curl Some(\"7.88.1-4.ph4\") fixed false",
                "CVE-2023-38546 curl-libs Some(\"7.88.1-4.ph4\") fixed false",
                "CVE-2023-44487 httpd None unknown false",
                "CVE-2023-50447 python3 None unknown true",
                "CVE-2023-50448 python3 Some(\"none\") not_fixed false",
            ]
        );
        assert_eq!(
            batch.records[1].statements[0].advisory.ecosystem,
            "Photon OS:4.0"
        );
        assert_eq!(
            batch.records[1].statements[0].advisory.severity,
            Some(Severity::Low)
        );
    }

    #[test]
    fn releases_are_planned() {
        let plan = Photon.plan(&|_| Some(br#"{"branches":["4.0","5.0","../x"]}"#.to_vec()));
        assert_eq!(plan.len(), 3);
        assert!(Photon.recognises(&["photon", "cve_data_photon5.0.json"]));
        assert!(!Photon.recognises(&["cve_data_photon_x.json"]));
    }
}
