//! What one pass over a layer yields: its file list, packed, and its facts.

use serde::{Deserialize, Serialize};

use crate::analyzer::{EntryKind, Fact};
use crate::digest::Digest;
use crate::issue::Issue;
use crate::path::ImagePath;

/// Is all that is kept of one layer. Cached under the layer's diff-id and the analyzers' versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerFacts {
    /// The digest of the uncompressed archive. `None` for a root file system that is no archive.
    pub diff_id: Option<Digest>,
    /// The size of the uncompressed archive in bytes.
    pub size_bytes: u64,
    /// Every entry of the layer in the archive's order.
    pub files: FileList,
    /// What the analyzers found, in the archive's order.
    pub facts: Vec<FileFact>,
    /// Hard links that an analyzer wants but whose file's content was not kept: it lies in a lower
    /// layer, or earlier in this one under a name that nobody wanted.
    pub unread_links: Vec<UnreadLink>,
    /// What could not be read of the layer itself.
    pub issues: Vec<Issue>,
}

/// Is a fact and the file it was found in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileFact {
    /// The file.
    pub path: ImagePath,
    /// The index of the analyzer in the list that the pass was given.
    pub analyzer: u16,
    /// The fact.
    pub fact: Fact,
}

/// Is a hard link whose content is still to be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnreadLink {
    /// The wanted path.
    pub path: ImagePath,
    /// The path that it shares its content with.
    pub target: ImagePath,
}

/// Is the list of a layer's entries, packed: each path is stored as the length that it shares with
/// the one before and the rest. A million files take some 15 to 25 MB.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileList {
    bytes: Vec<u8>,
    count: u64,
    #[serde(skip)]
    last: Vec<u8>,
}

/// Is one entry of a [`FileList`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedFile<'a> {
    /// The normalised path, whiteout names (`.wh.x`) as the archive writes them.
    pub path: &'a [u8],
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// The size of its content in bytes.
    pub size: u64,
    /// Where a symbolic link points as written, or the normalised path of a hard link's file.
    pub link: &'a [u8],
}

impl FileList {
    /// Adds an entry.
    pub fn push(&mut self, file: &ListedFile<'_>) {
        let shared = self
            .last
            .iter()
            .zip(file.path)
            .take_while(|(before, now)| before == now)
            .count();
        let rest = file.path.get(shared..).unwrap_or_default();
        put_varint(&mut self.bytes, shared as u64);
        put_varint(&mut self.bytes, rest.len() as u64);
        self.bytes.extend_from_slice(rest);
        self.bytes.push(kind_code(file.kind));
        put_varint(&mut self.bytes, u64::from(file.mode));
        put_varint(&mut self.bytes, file.size);
        if matches!(file.kind, EntryKind::Symlink | EntryKind::HardLink) {
            put_varint(&mut self.bytes, file.link.len() as u64);
            self.bytes.extend_from_slice(file.link);
        }
        self.last.truncate(shared);
        self.last.extend_from_slice(rest);
        self.count += 1;
    }

    /// Returns the number of entries.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Returns the memory that the packed entries take, in bytes.
    pub fn packed_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Says whether the layer holds no entry.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Gives memory back that was reserved for growth. Called once the layer is read.
    pub fn seal(&mut self) {
        self.bytes.shrink_to_fit();
        self.last = Vec::new();
    }

    /// Calls `visit` with every entry in the archive's order. Damaged bytes (a cache file that
    /// was changed by hand) end the walk early.
    pub fn for_each(&self, mut visit: impl FnMut(ListedFile<'_>)) {
        let mut path: Vec<u8> = Vec::new();
        let mut rest: &[u8] = &self.bytes;
        while !rest.is_empty() {
            let Some(file) = next_file(&mut rest, &mut path) else {
                return;
            };
            let (kind, mode, size, link) = file;
            visit(ListedFile {
                path: &path,
                kind,
                mode,
                size,
                link,
            });
        }
    }
}

/// Decodes one entry; `path` holds the path before and receives this one's.
fn next_file<'a>(
    rest: &mut &'a [u8],
    path: &mut Vec<u8>,
) -> Option<(EntryKind, u32, u64, &'a [u8])> {
    let shared = usize::try_from(take_varint(rest)?).ok()?;
    let length = usize::try_from(take_varint(rest)?).ok()?;
    if shared > path.len() {
        return None;
    }
    path.truncate(shared);
    path.extend_from_slice(take(rest, length)?);
    let kind = kind_of(*take(rest, 1)?.first()?)?;
    let mode = u32::try_from(take_varint(rest)?).ok()?;
    let size = take_varint(rest)?;
    let link = if matches!(kind, EntryKind::Symlink | EntryKind::HardLink) {
        let length = usize::try_from(take_varint(rest)?).ok()?;
        take(rest, length)?
    } else {
        &[]
    };
    Some((kind, mode, size, link))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *take(rest, 1)?.first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn kind_code(kind: EntryKind) -> u8 {
    match kind {
        EntryKind::File => 0,
        EntryKind::Directory => 1,
        EntryKind::Symlink => 2,
        EntryKind::HardLink => 3,
        EntryKind::Device => 4,
        EntryKind::Pipe => 5,
    }
}

fn kind_of(code: u8) -> Option<EntryKind> {
    Some(match code {
        0 => EntryKind::File,
        1 => EntryKind::Directory,
        2 => EntryKind::Symlink,
        3 => EntryKind::HardLink,
        4 => EntryKind::Device,
        5 => EntryKind::Pipe,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Listed = (&'static [u8], EntryKind, u32, u64, &'static [u8]);

    #[test]
    fn a_packed_list_gives_back_what_was_put_in() {
        let files: Vec<Listed> = vec![
            (b"usr", EntryKind::Directory, 0o755, 0, b""),
            (b"usr/bin/sudo", EntryKind::File, 0o4755, 1 << 40, b""),
            (
                b"usr/bin/su",
                EntryKind::HardLink,
                0o4755,
                0,
                b"usr/bin/sudo",
            ),
            (b"bin", EntryKind::Symlink, 0o777, 0, b"usr/bin"),
            (b"bin\xff", EntryKind::Pipe, 0, 0, b""),
        ];
        let mut list = FileList::default();
        for (path, kind, mode, size, link) in &files {
            list.push(&ListedFile {
                path,
                kind: *kind,
                mode: *mode,
                size: *size,
                link,
            });
        }
        list.seal();
        let mut got = Vec::new();
        list.for_each(|f| got.push((f.path.to_vec(), f.kind, f.mode, f.size, f.link.to_vec())));
        let want: Vec<_> = files
            .iter()
            .map(|f| (f.0.to_vec(), f.1, f.2, f.3, f.4.to_vec()))
            .collect();
        assert_eq!(got, want);
        assert_eq!(list.len(), 5);
    }

    #[test]
    fn a_damaged_list_ends_early_without_panic() {
        let mut list = FileList::default();
        list.push(&ListedFile {
            path: b"a/b",
            kind: EntryKind::File,
            mode: 0,
            size: 3,
            link: b"",
        });
        for cut in 0..list.bytes.len() {
            let damaged = FileList {
                bytes: list.bytes[..cut].to_vec(),
                count: 1,
                last: Vec::new(),
            };
            damaged.for_each(|_| {});
        }
        let wild = FileList {
            bytes: vec![0xff; 64],
            count: 9,
            last: Vec::new(),
        };
        wild.for_each(|_| panic!("nothing to see"));
    }
}
