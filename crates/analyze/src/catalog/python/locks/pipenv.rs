//! `Pipfile.lock` and `Pipfile` (Pipenv, "Pipfile & Pipfile.lock"). The lock file names no
//! dependencies.

use std::collections::HashMap;

use plimsoll_model::package::Package;
use serde_json::Value;

use super::super::super::damage::Damage;
use super::super::super::kit::{Found, json, property};
use super::document;
use super::entry::{Entries, Origin, is_archive, package, set_groups};
use super::requirements::version_of;
use super::{note, poetry};

/// Reads a lock file. A package that stands in several groups is one.
pub(super) fn read_lock(bytes: &[u8], found: &mut Found) {
    let mut damage = std::mem::take(&mut found.damage);
    if let Some(document) = json::parse(bytes, &mut damage) {
        take(&document, found, &mut damage);
    }
    found.damage = damage;
}

fn take(document: &Value, found: &mut Found, damage: &mut Damage) {
    let sources = json::at(document, &["_meta", "sources"]).and_then(Value::as_array);
    let sources: HashMap<&str, &str> = sources
        .into_iter()
        .flatten()
        .map(|source| (json::text(source, &["name"]), json::text(source, &["url"])))
        .collect();
    let Some(sections) = document.as_object() else {
        damage.note(|| "is no lock file of Pipenv".to_owned());
        return;
    };
    let mut all: Vec<(Package, Vec<&str>)> = Vec::new();
    let mut seen: HashMap<(String, String), usize> = HashMap::new();
    for (group, section) in sections {
        if group == "_meta" {
            continue;
        }
        let Some(section) = section.as_object() else {
            damage.note(|| format!("{group} is no table"));
            continue;
        };
        for (name, entry) in section {
            let Some(package) = read_entry(name, entry, &sources, damage) else {
                continue;
            };
            let key = (package.name.clone(), package.version.clone());
            if let Some((_, groups)) = seen.get(&key).and_then(|at| all.get_mut(*at)) {
                groups.push(group);
            } else {
                seen.insert(key, all.len());
                all.push((package, vec![group]));
            }
        }
    }
    let mut entries = Entries::default();
    for (mut package, groups) in all {
        set_groups(&mut package, &groups, "");
        if groups == ["develop"] {
            property(&mut package, "dev", "true");
        }
        entries.push(package);
    }
    entries.finish(found);
}

/// Reads an entry; `None` for a folder of the source tree, and for one that is damaged.
fn read_entry(
    name: &str,
    entry: &Value,
    sources: &HashMap<&str, &str>,
    damage: &mut Damage,
) -> Option<Package> {
    let text = |key: &str| json::text(entry, &[key]);
    let git = text("git");
    let path = match text("path") {
        "" => text("file"),
        path => path,
    };
    let remote = path.contains("://");
    let editable = entry.get("editable") == Some(&Value::Bool(true));
    let folder = !path.is_empty() && !remote && !is_archive(path);
    if git.is_empty() && (editable || folder) {
        return None;
    }
    let origin = if !git.is_empty() {
        Some(Origin::repository(
            "git",
            git,
            text("ref"),
            text("subdirectory"),
        ))
    } else if remote {
        Some(Origin::url(path))
    } else if !path.is_empty() {
        Some(Origin::file(path))
    } else {
        sources.get(text("index")).map(|url| Origin::index(url))
    };
    // A direct reference has no version but in its file's name.
    let version = match text("version").trim_start_matches('=') {
        "" => version_of(path),
        stated => stated,
    };
    let mut found = package(name, version, origin, damage)?;
    property(&mut found, "marker", text("markers"));
    Some(found)
}

/// Notes what a `Pipfile` asks for.
pub(super) fn read_pipfile(bytes: &[u8], found: &mut Found) {
    let mut damage = Damage::default();
    let mut read = false;
    document::read(bytes, &mut damage, |document, _| {
        read = true;
        for (group, value) in document {
            let group = group.get_ref().as_ref();
            let table = value.get_ref().as_table();
            if matches!(group, "source" | "requires" | "scripts" | "pipenv") {
                continue;
            }
            for (name, wanted) in table.into_iter().flatten().take(document::MAX_LISTED) {
                for wanted in poetry::requirements(name.get_ref(), wanted.get_ref()) {
                    note::direct(found, group, &wanted);
                }
            }
        }
        found.note(note::MANIFEST, String::new());
    });
    note::unread(read && damage.finish().is_empty(), found);
}
