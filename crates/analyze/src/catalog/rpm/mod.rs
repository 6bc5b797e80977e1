//! Packages of the Red Hat, SUSE, Amazon and Azure Linux families: rpm's database in its three forms
//! and the lists that replace it in distroless images.
//!
//! Each form has its module, all yield the bytes of package headers, one module reads those. Read
//! `header` first. `reasons` says why a package is there. Deliberately absent: applying SQLite's
//! write-ahead log (its presence is an issue).

use std::collections::{HashMap, HashSet};

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, Ownership, View, Want,
};
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::package::Package;
use plimsoll_model::path::parent;
use plimsoll_model::version::Scheme;

mod bdb;
mod bytes;
mod header;
mod manifest;
mod ndb;
mod reasons;
mod sqlite;

pub use bdb::parse_bdb;
pub use manifest::{parse_manifest, parse_manifest_names};
pub use ndb::parse_ndb;
pub use sqlite::{parse_sqlite, wal_notice};

use super::assembly::{
    Installed as Assembling, collect, hand_over, resolve_requirements, set_purls,
};
use reasons::Source;

use super::budget::Budget;
use super::damage::{Damage, report};

/// The most that is read of a database, in bytes. 1,500 packages take some 100 MB as Berkeley DB.
const LIMIT: u64 = 256 * 1024 * 1024;

/// Is a package of a database and the files it owns.
#[derive(Clone, Debug, PartialEq)]
pub struct Installed {
    /// The package.
    pub package: Package,
    /// Its files, without folders.
    pub owned: Option<Ownership>,
}

/// Is what a database holds: its packages, sorted by name, version and architecture, and what could
/// not be read (with an empty subject).
pub type Parsed = (Vec<Installed>, Vec<Issue>);

/// Catalogs packages of rpm.
pub struct Rpm;

/// Is what a file of interest is, the form that counts first where a folder holds several.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Sqlite,
    Ndb,
    Bdb,
    Manifest,
    ManifestNames,
    Wal,
}

impl Role {
    /// Decides by the path. Called for every file of every layer.
    fn of(path: &[u8]) -> Option<Self> {
        let name = match path.first()? {
            b'v' => path
                .strip_prefix(b"var/lib/rpm/")
                .or_else(|| path.strip_prefix(b"var/lib/rpmmanifest/"))?,
            b'u' => path
                .strip_prefix(b"usr/lib/sysimage/rpm/")
                .or_else(|| path.strip_prefix(b"usr/share/rpm/"))?,
            _ => return None,
        };
        let in_manifest = path.starts_with(b"var/lib/rpmmanifest/");
        match (in_manifest, name) {
            (false, b"rpmdb.sqlite") => Some(Self::Sqlite),
            (false, b"rpmdb.sqlite-wal") => Some(Self::Wal),
            (false, b"Packages.db") => Some(Self::Ndb),
            (false, b"Packages") => Some(Self::Bdb),
            (true, b"container-manifest-2") => Some(Self::Manifest),
            (true, b"container-manifest-1") => Some(Self::ManifestNames),
            _ => None,
        }
    }
}

impl Analyzer for Rpm {
    fn name(&self) -> &'static str {
        "os/rpm"
    }

    fn version(&self) -> u32 {
        2
    }

    fn about(&self) -> About {
        About {
            title: "Red Hat, SUSE, Amazon, Fedora (rpm)",
            reads: &[
                (
                    "var/lib/rpm, usr/lib/sysimage/rpm, usr/share/rpm: rpmdb.sqlite, Packages.db, Packages",
                    "packages with source package, module, licence, files, dependencies and what they provide",
                ),
                (
                    "var/lib/rpmmanifest/container-manifest-*",
                    "packages of distroless images",
                ),
                (
                    "var/lib/dnf/history.sqlite, usr/lib/sysimage/libdnf5/packages.toml, var/lib/yum/yumdb, var/lib/zypp/AutoInstalled",
                    "which packages were asked for, and which came along",
                ),
            ],
            not_read: &[
                "A write-ahead log of SQLite: it is not applied, and said where there is one.",
            ],
            certainty: "Certain: it is the package manager's own record.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File {
            return Want::Nothing;
        }
        if Role::of(entry.path).is_some() {
            return Want::Whole { limit: LIMIT };
        }
        Source::of(entry.path).map_or(Want::Nothing, |source| Want::Whole {
            limit: source.limit(),
        })
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let bytes = content.bytes;
        if let Some(source) = Source::of(entry.path) {
            facts.extend(source.read(entry.path, bytes));
            return;
        }
        let (packages, issues) = match Role::of(entry.path) {
            Some(Role::Sqlite) => parse_sqlite(bytes),
            Some(Role::Ndb) => parse_ndb(bytes),
            Some(Role::Bdb) => parse_bdb(bytes),
            Some(Role::Manifest) => parse_manifest(bytes),
            Some(Role::ManifestNames) => parse_manifest_names(bytes),
            Some(Role::Wal) => {
                let mut damage = Damage::default();
                if let Some(notice) = wal_notice(bytes) {
                    damage.unsupported(|| notice);
                }
                (Vec::new(), damage.finish())
            }
            None => return,
        };
        for one in packages {
            facts.push(Fact::Package(Box::new(one.package)));
            facts.extend(one.owned.map(Fact::Owns));
        }
        report(entry, content, issues, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let chosen = choose_databases(view, out);
        let mut installed = collect(view, |located| {
            chosen.get(parent(located.path.as_bytes()))
                == Role::of(located.path.as_bytes()).as_ref()
        });
        set_purls(&mut installed, view.distro);
        let files = required_files(view, &installed);
        resolve_requirements(&mut installed, Scheme::Rpm, &files);
        reasons::set_requested(view, &mut installed);
        hand_over(installed, out);
    }
}

/// Collects the packages of one database.
#[derive(Default)]
struct Collector {
    packages: Vec<Installed>,
    budget: Budget,
    damage: Damage,
}

impl Collector {
    /// Adds the package of a header, if it is one. `place` says where the header lies.
    fn add(&mut self, blob: &[u8], place: impl Fn() -> String) {
        if let Some(found) = header::parse_header(blob, place, &mut self.damage) {
            self.keep(found);
        }
    }

    fn keep(&mut self, mut found: Installed) {
        if self.budget.admit(&mut found.package, &mut self.damage) {
            self.packages.push(found);
        }
    }

    /// Returns what was found, sorted: the forms of a database keep packages in different orders.
    fn finish(mut self) -> Parsed {
        self.packages.sort_by(|a, b| {
            let (a, b) = (&a.package, &b.package);
            (&a.name, &a.version, &a.arch).cmp(&(&b.name, &b.version, &b.arch))
        });
        (self.packages, self.damage.finish())
    }
}

/// Chooses the one database of each folder that counts: after a change of form rpm reads only the
/// new one, and the old, where it was not removed, names packages that are long gone.
fn choose_databases<'a>(view: &View<'a>, out: &mut Assembled) -> HashMap<&'a [u8], Role> {
    let mut chosen: HashMap<&[u8], Role> = HashMap::new();
    let mut noted: HashSet<&[u8]> = HashSet::new();
    let stating = || {
        view.facts.iter().filter_map(|located| {
            let path = located.path.as_bytes();
            let role = Role::of(path)?;
            matches!(located.fact, Fact::Package(_)).then_some((located.path, path, role))
        })
    };
    for (_, path, role) in stating() {
        let held = chosen.entry(parent(path)).or_insert(role);
        *held = role.min(*held);
    }
    for (image_path, path, role) in stating() {
        let best = chosen.get(parent(path)).copied().unwrap_or(role);
        // The two manifests say the same, one of them more of it.
        if best < role && role < Role::Manifest && noted.insert(path) {
            out.issues.push(Issue::new(
                IssueKind::Unsupported,
                image_path.to_text(),
                "a second package database beside a newer form of it was not counted",
            ));
        }
    }
    chosen
}

/// Finds the owners of the files that packages require by path (`/usr/bin/python3`). Folders that
/// the usr-merge joined count as one: packages still require `/bin/sh`.
fn required_files<'a>(view: &View<'a>, installed: &[Assembling<'a>]) -> HashMap<&'a str, usize> {
    let mut wanted: HashMap<&[u8], Vec<&'a str>> = HashMap::new();
    for one in installed {
        let fact: &'a Package = one.fact;
        for requirement in fact.requires.iter().flatten() {
            let name = requirement.name.as_str();
            if let Some(path) = name.strip_prefix('/') {
                let names = wanted.entry(merged(path.as_bytes())).or_default();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
    }
    if wanted.is_empty() {
        return HashMap::new();
    }
    let mut owners: HashMap<&str, usize> = HashMap::new();
    for (index, one) in installed.iter().enumerate() {
        owners.entry(one.fact.name.as_str()).or_insert(index);
    }
    let mut found: HashMap<&'a str, usize> = HashMap::new();
    for located in view.facts {
        let Fact::Owns(list) = located.fact else {
            continue;
        };
        let Some(package) = owners.get(list.package.as_str()) else {
            continue;
        };
        for path in list.paths.split(|byte| *byte == b'\n') {
            for name in wanted.get(merged(path)).into_iter().flatten() {
                found.entry(name).or_insert(*package);
            }
        }
    }
    found
}

/// Returns a path without the `usr/` that the usr-merge put before `bin`, `sbin`, `lib`, `lib64`.
fn merged(path: &[u8]) -> &[u8] {
    match path.strip_prefix(b"usr/") {
        Some(rest)
            if [&b"bin/"[..], b"sbin/", b"lib/", b"lib64/"]
                .iter()
                .any(|folder| rest.starts_with(folder)) =>
        {
            rest
        }
        _ => path,
    }
}
