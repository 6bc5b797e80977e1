//! SUSE's and openSUSE's CSAF: VEX documents per CVE (`csaf-vex/cve-….json`), updates
//! (`csaf/suse-su-….json`), and an archive of each.
//!
//! Format: CSAF 2.0. What is SUSE's own, from the documents themselves:
//!
//! - Fixed packages stand under `recommended`, with their version; `fixed` and `first_fixed` mean the
//!   same where they are used. `known_affected` and the others name packages without a version,
//!   source packages (`python-aiohttp`) and binary ones (`python311-aiohttp`).
//! - Product ids are names; see [`products`]. Versions are in the id's second part and in the purl,
//!   whose `upstream` names the source package's file.
//! - A threat of category `impact` without products rates all of them.
//!
//! A fix is stated once for the binary packages that are named after their source package and have
//! its version, and one by one for all others: a source package's name does not tell which of
//! several versions of it a release ships (`python3-aiohttp` and `python311-aiohttp`).
//!
//! VEX documents hold all that updates say but the updates' names; those are read where they are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::Path;

use plimsoll_model::advisory::{Advisory, FixState, Range};
use plimsoll_model::severity::Severity;
use plimsoll_model::version::Scheme;

use super::csaf::wire::{Document, Status, Vulnerability};
use super::csaf::{self, Resolved, Rpm, Tree};
use super::osv::wire::Text;
use super::{
    About, Batch, Feed, Fetched, Level, Record, Remote, Statement, packed, read_file, title,
};
use crate::{ids, rating};

pub(super) mod products;

/// Where the documents are.
const BASE: &str = "https://ftp.suse.com/pub/projects/security";

/// The feed.
pub struct Suse;

impl Feed for Suse {
    fn name(&self) -> &'static str {
        "suse"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "SUSE Linux Enterprise and openSUSE",
            addresses: &[BASE],
            format: "CSAF 2.0: VEX per CVE, and updates (docs.oasis-open.org/csaf)",
            licence: "CC-BY-4.0",
            changes: "several times a day",
            files: "`csaf-vex.tar.bz2`, `csaf-vex/cve-….json`, `csaf.tar.bz2`, `csaf/suse-su-….json`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        let name = "csaf-vex.tar.bz2";
        vec![Remote::new(
            format!("{BASE}/{name}"),
            format!("suse/{name}"),
        )]
    }

    fn rank(&self) -> u8 {
        0
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        match parts {
            [.., "csaf-vex.tar.bz2" | "csaf.tar.bz2"] => true,
            [.., "csaf-vex" | "csaf", file] => {
                let known = ["cve-", "suse-su-", "opensuse-su-"];
                known.iter().any(|prefix| file.starts_with(prefix))
                    && Path::new(file).extension().is_some_and(|end| end == "json")
            }
            _ => false,
        }
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        let updates = parts
            .iter()
            .rev()
            .take(2)
            .any(|part| matches!(*part, "csaf" | "csaf.tar.bz2"));
        let mut batch = Batch::new(if updates { "suse-updates" } else { "suse" });
        let name = parts.last().copied().unwrap_or("");
        if Path::new(name).extension().is_some_and(|end| end == "bz2") {
            packed::tar_bz2(
                path,
                |name, bytes, batch| {
                    if Path::new(name).extension().is_some_and(|end| end == "json") {
                        add(name, bytes, batch);
                    }
                },
                &mut batch,
            )?;
        } else {
            add(name, &read_file(path)?, &mut batch);
        }
        Ok(batch)
    }
}

/// Reads one document into a batch.
fn add(name: &str, bytes: &[u8], batch: &mut Batch) {
    match serde_json::from_slice::<Document<'_>>(bytes) {
        Ok(document) => {
            batch.read += 1;
            records(name, &document, batch);
        }
        Err(error) => batch.damage(format!("{name}: {error}")),
    }
}

/// Reads one document.
pub fn parse(bytes: &[u8]) -> Batch {
    let mut batch = Batch::new("suse");
    add("document", bytes, &mut batch);
    batch
}

/// Adds the record of a document: that of its CVE, or that of an update with all its CVEs.
fn records(name: &str, document: &Document<'_>, batch: &mut Batch) {
    let tree = Tree::new(document);
    let tracking = document.document.tracking.as_ref();
    let text = |of: Option<&Text<'_>>| of.map_or("", Text::get).to_owned();
    let own = text(tracking.map(|tracking| &tracking.id));
    let modified = csaf::utc(&text(
        tracking.map(|tracking| &tracking.current_release_date),
    ));
    batch.dated(&modified);
    let rating = document.document.aggregate_severity.as_ref();
    let rating = rating.and_then(|rating| Severity::from_name(rating.text.get()));
    let update = ids::is_advisory(&own);
    if !update && !ids::is_cve(&own) {
        batch.damage(format!("{name}: `{own}` is no CVE and no update"));
        return;
    }
    let mut record = Record {
        id: own.clone(),
        level: if update {
            Level::Advisory
        } else {
            Level::Vulnerability
        },
        modified,
        published: csaf::utc(&text(tracking.map(|t| &t.initial_release_date))),
        severity: rating,
        ..Record::default()
    };
    // A VEX document's title is but its id.
    if update {
        record.title = title(document.document.title.get(), 160);
    }
    let mut stated: BTreeMap<(String, String), Stated> = BTreeMap::new();
    for vulnerability in &document.vulnerabilities.0 {
        let cve = vulnerability.cve.get();
        if !ids::is_cve(cve) {
            batch.damage(format!("{name}: `{cve}` is no CVE"));
            continue;
        }
        if !record.vulnerabilities.iter().any(|known| known == cve) {
            record.vulnerabilities.push(cve.to_owned());
        }
        for score in &vulnerability.scores.0 {
            for vector in [&score.cvss_v4, &score.cvss_v3].into_iter().flatten() {
                if let Some(cvss) = rating::rate(vector.vector.get(), "")
                    && !update
                    && !record.cvss.contains(&cvss)
                    && record.cvss.len() < 4
                {
                    record.cvss.push(cvss);
                }
            }
        }
        collect(vulnerability, &tree, &mut stated);
    }
    record.statements = stated
        .into_iter()
        .map(|(key, stated)| statement(&own, key, stated))
        .collect();
    batch.records.push(record);
}

/// Is what is stated of one package name in one ecosystem.
#[derive(Default)]
struct Stated {
    /// The fixed versions.
    fixed: BTreeSet<String>,
    /// The architectures of the fixed builds.
    arches: BTreeSet<String>,
    /// Whether some fixed build says no architecture, or none in particular.
    everywhere: bool,
    /// Why there is no fix, where it is affected without one.
    affected: Option<FixState>,
    /// Whether it is not affected.
    not_affected: bool,
    /// Whether that is not known yet.
    undecided: bool,
    /// The rating.
    severity: Option<Severity>,
}

/// Collects what a vulnerability's statuses say.
fn collect(
    vulnerability: &Vulnerability<'_>,
    tree: &Tree<'_>,
    stated: &mut BTreeMap<(String, String), Stated>,
) {
    let empty = Status::default();
    let status = vulnerability.product_status.as_ref().unwrap_or(&empty);
    let mut unfixed: HashMap<&str, FixState> = HashMap::new();
    for remediation in &vulnerability.remediations.0 {
        let state = match remediation.category.get() {
            "no_fix_planned" => FixState::WontFix,
            "none_available" => FixState::NotFixed,
            _ => continue,
        };
        unfixed.extend(remediation.product_ids.0.iter().map(|id| (id.get(), state)));
    }
    let mut everything: Option<Severity> = None;
    let mut severities: HashMap<&str, Severity> = HashMap::new();
    for threat in &vulnerability.threats.0 {
        if threat.category.get() == "impact"
            && let Some(severity) = Severity::from_name(threat.details.get())
        {
            if threat.product_ids.0.is_empty() {
                everything = everything.max(Some(severity));
            }
            severities.extend(threat.product_ids.0.iter().map(|id| (id.get(), severity)));
        }
    }
    let mut each = |list: &[Text<'_>], with: &mut dyn FnMut(&str, &Rpm, &mut Stated)| {
        for id in list {
            let id = id.get();
            let Some((ecosystems, rpm)) = package(tree.resolve(id).as_ref(), id) else {
                continue;
            };
            for ecosystem in ecosystems {
                let entry = stated.entry((ecosystem, rpm.name.clone())).or_default();
                let severity = severities.get(id).copied().or(everything);
                entry.severity = entry.severity.max(severity);
                with(id, &rpm, entry);
            }
        }
    };
    for list in [&status.recommended, &status.fixed, &status.first_fixed] {
        each(&list.0, &mut |_, rpm, entry| {
            if rpm.version.is_empty() {
                return;
            }
            entry.fixed.insert(rpm.version.clone());
            match rpm.arch.as_str() {
                "" | "src" | "nosrc" | "noarch" => entry.everywhere = true,
                arch => {
                    entry.arches.insert(arch.to_owned());
                }
            }
        });
    }
    each(&status.known_affected.0, &mut |id, _, entry| {
        let state = unfixed.get(id).copied().unwrap_or(FixState::NotFixed);
        entry.affected = Some(entry.affected.map_or(state, |other| other.min(state)));
    });
    each(&status.known_not_affected.0, &mut |_, _, entry| {
        entry.not_affected = true;
    });
    each(&status.under_investigation.0, &mut |_, _, entry| {
        entry.undecided = true;
    });
}

/// Makes a statement: what is fixed counts before what is affected, and that before the rest.
fn statement(id: &str, (ecosystem, package): (String, String), stated: Stated) -> Statement {
    let mut fixed: Vec<String> = stated.fixed.into_iter().collect();
    fixed.sort_by(|a, b| Scheme::Rpm.sort_order(a, b));
    // Several builds in one release are alternatives of its modules: the lowest has the fix.
    fixed.truncate(1);
    let (ranges, fix) = if let Some(version) = fixed.pop() {
        let range = Range {
            fixed: Some(version),
            ..Range::default()
        };
        (vec![range], FixState::Fixed)
    } else if let Some(state) = stated.affected {
        (vec![Range::default()], state)
    } else {
        (Vec::new(), FixState::Unknown)
    };
    let main = ["aarch64", "ppc64le", "s390x", "x86_64"];
    let confined = fix == FixState::Fixed
        && !stated.everywhere
        && !main.iter().all(|arch| stated.arches.contains(*arch));
    Statement {
        advisory: Advisory {
            id: id.to_owned(),
            ecosystem,
            package,
            undecided: ranges.is_empty() && stated.undecided && !stated.not_affected,
            ranges,
            fix,
            severity: stated.severity,
            arches: if confined {
                stated.arches.into_iter().collect()
            } else {
                Vec::new()
            },
            ..Advisory::default()
        },
        ..Statement::default()
    }
}

/// Says which package of which ecosystems a product of a document is. The tree is asked first; an
/// excerpt without one is read by its ids (`product:package-version.arch`).
fn package(resolved: Option<&Resolved<'_>>, id: &str) -> Option<(Vec<String>, Rpm)> {
    let (platform, component, purl) = if let Some(resolved) = resolved {
        let helper = resolved
            .component
            .and_then(|product| product.product_identification_helper.as_ref());
        let purl = helper.map_or("", |helper| helper.purl.get());
        (resolved.platform.product_id.get(), resolved.id, purl)
    } else {
        let (platform, component) = id.split_once(':')?;
        (platform, component, "")
    };
    let ecosystems = products::ecosystems(platform);
    if ecosystems.is_empty() {
        return None;
    }
    let plain = csaf::split_nevra(component);
    let mut rpm = match csaf::rpm(purl).filter(|rpm| rpm.kind == "rpm") {
        Some(mut rpm) => {
            if rpm.arch.is_empty()
                && let Some(plain) = &plain
            {
                rpm.arch.clone_from(&plain.arch);
            }
            rpm
        }
        None => plain.unwrap_or_else(|| Rpm {
            name: component.to_owned(),
            ..Rpm::default()
        }),
    };
    if ["-debuginfo", "-debugsource"]
        .iter()
        .any(|end| rpm.name.ends_with(end))
    {
        return None;
    }
    let after = rpm.name.strip_prefix(rpm.source.as_str());
    if !rpm.source.is_empty()
        && rpm.source_version == rpm.version
        && !rpm.version.is_empty()
        && after.is_some_and(|rest| rest.starts_with('-'))
    {
        rpm.name = std::mem::take(&mut rpm.source);
    }
    let fits = |text: &str| !text.is_empty() && text.len() <= 300 && !text.contains(['\0', ' ']);
    fits(&rpm.name).then_some((ecosystems, rpm))
}

#[cfg(test)]
mod tests;
