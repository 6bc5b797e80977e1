//! The order of Lua rocks' versions, as `LuaRocks` decides it.
//!
//! Owns the reading of `version-revision` (`LuaRocks`, `luarocks.core.vers`): numbers, and words that
//! weigh on the number after them, of which `scm`, `cvs` and `dev` weigh most and `rc`, `pre`,
//! `beta`, `alpha` less than nothing. Nothing is allocated. Read [`compare`] first.

use std::cmp::Ordering;

use super::{compare_numbers, digits_only, split_digits, split_letters};

/// Orders two versions as an advisory's bound is held against a rock: revisions count only where
/// both have one, as in `LuaRocks`. See [`sort_order`].
pub fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (split(a), split(b));
    compare_numerals(a.0, b.0).then_with(|| match (a.1, b.1) {
        (Some(a), Some(b)) => compare_numbers(a, b),
        _ => Ordering::Equal,
    })
}

/// Orders two versions for sorting: without a revision comes before any revision.
///
/// Every text is ordered; what is no version is one up to there.
pub fn sort_order(a: &str, b: &str) -> Ordering {
    let (a, b) = (split(a), split(b));
    compare_numerals(a.0, b.0).then_with(|| match (a.1, b.1) {
        (Some(a), Some(b)) => compare_numbers(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    })
}

/// Says whether a version holds nothing but numbers, words, `.`, `-` and `_`, and starts with a
/// number or a word.
pub fn is_valid(version: &str) -> bool {
    let bytes = version.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(byte))
}

/// Splits off the revision: digits after the last hyphen.
fn split(version: &str) -> (&[u8], Option<&[u8]>) {
    let version = version.trim_ascii();
    match version.rsplit_once('-') {
        Some((main, revision)) if !revision.is_empty() && digits_only(revision.as_bytes()) => {
            (main.as_bytes(), Some(revision.as_bytes()))
        }
        _ => (version.as_bytes(), None),
    }
}

fn compare_numerals(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (Weights { rest: a }, Weights { rest: b });
    loop {
        let (one, two) = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (one, two) => (one.unwrap_or(0), two.unwrap_or(0)),
        };
        let order = one.cmp(&two);
        if order.is_ne() {
            return order;
        }
    }
}

/// What a number that stands alone is multiplied by: after a word, it weighs that much less.
const UNIT: i128 = 100_000;

/// The largest number that is told from greater ones.
const LARGEST: i128 = 1_000_000_000_000_000_000_000_000_000_000;

/// Gives the weights of a version's parts, in units of a hundred-thousandth.
struct Weights<'a> {
    rest: &'a [u8],
}

impl Iterator for Weights<'_> {
    type Item = i128;

    fn next(&mut self) -> Option<i128> {
        let mut word = None;
        loop {
            let Some(first) = self.rest.first() else {
                return word;
            };
            if first.is_ascii_digit() {
                let (number, after) = split_digits(self.rest);
                self.rest = skip(after);
                let number = value(number);
                return Some(match word {
                    Some(word) => word + number,
                    None => number * UNIT,
                });
            }
            let (letters, after) = split_letters(self.rest);
            if letters.is_empty() {
                // LuaRocks reads no further.
                self.rest = &[];
                return Some(0);
            }
            self.rest = skip(after);
            // Of two words in a row the last one counts.
            word = Some(weight(letters));
        }
    }
}

fn skip(rest: &[u8]) -> &[u8] {
    let end = rest
        .iter()
        .position(|byte| !b".-_".contains(byte))
        .unwrap_or(rest.len());
    rest.get(end..).unwrap_or_default()
}

fn value(digits: &[u8]) -> i128 {
    digits.iter().fold(0, |value: i128, digit| {
        (value * 10 + i128::from(digit - b'0')).min(LARGEST)
    })
}

fn weight(word: &[u8]) -> i128 {
    match word {
        b"dev" => 120_000_000 * UNIT,
        b"scm" => 110_000_000 * UNIT,
        b"cvs" => 100_000_000 * UNIT,
        b"rc" => -1_000 * UNIT,
        b"pre" => -10_000 * UNIT,
        b"beta" => -100_000 * UNIT,
        b"alpha" => -1_000_000 * UNIT,
        word => word.first().map_or(0, |first| i128::from(*first)) * (UNIT / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(
            include_str!("../../testdata/versions/luarocks.txt"),
            sort_order,
        );
    }

    #[test]
    fn a_bound_without_a_revision_means_every_revision() {
        assert_eq!(compare("1.2", "1.2-3"), Ordering::Equal);
        assert_eq!(compare("1.2-1", "1.2-3"), Ordering::Less);
    }
}
