//! The order of .NET package versions, as `NuGet.Versioning` decides it.
//!
//! Owns the grammar `N[.N[.N[.N]]][-label(.label)*][+metadata]` (`NuGet` documentation, "Package
//! versioning"): Semantic Versioning with a fourth number, with short forms of older packages, and
//! with labels in any case. Nothing is allocated. Read [`compare`] first.

use std::cmp::Ordering;

use super::semver::valid_identifiers;
use super::{compare_ignoring_case, compare_numbers, digits_only, split_digits, valid_last};

/// The largest number; `NuGet` holds them in 32 bits.
const LARGEST: &[u8] = b"2147483647";

/// Orders two versions: the four numbers, a prerelease before none, then its labels (numbers before
/// texts, texts in any case). Metadata does not count. What is no version comes first.
pub fn compare(a: &str, b: &str) -> Ordering {
    valid_last((a, b), (Version::of(a), Version::of(b)), |a, b| {
        let numbers = a.numbers.iter().zip(&b.numbers);
        numbers
            .map(|(a, b)| compare_numbers(a, b))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| match (a.labels, b.labels) {
                (Some(a), Some(b)) => compare_labels(a, b),
                (a, b) => a.is_none().cmp(&b.is_none()),
            })
    })
}

/// Says whether `NuGetVersion.TryParse` takes a version.
pub fn is_valid(version: &str) -> bool {
    Version::of(version).is_some()
}

/// Holds the parts of a version.
struct Version<'a> {
    numbers: [&'a [u8]; 4],
    labels: Option<&'a [u8]>,
}

impl<'a> Version<'a> {
    fn of(version: &'a str) -> Option<Self> {
        let text = version.trim().as_bytes();
        let (text, metadata) = match text.iter().position(|byte| *byte == b'+') {
            Some(plus) => (text.get(..plus)?, Some(text.get(plus + 1..)?)),
            None => (text, None),
        };
        let (text, labels) = match text.iter().position(|byte| *byte == b'-') {
            Some(hyphen) => (text.get(..hyphen)?, Some(text.get(hyphen + 1..)?)),
            None => (text, None),
        };
        let mut numbers: [&[u8]; 4] = [&[]; 4];
        let mut rest = text;
        for (index, number) in numbers.iter_mut().enumerate() {
            if index > 0 {
                match rest.strip_prefix(b".") {
                    Some(after) => rest = after,
                    None => break,
                }
            }
            (*number, rest) = split_digits(rest);
            if number.is_empty() || compare_numbers(number, LARGEST).is_gt() {
                return None;
            }
        }
        let valid = rest.is_empty()
            && labels.is_none_or(|labels| valid_identifiers(labels, true))
            && metadata.is_none_or(|metadata| valid_identifiers(metadata, true));
        valid.then_some(Self { numbers, labels })
    }
}

fn compare_labels(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a.split(|byte| *byte == b'.'), b.split(|byte| *byte == b'.'));
    loop {
        let order = match (a.next(), b.next()) {
            (Some(a), Some(b)) => match (number(a), number(b)) {
                (Some(a), Some(b)) => a.cmp(&b),
                (None, None) => compare_ignoring_case(a, b),
                (a, b) => b.is_some().cmp(&a.is_some()),
            },
            (None, None) => return Ordering::Equal,
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Returns the value of a label that is a number of 32 bits, perhaps with a sign, as .NET reads it.
/// Greater ones are texts.
fn number(label: &[u8]) -> Option<i64> {
    let (negative, digits) = match label.split_first() {
        Some((b'-', digits)) => (true, digits),
        _ => (false, label),
    };
    if digits.is_empty() || !digits_only(digits) {
        return None;
    }
    let significant = digits.iter().position(|digit| *digit != b'0');
    let digits = significant.map_or(&[][..], |start| digits.get(start..).unwrap_or_default());
    if digits.len() > 10 {
        return None;
    }
    let value = digits
        .iter()
        .fold(0_i64, |value, digit| value * 10 + i64::from(digit - b'0'));
    let value = if negative { -value } else { value };
    i32::try_from(value).is_ok().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/nuget.txt"), compare);
    }

    #[test]
    fn the_grammar_holds() {
        let text = include_str!("../../testdata/versions/nuget-grammar.txt");
        table::check_grammar(text, is_valid);
    }
}
