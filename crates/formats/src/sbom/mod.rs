//! Software bills of materials: CycloneDX and SPDX, written and read.
//!
//! Owns the wire formats. What a format has no field for is written as a named field of our own
//! ([`fields`]), so that a document read back gives the same packages. Written documents are the same,
//! byte for byte, for the same image: their times are arguments, their identities follow from the
//! content. Read [`cyclonedx`] first.

pub mod cyclonedx;
mod fields;
mod graph;
mod licenses;
pub mod read;
pub mod spdx2;
pub mod spdx3;
pub(crate) mod stamp;
