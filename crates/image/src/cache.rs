//! The cache on disk: small files named by a hash of what they answer, safe for any number of
//! processes at once, without a lock.
//!
//! An entry is written to a temporary file and renamed into place, so that a reader sees all of it
//! or nothing; a checksum guards against what a crash or a full disk leaves. Losing a race, failing
//! to write and finding a damaged entry all mean the same: the answer is worked out again.

use std::fs::{self, File, FileTimes};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

/// The first bytes of every entry; the digit is the version of the layout.
const MAGIC: &[u8; 8] = b"PLMSOLC1";
/// The largest entry that is read, in bytes.
const MAX_ENTRY: u64 = 512 << 20;
/// After how long a temporary file counts as left behind by a process that was killed.
const STALE: Duration = Duration::from_hours(1);
/// How old a used entry's time may be before it is set anew.
const TOUCH_AFTER: Duration = Duration::from_mins(10);

/// Is a cache in a folder.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    limit: u64,
}

/// Is the name of an entry: a hash of the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheKey(String);

impl CacheKey {
    /// Makes a key of the parts of a question; the parts' borders count.
    pub fn new(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let digest = plimsoll_model::digest::Digest::from_sha256(hasher.finalize());
        Self(digest.hex().to_owned())
    }
}

impl Cache {
    /// Uses a folder as cache; `limit` bounds the bytes of all entries together. The folder is made
    /// when the first entry is written.
    pub fn new(folder: impl Into<PathBuf>, limit: u64) -> Self {
        Self {
            folder: folder.into(),
            limit,
        }
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, key: &CacheKey) -> PathBuf {
        let (shard, rest) = key.0.split_at(2.min(key.0.len()));
        self.folder.join(shard).join(rest)
    }

    /// Returns an entry; `None` when there is none or it is damaged.
    pub fn get(&self, key: &CacheKey) -> Option<Vec<u8>> {
        let path = self.path(key);
        let mut file = File::open(&path).ok()?;
        let meta = file.metadata().ok()?;
        if meta.len() > MAX_ENTRY || meta.len() < 40 {
            return None;
        }
        let mut raw = Vec::with_capacity(usize::try_from(meta.len()).ok()?);
        (&mut file).take(MAX_ENTRY).read_to_end(&mut raw).ok()?;
        let (magic, rest) = raw.split_at_checked(MAGIC.len())?;
        let (sum, packed) = rest.split_at_checked(32)?;
        if magic != MAGIC || Sha256::digest(packed).as_slice() != sum {
            let _ = fs::remove_file(&path);
            return None;
        }
        let old = meta.modified().ok().and_then(|at| at.elapsed().ok());
        if old.is_some_and(|age| age > TOUCH_AFTER) {
            // What is used stays; failing to note it only makes the entry look older.
            let _ = File::options()
                .append(true)
                .open(&path)
                .and_then(|file| file.set_times(FileTimes::new().set_modified(SystemTime::now())));
        }
        zstd::bulk::decompress(
            packed,
            usize::try_from(MAX_ENTRY).ok()?.min(bound_of(packed)?),
        )
        .ok()
    }

    /// Keeps an entry. Failing to is no error: the scan has its answer.
    pub fn put(&self, key: &CacheKey, value: &[u8]) {
        let _ = self.try_put(key, value);
    }

    fn try_put(&self, key: &CacheKey, value: &[u8]) -> std::io::Result<()> {
        let path = self.path(key);
        let Some(folder) = path.parent() else {
            return Ok(());
        };
        fs::create_dir_all(folder)?;
        let packed = zstd::bulk::compress(value, 1)?;
        let mut file = tempfile::Builder::new()
            .prefix(".tmp-")
            .tempfile_in(folder)?;
        file.write_all(MAGIC)?;
        file.write_all(&Sha256::digest(&packed))?;
        file.write_all(&packed)?;
        file.flush()?;
        file.persist(&path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Deletes the entries that were not used for the longest time until the rest fits the limit,
    /// and what killed processes left behind. Called once at the end of a scan that wrote.
    pub fn trim(&self) {
        let mut entries: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        let mut total = 0_u64;
        let now = SystemTime::now();
        for shard in read_folder(&self.folder) {
            for path in read_folder(&shard) {
                let Ok(meta) = fs::symlink_metadata(&path) else {
                    continue;
                };
                if !meta.is_file() {
                    continue;
                }
                let used = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                let temporary = path
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with(".tmp-"));
                if temporary {
                    if now.duration_since(used).is_ok_and(|age| age > STALE) {
                        let _ = fs::remove_file(&path);
                    }
                    continue;
                }
                total += meta.len();
                entries.push((used, meta.len(), path));
            }
        }
        if total <= self.limit {
            return;
        }
        entries.sort();
        for (_, size, path) in entries {
            if total <= self.limit {
                break;
            }
            if fs::remove_file(&path).is_ok() {
                total = total.saturating_sub(size);
            }
        }
    }
}

/// Returns the size that a packed entry states for itself, at most [`MAX_ENTRY`].
fn bound_of(packed: &[u8]) -> Option<usize> {
    let size = zstd::zstd_safe::get_frame_content_size(packed).ok()??;
    (size <= MAX_ENTRY).then_some(usize::try_from(size).ok()?)
}

fn read_folder(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .map(|entries| {
            entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .collect()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> CacheKey {
        CacheKey::new(&[text.as_bytes()])
    }

    #[test]
    fn what_was_put_comes_back_and_damage_counts_as_absent() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path(), 1 << 20);
        assert_eq!(cache.get(&key("a")), None);
        cache.put(&key("a"), b"value");
        assert_eq!(cache.get(&key("a")).as_deref(), Some(&b"value"[..]));
        let path = cache.path(&key("a"));
        let whole = fs::read(&path).unwrap();
        for cut in [0, 7, 20, whole.len() - 1] {
            fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(cache.get(&key("a")), None, "cut at {cut}");
        }
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1;
        fs::write(&path, &changed).unwrap();
        assert_eq!(cache.get(&key("a")), None);
    }

    #[test]
    fn the_oldest_entries_go_first_and_left_overs_with_them() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path(), 400);
        let age = |path: &Path, seconds| {
            let at = SystemTime::now() - Duration::from_secs(seconds);
            File::options()
                .append(true)
                .open(path)
                .unwrap()
                .set_times(FileTimes::new().set_modified(at))
                .unwrap();
        };
        for (name, seconds) in [("old", 300), ("new", 100)] {
            let noise: Vec<u8> = Sha256::digest(name)
                .iter()
                .copied()
                .cycle()
                .take(64)
                .collect();
            cache.put(&key(name), &[noise, vec![0; 10]].concat());
            age(&cache.path(&key(name)), seconds);
        }
        let left_over = cache.path(&key("old")).with_file_name(".tmp-x");
        fs::write(&left_over, b"half").unwrap();
        age(&left_over, 7200);
        cache.trim();
        assert!(!left_over.exists());
        assert!(cache.get(&key("new")).is_some());
        let small = Cache::new(folder.path(), 120);
        small.trim();
        assert!(small.get(&key("old")).is_none(), "the older one goes");
        assert!(small.get(&key("new")).is_some(), "the newer one stays");
    }

    #[test]
    fn many_writers_of_one_entry_never_show_a_reader_half_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path(), 1 << 30);
        let value: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        cache.put(&key("x"), &value);
                    }
                });
            }
            for _ in 0..200 {
                if let Some(got) = cache.get(&key("x")) {
                    assert_eq!(got, value);
                }
            }
        });
        assert_eq!(cache.get(&key("x")).as_deref(), Some(value.as_slice()));
    }
}
