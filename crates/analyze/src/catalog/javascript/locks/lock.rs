//! What all formats are read into, and how it becomes packages.

use std::collections::{BTreeMap, HashMap};

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, Requirement};

use super::super::{clean_version, is_name};
use crate::catalog::kit::{Found, property, requirement, without_credentials};

/// The most bytes of names that are looked up to resolve the requirements of one file. A lock file of
/// 50,000 packages, each with ten requirements and four places to look, has some 120 MB of them.
const MAX_LOOKED_UP: usize = 1 << 29;

/// Is one entry of a lock file: a package, or a project (the root, a workspace, a linked folder).
#[derive(Debug)]
pub(super) struct Entry {
    /// The package; `None` for a project.
    pub(super) package: Option<Package>,
    /// The entries that it leads to.
    pub(super) targets: Vec<usize>,
    /// Those that only its developers need; of projects alone.
    pub(super) develop: Vec<usize>,
}

impl Entry {
    /// Makes an entry that leads nowhere yet.
    pub(super) fn new(package: Option<Package>) -> Self {
        Self {
            package,
            targets: Vec::new(),
            develop: Vec::new(),
        }
    }
}

/// Is what one lock file states.
#[derive(Debug, Default)]
pub(super) struct Lock {
    /// The entries.
    pub(super) entries: Vec<Entry>,
    /// Whether the file does not tell all of who asks for what: `package.json` does.
    pub(super) asked_elsewhere: bool,
    /// Whether what only developers need follows from who leads to whom.
    pub(super) parted: bool,
}

/// Makes a package of a name and a version as written; `None`, with the reason noted, where the name
/// is none. What is no version (an address, a branch) is left out.
pub(super) fn package(name: &str, version: &str, found: &mut Found) -> Option<Package> {
    if !is_name(name) {
        found.damage.note(|| {
            let shown: String = requirement(name, "").name.chars().take(100).collect();
            format!("{shown:?} is no name of a package")
        });
        return None;
    }
    let version = clean_version(version).unwrap_or_default();
    Some(Package::new(PackageKind::Npm, name, version))
}

/// Parts `name@what` at the `@` that does not open a scope.
pub(super) fn split_at(text: &str) -> Option<(&str, &str)> {
    let from = usize::from(text.starts_with('@'));
    let at = text.get(from..)?.find('@')? + from;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Returns the package that an alias (`npm:name@range`) stands for.
pub(super) fn aliased(range: &str) -> Option<(&str, &str)> {
    split_at(range.strip_prefix("npm:")?)
}

/// Says whether a place of origin is the project's own: a workspace, or a folder that is linked.
pub(super) fn is_local(origin: &str) -> bool {
    let archive = || {
        [".tgz", ".tar.gz", ".tar"]
            .iter()
            .any(|end| origin.ends_with(end))
    };
    ["workspace:", "link:", "portal:", "root:"]
        .iter()
        .any(|scheme| origin.starts_with(scheme))
        || (origin.starts_with("file:") && !archive())
}

/// Sets the place of origin, without credentials.
pub(super) fn set_origin(package: &mut Package, origin: &str) {
    property(package, "resolved", &without_credentials(origin));
}

/// Sets a property to `true`.
pub(super) fn set_flag(package: &mut Package, name: &str, value: bool) {
    if value {
        property(package, name, "true");
    }
}

/// Looks up keys that are put together, within a bound on all of them together.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    key: String,
    bytes: usize,
}

impl Lookups {
    /// Looks up the key that these parts make.
    pub(super) fn get<T: Copy>(&mut self, map: &HashMap<String, T>, parts: &[&str]) -> Option<T> {
        self.key.clear();
        if self.bytes > MAX_LOOKED_UP {
            return None;
        }
        for part in parts {
            self.key.push_str(part);
        }
        self.bytes += self.key.len();
        map.get(&self.key).copied()
    }

    /// Notes that the bound was reached.
    pub(super) fn finish(self, found: &mut Found) {
        if self.bytes > MAX_LOOKED_UP {
            found
                .damage
                .limit(|| "resolving dependencies takes too long; the rest is unknown".to_owned());
        }
    }
}

impl Lock {
    /// Turns the entries into packages, one per name and version: what the same package leads to at
    /// several places comes together, properties that differ fall away.
    pub(super) fn finish(mut self, found: &mut Found) {
        let projects = self.entries.iter().any(|entry| entry.package.is_none());
        let mut merged: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for (index, entry) in self.entries.iter().enumerate() {
            if let Some(package) = &entry.package {
                let key = (package.name.clone(), package.version.clone());
                merged.entry(key).or_default().push(index);
            }
        }
        let mut asked = vec![false; self.entries.len()];
        let (mut run, mut develop) = (Vec::new(), Vec::new());
        for entry in self.entries.iter().filter(|entry| entry.package.is_none()) {
            for target in entry.targets.iter().chain(&entry.develop) {
                if let Some(asked) = asked.get_mut(*target) {
                    *asked = true;
                }
            }
            run.extend(&entry.targets);
            develop.extend(&entry.develop);
        }
        let (run, develop) = if self.parted {
            (self.reach(run), self.reach(develop))
        } else {
            (Vec::new(), Vec::new())
        };
        let is = |marks: &[bool], index: usize| marks.get(index).copied().unwrap_or_default();
        let identity: Vec<Option<(String, String)>> = self
            .entries
            .iter()
            .map(|entry| {
                let package = entry.package.as_ref()?;
                Some((package.name.clone(), package.version.clone()))
            })
            .collect();
        for (key, indices) in merged {
            let mut targets: Vec<&(String, String)> = Vec::new();
            let mut whole: Option<Package> = None;
            for index in &indices {
                let Some(entry) = self.entries.get_mut(*index) else {
                    continue;
                };
                let next = entry.targets.iter();
                targets.extend(next.filter_map(|target| identity.get(*target)?.as_ref()));
                let Some(package) = entry.package.take() else {
                    continue;
                };
                match &mut whole {
                    None => whole = Some(package),
                    Some(held) => merge(held, package),
                }
            }
            let Some(mut package) = whole else {
                continue;
            };
            targets.sort_unstable();
            targets.dedup();
            targets.retain(|target| **target != key);
            package.requires = targets
                .into_iter()
                .map(|(name, version)| {
                    vec![Requirement {
                        name: name.clone(),
                        constraint: version.clone(),
                    }]
                })
                .collect();
            let asked = indices.iter().any(|index| is(&asked, *index));
            if asked || (projects && !self.asked_elsewhere) {
                package.requested = Some(asked);
            }
            let only = |index: &usize| is(&develop, *index) && !is(&run, *index);
            set_flag(&mut package, "dev", self.parted && indices.iter().all(only));
            found.push(package);
        }
    }

    /// Marks the entries that can be reached, the start included.
    fn reach(&self, start: Vec<usize>) -> Vec<bool> {
        let mut seen = vec![false; self.entries.len()];
        let mut open = start;
        while let Some(index) = open.pop() {
            let (Some(seen), Some(entry)) = (seen.get_mut(index), self.entries.get(index)) else {
                continue;
            };
            // What a project leads to starts at that project.
            if !*seen && entry.package.is_some() {
                *seen = true;
                open.extend(&entry.targets);
            }
        }
        seen
    }
}

/// Merges what two entries say of the same package.
fn merge(held: &mut Package, other: Package) {
    held.properties
        .retain(|key, value| other.properties.get(key) == Some(value));
    for license in other.licenses {
        if !held.licenses.contains(&license) {
            held.licenses.push(license);
        }
    }
    held.provides.extend(other.provides);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_parted_at_the_right_sign() {
        assert_eq!(split_at("@s/a@npm:^1"), Some(("@s/a", "npm:^1")));
        assert_eq!(
            split_at("a@git+ssh://git@example.com/a"),
            Some(("a", "git+ssh://git@example.com/a"))
        );
        assert_eq!(split_at("@s/a"), None);
        assert_eq!(aliased("npm:@s/a@1.0"), Some(("@s/a", "1.0")));
        assert_eq!(aliased("npm:^1.0"), None);
        assert!(is_local("file:../a") && !is_local("file:a.tgz") && is_local("workspace:."));
    }
}
