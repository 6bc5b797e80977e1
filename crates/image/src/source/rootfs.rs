//! A root file system in a folder: one layer that is no archive. Nothing outside of the folder is
//! read: symbolic links are listed, never followed.

use std::fs::{self, File, OpenOptions as FileOptions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use plimsoll_model::analyzer::{Entry, EntryKind, HEAD_BYTES};
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::layer::{FileFact, FileList, LayerFacts, ListedFile};
use plimsoll_model::path::ImagePath;
use plimsoll_model::text::escape_bytes;

use super::SourceError;
use crate::pass::{Offer, Pass};

/// Folders of a running system that hold no files of its own.
const SKIPPED: &[&[u8]] = &[b"dev", b"proc", b"sys"];
/// How deep folders are followed.
const MAX_DEPTH: usize = 256;

/// Reads a root file system.
///
/// # Errors
/// When the folder itself cannot be read; a file in it that cannot be read is an issue.
pub fn read(root: &Path, pass: &Pass<'_>) -> Result<LayerFacts, SourceError> {
    let fail = |source| SourceError::File {
        path: root.to_owned(),
        action: "read",
        source,
    };
    if !fs::metadata(root).map_err(fail)?.is_dir() {
        return Err(SourceError::NotFound {
            what: format!("'{}'", root.display()),
            detail: "not a folder".to_owned(),
        });
    }
    let mut walk = Walk {
        pass,
        offer: Offer::new(pass.limits),
        files: FileList::default(),
        facts: Vec::new(),
        issues: Vec::new(),
        size: 0,
    };
    let names = sorted(root).map_err(fail)?;
    walk.folder(root, &[], names, 0);
    walk.files.seal();
    Ok(LayerFacts {
        diff_id: None,
        size_bytes: walk.size,
        files: walk.files,
        facts: walk.facts,
        unread_links: Vec::new(),
        issues: walk.issues,
    })
}

struct Walk<'a> {
    pass: &'a Pass<'a>,
    offer: Offer,
    files: FileList,
    facts: Vec<FileFact>,
    issues: Vec<Issue>,
    size: u64,
}

/// Lists a folder's names in a fixed order.
fn sorted(folder: &Path) -> std::io::Result<Vec<std::ffi::OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name());
    }
    names.sort();
    Ok(names)
}

impl Walk<'_> {
    fn folder(
        &mut self,
        on_disk: &Path,
        path: &[u8],
        names: Vec<std::ffi::OsString>,
        depth: usize,
    ) {
        for name in names {
            let mut inner = path.to_vec();
            if !inner.is_empty() {
                inner.push(b'/');
            }
            inner.extend_from_slice(name.as_bytes());
            self.entry(&on_disk.join(&name), &inner, depth);
        }
    }

    fn entry(&mut self, on_disk: &Path, path: &[u8], depth: usize) {
        let meta = match fs::symlink_metadata(on_disk) {
            Ok(meta) => meta,
            Err(error) => return self.unreadable(path, &error),
        };
        let file_type = meta.file_type();
        let kind = if file_type.is_dir() {
            EntryKind::Directory
        } else if file_type.is_symlink() {
            EntryKind::Symlink
        } else if file_type.is_file() {
            EntryKind::File
        } else if file_type.is_fifo() || file_type.is_socket() {
            EntryKind::Pipe
        } else {
            EntryKind::Device
        };
        let link = match kind {
            EntryKind::Symlink => fs::read_link(on_disk)
                .map(|target| target.as_os_str().as_bytes().to_vec())
                .unwrap_or_default(),
            _ => Vec::new(),
        };
        let size = if kind == EntryKind::File {
            meta.len()
        } else {
            0
        };
        let mode = meta.mode() & 0o7777;
        if self.files.packed_bytes() > self.pass.limits.list_bytes {
            if self.issues.len() < self.pass.limits.issues {
                let detail = "the folder has more entries than are listed";
                self.issues.push(Issue::new(
                    IssueKind::LimitReached,
                    escape_bytes(path),
                    detail,
                ));
            }
            return;
        }
        self.files.push(&ListedFile {
            path,
            kind,
            mode,
            size,
            link: &link,
        });
        self.size = self.size.saturating_add(size);
        match kind {
            EntryKind::Directory if SKIPPED.contains(&path) => {}
            EntryKind::Directory if depth >= MAX_DEPTH => {
                if self.issues.len() >= self.pass.limits.issues {
                    return;
                }
                let detail = format!("folders more than {MAX_DEPTH} deep are not read");
                self.issues.push(Issue::new(
                    IssueKind::LimitReached,
                    escape_bytes(path),
                    detail,
                ));
            }
            EntryKind::Directory => match sorted(on_disk) {
                Ok(names) => self.folder(on_disk, path, names, depth + 1),
                Err(error) => self.unreadable(path, &error),
            },
            EntryKind::File => {
                if let Err(error) = self.file(on_disk, path, &meta) {
                    self.unreadable(path, &error);
                }
            }
            _ => {}
        }
    }

    fn file(&mut self, on_disk: &Path, path: &[u8], meta: &fs::Metadata) -> std::io::Result<()> {
        if self.facts.len() >= self.pass.limits.facts {
            self.full(path);
            return Ok(());
        }
        let mut entry = Entry {
            path,
            kind: EntryKind::File,
            mode: meta.mode() & 0o7777,
            uid: u64::from(meta.uid()),
            gid: u64::from(meta.gid()),
            size: meta.len(),
            link: &[],
            xattrs: &[],
            head: &[],
        };
        // A file that became a link or a pipe since it was looked at is not followed and not waited
        // for.
        let mut file: File = FileOptions::new()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(on_disk)?;
        let mut head = [0_u8; HEAD_BYTES];
        let length = {
            use std::os::unix::fs::FileExt;
            file.read_at(&mut head, 0)?
        };
        entry.head = head.get(..length).unwrap_or_default();
        let read = (self.pass).loose_file(&entry, &mut file, &mut self.offer, &mut self.facts);
        if self.offer.take_cut() {
            self.full(path);
        }
        read
    }

    /// Says that a file's facts were left out because there are too many already.
    fn full(&mut self, path: &[u8]) {
        if self.issues.len() < self.pass.limits.issues {
            let limits = self.pass.limits;
            let detail = format!(
                "more than {} facts in the folder, or more than {} bytes of their paths or {} bytes \
                 of the facts themselves; what is in this file was left out",
                limits.facts, limits.path_bytes, limits.fact_bytes
            );
            let shown = escape_bytes(path);
            self.issues
                .push(Issue::new(IssueKind::LimitReached, shown, detail));
        }
    }

    fn unreadable(&mut self, path: &[u8], error: &std::io::Error) {
        if self.issues.len() < self.pass.limits.issues {
            let shown = ImagePath::from_normalized(path).to_text();
            self.issues.push(Issue::new(
                IssueKind::DamagedMetadata,
                shown,
                format!("cannot be read: {error}"),
            ));
        }
    }
}
