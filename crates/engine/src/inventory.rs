//! Reads the layers of an image in parallel, each once, and keeps their facts in the cache.
//!
//! # When cached facts may be used
//! Facts are kept under the diff-id, which a configuration merely *claims*. An archive could claim
//! the diff-id of a clean layer for a bad one. So facts are only taken when the bytes at hand are
//! known to be that layer:
//! 1. the digest of the source's bytes is known: the store addresses by content, or the file's
//!    stamp (device, inode, size, times) is one whose bytes were hashed before, or they are hashed
//!    now;
//! 2. an earlier pass has decompressed bytes of that digest and found this diff-id.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use plimsoll_image::cache::{Cache, CacheKey};
use plimsoll_image::pass::{Limits, Pass, PassError};
use plimsoll_image::source::{FileStamp, Image, Layer, Standing};
use plimsoll_model::analyzer::{Analyzer, EntryKind};
use plimsoll_model::digest::Digest;
use plimsoll_model::layer::{LayerFacts, UnreadLink};
use sha2::{Digest as _, Sha256};

use crate::scan::ScanError;

/// The version of the cached form of facts; raised when the model's types change.
const FACTS_VERSION: &[u8] = b"facts/1";

/// Shows how far the reading is; polled by whoever draws it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes read from the source so far.
    pub read: AtomicU64,
    /// Bytes to read, as the manifest states them; 0 when unknown.
    pub total: AtomicU64,
    /// Layers that are done.
    pub layers_done: AtomicUsize,
    /// Layers of the image.
    pub layers: AtomicUsize,
    /// Layers whose facts came from the cache.
    pub layers_cached: AtomicUsize,
}

/// Is what reading needs beside the image.
pub struct Reading<'a> {
    /// Who is handed the files.
    pub analyzers: &'a [&'a dyn Analyzer],
    /// What a layer may cost.
    pub limits: &'a Limits,
    /// Where facts are kept; `None` for nowhere.
    pub cache: Option<&'a Cache>,
    /// How many threads read.
    pub jobs: usize,
    /// Shows how far it is.
    pub progress: &'a Progress,
}

/// Reads all layers of an image, lowest first.
///
/// # Errors
/// The first failure of a source, or a digest that does not hold.
pub fn read_layers(image: &Image, reading: &Reading<'_>) -> Result<Vec<LayerFacts>, ScanError> {
    let count = image.layers.len();
    reading.progress.layers.fetch_add(count, Ordering::Relaxed);
    let total: u64 = image.layers.iter().map(|layer| layer.size).sum();
    reading.progress.total.fetch_add(total, Ordering::Relaxed);
    // The largest first, so that no thread is left with a large one at the end.
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|index| std::cmp::Reverse(image.layers.get(*index).map_or(0, |l| l.size)));
    let next = AtomicUsize::new(0);
    let wrote = AtomicUsize::new(0);
    let slots: Mutex<BTreeMap<usize, Result<LayerFacts, ScanError>>> = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let Some(index) = order.get(next.fetch_add(1, Ordering::Relaxed)).copied() else {
                return;
            };
            let done = one_layer(image, index, reading, &wrote);
            let failed = done.is_err();
            reading.progress.layers_done.fetch_add(1, Ordering::Relaxed);
            slots
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .insert(index, done);
            if failed {
                next.store(usize::MAX / 2, Ordering::Relaxed);
                return;
            }
        }
    };
    let threads = reading.jobs.clamp(1, count.max(1));
    if threads == 1 {
        work();
    } else {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
    }
    let slots = slots
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut layers = Vec::with_capacity(count);
    for (_, done) in slots {
        layers.push(done?);
    }
    if layers.len() != count {
        return Err(ScanError::Interrupted);
    }
    cross_links(image, &mut layers, reading)?;
    if wrote.load(Ordering::Relaxed) > 0
        && let Some(cache) = reading.cache
    {
        cache.trim();
    }
    Ok(layers)
}

fn one_layer(
    image: &Image,
    index: usize,
    reading: &Reading<'_>,
    wrote: &AtomicUsize,
) -> Result<LayerFacts, ScanError> {
    let Some(layer) = image.layers.get(index) else {
        return Err(ScanError::Interrupted);
    };
    let standing = image.blobs.standing(index);
    if let Some(cache) = reading.cache
        && let Some(facts) = cached(image, index, layer, &standing, cache, reading)?
    {
        reading
            .progress
            .read
            .fetch_add(layer.size, Ordering::Relaxed);
        reading
            .progress
            .layers_cached
            .fetch_add(1, Ordering::Relaxed);
        return Ok(facts);
    }
    let pass = Pass {
        analyzers: reading.analyzers,
        limits: reading.limits,
        progress: &reading.progress.read,
    };
    let fail = |source| ScanError::Layer {
        index,
        layer: shown(layer),
        source,
    };
    let bytes = image.blobs.open(index)?;
    let mut read = pass
        .layer(bytes, layer.digest.as_ref(), &layer.diff_id)
        .map_err(fail)?;
    own_links(image, index, &mut read.facts, reading, &pass)?;
    if let Some(cache) = reading.cache
        && read.whole
        && let Ok(packed) = postcard::to_stdvec(&read.facts)
    {
        cache.put(&facts_key(&layer.diff_id, reading.analyzers), &packed);
        cache.put(&link_key(&read.blob), layer.diff_id.as_str().as_bytes());
        if let Standing::File(stamp) = &standing
            && image.blobs.standing(index) == standing
            && settled(stamp)
        {
            cache.put(&stamp_key(stamp), read.blob.as_str().as_bytes());
        }
        wrote.fetch_add(1, Ordering::Relaxed);
    }
    Ok(read.facts)
}

/// Returns cached facts when the bytes at hand are known to be theirs.
fn cached(
    image: &Image,
    index: usize,
    layer: &Layer,
    standing: &Standing,
    cache: &Cache,
    reading: &Reading<'_>,
) -> Result<Option<LayerFacts>, ScanError> {
    // What the bytes are claimed to be; a store that names no digest names the plain archive's.
    let claimed = layer.digest.as_ref().unwrap_or(&layer.diff_id);
    let linked = text(cache.get(&link_key(claimed)));
    if linked.as_deref() != Some(layer.diff_id.as_str()) {
        return Ok(None);
    }
    let Some(packed) = cache.get(&facts_key(&layer.diff_id, reading.analyzers)) else {
        return Ok(None);
    };
    let Ok(facts) = postcard::from_bytes::<LayerFacts>(&packed) else {
        return Ok(None);
    };
    let known = match standing {
        Standing::ByDigest => true,
        Standing::Nothing => false,
        Standing::File(stamp) => {
            let remembered = text(cache.get(&stamp_key(stamp)));
            if remembered.is_some() {
                remembered.as_deref() == Some(claimed.as_str())
            } else {
                // Hashing is several times cheaper than reading: it is worth the try.
                let got = hash(image, index)?;
                if got == *claimed && settled(stamp) {
                    cache.put(&stamp_key(stamp), got.as_str().as_bytes());
                }
                got == *claimed
            }
        }
    };
    Ok(known.then_some(facts))
}

/// Hashes a layer's bytes.
fn hash(image: &Image, index: usize) -> Result<Digest, ScanError> {
    let mut bytes = image.blobs.open(index)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 256 << 10];
    loop {
        match bytes.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => hasher.update(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                let layer = image.layers.get(index).map_or_else(String::new, shown);
                let source = PassError::Source(error);
                return Err(ScanError::Layer {
                    index,
                    layer,
                    source,
                });
            }
        }
    }
    Ok(Digest::from_sha256(hasher.finalize()))
}

/// Says whether a file has been left alone long enough for its stamp to tell a later change: a
/// change within the clock's grain of the last one would leave the stamp as it is.
fn settled(stamp: &FileStamp) -> bool {
    let Ok(now) = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH)
    else {
        return false;
    };
    let now = i128::try_from(now.as_nanos()).unwrap_or(0);
    now - stamp.changed_ns > 1_000_000_000
}

/// Reads the content of hard links whose file lies in the same layer under a name nobody wanted.
fn own_links(
    image: &Image,
    index: usize,
    facts: &mut LayerFacts,
    reading: &Reading<'_>,
    pass: &Pass<'_>,
) -> Result<(), ScanError> {
    if facts.unread_links.is_empty() {
        return Ok(());
    }
    let wanted: std::collections::HashSet<Vec<u8>> = facts
        .unread_links
        .iter()
        .map(|link| link.target.as_bytes().to_vec())
        .collect();
    let mut here = std::collections::HashSet::new();
    facts.files.for_each(|file| {
        if file.kind == EntryKind::File && wanted.contains(file.path) {
            here.insert(file.path.to_vec());
        }
    });
    let (own, below): (Vec<UnreadLink>, Vec<UnreadLink>) = std::mem::take(&mut facts.unread_links)
        .into_iter()
        .partition(|link| here.contains(link.target.as_bytes()));
    facts.unread_links = below;
    if !own.is_empty() {
        let found = link_facts(image, index, &own, reading, pass)?;
        facts.facts.extend(found);
    }
    Ok(())
}

fn link_facts(
    image: &Image,
    index: usize,
    links: &[UnreadLink],
    _reading: &Reading<'_>,
    pass: &Pass<'_>,
) -> Result<Vec<plimsoll_model::layer::FileFact>, ScanError> {
    let layer = image.layers.get(index).map_or_else(String::new, shown);
    let bytes = image.blobs.open(index)?;
    pass.links(bytes, links).map_err(|source| ScanError::Layer {
        index,
        layer,
        source,
    })
}

/// Reads the content of hard links that share a file of a lower layer.
fn cross_links(
    image: &Image,
    layers: &mut [LayerFacts],
    reading: &Reading<'_>,
) -> Result<(), ScanError> {
    // Per layer that holds a file: the links to it, and the layer that each link belongs to.
    let mut wanted: BTreeMap<usize, Vec<(usize, UnreadLink)>> = BTreeMap::new();
    for (upper, layer) in layers.iter().enumerate() {
        for link in &layer.unread_links {
            let holder = (0..upper).rev().find(|lower| {
                let mut found = false;
                if let Some(layer) = layers.get(*lower) {
                    layer.files.for_each(|file| {
                        found |=
                            file.kind == EntryKind::File && file.path == link.target.as_bytes();
                    });
                }
                found
            });
            if let Some(holder) = holder {
                wanted
                    .entry(holder)
                    .or_default()
                    .push((upper, link.clone()));
            }
        }
    }
    let unused = AtomicU64::new(0);
    let pass = Pass {
        analyzers: reading.analyzers,
        limits: reading.limits,
        progress: &unused,
    };
    for (holder, links) in wanted {
        let only: Vec<UnreadLink> = links.iter().map(|(_, link)| link.clone()).collect();
        let found = link_facts(image, holder, &only, reading, &pass)?;
        for fact in found {
            let owner = links.iter().find(|(_, link)| link.path == fact.path);
            if let Some((upper, _)) = owner
                && let Some(layer) = layers.get_mut(*upper)
            {
                layer.facts.push(fact);
            }
        }
    }
    Ok(())
}

/// Names a layer in messages.
fn shown(layer: &Layer) -> String {
    layer.digest.as_ref().unwrap_or(&layer.diff_id).to_string()
}

fn text(bytes: Option<Vec<u8>>) -> Option<String> {
    bytes.and_then(|bytes| String::from_utf8(bytes).ok())
}

fn facts_key(diff_id: &Digest, analyzers: &[&dyn Analyzer]) -> CacheKey {
    let mut parts: Vec<Vec<u8>> = vec![FACTS_VERSION.to_vec(), diff_id.as_str().into()];
    for analyzer in analyzers {
        parts.push(format!("{}:{}", analyzer.name(), analyzer.version()).into_bytes());
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    CacheKey::new(&parts)
}

fn link_key(blob: &Digest) -> CacheKey {
    CacheKey::new(&[b"blob-diff-id/1", blob.as_str().as_bytes()])
}

fn stamp_key(stamp: &FileStamp) -> CacheKey {
    let text = format!(
        "{}:{}:{}:{}:{}:{}:{}",
        stamp.device,
        stamp.inode,
        stamp.size,
        stamp.modified_ns,
        stamp.changed_ns,
        stamp.offset,
        stamp.length
    );
    CacheKey::new(&[b"stamp/1", text.as_bytes()])
}
