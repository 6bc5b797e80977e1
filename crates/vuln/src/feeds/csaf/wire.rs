//! CSAF's wire format, tolerant as OSV's: unknown fields are skipped, absent and null lists are
//! empty. Section numbers are those of CSAF 2.0.

#![allow(
    clippy::struct_field_names,
    reason = "the names are those of the format"
)]

use serde::Deserialize;

use crate::feeds::osv::wire::{List, Text};

/// Is a document.
#[derive(Deserialize)]
pub(in crate::feeds) struct Document<'a> {
    #[serde(borrow)]
    pub(in crate::feeds) document: Head<'a>,
    #[serde(borrow, default)]
    pub(in crate::feeds) product_tree: Option<ProductTree<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feeds) vulnerabilities: List<Vulnerability<'a>>,
}

/// Is what is said about the document itself (3.2.1).
#[derive(Deserialize)]
pub(in crate::feeds) struct Head<'a> {
    #[serde(borrow, default)]
    pub(in crate::feeds) title: Text<'a>,
    #[serde(borrow, default)]
    pub(in crate::feeds) tracking: Option<Tracking<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feeds) aggregate_severity: Option<Aggregate<'a>>,
}

/// Is the document's name and dates (3.2.1.12).
#[derive(Deserialize)]
pub(in crate::feeds) struct Tracking<'a> {
    #[serde(borrow, default)]
    pub(in crate::feeds) id: Text<'a>,
    #[serde(borrow, default)]
    pub(in crate::feeds) initial_release_date: Text<'a>,
    #[serde(borrow, default)]
    pub(in crate::feeds) current_release_date: Text<'a>,
}

/// Is the vendor's rating of the whole (3.2.1.2).
#[derive(Deserialize)]
pub(in crate::feeds) struct Aggregate<'a> {
    #[serde(borrow, default)]
    pub(in crate::feeds) text: Text<'a>,
}

/// Is the product tree (3.2.2).
#[derive(Deserialize)]
pub(in crate::feeds) struct ProductTree<'a> {
    #[serde(borrow, default)]
    pub(in crate::feeds) branches: List<Branch<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feeds) full_product_names: List<Product<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feeds) relationships: List<Relationship<'a>>,
}

/// Is a branch (3.1.2).
#[derive(Deserialize)]
pub(in crate::feeds) struct Branch<'a> {
    #[serde(borrow, default)]
    pub(in crate::feeds) branches: List<Branch<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feeds) product: Option<Product<'a>>,
}

/// Is a product (3.1.3).
#[derive(Deserialize)]
pub(in crate::feeds) struct Product<'a> {
    #[serde(borrow, default)]
    pub(in crate::feeds) product_id: Text<'a>,
    #[serde(borrow, default)]
    pub(in crate::feeds) product_identification_helper: Option<Helper<'a>>,
}

/// Is how else a product is named (3.1.3.3).
#[derive(Deserialize)]
pub(in crate::feeds) struct Helper<'a> {
    #[serde(borrow, default)]
    pub(in crate::feeds) cpe: Text<'a>,
    #[serde(borrow, default)]
    pub(in crate::feeds) purl: Text<'a>,
}

/// Is a relationship (3.2.2.4).
#[derive(Deserialize)]
pub(in crate::feeds) struct Relationship<'a> {
    #[serde(borrow, default)]
    pub(in crate::feeds) full_product_name: Option<Product<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feeds) product_reference: Text<'a>,
    #[serde(borrow, default)]
    pub(in crate::feeds) relates_to_product_reference: Text<'a>,
}

/// Is a vulnerability (3.2.3).
#[derive(Deserialize)]
pub(in crate::feeds) struct Vulnerability<'a> {
    #[serde(borrow, default)]
    pub(in crate::feeds) cve: Text<'a>,
    #[serde(borrow, default)]
    pub(in crate::feeds) product_status: Option<Status<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feeds) remediations: List<Remediation<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feeds) threats: List<Threat<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feeds) scores: List<Score<'a>>,
}

/// Is which products are in which state (3.2.3.9).
#[derive(Default, Deserialize)]
pub(in crate::feeds) struct Status<'a> {
    #[serde(borrow, default)]
    pub(in crate::feeds) fixed: List<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feeds) first_fixed: List<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feeds) recommended: List<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feeds) known_affected: List<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feeds) known_not_affected: List<Text<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feeds) under_investigation: List<Text<'a>>,
}

/// Is what can be done (3.2.3.12).
#[derive(Deserialize)]
pub(in crate::feeds) struct Remediation<'a> {
    #[serde(borrow, default)]
    pub(in crate::feeds) category: Text<'a>,
    #[serde(borrow, default)]
    pub(in crate::feeds) details: Text<'a>,
    #[serde(borrow, default)]
    pub(in crate::feeds) url: Text<'a>,
    #[serde(borrow, default)]
    pub(in crate::feeds) product_ids: List<Text<'a>>,
}

/// Is how bad it is for which products (3.2.3.14).
#[derive(Deserialize)]
pub(in crate::feeds) struct Threat<'a> {
    #[serde(borrow, default)]
    pub(in crate::feeds) category: Text<'a>,
    #[serde(borrow, default)]
    pub(in crate::feeds) details: Text<'a>,
    #[serde(borrow, default)]
    pub(in crate::feeds) product_ids: List<Text<'a>>,
}

/// Is a rating (3.2.3.13).
#[derive(Deserialize)]
pub(in crate::feeds) struct Score<'a> {
    #[serde(borrow, default)]
    pub(in crate::feeds) cvss_v2: Option<Vector<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feeds) cvss_v3: Option<Vector<'a>>,
    #[serde(borrow, default)]
    pub(in crate::feeds) cvss_v4: Option<Vector<'a>>,
}

/// Is a rating's vector.
#[derive(Deserialize)]
pub(in crate::feeds) struct Vector<'a> {
    #[serde(rename = "vectorString", borrow, default)]
    pub(in crate::feeds) vector: Text<'a>,
}
