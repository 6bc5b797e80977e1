//! The order of rpm versions, as librpm decides it.
//!
//! Owns the parsing of `[epoch:]version[-release]` and the segment order of rpmvercmp with `~` and
//! `^` (rpm-version(7)). Nothing is allocated and no number is converted. Read [`compare`] first;
//! take [`compare_labels`] for sorting.

use std::cmp::Ordering;

use super::{compare_numbers, digits_only, split_digits, split_letters};

/// The largest epoch that fits rpm's 32-bit tag.
const LARGEST_EPOCH: &[u8] = b"4294967295";

/// Orders two `[epoch:]version[-release]` as rpm matches a dependency against a package.
///
/// A missing epoch is 0. Releases are compared only when both sides have one: an advisory that says
/// `1.2` means every build of 1.2, so `1.2` (and `1.2-`) equals `1.2-1` and `1.2-7`. Because of that this is no
/// order to sort by when some versions lack a release (`1.2-1 = 1.2 = 1.2-7`, yet `1.2-1 < 1.2-7`);
/// [`compare_labels`] is. Among versions that all have a release, or all have none, both agree with
/// each other and with librpm.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (Label::of(a), Label::of(b));
    compare_numbers(a.epoch, b.epoch).then_with(|| a.compare_build(&b))
}

/// Orders two `[epoch:]version[-release]` without looking at their epochs.
///
/// For feeds that leave epochs out: there, a missing epoch is unknown and not 0.
pub fn compare_ignoring_epoch(a: &str, b: &str) -> Ordering {
    Label::of(a).compare_build(&Label::of(b))
}

/// Orders two `[epoch:]version[-release]` as librpm's `labelCompare` does: without a release comes
/// before any release.
///
/// A total preorder: fit for sorting.
pub fn compare_labels(a: &str, b: &str) -> Ordering {
    let (a, b) = (Label::of(a), Label::of(b));
    compare_numbers(a.epoch, b.epoch)
        .then_with(|| compare_segments(a.version, b.version))
        .then_with(|| match (a.release, b.release) {
            (Some(a), Some(b)) => compare_segments(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        })
}

/// Says whether a version follows the grammar.
///
/// Version and release hold `A-Za-z0-9._+~^` and are not empty; the only hyphen is between them;
/// the epoch is a number of 32 bits (rpm-version(7); rpmbuild refuses the rest).
pub fn is_valid(version: &str) -> bool {
    fn valid_part(part: &[u8]) -> bool {
        !part.is_empty()
            && part
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._+~^".contains(byte))
    }
    let rest = match version.split_once(':') {
        Some((epoch, rest)) => {
            let epoch = epoch.as_bytes();
            if epoch.is_empty()
                || !digits_only(epoch)
                || compare_numbers(epoch, LARGEST_EPOCH) == Ordering::Greater
            {
                return false;
            }
            rest
        }
        None => version,
    };
    match rest.split_once('-') {
        Some((version, release)) => {
            valid_part(version.as_bytes()) && valid_part(release.as_bytes())
        }
        None => valid_part(rest.as_bytes()),
    }
}

/// Holds the three parts of a version.
struct Label<'a> {
    epoch: &'a [u8],
    version: &'a [u8],
    release: Option<&'a [u8]>,
}

impl<'a> Label<'a> {
    /// Splits as librpm does: digits up to a first colon are the epoch (none at all is 0), the last
    /// hyphen starts the release.
    fn of(text: &'a str) -> Self {
        let (epoch, rest) = match text.split_once(':') {
            Some((epoch, rest)) if digits_only(epoch.as_bytes()) => (epoch, rest),
            _ => ("", text),
        };
        let (version, release) = match rest.rsplit_once('-') {
            Some((version, release)) => (version, Some(release.as_bytes())),
            None => (rest, None),
        };
        Self {
            epoch: epoch.as_bytes(),
            version: version.as_bytes(),
            release,
        }
    }

    /// Compares all but the epoch; an empty release counts as missing, as in librpm's dependencies.
    fn compare_build(&self, other: &Self) -> Ordering {
        compare_segments(self.version, other.version).then_with(|| {
            match (self.release, other.release) {
                (Some(a), Some(b)) if !a.is_empty() && !b.is_empty() => compare_segments(a, b),
                _ => Ordering::Equal,
            }
        })
    }
}

/// Orders two versions or two releases segment by segment (rpmvercmp).
///
/// Separators only separate. At each place: `~` before the end, the end before `^`, that before
/// letters, letters before numbers.
fn compare_segments(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        a = skip_separators(a);
        b = skip_separators(b);
        let (rank_a, rank_b) = (Rank::of(a), Rank::of(b));
        if rank_a != rank_b {
            return rank_a.cmp(&rank_b);
        }
        let order;
        (order, a, b) = match rank_a {
            Rank::End => return Ordering::Equal,
            Rank::Tilde | Rank::Caret => (
                Ordering::Equal,
                a.get(1..).unwrap_or_default(),
                b.get(1..).unwrap_or_default(),
            ),
            Rank::Letters => {
                let (letters_a, rest_a) = split_letters(a);
                let (letters_b, rest_b) = split_letters(b);
                (letters_a.cmp(letters_b), rest_a, rest_b)
            }
            Rank::Number => {
                let (number_a, rest_a) = split_digits(a);
                let (number_b, rest_b) = split_digits(b);
                (compare_numbers(number_a, number_b), rest_a, rest_b)
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Is what stands at one place of a version, in its order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Tilde,
    End,
    Caret,
    Letters,
    Number,
}

impl Rank {
    /// Names what `rest` starts with; separators must have been skipped.
    fn of(rest: &[u8]) -> Self {
        match rest.first() {
            Some(b'~') => Self::Tilde,
            None => Self::End,
            Some(b'^') => Self::Caret,
            Some(byte) if byte.is_ascii_digit() => Self::Number,
            Some(_) => Self::Letters,
        }
    }
}

fn skip_separators(rest: &[u8]) -> &[u8] {
    let end = rest
        .iter()
        .position(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'~' | b'^'))
        .unwrap_or(rest.len());
    rest.get(end..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/rpm.txt"), compare);
    }

    #[test]
    fn valid_is_what_rpmbuild_takes() {
        table::check_grammar(
            include_str!("../../testdata/versions/rpm-grammar.txt"),
            is_valid,
        );
    }

    #[test]
    fn a_missing_release_means_any_to_advisories_and_the_least_to_sorting() {
        assert_eq!(compare("1.2-", "1.2-1"), Ordering::Equal);
        assert_eq!(compare("1.2", "1.2-1"), Ordering::Equal);
        assert_eq!(compare("1.2", "1.2-7.el9"), Ordering::Equal);
        assert_eq!(compare("1.2", "1:1.2-7.el9"), Ordering::Less);
        assert_eq!(compare_labels("1.2", "1.2-1"), Ordering::Less);
        assert_eq!(compare_labels("1.2-", "1.2"), Ordering::Greater);
        assert_eq!(compare_labels("1.2", "1.2"), Ordering::Equal);
        assert_eq!(compare_labels("0:1.2-1", "1.2-1"), Ordering::Equal);
    }

    #[test]
    fn epochs_can_be_left_out() {
        assert_eq!(compare("2:1.0-1", "1.0-1"), Ordering::Greater);
        assert_eq!(compare_ignoring_epoch("2:1.0-1", "1.0-1"), Ordering::Equal);
        assert_eq!(compare_ignoring_epoch("2:1.0-1", "1:1.0-2"), Ordering::Less);
        assert_eq!(compare_ignoring_epoch("2:1.0", "1.0-2"), Ordering::Equal);
    }

    #[test]
    fn numbers_of_any_length_are_compared() {
        let (nines, tens) = ("9".repeat(100), format!("1{}", "0".repeat(100)));
        assert_eq!(compare(&nines, &tens), Ordering::Less);
        assert_eq!(
            compare(&format!("{nines}:1"), &format!("{tens}:0")),
            Ordering::Less
        );
        assert_eq!(
            compare(&format!("1-{tens}"), &format!("1-{nines}")),
            Ordering::Greater
        );
    }
}
