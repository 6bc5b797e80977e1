//! The order of Julia package versions, as Julia's `VersionNumber` decides it.
//!
//! Semantic Versioning with departures (Julia manual, "Version Number Literals"): numbers may be
//! left out, the hyphen before a prerelease that starts with a letter too, build metadata counts
//! (binary packages are `1.2.3+4`), and a bare `-` or `+` at the end stands for the least
//! prerelease and for a build of its own.

use std::cmp::Ordering;

use super::semver::valid_identifiers;
use super::{compare_numbers, digits_only, split_digits, strip_v, valid_last};

/// Orders two versions: numbers, prerelease before none, build metadata after none. What is no
/// version comes first.
pub fn compare(a: &str, b: &str) -> Ordering {
    valid_last((a, b), (Version::of(a), Version::of(b)), |a, b| {
        let numbers = a.numbers.iter().zip(&b.numbers);
        numbers
            .map(|(a, b)| compare_numbers(a, b))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| {
                let pre = match (a.pre, b.pre) {
                    (Some(a), Some(b)) => compare_identifiers(a, b),
                    (a, b) => a.is_none().cmp(&b.is_none()),
                };
                pre.then_with(|| match (a.build, b.build) {
                    (Some(a), Some(b)) => compare_identifiers(a, b),
                    (a, b) => a.is_some().cmp(&b.is_some()),
                })
            })
    })
}

/// Says whether Julia takes a version.
pub fn is_valid(version: &str) -> bool {
    Version::of(version).is_some()
}

/// Holds the parts of a version; a bare sign leaves an empty part.
struct Version<'a> {
    numbers: [&'a [u8]; 3],
    pre: Option<&'a [u8]>,
    build: Option<&'a [u8]>,
}

impl<'a> Version<'a> {
    fn of(version: &'a str) -> Option<Self> {
        let mut rest = strip_v(version);
        let mut numbers: [&[u8]; 3] = [&[]; 3];
        for (index, number) in numbers.iter_mut().enumerate() {
            if index > 0 {
                match rest.strip_prefix(b".") {
                    Some(after) => rest = after,
                    None => break,
                }
            }
            (*number, rest) = split_digits(rest);
            if number.is_empty() {
                return None;
            }
        }
        let (pre, build) = match rest.iter().position(|byte| *byte == b'+') {
            Some(plus) => (rest.get(..plus)?, Some(rest.get(plus + 1..)?)),
            None => (rest, None),
        };
        let pre = match pre.first() {
            None => None,
            Some(b'-') => Some(pre.get(1..)?),
            Some(letter) if letter.is_ascii_alphabetic() => Some(pre),
            Some(_) => return None,
        };
        // The bare hyphen ends a version; everything else is made of identifiers.
        let valid = match (pre, build) {
            (Some([]), build) => build.is_none(),
            (pre, build) => {
                pre.is_none_or(|pre| valid_identifiers(pre, true))
                    && build.is_none_or(|build| build.is_empty() || valid_identifiers(build, true))
            }
        };
        valid.then_some(Self {
            numbers,
            pre,
            build,
        })
    }
}

/// Orders two lists of identifiers: an empty one first, then numbers, then texts.
fn compare_identifiers(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a.split(|byte| *byte == b'.'), b.split(|byte| *byte == b'.'));
    loop {
        let order = match (a.next(), b.next()) {
            (Some(a), Some(b)) => match (rank(a), rank(b)) {
                (1, 1) => compare_numbers(a, b),
                (one, two) => one.cmp(&two).then_with(|| a.cmp(b)),
            },
            (None, None) => return Ordering::Equal,
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn rank(identifier: &[u8]) -> u8 {
    match identifier {
        [] => 0,
        text if digits_only(text) => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/julia.txt"), compare);
    }
}
