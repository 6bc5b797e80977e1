//! VEX in `CycloneDX` 1.4 to 1.7 as JSON (<https://cyclonedx.org/docs/1.6/json/#vulnerabilities>).

use std::collections::HashMap;
use std::sync::Arc;

use plimsoll_model::report::VexStatus;
use serde::Deserialize;

use super::{Document, Name, NotVex, Product, Statement, damaged, joined, no};
use crate::sbom::stamp;

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    components: Vec<Component>,
    vulnerabilities: Option<Vec<Vulnerability>>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    timestamp: Option<String>,
    component: Option<Component>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "bom-ref")]
    bom_ref: Option<String>,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    purl: Option<String>,
    #[serde(default)]
    hashes: Vec<Hash>,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Hash {
    alg: String,
    content: String,
}

#[derive(Deserialize)]
struct Vulnerability {
    id: Option<String>,
    #[serde(default)]
    references: Vec<Reference>,
    analysis: Option<Analysis>,
    updated: Option<String>,
    #[serde(default)]
    affects: Vec<Affected>,
}

#[derive(Deserialize)]
struct Reference {
    id: Option<String>,
}

#[derive(Deserialize)]
struct Analysis {
    state: Option<String>,
    justification: Option<String>,
    detail: Option<String>,
    #[serde(default)]
    response: Vec<String>,
    #[serde(rename = "lastUpdated")]
    last_updated: Option<String>,
    #[serde(rename = "firstIssued")]
    first_issued: Option<String>,
}

#[derive(Deserialize)]
struct Affected {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize)]
struct Version {
    version: Option<String>,
    status: Option<String>,
}

/// Reads a document.
pub(super) fn read(bytes: &[u8], out: &mut Document) -> Result<(), NotVex> {
    let wire: Wire = serde_json::from_slice(bytes).map_err(damaged)?;
    let vulnerabilities = wire
        .vulnerabilities
        .ok_or_else(|| no("a CycloneDX document without vulnerabilities"))?;
    let of_document = wire.metadata.timestamp.as_deref().and_then(stamp::seconds);
    let mut known: HashMap<&str, Vec<Name>> = HashMap::new();
    let mut components: Vec<&Component> = wire.components.iter().collect();
    components.extend(&wire.metadata.component);
    while let Some(component) = components.pop() {
        components.extend(&component.components);
        if let Some(bom_ref) = &component.bom_ref {
            known.insert(bom_ref, names_of(component));
        }
    }
    for vulnerability in &vulnerabilities {
        // Without an analysis it is merely listed.
        let Some(analysis) = &vulnerability.analysis else {
            continue;
        };
        let status = match analysis.state.as_deref() {
            Some("resolved" | "resolved_with_pedigree") => VexStatus::Fixed,
            Some("exploitable") => VexStatus::Affected,
            Some("in_triage") => VexStatus::UnderInvestigation,
            Some("not_affected" | "false_positive") => VexStatus::NotAffected,
            Some(_) => {
                out.unknown_statuses += 1;
                continue;
            }
            None => continue,
        };
        let times = [
            &analysis.last_updated,
            &analysis.first_issued,
            &vulnerability.updated,
        ];
        let time = times
            .into_iter()
            .flatten()
            .find_map(|text| stamp::seconds(text));
        let ids = vulnerability
            .id
            .iter()
            .chain(vulnerability.references.iter().flat_map(|one| &one.id));
        let responses = analysis.response.iter().map(|text| Some(text.as_str()));
        let mut statement = Statement {
            ids: ids.cloned().collect(),
            products: Vec::new(),
            status,
            reason: joined(
                [
                    analysis.justification.as_deref(),
                    analysis.detail.as_deref(),
                ]
                .into_iter()
                .chain(responses),
            ),
            time: time.or(of_document),
        };
        let mut unaffected = Vec::new();
        for affected in &vulnerability.affects {
            let names = resolve(&affected.reference, &known);
            if names.is_empty() {
                out.unknown_products += 1;
                continue;
            }
            if affected.versions.is_empty() {
                statement.products.push(product(names));
                continue;
            }
            for version in &affected.versions {
                let (Some(number), status) = (&version.version, version.status.as_deref()) else {
                    // A range: whose order it is in, and what it leaves open, is not looked at.
                    out.unknown_products += 1;
                    continue;
                };
                match (with_version(&names, number), status) {
                    (Some(names), None | Some("affected")) => {
                        statement.products.push(product(names));
                    }
                    (Some(names), Some("unaffected")) => unaffected.push(product(names)),
                    _ => out.unknown_products += 1,
                }
            }
        }
        if !unaffected.is_empty() {
            out.statements.push(Statement {
                products: unaffected,
                status: VexStatus::NotAffected,
                ..statement.clone()
            });
        }
        out.statements.push(statement);
    }
    Ok(())
}

fn product(names: Vec<Name>) -> Arc<Product> {
    Arc::new(Product {
        names,
        parts: Vec::new(),
    })
}

/// Returns the names behind a reference: to a component of this document, to one of another by a
/// BOM-Link (`urn:cdx:SERIAL/VERSION#REF`), or a purl itself.
fn resolve(reference: &str, known: &HashMap<&str, Vec<Name>>) -> Vec<Name> {
    if let Some(names) = known.get(reference) {
        return names.clone();
    }
    let inner = match reference.strip_prefix("urn:cdx:") {
        Some(link) => link.split_once('#').map_or("", |(_, inner)| inner),
        None => reference,
    };
    if let Some(names) = known.get(inner) {
        return names.clone();
    }
    // A purl within a link may be percent-encoded once more.
    let decoded = if inner.contains("%2F") || inner.contains("%2f") || inner.starts_with("pkg%3A") {
        Some(decode(inner))
    } else {
        None
    };
    if let Some(names) = decoded.as_deref().and_then(|text| known.get(text)) {
        return names.clone();
    }
    let text = match &decoded {
        Some(decoded) if !inner.starts_with("pkg:") => decoded,
        _ => inner,
    };
    // Only a purl says by itself what it names.
    match Name::of(text) {
        Some(name @ Name::Purl(_)) => vec![name],
        _ => Vec::new(),
    }
}

/// Decodes `%XX`; what is no UTF-8 afterwards stays as it was.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let byte = after
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = byte {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or("");
        } else {
            bytes.push(b'%');
            rest = after;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn names_of(component: &Component) -> Vec<Name> {
    let mut names: Vec<Name> = component
        .purl
        .as_deref()
        .and_then(Name::of)
        .into_iter()
        .collect();
    if component.kind == "container" {
        let hashes = component.hashes.iter();
        names.extend(
            hashes
                .filter(|hash| hash.alg.eq_ignore_ascii_case("SHA-256"))
                .filter_map(|hash| Name::of_sha256(&hash.content)),
        );
        if names.is_empty() {
            let separator = match component.version.as_str() {
                "" => "",
                version if version.starts_with("sha256:") => "@",
                _ => ":",
            };
            let text = format!("{}{separator}{}", component.name, component.version);
            names.extend(Name::of(&text));
        }
    } else if names.is_empty() && !component.version.is_empty() {
        names.extend(Name::of(&format!(
            "{}@{}",
            component.name, component.version
        )));
    }
    names
}

/// Returns the names for one version; `None` where none of them can have one.
fn with_version(names: &[Name], version: &str) -> Option<Vec<Name>> {
    let names: Vec<Name> = names
        .iter()
        .filter_map(|name| match name {
            Name::Purl(purl) => {
                let mut purl = purl.clone();
                version.clone_into(&mut purl.version);
                Some(Name::Purl(purl))
            }
            Name::Text(text) => {
                let name = text
                    .rsplit_once('@')
                    .map_or(text.as_str(), |(name, _)| name);
                Some(Name::Text(format!("{name}@{version}")))
            }
            Name::Digest(_) => None,
        })
        .collect();
    (!names.is_empty()).then_some(names)
}
