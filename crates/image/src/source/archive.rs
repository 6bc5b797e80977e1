//! Images in one tar file: what `docker save` and `podman save` write, and OCI layouts in an archive;
//! plain, gzip or zstd.
//!
//! The file is indexed once by its headers; layers are then read in place, in parallel. A compressed
//! file is decompressed once into a temporary file that has no name, bounded in size.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_model::digest::Digest;
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::path::ImagePath;
use plimsoll_model::text::{escape, escape_bytes};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::layout::{self, Store};
use super::platform::{config_matches, parse_config};
use super::{
    Blobs, FileStamp, Image, Layer, MAX_CONFIG_BYTES, MAX_LAYERS, MAX_MANIFEST_BYTES, OpenOptions,
    SourceError, Standing,
};
use crate::pass::tar::{BLOCK, checksum_holds, pax_record, until_nul};

/// The most members of an archive that are indexed.
const MAX_MEMBERS: usize = 200_000;
/// The most bytes of the names of an archive's members.
const MAX_NAME_BYTES: usize = 64 << 20;
/// The most images of one archive.
const MAX_IMAGES: usize = 200;
/// The most bytes of an extension header that are read while indexing.
const MAX_EXTENSION: u64 = 1 << 20;
/// How much a compressed archive may expand before it counts as a bomb, beyond a gibibyte.
const MAX_RATIO: u64 = 200;

/// Is which of two documents in an archive is followed when both are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// `manifest.json`, as `docker save` writes it.
    Docker,
    /// `index.json`, an OCI layout.
    Oci,
}

/// Is an indexed archive: where each member's content lies.
#[derive(Clone)]
pub struct Archive {
    file: Arc<File>,
    /// What to call the file in messages.
    shown: PathBuf,
    members: Arc<BTreeMap<ImagePath, Place>>,
    /// Whether the bytes are a temporary copy, so that its stamp means nothing.
    temporary: bool,
}

/// Is where a member's content lies.
#[derive(Clone, Debug)]
enum Place {
    Content { offset: u64, length: u64 },
    Link(ImagePath),
}

/// Is one image of `manifest.json` (Docker image specification 1.2, "Combined Image JSON").
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Option<Vec<String>>,
}

/// Opens an archive by its path.
pub fn open(
    path: &Path,
    flavour: Flavour,
    given: &str,
    options: &OpenOptions,
) -> Result<Vec<Image>, SourceError> {
    let fail = |source| SourceError::File {
        path: path.to_owned(),
        action: "open",
        source,
    };
    // A pipe is not even opened: that would wait for a writer.
    let regular = std::fs::metadata(path).map_err(fail)?.is_file();
    if !regular {
        return Err(SourceError::Malformed {
            what: path.display().to_string(),
            problem: "not a regular file; save the image to a file first".to_owned(),
        });
    }
    let file = File::open(path).map_err(fail)?;
    open_with(file, path, flavour, false, given, options)
}

/// Opens an archive that a daemon exported into a temporary file.
pub fn open_file(
    file: File,
    shown: &Path,
    given: &str,
    options: &OpenOptions,
) -> Result<Vec<Image>, SourceError> {
    open_with(file, shown, Flavour::Docker, true, given, options)
}

fn open_with(
    file: File,
    shown: &Path,
    flavour: Flavour,
    temporary: bool,
    given: &str,
    options: &OpenOptions,
) -> Result<Vec<Image>, SourceError> {
    let archive = Archive::index(file, shown, temporary, options)?;
    let docker = archive.has("manifest.json");
    let oci = archive.has("index.json");
    match (flavour, docker, oci) {
        (Flavour::Docker, true, _) | (Flavour::Oci, true, false) => {
            open_docker(&archive, given, options)
        }
        (_, _, true) => {
            let store: Arc<dyn Store> = Arc::new(archive);
            layout::open_store(&store, None, given, options)
        }
        (_, false, false) => Err(SourceError::Malformed {
            what: shown.display().to_string(),
            problem: "not an image: the archive holds neither manifest.json (docker save) nor \
                      index.json (OCI layout); for a root file system unpack it and use dir:"
                .to_owned(),
        }),
    }
}

fn open_docker(
    archive: &Archive,
    given: &str,
    options: &OpenOptions,
) -> Result<Vec<Image>, SourceError> {
    let what = format!("{}: manifest.json", archive.shown.display());
    let bytes = archive.read("manifest.json", MAX_MANIFEST_BYTES)?;
    let malformed = |problem: String| SourceError::Malformed {
        what: what.clone(),
        problem,
    };
    let images: Vec<DockerImage> =
        serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
    let mut opened = Vec::new();
    let mut platforms = Vec::new();
    let mut matching = 0;
    if images.len() > MAX_IMAGES {
        return Err(malformed(format!(
            "lists {} images, more than the {MAX_IMAGES} read; save fewer into one file",
            images.len()
        )));
    }
    for image in &images {
        let built = docker_image(archive, image, given)?;
        if config_matches(&built.config, options)? {
            matching += 1;
            // One is scanned unless all are asked for; the others are only counted.
            if options.all_platforms || matching == 1 {
                opened.push(built);
            }
        } else {
            platforms.push(super::platform::platform_of(&built.config));
        }
    }
    if opened.is_empty() {
        if images.is_empty() {
            return Err(malformed("lists no image".to_owned()));
        }
        let wanted = options.platform.as_deref().unwrap_or("");
        return Err(super::platform::no_such(
            wanted,
            &what,
            &platforms.join(", "),
        ));
    }
    if !options.all_platforms && matching > 1 {
        let names: Vec<String> = images
            .iter()
            .map(|i| {
                let tag = i.repo_tags.as_ref().and_then(|tags| tags.first().cloned());
                escape(&tag.unwrap_or_else(|| "(untagged)".to_owned())).into_owned()
            })
            .take(20)
            .collect();
        if let Some(first) = opened.first_mut() {
            first.issues.push(Issue::new(
                IssueKind::LimitReached,
                given,
                format!(
                    "the archive holds {} images ({}); only the first was scanned, save each to a \
                     file of its own to scan the others",
                    images.len(),
                    names.join(", ")
                ),
            ));
        }
    }
    Ok(opened)
}

fn docker_image(archive: &Archive, image: &DockerImage, given: &str) -> Result<Image, SourceError> {
    let what = format!("{}: {}", archive.shown.display(), escape(&image.config));
    let paths = image.layers.clone().unwrap_or_default();
    if paths.len() > MAX_LAYERS {
        return Err(SourceError::Malformed {
            what,
            problem: format!(
                "has {} layers, more than the {MAX_LAYERS} read",
                paths.len()
            ),
        });
    }
    let bytes = archive.read(&image.config, MAX_CONFIG_BYTES)?;
    let config_digest = Digest::from_sha256(Sha256::digest(&bytes));
    // `docker save` names the configuration after its digest: `<hex>.json`, `blobs/sha256/<hex>`.
    let stem = image.config.rsplit('/').next().unwrap_or_default();
    let stem = stem.strip_suffix(".json").unwrap_or(stem);
    if stem.len() == 64
        && stem.bytes().all(|b| b.is_ascii_hexdigit())
        && stem != config_digest.hex()
    {
        return Err(SourceError::DigestMismatch {
            what,
            expected: format!("sha256:{stem}"),
            got: config_digest.to_string(),
        });
    }
    let config = parse_config(&bytes, paths.len(), &what)?;
    let mut layers = Vec::with_capacity(paths.len());
    let mut places = Vec::with_capacity(paths.len());
    for (path, diff_id) in paths.iter().zip(&config.rootfs.diff_ids) {
        let (offset, length) = archive.find(path)?;
        // A layer stored under its own digest (compressed ones are) must have it.
        let hex = path.strip_prefix("blobs/sha256/").unwrap_or_default();
        let digest = format!("sha256:{hex}").parse::<Digest>().ok();
        layers.push(Layer {
            digest,
            diff_id: diff_id.clone(),
            size: length,
            media_type: String::new(),
        });
        places.push((offset, length));
    }
    Ok(Image {
        reference: given.to_owned(),
        digest: None,
        config_digest: Some(config_digest),
        config,
        layers,
        blobs: Box::new(ArchiveBlobs {
            archive: archive.clone(),
            places,
        }),
        issues: Vec::new(),
    })
}

/// Hands out layers of an archive.
struct ArchiveBlobs {
    archive: Archive,
    places: Vec<(u64, u64)>,
}

impl Blobs for ArchiveBlobs {
    fn open(&self, layer: usize) -> Result<Box<dyn Read + Send>, SourceError> {
        let (offset, length) = self.places.get(layer).copied().unwrap_or_default();
        Ok(Box::new(FileSlice {
            file: Arc::clone(&self.archive.file),
            at: offset,
            end: offset + length,
        }))
    }

    fn standing(&self, layer: usize) -> Standing {
        match self.places.get(layer) {
            Some((offset, length)) => self.archive.stamp(*offset, *length),
            None => Standing::Nothing,
        }
    }
}

impl Archive {
    /// Indexes an archive; a compressed one is decompressed into a temporary file first.
    pub fn index(
        file: File,
        shown: &Path,
        temporary: bool,
        options: &OpenOptions,
    ) -> Result<Self, SourceError> {
        let mut magic = [0_u8; 4];
        let got = file
            .read_at(&mut magic, 0)
            .map_err(|source| SourceError::File {
                path: shown.to_owned(),
                action: "read",
                source,
            })?;
        let compressed =
            got == 4 && (magic.starts_with(&[0x1f, 0x8b]) || magic == [0x28, 0xb5, 0x2f, 0xfd]);
        let (file, temporary) = if compressed {
            let gzip = magic.starts_with(&[0x1f, 0x8b]);
            (spool(file, shown, gzip, options)?, true)
        } else {
            (file, temporary)
        };
        let members = index_members(&file, shown)?;
        Ok(Self {
            file: Arc::new(file),
            shown: shown.to_owned(),
            members: Arc::new(members),
            temporary,
        })
    }

    /// Finds a member's content; links inside the archive are followed a few times.
    fn find(&self, name: &str) -> Result<(u64, u64), SourceError> {
        let missing = || SourceError::Malformed {
            what: self.shown.display().to_string(),
            problem: format!(
                "the archive has no '{}', which its manifest names; it is cut short or damaged",
                escape(name)
            ),
        };
        let mut path = ImagePath::normalize(name.as_bytes()).map_err(|_| missing())?;
        for _ in 0..8 {
            match self.members.get(&path) {
                Some(Place::Content { offset, length }) => return Ok((*offset, *length)),
                Some(Place::Link(target)) => path = target.clone(),
                None => return Err(missing()),
            }
        }
        Err(missing())
    }

    fn stamp(&self, offset: u64, length: u64) -> Standing {
        if self.temporary {
            return Standing::Nothing;
        }
        stamp_of(&self.file, offset, length)
    }
}

impl Store for Archive {
    fn shown(&self) -> String {
        self.shown.display().to_string()
    }

    fn has(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, SourceError> {
        let (offset, length) = self.find(name)?;
        if length > limit {
            return Err(SourceError::Malformed {
                what: format!("{}: {}", self.shown.display(), escape(name)),
                problem: format!("{length} bytes, more than the {limit} that are read"),
            });
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        self.file
            .read_exact_at(&mut bytes, offset)
            .map_err(|source| SourceError::File {
                path: self.shown.clone(),
                action: "read",
                source,
            })?;
        Ok(bytes)
    }

    fn open(&self, name: &str) -> Result<Box<dyn Read + Send>, SourceError> {
        let (offset, length) = self.find(name)?;
        Ok(Box::new(FileSlice {
            file: Arc::clone(&self.file),
            at: offset,
            end: offset + length,
        }))
    }

    fn standing(&self, name: &str) -> Standing {
        self.find(name)
            .map_or(Standing::Nothing, |(offset, length)| {
                self.stamp(offset, length)
            })
    }
}

/// Takes the stamp of a part of an open file.
pub(super) fn stamp_of(file: &File, offset: u64, length: u64) -> Standing {
    let Ok(meta) = file.metadata() else {
        return Standing::Nothing;
    };
    let nanoseconds =
        |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    Standing::File(FileStamp {
        device: meta.dev(),
        inode: meta.ino(),
        size: meta.size(),
        modified_ns: nanoseconds(meta.mtime(), meta.mtime_nsec()),
        changed_ns: nanoseconds(meta.ctime(), meta.ctime_nsec()),
        offset,
        length,
    })
}

/// Reads a part of a file without moving its position, so that parts are read in parallel.
struct FileSlice {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Read for FileSlice {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let want = buf.len().min(left);
        let Some(room) = buf.get_mut(..want) else {
            return Ok(0);
        };
        if room.is_empty() {
            return Ok(0);
        }
        let count = self.file.read_at(room, self.at)?;
        if count == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!(
                    "the file ends at {}, but this part goes to {}",
                    self.at, self.end
                ),
            ));
        }
        self.at += count as u64;
        Ok(count)
    }
}

/// Decompresses an archive into a temporary file without a name.
fn spool(file: File, shown: &Path, gzip: bool, options: &OpenOptions) -> Result<File, SourceError> {
    let packed = file.metadata().map_or(0, |meta| meta.len());
    let limit = options
        .spool_limit
        .min((1 << 30) + packed.saturating_mul(MAX_RATIO));
    let mut reader: Box<dyn Read> = if gzip {
        Box::new(flate2::read::MultiGzDecoder::new(file))
    } else {
        let mut decoder =
            zstd::stream::read::Decoder::new(file).map_err(|source| SourceError::File {
                path: shown.to_owned(),
                action: "read",
                source,
            })?;
        let _ = decoder.window_log_max(25);
        Box::new(decoder)
    };
    let disk = |source| SourceError::File {
        path: options.spool_dir.clone(),
        action: "write a temporary copy of the decompressed archive to",
        source,
    };
    let mut out = tempfile::tempfile_in(&options.spool_dir).map_err(disk)?;
    let mut buffer = vec![0_u8; 256 << 10];
    let mut total = 0_u64;
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(SourceError::Malformed {
                    what: shown.display().to_string(),
                    problem: format!("damaged after {total} decompressed bytes: {error}"),
                });
            }
        };
        total += count as u64;
        if total > limit {
            return Err(SourceError::Malformed {
                what: shown.display().to_string(),
                problem: format!(
                    "expands to more than {limit} bytes from {packed}; decompress it yourself if \
                     you trust it"
                ),
            });
        }
        out.write_all(buffer.get(..count).unwrap_or_default())
            .map_err(disk)?;
    }
    Ok(out)
}

/// Reads the headers of an archive.
fn index_members(file: &File, shown: &Path) -> Result<BTreeMap<ImagePath, Place>, SourceError> {
    let malformed = |problem: String| SourceError::Malformed {
        what: shown.display().to_string(),
        problem,
    };
    let size = file.metadata().map_or(0, |meta| meta.len());
    let mut members = BTreeMap::new();
    let mut name_bytes = 0_usize;
    let mut at = 0_u64;
    let mut name: Option<Vec<u8>> = None;
    let mut link: Option<Vec<u8>> = None;
    let mut stated_size: Option<u64> = None;
    loop {
        let mut block = [0_u8; BLOCK];
        match file.read_exact_at(&mut block, at) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(members),
            Err(source) => {
                return Err(SourceError::File {
                    path: shown.to_owned(),
                    action: "read",
                    source,
                });
            }
        }
        at += BLOCK as u64;
        if block.iter().all(|byte| *byte == 0) {
            return Ok(members);
        }
        if !checksum_holds(&block) {
            let start = escape_bytes(block.get(..16).unwrap_or_default()).into_owned();
            return Err(malformed(format!(
                "not a tar archive, or damaged at offset {}: it reads '{start}' there",
                at - BLOCK as u64
            )));
        }
        let header = tar::Header::from_byte_slice(&block);
        let flag = block.get(156).copied().unwrap_or(0);
        let stored = stated_size
            .take()
            .or_else(|| header.entry_size().ok())
            .ok_or_else(|| malformed(format!("no readable size at offset {at}")))?;
        let next = stored
            .checked_next_multiple_of(BLOCK as u64)
            .and_then(|padded| at.checked_add(padded))
            .ok_or_else(|| malformed(format!("a wild size at offset {at}")))?;
        if matches!(flag, b'x' | b'L' | b'K') {
            if stored > MAX_EXTENSION {
                return Err(malformed(format!("an extension header of {stored} bytes")));
            }
            let mut body = vec![0; usize::try_from(stored).unwrap_or(0)];
            file.read_exact_at(&mut body, at)
                .map_err(|source| SourceError::File {
                    path: shown.to_owned(),
                    action: "read",
                    source,
                })?;
            match flag {
                b'L' => name = Some(until_nul(body)),
                b'K' => link = Some(until_nul(body)),
                _ => {
                    let mut rest: &[u8] = &body;
                    while let Some((key, value, after)) = pax_record(rest) {
                        match key {
                            b"path" => name = Some(value.to_vec()),
                            b"linkpath" => link = Some(value.to_vec()),
                            b"size" => {
                                stated_size =
                                    std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
                            }
                            _ => {}
                        }
                        rest = after;
                    }
                }
            }
            at = next;
            continue;
        }
        let path = name
            .take()
            .unwrap_or_else(|| header.path_bytes().into_owned());
        let target = link
            .take()
            .or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned))
            .unwrap_or_default();
        let next = if matches!(flag, b'1' | b'2' | b'5') {
            at
        } else {
            next
        };
        if let Ok(path) = ImagePath::normalize(&path) {
            let place = match flag {
                0 | b'0' | b'7' => Some(Place::Content {
                    offset: at,
                    length: stored,
                }),
                b'1' => ImagePath::normalize(&target).ok().map(Place::Link),
                b'2' => {
                    let joined = [path.parent(), b"/", target.as_slice()].concat();
                    ImagePath::normalize(&joined).ok().map(Place::Link)
                }
                _ => None,
            };
            if let Some(Place::Content { .. }) = place
                && next > size.next_multiple_of(BLOCK as u64)
            {
                return Err(malformed(format!(
                    "cut short: '{}' goes to offset {next}, but the file has {size} bytes",
                    escape_bytes(path.as_bytes())
                )));
            }
            if let Some(place) = place {
                name_bytes += path.as_bytes().len();
                if let Place::Link(target) = &place {
                    name_bytes += target.as_bytes().len();
                }
                members.insert(path, place);
            }
        }
        if members.len() > MAX_MEMBERS || name_bytes > MAX_NAME_BYTES {
            return Err(malformed(format!(
                "more than {MAX_MEMBERS} members, or {MAX_NAME_BYTES} bytes of their names: no image archive (for a root file system, unpack \
                 it and use dir:)"
            )));
        }
        at = next;
    }
}
