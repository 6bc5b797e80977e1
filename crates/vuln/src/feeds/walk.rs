//! Finds feed files in a folder: a bounded, sorted walk that follows no links to folders.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{ALL, Feed, Scope, parse_scopes, parts_of};

/// How deep the walk goes.
const DEPTH_LIMIT: usize = 16;
/// How many entries the walk looks at in all.
const ENTRY_LIMIT: usize = 4_000_000;

/// Is what a walk found.
#[derive(Default)]
pub struct Tree {
    /// The feed files, in order of their paths.
    pub found: Vec<Found>,
    /// What was left out and why, in order: a folder of which nothing was recognised stands for all
    /// in it.
    pub skipped: Vec<(PathBuf, String)>,
}

/// Is one feed file.
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Its path below the folder.
    pub relative: PathBuf,
    /// The feed that it is of.
    pub feed: &'static dyn Feed,
    /// What it is complete for; `None` for a full feed.
    pub scopes: Option<std::rc::Rc<Vec<Scope>>>,
}

/// Walks a folder. Fails when it, or a folder in it, cannot be read.
pub fn walk(root: &Path) -> io::Result<Tree> {
    let mut tree = Tree::default();
    let mut left = ENTRY_LIMIT;
    folder(root, Path::new(""), None, 0, &mut left, &mut tree)?;
    tree.skipped.sort();
    Ok(tree)
}

/// Walks one folder and what is below it.
fn folder(
    root: &Path,
    relative: &Path,
    inherited: Option<&std::rc::Rc<Vec<Scope>>>,
    depth: usize,
    left: &mut usize,
    tree: &mut Tree,
) -> io::Result<()> {
    let path = root.join(relative);
    let mut names: Vec<_> = fs::read_dir(&path)
        .map_err(|error| named(&path, &error))?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<_>>()
        .map_err(|error| named(&path, &error))?;
    names.sort();
    let mut scopes = inherited.cloned();
    if names.iter().any(|name| name == "scope.json") {
        let file = path.join("scope.json");
        let bytes = super::read_file(&file).map_err(|error| named(&file, &error))?;
        match parse_scopes(&bytes) {
            Ok(parsed) => scopes = Some(std::rc::Rc::new(parsed)),
            Err(error) => {
                // Taking an excerpt for a full feed would make silence look like safety.
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{}: not a scope: {error}", file.display()),
                ));
            }
        }
    }
    let (found_before, skipped_before) = (tree.found.len(), tree.skipped.len());
    let mut files = 0_usize;
    for name in names {
        let below = relative.join(&name);
        if *left == 0 {
            tree.skipped.push((
                below,
                format!("more than {ENTRY_LIMIT} files; the rest was left out"),
            ));
            break;
        }
        *left -= 1;
        let full = root.join(&below);
        let kind = fs::symlink_metadata(&full).map_err(|error| named(&full, &error))?;
        let is_link = kind.file_type().is_symlink();
        let Ok(target) = fs::metadata(&full) else {
            tree.skipped
                .push((below, "a link that leads nowhere".to_owned()));
            continue;
        };
        if target.is_dir() {
            if is_link {
                tree.skipped
                    .push((below, "a link to a folder is not followed".to_owned()));
            } else if depth >= DEPTH_LIMIT {
                tree.skipped
                    .push((below, format!("deeper than {DEPTH_LIMIT} folders")));
            } else {
                folder(root, &below, scopes.as_ref(), depth + 1, left, tree)?;
            }
            continue;
        }
        if name == "scope.json" {
            continue;
        }
        files += 1;
        let parts = parts_of(&below);
        let feed = parts
            .as_deref()
            .filter(|_| target.is_file())
            .and_then(|parts| ALL.iter().copied().find(|feed| feed.recognises(parts)));
        match feed {
            Some(feed) => tree.found.push(Found {
                path: full,
                relative: below,
                feed,
                scopes: scopes.clone(),
            }),
            None => tree
                .skipped
                .push((below, "no feed has such a file".to_owned())),
        }
    }
    let nothing = tree.found.len() == found_before;
    if nothing && depth > 0 && tree.skipped.len() > skipped_before + 1 {
        let count = tree.skipped.len() - skipped_before;
        tree.skipped.truncate(skipped_before);
        tree.skipped.push((
            relative.to_path_buf(),
            format!("no feed has such files ({count} entries, {files} of them files here)"),
        ));
    }
    Ok(())
}

/// Adds a path to an error of the file system, and keeps its kind.
fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
