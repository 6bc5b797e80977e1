//! CycloneDX JSON, versions 1.6 and 1.7 (ECMA-424).
//!
//! The image is the subject of the document, the distribution and the packages are its components.
//! Properties of our own carry what has no field. A document made by a scan with a database also holds
//! its findings (a vulnerability disclosure report).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_model::digest::Digest;
use plimsoll_model::package::Package;
use plimsoll_model::purl::Purl;
use plimsoll_model::report::{CatalogPackage, Finding, ImageFacts, Report};

use super::fields::{self, Fields};
use super::licenses::{Declared, declared};
use super::stamp;
use crate::json::safe;
use crate::{Format, Options};

mod vulnerabilities;
mod wire;

use wire::{
    Component, Composition, Dependency, Document, Evidence, Hash, License, LicenseChoice, Metadata,
    Occurrence, Organization, Property, Tools,
};

/// Is CycloneDX 1.6.
pub static FORMAT: Format = Format {
    name: "cyclonedx",
    aliases: &["cyclonedx-json", "cyclonedx@1.6"],
    description: "SBOM for programs: CycloneDX 1.6, with the vulnerabilities that a scan found",
    json: true,
    render: |report, options| document(report, options, "1.6"),
    inventory: Some(|report, options| document(report, options, "1.6")),
};

/// Is CycloneDX 1.7.
pub static FORMAT_1_7: Format = Format {
    name: "cyclonedx@1.7",
    aliases: &[],
    description: "The same as CycloneDX 1.7",
    json: true,
    render: |report, options| document(report, options, "1.7"),
    inventory: Some(|report, options| document(report, options, "1.7")),
};

/// The reference of the image within the document.
const SUBJECT: &str = "image";
/// The reference of the distribution within the document.
const DISTRIBUTION: &str = "distribution";

/// Writes the document.
fn document(report: &Report, options: &Options, version: &'static str) -> String {
    let refs = References::of(&report.packages);
    let image = &report.image;
    let mut components = Vec::with_capacity(report.packages.len() + 1);
    if let Some(distro) = &image.distro {
        components.push(Component {
            kind: "operating-system",
            bom_ref: DISTRIBUTION.to_owned(),
            name: distro.id.clone(),
            version: known(&distro.version_id),
            description: known(&distro.pretty_name),
            properties: properties(fields::of_distro(distro)),
            ..Component::default()
        });
    }
    for (index, entry) in report.packages.iter().enumerate() {
        components.push(component(entry, image, refs.of_index(index)));
    }
    let mut document = Document {
        schema: match version {
            "1.7" => "http://cyclonedx.org/schema/bom-1.7.schema.json",
            _ => "http://cyclonedx.org/schema/bom-1.6.schema.json",
        },
        bom_format: "CycloneDX",
        spec_version: version,
        serial_number: None,
        version: 1,
        metadata: Metadata {
            timestamp: stamp::time(options.source_date_epoch, &image.created),
            tools: Tools {
                components: vec![Component {
                    kind: "application",
                    bom_ref: "tool".to_owned(),
                    name: "plimsoll".to_owned(),
                    version: known(&report.tool_version),
                    ..Component::default()
                }],
            },
            component: subject(image),
            properties: properties(fields::of_gaps(&report.coverage.gaps)),
        },
        components,
        dependencies: dependencies(report, &refs),
        compositions: vec![Composition {
            // That nothing else is in there is more than anyone can know.
            aggregate: if report.coverage.complete() {
                "unknown"
            } else {
                "incomplete"
            },
            assemblies: vec![SUBJECT.to_owned()],
        }],
        vulnerabilities: vulnerabilities::of(report, &refs),
    };
    let content = safe::to_string(&document);
    document.serial_number = Some(format!("urn:uuid:{}", stamp::uuid(content.as_bytes())));
    safe::to_string(&document)
}

/// Are the references of packages within the document: their purls, made unique.
struct References<'a> {
    by_index: Vec<String>,
    by_purl: HashMap<&'a str, usize>,
}

impl<'a> References<'a> {
    fn of(packages: &'a [CatalogPackage]) -> Self {
        let mut used: BTreeSet<String> = [SUBJECT, DISTRIBUTION, "tool"]
            .into_iter()
            .map(str::to_owned)
            .collect();
        let mut by_index = Vec::with_capacity(packages.len());
        let mut by_purl = HashMap::new();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for (index, entry) in packages.iter().enumerate() {
            let purl = entry.package.purl.as_str();
            by_purl.entry(purl).or_insert(index);
            let count = counts.entry(purl).or_insert(0);
            let reference = loop {
                *count += 1;
                let reference = match (purl, *count) {
                    ("", count) => format!("package-{count}"),
                    (purl, 1) => purl.to_owned(),
                    (purl, count) => format!("{purl}#{count}"),
                };
                if used.insert(reference.clone()) {
                    break reference;
                }
            };
            by_index.push(reference);
        }
        by_purl.remove("");
        Self { by_index, by_purl }
    }

    fn of_index(&self, index: usize) -> &str {
        self.by_index.get(index).map_or("", String::as_str)
    }

    fn of_purl(&self, purl: &str) -> Option<&str> {
        self.by_purl.get(purl).map(|index| self.of_index(*index))
    }
}

/// Describes the image.
fn subject(image: &ImageFacts) -> Component {
    Component {
        kind: "container",
        bom_ref: SUBJECT.to_owned(),
        name: image.reference.clone(),
        version: image.digest.as_ref().map(Digest::to_string),
        purl: image_purl(image),
        hashes: image
            .digest
            .iter()
            .map(|digest| Hash {
                alg: "SHA-256",
                content: digest.hex().to_owned(),
            })
            .collect(),
        properties: properties(fields::of_image(image)),
        ..Component::default()
    }
}

/// Returns the purl of an image in a registry (purl type `oci`); no other source names a repository.
pub(crate) fn image_purl(image: &ImageFacts) -> Option<String> {
    let digest = image.digest.as_ref()?;
    let name = image.reference.strip_prefix("registry:")?;
    let name = name.split('@').next().unwrap_or(name);
    let (repository, tag) = match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (name, ""),
    };
    let last = repository.rsplit('/').next().unwrap_or(repository);
    let mut purl = Purl::new("oci", "", last, digest.as_str()).ok()?;
    purl.qualify("repository_url", repository).ok()?;
    purl.qualify("tag", tag).ok()?;
    let arch = image.platform.split('/').nth(1).unwrap_or_default();
    purl.qualify("arch", arch).ok()?;
    Some(purl.to_string())
}

/// Describes a package.
fn component(entry: &CatalogPackage, image: &ImageFacts, bom_ref: &str) -> Component {
    let package = &entry.package;
    let (group, name) = group_and_name(package);
    let about = |name: &str| package.properties.get(name).map(String::as_str);
    let supplier = about("vendor").or_else(|| about("maintainer"));
    Component {
        kind: "library",
        bom_ref: bom_ref.to_owned(),
        group: known(group),
        name: name.to_owned(),
        version: known(&package.version),
        description: about("description").and_then(known),
        purl: known(&package.purl),
        supplier: supplier.and_then(known).map(|name| Organization { name }),
        licenses: licenses(&package.licenses),
        evidence: (!package.locations.is_empty()).then(|| Evidence {
            occurrences: package
                .locations
                .iter()
                .map(|location| Occurrence {
                    location: location.clone(),
                })
                .collect(),
        }),
        properties: properties(fields::of_package(entry, image, false)),
        ..Component::default()
    }
}

/// Parts a name that holds a group: a Maven group, an npm scope, a Composer vendor.
fn group_and_name(package: &Package) -> (&str, &str) {
    use plimsoll_model::ecosystem::PackageKind;
    let parted = match package.kind {
        PackageKind::Maven => package.name.split_once(':'),
        PackageKind::Npm | PackageKind::Composer => package.name.split_once('/'),
        _ => None,
    };
    parted.unwrap_or(("", &package.name))
}

/// Writes licences: one expression alone, or a list in which what is no identifier stands as a name
/// (the schema allows an expression only by itself).
fn licenses(texts: &[String]) -> Vec<LicenseChoice> {
    if let [text] = texts
        && let Declared::Expression(expression) = declared(text)
    {
        return vec![LicenseChoice::Expression(expression.to_owned())];
    }
    texts
        .iter()
        .map(|text| {
            LicenseChoice::License(match declared(text) {
                Declared::Id(id) => License::Id(id),
                Declared::Expression(text) | Declared::Text(text) => License::Name(text.to_owned()),
            })
        })
        .collect()
}

/// Lists who depends on whom: the image on the packages that were asked for or that nobody depends on.
fn dependencies(report: &Report, refs: &References<'_>) -> Vec<Dependency> {
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut needed: BTreeSet<&str> = BTreeSet::new();
    for (index, entry) in report.packages.iter().enumerate() {
        let from = refs.of_index(index);
        let to = edges.entry(from).or_default();
        for purl in &entry.package.depends_on {
            if let Some(reference) = refs.of_purl(purl)
                && reference != from
            {
                to.insert(reference);
                needed.insert(reference);
            }
        }
    }
    let mut direct: BTreeSet<&str> = BTreeSet::new();
    for (index, entry) in report.packages.iter().enumerate() {
        let reference = refs.of_index(index);
        let top = match entry.package.requested {
            Some(requested) => requested,
            None => !needed.contains(reference),
        };
        if top {
            direct.insert(reference);
        }
    }
    if report.image.distro.is_some() {
        direct.insert(DISTRIBUTION);
    }
    edges.insert(SUBJECT, direct);
    edges
        .into_iter()
        .map(|(from, to)| Dependency {
            reference: from.to_owned(),
            depends_on: to.into_iter().map(str::to_owned).collect(),
        })
        .collect()
}

fn properties(fields: Fields) -> Vec<Property> {
    fields
        .into_iter()
        .map(|(name, value)| Property { name, value })
        .collect()
}

/// Returns a text where there is one.
fn known(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Returns the findings of a report that name a package of it.
fn findings(
    report: &Report,
) -> impl Iterator<Item = &plimsoll_model::report::VulnerabilityFinding> {
    report
        .findings
        .iter()
        .map(|Finding::Vulnerability(finding)| finding.as_ref())
        .filter(|finding| finding.package < report.packages.len())
}

#[cfg(test)]
mod tests;
