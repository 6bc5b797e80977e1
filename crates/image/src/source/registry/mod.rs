//! Images in registries: the OCI distribution specification 1.1 and Docker's registry API v2.
//!
//! Owns the conversation (authentication, redirects, retries, resumption) and checks manifests and
//! configurations against their digests. Does not check layers: the pass does. Read [`open`] first,
//! then `session` (what is asked), `http` (how) and `download` (layers).

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;

use plimsoll_model::digest::Digest;
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::text::escape;

use self::download::Download;
use self::session::{Fetched, Session};
use super::platform::{self, Descriptor, Document, Manifest};
use super::reference::RegistryReference;
use super::remote::{ChunkReader, block_on};
use super::{Blobs, Image, Layer, OpenOptions, SourceError, Standing};

mod auth;
mod challenge;
mod credentials;
mod download;
pub(in crate::source) mod http;
mod session;

/// How deep indexes may lie in indexes.
pub(in crate::source) const MAX_DEPTH: usize = 3;
/// How many indexes of one image are read.
pub(in crate::source) const MAX_INDEXES: usize = 32;

/// Opens an image of a registry. Blocks; see [`super::remote`].
///
/// # Errors
/// When the registry cannot be reached, refuses, or gives documents that cannot be trusted.
pub fn open(
    reference: &RegistryReference,
    given: &str,
    options: &OpenOptions,
) -> Result<Vec<Image>, SourceError> {
    if options.offline {
        return Err(SourceError::Offline {
            what: format!("'{}'", escape(given)),
        });
    }
    block_on(open_async(reference, given, options))
}

async fn open_async(
    reference: &RegistryReference,
    given: &str,
    options: &OpenOptions,
) -> Result<Vec<Image>, SourceError> {
    let session = Arc::new(Session::start(&reference.host, &reference.repository, options).await?);
    let name = match (&reference.digest, &reference.tag) {
        (Some(digest), _) => digest.as_str(),
        (None, Some(tag)) => tag,
        (None, None) => "latest",
    };
    let what = reference.to_string();
    let top = session
        .manifest(name, reference.digest.as_ref(), &what)
        .await?;
    let mut images = Vec::new();
    for (fetched, manifest) in find_manifests(&session, top, options, &what).await? {
        images.push(image(&session, &what, given, (fetched, manifest)).await?);
    }
    check_platform(&images, options, &what)?;
    Ok(images)
}

/// Follows indexes down to the manifests that the options ask for.
async fn find_manifests(
    session: &Session,
    top: Fetched,
    options: &OpenOptions,
    what: &str,
) -> Result<Vec<(Fetched, Manifest)>, SourceError> {
    let document = Document::parse(&top.bytes, what)?;
    let Some(manifests) = index_entries(&document, what)? else {
        let manifest = document.into_manifest(what)?;
        check_kind(&manifest, what)?;
        return Ok(vec![(top, manifest)]);
    };
    let mut leaves: Vec<Descriptor> = Vec::new();
    // Nested indexes, with how deep they lie; each digest is read once.
    let mut todo: Vec<(Descriptor, usize)> = Vec::new();
    let mut seen: BTreeSet<Digest> = BTreeSet::new();
    sort_entries(manifests, 1, &mut leaves, &mut todo);
    while let Some((descriptor, depth)) = todo.pop() {
        if !seen.insert(descriptor.digest.clone()) {
            continue;
        }
        if depth > MAX_DEPTH || seen.len() > MAX_INDEXES {
            return Err(SourceError::Malformed {
                what: what.to_owned(),
                problem: format!(
                    "indexes lie more than {MAX_DEPTH} deep, or are more than {MAX_INDEXES}"
                ),
            });
        }
        let shown = format!("{what}: index {}", descriptor.digest);
        let fetched = session
            .manifest(descriptor.digest.as_str(), Some(&descriptor.digest), &shown)
            .await?;
        let nested = Document::parse(&fetched.bytes, &shown)?;
        let entries = index_entries(&nested, &shown)?.unwrap_or_default();
        sort_entries(entries, depth + 1, &mut leaves, &mut todo);
    }
    let mut found = Vec::new();
    for descriptor in platform::choose(&leaves, options, what)? {
        let shown = format!("{what}: manifest {}", descriptor.digest);
        let fetched = session
            .manifest(descriptor.digest.as_str(), Some(&descriptor.digest), &shown)
            .await?;
        let document = Document::parse(&fetched.bytes, &shown)?;
        let manifest = document.into_manifest(&shown)?;
        if let Err(error) = check_kind(&manifest, &shown) {
            // An artifact beside the images (a signature, an SBOM) is not asked for.
            if options.all_platforms {
                continue;
            }
            return Err(error);
        }
        found.push((fetched, manifest));
    }
    if found.is_empty() {
        return Err(SourceError::NotFound {
            what: what.to_owned(),
            detail: "the index holds no image".to_owned(),
        });
    }
    Ok(found)
}

/// Returns the entries of an index, `None` when the document is a manifest. A document that is both
/// would mean different images to different tools (CVE-2021-41190) and is refused.
pub(in crate::source) fn index_entries(
    document: &Document,
    what: &str,
) -> Result<Option<Vec<Descriptor>>, SourceError> {
    match (&document.manifests, &document.layers, &document.config) {
        (None, _, _) => Ok(None),
        (Some(manifests), None, None) => Ok(Some(manifests.clone())),
        (Some(_), _, _) => Err(SourceError::Malformed {
            what: what.to_owned(),
            problem: "both an index and a manifest, which is refused as ambiguous".to_owned(),
        }),
    }
}

/// Sorts an index's entries into images and further indexes.
pub(in crate::source) fn sort_entries(
    entries: Vec<Descriptor>,
    depth: usize,
    leaves: &mut Vec<Descriptor>,
    todo: &mut Vec<(Descriptor, usize)>,
) {
    for entry in entries {
        let nested = matches!(
            entry.media_type.as_str(),
            "application/vnd.oci.image.index.v1+json"
                | "application/vnd.docker.distribution.manifest.list.v2+json"
        );
        if nested {
            todo.push((entry, depth));
        } else {
            leaves.push(entry);
        }
    }
}

/// Checks that a manifest is of an image, not of another artifact (a chart, a signature).
pub(in crate::source) fn check_kind(manifest: &Manifest, what: &str) -> Result<(), SourceError> {
    match manifest.config.media_type.as_str() {
        ""
        | "application/vnd.oci.image.config.v1+json"
        | "application/vnd.docker.container.image.v1+json"
        | "application/octet-stream" => Ok(()),
        other => Err(SourceError::Malformed {
            what: what.to_owned(),
            problem: format!(
                "no container image but an artifact of the type '{}'",
                escape(other)
            ),
        }),
    }
}

/// Checks that a lone image is of the wanted platform.
pub(in crate::source) fn check_platform(
    images: &[Image],
    options: &OpenOptions,
    what: &str,
) -> Result<(), SourceError> {
    if options.all_platforms {
        return Ok(());
    }
    for image in images {
        if !platform::config_matches(&image.config, options)? {
            return Err(platform::no_such(
                options.platform.as_deref().unwrap_or_default(),
                what,
                &platform::platform_of(&image.config),
            ));
        }
    }
    Ok(())
}

async fn image(
    session: &Arc<Session>,
    what: &str,
    given: &str,
    (fetched, manifest): (Fetched, Manifest),
) -> Result<Image, SourceError> {
    let shown = format!("{what}: configuration {}", manifest.config.digest);
    let config = session.config(&manifest.config.digest, &shown).await?;
    let config = platform::parse_config(&config.bytes, manifest.layers.len(), &shown)?;
    let layers = platform::layers(&manifest, &config);
    let issues = foreign_layers(&manifest);
    Ok(Image {
        reference: given.to_owned(),
        digest: Some(fetched.digest),
        config_digest: Some(manifest.config.digest.clone()),
        layers: layers.clone(),
        config,
        blobs: Box::new(RegistryBlobs {
            session: Arc::clone(session),
            layers,
            foreign: manifest.layers.iter().map(is_foreign).collect(),
            what: what.to_owned(),
        }),
        issues,
    })
}

/// Reports layers that lie elsewhere by design (Windows base layers).
pub(in crate::source) fn foreign_layers(manifest: &Manifest) -> Vec<Issue> {
    manifest
        .layers
        .iter()
        .filter(|layer| is_foreign(layer))
        .map(|layer| {
            let urls = layer.urls.clone().unwrap_or_default();
            Issue::new(
                IssueKind::Unsupported,
                layer.digest.as_str(),
                format!(
                    "a foreign layer, which lies outside of the image's store ({}); it is read only \
                     where the store keeps a copy",
                    urls.first().map_or("no address given", String::as_str)
                ),
            )
        })
        .collect()
}

fn is_foreign(layer: &Descriptor) -> bool {
    layer.media_type.contains("foreign")
        || layer.media_type.contains("nondistributable")
        || layer.urls.as_ref().is_some_and(|urls| !urls.is_empty())
}

/// Hands out layers of a registry.
struct RegistryBlobs {
    session: Arc<Session>,
    layers: Vec<Layer>,
    foreign: Vec<bool>,
    what: String,
}

impl Blobs for RegistryBlobs {
    fn open(&self, layer: usize) -> Result<Box<dyn Read + Send>, SourceError> {
        let missing = || SourceError::NotFound {
            what: self.what.clone(),
            detail: format!("it has no layer {layer}"),
        };
        let entry = self.layers.get(layer).ok_or_else(missing)?;
        let digest = entry.digest.as_ref().ok_or_else(missing)?;
        let advice = match self.foreign.get(layer) {
            Some(true) => "it is a foreign layer, which its publisher keeps outside of registries",
            _ => "",
        };
        let download = Download {
            session: Arc::clone(&self.session),
            url: self.session.url("blobs", digest.as_str())?,
            size: entry.size,
            what: format!("{}: layer {digest}", self.what),
            advice: advice.to_owned(),
        };
        Ok(Box::new(ChunkReader::start(|sender| download.run(sender))?))
    }

    /// The pass verifies each layer against its digest when it arrives.
    fn standing(&self, _layer: usize) -> Standing {
        Standing::ByDigest
    }
}
