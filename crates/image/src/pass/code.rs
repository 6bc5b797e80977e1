//! Where the machine code of a large ELF program lies, which nobody reads: it is the most of it, and
//! need not be held in memory.
//!
//! Told by the program header alone, which stands at a file's start ("Tool Interface Standard:
//! Executable and Linking Format", part 2). Only segments of code that linkers part from everything else
//! count: where the first segment holds code too, constants and notes lie in it.

use std::ops::Range;

/// Programs below this size are held as a whole, in bytes.
const LARGE_PROGRAM: u64 = 32 << 20;

/// The least segment that is left out, in bytes.
const LEAST: u64 = 1 << 20;

/// The segments of a program that are loaded (`PT_LOAD`).
const LOADED: u32 = 1;

/// The flag of a segment that is executed (`PF_X`).
const EXECUTED: u32 = 1;

/// Returns where in a file its code lies, in the order of its program header; empty for small files, for
/// what is no ELF program, and where `head` does not hold the whole program header.
pub(super) fn code(head: &[u8], size: u64) -> Vec<Range<u64>> {
    if size < LARGE_PROGRAM {
        return Vec::new();
    }
    segments(head).unwrap_or_default()
}

fn segments(head: &[u8]) -> Option<Vec<Range<u64>>> {
    let [0x7f, b'E', b'L', b'F', 2, order, ..] = head else {
        return None;
    };
    let little = *order == 1;
    let short = |at: usize| {
        let bytes = *head.get(at..)?.first_chunk()?;
        Some(if little {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        })
    };
    let word = |at: usize| {
        let bytes = *head.get(at..)?.first_chunk()?;
        Some(if little {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        })
    };
    let long = |at: usize| {
        let bytes = *head.get(at..)?.first_chunk()?;
        Some(if little {
            u64::from_le_bytes(bytes)
        } else {
            u64::from_be_bytes(bytes)
        })
    };
    let (start, each, count) = (long(32)?, short(54)?, short(56)?);
    let mut found = Vec::new();
    for index in 0..count {
        let at = start.checked_add(u64::from(index) * u64::from(each))?;
        let at = usize::try_from(at).ok()?;
        // Those behind what is known of the file may be of code too: then they are held.
        let (Some(kind), Some(flags)) = (word(at), word(at.checked_add(4)?)) else {
            break;
        };
        let (Some(offset), Some(length)) = (long(at.checked_add(8)?), long(at.checked_add(32)?))
        else {
            break;
        };
        let parted = kind == LOADED && flags & EXECUTED != 0 && offset > 0 && length >= LEAST;
        if parted && flags & 2 == 0 {
            found.push(offset..offset.checked_add(length)?);
        }
    }
    Some(found)
}

/// Returns the parts of a piece of a file that are not code: where in the piece they lie.
pub(super) fn outside(piece: Range<u64>, code: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut rest = vec![piece];
    for one in code {
        rest = rest
            .into_iter()
            .flat_map(|part| {
                let before = part.start..part.end.min(one.start).max(part.start);
                let behind = part.start.max(one.end).min(part.end)..part.end;
                [before, behind]
            })
            .filter(|part| !part.is_empty())
            .collect();
    }
    rest
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::single_range_in_vec_init,
        reason = "lists of ranges are what is compared"
    )]

    use super::*;

    /// Writes the header and the program header of an ELF file: type, flags, offset, length.
    fn head(big: bool, segments: &[(u32, u32, u64, u64)]) -> Vec<u8> {
        let mut out = vec![0x7f, b'E', b'L', b'F', 2, if big { 2 } else { 1 }];
        out.resize(64 + segments.len() * 56, 0);
        let mut put = |at: usize, bytes: &[u8]| {
            let bytes: Vec<u8> = if big {
                bytes.iter().rev().copied().collect()
            } else {
                bytes.to_vec()
            };
            out[at..at + bytes.len()].copy_from_slice(&bytes);
        };
        put(32, &64_u64.to_le_bytes());
        put(54, &56_u16.to_le_bytes());
        put(56, &u16::try_from(segments.len()).unwrap().to_le_bytes());
        for (index, (kind, flags, offset, length)) in segments.iter().enumerate() {
            let at = 64 + 56 * index;
            put(at, &kind.to_le_bytes());
            put(at + 4, &flags.to_le_bytes());
            put(at + 8, &offset.to_le_bytes());
            put(at + 32, &length.to_le_bytes());
        }
        out
    }

    #[test]
    fn code_is_what_linkers_part_from_the_rest() {
        let (size, mega) = (100 << 20, 1 << 20);
        for big in [false, true] {
            let parted = head(
                big,
                &[
                    (6, 4, 64, 2 * mega),
                    (1, 4, 0, 8 * mega),
                    (1, 5, 8 * mega, 50 * mega),
                    (1, 6, 58 * mega, 9 * mega),
                ],
            );
            let found = code(&parted, size);
            assert_eq!(found, [8 * mega..58 * mega]);
            assert_eq!(code(&parted, 20 * mega), []);
            assert_eq!(code(&parted[..200], size), []);
            let together = head(big, &[(1, 5, 0, 60 * mega), (1, 6, 60 * mega, mega)]);
            assert_eq!(code(&together, size), []);
            let hostile = head(big, &[(1, 5, 1, u64::MAX)]);
            assert_eq!(code(&hostile, size), []);
        }
        let mut far = head(false, &[(1, 5, 1, mega)]);
        far[32..40].fill(0xff);
        far[54..58].fill(0xff);
        assert_eq!(code(&far, size), []);
        assert_eq!(code(b"\x7fELF", size), []);
    }

    #[test]
    fn pieces_are_parted_around_code() {
        for (piece, want) in [
            (0..10, vec![0..10]),
            (0..15, vec![0..10]),
            (12..18, vec![]),
            (5..45, vec![5..10, 20..30, 40..45]),
            (19..21, vec![20..21]),
        ] {
            assert_eq!(outside(piece, &[10..20, 30..40]), want);
        }
    }
}
