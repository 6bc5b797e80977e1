//! Plain data that every other crate speaks: paths, entries, facts, packages, advisories,
//! findings, the report, and the version orders.
//!
//! Owns the vocabulary and its rules (what a path inside an image is, which of two versions is
//! newer). Deliberately absent: any input or output, any clock, any wire format, any dependency on
//! another crate of ours. Read [`analyzer`] first (how files become facts), then [`report`] (what a
//! scan says).

pub mod advisory;
pub mod analyzer;
pub mod digest;
pub mod distro;
pub mod ecosystem;
pub mod issue;
pub mod layer;
pub mod package;
pub mod path;
pub mod purl;
pub mod range;
pub mod report;
pub mod severity;
pub mod text;
pub mod version;
