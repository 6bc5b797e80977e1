//! `uv.lock` (uv, "Resolution", "Lockfile"): packages of all platforms, with the members of the
//! workspace among them, which say what was asked for.

use plimsoll_model::package::Requirement;
use toml::de::{DeTable, DeValue};

use super::super::super::kit::{Found, property, without_credentials};
use super::document::{self, MAX_LISTED, list_at, table_at, text_at, texts_at};
use super::entry::{Entries, Origin, is_archive, package, required};
use super::note;

/// Reads a lock file.
pub(super) fn read(bytes: &[u8], found: &mut Found) {
    let mut damage = std::mem::take(&mut found.damage);
    document::read(bytes, &mut damage, |document, damage| {
        let mut entries = Entries::default();
        // Whether it is known what was asked for: a damaged file may have lost it.
        let mut known = false;
        for table in list_at(document, &["package"]) {
            let Some(table) = table.as_table() else {
                damage.note(|| "an entry of package is no table".to_owned());
                continue;
            };
            if is_local(table) {
                known = true;
                for (group, wanted) in asked(table) {
                    note::direct(found, &group, &wanted);
                }
                continue;
            }
            let (name, version) = (text_at(table, &["name"]), text_at(table, &["version"]));
            let Some(mut one) = package(name, version, origin(table), damage) else {
                continue;
            };
            let markers = texts_at(table, &["resolution-markers"]);
            property(&mut one, "marker", &markers.join(" or "));
            one.requires = requires(table).map(|wanted| vec![wanted]).collect();
            entries.push(one);
        }
        // A script's lock file and one of constraints name here what was asked for.
        for wanted in list_at(document, &["manifest", "requirements"]).take(MAX_LISTED) {
            known = true;
            if let Some(wanted) = wanted.as_table() {
                let wanted = required(
                    text_at(wanted, &["name"]),
                    texts_at(wanted, &["extras"]).into_iter(),
                    text_at(wanted, &["specifier"]),
                    "",
                );
                note::direct(found, "main", &wanted);
            }
        }
        if known {
            found.note(note::MANIFEST, String::new());
        }
        entries.finish(found);
    });
    found.damage = damage;
}

/// Says whether an entry is a folder of the source tree: the project, a member of its workspace, or a
/// folder that it depends on.
fn is_local(table: &DeTable<'_>) -> bool {
    ["virtual", "editable", "directory"]
        .iter()
        .any(|kind| document::at(table, &["source", kind]).is_some())
}

fn origin(table: &DeTable<'_>) -> Option<Origin> {
    let (key, value) = table_at(table, &["source"]).find(|(key, _)| *key != "subdirectory")?;
    let value = &without_credentials(value.as_str()?);
    match key {
        "git" => {
            // `URL?tag=…&subdirectory=…#COMMIT`
            let (url, commit) = value.split_once('#').unwrap_or((value, ""));
            let query = url.split_once('?').map_or("", |(_, query)| query);
            let folder = query
                .split('&')
                .find_map(|pair| pair.strip_prefix("subdirectory="));
            Some(Origin::repository(
                "git",
                url,
                commit,
                folder.unwrap_or_default(),
            ))
        }
        "registry" => Some(Origin::index(value)),
        "url" => Some(Origin::url(value)),
        "path" if is_archive(value) => Some(Origin::file(value)),
        _ => None,
    }
}

/// Returns what an entry requires, with what its extras do.
fn requires<'a>(table: &'a DeTable<'_>) -> impl Iterator<Item = Requirement> + use<'a> {
    let own = list_at(table, &["dependencies"]).filter_map(|wanted| one(wanted, ""));
    let optional = table_at(table, &["optional-dependencies"]).flat_map(|(extra, list)| {
        let list = list.as_array().into_iter().flatten();
        list.filter_map(move |wanted| one(wanted.get_ref(), extra))
    });
    own.chain(optional).take(MAX_LISTED)
}

/// Returns what a folder of the source tree asks for, by group.
fn asked(table: &DeTable<'_>) -> Vec<(String, Requirement)> {
    let mut all = Vec::new();
    let own = list_at(table, &["dependencies"]).filter_map(|wanted| one(wanted, ""));
    all.extend(own.map(|wanted| ("main".to_owned(), wanted)));
    for (key, prefix) in [
        ("optional-dependencies", "extra:"),
        ("dev-dependencies", ""),
    ] {
        for (group, list) in table_at(table, &[key]) {
            let list = list.as_array().into_iter().flatten();
            let list = list.filter_map(|wanted| one(wanted.get_ref(), ""));
            all.extend(list.map(|wanted| (format!("{prefix}{group}"), wanted)));
        }
    }
    all.truncate(MAX_LISTED);
    all
}

/// Reads a dependency; `extra` names the extra that brings it.
fn one(wanted: &DeValue<'_>, extra: &str) -> Option<Requirement> {
    let wanted = wanted.as_table()?;
    let name = text_at(wanted, &["name"]);
    let version = text_at(wanted, &["version"]);
    let version = if version.is_empty() {
        String::new()
    } else {
        format!("=={version}")
    };
    let marker = text_at(wanted, &["marker"]);
    let marker = match (marker, extra) {
        (marker, "") => marker.to_owned(),
        ("", extra) => format!("extra == '{extra}'"),
        (marker, extra) => format!("({marker}) and extra == '{extra}'"),
    };
    let mut extras = texts_at(wanted, &["extra"]);
    extras.extend(texts_at(wanted, &["extras"]));
    (!name.is_empty()).then(|| required(name, extras.into_iter(), &version, &marker))
}
