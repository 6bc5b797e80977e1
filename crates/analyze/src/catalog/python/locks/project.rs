//! `pyproject.toml`: what a person asked for ("Declaring project metadata"; PEP 735, "Dependency
//! Groups in pyproject.toml"; Poetry, "The pyproject.toml file"; PDM and uv for groups of their own).

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::super::damage::Damage;
use super::super::super::kit::Found;
use super::document::{self, MAX_LISTED, at, list_at, table_at};
use super::entry::specified;
use super::{note, poetry};

/// Notes what a project asks for. Nothing is noted of a file that states no dependencies at all: many
/// hold only the settings of tools.
pub(super) fn read(bytes: &[u8], found: &mut Found) {
    let mut damage = Damage::default();
    let mut read = false;
    document::read(bytes, &mut damage, |document, _| {
        read = true;
        take(document, found);
    });
    note::unread(read && damage.finish().is_empty(), found);
}

fn take(document: &DeTable<'_>, found: &mut Found) {
    let tables: [&[&str]; 4] = [
        &["project", "dependencies"],
        &["tool", "poetry", "dependencies"],
        &["dependency-groups"],
        &["tool", "uv", "dev-dependencies"],
    ];
    if tables.iter().all(|keys| at(document, keys).is_none()) {
        return;
    }
    found.note(note::MANIFEST, String::new());
    for keys in [
        &["project", "dependencies"][..],
        &["tool", "uv", "dev-dependencies"],
    ] {
        specifiers(list_at(document, keys), found);
    }
    for keys in [
        &["project", "optional-dependencies"][..],
        &["dependency-groups"],
        &["tool", "pdm", "dev-dependencies"],
    ] {
        for (_, list) in table_at(document, keys) {
            let list = list.as_array().into_iter().flatten();
            specifiers(list.map(Spanned::get_ref), found);
        }
    }
    let poetry = ["dependencies", "dev-dependencies"];
    for key in poetry {
        named(table_at(document, &["tool", "poetry", key]), found);
    }
    for (_, group) in table_at(document, &["tool", "poetry", "group"]) {
        if let Some(group) = group.as_table() {
            named(table_at(group, &["dependencies"]), found);
        }
    }
}

fn specifiers<'a>(list: impl Iterator<Item = &'a DeValue<'a>>, found: &mut Found) {
    let lines = list.filter_map(|value| value.as_str()).take(MAX_LISTED);
    for wanted in lines.filter_map(specified) {
        note::direct(found, "", &wanted);
    }
}

fn named<'a>(table: impl Iterator<Item = (&'a str, &'a DeValue<'a>)>, found: &mut Found) {
    for (name, wanted) in table.take(MAX_LISTED) {
        if name == "python" {
            continue;
        }
        for wanted in poetry::requirements(name, wanted) {
            note::direct(found, "", &wanted);
        }
    }
}
