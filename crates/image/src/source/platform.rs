//! Manifests and indexes (OCI image specification 1.1; Docker image manifest v2 schema 2), read
//! leniently, and the choice of a platform. Shared by every source.

use std::collections::BTreeMap;

use plimsoll_model::digest::Digest;
use plimsoll_model::text::escape;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{Layer, MAX_LAYERS, OpenOptions, SourceError};
use crate::config::ImageConfig;

/// Is a content descriptor.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the content is.
    #[serde(default)]
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    #[serde(default)]
    pub size: u64,
    /// For which platform it is.
    #[serde(default)]
    pub platform: Option<Platform>,
    /// Annotations; `null` counts as none.
    #[serde(default)]
    pub annotations: Option<BTreeMap<String, String>>,
    /// Where else the content lies (foreign layers).
    #[serde(default)]
    pub urls: Option<Vec<String>>,
}

/// Is the platform of a descriptor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Platform {
    /// The architecture (`amd64`).
    pub architecture: String,
    /// The operating system (`linux`).
    pub os: String,
    /// The variant (`v8`).
    pub variant: Option<String>,
}

/// Is an index or a manifest: whichever fields it has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Document {
    /// 2; 1 for the retired schema.
    pub schema_version: u32,
    /// The media type, where stated.
    pub media_type: Option<String>,
    /// The manifests of an index.
    pub manifests: Option<Vec<Descriptor>>,
    /// The configuration of a manifest.
    pub config: Option<Descriptor>,
    /// The layers of a manifest.
    pub layers: Option<Vec<Descriptor>>,
}

/// Is a manifest that was checked for sense.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The configuration.
    pub config: Descriptor,
    /// The layers, lowest first.
    pub layers: Vec<Descriptor>,
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match self.variant.as_deref() {
            Some(variant) if !variant.is_empty() => write!(f, "/{variant}"),
            _ => Ok(()),
        }
    }
}

impl Document {
    /// Reads an index or a manifest; `what` names it in errors.
    pub fn parse(bytes: &[u8], what: &str) -> Result<Self, SourceError> {
        let document: Self = serde_json::from_slice(bytes).map_err(|error| {
            let start = String::from_utf8_lossy(bytes.get(..bytes.len().min(40)).unwrap_or(bytes));
            SourceError::Malformed {
                what: what.to_owned(),
                problem: format!(
                    "not a manifest: {error}; it starts with '{}'",
                    escape(start.trim_start())
                ),
            }
        })?;
        if document.schema_version == 1 {
            return Err(SourceError::Malformed {
                what: what.to_owned(),
                problem: "manifest of schema 1, which was retired and is not read; push the image \
                          again with a current tool"
                    .to_owned(),
            });
        }
        // A document that is both could be one thing to us and another to who runs the image
        // (CVE-2021-41190).
        if document.manifests.is_some() && (document.layers.is_some() || document.config.is_some())
        {
            return Err(SourceError::Malformed {
                what: what.to_owned(),
                problem: "both an index and a manifest, which is refused as ambiguous".to_owned(),
            });
        }
        Ok(document)
    }

    /// Returns the manifest, when it is one.
    pub fn into_manifest(self, what: &str) -> Result<Manifest, SourceError> {
        let malformed = |problem: String| SourceError::Malformed {
            what: what.to_owned(),
            problem,
        };
        let (Some(config), Some(layers)) = (self.config, self.layers) else {
            return Err(malformed(
                "neither an index nor an image manifest".to_owned(),
            ));
        };
        if layers.len() > MAX_LAYERS {
            return Err(malformed(format!(
                "has {} layers, more than the {MAX_LAYERS} that are read",
                layers.len()
            )));
        }
        Ok(Manifest { config, layers })
    }
}

/// Reads a configuration and checks that it has as many diff-ids as the manifest has layers.
pub fn parse_config(bytes: &[u8], layers: usize, what: &str) -> Result<ImageConfig, SourceError> {
    let malformed = |problem: String| SourceError::Malformed {
        what: what.to_owned(),
        problem,
    };
    let config: ImageConfig = serde_json::from_slice(bytes)
        .map_err(|error| malformed(format!("not an image configuration: {error}")))?;
    let diff_ids = config.rootfs.diff_ids.len();
    if diff_ids != layers {
        return Err(malformed(format!(
            "lists {diff_ids} layers (rootfs.diff_ids), but the manifest has {layers}"
        )));
    }
    Ok(config)
}

/// Puts a manifest's layers and a configuration's diff-ids side by side.
pub fn layers(manifest: &Manifest, config: &ImageConfig) -> Vec<Layer> {
    manifest
        .layers
        .iter()
        .zip(&config.rootfs.diff_ids)
        .map(|(layer, diff_id)| Layer {
            digest: Some(layer.digest.clone()),
            diff_id: diff_id.clone(),
            size: layer.size,
            media_type: layer.media_type.clone(),
        })
        .collect()
}

/// Returns the platform of a configuration as `os/architecture[/variant]`.
pub fn platform_of(config: &ImageConfig) -> String {
    if config.os.is_empty() && config.architecture.is_empty() {
        return String::new();
    }
    Platform {
        architecture: config.architecture.clone(),
        os: config.os.clone(),
        variant: Some(config.variant.clone()),
    }
    .to_string()
}

/// Says whether a descriptor of an index is no image: a build attestation.
pub fn is_attestation(descriptor: &Descriptor) -> bool {
    let annotated = descriptor
        .annotations
        .as_ref()
        .is_some_and(|a| a.contains_key("vnd.docker.reference.type"));
    let unknown = descriptor
        .platform
        .as_ref()
        .is_some_and(|p| p.os == "unknown" && p.architecture == "unknown");
    annotated || unknown
}

/// Chooses from an index what the options ask for: the wanted platform, else this machine's, else
/// the first; or all of them. `what` names the index in errors.
pub fn choose<'a>(
    manifests: &'a [Descriptor],
    options: &OpenOptions,
    what: &str,
) -> Result<Vec<&'a Descriptor>, SourceError> {
    let images: Vec<&Descriptor> = manifests.iter().filter(|d| !is_attestation(d)).collect();
    let not_found = |detail: String| SourceError::NotFound {
        what: what.to_owned(),
        detail,
    };
    if images.is_empty() {
        return Err(not_found("the index holds no image".to_owned()));
    }
    if options.all_platforms {
        return Ok(images);
    }
    if let Some(wanted) = &options.platform {
        let wanted = parse(wanted)?;
        let found = images
            .iter()
            .filter(|d| matches(d.platform.as_ref(), &wanted))
            .min_by_key(|d| !is_plain(d.platform.as_ref()));
        if let Some(found) = found {
            return Ok(vec![*found]);
        }

        let there: Vec<String> = images
            .iter()
            .map(|d| {
                d.platform.as_ref().map_or("(not stated)".to_owned(), |p| {
                    escape(&p.to_string()).into_owned()
                })
            })
            .take(40)
            .collect();
        return Err(no_such(&wanted.to_string(), what, &there.join(", ")));
    }
    let host = Platform {
        architecture: host_architecture().to_owned(),
        os: "linux".to_owned(),
        variant: None,
    };
    let chosen = images
        .iter()
        .filter(|d| matches(d.platform.as_ref(), &host))
        .min_by_key(|d| !is_plain(d.platform.as_ref()))
        .or(images.first())
        .copied();
    Ok(chosen.into_iter().collect())
}

/// Checks that bytes have the digest that names them.
pub(super) fn verify(bytes: &[u8], expected: &Digest, what: &str) -> Result<(), SourceError> {
    let got = Digest::from_sha256(Sha256::digest(bytes));
    if got == *expected {
        Ok(())
    } else {
        Err(SourceError::DigestMismatch {
            what: what.to_owned(),
            expected: expected.to_string(),
            got: got.to_string(),
        })
    }
}

/// Says that there is no image of the wanted platform, and which there are.
pub(super) fn no_such(wanted: &str, what: &str, there: &str) -> SourceError {
    SourceError::NotFound {
        what: format!("platform {} in {what}", escape(wanted)),
        detail: format!("there is {}", escape(there)),
    }
}

/// Reads `os/architecture[/variant]`.
pub fn parse(text: &str) -> Result<Platform, SourceError> {
    let parts: Vec<&str> = text.split('/').collect();
    let (os, architecture, variant) = match parts.as_slice() {
        [os, architecture] => (*os, *architecture, None),
        [os, architecture, variant] => (*os, *architecture, Some((*variant).to_owned())),
        _ => ("", "", None),
    };
    if os.is_empty() || architecture.is_empty() {
        return Err(SourceError::Malformed {
            what: format!("--platform '{}'", escape(text)),
            problem: "not a platform; expected os/architecture[/variant], such as linux/arm64"
                .to_owned(),
        });
    }
    // Names that other tools take are understood as containerd does (platforms.Normalize).
    let (architecture, implied) = match architecture.to_ascii_lowercase().as_str() {
        "aarch64" => ("arm64".to_owned(), None),
        "x86_64" | "x86-64" => ("amd64".to_owned(), None),
        "i386" => ("386".to_owned(), None),
        "armhf" => ("arm".to_owned(), Some("v7".to_owned())),
        "armel" => ("arm".to_owned(), Some("v6".to_owned())),
        other => (other.to_owned(), None),
    };
    Ok(Platform {
        architecture,
        os: os.to_ascii_lowercase(),
        variant: variant.map(|v| v.to_ascii_lowercase()).or(implied),
    })
}

/// Says whether a platform's variant is the one that is meant when none is named.
fn is_plain(is: Option<&Platform>) -> bool {
    is.is_none_or(|is| {
        matches!(
            (
                is.architecture.as_str(),
                is.variant.as_deref().unwrap_or("")
            ),
            (_, "") | ("arm", "v7") | ("arm64", "v8") | ("amd64", "v1")
        )
    })
}

/// Says whether a configuration is of the platform that the options ask for; true without a wish.
pub fn config_matches(config: &ImageConfig, options: &OpenOptions) -> Result<bool, SourceError> {
    let Some(wanted) = &options.platform else {
        return Ok(true);
    };
    let is = Platform {
        architecture: config.architecture.clone(),
        os: config.os.clone(),
        variant: Some(config.variant.clone()).filter(|v| !v.is_empty()),
    };
    Ok(matches(Some(&is), &parse(wanted)?))
}

fn matches(is: Option<&Platform>, wanted: &Platform) -> bool {
    is.is_some_and(|is| {
        is.os == wanted.os
            && is.architecture == wanted.architecture
            && wanted.variant.as_ref().is_none_or(|variant| {
                is.variant.as_ref() == Some(variant)
                    // Without a variant, arm64 is v8, arm is v7, amd64 is v1 (containerd's
                    // platforms.Normalize).
                    || (is.variant.as_ref().is_none_or(String::is_empty)
                        && matches!(
                            (is.architecture.as_str(), variant.as_str()),
                            ("arm64", "v8") | ("arm", "v7") | ("amd64", "v1")
                        ))
            })
    })
}

/// Returns Go's name of this machine's architecture.
fn host_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(there: &[&str], wanted: &str) -> Option<usize> {
        let digest = format!("sha256:{}", "0".repeat(64));
        let manifests: Vec<Descriptor> = there
            .iter()
            .map(|text| {
                let mut parts = text.split('/');
                let mut next = || parts.next().unwrap_or_default().to_owned();
                let platform = serde_json::json!({
                    "os": next(), "architecture": next(), "variant": next(),
                });
                let descriptor = serde_json::json!({"digest": digest, "platform": platform});
                serde_json::from_value(descriptor).unwrap()
            })
            .collect();
        let options = OpenOptions {
            platform: Some(wanted.to_owned()),
            ..OpenOptions::default()
        };
        let found = choose(&manifests, &options, "test").ok()?;
        let found: &Descriptor = found.first()?;
        manifests.iter().position(|d| std::ptr::eq(d, found))
    }

    #[test]
    fn the_platform_is_chosen_as_containerd_chooses_it() {
        let there = [
            "linux/arm/v5",
            "linux/arm/v7",
            "linux/amd64/v3",
            "linux/amd64",
            "linux/arm64",
        ];
        let cases = [
            ("linux/arm", Some(1)),
            ("linux/arm/v5", Some(0)),
            ("linux/armhf", Some(1)),
            ("linux/arm/v6", None),
            ("linux/amd64", Some(3)),
            ("Linux/x86_64", Some(3)),
            ("linux/amd64/v3", Some(2)),
            ("linux/arm64/v8", Some(4)),
            ("linux/aarch64", Some(4)),
            ("windows/amd64", None),
        ];
        for (wanted, want) in cases {
            assert_eq!(chosen(&there, wanted), want, "{wanted}");
        }
    }
}
