//! What differs between two databases: the packages of which another thing is stated.

use super::format::{Section, split_key, u32_at};
use super::table::{Broken, Entries};
use super::{Database, DbError};

/// Is a package of which two databases state different things.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The ecosystem and release.
    pub ecosystem: String,
    /// The package.
    pub package: String,
}

/// Walks over the packages of a database with the hash of each.
struct Hashed<'d> {
    /// The packages.
    entries: Entries<'d>,
    /// The hashes.
    hashes: &'d [u8],
    /// How many were read.
    count: usize,
    /// The key that is looked at; `None` at the end.
    key: Option<Vec<u8>>,
    /// Its hash.
    hash: u32,
}

impl<'d> Hashed<'d> {
    /// Starts at the first package.
    fn new(database: &'d Database) -> Option<Self> {
        let mut hashed = Self {
            entries: database.packages().from(&[]),
            hashes: database.hashes()?,
            count: 0,
            key: Some(Vec::new()),
            hash: 0,
        };
        hashed.step().ok()?;
        Some(hashed)
    }

    /// Goes to the next package.
    fn step(&mut self) -> Result<(), Broken> {
        match self.entries.step()? {
            Some((key, _)) => {
                let buffer = self.key.get_or_insert_default();
                buffer.clear();
                buffer.extend_from_slice(key);
                self.hash = u32_at(self.hashes, self.count * 4).ok_or(Broken)?;
                self.count += 1;
            }
            None => self.key = None,
        }
        Ok(())
    }
}

impl Database {
    /// Returns the packages of which this database states other things than an old one, sorted.
    ///
    /// What counts is what a verdict hangs on: the statements, and the names and ratings of the
    /// vulnerabilities that they are about. Titles, dates, references and EPSS do not count: they
    /// are looked up when a finding is shown. Packages are compared by a hash of 32 bits each.
    ///
    /// # Errors
    /// When a part that is needed is damaged.
    pub fn changes_since(&self, old: &Self) -> Result<Vec<Change>, DbError> {
        let damaged = |database: &Self| {
            let part = format!(
                "the checksum of its part {:?} does not match",
                Section::Hashes
            );
            DbError::damaged(database.path(), part)
        };
        let mut changes = Vec::new();
        let mut now = Hashed::new(self).ok_or_else(|| damaged(self))?;
        let mut then = Hashed::new(old).ok_or_else(|| damaged(old))?;
        loop {
            let (new_comes, old_comes) = match (&now.key, &then.key) {
                (None, None) => return Ok(changes),
                (Some(_), None) => (true, false),
                (None, Some(_)) => (false, true),
                (Some(a), Some(b)) => (a <= b, b <= a),
            };
            if !(new_comes && old_comes && now.hash == then.hash) {
                let key = if new_comes { &now.key } else { &then.key };
                let (ecosystem, package) = split_key(key.as_deref().unwrap_or(&[]));
                changes.push(Change {
                    ecosystem: ecosystem.to_owned(),
                    package: package.to_owned(),
                });
            }
            if new_comes {
                now.step().map_err(|Broken| damaged(self))?;
            }
            if old_comes {
                then.step().map_err(|Broken| damaged(old))?;
            }
        }
    }
}
