//! Scans an image: reads its layers (or takes them from the cache), squashes them, lets the
//! analyzers assemble packages, matches, finds dependency paths, applies what the user states beside the
//! image (VEX, exceptions), asks the gate.
//!
//! Owns the order of the steps and nothing of their substance. Deliberately absent: wire formats,
//! the terminal, the environment, the clock. Read [`scan`] first.

pub mod exceptions;
pub mod gate;
pub mod inventory;
mod lifecycle;
mod ownership;
pub mod paths;
mod recognised;
pub mod scan;
pub mod suppress;

pub use scan::{ScanError, ScanOptions, scan};
