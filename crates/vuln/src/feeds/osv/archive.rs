//! `all.zip`: a bounded read of every record in it.
//!
//! Bounds hold against archives made to hurt: count of entries, size of one record, ratio of one
//! record, size of all together. What is over a bound is counted as damaged, not read.

use std::io::Read as _;

/// How many entries an archive may hold. The largest upstream has some 250,000.
const ENTRY_LIMIT: usize = 2_000_000;
/// The largest record in bytes. The largest upstream is some 3 MB.
const RECORD_LIMIT: u64 = 32 << 20;
/// The largest ratio of a record to its compressed form, from a size on where it matters.
const RATIO_LIMIT: u64 = 200;
/// The size from which the ratio counts.
const RATIO_FROM: u64 = 1 << 20;
/// The largest sum of all records in bytes.
const TOTAL_LIMIT: u64 = 16 << 30;

/// Reads every `.json` entry of an archive and hands it over; damage goes to `damage`.
pub(super) fn each(
    bytes: &[u8],
    mut record: impl FnMut(&str, &[u8], &mut dyn FnMut(String)),
    mut damage: impl FnMut(String),
) {
    let archive = match rawzip::ZipArchive::from_slice(bytes) {
        Ok(archive) => archive,
        Err(error) => {
            damage(format!("not a zip archive, or cut: {error}"));
            return;
        }
    };
    let mut entries = archive.entries();
    let mut buffer = Vec::new();
    // One for all: its tens of kilobytes, taken and given back between the records that stay, would
    // scatter the heap and multiply what a build takes.
    let mut decoder = flate2::bufread::DeflateDecoder::new(&[][..]);
    let mut total = 0_u64;
    let mut seen = 0_usize;
    loop {
        let entry = match entries.next_entry() {
            Ok(Some(entry)) => entry,
            Ok(None) => break,
            Err(error) => {
                damage(format!("the archive's directory is damaged: {error}"));
                break;
            }
        };
        seen += 1;
        if seen > ENTRY_LIMIT {
            damage(format!("more than {ENTRY_LIMIT} entries"));
            break;
        }
        let path = entry.file_path();
        let Ok(name) = path.try_normalize() else {
            damage("an entry's name is no path".to_owned());
            continue;
        };
        let name: &str = name.as_ref();
        if std::path::Path::new(name)
            .extension()
            .is_none_or(|extension| extension != "json")
        {
            continue;
        }
        let (packed, unpacked) = (entry.compressed_size_hint(), entry.uncompressed_size_hint());
        if unpacked > RECORD_LIMIT
            || (unpacked > RATIO_FROM && unpacked / packed.max(1) > RATIO_LIMIT)
        {
            damage(format!(
                "{name}: {packed} bytes unpack to {unpacked}, over the bound"
            ));
            continue;
        }
        let method = entry.compression_method();
        let local = match archive.get_entry(entry.wayfinder()) {
            Ok(local) => local,
            Err(error) => {
                damage(format!("{name}: {error}"));
                continue;
            }
        };
        buffer.clear();
        let read = match method {
            rawzip::CompressionMethod::STORE => local
                .verifying_reader(local.data())
                .take(RECORD_LIMIT + 1)
                .read_to_end(&mut buffer),
            rawzip::CompressionMethod::DEFLATE => {
                decoder.reset(local.data());
                local
                    .verifying_reader(&mut decoder)
                    .take(RECORD_LIMIT + 1)
                    .read_to_end(&mut buffer)
            }
            other => {
                damage(format!(
                    "{name}: compression method {} is not read",
                    other.as_u16()
                ));
                continue;
            }
        };
        if let Err(error) = read {
            damage(format!("{name}: {error}"));
            continue;
        }
        total += buffer.len() as u64;
        if buffer.len() as u64 > RECORD_LIMIT || total > TOTAL_LIMIT {
            damage(format!("{name}: over the bound"));
            if total > TOTAL_LIMIT {
                break;
            }
            continue;
        }
        record(name, &buffer, &mut damage);
    }
}
