//! An order for what no package manager versions: programs known by their bytes, kernels, formulae.
//!
//! No tool defines it. It is what upstreams mean that write numbers joined by dots: letters after a
//! number count on (`openssl` 1.1.1w, `OpenSSH` 9.3p1), known words come before the release (`rc1`,
//! `beta2`, `-dev`; also `a1` and `b2`, as Python writes them), and other words after it
//! (`-release` and the like stand for the release). Nothing is allocated. Read [`compare`] first.

use std::cmp::Ordering;

use super::{compare_ignoring_case, compare_numbers, split_digits, split_letters, strip_v};

/// Orders two versions part by part.
///
/// Words of prereleases come before the end, the end before other words, and these before numbers.
/// What is missing at the end is 0 (`3.1 = 3.1.0`). A leading `v` and separators do not count, nor
/// does what follows a plus sign. Every text is ordered.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (Parts::of(a), Parts::of(b));
    loop {
        let (one, two) = (a.next(), b.next());
        let order = match (one, two) {
            (None, None) => return Ordering::Equal,
            (Some(Part::Number(one)), Some(Part::Number(two))) => compare_numbers(one, two),
            (Some(Part::Word(place, one)), Some(Part::Word(other, two))) => place
                .cmp(&other)
                .then_with(|| compare_ignoring_case(one, two)),
            (one, two) => rank(one).cmp(&rank(two)),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Says whether a version starts with a number, after a `v` if there is one.
pub fn is_valid(version: &str) -> bool {
    strip_v(version).first().is_some_and(u8::is_ascii_digit)
}

/// Is a part of a version.
#[derive(Clone, Copy)]
enum Part<'a> {
    /// A number.
    Number(&'a [u8]),
    /// A word, by its place; words that count on are told apart by their text.
    Word(u8, &'a [u8]),
}

/// The place of words that count on from the release, after those before it.
const AFTER: u8 = 8;

/// Returns the place of a part among prereleases, the end, later words, and numbers.
fn rank(part: Option<Part<'_>>) -> (u8, u8) {
    match part {
        Some(Part::Word(place, _)) if place < AFTER => (0, place),
        None => (1, 0),
        Some(Part::Word(..)) => (2, 0),
        Some(Part::Number(_)) => (3, 0),
    }
}

/// Returns the place of a word; nothing for one that stands for the release.
fn place(word: &[u8], digit: bool) -> Option<u8> {
    const BEFORE: [(&[u8], u8); 17] = [
        (b"nightly", 0),
        (b"canary", 0),
        (b"dev", 0),
        (b"devel", 0),
        (b"snapshot", 1),
        (b"alpha", 2),
        (b"beta", 3),
        (b"milestone", 4),
        (b"ea", 4),
        (b"m", 4),
        (b"pre", 5),
        (b"preview", 5),
        (b"prerelease", 5),
        (b"test", 5),
        (b"next", 5),
        (b"rc", 6),
        (b"cr", 6),
    ];
    const RELEASE: [&[u8]; 6] = [b"release", b"final", b"ga", b"stable", b"lts", b"r"];
    let is = |known: &[u8]| known.eq_ignore_ascii_case(word);
    match word {
        b"a" | b"A" if digit => return Some(2),
        b"b" | b"B" if digit => return Some(3),
        b"m" | b"M" if !digit => return Some(AFTER),
        _ => {}
    }
    if word.len() > 1 && RELEASE.iter().any(|known| is(known)) {
        return None;
    }
    let before = BEFORE.iter().find(|(known, _)| is(known));
    Some(before.map_or(AFTER, |(_, place)| *place))
}

/// Cuts a version into parts, without zeros before its end.
struct Parts<'a> {
    rest: &'a [u8],
    /// How much is left where the next number stands that is not 0: zeros before it count.
    kept: usize,
}

impl<'a> Parts<'a> {
    fn of(version: &'a str) -> Self {
        let text = strip_v(version.trim_ascii());
        let end = text.iter().position(|byte| *byte == b'+');
        let rest = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
        Self {
            rest,
            kept: usize::MAX,
        }
    }

    /// Gives the next part as it stands.
    fn raw(&mut self) -> Option<Part<'a>> {
        loop {
            let start = self.rest.iter().position(u8::is_ascii_alphanumeric)?;
            let rest = self.rest.get(start..).unwrap_or_default();
            if rest.first().is_some_and(u8::is_ascii_digit) {
                let number;
                (number, self.rest) = split_digits(rest);
                return Some(Part::Number(number));
            }
            let word;
            (word, self.rest) = split_letters(rest);
            let digit = self.rest.first().is_some_and(u8::is_ascii_digit);
            if let Some(place) = place(word, digit) {
                return Some(Part::Word(place, word));
            }
        }
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let part = self.raw()?;
        let zero = |part: &Part<'_>| matches!(part, Part::Number(number) if number.iter().all(|digit| *digit == b'0'));
        if !zero(&part) || self.rest.len() > self.kept {
            return Some(part);
        }
        // Zeros before the end or a word do not count.
        let mut ahead = Self {
            rest: self.rest,
            kept: 0,
        };
        loop {
            match ahead.raw() {
                Some(next) if zero(&next) => {}
                Some(Part::Number(_)) => {
                    self.kept = ahead.rest.len();
                    return Some(part);
                }
                Some(word) => {
                    self.rest = ahead.rest;
                    return Some(word);
                }
                None => {
                    self.rest = &[];
                    return None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/generic.txt"), compare);
    }
}
