//! Canonical's `OpenVEX`: `vex/cve/<year>/CVE-….json` of the repository `ubuntu-security-notices`, and
//! the archive of all, `vex-all.tar.xz`.
//!
//! Format: `OpenVEX` 0.2.0 (github.com/openvex/spec), with Canonical's own notes
//! (documentation.ubuntu.com/security, "Ubuntu VEX data"). It tells apart what the same tracker's OSV
//! records run together, "affected without a fix", and says what is not affected, which OSV cannot:
//!
//! | tracker | `OpenVEX` | here |
//! |---|---|---|
//! | needed, pending | `affected`, "needs fixing" | affected, no fix yet |
//! | ignored | `affected`, "decided to not fix it" | affected, won't be fixed |
//! | end of life | `affected`, "no longer supported" | affected, end of life |
//! | deferred | `under_investigation`, "deferred" | affected, fix put off |
//! | needs-triage | `under_investigation` | undecided |
//! | not-affected | `not_affected` | not affected |
//! | DNE | `not_affected`, `component_not_present` | nothing: such a package is no package of that release |
//! | released | `fixed` | nothing: the version in the product is today's, not the fix's, which OSV states |
//!
//! Source packages only: binary ones repeat them. Which pocket a package is of is in its purl
//! (`distro=jammy`, `distro=esm-apps/jammy`); pockets of other builds (FIPS, real time, …) are left
//! out. Priorities are in the OSV records.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use plimsoll_model::advisory::{Advisory, FixState, Range};
use serde::Deserialize;

use super::csaf;
use super::osv::wire::{List, Text};
use super::{About, Batch, Feed, Fetched, Record, Remote, Statement, packed, read_file, timestamp};
use crate::ids;

/// The code names of releases; those with long-term support first.
const LONG_TERM: [(&str, &str); 8] = [
    ("precise", "12.04"),
    ("trusty", "14.04"),
    ("xenial", "16.04"),
    ("bionic", "18.04"),
    ("focal", "20.04"),
    ("jammy", "22.04"),
    ("noble", "24.04"),
    ("resolute", "26.04"),
];
/// The code names of the other releases.
const INTERIM: [(&str, &str); 18] = [
    ("utopic", "14.10"),
    ("vivid", "15.04"),
    ("wily", "15.10"),
    ("yakkety", "16.10"),
    ("zesty", "17.04"),
    ("artful", "17.10"),
    ("cosmic", "18.10"),
    ("disco", "19.04"),
    ("eoan", "19.10"),
    ("groovy", "20.10"),
    ("hirsute", "21.04"),
    ("impish", "21.10"),
    ("kinetic", "22.10"),
    ("lunar", "23.04"),
    ("mantic", "23.10"),
    ("oracular", "24.10"),
    ("plucky", "25.04"),
    ("questing", "25.10"),
];

/// The feed.
pub struct UbuntuVex;

impl Feed for UbuntuVex {
    fn name(&self) -> &'static str {
        "ubuntu-vex"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "Ubuntu's VEX",
            addresses: &[
                "https://github.com/canonical/ubuntu-security-notices",
                "https://security-metadata.canonical.com/vex",
            ],
            format: "OpenVEX 0.2.0 (github.com/openvex/spec), one document per CVE",
            licence: "CC-BY-SA-4.0",
            changes: "several times a day",
            files: "`vex-all.tar.xz`, `vex/cve/<year>/CVE-….json`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        let url = "https://security-metadata.canonical.com/vex/vex-all.tar.xz";
        vec![Remote::new(url, "ubuntu/vex-all.tar.xz")]
    }

    fn rank(&self) -> u8 {
        0
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        parts.last() == Some(&"vex-all.tar.xz") || is_document(parts)
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        let mut batch = Batch::new(self.name());
        if is_document(parts) {
            add(
                parts.last().copied().unwrap_or(""),
                &read_file(path)?,
                &mut batch,
            );
            return Ok(batch);
        }
        packed::tar_xz(
            path,
            |name, bytes, batch| {
                if is_document(&name.split('/').collect::<Vec<_>>()) {
                    add(name, bytes, batch);
                }
            },
            &mut batch,
        )?;
        Ok(batch)
    }
}

/// Says whether a path is that of a CVE's document; notices have documents, too, which only repeat
/// what is fixed.
fn is_document(parts: &[&str]) -> bool {
    matches!(parts, [.., "vex", "cve", _, file]
        if file.strip_suffix(".json").is_some_and(ids::is_cve))
}

/// Is a document; its metadata stand by themselves or at the top.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, default)]
    metadata: Option<Metadata<'a>>,
    #[serde(borrow, default)]
    timestamp: Text<'a>,
    #[serde(borrow)]
    statements: List<Claim<'a>>,
}

/// Is what is said of the document.
#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    timestamp: Text<'a>,
}

/// Is a statement (`OpenVEX`, "Statements").
#[derive(Deserialize)]
struct Claim<'a> {
    #[serde(borrow)]
    vulnerability: Named<'a>,
    #[serde(borrow, default)]
    products: List<Product<'a>>,
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(borrow, default)]
    status_notes: Text<'a>,
    #[serde(borrow, default)]
    justification: Text<'a>,
    #[serde(borrow, default)]
    action_statement: Text<'a>,
}

/// Is a vulnerability's name.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
}

/// Is a product: a purl.
#[derive(Deserialize)]
struct Product<'a> {
    #[serde(rename = "@id", borrow, default)]
    id: Text<'a>,
}

/// Is what a claim says of its products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    /// Not affected.
    Clear,
    /// Not known yet.
    Undecided,
    /// Affected, and why there is no fix.
    Affected(FixState),
}

/// Reads one document.
pub fn parse(bytes: &[u8]) -> Batch {
    let mut batch = Batch::new("ubuntu-vex");
    add("document", bytes, &mut batch);
    batch
}

/// Reads one document into a batch.
fn add(name: &str, bytes: &[u8], batch: &mut Batch) {
    let document: Document<'_> = match serde_json::from_slice(bytes) {
        Ok(document) => document,
        Err(error) => return batch.damage(format!("{name}: {error}")),
    };
    batch.read += 1;
    let date = document
        .metadata
        .as_ref()
        .map_or(&document.timestamp, |metadata| &metadata.timestamp);
    let date = format!("{}Z", date.get().trim_end_matches('Z'));
    let modified = timestamp(&date).unwrap_or("");
    batch.dated(modified);
    // Where claims contradict each other, the worst counts.
    let mut stated: BTreeMap<(String, String, String), Word> = BTreeMap::new();
    for claim in &document.statements.0 {
        let cve = claim.vulnerability.name.get();
        if !ids::is_cve(cve) {
            batch.damage(format!("{name}: `{cve}` is no CVE"));
            continue;
        }
        let word = match word(claim) {
            Ok(Some(word)) => word,
            Ok(None) => continue,
            Err(status) => {
                batch.damage(format!("{name}: `{status}` is no status"));
                continue;
            }
        };
        for product in &claim.products.0 {
            if let Some((ecosystem, package)) = package(product.id.get()) {
                let key = (cve.to_owned(), ecosystem, package);
                let entry = stated.entry(key).or_insert(word);
                *entry = (*entry).max(word);
            }
        }
    }
    let mut records: BTreeMap<String, Record> = BTreeMap::new();
    for ((cve, ecosystem, package), word) in stated {
        let (ranges, fix) = match word {
            Word::Affected(fix) => (vec![Range::default()], fix),
            Word::Clear | Word::Undecided => (Vec::new(), FixState::Unknown),
        };
        let record = records.entry(cve.clone()).or_insert_with(|| Record {
            id: cve.clone(),
            vulnerabilities: vec![cve.clone()],
            modified: modified.to_owned(),
            ..Record::default()
        });
        record.statements.push(Statement {
            advisory: Advisory {
                id: cve,
                ecosystem,
                package,
                ranges,
                fix,
                undecided: word == Word::Undecided,
                ..Advisory::default()
            },
            ..Statement::default()
        });
    }
    batch.records.extend(records.into_values());
}

/// Returns what a claim says; `None` for what says nothing here, `Err` for an unknown status.
fn word<'a>(claim: &'a Claim<'_>) -> Result<Option<Word>, &'a str> {
    let says = |text: &Text<'_>, words: &str| text.get().to_ascii_lowercase().contains(words);
    let action = &claim.action_statement;
    Ok(match claim.status.get() {
        "not_affected" if claim.justification.get() == "component_not_present" => None,
        "not_affected" => Some(Word::Clear),
        "fixed" => None,
        "under_investigation" if says(&claim.status_notes, "deferred") => {
            Some(Word::Affected(FixState::Deferred))
        }
        "under_investigation" => Some(Word::Undecided),
        "affected" if says(action, "decided to not fix") => Some(Word::Affected(FixState::WontFix)),
        "affected" if says(action, "no longer supported") => {
            Some(Word::Affected(FixState::EndOfLife))
        }
        "affected" => Some(Word::Affected(FixState::NotFixed)),
        other => return Err(other),
    })
}

/// Returns the ecosystem and the name of a source package by its purl; `None` for any other.
fn package(purl: &str) -> Option<(String, String)> {
    let found = csaf::rpm(purl)?;
    if found.kind != "deb" || found.arch != "source" {
        return None;
    }
    let (pocket, codename) = match found.distro.split_once('/') {
        Some((pocket, codename)) => (Some(pocket), codename),
        None => (None, found.distro.as_str()),
    };
    let pro = match pocket {
        None => "",
        Some("esm-infra" | "esm-apps" | "esm-infra-legacy") => "Pro:",
        Some(_) => return None,
    };
    let of = |table: &[(&str, &str)]| {
        let row = table.iter().find(|(name, _)| *name == codename);
        row.map(|(_, release)| (*release).to_owned())
    };
    let release = of(&LONG_TERM)
        .map(|release| format!("{release}:LTS"))
        .or_else(|| of(&INTERIM))?;
    Some((format!("Ubuntu:{pro}{release}"), found.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shape of a real document, with one product per status.
    fn document() -> String {
        let claims = [
            (
                "affected",
                "\"action_statement\":\"The package (for the given release) is vulnerable and needs fixing.\"",
                "unbound@1.13.1-1ubuntu5?arch=source&distro=jammy",
            ),
            (
                "affected",
                "\"action_statement\":\"This package is vulnerable to the CVE, the problem is understood, but the Ubuntu Security Team decided to not fix it.\"",
                "unbound@1.9.4-2ubuntu1?arch=source&distro=focal",
            ),
            (
                "affected",
                "\"action_statement\":\"This package is no longer supported.\"",
                "unbound@1.6?arch=source&distro=bionic",
            ),
            (
                "under_investigation",
                "\"status_notes\":\"The vulnerability of this package (for the given release) is not known and needs to be evaluated.\"",
                "unbound@1.4.22-1ubuntu4.14.04.3%2Besm2?arch=source&distro=esm-infra-legacy/trusty",
            ),
            (
                "under_investigation",
                "\"status_notes\":\"The vulnerability is known but remediation is deferred.\"",
                "unbound@1.5.8-1ubuntu1.1?arch=source&distro=esm-infra%2Fxenial",
            ),
            (
                "not_affected",
                "\"justification\":\"vulnerable_code_not_present\"",
                "unbound@1.22?arch=source&distro=plucky",
            ),
            (
                "not_affected",
                "\"justification\":\"component_not_present\"",
                "unbound-none@1?arch=source&distro=plucky",
            ),
            (
                "fixed",
                "\"status_notes\":\"x\"",
                "unbound@1.19.2-1ubuntu3.5?arch=source&distro=noble",
            ),
            (
                "affected",
                "\"action_statement\":\"x\"",
                "unbound@1?arch=source&distro=fips-updates/focal",
            ),
            (
                "affected",
                "\"action_statement\":\"x\"",
                "unbound@1?arch=amd64&distro=jammy",
            ),
        ];
        let claims: Vec<String> = claims
            .iter()
            .map(|(status, note, product)| {
                format!(r#"{{"vulnerability":{{"@id":"x","name":"CVE-2025-5994"}},"timestamp":"2025-07-17","products":[{{"@id":"pkg:deb/ubuntu/{product}"}}],"status":"{status}",{note}}}"#)
            })
            .collect();
        format!(
            r#"{{"metadata":{{"@context":"https://openvex.dev/ns/v0.2.0","author":"Canonical Ltd.","timestamp":"2025-07-23T05:12:19.020044","version":3}},"statements":[{}]}}"#,
            claims.join(",")
        )
    }

    #[test]
    fn every_status_has_its_meaning() {
        let batch = parse(document().as_bytes());
        assert_eq!((batch.read, batch.damaged), (1, 0), "{:?}", batch.notes);
        assert_eq!(batch.fetched_at, "2025-07-23T05:12:19.020044Z");
        let got: Vec<String> = batch.records[0]
            .statements
            .iter()
            .map(|statement| {
                let a = &statement.advisory;
                let (open, undecided) = (!a.ranges.is_empty(), a.undecided);
                format!(
                    "{} {} {} {open} {undecided}",
                    a.ecosystem,
                    a.package,
                    a.fix.as_str()
                )
            })
            .collect();
        assert_eq!(
            got,
            [
                "Ubuntu:18.04:LTS unbound end_of_life true false",
                "Ubuntu:20.04:LTS unbound wont_fix true false",
                "Ubuntu:22.04:LTS unbound not_fixed true false",
                "Ubuntu:25.04 unbound unknown false false",
                "Ubuntu:Pro:14.04:LTS unbound unknown false true",
                "Ubuntu:Pro:16.04:LTS unbound deferred true false",
            ]
        );
    }

    #[test]
    fn damage_is_counted() {
        for text in [
            "",
            "[7]",
            r#"{"statements":[{"vulnerability":{"name":"x"},"status":"affected"}]}"#,
            r#"{"statements":[{"vulnerability":{"name":"CVE-2025-5994"},"status":"odd"}]}"#,
        ] {
            assert_eq!(parse(text.as_bytes()).damaged, 1, "{text}");
        }
        let text = document();
        for end in 0..text.len() {
            let _ = parse(text.as_bytes().get(..end).unwrap_or_default());
        }
    }

    #[test]
    fn the_archive_is_read_as_a_stream() {
        let packed = include_bytes!("../../../testdata/ubuntu/vex-all.tar.xz");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vex-all.tar.xz");
        std::fs::write(&path, packed).expect("written");
        let parts = ["ubuntu", "vex-all.tar.xz"];
        let batch = UbuntuVex.read(&path, &parts).expect("read");
        assert_eq!((batch.read, batch.damaged), (1, 0), "{:?}", batch.notes);
        assert_eq!(batch.records[0].id, "CVE-2025-5994");
        // The last bytes are but the stream's index.
        for end in (0..packed.len() - 60).step_by(packed.len() / 16) {
            std::fs::write(&path, &packed[..end]).expect("written");
            let cut = UbuntuVex.read(&path, &parts).expect("read");
            assert!(cut.damaged > 0, "cut at {end}");
        }
        for at in 0..packed.len() {
            let mut flipped = packed.to_vec();
            flipped[at] ^= 0x55;
            std::fs::write(&path, &flipped).expect("written");
            let _ = UbuntuVex.read(&path, &parts).expect("read");
        }
    }

    #[test]
    fn files_are_recognised() {
        let of = |path: &str| UbuntuVex.recognises(&path.split('/').collect::<Vec<_>>());
        assert!(of("ubuntu/vex/cve/2025/CVE-2025-5994.json"));
        assert!(!of("vex/2025/cve-2025-5994.json"));
        assert!(!of("vex/usn/USN-7666-1.json"));
        assert!(of("ubuntu/vex-all.tar.xz"));
    }
}
