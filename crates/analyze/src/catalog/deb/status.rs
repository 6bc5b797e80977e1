//! Reading dpkg's status database and its kin (opkg, distroless' `status.d`).

use std::collections::HashMap;

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::issue::Issue;
use plimsoll_model::package::{Package, Requirement, SourcePackage};
use plimsoll_model::version::deb::without_binnmu;

use crate::catalog::budget::Budget;
use crate::catalog::damage::{Damage, text};
use crate::catalog::deb822::{Scanner, Stanza};
use crate::catalog::requirement::{MAX_REQUIREMENTS, parse_deb};

/// Fields that are kept as properties, with the property's name.
const PROPERTIES: &[(&str, &str)] = &[
    ("Essential", "essential"),
    ("Homepage", "homepage"),
    ("Maintainer", "maintainer"),
    ("Multi-Arch", "multi_arch"),
    ("Priority", "priority"),
    ("Section", "section"),
];

/// Reads a status file: the packages whose files are on the disk, sorted by name, and what could not
/// be read (with an empty subject).
///
/// Which those are follows from the third word of `Status` (dpkg(1), "Package states"; what
/// `dpkg-query -W` shows as `${db:Status-Status}`): all but `not-installed` and `config-files`. In
/// the states between (`unpacked`, `half-configured`, `triggers-awaited`, `triggers-pending`, and
/// `half-installed`, where unpacking was interrupted) the package's files are there, so they can be
/// attacked; the state is then kept as the property `status`. A stanza without `Status`, as those of
/// `status.d`, is an installed package. Of two stanzas of one package the last counts, as for dpkg.
pub fn parse_status(bytes: &[u8]) -> (Vec<Package>, Vec<Issue>) {
    let mut damage = Damage::default();
    let mut budget = Budget::default();
    let mut scanner = Scanner::new(bytes);
    let mut stanza = Stanza::default();
    let mut packages: Vec<Package> = Vec::new();
    let mut seen: HashMap<(String, Option<String>), usize> = HashMap::new();
    while scanner.next(&mut stanza, &mut damage) {
        let Some(mut package) = parse_package(&stanza, &mut damage) else {
            continue;
        };
        if !budget.admit(&mut package, &mut damage) {
            break;
        }
        let key = (package.name.clone(), package.arch.clone());
        if let Some(held) = seen.get(&key).and_then(|index| packages.get_mut(*index)) {
            *held = package;
        } else {
            seen.insert(key, packages.len());
            packages.push(package);
        }
    }
    packages.sort_by(|a, b| (&a.name, &a.arch, &a.version).cmp(&(&b.name, &b.arch, &b.version)));
    (packages, damage.finish())
}

fn parse_package(stanza: &Stanza<'_>, damage: &mut Damage) -> Option<Package> {
    let line = stanza.line;
    let name = text(stanza.get("Package"));
    let status = stanza.get("Status");
    let state = status
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .nth(2)
        .unwrap_or_default();
    if matches!(state, b"not-installed" | b"config-files") {
        return None;
    }
    if name.is_empty() {
        if !stanza.fields.is_empty() {
            damage.note(|| format!("line {line}: the stanza names no package"));
        }
        return None;
    }
    let version = text(stanza.get("Version"));
    if version.is_empty() {
        damage.note(|| format!("line {line}: package {name} has no version"));
        return None;
    }
    if !status.is_empty() && state.is_empty() {
        damage.note(|| {
            let got = text(status);
            format!("line {line}: package {name}: expected three words in `Status`, got {got:?}")
        });
    }
    let source = source_of(stanza.get("Source"), &name, &version);
    let mut package = Package::new(PackageKind::Deb, name, version);
    package.source = Some(source);
    let arch = text(stanza.get("Architecture"));
    package.arch = (!arch.is_empty()).then_some(arch);
    parse_deb(stanza.get("Pre-Depends"), &mut package.requires);
    parse_deb(stanza.get("Depends"), &mut package.requires);
    package.provides = provides(stanza.get("Provides"));
    if package.requires.len() >= MAX_REQUIREMENTS {
        damage.limit(|| format!("line {line}: more than {MAX_REQUIREMENTS} dependencies"));
    }
    for (field, property) in PROPERTIES {
        let value = text(stanza.get(field));
        if !value.is_empty() {
            package.properties.insert((*property).to_owned(), value);
        }
    }
    if !state.is_empty() && state != b"installed" {
        package.properties.insert("status".to_owned(), text(state));
    }
    Some(package)
}

fn provides(value: &[u8]) -> Vec<Requirement> {
    let mut groups = Vec::new();
    parse_deb(value, &mut groups);
    groups.into_iter().flatten().collect()
}

/// Reads `Source: name (version)`. What is left out is the binary's own (deb-control(5)); an implied
/// version loses the suffix of a binary-only rebuild, which no source package has.
fn source_of(field: &[u8], name: &str, version: &str) -> SourcePackage {
    let field = text(field);
    let (source, stated) = match field.split_once('(') {
        Some((source, rest)) => (
            source.trim(),
            rest.split(')').next().unwrap_or_default().trim(),
        ),
        None => (field.trim(), ""),
    };
    SourcePackage {
        name: if source.is_empty() { name } else { source }.to_owned(),
        version: if stated.is_empty() {
            without_binnmu(version).to_owned()
        } else {
            stated.to_owned()
        },
    }
}
