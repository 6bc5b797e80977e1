//! The order of Alpine package versions, as apk-tools decides it.
//!
//! Owns the grammar `number{.number}[letter]{_suffix[number]}[~hash][-rnumber]` (apk-package(5))
//! and its order. Both follow apk-tools 3. Versions 2 differ in two corners that no Alpine release
//! depends on: they count the zeros of a number that starts with several (`1.00` was older than
//! `1.0`), and they take a number after the letter (`1.0b2`). Read [`compare`] first.

use std::cmp::Ordering;

use super::{compare_numbers, split_digits};

/// Orders two versions as `apk version -t` does.
///
/// Part by part; the first difference decides. Numbers compare by value, except that after the
/// first one a number with a leading zero compares as text (`1.01 < 1.1`); letters and hashes as
/// text; suffixes by their place in alpha, beta, pre, rc, cvs, svn, git, hg, p. Where the parts are
/// of different kinds, one of the first four suffixes comes before everything, then damage, the
/// end, a revision, a hash, a suffix's number, the other suffixes, a letter, a further number.
///
/// Damaged versions are ordered by what precedes the damage, and are equal beyond it, as in
/// apk-tools. Unlike there, numbers are not cut to 64 bits. A total preorder: fit for sorting.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (Tokens::of(a), Tokens::of(b));
    loop {
        let (token_a, token_b) = (a.next(), b.next());
        let order = token_a.compare(&token_b);
        if order != Ordering::Equal || matches!(token_a, Token::Damage | Token::End) {
            return order;
        }
    }
}

/// Says whether a version follows the grammar, as `apk version -c` does.
pub fn is_valid(version: &str) -> bool {
    let mut tokens = Tokens::of(version);
    loop {
        match tokens.next() {
            Token::End => return true,
            Token::Damage => return false,
            _ => {}
        }
    }
}

/// Lists the suffixes in their order.
const SUFFIXES: [&[u8]; 9] = [
    b"alpha", b"beta", b"pre", b"rc", b"cvs", b"svn", b"git", b"hg", b"p",
];

/// Counts the suffixes that mark what comes before a release.
const BEFORE_RELEASE: usize = 4;

/// Is one part of a version.
#[derive(Clone, Copy)]
enum Token<'a> {
    FirstNumber(&'a [u8]),
    Number(&'a [u8]),
    Letter(u8),
    /// Holds the place in [`SUFFIXES`].
    Suffix(usize),
    SuffixNumber(&'a [u8]),
    Hash(&'a [u8]),
    Revision(&'a [u8]),
    End,
    Damage,
}

impl Token<'_> {
    /// Returns the order among kinds, least first.
    fn rank(&self) -> u8 {
        match self {
            Self::Suffix(place) if *place < BEFORE_RELEASE => 0,
            Self::Damage => 1,
            Self::End => 2,
            Self::Revision(_) => 3,
            Self::Hash(_) => 4,
            Self::SuffixNumber(_) => 5,
            Self::Suffix(_) => 6,
            Self::Letter(_) => 7,
            Self::Number(_) => 8,
            Self::FirstNumber(_) => 9,
        }
    }

    fn compare(&self, other: &Token<'_>) -> Ordering {
        match (self, other) {
            (Self::Number(a), Token::Number(b)) if a.starts_with(b"0") || b.starts_with(b"0") => {
                a.cmp(b)
            }
            (Self::FirstNumber(a), Token::FirstNumber(b))
            | (Self::Number(a), Token::Number(b))
            | (Self::SuffixNumber(a), Token::SuffixNumber(b))
            | (Self::Revision(a), Token::Revision(b)) => compare_numbers(a, b),
            (Self::Hash(a), Token::Hash(b)) => a.cmp(b),
            (Self::Letter(a), Token::Letter(b)) => a.cmp(b),
            (Self::Suffix(a), Token::Suffix(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// Is how far the grammar has been followed; each part may only be followed by later ones, except
/// that numbers and suffixes repeat.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Start,
    Number,
    Letter,
    Suffix,
    SuffixNumber,
    Hash,
    Revision,
}

/// Cuts a version into tokens. After [`Token::End`] or [`Token::Damage`] it must not be asked again.
struct Tokens<'a> {
    rest: &'a [u8],
    stage: Stage,
}

impl<'a> Tokens<'a> {
    fn of(version: &'a str) -> Self {
        Self {
            rest: version.as_bytes(),
            stage: Stage::Start,
        }
    }

    fn next(&mut self) -> Token<'a> {
        let stage = self.stage;
        if stage == Stage::Start {
            return self.number(Stage::Number, Token::FirstNumber);
        }
        let Some((first, after)) = self.rest.split_first() else {
            return Token::End;
        };
        match first {
            b'a'..=b'z' if stage == Stage::Number => {
                self.rest = after;
                self.stage = Stage::Letter;
                Token::Letter(*first)
            }
            b'.' if stage == Stage::Number => {
                self.rest = after;
                self.number(Stage::Number, Token::Number)
            }
            b'0'..=b'9' if stage == Stage::Suffix => {
                self.number(Stage::SuffixNumber, Token::SuffixNumber)
            }
            b'_' if stage <= Stage::SuffixNumber => {
                let (name, rest) = split_where(after, u8::is_ascii_lowercase);
                let Some(place) = SUFFIXES.iter().position(|suffix| *suffix == name) else {
                    return Token::Damage;
                };
                self.rest = rest;
                self.stage = Stage::Suffix;
                Token::Suffix(place)
            }
            b'~' if stage < Stage::Hash => {
                let (hash, rest) =
                    split_where(after, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                if hash.is_empty() {
                    return Token::Damage;
                }
                self.rest = rest;
                self.stage = Stage::Hash;
                Token::Hash(hash)
            }
            b'-' if stage < Stage::Revision && after.starts_with(b"r") => {
                self.rest = after.get(1..).unwrap_or_default();
                self.number(Stage::Revision, Token::Revision)
            }
            _ => Token::Damage,
        }
    }

    fn number(&mut self, stage: Stage, token: fn(&'a [u8]) -> Token<'a>) -> Token<'a> {
        let (digits, rest) = split_digits(self.rest);
        if digits.is_empty() {
            return Token::Damage;
        }
        self.rest = rest;
        self.stage = stage;
        token(digits)
    }
}

fn split_where(rest: &[u8], wanted: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    let end = rest
        .iter()
        .position(|byte| !wanted(byte))
        .unwrap_or(rest.len());
    rest.split_at_checked(end).unwrap_or((rest, &[]))
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/apk.txt"), compare);
    }

    #[test]
    fn valid_is_what_apk_takes() {
        table::check_grammar(
            include_str!("../../testdata/versions/apk-grammar.txt"),
            is_valid,
        );
    }
}
