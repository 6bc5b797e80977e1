//! Images of a Docker daemon or a Podman service, which speaks the same API.
//!
//! A daemon gives an image's layers only as one archive of all of them. It is asked for that archive
//! when a layer is first opened, once, into an unnamed temporary file; a scan whose layers are all
//! known never asks. The configuration (history, exact creation time) is only in the archive, too,
//! so it is kept in a small cache by its digest.

use std::collections::BTreeMap;
use std::io::{Read, Seek as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use plimsoll_model::digest::Digest;
use plimsoll_model::text::escape;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use self::api::Api;
use super::{
    Blobs, Image, Layer, MAX_CONFIG_BYTES, MAX_LAYERS, MAX_MANIFEST_BYTES, OpenOptions,
    SourceError, Standing, archive, platform,
};

mod api;
mod config_cache;
mod endpoint;

/// How long [`answers`] waits: on the way to the registry nobody wants to wait for a hung daemon.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Is which program's API is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source::docker) enum Engine {
    /// Docker.
    Docker,
    /// Podman.
    Podman,
}

impl Engine {
    fn name(self) -> &'static str {
        match self {
            Self::Docker => "Docker",
            Self::Podman => "Podman",
        }
    }

    fn command(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}

/// Opens an image of the Docker daemon. Blocks; see [`super::remote`].
///
/// # Errors
/// When no daemon answers, it has no such image, or its export cannot be kept.
pub fn open(name: &str, given: &str, options: &OpenOptions) -> Result<Vec<Image>, SourceError> {
    open_engine(Engine::Docker, name, given, options)
}

/// Opens an image of the Podman service. Blocks; see [`super::remote`].
///
/// # Errors
/// As [`open`].
pub fn open_podman(
    name: &str,
    given: &str,
    options: &OpenOptions,
) -> Result<Vec<Image>, SourceError> {
    open_engine(Engine::Podman, name, given, options)
}

/// Says whether a Docker daemon answers; waits for two seconds at most.
pub fn answers(options: &OpenOptions) -> bool {
    !options.offline && Api::answers(Engine::Docker, options, ANSWER_LIMIT)
}

fn open_engine(
    engine: Engine,
    name: &str,
    given: &str,
    options: &OpenOptions,
) -> Result<Vec<Image>, SourceError> {
    if options.offline {
        return Err(SourceError::Offline {
            what: format!("'{}'", escape(given)),
        });
    }
    let good = !name.is_empty()
        && !name.contains("..")
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b));
    if !good {
        return Err(SourceError::BadReference {
            reference: escape(given).into_owned(),
            problem: "not the name or id of an image".to_owned(),
        });
    }
    let api = Api::connect(engine, options)?;
    let inspect = api.inspect(name)?;
    let shown = format!("{}: image {}", api.shown(), escape(name));
    // Older Podman states the id without its algorithm.
    let id = inspect
        .id
        .parse::<Digest>()
        .or_else(|_| format!("sha256:{}", inspect.id).parse::<Digest>())
        .map_err(|error| SourceError::Malformed {
            what: shown.clone(),
            problem: error.to_string(),
        })?;
    let diff_ids = inspect.root_fs.layers.unwrap_or_default();
    if diff_ids.len() > MAX_LAYERS {
        return Err(SourceError::Malformed {
            what: shown,
            problem: format!(
                "has {} layers, more than the {MAX_LAYERS} read",
                diff_ids.len()
            ),
        });
    }
    let mut export = Export {
        api,
        id: id.clone(),
        shown: shown.clone(),
        given: given.to_owned(),
        // What the daemon holds under the name is what is scanned; a wished platform is checked
        // against it below.
        options: OpenOptions {
            platform: None,
            all_platforms: true,
            ..options.clone()
        },
        state: Mutex::new(State::Waiting),
    };
    let cached = options
        .config_cache
        .as_ref()
        .and_then(|folder| config_cache::get(folder, &id));
    if let Some(bytes) = cached {
        let image = export.into_image(&bytes, &diff_ids)?;
        return checked(vec![image], options, &shown);
    }
    let (images, config) = export.fetch()?;
    if let Some(bytes) = config {
        // The id is the configuration's digest: the daemon keeps the image in its own store.
        if let Some(folder) = &options.config_cache {
            config_cache::put(folder, &id, &bytes);
        }
        let found = images
            .into_iter()
            .find(|image| image.config_digest.as_ref() == Some(&id));
        export.state = Mutex::new(found.map_or(State::Waiting, |image| State::There(image.into())));
        let image = export.into_image(&bytes, &diff_ids)?;
        return checked(vec![image], options, &shown);
    }
    // Docker's containerd store: the archive holds the image's own blobs.
    let mut images: Vec<Image> = images
        .into_iter()
        .map(|image| Image {
            blobs: Box::new(Verified(image.blobs)),
            ..image
        })
        .collect();
    if !options.all_platforms && images.len() > 1 {
        // Several platforms under one name: the one that the daemon itself would run, which is the
        // one it described, unless another one is asked for.
        let wanted = |image: &Image| match &options.platform {
            Some(_) => platform::config_matches(&image.config, options).unwrap_or(false),
            None => image.config.rootfs.diff_ids == diff_ids,
        };
        let at = images.iter().position(wanted).unwrap_or_default();
        images = images.into_iter().skip(at).take(1).collect();
    }
    checked(images, options, &shown)
}

fn checked(
    images: Vec<Image>,
    options: &OpenOptions,
    shown: &str,
) -> Result<Vec<Image>, SourceError> {
    if images.is_empty() {
        return Err(SourceError::Malformed {
            what: shown.to_owned(),
            problem: "the daemon's export holds no image".to_owned(),
        });
    }
    super::registry::check_platform(&images, options, shown)?;
    Ok(images)
}

/// Is an export that is fetched when needed.
struct Export {
    api: Api,
    id: Digest,
    shown: String,
    given: String,
    options: OpenOptions,
    state: Mutex<State>,
}

enum State {
    /// It was not fetched yet.
    Waiting,
    /// It is here.
    There(Box<Image>),
    /// It could not be fetched; not tried again for each layer.
    Failed(String),
}

impl Export {
    /// Fetches the archive and reads what is in it; with the configuration's bytes when its digest
    /// is the image's id.
    fn fetch(&self) -> Result<(Vec<Image>, Option<Vec<u8>>), SourceError> {
        let mut file = self.api.export(self.id.as_str())?;
        let shown = PathBuf::from(format!("{} (export)", self.shown));
        let file_error = |source| SourceError::File {
            path: shown.clone(),
            action: "read",
            source,
        };
        let copy = file.try_clone().map_err(file_error)?;
        let config = find_config(&copy, &self.id).map_err(file_error)?;
        file.rewind().map_err(file_error)?;
        let images = archive::open_file(file, &shown, &self.given, &self.options)?;
        Ok((images, config))
    }

    fn into_image(self, config: &[u8], diff_ids: &[Digest]) -> Result<Image, SourceError> {
        let what = format!("{}: configuration {}", self.shown, self.id);
        let config = platform::parse_config(config, diff_ids.len(), &what)?;
        if config.rootfs.diff_ids != diff_ids {
            return Err(SourceError::Malformed {
                what,
                problem: "its diff-ids are not those that the daemon states".to_owned(),
            });
        }
        // Sizes are left out although an export would tell them: the first scan of an image and the
        // second, which needs no export, are to report the same.
        let layers = diff_ids
            .iter()
            .map(|diff_id| Layer {
                digest: None,
                diff_id: diff_id.clone(),
                size: 0,
                media_type: String::new(),
            })
            .collect();
        Ok(Image {
            reference: self.given.clone(),
            // A daemon's own store keeps no manifest; the one in its export is made for the export.
            digest: None,
            config_digest: Some(self.id.clone()),
            config,
            layers,
            blobs: Box::new(self),
            issues: Vec::new(),
        })
    }
}

impl Blobs for Export {
    fn open(&self, layer: usize) -> Result<Box<dyn Read + Send>, SourceError> {
        // Held while the export is fetched: other layers wait for the same file.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Waiting) {
            *state = match self.fetch() {
                Ok((images, _)) => {
                    let found = images
                        .into_iter()
                        .find(|image| image.config_digest.as_ref() == Some(&self.id));
                    match found {
                        Some(image) => State::There(image.into()),
                        None => State::Failed("its export holds another image".to_owned()),
                    }
                }
                Err(error) => {
                    *state = State::Failed(error.to_string());
                    return Err(error);
                }
            };
        }
        match &*state {
            State::There(image) => image.blobs.open(layer),
            State::Failed(problem) => Err(SourceError::Peer {
                peer: self.shown.clone(),
                problem: problem.clone(),
            }),
            State::Waiting => Err(SourceError::Peer {
                peer: self.shown.clone(),
                problem: "its export is not there".to_owned(),
            }),
        }
    }

    /// The daemon verified the diff-ids when it took the image in.
    fn standing(&self, _layer: usize) -> Standing {
        Standing::ByDigest
    }
}

/// Hands out layers of an export of Docker's containerd store, which verified them by digest.
struct Verified(Box<dyn Blobs>);

impl Blobs for Verified {
    fn open(&self, layer: usize) -> Result<Box<dyn Read + Send>, SourceError> {
        self.0.open(layer)
    }

    fn standing(&self, _layer: usize) -> Standing {
        Standing::ByDigest
    }
}

/// Finds the configuration whose digest is `id` in an archive: the file that `manifest.json` names.
/// `None` when there is none, so that the id is the digest of something else.
fn find_config(file: &std::fs::File, id: &Digest) -> std::io::Result<Option<Vec<u8>>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Entry {
        config: String,
    }
    let read_member = |wanted: &dyn Fn(&str) -> bool, limit: u64| {
        let mut file = file.try_clone()?;
        file.rewind()?;
        let mut members: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for entry in tar::Archive::new(file).entries_with_seek()? {
            let entry = entry?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            if wanted(&name) && entry.header().entry_type().is_file() {
                let mut bytes = Vec::new();
                entry.take(limit + 1).read_to_end(&mut bytes)?;
                if bytes.len() as u64 <= limit {
                    members.insert(name, bytes);
                }
            }
            if members.len() > MAX_CONFIGS {
                break;
            }
        }
        Ok::<_, std::io::Error>(members)
    };
    let manifest = read_member(&|name| name == "manifest.json", MAX_MANIFEST_BYTES)?;
    let Some(entries) = manifest
        .get("manifest.json")
        .and_then(|bytes| serde_json::from_slice::<Vec<Entry>>(bytes).ok())
    else {
        return Ok(None);
    };
    let found = read_member(
        &|name| entries.iter().any(|entry| entry.config == name),
        MAX_CONFIG_BYTES,
    )?;
    Ok(found
        .into_values()
        .find(|bytes| Digest::from_sha256(Sha256::digest(bytes)) == *id))
}

/// How many configurations of one export are looked at.
const MAX_CONFIGS: usize = 16;
