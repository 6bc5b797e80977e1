//! The order of Ruby gem versions, as `Gem::Version` decides it.
//!
//! Owns the grammar `N(.segment)*[-prerelease]` (`RubyGems`, `Gem::Version`): runs of digits and runs
//! of letters are segments, a letter makes a prerelease, and a hyphen stands for `.pre.`. Nothing is
//! allocated. Read [`compare`] first.
//!
//! A gem for one platform is called `1.2.3-x86_64-linux` in file names and lock files; that is not
//! its version, and read as one it would be a prerelease. Callers cut the platform off with
//! [`without_platform`] where a version may have one; [`compare`] does not guess.

use std::cmp::Ordering;

use super::{compare_numbers, split_digits, split_letters, valid_last};

/// Orders two versions segment by segment: texts before numbers, a missing segment is 0. Zeros
/// before the first text and at the end do not count. What is no version comes first.
pub fn compare(a: &str, b: &str) -> Ordering {
    let parse = |version| is_valid(version).then(|| Segments::of(version));
    valid_last((a, b), (parse(a), parse(b)), |a, b| {
        let (mut a, mut b) = (a.clone(), b.clone());
        loop {
            let (one, two) = match (a.next(), b.next()) {
                (None, None) => return Ordering::Equal,
                (one, two) => (one.unwrap_or(ZERO), two.unwrap_or(ZERO)),
            };
            let order = match (one, two) {
                (Segment::Number(one), Segment::Number(two)) => compare_numbers(one, two),
                (Segment::Text(one), Segment::Text(two)) => one.cmp(two),
                (Segment::Text(_), Segment::Number(_)) => Ordering::Less,
                (Segment::Number(_), Segment::Text(_)) => Ordering::Greater,
            };
            if order.is_ne() {
                return order;
            }
        }
    })
}

/// Says whether a version follows the grammar, as `Gem::Version.correct?` does; nothing is 0.
pub fn is_valid(version: &str) -> bool {
    let version = trim(version);
    if version.is_empty() {
        return true;
    }
    let (release, pre) = match version.split_once('-') {
        Some((release, pre)) => (release, Some(pre)),
        None => (version, None),
    };
    let (first, rest) = split_digits(release.as_bytes());
    let identifiers = |text: &[u8], hyphen: bool| {
        text.split(|byte| *byte == b'.').all(|part| {
            let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || (hyphen && *byte == b'-');
            !part.is_empty() && part.iter().all(allowed)
        })
    };
    !first.is_empty()
        && (rest.is_empty()
            || rest
                .strip_prefix(b".")
                .is_some_and(|rest| identifiers(rest, false)))
        && pre.is_none_or(|pre| identifiers(pre.as_bytes(), true))
}

/// Returns a version without the platform of a gem that is built for one: `1.2.3-x86_64-linux`
/// becomes `1.2.3`.
///
/// A platform is a hyphen and the name of a processor or of a virtual machine (`Gem::Platform`),
/// with anything after it. Everything else is left alone.
pub fn without_platform(version: &str) -> &str {
    const FIRST: [&str; 24] = [
        "aarch64",
        "aarch64_be",
        "arm",
        "arm64",
        "armv5",
        "armv6",
        "armv7",
        "armv8",
        "i386",
        "i486",
        "i586",
        "i686",
        "java",
        "jruby",
        "mingw32",
        "mswin32",
        "mswin64",
        "powerpc",
        "ppc64le",
        "riscv64",
        "s390x",
        "universal",
        "x64",
        "x86",
    ];
    let Some((stem, suffix)) = version.split_once('-') else {
        return version;
    };
    let first = suffix.split('-').next().unwrap_or_default();
    let known = FIRST.contains(&first) || first == "x86_64" || first == "dalvik";
    if known { stem } else { version }
}

fn trim(version: &str) -> &str {
    version.trim_matches(|character: char| matches!(character, ' ' | '\t'..='\r'))
}

const ZERO: Segment<'static> = Segment::Number(b"0");

/// Is a run of digits or of letters.
#[derive(Clone, Copy)]
enum Segment<'a> {
    Number(&'a [u8]),
    Text(&'a [u8]),
}

/// Gives the segments of a version, without the zeros before the first text.
#[derive(Clone)]
struct Segments<'a> {
    /// What precedes the first text, without zeros at its end.
    release: &'a [u8],
    /// The rest.
    rest: &'a [u8],
}

impl<'a> Segments<'a> {
    fn of(version: &'a str) -> Self {
        let text = trim(version).as_bytes();
        let end = text
            .iter()
            .position(|byte| byte.is_ascii_alphabetic() || *byte == b'-');
        let (mut release, rest) = text
            .split_at_checked(end.unwrap_or(text.len()))
            .unwrap_or_default();
        loop {
            let digits = release
                .iter()
                .rposition(u8::is_ascii_digit)
                .map_or(0, |place| place + 1);
            let trimmed = release.get(..digits).unwrap_or_default();
            let start = trimmed
                .iter()
                .rposition(|byte| !byte.is_ascii_digit())
                .map_or(0, |place| place + 1);
            let zero = trimmed
                .get(start..)
                .is_some_and(|number| number.iter().all(|digit| *digit == b'0'));
            if trimmed.is_empty() || !zero {
                break;
            }
            release = trimmed.get(..start).unwrap_or_default();
        }
        Self { release, rest }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        for text in [&mut self.release, &mut self.rest] {
            while let Some((first, after)) = text.split_first() {
                if first.is_ascii_digit() {
                    let number;
                    (number, *text) = split_digits(text);
                    return Some(Segment::Number(number));
                }
                if first.is_ascii_alphabetic() {
                    let letters;
                    (letters, *text) = split_letters(text);
                    return Some(Segment::Text(letters));
                }
                *text = after;
                if *first == b'-' {
                    return Some(Segment::Text(b"pre"));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/gem.txt"), compare);
    }

    #[test]
    fn platforms_are_cut_off_and_prereleases_are_not() {
        for (version, expected) in [
            ("1.2.3-x86_64-linux", "1.2.3"),
            ("1.2.3-x86_64-linux-musl", "1.2.3"),
            ("1.2.3-arm64-darwin-23", "1.2.3"),
            ("1.2.3-java", "1.2.3"),
            ("1.2.3.rc1-x64-mingw-ucrt", "1.2.3.rc1"),
            ("1.2.3-beta1", "1.2.3-beta1"),
            ("1.2.3", "1.2.3"),
        ] {
            assert_eq!(without_platform(version), expected, "{version}");
        }
    }
}
