//! OCI image layouts (OCI image specification 1.1, "Image Layout"), in a folder or in an archive.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_model::digest::Digest;
use plimsoll_model::text::escape;

use super::platform::{self, Descriptor, Document, Manifest};
use super::{
    Blobs, Image, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, OpenOptions, SourceError, Standing,
};

/// The annotation that holds a tag.
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// How deep indexes may lie in indexes.
const MAX_DEPTH: usize = 4;

/// Is where a layout's files lie: a folder or an archive.
pub trait Store: Send + Sync {
    /// Returns what to call it in messages.
    fn shown(&self) -> String;
    /// Says whether it holds a file.
    fn has(&self, name: &str) -> bool;
    /// Reads a small file.
    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, SourceError>;
    /// Opens a large file.
    fn open(&self, name: &str) -> Result<Box<dyn Read + Send>, SourceError>;
    /// Says what stands for a file's bytes.
    fn standing(&self, name: &str) -> Standing;
}

/// Is a layout in a folder.
struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens a file of the layout; anything but a regular file (a pipe would hang) is refused.
    fn file(&self, name: &str) -> Result<File, SourceError> {
        let path = self.path.join(name);
        let fail = |action, source| SourceError::File {
            path: path.clone(),
            action,
            source,
        };
        let meta = fs::metadata(&path).map_err(|source| fail("open", source))?;
        if !meta.is_file() {
            return Err(SourceError::Malformed {
                what: path.display().to_string(),
                problem: "not a regular file".to_owned(),
            });
        }
        File::open(&path).map_err(|source| fail("open", source))
    }
}

impl Store for Folder {
    fn shown(&self) -> String {
        self.path.display().to_string()
    }

    fn has(&self, name: &str) -> bool {
        self.path.join(name).is_file()
    }

    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, SourceError> {
        let file = self.file(name)?;
        let path = self.path.join(name);
        let mut bytes = Vec::new();
        file.take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| SourceError::File {
                path: path.clone(),
                action: "read",
                source,
            })?;
        if bytes.len() as u64 > limit {
            return Err(SourceError::Malformed {
                what: path.display().to_string(),
                problem: format!("more than the {limit} bytes that are read"),
            });
        }
        Ok(bytes)
    }

    fn open(&self, name: &str) -> Result<Box<dyn Read + Send>, SourceError> {
        Ok(Box::new(self.file(name)?))
    }

    fn standing(&self, name: &str) -> Standing {
        match self.file(name) {
            Ok(file) => {
                let length = file.metadata().map_or(0, |meta| meta.len());
                super::archive::stamp_of(&file, 0, length)
            }
            Err(_) => Standing::Nothing,
        }
    }
}

/// Opens a layout in a folder.
pub fn open(
    path: &Path,
    tag: Option<&str>,
    given: &str,
    options: &OpenOptions,
) -> Result<Vec<Image>, SourceError> {
    if let Err(source) = fs::read_dir(path)
        && source.kind() == std::io::ErrorKind::PermissionDenied
    {
        return Err(SourceError::File {
            path: path.to_owned(),
            action: "read",
            source,
        });
    }
    if !path.is_dir() {
        return Err(SourceError::NotFound {
            what: format!("'{}'", path.display()),
            detail: "no such folder".to_owned(),
        });
    }
    let store: Arc<dyn Store> = Arc::new(Folder {
        path: path.to_owned(),
    });
    open_store(&store, tag, given, options)
}

/// Opens a layout wherever it lies.
pub(super) fn open_store(
    store: &Arc<dyn Store>,
    tag: Option<&str>,
    given: &str,
    options: &OpenOptions,
) -> Result<Vec<Image>, SourceError> {
    let what = format!("{}: index.json", store.shown());
    if !store.has("index.json") {
        return Err(SourceError::Malformed {
            what: store.shown(),
            problem: "no index.json, so no OCI layout; for a root file system use dir:".to_owned(),
        });
    }
    let bytes = store.read("index.json", MAX_MANIFEST_BYTES)?;
    let index = Document::parse(&bytes, &what)?;
    let entries = index.manifests.unwrap_or_default();
    let chosen = by_tag(&entries, tag, &what)?;
    let mut found = Vec::new();
    resolve(store, &chosen, options, 0, &mut found)?;
    let mut images = Vec::new();
    for (descriptor, manifest) in found {
        images.push(image(store, &descriptor, &manifest, given)?);
    }
    if images.is_empty() {
        return Err(SourceError::NotFound {
            what,
            detail: "the layout holds no image".to_owned(),
        });
    }
    // A single image of another platform than the one asked for is not silently scanned.
    if options.platform.is_some() {
        let mut there = Vec::new();
        let mut kept = Vec::new();
        for image in images {
            if platform::config_matches(&image.config, options)? {
                kept.push(image);
            } else {
                there.push(platform::platform_of(&image.config));
            }
        }
        if kept.is_empty() {
            let wanted = options.platform.as_deref().unwrap_or("");
            return Err(platform::no_such(wanted, &what, &there.join(", ")));
        }
        images = kept;
    }
    Ok(images)
}

/// Finds the entries that a tag names; without one, all must stand for the same image.
fn by_tag(
    entries: &[Descriptor],
    tag: Option<&str>,
    what: &str,
) -> Result<Vec<Descriptor>, SourceError> {
    let name_of = |d: &Descriptor| {
        d.annotations
            .as_ref()
            .and_then(|a| a.get(REF_NAME))
            .cloned()
            .unwrap_or_default()
    };
    let tags = || {
        let names: Vec<String> = entries
            .iter()
            .map(name_of)
            .filter(|name| !name.is_empty())
            .map(|name| escape(&name).into_owned())
            .take(40)
            .collect();
        if names.is_empty() {
            "no tagged image".to_owned()
        } else {
            names.join(", ")
        }
    };
    if let Some(tag) = tag {
        let found: Vec<Descriptor> = entries
            .iter()
            .filter(|d| {
                let name = name_of(d);
                name == tag || name.rsplit_once(':').is_some_and(|(_, last)| last == tag)
            })
            .cloned()
            .collect();
        if found.is_empty() {
            return Err(SourceError::NotFound {
                what: format!("tag '{}' in {what}", escape(tag)),
                detail: format!("there is {}", tags()),
            });
        }
        return Ok(found);
    }

    let mut distinct: Vec<String> = entries
        .iter()
        .map(name_of)
        .filter(|name| !name.is_empty())
        .collect();
    distinct.sort();
    distinct.dedup();
    let digests: std::collections::BTreeSet<&Digest> = entries.iter().map(|d| &d.digest).collect();
    if distinct.len() > 1 && digests.len() > 1 {
        return Err(SourceError::NotFound {
            what: format!("a single image in {what}"),
            detail: format!("there is {}; name one as oci-dir:DIR:TAG", tags()),
        });
    }
    Ok(entries.to_vec())
}

/// Follows indexes down to manifests of the wanted platform.
fn resolve(
    store: &Arc<dyn Store>,
    entries: &[Descriptor],
    options: &OpenOptions,
    depth: usize,
    found: &mut Vec<(Descriptor, Manifest)>,
) -> Result<(), SourceError> {
    let what = format!("{}: index", store.shown());
    let chosen: Vec<Descriptor> = if entries.len() == 1 && depth == 0 {
        entries.to_vec()
    } else {
        platform::choose(entries, options, &what)?
            .into_iter()
            .cloned()
            .collect()
    };
    for descriptor in chosen {
        let name = blob_name(&descriptor.digest);
        let what = format!("{}: {name}", store.shown());
        let bytes = store.read(&name, MAX_MANIFEST_BYTES)?;
        platform::verify(&bytes, &descriptor.digest, &what)?;
        let document = Document::parse(&bytes, &what)?;
        if let Some(inner) = &document.manifests {
            if depth >= MAX_DEPTH {
                return Err(SourceError::Malformed {
                    what,
                    problem: format!("indexes more than {MAX_DEPTH} deep"),
                });
            }
            resolve(store, inner, options, depth + 1, found)?;
        } else {
            let manifest = document.into_manifest(&what)?;
            found.push((descriptor, manifest));
        }
        if found.len() > 1000 {
            return Err(SourceError::Malformed {
                what,
                problem: "more than 1000 images in one index".to_owned(),
            });
        }
    }
    Ok(())
}

fn image(
    store: &Arc<dyn Store>,
    descriptor: &Descriptor,
    manifest: &Manifest,
    given: &str,
) -> Result<Image, SourceError> {
    let name = blob_name(&manifest.config.digest);
    let what = format!("{}: {name}", store.shown());
    let bytes = store.read(&name, MAX_CONFIG_BYTES)?;
    platform::verify(&bytes, &manifest.config.digest, &what)?;
    let config = platform::parse_config(&bytes, manifest.layers.len(), &what)?;
    let layers = platform::layers(manifest, &config);
    let names = manifest
        .layers
        .iter()
        .map(|layer| blob_name(&layer.digest))
        .collect();
    Ok(Image {
        reference: given.to_owned(),
        digest: Some(descriptor.digest.clone()),
        config_digest: Some(manifest.config.digest.clone()),
        config,
        layers,
        blobs: Box::new(LayoutBlobs {
            store: Arc::clone(store),
            names,
        }),
        issues: Vec::new(),
    })
}

/// Hands out a layout's layers.
struct LayoutBlobs {
    store: Arc<dyn Store>,
    names: Vec<String>,
}

impl Blobs for LayoutBlobs {
    fn open(&self, layer: usize) -> Result<Box<dyn Read + Send>, SourceError> {
        self.store
            .open(self.names.get(layer).map_or("", String::as_str))
    }

    fn standing(&self, layer: usize) -> Standing {
        self.names
            .get(layer)
            .map_or(Standing::Nothing, |name| self.store.standing(name))
    }
}

fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}
