//! The order of Perl distributions' versions, as `version.pm` decides it.
//!
//! Owns the two forms (`version::Internals`): decimal (`1.002003`), whose fraction is cut into groups
//! of three digits, and dotted (`v1.2.3`, `1.2.3`). `1.002003` equals `v1.2.3`, and `1.2` is
//! `v1.200`. Underscores only mark trial releases and do not count. Nothing is allocated, except to
//! leave those out. Read [`compare`] first.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{compare_numbers, digits_only, split_digits, valid_last};

/// Orders two versions as `version->parse(…) <=> version->parse(…)` does; what is missing is 0.
/// What is no version comes first.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (text_a, text_b) = (without_marks(a), without_marks(b));
    let numbers = |marked: &str, text| is_valid(marked).then(|| Numbers::of(text));
    let parsed = (numbers(a, &text_a), numbers(b, &text_b));
    valid_last((a, b), parsed, |a, b| {
        let (mut a, mut b) = (a.clone(), b.clone());
        loop {
            let (one, two) = match (a.next(), b.next()) {
                (None, None) => return Ordering::Equal,
                (one, two) => (one.unwrap_or(NOTHING), two.unwrap_or(NOTHING)),
            };
            let order = compare_numbers(one.digits(), two.digits());
            if order.is_ne() {
                return order;
            }
        }
    })
}

/// Says whether a version has one of the two forms.
///
/// Decimal: digits, a fraction, either of them missing but not both. Dotted: `v` and numbers, or at
/// least three numbers. One underscore between digits after
/// the last dot, as trial releases have it.
pub fn is_valid(version: &str) -> bool {
    let version = version.trim_ascii();
    let (main, trial) = match version.split_once('_') {
        Some((main, trial)) => (main, Some(trial.as_bytes())),
        None => (version, None),
    };
    if let Some(trial) = trial
        && (trial.is_empty()
            || !digits_only(trial)
            || !main.contains('.')
            || !main.as_bytes().last().is_some_and(u8::is_ascii_digit))
    {
        return false;
    }
    let (main, dotted) = match main.strip_prefix('v') {
        Some(main) => (main, true),
        None => (main, false),
    };
    let parts = || main.split('.').map(str::as_bytes);
    let count = parts().count();
    let whole = parts().all(|part| !part.is_empty() && digits_only(part));
    if dotted || count > 2 {
        return whole
            || (!dotted && count > 2 && main.starts_with('.') && {
                let mut rest = parts().skip(1);
                rest.all(|part| !part.is_empty() && digits_only(part))
            });
    }
    parts().all(digits_only) && main.bytes().any(|byte| byte.is_ascii_digit())
}

/// Returns a version without surrounding white space and underscores.
fn without_marks(version: &str) -> Cow<'_, str> {
    let version = version.trim_ascii();
    if version.contains('_') {
        Cow::Owned(version.replace('_', ""))
    } else {
        Cow::Borrowed(version)
    }
}

/// Is a number of a version: as written, or three digits of a fraction.
enum Number<'a> {
    Written(&'a [u8]),
    Group([u8; 3]),
}

const NOTHING: Number<'static> = Number::Written(b"");

impl Number<'_> {
    fn digits(&self) -> &[u8] {
        match self {
            Self::Written(digits) => digits,
            Self::Group(digits) => digits,
        }
    }
}

/// Gives the numbers of a version.
#[derive(Clone)]
struct Numbers<'a> {
    rest: &'a [u8],
    dotted: bool,
    start: bool,
}

impl<'a> Numbers<'a> {
    fn of(version: &'a str) -> Self {
        let (rest, named) = match version.strip_prefix('v') {
            Some(rest) => (rest, true),
            None => (version, false),
        };
        Self {
            rest: rest.as_bytes(),
            dotted: named || rest.bytes().filter(|byte| *byte == b'.').count() > 1,
            start: true,
        }
    }
}

impl<'a> Iterator for Numbers<'a> {
    type Item = Number<'a>;

    fn next(&mut self) -> Option<Number<'a>> {
        let start = std::mem::take(&mut self.start);
        if start || self.dotted {
            if !start {
                self.rest = self.rest.strip_prefix(b".")?;
            }
            let number;
            (number, self.rest) = split_digits(self.rest);
            if start && !self.dotted {
                self.rest = self.rest.strip_prefix(b".").unwrap_or_default();
            }
            return Some(Number::Written(number));
        }
        if self.rest.is_empty() {
            return None;
        }
        let mut group = *b"000";
        let (digits, rest) = self.rest.split_at_checked(3).unwrap_or((self.rest, &[]));
        for (place, digit) in group.iter_mut().zip(digits) {
            *place = *digit;
        }
        self.rest = rest;
        Some(Number::Group(group))
    }
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/cpan.txt"), compare);
    }
}
