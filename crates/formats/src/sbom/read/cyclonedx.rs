//! CycloneDX in: components, nested or not, and who depends on whom.

use plimsoll_model::report::LayerInfo;
use serde::Deserialize;

use super::collector::Collector;
use super::lenient;
use super::stated::Stated;
use super::vendors;
use crate::sbom::fields::Fields;

/// How deeply nested components are read.
const MAX_DEPTH: usize = 64;

/// Is a component as the formats state it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Component {
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    pub(super) kind: String,
    #[serde(rename = "bom-ref", deserialize_with = "lenient::text")]
    pub(super) bom_ref: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) group: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) name: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) version: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) description: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) purl: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) scope: String,
    #[serde(deserialize_with = "lenient::list")]
    pub(super) licenses: Vec<LicenseChoice>,
    #[serde(deserialize_with = "lenient::one")]
    pub(super) evidence: Evidence,
    #[serde(deserialize_with = "lenient::list")]
    pub(super) properties: Vec<Property>,
    #[serde(deserialize_with = "lenient::list")]
    pub(super) components: Vec<Component>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LicenseChoice {
    #[serde(deserialize_with = "lenient::one")]
    pub(super) license: License,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) expression: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct License {
    #[serde(deserialize_with = "lenient::text")]
    pub(super) id: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Evidence {
    #[serde(deserialize_with = "lenient::list")]
    pub(super) occurrences: Vec<Occurrence>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Occurrence {
    #[serde(deserialize_with = "lenient::text")]
    pub(super) location: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Property {
    #[serde(deserialize_with = "lenient::text")]
    pub(super) name: String,
    #[serde(deserialize_with = "lenient::text")]
    pub(super) value: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    #[serde(deserialize_with = "lenient::one")]
    pub(super) component: Component,
    #[serde(deserialize_with = "lenient::list")]
    pub(super) properties: Vec<Property>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Dependency {
    #[serde(rename = "ref", deserialize_with = "lenient::text")]
    pub(super) reference: String,
    #[serde(rename = "dependsOn", deserialize_with = "lenient::list")]
    pub(super) depends_on: Vec<String>,
}

/// Takes what the document is about.
pub(super) fn subject(metadata: Metadata, out: &mut Collector) {
    if out.embedded && !metadata.component.purl.is_empty() {
        let mut subject = metadata.component.clone();
        subject.components = Vec::new();
        if subject.bom_ref.is_empty() {
            // Other components have no reference either.
            "\0subject".clone_into(&mut subject.bom_ref);
        }
        out.subjects.insert(subject.bom_ref.clone());
        one(subject, out);
    }
    let fields = pairs(metadata.component.properties);
    out.image.reference = metadata.component.name;
    if let Ok(digest) = metadata.component.version.parse() {
        out.image.digest = Some(digest);
    }
    // Trivy lists the layers, lowest first.
    for (name, value) in &fields {
        match name.as_str() {
            "aquasecurity:trivy:DiffID" => out.image.layers.push(LayerInfo {
                diff_id: value.parse().ok(),
                ..LayerInfo::default()
            }),
            "aquasecurity:trivy:ImageID" => out.image.config_digest = value.parse().ok(),
            _ => {}
        }
    }
    out.apply(&fields);
    out.apply(&pairs(metadata.properties));
    for component in metadata.component.components {
        self::component(component, out);
    }
}

/// Takes a component and what is nested in it.
pub(super) fn component(component: Component, out: &mut Collector) {
    let mut waiting = vec![(component, 0)];
    while let Some((mut component, depth)) = waiting.pop() {
        // What was used to build or test is not where the document lies (CycloneDX 1.6, `scope`).
        if out.embedded && component.scope.eq_ignore_ascii_case("excluded") {
            continue;
        }
        if depth < MAX_DEPTH {
            let nested = std::mem::take(&mut component.components);
            waiting.extend(nested.into_iter().map(|inner| (inner, depth + 1)));
        }
        one(component, out);
    }
}

fn one(component: Component, out: &mut Collector) {
    let fields = pairs(component.properties);
    if component.kind == "operating-system" {
        out.distro = Some(vendors::distro(
            &component.name,
            &component.version,
            &component.description,
            &fields,
        ));
        out.apply(&fields);
        return;
    }
    let licenses = component.licenses.into_iter().map(|choice| {
        [choice.expression, choice.license.id, choice.license.name]
            .into_iter()
            .find(|text| !text.is_empty())
    });
    let tool_kind = fields
        .iter()
        .find(|(name, _)| name == "syft:package:type")
        .map(|(_, value)| value.clone());
    out.add(Stated {
        id: component.bom_ref,
        role: component.kind.to_lowercase(),
        tool_kind: tool_kind.unwrap_or_default(),
        group: component.group,
        name: component.name,
        version: component.version,
        purl: component.purl,
        licenses: licenses.flatten().collect(),
        locations: component
            .evidence
            .occurrences
            .into_iter()
            .map(|occurrence| occurrence.location)
            .filter(|location| !location.is_empty())
            .collect(),
        layer: vendors::layer(&fields),
        fields,
    });
}

/// Takes who depends on whom.
pub(super) fn dependency(dependency: &Dependency, out: &mut Collector) {
    for to in &dependency.depends_on {
        out.needs(&dependency.reference, to);
    }
}

fn pairs(properties: Vec<Property>) -> Fields {
    properties
        .into_iter()
        .map(|property| (property.name, property.value))
        .collect()
}
