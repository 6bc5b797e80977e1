//! The order of PHP's `version_compare`, which PEAR, PECL and `WordPress` use.
//!
//! Owns PHP's reading of any text as components (PHP manual, `version_compare`): separators and the
//! border between digits and letters end a component, and words come in the order any other word,
//! `dev`, `alpha`, `beta`, `RC`, the end, numbers, `pl`. [`composer`](super::composer) builds on it.
//! Nothing is allocated. Read [`compare`] first.

use std::cmp::Ordering;

use super::{compare_numbers, split_digits};

/// Orders two versions as `version_compare` does.
///
/// Every text is ordered. Numbers are not cut to the machine's size. Where PHP contradicts itself
/// the answer is one of its two: a separator at the end makes a version older than itself without
/// it, and a `#` at the start is any other separator.
pub fn compare(a: &str, b: &str) -> Ordering {
    compare_components(Components::of(a), Components::of(b))
}

/// Says whether a version starts with a number, without which no order means anything.
pub fn is_valid(version: &str) -> bool {
    version.as_bytes().first().is_some_and(u8::is_ascii_digit)
}

/// Is a component of a version.
#[derive(Clone, Copy)]
pub(super) enum Component<'a> {
    /// A run of digits.
    Number(&'a [u8]),
    /// Holds a word's place among words.
    Word(u8),
}

/// The place of the end among words.
const END: u8 = 5;

/// Returns the place of a word; what follows the known beginning does not count.
pub(super) fn place(word: &[u8]) -> u8 {
    const KNOWN: [(&[u8], u8); 10] = [
        (b"dev", 1),
        (b"alpha", 2),
        (b"a", 2),
        (b"beta", 3),
        (b"b", 3),
        (b"RC", 4),
        (b"rc", 4),
        (b"#", END),
        (b"pl", 7),
        (b"p", 7),
    ];
    KNOWN
        .iter()
        .find(|(start, _)| word.starts_with(start))
        .map_or(0, |(_, place)| *place)
}

/// Orders two lists of components. Nothing at all comes before everything.
pub(super) fn compare_components<'a, 'b>(
    mut a: impl Iterator<Item = Component<'a>>,
    mut b: impl Iterator<Item = Component<'b>>,
) -> Ordering {
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (Some(Component::Number(a)), Some(Component::Number(b))) => compare_numbers(a, b),
            (a, b) => rank(a).cmp(&rank(b)),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Returns the place of a component among words, the end, and numbers.
fn rank(component: Option<Component<'_>>) -> u8 {
    match component {
        None => END,
        Some(Component::Number(_)) => END + 1,
        Some(Component::Word(place)) => place,
    }
}

/// Is what stands before a place of a version.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Start,
    Digit,
    Other,
}

/// Cuts any text into components.
struct Components<'a> {
    rest: &'a [u8],
    before: Before,
}

impl<'a> Components<'a> {
    fn of(version: &'a str) -> Self {
        Self {
            rest: version.as_bytes(),
            before: Before::Start,
        }
    }

    /// Takes a word: letters, after a first character that may be anything.
    fn word(&mut self) -> Component<'a> {
        let letters = self.rest.iter().skip(1);
        let end = letters
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count()
            + 1;
        let (word, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        self.rest = rest;
        Component::Word(place(word))
    }
}

impl<'a> Iterator for Components<'a> {
    type Item = Component<'a>;

    fn next(&mut self) -> Option<Component<'a>> {
        let before = std::mem::replace(&mut self.before, Before::Other);
        let first = match self.rest.first() {
            Some(first) => *first,
            // An empty text comes before everything.
            None => return (before == Before::Start).then_some(Component::Word(0)),
        };
        if !first.is_ascii_alphanumeric() {
            // PHP keeps a character that it does not know after a digit, and any at the start.
            let kept = match before {
                Before::Start => first != b'.',
                Before::Digit => !b".-_+".contains(&first),
                Before::Other => false,
            };
            if kept {
                return Some(self.word());
            }
            let end = self
                .rest
                .iter()
                .position(u8::is_ascii_alphanumeric)
                .unwrap_or(self.rest.len());
            self.rest = self.rest.get(end..).unwrap_or_default();
            if before == Before::Start || self.rest.is_empty() {
                // A dot at the start, or a separator at the end, leaves an empty word.
                return Some(Component::Word(0));
            }
        }
        if !self.rest.first().is_some_and(u8::is_ascii_digit) {
            return Some(self.word());
        }
        let number;
        (number, self.rest) = split_digits(self.rest);
        self.before = Before::Digit;
        Some(Component::Number(number))
    }
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/pear.txt"), compare);
    }
}
