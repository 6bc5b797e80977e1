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

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use plimsoll_image::cache::{Cache, CacheKey};
use plimsoll_image::pass::{Limits, Pass, PassError};
use plimsoll_image::source::{FileStamp, Image, Layer, Standing};
use plimsoll_model::analyzer::{Analyzer, EntryKind};
use plimsoll_model::digest::Digest;
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::layer::{FileFact, FileList, LayerFacts, UnreadLink};
use plimsoll_model::path::ImagePath;
use sha2::{Digest as _, Sha256};

use crate::scan::ScanError;

/// The version of the cached form of facts; raised when the model's types change, or what the pass
/// makes of a layer does. A release's own version is part of the key beside it.
const FACTS_VERSION: &[u8] = b"facts/3";
/// The most memory that the layers of an image may take together, in bytes, as far as it is known:
/// their file lists, and [`FACT_BYTES`] for each fact.
const MAX_IMAGE_BYTES: usize = 1 << 30;
/// What a fact counts for at least.
const FACT_BYTES: usize = 256;
/// How many hard links to hard links are followed.
const MAX_HOPS: usize = 8;

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
    let total = image
        .layers
        .iter()
        .fold(0_u64, |sum, l| sum.saturating_add(l.size));
    reading.progress.total.fetch_add(total, Ordering::Relaxed);
    // The largest first, so that no thread is left with a large one at the end.
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|index| std::cmp::Reverse(image.layers.get(*index).map_or(0, |l| l.size)));
    let next = AtomicUsize::new(0);
    let wrote = AtomicUsize::new(0);
    let held = AtomicUsize::new(0);
    let slots: Mutex<BTreeMap<usize, Result<LayerFacts, ScanError>>> = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let Some(index) = order.get(next.fetch_add(1, Ordering::Relaxed)).copied() else {
                return;
            };
            let done = one_layer(image, index, reading, &wrote).and_then(|layer| {
                let bytes = layer.files.packed_bytes() + layer.facts.len() * FACT_BYTES;
                let before = held.fetch_add(bytes, Ordering::Relaxed);
                if before.saturating_add(bytes) > MAX_IMAGE_BYTES {
                    return Err(ScanError::TooLarge {
                        bytes: MAX_IMAGE_BYTES,
                    });
                }
                Ok(layer)
            });
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
    own_links(image, index, &mut read.facts, &pass)?;
    if let Some(cache) = reading.cache
        && read.whole
        && let Ok(packed) = postcard::to_stdvec(&read.facts)
    {
        cache.put(&facts_key(&layer.diff_id, reading), &packed);
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
    let Some(packed) = cache.get(&facts_key(&layer.diff_id, reading)) else {
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
                let same = image.blobs.standing(index) == *standing;
                if got == *claimed && same && settled(stamp) {
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

/// Is what a layer says of a name that hard links point to.
enum Named {
    File,
    /// A hard link itself, to this.
    Link(Vec<u8>),
}

/// Looks names up in a layer's list, in one walk.
fn look_up(files: &FileList, wanted: impl Fn(&[u8]) -> bool) -> HashMap<Vec<u8>, Named> {
    let mut found = HashMap::new();
    files.for_each(|file| match file.kind {
        EntryKind::File if wanted(file.path) => {
            found.insert(file.path.to_vec(), Named::File);
        }
        EntryKind::HardLink if wanted(file.path) => {
            found
                .entry(file.path.to_vec())
                .or_insert_with(|| Named::Link(file.link.to_vec()));
        }
        _ => {}
    });
    found
}

/// Are hard links by the name that they point to, each with its layer and its index there.
type Open = HashMap<Vec<u8>, Vec<(usize, usize)>>;

/// Takes out of `open` the links whose file a layer holds, be it through further hard links, and
/// returns them.
fn settle(files: &FileList, open: &mut Open) -> Open {
    let mut settled = Open::new();
    let mut asked = std::mem::take(open);
    for _ in 0..MAX_HOPS {
        let mut found = look_up(files, |path| asked.contains_key(path));
        let mut next = Open::new();
        for (name, links) in asked.drain() {
            match found.remove(&name) {
                Some(Named::File) => settled.entry(name).or_default().extend(links),
                Some(Named::Link(target)) => next.entry(target).or_default().extend(links),
                None => open.entry(name).or_default().extend(links),
            }
        }
        if next.is_empty() {
            return settled;
        }
        asked = next;
    }
    // A circle, or a longer chain than is followed.
    for (name, links) in asked {
        open.entry(name).or_default().extend(links);
    }
    settled
}

/// Reads the content of hard links whose file lies in the same layer under a name nobody wanted.
fn own_links(
    image: &Image,
    index: usize,
    facts: &mut LayerFacts,
    pass: &Pass<'_>,
) -> Result<(), ScanError> {
    if facts.unread_links.is_empty() {
        return Ok(());
    }
    let mut open = Open::new();
    for (at, link) in facts.unread_links.iter().enumerate() {
        open.entry(link.target.as_bytes().to_vec())
            .or_default()
            .push((index, at));
    }
    let settled = settle(&facts.files, &mut open);
    let mut own = Vec::new();
    let mut done = HashSet::new();
    for (target, links) in settled {
        for (_, at) in links {
            if let Some(link) = facts.unread_links.get(at) {
                let target = ImagePath::from_normalized(target.as_slice());
                own.push(UnreadLink {
                    path: link.path.clone(),
                    target,
                });
                done.insert(at);
            }
        }
    }
    own.sort();
    // A chain may lead out of this layer: lower ones are asked for where it does.
    for (target, links) in open {
        for (_, at) in links {
            if let Some(link) = facts.unread_links.get_mut(at) {
                link.target = ImagePath::from_normalized(target.as_slice());
            }
        }
    }
    let mut at = 0;
    facts.unread_links.retain(|_| {
        at += 1;
        !done.contains(&(at - 1))
    });
    if !own.is_empty() {
        facts.facts.extend(link_facts(image, index, &own, pass)?);
    }
    Ok(())
}

fn link_facts(
    image: &Image,
    index: usize,
    links: &[UnreadLink],
    pass: &Pass<'_>,
) -> Result<Vec<FileFact>, ScanError> {
    let Some(layer) = image.layers.get(index) else {
        return Err(ScanError::Interrupted);
    };
    let bytes = image.blobs.open(index)?;
    pass.links(bytes, layer.digest.as_ref(), &layer.diff_id, links)
        .map_err(|source| ScanError::Layer {
            index,
            layer: shown(layer),
            source,
        })
}

/// Reads the content of hard links that share a file of a lower layer.
fn cross_links(
    image: &Image,
    layers: &mut [LayerFacts],
    reading: &Reading<'_>,
) -> Result<(), ScanError> {
    if layers.iter().all(|layer| layer.unread_links.is_empty()) {
        return Ok(());
    }
    // Downwards, so that of several files of a name the topmost is found; each list is walked once
    // (and again for hard links to hard links).
    let mut open = Open::new();
    // Per layer that holds a file: the links to it, and the layers that each path belongs to.
    let mut wanted: BTreeMap<usize, BTreeMap<UnreadLink, Vec<usize>>> = BTreeMap::new();
    for (index, layer) in layers.iter().enumerate().rev() {
        if !open.is_empty() {
            for (target, links) in settle(&layer.files, &mut open) {
                let target = ImagePath::from_normalized(target);
                for (upper, at) in links {
                    let link = layers
                        .get(upper)
                        .and_then(|layer| layer.unread_links.get(at));
                    if let Some(link) = link {
                        let link = UnreadLink {
                            path: link.path.clone(),
                            target: target.clone(),
                        };
                        wanted
                            .entry(index)
                            .or_default()
                            .entry(link)
                            .or_default()
                            .push(upper);
                    }
                }
            }
        }
        for (at, link) in layer.unread_links.iter().enumerate() {
            open.entry(link.target.as_bytes().to_vec())
                .or_default()
                .push((index, at));
        }
    }
    say_dangling(image, layers, &open);
    let unused = AtomicU64::new(0);
    let pass = Pass {
        analyzers: reading.analyzers,
        limits: reading.limits,
        progress: &unused,
    };
    for (holder, links) in wanted {
        let only: Vec<UnreadLink> = links.keys().cloned().collect();
        let owners: HashMap<&[u8], &Vec<usize>> = links
            .iter()
            .map(|(link, uppers)| (link.path.as_bytes(), uppers))
            .collect();
        for fact in link_facts(image, holder, &only, &pass)? {
            for upper in owners
                .get(fact.path.as_bytes())
                .copied()
                .into_iter()
                .flatten()
            {
                if let Some(layer) = layers.get_mut(*upper) {
                    layer.facts.push(fact.clone());
                }
            }
        }
    }
    Ok(())
}

/// Says which layers hold hard links to files that are nowhere: no container could be made of them.
fn say_dangling(image: &Image, layers: &mut [LayerFacts], open: &Open) {
    let mut dangling: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for (layer, at) in open.values().flatten() {
        let (count, first) = dangling.entry(*layer).or_insert((0, *at));
        *count += 1;
        *first = (*first).min(*at);
    }
    for (index, (count, first)) in dangling {
        let name = image.layers.get(index).map_or_else(String::new, shown);
        if let Some(layer) = layers.get_mut(index)
            && let Some(link) = layer.unread_links.get(first)
        {
            let detail = format!(
                "{count} hard {} to no file of this layer or of one below, such as {} to {}; what \
                 is in there is not known",
                if count == 1 {
                    "link leads"
                } else {
                    "links lead"
                },
                link.path,
                link.target
            );
            layer
                .issues
                .push(Issue::new(IssueKind::DamagedLayer, name, detail));
        }
    }
}

/// Names a layer in messages.
fn shown(layer: &Layer) -> String {
    layer.digest.as_ref().unwrap_or(&layer.diff_id).to_string()
}

fn text(bytes: Option<Vec<u8>>) -> Option<String> {
    bytes.and_then(|bytes| String::from_utf8(bytes).ok())
}

fn facts_key(diff_id: &Digest, reading: &Reading<'_>) -> CacheKey {
    let mut parts: Vec<Vec<u8>> = vec![
        FACTS_VERSION.to_vec(),
        env!("CARGO_PKG_VERSION").into(),
        diff_id.as_str().into(),
        // What did not fit the limits is missing from the facts.
        format!("{:?}", reading.limits).into_bytes(),
    ];
    for analyzer in reading.analyzers {
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

#[cfg(test)]
mod tests {
    use plimsoll_model::analyzer::{Fact, Ownership, RequestedState};
    use plimsoll_model::distro::Distro;
    use plimsoll_model::ecosystem::PackageKind;
    use plimsoll_model::layer::ListedFile;
    use plimsoll_model::package::{Package, Requirement, SourcePackage};

    use super::*;

    /// Facts of an older program that decode into other facts would be believed: postcard keeps no
    /// names and no types. When this fails, raise [`FACTS_VERSION`] and state the new hash.
    #[test]
    fn the_cached_form_has_not_changed_without_its_version() {
        let text = |name: &str| name.to_owned();
        let requirement = |name| Requirement {
            name: text(name),
            constraint: text(">= 1"),
        };
        let mut package = Package::new(PackageKind::Deb, "name", "1");
        package.source = Some(SourcePackage {
            name: text("source"),
            version: text("2"),
        });
        package.arch = Some(text("amd64"));
        package.licenses = vec![text("MIT")];
        package.locations = vec![text("/db")];
        package.requires = vec![vec![requirement("needs")]];
        package.provides = vec![requirement("gives")];
        package.requested = Some(true);
        package.depends_on = vec![text("pkg:deb/other")];
        package.purl = text("pkg:deb/name");
        package.properties.insert(text("key"), text("value"));
        let distro = Distro {
            id: text("id"),
            id_like: vec![text("like")],
            version_id: text("3"),
            codename: text("code"),
            pretty_name: text("pretty"),
            cpe: text("cpe"),
        };
        let issue = || Issue::new(IssueKind::DamagedLayer, "subject", "detail");
        let path = |text: &str| ImagePath::from_normalized(text);
        let facts = [
            Fact::Package(Box::new(package)),
            Fact::Distro(distro),
            Fact::Owns(Ownership {
                package: text("p"),
                paths: b"a\nb".to_vec(),
            }),
            Fact::Requested(RequestedState {
                names: vec![text("n")],
                requested: true,
            }),
            Fact::Licenses {
                package: text("p"),
                licenses: vec![text("MIT")],
            },
            Fact::Note {
                key: text("k"),
                value: text("v"),
            },
            Fact::Issue(issue()),
        ];
        let mut files = FileList::default();
        for kind in [EntryKind::File, EntryKind::HardLink, EntryKind::Symlink] {
            files.push(&ListedFile {
                path: b"a/b",
                kind,
                mode: 0o755,
                size: 7,
                link: b"c",
            });
        }
        let layer = LayerFacts {
            diff_id: Some(Digest::from_sha256(Sha256::digest(b""))),
            size_bytes: 5,
            files,
            facts: (0_u16..)
                .zip(facts)
                .map(|(analyzer, fact)| FileFact {
                    path: path("db"),
                    analyzer,
                    fact,
                })
                .collect(),
            unread_links: vec![UnreadLink {
                path: path("a"),
                target: path("b"),
            }],
            issues: vec![issue()],
        };
        let form = Sha256::digest(postcard::to_stdvec(&layer).unwrap());
        let got = (FACTS_VERSION, Digest::from_sha256(form).to_string());
        let want = "sha256:2d28415fcda76cfca855ad6d7afa7f7f3bb107bafb296c95830a148492fa2596";
        assert_eq!(got, (b"facts/3".as_slice(), want.to_owned()));
    }
}
