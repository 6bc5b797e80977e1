//! Walking the table of packages in an SQLite database (rpm 4.16 and later), read-only, over bytes.
//!
//! Only what this needs of SQLite's file format (<https://www.sqlite.org/fileformat2.html>, sections
//! 1.3 to 1.6 and 2.1): the header, table b-trees, records, overflow chains. rpm's table is
//! `Packages(hnum INTEGER PRIMARY KEY, blob BLOB)`. Every page is visited at most once and the
//! payloads together are at most as large as the file, whatever the pointers in it say.

use std::borrow::Cow;

use super::bytes::{be16, be32, slice};
use super::{Collector, Parsed};

const MAGIC: &[u8] = b"SQLite format 3\0";
const INTERIOR: u8 = 0x05;
const LEAF: u8 = 0x0d;

/// Reads rpm's SQLite database: its packages, sorted, and what could not be read.
pub fn parse_sqlite(bytes: &[u8]) -> Parsed {
    let mut collector = Collector::default();
    match Database::open(bytes) {
        Ok(mut database) => database.packages(&mut collector),
        Err(why) => collector.damage.note(|| why),
    }
    collector.finish()
}

/// Says what a write-ahead log beside a database means: `None` when nothing is committed in it.
///
/// The log is not applied. Its frames count only as far as they were committed and not yet written
/// back, which the log alone does not say.
pub fn wal_notice(bytes: &[u8]) -> Option<String> {
    let magic = be32(bytes, 0)?;
    if !matches!(magic, 0x377f_0682 | 0x377f_0683) {
        return Some("is no write-ahead log of SQLite; it was not read".to_owned());
    }
    let page_size = match be32(bytes, 8)? as usize {
        size if size.is_power_of_two() && (512..=65536).contains(&size) => size,
        _ => return Some("states an impossible page size; it was not read".to_owned()),
    };
    let salt = slice(bytes, 16, 8)?;
    let committed = bytes
        .get(32..)?
        .chunks_exact(24 + page_size)
        .take_while(|frame| slice(frame, 8, 8) == Some(salt))
        .any(|frame| be32(frame, 4).is_some_and(|pages| pages != 0));
    committed.then(|| {
        "changes in the write-ahead log were not read; packages may be missing or outdated"
            .to_owned()
    })
}

/// Is a database whose tables are walked.
pub(super) struct Database<'a> {
    bytes: &'a [u8],
    page_size: usize,
    /// The bytes of a page that are used; the rest is reserved for extensions.
    usable: usize,
    visited: Vec<bool>,
    /// The bytes of payload that may still be read: rows do not overlap.
    budget: usize,
}

/// Is one row: its key and its record.
type Row<'a> = (u64, Cow<'a, [u8]>);

impl<'a> Database<'a> {
    /// Reads the header.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, String> {
        if bytes.is_empty() {
            return Err("the database is empty".to_owned());
        }
        if bytes.get(..16) != Some(MAGIC) {
            return Err("expected an SQLite database, got something else".to_owned());
        }
        let page_size = match be16(bytes, 16) {
            Some(1) => 65536,
            Some(size) if size.is_power_of_two() && size >= 512 => usize::from(size),
            size => {
                let size = size.unwrap_or_default();
                return Err(format!(
                    "expected a page size that is a power of two of at least 512, got {size}"
                ));
            }
        };
        let reserved = usize::from(bytes.get(20).copied().unwrap_or_default());
        let usable = page_size - reserved;
        if usable < 480 {
            return Err(format!(
                "{reserved} of {page_size} bytes of a page are reserved"
            ));
        }
        if be32(bytes, 56).is_some_and(|encoding| encoding > 1) {
            return Err("expected text in UTF-8, got UTF-16".to_owned());
        }
        Ok(Self {
            bytes,
            page_size,
            usable,
            visited: vec![false; bytes.len().div_ceil(page_size) + 1],
            budget: bytes.len(),
        })
    }

    fn packages(&mut self, collector: &mut Collector) {
        let [Some(root)] = self.tables([b"packages"], collector) else {
            let damage = &mut collector.damage;
            damage.note(|| "the database has no table `Packages`".to_owned());
            return;
        };
        self.walk(root, collector, |key, record, collector| {
            if let Some(blob) = column(record, 1) {
                collector.add(blob, || format!("row {key}"));
            } else {
                let damage = &mut collector.damage;
                damage.note(|| format!("row {key}: the record is damaged"));
            }
        });
    }

    /// Finds the root pages of tables by their names in lower case.
    pub(super) fn tables<const N: usize>(
        &mut self,
        names: [&[u8]; N],
        collector: &mut Collector,
    ) -> [Option<u32>; N] {
        let mut roots = [None; N];
        self.walk(1, collector, |_, record, _| {
            // type, name, tbl_name, rootpage, sql (section 2.6).
            if column(record, 0) != Some(b"table") {
                return;
            }
            let Some(name) = column(record, 1) else {
                return;
            };
            for (root, wanted) in roots.iter_mut().zip(names) {
                if name.eq_ignore_ascii_case(wanted) {
                    *root = column(record, 3)
                        .and_then(integer)
                        .and_then(|page| u32::try_from(page).ok());
                }
            }
        });
        roots
    }

    /// Calls `visit` with each row of a table, in the order of the tree.
    pub(super) fn walk(
        &mut self,
        root: u32,
        collector: &mut Collector,
        mut visit: impl FnMut(u64, &[u8], &mut Collector),
    ) {
        let mut pending = vec![root];
        while let Some(number) = pending.pop() {
            let Some(page) = self.page(number) else {
                let damage = &mut collector.damage;
                damage.note(|| format!("page {number} lies outside of the database"));
                continue;
            };
            if !self.visit_once(number) {
                let damage = &mut collector.damage;
                damage.note(|| format!("page {number} is pointed to twice"));
                continue;
            }
            // The first page begins with the database's header.
            let start = if number == 1 { 100 } else { 0 };
            let count = usize::from(be16(page, start + 3).unwrap_or_default());
            match page.get(start) {
                Some(&INTERIOR) => {
                    let first = pending.len();
                    for index in 0..count {
                        let cell = be16(page, start + 12 + 2 * index);
                        match cell.and_then(|cell| be32(page, usize::from(cell))) {
                            Some(child) => pending.push(child),
                            None => collector.damage.note(|| {
                                format!("page {number}: cell {index} lies outside of the page")
                            }),
                        }
                    }
                    pending.extend(be32(page, start + 8));
                    if let Some(children) = pending.get_mut(first..) {
                        children.reverse();
                    }
                }
                Some(&LEAF) => {
                    for index in 0..count {
                        let cell = be16(page, start + 8 + 2 * index);
                        match cell.and_then(|cell| self.row(page, usize::from(cell))) {
                            Some((key, record)) => visit(key, &record, collector),
                            None => collector.damage.note(|| {
                                format!("page {number}: row {index} is damaged and was left out")
                            }),
                        }
                    }
                }
                _ => {
                    let damage = &mut collector.damage;
                    damage.note(|| format!("page {number} is no page of a table"));
                }
            }
        }
    }

    /// Marks a page as visited; says whether it was not before.
    fn visit_once(&mut self, number: u32) -> bool {
        self.visited
            .get_mut(number as usize)
            .is_some_and(|seen| !std::mem::replace(seen, true))
    }

    /// Reads a cell of a leaf, its overflow pages included (section 1.6).
    fn row(&mut self, page: &'a [u8], at: usize) -> Option<Row<'a>> {
        let mut cell = page.get(at..self.usable)?;
        let length = usize::try_from(varint(&mut cell)?).ok()?;
        let key = varint(&mut cell)?;
        let usable = self.usable;
        self.budget = self.budget.checked_sub(length)?;
        if length <= usable - 35 {
            return Some((key, Cow::Borrowed(cell.get(..length)?)));
        }
        let least = (usable - 12) * 32 / 255 - 23;
        let local = least + (length - least) % (usable - 4);
        let local = if local <= usable - 35 { local } else { least };
        let mut record = Vec::with_capacity(length);
        record.extend_from_slice(cell.get(..local)?);
        let mut next = be32(cell, local)?;
        while record.len() < length {
            let overflow = self.page(next)?;
            if !self.visit_once(next) {
                return None;
            }
            let wanted = (length - record.len()).min(usable - 4);
            record.extend_from_slice(slice(overflow, 4, wanted)?);
            next = be32(overflow, 0)?;
        }
        Some((key, Cow::Owned(record)))
    }

    /// Returns a page; the last one may be cut.
    fn page(&self, number: u32) -> Option<&'a [u8]> {
        let start = (number as usize)
            .checked_sub(1)?
            .checked_mul(self.page_size)?;
        let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
        Some(rest.get(..self.page_size).unwrap_or(rest))
    }
}

/// Returns the bytes of a column of a record (section 2.1); empty for NULL and the constants.
pub(super) fn column(record: &[u8], wanted: usize) -> Option<&[u8]> {
    typed_column(record, wanted).map(|(_, bytes)| bytes)
}

/// Returns the integer in a column, the constants 0 and 1 included.
pub(super) fn integer_column(record: &[u8], wanted: usize) -> Option<u64> {
    match typed_column(record, wanted)? {
        (8, _) => Some(0),
        (9, _) => Some(1),
        (1..=6, bytes) => integer(bytes),
        _ => None,
    }
}

/// Returns a column's serial type and bytes.
fn typed_column(record: &[u8], wanted: usize) -> Option<(u64, &[u8])> {
    let mut header = record;
    let header_size = usize::try_from(varint(&mut header)?).ok()?;
    let consumed = record.len() - header.len();
    let mut types = record.get(consumed..header_size)?;
    let mut at = header_size;
    for _ in 0..wanted {
        at = at.checked_add(column_size(varint(&mut types)?)?)?;
    }
    let serial_type = varint(&mut types)?;
    Some((serial_type, slice(record, at, column_size(serial_type)?)?))
}

fn column_size(serial_type: u64) -> Option<usize> {
    Some(match serial_type {
        0 | 8 | 9 => 0,
        small @ 1..=4 => small as usize,
        5 => 6,
        6 | 7 => 8,
        10 | 11 => return None,
        long => usize::try_from((long - 12) / 2).ok()?,
    })
}

/// Reads a big-endian integer of a column.
fn integer(bytes: &[u8]) -> Option<u64> {
    if bytes.len() > 8 {
        return None;
    }
    Some(
        bytes
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte)),
    )
}

/// Reads a variable-length integer: up to nine bytes, the ninth with all its bits (section 1.6).
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for index in 0..9 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if index == 8 {
            return Some(value << 8 | u64::from(*byte));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
