//! The matching database: one immutable, memory-mapped file, built from feeds.
//!
//! Owns the file's layout (`format`, which documents it), its making ([`build`]) and its reading
//! ([`Database`]). A file is written beside its final name, synced and renamed, so whoever opens the
//! name sees a whole database or none. Deliberately absent: matching (see [`crate::matcher`]) and
//! fetching.

use std::io;
use std::path::{Path, PathBuf};

pub mod build;
pub(crate) mod format;
mod join;
mod map;
mod read;
mod table;

pub(crate) use read::Reader;
pub use read::{Database, Lookup, Stated};

/// Is why a database could not be built or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// A file or folder cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database cannot be written.
    #[error("cannot write the database {path}: {source}")]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk is full.
    #[error(
        "cannot write the database {path}: the disk is full ({needed} bytes are needed); free space or choose another place"
    )]
    DiskFull {
        /// Where.
        path: PathBuf,
        /// How many bytes it takes.
        needed: u64,
    },
    /// The folder holds nothing that a feed recognises.
    #[error(
        "{path} holds no feed: expected files as upstream lays them out, such as <Ecosystem>/all.zip or tracker/data/json"
    )]
    NoFeeds {
        /// The folder.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{path} is no plimsoll database; build one with `plimsoll db build`")]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file was made by another version of the format.
    #[error(
        "{path} has database format {found}, this program reads {supported}; build it again or update plimsoll"
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format that is read.
        supported: u32,
    },
    /// The file is cut or damaged.
    #[error("the database {path} is damaged: {what}; build or download it again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// There is more data than the format can hold.
    #[error("the feeds hold too much for one database: {what}")]
    TooLarge {
        /// What there is too much of.
        what: String,
    },
}

impl DbError {
    /// Makes an error of reading.
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read {
            path: path.to_path_buf(),
            source,
        }
    }

    /// Makes an error of writing; a full disk is told apart.
    pub(crate) fn write(path: &Path, source: io::Error, needed: u64) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path, needed }
            }
            _ => Self::Write { path, source },
        }
    }

    /// Makes an error of damage.
    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_path_buf(),
            what: what.into(),
        }
    }
}
