//! `OpenVEX` 0.2.0 out (<https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>): what a scan itself
//! knows to need no action.
//!
//! States what the distribution says of packages that it installed. Left out: exceptions, because an
//! accepted risk is one still; what other VEX documents state, because it is their authors' word; and
//! what is found and counts, because a match by version says nothing of whether it can be exploited.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::digest::Digest;
use plimsoll_model::purl::Purl;
use plimsoll_model::report::{Finding, ImageFacts, Report, VexStatus, VulnerabilityFinding};
use serde::Serialize;

use crate::json::safe;
use crate::sbom::stamp;
use crate::{Format, Options};

/// The version of the format that is written.
const CONTEXT: &str = "https://openvex.dev/ns/v0.2.0";

/// Is the format.
pub static FORMAT: Format = Format {
    name: "openvex",
    aliases: &[],
    description: "OpenVEX 0.2.0: what the distribution says is fixed or does not affect the image",
    json: true,
    render,
    inventory: None,
};

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@id")]
    id: String,
    author: &'static str,
    timestamp: String,
    version: u8,
    tooling: String,
    statements: Vec<Statement<'a>>,
}

#[derive(Serialize)]
struct Statement<'a> {
    vulnerability: Vulnerability<'a>,
    products: Vec<Product<'a>>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_notes: Option<&'a str>,
    #[serde(rename = "impact_statement", skip_serializing_if = "Option::is_none")]
    impact: Option<&'a str>,
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    aliases: &'a [String],
}

#[derive(Serialize)]
struct Product<'a> {
    #[serde(rename = "@id")]
    id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subcomponents: Vec<Part<'a>>,
}

#[derive(Serialize)]
struct Part<'a> {
    #[serde(rename = "@id")]
    id: &'a str,
}

/// What is the same of all products of a statement: id, aliases, status, reason.
type Key<'a> = (&'a str, &'a [String], VexStatus, &'a str);
/// The parts of each product.
type Parts<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Writes the document. Without a time of its own (`SOURCE_DATE_EPOCH`, the image's) it states the
/// first second of 1970; its identity follows from its content.
pub fn render(report: &Report, options: &Options) -> String {
    let image = image_purl(&report.image);
    let mut stated: BTreeMap<Key<'_>, Parts<'_>> = BTreeMap::new();
    for (finding, status, reason) in own(report) {
        let Some(entry) = report.packages.get(finding.package) else {
            continue;
        };
        let package = entry.package.purl.as_str();
        if package.is_empty() {
            continue;
        }
        // What the distribution says of its own build of a library holds where it installed it: in
        // this image, or else in its package.
        let whole = image.as_deref().or(entry.package.owned_by.as_deref());
        let parts = stated
            .entry((&finding.id, &finding.aliases, status, reason))
            .or_default()
            .entry(whole.unwrap_or(package))
            .or_default();
        if whole.is_some() {
            parts.insert(package);
        }
    }
    let statements: Vec<Statement<'_>> = stated
        .into_iter()
        .map(|((name, aliases, status, reason), products)| Statement {
            vulnerability: Vulnerability { name, aliases },
            products: products
                .into_iter()
                .map(|(id, parts)| Product {
                    id,
                    subcomponents: parts.into_iter().map(|id| Part { id }).collect(),
                })
                .collect(),
            status: status.as_str(),
            status_notes: (status == VexStatus::Fixed).then_some(reason),
            impact: (status == VexStatus::NotAffected).then_some(reason),
        })
        .collect();
    let time = stamp::time(options.source_date_epoch, &report.image.created);
    let mut document = Document {
        context: CONTEXT,
        id: String::new(),
        author: "Plimsoll",
        timestamp: time.unwrap_or_else(|| stamp::NO_TIME.to_owned()),
        version: 1,
        tooling: format!("plimsoll {}", report.tool_version),
        statements,
    };
    let identity = format!("{}\0{}", report.image.reference, safe::to_string(&document));
    document.id = format!("urn:uuid:{}", stamp::uuid(identity.as_bytes()));
    safe::to_string(&document)
}

/// Returns the findings that the distribution's word suppresses and that need no action.
fn own(report: &Report) -> impl Iterator<Item = (&VulnerabilityFinding, VexStatus, &str)> {
    let counting: BTreeSet<(&str, &str)> = report
        .findings
        .iter()
        .filter_map(|Finding::Vulnerability(finding)| {
            let package = &report.packages.get(finding.package)?.package;
            let names = std::iter::once(&finding.id).chain(&finding.aliases);
            Some(names.map(|name| (package.purl.as_str(), name.as_str())))
        })
        .flatten()
        .collect();
    report
        .suppressed
        .iter()
        .filter_map(move |Finding::Vulnerability(finding)| {
            let why = finding.suppressed.as_ref()?;
            if why.by != "distribution" {
                return None;
            }
            let status = match why.status? {
                status @ (VexStatus::NotAffected | VexStatus::Fixed) => status,
                VexStatus::Affected | VexStatus::UnderInvestigation => return None,
            };
            // That a fix exists says nothing of an installed package that is older.
            let owner = report
                .packages
                .get(finding.package)?
                .package
                .owned_by
                .as_deref();
            let mut names = std::iter::once(&finding.id).chain(&finding.aliases);
            let counts = owner
                .is_some_and(|owner| names.any(|name| counting.contains(&(owner, name.as_str()))));
            (!counts).then_some((finding.as_ref(), status, why.reason.as_str()))
        })
}

/// Returns the purl of an image (purl type `oci`), which its digest makes precise; `None` without one.
fn image_purl(image: &ImageFacts) -> Option<String> {
    if let Some(purl) = crate::sbom::cyclonedx::image_purl(image) {
        return Some(purl);
    }
    let digest = image.digest.as_ref().map(Digest::as_str)?;
    let name = image.reference.split('@').next()?;
    let name = name.trim_end_matches('/').rsplit('/').next()?;
    let name = name.rsplit_once(':').map_or(name, |(before, after)| {
        // A scheme stands before the name, a tag after it.
        if before.contains(':') || !SCHEMES.contains(&before) {
            before.rsplit(':').next().unwrap_or(before)
        } else {
            after
        }
    });
    let name = if name.is_empty() { "image" } else { name };
    let mut purl = Purl::new("oci", "", name, digest).ok()?;
    let arch = image.platform.split('/').nth(1).unwrap_or_default();
    purl.qualify("arch", arch).ok()?;
    Some(purl.to_string())
}

/// What may stand before the name of an image that comes from no registry.
const SCHEMES: &[&str] = &[
    "containerd",
    "docker",
    "docker-archive",
    "oci-archive",
    "oci-dir",
    "podman",
];
