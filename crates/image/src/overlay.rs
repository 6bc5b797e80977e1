//! What a container sees of stacked layers (OCI image specification 1.1, "Image Layer Filesystem
//! Changeset"): whiteouts, opaque folders, links, files replaced by folders and back.
//!
//! Works on the layers' packed file lists and on the paths of facts alone: only paths that facts lie
//! at, or below which they lie, are ever looked up. Facts that are covered by an upper layer are
//! kept as *hidden*, with the layer that hides them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hasher};
use std::ops::Bound;

use plimsoll_model::analyzer::{EntryKind, Fact};
use plimsoll_model::layer::{FileFact, LayerFacts, ListedFile};
use plimsoll_model::path::{ImagePath, MAX_PATH_BYTES, file_name, parent};

/// The prefix of whiteout names.
const WHITEOUT: &[u8] = b".wh.";
/// The name that makes a folder opaque.
const OPAQUE: &[u8] = b".wh..wh..opq";
/// The most symbolic links that are followed for one path (Linux follows 40).
const MAX_LINKS_FOLLOWED: usize = 40;
/// The most symbolic links that are kept of an image.
const MAX_SYMLINKS: usize = 300_000;
/// The most bytes of paths and targets of symbolic links that are kept of an image.
const MAX_SYMLINK_BYTES: usize = 48 << 20;
/// The longest target of a symbolic link, in bytes (Linux's `PATH_MAX` without the NUL): a longer
/// one cannot be made, and a path that grows beyond [`MAX_PATH_BYTES`] cannot be followed.
const MAX_TARGET: usize = 4095;
/// How deep the folders above a path are remembered; what lies deeper is looked up each time.
const MAX_PREFIXES: usize = 64;

/// Says whether a path is a whiteout or a mark of an old union file system, not a file.
pub fn is_whiteout(path: &[u8]) -> bool {
    file_name(path).starts_with(WHITEOUT)
}

/// Is a fact with its place.
#[derive(Clone, Debug)]
pub struct PlacedFact<'a> {
    /// The path at which a container sees the file.
    pub path: ImagePath,
    /// The layer whose file this is.
    pub layer: usize,
    /// The layer since which this path has stated the same without a break.
    pub introduced: usize,
    /// The layer that hides it, for hidden facts.
    pub hidden_by: Option<usize>,
    /// The index of the analyzer.
    pub analyzer: u16,
    /// The fact.
    pub fact: &'a Fact,
}

/// Is the image as a container sees it, as far as facts go.
#[derive(Debug, Default)]
pub struct Squashed<'a> {
    /// Facts in files that a container sees, by path, then in the order found.
    pub visible: Vec<PlacedFact<'a>>,
    /// Facts in files that an upper layer covers or deletes, by layer, path, order found.
    pub hidden: Vec<PlacedFact<'a>>,
    /// Whether there were more symbolic links than are kept, so that some were not followed.
    pub links_cut: bool,
    symlinks: Symlinks,
}

/// Is the symbolic links that a container sees: path to target as written.
#[derive(Debug, Default)]
struct Symlinks {
    targets: BTreeMap<Vec<u8>, Vec<u8>>,
    /// How many links have a path of this hash ([`step`]): tells most paths that are none at a
    /// glance.
    hashes: HashMap<u64, u32>,
    /// The folders above links; only grows.
    above: Prefixes,
    bytes: usize,
    cut: bool,
}

/// Is one statement of a path: which layer's file, which of its facts, and whether the path had been
/// deleted in between.
#[derive(Debug)]
struct Version<'a> {
    layer: usize,
    facts: Vec<&'a FileFact>,
    /// Set when an upper layer covers it.
    hidden_by: Option<usize>,
    /// Whether a whiteout, not a new file, ended it: what comes later is no continuation.
    deleted: bool,
}

/// Squashes layers, lowest first. `same` says whether two facts state the same thing (the same
/// package); it decides which layer introduced a fact.
pub fn squash(layers: &[LayerFacts], same: impl Fn(&Fact) -> Option<String>) -> Squashed<'_> {
    let mut merge = Merge {
        interesting: Prefixes::default(),
        paths: BTreeMap::new(),
        symlinks: Symlinks::default(),
        emptied: HashSet::new(),
    };
    for (index, layer) in layers.iter().enumerate() {
        merge.layer(index, layer);
    }
    merge.finish(&same)
}

impl Squashed<'_> {
    /// Follows symbolic links as a container would: the path of the file itself, or `None` when the
    /// links form a loop. Does not say whether the file exists.
    pub fn resolve(&self, path: &ImagePath) -> Option<ImagePath> {
        self.symlinks
            .resolve(path.as_bytes(), true)
            .map(|p| ImagePath::from_normalized(p.into_owned()))
    }
}

struct Merge<'a> {
    interesting: Prefixes,
    /// Every path that has or had facts, with its statements, oldest first.
    paths: BTreeMap<Vec<u8>, Vec<Version<'a>>>,
    symlinks: Symlinks,
    /// Hashes of the folders below which the current layer has hidden all there was: a layer may
    /// say so a million times.
    emptied: HashSet<u64>,
}

impl<'a> Merge<'a> {
    fn layer(&mut self, index: usize, layer: &'a LayerFacts) {
        self.emptied.clear();
        if index > 0 {
            self.deletions(index, layer);
        }
        // Facts of this layer, grouped by the path at which they will be seen.
        let mut own: BTreeMap<&[u8], Vec<&'a FileFact>> = BTreeMap::new();
        for fact in &layer.facts {
            own.entry(fact.path.as_bytes()).or_default().push(fact);
        }
        let mut folder = FolderCache::default();
        let mut placed: Vec<(Vec<u8>, Vec<&'a FileFact>)> = Vec::new();
        layer.files.for_each(|file| {
            if is_whiteout(file.path) {
                return;
            }
            let seen = folder.place(&self.symlinks, file.path);
            if index > 0 {
                self.cover(index, &seen, file.kind);
            }
            match file.kind {
                EntryKind::Symlink => {
                    folder.forget(&seen);
                    self.symlinks.insert(&seen, file.link);
                }
                _ if self.symlinks.remove(&seen) => folder.forget(&seen),
                _ => {}
            }
            if let Some(facts) = own.remove(file.path) {
                placed.push((seen.into_owned(), facts));
            }
        });
        // Facts whose path is not in the list (it was cut, or they come from a hard link that was
        // read later) count all the same.
        for (path, facts) in own {
            let seen = folder.place(&self.symlinks, path).into_owned();
            placed.push((seen, facts));
        }
        for (path, facts) in placed {
            self.interesting.add(&path);
            let versions = self.paths.entry(path).or_default();
            if let Some(before) = versions.last_mut()
                && before.hidden_by.is_none()
            {
                if before.layer == index {
                    // Two names of this layer for one place: the later file is what is there.
                    before.facts = facts;
                    continue;
                }
                before.hidden_by = Some(index);
            }
            versions.push(Version {
                layer: index,
                facts,
                hidden_by: None,
                deleted: false,
            });
        }
    }

    /// Applies a layer's whiteouts and opaque folders: they act on lower layers only, so they come
    /// before the layer's own files.
    fn deletions(&mut self, index: usize, layer: &LayerFacts) {
        let mut folder = FolderCache::default();
        let mut unlinked: BTreeSet<(Vec<u8>, bool)> = BTreeSet::new();
        layer.files.for_each(|file: ListedFile<'_>| {
            let name = file_name(file.path);
            let (path, itself) = if name == OPAQUE {
                let seen = folder.place(&self.symlinks, file.path);
                (parent(&seen).to_vec(), false)
            } else if let Some(target) = name.strip_prefix(WHITEOUT)
                // `.wh.`, `.wh..` and `.wh...` would delete the folder itself or its parent;
                // `.wh..wh.*` are marks of AUFS.
                && !target.is_empty()
                && target != b"."
                && target != b".."
                && !target.starts_with(WHITEOUT)
            {
                let seen = folder.place(&self.symlinks, file.path);
                let mut path = parent(&seen).to_vec();
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(target);
                (path, true)
            } else {
                // A folder in a link's place: whiteouts in it are not about the link's target.
                if file.kind == EntryKind::Directory && self.symlinks.remove(file.path) {
                    folder.forget(file.path);
                }
                return;
            };
            self.hide_below(index, &path, true);
            if itself {
                self.hide_exact(index, &path, true);
            }
            // Links go only once every whiteout has found its place by them.
            if self.symlinks.below(&path) || (itself && self.symlinks.get(&path).is_some()) {
                unlinked.insert((path, itself));
            }
        });
        for (path, itself) in unlinked {
            self.symlinks.remove_below(&path);
            if itself {
                self.symlinks.remove(&path);
            }
        }
    }

    /// Covers what lies in lower layers at the path of a new entry, and below it when the entry is
    /// no folder.
    fn cover(&mut self, index: usize, path: &[u8], kind: EntryKind) {
        if kind != EntryKind::Directory && self.symlinks.below(path) {
            self.symlinks.remove_below(path);
        }
        if !self.interesting.contains(path) {
            return;
        }
        self.hide_exact(index, path, false);
        if kind != EntryKind::Directory {
            self.hide_below(index, path, true);
        }
    }

    fn hide_exact(&mut self, index: usize, path: &[u8], deleted: bool) {
        if let Some(versions) = self.paths.get_mut(path) {
            hide(versions, index, deleted);
        }
    }

    fn hide_below(&mut self, index: usize, path: &[u8], deleted: bool) {
        if !path.is_empty() && !self.interesting.contains(path) {
            return;
        }
        if !self.emptied.insert(self.emptied.hasher().hash_one(path)) {
            return;
        }
        let (from, to) = range_below(path);
        let range = (
            Bound::Included(from),
            to.map_or(Bound::Unbounded, Bound::Excluded),
        );
        for (_, versions) in self.paths.range_mut::<Vec<u8>, _>(range) {
            hide(versions, index, deleted);
        }
    }

    fn finish(self, same: &impl Fn(&Fact) -> Option<String>) -> Squashed<'a> {
        let mut visible = Vec::new();
        let mut hidden = Vec::new();
        for (path, versions) in &self.paths {
            let path = ImagePath::from_normalized(path.as_slice());
            // Most paths have one version, which needs no comparing.
            let compared = if versions.len() > 1 {
                versions.as_slice()
            } else {
                &[]
            };
            let keys: Vec<HashSet<String>> = compared
                .iter()
                .map(|v| v.facts.iter().filter_map(|f| same(&f.fact)).collect())
                .collect();
            for (at, version) in versions.iter().enumerate() {
                for fact in &version.facts {
                    let mut introduced = version.layer;
                    if at > 0
                        && let Some(key) = same(&fact.fact)
                    {
                        let mut newer = version.layer;
                        let before = versions.iter().zip(&keys).take(at).rev();
                        for (older, older_keys) in before {
                            // A deletion, or a file in between that states nothing, ends the run.
                            let unbroken = !older.deleted && older.hidden_by == Some(newer);
                            if !unbroken || !older_keys.contains(&key) {
                                break;
                            }
                            introduced = older.layer;
                            newer = older.layer;
                        }
                    }
                    let placed = PlacedFact {
                        path: path.clone(),
                        layer: version.layer,
                        introduced,
                        hidden_by: version.hidden_by,
                        analyzer: fact.analyzer,
                        fact: &fact.fact,
                    };
                    if version.hidden_by.is_some() {
                        &mut hidden
                    } else {
                        &mut visible
                    }
                    .push(placed);
                }
            }
        }
        hidden.sort_by(|a: &PlacedFact<'_>, b| (a.layer, &a.path).cmp(&(b.layer, &b.path)));
        Squashed {
            visible,
            hidden,
            links_cut: self.symlinks.cut,
            symlinks: self.symlinks,
        }
    }
}

fn hide(versions: &mut [Version<'_>], index: usize, deleted: bool) {
    if let Some(last) = versions.last_mut()
        && last.layer < index
    {
        if last.hidden_by.is_none() {
            last.hidden_by = Some(index);
        }
        last.deleted |= deleted;
    }
}

/// Returns the range of paths below a folder: from `folder/` to before `folder0`.
fn range_below(path: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    if path.is_empty() {
        return (Vec::new(), None);
    }
    let mut from = path.to_vec();
    from.push(b'/');
    let mut to = path.to_vec();
    to.push(b'/' + 1);
    (from, Some(to))
}

impl Symlinks {
    fn insert(&mut self, path: &[u8], target: &[u8]) {
        self.remove(path);
        let bytes = path.len() + target.len();
        if self.targets.len() >= MAX_SYMLINKS
            || self.bytes + bytes > MAX_SYMLINK_BYTES
            || target.len() > MAX_TARGET
        {
            self.cut = true;
            return;
        }
        self.bytes += bytes;
        *self.hashes.entry(hash_of(path)).or_default() += 1;
        self.above.add(parent(path));
        self.targets.insert(path.to_vec(), target.to_vec());
    }

    fn get(&self, path: &[u8]) -> Option<&[u8]> {
        if self.targets.is_empty() || !self.hashes.contains_key(&hash_of(path)) {
            return None;
        }
        self.targets.get(path).map(Vec::as_slice)
    }

    fn remove(&mut self, path: &[u8]) -> bool {
        if self.get(path).is_none() {
            return false;
        }
        if let Some(target) = self.targets.remove(path) {
            self.bytes -= path.len() + target.len();
        }
        let hash = hash_of(path);
        if let Some(count) = self.hashes.get_mut(&hash) {
            *count -= 1;
            if *count == 0 {
                self.hashes.remove(&hash);
            }
        }
        true
    }

    /// Says whether any link lies below a path.
    fn below(&self, path: &[u8]) -> bool {
        if self.targets.is_empty() || !self.above.contains(path) {
            return false;
        }
        let (from, to) = range_below(path);
        let range = (
            Bound::Included(from),
            to.map_or(Bound::Unbounded, Bound::Excluded),
        );
        self.targets.range::<Vec<u8>, _>(range).next().is_some()
    }

    fn remove_below(&mut self, path: &[u8]) {
        let (from, to) = range_below(path);
        let range = (
            Bound::Included(from),
            to.map_or(Bound::Unbounded, Bound::Excluded),
        );
        let gone: Vec<Vec<u8>> = self
            .targets
            .range::<Vec<u8>, _>(range)
            .map(|(path, _)| path.clone())
            .collect();
        for path in gone {
            self.remove(&path);
        }
    }

    /// Follows the links in a path: those of its folders, and with `last` that of its last
    /// component too. `..` that leads above the root stays at the root, as in a container.
    fn resolve<'p>(&self, path: &'p [u8], last: bool) -> Option<Cow<'p, [u8]>> {
        if !self.on_the_way(path, last) {
            return Some(Cow::Borrowed(path));
        }
        let mut todo: Vec<u8> = path.to_vec();
        let mut at = 0;
        let mut done: Vec<u8> = Vec::new();
        // The hash of what is done, and what it was at each of its folders.
        let mut hash = EMPTY_HASH;
        let mut before: Vec<(usize, u64)> = Vec::new();
        let mut followed = 0;
        while let Some(rest) = todo.get(at..).filter(|rest| !rest.is_empty()) {
            let length = rest.iter().position(|b| *b == b'/').unwrap_or(rest.len());
            let part = rest.get(..length).unwrap_or_default();
            at = (at + length + 1).min(todo.len());
            match part {
                b"" | b"." => continue,
                b".." => {
                    if let Some((length, earlier)) = before.pop() {
                        done.truncate(length);
                        hash = earlier;
                    }
                    continue;
                }
                _ => {}
            }
            before.push((done.len(), hash));
            let start = done.len();
            if !done.is_empty() {
                done.push(b'/');
            }
            done.extend_from_slice(part);
            hash = step(hash, done.get(start..).unwrap_or_default());
            if done.len() > MAX_PATH_BYTES {
                return None;
            }
            if at == todo.len() && !last {
                break;
            }
            if !self.hashes.contains_key(&hash) {
                continue;
            }
            let Some(target) = self.targets.get(&done) else {
                continue;
            };
            followed += 1;
            if followed > MAX_LINKS_FOLLOWED {
                return None;
            }
            if target.starts_with(b"/") {
                done.clear();
                before.clear();
                hash = EMPTY_HASH;
            } else if let Some((length, earlier)) = before.pop() {
                done.truncate(length);
                hash = earlier;
            }
            let rest = todo.get(at..).unwrap_or_default();
            todo = [target.as_slice(), b"/", rest].concat();
            at = 0;
        }
        Some(Cow::Owned(done))
    }

    /// Says whether any link lies on the way of a path.
    fn on_the_way(&self, path: &[u8], last: bool) -> bool {
        if self.targets.is_empty() {
            return false;
        }
        let mut hash = EMPTY_HASH;
        let mut from = 0;
        loop {
            let rest = path.get(from..).unwrap_or_default();
            // From one slash to the next.
            let skipped = usize::from(from > 0);
            let length = rest.iter().skip(skipped).position(|b| *b == b'/');
            let Some(length) = length.map(|length| length + skipped) else {
                hash = step(hash, rest);
                return last && self.hashes.contains_key(&hash) && self.targets.contains_key(path);
            };
            let (part, _) = rest.split_at_checked(length).unwrap_or_default();
            hash = step(hash, part);
            from += length;
            if self.hashes.contains_key(&hash)
                && let Some(prefix) = path.get(..from)
                && self.targets.contains_key(prefix)
            {
                return true;
            }
        }
    }
}

/// Is the hash of the empty path (FNV-1a's offset basis).
const EMPTY_HASH: u64 = 0xcbf2_9ce4_8422_2325;

/// Continues a path's hash with the next bytes (FNV-1a): the hashes of all the folders above a path
/// come of one walk over it. It only tells what need not be looked up.
fn step(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn hash_of(path: &[u8]) -> u64 {
    step(EMPTY_HASH, path)
}

/// Remembers where the last entry's folder really lies: entries come folder by folder.
#[derive(Default)]
struct FolderCache {
    folder: Vec<u8>,
    /// The resolved folder; `None` when it is the folder itself.
    real: Option<Vec<u8>>,
    known: bool,
}

impl FolderCache {
    /// Returns the path at which an entry lands: its folder's links are followed, its own is not.
    fn place<'p>(&mut self, symlinks: &Symlinks, path: &'p [u8]) -> Cow<'p, [u8]> {
        let folder = parent(path);
        if !self.known || self.folder != folder {
            self.folder.clear();
            self.folder.extend_from_slice(folder);
            self.known = true;
            self.real = match symlinks.resolve(folder, true) {
                // A loop: nothing can be there; the path is kept as written.
                None | Some(Cow::Borrowed(_)) => None,
                Some(Cow::Owned(real)) => Some(real),
            };
        }
        match &self.real {
            None => Cow::Borrowed(path),
            Some(real) => {
                let mut seen = real.clone();
                if !seen.is_empty() {
                    seen.push(b'/');
                }
                seen.extend_from_slice(file_name(path));
                Cow::Owned(seen)
            }
        }
    }

    /// Forgets the folder when a link that came or went at a path may lie on its way.
    fn forget(&mut self, path: &[u8]) {
        let below = self.folder.strip_prefix(path);
        if self.real.is_some() || below.is_some_and(|rest| matches!(rest, [] | [b'/', ..])) {
            self.known = false;
        }
    }
}

/// Is the set of hashes of paths and of the folders above them, down to [`MAX_PREFIXES`] deep.
#[derive(Debug, Default)]
struct Prefixes {
    hashes: HashSet<u64>,
    state: std::hash::BuildHasherDefault<std::hash::DefaultHasher>,
}

impl Prefixes {
    fn hash(&self, path: &[u8]) -> u64 {
        let mut hasher = self.state.build_hasher();
        hasher.write(path);
        hasher.finish()
    }

    /// Returns the path, or the part of it that is no deeper than is remembered.
    fn shallow(path: &[u8]) -> &[u8] {
        let mut slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        match slashes.nth(MAX_PREFIXES) {
            Some((at, _)) => path.get(..at).unwrap_or_default(),
            None => path,
        }
    }

    fn add(&mut self, path: &[u8]) {
        let mut rest = Self::shallow(path);
        loop {
            let hash = self.hash(rest);
            if !self.hashes.insert(hash) || rest.is_empty() {
                return;
            }
            rest = parent(rest);
        }
    }

    /// May say yes for a path that is not in the set; the exact look-up follows.
    fn contains(&self, path: &[u8]) -> bool {
        !self.hashes.is_empty() && self.hashes.contains(&self.hash(Self::shallow(path)))
    }
}
