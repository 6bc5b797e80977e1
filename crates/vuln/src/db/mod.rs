//! The matching database: one immutable, memory-mapped file, built from feeds.
//!
//! Owns the file's layout (`format`, which documents it), its making ([`build`]) and its reading
//! ([`Database`]). A file is written beside its final name, synced and renamed, so whoever opens the
//! name sees a whole database or none. Deliberately absent: matching (see [`crate::matcher`]) and
//! fetching.

use std::io;
use std::path::{Path, PathBuf};

pub mod build;
mod changes;
mod codec;
pub(crate) mod format;
mod intern;
mod join;
mod layout;
mod map;
mod pool;
mod postings;
mod purl;
mod read;
mod span;
mod statements;
mod store;
mod table;
pub mod transport;
mod vulnerability;

pub use changes::Change;
pub(crate) use postings::Postings;
pub(crate) use read::{Damage, Reader};
pub use read::{Database, Lookup, Stated};
pub(crate) use span::Span;
pub(crate) use statements::Blob;

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
    /// A feed lost more than a fifth of its records.
    #[error(
        "{path} is kept as it is: {}; look at the feed's files, and accept the loss with --accept-shrinking if it is right",
        shrunk_text(feeds)
    )]
    Shrunk {
        /// The database that would have been replaced.
        path: PathBuf,
        /// Which feeds.
        feeds: Vec<Shrunk>,
    },
    /// A database to import is older than the one that is there.
    #[error(
        "{path} was built at {built_at}, the database in use at {current}; --force puts the older one in place"
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// When it was built.
        built_at: String,
        /// When the one that is there was built.
        current: String,
    },
    /// There is more data than the format can hold.
    #[error("the feeds hold too much for one database: {what}")]
    TooLarge {
        /// What there is too much of.
        what: String,
    },
}

/// Is a feed that lost more than a fifth of its records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shrunk {
    /// Its name.
    pub feed: String,
    /// How many records it had.
    pub before: u64,
    /// How many it has now.
    pub now: u64,
}

/// Says which feeds shrank.
fn shrunk_text(feeds: &[Shrunk]) -> String {
    let feeds: Vec<String> = feeds
        .iter()
        .map(|Shrunk { feed, before, now }| {
            format!("the feed {feed} had {before} records and has {now}")
        })
        .collect();
    feeds.join(", ")
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

    /// Names another file: that which the user knows, for the temporary one that was looked at.
    pub(crate) fn at(mut self, file: &Path) -> Self {
        if let Self::Read { path, .. }
        | Self::NotADatabase { path }
        | Self::OtherVersion { path, .. }
        | Self::Damaged { path, .. } = &mut self
        {
            *path = file.to_path_buf();
        }
        self
    }

    /// Makes an error of damage.
    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_path_buf(),
            what: what.into(),
        }
    }
}
