//! Builds a database from a folder of feeds.
//!
//! The result depends on the feeds' content and paths and on the given time only: files are read in
//! the order of their paths, and everything is sorted before it is written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use plimsoll_model::advisory::Lifecycle;
use plimsoll_model::report::FeedInfo;
use sha2::{Digest as _, Sha256};

use super::format::{
    DIGEST, FeedMeta, HEADER, HEADER_CRC, MAGIC, Meta, ROW, SECTION_LIMIT, Section, TABLE, VERSION,
};
use super::join::complete_advisories;
use super::layout::{Gathered, Image, assemble, too_large};
use super::store::Store;
use super::{Database, DbError, Shrunk};
use crate::feeds::{self, Scope};

/// How many damaged records of a feed are named.
const BAD_LIMIT: usize = 5;

/// Is what a build did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuildSummary {
    /// The feeds, by name.
    pub feeds: Vec<FeedInfo>,
    /// How many statements about packages there are.
    pub advisories: u64,
    /// How many vulnerabilities and updates there are.
    pub vulnerabilities: u64,
    /// The file's size in bytes.
    pub bytes: u64,
    /// Which files were left out or read in part, and why.
    pub skipped: Vec<(PathBuf, String)>,
}

/// Is which feeds may shrink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Accept {
    /// None: a feed that lost more than a fifth of its records since the database that is replaced
    /// is refused.
    #[default]
    None,
    /// These.
    Feeds(Vec<String>),
    /// All.
    All,
}

/// Builds a database from the feeds below a folder.
///
/// As [`build_with`], where the database that is replaced does not matter.
///
/// # Errors
/// As [`build_with`].
pub fn build(
    from: &Path,
    out: &Path,
    built_at: &str,
    progress: &dyn Fn(&str),
) -> Result<BuildSummary, DbError> {
    build_with(from, out, built_at, &Accept::All, progress)
}

/// Builds a database from the feeds below a folder, in place of one that may be there.
///
/// `built_at` is RFC 3339. `progress` is told each file before it is read. The file appears under
/// its name only when it is complete and on the disk; a build that is broken off leaves at most a
/// temporary file beside it, and the old database in use.
///
/// # Errors
/// When the folder cannot be read or holds no feed, when a feed shrank and that is not accepted, or
/// when the file cannot be written. Damage in a feed is no error: see [`BuildSummary::skipped`] and
/// [`FeedInfo::damaged`].
pub fn build_with(
    from: &Path,
    out: &Path,
    built_at: &str,
    accept: &Accept,
    progress: &dyn Fn(&str),
) -> Result<BuildSummary, DbError> {
    let (gathered, skipped) = gather(from, progress)?;
    // A database that cannot be read is nothing to compare with.
    if let Ok(old) = Database::open(out) {
        let shrunk = shrunk(old.meta(), &gathered.feeds, accept);
        if !shrunk.is_empty() {
            return Err(DbError::Shrunk {
                path: out.to_path_buf(),
                feeds: shrunk,
            });
        }
    }
    progress("joining");
    let image = assemble(gathered, built_at)?;
    progress("writing");
    let bytes = write(out, &image)?;
    Ok(BuildSummary {
        feeds: image.meta.feeds.iter().map(info).collect(),
        advisories: image.meta.statements,
        vulnerabilities: image.meta.vulnerabilities,
        bytes,
        skipped,
    })
}

/// Returns the feeds that lost more than a fifth of their records and may not.
fn shrunk(old: &Meta, new: &[FeedMeta], accept: &Accept) -> Vec<Shrunk> {
    let accepted = |name: &String| match accept {
        Accept::None => false,
        Accept::Feeds(names) => names.contains(name),
        Accept::All => true,
    };
    let shrunk = old.feeds.iter().map(|feed| {
        let now = new.iter().find(|other| other.name == feed.name);
        Shrunk {
            feed: feed.name.clone(),
            before: feed.records,
            now: now.map_or(0, |now| now.records),
        }
    });
    shrunk
        .filter(|feed| feed.now.saturating_mul(5) < feed.before.saturating_mul(4))
        .filter(|feed| !accepted(&feed.feed))
        .collect()
}

/// Turns what is stored of a feed into what a report says.
pub(super) fn info(feed: &FeedMeta) -> FeedInfo {
    FeedInfo {
        name: feed.name.clone(),
        fetched_at: feed.fetched_at.clone(),
        records: feed.records,
        damaged: feed.damaged,
    }
}

/// Reads all feeds; what was left out comes beside.
fn gather(
    from: &Path,
    progress: &dyn Fn(&str),
) -> Result<(Gathered, Vec<(PathBuf, String)>), DbError> {
    let tree = feeds::walk(from).map_err(|error| DbError::read(from, error))?;
    if tree.found.is_empty() {
        return Err(DbError::NoFeeds {
            path: from.to_path_buf(),
        });
    }
    let mut skipped = tree.skipped;
    let mut metas: Vec<FeedMeta> = Vec::new();
    let mut numbers: HashMap<String, u16> = HashMap::new();
    let mut store = Store::default();
    let mut scopes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut lifecycles: BTreeMap<String, Lifecycle> = BTreeMap::new();
    for found in tree.found {
        let parts: Vec<&str> = found
            .relative
            .iter()
            .filter_map(|part| part.to_str())
            .collect();
        progress(&parts.join("/"));
        // The feed's name comes with the batch, after the first records: they wait under the number
        // that a feed of a new name would get.
        let waiting = store.rows.len();
        let next = u16::try_from(metas.len()).map_err(|_| too_large("feeds"))?;
        let mut full = false;
        let mut sink = |record| {
            store.add(next, &record);
            full |= store.overflow().is_some();
            !full
        };
        let read = found.feed.read_into(&found.path, &parts, &mut sink);
        if full {
            return Err(too_large(store.overflow().unwrap_or("records")));
        }
        let batch = match read {
            Ok(batch) => batch,
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                store.rows.truncate(waiting);
                skipped.push((found.relative, error.to_string()));
                continue;
            }
            Err(error) => return Err(DbError::read(&found.path, error)),
        };
        for note in &batch.notes {
            skipped.push((found.relative.clone(), note.clone()));
        }
        if batch.name.is_empty() {
            store.rows.truncate(waiting);
            continue;
        }
        for Scope {
            ecosystem,
            packages,
        } in found.scopes.iter().flat_map(|scopes| scopes.iter())
        {
            scopes
                .entry(ecosystem.clone())
                .or_default()
                .extend(packages.iter().cloned());
        }
        for lifecycle in batch.lifecycles {
            lifecycles.insert(lifecycle.product.clone(), lifecycle);
        }
        let number = *numbers.entry(batch.name.clone()).or_insert(next);
        if number == next {
            metas.push(FeedMeta {
                name: batch.name,
                rank: found.feed.rank(),
                ..FeedMeta::default()
            });
        }
        for row in store.rows.iter_mut().skip(waiting) {
            row.feed = number;
        }
        let Some(meta) = metas.get_mut(usize::from(number)) else {
            continue;
        };
        meta.records += batch.read;
        meta.damaged += batch.damaged;
        for note in batch.notes {
            if meta.bad.len() < BAD_LIMIT {
                meta.bad.push((parts.join("/"), note));
            }
        }
        if batch.fetched_at > meta.fetched_at {
            meta.fetched_at = batch.fetched_at;
        }
    }
    let mut order: Vec<usize> = (0..metas.len()).collect();
    order.sort_by_key(|index| metas.get(*index).map(|meta| meta.name.clone()));
    let mut finals = vec![0_u16; metas.len()];
    for (place, index) in (0_u16..).zip(&order) {
        if let Some(slot) = finals.get_mut(*index) {
            *slot = place;
        }
    }
    metas.sort_by(|a, b| a.name.cmp(&b.name));
    store.settle(&finals);
    newest_copies(&mut store, &metas);
    complete_advisories(&mut store);
    let gathered = Gathered {
        feeds: metas,
        store,
        scopes,
        lifecycles,
    };
    Ok((gathered, skipped))
}

/// Keeps one copy of each record of the feeds that state a record in several files: OSV's archives
/// (`Debian` and `Debian:12`), and feeds with an archive and newer single files beside it. The one
/// changed last counts, also when it takes the record back.
fn newest_copies(store: &mut Store, feeds: &[FeedMeta]) {
    // OSV's feeds share their records; any other feed is by itself.
    let groups: Vec<Option<u16>> = (0_u16..)
        .zip(feeds)
        .map(|(feed, meta)| {
            if feeds::osv_repositories::shares_records(&meta.name) {
                Some(u16::MAX)
            } else {
                feeds::WITH_COPIES
                    .contains(&meta.name.as_str())
                    .then_some(feed)
            }
        })
        .collect();
    let group = |feed: u16| groups.get(usize::from(feed)).copied().flatten();
    let mut newest: HashMap<(u16, u32), usize> = HashMap::new();
    for (index, row) in store.rows.iter().enumerate() {
        let Some(group) = group(row.feed) else {
            continue;
        };
        let best = newest.entry((group, row.id)).or_insert(index);
        let changed = store
            .rows
            .get(*best)
            .map_or("", |best| store.texts.text(best.modified));
        if store.texts.text(row.modified) > changed {
            *best = index;
        }
    }
    let mut index = 0;
    store.rows.retain(|row| {
        let kept = group(row.feed).is_none_or(|group| newest.get(&(group, row.id)) == Some(&index));
        index += 1;
        kept && !row.withdrawn
    });
}

/// Makes the header of a file with these sections.
fn header(sections: &[Vec<u8>; Section::COUNT]) -> [u8; HEADER] {
    const { assert!(Section::COUNT <= SECTION_LIMIT) };
    let mut bytes = [0_u8; HEADER];
    let mut put = |at: usize, part: &[u8]| {
        if let Some(slot) = bytes.get_mut(at..at + part.len()) {
            slot.copy_from_slice(part);
        }
    };
    let mut digest = Sha256::new();
    let mut offset = HEADER;
    for (index, content) in sections.iter().enumerate() {
        digest.update(content);
        let row = TABLE + index * ROW;
        put(row, &(offset as u64).to_le_bytes());
        put(row + 8, &(content.len() as u64).to_le_bytes());
        put(row + 16, &crc32fast::hash(content).to_le_bytes());
        offset += content.len();
    }
    let digest: [u8; 32] = digest.finalize().into();
    put(0, &MAGIC);
    put(8, &VERSION.to_le_bytes());
    put(12, &(Section::COUNT as u32).to_le_bytes());
    put(16, &(offset as u64).to_le_bytes());
    put(DIGEST, &digest);
    let crc = crc32fast::hash(bytes.get(..HEADER_CRC).unwrap_or(&[]));
    if let Some(slot) = bytes.get_mut(HEADER_CRC..) {
        slot.copy_from_slice(&crc.to_le_bytes());
    }
    bytes
}

/// Writes a database; returns its size.
fn write(out: &Path, image: &Image) -> Result<u64, DbError> {
    let header = header(&image.sections);
    let length = HEADER + image.sections.iter().map(Vec::len).sum::<usize>();
    replace(out, length as u64, |file| {
        file.write_all(&header)?;
        image
            .sections
            .iter()
            .try_for_each(|content| file.write_all(content))
    })?;
    Ok(length as u64)
}

/// Writes a file beside its name, makes sure that it is on the disk, and renames it.
pub(super) fn replace(
    out: &Path,
    needed: u64,
    content: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> Result<(), DbError> {
    let fail = |error: io::Error| DbError::write(out, error, needed);
    let folder = match out.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(fail)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".plimsoll-db-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Readable for whoever the umask lets read, as a plainly created file would be.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(fail)?;
    content(&mut file).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(out).map_err(|error| fail(error.error))?;
    // The name, too, must survive a power cut. Not every file system can sync a folder.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}
