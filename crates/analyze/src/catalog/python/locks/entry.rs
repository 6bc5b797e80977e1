//! What the lock files of all tools have in common: entries with a name, a version, an origin, and
//! requirements in one form.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, Requirement};

use super::super::super::damage::{Damage, text};
use super::super::super::kit::{Found, property, public_url};
use super::super::marker::Specifier;
use super::super::name::{is_name, normalized};

/// Is where a package comes from when no index of packages has it, or which index has it.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    /// The property that tells it.
    property: &'static str,
    value: String,
}

impl Origin {
    /// Is a commit of a repository: `git+https://…@COMMIT#subdirectory=FOLDER`, as purls write it.
    pub(super) fn repository(kind: &str, url: &str, commit: &str, folder: &str) -> Self {
        let kind = if kind.is_empty() { "git" } else { kind };
        let url = url.strip_prefix("git+").unwrap_or(url);
        let mut value = format!("{kind}+{}", public_url(url));
        if !commit.is_empty() {
            value = format!("{value}@{commit}");
        }
        if !folder.is_empty() {
            value = format!("{value}#subdirectory={folder}");
        }
        Self {
            property: "vcs_url",
            value,
        }
    }

    /// Is an archive at a URL.
    pub(super) fn url(url: &str) -> Self {
        Self {
            property: "direct_url",
            value: public_url(url),
        }
    }

    /// Is an archive that lies in the source tree.
    pub(super) fn file(path: &str) -> Self {
        Self {
            property: "source_path",
            value: path.to_owned(),
        }
    }

    /// Sets the property of a package that tells it.
    pub(super) fn set(&self, package: &mut Package) {
        property(package, self.property, &self.value);
    }

    /// Is an index of packages.
    pub(super) fn index(url: &str) -> Self {
        Self {
            property: "index",
            value: public_url(url),
        }
    }
}

/// Says whether a path names an archive rather than a folder.
pub(super) fn is_archive(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    [".whl", ".zip", ".gz", ".bz2", ".xz", ".tgz"]
        .iter()
        .any(|end| lower.ends_with(end))
}

/// Collects the entries of one lock file. Entries of one name, version and origin are one.
#[derive(Debug, Default)]
pub(super) struct Entries {
    packages: Vec<Package>,
    seen: HashMap<(String, String, String), usize>,
}

impl Entries {
    /// Keeps an entry. What an equal one requires is added to it.
    pub(super) fn push(&mut self, package: Package) {
        let origin = package.properties.get("vcs_url").cloned();
        let key = (
            normalized(&package.name),
            package.version.clone(),
            origin.unwrap_or_default(),
        );
        match self.seen.entry(key) {
            Slot::Vacant(slot) => {
                slot.insert(self.packages.len());
                self.packages.push(package);
            }
            Slot::Occupied(slot) => {
                if let Some(held) = self.packages.get_mut(*slot.get()) {
                    held.requires.extend(package.requires);
                }
            }
        }
    }

    /// Hands all entries over.
    pub(super) fn finish(self, found: &mut Found) {
        for package in self.packages {
            found.push(package);
        }
    }
}

/// Makes a package of an entry. `None`, with the reason noted, when it names none.
pub(super) fn package(
    name: &str,
    version: &str,
    origin: Option<Origin>,
    damage: &mut Damage,
) -> Option<Package> {
    let (name, version) = (text(name.as_bytes()), text(version.as_bytes()));
    if !is_name(&name) {
        damage.note(|| format!("an entry has no name of a project but \"{name}\""));
        return None;
    }
    // Of a commit the version is not always stated; of all else it is.
    let repository = origin
        .as_ref()
        .is_some_and(|origin| origin.property == "vcs_url");
    if version.is_empty() && !repository {
        damage.note(|| format!("{name} has no version"));
        return None;
    }
    let mut package = Package::new(PackageKind::Pypi, name, version);
    if let Some(origin) = origin {
        origin.set(&mut package);
    }
    Some(package)
}

/// Marks in which groups a package is; `main` names the group that is installed always.
pub(super) fn set_groups(package: &mut Package, groups: &[&str], main: &str) {
    if groups.is_empty() {
        return;
    }
    let mut sorted: Vec<&str> = groups.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    property(package, "groups", &sorted.join(","));
    if !main.is_empty() && !groups.contains(&main) {
        property(package, "dev", "true");
    }
}

/// Makes a requirement as the assembly reads it: the normalised name with normalised extras in
/// brackets, and `VERSIONS ; MARKER`.
pub(super) fn required<'a>(
    name: &str,
    extras: impl Iterator<Item = &'a str>,
    versions: &str,
    marker: &str,
) -> Requirement {
    let mut name = normalized(&text(name.as_bytes()));
    let extras: Vec<String> = extras.map(normalized).collect();
    if !extras.is_empty() {
        name = format!("{name}[{}]", extras.join(","));
    }
    let mut constraint = text(versions.as_bytes());
    let marker = text(marker.as_bytes());
    if !marker.is_empty() {
        constraint = format!("{constraint} ; {marker}");
    }
    Requirement {
        name: text(name.as_bytes()),
        constraint,
    }
}

/// Makes a requirement of a dependency specifier.
pub(super) fn specified(line: &str) -> Option<Requirement> {
    let specifier = Specifier::parse(line)?;
    let versions = specifier.versions;
    // A direct reference states no version that could be compared.
    let versions = if versions.starts_with('@') {
        ""
    } else {
        versions
    };
    let extras = specifier.extras.split(',').map(str::trim);
    let extras = extras.filter(|extra| !extra.is_empty());
    Some(required(specifier.name, extras, versions, specifier.marker))
}
