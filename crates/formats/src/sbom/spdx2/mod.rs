//! SPDX 2.3 (ISO/IEC 5962), as JSON and as tag-value text.
//!
//! The document describes the image, which contains the distribution and the packages. What has no
//! field is an annotation of our own, as JSON.

#![expect(
    clippy::struct_field_names,
    reason = "the fields are called as the format calls them"
)]

use plimsoll_model::digest::Digest;
use plimsoll_model::report::Report;
use serde::Serialize;

use super::cyclonedx::image_purl;
use super::fields;
use super::graph::{self, DISTRIBUTION, Graph, IMAGE};
use crate::json::safe;
use crate::{Format, Options};

mod tag_value;

/// Is SPDX 2.3 as JSON.
pub static FORMAT: Format = Format {
    name: "spdx",
    aliases: &["spdx-json", "spdx@2.3"],
    description: "SBOM for programs: SPDX 2.3 as JSON",
    json: true,
    render: |report, options| safe::to_string(&document(report, options)),
    inventory: Some(|report, options| safe::to_string(&document(report, options))),
};

/// Is SPDX 2.3 as tag-value text.
pub static TAG_VALUE: Format = Format {
    name: "spdx-tag-value",
    aliases: &["spdx-tv"],
    description: "SBOM for programs: SPDX 2.3 as tag-value text",
    json: false,
    render: |report, options| tag_value::write(&document(report, options)),
    inventory: Some(|report, options| tag_value::write(&document(report, options))),
};

/// The identifier of the document.
const DOCUMENT: &str = "SPDXRef-DOCUMENT";
/// Says that nothing is claimed.
const NO_ASSERTION: &str = "NOASSERTION";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: String,
    document_namespace: String,
    creation_info: CreationInfo,
    packages: Vec<Package>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    has_extracted_licensing_infos: Vec<Extracted>,
    relationships: Vec<Relationship>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Annotation>,
}

#[derive(Serialize)]
struct CreationInfo {
    created: String,
    creators: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    name: String,
    #[serde(rename = "SPDXID")]
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<String>,
    download_location: &'static str,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<String>,
    license_concluded: &'static str,
    license_declared: String,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef>,
    primary_package_purpose: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Annotation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: &'static str,
    checksum_value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Extracted {
    license_id: String,
    extracted_text: String,
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotation {
    annotation_date: String,
    annotation_type: &'static str,
    annotator: String,
    comment: String,
}

/// Makes the document.
fn document(report: &Report, options: &Options) -> Document {
    let graph = Graph::of(report, options);
    let image = &report.image;
    let tool = format!("Tool: plimsoll-{}", report.tool_version);
    let annotate = |note: Option<String>| -> Vec<Annotation> {
        note.into_iter()
            .map(|comment| Annotation {
                annotation_date: graph.created.clone(),
                annotation_type: "OTHER",
                annotator: tool.clone(),
                comment,
            })
            .collect()
    };
    let purl_ref = |purl: &str| -> Vec<ExternalRef> {
        let known = (!purl.is_empty()).then(|| ExternalRef {
            reference_category: "PACKAGE-MANAGER",
            reference_type: "purl",
            reference_locator: purl.to_owned(),
        });
        known.into_iter().collect()
    };
    let mut packages = vec![Package {
        version_info: image.digest.as_ref().map(Digest::to_string),
        checksums: image
            .digest
            .iter()
            .map(|digest| Checksum {
                algorithm: "SHA256",
                checksum_value: digest.hex().to_owned(),
            })
            .collect(),
        external_refs: purl_ref(&image_purl(image).unwrap_or_default()),
        annotations: annotate(graph::note(fields::of_image(image))),
        ..package(&image.reference, IMAGE, "CONTAINER")
    }];
    let mut relationships = vec![relationship(DOCUMENT, "DESCRIBES", IMAGE)];
    if let Some(distro) = &image.distro {
        packages.push(Package {
            version_info: known(&distro.version_id),
            description: known(&distro.pretty_name),
            annotations: annotate(graph::note(fields::of_distro(distro))),
            ..package(&distro.id, DISTRIBUTION, "OPERATING-SYSTEM")
        });
        relationships.push(relationship(IMAGE, "CONTAINS", DISTRIBUTION));
    }
    for element in &graph.packages {
        let supplier = graph::supplier(element.package).map(|(kind, name, mail)| match mail {
            Some(mail) => format!("{kind}: {name} ({mail})"),
            None => format!("{kind}: {name}"),
        });
        packages.push(Package {
            version_info: known(&element.package.version),
            supplier,
            source_info: graph::source_info(element.package),
            license_declared: element
                .license
                .clone()
                .unwrap_or_else(|| NO_ASSERTION.to_owned()),
            external_refs: purl_ref(&element.package.purl),
            annotations: annotate(element.note.clone()),
            ..package(&element.package.name, &element.id, "LIBRARY")
        });
        relationships.push(relationship(IMAGE, "CONTAINS", &element.id));
    }
    for (from, to) in &graph.needs {
        relationships.push(relationship(from, "DEPENDS_ON", to));
    }
    Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name: named(&image.reference),
        document_namespace: format!("https://spdx.org/spdxdocs/{}", graph.identity),
        creation_info: CreationInfo {
            created: graph.created.clone(),
            creators: vec![tool.clone()],
        },
        packages,
        has_extracted_licensing_infos: graph
            .texts
            .iter()
            .map(|(id, text)| Extracted {
                license_id: id.clone(),
                extracted_text: (*text).to_owned(),
                name: text.chars().take(80).collect(),
            })
            .collect(),
        relationships,
        annotations: annotate(graph.gaps.clone()),
    }
}

/// Makes a package that claims nothing.
fn package(name: &str, id: &str, purpose: &'static str) -> Package {
    Package {
        name: named(name),
        id: id.to_owned(),
        version_info: None,
        supplier: None,
        download_location: NO_ASSERTION,
        files_analyzed: false,
        checksums: Vec::new(),
        source_info: None,
        license_concluded: NO_ASSERTION,
        license_declared: NO_ASSERTION.to_owned(),
        copyright_text: NO_ASSERTION,
        description: None,
        external_refs: Vec::new(),
        primary_package_purpose: purpose,
        annotations: Vec::new(),
    }
}

fn relationship(from: &str, kind: &'static str, to: &str) -> Relationship {
    Relationship {
        spdx_element_id: from.to_owned(),
        relationship_type: kind,
        related_spdx_element: to.to_owned(),
    }
}

/// Returns a name: the format demands one.
fn named(text: &str) -> String {
    known(text).unwrap_or_else(|| "unknown".to_owned())
}

fn known(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.to_owned())
}
