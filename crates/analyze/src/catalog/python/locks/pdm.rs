//! `pdm.lock` (PDM, "Lock file"), and `pylock.toml` ("`pylock.toml` Specification", PEP 751), which
//! write origins the same way but name them otherwise.

use plimsoll_model::package::Requirement;
use toml::de::DeTable;

use super::super::super::kit::{Found, property};
use super::document::{self, MAX_LISTED, at, holds, list_at, text_at, texts_at};
use super::entry::{Entries, Origin, is_archive, package, required, set_groups, specified};

/// Reads a lock file of PDM. A package with extras has an entry of its own per set of extras: they
/// become one.
pub(super) fn read_pdm(bytes: &[u8], found: &mut Found) {
    let mut damage = std::mem::take(&mut found.damage);
    document::read(bytes, &mut damage, |document, damage| {
        let mut entries = Entries::default();
        for table in list_at(document, &["package"]) {
            let Some(table) = table.as_table() else {
                damage.note(|| "an entry of package is no table".to_owned());
                continue;
            };
            let text = |key: &str| text_at(table, &[key]);
            let path = text("path");
            if holds(table, &["editable"]) || (!path.is_empty() && !is_archive(path)) {
                continue;
            }
            let origin = if !text("git").is_empty() {
                let commit = Some(text("revision")).filter(|commit| !commit.is_empty());
                let commit = commit.unwrap_or_else(|| text("ref"));
                Some(Origin::repository(
                    "git",
                    text("git"),
                    commit,
                    text("subdirectory"),
                ))
            } else if !text("url").is_empty() {
                Some(Origin::url(text("url")))
            } else if !path.is_empty() {
                Some(Origin::file(path))
            } else {
                None
            };
            let Some(mut one) = package(text("name"), text("version"), origin, damage) else {
                continue;
            };
            set_groups(&mut one, &texts_at(table, &["groups"]), "");
            property(&mut one, "marker", text("marker"));
            let extras = texts_at(table, &["extras"]);
            one.requires = texts_at(table, &["dependencies"])
                .into_iter()
                .filter_map(specified)
                .map(|wanted| vec![with_extras(wanted, &extras)])
                .collect();
            entries.push(one);
        }
        entries.finish(found);
    });
    found.damage = damage;
}

/// Ties what an entry with extras requires to these extras.
fn with_extras(mut wanted: Requirement, extras: &[&str]) -> Requirement {
    let Some((first, more)) = extras.split_first() else {
        return wanted;
    };
    let (versions, marker) = match wanted.constraint.split_once(" ; ") {
        Some((versions, marker)) => (versions, format!("({marker}) and ")),
        None => (wanted.constraint.as_str(), String::new()),
    };
    let mut any = format!("extra == '{first}'");
    for extra in more.iter().take(MAX_EXTRAS) {
        any = format!("{any} or extra == '{extra}'");
    }
    wanted.constraint = format!("{versions} ; {marker}({any})");
    wanted
}

/// The most extras of one entry that are told apart.
const MAX_EXTRAS: usize = 64;

/// Reads a `pylock.toml`.
pub(super) fn read_pylock(bytes: &[u8], found: &mut Found) {
    let mut damage = std::mem::take(&mut found.damage);
    document::read(bytes, &mut damage, |document, damage| {
        let mut entries = Entries::default();
        for table in list_at(document, &["packages"]) {
            let Some(table) = table.as_table() else {
                damage.note(|| "an entry of packages is no table".to_owned());
                continue;
            };
            if at(table, &["directory"]).is_some() {
                continue;
            }
            let (name, version) = (text_at(table, &["name"]), text_at(table, &["version"]));
            let Some(mut one) = package(name, version, pylock_origin(table), damage) else {
                continue;
            };
            property(&mut one, "marker", text_at(table, &["marker"]));
            one.requires = list_at(table, &["dependencies"])
                .filter_map(|wanted| {
                    let wanted = wanted.as_table()?;
                    let (name, version) =
                        (text_at(wanted, &["name"]), text_at(wanted, &["version"]));
                    let version = match version {
                        "" => String::new(),
                        version => format!("=={version}"),
                    };
                    let wanted = required(name, std::iter::empty(), &version, "");
                    (!name.is_empty()).then(|| vec![wanted])
                })
                .take(MAX_LISTED)
                .collect();
            entries.push(one);
        }
        entries.finish(found);
    });
    found.damage = damage;
}

fn pylock_origin(table: &DeTable<'_>) -> Option<Origin> {
    let text = |kind: &str, key: &str| text_at(table, &[kind, key]);
    if at(table, &["vcs"]).is_some() {
        let url = Some(text("vcs", "url")).filter(|url| !url.is_empty());
        let url = url.unwrap_or_else(|| text("vcs", "path"));
        return Some(Origin::repository(
            text("vcs", "type"),
            url,
            text("vcs", "commit-id"),
            text("vcs", "subdirectory"),
        ));
    }
    if at(table, &["archive"]).is_some() {
        let path = text("archive", "path");
        return Some(match text("archive", "url") {
            "" => Origin::file(path),
            url => Origin::url(url),
        });
    }
    match text_at(table, &["index"]) {
        "" => None,
        index => Some(Origin::index(index)),
    }
}
