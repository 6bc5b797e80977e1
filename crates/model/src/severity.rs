//! How bad a vulnerability is, and where that judgement comes from.

use serde::{Deserialize, Serialize};

/// Is the severity of a vulnerability, least first. `Unknown` sorts lowest, so that a threshold
/// never counts what nobody has rated as high; reports count it apart.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Severity {
    /// Nobody whose feed was read has rated it.
    #[default]
    Unknown,
    /// The distribution regards it as no real security problem (Debian: `unimportant`).
    Negligible,
    /// CVSS 0.1 to 3.9.
    Low,
    /// CVSS 4.0 to 6.9.
    Medium,
    /// CVSS 7.0 to 8.9.
    High,
    /// CVSS 9.0 to 10.0.
    Critical,
}

impl Severity {
    /// All severities, least first.
    pub const ALL: [Self; 6] = [
        Self::Unknown,
        Self::Negligible,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// Returns the lower-case name used on the command line and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Negligible => "negligible",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads a name as feeds write it, whatever its case (`MODERATE` and `Important` included).
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim();
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        if is("critical") {
            Some(Self::Critical)
        } else if is("high") || is("important") {
            Some(Self::High)
        } else if is("medium") || is("moderate") {
            Some(Self::Medium)
        } else if is("low") {
            Some(Self::Low)
        } else if is("negligible") || is("unimportant") {
            Some(Self::Negligible)
        } else if is("unknown") {
            Some(Self::Unknown)
        } else {
            None
        }
    }

    /// Maps a CVSS score (0.0 to 10.0) to its qualitative rating (CVSS 3.1 section 5, 4.0 section 6).
    pub fn from_score(score: f64) -> Self {
        if score >= 9.0 {
            Self::Critical
        } else if score >= 7.0 {
            Self::High
        } else if score >= 4.0 {
            Self::Medium
        } else if score > 0.0 {
            Self::Low
        } else {
            Self::Negligible
        }
    }
}

/// Is one CVSS rating of a vulnerability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cvss {
    /// `2.0`, `3.0`, `3.1` or `4.0`.
    pub version: String,
    /// The vector as published.
    pub vector: String,
    /// The base score, 0.0 to 10.0.
    pub score: f64,
    /// The feed that published it.
    pub source: String,
}
