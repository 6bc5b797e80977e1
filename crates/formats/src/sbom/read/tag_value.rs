//! SPDX 2 tag-value text in (SPDX specification 2.3, clause 4.4).

use super::collector::Collector;
use super::spdx2::{self, Annotation, Document, ExternalRef, Extracted, Package, Relationship};
use super::{NotAnSbom, no};

/// Reads a document.
pub(super) fn read(text: &str, out: &mut Collector) -> Result<(), NotAnSbom> {
    let mut document = Document::default();
    let mut about = About::Document;
    let mut is_spdx = false;
    let mut notes: Vec<(String, Annotation)> = Vec::new();
    let mut annotated = String::new();
    let mut lines = Lines { rest: text };
    while let Some((tag, value)) = lines.next(out) {
        match tag {
            "SPDXVersion" => is_spdx = value.starts_with("SPDX-2"),
            "DocumentName" => document.name = value,
            "PackageName" => {
                about = About::Package;
                document.packages.push(Package {
                    name: value,
                    ..Package::default()
                });
            }
            // Files and snippets follow packages and hold identifiers of their own.
            "FileName" | "SnippetSPDXID" => about = About::Other,
            "LicenseID" => {
                about = About::License;
                document.extracted.push(Extracted {
                    license_id: value,
                    ..Extracted::default()
                });
            }
            "ExtractedText" | "LicenseName" if about == About::License => {
                if let Some(license) = document.extracted.last_mut() {
                    if tag == "LicenseName" {
                        license.name = value;
                    } else {
                        license.text = value;
                    }
                }
            }
            "Relationship" => relationship(&value, &mut document),
            "RelationshipComment" => {
                if let Some(relationship) = document.relationships.last_mut() {
                    relationship.comment = value;
                }
            }
            "SPDXREF" => annotated = value,
            "AnnotationComment" => {
                let to = std::mem::take(&mut annotated);
                notes.push((to, Annotation { comment: value }));
            }
            _ if about == About::Package => {
                if let Some(package) = document.packages.last_mut() {
                    package_tag(package, tag, value);
                }
            }
            _ => {}
        }
    }
    if !is_spdx {
        return Err(no("text without 'SPDXVersion: SPDX-2'"));
    }
    for (id, annotation) in notes {
        // Annotations follow what they are about, so the last one is the likeliest.
        let package = document.packages.iter_mut().rev();
        let mut package = package.filter(|package| package.id == id);
        match package.next() {
            Some(package) => package.annotations.push(annotation),
            None => document.annotations.push(annotation),
        }
    }
    spdx2::take(document, out);
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Document,
    Package,
    License,
    Other,
}

fn package_tag(package: &mut Package, tag: &str, value: String) {
    match tag {
        "SPDXID" => package.id = value,
        "PackageVersion" => package.version_info = value,
        "PackageLicenseDeclared" => package.license_declared = value,
        "PackageLicenseConcluded" => package.license_concluded = value,
        "PackageSourceInfo" => package.source_info = value,
        "PackageDescription" => package.description = value,
        "PrimaryPackagePurpose" => package.primary_package_purpose = value,
        "ExternalRef" => {
            let mut words = value.split_whitespace().skip(1);
            if let (Some(kind), Some(locator)) = (words.next(), words.next()) {
                package.external_refs.push(ExternalRef {
                    reference_type: kind.to_owned(),
                    reference_locator: locator.to_owned(),
                });
            }
        }
        _ => {}
    }
}

fn relationship(value: &str, document: &mut Document) {
    let mut words = value.split_whitespace();
    if let (Some(from), Some(kind), Some(to)) = (words.next(), words.next(), words.next()) {
        document.relationships.push(Relationship {
            spdx_element_id: from.to_owned(),
            kind: kind.to_owned(),
            related_spdx_element: to.to_owned(),
            comment: String::new(),
        });
    }
}

/// Parts text into tags and values.
struct Lines<'a> {
    rest: &'a str,
}

impl<'a> Lines<'a> {
    /// Returns the next tag and its value, which may stand in `<text>…</text>` over several lines.
    fn next(&mut self, out: &mut Collector) -> Option<(&'a str, String)> {
        while !self.rest.is_empty() {
            let (line, after) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
            let parted = line.split_once(':').filter(|_| !line.starts_with('#'));
            let Some((tag, value)) = parted else {
                self.rest = after;
                continue;
            };
            let tag = tag.trim();
            let Some(opened) = value.trim_start().strip_prefix("<text>") else {
                self.rest = after;
                return Some((tag, value.trim().to_owned()));
            };
            // From the mark on, in the whole of what follows: `opened` ends where the line does.
            let start = line.len() - opened.len();
            let body = self.rest.get(start..).unwrap_or_default();
            if let Some((text, after)) = body.split_once("</text>") {
                self.rest = after.split_once('\n').map_or("", |(_, after)| after);
                return Some((tag, text.to_owned()));
            }
            out.damaged(format!("the text of '{tag}' does not end"));
            let text = body.to_owned();
            self.rest = "";
            return Some((tag, text));
        }
        None
    }
}
