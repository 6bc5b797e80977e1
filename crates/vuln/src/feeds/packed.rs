//! Archives of feeds, read as streams: each file in them is handed over by itself, within bounds.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::{Batch, stream};

/// How many entries an archive may hold. The largest upstream has some 350,000.
const ENTRY_LIMIT: usize = 4_000_000;
/// The largest entry in bytes. The largest upstream is some 60 MB.
const MEMBER_LIMIT: u64 = 512 << 20;
/// The largest sum of all entries in bytes. The largest upstream is some 60 GB.
const TOTAL_LIMIT: u64 = 256 << 30;

/// Is what takes a file of an archive: its name, its bytes, and where records go.
type Take<'t> = dyn FnMut(&str, &[u8], &mut Batch) + 't;

/// Reads a `.tar.zst`. `Err` is for the disk; a damaged archive is damage of the batch, and what
/// came before it is kept.
pub(super) fn tar_zst(
    path: &Path,
    mut take: impl FnMut(&str, &[u8], &mut Batch),
    batch: &mut Batch,
) -> io::Result<()> {
    let file = File::open(path)?;
    match zstd::stream::read::Decoder::new(file) {
        Ok(decoder) => tar(decoder, &mut take, batch),
        Err(error) => batch.damage(format!("not a zstd stream: {error}")),
    }
    Ok(())
}

/// Reads a `.tar.bz2`, as [`tar_zst`] does.
pub(super) fn tar_bz2(
    path: &Path,
    mut take: impl FnMut(&str, &[u8], &mut Batch),
    batch: &mut Batch,
) -> io::Result<()> {
    let file = File::open(path)?;
    // Parallel compressors write several streams one after the other.
    tar(bzip2::read::MultiBzDecoder::new(file), &mut take, batch);
    Ok(())
}

/// Reads a `.tar.xz`, as [`tar_zst`] does.
pub(super) fn tar_xz(
    path: &Path,
    mut take: impl FnMut(&str, &[u8], &mut Batch),
    batch: &mut Batch,
) -> io::Result<()> {
    let file = io::BufReader::new(File::open(path)?);
    tar(stream::xz(file), &mut take, batch);
    Ok(())
}

/// Reads a tar stream.
fn tar(stream: impl Read, take: &mut Take<'_>, batch: &mut Batch) {
    let mut archive = tar::Archive::new(stream);
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return batch.damage(format!("not a tar archive: {error}")),
    };
    let mut left = TOTAL_LIMIT;
    let mut bytes = Vec::new();
    for (count, entry) in entries.enumerate() {
        if count >= ENTRY_LIMIT {
            return batch.damage(format!("more than {ENTRY_LIMIT} entries"));
        }
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(error) => return batch.damage(format!("the archive ends early: {error}")),
        };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let size = entry.size();
        if size > MEMBER_LIMIT {
            batch.damage(format!(
                "{name}: {size} bytes, expected at most {MEMBER_LIMIT}"
            ));
            continue;
        }
        let Some(rest) = left.checked_sub(size) else {
            return batch.damage(format!("more than {TOTAL_LIMIT} bytes in all"));
        };
        left = rest;
        bytes.clear();
        if let Err(error) = entry.read_to_end(&mut bytes) {
            return batch.damage(format!("{name}: {error}"));
        }
        take(&name, &bytes, batch);
    }
}
