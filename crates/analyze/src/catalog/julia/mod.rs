//! Julia: packages in depots, Julia's own, and manifests of projects.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Evidence, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use plimsoll_model::path::file_name;
use toml::{Table, Value};

use super::assembly::collect_each;
use super::damage::Damage;
use super::kit::join::{ALONE, Rules, finish, join};
use super::kit::{Found, MIB, above, component, property, requirement, without_credentials};

const TITLE: &str = "Julia";

/// The most packages that one package requires.
const MAX_DEPENDENCIES: usize = 1000;

/// The key of the note that names what a project asks for.
const ASKED_NOTE: &str = "asked";

/// Catalogs installed Julia packages.
pub struct Julia;

/// Catalogs the packages of manifests.
pub struct JuliaLocks;

/// Says whether a Project.toml is that of an installed package: `packages/NAME/SLUG/Project.toml` of a
/// depot, or `stdlib/v1.9/NAME/Project.toml` of Julia itself.
fn installed(path: &[u8]) -> Option<bool> {
    let slug = component(path, 1)?;
    if component(path, 3) == Some(b"packages")
        && (4..=6).contains(&slug.len())
        && slug.iter().all(u8::is_ascii_alphanumeric)
    {
        return Some(false);
    }
    (component(path, 3) == Some(b"stdlib")).then_some(true)
}

impl Analyzer for Julia {
    fn name(&self) -> &'static str {
        "language/julia"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: TITLE,
            reads: &[
                (
                    "packages/NAME/SLUG/Project.toml",
                    "packages in a depot, with uuid and what they require",
                ),
                (
                    "stdlib/v*/NAME/Project.toml",
                    "Julia's own packages that have a version; the property `stdlib` says so",
                ),
            ],
            not_read: &[
                "Julia's own packages without a version: they are part of Julia.",
                "Binaries in artifacts/: their folders are named by hashes alone.",
            ],
            certainty: "Certain: it is the package's own file in the folder that Julia made for it. A depot may \
                        hold more than is used.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.path.ends_with(b"/Project.toml")
            && entry.kind == EntryKind::File
            && installed(entry.path).is_some()
        {
            return Want::Whole { limit: MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut found = Found::default();
        let Some(document) = parse(content.bytes, &mut found.damage) else {
            return found.finish(entry, content, facts);
        };
        let own = installed(entry.path).unwrap_or_default();
        let stated = requirement(text(&document, "name"), text(&document, "version"));
        // Other things have a folder `packages` with a Project.toml too; Julia's have a uuid.
        let uuid = text(&document, "uuid");
        if stated.name.is_empty() || uuid.is_empty() || (own && stated.constraint.is_empty()) {
            return;
        }
        let mut package = Package::new(PackageKind::Julia, stated.name, stated.constraint);
        property(&mut package, "uuid", uuid);
        if own {
            property(&mut package, "stdlib", "true");
        }
        let wanted = document.get("deps").and_then(Value::as_table);
        for (name, _) in wanted.into_iter().flatten().take(MAX_DEPENDENCIES) {
            package.requires.push(vec![requirement(name, "")]);
        }
        found.push(package);
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let rules = Rules {
            scope: |path| above(path, 3),
            beyond: true,
        };
        join(view, out, rules);
    }
}

/// Reads a document; what is none is noted.
fn parse(bytes: &[u8], damage: &mut Damage) -> Option<Table> {
    let text = String::from_utf8_lossy(bytes);
    match text.parse() {
        Ok(document) => Some(document),
        Err(error) => {
            damage.note(|| {
                let message = toml::de::Error::message(&error).to_owned();
                format!("is no valid TOML: {message}")
            });
            None
        }
    }
}

fn text<'a>(table: &'a Table, key: &str) -> &'a str {
    table.get(key).and_then(Value::as_str).unwrap_or_default()
}

impl Analyzer for JuliaLocks {
    fn name(&self) -> &'static str {
        "language/julia-locks"
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
                    "Manifest.toml, JuliaManifest.toml, Manifest-v*.toml",
                    "packages with uuid, revision and what they require",
                ),
                (
                    "Project.toml, JuliaProject.toml",
                    "which packages were asked for",
                ),
            ],
            not_read: &[
                "Version ranges of Project.toml: without a manifest it is unknown what they lead to.",
            ],
            certainty: "Certain: it is what Julia installs.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if !entry.path.ends_with(b".toml") || entry.kind != EntryKind::File {
            return Want::Nothing;
        }
        let name = file_name(entry.path);
        if matches!(
            name,
            b"Manifest.toml" | b"JuliaManifest.toml" | b"Project.toml" | b"JuliaProject.toml"
        ) || name.starts_with(b"Manifest-v")
        {
            return Want::Whole { limit: 8 * MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut found = Found::default();
        if entry.file_name().ends_with(b"Project.toml") {
            // It states no packages, so nothing is lost when it is damaged or another's.
            let document = parse(content.bytes, &mut Damage::default()).unwrap_or_default();
            let wanted = document.get("deps").and_then(Value::as_table);
            for (name, _) in wanted.into_iter().flatten().take(MAX_DEPENDENCIES) {
                found.note(ASKED_NOTE, requirement(name, "").name);
            }
        } else if let Some(document) = parse(content.bytes, &mut found.damage) {
            manifest(&document, &mut found);
        }
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let mut asked: BTreeMap<&[u8], BTreeSet<&str>> = BTreeMap::new();
        for located in view.facts {
            if let Fact::Note { key, value } = located.fact
                && key == ASKED_NOTE
            {
                let names = asked.entry(located.path.parent()).or_default();
                names.insert(value);
            }
        }
        let mut placed = collect_each(view);
        for (path, one) in &mut placed {
            if let Some(names) = asked.get(path.parent()) {
                one.package.requested = Some(names.contains(one.package.name.as_str()));
            }
        }
        finish(placed, view, out, ALONE);
    }
}

/// Reads a manifest: `[[deps.NAME]]` since format 2, `[[NAME]]` before. Packages of Julia itself have
/// no version and are left out.
fn manifest(document: &Table, found: &mut Found) {
    let packages = document.get("deps").and_then(Value::as_table);
    for (name, entries) in packages.unwrap_or(document) {
        let entries = entries.as_array().map(Vec::as_slice).unwrap_or_default();
        for entry in entries.iter().filter_map(Value::as_table) {
            let stated = requirement(name, text(entry, "version"));
            let uuid = text(entry, "uuid");
            if uuid.is_empty() || stated.constraint.is_empty() {
                continue;
            }
            let mut package = Package::new(PackageKind::Julia, stated.name, stated.constraint);
            property(&mut package, "uuid", uuid);
            property(&mut package, "revision", text(entry, "git-tree-sha1"));
            let source = without_credentials(text(entry, "repo-url"));
            property(&mut package, "source", &source);
            // A list of names, or a table of names and uuids where names are ambiguous.
            let wanted: Vec<&str> = match entry.get("deps") {
                Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
                Some(Value::Table(names)) => names.keys().map(String::as_str).collect(),
                _ => Vec::new(),
            };
            let wanted = wanted.into_iter().take(MAX_DEPENDENCIES);
            package.requires = wanted.map(|name| vec![requirement(name, "")]).collect();
            found.push(package);
        }
    }
}
