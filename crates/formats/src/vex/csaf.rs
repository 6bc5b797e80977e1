//! CSAF 2.0 in, of any profile that states how products stand to vulnerabilities
//! (<https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html>, sections 3.2.2 and 3.2.3).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use plimsoll_model::report::VexStatus;
use serde::Deserialize;

use super::{Document, MAX_EXPANDED, Name, NotVex, Product, Statement, damaged, joined, no};
use crate::sbom::stamp;

/// How many relationships are followed from a product to what it is installed on.
const MAX_RELATIONSHIPS: u8 = 4;

#[derive(Deserialize)]
struct Wire {
    document: About,
    #[serde(default)]
    product_tree: Tree,
    #[serde(default)]
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Deserialize)]
struct About {
    tracking: Option<Tracking>,
}

#[derive(Deserialize)]
struct Tracking {
    current_release_date: Option<String>,
}

#[derive(Default, Deserialize)]
struct Tree {
    #[serde(default)]
    branches: Vec<Branch>,
    #[serde(default)]
    full_product_names: Vec<FullName>,
    #[serde(default)]
    relationships: Vec<Relationship>,
    #[serde(default)]
    product_groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    branches: Vec<Branch>,
    product: Option<FullName>,
}

#[derive(Deserialize)]
struct FullName {
    product_id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    product_identification_helper: Helper,
}

#[derive(Default, Deserialize)]
struct Helper {
    purl: Option<String>,
    /// CSAF 2.1 allows several.
    #[serde(default)]
    purls: Vec<String>,
    #[serde(default)]
    hashes: Vec<FileHashes>,
}

#[derive(Deserialize)]
struct FileHashes {
    #[serde(default)]
    file_hashes: Vec<FileHash>,
}

#[derive(Deserialize)]
struct FileHash {
    algorithm: String,
    value: String,
}

#[derive(Deserialize)]
struct Relationship {
    full_product_name: FullName,
    product_reference: String,
    relates_to_product_reference: String,
}

#[derive(Deserialize)]
struct Group {
    group_id: String,
    product_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Vulnerability {
    cve: Option<String>,
    #[serde(default)]
    ids: Vec<Id>,
    #[serde(default)]
    product_status: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    flags: Vec<Word>,
    #[serde(default)]
    threats: Vec<Word>,
}

#[derive(Deserialize)]
struct Id {
    text: String,
}

/// Is a flag (with a label) or a threat (with a category and details).
#[derive(Deserialize)]
struct Word {
    label: Option<String>,
    category: Option<String>,
    details: Option<String>,
    #[serde(default)]
    product_ids: Vec<String>,
    #[serde(default)]
    group_ids: Vec<String>,
}

/// Are the products of a document by their identifiers.
struct Products<'a> {
    names: HashMap<&'a str, Vec<Name>>,
    relationships: HashMap<&'a str, &'a Relationship>,
    groups: HashMap<&'a str, &'a [String]>,
    made: HashMap<&'a str, Option<Arc<Product>>>,
}

/// Reads a document.
pub(super) fn read(bytes: &[u8], out: &mut Document) -> Result<(), NotVex> {
    let wire: Wire = serde_json::from_slice(bytes).map_err(damaged)?;
    let time = wire
        .document
        .tracking
        .and_then(|tracking| stamp::seconds(&tracking.current_release_date?));
    let mut products = Products::of(&wire.product_tree);
    let mut expanded = 0_usize;
    for vulnerability in &wire.vulnerabilities {
        let ids: Vec<String> = vulnerability
            .cve
            .iter()
            .chain(vulnerability.ids.iter().map(|id| &id.text))
            .cloned()
            .collect();
        let reasons = reasons(vulnerability, &products, &mut expanded)?;
        let mut stated: BTreeMap<(VexStatus, String), Vec<Arc<Product>>> = BTreeMap::new();
        for (status, product_ids) in &vulnerability.product_status {
            let status = match status.as_str() {
                "known_not_affected" => VexStatus::NotAffected,
                "fixed" | "first_fixed" => VexStatus::Fixed,
                "known_affected" | "first_affected" | "last_affected" => VexStatus::Affected,
                "under_investigation" => VexStatus::UnderInvestigation,
                // Only what the vendor would rather see installed.
                "recommended" => continue,
                _ => {
                    out.unknown_statuses += 1;
                    continue;
                }
            };
            for id in product_ids {
                match products.get(id) {
                    Some(product) => {
                        let words = reasons.get(id.as_str()).map(Vec::as_slice);
                        let reason = joined(words.unwrap_or_default().iter().copied().map(Some));
                        stated.entry((status, reason)).or_default().push(product);
                    }
                    None => out.unknown_products += 1,
                }
            }
        }
        for ((status, reason), products) in stated {
            out.statements.push(Statement {
                ids: ids.clone(),
                products,
                status,
                reason,
                time,
            });
        }
    }
    Ok(())
}

/// Returns what is said of each product: the labels of flags, then the impact.
fn reasons<'a>(
    vulnerability: &'a Vulnerability,
    products: &Products<'a>,
    expanded: &mut usize,
) -> Result<HashMap<&'a str, Vec<&'a str>>, NotVex> {
    let mut reasons: HashMap<&str, Vec<&str>> = HashMap::new();
    let impact = vulnerability
        .threats
        .iter()
        .filter(|threat| threat.category.as_deref() == Some("impact"));
    for word in vulnerability.flags.iter().chain(impact) {
        let Some(text) = word.label.as_deref().or(word.details.as_deref()) else {
            continue;
        };
        let grouped = word
            .group_ids
            .iter()
            .filter_map(|id| products.groups.get(id.as_str()))
            .flat_map(|ids| ids.iter());
        for id in word.product_ids.iter().chain(grouped) {
            *expanded += 1;
            if *expanded > MAX_EXPANDED {
                return Err(no(format!(
                    "its groups stand for more than {MAX_EXPANDED} products"
                )));
            }
            reasons.entry(id).or_default().push(text);
        }
    }
    Ok(reasons)
}

impl<'a> Products<'a> {
    fn of(tree: &'a Tree) -> Self {
        let mut names = HashMap::new();
        let mut branches: Vec<&Branch> = tree.branches.iter().collect();
        while let Some(branch) = branches.pop() {
            branches.extend(&branch.branches);
            if let Some(product) = &branch.product {
                names.insert(product.product_id.as_str(), names_of(product));
            }
        }
        for product in &tree.full_product_names {
            names.insert(product.product_id.as_str(), names_of(product));
        }
        let relationships = tree
            .relationships
            .iter()
            .map(|one| (one.full_product_name.product_id.as_str(), one))
            .collect();
        let groups = tree
            .product_groups
            .iter()
            .map(|group| (group.group_id.as_str(), group.product_ids.as_slice()))
            .collect();
        Self {
            names,
            relationships,
            groups,
            made: HashMap::new(),
        }
    }

    /// Returns a product; `None` where it has no name to compare with.
    fn get(&mut self, id: &'a str) -> Option<Arc<Product>> {
        if let Some(made) = self.made.get(id) {
            return made.clone();
        }
        let made = self.make(id).map(Arc::new);
        self.made.insert(id, made.clone());
        made
    }

    fn make(&self, id: &str) -> Option<Product> {
        let Some(relationship) = self.relationships.get(id) else {
            let names = self.names.get(id)?.clone();
            return (!names.is_empty()).then_some(Product {
                names,
                parts: Vec::new(),
            });
        };
        // A part may itself be a part of something (a package of a module): the innermost counts.
        let part = self.follow(&relationship.product_reference, |one| {
            &one.product_reference
        });
        let whole = self.follow(&relationship.relates_to_product_reference, |one| {
            &one.relates_to_product_reference
        });
        let (names, part) = (whole?.clone(), part?.clone());
        (!names.is_empty() && !part.is_empty()).then(|| Product {
            names,
            parts: vec![part],
        })
    }

    fn follow<'b>(
        &'b self,
        id: &'b str,
        next: impl Fn(&'b Relationship) -> &'b String,
    ) -> Option<&'b Vec<Name>> {
        let mut id = id;
        for _ in 0..MAX_RELATIONSHIPS {
            match self.relationships.get(id) {
                Some(relationship) => id = next(relationship),
                None => break,
            }
        }
        self.names.get(id)
    }
}

fn names_of(product: &FullName) -> Vec<Name> {
    let helper = &product.product_identification_helper;
    let purls = helper.purl.iter().chain(&helper.purls);
    let mut names: Vec<Name> = purls.filter_map(|purl| Name::of(purl)).collect();
    let hashes = helper.hashes.iter().flat_map(|hashes| &hashes.file_hashes);
    names.extend(
        hashes
            .filter(|hash| hash.algorithm.eq_ignore_ascii_case("sha256"))
            .filter_map(|hash| Name::of_sha256(&hash.value)),
    );
    if names.is_empty() {
        names.extend(Name::of(&product.name));
    }
    names
}
