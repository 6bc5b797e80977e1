//! The order of Composer's versions: `composer/semver`'s normal form under PHP's `version_compare`.
//!
//! Owns the normalisation (composer/semver, `VersionParser::normalize`): up to four numbers, or a
//! date; a stability (`alpha`, `beta`, `RC`, `patch`) with its numbers; `dev`; branches (`dev-main`,
//! `1.x-dev`). Nothing is allocated. Read [`compare`] first.

use std::cmp::Ordering;

use super::php::{Component, compare_components};
use super::{split_digits, valid_last};

/// Orders two versions as `Comparator` does two normalised ones.
///
/// A branch without a number (`dev-main`) comes before every version with one, among its own kind by
/// name, where Composer knows no order. What Composer refuses comes first of all.
pub fn compare(a: &str, b: &str) -> Ordering {
    valid_last((a, b), (Version::of(a), Version::of(b)), |a, b| {
        match (a, b) {
            (Version::Branch(a), Version::Branch(b)) => a.cmp(b),
            (Version::Branch(_), Version::Release(_)) => Ordering::Less,
            (Version::Release(_), Version::Branch(_)) => Ordering::Greater,
            (Version::Release(a), Version::Release(b)) => {
                compare_components(a.components(), b.components())
            }
        }
    })
}

/// Says whether Composer takes a version.
pub fn is_valid(version: &str) -> bool {
    Version::of(version).is_some()
}

/// Is a normalised version.
enum Version<'a> {
    /// A branch that is no number, by its name.
    Branch(&'a str),
    /// A version with numbers.
    Release(Release<'a>),
}

/// Holds the parts of a version with numbers.
struct Release<'a> {
    /// Numbers joined by separators.
    numbers: &'a [u8],
    /// What each number that is missing from four stands for; nothing for dates.
    padding: Option<&'a [u8]>,
    stability: Option<(Component<'a>, &'a [u8])>,
    dev: bool,
}

/// What stands for `x` in a branch.
const MANY: &[u8] = b"9999999";

impl<'a> Version<'a> {
    fn of(version: &'a str) -> Option<Self> {
        let mut text = trim(version);
        if let Some((first, second)) = text.split_once(' ')
            && let Some(alias) = second.trim_start_matches(' ').strip_prefix("as ")
            && !first.contains([',', '\t'])
            && !alias.trim_start_matches(' ').is_empty()
            && !alias.trim_start_matches(' ').contains([',', ' ', '\t'])
        {
            text = first;
        }
        if let Some((before, flag)) = text.rsplit_once('@')
            && ["stable", "rc", "beta", "alpha", "dev"]
                .iter()
                .any(|known| flag.eq_ignore_ascii_case(known))
        {
            text = before;
        }
        if matches!(text, "master" | "trunk" | "default") {
            return Some(Self::Branch(text));
        }
        if text
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("dev-"))
        {
            return Some(Self::Branch(text.get(4..).unwrap_or_default()));
        }
        if let Some((before, metadata)) = text.split_once('+')
            && !before.is_empty()
            && !metadata.is_empty()
            && !before.contains([',', ' ', '\t'])
            && !metadata.contains(char::is_whitespace)
        {
            text = before;
        }
        let bytes = text.as_bytes();
        let bytes = match bytes.split_first() {
            Some((b'v' | b'V', rest)) => rest,
            _ => bytes,
        };
        classical(bytes)
            .or_else(|| date(bytes))
            .or_else(|| branch(bytes))
            .map(Self::Release)
    }
}

impl<'a> Release<'a> {
    fn components(&self) -> impl Iterator<Item = Component<'a>> {
        let padding = self.padding;
        let numbers = self
            .numbers
            .split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'*');
        let numbers = numbers.map(|number| match number {
            b"x" | b"X" | b"*" => MANY,
            number => number,
        });
        // Padding has no end, but only what makes up four is taken; dates have none.
        let padded = numbers.chain(padding.into_iter().cycle());
        let padded = padded
            .enumerate()
            .take_while(move |(index, _)| padding.is_none() || *index < 4)
            .map(|(_, number)| Component::Number(number));
        let stability = self.stability.into_iter().flat_map(|(word, numbers)| {
            let numbers = numbers
                .split(|byte| !byte.is_ascii_digit())
                .filter(|number| !number.is_empty())
                .map(Component::Number);
            std::iter::once(word).chain(numbers)
        });
        let dev = self.dev.then(|| Component::Word(super::php::place(b"dev")));
        padded.chain(stability).chain(dev)
    }
}

/// Reads one to four numbers, the first of at most five digits, and what may follow.
fn classical(text: &[u8]) -> Option<Release<'_>> {
    let (first, mut rest) = split_digits(text);
    if first.is_empty() || first.len() > 5 {
        return None;
    }
    for _ in 1..4 {
        let Some(after) = rest.strip_prefix(b".") else {
            break;
        };
        let (number, after) = split_digits(after);
        if number.is_empty() {
            break;
        }
        rest = after;
    }
    let numbers = text.get(..text.len() - rest.len())?;
    let (stability, dev) = modifiers(rest)?;
    Some(Release {
        numbers,
        padding: Some(b"0"),
        stability,
        dev,
    })
}

/// Reads a date and perhaps a time: four digits, up to six pairs, up to three more.
fn date(text: &[u8]) -> Option<Release<'_>> {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit() && !b".:-".contains(byte))
        .unwrap_or(text.len());
    let digits = text.get(..end)?.iter().rposition(u8::is_ascii_digit)? + 1;
    let (numbers, rest) = text.split_at_checked(digits)?;
    if numbers.len() > 26 {
        return None;
    }
    let mut pairs = 0;
    let mut groups = numbers.split(|byte| !byte.is_ascii_digit()).peekable();
    let mut first = true;
    while let Some(group) = groups.next() {
        let taken = if std::mem::take(&mut first) { 4 } else { 0 };
        let left = group.len().checked_sub(taken)?;
        if group.is_empty() {
            return None;
        }
        if groups.peek().is_some() {
            if left % 2 != 0 {
                return None;
            }
            pairs += left / 2;
            continue;
        }
        let fits = (0..=3_usize).any(|tail| {
            left.checked_sub(tail)
                .is_some_and(|left| left % 2 == 0 && (1..=6).contains(&(pairs + left / 2)))
        });
        if !fits {
            return None;
        }
    }
    let (stability, dev) = modifiers(rest)?;
    Some(Release {
        numbers,
        padding: None,
        stability,
        dev,
    })
}

/// Reads a numeric branch: `1.x-dev`.
fn branch(text: &[u8]) -> Option<Release<'_>> {
    let stem = text.len().checked_sub(3)?;
    let (stem, dev) = text.split_at_checked(stem)?;
    if !dev.eq_ignore_ascii_case(b"dev") {
        return None;
    }
    let stem = match stem.split_last() {
        Some((b'.' | b'-', stem)) => stem,
        _ => stem,
    };
    let mut numbers = stem.split(|byte| *byte == b'.');
    let number = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let wild = |text: &[u8]| number(text) || matches!(text, b"x" | b"X" | b"*");
    let valid = numbers.next().is_some_and(number) && numbers.clone().count() < 4;
    (valid && numbers.all(wild)).then_some(Release {
        numbers: stem,
        padding: Some(MANY),
        stability: None,
        dev: true,
    })
}

/// Is a stability with its numbers, and whether `dev` follows.
type Modifiers<'a> = (Option<(Component<'a>, &'a [u8])>, bool);

/// Reads what may follow the numbers, to the end.
fn modifiers(text: &[u8]) -> Option<Modifiers<'_>> {
    const WORDS: [&str; 9] = [
        "stable", "beta", "b", "rc", "alpha", "a", "patch", "pl", "p",
    ];
    let separated = match text.split_first() {
        Some((b'.' | b'_' | b'-', rest)) => rest,
        _ => text,
    };
    for word in WORDS {
        let Some((head, mut rest)) = separated.split_at_checked(word.len()) else {
            continue;
        };
        if !head.eq_ignore_ascii_case(word.as_bytes()) {
            continue;
        }
        let numbers = rest;
        loop {
            let after = match rest.split_first() {
                Some((b'.' | b'-', after)) => after,
                _ => rest,
            };
            let (number, after) = split_digits(after);
            if number.is_empty() {
                break;
            }
            rest = after;
        }
        let numbers = numbers.get(..numbers.len() - rest.len())?;
        let Some(dev) = dev(rest) else { continue };
        if word == "stable" {
            // Composer passes over numbers and `dev` here, but only in lower case.
            if head == b"stable" {
                return Some((None, false));
            }
            return Some((Some((Component::Word(0), numbers)), dev));
        }
        let place = match word {
            "rc" => super::php::place(b"RC"),
            word => super::php::place(word.as_bytes()),
        };
        return Some((Some((Component::Word(place), numbers)), dev));
    }
    // The separator before a stability and the one before `dev` are both optional.
    dev(text).or_else(|| dev(separated)).map(|dev| (None, dev))
}

/// Reads `dev` or nothing, to the end.
fn dev(text: &[u8]) -> Option<bool> {
    let word = match text.split_first() {
        None => return Some(false),
        Some((b'.' | b'-', rest)) => rest,
        _ => text,
    };
    word.eq_ignore_ascii_case(b"dev").then_some(true)
}

fn trim(version: &str) -> &str {
    version.trim_matches([' ', '\t', '\n', '\r', '\0', '\x0b'])
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(
            include_str!("../../testdata/versions/composer.txt"),
            compare,
        );
    }
}
