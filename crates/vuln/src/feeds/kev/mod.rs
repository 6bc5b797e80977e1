//! CISA's catalogue of known exploited vulnerabilities: `known_exploited_vulnerabilities.json`.
//!
//! Format: the JSON schema published beside the catalogue. Only the id, the short name and the
//! date are kept; the prose is not.

use std::io;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{About, Batch, Feed, Fetched, Record, Remote, read_file, title};
use crate::ids;

/// The feed.
pub struct Kev;

impl Feed for Kev {
    fn name(&self) -> &'static str {
        "kev"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "CISA's known exploited vulnerabilities",
            addresses: &["https://www.cisa.gov"],
            format: "JSON; the schema is published beside it",
            licence: "CC0-1.0",
            changes: "on working days",
            files: "`known_exploited_vulnerabilities.json`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        let path = "sites/default/files/feeds/known_exploited_vulnerabilities.json";
        let url = format!("https://www.cisa.gov/{path}");
        vec![Remote::new(url, format!("kev/{path}"))]
    }

    fn rank(&self) -> u8 {
        5
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        parts.last() == Some(&"known_exploited_vulnerabilities.json")
    }

    fn read(&self, path: &Path, _parts: &[&str]) -> io::Result<Batch> {
        Ok(parse(&read_file(path)?))
    }
}

/// Is the file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Catalogue<'a> {
    /// When it was released.
    #[serde(default)]
    date_released: String,
    /// The entries.
    #[serde(borrow)]
    vulnerabilities: Vec<&'a RawValue>,
}

/// Is one entry.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    /// The CVE.
    #[serde(rename = "cveID")]
    cve_id: String,
    /// A short name.
    #[serde(default)]
    vulnerability_name: String,
}

/// Reads the catalogue.
pub fn parse(bytes: &[u8]) -> Batch {
    let mut batch = Batch::new("kev");
    let catalogue: Catalogue<'_> = match serde_json::from_slice(bytes) {
        Ok(catalogue) => catalogue,
        Err(error) => {
            batch.damage(format!("not a catalogue: {error}"));
            return batch;
        }
    };
    batch.dated(&catalogue.date_released);
    for raw in catalogue.vulnerabilities {
        match serde_json::from_str::<Entry>(raw.get()) {
            Ok(entry) if ids::is_cve(&entry.cve_id) => {
                batch.read += 1;
                batch.records.push(Record {
                    vulnerabilities: vec![entry.cve_id.clone()],
                    id: entry.cve_id,
                    title: title(&entry.vulnerability_name, 120),
                    known_exploited: true,
                    ..Record::default()
                });
            }
            Ok(entry) => batch.damage(format!("`{}` is no CVE id", entry.cve_id)),
            Err(error) => batch.damage(format!("an entry: {error}")),
        }
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_and_damaged_ones_counted() {
        let batch = parse(
            br#"{"title": "x", "catalogVersion": "2025.08.25", "dateReleased": "2025-08-25T17:04:19.9796Z", "count": 3,
            "vulnerabilities": [
              {"cveID": "CVE-2025-48384", "vulnerabilityName": "Git Link Following Vulnerability", "dateAdded": "2025-08-25"},
              {"cveID": 7}, {"cveID": "VU#1"}]}"#,
        );
        assert_eq!(batch.fetched_at, "2025-08-25T17:04:19.9796Z");
        assert_eq!((batch.read, batch.damaged), (1, 2));
        assert_eq!(batch.records[0].id, "CVE-2025-48384");
        assert!(batch.records[0].known_exploited);
        assert_eq!(parse(br#"{"vulnerabilities": [{"#).damaged, 1);
    }
}
