//! Reading rpm's own NDB database `Packages.db` (openSUSE, SLE; rpm's `lib/backend/ndb/rpmpkg.c`).
//!
//! A page of 4,096 bytes begins with a header of 32 bytes; slots of 16 bytes fill the rest and the
//! following slot pages; then blobs, counted in blocks of 16 bytes. All numbers are little-endian.

use super::bytes::{le32, slice};
use super::{Collector, Parsed};

const PAGE: usize = 4096;
const BLOCK: usize = 16;
const SLOT: usize = 16;
/// The header takes the place of two slots.
const HEADER_SLOTS: usize = 2;
const BLOB_HEAD: usize = 16;
const BLOB_TAIL: usize = 12;

/// Reads rpm's NDB database: its packages, sorted, and what could not be read.
pub fn parse_ndb(bytes: &[u8]) -> Parsed {
    let mut collector = Collector::default();
    let damage = &mut collector.damage;
    if bytes.is_empty() {
        damage.note(|| "the database is empty".to_owned());
        return collector.finish();
    }
    let (Some(b"RpmP"), Some(pages)) = (bytes.get(..4), le32(bytes, 12)) else {
        damage.note(|| "expected a package database of rpm (NDB), got something else".to_owned());
        return collector.finish();
    };
    if le32(bytes, 4) != Some(0) {
        damage.note(|| "expected version 0 of the NDB format, got another".to_owned());
        return collector.finish();
    }
    let stated = (pages as usize).saturating_mul(PAGE);
    let slots = bytes.get(..stated).unwrap_or_else(|| {
        damage.note(|| {
            let size = bytes.len();
            format!("the slots of {pages} pages lie outside of the file of {size} bytes")
        });
        bytes
    });
    // Blobs do not overlap: together they are at most as large as the file.
    let mut budget = bytes.len();
    for (index, slot) in slots.chunks_exact(SLOT).enumerate().skip(HEADER_SLOTS) {
        if slot.get(..4) != Some(b"Slot") {
            collector
                .damage
                .note(|| format!("slot {index} is damaged; the slots after it were not read"));
            break;
        }
        let word = |at| le32(slot, at).unwrap_or_default();
        let (package, offset, blocks) = (word(4), word(8) as usize, word(12) as usize);
        // A free slot has no blob.
        if package == 0 || offset == 0 {
            continue;
        }
        let place = || format!("package {package}");
        let blob = match read_blob(bytes, package, offset, blocks) {
            Ok(blob) => blob,
            Err(why) => {
                collector.damage.note(|| format!("{}: {why}", place()));
                continue;
            }
        };
        let Some(left) = budget.checked_sub(blob.content.len()) else {
            collector
                .damage
                .limit(|| "blobs overlap; the rest was not read".to_owned());
            break;
        };
        budget = left;
        if !blob.sound {
            collector
                .damage
                .note(|| format!("{}: the checksum is wrong", place()));
        }
        collector.add(blob.content, place);
    }
    collector.finish()
}

struct Blob<'a> {
    content: &'a [u8],
    sound: bool,
}

fn read_blob(bytes: &[u8], package: u32, offset: usize, blocks: usize) -> Result<Blob<'_>, String> {
    let start = offset.saturating_mul(BLOCK);
    let size = blocks.saturating_mul(BLOCK);
    let whole = slice(bytes, start, size)
        .ok_or_else(|| format!("its blob of {size} bytes lies outside of the file"))?;
    if whole.get(..4) != Some(b"BlbS") || le32(whole, 4) != Some(package) {
        return Err("its blob does not begin as one".to_owned());
    }
    let length = le32(whole, 12).unwrap_or_default() as usize;
    let content = slice(whole, BLOB_HEAD, length)
        .filter(|content| BLOB_HEAD + content.len() + BLOB_TAIL <= whole.len())
        .ok_or_else(|| format!("its header of {length} bytes lies outside of its blob"))?;
    let tail = whole.len() - BLOB_TAIL;
    let summed = whole.get(..tail).unwrap_or_default();
    let sound = le32(whole, tail) == Some(adler32(summed))
        && le32(whole, tail + 4) == le32(whole, 12)
        && whole.ends_with(b"BlbE");
    Ok(Blob { content, sound })
}

/// Computes Adler-32 (RFC 1950, section 8.2).
fn adler32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (1_u32, 0_u32);
    // The longest run for which the sums fit 32 bits.
    for run in bytes.chunks(5552) {
        for byte in run {
            low += u32::from(*byte);
            high += low;
        }
        low %= 65521;
        high %= 65521;
    }
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_agree_with_the_standard() {
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        assert_eq!(adler32(b""), 1);
    }
}
