//! Red Hat's CSAF VEX: one document per CVE, `vex/<year>/cve-….json`, and an archive of all of them.
//!
//! Format: CSAF 2.0, profile 5 (VEX). What is Red Hat's own, from the documents themselves:
//!
//! - `fixed` names packages with version and architecture, source packages among them, and
//!   `vendor_fix` the update (RHSA) per product. `known_affected`, `known_not_affected` and
//!   `under_investigation` name components without a version: in older documents source packages
//!   only, in newer ones source packages (`curl.src`) and binary packages. A component of a module
//!   is `nodejs:18/nodejs`, or its purl carries `rpmmod`.
//! - `no_fix_planned` says "Will not fix" or "Out of support scope", `none_available` "Affected" or
//!   "Fix deferred".
//! - The rating is a threat of category `impact`, per product.
//!
//! Which product is which ecosystem: see [`products`]. One CVE is fixed by several updates in one
//! main stream, one per minor release: each is a range of its own, and the matcher tells by the
//! build's tag (`el9_2`) which counts.
//!
//! A fix is stated once for the source package; binary packages of the same version are its
//! products and are not stated again (a kernel update lists sixty). Binary packages whose version
//! is their own are. Packages for debugging are left out.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::Path;

use plimsoll_model::advisory::{Advisory, FixState, Range};
use plimsoll_model::severity::Severity;
use plimsoll_model::version::Scheme;

use super::csaf::wire::{Document, Vulnerability};
use super::csaf::{self, Resolved, Rpm, Tree};
use super::osv::wire::Text;
use super::{
    About, Batch, Checksum, Feed, Fetched, Record, Remote, Statement, packed, read_file, title,
};
use crate::{ids, rating};

mod products;

/// Where the documents are.
const BASE: &str = "https://security.access.redhat.com/data/csaf/v2/vex";
/// Where they are kept below the folder of feeds.
const LOCAL: &str = "redhat/vex";
/// How many single documents are fetched on top of an archive. It is made anew every few days.
const CHANGES_LIMIT: usize = 50_000;
/// The architectures that a fix covers when it covers all that still get any.
const MAIN_ARCHES: [&str; 4] = ["aarch64", "ppc64le", "s390x", "x86_64"];

/// The feed.
pub struct RedHat;

impl Feed for RedHat {
    fn name(&self) -> &'static str {
        "redhat"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "Red Hat Enterprise Linux",
            addresses: &[BASE],
            format: "CSAF 2.0 VEX, one document per CVE (docs.oasis-open.org/csaf)",
            licence: "CC-BY-4.0",
            changes: "several times a day",
            files: "`vex/<year>/cve-….json`, `csaf_vex_….tar.zst`, `vex/deletions.csv`",
        }
    }

    fn plan(&self, fetched: &Fetched<'_>) -> Vec<Remote> {
        let mut files = vec![
            Remote::index(
                format!("{BASE}/archive_latest.txt"),
                format!("{LOCAL}/archive_latest.txt"),
            ),
            Remote::index(
                format!("{BASE}/changes.csv"),
                format!("{LOCAL}/changes.csv"),
            ),
            Remote::new(
                format!("{BASE}/deletions.csv"),
                format!("{LOCAL}/deletions.csv"),
            ),
        ];
        let Some(name) = fetched(&format!("{LOCAL}/archive_latest.txt"))
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .map(|text| text.trim().to_owned())
            .filter(|name| is_archive(name))
        else {
            return files;
        };
        let mut archive = Remote::new(format!("{BASE}/{name}"), format!("{LOCAL}/{name}"));
        archive.checksum = Some(Checksum::Sha256At(format!("{BASE}/{name}.sha256")));
        files.push(archive);
        // `csaf_vex_2025-02-15.tar.zst`: what changed on that day or later may not be in it.
        let day = name
            .strip_prefix("csaf_vex_")
            .and_then(|rest| rest.get(..10));
        let list = fetched(&format!("{LOCAL}/changes.csv")).unwrap_or_default();
        let changed = lines(&list)
            .filter(|(path, date)| is_document(path) && day.is_some_and(|day| *date >= day))
            .take(CHANGES_LIMIT);
        files.extend(
            changed
                .map(|(path, _)| Remote::new(format!("{BASE}/{path}"), format!("{LOCAL}/{path}"))),
        );
        files
    }

    fn rank(&self) -> u8 {
        0
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        match parts {
            [.., "vex", year, file] if is_document(&format!("{year}/{file}")) => true,
            [
                ..,
                "vex",
                "archive_latest.txt" | "changes.csv" | "deletions.csv",
            ] => true,
            [.., file] => is_archive(file),
            [] => false,
        }
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        let mut batch = Batch::new(self.name());
        match parts.last().copied().unwrap_or("") {
            // Indexes, which say nothing by themselves.
            "archive_latest.txt" | "changes.csv" => batch.name.clear(),
            "deletions.csv" => deletions(&read_file(path)?, &mut batch),
            name if is_archive(name) => packed::tar_zst(
                path,
                |name, bytes, batch| {
                    if Path::new(name).extension().is_some_and(|end| end == "json") {
                        add(name, bytes, batch);
                    }
                },
                &mut batch,
            )?,
            name => add(name, &read_file(path)?, &mut batch),
        }
        Ok(batch)
    }
}

/// Says whether a file is the archive.
fn is_archive(name: &str) -> bool {
    name.strip_prefix("csaf_vex_")
        .and_then(|rest| rest.strip_suffix(".tar.zst"))
        .is_some_and(|day| !day.is_empty() && day.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
}

/// Says whether a path below the feed's address is a document: `2024/cve-2024-1234.json`.
fn is_document(path: &str) -> bool {
    path.split_once('/').is_some_and(|(year, file)| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let stem = file
            .strip_prefix("cve-")
            .and_then(|rest| rest.strip_suffix(".json"));
        year.len() == 4
            && digits(year)
            && stem
                .and_then(|stem| stem.split_once('-'))
                .is_some_and(|(year, number)| digits(year) && digits(number))
    })
}

/// Returns the pairs of a list of paths and dates (`"2024/cve-….json","2024-10-17T22:40:06+00:00"`).
fn lines(bytes: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    bytes.split(|byte| *byte == b'\n').filter_map(|line| {
        let (path, date) = std::str::from_utf8(line).ok()?.split_once(',')?;
        Some((path.trim().trim_matches('"'), date.trim().trim_matches('"')))
    })
}

/// Reads the list of documents that were taken back.
fn deletions(bytes: &[u8], batch: &mut Batch) {
    for (path, date) in lines(bytes) {
        let stem = path
            .rsplit('/')
            .next()
            .and_then(|file| file.strip_suffix(".json"));
        let id = stem.unwrap_or("").to_ascii_uppercase();
        if !ids::is_cve(&id) {
            batch.damage(format!("`{path}` is no document of a CVE"));
            continue;
        }
        batch.records.push(Record {
            vulnerabilities: vec![id.clone()],
            id,
            modified: csaf::utc(date),
            withdrawn: true,
            ..Record::default()
        });
    }
}

/// Reads one document into a batch.
pub(super) fn add(name: &str, bytes: &[u8], batch: &mut Batch) {
    match serde_json::from_slice::<Document<'_>>(bytes) {
        Ok(document) => {
            batch.read += 1;
            document_records(name, &document, batch);
        }
        Err(error) => batch.damage(format!("{name}: {error}")),
    }
}

/// Reads one document.
pub fn parse(bytes: &[u8]) -> Batch {
    let mut batch = Batch::new("redhat");
    add("document", bytes, &mut batch);
    batch
}

/// Adds the records of a document: one, in all that Red Hat publishes.
fn document_records(name: &str, document: &Document<'_>, batch: &mut Batch) {
    let tree = Tree::new(document);
    let text = |of: Option<&Text<'_>>| of.map_or("", Text::get).to_owned();
    let tracking = document.document.tracking.as_ref();
    let modified = csaf::utc(&text(
        tracking.map(|tracking| &tracking.current_release_date),
    ));
    batch.dated(&modified);
    for vulnerability in &document.vulnerabilities.0 {
        let id = vulnerability.cve.get();
        if !ids::is_cve(id) {
            batch.damage(format!("{name}: `{id}` is no CVE"));
            continue;
        }
        let mut record = Record {
            id: id.to_owned(),
            vulnerabilities: vec![id.to_owned()],
            modified: modified.clone(),
            published: csaf::utc(&text(tracking.map(|t| &t.initial_release_date))),
            title: title(document.document.title.get(), 160),
            severity: document
                .document
                .aggregate_severity
                .as_ref()
                .and_then(|aggregate| Severity::from_name(aggregate.text.get())),
            ..Record::default()
        };
        for score in &vulnerability.scores.0 {
            for vector in [&score.cvss_v4, &score.cvss_v3, &score.cvss_v2]
                .into_iter()
                .flatten()
            {
                if let Some(cvss) = rating::rate(vector.vector.get(), "")
                    && !record.cvss.contains(&cvss)
                    && record.cvss.len() < 4
                {
                    record.cvss.push(cvss);
                }
            }
        }
        record.statements = statements(&record, vulnerability, &tree);
        batch.records.push(record);
    }
}

/// Is what a component of a document is: its name, version, module and stream.
struct Component {
    /// The ecosystem.
    ecosystem: String,
    /// The package.
    rpm: Rpm,
    /// The module; `None` when it is not modular.
    module: Option<String>,
}

/// Is what is stated of one package name in one ecosystem and module.
#[derive(Default)]
struct Stated {
    /// The fixed versions.
    fixed: BTreeSet<String>,
    /// The architectures of the fixed builds; `None` when they are not confined.
    arches: Option<BTreeSet<String>>,
    /// Whether some fixed build fits every architecture.
    everywhere: bool,
    /// Why there is no fix, where it is affected without one.
    affected: Option<FixState>,
    /// Whether it is not affected.
    not_affected: bool,
    /// Whether that is not known yet.
    undecided: bool,
    /// The rating.
    severity: Option<Severity>,
    /// The updates.
    updates: BTreeSet<String>,
}

/// Names what is stated: ecosystem, package, module.
type Key = (String, String, Option<String>);

/// Makes the statements of a document.
fn statements(
    record: &Record,
    vulnerability: &Vulnerability<'_>,
    tree: &Tree<'_>,
) -> Vec<Statement> {
    let empty = csaf::wire::Status::default();
    let status = vulnerability.product_status.as_ref().unwrap_or(&empty);
    let remedies = Remedies::new(vulnerability);
    let mut stated: BTreeMap<Key, Stated> = BTreeMap::new();
    let components = |ids: &[Text<'_>]| -> Vec<(String, Component)> {
        let found = ids.iter().filter_map(|id| {
            let component = component(&tree.resolve(id.get())?)?;
            Some((id.get().to_owned(), component))
        });
        found.collect()
    };
    let fixed = [&status.fixed, &status.first_fixed]
        .into_iter()
        .flat_map(|list| components(&list.0));
    let mut fixed: Vec<(String, Component)> = fixed
        .filter(|(_, component)| !component.rpm.version.is_empty())
        .collect();
    leave_out_binaries(&mut fixed);
    for (
        id,
        Component {
            ecosystem,
            rpm,
            module,
        },
    ) in fixed
    {
        let entry = stated.entry((ecosystem, rpm.name, module)).or_default();
        entry.fixed.insert(rpm.version);
        match rpm.arch.as_str() {
            "" | "src" | "noarch" => entry.everywhere = true,
            arches => {
                let known = entry.arches.get_or_insert_default();
                known.extend(arches.split(',').map(str::to_owned));
            }
        }
        entry.severity = entry.severity.max(remedies.severity(&id));
        entry.updates.extend(remedies.update(&id));
    }
    let mut affected = components(&status.known_affected.0);
    leave_out_binaries(&mut affected);
    for (
        id,
        Component {
            ecosystem,
            rpm,
            module,
        },
    ) in affected
    {
        let entry = stated.entry((ecosystem, rpm.name, module)).or_default();
        let state = remedies.state(&id);
        entry.affected = Some(entry.affected.map_or(state, |other| other.min(state)));
        entry.severity = entry.severity.max(remedies.severity(&id));
    }
    for (list, decided) in [
        (&status.known_not_affected, true),
        (&status.under_investigation, false),
    ] {
        let mut found = components(&list.0);
        leave_out_binaries(&mut found);
        for (
            _,
            Component {
                ecosystem,
                rpm,
                module,
            },
        ) in found
        {
            let entry = stated.entry((ecosystem, rpm.name, module)).or_default();
            entry.not_affected |= decided;
            entry.undecided |= !decided;
        }
    }
    stated
        .into_iter()
        .map(|(key, stated)| statement(&record.id, key, stated))
        .collect()
}

/// Makes a statement: what is fixed counts before what is affected, and that before the rest.
fn statement(id: &str, (ecosystem, package, module): Key, stated: Stated) -> Statement {
    let mut fixed: Vec<String> = stated.fixed.into_iter().collect();
    fixed.sort_by(|a, b| Scheme::Rpm.sort_order(a, b));
    let (ranges, fix) = if !fixed.is_empty() {
        let ranges = fixed.into_iter().map(|version| Range {
            fixed: Some(version),
            ..Range::default()
        });
        (ranges.collect(), FixState::Fixed)
    } else if let Some(state) = stated.affected {
        (vec![Range::default()], state)
    } else {
        (Vec::new(), FixState::Unknown)
    };
    let undecided = ranges.is_empty() && stated.undecided && !stated.not_affected;
    let arches: Vec<String> = stated.arches.into_iter().flatten().collect();
    let confined = !stated.everywhere
        && fix == FixState::Fixed
        && !MAIN_ARCHES
            .iter()
            .all(|main| arches.iter().any(|arch| arch == main));
    Statement {
        advisory: Advisory {
            id: id.to_owned(),
            ecosystem,
            package,
            ranges,
            fix,
            severity: stated.severity,
            module,
            arches: if confined { arches } else { Vec::new() },
            undecided,
            ..Advisory::default()
        },
        also: stated.updates.into_iter().collect(),
        ..Statement::default()
    }
}

/// Leaves out what a source package stands for.
///
/// With versions: binary packages of the same version and release in the same stream. The source
/// package then carries their architectures. Without: binary packages that are named after a source
/// package of the same list (`curl-minimal` after `curl.src`).
fn leave_out_binaries(components: &mut Vec<(String, Component)>) {
    let key = |component: &Component| {
        let release = component.rpm.version.split_once(':');
        let release = release.map_or(component.rpm.version.as_str(), |(_, rest)| rest);
        (
            component.ecosystem.clone(),
            component.module.clone(),
            release.to_owned(),
        )
    };
    let mut sources: HashMap<_, (BTreeSet<String>, BTreeSet<String>)> = HashMap::new();
    for (_, component) in components.iter() {
        if component.rpm.arch == "src" {
            let (names, _) = sources.entry(key(component)).or_default();
            names.insert(component.rpm.name.clone());
        }
    }
    components.retain(|(_, component)| {
        if component.rpm.arch == "src" {
            return true;
        }
        let Some((names, arches)) = sources.get_mut(&key(component)) else {
            return true;
        };
        if component.rpm.version.is_empty() {
            let own = component.rpm.name.as_str();
            return !names.iter().any(|name| {
                own.strip_prefix(name.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            });
        }
        arches.insert(component.rpm.arch.clone());
        false
    });
    for (_, component) in components.iter_mut() {
        if component.rpm.arch == "src"
            && let Some((_, arches)) = sources.get(&key(component))
            && !arches.is_empty()
            && !arches.contains("noarch")
        {
            let arches: Vec<&str> = arches.iter().map(String::as_str).collect();
            component.rpm.arch = arches.join(",");
        }
    }
}

/// Says what a product of a document is to us; `None` for what is no package of the distribution.
fn component(resolved: &Resolved<'_>) -> Option<Component> {
    let helper = resolved.platform.product_identification_helper.as_ref()?;
    let ecosystem = products::ecosystem(helper.cpe.get())?;
    let purl = resolved
        .component
        .and_then(|product| product.product_identification_helper.as_ref())
        .map_or("", |helper| helper.purl.get());
    let mut rpm = match csaf::rpm(purl) {
        Some(rpm) if rpm.kind == "rpm" => rpm,
        // A module as such, or a component of one (`nodejs:18/nodejs`).
        Some(rpm) if rpm.kind == "rpmmod" => named(resolved.id)?,
        Some(_) => return None,
        None => csaf::split_nevra(resolved.id).or_else(|| named(resolved.id))?,
    };
    if rpm.name.ends_with("-debuginfo") || rpm.name.ends_with("-debugsource") {
        return None;
    }
    // A version without a release is the module's stream, or a mistake: never a build.
    if !rpm.version.contains('-') {
        rpm.version.clear();
    }
    for outer in &resolved.between {
        let helper = outer.product_identification_helper.as_ref();
        let module = helper
            .and_then(|helper| csaf::rpm(helper.purl.get()))
            .filter(|module| module.kind == "rpmmod");
        if rpm.module.is_empty() {
            rpm.module = match module {
                Some(module) => csaf::stream(&format!("{}:{}", module.name, module.version)),
                None => csaf::stream(outer.product_id.get()),
            };
        }
    }
    let module = if rpm.module.is_empty() {
        rpm.version.contains(".module").then(String::new)
    } else {
        Some(std::mem::take(&mut rpm.module))
    };
    let fits = |text: &str| text.len() <= 300 && !text.contains('\0');
    (fits(&rpm.name) && fits(&rpm.version)).then_some(Component {
        ecosystem,
        rpm,
        module,
    })
}

/// Reads a component that is named without a version: `samba`, `curl.src`, `nodejs:18/nodejs`.
fn named(id: &str) -> Option<Rpm> {
    let (module, name) = match id.rsplit_once('/') {
        Some((module, name)) if module.contains(':') => (csaf::stream(module), name),
        Some(_) => return None,
        None => (String::new(), id),
    };
    let (name, arch) = match name.strip_suffix(".src") {
        Some(name) => (name, "src"),
        None => (name, ""),
    };
    let package = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'+'));
    package.then(|| Rpm {
        kind: "rpm".to_owned(),
        name: name.to_owned(),
        arch: arch.to_owned(),
        module,
        ..Rpm::default()
    })
}

/// Is what can be done about each product, and how bad it is there.
struct Remedies<'d> {
    /// Why there is no fix.
    states: HashMap<&'d str, FixState>,
    /// The update.
    updates: HashMap<&'d str, Cow<'d, str>>,
    /// The ratings.
    severities: HashMap<&'d str, Severity>,
}

impl<'d> Remedies<'d> {
    /// Indexes a vulnerability's remediations and threats.
    fn new(vulnerability: &'d Vulnerability<'d>) -> Self {
        let mut remedies = Self {
            states: HashMap::new(),
            updates: HashMap::new(),
            severities: HashMap::new(),
        };
        for remediation in &vulnerability.remediations.0 {
            let ids = remediation.product_ids.0.iter().map(Text::get);
            let details = remediation.details.get().trim();
            let is = |wanted: &str| details.eq_ignore_ascii_case(wanted);
            let state = match remediation.category.get() {
                "vendor_fix" => {
                    let update = remediation.url.get().rsplit('/').next().unwrap_or("");
                    if ids::is_advisory(update) && ids::plausible(update) {
                        remedies
                            .updates
                            .extend(ids.map(|id| (id, Cow::Borrowed(update))));
                    }
                    continue;
                }
                "no_fix_planned" if is("Out of support scope") => FixState::EndOfLife,
                "no_fix_planned" => FixState::WontFix,
                "none_available" if is("Fix deferred") => FixState::Deferred,
                "none_available" => FixState::NotFixed,
                _ => continue,
            };
            remedies.states.extend(ids.map(|id| (id, state)));
        }
        for threat in &vulnerability.threats.0 {
            if threat.category.get() == "impact"
                && let Some(severity) = Severity::from_name(threat.details.get())
            {
                let ids = threat.product_ids.0.iter().map(Text::get);
                remedies.severities.extend(ids.map(|id| (id, severity)));
            }
        }
        remedies
    }

    /// Returns why there is no fix for a product.
    fn state(&self, id: &str) -> FixState {
        self.states.get(id).copied().unwrap_or(FixState::NotFixed)
    }

    /// Returns the update that fixes a product.
    fn update(&self, id: &str) -> Option<String> {
        self.updates
            .get(id)
            .map(|update| update.clone().into_owned())
    }

    /// Returns Red Hat's rating for a product.
    fn severity(&self, id: &str) -> Option<Severity> {
        self.severities.get(id).copied()
    }
}

#[cfg(test)]
mod tests;
