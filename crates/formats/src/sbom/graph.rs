//! What both generations of SPDX say, before it takes their forms: elements with their identifiers,
//! what contains and needs what, licences as expressions.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use plimsoll_model::package::Package;
use plimsoll_model::report::Report;
use serde_json::{Map, Value};

use super::fields::{self, Fields};
use super::licenses::{Declared, declared};
use super::stamp;
use crate::{Options, json};

/// The identifier of the image.
pub(super) const IMAGE: &str = "SPDXRef-Image";
/// The identifier of the distribution.
pub(super) const DISTRIBUTION: &str = "SPDXRef-Distribution";

/// Is what a document says of an image.
pub(super) struct Graph<'a> {
    /// When it was made.
    pub(super) created: String,
    /// The part of its address that is its own.
    pub(super) identity: String,
    /// The packages, in the report's order.
    pub(super) packages: Vec<Element<'a>>,
    /// Which package needs which, by their identifiers.
    pub(super) needs: BTreeSet<(String, String)>,
    /// The texts of licences that are no SPDX expressions, by the identifier they are named with.
    pub(super) texts: BTreeMap<String, &'a str>,
    /// What the formats have no place for, of the document as a whole.
    pub(super) gaps: Option<String>,
}

/// Is a package of a document.
pub(super) struct Element<'a> {
    /// The package.
    pub(super) package: &'a Package,
    /// Its identifier.
    pub(super) id: String,
    /// Its declared licences as one expression; `None` where none is declared.
    pub(super) license: Option<String>,
    /// The identifiers of licence texts that the expression names.
    pub(super) texts: BTreeSet<String>,
    /// What the formats have no place for.
    pub(super) note: Option<String>,
}

impl<'a> Graph<'a> {
    /// Makes the graph of a report.
    pub(super) fn of(report: &'a Report, options: &Options) -> Self {
        let created = stamp::time(options.source_date_epoch, &report.image.created)
            .unwrap_or_else(|| stamp::NO_TIME.to_owned());
        let content = format!("{created}\n{}", json::inventory(report));
        let mut texts = BTreeMap::new();
        let mut used: HashMap<String, usize> = HashMap::new();
        let mut by_purl: HashMap<&str, usize> = HashMap::new();
        let mut packages = Vec::with_capacity(report.packages.len());
        for (index, entry) in report.packages.iter().enumerate() {
            let package = &entry.package;
            by_purl.entry(&package.purl).or_insert(index);
            let (license, own) = expression(&package.licenses, &mut texts);
            packages.push(Element {
                package,
                id: identifier(package, &mut used),
                license,
                texts: own,
                note: note(fields::of_package(entry, &report.image, true)),
            });
        }
        let id = |index: usize| packages.get(index).map(|element| element.id.clone());
        let mut needs = BTreeSet::new();
        for element in &packages {
            for purl in &element.package.depends_on {
                if let Some(other) = by_purl.get(purl.as_str()).and_then(|index| id(*index))
                    && other != element.id
                {
                    needs.insert((element.id.clone(), other));
                }
            }
        }
        Self {
            created,
            identity: format!("plimsoll-{}", stamp::uuid(content.as_bytes())),
            packages,
            needs,
            texts,
            gaps: note(fields::of_gaps(&report.coverage.gaps)),
        }
    }
}

/// Makes an identifier of letters, digits, dots and dashes that follows from the package.
fn identifier(package: &Package, used: &mut HashMap<String, usize>) -> String {
    let name: String = package
        .name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(64)
        .collect();
    let digest = stamp::short_digest(&format!("{}\n{}", package.purl, package.name));
    let id = format!("SPDXRef-Package-{}-{name}-{digest}", package.kind.as_str());
    let count = used.entry(id.clone()).or_insert(0);
    *count += 1;
    if *count == 1 {
        id
    } else {
        format!("{id}-{count}")
    }
}

/// Joins declared licences to one expression; texts that are none get an identifier.
fn expression<'a>(
    licenses: &'a [String],
    texts: &mut BTreeMap<String, &'a str>,
) -> (Option<String>, BTreeSet<String>) {
    let mut own = BTreeSet::new();
    let mut parts = Vec::new();
    for license in licenses.iter().filter(|license| !license.trim().is_empty()) {
        let part = match declared(license) {
            Declared::Id(id) => id.to_owned(),
            Declared::Expression(text) if licenses.len() > 1 => format!("({text})"),
            Declared::Expression(text) => text.to_owned(),
            Declared::Text(text) => {
                let id = format!("LicenseRef-{}", stamp::short_digest(text));
                texts.insert(id.clone(), text);
                own.insert(id.clone());
                id
            }
        };
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    ((!parts.is_empty()).then(|| parts.join(" AND ")), own)
}

/// Writes fields as JSON in one line that holds nothing but printable characters and no `<`, so that it
/// can stand in any of the formats. A name that occurs several times has a list.
pub(super) fn note(fields: Fields) -> Option<String> {
    if fields.is_empty() {
        return None;
    }
    let mut map = Map::new();
    for (name, value) in fields {
        let value = Value::String(value);
        match map.get_mut(&name) {
            None => {
                map.insert(name, value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    let text = Value::Object(map).to_string();
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let mut bytes = [0; 4];
        if c != '<' && json::safe::harmless(c.encode_utf8(&mut bytes)) {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    Some(out)
}

/// Returns who made or packaged it, as `Organization: NAME` or `Person: NAME (MAIL)`, where the name is
/// one that the formats can hold.
pub(super) fn supplier(package: &Package) -> Option<(&'static str, String, Option<String>)> {
    let property = |name: &str| package.properties.get(name).map(|text| text.trim());
    let (kind, text) = match (property("vendor"), property("maintainer")) {
        (Some(vendor), _) => ("Organization", vendor),
        (None, Some(maintainer)) => ("Person", maintainer),
        (None, None) => return None,
    };
    let (name, mail) = match text.split_once('<') {
        Some((name, mail)) => (name.trim(), mail.trim_end_matches('>').trim()),
        None => (text, ""),
    };
    let plain = |text: &str| !text.contains(['(', ')', '<', '>']) && json::safe::harmless(text);
    let good = !name.is_empty() && name.len() <= 200 && plain(name);
    let is_mail = mail.contains('@') && plain(mail) && !mail.contains(char::is_whitespace);
    good.then(|| (kind, name.to_owned(), is_mail.then(|| mail.to_owned())))
}

/// Says where a package was found and what it was built from.
pub(super) fn source_info(package: &Package) -> Option<String> {
    let mut parts = Vec::new();
    if !package.locations.is_empty() {
        parts.push(format!("found in {}", package.locations.join(", ")));
    }
    if let Some(source) = &package.source {
        let text = format!("built from {} {}", source.name, source.version);
        parts.push(text.trim_end().to_owned());
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}
