//! SPDX 2 in: packages with their references, relationships, annotations of our own.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::package::SourcePackage;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::collector::Collector;
use super::stated::Stated;
use super::{lenient, vendors};
use crate::sbom::fields::{Fields, PREFIX};

#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) name: String,
    pub(super) packages: Vec<Package>,
    pub(super) relationships: Vec<Relationship>,
    pub(super) extracted: Vec<Extracted>,
    pub(super) annotations: Vec<Annotation>,
    pub(super) describes: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Package {
    #[serde(deserialize_with = "lenient::text")]
    pub(super) name: String,
    #[serde(rename = "SPDXID", deserialize_with = "lenient::text")]
    pub(super) id: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) version_info: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) license_declared: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) license_concluded: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) source_info: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) description: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) primary_package_purpose: String,
    #[serde(deserialize_with = "lenient::list")]
    pub(super) external_refs: Vec<ExternalRef>,
    #[serde(deserialize_with = "lenient::list")]
    pub(super) annotations: Vec<Annotation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ExternalRef {
    #[serde(deserialize_with = "lenient::text")]
    pub(super) reference_type: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) reference_locator: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Annotation {
    #[serde(deserialize_with = "lenient::text")]
    pub(super) comment: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Relationship {
    #[serde(deserialize_with = "lenient::text")]
    pub(super) spdx_element_id: String,
    #[serde(rename = "relationshipType", deserialize_with = "lenient::text")]
    pub(super) kind: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) related_spdx_element: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) comment: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Extracted {
    #[serde(deserialize_with = "lenient::text")]
    pub(super) license_id: String,
    #[serde(rename = "extractedText", deserialize_with = "lenient::text")]
    pub(super) text: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) name: String,
}

/// Reads fields of our own: a JSON object of names and texts, or lists of them.
pub(super) fn note(text: &str, into: &mut Fields) {
    if !text.starts_with('{') || !text.contains(PREFIX) {
        return;
    }
    let Ok(map) = serde_json::from_str::<Map<String, Value>>(text) else {
        return;
    };
    for (name, value) in map {
        match value {
            Value::String(text) => into.push((name, text)),
            Value::Array(texts) => {
                for text in texts {
                    if let Value::String(text) = text {
                        into.push((name.clone(), text));
                    }
                }
            }
            _ => {}
        }
    }
}

/// Takes a document.
pub(super) fn take(document: Document, out: &mut Collector) {
    let mut described: BTreeSet<String> = document.describes.into_iter().collect();
    for relation in &document.relationships {
        let (from, to) = (&relation.spdx_element_id, &relation.related_spdx_element);
        match relation.kind.as_str() {
            "DESCRIBES" => {
                described.insert(to.clone());
            }
            "DESCRIBED_BY" => {
                described.insert(from.clone());
            }
            "DEPENDS_ON" | "HAS_PREREQUISITE" => out.needs(from, to),
            "DEPENDENCY_OF" | "RUNTIME_DEPENDENCY_OF" | "PREREQUISITE_FOR" => out.needs(to, from),
            "OTHER" if relation.comment.starts_with("ownership-by-file-overlap") => {
                out.owns(from, to);
            }
            _ => {}
        }
    }
    let texts: BTreeMap<&str, &Extracted> = document
        .extracted
        .iter()
        .map(|extracted| (extracted.license_id.as_str(), extracted))
        .collect();
    // What a document is about is no package of it. One that describes each of its packages is about
    // none of them.
    let one = described.len() == 1 && document.packages.len() > 1;
    out.image.reference = document.name;
    let mut fields = Vec::new();
    for annotation in &document.annotations {
        note(&annotation.comment, &mut fields);
    }
    out.apply(&fields);
    for package in document.packages {
        let mut fields = Vec::new();
        for annotation in &package.annotations {
            note(&annotation.comment, &mut fields);
        }
        let purl = package
            .external_refs
            .iter()
            .find(|reference| reference.reference_type == "purl")
            .map(|reference| reference.reference_locator.clone())
            .unwrap_or_default();
        let role = package.primary_package_purpose.to_lowercase();
        if described.contains(&package.id) && (one || role == "container") {
            if !package.name.is_empty() {
                out.image.reference.clone_from(&package.name);
            }
            if let Ok(digest) = package.version_info.parse() {
                out.image.digest = Some(digest);
            }
            out.apply(&fields);
            out.subjects.insert(package.id.clone());
            if !out.embedded {
                continue;
            }
        }
        if role.replace('_', "-") == "operating-system" {
            out.distro = Some(vendors::distro(
                &package.name,
                &package.version_info,
                &package.description,
                &fields,
            ));
            out.apply(&fields);
            continue;
        }
        let licenses = license(&package, &texts).into_iter().collect();
        let (source, locations) = source_info(&package.source_info);
        if let Some(source) = source {
            // In the form in which Trivy states it elsewhere.
            fields.push(("aquasecurity:trivy:SrcName".to_owned(), source.name));
            fields.push(("aquasecurity:trivy:SrcVersion".to_owned(), source.version));
        }
        out.add(Stated {
            id: package.id,
            role,
            name: package.name,
            version: package.version_info,
            purl,
            licenses,
            locations,
            fields,
            ..Stated::default()
        });
    }
}

/// Returns the licence: as declared, else as concluded; a text that is named alone instead of its name.
fn license(package: &Package, texts: &BTreeMap<&str, &Extracted>) -> Option<String> {
    let claimed = |text: &&String| !matches!(text.as_str(), "" | "NOASSERTION" | "NONE");
    let stated = [&package.license_declared, &package.license_concluded]
        .into_iter()
        .find(claimed)?;
    let Some(extracted) = texts.get(stated.as_str()) else {
        return Some(stated.clone());
    };
    let text = extracted.text.trim();
    let short = text.len() <= 200 && !text.contains('\n') && !matches!(text, "" | "NOASSERTION");
    Some(if short || extracted.name.is_empty() {
        text.to_owned()
    } else {
        extracted.name.clone()
    })
}

/// Reads what tools say of where a package was found: `built package from: NAME VERSION` (Trivy), and
/// paths after `acquired package info from …: ` (Syft).
pub(super) fn source_info(text: &str) -> (Option<SourcePackage>, Vec<String>) {
    if let Some(source) = text.strip_prefix("built package from: ") {
        let source = source
            .trim()
            .split_once(' ')
            .map(|(name, version)| SourcePackage {
                name: name.to_owned(),
                version: version.to_owned(),
            });
        return (source, Vec::new());
    }
    let paths = match text.rsplit_once(": ") {
        Some((before, paths)) if before.starts_with("acquired package info") => paths,
        _ => return (None, Vec::new()),
    };
    let paths = paths.split(", ").filter(|path| path.starts_with('/'));
    (None, paths.map(str::to_owned).collect())
}
