//! Arch Linux' security tracker: `issues/all.json`.
//!
//! Format: a list of groups (`AVG-…`), each about vulnerabilities of the same packages with one
//! status (wiki.archlinux.org, "Arch Security Team"). What is affected lies before the fixed version;
//! `affected` is only the version at which the group was filed.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use plimsoll_model::advisory::{Advisory, FixState, Range};
use plimsoll_model::severity::Severity;
use serde::Deserialize;

use super::stream::{self, Part};
use super::{About, Batch, Feed, Fetched, Record, Remote, Statement, read_file};
use crate::ids;

/// Where the tracker is served.
const ADDRESS: &str = "https://security.archlinux.org";
/// The ecosystem. OSV has none for Arch Linux.
pub const ECOSYSTEM: &str = "Arch Linux";

/// The feed.
pub struct Arch;

impl Feed for Arch {
    fn name(&self) -> &'static str {
        "arch"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "Arch Linux' security tracker",
            addresses: &[ADDRESS],
            format: "JSON by group of vulnerabilities (wiki.archlinux.org, \"Arch Security Team\")",
            licence: "none stated; facts of the tracker",
            changes: "several times a week",
            files: "`issues/all.json`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        let path = "issues/all.json";
        vec![Remote::new(
            format!("{ADDRESS}/{path}"),
            format!("arch/{path}"),
        )]
    }

    fn rank(&self) -> u8 {
        0
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        matches!(parts, [.., "issues", "all.json"])
    }

    fn read(&self, path: &Path, _parts: &[&str]) -> io::Result<Batch> {
        Ok(parse(&read_file(path)?))
    }
}

/// Is a group.
#[derive(Deserialize)]
struct Group {
    name: String,
    packages: Vec<String>,
    status: String,
    #[serde(default)]
    severity: Option<String>,
    #[serde(default)]
    fixed: Option<String>,
    #[serde(default)]
    issues: Vec<String>,
    #[serde(default)]
    advisories: Vec<String>,
}

/// Reads the tracker.
pub fn parse(bytes: &[u8]) -> Batch {
    let mut batch = Batch::new("arch");
    let mut records: BTreeMap<String, Record> = BTreeMap::new();
    let whole = stream::parts(bytes, &[], &[], &mut |part| {
        let Part::Element(raw) = part else { return };
        match serde_json::from_str::<Group>(raw.get()) {
            Ok(group) => {
                batch.read += 1;
                if let Err(why) = add(&group, &mut records) {
                    batch.damage(format!("{}: {why}", group.name));
                }
            }
            Err(error) => batch.damage(format!("a group: {error}")),
        }
    });
    if let Err(error) = whole {
        batch.damage(format!("breaks off: {error}"));
    }
    batch.records = records.into_values().collect();
    batch
}

/// Adds what a group says to the records of its vulnerabilities.
fn add(group: &Group, records: &mut BTreeMap<String, Record>) -> Result<(), String> {
    let mut advisory = Advisory {
        ecosystem: ECOSYSTEM.to_owned(),
        severity: group.severity.as_deref().and_then(Severity::from_name),
        ..Advisory::default()
    };
    let fixed = group
        .fixed
        .as_deref()
        .map(str::trim)
        .filter(|fixed| !fixed.is_empty());
    match group.status.as_str() {
        "Not affected" => {}
        "Unknown" => advisory.undecided = true,
        "Fixed" | "Testing" | "Vulnerable" => {
            advisory.fix = if fixed.is_some() {
                FixState::Fixed
            } else {
                FixState::NotFixed
            };
            advisory.ranges.push(Range {
                fixed: fixed.map(str::to_owned),
                ..Range::default()
            });
        }
        other => return Err(format!("the status `{other}` is not known")),
    }
    let also: Vec<String> = std::iter::once(&group.name)
        .chain(&group.advisories)
        .filter(|name| ids::plausible(name))
        .cloned()
        .collect();
    for issue in group.issues.iter().filter(|issue| ids::plausible(issue)) {
        let record = records.entry(issue.clone()).or_insert_with(|| Record {
            id: issue.clone(),
            vulnerabilities: vec![issue.clone()],
            urls: vec![format!("{ADDRESS}/{issue}")],
            ..Record::default()
        });
        for package in &group.packages {
            record.statements.push(Statement {
                advisory: Advisory {
                    id: issue.clone(),
                    package: package.clone(),
                    ..advisory.clone()
                },
                also: also.clone(),
                ..Statement::default()
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_means_what_it_says() {
        let batch = parse(
            br#"[{"name":"AVG-1","packages":["lib32-gdk-pixbuf2"],"status":"Fixed","severity":"Critical","type":"arbitrary code execution","affected":"2.34.0-1","fixed":"2.36.0+2+ga7c869a-1","ticket":null,"issues":["CVE-2016-6352"],"advisories":["ASA-201611-12"]},
             {"name":"AVG-5","packages":["libtiff","lib32-libtiff"],"status":"Vulnerable","severity":"Medium","affected":"4.0.8-1","fixed":null,"ticket":"54842","issues":["CVE-2016-10095","CVE-2015-7554"],"advisories":[]},
             {"name":"AVG-6","packages":["a"],"status":"Not affected","severity":"Low","affected":"1-1","issues":["CVE-2015-7554"]},
             {"name":"AVG-7","packages":["b"],"status":"Unknown","issues":["CVE-2015-7554"]},
             {"name":"AVG-8","packages":["b"],"status":"Odd","issues":["CVE-2015-7554"]}, {"name":7}]"#,
        );
        assert_eq!((batch.read, batch.damaged), (5, 2), "{:?}", batch.notes);
        let shown: Vec<String> = (batch.records.iter())
            .flat_map(|record| record.statements.iter())
            .map(|one| {
                let advisory = &one.advisory;
                format!(
                    "{} {} {} {} {} {}",
                    advisory.id,
                    advisory.package,
                    advisory.ranges.len(),
                    advisory.fix.as_str(),
                    advisory.undecided,
                    one.also.join(",")
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "CVE-2015-7554 libtiff 1 not_fixed false AVG-5",
                "CVE-2015-7554 lib32-libtiff 1 not_fixed false AVG-5",
                "CVE-2015-7554 a 0 unknown false AVG-6",
                "CVE-2015-7554 b 0 unknown true AVG-7",
                "CVE-2016-10095 libtiff 1 not_fixed false AVG-5",
                "CVE-2016-10095 lib32-libtiff 1 not_fixed false AVG-5",
                "CVE-2016-6352 lib32-gdk-pixbuf2 1 fixed false AVG-1,ASA-201611-12",
            ]
        );
        assert_eq!(parse(b"[{").damaged, 1);
    }
}
