//! The order of conda package versions, as conda's `VersionOrder` decides it.
//!
//! Owns the grammar `[epoch!]version[+local]` (conda's documentation, "Version ordering"):
//! components joined by dots and underscores, each a list of numbers and words. Nothing is
//! allocated. Read [`compare`] first.

use std::cmp::Ordering;

use super::{compare_numbers, digits_only, split_digits, valid_last};

/// Orders two versions: epoch, then component by component.
///
/// Numbers by value; words before numbers, in any case, `dev` before all others and `post` after
/// all numbers; what is missing is 0, also before a component that starts with a word. An underscore
/// at the end belongs to the last component (`1.0.1_ < 1.0.1a`). What conda refuses comes first.
pub fn compare(a: &str, b: &str) -> Ordering {
    valid_last((a, b), (Parts::of(a), Parts::of(b)), |a, b| {
        compare_numbers(a.epoch, b.epoch)
            .then_with(|| compare_components(a.components(), b.components()))
            .then_with(|| compare_components(a.local(), b.local()))
    })
}

/// Says whether conda takes a version.
pub fn is_valid(version: &str) -> bool {
    Parts::of(version).is_some()
}

/// Holds the parts of a version.
struct Parts<'a> {
    epoch: &'a [u8],
    version: &'a [u8],
    /// Whether an underscore ends the version.
    underscore: bool,
    local: Option<&'a [u8]>,
}

/// Cuts a text at its separators.
fn split(text: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    text.split(|byte| matches!(byte, b'.' | b'_' | b'-'))
}

impl<'a> Parts<'a> {
    fn of(version: &'a str) -> Option<Self> {
        let text = version.trim().as_bytes();
        // Hyphens are underscores where there are no others.
        let (hyphens, underscores) = (text.contains(&b'-'), text.contains(&b'_'));
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"*.+!_-".contains(byte);
        if text.is_empty() || !text.iter().all(allowed) || (hyphens && underscores) {
            return None;
        }
        let (epoch, rest) = match text.iter().position(|byte| *byte == b'!') {
            Some(place) => (text.get(..place)?, text.get(place + 1..)?),
            None => (&b"0"[..], text),
        };
        let (version, local) = match rest.iter().position(|byte| *byte == b'+') {
            Some(place) => (rest.get(..place)?, Some(rest.get(place + 1..)?)),
            None => (rest, None),
        };
        let (version, underscore) = match version.split_last() {
            Some((b'_' | b'-', before)) => (before, true),
            _ => (version, false),
        };
        let whole = |text: &[u8]| split(text).all(|part| !part.is_empty());
        // The underscore at the end makes a component of its own where there is no other.
        let last_empty = split(version).next_back().is_some_and(<[u8]>::is_empty);
        let valid = !epoch.is_empty()
            && digits_only(epoch)
            && !rest.contains(&b'!')
            && (whole(version)
                || (underscore
                    && last_empty
                    && (version.is_empty()
                        || version
                            .split_last()
                            .is_some_and(|(_, before)| whole(before)))))
            && local.is_none_or(|local| !local.contains(&b'+') && whole(local));
        valid.then_some(Self {
            epoch,
            version,
            underscore,
            local,
        })
    }

    fn components(&self) -> impl Iterator<Item = Atoms<'a>> {
        let last = split(self.version).count();
        let underscore = self.underscore;
        split(self.version)
            .enumerate()
            .map(move |(index, text)| Atoms::of(text, underscore && index + 1 == last))
    }

    fn local(&self) -> impl Iterator<Item = Atoms<'a>> {
        self.local
            .into_iter()
            .flat_map(split)
            .map(|text| Atoms::of(text, false))
    }
}

/// Orders two lists of components.
fn compare_components<'a, 'b>(
    mut a: impl Iterator<Item = Atoms<'a>>,
    mut b: impl Iterator<Item = Atoms<'b>>,
) -> Ordering {
    loop {
        let (mut one, mut two) = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (one, two) => (one.unwrap_or_default(), two.unwrap_or_default()),
        };
        loop {
            let (x, y) = match (one.next(), two.next()) {
                (None, None) => break,
                (x, y) => (x.unwrap_or(ZERO), y.unwrap_or(ZERO)),
            };
            let order = x.compare(&y);
            if order.is_ne() {
                return order;
            }
        }
    }
}

/// Is a part of a component.
#[derive(Clone, Copy)]
enum Atom<'a> {
    Dev,
    /// A word, and whether an underscore follows it.
    Word(&'a [u8], bool),
    Number(&'a [u8]),
    Post,
}

const ZERO: Atom<'static> = Atom::Number(b"0");

impl Atom<'_> {
    fn compare(&self, other: &Atom<'_>) -> Ordering {
        match (self, other) {
            (Self::Number(a), Atom::Number(b)) => compare_numbers(a, b),
            (Self::Word(a, end_a), Atom::Word(b, end_b)) => {
                let (a, b) = (a.iter(), b.iter());
                let a = a.map(u8::to_ascii_lowercase).chain(end_a.then_some(b'_'));
                a.cmp(b.map(u8::to_ascii_lowercase).chain(end_b.then_some(b'_')))
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            // `*` stands before `dev` in conda: it is spelled `DEV` there, among small letters.
            Self::Word(word, _) if word.first() == Some(&b'*') => 0,
            Self::Dev => 1,
            Self::Word(..) => 2,
            Self::Number(_) => 3,
            Self::Post => 4,
        }
    }
}

/// Cuts a component into runs of digits, stars, and anything else.
#[derive(Default)]
struct Atoms<'a> {
    rest: &'a [u8],
    /// Whether a 0 is to come first.
    zero: bool,
    /// Whether an underscore ends the component.
    underscore: bool,
}

impl<'a> Atoms<'a> {
    fn of(text: &'a [u8], underscore: bool) -> Self {
        Self {
            rest: text,
            zero: !text.first().is_some_and(u8::is_ascii_digit),
            underscore,
        }
    }
}

impl<'a> Iterator for Atoms<'a> {
    type Item = Atom<'a>;

    fn next(&mut self) -> Option<Atom<'a>> {
        if std::mem::take(&mut self.zero) {
            return Some(ZERO);
        }
        let Some(first) = self.rest.first() else {
            return std::mem::take(&mut self.underscore).then_some(Atom::Word(b"", true));
        };
        if first.is_ascii_digit() {
            let number;
            (number, self.rest) = split_digits(self.rest);
            return Some(Atom::Number(number));
        }
        let star = *first == b'*';
        let end = self
            .rest
            .iter()
            .position(|byte| byte.is_ascii_digit() || (*byte == b'*') != star)
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        self.rest = rest;
        let ends = rest.is_empty() && !star && std::mem::take(&mut self.underscore);
        Some(if ends {
            Atom::Word(word, true)
        } else if word.eq_ignore_ascii_case(b"dev") {
            Atom::Dev
        } else if word.eq_ignore_ascii_case(b"post") {
            Atom::Post
        } else {
            Atom::Word(word, false)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/conda.txt"), compare);
    }
}
