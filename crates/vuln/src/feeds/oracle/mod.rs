//! Oracle Linux: updates (ELSA) as OVAL, `com.oracle.elsa-all.xml.bz2` and its parts per release or
//! year.
//!
//! Format: OVAL 5, class `patch`. What is Oracle's own, from the definitions themselves:
//!
//! - Criteria are "Oracle Linux 8 is installed", then per architecture ("Oracle Linux arch is
//!   `x86_64`") any of: "openssl is earlier than 1:1.1.1k-9.el8", "openssl is signed with …", and
//!   where it applies "openssl is ksplice-based", "Module nodejs:18 is enabled".
//! - One definition may name a package in several versions. On one architecture those are
//!   alternatives (two rebuilds of the same fix), so the lowest counts; between architectures each
//!   has its own.
//! - Builds with `.ksplice1.` and `_fips` in their release are lines of their own: such versions are
//!   kept beside the plain one, and the matcher compares with the like only.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use plimsoll_model::advisory::{Advisory, FixState, Range};
use plimsoll_model::severity::Severity;
use plimsoll_model::version::Scheme;

use super::oval::{self, Criteria, Definition};
use super::{
    About, Batch, Feed, Fetched, Level, Record, Remote, Statement, read_file, stream, title,
};
use crate::ids;

/// Where the documents are.
const BASE: &str = "https://linux.oracle.com/security/oval";
/// The architectures that updates are made for: a fix for both is a fix for all.
const ARCHES: [&str; 2] = ["aarch64", "x86_64"];

/// The feed.
pub struct Oracle;

impl Feed for Oracle {
    fn name(&self) -> &'static str {
        "oracle"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "Oracle Linux",
            addresses: &[BASE],
            format: "OVAL 5 (oval.mitre.org), packed by bzip2 or plain",
            licence: "copyright Oracle, published for use by scanners",
            changes: "daily",
            files: "`com.oracle.elsa-all.xml[.bz2]`, and its parts per release or year",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        let name = "com.oracle.elsa-all.xml.bz2";
        vec![Remote::new(
            format!("{BASE}/{name}"),
            format!("oracle/{name}"),
        )]
    }

    fn rank(&self) -> u8 {
        1
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        let ends = [".xml", ".xml.bz2", ".xml.gz"];
        parts.last().is_some_and(|file| {
            file.starts_with("com.oracle.elsa-") && ends.iter().any(|end| file.ends_with(end))
        })
    }

    fn read(&self, path: &Path, _parts: &[&str]) -> io::Result<Batch> {
        Ok(parse(&read_file(path)?))
    }
}

/// Reads a document, packed or not.
pub fn parse(bytes: &[u8]) -> Batch {
    let mut batch = Batch::new("oracle");
    let source = match stream::unpacked(bytes) {
        Ok(source) => source,
        Err(error) => {
            batch.damage(error);
            return batch;
        }
    };
    let end = oval::definitions(source, &mut |definition| {
        if definition.class != "inventory" {
            one(&definition, &mut batch);
        }
    });
    match end {
        Ok(timestamp) => batch.dated(&format!("{timestamp}Z")),
        Err(error) => batch.damage(format!("the document ends early: {error}")),
    }
    batch
}

/// Adds the record of a definition.
fn one(definition: &Definition, batch: &mut Batch) {
    let (word, summary) = definition
        .title
        .split_once(':')
        .unwrap_or((&definition.title, ""));
    let references = definition.references.iter();
    let id = references
        .clone()
        .find(|(source, _)| source.eq_ignore_ascii_case("elsa"))
        .map_or(word, |(_, id)| id.as_str())
        .trim();
    if !ids::is_advisory(id) || !ids::plausible(id) {
        batch.damage(format!("{}: `{id}` is no update", definition.id));
        return;
    }
    batch.read += 1;
    if definition.cut {
        batch.damage(format!("{id}: it has more criteria than are read"));
    }
    let cves: BTreeSet<&str> = references
        .filter(|(source, _)| source.eq_ignore_ascii_case("cve"))
        .map(|(_, id)| id.as_str())
        .chain(definition.cves.iter().map(String::as_str))
        .filter(|id| ids::is_cve(id))
        .collect();
    // An update without a CVE mends what is no vulnerability.
    if cves.is_empty() {
        return;
    }
    let severity = Severity::from_name(&definition.severity);
    // `openssl security update (IMPORTANT)`: the rating is kept by itself.
    let summary = summary.trim();
    let summary = summary.rsplit_once(" (").map_or(summary, |(text, _)| text);
    let mut fixes = Fixes::default();
    walk(&definition.criteria, &Context::default(), &mut fixes);
    batch.records.push(Record {
        id: id.to_owned(),
        level: Level::Advisory,
        vulnerabilities: cves.into_iter().map(str::to_owned).collect(),
        // Only the day is stated; it also stands for the last change.
        modified: day(&definition.issued),
        published: day(&definition.issued),
        title: title(summary, 160),
        severity,
        statements: statements(id, severity, &fixes),
        ..Record::default()
    });
}

/// Makes a day a point in time; empty when it is no day.
fn day(text: &str) -> String {
    super::timestamp(&format!("{text}T00:00:00Z"))
        .unwrap_or("")
        .to_owned()
}

/// Is what holds for the criteria below a node.
#[derive(Clone, Debug, Default)]
struct Context {
    /// The release.
    release: Option<String>,
    /// The architecture.
    arch: Option<String>,
    /// The module.
    module: Option<String>,
}

/// Is what a fix is for: release, package, module, and whether it is of the ksplice or FIPS line.
type Key = (String, String, Option<String>, bool, bool);
/// Is the lowest fixed version by architecture.
type Fixes = BTreeMap<Key, BTreeMap<String, String>>;

/// Collects what criteria say. Their depth is bounded by the reader.
fn walk(node: &Criteria, inherited: &Context, fixes: &mut Fixes) {
    let mut context = inherited.clone();
    let comments = || node.comments.iter().map(|comment| comment.trim());
    if !node.any {
        for comment in comments() {
            if let Some(rest) = comment.strip_prefix("Oracle Linux arch is ") {
                context.arch = Some(rest.trim().to_owned());
            } else if let Some(release) = comment
                .strip_prefix("Oracle Linux ")
                .and_then(|rest| rest.strip_suffix(" is installed"))
            {
                context.release = Some(release.trim().to_owned());
            } else if let Some(module) = comment
                .strip_prefix("Module ")
                .and_then(|rest| rest.strip_suffix(" is enabled"))
            {
                context.module = Some(module.trim().to_owned());
            }
        }
    }
    for comment in comments() {
        let (Some((name, version)), Some(release)) =
            (comment.split_once(" is earlier than "), &context.release)
        else {
            continue;
        };
        let (name, version) = (name.trim(), version.trim());
        let fits =
            |text: &str| !text.is_empty() && text.len() <= 300 && !text.contains(['\0', ' ']);
        let debugging = name.ends_with("-debuginfo") || name.ends_with("-debugsource");
        if !fits(name) || !fits(version) || debugging || !fits(release) {
            continue;
        }
        let version = version.strip_prefix("0:").unwrap_or(version);
        let module = context
            .module
            .clone()
            .or_else(|| version.contains(".module").then(String::new));
        let key = (
            release.clone(),
            name.to_owned(),
            module,
            version.contains(".ksplice"),
            version.contains("_fips"),
        );
        let arch = context.arch.clone().unwrap_or_default();
        let by_arch = fixes.entry(key).or_default();
        let lowest = by_arch.entry(arch).or_insert_with(|| version.to_owned());
        if Scheme::Rpm.sort_order(version, lowest).is_lt() {
            version.clone_into(lowest);
        }
    }
    for below in &node.below {
        walk(below, &context, fixes);
    }
}

/// Makes the statements of an update: one per package and version, confined to architectures where
/// they differ.
fn statements(id: &str, severity: Option<Severity>, fixes: &Fixes) -> Vec<Statement> {
    let mut statements = Vec::new();
    for ((release, package, module, _, _), by_arch) in fixes {
        let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (arch, version) in by_arch {
            versions.entry(version).or_default().push(arch.clone());
        }
        for (version, mut arches) in versions {
            let has = |wanted: &&str| arches.iter().any(|arch| arch == wanted);
            if arches.iter().any(String::is_empty) || ARCHES.iter().all(has) {
                arches.clear();
            }
            statements.push(Statement {
                advisory: Advisory {
                    id: id.to_owned(),
                    ecosystem: format!("Oracle Linux:{release}"),
                    package: package.clone(),
                    ranges: vec![Range {
                        fixed: Some(version.to_owned()),
                        ..Range::default()
                    }],
                    fix: FixState::Fixed,
                    severity,
                    module: module.clone(),
                    arches,
                    ..Advisory::default()
                },
                ..Statement::default()
            });
        }
    }
    statements
}

#[cfg(test)]
mod tests;
