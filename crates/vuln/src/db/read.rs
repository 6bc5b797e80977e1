//! Opens and reads a database.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use memmap2::Mmap;
use plimsoll_model::advisory::{Advisory, Lifecycle, Range, Vulnerability};
use plimsoll_model::report::DatabaseInfo;
use plimsoll_model::severity::Cvss;
use sha2::{Digest as _, Sha256};

use super::build::info;
use super::codec::Cursor;
use super::format::{
    CvssDisk, DIGEST, EcosystemMeta, HEADER, HEADER_CRC, MAGIC, Meta, OLDEST, PackageDisk, ROW,
    RecordName, SECTION_LIMIT, Section, Shape, StatementDisk, TABLE, VERSION, VulnerabilityDisk,
    id_key, package_key, split_key, u32_at, u64_at,
};
use super::pool::{self, Pool};
use super::statements::{Blob, Context};
use super::table::{self, Broken, Table};
use super::{DbError, map, vulnerability};
use crate::ids;

/// Is an open database.
#[derive(Debug)]
pub struct Database {
    /// Where it is.
    path: PathBuf,
    /// Its bytes.
    map: Mmap,
    /// Where each section is, in the order of [`Section::ALL`].
    sections: [(usize, usize); Section::COUNT],
    /// What is said once.
    meta: Meta,
    /// What statements have in common.
    shapes: Vec<Shape>,
    /// The table of packages.
    packages: table::Shape,
    /// The list of spans.
    spans: pool::Shape,
    /// The list of extras.
    extras: pool::Shape,
    /// The list of vulnerabilities.
    vulnerabilities: pool::Shape,
    /// The list of prefixes.
    prefixes: pool::Shape,
    /// The table of ids, once it was looked at; `None` when it is damaged.
    ids: OnceLock<Option<table::Shape>>,
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
    /// The header, what is said once and the ends of tables and lists are checked; the bulk is
    /// checked where it is read, and as a whole by [`Self::verify`].
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
        if !(OLDEST..=VERSION).contains(&version) {
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
        let count = u32_at(header, 12).unwrap_or(0) as usize;
        if !(Section::COUNT..=SECTION_LIMIT).contains(&count) {
            return Err(damaged("sections are missing"));
        }
        let mut sections = [(0, 0); Section::COUNT];
        for (section, slot) in Section::ALL.into_iter().zip(&mut sections) {
            *slot = row(header, section)
                .filter(|(start, end)| start <= end && *end <= bytes.len())
                .ok_or_else(|| damaged("a section lies outside of the file"))?;
        }
        let section = |section: Section| {
            let (start, end) = sections.get(section as usize).copied().unwrap_or((0, 0));
            bytes.get(start..end).unwrap_or(&[])
        };
        let wrong = |section: Section| {
            DbError::damaged(
                path,
                format!("the checksum of its part {section:?} does not match"),
            )
        };
        for part in [Section::Meta, Section::Shapes] {
            let expected = u32_at(header, TABLE + part as usize * ROW + 16);
            if Some(crc32fast::hash(section(part))) != expected {
                return Err(wrong(part));
            }
        }
        let list = |part: Section| pool::check(section(part)).ok_or_else(|| wrong(part));
        let packages = table::check(section(Section::Packages));
        let packages = packages.ok_or_else(|| wrong(Section::Packages))?;
        let (spans, extras) = (list(Section::Spans)?, list(Section::Extras)?);
        let vulnerabilities = list(Section::Vulnerabilities)?;
        let prefixes = list(Section::Prefixes)?;
        let meta = serde_json::from_slice::<Meta>(section(Section::Meta))
            .map_err(|_| damaged("its description cannot be read"))?;
        let shapes = postcard::from_bytes::<Vec<Shape>>(section(Section::Shapes))
            .map_err(|_| damaged("its shapes of statements cannot be read"))?;
        Ok(Self {
            path: path.to_path_buf(),
            map,
            sections,
            meta,
            shapes,
            packages,
            spans,
            extras,
            vulnerabilities,
            prefixes,
            ids: OnceLock::new(),
        })
    }

    /// Says when it was built, from what, and its digest.
    pub fn info(&self) -> DatabaseInfo {
        DatabaseInfo {
            built_at: self.meta.built_at.clone(),
            digest: self.digest(),
            feeds: self.meta.feeds.iter().map(info).collect(),
        }
    }

    /// Returns its digest, `sha256:` and hexadecimal digits.
    pub fn digest(&self) -> String {
        let digest = self.map.get(DIGEST..DIGEST + 32).unwrap_or(&[]);
        format!("sha256:{}", hex(digest))
    }

    /// Returns the first few damaged records of each feed: the feed, the file, and which record and
    /// why.
    pub fn bad_records(&self) -> Vec<(&str, &str, &str)> {
        let feeds = self.meta.feeds.iter();
        feeds
            .flat_map(|feed| {
                let bad = feed.bad.iter();
                bad.map(|(file, why)| (feed.name.as_str(), file.as_str(), why.as_str()))
            })
            .collect()
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
        let mut names = Vec::new();
        let mut entries = self.packages().from(&package_key(ecosystem, ""));
        while let Ok(Some((key, _))) = entries.step() {
            let (found, name) = split_key(key);
            if found != ecosystem {
                break;
            }
            names.push(name.to_owned());
        }
        names
    }

    /// Returns how many packages, statements and vulnerabilities it holds.
    pub fn counts(&self) -> (u64, u64, u64) {
        (
            self.meta.packages,
            self.meta.statements,
            self.meta.vulnerabilities,
        )
    }

    /// Returns how many ranges and single versions its statements have together.
    pub fn ranges(&self) -> u64 {
        self.meta.ranges
    }

    /// Returns how many bytes each part takes, largest first.
    pub fn sizes(&self) -> Vec<(String, u64)> {
        let mut sizes: Vec<(String, u64)> = Section::ALL
            .into_iter()
            .map(|section| (format!("{section:?}"), self.section(section).len() as u64))
            .collect();
        sizes.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        sizes
    }

    /// Returns its path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// Returns what is said once.
    pub(super) fn meta(&self) -> &Meta {
        &self.meta
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
    pub(super) fn section(&self, section: Section) -> &[u8] {
        let (start, end) = self
            .sections
            .get(section as usize)
            .copied()
            .unwrap_or((0, 0));
        self.map.get(start..end).unwrap_or(&[])
    }

    /// Returns the table of packages.
    pub(super) fn packages(&self) -> Table<'_> {
        Table::new(self.section(Section::Packages), self.packages)
    }

    /// Returns the hash of what is stated about each package, in the table's order; `None` when
    /// that part is damaged.
    pub(super) fn hashes(&self) -> Option<&[u8]> {
        let hashes = self.section(Section::Hashes);
        let header = self.map.get(..HEADER)?;
        let expected = u32_at(header, TABLE + Section::Hashes as usize * ROW + 16)?;
        (crc32fast::hash(hashes) == expected).then_some(hashes)
    }

    /// Returns what is stated about a package; `None` when nothing is.
    pub(crate) fn package(&self, ecosystem: &str, name: &str) -> Result<Option<Blob<'_>>, Damage> {
        let found = self.packages().get(&package_key(ecosystem, name));
        match found.map_err(|Broken| Damage("the table of packages".to_owned()))? {
            Some(value) => self.package_at(value).map(Some),
            None => Ok(None),
        }
    }

    /// Returns what is stated about a package by its value in the table.
    fn package_at(&self, value: &[u8]) -> Result<Blob<'_>, Damage> {
        let offset = Cursor(value).short();
        let spans = Pool::new(self.section(Section::Spans), self.spans);
        offset
            .and_then(|at| Blob::open(self.section(Section::Statements), at as usize, spans))
            .ok_or_else(|| Damage("the statements of a package".to_owned()))
    }

    /// Decodes what is stated about a package.
    pub(crate) fn statements<'d>(&'d self, blob: &Blob<'d>) -> Result<PackageDisk<'d>, Damage> {
        let context = Context {
            shapes: &self.shapes,
            feeds: &self.meta.feeds,
            spans: Pool::new(self.section(Section::Spans), self.spans),
            extras: Pool::new(self.section(Section::Extras), self.extras),
        };
        blob.statements(context)
            .ok_or_else(|| Damage("the statements of a package".to_owned()))
    }

    /// Finds an id of any kind, or everything about a package's name in any ecosystem.
    ///
    /// An update is also found without its revision (`DSA-5161` is `DSA-5161-1`).
    ///
    /// # Errors
    /// When a part that is needed is damaged.
    pub fn lookup(&self, id_or_package: &str) -> Result<Lookup, DbError> {
        let fail = |damage: Damage| DbError::damaged(&self.path, damage.0);
        let wanted = id_or_package.trim();
        let numbers = self.numbers(wanted).map_err(fail)?;
        let lookup = if numbers.is_empty() {
            let mut found = Vec::new();
            for ecosystem in &self.meta.ecosystems {
                if let Some(blob) = self.package(&ecosystem.name, wanted).map_err(fail)? {
                    found.push((ecosystem.name.clone(), wanted.to_owned(), blob));
                }
            }
            self.look(&found, None, &|_| true)
        } else {
            self.mentioning(&numbers)
                .and_then(|found| self.look(&found, Some(&numbers), &|_| true))
        };
        lookup.map_err(fail)
    }

    /// Finds what is stated about a package of an ecosystem and of all its releases (`Debian` has
    /// `Debian:12`), as far as `keep` says.
    ///
    /// # Errors
    /// When a part that is needed is damaged.
    pub fn lookup_package(
        &self,
        ecosystem: &str,
        name: &str,
        keep: &dyn Fn(&Advisory) -> bool,
    ) -> Result<Lookup, DbError> {
        let fail = |damage: Damage| DbError::damaged(&self.path, damage.0);
        let mut found = Vec::new();
        for known in &self.meta.ecosystems {
            let base = known.name.split(':').next().unwrap_or("");
            if (known.name == ecosystem || base == ecosystem)
                && let Some(blob) = self.package(&known.name, name).map_err(fail)?
            {
                found.push((known.name.clone(), name.to_owned(), blob));
            }
        }
        self.look(&found, None, keep).map_err(fail)
    }

    /// Finds the packages of which something is stated about some vulnerabilities: by a look at all
    /// statements, which takes tens of milliseconds and saves the space of an index.
    fn mentioning(&self, numbers: &[u32]) -> Result<Vec<(String, String, Blob<'_>)>, Damage> {
        let mut found = Vec::new();
        let mut entries = self.packages().from(&[]);
        let broken = |Broken| Damage("the table of packages".to_owned());
        while let Some((key, value)) = entries.step().map_err(broken)? {
            let blob = self.package_at(value)?;
            let mentions = blob.mentions(numbers);
            if mentions.ok_or_else(|| Damage("the statements of a package".to_owned()))? {
                let (ecosystem, name) = split_key(key);
                found.push((ecosystem.to_owned(), name.to_owned(), blob));
            }
        }
        Ok(found)
    }

    /// Shows what is stated about packages: about some vulnerabilities, or all.
    fn look(
        &self,
        packages: &[(String, String, Blob<'_>)],
        numbers: Option<&[u32]>,
        keep: &dyn Fn(&Advisory) -> bool,
    ) -> Result<Lookup, Damage> {
        let reader = Reader::new(self);
        let mut lookup = Lookup::default();
        let mut shown: Vec<u32> = numbers.unwrap_or(&[]).to_vec();
        for (ecosystem, name, blob) in packages {
            for statement in &self.statements(blob)?.statements {
                let mut about = statement.vulnerabilities.iter().chain(&statement.own);
                let wanted = |number: &u32| numbers.is_none_or(|some| some.contains(number));
                if !about.any(wanted) {
                    continue;
                }
                let advisory = advisory(reader, ecosystem, name, statement)?;
                if !keep(&advisory) {
                    continue;
                }
                if numbers.is_none() {
                    shown.extend(&statement.vulnerabilities);
                }
                let mut vulnerabilities = Vec::new();
                for number in &statement.vulnerabilities {
                    vulnerabilities.push(reader.id(*number)?);
                }
                vulnerabilities.sort();
                lookup.stated.push(Stated {
                    feed: self.feed(statement.feed).to_owned(),
                    vulnerabilities,
                    advisory,
                });
            }
        }
        shown.sort_unstable();
        shown.dedup();
        for number in shown {
            let entry = reader.vulnerability(number)?;
            lookup.vulnerabilities.push(self.vulnerability(entry));
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

    /// Says whether anything goes by an id: a vulnerability, an update, another name of either.
    ///
    /// # Errors
    /// When the table of ids is damaged.
    pub fn knows(&self, id: &str) -> Result<bool, DbError> {
        Ok(!self.numbered(id)?.is_empty())
    }

    /// Returns the numbers of what goes by an id.
    ///
    /// # Errors
    /// When the table of ids is damaged.
    pub(crate) fn numbered(&self, id: &str) -> Result<Vec<u32>, DbError> {
        let found = self.numbers(id.trim());
        found.map_err(|damage| DbError::damaged(&self.path, damage.0))
    }

    /// Returns what is stated about a package under some numbers.
    ///
    /// # Errors
    /// When a part that is needed is damaged.
    pub(crate) fn stated(
        &self,
        ecosystem: &str,
        name: &str,
        mut each: impl FnMut(&StatementDisk<'_>, Advisory),
    ) -> Result<(), DbError> {
        let mut read = || -> Result<(), Damage> {
            let Some(blob) = self.package(ecosystem, name)? else {
                return Ok(());
            };
            let reader = Reader::new(self);
            for statement in &self.statements(&blob)?.statements {
                each(statement, advisory(reader, ecosystem, name, statement)?);
            }
            Ok(())
        };
        read().map_err(|damage| DbError::damaged(&self.path, damage.0))
    }

    /// Returns the numbers of what goes by an id: as it stands, as the CVE that it wraps, or with a
    /// revision.
    fn numbers(&self, id: &str) -> Result<Vec<u32>, Damage> {
        let damage = || Damage("the table of ids".to_owned());
        let section = self.section(Section::Ids);
        let shape = self.ids.get_or_init(|| table::check(section));
        let table = Table::new(section, shape.ok_or_else(damage)?);
        let of = |id: &str| table.get(&id_key(id)).map_err(|Broken| damage());
        let read = |value: &[u8]| {
            let mut bytes = Cursor(value);
            std::iter::from_fn(|| bytes.short()).collect::<Vec<u32>>()
        };
        if let Some(value) = of(id)? {
            return Ok(read(value));
        }
        let upper = id.to_ascii_uppercase();
        if let Some(cve) = ids::trailing_cve(&upper)
            && let Some(value) = of(cve)?
        {
            return Ok(read(value));
        }
        let mut numbers = Vec::new();
        if ids::is_advisory(&upper) {
            let prefix = id_key(&format!("{id}-"));
            let mut entries = table.from(&prefix);
            while let Some((key, value)) = entries.step().map_err(|Broken| damage())? {
                let Some(revision) = key.strip_prefix(prefix.as_slice()) else {
                    break;
                };
                if revision.iter().all(u8::is_ascii_digit) {
                    numbers.extend(read(value));
                }
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    /// Turns a stored vulnerability into the model's.
    fn vulnerability(&self, entry: VulnerabilityDisk) -> Vulnerability {
        Vulnerability {
            epss: entry.epss(),
            id: entry.id,
            aliases: entry.aliases,
            title: entry.title,
            severities: entry
                .severities
                .iter()
                .map(|(severity, feed)| (*severity, self.feed(*feed).to_owned()))
                .collect(),
            cvss: self.cvss(entry.cvss),
            known_exploited: entry.known_exploited,
            published: entry.published,
            urls: entry.urls,
        }
    }

    /// Returns what is known of the life of a product's releases; `None` when no feed tells of it.
    ///
    /// # Errors
    /// When that part of the database is damaged.
    pub fn lifecycle(&self, product: &str) -> Result<Option<Lifecycle>, DbError> {
        let damage = || DbError::damaged(&self.path, "the table of lifecycles");
        let section = self.section(Section::Lifecycles);
        let table = Table::new(section, table::check(section).ok_or_else(damage)?);
        let Some(value) = table.get(product.as_bytes()).map_err(|Broken| damage())? else {
            return Ok(None);
        };
        let cycles = postcard::from_bytes(value).map_err(|_| damage())?;
        Ok(Some(Lifecycle {
            product: product.to_owned(),
            cycles,
        }))
    }

    /// Turns stored CVSS ratings into the model's, by version and source.
    pub(crate) fn cvss(&self, stored: Vec<CvssDisk>) -> Vec<Cvss> {
        let mut ratings: Vec<Cvss> = stored
            .into_iter()
            .map(|cvss| Cvss {
                version: cvss.version,
                vector: cvss.vector,
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

/// Writes bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|half| char::from_digit(u32::from(half), 16))
        .collect()
}

/// Turns a stored statement into the model's.
fn advisory(
    reader: Reader<'_>,
    ecosystem: &str,
    package: &str,
    statement: &StatementDisk<'_>,
) -> Result<Advisory, Damage> {
    let ranges = statement.span.ranges().map(|range| Range {
        introduced: range.introduced.to_owned(),
        exclusive: range.exclusive,
        fixed: range.fixed.map(str::to_owned),
        last_affected: range.last_affected.map(str::to_owned),
    });
    Ok(Advisory {
        id: reader.record(statement.record)?,
        ecosystem: ecosystem.to_owned(),
        package: package.to_owned(),
        ranges: ranges.collect(),
        versions: statement.span.versions().map(str::to_owned).collect(),
        fix: statement.fix,
        severity: statement.severity,
        module: statement.module.map(str::to_owned),
        arches: statement.arches.to_vec(),
        undecided: statement.span.undecided(),
        symbols: statement.symbols.clone(),
    })
}

/// Reads vulnerabilities. None is kept: copying one costs as much as reading it again.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    /// The vulnerabilities.
    pool: Pool<'a>,
    /// What references begin with.
    prefixes: Pool<'a>,
}

impl<'a> Reader<'a> {
    /// Starts with nothing read.
    pub(crate) fn new(database: &'a Database) -> Self {
        let pool = |section, shape| Pool::new(database.section(section), shape);
        Self {
            pool: pool(Section::Vulnerabilities, database.vulnerabilities),
            prefixes: pool(Section::Prefixes, database.prefixes),
        }
    }

    /// Returns a vulnerability by its number.
    pub(crate) fn vulnerability(&self, number: u32) -> Result<VulnerabilityDisk, Damage> {
        (self.pool.get(number))
            .and_then(|bytes| vulnerability::decode(bytes, self.prefixes))
            .ok_or_else(|| Damage(format!("vulnerability {number}")))
    }

    /// Returns the id of a vulnerability or an update.
    pub(crate) fn id(&self, number: u32) -> Result<String, Damage> {
        (self.pool.get(number))
            .and_then(vulnerability::id)
            .ok_or_else(|| Damage(format!("vulnerability {number}")))
    }

    /// Returns a record's id.
    pub(crate) fn record(&self, name: RecordName<'_>) -> Result<String, Damage> {
        match name {
            RecordName::Of(number) => self.id(number),
            RecordName::Prefixed(prefix, number) => Ok(format!("{prefix}{}", self.id(number)?)),
            RecordName::Alias(number, place) => (self.pool.get(number))
                .and_then(|bytes| vulnerability::alias(bytes, place))
                .ok_or_else(|| Damage(format!("vulnerability {number}"))),
            RecordName::Text(text) => Ok(text.to_owned()),
        }
    }
}
