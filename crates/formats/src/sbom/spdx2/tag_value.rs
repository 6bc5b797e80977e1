//! SPDX 2.3 as lines of `Tag: value` (SPDX specification 2.3, clause 4.4).
//!
//! A value that stands on one line is escaped, so that no name can begin a line of its own or open a
//! `<text>`; a value of several lines stands in `<text>…</text>`, and cannot end it.

use std::fmt::Write as _;

use plimsoll_model::text::escape;

use super::{Annotation, Document, Package};

/// Writes the document.
pub(super) fn write(document: &Document) -> String {
    let mut out = String::new();
    tag(&mut out, "SPDXVersion", document.spdx_version);
    tag(&mut out, "DataLicense", document.data_license);
    tag(&mut out, "SPDXID", document.id);
    tag(&mut out, "DocumentName", &document.name);
    tag(&mut out, "DocumentNamespace", &document.document_namespace);
    for creator in &document.creation_info.creators {
        tag(&mut out, "Creator", creator);
    }
    tag(&mut out, "Created", &document.creation_info.created);
    for annotation in &document.annotations {
        annotate(&mut out, document.id, annotation);
    }
    for package in &document.packages {
        write_package(&mut out, package);
    }
    for extracted in &document.has_extracted_licensing_infos {
        out.push('\n');
        tag(&mut out, "LicenseID", &extracted.license_id);
        text(&mut out, "ExtractedText", &extracted.extracted_text);
        tag(&mut out, "LicenseName", &extracted.name);
    }
    out.push('\n');
    for relationship in &document.relationships {
        let _ = writeln!(
            out,
            "Relationship: {} {} {}",
            relationship.spdx_element_id,
            relationship.relationship_type,
            relationship.related_spdx_element
        );
    }
    out
}

fn write_package(out: &mut String, package: &Package) {
    out.push('\n');
    tag(out, "PackageName", &package.name);
    tag(out, "SPDXID", &package.id);
    if let Some(version) = &package.version_info {
        tag(out, "PackageVersion", version);
    }
    if let Some(supplier) = &package.supplier {
        tag(out, "PackageSupplier", supplier);
    }
    tag(out, "PackageDownloadLocation", package.download_location);
    tag(out, "FilesAnalyzed", "false");
    for checksum in &package.checksums {
        let value = format!("{}: {}", checksum.algorithm, checksum.checksum_value);
        tag(out, "PackageChecksum", &value);
    }
    if let Some(info) = &package.source_info {
        text(out, "PackageSourceInfo", info);
    }
    tag(out, "PackageLicenseConcluded", package.license_concluded);
    tag(out, "PackageLicenseDeclared", &package.license_declared);
    tag(out, "PackageCopyrightText", package.copyright_text);
    if let Some(description) = &package.description {
        text(out, "PackageDescription", description);
    }
    for external in &package.external_refs {
        let value = format!(
            "{} {} {}",
            external.reference_category, external.reference_type, external.reference_locator
        );
        tag(out, "ExternalRef", &value);
    }
    tag(
        out,
        "PrimaryPackagePurpose",
        package.primary_package_purpose,
    );
    for annotation in &package.annotations {
        annotate(out, &package.id, annotation);
    }
}

fn annotate(out: &mut String, id: &str, annotation: &Annotation) {
    tag(out, "Annotator", &annotation.annotator);
    tag(out, "AnnotationDate", &annotation.annotation_date);
    tag(out, "AnnotationType", annotation.annotation_type);
    tag(out, "SPDXREF", id);
    text(out, "AnnotationComment", &annotation.comment);
}

/// Writes a value on one line.
fn tag(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "{name}: {}", closed(&escape(value.trim())));
}

/// Writes a value of any number of lines. The second and later ones are indented, so that no line of it
/// passes for a tag with readers that do not know texts.
fn text(out: &mut String, name: &str, value: &str) {
    let lines: Vec<_> = value.lines().map(escape).collect();
    let _ = writeln!(out, "{name}: <text>{}</text>", closed(&lines.join("\n ")));
}

/// Takes the marks out of a value that would open or end a text.
fn closed(value: &str) -> String {
    value
        .replace("<text>", "\\x3ctext>")
        .replace("</text>", "\\x3c/text>")
}
