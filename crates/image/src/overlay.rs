//! What a container sees of stacked layers (OCI image specification 1.1, "Image Layer Filesystem
//! Changeset"): whiteouts, opaque folders, links, files replaced by folders and back.
//!
//! Works on the layers' packed file lists and on the paths of facts alone: only paths that facts lie
//! at, or below which they lie, are ever looked up. Facts that are covered by an upper layer are
//! kept as *hidden*, with the layer that hides them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, Hasher};
use std::ops::Bound;

use plimsoll_model::analyzer::{EntryKind, Fact};
use plimsoll_model::layer::{FileFact, LayerFacts, ListedFile};
use plimsoll_model::path::{ImagePath, file_name, parent};

/// The prefix of whiteout names.
const WHITEOUT: &[u8] = b".wh.";
/// The name that makes a folder opaque.
const OPAQUE: &[u8] = b".wh..wh..opq";
/// The most symbolic links that are followed for one path (Linux follows 40).
const MAX_LINKS_FOLLOWED: usize = 40;
/// The most symbolic links that are kept of an image.
const MAX_SYMLINKS: usize = 300_000;

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
}

impl<'a> Merge<'a> {
    fn layer(&mut self, index: usize, layer: &'a LayerFacts) {
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
                    folder.forget();
                    self.symlinks.insert(&seen, file.link);
                }
                _ if self.symlinks.remove(&seen) => folder.forget(),
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
                    before.facts.extend(facts);
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
        let mut removed: Vec<(Vec<u8>, bool)> = Vec::new();
        layer.files.for_each(|file: ListedFile<'_>| {
            let name = file_name(file.path);
            if name == OPAQUE {
                let seen = folder.place(&self.symlinks, file.path);
                removed.push((parent(&seen).to_vec(), false));
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
                removed.push((path, true));
            }
        });
        for (path, itself) in removed {
            self.hide_below(index, &path, true);
            self.symlinks.remove_below(&path);
            if itself {
                self.hide_exact(index, &path, true);
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
            let keys: Vec<HashSet<String>> = versions
                .iter()
                .map(|v| v.facts.iter().filter_map(|f| same(&f.fact)).collect())
                .collect();
            for (at, version) in versions.iter().enumerate() {
                for fact in &version.facts {
                    let mut introduced = version.layer;
                    if let Some(key) = same(&fact.fact) {
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
        if self.targets.len() >= MAX_SYMLINKS && !self.targets.contains_key(path) {
            self.cut = true;
            return;
        }
        self.targets.insert(path.to_vec(), target.to_vec());
    }

    fn remove(&mut self, path: &[u8]) -> bool {
        !self.targets.is_empty() && self.targets.remove(path).is_some()
    }

    /// Says whether any link lies below a path.
    fn below(&self, path: &[u8]) -> bool {
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
            self.targets.remove(&path);
        }
    }

    /// Follows the links in a path: those of its folders, and with `last` that of its last
    /// component too. `..` that leads above the root stays at the root, as in a container.
    fn resolve<'p>(&self, path: &'p [u8], last: bool) -> Option<Cow<'p, [u8]>> {
        if !self.on_the_way(path, last) {
            return Some(Cow::Borrowed(path));
        }
        let mut todo: Vec<Vec<u8>> = path
            .split(|b| *b == b'/')
            .rev()
            .map(<[u8]>::to_vec)
            .collect();
        let mut done: Vec<u8> = Vec::new();
        let mut followed = 0;
        while let Some(part) = todo.pop() {
            match part.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    let up = parent(&done).len();
                    done.truncate(up);
                    continue;
                }
                _ => {}
            }
            let before = done.len();
            if !done.is_empty() {
                done.push(b'/');
            }
            done.extend_from_slice(&part);
            if todo.is_empty() && !last {
                break;
            }
            if let Some(target) = self.targets.get(&done) {
                followed += 1;
                if followed > MAX_LINKS_FOLLOWED {
                    return None;
                }
                if target.starts_with(b"/") {
                    done.clear();
                } else {
                    done.truncate(before);
                }
                todo.extend(target.split(|b| *b == b'/').rev().map(<[u8]>::to_vec));
            }
        }
        Some(Cow::Owned(done))
    }

    /// Says whether any link lies on the way of a path.
    fn on_the_way(&self, path: &[u8], last: bool) -> bool {
        if self.targets.is_empty() {
            return false;
        }
        let folders = path
            .iter()
            .enumerate()
            .filter(|(_, b)| **b == b'/')
            .map(|(at, _)| at);
        folders.chain(last.then_some(path.len())).any(|end| {
            path.get(..end)
                .is_some_and(|prefix| self.targets.contains_key(prefix))
        })
    }
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

    fn forget(&mut self) {
        self.known = false;
    }
}

/// Is the set of hashes of paths with facts and of the folders above them.
#[derive(Default)]
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

    fn add(&mut self, path: &[u8]) {
        let mut rest = path;
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
        !self.hashes.is_empty() && self.hashes.contains(&self.hash(path))
    }
}
