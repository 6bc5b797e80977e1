//! Carrying a database to where it cannot be built or downloaded: one zstd-compressed file, which
//! any `zstd` unpacks to the database itself.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::build::replace;
use super::{Database, DbError};

/// The first bytes of a zstd frame (RFC 8878, 3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The largest unpacked database in bytes: what the format's offsets reach.
const LIMIT: u64 = 16 << 30;
/// How hard zstd tries: a second for a database of everything; twice as hard saves a tenth more.
const LEVEL: i32 = 9;

/// Is what an import did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// The database was put in place.
    Done,
    /// It is there already.
    Same,
}

/// Writes a database into a compressed file; returns its size.
///
/// # Errors
/// When the database is damaged, or the file cannot be written.
pub fn export(database: &Database, out: &Path) -> Result<u64, DbError> {
    database.verify()?;
    let bytes = database.bytes();
    replace(out, bytes.len() as u64, |file| {
        let mut encoder = zstd::stream::Encoder::new(file, LEVEL)?;
        encoder.include_checksum(true)?;
        encoder.set_pledged_src_size(Some(bytes.len() as u64))?;
        encoder.write_all(bytes)?;
        encoder.finish().map(drop)
    })?;
    let size = std::fs::metadata(out).map_err(|error| DbError::read(out, error))?;
    Ok(size.len())
}

/// Puts an exported database, or a plain one, in place of the one at `out`.
///
/// The file is unpacked beside its place and checked as a whole against its digest; only then does
/// it replace the old one, which stays in use until then and whenever anything is wrong.
///
/// # Errors
/// When the file cannot be read, is damaged, or of another version; when it was built before the
/// database that is there and `force` does not say that this is meant; when the disk fails.
pub fn import(from: &Path, out: &Path, force: bool) -> Result<Imported, DbError> {
    let mut file = File::open(from).map_err(|error| DbError::read(from, error))?;
    let mut start = Vec::new();
    (&mut file)
        .take(ZSTD_MAGIC.len() as u64)
        .read_to_end(&mut start)
        .map_err(|error| DbError::read(from, error))?;
    let rest = io::Cursor::new(start.clone()).chain(file);
    let mut plain: Box<dyn io::Read> = if start == ZSTD_MAGIC {
        let decoder = zstd::stream::Decoder::new(rest);
        Box::new(decoder.map_err(|error| DbError::read(from, error))?)
    } else {
        Box::new(rest)
    };
    let folder = match out.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(|error| DbError::write(out, error, 0))?;
    let mut unpacked = tempfile::Builder::new()
        .prefix(".plimsoll-db-")
        .suffix(".part")
        .tempfile_in(folder)
        .map_err(|error| DbError::write(out, error, 0))?;
    copy(&mut *plain, &mut unpacked, from, out)?;
    let checked = Database::open(unpacked.path()).and_then(|database| {
        database.verify()?;
        Ok(database)
    });
    let database = checked.map_err(|error| error.at(from))?;
    if let Ok(current) = Database::open(out) {
        if current.digest() == database.digest() && current.verify().is_ok() {
            return Ok(Imported::Same);
        }
        let (old, new) = (&current.meta().built_at, &database.meta().built_at);
        if new < old && !force {
            return Err(DbError::Older {
                path: from.to_path_buf(),
                built_at: new.clone(),
                current: old.clone(),
            });
        }
    }
    let bytes = database.bytes();
    replace(out, bytes.len() as u64, |file| file.write_all(bytes))?;
    Ok(Imported::Done)
}

/// Copies what is unpacked, up to a bound; tells trouble with the one from trouble with the other.
fn copy(
    from: &mut dyn io::Read,
    to: &mut dyn io::Write,
    from_path: &Path,
    to_path: &Path,
) -> Result<(), DbError> {
    let mut buffer = vec![0; 1 << 16];
    let mut total = 0_u64;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.raw_os_error().is_some() => {
                return Err(DbError::read(from_path, error));
            }
            Err(error) => {
                let what = format!("it cannot be unpacked: {error}");
                return Err(DbError::damaged(from_path, what));
            }
        };
        total += count as u64;
        if total > LIMIT {
            return Err(DbError::damaged(
                from_path,
                "it unpacks to more than a database can be",
            ));
        }
        to.write_all(buffer.get(..count).unwrap_or(&[]))
            .map_err(|error| DbError::write(to_path, error, total))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::build;

    const RECORD: &str = r#"{"id":"GHSA-29mw-wpgm-hmr9","modified":"2024-01-01T00:00:00Z","aliases":["CVE-2020-28500"],"summary":"A title","affected":[{"package":{"ecosystem":"npm","name":"lodash"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"4.17.21"}]}]}]}"#;

    fn make(folder: &Path, name: &str, built_at: &str) -> std::path::PathBuf {
        let feeds = folder.join(format!("{name}-feeds/npm"));
        std::fs::create_dir_all(&feeds).expect("a folder");
        let record = RECORD.replace("A title", name);
        std::fs::write(feeds.join("GHSA-29mw-wpgm-hmr9.json"), record).expect("a record");
        let out = folder.join(name);
        build::build(
            &folder.join(format!("{name}-feeds")),
            &out,
            built_at,
            &|_| {},
        )
        .expect("built");
        out
    }

    #[test]
    fn what_is_exported_comes_back_and_older_or_damaged_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let old = make(folder.path(), "old", "2026-01-01T00:00:00Z");
        let new = make(folder.path(), "new", "2026-01-02T00:00:00Z");
        let packed = folder.path().join("new.zst");
        export(&Database::open(&new).expect("whole"), &packed).expect("written");
        let place = folder.path().join("place/plimsoll.db");
        assert_eq!(
            import(&packed, &place, false).expect("imported"),
            Imported::Done
        );
        assert_eq!(std::fs::read(&place).ok(), std::fs::read(&new).ok());
        assert_eq!(
            import(&packed, &place, false).expect("looked at"),
            Imported::Same
        );
        assert!(matches!(
            import(&old, &place, false),
            Err(DbError::Older { .. })
        ));
        assert_eq!(std::fs::read(&place).ok(), std::fs::read(&new).ok());
        assert_eq!(
            import(&old, &place, true).expect("imported"),
            Imported::Done
        );
        let whole = std::fs::read(&packed).expect("written");
        for (name, bytes) in [
            ("cut", whole.get(..whole.len() / 2).expect("long").to_vec()),
            ("flipped", {
                let mut bytes = whole.clone();
                bytes[whole.len() / 2] ^= 1;
                bytes
            }),
            ("empty", Vec::new()),
            ("other", b"something else".to_vec()),
        ] {
            let bad = folder.path().join(name);
            std::fs::write(&bad, bytes).expect("written");
            let error = import(&bad, &place, true).expect_err(name).to_string();
            assert!(error.contains(name), "{error}");
            assert_eq!(
                std::fs::read(&place).ok(),
                std::fs::read(&old).ok(),
                "{name}"
            );
        }
        let left = std::fs::read_dir(folder.path().join("place")).expect("a folder");
        assert_eq!(left.count(), 1);
    }

    #[test]
    fn only_what_a_verdict_hangs_on_is_a_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let a = make(folder.path(), "one title", "2026-01-01T00:00:00Z");
        let b = make(folder.path(), "another title", "2026-01-02T00:00:00Z");
        let open = |path: &Path| Database::open(path).expect("whole");
        assert_eq!(open(&b).changes_since(&open(&a)).expect("compared"), []);
        let record = RECORD.replace("4.17.21", "4.17.22");
        let more = RECORD.replace("lodash", "minimist").replace("29mw", "39mw");
        let feeds = folder.path().join("one title-feeds");
        std::fs::write(feeds.join("npm/GHSA-29mw-wpgm-hmr9.json"), record).expect("a record");
        std::fs::write(feeds.join("npm/GHSA-39mw-wpgm-hmr9.json"), more).expect("a record");
        let c = folder.path().join("third");
        build::build(&feeds, &c, "2026-01-03T00:00:00Z", &|_| {}).expect("built");
        let changes = open(&c).changes_since(&open(&a)).expect("compared");
        let names: Vec<&str> = changes
            .iter()
            .map(|change| change.package.as_str())
            .collect();
        assert_eq!(names, ["lodash", "minimist"]);
        assert_eq!(
            open(&a).changes_since(&open(&c)).expect("compared"),
            changes
        );
    }
}
