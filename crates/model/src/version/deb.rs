//! The order of deb versions.
use std::cmp::Ordering;
/// Orders two versions.
pub fn compare(a: &str, b: &str) -> Ordering {
    a.cmp(b)
}
/// Says whether a version follows the grammar.
pub fn is_valid(version: &str) -> bool {
    !version.is_empty()
}
