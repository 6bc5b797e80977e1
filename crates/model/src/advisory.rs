//! Advisories as feeds state them, in one shape: what is affected, from which version, until which.

use serde::{Deserialize, Serialize};

use crate::severity::{Cvss, Severity};

/// Is one statement of a feed about one package: in this ecosystem and release, versions in these
/// ranges are affected by this vulnerability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
}

/// Is a half-open range of affected versions: `introduced <= v < fixed`, or `v <= last_affected`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The first affected version; `0` or empty means every version from the start.
    pub introduced: String,
    /// The first version that is not affected any more.
    pub fixed: Option<String>,
    /// The last affected version, where no fixed one is stated.
    pub last_affected: Option<String>,
}

/// Is what is known of a fix for a package in a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// When it was published, RFC 3339; empty when unknown.
    pub published: String,
    /// References, sorted, a few.
    pub urls: Vec<String>,
}
