//! Advisories of the Node.js security working group on npm packages, as a checkout:
//! `vuln/npm/<number>.json`.
//!
//! Format (github.com/nodejs/security-wg, "vuln/README"): ranges of npm. The collection ended in
//! 2019. Some ranges end at `99.999.99999` to mean all versions.

use std::io;
use std::path::Path;

use plimsoll_model::advisory::Advisory;
use plimsoll_model::version::Scheme;
use serde::Deserialize;

use super::{
    About, Batch, Feed, Fetched, Level, Record, Remote, Statement, expressions, read_file,
    rpm_updates, title,
};
use crate::{ids, rating};

/// The feed.
pub struct NodeSecurity;

impl Feed for NodeSecurity {
    fn name(&self) -> &'static str {
        "node-security"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "Advisories of the Node.js security working group, as a checkout",
            addresses: &["https://github.com/nodejs/security-wg"],
            format: "JSON (vuln/README of the repository)",
            licence: "MIT",
            changes: "ended in 2019",
            files: "`vuln/npm/<number>.json`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        Vec::new()
    }

    fn rank(&self) -> u8 {
        4
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        matches!(parts, [.., "vuln", "npm", file]
        if file.strip_suffix(".json").is_some_and(|stem| {
            !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit())
        }))
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        let file = parts.last().copied().unwrap_or("");
        Ok(parse(&read_file(path)?, file))
    }
}

/// Is a record.
#[derive(Deserialize)]
struct Entry {
    id: u64,
    module_name: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    publish_date: Option<String>,
    #[serde(default)]
    updated_at: Option<String>,
    #[serde(default)]
    cves: Option<Vec<String>>,
    #[serde(default)]
    vulnerable_versions: Option<String>,
    #[serde(default)]
    cvss_vector: Option<String>,
}

/// Reads a file; `file` is its name.
pub fn parse(bytes: &[u8], file: &str) -> Batch {
    let mut batch = Batch::new("node-security");
    match read(bytes) {
        Ok(record) => {
            batch.read = 1;
            batch.dated(&record.modified);
            batch.records.push(record);
        }
        Err(why) => batch.damage(format!("{file}: {why}")),
    }
    batch
}

/// Reads a record.
fn read(bytes: &[u8]) -> Result<Record, String> {
    let entry: Entry = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let name = entry.module_name.trim();
    if name.is_empty() || name.len() > 300 {
        return Err("no package".to_owned());
    }
    let id = format!("NSWG-ECO-{}", entry.id);
    let vulnerable = entry.vulnerable_versions.unwrap_or_default();
    let vulnerable = vulnerable.trim();
    let vulnerable = if vulnerable.contains("99.999") {
        "*"
    } else {
        vulnerable
    };
    let intervals = expressions::any_of(Scheme::Npm, [vulnerable])?;
    let ranges = expressions::ranges(&expressions::joined(Scheme::Npm, intervals));
    let mut cves = entry.cves.unwrap_or_default();
    cves.retain(|cve| ids::is_cve(cve));
    cves.sort();
    cves.dedup();
    let several = cves.len() > 1;
    let mut record = Record {
        level: if several {
            Level::Advisory
        } else {
            Level::Vulnerability
        },
        same: if several {
            Vec::new()
        } else {
            cves.iter().chain([&id]).cloned().collect()
        },
        vulnerabilities: if cves.is_empty() {
            vec![id.clone()]
        } else {
            cves
        },
        title: title(entry.title.as_deref().unwrap_or(""), 160),
        published: rpm_updates::date(entry.publish_date.as_deref().unwrap_or("")),
        modified: rpm_updates::date(entry.updated_at.as_deref().unwrap_or("")),
        cvss: entry
            .cvss_vector
            .and_then(|vector| rating::rate(&vector, ""))
            .into_iter()
            .collect(),
        ..Record::default()
    };
    if !ranges.is_empty() {
        record.statements.push(Statement {
            advisory: Advisory {
                id: id.clone(),
                ecosystem: "npm".to_owned(),
                package: name.to_owned(),
                fix: expressions::fix(&ranges),
                ranges,
                ..Advisory::default()
            },
            ..Statement::default()
        });
    }
    record.id = id;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_npm_are_read() {
        let batch = parse(
            br#"{"id": 154, "created_at": "2016-10-27", "updated_at": "2017-04-12", "title": "Cross Site Scripting", "module_name": "sanitize-html", "publish_date": "2017-04-11",
              "cves": [], "vulnerable_versions": "<=1.11.1", "patched_versions": ">=1.11.4", "cvss_vector": "CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:U/C:L/I:L/A:N", "cvss_score": 5.4}"#,
            "154.json",
        );
        assert_eq!((batch.read, batch.damaged), (1, 0), "{:?}", batch.notes);
        let record = &batch.records[0];
        assert_eq!(
            (record.id.as_str(), record.same.as_slice()),
            ("NSWG-ECO-154", &["NSWG-ECO-154".to_owned()][..])
        );
        assert_eq!(
            record.statements[0].advisory.ranges[0]
                .last_affected
                .as_deref(),
            Some("1.11.1")
        );
        assert!((record.cvss[0].score - 5.4).abs() < 0.01);
        assert_eq!(batch.fetched_at, "2017-04-12T00:00:00Z");
        let all = parse(br#"{"id":1,"module_name":"x","cves":["CVE-2015-0001"],"vulnerable_versions":"<=99.999.99999"}"#, "1.json");
        assert_eq!(
            all.records[0].statements[0].advisory.ranges,
            [plimsoll_model::advisory::Range::default()]
        );
        assert_eq!(all.records[0].vulnerabilities, ["CVE-2015-0001"]);
        assert_eq!(
            parse(
                br#"{"id":1,"module_name":"x","vulnerable_versions":"what"}"#,
                "1.json"
            )
            .damaged,
            1
        );
        assert_eq!(parse(b"{", "1.json").damaged, 1);
        assert!(NodeSecurity.recognises(&["vuln", "npm", "154.json"]));
        assert!(!NodeSecurity.recognises(&["vuln", "npm", "index.json"]));
    }
}
