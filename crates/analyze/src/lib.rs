//! Turns the files of an image into facts: package databases, os-release.
//!
//! Owns what a file of a known format means ([`catalog`]). Deliberately absent: file systems,
//! registries, the network, the environment and the clock (`clippy.toml` of this crate holds that).
//! Analyzers are handed the entries of a layer in one pass and join what they found once the layers
//! are squashed; the contract is [`plimsoll_model::analyzer`]. Read [`catalog`] first.

pub mod catalog;
pub mod license;
