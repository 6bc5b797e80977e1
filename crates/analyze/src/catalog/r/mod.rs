//! R: packages in libraries, and the lock files of renv and packrat.

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Evidence, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, Requirement};
use plimsoll_model::path::file_name;

use super::damage::Damage;
use super::deb822::{Scanner, Stanza};
use super::kit::join::{ALONE, Rules, join};
use super::kit::{Found, MIB, above, component, json, license, property, requirement};
use super::requirement::parse_deb;

const TITLE: &str = "R";

/// Catalogs installed R packages.
pub struct R;

/// Catalogs the packages of renv's and packrat's lock files.
pub struct RLocks;

impl Analyzer for R {
    fn name(&self) -> &'static str {
        "language/r"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: TITLE,
            reads: &[(
                "*/DESCRIPTION with a line `Built:`",
                "packages with licence, repository, priority and what they require (`Depends`, `Imports`)",
            )],
            not_read: &[
                "DESCRIPTION files without `Built:`: they are sources that R has not installed.",
                "Suggested packages and those that are only compiled against: nothing needs them at run time.",
            ],
            certainty: "Certain: R writes `Built:` when it installs a package.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.path.ends_with(b"/DESCRIPTION") && entry.kind == EntryKind::File {
            return Want::Whole { limit: MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut stanza = Stanza::default();
        // Other files are called so too; odd lines lose no package.
        let mut odd = Damage::default();
        Scanner::new(content.bytes).next(&mut stanza, &mut odd);
        if stanza.get("Built").is_empty() {
            return;
        }
        let mut found = Found::default();
        let field = |name: &str| one_line(stanza.get(name));
        let stated = requirement(&field("Package"), &field("Version"));
        if stated.name.is_empty() || stated.constraint.is_empty() {
            found
                .damage
                .note(|| "the package has no name or no version".to_owned());
            return found.finish(entry, content, facts);
        }
        let mut package = Package::new(PackageKind::Cran, stated.name, stated.constraint);
        license(&mut package, &field("License"));
        for name in ["Depends", "Imports"] {
            parse_deb(field(name).as_bytes(), &mut package.requires);
        }
        package.requires.retain(|group| !is_r(group));
        for (property_name, field_name) in [
            ("homepage", "URL"),
            ("priority", "Priority"),
            ("repository", "Repository"),
            ("built", "Built"),
            ("remote", "RemoteUrl"),
            ("revision", "RemoteSha"),
        ] {
            property(&mut package, property_name, &field(field_name));
        }
        found.push(package);
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        // A package's folder lies in a library; R looks in all libraries of its search path.
        let rules = Rules {
            scope: |path| above(path, 2),
            beyond: true,
        };
        join(view, out, rules);
    }
}

/// Says whether a requirement is R itself, which is no package.
fn is_r(group: &[Requirement]) -> bool {
    matches!(group, [one] if one.name == "R")
}

/// Puts a folded field on one line.
fn one_line(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

impl Analyzer for RLocks {
    fn name(&self) -> &'static str {
        "language/r-locks"
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
                    "renv.lock",
                    "packages with repository and what they require",
                ),
                ("packrat.lock", "packages with source and what they require"),
            ],
            not_read: &["A project's own DESCRIPTION: it names ranges, not versions."],
            certainty: "Certain: it is what renv and packrat install.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.path.ends_with(b".lock")
            && entry.kind == EntryKind::File
            && matches!(file_name(entry.path), b"renv.lock" | b"packrat.lock")
        {
            return Want::Whole { limit: 16 * MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut found = Found::default();
        if component(entry.path, 0) == Some(b"renv.lock") {
            read_renv(content.bytes, &mut found);
        } else {
            read_packrat(content.bytes, &mut found);
        }
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        join(view, out, ALONE);
    }
}

/// Reads renv's lock file (renv, "lockfiles"): `Requirements` of version 1, `Depends` and `Imports` of
/// version 2.
fn read_renv(bytes: &[u8], found: &mut Found) {
    let Some(document) = json::parse(bytes, &mut found.damage) else {
        return;
    };
    let packages = document.get("Packages").and_then(|value| value.as_object());
    for (key, value) in packages.into_iter().flatten() {
        let stated = requirement(key, json::text(value, &["Version"]));
        if stated.constraint.is_empty() {
            found
                .damage
                .note(|| format!("the package {key:?} has no version"));
            continue;
        }
        let mut package = Package::new(PackageKind::Cran, stated.name, stated.constraint);
        license(&mut package, json::text(value, &["License"]));
        for field in ["Requirements", "Depends", "Imports"] {
            for wanted in json::list(value, field)
                .iter()
                .filter_map(|one| one.as_str())
            {
                parse_deb(
                    one_line(wanted.as_bytes()).as_bytes(),
                    &mut package.requires,
                );
            }
        }
        package.requires.retain(|group| !is_r(group));
        for (name, field) in [
            ("repository", "Repository"),
            ("source", "Source"),
            ("remote", "RemoteUrl"),
            ("revision", "RemoteSha"),
        ] {
            property(&mut package, name, json::text(value, &[field]));
        }
        found.push(package);
    }
}

/// Reads packrat's lock file: stanzas of fields, the first of the file's own.
fn read_packrat(bytes: &[u8], found: &mut Found) {
    let mut stanza = Stanza::default();
    let mut scanner = Scanner::new(bytes);
    while scanner.next(&mut stanza, &mut found.damage) {
        let field = |name: &str| one_line(stanza.get(name));
        let stated = requirement(&field("Package"), &field("Version"));
        if stated.name.is_empty() {
            continue;
        }
        let mut package = Package::new(PackageKind::Cran, stated.name, stated.constraint);
        parse_deb(field("Requires").as_bytes(), &mut package.requires);
        property(&mut package, "source", &field("Source"));
        found.push(package);
    }
}
