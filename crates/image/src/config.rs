//! The image configuration (OCI image specification 1.1, "Image Configuration"; Docker's is the
//! same for the fields read here). Read leniently: unknown and null fields are skipped.

use std::collections::BTreeMap;

use plimsoll_model::digest::Digest;
use serde::Deserialize;

/// Is the configuration of an image.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ImageConfig {
    /// When the image was made, RFC 3339.
    #[serde(deserialize_with = "nullable")]
    pub created: String,
    /// The architecture, Go's name (`amd64`).
    #[serde(deserialize_with = "nullable")]
    pub architecture: String,
    /// The operating system (`linux`).
    #[serde(deserialize_with = "nullable")]
    pub os: String,
    /// The variant of the architecture (`v8`).
    #[serde(deserialize_with = "nullable")]
    pub variant: String,
    /// What a container is started with.
    #[serde(deserialize_with = "nullable")]
    pub config: RunConfig,
    /// The layers' diff-ids.
    #[serde(deserialize_with = "nullable")]
    pub rootfs: RootFs,
    /// How the image came about, one entry per instruction.
    #[serde(deserialize_with = "nullable")]
    pub history: Vec<History>,
}

/// Is what a container is started with.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct RunConfig {
    /// `USER`.
    #[serde(deserialize_with = "nullable")]
    pub user: String,
    /// `ENV`, as `NAME=value`.
    #[serde(deserialize_with = "nullable")]
    pub env: Vec<String>,
    /// `LABEL`.
    #[serde(deserialize_with = "nullable")]
    pub labels: BTreeMap<String, String>,
}

/// Is the list of layers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RootFs {
    /// The digests of the uncompressed layers, lowest first.
    #[serde(deserialize_with = "nullable")]
    pub diff_ids: Vec<Digest>,
}

/// Is one instruction of the history.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct History {
    /// The instruction, as the builder wrote it.
    #[serde(deserialize_with = "nullable")]
    pub created_by: String,
    /// When it ran, RFC 3339.
    #[serde(deserialize_with = "nullable")]
    pub created: String,
    /// Whether it made no layer.
    #[serde(deserialize_with = "nullable")]
    pub empty_layer: bool,
}

/// Reads `null` as the default: Docker writes it for empty lists and maps.
fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
