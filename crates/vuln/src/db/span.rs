//! What versions a statement is about: ranges and single versions, read where they lie.
//!
//! Layout: `ranges << 2 | versions? << 1 | undecided` as LEB128; per range a byte of flags (1 has an
//! introduced version, 2 exclusive, 4 fixed, 8 last affected) and these texts; then, where there are
//! any, the number of single versions and the versions.

use super::codec::Cursor;
use super::format::RangeDisk;

/// Is what versions a statement is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span<'d>(&'d [u8]);

impl<'d> Span<'d> {
    /// Makes a reader of what was stored.
    pub(super) fn new(bytes: &'d [u8]) -> Self {
        Self(bytes)
    }

    /// Says whether the feed has not decided yet.
    pub(crate) fn undecided(self) -> bool {
        self.head().0 & 1 == 1
    }

    /// Returns the ranges.
    pub(crate) fn ranges(self) -> Ranges<'d> {
        let (head, bytes) = self.head();
        Ranges {
            left: head >> 2,
            bytes,
        }
    }

    /// Returns the single versions.
    pub(crate) fn versions(self) -> impl Iterator<Item = &'d str> {
        let mut bytes = Cursor(&[]);
        let mut left = 0;
        if self.head().0 & 2 == 2 {
            let mut ranges = self.ranges();
            while ranges.next().is_some() {}
            bytes = ranges.bytes;
            left = bytes.count().unwrap_or(0);
        }
        std::iter::from_fn(move || {
            left = usize::checked_sub(left, 1)?;
            bytes.text()
        })
    }

    /// Returns what it begins with and what follows.
    fn head(self) -> (u64, Cursor<'d>) {
        let mut bytes = Cursor(self.0);
        (bytes.number().unwrap_or(0), bytes)
    }
}

/// Iterates over ranges.
#[derive(Clone, Debug)]
pub(crate) struct Ranges<'d> {
    /// How many come.
    left: u64,
    /// What is not read yet.
    bytes: Cursor<'d>,
}

impl<'d> Iterator for Ranges<'d> {
    type Item = RangeDisk<'d>;

    #[inline]
    fn next(&mut self) -> Option<RangeDisk<'d>> {
        self.left = self.left.checked_sub(1)?;
        let flags = self.bytes.byte()?;
        let mut text = |flag: u8| match flags & flag {
            0 => Some(None),
            _ => self.bytes.text().map(Some),
        };
        Some(RangeDisk {
            introduced: text(1)?.unwrap_or(""),
            exclusive: flags & 2 == 2,
            fixed: text(4)?,
            last_affected: text(8)?,
        })
    }
}
