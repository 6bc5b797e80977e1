//! The layout of a database file, version [`VERSION`]. All numbers are little-endian.
//!
//! ```text
//! 0    8   magic
//! 8    4   version
//! 12   4   number of sections
//! 16   8   length of the file
//! 24  32   SHA-256 of everything after the header: the database's digest
//! 56  24×  section: offset u64, length u64, CRC-32 u32, reserved u32
//! 252  4   CRC-32 of the header's bytes before
//! 256      sections
//! ```
//!
//! | section | holds | checked |
//! |---|---|---|
//! | meta | [`Meta`], postcard | when opened |
//! | packages | table `name NUL ecosystem` → number of the package | when opened |
//! | package index | per package: offset u64, length u32, CRC-32 u32 | when opened |
//! | vulnerability index | per block: offset u64, packed length u32, CRC-32 u32, length u32 | when opened |
//! | ids | table of upper-case id → numbers of vulnerabilities, postcard | when first used |
//! | statements | per package [`PackageDisk`], postcard | block by block |
//! | vulnerabilities | zstd blocks of up to [`BLOCK`]: u32 end of each entry in the block, then the entries, [`VulnerabilityDisk`] as postcard | block by block |
//! | lifecycles | table of a product's name → its [`Cycle`](plimsoll_model::advisory::Cycle)s, postcard | when used |
//!
//! What every scan reads in full is small and checked when the file is opened; the bulk is checked
//! where it is touched, so opening does not depend on the file's size. Statements hold everything
//! that deciding takes; vulnerabilities only what a finding shows. Vulnerabilities are numbered in
//! the order in which packages mention them, so those of one package lie together.

use plimsoll_model::advisory::{Epss, FixState};
use plimsoll_model::severity::Severity;
use serde::{Deserialize, Serialize};

/// The first bytes of a file; not text, and broken by text-mode transfers.
pub(super) const MAGIC: [u8; 8] = *b"\x89PLIMDB\n";
/// The version of the layout.
pub(super) const VERSION: u32 = 3;
/// The header's length in bytes.
pub(super) const HEADER: usize = 256;
/// Where the header's checksum is.
pub(super) const HEADER_CRC: usize = 252;
/// Where the digest is.
pub(super) const DIGEST: usize = 24;
/// Where the sections' table is.
pub(super) const TABLE: usize = 56;
/// The length of a section's row.
pub(super) const ROW: usize = 24;
/// Into how many parts a share of EPSS is divided: it is published with five decimals.
pub(super) const EPSS_PARTS: f64 = 100_000.0;
/// How many vulnerabilities share a block.
pub(super) const BLOCK: usize = 32;
/// The largest unpacked block in bytes.
pub(super) const BLOCK_LIMIT: usize = 64 << 20;
/// The length of a package's row in its index.
pub(super) const PACKAGE_ROW: usize = 16;
/// The length of a block's row in its index.
pub(super) const BLOCK_ROW: usize = 20;

/// Names the sections, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// [`Meta`].
    Meta,
    /// The packages' keys.
    Packages,
    /// Where each package's statements are.
    PackageIndex,
    /// Where each block of vulnerabilities is.
    VulnerabilityIndex,
    /// The ids.
    Ids,
    /// The statements.
    Statements,
    /// The vulnerabilities.
    Vulnerabilities,
    /// The lives of products.
    Lifecycles,
}

impl Section {
    /// All sections in order.
    pub(super) const ALL: [Self; 8] = [
        Self::Meta,
        Self::Packages,
        Self::PackageIndex,
        Self::VulnerabilityIndex,
        Self::Ids,
        Self::Statements,
        Self::Vulnerabilities,
        Self::Lifecycles,
    ];

    /// Says whether it is checked as a whole when the file is opened.
    pub(super) fn checked_at_open(self) -> bool {
        !matches!(
            self,
            Self::Ids | Self::Statements | Self::Vulnerabilities | Self::Lifecycles
        )
    }
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
}

/// Is all that is stated about a package of an ecosystem.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PackageDisk<'a> {
    /// The ecosystem.
    pub(crate) ecosystem: &'a str,
    /// The name.
    pub(crate) name: &'a str,
    /// The statements, best first.
    #[serde(borrow)]
    pub(crate) statements: Vec<StatementDisk<'a>>,
}

/// Is one statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct StatementDisk<'a> {
    /// Whether it is that of an update that covers any number of vulnerabilities.
    pub(crate) advisory: bool,
    /// The feed's rank.
    pub(crate) rank: u8,
    /// The feed's number.
    pub(crate) feed: u16,
    /// The record.
    pub(crate) record: &'a str,
    /// The number of the record's own entry, for an update.
    pub(crate) own: Option<u32>,
    /// The numbers of the vulnerabilities that it is about.
    pub(crate) vulnerabilities: Vec<u32>,
    /// Names of further advisories.
    #[serde(borrow)]
    pub(crate) also: Vec<&'a str>,
    /// The ranges.
    #[serde(borrow)]
    pub(crate) ranges: Vec<RangeDisk<'a>>,
    /// Single affected versions.
    #[serde(borrow)]
    pub(crate) versions: Vec<&'a str>,
    /// The fix.
    pub(crate) fix: FixState,
    /// The distribution's rating.
    pub(crate) severity: Option<Severity>,
    /// The module streams, joined by commas.
    pub(crate) module: Option<&'a str>,
    /// The architectures.
    #[serde(borrow)]
    pub(crate) arches: Vec<&'a str>,
    /// The part of the distribution.
    pub(crate) repository: &'a str,
    /// Whether the feed has not decided yet.
    pub(crate) undecided: bool,
    /// The affected parts of the package, each with its symbols.
    #[serde(borrow)]
    pub(crate) symbols: Vec<(&'a str, Vec<&'a str>)>,
}

/// Is a range of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// The numbers of the packages that something is stated about.
    pub(crate) packages: Vec<u32>,
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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

/// Makes the key of a package. The name comes first, so that all releases of a package lie together.
pub(super) fn package_key(ecosystem: &str, name: &str) -> Vec<u8> {
    [name.as_bytes(), &[0], ecosystem.as_bytes()].concat()
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
