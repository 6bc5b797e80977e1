//! The order of Dart package versions, as `pub_semver` decides it.
//!
//! Semantic Versioning with one departure that matters: build metadata counts, and comes after none
//! ("Package versioning" in Dart's documentation). Numbers may start with zeros.

use std::cmp::Ordering;

use super::semver::{Parts, Rules, compare_identifiers};
use super::valid_last;

/// Takes numbers that start with zeros.
const RULES: Rules = Rules {
    v: false,
    least: 3,
    zeros: true,
    largest: None,
};

/// Orders two versions: numbers, prerelease before none, build metadata after none. What is no
/// version comes first.
pub fn compare(a: &str, b: &str) -> Ordering {
    let parts = (Parts::of(a, &RULES), Parts::of(b, &RULES));
    valid_last((a, b), parts, |a, b| {
        a.compare(b).then_with(|| match (a.build, b.build) {
            (Some(a), Some(b)) => compare_identifiers(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        })
    })
}

/// Says whether `Version.parse` takes a version.
pub fn is_valid(version: &str) -> bool {
    Parts::of(version, &RULES).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/pub.txt"), compare);
    }
}
