//! The orders of systems whose versions are lists of numbers: Hackage, CRAN, Erlang/OTP.
//!
//! Nothing is allocated and no number is converted.

use std::cmp::Ordering;

use super::{compare_numbers, digits_only, split_digits, valid_last};

/// Orders two versions of Haskell packages as `Data.Version` does: number by number, and of two
/// lists of which one starts the other the shorter first (Haskell Package Versioning Policy).
///
/// Tags (`1.2-beta`), which Hackage has not taken since 2012, do not count. What is no version comes
/// first.
pub fn compare_hackage(a: &str, b: &str) -> Ordering {
    let cut = |version| {
        let text = untagged(version);
        is_list(text, b".").then_some(text)
    };
    valid_last((a, b), (cut(a), cut(b)), |a, b| compare_list(a, b))
}

/// Says whether a version is numbers joined by dots, with or without tags.
pub fn is_valid_hackage(version: &str) -> bool {
    is_list(untagged(version), b".")
}

/// Orders two versions of R packages as `package_version` does: number by number, what is missing
/// is 0.
///
/// Dots and hyphens are the same ("Writing R Extensions", "The DESCRIPTION file"). What is no
/// version comes first.
pub fn compare_cran(a: &str, b: &str) -> Ordering {
    let cut = |version: &'_ str| is_list(version, b".-").then_some(());
    valid_last((a, b), (cut(a), cut(b)), |(), ()| compare_padded(a, b))
}

/// Says whether a version is numbers joined by dots and hyphens.
pub fn is_valid_cran(version: &str) -> bool {
    is_list(version, b".-")
}

/// Orders two versions of Erlang/OTP or of its applications: number by number, what is missing is 0
/// (OTP leaves zeros out: "OTP versions" in its System Principles), and a release candidate
/// (`26.0-rc3`) before its release. What is no version comes first.
pub fn compare_otp(a: &str, b: &str) -> Ordering {
    valid_last((a, b), (otp(a), otp(b)), |a, b| {
        compare_padded(a.0, b.0).then_with(|| match (a.1, b.1) {
            (Some(a), Some(b)) => compare_numbers(a, b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        })
    })
}

/// Says whether a version is one of Erlang/OTP.
pub fn is_valid_otp(version: &str) -> bool {
    otp(version).is_some()
}

/// Cuts a version of OTP into its numbers and that of its release candidate.
fn otp(version: &str) -> Option<(&str, Option<&[u8]>)> {
    let version = version.strip_prefix("OTP-").unwrap_or(version);
    let (numbers, candidate) = match version.split_once("-rc") {
        Some((numbers, candidate)) => (numbers, Some(candidate.trim_start_matches('.').as_bytes())),
        None => (version, None),
    };
    (is_list(numbers, b".") && candidate.is_none_or(digits_only)).then_some((numbers, candidate))
}

fn untagged(version: &str) -> &str {
    version
        .split_once('-')
        .map_or(version, |(before, _)| before)
}

/// Says whether a text is numbers joined by one of `separators` each.
fn is_list(text: &str, separators: &[u8]) -> bool {
    let mut rest = text.as_bytes();
    loop {
        let (number, after) = split_digits(rest);
        match (number.is_empty(), after.split_first()) {
            (false, None) => return true,
            (false, Some((separator, after))) if separators.contains(separator) => rest = after,
            _ => return false,
        }
    }
}

/// Orders two lists of numbers joined by dots, the shorter first.
pub(super) fn compare_list(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (Some(a), Some(b)) => compare_numbers(a.as_bytes(), b.as_bytes()),
            (None, None) => return Ordering::Equal,
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Orders two lists of numbers joined by dots and hyphens; what is missing is 0.
pub(super) fn compare_padded(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split(['.', '-']), b.split(['.', '-']));
    loop {
        let (one, two) = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (one, two) => (one.unwrap_or_default(), two.unwrap_or_default()),
        };
        let order = compare_numbers(one.as_bytes(), two.as_bytes());
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_tables_hold() {
        let text = include_str!("../../testdata/versions/hackage.txt");
        table::check(text, compare_hackage);
        let text = include_str!("../../testdata/versions/cran.txt");
        table::check(text, compare_cran);
        table::check(include_str!("../../testdata/versions/otp.txt"), compare_otp);
    }
}
