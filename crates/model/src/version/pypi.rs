//! The order of Python package versions, as PEP 440 and the `packaging` library decide it.
//!
//! Owns the grammar `[N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local]` with every spelling that is
//! normalised away (version specifiers specification, "Parsing version strings with regular
//! expressions"). Versions from before it are ordered as `packaging`'s `LegacyVersion` did, all of
//! them below the others. Only that allocates. Read [`compare`] first.

use std::cmp::Ordering;

use super::{compare_ignoring_case, compare_numbers, digits_only, split_digits, valid_last_or};

/// Orders two versions.
///
/// Epoch, release (zeros at its end do not count), then `dev` of the release, prereleases, the
/// release, post-releases; each before its own local versions.
pub fn compare(a: &str, b: &str) -> Ordering {
    let versions = (Version::of(a), Version::of(b));
    valid_last_or((a, b), versions, Version::compare, compare_legacy)
}

/// Says whether a version follows PEP 440, as `packaging.version.Version` takes it.
pub fn is_valid(version: &str) -> bool {
    Version::of(version).is_some()
}

/// Holds the parts of a version.
struct Version<'a> {
    epoch: &'a [u8],
    /// Without the zeros at the end.
    release: &'a [u8],
    pre: Option<(Phase, &'a [u8])>,
    post: Option<&'a [u8]>,
    dev: Option<&'a [u8]>,
    local: Option<&'a [u8]>,
}

/// Is the phase of a prerelease.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Alpha,
    Beta,
    Candidate,
}

/// Lists the spellings of phases; a spelling that starts another comes after it.
const PHASES: [(&[u8], Phase); 8] = [
    (b"alpha", Phase::Alpha),
    (b"a", Phase::Alpha),
    (b"beta", Phase::Beta),
    (b"b", Phase::Beta),
    (b"preview", Phase::Candidate),
    (b"pre", Phase::Candidate),
    (b"rc", Phase::Candidate),
    (b"c", Phase::Candidate),
];

/// Lists the spellings of post-releases.
const POSTS: [&[u8]; 3] = [b"post", b"rev", b"r"];

impl<'a> Version<'a> {
    fn of(version: &'a str) -> Option<Self> {
        let text = version.trim().as_bytes();
        let text = match text.split_first() {
            Some((b'v' | b'V', rest)) => rest,
            _ => text,
        };
        let (mut number, mut rest) = split_digits(text);
        let mut epoch: &[u8] = &[];
        if let Some(after) = rest.strip_prefix(b"!") {
            epoch = number;
            if epoch.is_empty() {
                return None;
            }
            (number, rest) = split_digits(after);
        }
        if number.is_empty() {
            return None;
        }
        let start = text.len() - rest.len() - number.len();
        while let Some(after) = rest.strip_prefix(b".") {
            let (number, after) = split_digits(after);
            if number.is_empty() {
                break;
            }
            rest = after;
        }
        let release = without_zeros(text.get(start..text.len() - rest.len())?);

        let mut parts = Self {
            epoch,
            release,
            pre: None,
            post: None,
            dev: None,
            local: None,
        };
        for (spelling, phase) in PHASES {
            if let Some((number, after)) = tagged(rest, spelling) {
                parts.pre = Some((phase, number));
                rest = after;
                break;
            }
        }
        if let Some(after) = rest.strip_prefix(b"-")
            && after.first().is_some_and(u8::is_ascii_digit)
        {
            let (number, after) = split_digits(after);
            parts.post = Some(number);
            rest = after;
        } else {
            for spelling in POSTS {
                if let Some((number, after)) = tagged(rest, spelling) {
                    parts.post = Some(number);
                    rest = after;
                    break;
                }
            }
        }
        if let Some((number, after)) = tagged(rest, b"dev") {
            parts.dev = Some(number);
            rest = after;
        }
        if let Some(local) = rest.strip_prefix(b"+") {
            let valid = segments(local)
                .all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_alphanumeric));
            parts.local = Some(local);
            rest = if valid { &[] } else { rest };
        }
        rest.is_empty().then_some(parts)
    }

    fn compare(&self, other: &Self) -> Ordering {
        compare_numbers(self.epoch, other.epoch)
            .then_with(|| compare_release(self.release, other.release))
            .then_with(|| self.phase().cmp(&other.phase()))
            .then_with(|| match (self.pre, other.pre) {
                (Some((_, a)), Some((_, b))) => compare_numbers(a, b),
                _ => Ordering::Equal,
            })
            .then_with(|| match (self.post, other.post) {
                (Some(a), Some(b)) => compare_numbers(a, b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            })
            .then_with(|| match (self.dev, other.dev) {
                (Some(a), Some(b)) => compare_numbers(a, b),
                (a, b) => a.is_none().cmp(&b.is_none()),
            })
            .then_with(|| match (self.local, other.local) {
                (Some(a), Some(b)) => compare_local(a, b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            })
    }

    /// Returns the place before or at the release: `dev` alone, the phases, the release.
    fn phase(&self) -> (u8, Option<Phase>) {
        match self.pre {
            Some((phase, _)) => (1, Some(phase)),
            None if self.post.is_none() && self.dev.is_some() => (0, None),
            None => (2, None),
        }
    }
}

/// Cuts the zeros off the end of a release.
fn without_zeros(mut release: &[u8]) -> &[u8] {
    while let Some(dot) = release.iter().rposition(|byte| *byte == b'.') {
        let zero = release
            .get(dot + 1..)
            .is_some_and(|number| number.iter().all(|digit| *digit == b'0'));
        if !zero {
            break;
        }
        release = release.get(..dot).unwrap_or_default();
    }
    if release.iter().all(|digit| *digit == b'0') {
        return &[];
    }
    release
}

/// Splits off a separator, a word in any case, a separator and a number; only the word must be.
fn tagged<'a>(text: &'a [u8], word: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let text = without_separator(text);
    let head = text.get(..word.len())?;
    if !head.eq_ignore_ascii_case(word) {
        return None;
    }
    Some(split_digits(without_separator(text.get(word.len()..)?)))
}

fn without_separator(text: &[u8]) -> &[u8] {
    match text.split_first() {
        Some((b'-' | b'_' | b'.', rest)) => rest,
        _ => text,
    }
}

fn segments(local: &[u8]) -> impl Iterator<Item = &[u8]> {
    local.split(|byte| matches!(byte, b'-' | b'_' | b'.'))
}

fn compare_release(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a.split(|byte| *byte == b'.'), b.split(|byte| *byte == b'.'));
    loop {
        let order = match (a.next(), b.next()) {
            (Some(a), Some(b)) => compare_numbers(a, b),
            (None, None) => return Ordering::Equal,
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Orders two local versions: texts before numbers, the shorter first.
fn compare_local(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (segments(a), segments(b));
    loop {
        let order = match (a.next(), b.next()) {
            (Some(a), Some(b)) => match (digits_only(a), digits_only(b)) {
                (true, true) => compare_numbers(a, b),
                (false, false) => compare_ignoring_case(a, b),
                (a, b) => a.cmp(&b),
            },
            (None, None) => return Ordering::Equal,
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Is a part of a version from before PEP 440. Numbers come before words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Legacy<'a> {
    Number(&'a [u8]),
    Word(&'a [u8]),
}

const FINAL: Legacy<'static> = Legacy::Word(b"final");
const DASH: Legacy<'static> = Legacy::Word(b"final-");

/// Orders two versions from before PEP 440, as `LegacyVersion` did.
fn compare_legacy(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    let (a, b) = (legacy(a.as_bytes()), legacy(b.as_bytes()));
    let pairs = a.iter().zip(&b);
    pairs
        .map(|(a, b)| a.compare(b))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| a.len().cmp(&b.len()))
}

impl Legacy<'_> {
    fn compare(&self, other: &Legacy<'_>) -> Ordering {
        match (self, other) {
            (Self::Word(a), Legacy::Word(b)) => a.cmp(b),
            (Self::Word(_), Legacy::Number(_)) => Ordering::Less,
            (Self::Number(_), Legacy::Word(_)) => Ordering::Greater,
            // Numbers were texts, with zeros before them up to eight digits.
            (Self::Number(a), Legacy::Number(b)) => {
                let padded = |number: &[u8]| 8_usize.saturating_sub(number.len());
                let zeros = |number: &[u8]| std::iter::repeat_n(b'0', padded(number));
                zeros(a)
                    .chain(a.iter().copied())
                    .cmp(zeros(b).chain(b.iter().copied()))
            }
        }
    }
}

fn legacy(version: &[u8]) -> Vec<Legacy<'_>> {
    let mut parts = Vec::new();
    let mut rest = version;
    while let Some(first) = rest.first() {
        let kind = |byte: &u8| match byte {
            b'0'..=b'9' => 0,
            b'a'..=b'z' => 1,
            b'.' => 2,
            b'-' => 3,
            _ => 4,
        };
        let wanted = kind(first);
        let end = match wanted {
            2 | 3 => 1,
            _ => rest
                .iter()
                .position(|byte| kind(byte) != wanted)
                .unwrap_or(rest.len()),
        };
        let (part, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        rest = after;
        let part = match part {
            b"." => continue,
            b"-" => DASH,
            b"pre" | b"preview" | b"rc" => Legacy::Word(b"c"),
            b"dev" => Legacy::Word(b"@"),
            part if wanted == 0 => Legacy::Number(part),
            part => Legacy::Word(part),
        };
        push_legacy(&mut parts, part);
    }
    push_legacy(&mut parts, FINAL);
    parts
}

fn push_legacy<'a>(parts: &mut Vec<Legacy<'a>>, part: Legacy<'a>) {
    if let Legacy::Word(word) = part {
        if word < b"final".as_slice() {
            while parts.last() == Some(&DASH) {
                parts.pop();
            }
        }
        // A zero counts here only as `0` to `00000000`, as the padded text is compared.
        while matches!(parts.last(), Some(Legacy::Number(number))
            if number.len() <= 8 && number.iter().all(|digit| *digit == b'0'))
        {
            parts.pop();
        }
    }
    parts.push(part);
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/pypi.txt"), compare);
    }

    #[test]
    fn the_grammar_holds() {
        let text = include_str!("../../testdata/versions/pypi-grammar.txt");
        table::check_grammar(text, is_valid);
    }
}
