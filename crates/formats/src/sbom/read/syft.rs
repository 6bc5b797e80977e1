//! Syft's own JSON in: artifacts with what their catalogers found.

use plimsoll_model::distro::Distro;
use plimsoll_model::report::LayerInfo;
use serde::Deserialize;
use serde_json::Value;

use super::collector::Collector;
use super::lenient;
use super::stated::Stated;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Artifact {
    #[serde(deserialize_with = "lenient::text")]
    id: String,
    #[serde(deserialize_with = "lenient::text")]
    name: String,
    #[serde(deserialize_with = "lenient::text")]
    version: String,
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    kind: String,
    #[serde(deserialize_with = "lenient::text")]
    purl: String,
    #[serde(deserialize_with = "lenient::list")]
    licenses: Vec<Value>,
    #[serde(deserialize_with = "lenient::list")]
    locations: Vec<Location>,
    #[serde(deserialize_with = "lenient::one")]
    metadata: ArtifactMetadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Location {
    #[serde(deserialize_with = "lenient::text")]
    path: String,
    #[serde(rename = "layerID", deserialize_with = "lenient::text")]
    layer: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ArtifactMetadata {
    #[serde(rename = "modularityLabel", deserialize_with = "lenient::text")]
    module: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Source {
    #[serde(deserialize_with = "lenient::text")]
    name: String,
    #[serde(deserialize_with = "lenient::one")]
    metadata: SourceMetadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SourceMetadata {
    #[serde(deserialize_with = "lenient::text")]
    user_input: String,
    #[serde(rename = "imageID", deserialize_with = "lenient::text")]
    image_id: String,
    #[serde(deserialize_with = "lenient::text")]
    manifest_digest: String,
    #[serde(deserialize_with = "lenient::text")]
    os: String,
    #[serde(deserialize_with = "lenient::text")]
    architecture: String,
    #[serde(deserialize_with = "lenient::list")]
    layers: Vec<Layer>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Layer {
    #[serde(deserialize_with = "lenient::text")]
    digest: String,
    #[serde(deserialize_with = "lenient::one")]
    size: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Release {
    #[serde(deserialize_with = "lenient::text")]
    id: String,
    #[serde(deserialize_with = "lenient::list")]
    id_like: Vec<String>,
    #[serde(rename = "versionID", deserialize_with = "lenient::text")]
    version_id: String,
    #[serde(deserialize_with = "lenient::text")]
    version_codename: String,
    #[serde(deserialize_with = "lenient::text")]
    pretty_name: String,
    #[serde(deserialize_with = "lenient::text")]
    cpe_name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Relationship {
    #[serde(deserialize_with = "lenient::text")]
    parent: String,
    #[serde(deserialize_with = "lenient::text")]
    child: String,
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    kind: String,
}

/// Takes an artifact.
pub(super) fn artifact(artifact: Artifact, out: &mut Collector) {
    let licenses = artifact.licenses.iter().filter_map(|license| {
        let text = |name: &str| license.get(name).and_then(Value::as_str);
        license
            .as_str()
            .or_else(|| text("spdxExpression").filter(|text| !text.is_empty()))
            .or_else(|| text("value"))
            .map(str::to_owned)
    });
    let layer = artifact.locations.first().map(|first| first.layer.clone());
    let mut fields = Vec::new();
    if !artifact.metadata.module.is_empty() {
        let name = "syft:metadata:modularityLabel".to_owned();
        fields.push((name, artifact.metadata.module));
    }
    out.add(Stated {
        id: artifact.id,
        tool_kind: artifact.kind,
        name: artifact.name,
        version: artifact.version,
        purl: artifact.purl,
        licenses: licenses.collect(),
        locations: artifact
            .locations
            .into_iter()
            .map(|location| location.path)
            .filter(|path| !path.is_empty())
            .collect(),
        layer: layer.unwrap_or_default(),
        fields,
        ..Stated::default()
    });
}

/// Takes what was read.
pub(super) fn source(source: Source, out: &mut Collector) {
    let about = source.metadata;
    out.image.reference = if about.user_input.is_empty() {
        source.name
    } else {
        about.user_input
    };
    out.image.digest = about.manifest_digest.parse().ok();
    out.image.config_digest = about.image_id.parse().ok();
    if !about.os.is_empty() && !about.architecture.is_empty() {
        out.image.platform = format!("{}/{}", about.os, about.architecture);
    }
    out.image.layers = about
        .layers
        .into_iter()
        .map(|layer| LayerInfo {
            // Syft names a layer by the digest of its uncompressed archive.
            diff_id: layer.digest.parse().ok(),
            size_bytes: layer.size,
            ..LayerInfo::default()
        })
        .collect();
}

/// Takes the distribution.
pub(super) fn distro(release: Release, out: &mut Collector) {
    if release.id.is_empty() {
        return;
    }
    out.distro = Some(Distro {
        id: release.id,
        id_like: release.id_like,
        version_id: release.version_id,
        codename: release.version_codename,
        pretty_name: release.pretty_name,
        cpe: release.cpe_name,
    });
}

/// Takes a relationship: the parent is a dependency of the child, or owns its files.
pub(super) fn relationship(relationship: &Relationship, out: &mut Collector) {
    match relationship.kind.as_str() {
        "dependency-of" => out.needs(&relationship.child, &relationship.parent),
        "ownership-by-file-overlap" => out.owns(&relationship.parent, &relationship.child),
        _ => {}
    }
}
