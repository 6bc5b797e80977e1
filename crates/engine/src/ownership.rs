//! Says which packages belong to others: a Python package that Debian's package manager installed, a
//! program that stands in no package's list of files.
//!
//! Owns the join of the packages' files with the files that package databases list, and the merging
//! of what several files state alike. Read [`settle`] first.

use std::collections::{BTreeMap, HashMap, HashSet};

use plimsoll_analyze::catalog::embedded_sbom::PROPERTY as EMBEDDED;
use plimsoll_image::overlay::PlacedFact;
use plimsoll_model::analyzer::Fact;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::path::ImagePath;
use plimsoll_model::report::CatalogPackage;

use crate::recognised;

/// The most licences of packages that are made one.
const MAX_LICENSES: usize = 256;

/// Says who owns each package, leaves out binaries that a package owns, and makes one of those that
/// differ in nothing but their files.
///
/// A package is owned when every file that states it is in the list of another package. A binary
/// that a package owns is that package; it is not listed twice. That such a file says nothing of
/// itself is no gap either, since its package is listed: those issues go.
pub(crate) fn settle(
    mut packages: Vec<CatalogPackage>,
    facts: &[PlacedFact<'_>],
    issues: &mut Vec<Issue>,
) -> Vec<CatalogPackage> {
    let silent = |issue: &Issue| issue.kind == IssueKind::Unsupported;
    let subjects: Vec<&str> = issues
        .iter()
        .filter(|issue| silent(issue))
        .map(|issue| issue.subject.as_str())
        .collect();
    let owners = owners(&packages, facts, &subjects);
    if !owners.is_empty() {
        for one in &mut packages {
            if !one.package.kind.is_os() {
                one.package.owned_by = owner(&one.package.locations, &owners)
                    .filter(|owner| **owner != one.package.purl)
                    .cloned();
            }
        }
    }
    issues.retain(|issue| !silent(issue) || !owners.contains_key(file_of(&issue.subject)));
    packages
        .retain(|one| one.package.kind != PackageKind::Binary || one.package.owned_by.is_none());
    drop_restated(&mut packages);
    recognised::join(&mut packages);
    merge(packages)
}

/// Leaves out what an SBOM in the image names and the image itself shows too, in whatever layer.
fn drop_restated(packages: &mut Vec<CatalogPackage>) {
    let restated = |one: &CatalogPackage| one.package.properties.contains_key(EMBEDDED);
    if !packages.iter().any(restated) {
        return;
    }
    let shown: HashSet<String> = packages
        .iter()
        .filter(|one| !restated(one))
        .map(|one| one.package.purl.clone())
        .collect();
    packages.retain(|one| !restated(one) || !shown.contains(&one.package.purl));
}

/// Returns the owner of all of the files, by the name of the first one's.
fn owner<'a>(locations: &[String], owners: &'a HashMap<String, String>) -> Option<&'a String> {
    let mut all = locations.iter().map(|path| owners.get(file_of(path)));
    let first = all.next()??;
    all.all(|other| other.is_some()).then_some(first)
}

/// Returns the file of the image that a location lies in: a jar inside a war is in the war's file.
fn file_of(location: &str) -> &str {
    location.split("!/").next().unwrap_or(location)
}

/// Maps the files that state packages of languages, and binaries, to the purls of their owners.
fn owners(
    packages: &[CatalogPackage],
    facts: &[PlacedFact<'_>],
    more: &[&str],
) -> HashMap<String, String> {
    // Who asks about a path: by all the names that the lists may call it.
    let mut asked: HashMap<Vec<u8>, Vec<&str>> = HashMap::new();
    let mut purls: HashMap<String, &str> = HashMap::new();
    for CatalogPackage { package, .. } in packages {
        let named = purls.entry(package.name.clone());
        if package.kind.is_os() {
            named.insert_entry(&package.purl);
            if let Some(arch) = &package.arch {
                purls.insert(format!("{}:{arch}", package.name), &package.purl);
            }
            continue;
        }
        named.or_insert(&package.purl);
        // Names of languages' packages repeat: conda's lists of files bear the purl.
        purls.insert(package.purl.clone(), &package.purl);
        for location in &package.locations {
            ask(file_of(location), &mut asked);
        }
    }
    for location in more {
        ask(file_of(location), &mut asked);
    }
    let mut owners = HashMap::new();
    if asked.is_empty() {
        return owners;
    }
    for placed in facts {
        let Fact::Owns(owned) = placed.fact else {
            continue;
        };
        let Some(purl) = purls.get(&owned.package) else {
            continue;
        };
        for path in owned.paths.split(|byte| *byte == b'\n') {
            for file in asked.get(path).into_iter().flatten() {
                owners
                    .entry((*file).to_owned())
                    .or_insert_with(|| (*purl).to_owned());
            }
        }
    }
    owners
}

/// Notes that the owner of a file is asked for, under all of its names.
fn ask<'a>(file: &'a str, asked: &mut HashMap<Vec<u8>, Vec<&'a str>>) {
    for name in names(file) {
        let asking = asked.entry(name).or_default();
        if !asking.contains(&file) {
            asking.push(file);
        }
    }
}

/// Returns the names by which a list of files may call a file: as it is, and with or without `usr`,
/// since distributions moved `/bin`, `/sbin` and `/lib*` there and left links behind.
fn names(location: &str) -> Vec<Vec<u8>> {
    let Ok(path) = ImagePath::normalize(location.as_bytes()) else {
        return Vec::new();
    };
    let path = path.as_bytes();
    let mut names = vec![path.to_vec()];
    let merged = |path: &[u8]| {
        [
            &b"bin/"[..],
            b"sbin/",
            b"lib/",
            b"lib32/",
            b"lib64/",
            b"libx32/",
        ]
        .iter()
        .any(|folder| path.starts_with(folder))
    };
    match path.strip_prefix(b"usr/") {
        Some(rest) if merged(rest) => names.push(rest.to_vec()),
        None if merged(path) => names.push([&b"usr/"[..], path].concat()),
        _ => {}
    }
    names
}

/// Makes one package of those that have the same purl, owner and layer: their files and what they
/// depend on come together, and of their properties what all of them have. Packages of the operating system stay as their databases state them.
fn merge(packages: Vec<CatalogPackage>) -> Vec<CatalogPackage> {
    let mut merged: Vec<CatalogPackage> = Vec::with_capacity(packages.len());
    let mut at: BTreeMap<(String, Option<String>, usize), usize> = BTreeMap::new();
    for one in packages {
        if one.package.kind.is_os() || one.package.purl.is_empty() {
            merged.push(one);
            continue;
        }
        let key = (
            one.package.purl.clone(),
            one.package.owned_by.clone(),
            one.layer,
        );
        let Some(held) = at.get(&key).and_then(|index| merged.get_mut(*index)) else {
            at.insert(key, merged.len());
            merged.push(one);
            continue;
        };
        let (held, more) = (&mut held.package, one.package);
        held.locations.extend(more.locations);
        held.depends_on.extend(more.depends_on);
        for license in more.licenses {
            if held.licenses.len() < MAX_LICENSES && !held.licenses.contains(&license) {
                held.licenses.push(license);
            }
        }
        held.requested = match (held.requested, more.requested) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (one, other) => one.or(other),
        };
        // What only one of them has is of its place: a vendored copy beside a package of its own.
        held.properties
            .retain(|key, _| more.properties.contains_key(key));
    }
    for one in &mut merged {
        if one.package.kind.is_os() {
            continue;
        }
        one.package.locations.sort();
        one.package.locations.dedup();
        one.package.depends_on.sort();
        one.package.depends_on.dedup();
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::analyzer::Ownership;
    use plimsoll_model::package::Package;

    fn listed(kind: PackageKind, name: &str, location: &str) -> CatalogPackage {
        let mut package = Package::new(kind, name, "1");
        package.purl = format!("pkg:{}/{name}@1", kind.purl_type());
        package.locations = vec![location.to_owned()];
        CatalogPackage { package, layer: 0 }
    }

    fn placed(fact: &Fact) -> PlacedFact<'_> {
        PlacedFact {
            path: ImagePath::from_normalized("var/lib/dpkg/info/p.list"),
            layer: 0,
            introduced: 0,
            hidden_by: None,
            analyzer: 0,
            fact,
        }
    }

    #[test]
    fn what_an_sbom_restates_is_left_out_in_every_layer() {
        let mut stated = listed(PackageKind::Cargo, "a", "/a.cdx.json");
        stated
            .package
            .properties
            .insert(EMBEDDED.to_owned(), "/a.cdx.json".to_owned());
        let mut alone = stated.clone();
        alone.package.purl = "pkg:cargo/b@1".to_owned();
        let mut shown = listed(PackageKind::Cargo, "a", "/bin/a");
        shown.layer = 3;
        let settled = settle(vec![stated, alone, shown], &[], &mut Vec::new());
        let left: Vec<_> = settled
            .iter()
            .map(|one| (one.package.purl.as_str(), one.layer))
            .collect();
        assert_eq!(left, [("pkg:cargo/b@1", 0), ("pkg:cargo/a@1", 3)]);
    }

    #[test]
    fn what_a_package_lists_belongs_to_it_and_alike_packages_are_one() {
        let owned = Fact::Owns(Ownership {
            package: "p:amd64".to_owned(),
            paths: b"bin/tool\nusr/lib/python3/dist-packages/a/METADATA\nusr/share/java/b.jar"
                .to_vec(),
        });
        let mut os = listed(PackageKind::Deb, "p", "/var/lib/dpkg/status");
        os.package.arch = Some("amd64".to_owned());
        let mut vendored = listed(PackageKind::Npm, "c", "/srv/c/package.json");
        for name in ["both", "vendored"] {
            let properties = &mut vendored.package.properties;
            properties.insert(name.to_owned(), "true".to_owned());
        }
        let mut own = listed(PackageKind::Npm, "c", "/app/c/package.json");
        own.package
            .properties
            .insert("both".to_owned(), "true".to_owned());
        let packages = vec![
            os,
            listed(
                PackageKind::Pypi,
                "a",
                "/usr/lib/python3/dist-packages/a/METADATA",
            ),
            listed(PackageKind::Maven, "b", "/usr/share/java/b.jar!/inner.jar"),
            listed(PackageKind::Binary, "tool", "/usr/bin/tool"),
            listed(PackageKind::Binary, "tool", "/opt/bin/tool"),
            vendored,
            own,
        ];
        let silent = |path: &str| Issue::new(IssueKind::Unsupported, path, "says nothing");
        let mut issues = vec![
            silent("/usr/bin/tool"),
            silent("/opt/bin/tool"),
            Issue::new(IssueKind::DamagedMetadata, "/bin/tool", "is cut"),
        ];
        let settled = settle(packages, &[placed(&owned)], &mut issues);
        let left: Vec<&str> = issues.iter().map(|issue| issue.subject.as_str()).collect();
        assert_eq!(left, ["/opt/bin/tool", "/bin/tool"]);
        let properties = settled.last().map(|one| &one.package.properties);
        assert_eq!(properties.unwrap().keys().collect::<Vec<_>>(), ["both"]);
        let shown: Vec<_> = settled
            .iter()
            .map(|one| {
                (
                    one.package.name.as_str(),
                    one.package.owned_by.as_deref(),
                    one.package.locations.join(" "),
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("p", None, "/var/lib/dpkg/status".to_owned()),
                (
                    "a",
                    Some("pkg:deb/p@1"),
                    "/usr/lib/python3/dist-packages/a/METADATA".to_owned()
                ),
                (
                    "b",
                    Some("pkg:deb/p@1"),
                    "/usr/share/java/b.jar!/inner.jar".to_owned()
                ),
                ("tool", None, "/opt/bin/tool".to_owned()),
                (
                    "c",
                    None,
                    "/app/c/package.json /srv/c/package.json".to_owned()
                ),
            ]
        );
    }
}
