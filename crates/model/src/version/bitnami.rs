//! The order of the versions of Bitnami's components.
//!
//! Bitnami states upstream's version as Semantic Versioning, with or without its own revision
//! (`1.2.3-4`, in tags `1.2.3-debian-12-r4`): a number after the hyphen, or `r` and a number at the
//! end, is no prerelease but counts the builds of the version, as Bitnami's own library reads it.
//! Numbers may be left out.

use std::cmp::Ordering;

use super::semver::{Parts, Rules};
use super::{compare_numbers, digits_only, valid_last};

/// Takes a `v`, short forms and numbers that start with zeros.
const RULES: Rules = Rules {
    v: true,
    least: 1,
    zeros: true,
    largest: None,
};

/// Orders two versions: numbers, prerelease before none, revision (none is 0). What is no version
/// comes first.
pub fn compare(a: &str, b: &str) -> Ordering {
    valid_last((a, b), (parse(a), parse(b)), |a, b| {
        a.0.compare(&b.0).then_with(|| compare_numbers(a.1, b.1))
    })
}

/// Says whether a version is one of Bitnami's.
pub fn is_valid(version: &str) -> bool {
    parse(version).is_some()
}

/// Cuts a version into upstream's part and the revision.
fn parse(version: &str) -> Option<(Parts<'_>, &[u8])> {
    let mut parts = Parts::of(version, &RULES)?;
    let Some(pre) = parts.pre else {
        return Some((parts, &[]));
    };
    let (before, last) = match pre.iter().rposition(|byte| *byte == b'-') {
        Some(place) => (pre.get(..place), pre.get(place + 1..).unwrap_or_default()),
        None => (None, pre),
    };
    // The operating system of a tag (`debian-12`) is no part of the version.
    let system = |text: &[u8]| {
        ["debian-", "photon-", "ubuntu-", "ol-", "rhel-", "ubi-"]
            .iter()
            .any(|name| text.starts_with(name.as_bytes()))
    };
    let revision = match last {
        [b'r', digits @ ..] if !digits.is_empty() && digits_only(digits) => Some(digits),
        digits if digits_only(digits) => Some(digits),
        _ => None,
    };
    match (before, revision) {
        (None, Some(revision)) => {
            parts.pre = None;
            Some((parts, revision))
        }
        (Some(before), Some(revision)) if system(before) => {
            parts.pre = None;
            Some((parts, revision))
        }
        (Some(before), Some(revision)) if last.first() == Some(&b'r') => {
            parts.pre = Some(before);
            Some((parts, revision))
        }
        _ => Some((parts, &[])),
    }
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/bitnami.txt"), compare);
    }
}
