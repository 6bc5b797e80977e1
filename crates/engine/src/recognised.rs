//! Joins programs that were recognised by their own bytes with packages of the same files.
//!
//! Owns the rule which of two catalogers wins where both list one thing: the one that read the
//! package's metadata, since it knows licences and dependencies. What the program is called in the
//! dictionary of vulnerability databases (`cpe`) goes with it. Read [`join`] first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::report::CatalogPackage;

/// The property that only packages have that were recognised by their bytes.
const MATCHED: &str = "matched";

/// The names of recognised Java runtimes.
const RUNTIMES: &[&str] = &["openjdk", "oracle-jdk"];

/// Leaves out each recognised program that another package of the same version states: of the same
/// file where that is of Java, Erlang or Elixir, and for a Java runtime of the folder's `release`
/// file. Its files and its `cpe` go to that package, and so do the same program's other files of
/// the same layer (`bin/elixir` beside `elixir.app`). A package that the file's own note states by the
/// same name wins with its fuller version (`252.39-1~deb12u2`, where the bytes only say `252`).
///
/// Programs of Go and Rust are not joined: each of their modules names the file, the program among
/// them, and a dependency may well have the program's version.
pub(crate) fn join(packages: &mut Vec<CatalogPackage>) {
    if !packages.iter().any(is_recognised) {
        return;
    }
    let known = Known::new(packages);
    let mut joined: BTreeMap<usize, usize> = BTreeMap::new();
    let mut programs: HashMap<(&str, usize), usize> = HashMap::new();
    for (index, one) in packages.iter().enumerate() {
        if is_recognised(one)
            && let Some(partner) = known.partner(one, packages)
        {
            joined.insert(index, partner);
            if !RUNTIMES.contains(&one.package.name.as_str()) {
                programs.insert((&one.package.purl, one.layer), partner);
            }
        }
    }
    for (index, one) in packages.iter().enumerate() {
        if is_recognised(one)
            && let Some(partner) = programs.get(&(&one.package.purl, one.layer))
        {
            joined.entry(index).or_insert(*partner);
        }
    }
    let mut gone = BTreeSet::new();
    for (index, partner) in joined {
        let Some(one) = packages.get(index) else {
            continue;
        };
        let locations = one.package.locations.clone();
        let cpe = one.package.properties.get("cpe").cloned();
        if let Some(kept) = packages.get_mut(partner) {
            kept.package.locations.extend(locations);
            if let Some(cpe) = cpe {
                let held = kept.package.properties.entry("cpe".to_owned());
                held.or_insert(cpe);
            }
            gone.insert(index);
        }
    }
    let mut index = 0;
    packages.retain(|_| {
        index += 1;
        !gone.contains(&(index - 1))
    });
}

fn is_recognised(one: &CatalogPackage) -> bool {
    one.package.kind == PackageKind::Binary && one.package.properties.contains_key(MATCHED)
}

/// Is the packages that recognised programs may be, by what they are found by.
struct Known {
    /// By the file that states them.
    files: HashMap<String, Vec<usize>>,
    /// Java's runtimes: their folder with `/` at its end, and which package.
    folders: Vec<(String, usize)>,
    /// What files themselves state, by file and name.
    notes: HashMap<(String, String), usize>,
}

impl Known {
    fn new(packages: &[CatalogPackage]) -> Self {
        let mut files: HashMap<String, Vec<usize>> = HashMap::new();
        let mut folders = Vec::new();
        let mut notes = HashMap::new();
        for (index, one) in packages.iter().enumerate() {
            let package = &one.package;
            match package.kind {
                PackageKind::Maven | PackageKind::Otp | PackageKind::Hex => {
                    for location in &package.locations {
                        files.entry(location.clone()).or_default().push(index);
                    }
                }
                PackageKind::Binary if !is_recognised(one) => {
                    for location in &package.locations {
                        notes.insert((location.clone(), package.name.clone()), index);
                    }
                    let folder = |location: &String| {
                        let folder = location.strip_suffix("release")?;
                        folder.ends_with('/').then(|| (folder.to_owned(), index))
                    };
                    folders.extend(package.locations.iter().filter_map(folder));
                }
                _ => {}
            }
        }
        Self {
            files,
            folders,
            notes,
        }
    }

    /// Returns the package that a recognised program is.
    fn partner(&self, one: &CatalogPackage, packages: &[CatalogPackage]) -> Option<usize> {
        let location = one.package.locations.first()?;
        let same = |index: &usize| {
            packages
                .get(*index)
                .is_some_and(|other| other.package.version == one.package.version)
        };
        if RUNTIMES.contains(&one.package.name.as_str()) {
            let within = |(folder, _): &&(String, usize)| location.starts_with(folder.as_str());
            let nearest = self.folders.iter().filter(within);
            let (_, index) = nearest.max_by_key(|(folder, _)| folder.len())?;
            return Some(*index).filter(same);
        }
        if let Some(index) = self
            .notes
            .get(&(location.clone(), one.package.name.clone()))
        {
            let fuller = |other: &CatalogPackage| {
                let rest = other.package.version.strip_prefix(&one.package.version);
                rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
            };
            return Some(*index).filter(|index| packages.get(*index).is_some_and(fuller));
        }
        let stated: Vec<usize> = self
            .files
            .get(location)?
            .iter()
            .copied()
            .filter(same)
            .collect();
        if let [only] = stated.as_slice() {
            return Some(*only);
        }
        // Archives hold other artifacts: the one that gave the file its name is meant.
        let file = location.rsplit('/').next()?;
        stated.into_iter().find(|index| {
            packages.get(*index).is_some_and(|other| {
                let name = &other.package.name;
                let artifact = name.rsplit(':').next().unwrap_or(name);
                file.strip_prefix(artifact)
                    .is_some_and(|rest| rest.starts_with(['-', '.']))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::package::Package;

    fn package(kind: PackageKind, name: &str, version: &str, location: &str) -> CatalogPackage {
        let mut package = Package::new(kind, name, version);
        package.purl = format!("pkg:{}/{name}@{version}", kind.purl_type());
        package.locations = vec![location.to_owned()];
        CatalogPackage { package, layer: 0 }
    }

    fn recognised(name: &str, version: &str, location: &str) -> CatalogPackage {
        let mut one = package(PackageKind::Binary, name, version, location);
        let properties = &mut one.package.properties;
        properties.insert(MATCHED.to_owned(), version.to_owned());
        properties.insert("cpe".to_owned(), format!("cpe of {name}"));
        one
    }

    #[test]
    fn one_thing_of_two_catalogers_is_one_package() {
        let mut packages = vec![
            package(PackageKind::Otp, "elixir", "1.14.0", "/e/ebin/elixir.app"),
            recognised("elixir", "1.14.0", "/e/bin/elixir"),
            recognised("elixir", "1.14.0", "/e/ebin/elixir.app"),
            recognised("elixir", "1.15.0", "/old/bin/elixir"),
            package(
                PackageKind::Maven,
                "g:kafka_2.13",
                "3.6.0",
                "/k/kafka_2.13-3.6.0.jar",
            ),
            package(
                PackageKind::Maven,
                "g:shaded",
                "3.6.0",
                "/k/kafka_2.13-3.6.0.jar",
            ),
            recognised("kafka", "3.6.0", "/k/kafka_2.13-3.6.0.jar"),
            package(PackageKind::Binary, "jre", "17.0.9", "/j/release"),
            recognised("openjdk", "17.0.9", "/j/bin/java"),
            recognised("openjdk", "17.0.9", "/j/lib/server/libjvm.so"),
            recognised("openjdk", "11.0.2", "/j/other/bin/java"),
            recognised("openjdk", "17.0.9", "/other/bin/java"),
            package(PackageKind::Golang, "api", "3.5.9", "/bin/etcd"),
            recognised("etcd", "3.5.9", "/bin/etcd"),
            package(PackageKind::Binary, "systemd", "252.39-1", "/bin/systemctl"),
            recognised("systemd", "252", "/bin/systemctl"),
            package(PackageKind::Binary, "bash", "5.21-1", "/bin/bash"),
            recognised("bash", "5.2", "/bin/bash"),
        ];
        join(&mut packages);
        let shown: Vec<String> = packages
            .iter()
            .map(|one| {
                let package = &one.package;
                let cpe = package.properties.get("cpe").map_or("", String::as_str);
                let places = package.locations.join(" ");
                format!("{} {} {places} {cpe}", package.name, package.version)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "elixir 1.14.0 /e/ebin/elixir.app /e/bin/elixir /e/ebin/elixir.app cpe of elixir",
                "elixir 1.15.0 /old/bin/elixir cpe of elixir",
                "g:kafka_2.13 3.6.0 /k/kafka_2.13-3.6.0.jar /k/kafka_2.13-3.6.0.jar cpe of kafka",
                "g:shaded 3.6.0 /k/kafka_2.13-3.6.0.jar ",
                "jre 17.0.9 /j/release /j/bin/java /j/lib/server/libjvm.so cpe of openjdk",
                "openjdk 11.0.2 /j/other/bin/java cpe of openjdk",
                "openjdk 17.0.9 /other/bin/java cpe of openjdk",
                "api 3.5.9 /bin/etcd ",
                "etcd 3.5.9 /bin/etcd cpe of etcd",
                "systemd 252.39-1 /bin/systemctl /bin/systemctl cpe of systemd",
                "bash 5.21-1 /bin/bash ",
                "bash 5.2 /bin/bash cpe of bash",
            ]
        );
    }
}
