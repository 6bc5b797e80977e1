//! `poetry.lock`, versions 1 and 2 (Poetry, "Basic usage", "Installing dependencies"; the versions
//! differ in `category` and `groups`).

use plimsoll_model::package::{Package, Requirement};
use toml::de::{DeTable, DeValue};

use super::super::super::kit::{Found, property};
use super::document::{self, MAX_LISTED, at, holds, list_at, table_at, text_at, texts_at};
use super::entry::{Entries, Origin, package, required, set_groups};

/// Reads a lock file.
pub(super) fn read(bytes: &[u8], found: &mut Found) {
    let mut damage = std::mem::take(&mut found.damage);
    document::read(bytes, &mut damage, |document, damage| {
        let mut entries = Entries::default();
        for table in list_at(document, &["package"]) {
            let Some(table) = table.as_table() else {
                damage.note(|| "an entry of package is no table".to_owned());
                continue;
            };
            if text_at(table, &["source", "type"]) == "directory" {
                continue;
            }
            let (name, version) = (text_at(table, &["name"]), text_at(table, &["version"]));
            let Some(mut one) = package(name, version, origin(table), damage) else {
                continue;
            };
            describe(&mut one, table);
            one.requires = table_at(table, &["dependencies"])
                .take(MAX_LISTED)
                .flat_map(|(name, wanted)| requirements(name, wanted))
                .map(|wanted| vec![wanted])
                .collect();
            entries.push(one);
        }
        entries.finish(found);
    });
    found.damage = damage;
}

fn describe(package: &mut Package, table: &DeTable<'_>) {
    let category = text_at(table, &["category"]);
    let groups = match category {
        "" => texts_at(table, &["groups"]),
        category => vec![category],
    };
    set_groups(package, &groups, "main");
    if holds(table, &["optional"]) {
        property(package, "optional", "true");
    }
    // One marker, or one by group.
    property(package, "marker", text_at(table, &["markers"]));
    let by_group = table_at(table, &["markers"]);
    let mut markers: Vec<&str> = by_group.filter_map(|(_, marker)| marker.as_str()).collect();
    markers.sort_unstable();
    markers.dedup();
    if !markers.is_empty() {
        property(package, "marker", &markers.join(" or "));
    }
}

fn origin(table: &DeTable<'_>) -> Option<Origin> {
    let text = |key: &str| text_at(table, &["source", key]);
    match text("type") {
        "git" => {
            let commit = text("resolved_reference");
            let commit = if commit.is_empty() {
                text("reference")
            } else {
                commit
            };
            Some(Origin::repository(
                "git",
                text("url"),
                commit,
                text("subdirectory"),
            ))
        }
        "url" => Some(Origin::url(text("url"))),
        "file" => Some(Origin::file(text("url"))),
        "legacy" => Some(Origin::index(text("url"))),
        _ => None,
    }
}

/// Reads what stands under the name of a dependency: a constraint, a table, or a list of both. Manifests
/// of Poetry have the same form.
pub(super) fn requirements(name: &str, wanted: &DeValue<'_>) -> Vec<Requirement> {
    match wanted {
        DeValue::Array(list) => {
            let list = list.iter().take(MAX_LISTED);
            list.filter_map(|wanted| one(name, wanted.get_ref()))
                .collect()
        }
        wanted => one(name, wanted).into_iter().collect(),
    }
}

fn one(name: &str, wanted: &DeValue<'_>) -> Option<Requirement> {
    if let Some(versions) = wanted.as_str() {
        return Some(required(name, std::iter::empty(), versions, ""));
    }
    let table = wanted.as_table()?;
    let extras = at(table, &["extras"]).map_or_else(Vec::new, |_| texts_at(table, &["extras"]));
    Some(required(
        name,
        extras.into_iter(),
        text_at(table, &["version"]),
        text_at(table, &["markers"]),
    ))
}
