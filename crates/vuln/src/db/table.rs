//! A sorted table of keys to small values: front-coded blocks with a restart every few keys.
//!
//! Layout: entries, then the restarts' offsets (u32 each), then their count (u32). An entry is
//! `shared length, rest length, rest, value length, value`, lengths as LEB128; at a restart nothing
//! is shared. A look-up is a binary search over the restarts and a scan of at most [`RESTART`]
//! entries. Every access is checked, so that damaged bytes give a miss or an early end, never a
//! panic; that is why it is not an `fst`, which panics on them. Size and speed are alike.

/// How many entries share a restart.
const RESTART: usize = 16;

/// The longest key in bytes.
const KEY_LIMIT: usize = 4096;

/// Builds a table; keys must come in ascending order.
#[derive(Default)]
pub(super) struct Builder {
    /// The entries so far.
    bytes: Vec<u8>,
    /// The restarts.
    restarts: Vec<u32>,
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
        let shared = if self.count.is_multiple_of(RESTART) {
            self.restarts
                .push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
            0
        } else {
            key.iter()
                .zip(&self.last)
                .take_while(|(a, b)| a == b)
                .count()
        };
        let rest = key.get(shared..).unwrap_or(&[]);
        put(&mut self.bytes, shared);
        put(&mut self.bytes, rest.len());
        self.bytes.extend_from_slice(rest);
        put(&mut self.bytes, value.len());
        self.bytes.extend_from_slice(value);
        self.last.clear();
        self.last.extend_from_slice(key);
        self.count += 1;
    }

    /// Returns the table's bytes; `None` when it grew over what its offsets can say.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        let count = u32::try_from(self.restarts.len()).ok()?;
        u32::try_from(self.bytes.len()).ok()?;
        for restart in &self.restarts {
            self.bytes.extend_from_slice(&restart.to_le_bytes());
        }
        self.bytes.extend_from_slice(&count.to_le_bytes());
        Some(self.bytes)
    }
}

/// Appends a number as LEB128.
fn put(bytes: &mut Vec<u8>, number: usize) {
    let mut left = number;
    loop {
        let low = u8::try_from(left & 0x7f).unwrap_or(0);
        left >>= 7;
        if left == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// Takes a number off the front.
fn take(bytes: &mut &[u8]) -> Option<usize> {
    let mut number = 0_usize;
    for shift in (0..35).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= usize::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Takes a number of bytes off the front.
fn take_bytes<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (front, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(front)
}

/// Reads a table.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    /// The entries.
    entries: &'a [u8],
    /// The restarts' offsets.
    restarts: &'a [u8],
}

impl<'a> Table<'a> {
    /// Opens a table; `None` when its frame is damaged.
    pub(super) fn open(bytes: &'a [u8]) -> Option<Self> {
        let (rest, count) = bytes.split_last_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*count))
            .ok()?
            .checked_mul(4)?;
        let split = rest.len().checked_sub(length)?;
        let (entries, restarts) = rest.split_at_checked(split)?;
        Some(Self { entries, restarts })
    }

    /// Returns the entries from the first key that is not below `from`.
    pub(super) fn from(&self, from: &[u8]) -> Entries<'a> {
        let count = self.restarts.len() / 4;
        let (mut low, mut high) = (0, count);
        // The last restart whose key is not above `from`.
        while low + 1 < high {
            let middle = usize::midpoint(low, high);
            match self.at(middle).next() {
                Some((key, _)) if key.as_slice() <= from => low = middle,
                _ => high = middle,
            }
        }
        let mut entries = self.at(low);
        loop {
            let before = entries.clone();
            match entries.next() {
                Some((key, _)) if key.as_slice() < from => {}
                _ => return before,
            }
        }
    }

    /// Returns the entries from a restart on.
    fn at(&self, restart: usize) -> Entries<'a> {
        let offset = self
            .restarts
            .get(restart * 4..)
            .and_then(<[u8]>::first_chunk::<4>)
            .map_or(u32::MAX, |bytes| u32::from_le_bytes(*bytes));
        let left = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.entries.get(offset..))
            .unwrap_or(&[]);
        Entries {
            left,
            key: Vec::new(),
        }
    }

    /// Returns the value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Option<&'a [u8]> {
        let (found, value) = self.from(key).next()?;
        (found == key).then_some(value)
    }
}

/// Iterates over keys and values in order.
#[derive(Clone)]
pub(super) struct Entries<'a> {
    /// What is not read yet.
    left: &'a [u8],
    /// The key before.
    key: Vec<u8>,
}

impl<'a> Iterator for Entries<'a> {
    type Item = (Vec<u8>, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let shared = take(&mut self.left)?;
        let rest = take(&mut self.left)?;
        if shared > self.key.len() || shared + rest > KEY_LIMIT {
            return None;
        }
        let rest = take_bytes(&mut self.left, rest)?;
        self.key.truncate(shared);
        self.key.extend_from_slice(rest);
        let length = take(&mut self.left)?;
        let value = take_bytes(&mut self.left, length)?;
        Some((self.key.clone(), value))
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

    #[test]
    fn every_key_is_found_and_no_other() {
        for count in [0, 1, 15, 16, 17, 500] {
            let bytes = table(count);
            let table = Table::open(&bytes).expect("whole");
            for index in 0..count {
                let value = table.get(format!("key{index:05}").as_bytes());
                assert_eq!(
                    value,
                    Some(index.to_le_bytes().as_slice()),
                    "{index} of {count}"
                );
            }
            for key in ["", "a", "key", "key00000x", "key99999", "z"] {
                assert_eq!(table.get(key.as_bytes()), None, "{key}");
            }
            assert_eq!(table.from(b"").count(), count);
            assert_eq!(table.from(b"key00010").count(), count.saturating_sub(10));
        }
    }

    #[test]
    fn damaged_bytes_never_panic() {
        let whole = table(60);
        for at in 0..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= flip;
                if let Some(table) = Table::open(&bytes) {
                    let _ = table.get(b"key00033");
                    let _ = table.from(b"").take(1000).count();
                }
            }
            if let Some(table) = Table::open(&whole[..at]) {
                let _ = table.get(b"key00033");
            }
        }
    }
}
