//! Which numbers go with which keys: the table of an index over stored lists.

use super::codec::{Cursor, put, put_length};
use super::intern::Interner;
use super::table::{Builder, Table, check};

/// Gathers pairs of keys and numbers.
#[derive(Default)]
pub(crate) struct Postings {
    /// The keys.
    keys: Interner,
    /// The pairs: a key's number, a number.
    pairs: Vec<(u32, u32)>,
}

impl Postings {
    /// Adds a pair.
    pub(crate) fn add(&mut self, key: &[u8], number: u32) {
        let key = self.keys.add(key);
        self.pairs.push((key, number));
    }

    /// Returns the table; `None` when it is too large.
    pub(crate) fn finish(mut self) -> Option<Vec<u8>> {
        if self.keys.full() {
            return None;
        }
        self.pairs.sort_unstable();
        self.pairs.dedup();
        let mut starts = vec![0; self.keys.len() + 1];
        for (key, _) in &self.pairs {
            *starts.get_mut(*key as usize + 1)? += 1;
        }
        let mut total = 0_usize;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        let mut table = Builder::default();
        let mut value = Vec::new();
        for key in self.keys.sorted() {
            let start = *starts.get(key as usize)?;
            let pairs = self.pairs.get(start..*starts.get(key as usize + 1)?)?;
            value.clear();
            put_length(&mut value, pairs.len());
            let mut last = 0;
            for (_, number) in pairs {
                put(&mut value, u64::from(number - last));
                last = *number;
            }
            table.add(self.keys.get(key), &value);
        }
        table.finish()
    }

    /// Says whether the end of a table is whole.
    pub(crate) fn is_whole(table: &[u8]) -> bool {
        check(table).is_some()
    }

    /// Hands over what follows a prefix in each key that has it, with the key's numbers; `None`
    /// when that part is damaged.
    pub(crate) fn each(
        table: &[u8],
        prefix: &[u8],
        mut each: impl FnMut(&[u8], Vec<u32>),
    ) -> Option<()> {
        let mut entries = Table::new(table, check(table)?).from(prefix);
        while let Some((key, value)) = entries.step().ok()? {
            let Some(rest) = key.strip_prefix(prefix) else {
                break;
            };
            let mut bytes = Cursor(value);
            let mut last = 0_u32;
            let numbers = (0..bytes.count()?).map(|_| {
                last = last.checked_add(bytes.short()?)?;
                Some(last)
            });
            each(rest, numbers.collect::<Option<_>>()?);
        }
        Some(())
    }
}
