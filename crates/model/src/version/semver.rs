//! The order of Semantic Versioning, and of the systems that keep to it.
//!
//! Owns the grammar `major.minor.patch[-prerelease][+build]` (Semantic Versioning 2.0.0, items 2 to
//! 11) and its order, for [`Scheme::Semver`](super::Scheme::Semver), Cargo, Hex and Swift; npm, Go,
//! Pub, Julia and Bitnami build on its parts. Nothing is allocated and no number is converted. Read
//! [`compare`] first.

use std::cmp::Ordering;

use super::{compare_numbers, digits_only, split_digits, strip_v, valid_last};

/// Orders two versions by precedence (item 11): the three numbers, then a prerelease before none,
/// then the prerelease's identifiers. Build metadata does not count. A leading `v` is passed over.
///
/// What is no version comes before every version, among its own kind in natural order.
pub fn compare(a: &str, b: &str) -> Ordering {
    compare_with(a, b, &PREFIXED)
}

/// Says whether a version follows the grammar, after a `v` if there is one.
pub fn is_valid(version: &str) -> bool {
    Parts::of(version, &PREFIXED).is_some()
}

/// Orders two versions of Rust crates (the `semver` crate's `cmp_precedence`).
///
/// Build metadata does not count, as in Cargo's requirements. Numbers beyond 64 bits are no
/// versions to Cargo.
pub fn compare_cargo(a: &str, b: &str) -> Ordering {
    compare_with(a, b, &CARGO)
}

/// Says whether Cargo takes a version.
pub fn is_valid_cargo(version: &str) -> bool {
    Parts::of(version, &CARGO).is_some()
}

/// Orders two versions of Hex packages as Elixir's `Version.compare/2` does.
pub fn compare_hex(a: &str, b: &str) -> Ordering {
    compare_with(a, b, &STRICT)
}

/// Says whether Elixir's `Version.parse/1` takes a version.
pub fn is_valid_hex(version: &str) -> bool {
    Parts::of(version, &STRICT).is_some()
}

/// Orders two versions of Swift packages.
///
/// They are Git tags: with or without `v`, and with the last numbers left out where they are 0
/// (`SwiftPM` reads `v1.2` so).
pub fn compare_swift(a: &str, b: &str) -> Ordering {
    compare_with(a, b, &SWIFT)
}

/// Says whether Swift's package manager takes a tag for a version.
pub fn is_valid_swift(version: &str) -> bool {
    Parts::of(version, &SWIFT).is_some()
}

/// Says how far a system departs from the grammar.
pub(super) struct Rules {
    /// Whether a `v` may come first.
    pub(super) v: bool,
    /// How many numbers there must be; those left out are 0.
    pub(super) least: usize,
    /// Whether numbers may start with zeros.
    pub(super) zeros: bool,
    /// The largest number.
    pub(super) largest: Option<&'static [u8]>,
}

/// Keeps to the letter.
const STRICT: Rules = Rules {
    v: false,
    least: 3,
    zeros: false,
    largest: None,
};

/// Takes a `v`.
const PREFIXED: Rules = Rules { v: true, ..STRICT };

/// Limits numbers to 64 bits.
const CARGO: Rules = Rules {
    largest: Some(b"18446744073709551615"),
    ..STRICT
};

/// Takes a `v` and short forms.
const SWIFT: Rules = Rules {
    v: true,
    least: 1,
    zeros: true,
    ..STRICT
};

/// Holds the parts of a version.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    /// Major, minor, patch; empty where left out.
    pub(super) numbers: [&'a [u8]; 3],
    /// What follows the hyphen.
    pub(super) pre: Option<&'a [u8]>,
    /// What follows the plus sign.
    pub(super) build: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    /// Cuts a version into its parts, if it is one.
    pub(super) fn of(version: &'a str, rules: &Rules) -> Option<Self> {
        let text = if rules.v {
            strip_v(version)
        } else {
            version.as_bytes()
        };
        let (numbers, rest) = leading_numbers(text, rules)?;
        let (pre, rest) = match rest.split_first() {
            Some((b'-', rest)) => {
                let end = rest.iter().position(|byte| *byte == b'+');
                let (pre, rest) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
                (Some(pre), rest)
            }
            _ => (None, rest),
        };
        let build = match rest.split_first() {
            Some((b'+', build)) => Some(build),
            Some(_) => return None,
            None => None,
        };
        let parts = Self {
            numbers,
            pre,
            build,
        };
        let pre = pre.is_none_or(|pre| valid_identifiers(pre, rules.zeros));
        let build = build.is_none_or(|build| valid_identifiers(build, true));
        (pre && build).then_some(parts)
    }

    /// Orders by precedence.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.compare_numbers(other)
            .then_with(|| compare_pre(self.pre, other.pre))
    }

    /// Orders by the three numbers alone.
    pub(super) fn compare_numbers(&self, other: &Self) -> Ordering {
        let pairs = self.numbers.iter().zip(&other.numbers);
        pairs
            .map(|(a, b)| compare_numbers(a, b))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

fn compare_with(a: &str, b: &str, rules: &Rules) -> Ordering {
    let parts = (Parts::of(a, rules), Parts::of(b, rules));
    valid_last((a, b), parts, Parts::compare)
}

/// Splits off up to three numbers joined by dots.
fn leading_numbers<'a>(text: &'a [u8], rules: &Rules) -> Option<([&'a [u8]; 3], &'a [u8])> {
    let mut numbers: [&[u8]; 3] = [&[]; 3];
    let mut rest = text;
    for (index, number) in numbers.iter_mut().enumerate() {
        if index > 0 {
            match rest.split_first() {
                Some((b'.', after)) => rest = after,
                _ if index >= rules.least => break,
                _ => return None,
            }
        }
        (*number, rest) = split_digits(rest);
        let damaged = number.is_empty()
            || (!rules.zeros && number.len() > 1 && number.starts_with(b"0"))
            || rules
                .largest
                .is_some_and(|largest| compare_numbers(number, largest).is_gt());
        if damaged {
            return None;
        }
    }
    Some((numbers, rest))
}

/// Says whether a text is identifiers of `0-9A-Za-z-` joined by dots; where zeros are not allowed,
/// no number may start with one.
pub(super) fn valid_identifiers(text: &[u8], zeros: bool) -> bool {
    text.split(|byte| *byte == b'.').all(|identifier| {
        !identifier.is_empty()
            && identifier
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            && (zeros
                || identifier.len() == 1
                || !identifier.starts_with(b"0")
                || !digits_only(identifier))
    })
}

/// Orders two prereleases: none comes last.
pub(super) fn compare_pre(a: Option<&[u8]>, b: Option<&[u8]>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => compare_identifiers(a, b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    }
}

/// Orders two lists of identifiers joined by dots: numbers by value and before texts, texts as
/// ASCII, and of two lists of which one starts the other the shorter first.
pub(super) fn compare_identifiers(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a.split(|byte| *byte == b'.'), b.split(|byte| *byte == b'.'));
    loop {
        let order = match (a.next(), b.next()) {
            (Some(a), Some(b)) => compare_identifier(a, b),
            (None, None) => return Ordering::Equal,
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn compare_identifier(a: &[u8], b: &[u8]) -> Ordering {
    match (digits_only(a), digits_only(b)) {
        (true, true) => compare_numbers(a, b),
        (false, false) => a.cmp(b),
        (a, b) => b.cmp(&a),
    }
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/semver.txt"), compare);
    }

    #[test]
    fn the_grammar_holds() {
        let text = include_str!("../../testdata/versions/semver-grammar.txt");
        table::check_grammar(text, is_valid);
    }

    #[test]
    fn each_system_has_its_own_departures() {
        assert!(is_valid("v1.2.3") && !is_valid_cargo("v1.2.3") && is_valid_swift("v1.2"));
        assert!(!is_valid_hex("1.2") && !is_valid_hex("v1.2.3"));
        assert!(!is_valid_cargo("18446744073709551616.0.0"));
        assert_eq!(compare_swift("v1.2", "1.2.0"), Ordering::Equal);
        assert_eq!(compare_cargo("1.0.0+b", "1.0.0+a"), Ordering::Equal);
    }
}
