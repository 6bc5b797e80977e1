//! `Cargo.lock`, versions 1 to 4 (The Cargo Book, "Cargo.toml vs Cargo.lock"; the forms differ in how
//! checksums and dependencies are written).

use std::collections::HashMap;

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Evidence, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, Requirement};
use serde::Deserialize;

use super::super::budget::Budget;
use super::super::damage::{Damage, report, text};
use super::super::executable::assemble_per_file;

const MIB: u64 = 1024 * 1024;

/// Catalogs the crates that Rust source trees want.
pub struct RustLocks;

impl Analyzer for RustLocks {
    fn name(&self) -> &'static str {
        "language/rust-locks"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: "Rust",
            reads: &[(
                "Cargo.lock (versions 1 to 4)",
                "crates with their dependencies; members of the workspace have the property `workspace_member`",
            )],
            not_read: &["Cargo.toml: what it asks for is resolved in the lock file."],
            certainty: "Certain, but for all platforms and features: a program holds fewer crates than its lock file lists.",
        }
    }

    fn evidence(&self) -> Evidence {
        Evidence::Declared
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        let named = entry.path.ends_with(b"Cargo.lock") && entry.file_name() == b"Cargo.lock";
        if named && entry.kind == EntryKind::File {
            Want::Whole { limit: 16 * MIB }
        } else {
            Want::Nothing
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut damage = Damage::default();
        let found = parse(content.bytes, &mut damage);
        facts.extend(found.into_iter().map(|one| Fact::Package(Box::new(one))));
        report(entry, content, damage.finish(), facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        assemble_per_file(view, out);
    }
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Crate>,
    /// The one member of a version 1 lock file of old Cargo.
    root: Option<Crate>,
    /// Checksums of version 1: `checksum NAME VERSION (SOURCE)`.
    #[serde(default)]
    metadata: HashMap<String, String>,
}

#[derive(Deserialize)]
struct Crate {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

fn parse(bytes: &[u8], damage: &mut Damage) -> Vec<Package> {
    let parsed = std::str::from_utf8(bytes)
        .map_err(|error| error.to_string())
        .and_then(|content| toml::from_str::<Lock>(content).map_err(|e| e.message().to_owned()));
    let lock = match parsed {
        Ok(lock) => lock,
        Err(error) => {
            damage.note(|| format!("no lock file of Cargo: {error}"));
            return Vec::new();
        }
    };
    let all: Vec<&Crate> = lock.root.iter().chain(&lock.package).collect();
    let mut versions: HashMap<&str, Vec<&Crate>> = HashMap::new();
    for one in &all {
        versions.entry(one.name.as_str()).or_default().push(one);
    }
    let mut budget = Budget::default();
    let mut found = Vec::new();
    for one in all {
        let (name, version) = (text(one.name.as_bytes()), text(one.version.as_bytes()));
        if name.is_empty() {
            damage.note(|| "a package has no name".to_owned());
            continue;
        }
        let mut package = Package::new(PackageKind::Cargo, name, version);
        package.requires = one
            .dependencies
            .iter()
            .filter_map(|wanted| requirement(wanted, &versions))
            .map(|wanted| vec![wanted])
            .collect();
        // Members and crates of a folder have no source.
        package.requested = Some(one.source.is_none());
        let properties = &mut package.properties;
        if let Some(source) = &one.source {
            let checksum = one.checksum.as_ref().or_else(|| {
                let key = format!("checksum {} {} ({source})", one.name, one.version);
                lock.metadata.get(&key)
            });
            if let Some(checksum) = checksum.filter(|checksum| *checksum != "<none>") {
                properties.insert("checksum".to_owned(), text(checksum.as_bytes()));
            }
            properties.insert("source".to_owned(), text(source.as_bytes()));
        } else {
            properties.insert("workspace_member".to_owned(), "true".to_owned());
        }
        if budget.admit(&mut package, damage) {
            found.push(package);
        }
    }
    found
}

/// Reads a dependency: `name`, `name version` or `name version (source)`, each as short as it is
/// unambiguous.
fn requirement(wanted: &str, versions: &HashMap<&str, Vec<&Crate>>) -> Option<Requirement> {
    let mut words = wanted.split_whitespace();
    let name = words.next()?;
    let version = match words.next() {
        Some(version) => version,
        None => versions.get(name)?.first()?.version.as_str(),
    };
    Some(Requirement {
        name: text(name.as_bytes()),
        constraint: text(version.as_bytes()),
    })
}
