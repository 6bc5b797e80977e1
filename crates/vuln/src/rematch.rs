//! Which stored package lists a changed database touches.
//!
//! An [`Index`] over stored lists says for every package that any of them holds, in each version,
//! which lists hold it. After an update of the database only the packages that
//! [`Database::changes_since`](crate::db::Database::changes_since) names are looked up, and each
//! distinct version of them is compared once, however many lists hold it.
//!
//! What a package is compared by (`detail`) is the caller's: its version, and where it matters its
//! architecture and module stream. Deliberately absent: where lists are stored, and comparing.
//!
//! Layout: magic, version (u32), CRC-32 of these; then a table `ecosystem NUL name NUL detail` →
//! number of lists and the numbers of the lists, each as the difference to the one before, LEB128.

use crate::db::{Change, Postings};

/// The first bytes of an index.
const MAGIC: [u8; 8] = *b"\x89PLIMIX\n";
/// The version of the layout.
const VERSION: u32 = 1;
/// The length of what comes before the table.
const HEADER: usize = 16;

/// Is why an index cannot be used. It is made from stored lists, so it is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// It is no index, or of another version.
    #[error("this is no index of package lists that this program reads; make it again")]
    Other,
    /// A part of it is damaged.
    #[error("the index of package lists is damaged; make it again")]
    Damaged,
    /// There is more than the format can hold.
    #[error("there are too many package lists for one index; split them")]
    TooLarge,
}

/// Builds an index.
#[derive(Default)]
pub struct IndexBuilder(Postings);

impl IndexBuilder {
    /// Adds a package of a list.
    pub fn add(&mut self, list: u32, ecosystem: &str, package: &str, detail: &str) {
        let key = [ecosystem, package, detail].map(str::as_bytes).join(&0);
        self.0.add(&key, list);
    }

    /// Returns the index.
    ///
    /// # Errors
    /// When there is more than the format can hold.
    pub fn finish(self) -> Result<Vec<u8>, IndexError> {
        let mut bytes = header().to_vec();
        bytes.extend_from_slice(&self.0.finish().ok_or(IndexError::TooLarge)?);
        Ok(bytes)
    }
}

/// Is an index of which packages are in which lists.
#[derive(Clone, Copy, Debug)]
pub struct Index<'a>(&'a [u8]);

/// Is a package, as some lists hold it, of which something else is stated now.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touched {
    /// The ecosystem and release.
    pub ecosystem: String,
    /// The package.
    pub package: String,
    /// What it is compared by.
    pub detail: String,
    /// The lists that hold it, ascending.
    pub lists: Vec<u32>,
}

impl<'a> Index<'a> {
    /// Opens an index.
    ///
    /// # Errors
    /// When it is something else or damaged. The bulk is checked where it is read.
    pub fn open(bytes: &'a [u8]) -> Result<Self, IndexError> {
        let (start, table) = bytes.split_at_checked(HEADER).ok_or(IndexError::Other)?;
        if start != header() {
            return Err(IndexError::Other);
        }
        if !Postings::is_whole(table) {
            return Err(IndexError::Damaged);
        }
        Ok(Self(table))
    }

    /// Returns the packages that changed as lists hold them, in the order of the changes.
    ///
    /// # Errors
    /// When a part that is needed is damaged.
    pub fn touched(&self, changes: &[Change]) -> Result<Vec<Touched>, IndexError> {
        let mut touched = Vec::new();
        for change in changes {
            let prefix = [change.ecosystem.as_bytes(), change.package.as_bytes(), b""].join(&0);
            Postings::each(self.0, &prefix, |detail, lists| {
                touched.push(Touched {
                    ecosystem: change.ecosystem.clone(),
                    package: change.package.clone(),
                    detail: String::from_utf8_lossy(detail).into_owned(),
                    lists,
                });
            })
            .ok_or(IndexError::Damaged)?;
        }
        Ok(touched)
    }
}

/// Returns what an index begins with.
fn header() -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let crc = crc32fast::hash(&[MAGIC.as_slice(), &VERSION.to_le_bytes()].concat());
    let parts = MAGIC.into_iter().chain(VERSION.to_le_bytes());
    for (slot, byte) in header.iter_mut().zip(parts.chain(crc.to_le_bytes())) {
        *slot = byte;
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(ecosystem: &str, package: &str) -> Change {
        Change {
            ecosystem: ecosystem.to_owned(),
            package: package.to_owned(),
        }
    }

    #[test]
    fn a_change_touches_the_lists_that_hold_the_package_and_no_other() {
        let mut builder = IndexBuilder::default();
        for list in 0..300 {
            builder.add(
                list,
                "Debian:12",
                "glibc",
                if list % 2 == 0 { "2.36-9" } else { "2.36-8" },
            );
            builder.add(list, "Debian:12", "glibc", "2.36-9");
        }
        builder.add(7, "Debian:11", "glibc", "2.31-1");
        builder.add(7, "Debian:12", "glibc-doc", "2.36-9");
        let bytes = builder.finish().expect("small");
        let index = Index::open(&bytes).expect("whole");
        let touched = index.touched(&[change("Debian:12", "glibc"), change("npm", "x")]);
        let touched = touched.expect("whole");
        let shown: Vec<(&str, usize)> = (touched.iter())
            .map(|touched| (touched.detail.as_str(), touched.lists.len()))
            .collect();
        assert_eq!(shown, [("2.36-8", 150), ("2.36-9", 300)]);
        assert_eq!(touched[0].lists[..3], [1, 3, 5]);
        let touched = index
            .touched(&[change("Debian:12", "glibc-doc")])
            .expect("whole");
        assert_eq!(touched[0].lists, [7]);
    }

    #[test]
    fn damage_is_an_error_and_never_a_wrong_list() {
        let mut builder = IndexBuilder::default();
        for list in 0..50 {
            builder.add(list, "npm", "lodash", &format!("4.17.{list}"));
        }
        let whole = builder.finish().expect("small");
        let right = Index::open(&whole).and_then(|index| index.touched(&[change("npm", "lodash")]));
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x11;
            let found =
                Index::open(&bytes).and_then(|index| index.touched(&[change("npm", "lodash")]));
            assert!(found.is_err() || found == right, "{at}");
            assert!(Index::open(&whole[..at]).is_err());
        }
    }
}
