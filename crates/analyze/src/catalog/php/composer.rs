//! Reading Composer's records: `installed.json` (Composer 1: a list; Composer 2: an object with the list)
//! and `composer.lock`. Both hold packages in the form of `composer.json` (getcomposer.org, "The
//! composer.json schema").

use std::collections::BTreeSet;

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use serde_json::Value;

use crate::catalog::damage::Damage;
use crate::catalog::kit::{Found, json, license, property, requirement, without_credentials};

/// The most packages that one package requires or provides.
const MAX_RELATIONS: usize = 1000;

/// Reads `installed.json`.
pub(super) fn installed(bytes: &[u8], found: &mut Found) {
    let Some(document) = json::parse(bytes, &mut found.damage) else {
        return;
    };
    let packages = match &document {
        Value::Array(packages) => packages.as_slice(),
        _ => json::list(&document, "packages"),
    };
    let development: BTreeSet<&str> = json::list(&document, "dev-package-names")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for value in packages {
        if let Some(mut package) = package(value, &mut found.damage) {
            if development.contains(json::text(value, &["name"])) {
                property(&mut package, "dev", "true");
            }
            found.push(package);
        }
    }
}

/// Reads `composer.lock`.
pub(super) fn lock(bytes: &[u8], found: &mut Found) {
    let Some(document) = json::parse(bytes, &mut found.damage) else {
        return;
    };
    for (key, development) in [("packages", false), ("packages-dev", true)] {
        for value in json::list(&document, key) {
            if let Some(mut package) = package(value, &mut found.damage) {
                if development {
                    property(&mut package, "dev", "true");
                }
                found.push(package);
            }
        }
    }
}

/// Returns the names that a project's `composer.json` requires. What is no JSON yields none: it states
/// no packages, so nothing is lost.
pub(super) fn manifest(bytes: &[u8]) -> Vec<String> {
    let Some(document) = json::parse(bytes, &mut Damage::default()) else {
        return Vec::new();
    };
    let names = ["require", "require-dev"]
        .into_iter()
        .flat_map(|key| json::map(&document, key))
        .filter(|(name, _)| is_package(name))
        .map(|(name, _)| requirement(&name.to_lowercase(), "").name);
    let names: BTreeSet<String> = names.take(MAX_RELATIONS).collect();
    names.into_iter().collect()
}

fn package(value: &Value, damage: &mut Damage) -> Option<Package> {
    let (name, version) = (
        json::text(value, &["name"]),
        json::text(value, &["version"]),
    );
    if name.is_empty() || version.is_empty() {
        damage.note(|| {
            let missing = if name.is_empty() { "name" } else { "version" };
            format!("the package {name:?} has no {missing}")
        });
        return None;
    }
    // Names are compared without regard to case and written in lower case since Composer 2.
    let stated = requirement(&name.to_lowercase(), version);
    let mut package = Package::new(PackageKind::Composer, stated.name, stated.constraint);
    match value.get("license") {
        Some(Value::String(text)) => license(&mut package, text),
        _ => {
            for text in json::list(value, "license")
                .iter()
                .filter_map(Value::as_str)
            {
                license(&mut package, text);
            }
        }
    }
    package.requires = relations(value, "require")
        .map(|(name, constraint)| vec![requirement(&name.to_lowercase(), constraint)])
        .collect();
    package.provides = relations(value, "provide")
        .chain(relations(value, "replace"))
        .map(|(name, constraint)| requirement(&name.to_lowercase(), constraint))
        .collect();
    property(&mut package, "homepage", json::text(value, &["homepage"]));
    property(&mut package, "type", json::text(value, &["type"]));
    let source = json::text(value, &["source", "url"]);
    property(&mut package, "source", &without_credentials(source));
    let reference = json::text(value, &["source", "reference"]);
    property(&mut package, "reference", reference);
    Some(package)
}

fn relations<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    json::map(value, key)
        .filter(|(name, _)| is_package(name))
        .take(MAX_RELATIONS)
}

/// Says whether a required name is a package, not the platform (`php`, `ext-json`, `lib-curl`): only
/// packages have a vendor.
fn is_package(name: &str) -> bool {
    name.contains('/')
}
