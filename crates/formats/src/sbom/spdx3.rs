//! SPDX 3.0.1 as JSON-LD, in the serialization that its context file fixes.
//!
//! The same content as [`super::spdx2`], as a graph: elements, and relationships that are elements too.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::report::Report;
use serde_json::{Value, json};

use super::cyclonedx::image_purl;
use super::fields;
use super::graph::{self, DISTRIBUTION, Graph, IMAGE};
use crate::json::safe;
use crate::{Format, Options};

/// Is SPDX 3.0.1.
pub static FORMAT: Format = Format {
    name: "spdx@3.0",
    aliases: &["spdx3", "spdx@3.0.1"],
    description: "SBOM for programs: SPDX 3.0.1 as JSON-LD",
    json: true,
    render: document,
    inventory: Some(document),
};

/// The node that all elements name as the circumstances of their making.
const CREATION: &str = "_:creation";

/// Makes elements and keeps them.
struct Writer {
    /// The address of the document, to which the elements' identifiers are added.
    base: String,
    /// The elements.
    graph: Vec<Value>,
}

impl Writer {
    fn iri(&self, id: &str) -> String {
        format!("{}#{id}", self.base)
    }

    /// Adds an element with its own fields; those that are `null` are left out.
    fn put(&mut self, kind: &str, id: &str, fields: Value) {
        let mut element = json!({
            "type": kind,
            "spdxId": self.iri(id),
            "creationInfo": CREATION,
        });
        if let (Value::Object(element), Value::Object(fields)) = (&mut element, fields) {
            element.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
        }
        self.graph.push(element);
    }

    fn relate(&mut self, from: &str, kind: &str, to: &[&str]) {
        let short = from.strip_prefix("SPDXRef-").unwrap_or(from);
        let to: Vec<String> = to.iter().map(|id| self.iri(id)).collect();
        let from = self.iri(from);
        self.put(
            "Relationship",
            &format!("SPDXRef-Relationship-{kind}-{short}"),
            json!({"from": from, "relationshipType": kind, "to": to}),
        );
    }

    fn annotate(&mut self, about: &str, note: Option<&String>) {
        let Some(note) = note else { return };
        let short = about.strip_prefix("SPDXRef-").unwrap_or(about);
        let subject = self.iri(about);
        self.put(
            "Annotation",
            &format!("SPDXRef-Annotation-{short}"),
            json!({
                "annotationType": "other",
                "contentType": "application/json",
                "statement": note,
                "subject": subject,
            }),
        );
    }
}

/// Writes the document.
fn document(report: &Report, options: &Options) -> String {
    let graph = Graph::of(report, options);
    let image = &report.image;
    let mut out = Writer {
        base: format!("https://spdx.org/spdxdocs/{}", graph.identity),
        graph: Vec::new(),
    };
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());

    let agent = out.iri("SPDXRef-Plimsoll");
    out.graph.push(json!({
        "type": "CreationInfo",
        "@id": CREATION,
        "specVersion": "3.0.1",
        "created": graph.created,
        "createdBy": [agent],
    }));
    out.put(
        "SoftwareAgent",
        "SPDXRef-Plimsoll",
        json!({"name": format!("plimsoll {}", report.tool_version)}),
    );

    let hashes: Vec<Value> = image
        .digest
        .iter()
        .map(|digest| json!({"type": "Hash", "algorithm": "sha256", "hashValue": digest.hex()}))
        .collect();
    out.put(
        "software_Package",
        IMAGE,
        json!({
            "name": image.reference,
            "software_packageVersion": image.digest.as_ref().map(ToString::to_string),
            "software_packageUrl": image_purl(image),
            "software_primaryPurpose": "container",
            "verifiedUsing": (!hashes.is_empty()).then_some(hashes),
        }),
    );
    out.annotate(IMAGE, graph::note(fields::of_image(image)).as_ref());
    let mut contained: Vec<&str> = Vec::new();
    if let Some(distro) = &image.distro {
        out.put(
            "software_Package",
            DISTRIBUTION,
            json!({
                "name": distro.id,
                "summary": known(&distro.pretty_name),
                "software_packageVersion": known(&distro.version_id),
                "software_primaryPurpose": "operatingSystem",
            }),
        );
        out.annotate(
            DISTRIBUTION,
            graph::note(fields::of_distro(distro)).as_ref(),
        );
        contained.push(DISTRIBUTION);
    }

    let mut suppliers: BTreeMap<(&'static str, String), String> = BTreeMap::new();
    for element in &graph.packages {
        let package = element.package;
        let supplier = graph::supplier(package).map(|(kind, name, _)| {
            let count = suppliers.len() + 1;
            let id = suppliers
                .entry((kind, name))
                .or_insert_with(|| format!("SPDXRef-Supplier-{count}"));
            format!("{}#{id}", out.base)
        });
        out.put(
            "software_Package",
            &element.id,
            json!({
                "name": package.name,
                "software_packageVersion": known(&package.version),
                "software_packageUrl": known(&package.purl),
                "software_primaryPurpose": "library",
                "software_sourceInfo": graph::source_info(package),
                "suppliedBy": supplier,
            }),
        );
        out.annotate(&element.id, element.note.as_ref());
        contained.push(&element.id);
    }
    for ((kind, name), id) in &suppliers {
        out.put(kind, id, json!({"name": name}));
    }

    licenses(&mut out, &graph);
    out.relate(IMAGE, "contains", &contained);
    let mut needs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in &graph.needs {
        needs.entry(from).or_default().push(to);
    }
    for (from, to) in &needs {
        out.relate(from, "dependsOn", to);
    }

    let elements: Vec<Value> = out
        .graph
        .iter()
        .filter_map(|element| element.get("spdxId").cloned())
        .collect();
    let profiles = json!(["core", "software", "simpleLicensing"]);
    let (root, sbom) = (out.iri(IMAGE), out.iri("SPDXRef-Sbom"));
    out.put(
        "software_Sbom",
        "SPDXRef-Sbom",
        json!({
            "element": elements,
            "profileConformance": profiles,
            "rootElement": [root],
            "software_sbomType": ["analyzed"],
        }),
    );
    let mut elements = elements;
    elements.push(Value::String(sbom.clone()));
    out.put(
        "SpdxDocument",
        "SPDXRef-DOCUMENT",
        json!({
            "name": image.reference,
            "element": elements,
            "profileConformance": profiles,
            "rootElement": [sbom],
        }),
    );
    out.annotate("SPDXRef-DOCUMENT", graph.gaps.as_ref());
    safe::to_string(&json!({
        "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
        "@graph": out.graph,
    }))
}

/// Adds the licences: one element for each expression and each text, and who declares which.
fn licenses(out: &mut Writer, graph: &Graph<'_>) {
    for (id, text) in &graph.texts {
        out.put(
            "simplelicensing_SimpleLicensingText",
            &format!("SPDXRef-{id}"),
            json!({
                "name": text.chars().take(80).collect::<String>(),
                "simplelicensing_licenseText": text,
            }),
        );
    }
    let mut expressions: BTreeMap<&str, (String, &BTreeSet<String>)> = BTreeMap::new();
    let mut declared: Vec<(&str, String)> = Vec::new();
    for element in &graph.packages {
        if let Some(license) = &element.license {
            let count = expressions.len() + 1;
            let (id, _) = expressions
                .entry(license)
                .or_insert_with(|| (format!("SPDXRef-License-{count}"), &element.texts));
            declared.push((&element.id, id.clone()));
        }
    }
    for (expression, (id, texts)) in expressions {
        let entries: Vec<Value> = texts
            .iter()
            .map(|text| {
                let iri = out.iri(&format!("SPDXRef-{text}"));
                json!({"type": "DictionaryEntry", "key": text, "value": iri})
            })
            .collect();
        out.put(
            "simplelicensing_LicenseExpression",
            &id,
            json!({
                "simplelicensing_licenseExpression": expression,
                "simplelicensing_customIdToUri": (!entries.is_empty()).then_some(entries),
            }),
        );
    }
    for (package, license) in declared {
        out.relate(package, "hasDeclaredLicense", &[&license]);
    }
}
