//! How bad a vulnerability is, and where that judgement comes from.

use serde::{Deserialize, Serialize};

use crate::advisory::Epss;

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

/// Rates how urgent a vulnerability is, 0 to 100: a weight for the severity (critical 100, high 80,
/// medium 50, unknown 30, low 20, negligible 6), times how likely exploitation is, times 0.9 where
/// no fix exists.
///
/// How likely: 1 when it is known to be exploited, else from 0.5 up to 1 with the square root of
/// EPSS' probability (most are far below 0.01, so the root spreads them); 0.5 where EPSS knows
/// nothing. So a high that is exploited (80) comes before a critical that nobody uses (50), and of
/// two that are alike the one that can be fixed comes first. Unrated counts as somewhat more than
/// low: nobody has said that it is harmless.
#[allow(
    clippy::cast_sign_loss,
    reason = "the product of a weight up to 100 and shares from 0 to 1"
)]
pub fn risk(severity: Severity, known_exploited: bool, epss: Option<Epss>, fixable: bool) -> u8 {
    let weight = match severity {
        Severity::Critical => 100.0,
        Severity::High => 80.0,
        Severity::Medium => 50.0,
        Severity::Unknown => 30.0,
        Severity::Low => 20.0,
        Severity::Negligible => 6.0,
    };
    let probability = epss.map_or(0.0, |epss| epss.score.clamp(0.0, 1.0));
    let likely = if known_exploited {
        1.0
    } else {
        0.5 + probability.sqrt() / 2.0
    };
    let reachable = if fixable { 1.0 } else { 0.9 };
    let product: f64 = weight * likely * reachable;
    product.round() as u8
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exploited_and_fixable_comes_first() {
        let epss = |score| {
            Some(Epss {
                score,
                percentile: 0.0,
            })
        };
        let rated = [
            risk(Severity::Critical, true, None, true),
            risk(Severity::High, true, None, true),
            risk(Severity::High, false, epss(0.9), true),
            risk(Severity::High, true, None, false),
            risk(Severity::Critical, false, epss(0.0004), true),
            risk(Severity::Critical, false, None, true),
            risk(Severity::Critical, false, None, false),
            risk(Severity::Unknown, false, None, true),
            risk(Severity::Low, false, None, true),
            risk(Severity::Negligible, false, None, false),
        ];
        assert_eq!(rated, [100, 80, 78, 72, 51, 50, 45, 15, 10, 3]);
    }
}
