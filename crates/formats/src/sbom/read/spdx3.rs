//! SPDX 3.0 in: a graph of elements, each with its type and its address.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::collector::Collector;
use super::spdx2::{note, source_info};
use super::stated::Stated;
use super::{lenient, vendors};
use crate::sbom::fields::Fields;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Element {
    #[serde(rename = "type", alias = "@type", deserialize_with = "lenient::text")]
    kind: String,
    #[serde(rename = "spdxId", alias = "@id", deserialize_with = "lenient::text")]
    id: String,
    #[serde(deserialize_with = "lenient::text")]
    name: String,
    #[serde(deserialize_with = "lenient::text")]
    summary: String,
    #[serde(rename = "software_packageVersion", deserialize_with = "lenient::text")]
    version: String,
    #[serde(rename = "software_packageUrl", deserialize_with = "lenient::text")]
    purl: String,
    #[serde(rename = "software_primaryPurpose", deserialize_with = "lenient::text")]
    purpose: String,
    #[serde(rename = "software_sourceInfo", deserialize_with = "lenient::text")]
    source_info: String,
    #[serde(rename = "externalIdentifier", deserialize_with = "lenient::list")]
    identifiers: Vec<Identifier>,
    #[serde(rename = "rootElement", deserialize_with = "lenient::list")]
    roots: Vec<String>,
    #[serde(deserialize_with = "lenient::text")]
    from: String,
    #[serde(deserialize_with = "lenient::list")]
    to: Vec<String>,
    #[serde(rename = "relationshipType", deserialize_with = "lenient::text")]
    relation: String,
    #[serde(deserialize_with = "lenient::text")]
    subject: String,
    #[serde(deserialize_with = "lenient::text")]
    statement: String,
    #[serde(
        rename = "simplelicensing_licenseExpression",
        deserialize_with = "lenient::text"
    )]
    expression: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Identifier {
    #[serde(rename = "externalIdentifierType", deserialize_with = "lenient::text")]
    kind: String,
    #[serde(deserialize_with = "lenient::text")]
    identifier: String,
}

/// Takes a graph.
pub(super) fn take(graph: Vec<Element>, out: &mut Collector) {
    let mut notes: BTreeMap<String, Fields> = BTreeMap::new();
    let mut expressions: BTreeMap<String, String> = BTreeMap::new();
    let mut declared: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut concluded: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut roots: Vec<String> = Vec::new();
    for element in &graph {
        match element.kind.as_str() {
            "Annotation" => {
                let fields = notes.entry(element.subject.clone()).or_default();
                note(&element.statement, fields);
            }
            "simplelicensing_LicenseExpression" => {
                expressions.insert(element.id.clone(), element.expression.clone());
            }
            "software_Sbom" | "Bom" | "SpdxDocument" => roots.extend(element.roots.iter().cloned()),
            kind if kind.ends_with("Relationship") => {
                let from = &element.from;
                match element.relation.as_str() {
                    "dependsOn" => element.to.iter().for_each(|to| out.needs(from, to)),
                    "hasDeclaredLicense" => declared
                        .entry(from.clone())
                        .or_default()
                        .extend(element.to.iter().cloned()),
                    "hasConcludedLicense" => concluded
                        .entry(from.clone())
                        .or_default()
                        .extend(element.to.iter().cloned()),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    let mut empty = true;
    for element in graph {
        let fields = notes.remove(&element.id).unwrap_or_default();
        match element.kind.as_str() {
            "SpdxDocument" => out.apply(&fields),
            "software_Package" => {
                empty = false;
                let licenses = declared
                    .get(&element.id)
                    .or_else(|| concluded.get(&element.id))
                    .into_iter()
                    .flatten()
                    .filter_map(|id| expressions.get(id))
                    .filter(|text| !matches!(text.as_str(), "" | "NOASSERTION" | "NONE"))
                    .cloned()
                    .collect();
                package(element, fields, licenses, &roots, out);
            }
            _ => {}
        }
    }
    if empty {
        out.damaged("the SPDX graph holds no package");
    }
}

fn package(
    element: Element,
    mut fields: Fields,
    licenses: Vec<String>,
    roots: &[String],
    out: &mut Collector,
) {
    let role = element.purpose.to_lowercase();
    if roots.contains(&element.id) {
        out.image.reference = element.name;
        if let Ok(digest) = element.version.parse() {
            out.image.digest = Some(digest);
        }
        out.apply(&fields);
        return;
    }
    if role == "operatingsystem" {
        let (name, version) = (&element.name, &element.version);
        out.distro = Some(vendors::distro(name, version, &element.summary, &fields));
        out.apply(&fields);
        return;
    }
    let purl = if element.purl.is_empty() {
        let found = element.identifiers.into_iter();
        let mut found = found.filter(|one| one.kind == "packageUrl");
        found.next().map(|one| one.identifier).unwrap_or_default()
    } else {
        element.purl
    };
    let (source, locations) = source_info(&element.source_info);
    if let Some(source) = source {
        fields.push(("aquasecurity:trivy:SrcName".to_owned(), source.name));
        fields.push(("aquasecurity:trivy:SrcVersion".to_owned(), source.version));
    }
    out.add(Stated {
        id: element.id,
        role,
        name: element.name,
        version: element.version,
        purl,
        licenses,
        locations,
        fields,
        ..Stated::default()
    });
}
