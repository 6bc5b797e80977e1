//! Swift: what the package manager resolved.

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Evidence, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use serde_json::Value;

use super::kit::join::{ALONE, join};
use super::kit::{Found, MIB, json, property, requirement};

/// Catalogs the packages of `Package.resolved`.
pub struct SwiftLocks;

impl Analyzer for SwiftLocks {
    fn name(&self) -> &'static str {
        "language/swift-locks"
    }

    fn version(&self) -> u32 {
        1
    }

    fn evidence(&self) -> Evidence {
        Evidence::Declared
    }

    fn about(&self) -> About {
        About {
            title: "Swift",
            reads: &[(
                "Package.resolved",
                "packages with version or revision, named by their repository (versions 1 to 3 of the file)",
            )],
            not_read: &[
                "Compiled programs: they hold no record of the packages in them.",
                "Package.swift: it is a program and is not executed.",
                "Podfile.lock of CocoaPods: its packages are no Swift packages and never reach a container.",
            ],
            certainty: "Certain: it is what the package manager installs.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.path.ends_with(b"Package.resolved")
            && entry.kind == EntryKind::File
            && entry.file_name() == b"Package.resolved"
        {
            return Want::Whole { limit: 8 * MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut found = Found::default();
        let document = json::parse(content.bytes, &mut found.damage).unwrap_or_default();
        // Version 1 holds the pins in an object.
        let holder = document.get("object").unwrap_or(&document);
        for pin in json::list(holder, "pins") {
            match package(pin) {
                Some(package) => found.push(package),
                None => found.damage.note(|| "a pin has no location".to_owned()),
            }
        }
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        join(view, out, ALONE);
    }
}

fn package(pin: &Value) -> Option<Package> {
    let first = |keys: [&str; 2]| {
        let texts = keys.into_iter().map(|key| json::text(pin, &[key]));
        texts.into_iter().find(|text| !text.is_empty())
    };
    let location = first(["location", "repositoryURL"])?;
    let state = |key: &str| json::text(pin, &["state", key]);
    let (version, revision) = (state("version"), state("revision"));
    let stated = requirement(
        &repository(location),
        if version.is_empty() {
            revision
        } else {
            version
        },
    );
    if stated.name.is_empty() {
        return None;
    }
    let mut package = Package::new(PackageKind::Swift, stated.name, stated.constraint);
    property(&mut package, "revision", revision);
    property(&mut package, "branch", state("branch"));
    property(
        &mut package,
        "identity",
        first(["identity", "package"]).unwrap_or_default(),
    );
    Some(package)
}

/// Returns host and path of a repository: `https://github.com/apple/swift-nio.git` and
/// `git@github.com:apple/swift-nio.git` are `github.com/apple/swift-nio`. A package of a registry or a
/// folder keeps its name.
fn repository(location: &str) -> String {
    let (rest, url) = match location.split_once("://") {
        Some((_, rest)) => (rest, true),
        None => (location, false),
    };
    let host_ends = rest.find('/').unwrap_or(rest.len());
    let user_ends = rest.get(..host_ends).and_then(|host| host.rfind('@'));
    let rest = rest.get(user_ends.map_or(0, |at| at + 1)..).unwrap_or(rest);
    let rest = if url || user_ends.is_none() {
        rest.to_owned()
    } else {
        rest.replacen(':', "/", 1)
    };
    rest.trim_end_matches('/')
        .trim_end_matches(".git")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_named_by_host_and_path() {
        for (location, want) in [
            (
                "https://github.com/apple/swift-nio.git",
                "github.com/apple/swift-nio",
            ),
            (
                "git@github.com:apple/swift-nio.git",
                "github.com/apple/swift-nio",
            ),
            ("https://me:token@github.com/a/b/", "github.com/a/b"),
            ("mona.LinkedList", "mona.LinkedList"),
            ("", ""),
        ] {
            assert_eq!(repository(location), want);
        }
    }
}
