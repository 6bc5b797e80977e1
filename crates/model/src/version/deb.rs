//! The order of Debian package versions, as dpkg decides it.
//!
//! Owns the grammar `[epoch:]upstream[-revision]` (Debian policy 5.6.12, deb-version(7)) and
//! dpkg's order over it. Nothing is allocated and no number is converted, so that versions of any
//! length cost only their length. Read [`compare`] first.

use std::cmp::Ordering;

use super::{compare_numbers, digits_only, split_digits};

/// The largest epoch that dpkg reads; it refuses greater ones.
const LARGEST_EPOCH: &[u8] = b"2147483647";

/// Orders two versions as `dpkg --compare-versions` does.
///
/// Epochs are numbers, and an absent one is 0. Upstream version and revision (an absent one equals
/// `0`) are read as alternating runs of non-digits and digits. Digits compare as numbers of any
/// length; non-digits character by character: `~` before the end, the end before letters, letters
/// before everything else. Surrounding white space does not count.
///
/// Every pair of strings is ordered, and consistently so (a total preorder: fit for sorting). What
/// dpkg refuses is ordered as follows: text before a colon that is not a number is part of the
/// upstream version, an empty epoch is 0, an epoch of any size is compared as a number. Bytes
/// outside ASCII come after letters and before punctuation, as in dpkg where C's `char` is signed.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (Parts::of(a), Parts::of(b));
    compare_numbers(a.epoch, b.epoch)
        .then_with(|| compare_part(a.upstream, b.upstream))
        .then_with(|| compare_part(a.revision, b.revision))
}

/// Says whether a version follows the grammar, so that dpkg takes it without a warning.
///
/// The upstream version starts with a digit and holds `A-Za-z0-9.+~-` (and `:` after an epoch); the
/// revision, when there is a hyphen, is not empty and holds `A-Za-z0-9.+~`; the epoch is a number
/// up to 2147483647.
pub fn is_valid(version: &str) -> bool {
    if version.trim_ascii().len() != version.len() {
        return false;
    }
    let (epoch, rest) = match version.split_once(':') {
        Some((epoch, rest)) => (Some(epoch.as_bytes()), rest),
        None => (None, version),
    };
    if let Some(epoch) = epoch
        && (epoch.is_empty()
            || !digits_only(epoch)
            || compare_numbers(epoch, LARGEST_EPOCH) == Ordering::Greater)
    {
        return false;
    }
    let (upstream, revision) = match rest.rsplit_once('-') {
        Some((upstream, revision)) => (upstream, Some(revision)),
        None => (rest, None),
    };
    upstream.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && upstream
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".+~-:".contains(&byte))
        && revision.is_none_or(|revision| {
            !revision.is_empty()
                && revision
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b".+~".contains(&byte))
        })
}

/// Returns a version without the suffix of a binary-only rebuild: `1.2-3+b1` becomes `1.2-3`.
///
/// A rebuild changes the version of the binary package alone, so that advisories, which speak of
/// source versions, must be compared without it. The suffix is `+b` and a number at the very end
/// (Debian Developer's Reference 5.10.2.1). Everything else is left alone: `+nmu1`, `+deb12u1` and
/// `build1` belong to the source version.
pub fn without_binnmu(version: &str) -> &str {
    let stem = version.trim_end_matches(|character: char| character.is_ascii_digit());
    if stem.len() == version.len() {
        return version;
    }
    match stem.strip_suffix("+b") {
        // A revision that is nothing but the suffix is the version's own: without it none is left.
        Some(source) if !source.is_empty() && !source.ends_with('-') => source,
        _ => version,
    }
}

/// Holds the three parts of a version.
struct Parts<'a> {
    epoch: &'a [u8],
    upstream: &'a [u8],
    revision: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(version: &'a str) -> Self {
        let version = version.trim_ascii();
        let (epoch, rest) = match version.split_once(':') {
            Some((epoch, rest)) if digits_only(epoch.as_bytes()) => (epoch, rest),
            _ => ("", version),
        };
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        Self {
            epoch: epoch.as_bytes(),
            upstream: upstream.as_bytes(),
            revision: revision.as_bytes(),
        }
    }
}

/// Orders two upstream versions or two revisions.
fn compare_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        loop {
            let (weight_a, weight_b) = (weight(a.first()), weight(b.first()));
            if weight_a != weight_b {
                return weight_a.cmp(&weight_b);
            }
            // Only an end and a digit weigh nothing: both sides are at a number or at their end.
            if weight_a == 0 {
                break;
            }
            a = a.get(1..).unwrap_or_default();
            b = b.get(1..).unwrap_or_default();
        }
        let (number_a, rest_a) = split_digits(a);
        let (number_b, rest_b) = split_digits(b);
        let order = compare_numbers(number_a, number_b);
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
    Ordering::Equal
}

/// Returns the place of a byte among non-digits; an end and a digit are 0.
fn weight(byte: Option<&u8>) -> i16 {
    match byte {
        None | Some(b'0'..=b'9') => 0,
        Some(b'~') => -1,
        Some(letter) if letter.is_ascii_alphabetic() => i16::from(*letter),
        Some(other) => i16::from(other.cast_signed()) + 256,
    }
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/deb.txt"), compare);
    }

    #[test]
    fn valid_is_what_dpkg_takes_without_a_warning() {
        table::check_grammar(
            include_str!("../../testdata/versions/deb-grammar.txt"),
            is_valid,
        );
    }

    #[test]
    fn a_rebuild_suffix_is_stripped_only_at_the_end() {
        for (version, source) in [
            ("1.2-3+b1", "1.2-3"),
            ("1.2-3+b12", "1.2-3"),
            ("2:1.2+dfsg-3~deb12u1+b1", "2:1.2+dfsg-3~deb12u1"),
            ("1.2+b3", "1.2"),
            ("1.2-3+b", "1.2-3+b"),
            ("1.2-3+nmu1", "1.2-3+nmu1"),
            ("1.2-3build1", "1.2-3build1"),
            ("1.2-3+b1+deb12u1", "1.2-3+b1+deb12u1"),
            ("1.2-3+B1", "1.2-3+B1"),
            ("1.2-3b1", "1.2-3b1"),
            ("+b1", "+b1"),
            ("1.0~rc1-+b2", "1.0~rc1-+b2"),
            ("", ""),
        ] {
            assert_eq!(without_binnmu(version), source, "{version}");
        }
    }

    #[test]
    fn numbers_of_any_length_are_compared() {
        let (nines, tens) = ("9".repeat(100), format!("1{}", "0".repeat(100)));
        assert_eq!(compare(&nines, &tens), Ordering::Less);
        assert_eq!(
            compare(&format!("{nines}:1"), &format!("{tens}:0")),
            Ordering::Less
        );
        assert_eq!(
            compare(&format!("1-{tens}"), &format!("1-{nines}")),
            Ordering::Greater
        );
        let zeros = "0".repeat(100_000);
        assert_eq!(compare(&format!("1.{zeros}7"), "1.7"), Ordering::Equal);
    }
}
