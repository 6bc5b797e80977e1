//! `OpenVEX` 0.0.1 to 0.2.0 in (<https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>).

use std::sync::Arc;

use plimsoll_model::report::VexStatus;
use serde::Deserialize;

use super::{Document, Hashes, Name, NotVex, Product, Statement, damaged, joined};
use crate::sbom::stamp;

#[derive(Deserialize)]
struct Wire {
    timestamp: Option<String>,
    last_updated: Option<String>,
    statements: Vec<Stated>,
}

#[derive(Deserialize)]
struct Stated {
    vulnerability: Vulnerability,
    timestamp: Option<String>,
    last_updated: Option<String>,
    #[serde(default)]
    products: Vec<Component>,
    /// Version 0.0.1 names them here, for all products.
    #[serde(default)]
    subcomponents: Vec<Component>,
    status: String,
    justification: Option<String>,
    impact_statement: Option<String>,
    status_notes: Option<String>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a vulnerability is a name, or an object with a name"
)]
enum Vulnerability {
    /// Versions before 0.2.0.
    Name(String),
    Full {
        #[serde(rename = "@id")]
        id: Option<String>,
        name: Option<String>,
        #[serde(default)]
        aliases: Vec<String>,
    },
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a product is an identifier, or an object with '@id', 'identifiers' or 'hashes'"
)]
enum Component {
    /// Versions before 0.2.0.
    Name(String),
    Full {
        #[serde(rename = "@id")]
        id: Option<String>,
        #[serde(default)]
        identifiers: Identifiers,
        #[serde(default)]
        hashes: Hashes,
        #[serde(default)]
        subcomponents: Vec<Component>,
    },
}

#[derive(Default, Deserialize)]
struct Identifiers {
    purl: Option<String>,
}

/// Reads a document. What an attestation is about stands for products that a statement leaves out.
pub(super) fn read(bytes: &[u8], about: &[Arc<Product>], out: &mut Document) -> Result<(), NotVex> {
    let wire: Wire = serde_json::from_slice(bytes).map_err(damaged)?;
    let seconds = |texts: [&Option<String>; 2]| {
        texts
            .into_iter()
            .flatten()
            .find_map(|text| stamp::seconds(text))
    };
    let of_document = seconds([&wire.last_updated, &wire.timestamp]);
    for stated in wire.statements {
        let status = match stated.status.as_str() {
            "not_affected" => VexStatus::NotAffected,
            "affected" => VexStatus::Affected,
            "fixed" => VexStatus::Fixed,
            "under_investigation" => VexStatus::UnderInvestigation,
            _ => {
                out.unknown_statuses += 1;
                continue;
            }
        };
        let mut products: Vec<Arc<Product>> = Vec::new();
        for component in &stated.products {
            match product(component, &stated.subcomponents) {
                Some(product) => products.push(Arc::new(product)),
                None => out.unknown_products += 1,
            }
        }
        if stated.products.is_empty() {
            if about.is_empty() {
                out.unknown_products += 1;
            }
            products.extend(about.iter().cloned());
        }
        let time = seconds([&stated.last_updated, &stated.timestamp]).or(of_document);
        out.statements.push(Statement {
            ids: ids(stated.vulnerability),
            products,
            status,
            reason: joined([
                stated.justification.as_deref(),
                stated.impact_statement.as_deref(),
                stated.status_notes.as_deref(),
            ]),
            time,
        });
    }
    Ok(())
}

fn ids(vulnerability: Vulnerability) -> Vec<String> {
    match vulnerability {
        Vulnerability::Name(name) => vec![name],
        Vulnerability::Full { id, name, aliases } => {
            // The identifier of the record ends with the vulnerability's name on every site that
            // documents refer to.
            let of_record = id.and_then(|id| id.rsplit(['/', ':', '#']).next().map(str::to_owned));
            name.into_iter().chain(aliases).chain(of_record).collect()
        }
    }
}

/// Returns a product; `None` where it, or every part that it names, has no name to compare with.
fn product(component: &Component, for_all: &[Component]) -> Option<Product> {
    let own = match component {
        Component::Name(_) => &[][..],
        Component::Full { subcomponents, .. } => subcomponents,
    };
    let names = names(component);
    let parts: Vec<Vec<Name>> = own
        .iter()
        .chain(for_all)
        .map(self::names)
        .filter(|names| !names.is_empty())
        .collect();
    let whole = own.is_empty() && for_all.is_empty();
    (!names.is_empty() && (whole || !parts.is_empty())).then_some(Product { names, parts })
}

fn names(component: &Component) -> Vec<Name> {
    match component {
        Component::Name(text) => Name::of(text).into_iter().collect(),
        Component::Full {
            id,
            identifiers,
            hashes,
            ..
        } => {
            let texts = id.iter().chain(&identifiers.purl);
            let digest = hashes.sha256.as_deref().and_then(Name::of_sha256);
            let mut names: Vec<Name> = texts
                .filter_map(|text| Name::of(text))
                .chain(digest)
                .collect();
            names.dedup();
            names
        }
    }
}
