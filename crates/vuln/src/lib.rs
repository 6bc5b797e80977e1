//! Advisory feeds, the matching database and the matcher.
//!
//! Owns the way from files as upstream serves them to findings: [`feeds`] reads each format into
//! records, [`db`] joins the records by vulnerability and writes them as one read-only file, and
//! [`matcher`] compares installed packages with it. Deliberately absent: images, the network, the
//! clock, and any opinion on what a finding means for a gate. Read [`feeds`] first.

pub mod db;
pub mod feeds;
pub mod ids;
pub mod matcher;
mod rating;
pub mod rematch;
