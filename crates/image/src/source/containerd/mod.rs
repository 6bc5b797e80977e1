//! Images in containerd's content store, over gRPC on its socket.
//!
//! The store keeps a registry's blobs as they were pulled, so digests are the registry's. It may
//! lack some: other platforms of an index are seldom pulled, and a node may be set to discard layers
//! after unpacking. containerd is asked in the namespace that is given, else in the usual ones.

use std::collections::BTreeSet;
use std::io::Read;

use plimsoll_model::digest::Digest;
use plimsoll_model::text::escape;

use self::client::Client;
use super::platform::{self, Descriptor, Document, Manifest};
use super::reference::RegistryReference;
use super::registry::{
    MAX_DEPTH, MAX_INDEXES, check_kind, check_platform, foreign_layers, index_entries, sort_entries,
};
use super::remote::{ChunkReader, block_on};
use super::{
    Blobs, Image, Layer, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, OpenOptions, SourceError, Standing,
};

mod client;
mod proto;

/// The namespaces that are tried when none is given: containerd's own, Kubernetes', Docker's.
const USUAL_NAMESPACES: [&str; 3] = ["default", "k8s.io", "moby"];
/// How many namespaces are looked at to say where an image is instead.
const MAX_NAMESPACES: usize = 64;

/// Opens an image of containerd's store. Blocks; see [`super::remote`].
///
/// # Errors
/// When containerd does not answer, has no such image in the namespace, or lacks its layers.
pub fn open(
    namespace: Option<&str>,
    name: &str,
    given: &str,
    options: &OpenOptions,
) -> Result<Vec<Image>, SourceError> {
    if options.offline {
        return Err(SourceError::Offline {
            what: format!("'{}'", escape(given)),
        });
    }
    block_on(open_async(namespace, name, given, options))
}

async fn open_async(
    namespace: Option<&str>,
    name: &str,
    given: &str,
    options: &OpenOptions,
) -> Result<Vec<Image>, SourceError> {
    let client = Client::connect(options).await?;
    let explicit = namespace
        .map(str::to_owned)
        .or_else(|| options.containerd_namespace.clone())
        .or_else(|| options.environment.get("CONTAINERD_NAMESPACE"));
    let namespaces: Vec<String> = match explicit {
        Some(namespace) => vec![namespace],
        None => USUAL_NAMESPACES.map(str::to_owned).to_vec(),
    };
    let names = names(name);
    for namespace in &namespaces {
        for name in &names {
            if let Some(target) = client.image(namespace, name).await? {
                let store = Store {
                    client,
                    namespace: namespace.clone(),
                    what: format!("{} in namespace {namespace}", escape(name)),
                };
                return store.images(&target.digest, given, options).await;
            }
        }
    }
    Err(not_found(&client, &namespaces, &names).await)
}

/// Returns the names under which an image may be kept: as given, and with Docker's defaults, which
/// is how containerd's tools name what they pull.
fn names(given: &str) -> Vec<String> {
    let mut names = vec![given.to_owned()];
    if let Ok(reference) = RegistryReference::parse(given) {
        let full = reference.to_string();
        if full != given {
            names.push(full);
        }
    }
    names
}

async fn not_found(client: &Client, tried: &[String], names: &[String]) -> SourceError {
    let mut elsewhere = Vec::new();
    let others = client.namespaces().await.unwrap_or_default();
    for namespace in others.iter().take(MAX_NAMESPACES) {
        for name in names {
            if !tried.contains(namespace)
                && matches!(client.image(namespace, name).await, Ok(Some(_)))
            {
                elsewhere.push(format!(
                    "containerd:{}//{}",
                    escape(namespace),
                    escape(name)
                ));
            }
        }
    }
    let shown: Vec<_> = names.iter().map(|name| escape(name)).collect();
    let hint = if elsewhere.is_empty() {
        "see 'ctr namespaces ls' and 'ctr -n NAMESPACE images ls'".to_owned()
    } else {
        format!("it is there as {}", elsewhere.join(", "))
    };
    SourceError::NotFound {
        what: format!("image '{}'", shown.join("' or '")),
        detail: format!(
            "{} has none of that name in the namespace {}; {hint}",
            client.shown(),
            tried.join(", ")
        ),
    }
}

/// Is a namespace of the content store, and the image that is read from it.
#[derive(Clone)]
struct Store {
    client: Client,
    namespace: String,
    what: String,
}

impl Store {
    async fn images(
        &self,
        target: &str,
        given: &str,
        options: &OpenOptions,
    ) -> Result<Vec<Image>, SourceError> {
        let target: Digest =
            target
                .parse()
                .map_err(
                    |error: plimsoll_model::digest::DigestError| SourceError::Malformed {
                        what: self.what.clone(),
                        problem: error.to_string(),
                    },
                )?;
        let document = self.document(&target, &self.what).await?;
        let Some(entries) = index_entries(&document, &self.what)? else {
            let manifest = document.into_manifest(&self.what)?;
            check_kind(&manifest, &self.what)?;
            let image = self.image(&target, &manifest, given).await?;
            let images = vec![image];
            check_platform(&images, options, &self.what)?;
            return Ok(images);
        };
        let leaves = self.leaves(entries).await?;
        // Only what is here can be read: an index's other platforms were often never pulled.
        let mut present = Vec::new();
        for leaf in &leaves {
            if self
                .client
                .size(&self.namespace, &leaf.digest)
                .await?
                .is_some()
            {
                present.push(leaf.clone());
            }
        }
        if present.is_empty() {
            return Err(SourceError::NotFound {
                what: self.what.clone(),
                detail: "none of the index's manifests is in the store; pull the image again"
                    .to_owned(),
            });
        }
        let chosen = platform::choose(&present, options, &self.what)?;
        let chosen: Vec<Descriptor> = chosen.into_iter().cloned().collect();
        let mut images = Vec::new();
        let mut first_error = None;
        for leaf in &chosen {
            match self.leaf(leaf, given).await {
                Ok(image) => images.push(image),
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        if images.is_empty() && options.platform.is_none() {
            // This machine's platform is not complete: another one may be.
            for leaf in present
                .iter()
                .filter(|leaf| !platform::is_attestation(leaf))
            {
                if let Ok(image) = self.leaf(leaf, given).await {
                    images.push(image);
                    break;
                }
            }
        }
        match (images.is_empty(), first_error) {
            (true, Some(error)) => Err(error),
            _ => Ok(images),
        }
    }

    async fn leaf(&self, leaf: &Descriptor, given: &str) -> Result<Image, SourceError> {
        let shown = format!("{}: manifest {}", self.what, leaf.digest);
        let manifest = self
            .document(&leaf.digest, &shown)
            .await?
            .into_manifest(&shown)?;
        check_kind(&manifest, &shown)?;
        self.image(&leaf.digest, &manifest, given).await
    }

    /// Follows nested indexes, as far as they are in the store.
    async fn leaves(&self, entries: Vec<Descriptor>) -> Result<Vec<Descriptor>, SourceError> {
        let mut leaves = Vec::new();
        let mut todo = Vec::new();
        let mut seen: BTreeSet<Digest> = BTreeSet::new();
        sort_entries(entries, 1, &mut leaves, &mut todo);
        while let Some((descriptor, depth)) = todo.pop() {
            if !seen.insert(descriptor.digest.clone())
                || self
                    .client
                    .size(&self.namespace, &descriptor.digest)
                    .await?
                    .is_none()
            {
                continue;
            }
            if depth > MAX_DEPTH || seen.len() > MAX_INDEXES {
                return Err(SourceError::Malformed {
                    what: self.what.clone(),
                    problem: format!(
                        "indexes lie more than {MAX_DEPTH} deep, or are more than {MAX_INDEXES}"
                    ),
                });
            }
            let shown = format!("{}: index {}", self.what, descriptor.digest);
            let nested = self.document(&descriptor.digest, &shown).await?;
            let entries = index_entries(&nested, &shown)?.unwrap_or_default();
            sort_entries(entries, depth + 1, &mut leaves, &mut todo);
        }
        Ok(leaves)
    }

    async fn document(&self, digest: &Digest, what: &str) -> Result<Document, SourceError> {
        let bytes = self
            .client
            .document(&self.namespace, digest, MAX_MANIFEST_BYTES, what)
            .await?;
        Document::parse(&bytes, what)
    }

    async fn image(
        &self,
        digest: &Digest,
        manifest: &Manifest,
        given: &str,
    ) -> Result<Image, SourceError> {
        let shown = format!("{}: configuration {}", self.what, manifest.config.digest);
        let bytes = self
            .client
            .document(
                &self.namespace,
                &manifest.config.digest,
                MAX_CONFIG_BYTES,
                &shown,
            )
            .await?;
        let config = platform::parse_config(&bytes, manifest.layers.len(), &shown)?;
        for layer in &manifest.layers {
            if self
                .client
                .size(&self.namespace, &layer.digest)
                .await?
                .is_none()
            {
                return Err(SourceError::NotFound {
                    what: format!("{}: layer {}", self.what, layer.digest),
                    detail: format!(
                        "{} has the image but not this layer; it was never pulled for this \
                         platform, or layers are discarded after unpacking \
                         (discard_unpacked_layers); pull the image again or read it from its \
                         registry with registry:",
                        self.client.shown()
                    ),
                });
            }
        }
        let layers = platform::layers(manifest, &config);
        Ok(Image {
            reference: given.to_owned(),
            digest: Some(digest.clone()),
            config_digest: Some(manifest.config.digest.clone()),
            config,
            layers: layers.clone(),
            blobs: Box::new(StoreBlobs {
                store: self.clone(),
                layers,
            }),
            issues: foreign_layers(manifest),
        })
    }
}

/// Hands out layers of the store.
struct StoreBlobs {
    store: Store,
    layers: Vec<Layer>,
}

impl Blobs for StoreBlobs {
    fn open(&self, layer: usize) -> Result<Box<dyn Read + Send>, SourceError> {
        let missing = || SourceError::NotFound {
            what: self.store.what.clone(),
            detail: format!("it has no layer {layer}"),
        };
        let entry = self.layers.get(layer).ok_or_else(missing)?;
        let digest = entry.digest.clone().ok_or_else(missing)?;
        let what = format!("{}: layer {digest}", self.store.what);
        let client = self.store.client.clone();
        let namespace = self.store.namespace.clone();
        let size = entry.size;
        Ok(Box::new(ChunkReader::start(|sender| {
            client.stream(namespace, (digest, size), what, sender)
        })?))
    }

    /// containerd verified each blob when it took it in.
    fn standing(&self, _layer: usize) -> Standing {
        Standing::ByDigest
    }
}
