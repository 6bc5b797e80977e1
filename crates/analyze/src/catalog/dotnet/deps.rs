//! `*.deps.json`, which the host of .NET reads to find assemblies (dotnet/sdk,
//! "runtime-configuration-file.md").

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, Requirement};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::budget::Budget;
use super::super::damage::{Damage, text};
use super::super::requirement::MAX_REQUIREMENTS;

/// The most steps that are taken through packages that are not there, for all packages together.
const MAX_STEPS: usize = 1_000_000;

/// Is what one file states.
#[derive(Debug, Default)]
pub(super) struct Stated {
    /// The packages.
    pub(super) packages: Vec<Package>,
    /// The names of the files of all libraries, in lower case, sorted.
    pub(super) files: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    runtime_target: Option<RuntimeTarget>,
    #[serde(default)]
    targets: BTreeMap<String, BTreeMap<String, Target>>,
    #[serde(default)]
    libraries: BTreeMap<String, Library>,
}

/// The target that the application runs on, as an object or, of the first .NET Core, as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum RuntimeTarget {
    Named { name: String },
    Plain(String),
}

#[allow(
    clippy::zero_sized_map_values,
    reason = "an object of JSON whose values do not matter is no list"
)]
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Target {
    dependencies: BTreeMap<String, String>,
    runtime: BTreeMap<String, IgnoredAny>,
    native: BTreeMap<String, IgnoredAny>,
    runtime_targets: BTreeMap<String, IgnoredAny>,
    resources: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
struct Library {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    sha512: String,
}

impl Target {
    /// Returns the files of the library. `_._` stands for none on purpose.
    #[allow(
        clippy::zero_sized_map_values,
        reason = "an object of JSON whose values do not matter is no list"
    )]
    fn files(&self) -> impl Iterator<Item = &str> {
        let all = [
            &self.runtime,
            &self.native,
            &self.runtime_targets,
            &self.resources,
        ];
        let names = all.into_iter().flat_map(BTreeMap::keys);
        let names = names.map(|path| path.rsplit(['/', '\\']).next().unwrap_or(path));
        names.filter(|name| *name != "_._")
    }
}

/// Reads the file: of the target that the application runs on, the projects and each package and
/// runtime pack with files.
pub(super) fn parse(bytes: &[u8], damage: &mut Damage) -> Stated {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let file: File = match serde_json::from_slice(bytes) {
        Ok(file) => file,
        Err(error) => {
            damage.note(|| format!("no list of dependencies: {error}"));
            return Stated::default();
        }
    };
    let named = match &file.runtime_target {
        Some(RuntimeTarget::Named { name } | RuntimeTarget::Plain(name)) => file.targets.get(name),
        None => None,
    };
    let Some(target) = named.or_else(|| file.targets.values().next_back()) else {
        return Stated::default();
    };
    // What stands in the graph without files is passed through to what it requires.
    let empty = Library {
        kind: "package".to_owned(),
        sha512: String::new(),
    };
    let library = |key: &str| file.libraries.get(key).unwrap_or(&empty);
    let present: BTreeSet<&str> = target
        .iter()
        .filter(|(key, one)| library(key).kind == "project" || one.files().next().is_some())
        .map(|(key, _)| key.as_str())
        .collect();
    let mut budget = Budget::default();
    let mut steps = 0_usize;
    let mut stated = Stated::default();
    let mut files: BTreeSet<String> = BTreeSet::new();
    for (key, one) in target {
        files.extend(
            one.files()
                .map(|name| text(name.as_bytes()).to_ascii_lowercase()),
        );
        if !present.contains(key.as_str()) {
            continue;
        }
        let (name, version) = split(key);
        if name.is_empty() {
            damage.note(|| "a library has no name".to_owned());
            continue;
        }
        let mut package = Package::new(PackageKind::Nuget, name, version);
        let kind = library(key).kind.as_str();
        package.requested = (kind == "project").then_some(true);
        if !matches!(kind, "" | "package") {
            let properties = &mut package.properties;
            properties.insert("type".to_owned(), text(kind.as_bytes()));
        }
        if !library(key).sha512.is_empty() {
            let sum = text(library(key).sha512.as_bytes());
            package.properties.insert("sha512".to_owned(), sum);
        }
        let required = required(key, target, &present, &mut steps);
        package.requires = required.into_iter().map(|one| vec![one]).collect();
        if budget.admit(&mut package, damage) {
            stated.packages.push(package);
        }
    }
    if steps >= MAX_STEPS {
        damage.unsupported(|| "too many dependencies: some are left out".to_owned());
    }
    stated.files = files.into_iter().collect();
    stated
}

/// Returns what a library requires that is there, also through what is not.
fn required(
    key: &str,
    target: &BTreeMap<String, Target>,
    present: &BTreeSet<&str>,
    steps: &mut usize,
) -> BTreeSet<Requirement> {
    let mut found = BTreeSet::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut open = vec![key.to_owned()];
    while let Some(key) = open.pop() {
        let Some(one) = target.get(&key) else {
            continue;
        };
        for (name, version) in &one.dependencies {
            *steps += 1;
            if *steps >= MAX_STEPS || found.len() >= MAX_REQUIREMENTS {
                return found;
            }
            let next = format!("{name}/{version}");
            if present.contains(next.as_str()) {
                let (name, constraint) = split(&next);
                found.insert(Requirement { name, constraint });
            } else if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    found
}

/// Parts `name/version`. A runtime pack's name starts with what it is.
pub(super) fn split(key: &str) -> (String, String) {
    let (name, version) = key.rsplit_once('/').unwrap_or((key, ""));
    let name = name.strip_prefix("runtimepack.").unwrap_or(name);
    (text(name.as_bytes()), text(version.as_bytes()))
}
