//! Reading rpm's Berkeley DB hash file `Packages` (rpm before 4.16, RHEL to 8, Amazon Linux 2).
//!
//! Only what this needs of Berkeley DB's file format (`dbinc/db_page.h`, hash access method version
//! 8 to 10): pages of keys and values, values on overflow pages, both byte orders. The pages are read
//! in order instead of by bucket: a page that no bucket reaches any more is of another type. Values
//! are package headers under their instance number; instance 0 is rpm's counter.

use std::borrow::Cow;

use super::bytes::{be16, be32, le16, le32, slice};
use super::{Collector, Parsed};

const HASH_MAGIC: u32 = 0x0006_1561;
/// The header of every page but the first.
const PAGE_HEADER: usize = 26;
const PAGE_HASH_UNSORTED: u8 = 2;
const PAGE_OVERFLOW: u8 = 7;
const PAGE_HASH: u8 = 13;
const ITEM_KEY_DATA: u8 = 1;
const ITEM_OFF_PAGE: u8 = 3;
/// Nothing shorter is a header: two counts and one index entry.
const LEAST_HEADER: usize = 24;

/// Reads rpm's Berkeley DB database: its packages, sorted, and what could not be read.
pub fn parse_bdb(bytes: &[u8]) -> Parsed {
    let mut collector = Collector::default();
    let database = match Database::open(bytes) {
        Ok(database) => database,
        Err(why) => {
            collector.damage.note(|| why);
            return collector.finish();
        }
    };
    // Overflow pages belong to one value each: together values are at most as large as the file.
    let mut budget = bytes.len();
    let pages = bytes.chunks(database.page_size).enumerate().skip(1);
    for (number, page) in pages {
        if !matches!(page.get(25), Some(&PAGE_HASH | &PAGE_HASH_UNSORTED)) {
            continue;
        }
        let entries = usize::from(database.u16(page, 20).unwrap_or_default());
        if PAGE_HEADER + entries * 2 > page.len() {
            collector
                .damage
                .note(|| format!("page {number}: {entries} entries do not fit on a page"));
            continue;
        }
        // Keys and values take turns.
        for index in (1..entries).step_by(2) {
            match database.value(page, index, &mut budget) {
                Ok(Some(blob)) => {
                    let place = || format!("page {number}, entry {index}");
                    collector.add(&blob, place);
                }
                Ok(None) => {}
                Err(why) => collector
                    .damage
                    .note(|| format!("page {number}, entry {index}: {why}")),
            }
        }
    }
    if database.last_page as usize >= bytes.len().div_ceil(database.page_size) {
        collector.damage.note(|| {
            let (last, size) = (database.last_page, bytes.len());
            format!("the database is cut: its last page is {last}, the file has {size} bytes")
        });
    }
    collector.finish()
}

struct Database<'a> {
    bytes: &'a [u8],
    big_endian: bool,
    page_size: usize,
    last_page: u32,
}

impl<'a> Database<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, String> {
        if bytes.is_empty() {
            return Err("the database is empty".to_owned());
        }
        let big_endian = match (le32(bytes, 12), be32(bytes, 12)) {
            (Some(HASH_MAGIC), _) => false,
            (_, Some(HASH_MAGIC)) => true,
            _ => return Err("expected a Berkeley DB hash file, got something else".to_owned()),
        };
        let mut database = Self {
            bytes,
            big_endian,
            page_size: 0,
            last_page: 0,
        };
        if bytes.get(24).is_some_and(|algorithm| *algorithm != 0) {
            return Err("the database is encrypted".to_owned());
        }
        let page_size = database.u32(bytes, 20).unwrap_or_default() as usize;
        if !page_size.is_power_of_two() || !(512..=65536).contains(&page_size) {
            return Err(format!(
                "expected a page size from 512 to 65536 that is a power of two, got {page_size}"
            ));
        }
        database.page_size = page_size;
        database.last_page = database.u32(bytes, 32).unwrap_or_default();
        Ok(database)
    }

    fn u16(&self, bytes: &[u8], at: usize) -> Option<u16> {
        if self.big_endian {
            be16(bytes, at)
        } else {
            le16(bytes, at)
        }
    }

    fn u32(&self, bytes: &[u8], at: usize) -> Option<u32> {
        if self.big_endian {
            be32(bytes, at)
        } else {
            le32(bytes, at)
        }
    }

    /// Returns the value at an index of a hash page; `None` for what is too short to be a header.
    fn value(
        &self,
        page: &'a [u8],
        index: usize,
        budget: &mut usize,
    ) -> Result<Option<Cow<'a, [u8]>>, String> {
        let outside = || "lies outside of its page".to_owned();
        let overlap = || "states more bytes than the file has left".to_owned();
        let offset = |index: usize| {
            let offset = self.u16(page, PAGE_HEADER + index * 2);
            offset.map(usize::from).ok_or_else(outside)
        };
        let start = offset(index)?;
        match page.get(start).copied() {
            Some(ITEM_KEY_DATA) => {
                // Items grow down from the page's end: the one before begins where this one ends.
                let end = offset(index - 1)?;
                let item = page.get(start + 1..end).ok_or_else(outside)?;
                *budget = budget.checked_sub(item.len()).ok_or_else(overlap)?;
                Ok((item.len() >= LEAST_HEADER).then_some(Cow::Borrowed(item)))
            }
            Some(ITEM_OFF_PAGE) => {
                let first = self.u32(page, start + 4).ok_or_else(outside)?;
                let length = self.u32(page, start + 8).ok_or_else(outside)? as usize;
                *budget = budget
                    .checked_sub(length)
                    .ok_or_else(|| format!("states {length} bytes, more than the file has left"))?;
                self.overflow(first, length)
                    .map(|blob| Some(Cow::Owned(blob)))
            }
            Some(kind) => Err(format!("expected an item of type 1 or 3, got {kind}")),
            None => Err(outside()),
        }
    }

    /// Joins a chain of overflow pages. It ends with the stated length, so a cycle ends too.
    fn overflow(&self, first: u32, length: usize) -> Result<Vec<u8>, String> {
        let mut value = Vec::with_capacity(length);
        let mut number = first;
        while value.len() < length {
            let start = (number as usize).saturating_mul(self.page_size);
            let page = match self.bytes.get(start..) {
                Some(rest) if number != 0 && !rest.is_empty() => {
                    rest.get(..self.page_size).unwrap_or(rest)
                }
                _ => return Err(format!("overflow page {number} does not exist")),
            };
            if page.get(25) != Some(&PAGE_OVERFLOW) {
                return Err(format!("page {number} is no overflow page"));
            }
            let used = usize::from(self.u16(page, 22).unwrap_or_default());
            let content = slice(page, PAGE_HEADER, used)
                .filter(|content| !content.is_empty())
                .ok_or_else(|| format!("overflow page {number} holds {used} bytes"))?;
            let wanted = (length - value.len()).min(content.len());
            value.extend_from_slice(content.get(..wanted).unwrap_or_default());
            number = self.u32(page, 16).unwrap_or_default();
        }
        Ok(value)
    }
}
