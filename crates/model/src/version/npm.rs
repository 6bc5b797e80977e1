//! The order of npm package versions, as node-semver's loose reading decides it.
//!
//! npm reads the versions of what is installed loosely: `v` and `=` before the version are passed
//! over, numbers may start with zeros, and the hyphen before a prerelease may be missing
//! (`1.2.3beta`). Every strict version means the same in both readings. Read [`compare`] first.

use std::cmp::Ordering;

use super::semver::{Parts, compare_identifiers};
use super::{compare_numbers, digits_only, split_digits, valid_last};

/// The largest number that JavaScript holds exactly; node-semver refuses greater ones.
const LARGEST: &[u8] = b"9007199254740991";

/// The length in bytes beyond which node-semver refuses a version.
const LONGEST: usize = 256;

/// Orders two versions as `semver.compare(a, b, true)` does; build metadata does not count.
///
/// Numbers in prereleases are compared exactly where JavaScript rounds those beyond 2^53. What
/// npm refuses comes before every version.
pub fn compare(a: &str, b: &str) -> Ordering {
    valid_last((a, b), (parse(a), parse(b)), |a, b| {
        a.0.compare_numbers(&b.0)
            .then_with(|| match (a.0.pre, b.0.pre) {
                (Some(one), Some(two)) => compare_split(a.1, one, b.1, two),
                (one, two) => one.is_none().cmp(&two.is_none()),
            })
    })
}

/// Says whether npm takes a version, as `semver.valid(version, true)` does.
pub fn is_valid(version: &str) -> bool {
    parse(version).is_some()
}

/// Cuts a version; the second part is a digit that belongs before the prerelease.
///
/// That digit is a peculiarity of node-semver's pattern: in `1.2.34.5`, the last digit of the third
/// number starts a prerelease, since nothing else makes sense of the fourth (`1.2.3-4.5`).
fn parse(version: &str) -> Option<(Parts<'_>, &[u8])> {
    if version.len() > LONGEST {
        return None;
    }
    let text = version
        .trim()
        .trim_start_matches(|character: char| {
            matches!(character, 'v' | '=') || character.is_whitespace()
        })
        .as_bytes();
    let (major, rest) = split_digits(text);
    let (minor, rest) = split_digits(rest.strip_prefix(b".")?);
    let (mut patch, rest) = split_digits(rest.strip_prefix(b".")?);
    let (mut pre, build) = match rest.iter().position(|byte| *byte == b'+') {
        Some(plus) => {
            let (pre, build) = rest.split_at_checked(plus)?;
            (pre, Some(build.get(1..).unwrap_or_default()))
        }
        None => (rest, None),
    };
    let mut borrowed: &[u8] = &[];
    if pre.starts_with(b".") && patch.len() > 1 {
        (patch, borrowed) = patch.split_at_checked(patch.len() - 1)?;
    } else if let Some(after) = pre.strip_prefix(b"-")
        && after
            .first()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
    {
        pre = after;
    }
    for number in [major, minor, patch] {
        if number.is_empty() || compare_numbers(number, LARGEST).is_gt() {
            return None;
        }
    }
    let identifiers = |text: &[u8]| {
        text.split(|byte| *byte == b'.')
            .enumerate()
            .all(|(index, identifier)| {
                (!identifier.is_empty() || (index == 0 && !borrowed.is_empty()))
                    && identifier
                        .iter()
                        .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            })
    };
    let valid = (pre.is_empty() || identifiers(pre))
        && build.is_none_or(|build| super::semver::valid_identifiers(build, true));
    let pre = (!pre.is_empty()).then_some(pre);
    let parts = Parts {
        numbers: [major, minor, patch],
        pre,
        build,
    };
    valid.then_some((parts, borrowed))
}

/// Orders two prereleases, each perhaps after a digit that belongs to it.
fn compare_split(first_a: &[u8], a: &[u8], first_b: &[u8], b: &[u8]) -> Ordering {
    // A digit is always followed by a dot: it is an identifier of its own.
    let (rest_a, rest_b) = (a.strip_prefix(b"."), b.strip_prefix(b"."));
    match (first_a.is_empty(), first_b.is_empty()) {
        (true, true) => compare_identifiers(a, b),
        (false, false) => compare_numbers(first_a, first_b).then_with(|| {
            compare_identifiers(rest_a.unwrap_or_default(), rest_b.unwrap_or_default())
        }),
        (false, true) => compare_led(first_a, rest_a.unwrap_or_default(), b),
        (true, false) => compare_led(first_b, rest_b.unwrap_or_default(), a).reverse(),
    }
}

/// Orders a number and what follows it against identifiers.
fn compare_led(first: &[u8], rest: &[u8], other: &[u8]) -> Ordering {
    let end = other.iter().position(|byte| *byte == b'.');
    let (head, tail) = match end.and_then(|end| other.split_at_checked(end)) {
        Some((head, tail)) => (head, tail.get(1..)),
        None => (other, None),
    };
    if !digits_only(head) {
        return Ordering::Less;
    }
    compare_numbers(first, head).then_with(|| match tail {
        Some(tail) => compare_identifiers(rest, tail),
        None => Ordering::Greater,
    })
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/npm.txt"), compare);
    }
}
