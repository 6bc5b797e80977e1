//! Haskell: the package databases of GHC, and the frozen plans of cabal and stack.

use std::collections::BTreeSet;

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Evidence, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use plimsoll_model::path::file_name;
use serde_json::Value;

use super::damage::Damage;
use super::deb822::{Scanner, Stanza};
use super::kit::join::{ALONE, Rules, join};
use super::kit::{
    Found, MIB, above, component, json, license, property, requirement, split_name_version, yaml,
};

const TITLE: &str = "Haskell";

/// The most packages that one package requires.
const MAX_DEPENDENCIES: usize = 4000;

/// Catalogs installed Haskell packages.
pub struct Haskell;

/// Catalogs the packages of cabal's and stack's plans.
pub struct HaskellLocks;

impl Analyzer for Haskell {
    fn name(&self) -> &'static str {
        "language/haskell"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: TITLE,
            reads: &[(
                "package.conf.d/*.conf, package.db/*.conf, pkgdb/*.conf",
                "libraries registered with GHC, with licence and what they require",
            )],
            not_read: &["Programs built with GHC: they hold no record of the libraries in them."],
            certainty: "Certain: it is GHC's own package database.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.path.ends_with(b".conf")
            && entry.kind == EntryKind::File
            && matches!(
                component(entry.path, 1),
                Some(b"package.conf.d" | b"package.db" | b"pkgdb")
            )
        {
            return Want::Whole { limit: MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut found = Found::default();
        match registered(content.bytes) {
            Some(package) => found.push(package),
            None => found
                .damage
                .note(|| "the package has no name or no version".to_owned()),
        }
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        // Packages require each other by their full id, which is the same in every database.
        let rules = Rules {
            scope: |path| above(path, 1),
            beyond: true,
        };
        join(view, out, rules);
    }
}

/// Reads a registration (`InstalledPackageInfo`; GHC user guide, "Package management"). Empty lines
/// may stand inside of a field.
fn registered(bytes: &[u8]) -> Option<Package> {
    let mut odd = Damage::default();
    let mut scanner = Scanner::new(bytes);
    let mut stanza = Stanza::default();
    let mut fields: Vec<(String, String)> = Vec::new();
    while scanner.next(&mut stanza, &mut odd) {
        for field in &stanza.fields {
            let name = String::from_utf8_lossy(field.name).to_lowercase();
            let words = String::from_utf8_lossy(field.value);
            let words: Vec<&str> = words.split_whitespace().collect();
            fields.push((name, words.join(" ")));
        }
    }
    let get = |name: &str| {
        let found = fields.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    // An internal library is registered under a name of its own.
    let own = get("package-name");
    let name = if own.is_empty() { get("name") } else { own };
    let stated = requirement(name, get("version"));
    if stated.name.is_empty() || stated.constraint.is_empty() {
        return None;
    }
    let mut package = Package::new(PackageKind::Hackage, stated.name, stated.constraint);
    license(&mut package, get("license"));
    let depends = get("depends").split(' ').filter(|id| !id.is_empty());
    package.requires = depends
        .take(MAX_DEPENDENCIES)
        .map(|id| vec![requirement(id, "")])
        .collect();
    let id = get("id");
    if !id.is_empty() {
        package.provides.push(requirement(id, ""));
    }
    property(&mut package, "homepage", get("homepage"));
    property(&mut package, "library", get("lib-name"));
    Some(package)
}

impl Analyzer for HaskellLocks {
    fn name(&self) -> &'static str {
        "language/haskell-locks"
    }

    fn version(&self) -> u32 {
        1
    }

    fn evidence(&self) -> Evidence {
        Evidence::Declared
    }

    fn about(&self) -> About {
        About {
            title: TITLE,
            reads: &[
                (
                    "stack.yaml.lock",
                    "packages that stack takes beside its snapshot",
                ),
                ("cabal.project.freeze", "packages that cabal pinned"),
                (
                    "dist-newstyle/cache/plan.json",
                    "packages of cabal's plan, what they require and which were asked for",
                ),
            ],
            not_read: &[
                "stack's snapshots: they name thousands of packages of which a project uses some.",
            ],
            certainty: "Certain for pinned versions; a freeze file may name packages that are not used.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind == EntryKind::File
            && matches!(entry.path.last(), Some(b'k' | b'e' | b'n'))
            && matches!(
                file_name(entry.path),
                b"stack.yaml.lock" | b"cabal.project.freeze" | b"plan.json"
            )
        {
            return Want::Whole { limit: 16 * MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut found = Found::default();
        match entry.file_name() {
            b"stack.yaml.lock" => read_stack(content.bytes, &mut found),
            b"cabal.project.freeze" => read_freeze(content.bytes, &mut found),
            _ if component(entry.path, 1) == Some(b"cache") => {
                read_plan(content.bytes, &mut found);
            }
            _ => return,
        }
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        join(view, out, ALONE);
    }
}

/// Reads stack's lock file: `hackage: NAME-VERSION@sha256:…`, or `name` and `version` of a repository.
fn read_stack(bytes: &[u8], found: &mut Found) {
    let Some(document) = yaml::parse(bytes, &mut found.damage) else {
        return;
    };
    for entry in json::list(&document, "packages") {
        let Some(completed) = entry.get("completed") else {
            continue;
        };
        let hackage = json::text(completed, &["hackage"]);
        let stated = hackage.split('@').next().and_then(split_name_version);
        let (name, version) = stated.unwrap_or((
            json::text(completed, &["name"]),
            json::text(completed, &["version"]),
        ));
        let stated = requirement(name, version);
        if stated.name.is_empty() {
            found.damage.note(|| "a package has no name".to_owned());
            continue;
        }
        let mut package = Package::new(PackageKind::Hackage, stated.name, stated.constraint);
        property(&mut package, "source", json::text(completed, &["git"]));
        property(&mut package, "revision", json::text(completed, &["commit"]));
        found.push(package);
    }
}

/// Reads cabal's freeze file: `constraints: any.NAME ==VERSION,` and flags that state no version.
fn read_freeze(bytes: &[u8], found: &mut Found) {
    let text = String::from_utf8_lossy(bytes);
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"));
    for clause in lines.flat_map(|line| line.split(',')) {
        let clause = clause.trim();
        let clause = clause.strip_prefix("constraints:").unwrap_or(clause).trim();
        let Some((name, version)) = clause.split_once("==") else {
            continue;
        };
        let name = name.trim();
        let stated = requirement(name.strip_prefix("any.").unwrap_or(name), version);
        let package = Package::new(PackageKind::Hackage, stated.name, stated.constraint);
        found.push(package);
    }
}

/// Reads cabal's plan. What a package of the project itself depends on was asked for.
fn read_plan(bytes: &[u8], found: &mut Found) {
    let Some(document) = json::parse(bytes, &mut found.damage) else {
        return;
    };
    let units = json::list(&document, "install-plan");
    let is_local = |unit: &Value| json::text(unit, &["style"]) == "local";
    let local = units.iter().filter(|unit| is_local(unit));
    let direct: BTreeSet<&str> = local.flat_map(depends).collect();
    for unit in units {
        let stated = requirement(
            json::text(unit, &["pkg-name"]),
            json::text(unit, &["pkg-version"]),
        );
        if stated.name.is_empty() {
            found.damage.note(|| "a unit has no name".to_owned());
            continue;
        }
        let id = json::text(unit, &["id"]);
        let mut package = Package::new(PackageKind::Hackage, stated.name, stated.constraint);
        package.requires = depends(unit)
            .take(MAX_DEPENDENCIES)
            .map(|id| vec![requirement(id, "")])
            .collect();
        package.provides.push(requirement(id, ""));
        package.requested = Some(is_local(unit) || direct.contains(id));
        property(&mut package, "style", json::text(unit, &["style"]));
        found.push(package);
    }
}

/// Returns the ids that a unit depends on, its own or its components'.
fn depends(unit: &Value) -> impl Iterator<Item = &str> {
    let components = unit.get("components").and_then(Value::as_object);
    let components = components.into_iter().flatten();
    let components = components.flat_map(|(_, component)| json::list(component, "depends"));
    json::list(unit, "depends")
        .iter()
        .chain(components)
        .filter_map(Value::as_str)
}
