//! Reading bundler's lock file: sections without indentation, two blanks for fields, four for gems, six
//! for what a gem requires (bundler's `LockfileParser`).

use std::collections::BTreeSet;

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;

use crate::catalog::kit::{Found, property, requirement, without_credentials};

/// The most gems that one gem requires.
const MAX_DEPENDENCIES: usize = 1000;

/// Reads a lock file.
pub(super) fn read(bytes: &[u8], found: &mut Found) {
    let text = String::from_utf8_lossy(bytes);
    let mut section = "";
    let mut source: Vec<(&str, &str)> = Vec::new();
    let mut packages: Vec<Package> = Vec::new();
    let mut direct: BTreeSet<&str> = BTreeSet::new();
    for (number, line) in (1_u64..).zip(text.lines()) {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        let content = content.trim_end();
        if content.is_empty() {
            continue;
        }
        if content.starts_with("<<<<<<<") || content.starts_with(">>>>>>>") {
            found
                .damage
                .note(|| format!("line {number}: holds an unresolved merge conflict"));
            continue;
        }
        match (indent, section) {
            (0, _) => {
                section = content;
                source.clear();
            }
            (2, "GEM" | "GIT" | "PATH" | "PLUGIN SOURCE") => {
                if let Some((name, value)) = content.split_once(": ") {
                    source.push((name, value));
                }
            }
            (4, "GEM" | "GIT" | "PATH" | "PLUGIN SOURCE") => {
                let (name, version) = name_and_parentheses(content);
                if version.is_empty() {
                    found
                        .damage
                        .note(|| format!("line {number}: the gem {name:?} has no version"));
                    continue;
                }
                packages.push(gem(name, version, section, &source));
            }
            (6, "GEM" | "GIT" | "PATH" | "PLUGIN SOURCE") => {
                let (name, constraint) = name_and_parentheses(content);
                if let Some(package) = packages.last_mut()
                    && package.requires.len() < MAX_DEPENDENCIES
                {
                    package.requires.push(vec![requirement(name, constraint)]);
                }
            }
            (2, "DEPENDENCIES") => {
                direct.insert(name_and_parentheses(content).0);
            }
            (_, "BUNDLED WITH") if content.starts_with(|c: char| c.is_ascii_digit()) => {
                let mut bundler = gem("bundler", content, "", &[]);
                property(&mut bundler, "bundled_with", "true");
                packages.push(bundler);
            }
            _ => {}
        }
    }
    for mut package in packages {
        if !direct.is_empty() && !package.properties.contains_key("bundled_with") {
            package.requested = Some(direct.contains(package.name.as_str()));
        }
        found.push(package);
    }
}

/// Parts `name (what) !`: the name and what stands in parentheses.
fn name_and_parentheses(text: &str) -> (&str, &str) {
    let text = text.trim_end_matches('!');
    match text.split_once(" (") {
        Some((name, rest)) => (name, rest.trim_end_matches(')')),
        None => (text, ""),
    }
}

/// Makes a gem of `1.15.4-x86_64-linux`: a version holds no dash, so the platform follows it.
fn gem(name: &str, version: &str, section: &str, source: &[(&str, &str)]) -> Package {
    let (version, platform) = version.split_once('-').unwrap_or((version, ""));
    let stated = requirement(name, version);
    let mut package = Package::new(PackageKind::Gem, stated.name, stated.constraint);
    property(&mut package, "platform", platform);
    match section {
        "GIT" => property(&mut package, "source", "git"),
        "PATH" => property(&mut package, "source", "path"),
        _ => {}
    }
    for (field, value) in source {
        match *field {
            "remote" if section != "GEM" || *value != "https://rubygems.org/" => {
                property(&mut package, "remote", &without_credentials(value));
            }
            "revision" => property(&mut package, "revision", value),
            _ => {}
        }
    }
    package
}
