//! The order of Java's own versions.
//!
//! Java up to 8 calls itself `1.8.0_392-b08`, and its releases `8u392-b08` or `8.0.392+8`; Java from
//! 9 on `17.0.9+9` (JEP 223, JEP 322, `java.lang.Runtime.Version`). All are read as one list of
//! numbers, a prerelease, and a build. Nothing is allocated. Read [`compare`] first.

use std::cmp::Ordering;

use super::lists::compare_padded;
use super::semver::compare_pre;
use super::{compare_numbers, digits_only, split_digits, valid_last};

/// Orders two versions as an advisory's bound is held against a runtime: builds count only where
/// both state one, so that `17.0.9` means every build of it. See [`sort_order`].
pub fn compare(a: &str, b: &str) -> Ordering {
    valid_last((a, b), (Version::of(a), Version::of(b)), |a, b| {
        a.compare(b).then_with(|| match (a.build, b.build) {
            (Some(a), Some(b)) => compare_numbers(a, b),
            _ => Ordering::Equal,
        })
    })
}

/// Orders two versions for sorting: without a build comes before any build.
pub fn sort_order(a: &str, b: &str) -> Ordering {
    valid_last((a, b), (Version::of(a), Version::of(b)), |a, b| {
        a.compare(b).then_with(|| match (a.build, b.build) {
            (Some(a), Some(b)) => compare_numbers(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        })
    })
}

/// Says whether a version is one of Java's.
pub fn is_valid(version: &str) -> bool {
    Version::of(version).is_some()
}

/// Holds the parts of a version.
struct Version<'a> {
    /// The first number, without the `1.` of old.
    feature: &'a [u8],
    /// The numbers after it, without the update of old.
    middle: &'a str,
    /// The update of old, which is the third number.
    update: Option<&'a [u8]>,
    pre: Option<&'a [u8]>,
    build: Option<&'a [u8]>,
}

impl<'a> Version<'a> {
    fn of(version: &'a str) -> Option<Self> {
        let text = unnamed(version.trim());
        let (first, rest) = split_digits(text.as_bytes());
        if first.is_empty() {
            return None;
        }
        // `8u392` is `1.8.0_392`.
        if let Some(b'u' | b'U') = rest.first() {
            let (update, rest) = split_digits(rest.get(1..)?);
            if update.is_empty() {
                return None;
            }
            let (pre, build) = suffix(rest)?;
            return Some(Self {
                feature: first,
                middle: "",
                update: Some(update),
                pre,
                build,
            });
        }
        let mut after = rest;
        while let Some(more) = after.strip_prefix(b".") {
            let (number, more) = split_digits(more);
            if number.is_empty() {
                return None;
            }
            after = more;
        }
        let numbers = text.get(..text.len() - after.len())?;
        let (feature, middle) = match (numbers.split_once('.'), first) {
            // Java 1.8 is Java 8, as 1.4 is 4; there was no other 1 that calls itself so.
            (Some((_, rest)), b"1") => rest.split_once('.').unwrap_or((rest, "")),
            (Some(halves), _) => halves,
            (None, _) => (numbers, ""),
        };
        let (update, after) = match after.split_first() {
            Some((b'_', digits)) => {
                let (update, after) = split_digits(digits);
                if update.is_empty() || middle.contains('.') {
                    return None;
                }
                (Some(update), after)
            }
            _ => (None, after),
        };
        let (pre, build) = suffix(after)?;
        Some(Self {
            feature: feature.as_bytes(),
            middle,
            update,
            pre,
            build,
        })
    }

    fn compare(&self, other: &Self) -> Ordering {
        compare_numbers(self.feature, other.feature)
            .then_with(|| {
                let (a, b) = (self.second_and_rest(), other.second_and_rest());
                compare_numbers(a.0, b.0)
                    .then_with(|| compare_numbers(a.1, b.1))
                    .then_with(|| compare_padded(a.2, b.2))
            })
            .then_with(|| compare_pre(self.pre, other.pre))
    }

    /// Returns the second number, the third, and the rest.
    fn second_and_rest(&self) -> (&[u8], &[u8], &str) {
        let (second, rest) = self.middle.split_once('.').unwrap_or((self.middle, ""));
        if let Some(update) = self.update {
            return (second.as_bytes(), update, "");
        }
        let (third, rest) = rest.split_once('.').unwrap_or((rest, ""));
        (second.as_bytes(), third.as_bytes(), rest)
    }
}

/// Cuts the name of a distribution off: `JDK 21`, `jdk-17.0.9+9`, `jdk8u392-b08`.
fn unnamed(version: &str) -> &str {
    let names = ["openjdk", "jdk", "jre", "java"];
    let cut = names.into_iter().find_map(|name| {
        let head = version.get(..name.len())?;
        head.eq_ignore_ascii_case(name)
            .then(|| version.get(name.len()..).unwrap_or_default())
    });
    match cut {
        Some(rest) => rest.trim_start_matches([' ', '-']),
        None => version,
    }
}

/// Is a prerelease and a build.
type Suffix<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// Reads what may follow the numbers, to the end: `-b08`, `-ea+35`, `+9-LTS`, `-internal`.
fn suffix(text: &[u8]) -> Option<Suffix<'_>> {
    let (before, build) = match text.iter().position(|byte| *byte == b'+') {
        Some(plus) => (text.get(..plus)?, Some(text.get(plus + 1..)?)),
        None => (text, None),
    };
    let build = match build {
        // What follows the build's number says who built it; it does not count.
        Some(build) => {
            let (number, rest) = split_digits(build);
            if !number.is_empty() && !matches!(rest.first(), None | Some(b'-' | b'.' | b'_')) {
                return None;
            }
            (!number.is_empty()).then_some(number)
        }
        None => None,
    };
    let pre = match before.split_first() {
        None => None,
        Some((b'-', pre)) => Some(pre),
        Some(_) => return None,
    };
    let Some(pre) = pre else {
        return Some((None, build));
    };
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    if !pre.first().is_some_and(u8::is_ascii_alphanumeric) || !pre.iter().all(allowed) {
        return None;
    }
    let mut parts = pre.split(|byte| *byte == b'-');
    let mut stage = None;
    let mut number = build;
    for part in parts.by_ref() {
        match part {
            [b'b', digits @ ..]
                if number.is_none() && !digits.is_empty() && digits_only(digits) =>
            {
                number = Some(digits);
            }
            part if stage.is_none() && is_stage(part) => stage = Some(part),
            _ => {}
        }
    }
    Some((stage, number))
}

/// Says whether a word makes a prerelease; others (`LTS`, `Ubuntu`) say who built it.
fn is_stage(word: &[u8]) -> bool {
    let letters = word
        .iter()
        .position(|byte| !byte.is_ascii_alphabetic())
        .unwrap_or(word.len());
    let letters = word.get(..letters).unwrap_or_default();
    [&b"ea"[..], b"alpha", b"beta", b"rc", b"pre", b"internal"]
        .iter()
        .any(|stage| stage.eq_ignore_ascii_case(letters))
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/jvm.txt"), sort_order);
    }

    #[test]
    fn a_bound_without_a_build_means_every_build() {
        assert_eq!(compare("17.0.9", "17.0.9+9"), Ordering::Equal);
        assert_eq!(compare("8u392", "1.8.0_392-b08"), Ordering::Equal);
        assert_eq!(compare("17.0.9+8", "17.0.9+9"), Ordering::Less);
    }
}
