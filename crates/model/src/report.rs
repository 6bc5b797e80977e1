//! What a scan says: the image, what was covered, the packages, the findings, the verdict.
//!
//! Plain data. The field names of the published formats are in `formats`, not here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::advisory::{Epss, FixState};
use crate::digest::Digest;
use crate::distro::Distro;
use crate::issue::Issue;
use crate::package::Package;
use crate::severity::{Cvss, Severity, risk};

/// Is the whole result of a scan. Every list is sorted; see each field.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The version of the program that made it.
    pub tool_version: String,
    /// What was scanned.
    pub image: ImageFacts,
    /// What was and was not judged, with which data.
    pub coverage: Coverage,
    /// The packages, by kind, name, version, architecture.
    pub packages: Vec<CatalogPackage>,
    /// What was found, by package, then id.
    pub findings: Vec<Finding>,
    /// What was found and does not count, each with the reason, by package, then id.
    pub suppressed: Vec<Finding>,
    /// How many findings were left out because the user asked for fewer (severity, fixed only).
    pub left_out: usize,
    /// The gate's word; `None` when no gate was asked for.
    pub verdict: Option<Verdict>,
}

/// Is what is in an image, before anything is judged; what an SBOM holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    /// The image.
    pub image: ImageFacts,
    /// The packages, sorted as in [`Report::packages`].
    pub packages: Vec<CatalogPackage>,
    /// What could not be read, sorted, without repeats.
    pub gaps: Vec<Issue>,
}

/// Is what is known of the image itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageFacts {
    /// The reference as it was given, scheme included.
    pub reference: String,
    /// The manifest's digest.
    pub digest: Option<Digest>,
    /// The configuration's digest, the image id.
    pub config_digest: Option<Digest>,
    /// `os/architecture[/variant]`.
    pub platform: String,
    /// The distribution.
    pub distro: Option<Distro>,
    /// The day on which the distribution's release gets no more fixes, `YYYY-MM-DD`; `None` when
    /// not known.
    pub end_of_life: Option<String>,
    /// The sum of the uncompressed layers in bytes.
    pub size_bytes: u64,
    /// `USER` of the configuration; empty for root.
    pub user: String,
    /// When the image was made, RFC 3339, as the configuration states it.
    pub created: String,
    /// The layers, lowest first.
    pub layers: Vec<LayerInfo>,
}

/// Is one layer of the image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerInfo {
    /// The digest of the layer as the source stores it.
    pub digest: Option<Digest>,
    /// The digest of the uncompressed archive.
    pub diff_id: Option<Digest>,
    /// The size of the uncompressed archive in bytes: the same from every source.
    pub size_bytes: u64,
    /// The history entry's `created_by`, as written.
    pub created_by: String,
}

/// Is what the result rests on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coverage {
    /// The database, where there is one.
    pub database: Option<DatabaseInfo>,
    /// What could not be read or judged, sorted, without repeats.
    pub gaps: Vec<Issue>,
    /// How many packages were compared with at least one feed.
    pub judged_packages: usize,
    /// The names of the feeds that at least one package was compared with, sorted.
    pub judged_by: Vec<String>,
    /// The packages that were not compared, by index, and why.
    pub not_judged: BTreeMap<usize, Cow<'static, str>>,
}

impl Coverage {
    /// Says whether nothing is missing.
    pub fn complete(&self) -> bool {
        self.gaps.iter().all(|gap| gap.kind.note())
    }

    /// Says whether the result supports no verdict (exit code 3).
    pub fn undecided(&self) -> bool {
        self.gaps.iter().any(|gap| gap.kind.undecided())
    }
}

/// Is what is known of the matching database.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DatabaseInfo {
    /// When it was built, RFC 3339.
    pub built_at: String,
    /// The digest of its content.
    pub digest: String,
    /// The feeds in it, by name.
    pub feeds: Vec<FeedInfo>,
}

/// Is what is known of one feed in the database.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedInfo {
    /// Its name (`debian-tracker`, `osv/AlmaLinux:9`).
    pub name: String,
    /// The date of its data, RFC 3339; empty when the feed does not say.
    pub fetched_at: String,
    /// How many records were read.
    pub records: u64,
    /// How many records of it could not be read.
    pub damaged: u64,
}

/// Is an installed package and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogPackage {
    /// The package.
    pub package: Package,
    /// The index of the layer that introduced it.
    pub layer: usize,
}

/// Is one finding.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// A package is affected by a vulnerability.
    Vulnerability(Box<VulnerabilityFinding>),
}

/// Is a package affected by a vulnerability, with the evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct VulnerabilityFinding {
    /// The id it is known by: the CVE where there is one.
    pub id: String,
    /// Its other names, sorted.
    pub aliases: Vec<String>,
    /// The index of the package in [`Report::packages`].
    pub package: usize,
    /// How bad it is.
    pub severity: Severity,
    /// Who says so: the feed's name; empty for unknown.
    pub severity_source: String,
    /// CVSS ratings, by version and source.
    pub cvss: Vec<Cvss>,
    /// Whether CISA lists it as exploited.
    pub known_exploited: bool,
    /// How likely it is to be exploited soon, where EPSS was read.
    pub epss: Option<Epss>,
    /// What is known of a fix.
    pub fix: FixState,
    /// The versions that fix it, in the release's order.
    pub fixed_versions: Vec<String>,
    /// A short title.
    pub title: String,
    /// References, sorted.
    pub urls: Vec<String>,
    /// When it was published, RFC 3339; empty when unknown.
    pub published: String,
    /// The dependency paths that lead to the package, each from a package nobody depends on down to
    /// it, as purls; shortest first, at most a few.
    pub paths: Vec<Vec<String>>,
    /// What was compared with what.
    pub evidence: Evidence,
    /// Why it does not count; `None` when it counts.
    pub suppressed: Option<Suppression>,
}

impl VulnerabilityFinding {
    /// Rates how urgent it is, 0 to 100: see [`risk`].
    pub fn risk(&self) -> u8 {
        let fixable = self.fix == FixState::Fixed;
        risk(self.severity, self.known_exploited, self.epss, fixable)
    }
}

/// Is why a finding does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suppression {
    /// Who says so: `distribution`, `vex`, `exception`.
    pub by: String,
    /// Why, in a sentence.
    pub reason: String,
    /// Until when, RFC 3339 (a date alone counts to its end); empty for always.
    pub expires: String,
    /// What that says of the package in the words of VEX; `None` where it says nothing of the kind:
    /// an accepted risk is still one.
    pub status: Option<VexStatus>,
}

/// Is how a product stands to a vulnerability (the four statuses of VEX).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VexStatus {
    /// Nothing needs to be done about it.
    NotAffected,
    /// Something should be done about it.
    Affected,
    /// This version holds the fix.
    Fixed,
    /// Nobody knows yet.
    UnderInvestigation,
}

impl VexStatus {
    /// Returns the text form that `OpenVEX` uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAffected => "not_affected",
            Self::Affected => "affected",
            Self::Fixed => "fixed",
            Self::UnderInvestigation => "under_investigation",
        }
    }
}

/// Is why a package counts as affected.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// The feed.
    pub feed: String,
    /// The record in it.
    pub record: String,
    /// The comparison in words: `glibc 2.36-9 < 2.36-9+deb12u3 (deb)`.
    pub comparison: String,
}

/// Is the gate's word.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What it says.
    pub status: VerdictStatus,
    /// Why, one line.
    pub reason: String,
    /// The rules that were applied.
    pub rules: Vec<RuleResult>,
}

/// Is one rule of the gate and what it said.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleResult {
    /// The rule's id (`fail-on`).
    pub id: String,
    /// What it said.
    pub status: VerdictStatus,
    /// Why, one line.
    pub reason: String,
    /// The indices of the findings it rests on.
    pub findings: Vec<usize>,
}

/// Is what a gate can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VerdictStatus {
    /// It may sail.
    Pass,
    /// It may, but look.
    Warn,
    /// It may not.
    Stop,
    /// The data does not support a verdict.
    Undecided,
}

impl VerdictStatus {
    /// Returns the text form used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Stop => "stop",
            Self::Undecided => "undecided",
        }
    }
}
