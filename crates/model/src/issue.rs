//! What went wrong while reading, kept as data: damaged input never ends a scan by itself.

use serde::{Deserialize, Serialize};

/// Says what kind of thing could not be read or judged. The text form (kebab-case) is the `kind` of
/// a gap in the report's coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum IssueKind {
    /// A layer ends early or its archive or compression is damaged.
    DamagedLayer,
    /// A package database, `os-release` or other metadata file is damaged or cut.
    DamagedMetadata,
    /// A name in a layer points outside of the image; the entry was left out.
    PathEscapes,
    /// A bound was reached (size, count, depth) and what lay beyond was left out.
    LimitReached,
    /// A layer or file of a kind that is not read (encrypted, unknown media type, …).
    Unsupported,
    /// The distribution of the image could not be recognised.
    UnknownDistribution,
    /// The database holds no feed for the image's distribution.
    NoFeed,
    /// The database's feed is an excerpt that does not cover these packages.
    PartialFeed,
    /// There is no database.
    NoDatabase,
    /// Nothing that Plimsoll knows was found in the image.
    NothingRecognized,
    /// A version does not follow its ecosystem's rules and was not compared.
    UnknownVersion,
    /// Packages are listed but no feed that was read judges their ecosystem.
    NotJudged,
    /// A release (of a distribution, of a runtime) gets no more fixes.
    EndOfLife,
    /// The database is old.
    StaleDatabase,
    /// An exception suppresses nothing any more: its day is over.
    ExpiredException,
    /// An exception is for something that was not found.
    UnusedException,
    /// Statements of a VEX document that could not be understood.
    UnreadStatement,
}

impl IssueKind {
    /// Returns the stable text form, used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DamagedLayer => "damaged-layer",
            Self::DamagedMetadata => "damaged-metadata",
            Self::PathEscapes => "path-escapes",
            Self::LimitReached => "limit-reached",
            Self::Unsupported => "unsupported",
            Self::UnknownDistribution => "unknown-distribution",
            Self::NoFeed => "no-feed",
            Self::PartialFeed => "partial-feed",
            Self::NoDatabase => "no-database",
            Self::NothingRecognized => "nothing-recognized",
            Self::UnknownVersion => "unknown-version",
            Self::NotJudged => "not-judged",
            Self::EndOfLife => "end-of-life",
            Self::StaleDatabase => "stale-database",
            Self::ExpiredException => "expired-exception",
            Self::UnusedException => "unused-exception",
            Self::UnreadStatement => "unread-statement",
        }
    }

    /// Says whether it is about what the user stated beside the image, so that nothing of the image
    /// is missing for it.
    pub fn note(self) -> bool {
        matches!(
            self,
            Self::ExpiredException | Self::UnusedException | Self::UnreadStatement
        )
    }

    /// Says whether the result as a whole supports no verdict because of it (exit code 3): something
    /// that could hold packages was not read, or what was read could not be judged.
    pub fn undecided(self) -> bool {
        matches!(
            self,
            Self::DamagedLayer
                | Self::DamagedMetadata
                | Self::LimitReached
                | Self::UnknownDistribution
                | Self::NoFeed
                | Self::PartialFeed
                | Self::NoDatabase
                | Self::NothingRecognized
        )
    }
}

/// Is one thing that could not be read or judged: what, where, and what happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Issue {
    /// What kind of thing it is.
    pub kind: IssueKind,
    /// Where: a path inside the image, a layer's digest, a package, a distribution.
    pub subject: String,
    /// What happened, as got / expected where that helps. Escaped; one line.
    pub detail: String,
}

impl Issue {
    /// Makes an issue; subject and detail are escaped so that they are safe to show.
    pub fn new(kind: IssueKind, subject: impl AsRef<str>, detail: impl AsRef<str>) -> Self {
        Self {
            kind,
            subject: crate::text::escape(subject.as_ref()).into_owned(),
            detail: crate::text::escape(detail.as_ref()).into_owned(),
        }
    }
}
