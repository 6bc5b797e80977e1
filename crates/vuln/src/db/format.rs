//! The layout of a database file, version [`VERSION`]. All numbers are little-endian.
//!
//! ```text
//! 0    8   magic
//! 8    4   version
//! 12   4   number of sections
//! 16   8   length of the file
//! 24  32   SHA-256 of everything after the header: the database's digest
//! 56  24×  section: offset u64, length u64, CRC-32 u32, reserved u32
//! 508  4   CRC-32 of the header's bytes before
//! 512      sections
//! ```
//!
//! | section | holds | checked |
//! |---|---|---|
//! | meta | [`Meta`], JSON | when opened |
//! | shapes | [`Shape`]s, postcard; the most frequent first | when opened |
//! | packages | table of `ecosystem NUL name` → where its statements start | block by block |
//! | statements | per package: CRC-32, then statements (see `statements`) | one by one |
//! | spans | list of ranges and versions (see `span`) | block by block |
//! | extras | list of what few statements have, postcard | block by block |
//! | vulnerabilities | list of vulnerabilities (see `vulnerability`) | block by block |
//! | prefixes | list of what references begin with | block by block |
//! | ids | table of upper-case id → numbers of vulnerabilities, LEB128 | block by block |
//! | hashes | per package, in the table's order, a hash of what is stated (u32) | when used |
//! | lifecycles | table of a product's name → its [`Cycle`](plimsoll_model::advisory::Cycle)s, postcard | block by block |
//!
//! Tables and lists are those of `table` and `pool`: their ends are checked when they are opened,
//! their blocks where they are touched, so opening does not depend on the file's size. Packages are
//! sorted by ecosystem, so what one scan reads lies together. Vulnerabilities, spans and extras are
//! numbered in the order in which packages mention them: those of a package, and of the next release
//! or the next binary package of the same source, lie together, and a statement refers to them by
//! small differences. Nothing is compressed, because reading must not unpack; a file that is
//! transported is compressed as a whole, which is smaller than parts compressed by themselves.
//!
//! # Versions
//!
//! A reader knows every version from [`OLDEST`] to [`VERSION`] and refuses others. What can be left
//! out by a reader that does not know it needs no new version: a further section at the end, a
//! further field of [`Meta`].

use plimsoll_model::advisory::{Epss, FixState, Symbols};
use plimsoll_model::severity::Severity;
use serde::{Deserialize, Serialize};

use super::span::Span;

/// The first bytes of a file; not text, and broken by text-mode transfers.
pub(super) const MAGIC: [u8; 8] = *b"\x89PLIMDB\n";
/// The version of the layout that is written.
pub(super) const VERSION: u32 = 4;
/// The oldest version of the layout that is read.
pub(super) const OLDEST: u32 = 4;
/// The header's length in bytes.
pub(super) const HEADER: usize = 512;
/// Where the header's checksum is.
pub(super) const HEADER_CRC: usize = 508;
/// How many sections the header has place for.
pub(super) const SECTION_LIMIT: usize = (HEADER_CRC - TABLE) / ROW;
/// Where the digest is.
pub(super) const DIGEST: usize = 24;
/// Where the sections' table is.
pub(super) const TABLE: usize = 56;
/// The length of a section's row.
pub(super) const ROW: usize = 24;
/// Into how many parts a share of EPSS is divided: it is published with five decimals.
pub(super) const EPSS_PARTS: f64 = 100_000.0;
/// Names the sections, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// [`Meta`].
    Meta,
    /// What statements have in common.
    Shapes,
    /// Where each package's statements are.
    Packages,
    /// The statements.
    Statements,
    /// The ranges and versions.
    Spans,
    /// What few statements have.
    Extras,
    /// The vulnerabilities.
    Vulnerabilities,
    /// What references begin with.
    Prefixes,
    /// The ids.
    Ids,
    /// The hashes of what is stated.
    Hashes,
    /// The lives of products.
    Lifecycles,
}

impl Section {
    /// How many there are.
    pub(super) const COUNT: usize = 11;

    /// All sections in order.
    pub(super) const ALL: [Self; Self::COUNT] = [
        Self::Meta,
        Self::Shapes,
        Self::Packages,
        Self::Statements,
        Self::Spans,
        Self::Extras,
        Self::Vulnerabilities,
        Self::Prefixes,
        Self::Ids,
        Self::Hashes,
        Self::Lifecycles,
    ];
}

/// Is what is said once for the whole file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Meta {
    /// When it was built, RFC 3339.
    pub(crate) built_at: String,
    /// The feeds, by name.
    pub(crate) feeds: Vec<FeedMeta>,
    /// The ecosystems of which anything is stated, and those that a scope names; sorted.
    pub(crate) ecosystems: Vec<EcosystemMeta>,
    /// How many packages, with their ecosystem, something is stated about.
    pub(crate) packages: u64,
    /// How many statements there are.
    pub(crate) statements: u64,
    /// How many vulnerabilities and advisories there are.
    pub(crate) vulnerabilities: u64,
    /// How many ranges and single versions the statements have together.
    #[serde(default)]
    pub(crate) ranges: u64,
}

/// Is a feed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct FeedMeta {
    /// Its name.
    pub(crate) name: String,
    /// The date of its data.
    pub(crate) fetched_at: String,
    /// How many records were read.
    pub(crate) records: u64,
    /// How many were damaged.
    pub(crate) damaged: u64,
    /// How it ranks among feeds that state the same.
    pub(crate) rank: u8,
    /// The first few of the damaged records: the file, and which record and why.
    #[serde(default)]
    pub(crate) bad: Vec<(String, String)>,
}

/// Is an ecosystem.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct EcosystemMeta {
    /// Its name and release.
    pub(crate) name: String,
    /// The packages that an excerpt is complete for, sorted; `None` for a full feed.
    pub(crate) scope: Option<Vec<String>>,
    /// The numbers of the feeds that state something of it, ascending.
    pub(crate) feeds: Vec<u16>,
    /// Whether a feed that is read as a whole speaks for it. What is stated in passing does not
    /// count: an archive of Maven's records names packages of npm, too.
    #[serde(default)]
    pub(crate) covered: bool,
}

/// Is all that is stated about a package of an ecosystem.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PackageDisk<'d> {
    /// The statements, best first.
    pub(crate) statements: Vec<StatementDisk<'d>>,
}

/// Is one statement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StatementDisk<'d> {
    /// Whether it is that of an update that covers any number of vulnerabilities.
    pub(crate) advisory: bool,
    /// The feed's rank.
    pub(crate) rank: u8,
    /// The feed's number.
    pub(crate) feed: u16,
    /// The record.
    pub(crate) record: RecordName<'d>,
    /// The number of the record's own entry, for an update.
    pub(crate) own: Option<u32>,
    /// The numbers of the vulnerabilities that it is about.
    pub(crate) vulnerabilities: Vec<u32>,
    /// Names of further advisories.
    pub(crate) also: Vec<&'d str>,
    /// The ranges and single versions, and whether the feed has not decided yet.
    pub(crate) span: Span<'d>,
    /// The fix.
    pub(crate) fix: FixState,
    /// The distribution's rating.
    pub(crate) severity: Option<Severity>,
    /// The module streams, joined by commas.
    pub(crate) module: Option<&'d str>,
    /// The architectures.
    pub(crate) arches: &'d [String],
    /// The part of the distribution.
    pub(crate) repository: &'d str,
    /// The affected parts of the package.
    pub(crate) symbols: Vec<Symbols>,
}

/// Is a record's id as it is stored: most follow from what the record is about. Equal for equal ids
/// among the statements of a package. The text is [`Reader::record`](super::Reader::record)'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RecordName<'d> {
    /// That of a vulnerability or an update.
    Of(u32),
    /// That of a vulnerability after a prefix.
    Prefixed(&'d str, u32),
    /// A vulnerability's alias of that place.
    Alias(u32, u32),
    /// This.
    Text(&'d str),
}

/// Is what statements have in common, whatever their package and their vulnerabilities.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Shape {
    /// Whether it is that of an update.
    pub(crate) advisory: bool,
    /// The feed's number.
    pub(crate) feed: u16,
    /// How the record's id follows.
    pub(crate) form: Form,
    /// Whether the first number is that of the update's own entry.
    pub(crate) own: bool,
    /// Whether there is a number of what few statements have.
    pub(crate) extra: bool,
    /// The fix.
    pub(crate) fix: FixState,
    /// The distribution's rating.
    pub(crate) severity: Option<Severity>,
    /// The module streams.
    pub(crate) module: Option<String>,
    /// The architectures.
    pub(crate) arches: Vec<String>,
    /// The part of the distribution.
    pub(crate) repository: String,
}

/// Is how a record's id follows.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Form {
    /// It is that of the update's own entry, or of its first vulnerability.
    #[default]
    Same,
    /// It is this and the id of its first vulnerability.
    Prefixed(String),
    /// It is an alias of its first vulnerability.
    Alias,
    /// It stands beside.
    Text,
}

/// Is a range of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RangeDisk<'a> {
    /// The first affected version; empty for the start.
    pub(crate) introduced: &'a str,
    /// Whether that version itself is not affected.
    pub(crate) exclusive: bool,
    /// The first version that is not affected any more.
    pub(crate) fixed: Option<&'a str>,
    /// The last affected version.
    pub(crate) last_affected: Option<&'a str>,
}

/// Is a vulnerability, or an update as far as it has a name, a title and a date of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct VulnerabilityDisk {
    /// The id it is reported under.
    pub(crate) id: String,
    /// Its other names, sorted.
    pub(crate) aliases: Vec<String>,
    /// A short title.
    pub(crate) title: String,
    /// Ratings in words with the feed's number, best source first.
    pub(crate) severities: Vec<(Severity, u16)>,
    /// CVSS ratings.
    pub(crate) cvss: Vec<CvssDisk>,
    /// Whether it is exploited.
    pub(crate) known_exploited: bool,
    /// EPSS' score and percentile in hundred-thousandths.
    pub(crate) epss: Option<(u32, u32)>,
    /// When it was published.
    pub(crate) published: String,
    /// References.
    pub(crate) urls: Vec<String>,
}

impl VulnerabilityDisk {
    /// Returns the forecast of EPSS.
    pub(crate) fn epss(&self) -> Option<Epss> {
        let share = |parts: u32| f64::from(parts) / EPSS_PARTS;
        self.epss.map(|(score, percentile)| Epss {
            score: share(score),
            percentile: share(percentile),
        })
    }
}

/// Is a CVSS rating.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CvssDisk {
    /// The version of the scale.
    pub(crate) version: String,
    /// The vector.
    pub(crate) vector: String,
    /// The score in tenths.
    pub(crate) tenths: u8,
    /// The feed's number.
    pub(crate) feed: u16,
}

/// Makes the key of a package.
pub(super) fn package_key(ecosystem: &str, name: &str) -> Vec<u8> {
    [ecosystem.as_bytes(), &[0], name.as_bytes()].concat()
}

/// Splits the key of a package into ecosystem and name.
pub(super) fn split_key(key: &[u8]) -> (&str, &str) {
    let mut parts = key.splitn(2, |byte| *byte == 0);
    let mut part = || std::str::from_utf8(parts.next().unwrap_or(&[])).unwrap_or("");
    (part(), part())
}

/// Makes the key of an id: ids are looked up whatever their case.
pub(super) fn id_key(id: &str) -> Vec<u8> {
    id.to_ascii_uppercase().into_bytes()
}

/// Reads a u32 at an offset.
pub(super) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_le_bytes(
        *bytes.get(offset..)?.first_chunk::<4>()?,
    ))
}

/// Reads a u64 at an offset.
pub(super) fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from_le_bytes(
        *bytes.get(offset..)?.first_chunk::<8>()?,
    ))
}
