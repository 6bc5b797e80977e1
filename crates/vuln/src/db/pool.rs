//! A numbered list of byte strings: blocks of a few entries, each block with its checksum.
//!
//! Layout: blocks, then their offsets (u32 each), then the number of entries (u32), then the CRC-32
//! of offsets and number. A block is the CRC-32 of what follows in it, then its entries, each its
//! length as LEB128 and its bytes. The end is checked when the list is opened, a block whenever an
//! entry is read from it, so that reading touches only what it needs.

use super::codec::{Cursor, put_length};
use super::format::u32_at;

/// How many entries share a block and its checksum.
const BLOCK: usize = 16;

/// Builds a list.
#[derive(Default)]
pub(super) struct Builder {
    /// The finished blocks.
    bytes: Vec<u8>,
    /// Where each block starts.
    offsets: Vec<usize>,
    /// The entries of the block in the making.
    block: Vec<u8>,
    /// How many entries there are.
    count: usize,
}

impl Builder {
    /// Adds an entry and returns its number.
    pub(super) fn add(&mut self, entry: &[u8]) -> u32 {
        let number = self.count;
        put_length(&mut self.block, entry.len());
        self.block.extend_from_slice(entry);
        self.count += 1;
        if self.count.is_multiple_of(BLOCK) {
            self.close();
        }
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// Writes the block in the making.
    fn close(&mut self) {
        if self.block.is_empty() {
            return;
        }
        self.offsets.push(self.bytes.len());
        let crc = crc32fast::hash(&self.block);
        self.bytes.extend_from_slice(&crc.to_le_bytes());
        self.bytes.append(&mut self.block);
    }

    /// Returns the list's bytes; `None` when it grew over what its offsets can say.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        self.close();
        let start = self.bytes.len();
        u32::try_from(start).ok()?;
        for offset in &self.offsets {
            let offset = u32::try_from(*offset).ok()?;
            self.bytes.extend_from_slice(&offset.to_le_bytes());
        }
        let count = u32::try_from(self.count).ok()?;
        self.bytes.extend_from_slice(&count.to_le_bytes());
        let crc = crc32fast::hash(self.bytes.get(start..)?);
        self.bytes.extend_from_slice(&crc.to_le_bytes());
        Some(self.bytes)
    }
}

/// Reads a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pool<'a> {
    /// The blocks.
    blocks: &'a [u8],
    /// The blocks' offsets.
    offsets: &'a [u8],
    /// How many entries there are.
    count: u32,
}

/// Is where the blocks of a list end and how many entries it has: found once, when it is checked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shape {
    /// The length of the blocks.
    blocks: usize,
    /// How many entries there are.
    count: u32,
}

/// Checks the end of a list; `None` when it is damaged.
pub(super) fn check(bytes: &[u8]) -> Option<Shape> {
    let (rest, crc) = bytes.split_last_chunk::<4>()?;
    let (before, count) = rest.split_last_chunk::<4>()?;
    let count = u32::from_le_bytes(*count);
    let length = (count as usize).div_ceil(BLOCK).checked_mul(4)?;
    let blocks = before.len().checked_sub(length)?;
    let whole = crc32fast::hash(rest.get(blocks..)?) == u32::from_le_bytes(*crc);
    whole.then_some(Shape { blocks, count })
}

impl<'a> Pool<'a> {
    /// Makes a reader of a list that was checked.
    pub(super) fn new(bytes: &'a [u8], shape: Shape) -> Self {
        let (blocks, rest) = bytes.split_at_checked(shape.blocks).unwrap_or((&[], &[]));
        Self {
            blocks,
            offsets: rest,
            count: shape.count,
        }
    }

    /// Returns an entry; `None` when there is none of that number, or its block is damaged.
    pub(super) fn get(&self, number: u32) -> Option<&'a [u8]> {
        Walk::new(*self).get(number)
    }

    /// Returns the entries of a block, if its checksum is right.
    fn block(&self, number: usize) -> Option<&'a [u8]> {
        let start = u32_at(self.offsets, number * 4)? as usize;
        let last = (self.count as usize).div_ceil(BLOCK) == number + 1;
        let end = if last {
            self.blocks.len()
        } else {
            u32_at(self.offsets, (number + 1) * 4)? as usize
        };
        let (crc, entries) = self.blocks.get(start..end)?.split_first_chunk::<4>()?;
        (crc32fast::hash(entries) == u32::from_le_bytes(*crc)).then_some(entries)
    }
}

/// Reads entries of which many lie beside each other: a block is checked once for all in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk<'a> {
    /// The list.
    pool: Pool<'a>,
    /// The block that was read last.
    block: Option<(usize, &'a [u8])>,
    /// The entry that comes next in it, and the bytes from it on.
    next: (u32, Cursor<'a>),
}

impl<'a> Walk<'a> {
    /// Starts at no block.
    pub(super) fn new(pool: Pool<'a>) -> Self {
        Self {
            pool,
            block: None,
            next: (0, Cursor(&[])),
        }
    }

    /// Returns an entry.
    pub(super) fn get(&mut self, number: u32) -> Option<&'a [u8]> {
        if number >= self.pool.count {
            return None;
        }
        let block = number as usize / BLOCK;
        let first = u32::try_from(block * BLOCK).ok()?;
        match self.block {
            Some((current, entries)) if current == block => {
                if number < self.next.0 {
                    self.next = (first, Cursor(entries));
                }
            }
            _ => {
                let entries = self.pool.block(block)?;
                self.block = Some((block, entries));
                self.next = (first, Cursor(entries));
            }
        }
        let (mut at, mut bytes) = self.next;
        loop {
            let length = bytes.count()?;
            let entry = bytes.bytes(length)?;
            at += 1;
            if at > number {
                self.next = (at, bytes);
                return Some(entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_in_any_order_and_damage_is_none() {
        for count in [0_u32, 1, 15, 16, 17, 100] {
            let mut builder = Builder::default();
            for number in 0..count {
                assert_eq!(builder.add(&vec![7; number as usize % 5]), number);
            }
            let bytes = builder.finish().expect("small");
            let pool = Pool::new(&bytes, check(&bytes).expect("whole"));
            let mut walk = Walk::new(pool);
            for number in (0..count).rev().chain(0..count) {
                let expected = vec![7; number as usize % 5];
                assert_eq!(pool.get(number), Some(expected.as_slice()));
                assert_eq!(walk.get(number), Some(expected.as_slice()));
            }
            assert_eq!(pool.get(count), None);
        }
        let mut builder = Builder::default();
        for number in 0..40_u8 {
            builder.add(&[number; 3]);
        }
        let whole = builder.finish().expect("small");
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x41;
            if let Some(shape) = check(&bytes) {
                let pool = Pool::new(&bytes, shape);
                for number in 0..40_u8 {
                    let entry = pool.get(number.into());
                    assert!(entry.is_none_or(|entry| entry == [number; 3]), "{at}");
                }
            }
            assert!(check(&whole[..at]).is_none());
        }
    }
}
