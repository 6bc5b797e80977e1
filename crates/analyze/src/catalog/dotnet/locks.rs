//! What .NET source trees want: `packages.lock.json`, `project.assets.json`, `packages.config`, and
//! the versions that projects and `Directory.Packages.props` state (Microsoft, "NuGet documentation").

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Evidence, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, Requirement};
use plimsoll_model::path::{ImagePath, file_name, parent};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde::Deserialize;

use super::super::assembly::collect_each;
use super::super::damage::{Damage, report, text};
use super::super::executable::assemble_neighbours;
use super::MIB;
use super::deps::split;

/// Catalogs the NuGet packages that .NET source trees want.
pub struct DotnetLocks;

/// Is what a file of interest is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Lock,
    Assets,
    Config,
    Project,
}

impl Role {
    fn of(path: &[u8]) -> Option<Self> {
        match file_name(path) {
            b"packages.lock.json" => Some(Self::Lock),
            b"project.assets.json" => Some(Self::Assets),
            b"packages.config" => Some(Self::Config),
            b"Directory.Packages.props" | b"Directory.Build.props" => Some(Self::Project),
            name if [&b".csproj"[..], b".fsproj", b".vbproj"]
                .iter()
                .any(|end| name.ends_with(end)) =>
            {
                Some(Self::Project)
            }
            _ => None,
        }
    }

    /// Returns the folder of the project that a file belongs to.
    fn root(self, path: &ImagePath) -> &[u8] {
        match self {
            Self::Assets => parent(path.parent()),
            _ => path.parent(),
        }
    }
}

impl Analyzer for DotnetLocks {
    fn name(&self) -> &'static str {
        "language/dotnet-locks"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: ".NET",
            reads: &[
                ("packages.lock.json", "packages with their dependencies"),
                (
                    "project.assets.json",
                    "packages with their dependencies, as restored",
                ),
                (
                    "packages.config",
                    "packages; those for development are marked",
                ),
                (
                    "*.csproj, *.fsproj, *.vbproj, Directory.Packages.props, Directory.Build.props",
                    "packages whose version is written out, where no lock file or restored list stands beside",
                ),
            ],
            not_read: &[
                "Versions that a project computes (`$(Version)`) or leaves open (`1.*`): only MSBuild knows them.",
            ],
            certainty: "Certain for lock files and restored lists. A project states the lowest version that it takes.",
        }
    }

    fn evidence(&self) -> Evidence {
        Evidence::Declared
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        let ends = matches!(entry.path.last(), Some(b'n' | b'g' | b's' | b'j'));
        if ends && entry.kind == EntryKind::File && Role::of(entry.path).is_some() {
            return Want::Whole { limit: 32 * MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut damage = Damage::default();
        let bytes = content.bytes;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let found = match Role::of(entry.path) {
            Some(Role::Lock) => parse_lock(bytes, &mut damage),
            Some(Role::Assets) => parse_assets(bytes, &mut damage),
            Some(Role::Config | Role::Project) => parse_xml(bytes, &mut damage),
            None => return,
        };
        let mut budget = super::super::budget::Budget::default();
        for mut package in found {
            if budget.admit(&mut package, &mut damage) {
                facts.push(Fact::Package(Box::new(package)));
            }
        }
        report(entry, content, damage.finish(), facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let resolved: BTreeSet<&[u8]> = view
            .facts
            .iter()
            .filter(|located| matches!(located.fact, Fact::Package(_)))
            .filter_map(|located| {
                let role = Role::of(located.path.as_bytes())?;
                let root = role.root(located.path);
                matches!(role, Role::Lock | Role::Assets).then_some(root)
            })
            .collect();
        let found = collect_each(view).into_iter().filter(|(path, _)| {
            let role = Role::of(path.as_bytes());
            role != Some(Role::Project) || !resolved.contains(path.parent())
        });
        assemble_neighbours(found.collect(), view, out);
    }
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    dependencies: BTreeMap<String, BTreeMap<String, Locked>>,
}

#[derive(Deserialize)]
struct Locked {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    resolved: String,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
}

/// Reads `packages.lock.json`: the packages of each framework. A package of several frameworks is one.
fn parse_lock(bytes: &[u8], damage: &mut Damage) -> Vec<Package> {
    let lock: Lock = match serde_json::from_slice(bytes) {
        Ok(lock) => lock,
        Err(error) => {
            damage.note(|| format!("no lock file of NuGet: {error}"));
            return Vec::new();
        }
    };
    let mut all: BTreeMap<(String, String), Package> = BTreeMap::new();
    for packages in lock.dependencies.values() {
        let mut resolved: BTreeMap<String, Requirement> = BTreeMap::new();
        for (name, one) in packages {
            let key = name.to_ascii_lowercase();
            resolved.insert(key, exactly(name, &one.resolved));
        }
        for (name, one) in packages {
            // Projects of the same solution have no version.
            if one.kind == "Project" || name.is_empty() || one.resolved.is_empty() {
                continue;
            }
            let required = one.dependencies.keys();
            let required = required.filter_map(|name| resolved.get(&name.to_ascii_lowercase()));
            let required = required.cloned().collect();
            add(
                &mut all,
                exactly(name, &one.resolved),
                required,
                one.kind == "Direct",
            );
        }
    }
    all.into_values().collect()
}

#[derive(Deserialize)]
struct Assets {
    #[serde(default)]
    targets: BTreeMap<String, BTreeMap<String, Asset>>,
    project: Option<Project>,
}

#[derive(Deserialize)]
struct Asset {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Project {
    #[serde(default)]
    frameworks: BTreeMap<String, Framework>,
}

#[allow(
    clippy::zero_sized_map_values,
    reason = "an object of JSON whose values do not matter is no list"
)]
#[derive(Deserialize)]
struct Framework {
    #[serde(default)]
    dependencies: BTreeMap<String, serde::de::IgnoredAny>,
}

/// Reads `project.assets.json`: what was restored, for each framework and runtime.
fn parse_assets(bytes: &[u8], damage: &mut Damage) -> Vec<Package> {
    let assets: Assets = match serde_json::from_slice(bytes) {
        Ok(assets) => assets,
        Err(error) => {
            damage.note(|| format!("no list of restored packages: {error}"));
            return Vec::new();
        }
    };
    let direct: BTreeSet<String> = assets
        .project
        .iter()
        .flat_map(|project| project.frameworks.values())
        .flat_map(|framework| framework.dependencies.keys())
        .map(|name| name.to_ascii_lowercase())
        .collect();
    let mut all: BTreeMap<(String, String), Package> = BTreeMap::new();
    for packages in assets.targets.values() {
        let mut resolved: BTreeMap<String, Requirement> = BTreeMap::new();
        for key in packages.keys() {
            let (name, version) = split(key);
            resolved.insert(name.to_ascii_lowercase(), exactly(&name, &version));
        }
        for (key, one) in packages {
            let (name, version) = split(key);
            if one.kind != "package" || name.is_empty() {
                continue;
            }
            let required = one.dependencies.keys();
            let required = required.filter_map(|name| resolved.get(&name.to_ascii_lowercase()));
            let required = required.cloned().collect();
            let is_direct = direct.contains(&name.to_ascii_lowercase());
            add(&mut all, exactly(&name, &version), required, is_direct);
        }
    }
    all.into_values().collect()
}

fn exactly(name: &str, version: &str) -> Requirement {
    Requirement {
        name: text(name.as_bytes()),
        constraint: text(version.as_bytes()),
    }
}

fn add(
    all: &mut BTreeMap<(String, String), Package>,
    one: Requirement,
    required: Vec<Requirement>,
    direct: bool,
) {
    let package = all
        .entry((one.name.clone(), one.constraint.clone()))
        .or_insert_with(|| Package::new(PackageKind::Nuget, one.name, one.constraint));
    package.requested = Some(direct || package.requested == Some(true));
    for wanted in required {
        if !package
            .requires
            .iter()
            .flatten()
            .any(|held| *held == wanted)
        {
            package.requires.push(vec![wanted]);
        }
    }
}

/// Reads the packages of `packages.config` (`package id version`) and of projects
/// (`PackageReference`, `PackageVersion` and `GlobalPackageReference`, whose version is an attribute
/// or an element inside).
fn parse_xml(bytes: &[u8], damage: &mut Damage) -> Vec<Package> {
    let content = String::from_utf8_lossy(bytes);
    let mut reader = Reader::from_str(&content);
    let mut all: Vec<Package> = Vec::new();
    let mut open: Option<String> = None;
    let mut in_version = false;
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) => match element.local_name().as_ref() {
                "Version" if open.is_some() => in_version = true,
                _ => {
                    let (package, reference) = package(&element);
                    all.extend(package);
                    if reference.is_some() {
                        open = reference;
                    }
                }
            },
            Ok(Event::Empty(element)) => all.extend(package(&element).0),
            Ok(Event::Text(value)) if in_version => {
                if let (Some(name), Some(version)) = (&open, literal(&text(value.as_bytes()))) {
                    all.push(Package::new(PackageKind::Nuget, name.clone(), version));
                }
            }
            Ok(Event::End(element)) => {
                in_version = false;
                if element.local_name().as_ref() != "Version" {
                    open = None;
                }
            }
            Ok(Event::Eof) => return all,
            Ok(_) => {}
            Err(error) => {
                damage.unsupported(|| {
                    format!("no XML from byte {}: {error}", reader.error_position())
                });
                return all;
            }
        }
    }
}

/// Makes the package of an element; where the version is missing, returns the name that it has.
fn package(element: &BytesStart<'_>) -> (Option<Package>, Option<String>) {
    let config = match element.local_name().as_ref() {
        "package" => true,
        "PackageReference" | "PackageVersion" | "GlobalPackageReference" => false,
        _ => return (None, None),
    };
    let (mut name, mut version, mut development) = (String::new(), String::new(), false);
    for attribute in element.attributes().take(64).flatten() {
        let value = text(attribute.value.as_bytes());
        match attribute.key.as_ref() {
            "id" if config => name = value,
            "Include" | "Update" if !config => name = value,
            "version" if config => version = value,
            "Version" | "VersionOverride" if !config => version = value,
            "developmentDependency" => development = value.eq_ignore_ascii_case("true"),
            _ => {}
        }
    }
    if name.is_empty() || name.contains("$(") || name.contains(';') {
        return (None, None);
    }
    let Some(version) = literal(&version) else {
        return (None, Some(name).filter(|_| version.is_empty()));
    };
    let mut package = Package::new(PackageKind::Nuget, name, version);
    if development {
        let properties = &mut package.properties;
        properties.insert("scope".to_owned(), "development".to_owned());
    }
    (Some(package), None)
}

/// Returns a version that is written out: `1.2.3`, or `[1.2.3]` for no other.
fn literal(version: &str) -> Option<String> {
    let version = version.trim();
    let version = version
        .strip_prefix('[')
        .and_then(|version| version.strip_suffix(']'))
        .unwrap_or(version);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
    let digits = version.starts_with(|c: char| c.is_ascii_digit());
    (digits && version.chars().all(plain)).then(|| version.to_owned())
}
