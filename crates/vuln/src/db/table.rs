//! A sorted table of keys to small values: front-coded blocks, and the first key of each.
//!
//! Layout: blocks, then the first keys, then per block the offset of its key and of itself (u32
//! each), then the number of blocks and the length of the keys (u32 each), then the CRC-32 of all
//! from the keys on. A block is the CRC-32 of what follows in it, then its entries: `shared length,
//! rest length, rest, value length, value`, lengths as LEB128; the first shares nothing. A look-up
//! is a binary search over the first keys, which were checked when the table was opened, then a
//! check and a scan of one block. Every access is checked, so that damaged bytes give an error,
//! never a panic and never a wrong answer; that is why it is not an `fst`, which panics on them.

use super::codec::{Cursor, put_length};
use super::format::u32_at;

/// How many entries share a block.
const BLOCK: usize = 16;

/// The longest key in bytes.
const KEY_LIMIT: usize = 4096;

/// Builds a table; keys must come in ascending order.
#[derive(Default)]
pub(super) struct Builder {
    /// The finished blocks.
    bytes: Vec<u8>,
    /// The first keys.
    firsts: Vec<u8>,
    /// Per block, where its key and itself start.
    starts: Vec<(usize, usize)>,
    /// The entries of the block in the making.
    block: Vec<u8>,
    /// The key before.
    last: Vec<u8>,
    /// How many entries there are.
    count: usize,
}

impl Builder {
    /// Adds an entry.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        debug_assert!(self.count == 0 || key > self.last.as_slice());
        let key = key.get(..KEY_LIMIT).unwrap_or(key);
        let shared = if self.count.is_multiple_of(BLOCK) {
            self.close();
            self.starts.push((self.firsts.len(), self.bytes.len()));
            self.firsts.extend_from_slice(key);
            0
        } else {
            let same = key.iter().zip(&self.last);
            same.take_while(|(a, b)| a == b).count()
        };
        let rest = key.get(shared..).unwrap_or(&[]);
        put_length(&mut self.block, shared);
        put_length(&mut self.block, rest.len());
        self.block.extend_from_slice(rest);
        put_length(&mut self.block, value.len());
        self.block.extend_from_slice(value);
        self.last.clear();
        self.last.extend_from_slice(key);
        self.count += 1;
    }

    /// Writes the block in the making.
    fn close(&mut self) {
        if !self.block.is_empty() {
            let crc = crc32fast::hash(&self.block);
            self.bytes.extend_from_slice(&crc.to_le_bytes());
            self.bytes.append(&mut self.block);
        }
    }

    /// Returns the table's bytes; `None` when it grew over what its offsets can say.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        self.close();
        let tail = self.bytes.len();
        self.bytes.extend_from_slice(&self.firsts);
        let mut put = |number: usize| {
            let number = u32::try_from(number).ok()?;
            self.bytes.extend_from_slice(&number.to_le_bytes());
            Some(())
        };
        for (key, block) in &self.starts {
            put(*key)?;
            put(*block)?;
        }
        put(self.starts.len())?;
        put(self.firsts.len())?;
        let crc = crc32fast::hash(self.bytes.get(tail..)?);
        self.bytes.extend_from_slice(&crc.to_le_bytes());
        Some(self.bytes)
    }
}

/// Is where the parts of a table are: found once, when it is checked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shape {
    /// Where the blocks end.
    blocks: usize,
    /// Where the first keys end.
    keys: usize,
    /// How many blocks there are.
    count: usize,
}

/// Checks the end of a table; `None` when it is damaged.
pub(super) fn check(bytes: &[u8]) -> Option<Shape> {
    let (rest, crc) = bytes.split_last_chunk::<4>()?;
    let counts = rest.len().checked_sub(8)?;
    let count = u32_at(rest, counts)? as usize;
    let length = u32_at(rest, counts + 4)? as usize;
    let keys = counts.checked_sub(count.checked_mul(8)?)?;
    let blocks = keys.checked_sub(length)?;
    let whole = crc32fast::hash(rest.get(blocks..)?) == u32::from_le_bytes(*crc);
    whole.then_some(Shape {
        blocks,
        keys,
        count,
    })
}

/// Is a table some of whose bytes are not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// Reads a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    /// The blocks.
    blocks: &'a [u8],
    /// The first keys.
    firsts: &'a [u8],
    /// Where keys and blocks start.
    starts: &'a [u8],
    /// How many blocks there are.
    count: usize,
}

impl<'a> Table<'a> {
    /// Makes a reader of a table that was checked.
    pub(super) fn new(bytes: &'a [u8], shape: Shape) -> Self {
        Self {
            blocks: bytes.get(..shape.blocks).unwrap_or(&[]),
            firsts: bytes.get(shape.blocks..shape.keys).unwrap_or(&[]),
            starts: bytes.get(shape.keys..).unwrap_or(&[]),
            count: shape.count,
        }
    }

    /// Returns the first key of a block.
    fn first(&self, block: usize) -> &'a [u8] {
        let start = u32_at(self.starts, block * 8).unwrap_or(0) as usize;
        let end = if block + 1 < self.count {
            u32_at(self.starts, block * 8 + 8).unwrap_or(0) as usize
        } else {
            self.firsts.len()
        };
        self.firsts.get(start..end).unwrap_or(&[])
    }

    /// Returns the entries of a block, if its checksum is right.
    fn block(&self, block: usize) -> Result<&'a [u8], Broken> {
        let bounds = || {
            let start = u32_at(self.starts, block * 8 + 4)? as usize;
            let end = if block + 1 < self.count {
                u32_at(self.starts, block * 8 + 12)? as usize
            } else {
                self.blocks.len()
            };
            self.blocks.get(start..end)?.split_first_chunk::<4>()
        };
        let (crc, entries) = bounds().ok_or(Broken)?;
        if crc32fast::hash(entries) == u32::from_le_bytes(*crc) {
            Ok(entries)
        } else {
            Err(Broken)
        }
    }

    /// Returns the number of the last block whose first key is not above a key.
    fn find(&self, key: &[u8]) -> Option<usize> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.first(middle) <= key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low.checked_sub(1)
    }

    /// Returns the value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<&'a [u8]>, Broken> {
        let Some(block) = self.find(key) else {
            return Ok(None);
        };
        let mut left = Cursor(self.block(block)?);
        // How many bytes of the key the entry before has in common with it.
        let mut common = 0;
        while !left.0.is_empty() {
            let (shared, rest, value) = entry(&mut left).ok_or(Broken)?;
            if shared > common {
                continue;
            }
            let wanted = key.get(shared..).ok_or(Broken)?;
            let same = rest.iter().zip(wanted).take_while(|(a, b)| a == b).count();
            common = shared + same;
            if common == key.len() && same == rest.len() {
                return Ok(Some(value));
            }
            // The keys ascend: one that is above ends the search.
            match (rest.get(same), wanted.get(same)) {
                (Some(a), Some(b)) if a > b => return Ok(None),
                (Some(_), None) => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Returns the entries from the first key that is not below `from`.
    pub(super) fn from(&self, from: &[u8]) -> Entries<'a> {
        let block = self.find(from).unwrap_or(0);
        Entries {
            table: *self,
            next: block,
            left: Cursor(&[]),
            key: Vec::new(),
            from: from.to_vec(),
        }
    }
}

/// Takes an entry off the front.
#[inline]
fn entry<'a>(left: &mut Cursor<'a>) -> Option<(usize, &'a [u8], &'a [u8])> {
    let shared = left.short()? as usize;
    let length = left.short()? as usize;
    let rest = left.bytes(length)?;
    let length = left.short()? as usize;
    Some((shared, rest, left.bytes(length)?))
}

/// Is a key and its value.
pub(super) type Pair<'k, 'a> = (&'k [u8], &'a [u8]);

/// Iterates over keys and values in order; ends with an error at damage.
pub(super) struct Entries<'a> {
    /// The table.
    table: Table<'a>,
    /// The block that comes next.
    next: usize,
    /// What is not read yet of the block before.
    left: Cursor<'a>,
    /// The key before.
    key: Vec<u8>,
    /// Keys below this are passed over.
    from: Vec<u8>,
}

impl<'a> Entries<'a> {
    /// Returns the next key and value.
    pub(super) fn step(&mut self) -> Result<Option<Pair<'_, 'a>>, Broken> {
        loop {
            if self.left.0.is_empty() {
                if self.next >= self.table.count {
                    return Ok(None);
                }
                self.left = Cursor(self.table.block(self.next)?);
                self.next += 1;
                self.key.clear();
            }
            let (shared, rest, value) = entry(&mut self.left).ok_or(Broken)?;
            if shared > self.key.len() || shared + rest.len() > KEY_LIMIT {
                return Err(Broken);
            }
            self.key.truncate(shared);
            self.key.extend_from_slice(rest);
            if self.key >= self.from {
                return Ok(Some((&self.key, value)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(count: usize) -> Vec<u8> {
        let mut builder = Builder::default();
        for index in 0..count {
            builder.add(format!("key{index:05}").as_bytes(), &index.to_le_bytes());
        }
        builder.finish().expect("small")
    }

    fn count(table: Table<'_>, from: &[u8]) -> usize {
        let mut entries = table.from(from);
        let mut count = 0;
        while entries.step().expect("whole").is_some() {
            count += 1;
        }
        count
    }

    #[test]
    fn every_key_is_found_and_no_other() {
        for entries in [0, 1, 15, 16, 17, 500] {
            let bytes = table(entries);
            let table = Table::new(&bytes, check(&bytes).expect("whole"));
            for index in 0..entries {
                let value = table.get(format!("key{index:05}").as_bytes());
                let expected = index.to_le_bytes();
                assert_eq!(value, Ok(Some(expected.as_slice())), "{index} of {entries}");
            }
            for key in ["", "a", "key", "key00000x", "key0000", "key99999", "z"] {
                assert_eq!(table.get(key.as_bytes()), Ok(None), "{key}");
            }
            assert_eq!(count(table, b""), entries);
            assert_eq!(count(table, b"key00010"), entries.saturating_sub(10));
        }
    }

    #[test]
    fn keys_that_are_prefixes_of_each_other_are_told_apart() {
        let keys = ["a", "ab", "abc", "abd", "b", "ba", "bab", "c"];
        let mut builder = Builder::default();
        for key in keys {
            builder.add(key.as_bytes(), key.as_bytes());
        }
        let bytes = builder.finish().expect("small");
        let table = Table::new(&bytes, check(&bytes).expect("whole"));
        for key in keys {
            assert_eq!(table.get(key.as_bytes()), Ok(Some(key.as_bytes())));
        }
        for key in ["abcd", "aba", "bb", "ac", "caa"] {
            assert_eq!(table.get(key.as_bytes()), Ok(None), "{key}");
        }
    }

    #[test]
    fn damaged_bytes_never_panic_and_never_lie() {
        let whole = table(60);
        let expected = 33_usize.to_le_bytes();
        for at in 0..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= flip;
                if let Some(shape) = check(&bytes) {
                    let table = Table::new(&bytes, shape);
                    let found = table.get(b"key00033");
                    let right = found == Ok(Some(expected.as_slice()));
                    assert!(right || found == Err(Broken), "{at}");
                    let mut entries = table.from(b"");
                    while let Ok(Some(_)) = entries.step() {}
                }
            }
            assert!(check(&whole[..at]).is_none_or(|shape| shape.count == 0));
        }
    }
}
