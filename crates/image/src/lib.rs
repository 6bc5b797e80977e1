//! Reads container images: where they come from, one pass over each layer, what a container would
//! see of them, and the cache of what was found.
//!
//! Knows nothing of packages: it hands entries to analyzers and carries their facts unread. Read
//! [`source`] for where bytes come from, `pass` for the heart.

pub mod cache;
pub mod config;
pub mod overlay;
pub mod pass;
pub mod source;
