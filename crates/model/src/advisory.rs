//! Advisories as feeds state them, in one shape: what is affected, from which version, until which.

use serde::{Deserialize, Serialize};

use crate::severity::{Cvss, Severity};

/// Is one statement of a feed about one package: in this ecosystem and release, versions in these
/// ranges are affected by this vulnerability.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Advisory {
    /// The record's own id (`DSA-5514-1`, `ALSA-2023:5453`, `CVE-2023-4911`).
    pub id: String,
    /// The ecosystem and release in OSV's spelling: `Debian:12`, `Alpine:v3.11`, `AlmaLinux:9`,
    /// `Wolfi`, `PyPI`.
    pub ecosystem: String,
    /// The package as the feed names it; source or binary as the ecosystem has it.
    pub package: String,
    /// The affected ranges. Empty with no [`Advisory::versions`] means: not affected.
    pub ranges: Vec<Range>,
    /// Single affected versions beside the ranges.
    pub versions: Vec<String>,
    /// What is known of a fix.
    pub fix: FixState,
    /// The severity that the feed itself states for this package.
    pub severity: Option<Severity>,
    /// The module stream that it is confined to (`nodejs:18`), for modular rpm; several joined by
    /// commas; empty when it is modular but the feed does not name the stream.
    pub module: Option<String>,
    /// The architectures that it is confined to; empty for all.
    pub arches: Vec<String>,
    /// Whether the feed has not decided yet (Debian's `undetermined`, Red Hat's
    /// `under_investigation`): no finding, but no all-clear either.
    pub undecided: bool,
    /// The parts of the package that are affected, where the feed names them (Go's `imports`); empty
    /// when all of it is.
    pub symbols: Vec<Symbols>,
}

/// Is a part of a package that an advisory is confined to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Symbols {
    /// What is imported (`golang.org/x/net/http2`).
    pub path: String,
    /// The affected symbols in it (`Server.ServeConn`), sorted; empty for all of them.
    pub names: Vec<String>,
}

/// Is a range of affected versions: `introduced <= v < fixed`, or `v <= last_affected`; with
/// [`Range::exclusive`] `introduced < v`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The first affected version; `0` or empty means every version from the start.
    pub introduced: String,
    /// Whether [`Range::introduced`] itself is not affected, only what comes after it.
    pub exclusive: bool,
    /// The first version that is not affected any more.
    pub fixed: Option<String>,
    /// The last affected version, where no fixed one is stated.
    pub last_affected: Option<String>,
}

/// Is what is known of a fix for a package in a release.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum FixState {
    /// A fixed version exists.
    Fixed,
    /// None yet.
    NotFixed,
    /// The distribution says that it will not fix it.
    WontFix,
    /// The distribution has put it off.
    Deferred,
    /// The release or the package gets no fixes any more.
    EndOfLife,
    /// Nobody says.
    #[default]
    Unknown,
}

impl FixState {
    /// Returns the text form used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::NotFixed => "not_fixed",
            Self::WontFix => "wont_fix",
            Self::Deferred => "deferred",
            Self::EndOfLife => "end_of_life",
            Self::Unknown => "unknown",
        }
    }
}

/// Is what is known of a vulnerability whatever the package: joined from all records that are
/// aliases of each other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Vulnerability {
    /// The id it is reported under: the CVE where there is one, else the record's own.
    pub id: String,
    /// Every other name, sorted (`GHSA-…`, `DSA-…`).
    pub aliases: Vec<String>,
    /// A short title, where a feed has one; never a retelling.
    pub title: String,
    /// Severity ratings, best source first.
    pub severities: Vec<(Severity, String)>,
    /// CVSS ratings.
    pub cvss: Vec<Cvss>,
    /// Whether CISA lists it as exploited.
    pub known_exploited: bool,
    /// How likely it is to be exploited soon, where EPSS was read.
    pub epss: Option<Epss>,
    /// When it was published, RFC 3339; empty when unknown.
    pub published: String,
    /// References, sorted, a few.
    pub urls: Vec<String>,
}

/// Is the forecast of the Exploit Prediction Scoring System (FIRST): how likely exploitation of a
/// vulnerability is observed within 30 days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Epss {
    /// The probability, 0.0 to 1.0.
    pub score: f64,
    /// The share of all vulnerabilities that are not more likely, 0.0 to 1.0.
    pub percentile: f64,
}

/// Is what is known of the life of a product's releases (a distribution, a runtime).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Lifecycle {
    /// The product's name (`debian`, `nodejs`).
    pub product: String,
    /// Its releases, newest first as the feed lists them.
    pub cycles: Vec<Cycle>,
}

/// Is one release of a product.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cycle {
    /// The release (`12`, `3.19`, `22.04`).
    pub name: String,
    /// Its code name; may be empty.
    pub codename: String,
    /// The day on which it gets no more fixes, `YYYY-MM-DD`; empty when no day is stated.
    pub end_of_life: String,
    /// Whether it has ended or not, where that is stated without a day.
    pub ended: Option<bool>,
    /// The day on which paid or long-term support ends, `YYYY-MM-DD`; empty when there is none.
    pub extended_end: String,
    /// The newest version of the release; may be empty.
    pub latest: String,
}
