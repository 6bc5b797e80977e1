//! Azure Linux and CBL-Mariner: `azurelinux-3.0-oval.xml`, `cbl-mariner-2.0-oval.xml`.
//!
//! Format: OVAL 5.11 (oval.mitre.org) as the project writes it: one definition per vulnerability and
//! source package, whose criterion names a test, which joins an object (the package's name) and a
//! state (`less than 0:3.4.0-1.azl3`). Several criteria under AND bound one range from both sides.
//! `less than or equal` means that the newest build is affected: nothing fixes it yet. Definitions
//! that are not applicable state nothing.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use plimsoll_model::advisory::{Advisory, FixState, Range};
use plimsoll_model::severity::Severity;

use super::xml::{self, Node};
use super::{
    About, Batch, Feed, Fetched, Record, Remote, Statement, read_file, rpm_updates, stream,
};
use crate::ids;

/// Where the files are served.
const ADDRESS: &str =
    "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main";
/// The files.
const FILES: [&str; 3] = [
    "azurelinux-3.0-oval.xml",
    "cbl-mariner-1.0-oval.xml",
    "cbl-mariner-2.0-oval.xml",
];
/// How many criteria of a definition are read.
const CRITERIA_LIMIT: usize = 1000;

/// The feed.
pub struct Azure;

impl Feed for Azure {
    fn name(&self) -> &'static str {
        "azure"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "Azure Linux and CBL-Mariner",
            addresses: &[ADDRESS],
            format: "OVAL 5.11 (oval.mitre.org)",
            licence: "MIT",
            changes: "daily",
            files: "`azurelinux-<release>-oval.xml`, `cbl-mariner-<release>-oval.xml`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        (FILES.iter())
            .map(|file| Remote::new(format!("{ADDRESS}/{file}"), format!("azure/{file}")))
            .collect()
    }

    fn rank(&self) -> u8 {
        0
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        parts.last().and_then(|file| ecosystem(file)).is_some()
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        let file = parts.last().copied().unwrap_or("");
        Ok(parse(&read_file(path)?, file))
    }
}

/// Returns the ecosystem that a file is about. CBL-Mariner is what the first two releases of Azure
/// Linux were called.
fn ecosystem(file: &str) -> Option<String> {
    let rest = (file.strip_prefix("azurelinux-")).or_else(|| file.strip_prefix("cbl-mariner-"))?;
    let release = rest.strip_suffix("-oval.xml")?;
    let (major, minor) = release.split_once('.')?;
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (number(major) && number(minor)).then(|| format!("Azure Linux:{major}"))
}

/// Is a definition, until its tests are known.
struct Definition {
    cve: String,
    severity: Option<Severity>,
    published: String,
    patchable: bool,
    /// The tests, in groups of which one is enough.
    tests: Vec<Vec<String>>,
}

/// Is a bound: an operation and a version.
struct Bound {
    operation: String,
    version: String,
}

/// Reads a file; `file` is its name, which says the release.
pub fn parse(bytes: &[u8], file: &str) -> Batch {
    let mut batch = Batch::new("azure");
    let ecosystem = ecosystem(file).unwrap_or_else(|| "Azure Linux".to_owned());
    let reader = match stream::unpacked(bytes) {
        Ok(reader) => reader,
        Err(why) => {
            batch.damage(why);
            return batch;
        }
    };
    let mut definitions = Vec::new();
    let mut tests: HashMap<String, (String, String)> = HashMap::new();
    let mut names: HashMap<String, String> = HashMap::new();
    let mut bounds: HashMap<String, Bound> = HashMap::new();
    let wanted = [
        "timestamp",
        "definition",
        "rpminfo_test",
        "rpminfo_object",
        "rpminfo_state",
    ];
    let whole = xml::elements(reader, &wanted, &["description"], &mut |node| {
        let id = node.attribute("id").to_owned();
        match node.name.as_str() {
            "timestamp" => batch.dated(&whole_seconds(node.text())),
            "definition" => {
                batch.read += 1;
                match definition(&node) {
                    Ok(Some(definition)) => definitions.push(definition),
                    Ok(None) => {}
                    Err(why) => batch.damage(format!("{id}: {why}")),
                }
            }
            "rpminfo_test" => {
                let reference = |child: &str, key: &str| {
                    node.child(child)
                        .map_or("", |child| child.attribute(key))
                        .to_owned()
                };
                tests.insert(
                    id,
                    (
                        reference("object", "object_ref"),
                        reference("state", "state_ref"),
                    ),
                );
            }
            "rpminfo_object" => {
                names.insert(id, node.text_of("name").to_owned());
            }
            _ => {
                if let Some(evr) = node.child("evr") {
                    let bound = Bound {
                        operation: evr.attribute("operation").to_owned(),
                        version: evr.text().to_owned(),
                    };
                    bounds.insert(id, bound);
                }
            }
        }
    });
    if let Err(error) = whole {
        batch.damage(error);
    }
    let mut records: BTreeMap<String, Record> = BTreeMap::new();
    for definition in definitions {
        let resolved: Option<Vec<(String, Range)>> = (definition.tests.iter())
            .map(|group| range(group, &tests, &names, &bounds))
            .collect();
        let Some(resolved) = resolved.filter(|found| !found.is_empty()) else {
            batch.damage(format!(
                "{}: a criterion that cannot be read",
                definition.cve
            ));
            continue;
        };
        let record = records
            .entry(definition.cve.clone())
            .or_insert_with(|| Record {
                id: definition.cve.clone(),
                vulnerabilities: vec![definition.cve.clone()],
                ..Record::default()
            });
        for (package, range) in resolved {
            let fix = match (&range.fixed, definition.patchable) {
                (Some(_), _) => FixState::Fixed,
                (None, false) => FixState::NotFixed,
                (None, true) => FixState::Unknown,
            };
            record.statements.push(Statement {
                advisory: Advisory {
                    id: definition.cve.clone(),
                    ecosystem: ecosystem.clone(),
                    package,
                    ranges: vec![range],
                    fix,
                    severity: definition.severity,
                    ..Advisory::default()
                },
                ..Statement::default()
            });
        }
        let published = definition.published;
        if !published.is_empty() && (record.modified.is_empty() || record.modified < published) {
            record.modified = published;
        }
    }
    batch.records = records.into_values().collect();
    batch
}

/// Cuts a date with parts of a second short: the generator writes nine digits of them.
fn whole_seconds(date: &str) -> String {
    match date.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => date.to_owned(),
    }
}

/// Reads a definition; `None` for one that is not applicable.
fn definition(node: &Node) -> Result<Option<Definition>, String> {
    let metadata = node.child("metadata").ok_or("no metadata")?;
    let patchable = metadata.text_of("patchable");
    if patchable.eq_ignore_ascii_case("Not Applicable") {
        return Ok(None);
    }
    let references = metadata
        .all("reference")
        .map(|node| node.attribute("ref_id"));
    let cve = references
        .chain([metadata.text_of("title")])
        .find_map(|text| ids::cves_in(text).into_iter().next())
        .ok_or("no CVE")?;
    let criteria = node.child("criteria").ok_or("no criteria")?;
    let mut tests: Vec<Vec<String>> = Vec::new();
    for group in criteria.walk().filter(|node| node.name == "criteria") {
        if group.attribute("negate") == "true" {
            return Err("a negated criterion".to_owned());
        }
        let own = group.all("criterion").take(CRITERIA_LIMIT);
        let own: Vec<String> = own
            .map(|one| one.attribute("test_ref").to_owned())
            .collect();
        if group.attribute("operator").eq_ignore_ascii_case("OR") {
            tests.extend(own.into_iter().map(|test| vec![test]));
        } else if !own.is_empty() {
            tests.push(own);
        }
    }
    Ok(Some(Definition {
        cve,
        severity: Severity::from_name(metadata.text_of("severity")),
        published: rpm_updates::date(metadata.text_of("advisory_date")),
        patchable: patchable.eq_ignore_ascii_case("true"),
        tests,
    }))
}

/// Makes the range of the tests that hold together; `None` where one of them is not of the known
/// kind or they are about several packages.
fn range(
    group: &[String],
    tests: &HashMap<String, (String, String)>,
    names: &HashMap<String, String>,
    bounds: &HashMap<String, Bound>,
) -> Option<(String, Range)> {
    let mut range = Range::default();
    let mut package: Option<&str> = None;
    for test in group {
        let (object, state) = tests.get(test)?;
        let name = names.get(object)?.as_str();
        if name.is_empty() || name.len() > 300 || package.is_some_and(|other| other != name) {
            return None;
        }
        package = Some(name);
        let bound = bounds.get(state)?;
        let version = bound.version.strip_prefix("0:").unwrap_or(&bound.version);
        if version.is_empty() || version.len() > 300 {
            return None;
        }
        let version = version.to_owned();
        match bound.operation.as_str() {
            "less than" => range.fixed = Some(version),
            "less than or equal" => range.last_affected = Some(version),
            "greater than" => {
                range.introduced = version;
                range.exclusive = true;
            }
            "greater than or equal" => range.introduced = version,
            "equals" => {
                range.introduced.clone_from(&version);
                range.last_affected = Some(version);
            }
            _ => return None,
        }
    }
    if range.fixed.is_some() {
        range.last_affected = None;
    }
    Some((package?.to_owned(), range))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Facts of `azurelinux-3.0-oval.xml`; the second and third definition follow what
    /// `cbl-mariner-2.0-oval.xml` holds.
    const OVAL: &str = r#"<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5" xmlns:oval="http://oval.mitre.org/XMLSchema/oval-common-5" xmlns:linux-def="http://oval.mitre.org/XMLSchema/oval-definitions-5#linux">
 <generator><oval:product_name>Azure Linux OVAL Definition Generator</oval:product_name><oval:timestamp>2024-05-08T12:04:07.046098262Z</oval:timestamp></generator>
 <definitions>
  <definition class="vulnerability" id="oval:com.microsoft.azurelinux:def:39708" version="1"><metadata>
    <title>CVE-2024-24258 affecting package freeglut for versions less than 3.4.0-1</title>
    <reference ref_id="CVE-2024-24258" ref_url="https://nvd.nist.gov/vuln/detail/CVE-2024-24258" source="CVE"/>
    <patchable>true</patchable><advisory_date>2024-04-17T22:02:46Z</advisory_date><severity>High</severity><description>x</description></metadata>
   <criteria operator="AND"><criterion comment="Package freeglut is earlier than 3.4.0-1" test_ref="t:1"/></criteria></definition>
  <definition class="vulnerability" id="d:2"><metadata><title>CVE-2020-0001 affecting package ceph 18.2.1-1</title><reference ref_id="CVE-2020-0001"/><patchable>false</patchable><severity>Critical</severity></metadata>
   <criteria operator="AND"><criterion test_ref="t:2"/><criterion test_ref="t:3"/></criteria></definition>
  <definition class="vulnerability" id="d:3"><metadata><title>CVE-2020-0002</title><patchable>Not Applicable</patchable></metadata><criteria operator="AND"/></definition>
  <definition class="vulnerability" id="d:4"><metadata><title>CVE-2020-0003</title><patchable>true</patchable></metadata><criteria operator="AND"><criterion test_ref="t:9"/></criteria></definition>
 </definitions>
 <tests>
  <linux-def:rpminfo_test id="t:1"><linux-def:object object_ref="o:1"/><linux-def:state state_ref="s:1"/></linux-def:rpminfo_test>
  <linux-def:rpminfo_test id="t:2"><linux-def:object object_ref="o:2"/><linux-def:state state_ref="s:2"/></linux-def:rpminfo_test>
  <linux-def:rpminfo_test id="t:3"><linux-def:object object_ref="o:2"/><linux-def:state state_ref="s:3"/></linux-def:rpminfo_test>
 </tests>
 <objects><linux-def:rpminfo_object id="o:1"><linux-def:name>freeglut</linux-def:name></linux-def:rpminfo_object><linux-def:rpminfo_object id="o:2"><linux-def:name>ceph</linux-def:name></linux-def:rpminfo_object></objects>
 <states>
  <linux-def:rpminfo_state id="s:1"><linux-def:evr datatype="evr_string" operation="less than">0:3.4.0-1.azl3</linux-def:evr></linux-def:rpminfo_state>
  <linux-def:rpminfo_state id="s:2"><linux-def:evr datatype="evr_string" operation="less than or equal">0:18.2.1-1.azl3</linux-def:evr></linux-def:rpminfo_state>
  <linux-def:rpminfo_state id="s:3"><linux-def:evr datatype="evr_string" operation="greater than">0:17.0.0-1.azl3</linux-def:evr></linux-def:rpminfo_state>
 </states></oval_definitions>"#;

    #[test]
    fn definitions_are_joined_with_their_tests() {
        let batch = parse(OVAL.as_bytes(), "azurelinux-3.0-oval.xml");
        assert_eq!((batch.read, batch.damaged), (4, 1), "{:?}", batch.notes);
        assert_eq!(batch.fetched_at, "2024-05-08T12:04:07Z");
        let [ceph, freeglut] = batch.records.as_slice() else {
            panic!("two records")
        };
        let stated = &freeglut.statements[0].advisory;
        assert_eq!(
            (stated.ecosystem.as_str(), stated.package.as_str()),
            ("Azure Linux:3", "freeglut")
        );
        assert_eq!(stated.ranges[0].fixed.as_deref(), Some("3.4.0-1.azl3"));
        assert_eq!(
            (stated.fix, stated.severity),
            (FixState::Fixed, Some(Severity::High))
        );
        assert_eq!(freeglut.modified, "2024-04-17T22:02:46Z");
        let stated = &ceph.statements[0].advisory;
        assert_eq!(
            stated.ranges,
            [Range {
                introduced: "17.0.0-1.azl3".into(),
                exclusive: true,
                fixed: None,
                last_affected: Some("18.2.1-1.azl3".into()),
            }]
        );
        assert_eq!(stated.fix, FixState::NotFixed);
        for end in (0..OVAL.len() - 1).step_by(17) {
            assert!(parse(&OVAL.as_bytes()[..end], "azurelinux-3.0-oval.xml").damaged > 0);
        }
    }

    #[test]
    fn files_say_the_release() {
        assert_eq!(
            ecosystem("cbl-mariner-2.0-oval.xml").as_deref(),
            Some("Azure Linux:2")
        );
        for file in [
            "cbl-mariner-2.0-preview-oval.xml",
            "azurelinux-oval.xml",
            "oval.xml",
        ] {
            assert_eq!(ecosystem(file), None, "{file}");
        }
    }
}
