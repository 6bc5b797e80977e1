//! What builds of Java declare: Gradle's lock files and version catalog, Maven's project files.

use std::collections::BTreeMap;

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Evidence, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::issue::IssueKind;
use plimsoll_model::package::Package;

use crate::catalog::assembly::{collect_each, hand_over, set_purls};
use crate::catalog::budget::Budget;
use crate::catalog::damage::{Damage, report, text};

use super::pom::{Coordinates, Project, is_id};

/// Catalogs what builds declare.
pub struct JavaBuilds;

#[derive(Clone, Copy)]
enum Role {
    GradleLock,
    Project,
    VersionCatalog,
}

impl Role {
    fn of(entry: &Entry<'_>) -> Option<Self> {
        if entry.kind != EntryKind::File {
            return None;
        }
        match entry.path.last()? {
            b'e' => {
                let name = entry.file_name();
                let lock = name == b"gradle.lockfile" || name == b"buildscript-gradle.lockfile";
                lock.then_some(Self::GradleLock)
            }
            b'l' if entry.file_name() == b"libs.versions.toml" => Some(Self::VersionCatalog),
            b'l' if entry.file_name() == b"pom.xml" => Some(Self::Project),
            _ => None,
        }
    }
}

impl Analyzer for JavaBuilds {
    fn name(&self) -> &'static str {
        "language/java-builds"
    }

    fn version(&self) -> u32 {
        2
    }

    fn evidence(&self) -> Evidence {
        Evidence::Declared
    }

    fn about(&self) -> About {
        About {
            title: "Java",
            reads: &[
                (
                    "gradle.lockfile, buildscript-gradle.lockfile",
                    "all artifacts of the build with the configurations they belong to",
                ),
                (
                    "pom.xml",
                    "direct dependencies with the versions that the file itself states",
                ),
                (
                    "libs.versions.toml",
                    "libraries of Gradle's version catalog",
                ),
            ],
            not_read: &[
                "Build scripts (build.gradle, build.sbt): they are programs, and nothing is executed.",
                "Parents and imported lists of versions of a pom.xml: they lie in repositories.",
            ],
            certainty: "Lock files are certain. A pom.xml states only what is asked for directly; where its version comes from a parent, the artifact is listed without one.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        match Role::of(entry) {
            Some(_) => Want::Whole { limit: 16 << 20 },
            None => Want::Nothing,
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut damage = Damage::default();
        let found = match Role::of(entry) {
            Some(Role::GradleLock) => gradle_lock(content.bytes, &mut damage),
            Some(Role::Project) => project(content.bytes, &mut damage),
            Some(Role::VersionCatalog) => version_catalog(content.bytes, &mut damage),
            None => return,
        };
        let mut budget = Budget::default();
        for mut package in found {
            if budget.admit(&mut package, &mut damage) {
                facts.push(Fact::Package(Box::new(package)));
            }
        }
        report(entry, content, damage.finish(), facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let (_, mut declared): (Vec<_>, Vec<_>) = collect_each(view).into_iter().unzip();
        set_purls(&mut declared, view.distro);
        hand_over(declared, out);
    }
}

fn package(found: &Coordinates, requested: Option<bool>) -> Package {
    let mut package = Package::new(PackageKind::Maven, found.name(), &found.version);
    package.requested = requested;
    package
}

/// Reads a lock file of Gradle 6.8 or later: lines `group:artifact:version=configurations`.
fn gradle_lock(bytes: &[u8], damage: &mut Damage) -> Vec<Package> {
    let mut all = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") || line.starts_with(b"empty=") {
            continue;
        }
        let line = text(line);
        let (module, configurations) = line.split_once('=').unwrap_or((&line, ""));
        let Some(found) = coordinates(module) else {
            damage.note(|| format!("line {}: expected group:artifact:version", index + 1));
            continue;
        };
        let mut package = package(&found, None);
        if !configurations.is_empty() {
            let properties = &mut package.properties;
            properties.insert("configurations".to_owned(), configurations.to_owned());
        }
        all.push(package);
    }
    all
}

/// Parts `group:artifact:version`.
fn coordinates(module: &str) -> Option<Coordinates> {
    let mut parts = module.splitn(3, ':');
    let found = Coordinates {
        group: parts.next()?.to_owned(),
        artifact: parts.next()?.to_owned(),
        version: parts.next().unwrap_or_default().to_owned(),
    };
    (is_id(&found.group) && is_id(&found.artifact)).then_some(found)
}

/// Reads the direct dependencies of a Maven project.
fn project(bytes: &[u8], damage: &mut Damage) -> Vec<Package> {
    let (project, damaged) = Project::parse(bytes);
    if damaged {
        damage.note(|| "the file ends early or is no XML; dependencies may be missing".to_owned());
    }
    let managed = project.managed_versions();
    let mut all = Vec::new();
    let mut unknown = 0_u32;
    for dependency in &project.dependencies {
        let mut found = dependency.coordinates.clone();
        if found.group.is_empty() || found.artifact.is_empty() {
            unknown += 1;
            continue;
        }
        if found.version.is_empty() {
            let key = (found.group.as_str(), found.artifact.as_str());
            let version = managed.get(&key).copied().unwrap_or_default();
            version.clone_into(&mut found.version);
        }
        // A range is a wish, not a version: `[1.0,2.0)`.
        if found.version.starts_with(['[', '(']) {
            if let Some(exact) = found
                .version
                .strip_prefix('[')
                .and_then(|v| v.strip_suffix(']'))
                && !exact.contains(',')
            {
                found.version = exact.to_owned();
            } else {
                found.version.clear();
            }
        }
        unknown += u32::from(found.version.is_empty());
        let mut package = package(&found, Some(true));
        if !dependency.scope.is_empty() {
            let properties = &mut package.properties;
            properties.insert("scope".to_owned(), dependency.scope.clone());
        }
        all.push(package);
    }
    if unknown > 0 {
        damage.push(IssueKind::UnknownVersion, || {
            format!("{unknown} dependencies take their version from elsewhere (a parent, a range, a variable)")
        });
    }
    all
}

/// Reads the libraries of a version catalog (Gradle, "Version Catalogs", TOML format).
fn version_catalog(bytes: &[u8], damage: &mut Damage) -> Vec<Package> {
    let parsed = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.parse::<toml::Table>().ok());
    let Some(table) = parsed else {
        damage.note(|| "the file is no TOML".to_owned());
        return Vec::new();
    };
    let versions: BTreeMap<&str, &str> = table
        .get("versions")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.as_str(), literal(value)?)))
        .collect();
    let libraries = table.get("libraries").and_then(toml::Value::as_table);
    let found = libraries.into_iter().flatten().filter_map(|(_, library)| {
        let get = |name: &str| library.get(name).and_then(toml::Value::as_str);
        let mut found = match (library.as_str(), get("module"), get("group"), get("name")) {
            (Some(module), ..) | (_, Some(module), ..) => coordinates(module)?,
            (_, _, Some(group), Some(name)) => coordinates(&format!("{group}:{name}"))?,
            _ => return None,
        };
        if let Some(version) = library.get("version") {
            let by_name = version.get("ref").and_then(toml::Value::as_str);
            let value = by_name.and_then(|name| versions.get(name).copied());
            let value = value.or_else(|| literal(version)).unwrap_or_default();
            value.clone_into(&mut found.version);
        }
        found.version = text(found.version.as_bytes());
        Some(package(&found, Some(true)))
    });
    found.collect()
}

/// Returns a version that is stated as text, or the one that a rich version prefers or asks for.
fn literal(value: &toml::Value) -> Option<&str> {
    let of = |name: &str| value.get(name).and_then(toml::Value::as_str);
    let found = value
        .as_str()
        .or_else(|| of("strictly"))
        .or_else(|| of("prefer"))
        .or_else(|| of("require"))?;
    (!found.starts_with(['[', '('])).then_some(found)
}
