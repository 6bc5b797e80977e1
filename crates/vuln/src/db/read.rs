//! Opens and reads a database.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::OnceLock;

use memmap2::Mmap;
use plimsoll_model::advisory::{Advisory, Lifecycle, Range, Symbols, Vulnerability};
use plimsoll_model::report::DatabaseInfo;
use plimsoll_model::severity::Cvss;
use sha2::{Digest as _, Sha256};

use super::build::info;
use super::format::{
    BLOCK, BLOCK_LIMIT, BLOCK_ROW, DIGEST, EcosystemMeta, HEADER, HEADER_CRC, MAGIC, Meta,
    PACKAGE_ROW, PackageDisk, ROW, Section, StatementDisk, TABLE, VERSION, VulnerabilityDisk,
    id_key, package_key, u32_at, u64_at,
};
use super::{DbError, map, table::Table};

/// Is an open database.
#[derive(Debug)]
pub struct Database {
    /// Where it is.
    path: PathBuf,
    /// Its bytes.
    map: Mmap,
    /// Where each section is, in the order of [`Section::ALL`].
    sections: [(usize, usize); Section::ALL.len()],
    /// What is said once.
    meta: Meta,
    /// Whether the ids were found whole, once that was looked at.
    ids_whole: OnceLock<bool>,
}

/// Is what a look-up found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lookup {
    /// The vulnerabilities and updates that go by the id, by id; or those of the package.
    pub vulnerabilities: Vec<Vulnerability>,
    /// What is stated, by package, ecosystem and record.
    pub stated: Vec<Stated>,
}

/// Is one statement of a feed.
#[derive(Clone, Debug, PartialEq)]
pub struct Stated {
    /// The feed.
    pub feed: String,
    /// The ids of the vulnerabilities that it is about.
    pub vulnerabilities: Vec<String>,
    /// The statement.
    pub advisory: Advisory,
}

/// Is a part of the file that does not hold what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damage(pub(crate) String);

impl Database {
    /// Opens a database.
    ///
    /// The header, the index and what is said once are checked; the bulk is checked where it is
    /// read, and as a whole by [`Self::verify`].
    ///
    /// # Errors
    /// When it cannot be read, is no database, is of another version, or is cut or damaged.
    pub fn open(path: &Path) -> Result<Self, DbError> {
        let map = map::map(path).map_err(|error| DbError::read(path, error))?;
        let bytes: &[u8] = &map;
        if bytes.get(..MAGIC.len()) != Some(&MAGIC) {
            return Err(DbError::NotADatabase {
                path: path.to_path_buf(),
            });
        }
        let damaged = |what: &str| DbError::damaged(path, what);
        let version = u32_at(bytes, 8).ok_or_else(|| damaged("it ends within its header"))?;
        if version != VERSION {
            return Err(DbError::OtherVersion {
                path: path.to_path_buf(),
                found: version,
                supported: VERSION,
            });
        }
        let header = bytes
            .get(..HEADER)
            .ok_or_else(|| damaged("it ends within its header"))?;
        let crc = header.get(..HEADER_CRC).map(crc32fast::hash);
        if crc != u32_at(header, HEADER_CRC) {
            return Err(damaged("its header's checksum does not match"));
        }
        let length = u64_at(header, 16).unwrap_or(0);
        if length != bytes.len() as u64 {
            return Err(DbError::damaged(
                path,
                format!("it has {} bytes, expected {length}", bytes.len()),
            ));
        }
        let mut sections = [(0, 0); Section::ALL.len()];
        for (section, slot) in Section::ALL.into_iter().zip(&mut sections) {
            *slot = row(header, section)
                .filter(|(start, end)| start <= end && *end <= bytes.len())
                .ok_or_else(|| damaged("a section lies outside of the file"))?;
            if section.checked_at_open() && !whole(bytes, header, section, *slot) {
                return Err(DbError::damaged(
                    path,
                    format!("the checksum of its part {section:?} does not match"),
                ));
            }
        }
        let meta = bytes
            .get(sections[0].0..sections[0].1)
            .and_then(|meta| postcard::from_bytes::<Meta>(meta).ok())
            .ok_or_else(|| damaged("its description cannot be read"))?;
        Ok(Self {
            path: path.to_path_buf(),
            map,
            sections,
            meta,
            ids_whole: OnceLock::new(),
        })
    }

    /// Says when it was built, from what, and its digest.
    pub fn info(&self) -> DatabaseInfo {
        let digest = self.map.get(DIGEST..DIGEST + 32).unwrap_or(&[]);
        DatabaseInfo {
            built_at: self.meta.built_at.clone(),
            digest: format!("sha256:{}", hex(digest)),
            feeds: self.meta.feeds.iter().map(info).collect(),
        }
    }

    /// Reads the whole file and checks its digest, which covers all that follows the header.
    ///
    /// # Errors
    /// When a byte of it changed since it was built.
    pub fn verify(&self) -> Result<(), DbError> {
        let digest: [u8; 32] = Sha256::digest(self.map.get(HEADER..).unwrap_or(&[])).into();
        if self.map.get(DIGEST..DIGEST + 32) != Some(&digest) {
            return Err(DbError::damaged(
                &self.path,
                "its digest does not match its content",
            ));
        }
        Ok(())
    }

    /// Returns the ecosystems and releases that it speaks of, sorted.
    pub fn ecosystems(&self) -> Vec<String> {
        self.meta
            .ecosystems
            .iter()
            .map(|ecosystem| ecosystem.name.clone())
            .collect()
    }

    /// Returns the names of the packages of an ecosystem that something is stated about, sorted.
    pub fn names(&self, ecosystem: &str) -> Vec<String> {
        let Some(table) = Table::open(self.section(Section::Packages)) else {
            return Vec::new();
        };
        let suffix = package_key(ecosystem, "");
        let names = table.from(&[]).filter_map(|(mut key, _)| {
            key.ends_with(&suffix).then(|| {
                key.truncate(key.len() - suffix.len());
                String::from_utf8_lossy(&key).into_owned()
            })
        });
        names.collect()
    }

    /// Returns how many packages, statements and vulnerabilities it holds.
    pub fn counts(&self) -> (u64, u64, u64) {
        (
            self.meta.packages,
            self.meta.statements,
            self.meta.vulnerabilities,
        )
    }

    /// Returns what is known of an ecosystem.
    pub(crate) fn ecosystem(&self, name: &str) -> Option<&EcosystemMeta> {
        let index = self
            .meta
            .ecosystems
            .binary_search_by(|e| e.name.as_str().cmp(name))
            .ok()?;
        self.meta.ecosystems.get(index)
    }

    /// Returns a feed's name.
    pub(crate) fn feed(&self, number: u16) -> &str {
        self.meta
            .feeds
            .get(usize::from(number))
            .map_or("", |feed| &feed.name)
    }

    /// Returns a section's bytes.
    fn section(&self, section: Section) -> &[u8] {
        let (start, end) = self
            .sections
            .get(section as usize)
            .copied()
            .unwrap_or((0, 0));
        self.map.get(start..end).unwrap_or(&[])
    }

    /// Returns what is stated about a package; `None` when nothing is.
    pub(crate) fn package(
        &self,
        ecosystem: &str,
        name: &str,
    ) -> Result<Option<PackageDisk<'_>>, Damage> {
        let Some(table) = Table::open(self.section(Section::Packages)) else {
            return Err(Damage("the packages' table".to_owned()));
        };
        match table.get(&package_key(ecosystem, name)) {
            Some(value) => {
                let number = u32_at(value, 0).ok_or_else(|| Damage(format!("{name}'s key")))?;
                self.package_at(number).map(Some)
            }
            None => Ok(None),
        }
    }

    /// Returns what is stated about a package by its number.
    fn package_at(&self, number: u32) -> Result<PackageDisk<'_>, Damage> {
        let damage = || Damage(format!("the statements of package {number}"));
        let index = self.section(Section::PackageIndex);
        let at = (number as usize)
            .checked_mul(PACKAGE_ROW)
            .ok_or_else(damage)?;
        let offset = u64_at(index, at)
            .and_then(|v| usize::try_from(v).ok())
            .ok_or_else(damage)?;
        let length = u32_at(index, at + 8).ok_or_else(damage)? as usize;
        let crc = u32_at(index, at + 12).ok_or_else(damage)?;
        let end = offset.checked_add(length).ok_or_else(damage)?;
        let blob = self
            .section(Section::Statements)
            .get(offset..end)
            .ok_or_else(damage)?;
        if crc32fast::hash(blob) != crc {
            return Err(damage());
        }
        postcard::from_bytes(blob).map_err(|_| damage())
    }

    /// Finds an id of any kind, or everything about a package's name in any ecosystem.
    ///
    /// # Errors
    /// When a part that is needed is damaged.
    pub fn lookup(&self, id_or_package: &str) -> Result<Lookup, DbError> {
        let fail = |damage: Damage| DbError::damaged(&self.path, damage.0);
        let wanted = id_or_package.trim();
        let numbers = self.ids(wanted).map_err(fail)?;
        let mut reader = Reader::new(self);
        let mut lookup = Lookup::default();
        let mut packages: BTreeSet<u32> = BTreeSet::new();
        let mut shown: BTreeSet<u32> = numbers.iter().copied().collect();
        for number in &numbers {
            let entry = reader.vulnerability(*number).map_err(fail)?;
            packages.extend(&entry.packages);
        }
        if numbers.is_empty() {
            let table = Table::open(self.section(Section::Packages))
                .ok_or_else(|| fail(Damage("the packages' table".to_owned())))?;
            let prefix = [wanted.as_bytes(), &[0]].concat();
            packages.extend(
                table
                    .from(&prefix)
                    .take_while(|(key, _)| key.starts_with(&prefix))
                    .filter_map(|(_, value)| u32_at(value, 0)),
            );
        }
        for package in packages {
            let package = self.package_at(package).map_err(fail)?;
            for statement in &package.statements {
                let mut about = statement.vulnerabilities.iter().chain(&statement.own);
                if !numbers.is_empty() && !about.any(|number| numbers.contains(number)) {
                    continue;
                }
                if numbers.is_empty() {
                    shown.extend(&statement.vulnerabilities);
                }
                let mut vulnerabilities = Vec::new();
                for number in &statement.vulnerabilities {
                    vulnerabilities.push(reader.vulnerability(*number).map_err(fail)?.id.clone());
                }
                vulnerabilities.sort();
                lookup.stated.push(Stated {
                    feed: self.feed(statement.feed).to_owned(),
                    vulnerabilities,
                    advisory: advisory(&package, statement),
                });
            }
        }
        for number in shown {
            let entry = reader.vulnerability(number).map_err(fail)?;
            lookup.vulnerabilities.push(self.vulnerability(&entry));
        }
        lookup.vulnerabilities.sort_by(|a, b| a.id.cmp(&b.id));
        lookup.stated.sort_by(|a, b| {
            let key = |s: &Stated| {
                let a = &s.advisory;
                (
                    a.package.clone(),
                    a.ecosystem.clone(),
                    a.id.clone(),
                    s.feed.clone(),
                )
            };
            key(a).cmp(&key(b))
        });
        Ok(lookup)
    }

    /// Returns the numbers of what goes by an id.
    fn ids(&self, id: &str) -> Result<Vec<u32>, Damage> {
        let is_whole = *self.ids_whole.get_or_init(|| {
            let header = self.map.get(..HEADER).unwrap_or(&[]);
            let place = self
                .sections
                .get(Section::Ids as usize)
                .copied()
                .unwrap_or((0, 0));
            whole(&self.map, header, Section::Ids, place)
        });
        let damage = || Damage("the table of ids".to_owned());
        if !is_whole {
            return Err(damage());
        }
        let table = Table::open(self.section(Section::Ids)).ok_or_else(damage)?;
        match table.get(&id_key(id)) {
            Some(value) => postcard::from_bytes(value).map_err(|_| damage()),
            None => Ok(Vec::new()),
        }
    }

    /// Turns a stored vulnerability into the model's.
    fn vulnerability(&self, entry: &VulnerabilityDisk) -> Vulnerability {
        Vulnerability {
            id: entry.id.clone(),
            aliases: entry.aliases.clone(),
            title: entry.title.clone(),
            severities: entry
                .severities
                .iter()
                .map(|(severity, feed)| (*severity, self.feed(*feed).to_owned()))
                .collect(),
            cvss: self.cvss(entry),
            known_exploited: entry.known_exploited,
            epss: entry.epss(),
            published: entry.published.clone(),
            urls: entry.urls.clone(),
        }
    }

    /// Returns what is known of the life of a product's releases; `None` when no feed tells of it.
    ///
    /// # Errors
    /// When that part of the database is damaged.
    pub fn lifecycle(&self, product: &str) -> Result<Option<Lifecycle>, DbError> {
        let damage = || DbError::damaged(&self.path, "the table of lifecycles");
        let header = self.map.get(..HEADER).unwrap_or(&[]);
        let place = self.sections.get(Section::Lifecycles as usize);
        let place = place.copied().unwrap_or((0, 0));
        if !whole(&self.map, header, Section::Lifecycles, place) {
            return Err(damage());
        }
        let table = Table::open(self.section(Section::Lifecycles)).ok_or_else(damage)?;
        let Some(value) = table.get(product.as_bytes()) else {
            return Ok(None);
        };
        let cycles = postcard::from_bytes(value).map_err(|_| damage())?;
        Ok(Some(Lifecycle {
            product: product.to_owned(),
            cycles,
        }))
    }

    /// Turns stored CVSS ratings into the model's, by version and source.
    pub(crate) fn cvss(&self, entry: &VulnerabilityDisk) -> Vec<Cvss> {
        let mut ratings: Vec<Cvss> = entry
            .cvss
            .iter()
            .map(|cvss| Cvss {
                version: cvss.version.clone(),
                vector: cvss.vector.clone(),
                score: f64::from(cvss.tenths) / 10.0,
                source: self.feed(cvss.feed).to_owned(),
            })
            .collect();
        ratings.sort_by(|a, b| {
            (&a.version, &a.source, &a.vector).cmp(&(&b.version, &b.source, &b.vector))
        });
        ratings
    }
}

/// Returns where a section starts and ends.
fn row(header: &[u8], section: Section) -> Option<(usize, usize)> {
    let at = TABLE + section as usize * ROW;
    let start = usize::try_from(u64_at(header, at)?).ok()?;
    let length = usize::try_from(u64_at(header, at + 8)?).ok()?;
    Some((start, start.checked_add(length)?))
}

/// Says whether a section's bytes have its checksum.
fn whole(bytes: &[u8], header: &[u8], section: Section, (start, end): (usize, usize)) -> bool {
    let expected = u32_at(header, TABLE + section as usize * ROW + 16);
    bytes.get(start..end).map(crc32fast::hash) == expected && expected.is_some()
}

/// Writes bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|half| char::from_digit(u32::from(half), 16))
        .collect()
}

/// Turns a stored statement into the model's.
fn advisory(package: &PackageDisk<'_>, statement: &StatementDisk<'_>) -> Advisory {
    Advisory {
        id: statement.record.to_owned(),
        ecosystem: package.ecosystem.to_owned(),
        package: package.name.to_owned(),
        ranges: statement
            .ranges
            .iter()
            .map(|range| Range {
                introduced: range.introduced.to_owned(),
                exclusive: range.exclusive,
                fixed: range.fixed.map(str::to_owned),
                last_affected: range.last_affected.map(str::to_owned),
            })
            .collect(),
        versions: statement.versions.iter().map(|v| (*v).to_owned()).collect(),
        fix: statement.fix,
        severity: statement.severity,
        module: statement.module.map(str::to_owned),
        arches: statement.arches.iter().map(|a| (*a).to_owned()).collect(),
        undecided: statement.undecided,
        symbols: statement
            .symbols
            .iter()
            .map(|(path, names)| Symbols {
                path: (*path).to_owned(),
                names: names.iter().map(|name| (*name).to_owned()).collect(),
            })
            .collect(),
    }
}

/// Reads vulnerabilities; what was unpacked or decoded is kept.
pub(crate) struct Reader<'a> {
    /// The database.
    database: &'a Database,
    /// Unpacks; one for all blocks, because making one costs more than a block does.
    unpacker: Option<zstd::bulk::Decompressor<'static>>,
    /// The unpacked blocks.
    blocks: HashMap<usize, Vec<u8>>,
    /// The decoded vulnerabilities.
    entries: HashMap<u32, Rc<VulnerabilityDisk>>,
}

impl<'a> Reader<'a> {
    /// Starts with nothing read.
    pub(crate) fn new(database: &'a Database) -> Self {
        Self {
            database,
            unpacker: zstd::bulk::Decompressor::new().ok(),
            blocks: HashMap::new(),
            entries: HashMap::new(),
        }
    }

    /// Returns a vulnerability by its number.
    pub(crate) fn vulnerability(&mut self, number: u32) -> Result<Rc<VulnerabilityDisk>, Damage> {
        if let Some(entry) = self.entries.get(&number) {
            return Ok(Rc::clone(entry));
        }
        let entry = self
            .decode(number)
            .map(Rc::new)
            .ok_or_else(|| Damage(format!("vulnerability {number}")))?;
        self.entries.insert(number, Rc::clone(&entry));
        Ok(entry)
    }

    /// Decodes a vulnerability.
    fn decode(&mut self, number: u32) -> Option<VulnerabilityDisk> {
        let (block, place) = (number as usize / BLOCK, number as usize % BLOCK);
        if !self.blocks.contains_key(&block) {
            let plain = self.unpack(block)?;
            self.blocks.insert(block, plain);
        }
        let plain = self.blocks.get(&block)?;
        let end = u32_at(plain, place * 4)? as usize;
        let start = match place.checked_sub(1) {
            Some(before) => u32_at(plain, before * 4)? as usize,
            // The first entry starts after the table of ends, whose length its rows give.
            None => self.rows(block)? * 4,
        };
        postcard::from_bytes(plain.get(start..end)?).ok()
    }

    /// Returns how many vulnerabilities a block holds: all are full but the last.
    fn rows(&self, block: usize) -> Option<usize> {
        let count = usize::try_from(self.database.meta.vulnerabilities).ok()?;
        Some(count.checked_sub(block.checked_mul(BLOCK)?)?.min(BLOCK))
    }

    /// Unpacks a block.
    fn unpack(&mut self, block: usize) -> Option<Vec<u8>> {
        let index = self.database.section(Section::VulnerabilityIndex);
        let at = block.checked_mul(BLOCK_ROW)?;
        let offset = usize::try_from(u64_at(index, at)?).ok()?;
        let packed = u32_at(index, at + 8)? as usize;
        let crc = u32_at(index, at + 12)?;
        let length = u32_at(index, at + 16)? as usize;
        let bytes = self
            .database
            .section(Section::Vulnerabilities)
            .get(offset..offset.checked_add(packed)?)?;
        if crc32fast::hash(bytes) != crc || length > BLOCK_LIMIT {
            return None;
        }
        self.unpacker.as_mut()?.decompress(bytes, length).ok()
    }
}
