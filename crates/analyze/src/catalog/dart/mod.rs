//! Dart and Flutter: packages in pub's cache, and pub's lock file.

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Evidence, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use serde_json::Value;

use super::kit::join::{ALONE, Rules, join};
use super::kit::{Found, MIB, above, component, json, property, requirement, yaml};

const TITLE: &str = "Dart";

/// The most packages that one package requires.
const MAX_DEPENDENCIES: usize = 1000;

/// Catalogs the packages in pub's cache.
pub struct Dart;

/// Catalogs the packages of pubspec.lock.
pub struct DartLocks;

impl Analyzer for Dart {
    fn name(&self) -> &'static str {
        "language/dart"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: TITLE,
            reads: &[(
                "hosted/HOST/NAME-VERSION/pubspec.yaml",
                "packages in pub's cache and what they require",
            )],
            not_read: &[
                "Compiled programs: they hold no record of the packages in them.",
                ".dart_tool/package_config.json: it only points into the cache, which is read itself.",
            ],
            certainty: "Certain: pub lays its cache out by name and version. It may hold more than is used.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.path.ends_with(b"/pubspec.yaml")
            && entry.kind == EntryKind::File
            && component(entry.path, 3) == Some(b"hosted")
        {
            return Want::Whole { limit: MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let folder = String::from_utf8_lossy(component(entry.path, 1).unwrap_or_default());
        // A version of pub holds no dash before its first: names hold none either.
        let Some((name, version)) = folder.split_once('-') else {
            return;
        };
        let mut found = Found::default();
        let stated = requirement(name, version);
        let mut package = Package::new(PackageKind::Pub, stated.name, stated.constraint);
        if let Some(document) = yaml::parse(content.bytes, &mut found.damage) {
            let wanted = document.get("dependencies").and_then(Value::as_object);
            for (name, value) in wanted.into_iter().flatten().take(MAX_DEPENDENCIES) {
                let range = value.as_str().unwrap_or_default();
                package.requires.push(vec![requirement(name, range)]);
            }
            property(
                &mut package,
                "homepage",
                json::text(&document, &["homepage"]),
            );
            property(
                &mut package,
                "source",
                json::text(&document, &["repository"]),
            );
        }
        let host = String::from_utf8_lossy(component(entry.path, 2).unwrap_or_default());
        property(&mut package, "host", &host);
        found.push(package);
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let rules = Rules {
            scope: |path| above(path, 4),
            beyond: false,
        };
        join(view, out, rules);
    }
}

impl Analyzer for DartLocks {
    fn name(&self) -> &'static str {
        "language/dart-locks"
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
            reads: &[(
                "pubspec.lock",
                "packages with host or repository, and which were asked for",
            )],
            not_read: &["What packages require: the lock file does not say it."],
            certainty: "Certain: it is what pub installs.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.path.ends_with(b"pubspec.lock")
            && entry.kind == EntryKind::File
            && entry.file_name() == b"pubspec.lock"
        {
            return Want::Whole { limit: 8 * MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut found = Found::default();
        let document = yaml::parse(content.bytes, &mut found.damage).unwrap_or_default();
        let packages = document.get("packages").and_then(Value::as_object);
        for (name, value) in packages.into_iter().flatten() {
            let stated = requirement(name, json::text(value, &["version"]));
            let mut package = Package::new(PackageKind::Pub, stated.name, stated.constraint);
            let asked = json::text(value, &["dependency"]);
            if !asked.is_empty() {
                package.requested = Some(asked.starts_with("direct"));
            }
            if asked == "direct dev" {
                property(&mut package, "dev", "true");
            }
            property(&mut package, "source", json::text(value, &["source"]));
            for (key, field) in [("url", "url"), ("revision", "resolved-ref")] {
                let text = json::text(value, &["description", field]);
                property(&mut package, key, &super::kit::without_credentials(text));
            }
            found.push(package);
        }
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        join(view, out, ALONE);
    }
}
