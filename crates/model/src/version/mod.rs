//! Version orders, one per packaging system. Each is exact: it agrees with the native tool.
//!
//! A version that does not follow its system's grammar is still ordered (the native tools order
//! everything); [`Scheme::is_valid`] says whether the order means anything. Deliberately absent:
//! ranges and constraints, which the feeds own.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

pub mod apk;
pub mod deb;
pub mod rpm;

/// Is a way to order versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scheme {
    /// apk-tools.
    Apk,
    /// dpkg.
    Deb,
    /// rpm.
    Rpm,
}

impl Scheme {
    /// All schemes, by name.
    pub const ALL: [Self; 3] = [Self::Apk, Self::Deb, Self::Rpm];

    /// Returns the name used by `plimsoll versions`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apk => "apk",
            Self::Deb => "deb",
            Self::Rpm => "rpm",
        }
    }

    /// Finds a scheme by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == name)
    }

    /// Orders two versions as an advisory's bound is held against a package.
    ///
    /// No order to sort by: an rpm version without a release equals every release of it. See
    /// [`Self::sort_order`].
    pub fn compare(self, a: &str, b: &str) -> Ordering {
        match self {
            Self::Apk => apk::compare(a, b),
            Self::Deb => deb::compare(a, b),
            Self::Rpm => rpm::compare(a, b),
        }
    }

    /// Orders two versions for sorting: a total preorder for every scheme.
    ///
    /// Versions that look different can be equal (`1.0` and `1.00` in deb and rpm).
    pub fn sort_order(self, a: &str, b: &str) -> Ordering {
        match self {
            Self::Apk => apk::compare(a, b),
            Self::Deb => deb::compare(a, b),
            Self::Rpm => rpm::compare_labels(a, b),
        }
    }

    /// Says whether a version follows the scheme's grammar.
    pub fn is_valid(self, version: &str) -> bool {
        match self {
            Self::Apk => apk::is_valid(version),
            Self::Deb => deb::is_valid(version),
            Self::Rpm => rpm::is_valid(version),
        }
    }
}

/// Splits off the leading ASCII digits.
fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}

/// Says whether a text holds nothing but ASCII digits; an empty one does.
fn digits_only(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit)
}

/// Orders two runs of digits by value, whatever their length; an empty one is 0.
fn compare_numbers(a: &[u8], b: &[u8]) -> Ordering {
    fn significant(digits: &[u8]) -> &[u8] {
        let start = digits
            .iter()
            .position(|digit| *digit != b'0')
            .unwrap_or(digits.len());
        digits.get(start..).unwrap_or_default()
    }
    let (a, b) = (significant(a), significant(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod table {
    //! Reads the tables of relations in `testdata/versions`.

    use std::cmp::Ordering;

    fn rows(text: &str) -> impl Iterator<Item = (usize, &str)> {
        text.lines()
            .enumerate()
            .map(|(index, line)| {
                (
                    index + 1,
                    line.split('#').next().unwrap_or_default().trim_end(),
                )
            })
            .filter(|(_, row)| !row.is_empty())
    }

    /// Checks every `A < B`, `A = B`, `A > B` in both directions.
    pub(super) fn check(text: &str, compare: fn(&str, &str) -> Ordering) {
        let mut count = 0;
        for (number, row) in rows(text) {
            let [a, sign, b] = row.split_whitespace().collect::<Vec<_>>()[..] else {
                panic!("line {number}: expected `A < B`, got `{row}`");
            };
            let expected = match sign {
                "<" => Ordering::Less,
                "=" => Ordering::Equal,
                ">" => Ordering::Greater,
                _ => panic!("line {number}: expected `<`, `=` or `>`, got `{sign}`"),
            };
            assert_eq!(compare(a, b), expected, "line {number}: {row}");
            assert_eq!(
                compare(b, a),
                expected.reverse(),
                "line {number}, reversed: {row}"
            );
            count += 1;
        }
        assert!(count > 20, "the table has {count} rows");
    }

    /// Checks that each version is valid, or not when it is written after `!`.
    pub(super) fn check_grammar(text: &str, is_valid: fn(&str) -> bool) {
        let mut count = 0;
        for (number, row) in rows(text) {
            let (version, expected) = match row.strip_prefix('!') {
                Some(version) => (version, false),
                None => (row, true),
            };
            assert_eq!(is_valid(version), expected, "line {number}: {row}");
            count += 1;
        }
        assert!(count > 10, "the table has {count} rows");
    }
}
